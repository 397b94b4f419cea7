//! The trash: PROPFIND lists it and what is in its folders, GET reads a file, MOVE brings an item back, DELETE removes one or all for good.
//!
//! An item goes back to where it came from. Folders that are gone are made again; where something else stands in their way, it goes to the root of the
//! space. A name that is taken gets a number.

use std::sync::Arc;

use croft_api::bulk::{Frame, Method};
use croft_files::{Change, Kind, Name, Replace};
use croft_model::{Problem, SpaceKind};

use super::{
    Ground, Request, Tree, address, get, mkcol,
    propfind::{self, Depth, Document, Query, Subject, Trashed},
    publish, split,
};
use crate::{
    content_type,
    error::{Failure, not_found},
    exchange::{Answer, Exchange},
    judge::path,
    space::{Entry, Item, Space, blocking, locks::Touch},
};

/// Entries that one listing names: the latest of the trash, or the first of a folder.
const MAX_LISTED: usize = 2_000;
/// Bytes after which a listing names no more, below what the gateway takes for one: paths can be long.
const MAX_BYTES: usize = 3 * 1024 * 1024;
/// Numbers that are tried for a name that is taken.
pub(super) const MAX_NUMBER: u32 = 100;
/// Bytes of a name.
const MAX_NAME: usize = 255;

/// Handles a request about the trash. Whoever may not write sees nothing of it.
pub(super) async fn handle(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    request.access.writes()?;
    match (request.open.method, request.path.as_slice()) {
        (Method::Propfind, _) => list(ground, request, exchange).await,
        (Method::Get, [_, ..]) => read(ground, request).await,
        (Method::Head, [_, ..]) => read(ground, request).await.map(Answer::without_body),
        (Method::Move, [_]) => restore(ground, request).await,
        (Method::Delete, [] | [_]) => purge(ground, request).await,
        _ => Err(Problem::new(405, "method-not-allowed", "The trash does not take this method here.").into()),
    }
}

async fn list(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let depth = propfind::depth(&request)?;
    let body = exchange.document(request.open.length).await?;
    let space = ground.space.clone();
    blocking(move || {
        let mut document = Document::new(Query::of_few(&body)?);
        match request.path.split_first() {
            Some((item, below)) => list_inside(&space, &request, (&space.trash_item(item.as_str())?, below), depth, &mut document)?,
            None => list_items(&space, &request, depth, &mut document)?,
        }
        Ok(document.answer())
    })
    .await
}

/// The trash itself and the items in it.
fn list_items(space: &Space, request: &Request, depth: Depth, document: &mut Document) -> Result<(), Failure> {
    let items = space.trashed()?;
    let mut root = Subject { href: format!("{}/", request.open.prefix), ..Subject::default() };
    if document.needs_size() {
        root.size = Some(items.iter().try_fold(0_u64, |sum, item| Ok::<_, Failure>(sum.saturating_add(space.trashed_size(item)?)))?);
    }
    root.modified = Some(items.first().map_or(0, |item| item.deleted));
    document.add(&root);
    for item in items.iter().take(if depth == Depth::One { MAX_LISTED } else { 0 }) {
        if document.length() > MAX_BYTES {
            break;
        }
        let Some(entry) = present(space.trashed_entry(item, &[]))? else { continue };
        let path = [Name::new(item.address(space)).map_err(|_| Failure::Broken("an item's address is a name"))?];
        let about = (&item.name, &entry, Some(trashed(request, item)));
        document.add(&subject(space, &path, request, about, document.needs_size())?);
    }
    Ok(())
}

/// What is at the path `below` in an item, and what is in that.
fn list_inside(
    space: &Space,
    request: &Request,
    (item, below): (&Item, &[Name]),
    depth: Depth,
    document: &mut Document,
) -> Result<(), Failure> {
    let entry = space.trashed_entry(item, below)?;
    let name = below.last().unwrap_or(&item.name);
    let about = (name, &entry, below.is_empty().then(|| trashed(request, item)));
    document.add(&subject(space, &request.path, request, about, document.needs_size())?);
    let Some(dir) = entry.dir().filter(|_| depth == Depth::One) else { return Ok(()) };
    for listed in dir.list()?.into_iter().take(MAX_LISTED) {
        if document.length() > MAX_BYTES {
            break;
        }
        let mut path = request.path.clone();
        path.push(listed.name.clone());
        if let Some(entry) = present(space.trashed_entry(item, &path[1..]))? {
            document.add(&subject(space, &path, request, (&listed.name, &entry, None), document.needs_size())?);
        }
    }
    Ok(())
}

/// An entry; none where it is gone meanwhile or nothing that is shown.
pub(super) fn present(entry: Result<Entry, Failure>) -> Result<Option<Entry>, Failure> {
    match entry {
        Ok(entry) => Ok(Some(entry)),
        Err(Failure::Files(error)) if error.is_absent() || error.is_refused() => Ok(None),
        Err(Failure::Problem(problem)) if problem.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

fn trashed(request: &Request, item: &Item) -> Trashed {
    // As the person sees it: a shared space is a folder of their tree.
    let location =
        if request.access.kind == SpaceKind::Shared { format!("{}/{}", request.access.space, item.path) } else { item.path.clone() };
    Trashed { name: item.name.to_string(), location, deleted: item.deleted, who: item.who.clone() }
}

fn subject(
    space: &Space,
    path: &[Name],
    request: &Request,
    (name, entry, trashed): (&Name, &Entry, Option<Trashed>),
    sized: bool,
) -> Result<Subject, Failure> {
    let href = address(&request.open.prefix, path.iter().map(Name::as_str));
    let mut subject = Subject {
        name: name.to_string(),
        etag: entry.etag.clone(),
        id: entry.stamp.id,
        letters: if trashed.is_some() { "GD".into() } else { "G".into() },
        modified: Some(entry.stat.modified_seconds()),
        trashed,
        ..Subject::default()
    };
    match entry.dir() {
        Some(dir) => {
            subject.href = format!("{href}/");
            subject.size = if sized { Some(space.size_of(dir, entry.stamp.id)?) } else { None };
        }
        None => {
            subject.href = href;
            subject.file = Some((entry.stat.size, content_type::of(name.as_str())));
        }
    }
    Ok(subject)
}

async fn read(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    let space = ground.space.clone();
    blocking(move || {
        let (item, below) = request.path.split_first().ok_or_else(not_found)?;
        let item = space.trash_item(item.as_str())?;
        let entry = space.trashed_entry(&item, below)?;
        get::content(&request, below.last().unwrap_or(&item.name), entry)
    })
    .await
}

async fn purge(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    let space = &ground.space;
    let looking = space.clone();
    let slots: Vec<Name> = blocking(move || {
        Ok(match request.path.first() {
            Some(item) => vec![looking.trash_item(item.as_str())?.slot],
            None => looking.trashed()?.into_iter().map(|item| item.slot).collect(),
        })
    })
    .await?;
    for slot in slots {
        let _slot = space.lock_upload(&slot).await;
        let purging = space.clone();
        blocking(move || purging.purge(&[slot])).await?;
    }
    Ok(Answer::empty(204, Vec::new()))
}

async fn item(space: &Arc<Space>, address: &Name) -> Result<Item, Failure> {
    let (space, address) = (space.clone(), address.clone());
    blocking(move || space.trash_item(address.as_str())).await
}

async fn restore(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    ground.space.guard.judge()?;
    let space = &ground.space;
    let sought = request.path.first().cloned().ok_or_else(not_found)?;
    let slot = item(space, &sought).await?.slot;
    let _slot = space.lock_upload(&slot).await;
    // It may have been brought back or removed meanwhile.
    let item = item(space, &sought).await?;
    let segments: Vec<String> = item.path.split('/').map(Into::into).collect();
    let from = path::names(&segments).unwrap_or_else(|_| vec![item.name.clone()]);
    let (folder, name) = split(&from).ok_or_else(not_found)?;
    let mut changed = Vec::new();
    let folder = if make_folders(ground, &request, folder, &mut changed).await? { folder } else { &[] };
    for number in 1..=MAX_NUMBER {
        let mut path = folder.to_vec();
        path.push(numbered(name, number));
        let about = Arc::new(request.about(path));
        if let Some(frames) = bring_back(ground, &about, &item).await? {
            changed.extend(frames);
            let (clearing, slot) = (space.clone(), item.slot.clone());
            blocking(move || {
                clearing.forget_trash_place(&slot);
                Ok(())
            })
            .await?;
            // Where it went, which need not be where it came from.
            let place = address("", about.path.iter().map(Name::as_str));
            return Ok(Answer { changed, ..Answer::empty(201, vec![("croft-place".into(), place)]) });
        }
    }
    Err(super::put::taken().into())
}

/// Makes the folders of `path` that are missing; `false` where something else stands in their way.
async fn make_folders(ground: &Ground, request: &Request, path: &[Name], changed: &mut Vec<Frame>) -> Result<bool, Failure> {
    for length in 1..=path.len() {
        let (space, prefix) = (ground.space.clone(), path[..length].to_vec());
        let found = blocking(move || super::delete::kind(&space, &prefix)).await;
        match found {
            Ok(Kind::Dir) => {}
            Ok(_) => return Ok(false),
            Err(Failure::Files(error)) if error.is_absent() => {
                let (_, frames) = mkcol::make(ground, request.about(path[..length].to_vec())).await?;
                changed.extend(frames);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Moves `item` to the path of `about`; gives nothing where that is taken.
async fn bring_back(ground: &Ground, about: &Arc<Request>, item: &Item) -> Result<Option<Vec<Frame>>, Failure> {
    let (folder, name) = split(&about.path).ok_or_else(not_found)?;
    let space = &ground.space;
    let (looking, sought) = (space.clone(), item.clone());
    let kind = blocking(move || Ok(looking.trashed_entry(&sought, &[])?.stat.kind)).await?;
    let _tree = Tree::lock(space, kind == Kind::Dir).await;
    let _name = space.lock_name(folder, name).await;
    let (preparing, judged, brought) = (space.clone(), about.clone(), item.clone());
    let Some((change, line)) = blocking(move || prepare(&preparing, &judged, &brought)).await? else { return Ok(None) };
    match publish(ground, change, &[folder], &line).await {
        Ok(frames) => Ok(Some(frames)),
        Err(error) if error.is_taken() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn prepare(space: &Space, about: &Request, item: &Item) -> Result<Option<(Change, Vec<u64>)>, Failure> {
    let (folder, name) = split(&about.path).ok_or_else(not_found)?;
    let to = space.folder(folder)?;
    if to.stat_of(name).is_ok() {
        return Ok(None);
    }
    about.judge(space, None, &[Touch::Entry(&about.path)])?;
    let line = space.line(folder)?;
    let from = space.trash.dir(std::slice::from_ref(&item.slot))?;
    let change = Change::Move { from, name: item.name.clone(), to, new: name.clone(), replace: Replace::No };
    Ok(Some((change, line)))
}

/// `name`, with a number from the second on: `report (2).pdf`.
pub(super) fn numbered(name: &Name, number: u32) -> Name {
    if number == 1 {
        return name.clone();
    }
    let text = name.as_str();
    let (stem, ending) = match text.rfind('.') {
        Some(dot) if dot > 0 && text.len() - dot < 20 => text.split_at(dot),
        _ => (text, ""),
    };
    let mark = format!(" ({number})");
    let mut length = stem.len().min(MAX_NAME - mark.len() - ending.len());
    while !stem.is_char_boundary(length) {
        length -= 1;
    }
    Name::new(format!("{}{mark}{ending}", &stem[..length])).unwrap_or_else(|_| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number_before_its_ending() {
        let check = |name: &str, expected: &str| assert_eq!(numbered(&Name::new(name).unwrap(), 12).as_str(), expected);
        check("report.pdf", "report (12).pdf");
        check("a.tar.gz", "a.tar (12).gz");
        check("folder", "folder (12)");
        check(".hidden", ".hidden (12)");
        check("no. ending, but a sentence of some length", "no. ending, but a sentence of some length (12)");
        let long = format!("{}.txt", "ü".repeat(125));
        let made = numbered(&Name::new(long.as_str()).unwrap(), 2);
        assert!(made.as_str().ends_with("ü (2).txt") && made.as_str().len() <= MAX_NAME);
        assert_eq!(numbered(&Name::new(long.as_str()).unwrap(), 1).as_str(), long);
    }
}
