//! What can be asked of a single disk: its health, what is in it, and to be erased in a way that can be taken back.

use std::{
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

use croft_model::{DiskId, DiskSource, Inside};
use futures_util::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    DiskError, Kept, Lending, LinuxDisks, SmartAnswer, SmartWay, Unlent, Volume,
    aside::{forget, kept},
    contents,
    empty::Chosen,
    inside,
    linux::place,
    lsblk::Device,
    smart, uevents,
};

/// A disk that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The id.
    pub id: DiskId,
    /// What its maker calls it.
    pub name: String,
    /// Its serial number; empty where it tells none.
    pub serial: String,
    /// Whether disks of its kind can tell how they are.
    pub can_tell: bool,
}

/// Whoever looks after single disks.
pub trait Care: Send + Sync {
    /// A number that grows whenever a disk came, went or changed, where the system tells.
    fn news(&self) -> watch::Receiver<u64>;

    /// The disks that are there, told without reading from any, so that none is woken.
    fn present(&self) -> BoxFuture<'_, Result<Vec<Present>, DiskError>>;

    /// Asks a disk how it is, first in the way that worked before. A disk that sleeps is not woken.
    fn health<'a>(&'a self, disk: &'a DiskId, known: Option<SmartWay>) -> BoxFuture<'a, Result<SmartAnswer, DiskError>>;

    /// Looks into the file systems of a disk that nothing uses, if `contents` is what is on it. Nothing is written to it.
    fn look_inside<'a>(&'a self, disk: &'a DiskId, contents: &'a str) -> BoxFuture<'a, Result<Inside, DiskError>>;

    /// The file systems on all disks.
    fn volumes(&self) -> BoxFuture<'_, Result<Vec<Volume>, DiskError>>;

    /// Mounts a file system for reading, for as long as what is given back is held. Nothing is written to its disks.
    fn lend<'a>(&'a self, source: &'a DiskSource) -> BoxFuture<'a, Result<Lending, Unlent>>;

    /// Keeps both ends of a disk aside and wipes them, if `contents` is what is on it and nothing uses it.
    fn erase<'a>(&'a self, disk: &'a DiskId, contents: &'a str) -> BoxFuture<'a, Result<(), DiskError>>;

    /// All that is kept of disks, the oldest first.
    fn kept(&self) -> BoxFuture<'_, Result<Vec<Kept>, DiskError>>;

    /// Whether nothing was written to the disk since `kept` was kept of it, as far as can be seen.
    fn is_untouched<'a>(&'a self, kept: &'a Kept) -> BoxFuture<'a, Result<bool, DiskError>>;

    /// Writes what was kept of a disk back to it, if `contents` is what is on it now, nothing uses it and nothing was written to it since.
    fn put_back<'a>(&'a self, kept: &'a Kept, contents: &'a str) -> BoxFuture<'a, Result<(), DiskError>>;

    /// Keeps this no longer.
    fn forget<'a>(&'a self, kept: &'a Kept) -> BoxFuture<'a, Result<(), DiskError>>;
}

/// The disks of this machine, looked after one by one. Takes root for all but the news.
#[derive(Debug, Clone)]
pub struct LinuxCare {
    disks: LinuxDisks,
    aside: Arc<OwnedFd>,
}

impl LinuxCare {
    /// Looks after `disks`, and keeps the ends of those that are erased in `aside`.
    #[must_use]
    pub fn new(disks: LinuxDisks, aside: OwnedFd) -> Self {
        Self { disks, aside: Arc::new(aside) }
    }

    async fn ask(&self, disk: &DiskId, known: Option<SmartWay>) -> Result<SmartAnswer, DiskError> {
        let device = self.disks.device(disk).await?;
        smart::ask(&device, contents::bus(&device), known, Timestamp::now()).await
    }
}

impl Care for LinuxCare {
    fn news(&self) -> watch::Receiver<u64> {
        uevents::listen()
    }

    fn present(&self) -> BoxFuture<'_, Result<Vec<Present>, DiskError>> {
        let of = |device: &Device| Present {
            id: contents::id(device, &place(&device.name)),
            name: contents::name(device),
            serial: contents::clean(device.serial.as_deref()),
            can_tell: nix::unistd::geteuid().is_root() && !SmartWay::of(contents::bus(device)).is_empty(),
        };
        async move { Ok(self.disks.devices().await?.iter().map(of).collect()) }.boxed()
    }

    fn health<'a>(&'a self, disk: &'a DiskId, known: Option<SmartWay>) -> BoxFuture<'a, Result<SmartAnswer, DiskError>> {
        self.ask(disk, known).boxed()
    }

    fn look_inside<'a>(&'a self, disk: &'a DiskId, contents: &'a str) -> BoxFuture<'a, Result<Inside, DiskError>> {
        inside::look(&self.disks, disk, contents).boxed()
    }

    fn volumes(&self) -> BoxFuture<'_, Result<Vec<Volume>, DiskError>> {
        self.disks.volumes().boxed()
    }

    fn lend<'a>(&'a self, source: &'a DiskSource) -> BoxFuture<'a, Result<Lending, Unlent>> {
        self.disks.lend(source).boxed()
    }

    fn erase<'a>(&'a self, disk: &'a DiskId, contents: &'a str) -> BoxFuture<'a, Result<(), DiskError>> {
        async move { Chosen::find(&self.disks, disk, contents).await?.erase(&self.aside).await }.boxed()
    }

    fn kept(&self) -> BoxFuture<'_, Result<Vec<Kept>, DiskError>> {
        let unread = |source| DiskError::Read { what: "what is kept of disks".into(), source };
        async move { kept(self.aside.as_fd()).map_err(unread) }.boxed()
    }

    fn is_untouched<'a>(&'a self, kept: &'a Kept) -> BoxFuture<'a, Result<bool, DiskError>> {
        self.disks.is_untouched(&self.aside, kept).boxed()
    }

    fn put_back<'a>(&'a self, kept: &'a Kept, contents: &'a str) -> BoxFuture<'a, Result<(), DiskError>> {
        self.disks.put_back(&self.aside, kept, contents).boxed()
    }

    fn forget<'a>(&'a self, kept: &'a Kept) -> BoxFuture<'a, Result<(), DiskError>> {
        let unwritable = |source| DiskError::Write { what: "what is kept of disks".into(), source };
        async move { forget(self.aside.as_fd(), kept).map_err(unwritable) }.boxed()
    }
}
