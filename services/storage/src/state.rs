//! The pool as people see it. Pure.

use croft_disks::{Seen, SeenMember};
use croft_model::{Member, MemberState, Pool, PoolEnded, PoolState, PoolWork, Progress};

use crate::{
    plan::is_lacking,
    records::{EndedRecord, PoolRecord},
    room,
};

/// So many seconds of a step are waited before it is told how long it takes: the first ones go into memory.
const FIRST_SECONDS: u64 = 15;

/// How the pool is.
pub(crate) fn state(record: &PoolRecord, seen: &Seen) -> PoolState {
    // While copies are given up at the owner's wish, those that are gone are not missed.
    let wanted = record.change.as_ref().map_or(record.protection, |change| change.protection.min(record.protection));
    let doubted = |member: &SeenMember| member_state(record, member) == MemberState::Doubtful;
    if seen.read_only {
        PoolState::ReadOnly
    } else if seen.members.iter().any(|member| member.disk.is_none()) {
        PoolState::DiskMissing
    } else if is_lacking(seen, wanted) || seen.members.iter().any(doubted) {
        PoolState::Doubtful
    } else if wanted.copies() == 1 {
        PoolState::Unprotected
    } else {
        PoolState::Protected
    }
}

fn member_state(record: &PoolRecord, member: &SeenMember) -> MemberState {
    let doubt = record.members.get(&member.number).is_some_and(|known| known.doubt.is_some());
    // What comes in the place of another counts after it was compared.
    let comes = record.change.as_ref().is_some_and(|change| change.is_to_compare(member));
    match member.disk {
        None => MemberState::Missing,
        Some(_) if doubt || comes || member.stale || !member.errors.none() => MemberState::Doubtful,
        Some(_) => MemberState::Well,
    }
}

/// The pool with everything about it, as the API tells it.
pub(crate) fn pool(record: &PoolRecord, seen: &Seen, work: Option<PoolWork>) -> Pool {
    let member = |member: &SeenMember| Member {
        number: member.number,
        disk: member.disk.clone(),
        size: member.size,
        used: member.used,
        state: member_state(record, member),
        errors: member.errors,
    };
    Pool {
        state: state(record, seen),
        protection: record.protection,
        members: seen.members.iter().map(member).collect(),
        room: room::room(seen, record.protection),
        work,
        last: record.ended.as_ref().map(ended),
        checked: record.checked.clone(),
    }
}

fn ended(record: &EndedRecord) -> PoolEnded {
    PoolEnded { change: record.change.clone(), at: record.at, how: record.how.clone() }
}

/// How many seconds of a step are left, by how far it came in the seconds that it had; none while that cannot be told.
pub(crate) fn seconds_left(first: Progress, now: Progress, seconds: u64) -> Option<u64> {
    let done = now.done.checked_sub(first.done).filter(|done| *done > 0 && seconds >= FIRST_SECONDS)?;
    let left = u128::from(now.total.saturating_sub(now.done)) * u128::from(seconds) / u128::from(done);
    u64::try_from(left).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_by_what_was_done() {
        let check = |first: u64, done: u64, total: u64, seconds: u64, expected: Option<u64>| {
            let at = |done| Progress { done, total };
            assert_eq!(seconds_left(at(first), at(done), seconds), expected, "{first} {done} of {total} in {seconds}");
        };
        check(0, 10, 100, 20, Some(180));
        check(50, 60, 100, 20, Some(80));
        check(0, 100, 100, 20, Some(0));
        check(0, 10, 100, 14, None);
        check(0, 0, 100, 20, None);
        check(20, 10, 100, 20, None);
        check(0, u64::MAX / 2, u64::MAX, 20, Some(20));
    }
}
