//! Links as those see them who make them.

use std::cmp::Reverse;

use croft_api::{
    bulk::Method,
    wire::links::{LinkRow, LinkState, LinkWish},
};
use croft_files::{Kind, Name};
use croft_model::{LinkKind, LinkToken, Problem, SpaceNumber};
use serde::Serialize;

use super::{Ground, Request, pairs};
use crate::{
    access::{Access, Sharers},
    error::{Failure, not_found},
    exchange::{Answer, Body, Exchange},
    judge::{link as judge, path},
    space::{Guarded, Link, Space, Uses, blocking},
};

/// Uses of each link in a list; a link by itself tells all.
const USES_IN_LIST: usize = 5;
/// Characters of what people call a link.
const MAX_LABEL: usize = 64;
/// Bytes of a link's password.
const MAX_PASSWORD: usize = 256;
/// Seconds ahead at which a link may end: ten years.
const FARTHEST_SECONDS: i64 = 10 * 366 * 24 * 3600;
/// Downloads that a link may allow.
const MOST_DOWNLOADS: u64 = 1_000_000;

/// What a wish says, judged.
struct Change {
    kind: Option<LinkKind>,
    label: Option<String>,
    password: Option<Option<Guarded>>,
    expires: Option<Option<i64>>,
    downloads: Option<Option<u64>>,
}

/// Lists the links to what the path names and below, or makes one to it.
pub(super) async fn at_path(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    request.access.shares()?;
    match request.open.method {
        Method::Get => {
            let (space, sharers) = (ground.space.clone(), ground.sharers.clone());
            blocking(move || {
                let all = space.records.links()?;
                let mine = all.into_iter().filter(|(_, link, _)| may_see(&request.access, link));
                let rows = mine.map(|(key, link, mut uses)| {
                    uses.latest.truncate(USES_IN_LIST);
                    row(&space, &sharers, &key, &link, uses)
                });
                let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
                // What is gone is at the root, with all else.
                let below = |row: &LinkRow| row.path.as_deref().is_none_or(|at| names(at).starts_with(&request.path));
                rows.retain(|row| below(row) && (row.path.is_some() || request.path.is_empty()));
                rows.sort_by_key(|row| Reverse(row.made));
                json(200, &rows)
            })
            .await
        }
        Method::Post => make(ground, request, exchange).await,
        _ => Err(wrong_method()),
    }
}

/// Tells one link, changes or revokes it.
pub(super) async fn by_key(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    request.access.shares()?;
    let [key] = request.path.as_slice() else { return Err(not_found().into()) };
    let (space, key, access) = (ground.space.clone(), key.to_string(), request.access.clone());
    let (looking, sought) = (space.clone(), key.clone());
    let (link, uses) = blocking(move || Ok(looking.records.link(&sought)?)).await?.ok_or_else(not_found)?;
    if !may_see(&access, &link) {
        return Err(not_found().into());
    }
    let (sharers, id) = (ground.sharers.clone(), format!("s{}-{key}", space.number.0));
    match request.open.method {
        Method::Get => blocking(move || json(200, &row(&space, &sharers, &key, &link, uses)?)).await,
        Method::Post => {
            let wish = wish(&request, exchange).await?;
            let change = Change::of(ground, wish).await?;
            change.fits(link.folder)?;
            let answer = blocking(move || {
                let link = space.records.change_link(&key, |link| change.apply(link))?.ok_or_else(not_found)?;
                // Whoever is in by what it was before asks again.
                space.links.cut_off(&key);
                json(200, &row(&space, &sharers, &key, &link, uses)?)
            })
            .await?;
            told(ground, &access, "changed", &id).await;
            Ok(answer)
        }
        Method::Delete => {
            blocking(move || {
                if !space.records.forget_link(&key)? {
                    return Err(not_found().into());
                }
                space.links.cut_off(&key);
                Ok(())
            })
            .await?;
            told(ground, &access, "revoked", &id).await;
            Ok(Answer::empty(204, Vec::new()))
        }
        _ => Err(wrong_method()),
    }
}

async fn make(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    ground.space.guard.judge()?;
    let Some(name) = request.path.last().cloned() else { return Err(whole_space().into()) };
    let wish = wish(&request, exchange).await?;
    let change = Change::of(ground, wish).await?;
    let (space, sharers) = (ground.space.clone(), ground.sharers.clone());
    let access = request.access.clone();
    let row = blocking(move || {
        let entry = space.entry(&request.path)?;
        let (secret, key) = fresh(&space)?;
        let access = &request.access;
        let mut link = Link {
            secret: hex::encode(secret),
            target: entry.stamp.id,
            path: path::text(&request.path),
            folder: entry.stat.kind == Kind::Dir,
            kind: LinkKind::Read,
            label: String::new(),
            by: access.person,
            by_name: access.who.clone(),
            made: jiff::Timestamp::now().as_second(),
            expires: None,
            password: None,
            downloads: None,
            ended: None,
        };
        change.fits(link.folder)?;
        change.apply(&mut link);
        // An id that is not on the disk would be another one after a power cut.
        entry.sync()?;
        if !space.records.add_link(&key, &link)? {
            return Err(Problem::new(409, "too-many-links", "There are as many links of this space as there can be.")
                .hint("Revoke some that nobody needs.")
                .into());
        }
        Ok(LinkRow { name: name.to_string(), ..row(&space, &sharers, &key, &link, Uses::default())? })
    })
    .await?;
    told(ground, &access, "made", &row.id).await;
    json(201, &row)
}

/// Tells the household's activity what somebody did with the link of this id.
async fn told(ground: &Ground, access: &Access, what: &str, id: &str) {
    let sentence = format!("{} {what} a link in {} ({id}).", access.who, access.space);
    ground.tell_activity(&format!("link.{what}"), sentence).await;
}

/// A secret whose key no other link has. Blocks.
fn fresh(space: &Space) -> Result<([u8; 16], String), Failure> {
    loop {
        let secret = croft_api::random::bytes::<16>().map_err(|_| Failure::Broken("the system gave no random bytes"))?;
        let key = judge::key(&secret);
        if space.records.link(&key)?.is_none() {
            return Ok((secret, key));
        }
    }
}

/// Who made a link sees it, and who manages the space.
fn may_see(access: &Access, link: &Link) -> bool {
    access.manages() || link.by == access.person
}

/// A link as it is now. Blocks.
fn row(space: &Space, sharers: &Sharers, key: &str, link: &Link, uses: Uses) -> Result<LinkRow, Failure> {
    let at = space.find(link.target, &link.path)?;
    let state = match judge::state(link, &uses, jiff::Timestamp::now().as_second()) {
        LinkState::Works if !sharers.may_share(link.by)? => LinkState::Ended,
        LinkState::Works if at.is_none() => LinkState::Gone,
        state => state,
    };
    let name = at
        .as_ref()
        .and_then(|at| at.last().cloned())
        .map_or_else(|| link.path.rsplit('/').next().unwrap_or_default().to_owned(), |name| name.to_string());
    Ok(LinkRow {
        id: format!("s{}-{key}", space.number.0),
        token: token(space.number, link)?.expose(),
        path: at.map(|at| path::text(&at)),
        name,
        folder: link.folder,
        file: link.target,
        kind: link.kind,
        label: link.label.clone(),
        by: link.by,
        by_name: link.by_name.clone(),
        made: link.made,
        expires: link.expires,
        password: link.password.is_some(),
        downloads: link.downloads,
        downloaded: uses.downloaded,
        received: uses.received,
        state,
        uses: uses.latest,
    })
}

fn token(space: SpaceNumber, link: &Link) -> Result<LinkToken, Failure> {
    format!("{}-{}", space.0, link.secret).parse().map_err(|_| Failure::Broken("the secret of a link cannot be read"))
}

async fn wish(request: &Request, exchange: &mut Exchange) -> Result<LinkWish, Failure> {
    let body = exchange.document(request.open.length).await?;
    serde_json::from_slice(&body).map_err(|error| Problem::new(400, "body-invalid", format!("The body cannot be read: {error}.")).into())
}

impl Change {
    /// Judges a wish. The password is made into what it is compared with.
    async fn of(ground: &Ground, wish: LinkWish) -> Result<Self, Failure> {
        let wrong = |key: &str, sentence: String| Problem::new(400, "link-malformed", sentence).key(key);
        let label = wish.label.map(|label| label.trim().to_owned());
        if label.as_ref().is_some_and(|label| label.chars().count() > MAX_LABEL || label.chars().any(char::is_control)) {
            return Err(wrong("label", format!("What a link is called has at most {MAX_LABEL} characters on one line.")).into());
        }
        let now = jiff::Timestamp::now().as_second();
        if wish.expires.is_some_and(|at| at != 0 && !(now + 1..=now + FARTHEST_SECONDS).contains(&at)) {
            return Err(wrong("expires", "A link ends in the future, within ten years, or never.".into()).into());
        }
        if wish.downloads.is_some_and(|most| most > MOST_DOWNLOADS) {
            return Err(wrong("downloads", format!("A link allows at most {MOST_DOWNLOADS} downloads, or any number.")).into());
        }
        let password = match wish.password {
            Some(password) if password.len() > MAX_PASSWORD => {
                return Err(wrong("password", format!("The password of a link has at most {MAX_PASSWORD} bytes.")).into());
            }
            Some(password) if !password.is_empty() => {
                let _turn = ground.space.links.turn_to_compare().await?;
                let salt = croft_api::random::bytes().map_err(|_| Failure::Broken("the system gave no random bytes"))?;
                Some(Some(blocking(move || Ok(judge::guarded(&password, salt))).await?))
            }
            given => given.map(|_| None),
        };
        Ok(Self {
            kind: wish.kind,
            label,
            password,
            expires: wish.expires.map(|at| (at != 0).then_some(at)),
            downloads: wish.downloads.map(|most| (most != 0).then_some(most)),
        })
    }

    /// Refuses what the link's target cannot be opened for.
    fn fits(&self, folder: bool) -> Result<(), Problem> {
        if folder || self.kind != Some(LinkKind::Drop) {
            return Ok(());
        }
        Err(Problem::new(400, "link-malformed", "Files can only be added to a folder.").hint("Share the folder.").key("kind"))
    }

    fn apply(self, link: &mut Link) {
        link.kind = self.kind.unwrap_or(link.kind);
        link.label = self.label.unwrap_or_else(|| link.label.clone());
        link.password = self.password.unwrap_or_else(|| link.password.clone());
        link.expires = self.expires.unwrap_or(link.expires);
        link.downloads = self.downloads.unwrap_or(link.downloads);
    }
}

fn names(text: &str) -> Vec<Name> {
    text.split('/').filter_map(|name| Name::new(name).ok()).collect()
}

/// An answer with a JSON document.
pub(super) fn json<T: Serialize + ?Sized>(status: u16, document: &T) -> Result<Answer, Failure> {
    let body = serde_json::to_vec(document).map_err(|_| Failure::Broken("words and numbers are JSON"))?;
    let headers = pairs(&[("content-type", "application/json"), ("cache-control", "no-store")]);
    Ok(Answer { status, headers, body: Body::Bytes(body.into()), changed: Vec::new() })
}

fn wrong_method() -> Failure {
    Problem::new(405, "method-not-allowed", "Links are told, made, changed and revoked.").into()
}

fn whole_space() -> Problem {
    Problem::new(403, "link-to-space", "A whole space is not opened by a link.").hint("Make a folder in it and share that.")
}
