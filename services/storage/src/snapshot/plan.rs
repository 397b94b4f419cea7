//! When a snapshot is taken, and which go. Pure.
//!
//! What the schedule keeps depends on the snapshots alone, of those that are not later than now: a clock that jumps can take one too many, and thins nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use croft_model::{Bytes, SnapshotName, SnapshotSettings, SnapshotWhy};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// How long one stays that was taken before something was brought back.
pub(crate) const BEFORE_RESTORE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A clock that goes further than this while the process ran no longer is not believed.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A space is near its quota when less than one of so many parts is left …
const QUOTA_NEAR: u64 = 10;
/// … and at it when less than one of these.
const QUOTA_FULL: u64 = 50;
/// The pool is near its end when less than one of so many parts can still be written: after it was said to be nearly full …
const POOL_NEAR: u64 = 20;
/// … and at its end when less than one of these.
const POOL_FULL: u64 = 40;
/// What the kernel lets a space take above its quota and above what it has: deletions write a little as well. Uploads are kept to the quota itself by
/// the space's worker.
const SLACK: u64 = 64 * 1024 * 1024;
/// Snapshots of a space that somebody wanted. More make the pool slow, and nobody finds their way in them.
pub(crate) const MAX_WANTED: usize = 100;
/// Days of which the last state never makes room: whoever may write could drive out all that was by filling the space.
const SPARED_DAYS: usize = 7;
/// Snapshots of a space that were taken before something was brought back; with more, the oldest goes.
pub(crate) const MAX_BEFORE_RESTORE: usize = 100;
/// Seconds that are tried for a free name.
const TRIES: i64 = 60;

/// The snapshots of a space, and why each was taken.
pub(crate) type Held = BTreeMap<SnapshotName, SnapshotWhy>;

/// What is kept of each kind, and by whose calendar.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) keeps: SnapshotSettings,
    pub(crate) zone: TimeZone,
}

/// How little room is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pressure {
    /// There is enough.
    None,
    /// Older states make room.
    Near,
    /// The same, and none is taken.
    Full,
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Hour,
    Day,
    Week,
    Month,
}

impl Schedule {
    /// Whether it takes none at all.
    pub(crate) fn is_off(&self) -> bool {
        self.kinds().next().is_none()
    }

    /// What it keeps, the shortest stretch first.
    fn kinds(&self) -> impl Iterator<Item = (Period, usize)> {
        let SnapshotSettings { hourly, daily, weekly, monthly } = self.keeps;
        let kinds = [(Period::Hour, hourly), (Period::Day, daily), (Period::Week, weekly), (Period::Month, monthly)];
        kinds.into_iter().map(|(period, count)| (period, usize::from(count))).filter(|(_, count)| *count > 0)
    }

    /// The stretch in which a time lies, as a number that no other one of its kind has.
    fn stretch(&self, period: Period, time: Timestamp) -> i64 {
        let date = time.to_zoned(self.zone.clone()).date();
        match period {
            // Of the world's clock, which has no hour twice.
            Period::Hour => time.as_second().div_euclid(3600),
            Period::Day => i64::from(date.year()) * 1000 + i64::from(date.day_of_year()),
            Period::Week => {
                let week = date.iso_week_date();
                i64::from(week.year()) * 100 + i64::from(week.week())
            }
            Period::Month => i64::from(date.year()) * 100 + i64::from(date.month()),
        }
    }

    /// Whether one is due: in this stretch of its shortest kind there is none yet.
    pub(crate) fn is_due(&self, held: &Held, now: Timestamp) -> bool {
        let Some((period, _)) = self.kinds().next() else { return false };
        let this = self.stretch(period, now);
        !scheduled(held).any(|name| self.stretch(period, name.time()) == this)
    }

    /// Those that go: of each stretch the last one stays, of the latest stretches of each kind in which there is one.
    /// Names that are later than now are of a clock that was wrong, then or now, and stay out of it.
    pub(crate) fn thinned(&self, held: &Held, now: Timestamp) -> BTreeSet<SnapshotName> {
        if self.is_off() {
            return BTreeSet::new();
        }
        let all: BTreeSet<SnapshotName> = scheduled(held).filter(|name| name.time() <= now).collect();
        let mut stay = BTreeSet::new();
        for (period, count) in self.kinds() {
            let mut seen = BTreeSet::new();
            let last = all.iter().rev().filter(|name| seen.insert(self.stretch(period, name.time())));
            stay.extend(last.take(count).copied());
        }
        &all - &stay
    }

    /// Those that may make room, the one that goes first before the others: what the clock took, from the oldest on, but of the latest seven days in which
    /// there is one the last, and nothing that is later than now.
    pub(crate) fn early(&self, held: &Held, pressure: Pressure, now: Timestamp) -> Vec<SnapshotName> {
        if pressure == Pressure::None {
            return Vec::new();
        }
        let all: BTreeSet<SnapshotName> = scheduled(held).filter(|name| name.time() <= now).collect();
        let mut days = BTreeSet::new();
        let last = all.iter().rev().filter(|name| days.insert(self.stretch(Period::Day, name.time())));
        let spared: BTreeSet<SnapshotName> = last.take(SPARED_DAYS).copied().collect();
        all.difference(&spared).copied().collect()
    }
}

/// Whether the clock can be believed: it goes as long as the box runs. After a jump forward nothing goes by its age until the clock went on for a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Trust {
    /// What the clock said last, and how long the process ran then.
    last: Option<(Timestamp, Duration)>,
    /// From when on it is believed again.
    until: Option<Duration>,
}

impl Trust {
    /// The clock says this now, and the process runs so long. Whether it is believed.
    pub(crate) fn look(&mut self, now: Timestamp, runs: Duration) -> bool {
        if let Some((before, ran)) = self.last {
            let ran = SignedDuration::try_from(runs.saturating_sub(ran)).unwrap_or(SignedDuration::MAX);
            if now.duration_since(before) > ran.saturating_add(DAY) {
                self.until = Some(runs.saturating_add(DAY.unsigned_abs()));
            }
        }
        self.until = self.until.filter(|until| runs < *until);
        self.last = Some((now, runs));
        self.is_given()
    }

    /// Whether it was believed when it was last looked at.
    pub(crate) const fn is_given(&self) -> bool {
        self.until.is_none()
    }
}

/// Those whose time is over.
pub(crate) fn over(held: &Held, now: Timestamp) -> BTreeSet<SnapshotName> {
    let is_over = |name: &SnapshotName| now.duration_since(name.time()) > BEFORE_RESTORE;
    held.iter().filter(|(name, why)| **why == SnapshotWhy::BeforeRestore && is_over(name)).map(|(name, _)| *name).collect()
}

/// How little room is left of a quota, or of a pool.
pub(crate) fn quota_pressure(charged: Bytes, quota: Bytes) -> Pressure {
    pressure(quota.0.saturating_sub(charged.0), quota.0, QUOTA_NEAR, QUOTA_FULL)
}

/// The same of a pool.
pub(crate) fn pool_pressure(free: Bytes, usable: Bytes) -> Pressure {
    pressure(free.0, usable.0, POOL_NEAR, POOL_FULL)
}

fn pressure(left: u64, all: u64, near: u64, full: u64) -> Pressure {
    match () {
        () if left < all / full => Pressure::Full,
        () if left < all / near => Pressure::Near,
        () => Pressure::None,
    }
}

/// The name of one that is taken now; a little later where that is taken. None where all are.
pub(crate) fn free_name(held: &Held, now: Timestamp) -> Option<SnapshotName> {
    let later = |seconds| now.checked_add(SignedDuration::from_secs(seconds)).ok().map(SnapshotName::at);
    (0..TRIES).filter_map(later).find(|name| !held.contains_key(name))
}

/// How many there are that only a person removes.
pub(crate) fn wanted(held: &Held) -> usize {
    held.values().filter(|why| matches!(why, SnapshotWhy::ByHand | SnapshotWhy::Found)).count()
}

/// Those that make room for others that were taken before something was brought back: the oldest of them.
pub(crate) fn surplus(held: &Held) -> BTreeSet<SnapshotName> {
    let all: Vec<SnapshotName> = held.iter().filter(|(_, why)| **why == SnapshotWhy::BeforeRestore).map(|(name, _)| *name).collect();
    all[..all.len().saturating_sub(MAX_BEFORE_RESTORE)].iter().copied().collect()
}

/// The limit that the kernel keeps a space to, of which so much is charged.
pub(crate) fn limit(charged: Bytes, quota: Bytes) -> Bytes {
    Bytes(charged.0.max(quota.0).saturating_add(SLACK))
}

fn scheduled(held: &Held) -> impl Iterator<Item = SnapshotName> {
    held.iter().filter(|(_, why)| **why == SnapshotWhy::Schedule).map(|(name, _)| *name)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
