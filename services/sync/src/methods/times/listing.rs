//! PROPFIND of earlier times: the times themselves, and below each the tree as it was, piece by piece.

use std::{collections::VecDeque, sync::Arc};

use croft_files::{Dir, Kind, Name};

use super::{
    super::{
        XML, address,
        propfind::{self, CLOSE, Depth, Document, Query, Subject, open, response},
        trash::present,
    },
    Ground, Request, place,
};
use crate::{
    access::mount_letters,
    content_type,
    error::Failure,
    exchange::{Answer, Body, Exchange},
    space::{Entry, Space, Time, blocking},
};

/// Bytes after which a piece is handed on, below what fits a DATA frame.
const PIECE: usize = 48 * 1024;
/// What may be done: reading.
const LETTERS: &str = "G";

/// A listing of what was in a folder, on its way.
struct Listing {
    space: Arc<Space>,
    query: Query,
    base: String,
    folder: Option<Dir>,
    first: Option<Subject>,
    names: VecDeque<Name>,
    closed: bool,
}

/// Properties of a time or of what was there.
pub(super) async fn propfind(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    if request.header("depth").is_none_or(|text| text.trim().eq_ignore_ascii_case("infinity")) {
        return Ok(propfind::infinite());
    }
    let depth = propfind::depth(&request)?;
    let body = exchange.document(request.open.length).await?;
    let query = Query::of_few(&body)?;
    let space = ground.space.clone();
    if request.path.is_empty() {
        return blocking(move || all(&space, request, query, depth)).await;
    }
    let mut listing = blocking(move || Listing::new(space, &request, query, depth)).await?;
    let headers = super::pairs(&[("content-type", XML), ("dav", super::CLASSES), ("cache-control", "private, no-cache")]);
    Ok(Answer { status: 207, headers, body: Body::Pieces(Box::new(move || listing.piece())), changed: Vec::new() })
}

/// The times, and the shared spaces, which have their own.
fn all(space: &Space, mut request: Request, query: Query, depth: Depth) -> Result<Answer, Failure> {
    let times = space.times()?;
    let mut document = Document::new(query);
    let modified = Some(times.first().map_or(0, |time| time.seconds()));
    let name = request.access.space.clone();
    document.add(&Subject { href: format!("{}/", request.open.prefix), name, letters: LETTERS.into(), modified, ..Subject::default() });
    if depth == Depth::Zero {
        return Ok(document.answer());
    }
    if let Some(mounts) = &mut request.open.mounts {
        space.name_mounts(mounts)?;
        for mount in mounts {
            let href = format!("{}/", address(&request.open.prefix, [mount.name.as_str()]));
            document.add(&Subject {
                href,
                name: mount.name.clone(),
                letters: mount_letters(mount.right).into(),
                modified,
                ..Subject::default()
            });
        }
    }
    for time in times {
        if let Some(entry) = present(space.past(time, &[]))? {
            document.add(&time_itself(&request.open.prefix, time, &entry));
        }
    }
    Ok(document.answer())
}

fn time_itself(prefix: &str, time: Time, entry: &Entry) -> Subject {
    let name = time.address();
    Subject {
        href: format!("{}/", address(prefix, [name.as_str()])),
        etag: entry.etag.clone(),
        id: entry.stamp.id,
        letters: LETTERS.into(),
        modified: Some(time.seconds()),
        name,
        ..Subject::default()
    }
}

impl Listing {
    /// A listing of what `request` names. Blocks.
    fn new(space: Arc<Space>, request: &Request, query: Query, depth: Depth) -> Result<Self, Failure> {
        let (time, path) = place(&request.path)?;
        let entry = space.past(time, path)?;
        let base = address(&request.open.prefix, request.path.iter().map(Name::as_str));
        let first = match path.last() {
            Some(name) => subject(base.clone(), name, &entry),
            None => time_itself(&request.open.prefix, time, &entry),
        };
        let folder = entry.dir().filter(|_| depth == Depth::One).cloned();
        let mut names: Vec<Name> = match &folder {
            Some(dir) => dir.list()?.into_iter().filter(|listed| listed.kind != Some(Kind::Other)).map(|listed| listed.name).collect(),
            None => Vec::new(),
        };
        names.sort();
        Ok(Self { space, query, base, folder, first: Some(first), names: names.into(), closed: false })
    }

    /// The next piece of the document, or `None` after the last. Blocks.
    fn piece(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut out = String::new();
        if let Some(first) = self.first.take() {
            out.push_str(&open());
            response(&mut out, &first, &self.query);
        }
        while out.len() < PIECE && !self.closed {
            let (Some(folder), Some(name)) = (&self.folder, self.names.pop_front()) else {
                out.push_str(CLOSE);
                self.closed = true;
                break;
            };
            if let Some(entry) = present(self.space.past_child(folder, &name))? {
                response(&mut out, &subject(address(&self.base, [name.as_str()]), &name, &entry), &self.query);
            }
        }
        Ok((!out.is_empty()).then(|| out.into_bytes()))
    }
}

fn subject(href: String, name: &Name, entry: &Entry) -> Subject {
    let folder = entry.dir().is_some();
    Subject {
        href: if folder { format!("{href}/") } else { href },
        name: name.to_string(),
        etag: entry.etag.clone(),
        id: entry.stamp.id,
        letters: LETTERS.into(),
        file: (!folder).then(|| (entry.stat.size, content_type::of(name.as_str()))),
        modified: Some(entry.stat.modified_seconds()),
        ..Subject::default()
    }
}
