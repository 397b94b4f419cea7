//! What is to be done to the pool, from what is wanted and what is seen. Pure.
//!
//! How far a change is, is never remembered where it can be seen: whoever was ended in the middle looks at the pool, and goes on.

use std::collections::BTreeMap;

use croft_disks::{Group, Holder, Scrubbed, Seen, SeenMember, Target, Usage};
use croft_model::{Checked, Disk, DiskId, NewDisk, PoolChange, PoolStep, Protection, Unfit};
use jiff::Timestamp;

use crate::{
    judge,
    records::{ChangeRecord, Doubt, MemberRecord, PoolRecord, Why},
    room::{self, target},
};

/// All data is read and compared once in so many seconds: what nobody reads goes bad unseen, and can be mended only while another copy is good.
const CHECK_EVERY: i64 = 30 * DAY;
/// So often in a row everything is compared because of one doubt: the first time mends, the second finds nothing more.
const TRIES: u32 = 2;
/// Then it is tried again after so many seconds.
const TRY_AGAIN: i64 = 7 * DAY;
/// A disk that came back is waited for so many seconds: a loose plug comes and goes.
const SETTLED: i64 = 60;
const DAY: i64 = 24 * 60 * 60;

/// What comes next in a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The new disk is taken in.
    Join,
    /// The new disk gets what this one holds, or held.
    Rebuild(u64),
    /// What is not kept so, is moved.
    Spread(Target),
    /// Data is moved from full disks to emptier ones.
    Level,
    /// This disk is taken off.
    Leave(u64),
    /// All is made durable, read and compared.
    Compare,
    /// Nothing, until a disk is there again that this step needs.
    Wait(PoolStep),
    /// It is at its end.
    Done,
    /// It cannot go on: the disk that it is about is no longer in the pool.
    Lost,
}

impl Next {
    /// The step that people see; none at the end.
    pub(crate) const fn step(self) -> Option<PoolStep> {
        match self {
            Self::Join => Some(PoolStep::Join),
            Self::Rebuild(_) => Some(PoolStep::Rebuild),
            Self::Spread(_) | Self::Level => Some(PoolStep::Spread),
            Self::Leave(_) => Some(PoolStep::Leave),
            Self::Compare => Some(PoolStep::Compare),
            Self::Wait(step) => Some(step),
            Self::Done | Self::Lost => None,
        }
    }
}

/// What comes next in a change that was begun.
pub(crate) fn next(record: &ChangeRecord, seen: &Seen) -> Next {
    let found = |number: u64| seen.members.iter().find(|member| member.number == number);
    match &record.change {
        PoolChange::Grow { disk, .. } if !seen.members.iter().any(|member| carries(member, &disk.id)) => Next::Join,
        PoolChange::Grow { .. } | PoolChange::Protect { .. } => spread(record, seen).unwrap_or(Next::Done),
        PoolChange::Replace { member, disk } => match found(*member) {
            None => Next::Lost,
            Some(old) if !carries(old, &disk.id) => Next::Rebuild(*member),
            Some(_) => spread(record, seen).unwrap_or_else(|| compare(record)),
        },
        PoolChange::Remove { member } => match found(*member) {
            None => Next::Done,
            // Fewer disks may not be able to hold as many copies: those go first.
            Some(_) if is_off(seen, target(record.protection, record.disks)) => spread(record, seen).unwrap_or(Next::Leave(*member)),
            Some(_) if is_short(record, seen) => Next::Wait(PoolStep::Leave),
            Some(_) => Next::Leave(*member),
        },
        PoolChange::Scrub => compare(record),
    }
}

/// Whether this is the disk, and it counts.
fn carries(member: &SeenMember, disk: &DiskId) -> bool {
    room::is_present(member) && member.disk.as_ref() == Some(disk)
}

fn spread(record: &ChangeRecord, seen: &Seen) -> Option<Next> {
    let target = target(record.protection, record.disks);
    // One that was interrupted is ended first, also where nothing is left of it to do.
    let next = if is_off(seen, target) || seen.busy == Some(Holder::Balance) {
        Next::Spread(target)
    } else if !record.leveled && room::is_uneven(seen, record.protection) {
        Next::Level
    } else {
        return None;
    };
    Some(if is_short(record, seen) { Next::Wait(PoolStep::Spread) } else { next })
}

/// Whether a disk is gone on which the change counts.
fn is_short(record: &ChangeRecord, seen: &Seen) -> bool {
    let leaves = match record.change {
        PoolChange::Remove { member } => Some(member),
        _ => None,
    };
    room::present(seen).filter(|member| Some(member.number) != leaves).count() < record.disks
}

const fn compare(record: &ChangeRecord) -> Next {
    if record.compared { Next::Done } else { Next::Compare }
}

/// How `target` wants a group to be kept; none for two copies on the one disk.
pub(crate) const fn wanted(target: Target, usage: Usage) -> Option<Protection> {
    match (usage, target.metadata) {
        (Usage::Data, _) => Some(target.data),
        (_, Protection::Single) => None,
        (_, metadata) => Some(metadata),
    }
}

/// Whether something is not kept as `target` says.
pub(crate) fn is_off(seen: &Seen, target: Target) -> bool {
    off(seen, target).next().is_some()
}

/// What is not kept as `target` says.
pub(crate) fn off(seen: &Seen, target: Target) -> impl Iterator<Item = &Group> {
    seen.groups.iter().filter(move |group| group.total.0 > 0 && group.copies != wanted(target, group.usage))
}

/// Whether something has fewer copies than it should have.
pub(crate) fn is_lacking(seen: &Seen, protection: Protection) -> bool {
    seen.groups.iter().any(|group| group.total.0 > 0 && group.copies.unwrap_or(Protection::Single) < protection)
}

/// How safe files lie, by what is seen alone: for a pool of which nothing is kept yet. Kept in several ways, the safest is what was wanted last, or
/// what is better.
pub(crate) fn protection_of(seen: &Seen) -> Protection {
    let of = |usage| seen.groups.iter().filter(move |group| group.usage == usage && group.total.0 > 0);
    let most = |usage| of(usage).map(|group| group.copies.unwrap_or(Protection::Single)).max();
    // Without a file yet, files lie as safe as their names will.
    most(Usage::Data).or_else(|| most(Usage::Metadata)).unwrap_or(Protection::Single)
}

/// What the box would begin by itself now, what helps most first: the first of it that is safe is begun. Nobody else may be at work, and but for a disk
/// that came back every disk is there. What did not come to its end lately rests.
pub(crate) fn due(record: &PoolRecord, seen: &Seen, disks: &[Disk], now: Timestamp) -> Vec<PoolChange> {
    if record.change.is_some() || seen.busy.is_some() || seen.read_only {
        return Vec::new();
    }
    let away: Vec<&SeenMember> = seen.members.iter().filter(|member| !room::is_present(member)).collect();
    let due = match away.as_slice() {
        [] => vec![make_copies(record, seen), compare_all(record, now)],
        [one] => vec![bring_back(record, one, disks, now)],
        _ => Vec::new(),
    };
    let rests = |change: &PoolChange| record.rests.get(change.word()).is_some_and(|until| now < *until);
    due.into_iter().flatten().filter(|change| !rests(change)).collect()
}

/// Makes the copies that are missing.
fn make_copies(record: &PoolRecord, seen: &Seen) -> Option<PoolChange> {
    let lacks = is_lacking(seen, record.protection) && seen.members.len() >= record.protection.copies();
    lacks.then_some(PoolChange::Protect { protection: record.protection })
}

/// Compares everything, once a month or because of a doubt.
fn compare_all(record: &PoolRecord, now: Timestamp) -> Option<PoolChange> {
    let mut doubts = record.members.values().filter_map(|member| member.doubt);
    let last = record.checked.as_ref().map_or(record.known_since, |checked| checked.at);
    let wanted = doubts.any(|doubt| wants_comparison(&doubt, now)) || seconds(last, now) >= CHECK_EVERY;
    wanted.then_some(PoolChange::Scrub)
}

/// A disk that came back gets what was written meanwhile, as if it were a new one in its own place. What is on it is of this pool, and lies on the others;
/// or nothing is on it, since it was being written when that was given up.
fn bring_back(record: &PoolRecord, member: &SeenMember, disks: &[Disk], now: Timestamp) -> Option<PoolChange> {
    let known = record.members.get(&member.number)?;
    let disk = disks.iter().find(|disk| known.disk.as_ref() == Some(&disk.id))?;
    let settled = match &member.disk {
        Some(_) => known.back.is_some_and(|back| has_passed(back, now, SETTLED)),
        None => judge::is_ready(&disk.holds),
    };
    // One that is in use is one that the kernel writes to in vain: that is for somebody to look at.
    let may = member.alone.0 == 0 && disk.unfit.is_none_or(|unfit| unfit == Unfit::TooSmall);
    let new = NewDisk { id: disk.id.clone(), contents: disk.contents.clone(), label: disk.label.clone() };
    (may && settled).then_some(PoolChange::Replace { member: member.number, disk: new })
}

/// Whether so many seconds have passed since; also where the clock was set back.
pub(crate) fn has_passed(since: Timestamp, now: Timestamp, limit: i64) -> bool {
    !(0..limit).contains(&seconds(since, now))
}

fn wants_comparison(doubt: &Doubt, now: Timestamp) -> bool {
    doubt.tries < TRIES || doubt.tried.is_none_or(|tried| seconds(tried, now) >= TRY_AGAIN)
}

/// Whether comparing has not helped.
pub(crate) const fn stays(doubt: &Doubt) -> bool {
    doubt.tries >= TRIES
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second().saturating_sub(from.as_second())
}

/// The disks of the pool as they are to be remembered: a doubt about one stays until a comparison takes it away.
pub(crate) fn remember(
    known: &BTreeMap<u64, MemberRecord>,
    seen: &Seen,
    names: &BTreeMap<DiskId, String>,
    now: Timestamp,
) -> BTreeMap<u64, MemberRecord> {
    let remembered = seen.members.iter().map(|member| {
        let before = known.get(&member.number);
        let name = member.disk.as_ref().and_then(|disk| names.get(disk)).or(before.map(|before| &before.name));
        let why = match room::is_present(member) {
            false => Some(Why::Away),
            true if !member.errors.none() => Some(Why::Errors),
            true => None,
        };
        let new = why.map(|why| Doubt { why, since: now, tries: 0, tried: None });
        let doubt = before.and_then(|before| before.doubt).or(new);
        let disk = member.disk.as_ref().or(before.and_then(|before| before.disk.as_ref())).cloned();
        let back = member.stale.then(|| before.and_then(|before| before.back).unwrap_or(now));
        (member.number, MemberRecord { name: name.cloned().unwrap_or_default(), disk, back, doubt })
    });
    remembered.collect()
}

/// What follows from a comparison.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Disks whose counters begin anew, since all on them is known to be right.
    pub(crate) forget: Vec<u64>,
    /// The disks, without the doubts that are settled.
    pub(crate) members: BTreeMap<u64, MemberRecord>,
    /// The check, to be told.
    pub(crate) checked: Checked,
}

/// What a comparison says of the disks. One is well again only if it is there, nothing at all was wrong, and it made no error meanwhile.
pub(crate) fn verdict(known: &BTreeMap<u64, MemberRecord>, found: Scrubbed, before: &Seen, after: &Seen, now: Timestamp) -> Verdict {
    let (clean, compared) = (found.mended == 0 && found.lost == 0, found.compared);
    let mut members = remember(known, after, &BTreeMap::new(), now);
    let mut forget = Vec::new();
    for member in &after.members {
        let Some(record) = members.get_mut(&member.number) else { continue };
        let Some(doubt) = record.doubt.as_mut() else { continue };
        let quiet = compared.contains(&member.number)
            && before.members.iter().any(|earlier| earlier.number == member.number && earlier.errors == member.errors);
        if clean && quiet && room::is_present(member) {
            forget.push(member.number);
            record.doubt = None;
        } else {
            doubt.tries = doubt.tries.saturating_add(1);
            doubt.tried = Some(now);
        }
    }
    let checked = Checked { at: now, read: found.read, mended: found.mended, lost: found.lost, files: found.files };
    Verdict { forget, members, checked }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
