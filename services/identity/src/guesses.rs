//! Counting guesses: each wrong one makes the next of its address wait longer, and nobody else's.
//!
//! A guess is counted before it is checked and taken back when it was right, so that many at once gain nothing. Memory is bounded.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use croft_api::address::holder;
use croft_model::Problem;

/// Wrong guesses at one account that an address may have before it waits: people mistype.
const FREE_PER_ACCOUNT: u32 = 4;
/// Wrong guesses that an address may have before it waits: a household behind one address mistypes more.
const FREE_PER_ADDRESS: u32 = 12;
/// Wrong guesses at one account that all addresses together may have before those wait that were never right there. It takes hundreds of
/// addresses, and keeps them from guessing fast for ever.
const FREE_FROM_EVERYWHERE: u32 = 1000;
/// Wrong guesses at the pairing code that an address may have before it has one in [`LONGEST_WAIT`].
pub(crate) const FREE_AT_PAIRING: u32 = 5;
/// The longest wait. Long enough to make guessing hopeless, and short for somebody who mistyped.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// After this long without a wrong guess the count begins anew.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// Entries of each kind that are remembered; the least guilty are forgotten first.
const MAX_ENTRIES: usize = 4096;

/// The guesses of late.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<Counts>);

/// A guess that was counted, to be taken back when it was right.
#[derive(Debug)]
pub(crate) struct Counted {
    account: String,
    holder: IpAddr,
    /// What the address had with it.
    entry: Entry,
}

/// Addresses are those of [`holder`].
#[derive(Debug, Default)]
struct Counts {
    /// Of an address at an account: a stranger who guesses elsewhere makes nobody wait here.
    pairs: HashMap<(String, IpAddr), Entry>,
    accounts: HashMap<String, Entry>,
    addresses: HashMap<IpAddr, Entry>,
    /// At codes that the box made: nobody guesses them, and a program that goes on with a removed one keeps no browser beside it out.
    codes: HashMap<IpAddr, Entry>,
    pairing: HashMap<IpAddr, Entry>,
    /// Where an account's passphrase was right, and when last. Only who knows one gets in here.
    known: HashMap<(String, IpAddr), Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    wrong: u32,
    last: Instant,
    until: Instant,
}

impl Guesses {
    /// Counts a guess at `account` from `address`; refused while it must wait.
    pub(crate) fn admit(&self, account: &str, address: IpAddr, now: Instant) -> Result<Counted, Problem> {
        let mut counts = self.counts();
        let (holder, account) = (holder(address), account.to_owned());
        let pair = (account.clone(), holder);
        let everywhere = if counts.known.contains_key(&pair) { Duration::ZERO } else { waits(&counts.accounts, &account, now) };
        let wait = waits(&counts.pairs, &pair, now).max(waits(&counts.addresses, &holder, now)).max(everywhere);
        if !wait.is_zero() {
            return Err(too_many(wait));
        }
        count(&mut counts.pairs, pair, now, |wrong| wait_after(wrong, FREE_PER_ACCOUNT));
        count(&mut counts.accounts, account.clone(), now, |wrong| wait_after(wrong, FREE_FROM_EVERYWHERE));
        let entry = count(&mut counts.addresses, holder, now, |wrong| wait_after(wrong, FREE_PER_ADDRESS));
        Ok(Counted { account, holder, entry })
    }

    /// Takes back a guess, which was right. The address keeps all but this one, or an own account would launder guesses.
    pub(crate) fn was_right(&self, guess: Counted, now: Instant) {
        let mut counts = self.counts();
        let Counted { account, holder, entry } = guess;
        if let Some(kept) = counts.addresses.get_mut(&holder) {
            // A wait that a later wrong guess earned stays.
            if *kept == entry {
                kept.until = kept.last;
            }
            kept.wrong = kept.wrong.saturating_sub(1);
        }
        counts.accounts.entry(account.clone()).and_modify(|kept| kept.wrong = kept.wrong.saturating_sub(1));
        let pair = (account, holder);
        counts.pairs.remove(&pair);
        if counts.known.len() >= MAX_ENTRIES && !counts.known.contains_key(&pair) {
            let oldest = counts.known.iter().min_by_key(|(_, last)| **last).map(|(pair, _)| pair.clone());
            oldest.map(|pair| counts.known.remove(&pair));
        }
        counts.known.insert(pair, now);
    }

    /// Counts a wrong code that the box made (app password, invitation, recovery kit) from `address`; refused, with the wait, when there were
    /// too many.
    pub(crate) fn wrong_code(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        admit_at(&mut self.counts().codes, holder(address), now, |wrong| wait_after(wrong, FREE_PER_ADDRESS))
    }

    /// Counts a guess at the pairing code from `address`; refused while it must wait.
    pub(crate) fn admit_pairing(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        admit_at(
            &mut self.counts().pairing,
            holder(address),
            now,
            |wrong| {
                if wrong < FREE_AT_PAIRING { Duration::ZERO } else { LONGEST_WAIT }
            },
        )
    }

    /// Forgets the guesses at the pairing code from `address`, which has found it.
    pub(crate) fn was_paired(&self, address: IpAddr) {
        self.counts().pairing.remove(&holder(address));
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn admit_at(
    entries: &mut HashMap<IpAddr, Entry>,
    holder: IpAddr,
    now: Instant,
    wait_after: impl Fn(u32) -> Duration,
) -> Result<(), Problem> {
    let wait = waits(entries, &holder, now);
    if wait.is_zero() {
        count(entries, holder, now, wait_after);
        Ok(())
    } else {
        Err(too_many(wait))
    }
}

/// How long `key` must wait still.
fn waits<K: Eq + Hash>(entries: &HashMap<K, Entry>, key: &K, now: Instant) -> Duration {
    entries.get(key).map_or(Duration::ZERO, |entry| entry.until.saturating_duration_since(now))
}

fn count<K: Clone + Eq + Hash>(entries: &mut HashMap<K, Entry>, key: K, now: Instant, wait_after: impl Fn(u32) -> Duration) -> Entry {
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
    let entry = Entry { wrong, last: now, until: now + wait_after(wrong) };
    entries.insert(key, entry);
    entry
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

    fn stranger(number: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + number))
    }

    #[test]
    fn waits_double_up_to_a_minute() {
        let seconds: Vec<u64> = (1..=13).map(|wrong| wait_after(wrong, 4).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(wait_after(u32::MAX, 4), LONGEST_WAIT);
    }

    #[test]
    fn a_stranger_who_guesses_waits_and_makes_nobody_else_wait() {
        let (guesses, mut now) = (Guesses::default(), Instant::now());
        for _ in 0..50 {
            if let Err(problem) = guesses.admit("ana", stranger(1), now) {
                let wait = problem.retry_after_seconds.unwrap();
                assert!((1..=60).contains(&wait));
                now += Duration::from_secs(wait);
                guesses.admit("ana", stranger(1), now).unwrap();
            }
            guesses.admit("ana", HOME, now).map(|guess| guesses.was_right(guess, now)).unwrap();
        }
        assert_eq!(guesses.admit("ana", stranger(1), now).unwrap_err().status, 429);
    }

    #[test]
    fn many_addresses_cannot_guess_fast_for_ever_and_keep_nobody_out() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        guesses.was_right(guesses.admit("ana", HOME, now).unwrap(), now);
        let admitted = (0..2000).filter(|number| guesses.admit("ana", stranger(number / 2), now).is_ok()).count();
        assert_eq!(admitted, 1001);
        guesses.admit("ana", HOME, now).unwrap();
        guesses.admit("ben", stranger(5000), now).unwrap();
    }

    #[test]
    fn many_at_once_are_counted_before_they_are_checked() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let admitted = (0..20).filter(|_| guesses.admit("ana", HOME, now).is_ok()).count();
        assert_eq!(admitted, 5);
    }

    #[test]
    fn a_right_guess_takes_itself_back_and_nothing_else() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..100 {
            guesses.was_right(guesses.admit("ana", HOME, now).unwrap(), now);
        }
        let own = guesses.admit("ana", HOME, now).unwrap();
        for guess in 0..12 {
            guesses.admit(&format!("name{guess}"), HOME, now).unwrap();
        }
        guesses.was_right(own, now);
        guesses.admit("ana", HOME, now).unwrap_err();
        let later = now + Duration::from_secs(1);
        guesses.was_right(guesses.admit("ana", HOME, later).unwrap(), later);
        guesses.admit("name12", HOME, later).unwrap();
        assert_eq!(guesses.admit("ana", HOME, later).unwrap_err().retry_after_seconds, Some(1), "the count is that of the wrong ones");
    }

    #[test]
    fn wrong_codes_keep_no_browser_of_their_address_out() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let refused = (0..100).filter(|_| guesses.wrong_code(HOME, now).is_err()).count();
        assert_eq!(refused, 87);
        guesses.admit("ana", HOME, now).unwrap();
        guesses.admit_pairing(HOME, now).unwrap();
    }

    #[test]
    fn the_pairing_code_is_slow_to_guess_for_those_who_guess() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        assert_eq!((0..20).filter(|_| guesses.admit_pairing(stranger(1), now).is_ok()).count(), 5);
        assert_eq!(guesses.admit_pairing(stranger(1), now).unwrap_err().retry_after_seconds, Some(60));
        guesses.admit_pairing(HOME, now).unwrap();
        for _ in 0..20 {
            guesses.admit_pairing(HOME, now).unwrap();
            guesses.was_paired(HOME);
        }
    }

    #[test]
    fn memory_is_bounded_and_the_guiltiest_are_remembered() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..13 {
            guesses.wrong_code(HOME, now).unwrap();
        }
        for network in 0..20_000_u128 {
            guesses.wrong_code(std::net::Ipv6Addr::from_bits((0xfd << 120) | (network << 64)).into(), now).unwrap();
        }
        assert_eq!(guesses.counts().codes.len(), MAX_ENTRIES);
        guesses.wrong_code(HOME, now).unwrap_err();
        for number in 0..5000 {
            let guess = guesses.admit("ana", stranger(number), now);
            guess.map(|guess| guesses.was_right(guess, now)).unwrap();
        }
        assert_eq!(guesses.counts().known.len(), MAX_ENTRIES);
    }
}
