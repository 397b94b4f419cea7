//! Counting guesses: each wrong one makes the next wait longer, per account and per address, and nobody is locked out for ever.
//!
//! A guess is counted before it is checked and taken back when it was right, so that many at once gain nothing. Memory is bounded.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use croft_model::Problem;

/// Wrong guesses an account may have before it waits: people mistype.
const FREE_PER_ACCOUNT: u32 = 4;
/// Wrong guesses an address may have before it waits: a household behind one address mistypes more.
const FREE_PER_ADDRESS: u32 = 12;
/// The longest wait. Long enough to make guessing hopeless, short enough that nobody can keep an owner out.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// After this long without a wrong guess the count begins anew.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// Entries of each kind that are remembered; the least guilty are forgotten first.
const MAX_ENTRIES: usize = 4096;

/// The guesses of late.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    accounts: Mutex<HashMap<String, Entry>>,
    addresses: Mutex<HashMap<Neighbourhood, Entry>>,
}

/// What one holder of addresses has: an IPv4 address or an IPv6 /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Neighbourhood(IpAddr);

#[derive(Debug, Clone, Copy)]
struct Entry {
    wrong: u32,
    last: Instant,
    until: Instant,
}

impl Guesses {
    /// Counts a guess at `account` from `address`; refused while either must wait.
    pub(crate) fn admit(&self, account: &str, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Neighbourhood::of(address);
        let wait = waits(&accounts, account, now).max(waits(&addresses, &place, now));
        if !wait.is_zero() {
            return Err(too_many(wait));
        }
        count(&mut accounts, account.to_owned(), FREE_PER_ACCOUNT, now);
        count(&mut addresses, place, FREE_PER_ADDRESS, now);
        Ok(())
    }

    /// Takes back the guess at `account`, which was right. The address keeps all but this one, or an own account would launder guesses.
    pub(crate) fn was_right(&self, account: &str, address: IpAddr) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = addresses.get_mut(&Neighbourhood::of(address)) {
            entry.wrong = entry.wrong.saturating_sub(1);
            entry.until = entry.last;
        }
    }

    /// Counts a wrong app password from `address`; refused, with the wait, when there were too many.
    pub(crate) fn wrong_from(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Neighbourhood::of(address);
        let wait = waits(&addresses, &place, now);
        if !wait.is_zero() {
            return Err(too_many(wait));
        }
        count(&mut addresses, place, FREE_PER_ADDRESS, now);
        Ok(())
    }
}

impl Neighbourhood {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into()),
        }
    }
}

/// How long `key` must wait still.
fn waits<K: Eq + Hash + std::borrow::Borrow<Q>, Q: Eq + Hash + ?Sized>(entries: &HashMap<K, Entry>, key: &Q, now: Instant) -> Duration {
    entries.get(key).map_or(Duration::ZERO, |entry| entry.until.saturating_duration_since(now))
}

fn count<K: Clone + Eq + Hash>(entries: &mut HashMap<K, Entry>, key: K, free: u32, now: Instant) {
    let fresh = |entry: &Entry| now.saturating_duration_since(entry.last) < FORGET;
    if entries.len() >= MAX_ENTRIES && !entries.contains_key(&key) {
        entries.retain(|_, entry| fresh(entry));
        if entries.len() >= MAX_ENTRIES {
            let least = entries.iter().min_by_key(|(_, entry)| (entry.wrong, entry.last)).map(|(key, _)| key.clone());
            least.map(|key| entries.remove(&key));
        }
    }
    let before = entries.get(&key).filter(|entry| fresh(entry)).map_or(0, |entry| entry.wrong);
    let wrong = before.saturating_add(1);
    entries.insert(key, Entry { wrong, last: now, until: now + wait_after(wrong, free) });
}

/// The wait after the `wrong`th wrong guess: none for the free ones, then 1, 2, 4 … 60 seconds.
fn wait_after(wrong: u32, free: u32) -> Duration {
    match wrong.checked_sub(free + 1) {
        None => Duration::ZERO,
        Some(step) => Duration::from_secs(1_u64 << step.min(6)).min(LONGEST_WAIT),
    }
}

/// The refusal with its wait.
pub(crate) fn too_many(wait: Duration) -> Problem {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(429, "too-many-guesses", "There were too many wrong tries.")
        .hint(format!("Wait {seconds} s, then try again."))
        .retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 7));

    fn v6(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn waits_double_up_to_a_minute() {
        let seconds: Vec<u64> = (1..=13).map(|wrong| wait_after(wrong, 4).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(wait_after(u32::MAX, 4), LONGEST_WAIT);
    }

    #[test]
    fn an_account_waits_whoever_guesses_and_never_for_ever() {
        let (guesses, mut now) = (Guesses::default(), Instant::now());
        for guess in 0..50_u32 {
            let from = IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + guess));
            match guesses.admit("ana", from, now) {
                Ok(()) => {}
                Err(problem) => {
                    let wait = problem.retry_after_seconds.unwrap();
                    assert!((1..=60).contains(&wait));
                    now += Duration::from_secs(wait);
                    guesses.admit("ana", from, now).unwrap();
                }
            }
        }
        assert_eq!(guesses.admit("ana", HOME, now).unwrap_err().status, 429);
        guesses.admit("ben", HOME, now).unwrap();
    }

    #[test]
    fn many_at_once_are_counted_before_they_are_checked() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let admitted = (0..20).filter(|_| guesses.admit("ana", HOME, now).is_ok()).count();
        assert_eq!(admitted, 5);
    }

    #[test]
    fn a_right_guess_clears_the_account_and_its_own_count_at_the_address() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..100 {
            guesses.admit("ana", HOME, now).unwrap();
            guesses.was_right("ana", HOME);
        }
        for guess in 0..13 {
            guesses.admit(&format!("name{guess}"), HOME, now).unwrap();
        }
        guesses.admit("ana", HOME, now).unwrap_err();
    }

    #[test]
    fn a_whole_v6_network_is_one_guesser_and_mapped_v4_is_v4() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for guess in 0..13 {
            guesses.wrong_from(v6(&format!("fd00:1:2:3::{guess}")), now).unwrap();
        }
        guesses.wrong_from(v6("fd00:1:2:3:ffff::1"), now).unwrap_err();
        guesses.wrong_from(v6("fd00:1:2:4::1"), now).unwrap();
        assert_eq!(Neighbourhood::of(v6("::ffff:192.168.1.7")), Neighbourhood::of(HOME));
    }

    #[test]
    fn memory_is_bounded_and_the_guiltiest_are_remembered() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..13 {
            guesses.wrong_from(HOME, now).unwrap();
        }
        for network in 0..20_000_u128 {
            guesses.wrong_from(IpAddr::V6(Ipv6Addr::from_bits((0xfd << 120) | (network << 64))), now).unwrap();
        }
        assert_eq!(guesses.addresses.lock().unwrap().len(), MAX_ENTRIES);
        guesses.wrong_from(HOME, now).unwrap_err();
    }
}
