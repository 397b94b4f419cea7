//! SEARCH (RFC 5323): names, types, sizes and times, over all that was last seen of the space; and the favourites in it.
//!
//! The answer is lines for the gateway, which asks each space of a person and merges: the first holds what stands around a multistatus, each
//! other the key by which an entry is sorted, in hexadecimal, and the entry.

mod condition;
mod query;

use std::{collections::BTreeSet, sync::Arc};

use croft_api::bulk::Around;
use serde::Serialize;

use self::{
    condition::Field,
    query::{Among, MAX_FOUND, Search},
};
use super::{Ground, Request, decoded, pairs, propfind};
use crate::{
    error::Failure,
    exchange::{Answer, Body, Exchange},
    space::{Seen, Space, blocking},
};

/// Where in this space a scope lies.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scope {
    path: Vec<String>,
    /// Only what lies in the folder itself.
    flat: bool,
}

/// A found entry.
struct Hit {
    key: Vec<u8>,
    id: u64,
}

pub(super) async fn search(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let search = Search::parse(&exchange.document(request.open.length).await?)?;
    let scopes = scopes(&search.scopes, &request.open.prefix);
    let space = ground.space.clone();
    let _turn = space.turn_to_search().await?;
    let searched = space.clone();
    blocking(move || {
        let marked = match search.among {
            Among::Everything => None,
            Among::Favorites => Some(searched.records.favorites_of(request.access.person)?),
        };
        let nothing = scopes.as_ref().is_some_and(Vec::is_empty) || marked.as_ref().is_some_and(BTreeSet::is_empty);
        let found = if nothing { Vec::new() } else { found(&searched, &search, (scopes.as_deref(), marked))? };
        answer(searched, request, search, found)
    })
    .await
}

/// The entries that are asked for, sorted, and more of them, since some may be gone. Blocks.
fn found(space: &Space, search: &Search, (scopes, marked): (Option<&[Scope]>, Option<BTreeSet<u64>>)) -> Result<Vec<Hit>, Failure> {
    let mut found: Vec<Hit> = Vec::new();
    let sort = |found: &mut Vec<Hit>| {
        found.sort_by(|one, other| one.key.cmp(&other.key));
        found.truncate(search.limit + MAX_FOUND);
    };
    let dated = search.condition.asks_for(Field::Taken) || search.order.iter().any(|(field, _)| *field == Field::Taken);
    let each = if dated { Space::each_seen_dated } else { Space::each_seen };
    each(space, &mut |seen: &Seen<'_>| {
        if marked.as_ref().is_some_and(|marked| !marked.contains(&seen.id)) || search.condition.holds(seen) != Some(true) {
            return Ok(());
        }
        if let Some(scopes) = scopes {
            let Some(path) = space.seen_path(seen.id)? else { return Ok(()) };
            let within = |scope: &Scope| {
                let below = path.iter().zip(&scope.path).filter(|(name, part)| name.as_str() == *part).count() == scope.path.len();
                below && path.len() > scope.path.len() && (!scope.flat || path.len() == scope.path.len() + 1)
            };
            if !scopes.iter().any(within) {
                return Ok(());
            }
        }
        found.push(Hit { key: key(search, seen), id: seen.id });
        if found.len() >= 4 * MAX_FOUND {
            sort(&mut found);
        }
        Ok(())
    })?;
    sort(&mut found);
    Ok(found)
}

/// Bytes by which what is found is sorted; the newest comes first where nothing is named.
fn key(search: &Search, seen: &Seen<'_>) -> Vec<u8> {
    let default = [(Field::Modified, true)];
    let order = if search.order.is_empty() { &default[..] } else { &search.order };
    let mut key = Vec::new();
    for (field, descending) in order {
        // What is not known comes last.
        let Some(part) = field.key(seen) else {
            key.push(u8::MAX);
            continue;
        };
        key.push(0);
        key.extend(part.iter().map(|byte| if *descending { !byte } else { *byte }));
    }
    key
}

/// Where the scopes of a search lie in the space whose addresses begin with `prefix`; `None` where all of it is meant.
fn scopes(asked: &[(Vec<String>, bool)], prefix: &str) -> Option<Vec<Scope>> {
    let here = in_tree(&decoded(prefix).unwrap_or_default()).to_vec();
    let mut scopes = Vec::new();
    for (path, flat) in asked {
        let path = in_tree(path);
        if let Some(inside) = path.strip_prefix(here.as_slice()) {
            if inside.is_empty() && !flat {
                return None;
            }
            scopes.push(Scope { path: inside.to_vec(), flat: *flat });
        } else if here.starts_with(path) && !flat {
            return None;
        }
    }
    if asked.is_empty() { None } else { Some(scopes) }
}

/// The part of an address behind the name of the one whose tree it is.
fn in_tree(path: &[String]) -> &[String] {
    let position = |name: &str| path.iter().position(|part| part == name);
    match (position("files"), position("webdav")) {
        (Some(files), _) if files < 3 => path.get(files + 2..).unwrap_or_default(),
        (_, Some(own)) if own < 3 => &path[own + 1..],
        _ => path,
    }
}

fn answer(space: Arc<Space>, request: Request, search: Search, found: Vec<Hit>) -> Result<Answer, Failure> {
    let mut left = search.limit;
    let around = Around { open: propfind::open(), close: propfind::CLOSE.to_owned(), limit: search.limit };
    let mut entries = propfind::Entries::new(space, request, search.query)?;
    let mut first = Some(line(&around)?);
    let mut found = found.into_iter();
    let pieces = move || {
        if let Some(first) = first.take() {
            return Ok(Some(first));
        }
        while left > 0
            && let Some(Hit { key, id }) = found.next()
        {
            // What is gone since it was last seen is passed over; another takes its place.
            if let Some(entry) = entries.of(id)? {
                left -= 1;
                return line(&(hex::encode(key), entry)).map(Some);
            }
        }
        Ok(None)
    };
    let headers = pairs(&[("content-type", "application/x-ndjson"), ("cache-control", "no-store")]);
    Ok(Answer { status: 200, headers, body: Body::Pieces(Box::new(pieces)), changed: Vec::new() })
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut line = serde_json::to_vec(value).map_err(|_| Failure::Broken("texts are JSON"))?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        decoded(text).unwrap()
    }

    #[test]
    fn a_scope_lies_in_a_space_or_around_it_or_elsewhere() {
        let check = |scope: &str, prefix: &str, expected: Option<&[&str]>| {
            let found = scopes(&[(path(scope), false)], prefix);
            let expected =
                expected.map(|paths| paths.iter().map(|path| Scope { path: decoded(path).unwrap(), flat: false }).collect::<Vec<_>>());
            assert_eq!(found, expected, "{scope} in {prefix}");
        };
        let (own, shared) = ("/remote.php/dav/files/ana", "/remote.php/dav/files/ana/Our%20house");
        for everything in ["/files/ana", "/files/ana/", "/remote.php/dav/files/ana/", ""] {
            check(everything, own, None);
            check(everything, shared, None);
        }
        check("/files/ana/a/b", own, Some(&["a/b"]));
        check("/files/ana/a/b", shared, Some(&[]));
        check("/files/ana/Our%20house", shared, None);
        check("/files/ana/Our%20house/x", shared, Some(&["x"]));
        check("/remote.php/webdav/a", "/remote.php/webdav", Some(&["a"]));
        assert_eq!(scopes(&[], own), None);
        assert_eq!(scopes(&[(path("/files/ana"), true)], own), Some(vec![Scope { path: Vec::new(), flat: true }]));
        assert_eq!(scopes(&[(path("/files/ana"), true)], shared), Some(Vec::new()));
    }
}
