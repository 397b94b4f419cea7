//! The trait on snapshots: what can be seen of a space's subvolume, and done to keep earlier states of it.
//!
//! Each call does one thing and can be repeated. When a snapshot is taken and how long it is kept is decided by the role (`snapshot/plan.rs` of storage).

use std::ffi::CStr;

use croft_model::{Bytes, PersonId, SnapshotName, SpaceId};
use futures_util::future::BoxFuture;

use crate::PoolError;

/// A space, as btrfs tells it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenSpace {
    /// Where its files lie.
    pub ground: SpaceGround,
    /// The read-only snapshots of this very subvolume, by time. Whatever else lies beside them is nobody's.
    pub snapshots: Vec<SeenSnapshot>,
    /// What is charged to it: all that was written to it since the pool counts, and that something still holds, be it a snapshot; none where nobody counts.
    pub charged: Option<Bytes>,
    /// How much it may take.
    pub limit: Option<Bytes>,
}

/// Where the files of a space lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpaceGround {
    /// In a subvolume, which can be kept.
    Subvolume {
        /// A number that grows with every change to a file. A snapshot has that of the state which it keeps.
        changed: u64,
    },
    /// In a plain folder.
    Folder,
    /// There is no folder yet.
    Missing,
}

/// A snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenSnapshot {
    /// Its name.
    pub name: SnapshotName,
    /// The number of the state that it keeps.
    pub changed: u64,
    /// A number that grows from one snapshot to the next, whatever the clock says.
    pub made: u64,
}

/// What the files of a space take, as they lie on the disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Files that people see.
    pub files: Bytes,
    /// What belongs to them: older versions, the trash, what is being received.
    pub own: Bytes,
    /// Of both and of what the system notes down about them, what is charged to the space.
    pub counted: Bytes,
    /// What is charged to the snapshots themselves.
    pub held: Bytes,
}

/// The attribute by which a worker learns what is left of its space's quota: `CHANGED BYTES`, two numbers; empty where there is no quota.
/// `docs/formats/space.md` has it.
pub const LEFT: &CStr = c"user.croft.left";

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// The state of the space at which it was so, as [`SpaceGround::Subvolume`] has it.
    pub changed: u64,
    /// Bytes.
    pub bytes: Bytes,
}

/// What there is of a room for the backups of somebody's Macs; both none where nothing is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenRoom {
    /// What is charged to it.
    pub charged: Option<Bytes>,
    /// What the kernel lets it take.
    pub limit: Option<Bytes>,
}

/// The spaces of a box and their snapshots. `None` where the spaces lie on no btrfs.
pub trait Snapshots: Send + Sync {
    /// What there is now of a space.
    fn look(&self, space: SpaceId) -> BoxFuture<'_, Result<Option<SeenSpace>, PoolError>>;

    /// Keeps the state of a space. It is durable when this ends, with all that was written before. The folder of its snapshots belongs to the space's
    /// user. An error where there is one of this name, or the space is no subvolume.
    fn take(&self, space: SpaceId, name: SnapshotName) -> BoxFuture<'_, Result<(), PoolError>>;

    /// Removes a snapshot; durable when this ends. One that is gone already is as good as removed. Its room becomes free little by little afterwards:
    /// [`Self::uncleaned`].
    fn remove(&self, space: SpaceId, name: SnapshotName) -> BoxFuture<'_, Result<(), PoolError>>;

    /// Bytes that its removal would free: what was written after the snapshot `before` was taken, if there is one, and is no longer in the snapshot `after`,
    /// or in the space where that is none. None where there is too much to compare.
    fn alone(
        &self,
        space: SpaceId,
        before: Option<SnapshotName>,
        this: SnapshotName,
        after: Option<SnapshotName>,
    ) -> BoxFuture<'_, Result<Option<Bytes>, PoolError>>;

    /// How many removed subvolumes of the pool still take room. When none does, all that became free is counted as such.
    fn uncleaned(&self) -> BoxFuture<'_, Result<usize, PoolError>>;

    /// Whether the pool counts what each space takes.
    fn is_counting(&self) -> BoxFuture<'_, Result<bool, PoolError>>;

    /// Lets the pool count from now on what each space takes (simple quotas), for good, and no Linux before 6.7 mounts it then; no where the kernel cannot, or counts in another way.
    fn count(&self) -> BoxFuture<'_, Result<bool, PoolError>>;

    /// Sets how many bytes a space may take, its snapshots included.
    fn limit(&self, space: SpaceId, most: Option<Bytes>) -> BoxFuture<'_, Result<(), PoolError>>;

    /// The room for the backups of this person's Macs; none where there is none, or it is no subvolume.
    fn room(&self, person: PersonId) -> BoxFuture<'_, Result<Option<SeenRoom>, PoolError>>;

    /// Sets how many bytes it may take.
    fn limit_room(&self, person: PersonId, most: Bytes) -> BoxFuture<'_, Result<(), PoolError>>;

    /// Writes what is not on the disks yet: what was written before is in what [`Self::look`] counts afterwards.
    fn settle(&self) -> BoxFuture<'_, Result<(), PoolError>>;

    /// Tells the space's worker what may still be uploaded, by the attribute [`LEFT`] of the folder of its snapshots; none where that is as much as there is.
    /// Written only where it is another one.
    fn tell(&self, space: SpaceId, left: Option<Left>) -> BoxFuture<'_, Result<(), PoolError>>;

    /// Looks at all files of a space; a second or so for each million. `None` where it is no subvolume.
    fn measure(&self, space: SpaceId) -> BoxFuture<'_, Result<Option<Measured>, PoolError>>;
}
