//! Requests for disks that are used as they are: `/dav/disks/<person>/<disk>/<path>`. They are read, and copied from to a place among the files.

use axum::response::Response;
use bytes::Bytes;
use croft_api::bulk::{Area, Method, MountLine, Open};
use croft_model::Problem;
use http::Request;
use http_body::Body;

use super::{
    Capabilities, Workers, across,
    files::{Below, headers, length},
    path,
    place::{self, Place, in_mount},
    preview, upload,
};
use crate::household::Tree;

/// Answers a request for a disk, or for the list of them.
pub(super) async fn answer<B>(
    workers: &Workers,
    capabilities: &impl Capabilities,
    (below, tree, method, mut segments): (Below<'_>, &Tree, Method, Vec<String>),
    id: &str,
    request: Request<B>,
) -> Result<Response, Problem>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    let disk = match segments.first() {
        // To somebody who may not read it, it does not exist.
        Some(first) => Some(tree.disks.iter().find(|disk| disk.name == *first).ok_or_else(not_found)?),
        None => None,
    };
    if disk.is_some() {
        segments.remove(0);
    }
    let leads = if method == Method::Copy { Some(path::destination(&request, below.files)?) } else { None };
    let (head, body) = request.into_parts();
    let length = length(&head.headers, &body);
    let body = upload::before_open(method, length, body).await?;
    let space = disk.map_or(tree.own, |disk| disk.space);
    let mut passed = headers(&head.headers);
    if preview::is_wanted(&head.uri) {
        passed.push(preview::header(&head.uri)?);
    }
    let lines =
        || tree.disks.iter().map(|disk| MountLine { name: disk.name.clone(), space: disk.space.number(), right: disk.right, root: None });
    let open = Open {
        method,
        length,
        request: id.to_owned(),
        capability: capabilities.capability_for(space).await?,
        area: Area::Disks,
        prefix: in_mount(below.prefix, disk),
        segments,
        destination: None,
        headers: passed,
        mounts: disk.is_none().then(|| lines().collect()),
    };
    let (Some(leads), Some(_)) = (leads, disk) else { return workers.ask(space, open, body).await };
    let shown = place::shown(workers, capabilities, tree, id, std::iter::once(&leads)).await?;
    place::judge_name(method, None, Some(&leads), &shown.mounts)?;
    let to = Place::of(&shown, leads);
    let prefix = in_mount(below.files, to.mount);
    drop(body);
    let open = Open { length: Some(0), ..open };
    across::answer(workers, capabilities, (space, open), (to.space, prefix, to.segments), &head.headers).await
}

fn not_found() -> Problem {
    Problem::new(404, "not-found", "There is no such file or folder.")
}
