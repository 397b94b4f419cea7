//! The trait on the pool: what can be seen of a btrfs with several disks, and done to it.
//!
//! Each call does one thing of btrfs and can be repeated: whoever calls looks, decides on the next step, and looks again. What must follow what,
//! so that nothing is ever less safe than people were told, is decided by the role (`plan.rs` of storage).

use croft_model::{Bytes, DiskId, MemberErrors, Progress, Protection};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::DiskError;

/// A pool, as btrfs and the kernel tell it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The file system's UUID.
    pub uuid: String,
    /// Its disks, by number.
    pub members: Vec<SeenMember>,
    /// What is given to data, to metadata and to the pool's own tables, by how it is kept. Two entries of one use mean that it is kept in two ways.
    pub groups: Vec<Group>,
    /// What the kernel is doing to it, also when somebody else has begun it: none where it does nothing (`exclusive_operation` in sysfs).
    pub busy: Option<Holder>,
    /// Whether the kernel has given up writing.
    pub read_only: bool,
}

/// A disk of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenMember {
    /// Its number in the pool.
    pub number: u64,
    /// The disk; none where it is not there, whatever the kernel thinks: after an unplug the kernel goes on believing in it.
    pub disk: Option<DiskId>,
    /// Whether it is there without what was written last: it was away, or its writes fail, or the kernel does not use it since it came back. It counts
    /// only after it was replaced, also by itself. What came back *before* the pool was mounted looks like any other once the kernel has written to it.
    pub stale: bool,
    /// Pooled bytes of it.
    pub size: Bytes,
    /// Of those, given to data, metadata and tables.
    pub used: Bytes,
    /// Of those, given to what lies on this disk and on no other: lost with it.
    pub alone: Bytes,
    /// Whether the kernel goes on giving room on it to what is written, though it is not there: it was pulled out, and the pool was not mounted since.
    pub haunts: bool,
    /// What went wrong with it since the counters were last set to zero.
    pub errors: MemberErrors,
}

/// Space of a pool that is kept in one way for one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// For what.
    pub usage: Usage,
    /// How many copies, each on a disk of its own; `None` for two on the same disk, which one disk's death takes along as if there were one.
    pub copies: Option<Protection>,
    /// Bytes in all, a copy counted once.
    pub total: Bytes,
    /// Bytes used, a copy counted once.
    pub used: Bytes,
}

/// What space of a pool is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// Contents of files.
    Data,
    /// Names, places, checksums.
    Metadata,
    /// Where everything else lies.
    System,
}

/// What the kernel does to a pool, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Data is moved, also `paused` when it was interrupted.
    Balance,
    /// One disk is being replaced by another.
    Replace,
    /// A disk is being taken off.
    Remove,
    /// Something that ends by itself: a disk that is added, a change of size.
    Other,
}

/// How a pool shall keep what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Contents of files.
    pub data: Protection,
    /// Metadata and tables. `Single` keeps two copies, on the one disk that there is.
    pub metadata: Protection,
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrubbed {
    /// The disks of which everything was read.
    pub compared: Vec<u64>,
    /// Bytes that were read, all copies counted.
    pub read: Bytes,
    /// Blocks that were wrong and are mended.
    pub mended: u64,
    /// Blocks that are wrong in every copy.
    pub lost: u64,
    /// Files with those, at most 100, below the pool: `spaces/s1/files/a.jpg`.
    pub files: Vec<String>,
}

/// Something could not be done to the pool.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// A disk could not be prepared.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The kernel refused.
    #[error("the kernel refused to {what}")]
    Refused {
        /// To do what: `add a disk`.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// There is no such disk in the pool.
    #[error("the pool has no disk {0}")]
    NoMember(u64),
    /// Somebody wished it.
    #[error("it was given up")]
    Cancelled,
}

/// A pool that is mounted. Long calls tell how far they are, in bytes, and end soon after `stop` is cancelled, with [`PoolError::Cancelled`]; what they
/// had moved by then stays moved. When this process is killed meanwhile, or drops the call, the kernel gives up or goes on, and `look` says which.
pub trait Pool: Send + Sync {
    /// What there is now; `None` where the data lies on no btrfs.
    fn look(&self) -> BoxFuture<'_, Result<Option<Seen>, PoolError>>;

    /// Empties `disk`, if `contents` is what is still on it, and takes it in. Gives its number.
    fn add<'a>(&'a self, disk: &'a DiskId, contents: &'a str) -> BoxFuture<'a, Result<u64, PoolError>>;

    /// Empties `disk`, if `contents` is what is still on it, and writes to it what `member` holds or held; in its place, it gives the pool all of its
    /// room. With one under way, waits for that. One that lost its new disk on the way is ended, which `look` shows: nothing is begun in its stead.
    fn replace<'a>(
        &'a self,
        member: u64,
        disk: &'a DiskId,
        contents: &'a str,
        progress: watch::Sender<Progress>,
        stop: CancellationToken,
    ) -> BoxFuture<'a, Result<(), PoolError>>;

    /// Moves what is not kept as `target` says, until all is. Goes on with one that was interrupted.
    fn convert(&self, target: Target, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<(), PoolError>>;

    /// Moves data from full disks to emptier ones, until what is left on each can be used by pieces that need several disks. It changes no way of
    /// keeping, so a balance of the data without a filter does it, and one that stops at the same room everywhere does it sooner.
    fn level(&self, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<(), PoolError>>;

    /// Moves all off `member` and takes it out of the pool; a disk that is there is left without a file system.
    fn remove(&self, member: u64, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<(), PoolError>>;

    /// Makes durable all that was written: a comparison looks only at what is.
    fn sync(&self) -> BoxFuture<'_, Result<(), PoolError>>;

    /// Reads all copies and mends what can be mended.
    fn scrub(&self, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<Scrubbed, PoolError>>;

    /// Sets a disk's counters of errors to zero, once all on it was compared; tells what they were in that moment.
    fn forget_errors(&self, member: u64) -> BoxFuture<'_, Result<MemberErrors, PoolError>>;
}
