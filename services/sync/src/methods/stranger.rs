//! Somebody with a link: whether it opens anything, what it opens, and what is remembered of it.
//!
//! A link that never was, has ended, is used up, or leads to nothing any more has one and the same answer. What a link opens is found by its
//! id, wherever it was moved, and is looked at once more behind each step: a folder that another one took the place of opens nothing.

use std::{sync::Arc, time::Duration};

use croft_api::{
    bulk::{Method, Open, Proof, Stranger},
    wire::links::{LinkDeed, LinkEntry, LinkPage, LinkState, LinkUse},
};
use croft_files::{Kind, Name};
use croft_model::{LinkKind, Problem};

use super::{Ground, Request, by_method, links, put::Upload, trash};
use crate::{
    access::{Access, Guest},
    error::{Failure, not_found},
    exchange::{Answer, Exchange},
    judge::{link as judge, path},
    space::{Link, Reserved, Space, Uses, blocking, random},
};

/// Entries on a page: what a phone shows without trouble. Who needs more has a program.
const MAX_ENTRIES: usize = 2000;

/// What an upload may take beside a second for each so many bytes: the pace below which it only holds a place.
const UPLOAD_TIME: Duration = Duration::from_secs(120);
const UPLOAD_PACE: u64 = 16 * 1024;
/// Numbers that a dropped file's name may get; after them come some by chance, so that its place among many of that name is not told.
const NUMBERS: u32 = 10;

/// The access that a link gives, for the one request `open`.
pub(crate) async fn admit(ground: &Ground, open: &Open, now: i64) -> Result<Access, Failure> {
    let stranger = Stranger::parse(&open.capability).ok_or_else(Stranger::nothing)?;
    let space = &ground.space;
    if stranger.token.space() != space.number {
        return Err(Stranger::nothing().into());
    }
    let key = judge::key(stranger.token.secret());
    known(space, &key, &stranger).await?;
    // Taken before what is judged is read: a change behind that is heard of.
    let cut = space.links.cut(&key);
    let (link, uses) = known(space, &key, &stranger).await?;
    works(ground, (&key, &link, &uses), (&stranger, open), now).await?;
    let pass = proved(ground, (&key, &link), &stranger, now).await?;
    let (looking, target, seen) = (space.clone(), link.target, link.path.clone());
    let base = blocking(move || looking.find(target, &seen)).await?.ok_or_else(Stranger::nothing)?;
    let place = space
        .links
        .enter()
        .ok_or_else(|| Problem::new(503, "busy", "Many people are using links right now.").hint("Try again in a moment.").retry_after(5))?;
    let guest = Guest {
        cut,
        key,
        kind: link.kind,
        address: stranger.address,
        target,
        base,
        folder: link.folder,
        expires: link.expires,
        downloads: link.downloads,
        by: ground.sharers.name_of(link.by).unwrap_or_else(|| link.by_name.clone()),
        pass,
        place,
    };
    Ok(Access::of_guest(guest, (link.by, &link.by_name)))
}

/// The link of this key, if it is the one that was shown.
async fn known(space: &Arc<Space>, key: &str, stranger: &Stranger) -> Result<(Link, Uses), Failure> {
    let (looking, sought) = (space.clone(), key.to_owned());
    let found = blocking(move || Ok(looking.records.link(&sought)?)).await?;
    Ok(found.filter(|(link, _)| judge::is_of(link, stranger.token.secret())).ok_or_else(Stranger::nothing)?)
}

/// Refuses a link that no longer works. One that is used up goes on for who is in the middle of it.
async fn works(
    ground: &Ground,
    (key, link, uses): (&str, &Link, &Uses),
    (stranger, open): (&Stranger, &Open),
    now: i64,
) -> Result<(), Problem> {
    match judge::state(link, uses, now) {
        LinkState::Works => {}
        LinkState::UsedUp if open.method == Method::Get && ground.space.links.is_guest(key, stranger.address, now) => {}
        _ => return Err(Stranger::nothing()),
    }
    if ground.sharers.may_share(link.by)? {
        return Ok(());
    }
    // It ends with the right, and does not come back with it.
    let (space, ended) = (ground.space.clone(), key.to_owned());
    if let Err(error) = blocking(move || end(&space, &ended, now)).await {
        tracing::warn!(%error, "a link that ended cannot be marked");
    }
    Err(Stranger::nothing())
}

/// Refuses whoever does not show the link's password; gives what stands for it from now on.
async fn proved(ground: &Ground, (key, link): (&str, &Link), stranger: &Stranger, now: i64) -> Result<Option<String>, Failure> {
    let Some(guarded) = link.password.clone() else { return Ok(None) };
    let links = &ground.space.links;
    let password = match &stranger.proof {
        Proof::Pass(pass) if judge::is_pass(&guarded, key, pass.expose(), now) => return Ok(Some(pass.expose().to_owned())),
        Proof::None | Proof::Pass(_) => {
            return Err(Problem::new(401, "link-password", "This link asks for a password.").hint("Ask whoever gave you the link.").into());
        }
        Proof::Password(password) => password.clone(),
    };
    let too_many = |seconds: u64| {
        Problem::new(429, "too-many-guesses", "The password was wrong too often.").hint("Wait, then try again.").retry_after(seconds)
    };
    let _turn = links.turn_to_compare().await?;
    // Asked when it is one's turn, so that many guesses at once are not more than one after the other.
    if let Some(seconds) = links.must_wait(key, stranger.address, now) {
        return Err(too_many(seconds).into());
    }
    let known = guarded.clone();
    if blocking(move || Ok(judge::is_password(&known, password.expose()))).await? {
        return Ok(Some(judge::pass(&guarded, key, now)));
    }
    links.guessed(key, stranger.address, now);
    let one = LinkUse { at: now, address: judge::shortened(stranger.address), what: LinkDeed::WrongPassword, name: String::new() };
    let (space, guessed) = (ground.space.clone(), key.to_owned());
    blocking(move || Ok(space.records.use_link(&guessed, one, |_| true)?)).await?;
    Err(Problem::new(401, "link-password-wrong", "That is not the password of this link.").hint("Look for capital letters.").into())
}

/// The request of a guest, with the path inside the space behind the one below what the link opens.
pub(super) fn request(guest: &Guest, access: Access, open: Open, below: Vec<Name>) -> Result<Request, Problem> {
    // A file is also found under its own name, as it is in a folder of which the page shows nothing else.
    let itself = !guest.folder && guest.base.last().is_some_and(|name| below == std::slice::from_ref(name));
    if !guest.folder && !itself && !below.is_empty() {
        return Err(not_found());
    }
    judge::allow(guest.kind, open.area, open.method, if guest.folder { below.len() } else { 0 })?;
    let hidden = guest.base.len() - usize::from(itself);
    let mut path = guest.base.clone();
    if guest.folder {
        path.extend(below);
    }
    Ok(Request { open, path, access, hidden })
}

/// Refuses when what the link of a guest opens is no longer where it was looked for, or the link has ended. Blocks.
pub(super) fn still_opens(access: &Access, space: &Space) -> Result<(), Failure> {
    let Some(guest) = &access.guest else { return Ok(()) };
    let there = space.entry(&guest.base).is_ok_and(|entry| entry.stamp.id == guest.target);
    let now = jiff::Timestamp::now().as_second();
    if there && !guest.cut.is_cancelled() && guest.expires.is_none_or(|expires| now < expires) {
        return Ok(());
    }
    Err(Stranger::nothing().into())
}

/// Receives by `work` a body of `length` bytes; from a guest no longer than the link works, and not at any pace.
pub(super) async fn while_open<T>(
    access: &Access,
    length: Option<u64>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let Some(guest) = &access.guest else { return work.await };
    let left = guest.expires.map_or(i64::MAX, |expires| expires - jiff::Timestamp::now().as_second());
    let patience = UPLOAD_TIME + Duration::from_secs(length.unwrap_or(0) / UPLOAD_PACE);
    let time = patience.min(Duration::from_secs(u64::try_from(left).unwrap_or(0)));
    // Cancel-safe: what was received has no name yet, and goes.
    tokio::select! {
        biased;
        () = guest.cut.cancelled() => Err(Stranger::nothing().into()),
        done = tokio::time::timeout(time, work) => done.unwrap_or_else(|_| Err(Stranger::nothing().into())),
    }
}

/// Ends the links of those who may no longer share, whenever that may have changed.
pub(crate) async fn end_with_rights(ground: Ground) {
    let mut sharers = ground.sharers.clone();
    while sharers.changed().await {
        let (space, judging) = (ground.space.clone(), sharers.clone());
        let swept = blocking(move || {
            let now = jiff::Timestamp::now().as_second();
            for (key, link, _) in space.records.links()? {
                if link.ended.is_none() && !judging.may_share(link.by)? {
                    end(&space, &key, now)?;
                }
            }
            Ok(())
        });
        if let Err(error) = swept.await {
            tracing::warn!(%error, "links could not be compared with the rights of who made them");
        }
    }
}

/// Marks a link as ended with the right of who made it, durably, and breaks off what is under way by it. Blocks.
fn end(space: &Space, key: &str, now: i64) -> Result<(), Failure> {
    // Broken off even where the disk takes no mark.
    space.links.cut_off(key);
    space.records.change_link(key, |link| link.ended = Some(now))?;
    Ok(())
}

/// Handles a request among the files that the link opens, and remembers it.
pub(super) async fn handle(ground: &Ground, guest: &Arc<Guest>, mut request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let method = request.open.method;
    let below = path::text(request.shown());
    match method {
        Method::Get => {
            let answer = by_method(ground, request, exchange).await?;
            if matches!(answer.status, 200 | 206) {
                let id =
                    answer.headers.iter().find(|(name, _)| name == "oc-fileid").and_then(|(_, id)| id.strip_suffix("croft")?.parse().ok());
                downloaded(ground, guest, below, id.unwrap_or(guest.target)).await?;
            }
            Ok(answer)
        }
        Method::Put => {
            // Known before it comes, so that nobody fills the disk with what was never announced.
            let Some(length) = request.open.length else {
                return Err(Problem::new(411, "length-missing", "The length of the file has to be known before it comes.").into());
            };
            let _reserved = has_room(ground, guest, 1, length).await?;
            // Folders that come along would be counted by nobody, and stay where the file fails.
            request.open.headers.retain(|(name, _)| name != "x-nc-webdav-auto-mkcol");
            let answer = match guest.kind {
                LinkKind::Drop => added(ground, request, exchange).await?,
                _ => by_method(ground, request, exchange).await?,
            };
            let what = if answer.status == 201 { LinkDeed::Added } else { LinkDeed::Replaced };
            note(ground, guest, what, below, move |uses| {
                uses.received += 1;
                uses.received_bytes += length;
                true
            })
            .await?;
            Ok(answer)
        }
        Method::Mkcol | Method::Delete => {
            let made = u64::from(method == Method::Mkcol);
            let what = if made > 0 { LinkDeed::Added } else { LinkDeed::Deleted };
            let _reserved = has_room(ground, guest, made, 0).await?;
            let mut answer = by_method(ground, request, exchange).await?;
            // By this the household brings it back.
            answer.headers.retain(|(name, _)| name != "croft-trash");
            note(ground, guest, what, below, move |uses| {
                uses.received += made;
                true
            })
            .await?;
            Ok(answer)
        }
        Method::Propfind if guest.kind == LinkKind::Drop => {
            request.open.headers.retain(|(name, _)| name != "depth");
            request.open.headers.push(("depth".into(), "0".into()));
            by_method(ground, request, exchange).await
        }
        _ => by_method(ground, request, exchange).await,
    }
}

/// What the page of the link shows of a folder; of a link to a file, that file.
pub(super) async fn page(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    let guest = request.access.guest.clone().ok_or_else(not_found)?;
    let space = ground.space.clone();
    let (shown, page) = blocking(move || {
        let entry = space.entry(&request.path)?;
        let mut page = LinkPage {
            names: request.path[guest.base.len() - 1..].iter().map(ToString::to_string).collect(),
            kind: guest.kind,
            by: guest.by.clone(),
            expires: guest.expires,
            folder: guest.folder,
            entries: Vec::new(),
            more: 0,
            pass: guest.pass.clone(),
        };
        match entry.dir() {
            _ if guest.kind == LinkKind::Drop => {}
            Some(dir) => {
                let mut names: Vec<Name> =
                    dir.list()?.into_iter().filter(|listed| listed.kind != Some(Kind::Other)).map(|listed| listed.name).collect();
                names.sort();
                page.more = names.len().saturating_sub(MAX_ENTRIES);
                // One that is gone meanwhile, or that the system does not let the worker open, is no guest's.
                page.entries = names.iter().take(MAX_ENTRIES).filter_map(|name| Some(of(name, &space.child(dir, name).ok()?))).collect();
                page.entries.sort_by_key(|entry| entry.bytes.is_some());
            }
            None if guest.folder => return Err(not_found().into()),
            None => page.entries.extend(request.path.last().map(|name| of(name, &entry))),
        }
        still_opens(&request.access, &space)?;
        Ok((request, page))
    })
    .await?;
    if let Some(guest) = &shown.access.guest {
        opened(ground, guest, path::text(shown.shown())).await?;
    }
    links::json(200, &page)
}

fn of(name: &Name, entry: &crate::space::Entry) -> LinkEntry {
    let bytes = entry.dir().is_none().then_some(entry.stat.size);
    LinkEntry { name: name.to_string(), bytes, modified: entry.stat.modified_seconds(), etag: entry.etag.clone() }
}

/// Gives a file that comes in a name that nothing has, whatever is there already.
async fn added(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let length = request.open.length;
    let wanted = request.path.last().cloned().ok_or_else(not_found)?;
    let folder = request.path[..request.path.len() - 1].to_vec();
    let judged = Arc::new(Upload::only_new(ground, alike(&request, request.path.clone()))?);
    let accepting = judged.clone();
    let staged = blocking(move || accepting.accept_any(length)).await?;
    let received = super::put::receive((&ground.space, &request.access), staged, length, &judged.expected, exchange);
    let (staged, count, commit) = while_open(&request.access, length, received).await?;
    super::put::whole(length, count, &judged.expected, &commit)?;
    let _naming = ground.space.links.naming.lock().await;
    for attempt in 1..=2 * NUMBERS {
        let number = if attempt <= NUMBERS { attempt } else { by_chance()? };
        let mut path = folder.clone();
        path.push(trash::numbered(&wanted, number));
        let (looking, sought) = (ground.space.clone(), path.clone());
        if blocking(move || is_free(&looking, &sought)).await? {
            let upload = Arc::new(Upload::only_new(ground, alike(&request, path))?);
            let answer = upload.publish(ground, staged, count).await?.answer;
            // What it is called and which it is are the household's.
            return Ok(Answer { changed: answer.changed, ..Answer::empty(201, Vec::new()) });
        }
    }
    Err(super::put::taken().into())
}

/// The same request for `path`, without conditions on what is there: nothing of that is told.
fn alike(request: &Request, path: Vec<Name>) -> Request {
    let kept = ["content-digest", "oc-checksum", "x-oc-mtime"];
    let mut about = request.about(path);
    about.open.headers = request.open.headers.iter().filter(|(name, _)| kept.contains(&name.as_str())).cloned().collect();
    about
}

/// Whether nothing is at `path`, whose folder is there. Blocks.
fn is_free(space: &Space, path: &[Name]) -> Result<bool, Failure> {
    let (name, folder) = path.split_last().ok_or_else(not_found)?;
    match space.folder(folder)?.stat_of(name) {
        Ok(_) => Ok(false),
        Err(error) if error.is_absent() => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// A number that tells nothing of how many are taken.
fn by_chance() -> Result<u32, Failure> {
    u32::from_str_radix(&random::<4>()?, 16).map_err(|_| Failure::Broken("hexadecimal digits are a number"))
}

/// Reserves room for what comes in by the link, until it is counted or has failed.
async fn has_room(ground: &Ground, guest: &Arc<Guest>, entries: u64, bytes: u64) -> Result<Reserved, Failure> {
    // First reserved, then compared with what was counted: whatever comes in beside this is in the one or in the other.
    let reserved = Reserved::new(&ground.space, &guest.key, entries, bytes);
    let (space, key) = (ground.space.clone(), guest.key.clone());
    let (_, uses) = blocking(move || Ok(space.records.link(&key)?)).await?.ok_or_else(Stranger::nothing)?;
    let (coming, coming_bytes) = reserved.in_all();
    let fits = uses.received.saturating_add(coming) <= judge::MAX_RECEIVED;
    if entries == 0 || fits && uses.received_bytes.saturating_add(coming_bytes) <= judge::MAX_RECEIVED_BYTES {
        return Ok(reserved);
    }
    Err(Problem::new(507, "link-full", "As much came in by this link as may.").hint("Ask for another link.").into())
}

/// Counts a download before its first byte goes out. The parts of one file are one download.
pub(super) async fn downloaded(ground: &Ground, guest: &Arc<Guest>, below: String, id: u64) -> Result<(), Failure> {
    let now = jiff::Timestamp::now().as_second();
    let links = &ground.space.links;
    // One after the other, so that two parts that are asked for at once are one download.
    let _counting = links.counting.lock().await;
    if links.is_recent(&guest.key, guest.address, id, now) {
        return Ok(());
    }
    let most = guest.downloads;
    let counted = note(ground, guest, LinkDeed::Downloaded, below, move |uses| {
        uses.downloaded += 1;
        most.is_none_or(|most| uses.downloaded <= most)
    });
    if !counted.await? {
        return Err(Stranger::nothing().into());
    }
    links.remember(&guest.key, guest.address, id, now);
    Ok(())
}

/// Remembers that the page was looked at, once an hour.
async fn opened(ground: &Ground, guest: &Arc<Guest>, below: String) -> Result<(), Failure> {
    let (now, links) = (jiff::Timestamp::now().as_second(), &ground.space.links);
    if links.is_recent(&guest.key, guest.address, 0, now) {
        return Ok(());
    }
    note(ground, guest, LinkDeed::Opened, below, |_| true).await?;
    links.remember(&guest.key, guest.address, 0, now);
    Ok(())
}

/// Remembers, durably, what was done by the link, if `admits` it. False where it does not, or the link is gone.
async fn note(
    ground: &Ground,
    guest: &Arc<Guest>,
    what: LinkDeed,
    name: String,
    admits: impl FnOnce(&mut Uses) -> bool + Send + 'static,
) -> Result<bool, Failure> {
    let one = LinkUse { at: jiff::Timestamp::now().as_second(), address: judge::shortened(guest.address), what, name };
    let (space, key) = (ground.space.clone(), guest.key.clone());
    blocking(move || Ok(space.records.use_link(&key, one, admits)?)).await
}
