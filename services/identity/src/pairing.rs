//! The pairing code: whoever can read the console of an unclaimed box may claim it.
//!
//! 40 bits. An address has five guesses, then one a minute ([`crate::guesses`]), so that a stranger who guesses keeps nobody else from
//! claiming. All addresses together have a thousand, then one a second: guessing takes 35 000 years. That count is durable, so a restart
//! gives no new guesses.

use croft_model::Problem;
use croft_store::Write;
use jiff::Timestamp;

use crate::{
    error::IdentityError,
    guesses::{FREE_AT_PAIRING, too_many},
    records::{DOOR, DoorRecord, ONLY},
    secrets,
};

/// Symbols of the code, 5 bits each.
const SYMBOLS: usize = 8;
/// Wrong guesses of all addresses together before it becomes slow for all.
const QUICK_GUESSES: u32 = 1000;
/// Seconds between guesses from then on.
const SECONDS_BETWEEN: i64 = 1;

/// What a guess is worth at this moment, before it is compared.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Now,
    Wait(u64),
}

/// The door of a box that starts for the first time.
pub(crate) fn new_door() -> Result<DoorRecord, IdentityError> {
    Ok(DoorRecord::Unclaimed { code: secrets::code(SYMBOLS)?, wrong: 0, last_wrong: None })
}

/// The code as the console shows it.
pub(crate) fn shown(code: &str) -> String {
    secrets::grouped(code)
}

/// The problem of everything that only an unclaimed box does.
pub(crate) fn already_claimed() -> Problem {
    Problem::new(410, "already-claimed", "This box has an owner already.").hint("Sign in, or ask the owner for an invitation.")
}

/// Why no guess may be made at `now`, as far as that changes nothing.
pub(crate) fn refused(door: &DoorRecord, now: Timestamp) -> Option<Problem> {
    match door {
        DoorRecord::Claimed { .. } => Some(already_claimed()),
        DoorRecord::Unclaimed { wrong, last_wrong, .. } => match turn(*wrong, *last_wrong, now) {
            Turn::Wait(seconds) if last_wrong.is_none_or(|last| last <= now) => Some(too_many(std::time::Duration::from_secs(seconds))),
            Turn::Wait(_) | Turn::Now => None,
        },
    }
}

/// Judges one guess within a transaction that makes the count durable before anybody learns the verdict. The inner result is the verdict.
pub(crate) fn guess(write: &mut Write, typed: &str, now: Timestamp) -> Result<Result<(), Problem>, IdentityError> {
    let Some(DoorRecord::Unclaimed { code, wrong, last_wrong }) = write.get(&DOOR, &ONLY)? else {
        return Ok(Err(already_claimed()));
    };
    if let Turn::Wait(seconds) = turn(wrong, last_wrong, now) {
        // A clock that was set back must not lengthen the wait: the last guess is moved to now.
        if last_wrong.is_some_and(|last| last > now) {
            write.put(&DOOR, &ONLY, &DoorRecord::Unclaimed { code, wrong, last_wrong: Some(now) })?;
        }
        return Ok(Err(too_many(std::time::Duration::from_secs(seconds))));
    }
    let right = secrets::read_code(typed, SYMBOLS).is_some_and(|typed| secrets::same(typed.as_bytes(), code.as_bytes()));
    if right {
        return Ok(Ok(()));
    }
    let wrong = wrong.saturating_add(1);
    write.put(&DOOR, &ONLY, &DoorRecord::Unclaimed { code, wrong, last_wrong: Some(now) })?;
    let hint = format!("Read it again at the console. After {FREE_AT_PAIRING} wrong tries it takes longer.");
    Ok(Err(Problem::new(401, "pairing-code-wrong", "This is not the pairing code.").hint(hint).key("code")))
}

fn turn(wrong: u32, last_wrong: Option<Timestamp>, now: Timestamp) -> Turn {
    let Some(last) = last_wrong.filter(|_| wrong >= QUICK_GUESSES) else { return Turn::Now };
    let left = SECONDS_BETWEEN - (now.as_second() - last.as_second()).max(0);
    u64::try_from(left).ok().filter(|left| *left > 0).map_or(Turn::Now, Turn::Wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    #[test]
    fn a_thousand_quick_guesses_then_one_a_second_whatever_the_clock_does() {
        for (wrong, last, now, expected) in [
            (0, None, 0, Turn::Now),
            (999, Some(0), 0, Turn::Now),
            (1000, Some(0), 0, Turn::Wait(1)),
            (1000, Some(0), 1, Turn::Now),
            (90_000, Some(0), 1, Turn::Now),
            (1000, Some(5000), 0, Turn::Wait(1)),
        ] {
            assert_eq!(turn(wrong, last.map(at), at(now)), expected, "{wrong} {last:?} {now}");
        }
    }

    #[test]
    fn what_changes_nothing_is_answered_without_a_guess() {
        let unclaimed = |wrong, last| DoorRecord::Unclaimed { code: String::new(), wrong, last_wrong: Some(at(last)) };
        for (door, expected) in [
            (DoorRecord::Claimed { at: at(0) }, Some(410)),
            (unclaimed(999, 0), None),
            (unclaimed(1000, 0), Some(429)),
            // The clock was set back: the guess sets the time of the last one right.
            (unclaimed(1000, 5000), None),
        ] {
            assert_eq!(refused(&door, at(0)).map(|problem| problem.status), expected, "{door:?}");
        }
    }
}
