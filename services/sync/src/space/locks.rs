//! Locks that clients hold on entries (RFC 4918, section 6). In memory: they end with the worker, which does not end by itself while there are any.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use croft_files::Name;
use croft_model::{PersonId, Problem};

/// Locks of a space. Clients hold one for each file that is open for writing.
const MAX_LOCKS: usize = 1000;
/// Locks of one person in it.
const MAX_OWN: usize = 200;
/// The longest that a lock lasts without being refreshed: a client that is gone must not keep others out for long.
pub(crate) const LONGEST: Duration = Duration::from_secs(600);

/// Whether others may hold a lock beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    Exclusive,
    Shared,
}

/// How far a lock on a folder goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The folder with its list of names.
    Itself,
    /// All below it, too.
    All,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lock {
    /// Its URI.
    pub(crate) token: String,
    pub(crate) path: Vec<Name>,
    pub(crate) sharing: Sharing,
    pub(crate) reach: Reach,
    /// What the client says of who holds it, as XML.
    pub(crate) owner: String,
    pub(crate) holder: PersonId,
    pub(crate) lasts: Duration,
    expires: Instant,
}

/// A change that a request is about to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch<'a> {
    /// The content or the properties of an entry.
    Content(&'a [Name]),
    /// An entry comes, goes or is replaced, with all below it.
    Entry(&'a [Name]),
}

/// All locks of a space.
#[derive(Debug, Default)]
pub(crate) struct Locks(Mutex<Vec<Lock>>);

impl Locks {
    /// Takes a lock that does not stand against another.
    pub(crate) fn take(&self, mut lock: Lock) -> Result<Lock, Problem> {
        let mut locks = self.current();
        let alone = |other: &Lock| lock.sharing == Sharing::Exclusive || other.sharing == Sharing::Exclusive;
        let meets = |other: &Lock| other.covers(&lock.path) || (lock.reach == Reach::All && other.path.starts_with(&lock.path));
        if locks.iter().any(|other| alone(other) && meets(other)) {
            return Err(locked());
        }
        let own = locks.iter().filter(|other| other.holder == lock.holder).count();
        if locks.len() >= MAX_LOCKS || own >= MAX_OWN {
            return Err(Problem::new(
                503,
                "too-many-locks",
                format!("A space has at most {MAX_LOCKS} locks, and {MAX_OWN} of one person."),
            )
            .hint("Close some of the open files.")
            .retry_after(60));
        }
        lock.expires = Instant::now() + lock.lasts;
        locks.push(lock.clone());
        Ok(lock)
    }

    /// Lets the lock `token`, which covers `path`, last from now on.
    pub(crate) fn refresh(&self, token: &str, path: &[Name], holder: PersonId, lasts: Option<Duration>) -> Result<Lock, Problem> {
        let mut locks = self.current();
        let lock = locks.iter_mut().find(|lock| lock.token == token && lock.holder == holder && lock.covers(path));
        let lock = lock.ok_or_else(|| Problem::new(412, "lock-unknown", "There is no such lock any more.").hint("Lock it again."))?;
        lock.lasts = lasts.unwrap_or(lock.lasts);
        lock.expires = Instant::now() + lock.lasts;
        Ok(lock.clone())
    }

    /// Gives up the lock `token`, which covers `path`, if it is `holder`'s; with none, whosever it is.
    pub(crate) fn release(&self, token: &str, path: &[Name], holder: Option<PersonId>) -> Result<(), Problem> {
        let mut locks = self.current();
        let index = locks.iter().position(|lock| lock.token == token && lock.covers(path)).ok_or_else(|| {
            Problem::new(409, "lock-unknown", "This is not locked by such a lock.").hint("It may have ended by itself.").key("Lock-Token")
        })?;
        if holder.is_some_and(|holder| locks[index].holder != holder) {
            return Err(Problem::new(403, "lock-of-another", "Somebody else holds this lock.")
                .hint("Wait until it ends, or ask somebody who manages the space."));
        }
        locks.remove(index);
        Ok(())
    }

    /// The locks that cover `path`.
    pub(crate) fn on(&self, path: &[Name]) -> Vec<Lock> {
        self.current().iter().filter(|lock| lock.covers(path)).cloned().collect()
    }

    /// Refuses a change that a lock forbids whose token `holder` did not send along.
    pub(crate) fn judge(&self, touches: &[Touch<'_>], tokens: &[&str], holder: PersonId) -> Result<(), Problem> {
        let locks = self.current();
        let opened = |lock: &Lock| lock.holder == holder && tokens.contains(&lock.token.as_str());
        // One of several shared locks on the same entry is enough.
        let beside = |lock: &Lock, other: &Lock| other.sharing == Sharing::Shared && other.path == lock.path && opened(other);
        let shut = |lock: &Lock| !opened(lock) && (lock.sharing == Sharing::Exclusive || !locks.iter().any(|other| beside(lock, other)));
        let hits = |lock: &Lock| touches.iter().any(|touch| touch.meets(lock));
        if locks.iter().any(|lock| hits(lock) && shut(lock)) { Err(locked()) } else { Ok(()) }
    }

    /// Ends the locks on `path` and below: what they were on is gone.
    pub(crate) fn forget(&self, path: &[Name]) {
        self.current().retain(|lock| !lock.path.starts_with(path));
    }

    /// Ends the locks below `path`. One on it is of whatever has this name (RFC 4918, section 7.6).
    pub(crate) fn forget_below(&self, path: &[Name]) {
        self.current().retain(|lock| lock.path == path || !lock.path.starts_with(path));
    }

    /// Whether there are any.
    pub(crate) fn any(&self) -> bool {
        !self.current().is_empty()
    }

    /// Those that have not expired.
    fn current(&self) -> MutexGuard<'_, Vec<Lock>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        locks.retain(|lock| lock.expires > now);
        locks
    }
}

impl Lock {
    /// A lock that is yet to be taken.
    pub(crate) fn new(
        path: Vec<Name>,
        sharing: Sharing,
        reach: Reach,
        owner: String,
        holder: PersonId,
        lasts: Duration,
    ) -> Result<Self, Problem> {
        let bytes: [u8; 16] = croft_api::random::bytes().map_err(|error| croft_api::problem::internal(&error))?;
        let token = format!("urn:uuid:{}", uuid(bytes));
        Ok(Self { token, path, sharing, reach, owner, holder, lasts, expires: Instant::now() })
    }

    fn covers(&self, path: &[Name]) -> bool {
        self.path == path || (self.reach == Reach::All && path.starts_with(&self.path))
    }
}

impl Touch<'_> {
    fn meets(self, lock: &Lock) -> bool {
        match self {
            Self::Content(path) => lock.covers(path),
            Self::Entry(path) => {
                let parent = path.split_last().map(|(_, parent)| parent);
                lock.covers(path) || lock.path.starts_with(path) || parent.is_some_and(|parent| lock.covers(parent))
            }
        }
    }
}

/// Random bytes as a UUID of version 4 (RFC 9562).
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

fn locked() -> Problem {
    Problem::new(423, "locked", "Somebody is working on this and has locked it.")
        .hint("Try again when it is closed there. A lock that nobody refreshes ends after ten minutes.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: PersonId = PersonId::from_number(1);
    const BEN: PersonId = PersonId::from_number(2);

    fn path(text: &str) -> Vec<Name> {
        text.split('/').filter(|part| !part.is_empty()).map(|part| Name::new(part).unwrap()).collect()
    }

    fn lock(text: &str, sharing: Sharing, reach: Reach) -> Lock {
        Lock::new(path(text), sharing, reach, String::new(), ANA, LONGEST).unwrap()
    }

    #[test]
    fn locks_that_meet_are_only_taken_when_both_are_shared() {
        use Reach::{All, Itself};
        use Sharing::{Exclusive, Shared};
        let check =
            |(held, sharing, reach): (&str, Sharing, Reach), (wanted, wanted_sharing, wanted_reach): (&str, Sharing, Reach), expected| {
                let locks = Locks::default();
                locks.take(lock(held, sharing, reach)).unwrap();
                assert_eq!(locks.take(lock(wanted, wanted_sharing, wanted_reach)).is_ok(), expected, "{held} then {wanted}");
            };
        check(("a", Exclusive, Itself), ("a", Exclusive, Itself), false);
        check(("a", Exclusive, Itself), ("a", Shared, Itself), false);
        check(("a", Shared, Itself), ("a", Exclusive, Itself), false);
        check(("a", Shared, Itself), ("a", Shared, Itself), true);
        check(("a", Exclusive, Itself), ("a/b", Exclusive, Itself), true);
        check(("a", Exclusive, All), ("a/b/c", Exclusive, Itself), false);
        check(("a/b", Exclusive, Itself), ("a", Exclusive, All), false);
        check(("a/b", Exclusive, Itself), ("a", Exclusive, Itself), true);
        check(("a", Exclusive, All), ("ab", Exclusive, Itself), true);
    }

    #[test]
    fn a_change_needs_the_tokens_of_all_locks_that_it_touches() {
        let locks = Locks::default();
        let file = locks.take(lock("a/b", Sharing::Exclusive, Reach::Itself)).unwrap().token;
        let folder = locks.take(lock("c", Sharing::Exclusive, Reach::Itself)).unwrap().token;
        let tree = locks.take(lock("d", Sharing::Shared, Reach::All)).unwrap().token;
        let check = |touch: Touch<'_>, tokens: &[&str], who, expected| {
            assert_eq!(locks.judge(&[touch], tokens, who).is_ok(), expected, "{touch:?} with {tokens:?}");
        };
        check(Touch::Content(&path("a/b")), &[], ANA, false);
        check(Touch::Content(&path("a/b")), &[&file], ANA, true);
        check(Touch::Content(&path("a/b")), &[&file], BEN, false);
        check(Touch::Content(&path("a/x")), &[], BEN, true);
        check(Touch::Entry(&path("a")), &[], ANA, false);
        check(Touch::Entry(&path("a")), &[&file], ANA, true);
        check(Touch::Entry(&path("c/new")), &[], ANA, false);
        check(Touch::Entry(&path("c/new")), &[&folder], ANA, true);
        check(Touch::Content(&path("c/old")), &[], ANA, true);
        check(Touch::Content(&path("d/e/f")), &[&folder], ANA, false);
        check(Touch::Content(&path("d/e/f")), &[&tree], ANA, true);
        locks.forget(&path("d"));
        check(Touch::Content(&path("d/e/f")), &[], BEN, true);
    }

    #[test]
    fn a_lock_is_given_up_by_its_holder_and_ends_by_itself() {
        let locks = Locks::default();
        let token = locks.take(lock("a", Sharing::Exclusive, Reach::All)).unwrap().token;
        assert_eq!(locks.release(&token, &path("b"), Some(ANA)).unwrap_err().status, 409);
        assert_eq!(locks.release(&token, &path("a"), Some(BEN)).unwrap_err().status, 403);
        assert_eq!(locks.refresh(&token, &path("a"), BEN, None).unwrap_err().status, 412);
        assert_eq!(locks.refresh(&token, &path("a/x"), ANA, Some(Duration::from_secs(5))).unwrap().lasts, Duration::from_secs(5));
        assert!(locks.any());
        locks.release(&token, &path("a"), None).unwrap();
        assert!(!locks.any());
        let mut short = lock("a", Sharing::Exclusive, Reach::All);
        short.lasts = Duration::ZERO;
        locks.take(short).unwrap();
        assert!(!locks.any());
    }

    #[test]
    fn one_person_does_not_take_all_locks() {
        let locks = Locks::default();
        for number in 0..MAX_OWN {
            locks.take(lock(&number.to_string(), Sharing::Exclusive, Reach::Itself)).unwrap();
        }
        assert_eq!(locks.take(lock("one more", Sharing::Exclusive, Reach::Itself)).unwrap_err().code, "too-many-locks");
        let other = Lock { holder: BEN, ..lock("one more", Sharing::Exclusive, Reach::Itself) };
        assert!(locks.take(other).is_ok());
        locks.forget_below(&path("5"));
        assert!(locks.take(lock("5", Sharing::Exclusive, Reach::Itself)).is_err());
    }

    #[test]
    fn tokens_are_uuids() {
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
    }
}
