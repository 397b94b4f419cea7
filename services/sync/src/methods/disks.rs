//! Disks that are used as they are. A person's own worker lists them; the worker of each shows what is on it, and gives it to other workers for a COPY.

use std::{collections::VecDeque, sync::Arc};

use croft_api::bulk::{Area, Method, MountLine};
use croft_files::{Dir, Kind, Name};
use croft_model::{Problem, SpaceKind};

use super::{
    CLASSES, Ground, Request, XML, across, address, get, pairs, preview,
    propfind::{self, CLOSE, Depth, Document, Query, Subject, open, response},
    trash::present,
};
use crate::{
    content_type,
    error::{Failure, not_found},
    exchange::{Answer, Body, Exchange},
    previews::{WANTED, Wanted},
    space::{Entry, Space, blocking},
};

/// What OPTIONS names.
const METHODS: &str = "OPTIONS, GET, HEAD, PROPFIND, COPY";
/// Bytes after which a piece is handed on, below what fits a DATA frame.
const PIECE: usize = 48 * 1024;
/// What may be done: reading.
const LETTERS: &str = "G";

/// Handles a request for a worker of a disk. All that is not reading is refused.
pub(super) async fn of_disk(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    match (request.open.area, request.open.method) {
        (Area::Across, Method::Copy) => across::handle(ground, request, exchange).await,
        (Area::Disks, Method::Options) => Ok(options()),
        (Area::Disks, Method::Propfind) => list(ground, request, exchange).await,
        (Area::Disks, Method::Get) => read(ground, request, exchange).await,
        (Area::Disks, Method::Head) => read(ground, request, exchange).await.map(Answer::without_body),
        (Area::Disks | Area::Across, _) => Err(unchangeable().into()),
        _ => Err(not_found().into()),
    }
}

/// The disks of a person, which the gateway names.
pub(super) async fn all(request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    if request.access.kind != SpaceKind::Personal || !request.path.is_empty() {
        return Err(not_found().into());
    }
    let mounts = match request.open.method {
        Method::Options => return Ok(options()),
        Method::Propfind => request.open.mounts.clone().unwrap_or_default(),
        _ => return Err(unchangeable().into()),
    };
    if request.header("depth").is_none_or(|text| text.trim().eq_ignore_ascii_case("infinity")) {
        return Ok(propfind::infinite());
    }
    let depth = propfind::depth(&request)?;
    let mut document = Document::new(Query::of_few(&exchange.document(request.open.length).await?)?);
    let folder =
        |href: String, name: &str| Subject { href, name: name.into(), letters: LETTERS.into(), modified: Some(0), ..Subject::default() };
    document.add(&folder(format!("{}/", request.open.prefix), &request.access.space));
    for MountLine { name, .. } in mounts.iter().filter(|_| depth == Depth::One) {
        document.add(&folder(format!("{}/", address(&request.open.prefix, [name.as_str()])), name));
    }
    Ok(document.answer())
}

fn options() -> Answer {
    Answer::empty(200, pairs(&[("dav", CLASSES), ("allow", METHODS), ("ms-author-via", "DAV")]))
}

/// A file, a part of it, or a small picture of it.
async fn read(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let (space, path) = (ground.space.clone(), request.path.clone());
    let name = path.last().cloned().ok_or_else(get::is_folder)?;
    let entry = blocking(move || space.on_shelf(&path)).await?;
    if let Some((wanted, _)) = request.header(WANTED).and_then(Wanted::parse) {
        return preview::picture(ground, &request, exchange, (wanted, entry, &name)).await;
    }
    let mut answer = blocking(move || get::content(&request, &name, entry)).await.map_err(|failure| match failure {
        Failure::Read(error) => {
            tracing::warn!(%error, "a file of a disk cannot be read");
            crate::space::disk_failed().into()
        }
        other => other,
    })?;
    // What somebody else's box wrote beside a file says nothing here.
    answer.headers.retain(|(name, _)| !matches!(name.as_str(), "oc-checksum" | "oc-fileid"));
    Ok(answer)
}

/// A listing of a folder on a disk, on its way.
struct Listing {
    space: Arc<Space>,
    query: Query,
    base: String,
    path: Vec<Name>,
    folder: Option<Dir>,
    first: Option<Subject>,
    names: VecDeque<Name>,
    closed: bool,
}

async fn list(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    if request.header("depth").is_none_or(|text| text.trim().eq_ignore_ascii_case("infinity")) {
        return Ok(propfind::infinite());
    }
    let depth = propfind::depth(&request)?;
    let query = Query::of_few(&exchange.document(request.open.length).await?)?;
    let space = ground.space.clone();
    let mut listing = blocking(move || Listing::new(space, request, query, depth)).await?;
    let headers = pairs(&[("content-type", XML), ("dav", CLASSES), ("cache-control", "private, no-cache")]);
    Ok(Answer { status: 207, headers, body: Body::Pieces(Box::new(move || listing.piece())), changed: Vec::new() })
}

impl Listing {
    /// A listing of what `request` names. Blocks.
    fn new(space: Arc<Space>, request: Request, query: Query, depth: Depth) -> Result<Self, Failure> {
        let entry = space.on_shelf(&request.path)?;
        let base = address(&request.open.prefix, request.path.iter().map(Name::as_str));
        let name = request.path.last().map_or(request.access.space.as_str(), Name::as_str);
        let first = subject(base.clone(), name, &entry);
        let folder = entry.dir().filter(|_| depth == Depth::One).cloned();
        let mut names: Vec<Name> = match (&folder, &space.shelf) {
            (Some(dir), Some(shelf)) => {
                let entries = shelf.listing(&request.path, dir)?.entries;
                entries.into_iter().filter(|listed| listed.kind != Some(Kind::Other)).map(|listed| listed.name).collect()
            }
            _ => Vec::new(),
        };
        names.sort();
        Ok(Self { space, query, base, path: request.path, folder, first: Some(first), names: names.into(), closed: false })
    }

    /// The next piece of the document, or `None` after the last. Blocks.
    fn piece(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut out = String::new();
        if let Some(first) = self.first.take() {
            out.push_str(&open());
            response(&mut out, &first, &self.query);
        }
        while out.len() < PIECE && !self.closed {
            let (Some(folder), Some(shelf), Some(name)) = (&self.folder, &self.space.shelf, self.names.pop_front()) else {
                out.push_str(CLOSE);
                self.closed = true;
                break;
            };
            // One that cannot be read is left out of the listing, and not the listing.
            match present(shelf.child(&self.path, folder, &name)) {
                Ok(Some(entry)) => {
                    response(&mut out, &subject(address(&self.base, [name.as_str()]), name.as_str(), &entry), &self.query);
                }
                Ok(None) => {}
                Err(Failure::Files(error)) if error.is_refused() => {}
                Err(error) => return Err(error),
            }
        }
        Ok((!out.is_empty()).then(|| out.into_bytes()))
    }
}

fn subject(href: String, name: &str, entry: &Entry) -> Subject {
    let folder = entry.dir().is_some();
    Subject {
        href: if folder { format!("{href}/") } else { href },
        name: name.to_owned(),
        etag: entry.etag.clone(),
        letters: LETTERS.into(),
        file: (!folder).then(|| (entry.stat.size, content_type::of(name))),
        modified: Some(entry.stat.modified_seconds()),
        ..Subject::default()
    }
}

fn unchangeable() -> Problem {
    Problem::new(403, "disk-read-only", "This disk is used as it is: nothing is written to it.")
        .hint("Copy what you need to a place among the files, then change it there.")
}
