//! Where a path in a person's tree leads to: into the own space, or into a shared one at its root.
//!
//! A shared space never has a name that an own entry has. Only the worker of the own space knows those, so it is asked under which names the
//! shared ones stand, each time that a path could be of one. Where it does not answer, nobody else does.

use std::borrow::Cow;

use axum::body::Body;
use croft_api::bulk::{Area, Method, MountLine, Open, limits::MAX_INLINE};
use croft_model::{Problem, SpaceId, folded, may_be_shown};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Capabilities, Workers, workers::broken_off};
use crate::household::{Mount, Tree};

/// What stays as it is in addresses: the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a path leads to.
pub(super) struct Place<'a> {
    pub(super) space: SpaceId,
    /// The shared space that it lies in.
    pub(super) mount: Option<&'a Mount>,
    /// The rest of the path, inside the space.
    pub(super) segments: Vec<String>,
}

impl<'a> Place<'a> {
    /// The place of a path in `tree`, whose spaces have the names under which they are shown.
    pub(super) fn of(tree: &'a Tree, mut segments: Vec<String>) -> Self {
        let mount = segments.first().and_then(|first| tree.mounts.iter().find(|mount| mount.name == *first));
        if mount.is_some() {
            segments.remove(0);
        }
        Place { space: mount.map_or(tree.own, |mount| mount.space), mount, segments }
    }
}

/// What stands before paths inside a mount, or inside the own space.
pub(super) fn in_mount(prefix: &str, mount: Option<&Mount>) -> String {
    mount.map_or_else(|| prefix.to_owned(), |mount| format!("{prefix}/{}", utf8_percent_encode(&mount.name, SEGMENT)))
}

/// The tree with the names under which its spaces are shown, as far as `paths` need them; `id` is the request's.
pub(super) async fn shown<'a>(
    workers: &Workers,
    capabilities: &impl Capabilities,
    tree: &'a Tree,
    id: &str,
    paths: impl Iterator<Item = &Vec<String>>,
) -> Result<Cow<'a, Tree>, Problem> {
    let could_be = |path: &Vec<String>| path.first().is_some_and(|first| tree.mounts.iter().any(|mount| may_be_shown(first, &mount.name)));
    if !paths.into_iter().any(could_be) {
        return Ok(Cow::Borrowed(tree));
    }
    named(workers, capabilities, tree, id).await.map(Cow::Owned)
}

/// The tree with the names under which its spaces are shown.
pub(super) async fn named(workers: &Workers, capabilities: &impl Capabilities, tree: &Tree, id: &str) -> Result<Tree, Problem> {
    if tree.mounts.is_empty() {
        return Ok(tree.clone());
    }
    let lines =
        tree.mounts.iter().map(|mount| MountLine { name: mount.name.clone(), space: mount.space.number(), right: mount.right, root: None });
    let open = Open {
        method: Method::Get,
        length: Some(0),
        request: id.to_owned(),
        capability: capabilities.capability_for(tree.own).await?,
        area: Area::Mounts,
        prefix: String::new(),
        segments: Vec::new(),
        destination: None,
        headers: Vec::new(),
        mounts: Some(lines.collect()),
    };
    let answer = workers.ask(tree.own, open, Body::empty()).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_INLINE).collect().await.map_err(|_| broken_off())?.to_bytes();
    if !status.is_success() {
        return Err(serde_json::from_slice(&body).unwrap_or_else(|_| broken_off()));
    }
    let names: Vec<String> = serde_json::from_slice(&body).map_err(|_| broken_off())?;
    if names.len() != tree.mounts.len() {
        return Err(broken_off());
    }
    let mounts = tree.mounts.iter().zip(names).map(|(mount, name)| Mount { name, ..mount.clone() });
    Ok(Tree { own: tree.own, mounts: mounts.collect(), disks: tree.disks.clone() })
}

/// Refuses to make an entry at the root whose name a shared space has there, or one that some computer takes for the same.
pub(super) fn judge_name(method: Method, path: Option<&Vec<String>>, leads: Option<&Vec<String>>, mounts: &[Mount]) -> Result<(), Problem> {
    let made = match method {
        Method::Put | Method::Mkcol | Method::Lock => path,
        Method::Copy | Method::Move => leads,
        _ => None,
    };
    let Some([name]) = made.map(Vec::as_slice) else { return Ok(()) };
    let name_folded = folded(name);
    let Some(mount) = mounts.iter().find(|mount| folded(&mount.name) == name_folded) else { return Ok(()) };
    let status = match method {
        // The space itself, which takes a lock as any folder.
        Method::Lock if mount.name == *name => return Ok(()),
        Method::Put | Method::Mkcol if mount.name == *name => 405,
        _ => 403,
    };
    Err(Problem::new(status, "name-of-a-space", format!("The shared space {} stands here under this name.", mount.name))
        .hint("Choose another name; upper and lower case alone make none."))
}

/// Refuses a way to `path` on which a folder could be made at the root that some computer takes for a shared space.
pub(super) fn judge_way(path: Option<&Vec<String>>, mounts: &[Mount]) -> Result<(), Problem> {
    let Some([first, _, ..]) = path.map(Vec::as_slice) else { return Ok(()) };
    if mounts.iter().any(|mount| mount.name == *first) {
        return Ok(());
    }
    judge_name(Method::Mkcol, Some(&vec![first.clone()]), None, mounts)
}

#[cfg(test)]
mod tests {
    use croft_model::Right;

    use super::*;

    #[test]
    fn nothing_is_made_under_the_name_of_a_space() {
        let mounts = [Mount { name: "B\u{fc}ro".into(), space: SpaceId::from_number(2), right: Right::Write }];
        let judged = |method: Method, path: &[&str], leads: Option<&[&str]>| {
            let vec = |path: &[&str]| path.iter().map(ToString::to_string).collect::<Vec<_>>();
            let (path, leads) = (vec(path), leads.map(vec));
            judge_name(method, Some(&path), leads.as_ref(), &mounts).err().map(|problem| problem.status)
        };
        for (method, exact) in [(Method::Put, Some(405)), (Method::Mkcol, Some(405)), (Method::Lock, None)] {
            assert_eq!(judged(method, &["B\u{fc}ro"], None), exact, "{method:?}");
            assert_eq!(judged(method, &["bu\u{308}RO"], None), Some(403), "{method:?}");
            assert_eq!(judged(method, &["B\u{fc}ro", "in it"], None), None, "{method:?}");
            assert_eq!(judged(method, &["B\u{fc}ros"], None), None, "{method:?}");
        }
        for method in [Method::Copy, Method::Move] {
            assert_eq!(judged(method, &["x"], Some(&["B\u{fc}ro"])), Some(403), "{method:?}");
            assert_eq!(judged(method, &["B\u{fc}ro", "x"], Some(&["b\u{fc}ro"])), Some(403), "{method:?}");
            assert_eq!(judged(method, &["x"], Some(&["B\u{fc}ro", "x"])), None, "{method:?}");
        }
        for (path, expected) in
            [(&["B\u{fc}ro", "x"][..], None), (&["b\u{fc}ro", "x"], Some(403)), (&["b\u{fc}ro"], None), (&["x", "b\u{fc}ro"], None)]
        {
            let path = path.iter().map(ToString::to_string).collect();
            assert_eq!(judge_way(Some(&path), &mounts).err().map(|problem| problem.status), expected, "{path:?}");
        }
        for method in [Method::Get, Method::Propfind, Method::Delete] {
            assert_eq!(judged(method, &["b\u{fc}ro"], None), None, "{method:?}");
        }
    }
}
