//! One installation at a time: begun, watched, cancelled.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use croft_api::wire::install::{InstallEnd, InstallOffer, InstallWanted};
use croft_boot::Boot;
use croft_disks::{DiskError, Disks, Stage};
use croft_model::{Disk, DiskId, Installation, Problem, Progress};
use croft_telemetry::error_chain;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    adoption::Adoption,
    judge::{judge, sentence},
};

/// Everything behind the routes.
pub struct Installer {
    disks: Arc<dyn Disks>,
    boot: Arc<dyn Boot>,
    adoption: Arc<Adoption>,
    state: Mutex<State>,
    /// Held from the look at the disks to the begin of the writing, so that two who ask at once do not both begin.
    beginning: tokio::sync::Mutex<()>,
    work: TaskTracker,
    stop: CancellationToken,
}

struct State {
    installation: Installation,
    /// Cancels the one that runs.
    cancel: CancellationToken,
    /// Disks on which one was begun and not finished.
    half: BTreeSet<DiskId>,
}

impl Installer {
    pub(crate) fn new(disks: Arc<dyn Disks>, boot: Arc<dyn Boot>, adoption: Arc<Adoption>, stop: CancellationToken) -> Self {
        let state = State { installation: Installation::None, cancel: CancellationToken::new(), half: BTreeSet::new() };
        let (state, beginning) = (Mutex::new(state), tokio::sync::Mutex::default());
        Self { disks, boot, adoption, state, beginning, work: TaskTracker::new(), stop }
    }

    /// What is used as it is.
    pub(crate) fn adoption(&self) -> &Adoption {
        &self.adoption
    }

    /// Waits until whoever is just beginning has begun.
    pub(crate) async fn has_begun(&self) {
        drop(self.beginning.lock().await);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All disks, as they are now.
    pub(crate) async fn list(&self) -> Result<Vec<Disk>, Problem> {
        let mut disks = self.disks.look().await.map_err(|error| {
            tracing::error!(error = error_chain(&error), "the disks cannot be listed");
            Problem::new(503, "disks-unreadable", "The disks of this machine cannot be listed.")
                .hint("Look at `croft logs --role storage`.")
        })?;
        let state = self.state();
        for disk in &mut disks {
            disk.half_installed = state.half.contains(&disk.id);
        }
        Ok(disks)
    }

    /// What can be installed where, and how far that is.
    pub(crate) async fn offer(&self) -> Result<InstallOffer, Problem> {
        let disks = self.list().await?;
        let possible = self.disks.can_install();
        let from_stick = disks.iter().any(|disk| disk.runs_from && disk.removable);
        let offered = possible && from_stick && disks.iter().any(|disk| disk.unfit.is_none());
        Ok(InstallOffer { possible, offered, disks, installation: self.installation() })
    }

    pub(crate) fn installation(&self) -> Installation {
        self.state().installation.clone()
    }

    /// Begins one, if nothing speaks against it.
    pub(crate) async fn begin(self: &Arc<Self>, wanted: InstallWanted) -> Result<Installation, Problem> {
        if !self.disks.can_install() {
            return Err(Problem::new(409, "install-impossible", "This box was not started from an image, so it cannot install itself.")
                .hint("Flash the image to a USB stick and start the machine from it."));
        }
        let _one = self.beginning.lock().await;
        if self.installation().runs() {
            return Err(Problem::new(409, "install-under-way", "An installation is under way.").hint("Wait for it, or cancel it."));
        }
        let disks = self.list().await?;
        self.adoption.refuses(&wanted.disk).await?;
        let disk = judge(&disks, &wanted)?.id.clone();
        let cancel = self.stop.child_token();
        let begun = Installation::Copying { disk: disk.clone(), progress: Progress { done: 0, total: 0 } };
        {
            let mut state = self.state();
            state.installation = begun.clone();
            state.cancel = cancel.clone();
        }
        tracing::info!(%disk, "an installation begins");
        let this = Arc::clone(self);
        self.work.spawn(async move {
            let ended = this.install(&disk, &wanted.contents, cancel).await;
            this.settle(disk, ended);
        });
        Ok(begun)
    }

    /// Writes, and tells meanwhile how far it is.
    async fn install(&self, disk: &DiskId, contents: &str, cancel: CancellationToken) -> Result<(), DiskError> {
        let (stage, mut stages) = watch::channel(Stage::Copying(Progress { done: 0, total: 0 }));
        let telling = async {
            while stages.changed().await.is_ok() {
                let stage = *stages.borrow_and_update();
                let disk = disk.clone();
                let mut state = self.state();
                // The first stage is told when the writing begins.
                state.half.insert(disk.clone());
                state.installation = match stage {
                    Stage::Copying(progress) => Installation::Copying { disk, progress },
                    Stage::Checking(progress) => Installation::Checking { disk, progress },
                };
            }
        };
        // The other end of the channel goes with the installation, so both end.
        let (ended, ()) = tokio::join!(self.disks.install(disk, contents, stage, cancel), telling);
        ended
    }

    fn settle(&self, disk: DiskId, ended: Result<(), DiskError>) {
        let mut state = self.state();
        state.installation = match ended {
            Ok(()) => {
                tracing::info!(%disk, "an installation is done");
                state.half.remove(&disk);
                Installation::Done { disk }
            }
            Err(DiskError::Cancelled) => {
                tracing::info!(%disk, "an installation was cancelled");
                Installation::Cancelled { disk }
            }
            Err(error) => {
                tracing::error!(%disk, error = error_chain(&error), "an installation has failed");
                Installation::Failed { disk, reason: sentence(&error) }
            }
        };
    }

    /// Gives up the one that runs. It is over when its state says so.
    pub(crate) fn cancel(&self) -> Result<Installation, Problem> {
        let state = self.state();
        if !state.installation.runs() {
            return Err(Problem::new(409, "nothing-to-cancel", "No installation is under way.").hint("Nothing has to be done."));
        }
        state.cancel.cancel();
        Ok(state.installation.clone())
    }

    /// Ends the machine after an installation.
    pub(crate) async fn end(&self, wanted: InstallEnd) -> Result<(), Problem> {
        if !matches!(self.installation(), Installation::Done { .. }) {
            return Err(Problem::new(409, "install-unfinished", "Nothing was installed that the machine could start from.")
                .hint("Install to a disk first."));
        }
        self.boot.end(wanted.how).await.map_err(|error| {
            tracing::error!(error = error_chain(&error), "the machine cannot be ended");
            Problem::new(503, "machine-stays", "The machine does not take this.").hint("Press its power button.")
        })
    }

    /// Waits until nothing writes any more; the role's end has cancelled it.
    pub(crate) async fn ended(&self) {
        self.work.close();
        self.work.wait().await;
    }
}
