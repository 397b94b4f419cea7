//! Links that opened nothing, counted as guesses of the address that tried them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use croft_api::address::holder;

/// Tries that open nothing, of one address in [`SECONDS`]: somebody with a few old links, and no chance against 128 bits.
const MOST: u32 = 30;
/// Seconds after which they are forgotten.
const SECONDS: i64 = 600;
/// Addresses that are known of; past this the oldest tries make room.
const ADDRESSES: usize = 4096;

/// What was tried.
#[derive(Debug, Default)]
pub(super) struct Misses(Mutex<HashMap<IpAddr, Tried>>);

#[derive(Debug)]
struct Tried {
    since: i64,
    count: u32,
}

impl Misses {
    /// Seconds until `client` may try again; none where it may now.
    pub(super) fn must_wait(&self, client: IpAddr, now: i64) -> Option<u64> {
        let known = self.lock();
        let tried = known.get(&holder(client)).filter(|tried| tried.count >= MOST)?;
        u64::try_from(tried.since + SECONDS - now).ok().filter(|left| (1..=SECONDS.unsigned_abs()).contains(left))
    }

    /// Counts one that opened nothing.
    pub(super) fn count(&self, client: IpAddr, now: i64) {
        let mut known = self.lock();
        let holder = holder(client);
        let fresh = |tried: &Tried| (0..SECONDS).contains(&(now - tried.since));
        if known.len() >= ADDRESSES && !known.contains_key(&holder) {
            known.retain(|_, tried| fresh(tried));
            let oldest = known.iter().min_by_key(|(_, tried)| tried.since).map(|(address, _)| *address);
            if let Some(oldest) = oldest.filter(|_| known.len() >= ADDRESSES) {
                known.remove(&oldest);
            }
        }
        let tried = known.entry(holder).or_insert(Tried { since: now, count: 0 });
        if !fresh(tried) {
            *tried = Tried { since: now, count: 0 };
        }
        tried.count += 1;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Tried>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_waits_and_nobody_else_does() {
        let misses = Misses::default();
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..MOST {
            assert_eq!(misses.must_wait(one, 1000), None);
            misses.count(one, 1000);
        }
        assert_eq!((misses.must_wait(one, 1100), misses.must_wait(other, 1100)), (Some(500), None));
        assert_eq!(misses.must_wait(one, 1600), None);
        misses.count(one, 1600);
        assert_eq!(misses.must_wait(one, 1600), None, "it begins anew");
        for number in 0..2 * u32::try_from(ADDRESSES).unwrap() {
            misses.count(std::net::Ipv4Addr::from_bits(number).into(), 2000);
        }
        assert_eq!(misses.lock().len(), ADDRESSES);
    }
}
