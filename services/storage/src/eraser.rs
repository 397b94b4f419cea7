//! Erasing a single disk, taking that back, and looking into one: for disks that neither the box nor its pool uses.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use croft_disks::{Care, DiskError, Kept};
use croft_model::{
    Actor, Disk, DiskId, DiskView, DiskWork, DiskWorkEnd, DiskWorkKind, EraseDisk, ErasePlan, Holds, Inside, KeptEnds, Problem, SeenDisk,
    ToProve, Unfit,
};
use croft_telemetry::error_chain;
use jiff::{SignedDuration, Timestamp};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    age::{self, AgeRecord},
    doctor::Doctor,
    error::StorageError,
    installer::Installer,
    judge,
    keeper::Keeper,
    lender::Lender,
    observe,
    records::Records,
};

/// What was kept of an erased disk is kept so long.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often it is looked whether something was kept long enough.
const TIDY: Duration = Duration::from_secs(10 * 60);
/// An answer waits so long for the end; what takes longer is seen in the list.
const PATIENCE: Duration = Duration::from_secs(8);

/// Everything about single disks behind the routes.
pub(crate) struct Eraser {
    care: Arc<dyn Care>,
    installer: Arc<Installer>,
    keeper: Arc<Keeper>,
    lender: Arc<Lender>,
    doctor: Arc<Doctor>,
    records: Records,
    state: Mutex<State>,
    /// Held by whoever compares a disk with what is kept of it: one at a time.
    comparing: tokio::sync::Mutex<()>,
    /// Held by whoever works on a disk: one at a time.
    one: Arc<tokio::sync::Mutex<()>>,
    work: TaskTracker,
    stop: CancellationToken,
}

#[derive(Default)]
struct State {
    works: BTreeMap<DiskId, DiskWork>,
    /// Whether a disk is as it was left when this was kept of it, by what stood for its contents when that was looked at.
    untouched: BTreeMap<(DiskId, Timestamp), (String, bool)>,
    age: Option<AgeRecord>,
}

/// Work on a disk that is begun.
struct Job {
    disk: DiskId,
    /// What people know it by.
    name: String,
    kind: DiskWorkKind,
    /// What is said when it ends well.
    done: String,
}

impl Eraser {
    /// Works on the disks of `care`.
    ///
    /// # Errors
    /// What is remembered cannot be read.
    pub(crate) fn new(
        care: Arc<dyn Care>,
        (installer, keeper, lender, doctor): (Arc<Installer>, Arc<Keeper>, Arc<Lender>, Arc<Doctor>),
        records: Records,
        stop: CancellationToken,
    ) -> Result<Self, StorageError> {
        let state = Mutex::new(State { age: records.age()?, ..State::default() });
        let (comparing, one, work) = (tokio::sync::Mutex::default(), Arc::default(), TaskTracker::new());
        Ok(Self { care, installer, keeper, lender, doctor, records, state, comparing, one, work, stop })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All disks with everything that is known of them.
    pub(crate) async fn list(&self) -> Result<Vec<DiskView>, Problem> {
        let (disks, kept) = (self.installer.list().await?, self.kept().await);
        let mut views = Vec::new();
        for disk in disks {
            let kept = self.kept_of(&disk, &kept).await;
            views.push(DiskView {
                health: self.doctor.health(&disk.id),
                member: self.keeper.member(&disk.id),
                adopted: self.lender.adopted_of(&disk.id),
                work: self.state().works.get(&disk.id).cloned(),
                kept,
                disk,
            });
        }
        Ok(views)
    }

    async fn kept(&self) -> Vec<Kept> {
        self.care.kept().await.unwrap_or_else(|error| {
            tracing::warn!(error = error_chain(&error), "what is kept of disks cannot be listed");
            Vec::new()
        })
    }

    /// What can be taken back of a disk that nothing uses.
    async fn kept_of(&self, disk: &Disk, kept: &[Kept]) -> Option<KeptEnds> {
        let kept = newest(disk, kept)?;
        let _comparing = self.comparing.lock().await;
        let known = (disk.id.clone(), kept.at);
        let before = self.state().untouched.get(&known).filter(|(contents, _)| *contents == disk.contents).map(|(_, untouched)| *untouched);
        let untouched = match before {
            _ if kept.used => false,
            Some(untouched) => untouched,
            None => {
                let untouched = self.care.is_untouched(kept).await.unwrap_or_else(|error| {
                    tracing::warn!(error = error_chain(&error), disk = %disk.id, "it cannot be seen whether a disk was written to");
                    false
                });
                self.state().untouched.insert(known, (disk.contents.clone(), untouched));
                untouched
            }
        };
        Some(KeptEnds { at: kept.at, until: until(kept.at), untouched })
    }

    /// What erasing a disk would do. Nothing is begun.
    pub(crate) async fn plan(&self, id: &DiskId, seen: &SeenDisk) -> Result<ErasePlan, Problem> {
        let disks = self.installer.list().await?;
        let disk = self.free(&disks, id, &seen.contents, &[Unfit::TooSmall]).await?;
        plan(disk, Timestamp::now())
    }

    /// Erases a disk, if its label was typed and `proved` agrees. Waits a while for the end.
    pub(crate) async fn erase(
        self: &Arc<Self>,
        id: &DiskId,
        wanted: EraseDisk,
        by: Actor,
        proved: impl FnOnce(&ErasePlan) -> Result<(), Problem>,
    ) -> Result<DiskWork, Problem> {
        let one = self.alone()?;
        let disks = self.installer.list().await?;
        let disk = self.free(&disks, id, &wanted.contents, &[Unfit::TooSmall]).await?;
        let plan = plan(disk, Timestamp::now())?;
        judge::typed(Some(&plan.label), wanted.label.as_deref())?;
        proved(&plan)?;
        let name = observe::name(disk);
        tracing::info!(disk = %id, %by, "a disk is erased");
        self.keeper.note(action(DiskWorkKind::Erase), format!("{by} began to erase {name}."));
        let done = format!("{name} was erased. It can be taken back until {}.", plan.until.strftime("%Y-%m-%d"));
        let (this, disk) = (Arc::clone(self), id.clone());
        let work = async move { this.care.erase(&disk, &wanted.contents).await };
        Ok(self.begin(one, Job { disk: id.clone(), name, kind: DiskWorkKind::Erase, done }, work).await)
    }

    /// Takes back the erasing of a disk. Waits a while for the end.
    pub(crate) async fn restore(self: &Arc<Self>, id: &DiskId, seen: SeenDisk, by: Actor) -> Result<DiskWork, Problem> {
        let one = self.alone()?;
        let disks = self.installer.list().await?;
        let disk = self.free(&disks, id, &seen.contents, &[Unfit::TooSmall]).await?;
        let all = self.kept().await;
        let kept = newest(disk, &all).ok_or_else(|| {
            Problem::new(404, "disk-nothing-kept", "Nothing is kept of this disk that could be taken back.")
                .hint("What was on an erased disk is kept for a week.")
        })?;
        if !self.kept_of(disk, &all).await.is_some_and(|kept| kept.untouched) {
            return Err(written());
        }
        tracing::info!(disk = %id, %by, "the erasing of a disk is taken back");
        let name = observe::name(disk);
        self.keeper.note(action(DiskWorkKind::Restore), format!("{by} began to take back what was on {name}."));
        let done = format!("{name} holds again what was on it.");
        let (this, kept) = (Arc::clone(self), kept.clone());
        let work = async move {
            this.care.put_back(&kept, &seen.contents).await?;
            // It is back, also where this stays behind.
            this.forget(&kept).await;
            Ok(())
        };
        Ok(self.begin(one, Job { disk: id.clone(), name, kind: DiskWorkKind::Restore, done }, work).await)
    }

    /// What is in a disk. Nothing is written to it.
    pub(crate) async fn look(self: &Arc<Self>, id: &DiskId, seen: &SeenDisk) -> Result<Inside, Problem> {
        let _one = self.alone()?;
        let disks = self.installer.list().await?;
        let disk = self.free(&disks, id, &seen.contents, &[Unfit::TooSmall, Unfit::ReadOnly]).await?;
        self.care.look_inside(&disk.id, &seen.contents).await.map_err(|error| {
            tracing::warn!(error = error_chain(&error), disk = %id, "a disk cannot be looked into");
            match error {
                DiskError::Changed | DiskError::Gone => judge::changed(),
                DiskError::Busy(_) => {
                    Problem::new(409, "disk-unfit", "Something on this machine uses this disk.").hint("Choose another disk.").key("disk")
                }
                DiskError::Stalled(_) => Problem::new(503, "disk-slow", "The disk did not answer in time.")
                    .hint("Try again; if it comes again, the disk may be broken."),
                other => Problem::new(503, "disk-slow", judge::sentence(&other)).hint("Look at `croft logs --role storage`."),
            }
        })
    }

    /// A disk that is as it was shown, that nobody works on and that is not used as it is.
    async fn free<'a>(&self, disks: &'a [Disk], id: &DiskId, contents: &str, harmless: &[Unfit]) -> Result<&'a Disk, Problem> {
        self.installer.adoption().refuses(id).await?;
        self.unworked(disks, id, contents, harmless)
    }

    /// A disk that is as it was shown, and that nobody works on.
    fn unworked<'a>(&self, disks: &'a [Disk], id: &DiskId, contents: &str, harmless: &[Unfit]) -> Result<&'a Disk, Problem> {
        if self.installer.installation().runs() {
            return Err(Problem::new(409, "install-under-way", "An installation is under way.").hint("Wait for it, or cancel it."));
        }
        if let Some(number) = self.keeper.member(id) {
            let sentence = format!("This disk is in the pool, as its disk {number}.");
            return Err(Problem::new(409, "disk-unfit", sentence).hint("Take it off the pool first: `croft pool remove`.").key("disk"));
        }
        if self.keeper.is_about(id) {
            return Err(
                Problem::new(409, "pool-change-under-way", "The pool is just taking this disk in.").hint("Wait for that, or give it up.")
            );
        }
        judge::as_shown(disks, id, contents, harmless)
    }

    /// A disk that may be read, if it is as it was shown.
    pub(crate) async fn readable(&self, id: &DiskId, contents: &str) -> Result<Disk, Problem> {
        let disks = self.installer.list().await?;
        self.free(&disks, id, contents, &[Unfit::TooSmall, Unfit::ReadOnly]).await.cloned()
    }

    /// The same once a wish to use it as it is counts: whoever was just beginning to write to it has begun, and later ones are refused.
    pub(crate) async fn readable_still(&self, id: &DiskId, contents: &str) -> Result<(), Problem> {
        self.keeper.has_begun().await;
        self.installer.has_begun().await;
        let disks = self.installer.list().await?;
        self.unworked(&disks, id, contents, &[Unfit::TooSmall, Unfit::ReadOnly]).map(drop)
    }

    /// Nobody else works on a disk meanwhile.
    pub(crate) fn alone(&self) -> Result<tokio::sync::OwnedMutexGuard<()>, Problem> {
        Arc::clone(&self.one).try_lock_owned().map_err(|_| {
            Problem::new(409, "disk-work-under-way", "The box is just working on another disk.").hint("Try again in a moment.")
        })
    }

    async fn begin(
        self: &Arc<Self>,
        one: tokio::sync::OwnedMutexGuard<()>,
        job: Job,
        work: impl Future<Output = Result<(), DiskError>> + Send + 'static,
    ) -> DiskWork {
        let Job { disk: id, name, kind, done } = job;
        self.state().works.insert(id.clone(), DiskWork { kind, end: None });
        self.keeper.disks_changed();
        let (this, disk) = (Arc::clone(self), id.clone());
        let working = self.work.spawn(async move {
            let (end, said) = match work.await {
                Ok(()) => (DiskWorkEnd::Done, done),
                Err(error) => {
                    tracing::error!(error = error_chain(&error), %disk, "work on a disk has failed");
                    let reason = sentence(&error);
                    let said = format!("{} did not work: {reason}", failing(kind, &name));
                    (DiskWorkEnd::Failed { reason }, said)
                }
            };
            this.keeper.note(action(kind), said);
            {
                let mut state = this.state();
                state.works.insert(disk.clone(), DiskWork { kind, end: Some(end) });
                state.untouched.retain(|(id, _), _| *id != disk);
            }
            drop(one);
            this.keeper.disks_changed();
        });
        // Given up waiting, it goes on.
        let _ = tokio::time::timeout(PATIENCE, working).await;
        self.state().works.get(&id).cloned().unwrap_or(DiskWork { kind, end: None })
    }

    /// Forgets what was kept for long enough, until the role ends.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut told = self.care.news();
        let mut hears = true;
        while !self.stop.is_cancelled() {
            self.tidy(Timestamp::now()).await;
            // Cancel-safe: a number that has changed is seen at the next look at it.
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(TIDY) => {}
                () = self.doctor.news.notified() => self.keeper.disks_changed(),
                heard = told.changed(), if hears => match heard {
                    Ok(()) => self.keeper.look_again(),
                    Err(_) => hears = false,
                },
            }
        }
        self.work.close();
        self.work.wait().await;
    }

    /// Forgets what was seen to be kept for a week: a clock that jumps makes nothing older.
    pub(crate) async fn tidy(&self, now: Timestamp) {
        // Where it cannot be listed, nothing is known to be gone.
        let Ok(all) = self.care.kept().await else { return };
        let names: Vec<String> = all.iter().map(age_name).collect();
        let before = self.state().age.clone();
        let Some(record) = age::step(before.as_ref(), &names, now) else { return };
        self.state().age = Some(record.clone());
        if let Err(error) = self.records.keep_age(record.clone()).await {
            tracing::warn!(error = error_chain(&error), "for how long ends of disks are kept cannot be noted");
        }
        for kept in all.iter().filter(|kept| age::is_older(Some(&record), &age_name(kept), KEPT)) {
            self.forget(kept).await;
        }
    }

    async fn forget(&self, kept: &Kept) {
        match self.care.forget(kept).await {
            Ok(()) => tracing::info!(disk = %kept.disk, "what was kept of a disk is kept no longer"),
            Err(error) => tracing::warn!(error = error_chain(&error), disk = %kept.disk, "what was kept of a disk cannot be removed"),
        }
    }
}

fn age_name(kept: &Kept) -> String {
    format!("{} {}", kept.disk, kept.at.as_millisecond())
}

/// How the activity calls it.
const fn action(kind: DiskWorkKind) -> &'static str {
    match kind {
        DiskWorkKind::Erase => "disk.erase",
        DiskWorkKind::Restore => "disk.restore",
    }
}

fn failing(kind: DiskWorkKind, name: &str) -> String {
    match kind {
        DiskWorkKind::Erase => format!("Erasing {name}"),
        DiskWorkKind::Restore => format!("Taking back what was on {name}"),
    }
}

fn plan(disk: &Disk, now: Timestamp) -> Result<ErasePlan, Problem> {
    let Some(label) = disk.label.clone().filter(|_| disk.holds != Holds::Nothing) else {
        return Err(Problem::new(409, "disk-empty", "There is nothing on this disk.").hint("Nothing has to be done.").key("disk"));
    };
    let proof = ToProve { operation: "disk.erase".into(), target: format!("{} {}", disk.id, disk.contents) };
    Ok(ErasePlan { lost: disk.holds.clone(), label, until: until(now), proof })
}

/// What was kept of this very disk last, if nothing uses it.
fn newest<'a>(disk: &Disk, kept: &'a [Kept]) -> Option<&'a Kept> {
    let free = disk.unfit.is_none_or(|unfit| unfit == Unfit::TooSmall);
    kept.iter().filter(|kept| free && kept.disk == disk.id && kept.size == disk.size).max_by_key(|kept| kept.at)
}

fn until(at: Timestamp) -> Timestamp {
    at.checked_add(KEPT).unwrap_or(Timestamp::MAX)
}

fn written() -> Problem {
    Problem::new(409, "disk-written-since", "Something was written to this disk since it was erased, so it cannot be taken back.")
        .hint("Programs that look for lost files may still find some of them.")
}

fn sentence(error: &DiskError) -> String {
    match error {
        DiskError::Written => "Something was written to the disk since it was erased; it was left as it is.".into(),
        DiskError::Stalled(time) => format!("The disk did nothing for {} seconds. It may be broken, or was pulled out.", time.as_secs()),
        DiskError::Gone | DiskError::Changed | DiskError::Busy(_) => judge::sentence(error),
        other => format!("The disk could not be written: {other}."),
    }
}
