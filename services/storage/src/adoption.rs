//! Which disks are used as they are: what the settings say, what was wished and stands in them soon, and what is lent. Whatever would write to a disk
//! asks here first.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use croft_disks::{Care, Hold};
use croft_model::{DiskId, DiskSource, Problem, Projection, SpaceId, SpaceKind};
use croft_telemetry::error_chain;
use tokio::{sync::watch, task::spawn_blocking, time::Instant};

/// For so long a wish counts that the supervisor has taken and of which it has not told yet.
const TOLD: Duration = Duration::from_secs(60);
/// For so long after a release whoever reads from a disk is waited for.
const ENDING: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);

/// Everything by which it is known whether a disk is used as it is.
pub(crate) struct Adoption {
    care: Arc<dyn Care>,
    household: watch::Receiver<Option<Projection>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is wished, under which name, and for how long that counts.
    wished: Vec<(DiskSource, String, Instant)>,
    /// The disks of what is lent.
    lent: BTreeMap<SpaceId, (Vec<DiskId>, String)>,
    /// What is lent no longer, and may be read still by whoever had it.
    ending: Vec<(Vec<DiskId>, Hold)>,
}

impl Adoption {
    /// Judges the disks of `care` by the settings in `household`.
    pub(crate) fn new(care: Arc<dyn Care>, household: watch::Receiver<Option<Projection>>) -> Self {
        Self { care, household, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing, where a disk may be written to as far as its use is concerned.
    ///
    /// # Errors
    /// It is used as it is, was until a moment ago, or nobody can tell.
    pub(crate) async fn refuses(&self, disk: &DiskId) -> Result<(), Problem> {
        if let Some(name) = self.named(disk).await? {
            let sentence = format!("This disk is used as it is, under the name {name}.");
            return Err(Problem::new(409, "disk-adopted", sentence).hint("Release it first: `croft disk release`.").key("disk"));
        }
        if self.is_held(disk).await {
            return Err(Problem::new(409, "disk-adopted", "This disk was just released, and somebody is still reading from it.")
                .hint("Try again in a moment.")
                .retry_after(2)
                .key("disk"));
        }
        Ok(())
    }

    /// The name under which a disk is used.
    async fn named(&self, disk: &DiskId) -> Result<Option<String>, Problem> {
        let known = self.household.borrow().as_ref().map(sources);
        let mut sources = known.ok_or_else(|| Problem::unavailable("What the box knows of its disks"))?;
        {
            let mut state = self.state();
            if let Some((_, name)) = state.lent.values().find(|(disks, _)| disks.contains(disk)) {
                return Ok(Some(name.clone()));
            }
            state.wished.retain(|(.., until)| Instant::now() < *until);
            sources.extend(state.wished.iter().map(|(source, name, _)| (source.clone(), name.clone())));
        }
        if let Some((_, name)) = sources.iter().find(|(source, _)| source.disk == *disk) {
            return Ok(Some(name.clone()));
        }
        if sources.is_empty() {
            return Ok(None);
        }
        // One that lies on several disks is on others than the one by which it was chosen, too.
        let volumes = self.care.volumes().await.map_err(|error| {
            tracing::error!(error = error_chain(&error), "it cannot be told whether a disk is used as it is");
            Problem::new(503, "disks-unreadable", "The box cannot see its disks just now.")
                .hint("Try again; if it comes again, look at `croft logs --role storage`.")
        })?;
        let own: Vec<_> = volumes.iter().filter(|volume| volume.disk == *disk).collect();
        Ok(sources.into_iter().find(|(source, _)| own.iter().any(|volume| volume.is(source))).map(|(_, name)| name))
    }

    /// These file systems are used as they are from now on, also while the settings do not say so yet.
    pub(crate) fn wish<'a>(&self, sources: impl Iterator<Item = (&'a DiskSource, &'a str)>) {
        let until = Instant::now() + TOLD;
        self.state().wished.extend(sources.map(|(source, name)| (source.clone(), name.to_owned(), until)));
    }

    /// Nothing came of a wish, or it was taken back.
    pub(crate) fn unwish<'a>(&self, sources: impl Iterator<Item = &'a DiskSource>) {
        let gone: Vec<_> = sources.collect();
        self.state().wished.retain(|(source, ..)| !gone.contains(&source));
    }

    /// What is wished on this disk.
    pub(crate) fn wished_on(&self, disk: &DiskId) -> Vec<DiskSource> {
        self.state().wished.iter().filter(|(source, ..)| source.disk == *disk).map(|(source, ..)| source.clone()).collect()
    }

    /// A space shows what lies on these disks.
    pub(crate) fn lends(&self, space: SpaceId, disks: Vec<DiskId>, name: String) {
        self.state().lent.insert(space, (disks, name));
    }

    /// A space shows it no longer; `hold` tells when whoever read it has ended.
    pub(crate) fn ends(&self, space: SpaceId, hold: Hold) {
        let mut state = self.state();
        if let Some((disks, _)) = state.lent.remove(&space) {
            state.ending.push((disks, hold));
        }
    }

    /// Whether a disk is lent no longer, and read still.
    async fn is_held(&self, disk: &DiskId) -> bool {
        let ending = std::mem::take(&mut self.state().ending);
        let asked = spawn_blocking(move || ending.into_iter().filter(|(_, hold)| hold.lasts()).collect::<Vec<_>>()).await;
        let mut state = self.state();
        state.ending.extend(asked.unwrap_or_default());
        state.ending.iter().any(|(disks, _)| disks.contains(disk))
    }

    /// Waits until nobody reads any more from a disk that was released, but not for long.
    pub(crate) async fn settles(&self, disk: &DiskId) {
        let begun = Instant::now();
        while self.is_held(disk).await && begun.elapsed() < ENDING {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What the settings say is used as it is, with the names.
fn sources(projection: &Projection) -> Vec<(DiskSource, String)> {
    let spaces = projection.spaces.iter().flatten().map(|(_, space)| space);
    let live = spaces.filter(|space| space.kind == SpaceKind::Disk && space.archived_at.is_none());
    live.filter_map(|space| Some((space.disk.clone()?, space.name.clone()))).collect()
}
