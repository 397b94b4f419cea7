//! Disks that are only pretended, for tests of those above.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use croft_model::{Disk, DiskId, Progress};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{DiskError, Disks, Stage};

/// Disks of a test. Clones share them.
#[derive(Clone, Default)]
pub struct FakeDisks(Arc<Mutex<World>>);

#[derive(Default)]
struct World {
    disks: Vec<Disk>,
    image: bool,
    /// What the next installation ends with, once it is let go.
    fails: Option<DiskError>,
    let_go: Option<watch::Receiver<bool>>,
    written: Vec<DiskId>,
}

impl FakeDisks {
    /// A box that runs from an image, with these disks.
    #[must_use]
    pub fn new(disks: Vec<Disk>) -> Self {
        Self(Arc::new(Mutex::new(World { disks, image: true, ..World::default() })))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The box runs from no image.
    pub fn not_an_image(&self) {
        self.world().image = false;
    }

    /// Puts in other disks.
    pub fn change(&self, disks: Vec<Disk>) {
        self.world().disks = disks;
    }

    /// The next installation fails with this.
    pub fn fail(&self, error: DiskError) {
        self.world().fails = Some(error);
    }

    /// Installations stay at work until `true` is sent.
    #[must_use]
    pub fn hold(&self) -> watch::Sender<bool> {
        let (sender, receiver) = watch::channel(false);
        self.world().let_go = Some(receiver);
        sender
    }

    /// The disks that were overwritten.
    #[must_use]
    pub fn written(&self) -> Vec<DiskId> {
        self.world().written.clone()
    }

    async fn pretend(&self, disk: &DiskId, contents: &str, stage: watch::Sender<Stage>, stop: CancellationToken) -> Result<(), DiskError> {
        let let_go = {
            let mut world = self.world();
            let found = world.disks.iter().find(|found| found.id == *disk).ok_or(DiskError::Gone)?;
            if found.contents != contents || found.unfit.is_some() {
                return Err(DiskError::Changed);
            }
            world.written.push(disk.clone());
            world.let_go.clone()
        };
        stage.send_replace(Stage::Copying(Progress { done: 1, total: 2 }));
        if let Some(mut let_go) = let_go {
            // Cancel-safe: waiting keeps no state.
            tokio::select! {
                () = stop.cancelled() => return Err(DiskError::Cancelled),
                _ = let_go.wait_for(|go| *go) => {}
            }
        }
        stage.send_replace(Stage::Checking(Progress { done: 2, total: 2 }));
        match self.world().fails.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Disks for FakeDisks {
    fn can_install(&self) -> bool {
        self.world().image
    }

    fn look(&self) -> BoxFuture<'_, Result<Vec<Disk>, DiskError>> {
        async move { Ok(self.world().disks.clone()) }.boxed()
    }

    fn install<'a>(
        &'a self,
        disk: &'a DiskId,
        contents: &'a str,
        stage: watch::Sender<Stage>,
        stop: CancellationToken,
    ) -> BoxFuture<'a, Result<(), DiskError>> {
        self.pretend(disk, contents, stage, stop).boxed()
    }
}
