//! Requests for files: which space a path leads to, and what of the request goes there.

use std::{future::Future, time::Duration};

use axum::response::Response;
use bytes::Bytes;
use croft_api::bulk::{Area, Header, Method, MountLine, Open, REQUEST_HEADERS};
use croft_model::{Problem, SpaceId};
use futures_util::future::join_all;
use http::{HeaderMap, Request, header};
use http_body::Body;
use tokio::time::timeout;

use super::{
    Workers, across, disks, kept, path,
    place::{self, Place, in_mount},
    preview, upload,
};
use crate::household::{Mount, Tree};

/// Time that listing a root waits for a shared space that nobody has heard of yet; without it the root shows the space as it was last known.
const MOUNT_TIME: Duration = Duration::from_secs(3);

/// Gives capabilities for the one who asks.
pub trait Capabilities {
    /// The capability for the worker of `space`.
    fn capability_for(&self, space: SpaceId) -> impl Future<Output = Result<String, Problem>> + Send;
}

/// Where the addresses of a request lie.
#[derive(Debug, Clone, Copy)]
pub struct Below<'a> {
    /// What the path is about.
    pub area: Area,
    /// What stands before the path: `/dav/files/<name>`.
    pub prefix: &'a str,
    /// The same for what a destination lies among: the files, or what brings something back.
    pub files: &'a str,
}

/// Answers a request for something in `tree`. `id` is the request's.
///
/// # Errors
/// What the request, the capability or the way to the worker lacks. What the worker itself refuses is an answer.
pub async fn answer<B>(
    workers: &Workers,
    capabilities: &impl Capabilities,
    (below, tree): (Below<'_>, &Tree),
    id: &str,
    request: Request<B>,
) -> Result<Response, Problem>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    let method = Method::of_name(request.method().as_str())
        .ok_or_else(|| Problem::new(405, "method-not-allowed", "Files do not take this method."))?;
    if request.headers().contains_key("oc-chunked") {
        return Err(in_pieces());
    }
    let rest = request.uri().path().strip_prefix(below.prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let segments = path::segments(rest.ok_or_else(|| Problem::new(404, "not-found", "There is no such file or folder."))?)?;
    if below.area == Area::Disks {
        return disks::answer(workers, capabilities, (below, tree, method, segments), id, request).await;
    }
    if matches!(below.area, Area::Trash | Area::Versions) {
        return kept::answer(workers, capabilities, (below, tree, method, segments), id, request).await;
    }
    let leads = match method {
        // Where it would change what was, the worker says that this cannot be.
        Method::Move if below.area == Area::Times => None,
        Method::Copy if below.area == Area::Times && path::destination(&request, below.prefix).is_ok() => None,
        Method::Copy | Method::Move => Some(path::destination(&request, below.files)?),
        _ => None,
    };
    // Chunks lie in the own space of the one who sends them, wherever the whole goes.
    let in_tree = (below.area != Area::Uploads).then_some(&segments);
    let shown = place::shown(workers, capabilities, tree, id, in_tree.into_iter().chain(&leads)).await?;
    place::judge_name(method, in_tree, leads.as_ref(), &shown.mounts)?;
    if request.headers().contains_key("x-nc-webdav-auto-mkcol") {
        place::judge_way(leads.as_ref().or(in_tree), &shown.mounts)?;
    }
    let destination = leads.map(|leads| Place::of(&shown, leads));
    let Place { space, mount, segments } =
        if in_tree.is_some() { Place::of(&shown, segments) } else { Place { space: tree.own, mount: None, segments } };
    let mounts = match mount {
        None if segments.is_empty() && method == Method::Propfind => Some(lines(workers, &tree.mounts).await),
        _ => None,
    };
    let space = match below.area {
        Area::Previews if segments.is_empty() => preview::space_of(request.uri(), tree)?,
        _ => space,
    };
    let prefix = in_mount(below.prefix, mount);
    let (head, body) = request.into_parts();
    let length = length(&head.headers, &body);
    let body = upload::before_open(method, length, body).await?;
    let capability = capabilities.capability_for(space).await?;
    let mut passed = headers(&head.headers);
    // What was at an earlier time is read at its own address, and so is a small picture of it.
    if below.area == Area::Previews || (below.area == Area::Times && preview::is_wanted(&head.uri)) {
        passed.push(preview::header(&head.uri)?);
    }
    let open = Open {
        method,
        length,
        request: id.to_owned(),
        capability,
        area: below.area,
        prefix,
        segments,
        destination: None,
        headers: passed,
        mounts,
    };
    match destination {
        Some(destination) if destination.space == space => {
            // The header `If` names addresses of files, also where an upload is what moves or an earlier time what is copied from.
            let prefix = match below.area {
                Area::Uploads => below.files.to_owned(),
                Area::Times => in_mount(below.files, mount),
                _ => open.prefix.clone(),
            };
            workers.ask(space, Open { destination: Some(destination.segments), prefix, ..open }, body).await
        }
        Some(destination) if below.area == Area::Uploads => {
            let prefix = in_mount(below.files, destination.mount);
            carry(workers, capabilities, (space, open), (destination, prefix)).await
        }
        Some(destination) if below.area == Area::Files => {
            let to = (destination.space, in_mount(below.files, destination.mount), destination.segments);
            across::answer(workers, capabilities, (space, open), to, &head.headers).await
        }
        Some(_) if below.area == Area::Times => {
            Err(Problem::new(403, "another-space", "What was in a space comes back in that space alone.")
                .hint("Bring it back there, then move or copy it."))
        }
        Some(_) => Err(Problem::new(405, "method-not-allowed", "What is here cannot be moved or copied.")),
        None => workers.ask(space, open, body).await,
    }
}

/// Carries an upload whose chunks lie in one space to its place in another: read there, put here, and given up there.
async fn carry(
    workers: &Workers,
    capabilities: &impl Capabilities,
    (from, moves): (SpaceId, Open),
    (to, prefix): (Place<'_>, String),
) -> Result<Response, Problem> {
    let whole = workers.ask(from, Open { method: Method::Get, ..moves.clone() }, axum::body::Body::empty()).await?;
    if !whole.status().is_success() {
        return Ok(whole);
    }
    let put = Open {
        method: Method::Put,
        length: None,
        capability: capabilities.capability_for(to.space).await?,
        area: Area::Files,
        prefix,
        segments: to.segments,
        ..moves.clone()
    };
    let answer = workers.ask(to.space, put, whole.into_body()).await?;
    if answer.status().is_success() {
        let segments = moves.segments.iter().take(1).cloned().collect();
        // The first capability may be over by now.
        let given_up = async {
            let capability = capabilities.capability_for(from).await?;
            workers.ask(from, Open { method: Method::Delete, segments, capability, ..moves }, axum::body::Body::empty()).await
        };
        // What is left over goes after a week.
        if let Err(problem) = given_up.await {
            tracing::warn!(%problem, "the chunks of an upload cannot be removed");
        }
    }
    Ok(answer)
}

/// Taken for files, the pieces would lie about under names of their own, and the client would believe that the whole file is there.
fn in_pieces() -> Problem {
    Problem::new(501, "pieces-unknown", "This client sends large files in pieces of a kind that the box does not take.")
        .hint("Upload the file in a browser, or by another client.")
}

/// The mounts with what is known of each.
async fn lines(workers: &Workers, mounts: &[Mount]) -> Vec<MountLine> {
    join_all(mounts.iter().map(async |mount| MountLine {
        name: mount.name.clone(),
        space: mount.space.number(),
        right: mount.right,
        root: timeout(MOUNT_TIME, workers.root(mount.space)).await.ok().flatten(),
    }))
    .await
}

/// Bytes of the body, if they are known before it comes.
pub(crate) fn length(headers: &HeaderMap, body: &impl Body) -> Option<u64> {
    if body.is_end_stream() {
        return Some(0);
    }
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    said.or_else(|| body.size_hint().exact())
}

/// The headers that a worker may see. One that was sent several times is joined, as RFC 9110, section 5.3 has it.
pub(crate) fn headers(sent: &HeaderMap) -> Vec<Header> {
    REQUEST_HEADERS
        .iter()
        .filter_map(|name| {
            let values: Vec<&str> = sent.get_all(*name).iter().filter_map(|value| value.to_str().ok()).collect();
            (!values.is_empty()).then(|| ((*name).to_owned(), values.join(", ")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_headers_reach_a_worker() {
        let mut sent = HeaderMap::new();
        for (name, value) in [
            ("if-match", "\"a\""),
            ("if-match", "\"b\""),
            ("range", "bytes=0-1"),
            ("croft-capability", "forged"),
            ("croft-client", "10.0.0.1"),
            ("authorization", "Basic x"),
            ("cookie", "__Host-croft=x"),
            ("x-forwarded-for", "10.0.0.1"),
            ("remote-user", "ana"),
            ("destination", "/dav/files/bob/x"),
        ] {
            sent.append(name, value.parse().unwrap());
        }
        assert_eq!(headers(&sent), [("if-match".into(), "\"a\", \"b\"".into()), ("range".into(), "bytes=0-1".into())]);
    }
}
