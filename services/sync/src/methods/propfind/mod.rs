//! PROPFIND (RFC 4918, section 9.1) of Depth 0 and 1, streamed.
//!
//! [`query`] reads what is asked for, [`property`] knows each property, [`listing`] walks the folder, [`render`] writes the answer.

mod listing;
mod property;
mod query;
mod render;

use croft_model::Problem;

pub(super) use self::{
    listing::Entries,
    property::is_ours,
    query::Query,
    render::{CLOSE, open},
};

use self::{listing::Listing, property::Subject};
use super::{Ground, Request};
use crate::{
    error::Failure,
    exchange::{Answer, Body, Exchange},
    space::blocking,
};

/// How deep a listing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    Zero,
    One,
}

/// Says which precondition of RFC 4918 an endless listing fails.
const FINITE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:error xmlns:d=\"DAV:\"><d:propfind-finite-depth/></d:error>\n";

/// Properties of an entry and, with Depth 1, of what is in it.
pub(super) async fn propfind(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let depth = match request.header("depth").map(str::trim) {
        Some("0") => Depth::Zero,
        Some("1") => Depth::One,
        None => return Ok(infinite()),
        Some(text) if text.eq_ignore_ascii_case("infinity") => return Ok(infinite()),
        Some(_) => return Err(Problem::new(400, "depth-malformed", "The header Depth is 0 or 1.").key("Depth").into()),
    };
    let (space, path) = (ground.space.clone(), request.path.clone());
    let entry = blocking(move || space.entry(&path)).await?;
    let query = Query::parse(&exchange.document(request.open.length).await?)?;
    let mut listing = Listing::new(ground.space.clone(), request, query, depth, entry);
    let body = Body::Pieces(Box::new(move || listing.piece()));
    let headers = super::pairs(&[("content-type", super::XML), ("dav", super::CLASSES), ("cache-control", "private, no-cache")]);
    Ok(Answer { status: 207, headers, body, changed: Vec::new() })
}

/// The answer to a PROPFIND about an upload: its address, with its folder's time, then its chunks with name, size and time.
pub(super) fn of_upload(body: &[u8], href: &str, modified: i64, chunks: &[(String, u64, i64)]) -> Result<Answer, Failure> {
    let query = Query::of_few(body)?;
    let mut out = render::open();
    let folder = Subject { href: format!("{href}/"), modified: Some(modified), ..Subject::default() };
    render::response(&mut out, &folder, &query);
    for (name, size, modified) in chunks {
        let chunk = Subject {
            href: format!("{href}/{name}"),
            name: name.clone(),
            modified: Some(*modified),
            file: Some((*size, "application/octet-stream")),
            ..Subject::default()
        };
        render::response(&mut out, &chunk, &query);
    }
    out.push_str(render::CLOSE);
    Ok(super::document(207, out))
}

fn infinite() -> Answer {
    super::document(403, FINITE.to_owned())
}
