//! The keeper of the pool: looks again and again, and does one change at a time, to the end.

mod turn;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use croft_api::wire::trust::AuditLine;
use croft_disks::{Pool, PoolError, Seen};
use croft_model::{
    Actor, Disk, DiskId, Pool as PoolShown, PoolAbsent, PoolChange, PoolEnd, PoolPlan, PoolRoom, PoolStep, PoolView, PoolWork, Problem,
    Progress, Projection, Warning,
};
use croft_telemetry::error_chain;
use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    change::{Case, Judged},
    error::StorageError,
    installer::Installer,
    judge,
    observe::{self, Looked},
    plan,
    records::{ChangeRecord, EndedRecord, PoolRecord, Records},
    room, state, words,
};

/// The name of this role, in whose name the box begins things by itself.
pub(crate) const ROLE: &str = "storage";
/// Lines for the activity that wait for the supervisor.
const MAX_LINES: usize = 64;

/// How often the pool is looked at: no disk that fails tells so by itself.
pub(crate) const LOOK: Duration = Duration::from_secs(10);

/// Everything about the pool behind the routes.
pub(crate) struct Keeper {
    pool: Result<Arc<dyn Pool>, PoolAbsent>,
    installer: Arc<Installer>,
    records: Records,
    /// What people call their spaces.
    household: watch::Receiver<Option<Projection>>,
    every: Duration,
    state: Mutex<State>,
    /// Held by whoever changes what is kept, from the look at it to the end of the writing.
    writing: tokio::sync::Mutex<()>,
    /// Grows whenever the list of disks is worth reading anew.
    disks_number: AtomicU64,
    /// Something is to be done.
    news: Notify,
    /// Something is to be told.
    pub(crate) to_tell: Notify,
    pub(crate) stop: CancellationToken,
}

/// What is known now.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) looked: Option<Looked>,
    /// How many looks have failed since the last one that did not.
    pub(crate) failed: u32,
    pub(crate) record: Option<PoolRecord>,
    /// The disks as they were last listed. Listing reads from each of them, so it is done only where something has changed.
    pub(crate) disks: Vec<Disk>,
    /// The system told that they are no longer so.
    stale: bool,
    at_work: Option<AtWork>,
    /// Changes that have ended since the supervisor was told last.
    pub(crate) untold: Vec<EndedRecord>,
    /// What is to be written into the activity.
    pub(crate) lines: VecDeque<AuditLine>,
    /// What is not well with spaces, which somebody else knows.
    pub(crate) of_spaces: Vec<Warning>,
}

/// The step that is being done.
struct AtWork {
    step: PoolStep,
    progress: watch::Receiver<Progress>,
    /// How far it was when that was first known, and when: a step that goes on does not begin at nothing.
    first: Option<(Progress, Timestamp)>,
    stop: CancellationToken,
}

impl Keeper {
    /// The keeper of `pool`, which goes on with what was begun before.
    ///
    /// # Errors
    /// What is kept cannot be read.
    pub(crate) fn new(
        pool: Result<Arc<dyn Pool>, PoolAbsent>,
        installer: Arc<Installer>,
        records: Records,
        household: watch::Receiver<Option<Projection>>,
        every: Duration,
        stop: CancellationToken,
    ) -> Result<Self, StorageError> {
        let state = Mutex::new(State { record: records.read()?, ..State::default() });
        let (writing, news, to_tell) = (tokio::sync::Mutex::default(), Notify::new(), Notify::new());
        // No number of before a restart is used again.
        let disks_number = AtomicU64::new(Timestamp::now().as_millisecond().unsigned_abs());
        Ok(Self { pool, installer, records, household, every, state, writing, disks_number, news, to_tell, stop })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a disk in the pool, as it was last seen.
    pub(crate) fn member(&self, disk: &DiskId) -> Option<u64> {
        let state = self.state();
        let Some(Looked::There(seen)) = &state.looked else { return None };
        seen.members.iter().find(|member| member.disk.as_ref() == Some(disk)).map(|member| member.number)
    }

    /// Whether the change that is under way overwrites this disk.
    pub(crate) fn is_about(&self, disk: &DiskId) -> bool {
        let state = self.state();
        let change = state.record.as_ref().and_then(|record| record.change.as_ref());
        change.and_then(|change| change.change.overwrites()).is_some_and(|new| new.id == *disk)
    }

    /// Waits until whoever is just beginning a change has begun it.
    pub(crate) async fn has_begun(&self) {
        drop(self.writing.lock().await);
    }

    /// A number that grows whenever the list of disks is worth reading anew.
    pub(crate) fn disks_number(&self) -> u64 {
        self.disks_number.load(Ordering::Relaxed)
    }

    /// Tells that the list of disks is worth reading anew.
    pub(crate) fn disks_changed(&self) {
        self.disks_number.fetch_add(1, Ordering::Relaxed);
        self.to_tell.notify_one();
    }

    /// Looks at once: a disk came, went or changed.
    pub(crate) fn look_again(&self) {
        self.state().stale = true;
        self.news.notify_one();
        self.disks_changed();
    }

    /// Looks and works until the role ends.
    pub(crate) async fn run(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            self.turn().await;
            // Cancel-safe: news that comes in between is kept as a permit.
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.news.notified() => {}
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }

    /// Looks at the pool, and remembers of its disks what must not be forgotten.
    pub(crate) async fn look(&self) {
        let _one = self.writing.lock().await;
        if let Err(error) = self.look_alone().await {
            tracing::warn!(error = error_chain(&error), "the pool cannot be looked at");
            // What was seen before says nothing of now.
            let mut state = self.state();
            (state.looked, state.failed) = (None, state.failed.saturating_add(1));
        }
        self.to_tell.notify_one();
    }

    /// The same, for who holds `writing`.
    async fn look_alone(&self) -> Result<(), PoolError> {
        let looked = observe::look(self.pool.as_ref().map_err(|reason| *reason)).await?;
        let now = Timestamp::now();
        let Looked::There(seen) = &looked else {
            let mut state = self.state();
            (state.looked, state.failed) = (Some(looked), 0);
            return Ok(());
        };
        if self.is_new(seen)
            && let Ok(disks) = self.installer.list().await
        {
            let mut state = self.state();
            (state.disks, state.stale) = (disks, false);
        }
        let known = self.state().record.clone();
        let mut record = known.clone().filter(|record| record.uuid == seen.uuid).unwrap_or_else(|| fresh(seen, now));
        record.members = plan::remember(&record.members, seen, &observe::names(&self.state().disks), now);
        if known.as_ref() != Some(&record)
            && let Err(error) = self.records.keep(record.clone()).await
        {
            // On a pool that cannot be written, it is known at least as long as this process lives.
            tracing::error!(error = error_chain(&error), "what was seen of the pool cannot be kept");
        }
        let mut state = self.state();
        (state.looked, state.record, state.failed) = (Some(looked), Some(record), 0);
        if let Some(work) = &mut state.at_work {
            let progress = *work.progress.borrow();
            if work.first.is_none() && progress.total > 0 {
                work.first = Some((progress, now));
            }
        }
        Ok(())
    }

    /// Whether the pool has other disks than at the last look, so that they have to be listed.
    fn is_new(&self, seen: &Seen) -> bool {
        let ids = |seen: &Seen| -> Vec<_> { seen.members.iter().map(|member| member.disk.clone()).collect() };
        let state = self.state();
        match &state.looked {
            Some(Looked::There(before)) => state.stale || ids(before) != ids(seen) || state.disks.is_empty(),
            _ => true,
        }
    }

    /// Changes what is kept; durable when it returns. For who holds `writing`.
    async fn keep(&self, change: impl FnOnce(&mut PoolRecord)) -> Result<(), StorageError> {
        let Some(mut record) = self.state().record.clone() else { return Ok(()) };
        change(&mut record);
        self.records.keep(record.clone()).await?;
        self.state().record = Some(record);
        self.to_tell.notify_one();
        Ok(())
    }

    /// Looks at everything anew and judges, for who holds `writing`.
    async fn judged(&self, change: &PoolChange) -> Result<Judged, Problem> {
        self.look_alone().await.map_err(|error| {
            tracing::error!(error = error_chain(&error), "the pool cannot be looked at");
            unreadable()
        })?;
        let disks = self.installer.list().await?;
        if self.installer.installation().runs() {
            return Err(Problem::new(409, "install-under-way", "An installation is under way.").hint("Wait for it, or cancel it."));
        }
        if let Some(new) = change.overwrites() {
            self.installer.adoption().refuses(&new.id).await?;
        }
        let mut state = self.state();
        state.disks = disks;
        match (&state.looked, &state.record) {
            (Some(Looked::There(seen)), Some(record)) => Case { record, seen, disks: &state.disks }.judge(change),
            (Some(Looked::Absent(reason)), _) => Err(absent(*reason)),
            _ => Err(unreadable()),
        }
    }

    /// What a change would do. Nothing is begun.
    pub(crate) async fn plan(&self, change: &PoolChange) -> Result<PoolPlan, Problem> {
        let _one = self.writing.lock().await;
        Ok(self.judged(change).await?.plan)
    }

    /// Begins a change, if it is safe, its label was typed and `proved` agrees. What the box began by itself makes room for it.
    pub(crate) async fn begin(
        &self,
        change: PoolChange,
        by: Actor,
        proved: impl FnOnce(&PoolPlan) -> Result<(), Problem>,
    ) -> Result<PoolShown, Problem> {
        {
            let _one = self.writing.lock().await;
            let judged = self.judged(&change).await?;
            judge::typed(judged.plan.label.as_deref(), change.overwrites().and_then(|new| new.label.as_deref()))?;
            proved(&judged.plan)?;
            tracing::info!(change = change.word(), %by, "a change of the pool begins");
            let line = format!("{by} began: {}.", words::of_change(&change, &self.state().names()));
            self.start(change, by, &judged).await?;
            self.note("pool.begin", line);
            if let Some(work) = &self.state().at_work {
                work.stop.cancel();
            }
        }
        self.news.notify_one();
        self.shown()
    }

    /// Gives up the change that is under way. It is over when the pool says so.
    pub(crate) async fn cancel(&self) -> Result<PoolShown, Problem> {
        {
            let _one = self.writing.lock().await;
            if self.state().record.as_ref().is_none_or(|record| record.change.is_none()) {
                return Err(Problem::new(409, "nothing-to-cancel", "Nothing is being done to the pool.").hint("Nothing has to be done."));
            }
            self.keep(|record| record.change.iter_mut().for_each(|change| change.cancelling = true)).await?;
            if let Some(work) = &self.state().at_work {
                work.stop.cancel();
            }
        }
        self.news.notify_one();
        self.shown()
    }

    /// Notes the begin of a change, in place of one that the box began by itself. For who holds `writing`.
    async fn start(&self, change: PoolChange, by: Actor, judged: &Judged) -> Result<(), StorageError> {
        let now = Timestamp::now();
        self.keep(|record| {
            if let Some(before) = record.change.take() {
                record.ended = Some(over(before, PoolEnd::Cancelled, now));
            }
            record.change = Some(ChangeRecord {
                number: record.next,
                change,
                protection: judged.plan.protection_after,
                disks: judged.disks,
                by,
                since: now,
                emptied: false,
                leveled: false,
                compared: false,
                cancelling: false,
            });
            record.next += 1;
        })
        .await?;
        self.told_of_end();
        Ok(())
    }

    /// Remembers to tell how the last change ended.
    fn told_of_end(&self) {
        let mut state = self.state();
        let ended = state.record.as_ref().and_then(|record| record.ended.clone());
        state.untold.extend(ended);
        self.to_tell.notify_one();
    }

    /// A line for the activity. The oldest goes where nobody takes them.
    pub(crate) fn note(&self, action: &str, sentence: String) {
        let mut state = self.state();
        if state.lines.len() >= MAX_LINES {
            state.lines.pop_front();
        }
        state.lines.push_back(AuditLine { who: Actor::Role { name: ROLE.into() }, action: action.into(), sentence });
        self.to_tell.notify_one();
    }

    /// Puts these in the place of all warnings about spaces.
    pub(crate) fn tell_of_spaces(&self, warnings: Vec<Warning>) {
        self.state().of_spaces = warnings;
        self.to_tell.notify_one();
    }

    /// What is kept of the pool, whose store holds more.
    pub(crate) fn records(&self) -> &Records {
        &self.records
    }

    /// The room of the pool as it was last seen.
    pub(crate) fn room(&self) -> Option<PoolRoom> {
        let state = self.state();
        match (&state.looked, &state.record) {
            (Some(Looked::There(seen)), Some(record)) => Some(room::room(seen, record.protection)),
            _ => None,
        }
    }

    /// A file below the pool, as people name it.
    pub(crate) fn name_of(&self, file: &str) -> String {
        words::of_file(file, self.household.borrow().as_ref())
    }

    fn shown(&self) -> Result<PoolShown, Problem> {
        match self.view()? {
            PoolView::Present(pool) => Ok(pool),
            PoolView::Absent { reason } => Err(absent(reason)),
        }
    }

    /// The pool as it was last seen.
    pub(crate) fn view(&self) -> Result<PoolView, Problem> {
        let state = self.state();
        match (&state.looked, &state.record) {
            (Some(Looked::Absent(reason)), _) => Ok(PoolView::Absent { reason: *reason }),
            (Some(Looked::There(seen)), Some(record)) => {
                let mut pool = state::pool(record, seen, state.work(Timestamp::now()));
                let files = pool.checked.iter_mut().flat_map(|checked| &mut checked.files);
                files.for_each(|file| *file = self.name_of(file));
                Ok(PoolView::Present(pool))
            }
            _ if state.failed > 0 => Err(unreadable()),
            _ => Err(Problem::unavailable("The pool")),
        }
    }
}

impl State {
    /// What people know the disks by.
    pub(crate) fn names(&self) -> BTreeMap<DiskId, String> {
        observe::names(&self.disks)
    }

    fn is_under_way(&self, change: &ChangeRecord) -> bool {
        self.record.as_ref().and_then(|record| record.change.as_ref()).is_some_and(|now| now.number == change.number)
    }

    /// What is being done, as the API tells it.
    pub(crate) fn work(&self, now: Timestamp) -> Option<PoolWork> {
        let (Some(Looked::There(seen)), Some(change)) = (&self.looked, self.record.as_ref()?.change.as_ref()) else { return None };
        let work = self.at_work.as_ref();
        let progress = work.map(|work| *work.progress.borrow()).filter(|progress| progress.total > 0);
        let left = work.and_then(|work| work.first).zip(progress).and_then(|((first, since), progress)| {
            let seconds = u64::try_from(now.as_second().saturating_sub(since.as_second())).ok()?;
            state::seconds_left(first, progress, seconds)
        });
        Some(PoolWork {
            change: change.change.clone(),
            step: work.map(|work| work.step).or_else(|| plan::next(change, seen).step()).unwrap_or(PoolStep::Compare),
            progress,
            since: change.since,
            seconds_left: left,
            cancelling: change.cancelling,
        })
    }
}

/// What is kept of a pool that was never seen before.
fn fresh(seen: &Seen, now: Timestamp) -> PoolRecord {
    PoolRecord {
        uuid: seen.uuid.clone(),
        protection: plan::protection_of(seen),
        known_since: now,
        next: 1,
        change: None,
        ended: None,
        checked: None,
        members: BTreeMap::new(),
        rests: BTreeMap::new(),
    }
}

/// A change that has ended now.
fn over(change: ChangeRecord, how: PoolEnd, at: Timestamp) -> EndedRecord {
    let ChangeRecord { number, change, by, since, .. } = change;
    EndedRecord { number, change, by, since, at, how }
}

fn unreadable() -> Problem {
    Problem::new(503, "pool-unreadable", "The pool cannot be looked at.").hint("Look at `croft logs --role storage`.")
}

fn absent(reason: PoolAbsent) -> Problem {
    let sentence = match reason {
        PoolAbsent::OtherFileSystem => "The data of this box lies on a file system that is not btrfs, so its disks stay as they are.",
        PoolAbsent::NoRoot => "This box does not run as root, so it cannot look after disks.",
    };
    Problem::new(409, "pool-absent", sentence).hint("On the appliance the data is a pool from the start.")
}
