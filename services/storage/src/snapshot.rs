//! Snapshots of spaces: the keeper takes them by the clock and thins them, keeps to quotas, and does what people want of them.
//!
//! `plan` says when and which; `records` why each was taken; `health` what people are told; `access` who may. Why it is so: `docs/decisions/snapshots.md`.

pub(crate) mod access;
mod care;
mod health;
pub(crate) mod http;
mod plan;
mod records;
mod wish;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use croft_disks::{Measured, PoolError, SeenSpace, Snapshots, SpaceGround};
use croft_model::{Bytes, NoSnapshots, Projection, SnapshotName, SnapshotSettings, SnapshotWhy, SnapshotsImpossible, SpaceId};
use croft_telemetry::error_chain;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use self::{
    plan::Schedule,
    records::{SnapshotRecord, SnapshotRecords, SpaceRecord},
};
use crate::{error::StorageError, keeper::Keeper, words};

/// How often all spaces are looked at. It costs a call of the kernel for each snapshot.
pub(crate) const LOOK: Duration = Duration::from_secs(30);

/// How long a name is not given again; longer than anybody's proof that they mean it is good for.
const LATELY: SignedDuration = SignedDuration::from_hours(1);

/// What the time is; tests have a clock of their own.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything about snapshots behind the routes.
pub(crate) struct SnapshotKeeper {
    /// None without root.
    volumes: Option<Arc<dyn Snapshots>>,
    pool: Arc<Keeper>,
    records: SnapshotRecords,
    household: watch::Receiver<Option<Projection>>,
    clock: Clock,
    every: Duration,
    began: Instant,
    state: Mutex<State>,
    /// Held by whoever changes something, from the look at it to its end.
    working: tokio::sync::Mutex<()>,
    /// Held by whoever counts files, which takes memory.
    counting: Arc<tokio::sync::Mutex<()>>,
    /// Something is to be done.
    news: Notify,
}

/// What is known now.
#[derive(Default)]
struct State {
    records: BTreeMap<SpaceId, SpaceRecord>,
    seen: BTreeMap<SpaceId, SeenSpace>,
    /// The spaces lie on btrfs; not known before the first look.
    is_btrfs: Option<bool>,
    /// The pool counts what spaces take.
    counts: bool,
    /// What files take.
    measured: BTreeMap<SpaceId, Counted>,
    /// What each snapshot alone holds, with the neighbours between which that is so.
    alone: BTreeMap<(SpaceId, SnapshotName), (Neighbours, Option<Bytes>)>,
    /// Whether the removal of one would free anything, with the states that stay around it.
    frees: BTreeMap<(SpaceId, SnapshotName), (Neighbours, bool)>,
    /// Names that were given lately: none is given twice, though the first one with it may be gone.
    given: BTreeSet<(SpaceId, SnapshotName)>,
    /// Spaces of which the last snapshot could not be taken, and why.
    failing: BTreeMap<SpaceId, String>,
    trust: plan::Trust,
}

/// The states between which one lies: names of snapshots, or the number of the state that is there now.
type Neighbours = (Option<SnapshotName>, Result<SnapshotName, u64>);

/// What the files of a space took when that was last counted.
#[derive(Clone, Copy)]
struct Counted {
    /// At which of their changes.
    changed: u64,
    /// None where it could not be told.
    measured: Option<Measured>,
    /// Until when it is not counted again, however much changes.
    rests: Instant,
}

/// Something about snapshots could not be done.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Volume(#[from] PoolError),
    #[error(transparent)]
    Store(#[from] StorageError),
}

impl SnapshotKeeper {
    /// The keeper of the snapshots in `volumes`.
    ///
    /// # Errors
    /// What is kept cannot be read.
    pub(crate) fn new(
        volumes: Option<Arc<dyn Snapshots>>,
        pool: Arc<Keeper>,
        household: watch::Receiver<Option<Projection>>,
        clock: Clock,
        every: Duration,
    ) -> Result<Self, StorageError> {
        let records = SnapshotRecords::of(pool.records());
        let state = Mutex::new(State { records: records.read()?, ..State::default() });
        let (working, counting, news) = (tokio::sync::Mutex::default(), Arc::default(), Notify::new());
        Ok(Self { volumes, pool, records, household, clock, every, began: Instant::now(), state, working, counting, news })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Looks, takes and thins until the role ends.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut household = self.household.clone();
        while !self.pool.stop.is_cancelled() {
            self.turn().await;
            // Cancel-safe: news that comes in between is kept as a permit, and so are settings.
            tokio::select! {
                () = self.pool.stop.cancelled() => {}
                () = self.news.notified() => {}
                Ok(()) = household.changed() => {}
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }

    /// What the schedule keeps, by the box's own calendar.
    fn schedule(&self) -> Schedule {
        let household = self.household.borrow();
        let keeps = household.as_ref().and_then(|household| household.snapshots).unwrap_or(OFF);
        let zone = household.as_ref().and_then(|household| household.time.as_ref()).map(|time| TimeZone::get(&time.zone));
        Schedule { keeps, zone: zone.and_then(Result::ok).unwrap_or(TimeZone::UTC) }
    }

    /// What people call a space.
    fn name(&self, space: SpaceId) -> String {
        words::space_name(space, self.household.borrow().as_ref()).unwrap_or_else(|| space.to_string())
    }

    fn record(&self, space: SpaceId) -> SpaceRecord {
        self.state().records.get(&space).cloned().unwrap_or_default()
    }

    /// Changes what is kept of a space; durable when it returns. For who holds `working`.
    async fn keep(&self, space: SpaceId, change: impl FnOnce(&mut SpaceRecord)) -> Result<(), StorageError> {
        let before = self.record(space);
        let mut record = before.clone();
        change(&mut record);
        if record != before {
            self.records.keep(space, record.clone()).await?;
            self.state().records.insert(space, record);
        }
        Ok(())
    }

    /// A name that no snapshot of a space has or had lately. None where all near the present time are given.
    fn free_name(&self, space: SpaceId) -> Option<SnapshotName> {
        let now = self.now();
        let mut held = self.record(space).held();
        let mut state = self.state();
        let lately = SnapshotName::at(now.checked_sub(LATELY).unwrap_or(now));
        state.given.retain(|(_, name)| *name >= lately);
        held.extend(state.given.iter().filter(|(of, _)| *of == space).map(|(_, name)| (*name, SnapshotWhy::Found)));
        plan::free_name(&held, now)
    }

    /// Takes one. What it is for is durable before, so that nobody finds one of which nobody knows. For who holds `working`.
    async fn take(&self, volumes: &dyn Snapshots, space: SpaceId, name: SnapshotName, what: SnapshotRecord) -> Result<(), Trouble> {
        self.state().given.insert((space, name));
        self.keep(space, |record| drop(record.snapshots.insert(name, what))).await?;
        let taken = volumes.take(space, name).await;
        if taken.is_err() {
            self.keep(space, |record| drop(record.snapshots.remove(&name))).await?;
        }
        Ok(taken?)
    }

    /// Removes some, as far as they can be, and tells of the first that cannot. That they go is durable before, so that it comes to its end. For who holds `working`.
    async fn remove(&self, volumes: &dyn Snapshots, space: SpaceId, names: &[SnapshotName]) -> Result<(), Trouble> {
        if names.is_empty() {
            return Ok(());
        }
        self.keep(space, |record| {
            for name in names {
                record.snapshots.entry(*name).or_insert(SnapshotRecord::new(SnapshotWhy::Found)).removing = true;
            }
        })
        .await?;
        let (mut gone, mut ended) = (BTreeSet::new(), Ok(()));
        for name in names {
            match volumes.remove(space, *name).await {
                Ok(()) => drop(gone.insert(*name)),
                Err(error) => ended = ended.and(Err(error.into())),
            }
        }
        self.keep(space, |record| record.snapshots.retain(|name, _| !gone.contains(name))).await?;
        ended
    }

    /// The same where nobody waits for it: one that cannot be removed now stays marked, and holds up nothing else.
    async fn let_go(&self, volumes: &dyn Snapshots, space: SpaceId, names: &[SnapshotName]) -> Result<(), StorageError> {
        match self.remove(volumes, space, names).await {
            Err(Trouble::Store(error)) => return Err(error),
            Err(error) => tracing::warn!(%space, error = error_chain(&error), "a snapshot cannot be removed now"),
            Ok(()) => {}
        }
        Ok(())
    }

    /// Why no snapshot of a space can be taken, by what was last seen; none where one can.
    fn impossible(&self, space: SpaceId) -> Option<SnapshotsImpossible> {
        let state = self.state();
        let reason = match (&self.volumes, state.is_btrfs, state.seen.get(&space).map(|seen| seen.ground)) {
            (None, ..) => NoSnapshots::NoRoot,
            (_, Some(false), _) => NoSnapshots::OtherFileSystem,
            (.., Some(SpaceGround::Folder)) => NoSnapshots::Folder,
            (.., Some(SpaceGround::Missing) | None) => NoSnapshots::Missing,
            (.., Some(SpaceGround::Subvolume { .. })) => return None,
        };
        Some(SnapshotsImpossible { reason, sentence: sentence(reason).into() })
    }
}

/// Takes none: nobody has said yet what is wanted.
const OFF: SnapshotSettings = SnapshotSettings { hourly: 0, daily: 0, weekly: 0, monthly: 0 };

/// Why no snapshot can be taken, as a sentence.
const fn sentence(reason: NoSnapshots) -> &'static str {
    match reason {
        NoSnapshots::OtherFileSystem => "The data of this box lies on a file system that is not btrfs, which keeps no earlier states.",
        NoSnapshots::NoRoot => "This box does not run as root, so it cannot keep earlier states.",
        NoSnapshots::Folder => "This space was made as a plain folder, of which no earlier state can be kept. A new space can.",
        NoSnapshots::Missing => "This space has no folder yet. It gets one when it is first opened.",
    }
}

#[cfg(test)]
mod tests;
