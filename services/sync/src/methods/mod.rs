//! What each method does. A handler judges, asks for the body if there is one, acts, and gives an answer.

mod across;
mod archive;
mod copy;
mod delete;
mod disks;
mod get;
mod guard;
mod links;
pub(crate) mod lock;
mod mkcol;
mod mounts;
mod photos;
mod preview;
mod propfind;
mod proppatch;
mod put;
mod relocate;
mod room;
mod search;
pub(crate) mod stranger;
mod target;
mod times;
mod trash;
mod uploads;
mod versions;

use std::sync::{Arc, OnceLock};

use croft_api::{
    bulk::{Area, Frame, Header, Method, Open},
    projection::Supervisor,
    wire::trust::AuditLine,
};
use croft_files::{Change, FilesError, Name};
use croft_model::{Actor, Problem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};

use crate::{
    access::{Access, Sharers},
    error::{Failure, stale},
    exchange::{Answer, Body, Exchange},
    judge::{
        conditions::{Present, Verdict, judge_write},
        header,
        lists::{Known, Lists},
        path,
    },
    news::News,
    previews::Previews,
    space::{Entry, Space, locks::Touch},
};

/// What OPTIONS names.
const METHODS: &str = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK";
/// The classes of RFC 4918 that the box complies with.
const CLASSES: &str = "1, 2, 3";
/// The type of XML documents, as sync clients compare it.
const XML: &str = "application/xml; charset=utf-8";
/// What stays as it is in addresses: the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The gateway's own header: what stands before paths in the other space of a request that two have a part in.
const BESIDE: &str = "croft-beside";

/// A request by somebody who may at least read.
pub(crate) struct Request {
    pub(crate) open: Open,
    pub(crate) path: Vec<Name>,
    pub(crate) access: Access,
    /// Names at the front of the path that stand in no address: those of what a link opens.
    hidden: usize,
}

/// What handlers stand on.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) space: Arc<Space>,
    pub(crate) news: News,
    pub(crate) previews: Arc<Previews>,
    pub(crate) sharers: Sharers,
    /// Who keeps the household's activity, once that is known.
    pub(crate) activity: Arc<OnceLock<Supervisor>>,
}

impl Ground {
    /// Adds a line to the household's activity. It names no file: the activity is read by those who have no right here.
    async fn tell_activity(&self, action: &str, sentence: String) {
        tracing::info!(action, sentence, "links of the space");
        let Some(supervisor) = self.activity.get() else { return };
        let who = Actor::Role { name: "sync".into() };
        if let Err(problem) = supervisor.audit(&AuditLine { who, action: action.into(), sentence }).await {
            tracing::warn!(%problem, action, "the activity could not be told");
        }
    }
}

/// Handles a request whose capability was accepted.
pub(crate) async fn handle(ground: &Ground, access: Access, open: Open, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let path = path::names(&open.segments)?;
    let guest = access.guest.clone();
    let request = match &guest {
        Some(guest) => stranger::request(guest, access, open, path)?,
        None => Request { open, path, access, hidden: 0 },
    };
    if ground.space.shelf.is_some() {
        return disks::of_disk(ground, request, exchange).await;
    }
    match request.open.area {
        Area::Disks => return disks::all(request, exchange).await,
        Area::Files | Area::Page | Area::Archive => ground.space.guard.judge()?,
        Area::Uploads => return uploads::handle(ground, request, exchange).await,
        Area::Trash => return trash::handle(ground, request, exchange).await,
        Area::Versions => return versions::handle(ground, request, exchange).await,
        // What is missing can be looked for there.
        Area::Times => return times::handle(ground, request, exchange).await,
        Area::Guard => return guard::handle(ground, &request),
        // What is missing for the moment still has its name.
        Area::Mounts => {
            ground.space.guard.judge()?;
            return mounts::names(ground, request).await;
        }
        Area::Previews => return preview::preview(ground, request, exchange).await,
        Area::Links => return links::at_path(ground, request, exchange).await,
        Area::Link => return links::by_key(ground, request, exchange).await,
        Area::Room => {
            ground.space.guard.judge()?;
            return room::room(ground, &request).await;
        }
        Area::Photos => {
            ground.space.guard.judge()?;
            return photos::photos(ground, request, exchange).await;
        }
        Area::Across => {
            ground.space.guard.judge()?;
            return across::handle(ground, request, exchange).await;
        }
    }
    match request.open.area {
        Area::Page => return stranger::page(ground, request).await,
        Area::Archive => return archive::archive(ground, request).await,
        _ => {}
    }
    if let Some(guest) = guest {
        return stranger::handle(ground, &guest, request, exchange).await;
    }
    by_method(ground, request, exchange).await
}

/// Handles a request for something among the files.
async fn by_method(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    match request.open.method {
        Method::Get => get::get(ground, request).await,
        Method::Head => get::get(ground, request).await.map(Answer::without_body),
        Method::Put => put::put(ground, request, exchange).await,
        Method::Delete => delete::delete(ground, request).await,
        Method::Mkcol => mkcol::mkcol(ground, request).await,
        Method::Propfind => propfind::propfind(ground, request, exchange).await,
        Method::Options => Ok(Answer::empty(200, pairs(&[("dav", CLASSES), ("allow", METHODS), ("ms-author-via", "DAV")]))),
        Method::Copy => copy::copy(ground, request).await,
        Method::Move => relocate::relocate(ground, request).await,
        Method::Proppatch => proppatch::proppatch(ground, request, exchange).await,
        Method::Lock => lock::lock(ground, request, exchange).await,
        Method::Unlock => lock::unlock(ground, request).await,
        Method::Search => search::search(ground, request, exchange).await,
        Method::Post => Err(Problem::new(405, "method-not-allowed", "Files do not take this method.").into()),
    }
}

impl Request {
    /// The value of a request header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.open.headers, name)
    }

    /// A request by the same person for something at `path`, without conditions.
    fn about(&self, path: Vec<Name>) -> Self {
        let open = Open { headers: Vec::new(), ..self.open.clone() };
        Self { open, path, access: self.access.clone(), hidden: self.hidden }
    }

    /// The path as it stands in addresses.
    fn shown(&self) -> &[Name] {
        &self.path[self.hidden.min(self.path.len())..]
    }

    /// Refuses a change when a condition about `entry`, which is there now, does not hold, or a lock forbids one of `touches`. Blocks.
    fn judge(&self, space: &Space, entry: Option<&Entry>, touches: &[Touch<'_>]) -> Result<(), Failure> {
        stranger::still_opens(&self.access, space)?;
        let present = entry.map(|entry| Present { etag: &entry.etag, modified: entry.stat.modified_seconds() });
        if judge_write(&self.open.headers, present) != Verdict::Proceed {
            return Err(stale().into());
        }
        let lists = self.header("if").map(Lists::parse).transpose()?.unwrap_or_default();
        let tokens = lists.clone();
        let lists = if self.open.area == Area::Across { lists.about(|about| self.is_here(about)) } else { lists };
        if !lists.hold(|about| self.known(space, about))? {
            return Err(stale().into());
        }
        Ok(space.locks.judge(touches, &tokens.tokens(), self.access.person)?)
    }

    /// What the entry at an address of the header `If` is like; without one, the entry of this request.
    fn known(&self, space: &Space, about: Option<&str>) -> Result<Known, Failure> {
        if about.is_none() && self.open.area == Area::Times {
            return Ok(Known { etag: Some(times::entry(space, self)?.etag), tokens: Vec::new() });
        }
        if space.shelf.is_some() {
            let etag = if about.is_none() { Some(space.on_shelf(&self.path)?.etag) } else { None };
            return Ok(Known { etag, tokens: Vec::new() });
        }
        let Some(path) = about.map_or_else(|| Some(self.path.clone()), |address| self.path_of(address)) else {
            return Ok(Known::default());
        };
        let etag = match space.entry(&path) {
            Ok(entry) => Some(entry.etag),
            Err(Failure::Files(error)) if error.is_absent() => None,
            Err(Failure::Problem(problem)) if problem.status == 404 => None,
            Err(error) => return Err(error),
        };
        Ok(Known { etag, tokens: space.locks.on(&path).into_iter().map(|lock| lock.token).collect() })
    }

    /// Whether what a list of `If` is about lies in this space, for a request that two spaces have a part in: each judges its own.
    fn is_here(&self, about: Option<&str>) -> bool {
        // Without an address it is about the entry that is sent.
        let Some(address) = about else { return self.open.method != Method::Put };
        let below = |prefix: &&str| path_below(prefix, address).is_some();
        let (here, there) = (Some(self.open.prefix.as_str()).filter(below), self.header(BESIDE).filter(below));
        match (here, there) {
            // The root of one space lies in the other.
            (Some(here), Some(there)) => here.len() > there.len(),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            // In neither: the one that has the original says that nothing is there.
            (None, None) => self.open.method != Method::Put,
        }
    }

    /// The path inside the space behind an address; `None` for one outside.
    fn path_of(&self, address: &str) -> Option<Vec<Name>> {
        // What a link opens is hidden below its own path.
        let mut whole = self.path[..self.hidden.min(self.path.len())].to_vec();
        whole.extend(path_below(&self.open.prefix, address)?);
        Some(whole)
    }
}

/// The path behind `prefix` in an address; `None` for one elsewhere.
fn path_below(prefix: &str, address: &str) -> Option<Vec<Name>> {
    // `https://host/…` or `/…`
    let path = address.find("://").map_or(address, |end| address[end + 3..].find('/').map_or("/", |slash| &address[end + 3 + slash..]));
    // Each client has its own way to write an address, so what it means is compared.
    path::names(decoded(path)?.strip_prefix(decoded(prefix)?.as_slice())?).ok()
}

/// An answer with an XML document.
fn document(status: u16, body: String) -> Answer {
    let headers = pairs(&[("content-type", XML), ("cache-control", "no-store")]);
    Answer { status, headers, body: Body::Bytes(body.into()), changed: Vec::new() }
}

/// The segments of the path of an address.
fn decoded(path: &str) -> Option<Vec<String>> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| percent_decode_str(segment).decode_utf8().ok().map(Into::into)).collect()
}

/// The lock of the tree: a file comes and goes beside other changes, a folder that was there alone. Whoever publishes into a tree holds it
/// shared, so nothing is acknowledged inside a tree that is on its way out.
enum Tree<'a> {
    Shared(#[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'a, ()>),
    Alone(#[expect(dead_code, reason = "held, not read")] RwLockWriteGuard<'a, ()>),
}

impl<'a> Tree<'a> {
    async fn lock(space: &'a Space, alone: bool) -> Self {
        if alone { Self::Alone(space.tree.write().await) } else { Self::Shared(space.tree.read().await) }
    }
}

/// Publishes `change` in `folders` and gives the folders of `line` new ETags. A change whose flush failed may be visible all the same, so it is
/// announced, too.
async fn publish(ground: &Ground, change: Change, folders: &[&[Name]], line: &[u64]) -> Result<Vec<Frame>, FilesError> {
    let names = match &change {
        Change::Create { name, .. } | Change::Replace { name, .. } => vec![name.clone()],
        Change::Move { name, new, .. } => vec![name.clone(), new.clone()],
    };
    let _noted = ground.space.catalog.note(folders, &names);
    let published = ground.space.publisher.publish(change).await;
    told(ground, published, folders, line)
}

/// Gives the folders of `line` new ETags after a change was published in `folders`, and announces it.
fn told(ground: &Ground, published: Result<(), FilesError>, folders: &[&[Name]], line: &[u64]) -> Result<Vec<Frame>, FilesError> {
    ground.space.index.bump(line);
    // The answer to a failure carries no news, so every link is told.
    let news = if published.is_ok() { ground.news.clone() } else { ground.news.of_link(News::NO_LINK) };
    let frames = folders.iter().map(|folder| news.changed(&ground.space, folder)).collect();
    published.map(|()| frames)
}

/// An address: a prefix and decoded segments behind it, without a slash at its end.
fn address<'a>(prefix: &str, segments: impl IntoIterator<Item = &'a str>) -> String {
    let mut address = prefix.to_owned();
    for segment in segments {
        address.push('/');
        address.extend(utf8_percent_encode(segment, SEGMENT));
    }
    address
}

/// The number by which sync clients know an entry, as they want it: at least eight digits and the name of the server's kind.
pub(crate) fn long_id(id: u64) -> String {
    format!("{id:08}croft")
}

/// Headers that name an entry's content.
fn identity(etag: &str, id: u64) -> Vec<Header> {
    let quoted = format!("\"{etag}\"");
    vec![("etag".into(), quoted.clone()), ("oc-etag".into(), quoted), ("oc-fileid".into(), long_id(id))]
}

fn pairs(headers: &[(&str, &str)]) -> Vec<Header> {
    headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// A date as HTTP writes it; what HTTP cannot write becomes the nearest that it can.
fn http_date(seconds: i64) -> String {
    /// The last second of the year 9999.
    const LAST: u64 = 253_402_300_799;
    let seconds = u64::try_from(seconds).unwrap_or(0).min(LAST);
    httpdate::fmt_http_date(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
}

/// Splits a path into its folder and its name; the root has none.
fn split(path: &[Name]) -> Option<(&[Name], &Name)> {
    path.split_last().map(|(name, folder)| (folder, name))
}
