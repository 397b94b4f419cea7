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
    property::{Subject, Trashed, is_ours},
    query::Query,
    render::{CLOSE, open, response},
};

use self::listing::Listing;
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
    if request.header("depth").is_none_or(|text| text.trim().eq_ignore_ascii_case("infinity")) {
        return Ok(infinite());
    }
    let depth = depth(&request)?;
    let (space, path) = (ground.space.clone(), request.path.clone());
    let access = request.access.clone();
    let entry = blocking(move || {
        let entry = space.entry(&path)?;
        super::stranger::still_opens(&access, &space)?;
        Ok(entry)
    })
    .await?;
    let query = Query::parse(&exchange.document(request.open.length).await?)?;
    let space = ground.space.clone();
    let mut listing = blocking(move || Listing::new(space, request, query, depth, entry)).await?;
    let body = Body::Pieces(Box::new(move || listing.piece()));
    let headers = super::pairs(&[("content-type", super::XML), ("dav", super::CLASSES), ("cache-control", "private, no-cache")]);
    Ok(Answer { status: 207, headers, body, changed: Vec::new() })
}

/// How deep a listing goes that is one of a few levels.
pub(super) fn depth(request: &Request) -> Result<Depth, Problem> {
    match request.header("depth").map(str::trim) {
        Some("0") => Ok(Depth::Zero),
        Some("1") => Ok(Depth::One),
        _ => Err(Problem::new(400, "depth-malformed", "The header Depth is 0 or 1.").key("Depth")),
    }
}

/// A listing that is made as a whole.
pub(super) struct Document {
    query: Query,
    text: String,
}

impl Document {
    /// One without entries.
    pub(super) fn new(query: Query) -> Self {
        Self { query, text: render::open() }
    }

    /// Whether an entry's size matters.
    pub(super) fn needs_size(&self) -> bool {
        self.query.needs_size()
    }

    /// Bytes so far.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// Adds an entry.
    pub(super) fn add(&mut self, subject: &Subject) {
        render::response(&mut self.text, subject, &self.query);
    }

    /// The answer with it.
    pub(super) fn answer(mut self) -> Answer {
        self.text.push_str(render::CLOSE);
        super::document(207, self.text)
    }
}

/// The answer to a PROPFIND about an upload: its address, with its folder's time, then its chunks with name, size and time.
pub(super) fn of_upload(body: &[u8], href: &str, modified: i64, chunks: &[(String, u64, i64)]) -> Result<Answer, Failure> {
    let query = Query::of_few(body)?;
    let mut document = Document::new(query);
    document.add(&Subject { href: format!("{href}/"), modified: Some(modified), ..Subject::default() });
    for (name, size, modified) in chunks {
        document.add(&Subject {
            href: format!("{href}/{name}"),
            name: name.clone(),
            modified: Some(*modified),
            file: Some((*size, "application/octet-stream")),
            ..Subject::default()
        });
    }
    Ok(document.answer())
}

/// The answer to a listing without an end.
pub(super) fn infinite() -> Answer {
    super::document(403, FINITE.to_owned())
}
