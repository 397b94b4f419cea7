//! Pools of btrfs: what the kernel says of one, and what it is asked to do. Why so: `docs/decisions/pool.md`.
//!
//! `raw` and `calls` are the kernel's words; `look` compares what it believes with the disks that are there; `long` follows what takes long.

mod aligned;
mod alone;
mod calls;
mod convert;
mod counts;
mod flags;
mod level;
mod long;
mod look;
mod lost;
mod raw;
mod remove;
mod replace;
mod scrub;
mod spaces;
mod superblock;
mod sysfs;
mod trees;
mod volumes;

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use croft_model::{DiskId, MemberErrors, Progress};
use futures_util::{FutureExt, TryFutureExt, future::BoxFuture};
use tokio::{sync::watch, task::spawn_blocking};
use tokio_util::sync::CancellationToken;

pub(crate) use calls::forget_device;
pub use spaces::LinuxSnapshots;
pub(crate) use superblock::{Superblock, Superblocks};
pub(crate) use sysfs::{is_mounted, pooled_devices};

use self::{
    calls::Replacement,
    convert::Convert,
    level::Level,
    long::Long,
    look::{Believed, Member, Strangers, believed},
    remove::Remove,
    replace::{Begun, Replace, Waited, Way},
    scrub::Scrub,
    sysfs::Operation,
};
use crate::{
    LinuxDisks,
    empty::Chosen,
    pool::{Pool, PoolError, Scrubbed, Seen, Target},
};

/// The pool below a directory, on this machine's disks. Takes root.
#[derive(Debug, Clone)]
pub struct LinuxPool {
    directory: Arc<OwnedFd>,
    aside: Arc<OwnedFd>,
    disks: LinuxDisks,
    strangers: Strangers,
}

impl LinuxPool {
    /// Whether this process may look after a pool at all.
    #[must_use]
    pub fn is_possible() -> bool {
        nix::unistd::geteuid().is_root()
    }

    /// The pool in which `directory` lies. What disks held before they were emptied is kept in `aside`.
    #[must_use]
    pub fn new(directory: OwnedFd, aside: OwnedFd, disks: LinuxDisks) -> Self {
        Self { directory: Arc::new(directory), aside: Arc::new(aside), disks, strangers: Strangers::default() }
    }

    fn pool(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    async fn member(&self, number: u64) -> Result<Member, PoolError> {
        let members = believed(self.pool())?.members(&self.disks, &self.strangers).await?;
        members.into_iter().find(|member| member.believed.number == number).ok_or(PoolError::NoMember(number))
    }

    /// Refuses while something is done to the pool, before a disk is emptied for what the kernel would refuse then.
    fn must_be_idle(&self, what: &'static str) -> Result<(), PoolError> {
        let refused = |source| PoolError::Refused { what, source };
        let believed = believed(self.pool())?;
        let is_idle = Operation::of(&believed.name).map_err(refused)? == Operation::None;
        let compares = |device: &calls::Device| calls::scrub_progress(self.pool(), device.number).is_ok_and(|counts| counts.is_some());
        if is_idle && !believed.devices.iter().any(compares) {
            Ok(())
        } else {
            Err(refused(io::Error::new(io::ErrorKind::ResourceBusy, "something else is being done to the pool")))
        }
    }

    async fn take_in(&self, disk: &DiskId, contents: &str) -> Result<u64, PoolError> {
        const WHAT: &str = "add a disk";
        let before = believed(self.pool())?;
        let is_in = |member: &&Member| member.disk() == Some(disk) && !member.is_stale();
        // Asked once more, by somebody who did not hear the answer.
        if let Some(member) = before.members(&self.disks, &self.strangers).await?.iter().find(is_in) {
            return Ok(member.believed.number);
        }
        self.must_be_idle(WHAT)?;
        let emptied = Chosen::find(&self.disks, disk, contents).await?.empty(&self.aside).await?;
        let partition = emptied.give(&self.aside).await?;
        self.blocking(WHAT, move |pool| calls::add(pool, &partition)).await?;
        let after = believed(self.pool())?;
        let new = after.devices.iter().find(|device| !before.devices.iter().any(|old| old.number == device.number));
        let lost = || PoolError::Refused { what: WHAT, source: io::Error::other("the new disk is not there") };
        new.map(|device| device.number).ok_or_else(lost)
    }

    async fn put_in_place(
        &self,
        number: u64,
        disk: &DiskId,
        contents: &str,
        progress: watch::Sender<Progress>,
        stop: CancellationToken,
    ) -> Result<(), PoolError> {
        let refused = |source| PoolError::Refused { what: Replace::WHAT, source };
        let way = |member: &Member| Way::new(self.pool(), &member.believed, progress.clone()).map_err(refused);
        if calls::replacement(self.pool()).map_err(refused)? != Replacement::None {
            let way = way(&self.member(number).await?)?;
            if long::run(&self.directory, Begun { way }, stop.clone()).await? == Waited::GaveUp {
                return Ok(());
            }
        }
        let member = self.member(number).await?;
        if member.disk() != Some(disk) || member.is_stale() {
            self.must_be_idle(Replace::WHAT)?;
            let chosen = Chosen::find(&self.disks, disk, contents).await?;
            chosen.must_hold(member.believed.total)?;
            let emptied = chosen.empty(&self.aside).await?;
            let work = Replace { way: way(&member)?, number, to: emptied.give(&self.aside).await? };
            long::run(&self.directory, work, stop).await?;
        }
        self.blocking(Replace::WHAT, move |pool| calls::grow(pool, number)).await
    }

    async fn move_data(&self, target: Target, progress: watch::Sender<Progress>, stop: CancellationToken) -> Result<(), PoolError> {
        let Believed { name, .. } = believed(self.pool())?;
        let work = Convert::new(self.pool(), name, flags::ways(target), progress);
        let work = work.map_err(|source| PoolError::Refused { what: Convert::WHAT, source })?;
        long::run(&self.directory, work, stop).await
    }

    async fn move_evenly(&self, progress: watch::Sender<Progress>, stop: CancellationToken) -> Result<(), PoolError> {
        let Believed { name, .. } = believed(self.pool())?;
        let work = Level::new(self.pool(), name, progress).map_err(|source| PoolError::Refused { what: Level::WHAT, source })?;
        long::run(&self.directory, work, stop).await
    }

    async fn take_out(&self, number: u64, progress: watch::Sender<Progress>, stop: CancellationToken) -> Result<(), PoolError> {
        let believed = believed(self.pool())?;
        let device = believed.devices.iter().find(|device| device.number == number).ok_or(PoolError::NoMember(number))?;
        long::run(&self.directory, Remove::new(believed.name.clone(), device, progress), stop).await
    }

    async fn compare(&self, progress: watch::Sender<Progress>, stop: CancellationToken) -> Result<Scrubbed, PoolError> {
        let members = believed(self.pool())?.members(&self.disks, &self.strangers).await?;
        let used = members.into_iter().filter(|member| member.is_used);
        let devices = used.filter_map(|member| Some((member.believed.number, member.carrier?.path))).collect();
        let work = Scrub::new(self.pool(), devices, progress);
        let work = work.map_err(|source| PoolError::Refused { what: Scrub::WHAT, source })?;
        long::run(&self.directory, work, stop).await
    }

    /// A call that takes a moment, without holding up others.
    async fn blocking<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(BorrowedFd<'_>) -> io::Result<T> + Send + 'static,
    ) -> Result<T, PoolError> {
        let pool = Arc::clone(&self.directory);
        let ended = spawn_blocking(move || work(pool.as_fd())).await.map_err(io::Error::other);
        ended.and_then(|ended| ended).map_err(|source| PoolError::Refused { what, source })
    }
}

impl Pool for LinuxPool {
    fn look(&self) -> BoxFuture<'_, Result<Option<Seen>, PoolError>> {
        look::look(self.pool(), &self.disks, &self.strangers).boxed()
    }

    fn add<'a>(&'a self, disk: &'a DiskId, contents: &'a str) -> BoxFuture<'a, Result<u64, PoolError>> {
        self.take_in(disk, contents).boxed()
    }

    fn replace<'a>(
        &'a self,
        member: u64,
        disk: &'a DiskId,
        contents: &'a str,
        progress: watch::Sender<Progress>,
        stop: CancellationToken,
    ) -> BoxFuture<'a, Result<(), PoolError>> {
        self.put_in_place(member, disk, contents, progress, stop).boxed()
    }

    fn convert(&self, target: Target, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<(), PoolError>> {
        self.move_data(target, progress, stop).boxed()
    }

    fn level(&self, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<(), PoolError>> {
        self.move_evenly(progress, stop).boxed()
    }

    fn remove(&self, member: u64, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<(), PoolError>> {
        self.take_out(member, progress, stop).boxed()
    }

    fn sync(&self) -> BoxFuture<'_, Result<(), PoolError>> {
        self.blocking("make all durable", calls::sync).boxed()
    }

    fn scrub(&self, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<Scrubbed, PoolError>> {
        self.compare(progress, stop).boxed()
    }

    fn forget_errors(&self, member: u64) -> BoxFuture<'_, Result<MemberErrors, PoolError>> {
        self.blocking("forget the errors of a disk", move |pool| calls::forget_errors(pool, member))
            .map_ok(Option::unwrap_or_default)
            .boxed()
    }
}
