//! Browsers that are signed in: opaque tokens, of which only the hash is kept.

use std::collections::BTreeMap;

use croft_model::{Person, PersonId, SessionId};
use croft_store::{Order, Read, Write};
use jiff::Timestamp;

use crate::{
    error::IdentityError,
    records::{SESSIONS, SessionRecord, next_number},
    secrets::{self, Hash, Kind},
};

/// Seconds after which a browser signs in again in any case: 90 days.
pub(crate) const ABSOLUTE_SECONDS: i64 = 90 * DAY_SECONDS;
/// How exactly the last use is kept, in seconds: a write an hour and session, not one a request.
const USE_SECONDS: i64 = 60 * 60;
/// Browsers of one person; the least used one makes room.
const MAX_PER_PERSON: usize = 64;
/// Sessions that a listing walks over: more than all people of a household can have.
const MAX_WALK: usize = 65_536;
/// What is kept of what a browser calls itself, in characters.
const MAX_AGENT: usize = 256;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Where a session is opened from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// What the browser calls itself.
    pub(crate) agent: String,
    /// Its address.
    pub(crate) address: String,
}

/// A session that was opened just now, with the one copy of its token.
pub(crate) struct Opened {
    pub(crate) id: SessionId,
    pub(crate) token: String,
}

/// Opens a session of `person`.
pub(crate) fn open(write: &mut Write, person: PersonId, origin: &Origin, now: Timestamp) -> Result<Opened, IdentityError> {
    let mut own = of(&write.range(&SESSIONS, .., Order::Ascending, MAX_WALK)?, person);
    own.sort_by_key(|(_, session)| session.last_used);
    for (hash, _) in own.iter().take((own.len() + 1).saturating_sub(MAX_PER_PERSON)) {
        write.remove(&SESSIONS, hash)?;
    }
    let (token, number) = (secrets::token()?, next_number(write)?);
    let agent = origin.agent.chars().filter(|c| !c.is_control()).take(MAX_AGENT).collect();
    let record = SessionRecord { number, person, agent, address: origin.address.clone(), created: now, last_used: now };
    write.put(&SESSIONS, &Kind::Session.hash(token.as_bytes()), &record)?;
    Ok(Opened { id: SessionId::from_number(number), token })
}

/// The session of a token, if it is alive.
pub(crate) fn find(read: &Read, token: &str, idle_days: u16, now: Timestamp) -> Result<Option<(Hash, SessionRecord)>, IdentityError> {
    let hash = Kind::Session.hash(token.as_bytes());
    let found = read.get(&SESSIONS, &hash)?;
    Ok(found.filter(|session| now < expires(session, idle_days)).map(|session| (hash, session)))
}

/// When a session ends unless it is used again.
pub(crate) fn expires(session: &SessionRecord, idle_days: u16) -> Timestamp {
    let idle = session.last_used.as_second() + i64::from(idle_days) * DAY_SECONDS;
    let absolute = session.created.as_second() + ABSOLUTE_SECONDS;
    Timestamp::from_second(idle.min(absolute)).unwrap_or(session.last_used)
}

/// Whether a use at `now` is worth writing down.
pub(crate) fn use_is_news(last: Timestamp, now: Timestamp) -> bool {
    (now.as_second() - last.as_second()).abs() >= USE_SECONDS
}

/// Writes down that a session was used.
pub(crate) fn used(write: &mut Write, hash: &Hash, now: Timestamp) -> Result<(), IdentityError> {
    if let Some(mut session) = write.get(&SESSIONS, hash)? {
        session.last_used = now;
        write.put(&SESSIONS, hash, &session)?;
    }
    Ok(())
}

/// The sessions of `person`, alive ones, the last used first.
pub(crate) fn list(read: &Read, person: PersonId, idle_days: u16, now: Timestamp) -> Result<Vec<SessionRecord>, IdentityError> {
    let mut own: Vec<SessionRecord> = of(&read.range(&SESSIONS, .., Order::Ascending, MAX_WALK)?, person)
        .into_iter()
        .map(|(_, session)| session)
        .filter(|session| now < expires(session, idle_days))
        .collect();
    own.sort_by_key(|session| std::cmp::Reverse((session.last_used, session.number)));
    Ok(own)
}

/// Ends the session `id` of `person`; says whether there was one.
pub(crate) fn revoke(write: &mut Write, person: PersonId, id: SessionId) -> Result<bool, IdentityError> {
    let own = of(&write.range(&SESSIONS, .., Order::Ascending, MAX_WALK)?, person);
    match own.into_iter().find(|(_, session)| session.number == id.number()) {
        Some((hash, _)) => Ok(write.remove(&SESSIONS, &hash)?),
        None => Ok(false),
    }
}

/// Ends every session of `person`.
pub(crate) fn revoke_all(write: &mut Write, person: PersonId) -> Result<(), IdentityError> {
    for (hash, _) in of(&write.range(&SESSIONS, .., Order::Ascending, MAX_WALK)?, person) {
        write.remove(&SESSIONS, &hash)?;
    }
    Ok(())
}

/// Ends the sessions of everybody but `people`.
pub(crate) fn keep_only(write: &mut Write, people: &BTreeMap<PersonId, Person>) -> Result<(), IdentityError> {
    for (hash, session) in write.range(&SESSIONS, .., Order::Ascending, MAX_WALK)? {
        if !people.contains_key(&session.person) {
            write.remove(&SESSIONS, &hash)?;
        }
    }
    Ok(())
}

/// Removes sessions whose time is over.
pub(crate) fn sweep(write: &mut Write, idle_days: u16, now: Timestamp) -> Result<(), IdentityError> {
    for (hash, session) in write.range(&SESSIONS, .., Order::Ascending, MAX_WALK)? {
        if now >= expires(&session, idle_days) {
            write.remove(&SESSIONS, &hash)?;
        }
    }
    Ok(())
}

fn of(all: &[(Hash, SessionRecord)], person: PersonId) -> Vec<(Hash, SessionRecord)> {
    all.iter().filter(|(_, session)| session.person == person).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_unused_and_in_any_case() {
        let day = |day: i64| Timestamp::from_second(day * DAY_SECONDS).unwrap();
        for (last_used, idle_days, expected) in [(0, 30, 30), (10, 30, 40), (80, 30, 90), (0, 90, 90), (5, 1, 6)] {
            let session = SessionRecord {
                number: 1,
                person: PersonId::from_number(1),
                agent: String::new(),
                address: String::new(),
                created: day(0),
                last_used: day(last_used),
            };
            assert_eq!(expires(&session, idle_days), day(expected));
        }
    }
}
