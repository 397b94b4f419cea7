//! What is known of links while the worker runs: who is using them, who was counted, who guessed.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use croft_api::address::holder;
use croft_files::Name;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::Space;
use crate::{error::Failure, judge::link::MAX_RECEIVED_BYTES};

/// Requests by links under way in a space: a third of the worker's pipes, so that the household always has the rest.
const PLACES: usize = 16;
/// Seconds in which the parts of one file that one address reads are one download, and a page that it opens again is opened once.
const ONE_USE_SECONDS: i64 = 3600;
/// Uses that are known of; more are counted once more than they should be.
const MAX_RECENT: usize = 4096;
/// Wrong passwords that one address may show for one link in [`GUESSES_SECONDS`].
const GUESSES: u32 = 10;
/// The same of all addresses together.
const GUESSES_IN_ALL: u32 = 100;
/// Seconds after which wrong passwords are forgotten.
const GUESSES_SECONDS: i64 = 900;
/// Links and addresses that guesses are known of.
const MAX_GUESSERS: usize = 4096;

/// One use: the key of the link, the address, and the id of the file; 0 for the page.
type Use = (String, IpAddr, u64);

/// Links in use.
#[derive(Debug)]
pub(crate) struct Links {
    /// What ends the requests of a link, by its key.
    cuts: Mutex<HashMap<String, CancellationToken>>,
    recent: Mutex<HashMap<Use, i64>>,
    guesses: Mutex<HashMap<(String, Option<IpAddr>), Guesses>>,
    places: Arc<Semaphore>,
    /// One password is compared at a time: it takes a core while it lasts.
    comparing: Semaphore,
    /// Held while a file that came by a link gets its name, so that no two get the same one.
    pub(crate) naming: tokio::sync::Mutex<()>,
    /// Held while a download is counted.
    pub(crate) counting: tokio::sync::Mutex<()>,
    /// Entries and bytes that are coming in by each link and are not counted yet.
    coming: Mutex<HashMap<String, (u64, u64)>>,
}

/// Room for what comes in by a link, reserved as long as this lives.
#[derive(Debug)]
pub(crate) struct Reserved {
    space: Arc<Space>,
    key: String,
    entries: u64,
    bytes: u64,
}

impl Reserved {
    pub(crate) fn new(space: &Arc<Space>, key: &str, entries: u64, bytes: u64) -> Self {
        // What is more than all that may come in is refused as well.
        let bytes = bytes.min(MAX_RECEIVED_BYTES + 1);
        let mut coming = lock(&space.links.coming);
        let of_link = coming.entry(key.to_owned()).or_default();
        *of_link = (of_link.0 + entries, of_link.1 + bytes);
        drop(coming);
        Self { space: space.clone(), key: key.to_owned(), entries, bytes }
    }

    /// Entries and bytes that are reserved for the link, this among them.
    pub(crate) fn in_all(&self) -> (u64, u64) {
        lock(&self.space.links.coming).get(&self.key).copied().unwrap_or_default()
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut coming = lock(&self.space.links.coming);
        let Some(of_link) = coming.get_mut(&self.key) else { return };
        *of_link = (of_link.0 - self.entries, of_link.1 - self.bytes);
        if *of_link == (0, 0) {
            coming.remove(&self.key);
        }
    }
}

#[derive(Debug)]
struct Guesses {
    since: i64,
    count: u32,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            cuts: Mutex::default(),
            recent: Mutex::default(),
            guesses: Mutex::default(),
            places: Arc::new(Semaphore::new(PLACES)),
            comparing: Semaphore::new(1),
            naming: tokio::sync::Mutex::default(),
            counting: tokio::sync::Mutex::default(),
            coming: Mutex::default(),
        }
    }
}

impl Links {
    /// A place for a request by a link, if there is one left.
    pub(crate) fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// What ends when the link `key` is revoked or changed.
    pub(crate) fn cut(&self, key: &str) -> CancellationToken {
        lock(&self.cuts).entry(key.to_owned()).or_default().clone()
    }

    /// Ends all that is under way by the link `key`.
    pub(crate) fn cut_off(&self, key: &str) {
        if let Some(cut) = lock(&self.cuts).remove(key) {
            cut.cancel();
        }
    }

    /// Whether `address` used the file `id` by the link within the hour before `now`.
    pub(crate) fn is_recent(&self, key: &str, address: IpAddr, id: u64, now: i64) -> bool {
        let at = lock(&self.recent).get(&(key.to_owned(), holder(address), id)).copied();
        at.is_some_and(|at| (0..ONE_USE_SECONDS).contains(&(now - at)))
    }

    /// Whether `address` used any file by the link within the hour before `now`.
    pub(crate) fn is_guest(&self, key: &str, address: IpAddr, now: i64) -> bool {
        let address = holder(address);
        let fresh = |at: &i64| (0..ONE_USE_SECONDS).contains(&(now - at));
        lock(&self.recent).iter().any(|((known, by, id), at)| known == key && *by == address && *id != 0 && fresh(at))
    }

    /// Remembers that it did.
    pub(crate) fn remember(&self, key: &str, address: IpAddr, id: u64, now: i64) {
        let mut recent = lock(&self.recent);
        if recent.len() >= MAX_RECENT {
            recent.retain(|_, at| (0..ONE_USE_SECONDS).contains(&(now - *at)));
        }
        if recent.len() < MAX_RECENT {
            recent.insert((key.to_owned(), holder(address), id), now);
        }
    }

    /// Seconds until `address` may show a password for the link again; none where it may now.
    pub(crate) fn must_wait(&self, key: &str, address: IpAddr, now: i64) -> Option<u64> {
        let guesses = lock(&self.guesses);
        let waits = |by: Option<IpAddr>, most: u32| {
            let known = guesses.get(&(key.to_owned(), by)).filter(|known| known.count >= most)?;
            u64::try_from(known.since + GUESSES_SECONDS - now).ok().filter(|left| (1..=GUESSES_SECONDS.unsigned_abs()).contains(left))
        };
        waits(Some(holder(address)), GUESSES).max(waits(None, GUESSES_IN_ALL))
    }

    /// Counts a wrong password.
    pub(crate) fn guessed(&self, key: &str, address: IpAddr, now: i64) {
        let mut guesses = lock(&self.guesses);
        if guesses.len() >= MAX_GUESSERS {
            guesses.retain(|_, known| (0..GUESSES_SECONDS).contains(&(now - known.since)));
        }
        for by in [Some(holder(address)), None] {
            let slot = (key.to_owned(), by);
            if !guesses.contains_key(&slot) && guesses.len() >= MAX_GUESSERS {
                continue;
            }
            let known = guesses.entry(slot).or_insert(Guesses { since: now, count: 0 });
            if !(0..GUESSES_SECONDS).contains(&(now - known.since)) {
                *known = Guesses { since: now, count: 0 };
            }
            known.count += 1;
        }
    }

    /// The turn to compare a password.
    pub(crate) async fn turn_to_compare(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.comparing.acquire().await.map_err(|_| Failure::Broken("the worker ends"))
    }
}

impl Space {
    /// Where the entry `id` is, which was last seen at `path`; `None` when it is nowhere. Blocks.
    pub(crate) fn find(&self, id: u64, path: &str) -> Result<Option<Vec<Name>>, Failure> {
        let seen: Option<Vec<Name>> = path.split('/').map(|name| Name::new(name).ok()).collect();
        if let Some(seen) = seen
            && self.entry(&seen).is_ok_and(|entry| entry.stamp.id == id)
        {
            return Ok(Some(seen));
        }
        self.path_of(id)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_of_one_address_do_not_keep_out_another_until_there_are_many() {
        let links = Links::default();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..GUESSES {
            assert_eq!(links.must_wait("k", one, 1000), None);
            links.guessed("k", one, 1000);
        }
        assert_eq!(links.must_wait("k", one, 1010), Some(890));
        assert_eq!((links.must_wait("k", other, 1010), links.must_wait("l", one, 1010)), (None, None));
        assert_eq!(links.must_wait("k", one, 1000 + GUESSES_SECONDS), None);
        for number in 0..GUESSES_IN_ALL {
            links.guessed("k", address(&format!("198.51.{}.{}", number / 200, number % 200)), 1020);
        }
        assert_eq!(links.must_wait("k", other, 1020), Some(880), "many guess together");
        assert_eq!(links.must_wait("k", other, 2000), None);
    }

    #[test]
    fn one_address_and_one_file_are_one_use_for_an_hour() {
        let links = Links::default();
        let (one, neighbour) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        assert!(!links.is_recent("k", one, 7, 1000) && !links.is_guest("k", one, 1000));
        links.remember("k", one, 7, 1000);
        assert!(links.is_recent("k", neighbour, 7, 1000 + ONE_USE_SECONDS - 1) && links.is_guest("k", neighbour, 1001));
        assert!(!links.is_recent("k", one, 8, 1000) && !links.is_recent("l", one, 7, 1000));
        assert!(!links.is_recent("k", one, 7, 1000 + ONE_USE_SECONDS) && !links.is_recent("k", one, 7, 999));
    }

    #[test]
    fn what_is_revoked_ends_what_is_under_way() {
        let links = Links::default();
        let cut = links.cut("k");
        links.cut_off("l");
        assert!(!cut.is_cancelled());
        links.cut_off("k");
        assert!(cut.is_cancelled() && !links.cut("k").is_cancelled());
    }
}
