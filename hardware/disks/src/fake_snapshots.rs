//! Spaces that are only pretended, for tests of those above. They charge as simple quotas do: what a space once wrote stays charged as long as any state
//! of it holds it, and what a removed snapshot held becomes free only when somebody has cleaned it away.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use croft_model::{Bytes, PersonId, SnapshotName, SpaceId};
use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    PoolError,
    snapshots::{Left, Measured, SeenRoom, SeenSnapshot, SeenSpace, Snapshots, SpaceGround},
};

/// Spaces of a test. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct FakeSnapshots(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    /// The spaces lie on btrfs.
    is_possible: bool,
    /// The kernel can count.
    can_count: bool,
    counts: bool,
    spaces: BTreeMap<SpaceId, Held>,
    /// Pieces of removed snapshots.
    uncleaned: Vec<(SpaceId, BTreeSet<u64>)>,
    rooms: BTreeMap<PersonId, SeenRoom>,
    transaction: u64,
    /// Removed snapshots stay until this is called.
    cleans_late: bool,
    /// These cannot be removed.
    stuck: BTreeSet<SnapshotName>,
    fails: bool,
}

/// A space: pieces that are there now, and those that a snapshot holds. Each has a number and a size.
#[derive(Debug, Default)]
struct Held {
    is_folder: bool,
    changed: u64,
    sizes: BTreeMap<u64, u64>,
    now: BTreeSet<u64>,
    snapshots: BTreeMap<SnapshotName, Kept>,
    limit: Option<Bytes>,
    left: Option<Bytes>,
}

/// A snapshot.
#[derive(Debug)]
struct Kept {
    changed: u64,
    made: u64,
    pieces: BTreeSet<u64>,
}

impl FakeSnapshots {
    /// Empty spaces on btrfs, which counts.
    #[must_use]
    pub fn new(spaces: &[SpaceId]) -> Self {
        let this = Self::elsewhere();
        {
            let mut world = this.world();
            (world.is_possible, world.can_count) = (true, true);
            world.spaces = spaces.iter().map(|space| (*space, Held::default())).collect();
        }
        this
    }

    /// On another file system.
    #[must_use]
    pub fn elsewhere() -> Self {
        Self::default()
    }

    /// Writes a file of so many bytes; gives its number.
    #[must_use]
    pub fn write(&self, space: SpaceId, bytes: u64) -> u64 {
        let mut world = self.world();
        world.transaction += 1;
        let transaction = world.transaction;
        let held = world.spaces.entry(space).or_default();
        held.changed = transaction;
        held.sizes.insert(transaction, bytes);
        held.now.insert(transaction);
        transaction
    }

    /// Deletes a file.
    pub fn delete(&self, space: SpaceId, file: u64) {
        let mut world = self.world();
        world.transaction += 1;
        let transaction = world.transaction;
        let held = world.spaces.entry(space).or_default();
        held.changed = transaction;
        held.now.remove(&file);
    }

    /// Makes a space a plain folder, as older boxes have them.
    pub fn make_folder(&self, space: SpaceId) {
        self.world().spaces.entry(space).or_default().is_folder = true;
    }

    /// The kernel cannot count.
    pub fn cannot_count(&self) {
        self.world().can_count = false;
    }

    /// From now on removed snapshots take room until [`Self::clean`].
    pub fn clean_late(&self) {
        self.world().cleans_late = true;
    }

    /// Whether a snapshot cannot be removed.
    pub fn hold(&self, name: SnapshotName, holds: bool) {
        let mut world = self.world();
        if holds {
            world.stuck.insert(name)
        } else {
            world.stuck.remove(&name)
        };
    }

    /// Gives back the room of all removed snapshots.
    pub fn clean(&self) {
        self.world().uncleaned.clear();
    }

    /// Gives somebody's Macs a room in which so much lies.
    pub fn make_room(&self, person: PersonId, charged: Bytes) {
        self.world().rooms.insert(person, SeenRoom { charged: Some(charged), limit: None });
    }

    /// What a room may take.
    #[must_use]
    pub fn limit_of_room(&self, person: PersonId) -> Option<Bytes> {
        self.world().rooms.get(&person).and_then(|room| room.limit)
    }

    /// What its worker was told to be left.
    #[must_use]
    pub fn left(&self, space: SpaceId) -> Option<Bytes> {
        self.world().spaces.get(&space).and_then(|held| held.left)
    }

    /// Whether the disks refuse.
    pub fn fail(&self, fails: bool) {
        self.world().fails = fails;
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut World) -> io::Result<T>,
    ) -> BoxFuture<'static, Result<T, PoolError>> {
        let mut world = self.world();
        let fails = world.fails.then(|| io::Error::other("the disk refuses"));
        let answer = fails.map_or_else(|| work(&mut world), Err);
        async move { answer.map_err(|source| PoolError::Refused { what, source }) }.boxed()
    }
}

impl World {
    fn subvolume(&mut self, space: SpaceId) -> io::Result<&mut Held> {
        let held = self.spaces.get_mut(&space).ok_or(io::ErrorKind::NotFound)?;
        if held.is_folder || !self.is_possible { Err(io::ErrorKind::Unsupported.into()) } else { Ok(held) }
    }

    fn charged(&self, space: SpaceId, held: &Held) -> u64 {
        let of_snapshots = held.snapshots.values().map(|kept| &kept.pieces);
        let of_removed = self.uncleaned.iter().filter(|(removed, _)| *removed == space).map(|(_, pieces)| pieces);
        let all: BTreeSet<u64> = of_snapshots.chain(of_removed).chain([&held.now]).flatten().copied().collect();
        all.iter().filter_map(|piece| held.sizes.get(piece)).sum()
    }
}

impl Snapshots for FakeSnapshots {
    fn look(&self, space: SpaceId) -> BoxFuture<'_, Result<Option<SeenSpace>, PoolError>> {
        self.answer("look at a space", |world| {
            if !world.is_possible {
                return Ok(None);
            }
            let nothing = |ground| Some(SeenSpace { ground, snapshots: Vec::new(), charged: None, limit: None });
            let Some(held) = world.spaces.get(&space) else { return Ok(nothing(SpaceGround::Missing)) };
            if held.is_folder {
                return Ok(nothing(SpaceGround::Folder));
            }
            let seen = |(name, kept): (&SnapshotName, &Kept)| SeenSnapshot { name: *name, changed: kept.changed, made: kept.made };
            let snapshots = held.snapshots.iter().map(seen).collect();
            let charged = world.counts.then(|| Bytes(world.charged(space, held)));
            Ok(Some(SeenSpace { ground: SpaceGround::Subvolume { changed: held.changed }, snapshots, charged, limit: held.limit }))
        })
    }

    fn take(&self, space: SpaceId, name: SnapshotName) -> BoxFuture<'_, Result<(), PoolError>> {
        self.answer("take a snapshot", |world| {
            world.transaction += 1;
            let made = world.transaction;
            let held = world.subvolume(space)?;
            if held.snapshots.contains_key(&name) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            held.snapshots.insert(name, Kept { changed: held.changed, made, pieces: held.now.clone() });
            Ok(())
        })
    }

    fn remove(&self, space: SpaceId, name: SnapshotName) -> BoxFuture<'_, Result<(), PoolError>> {
        self.answer("remove a snapshot", |world| {
            if world.stuck.contains(&name) {
                return Err(io::Error::other("the disk refuses"));
            }
            let removed = world.spaces.get_mut(&space).and_then(|held| held.snapshots.remove(&name));
            if let Some(kept) = removed.filter(|_| world.cleans_late) {
                world.uncleaned.push((space, kept.pieces));
            }
            Ok(())
        })
    }

    fn alone(
        &self,
        space: SpaceId,
        before: Option<SnapshotName>,
        this: SnapshotName,
        after: Option<SnapshotName>,
    ) -> BoxFuture<'_, Result<Option<Bytes>, PoolError>> {
        self.answer("measure a snapshot", |world| {
            let held = world.subvolume(space)?;
            let pieces = |name: SnapshotName| held.snapshots.get(&name).map(|kept| &kept.pieces).ok_or(io::ErrorKind::NotFound);
            let (before, this, after) = (before.map(pieces).transpose()?, pieces(this)?, after.map(pieces).transpose()?);
            let is_alone =
                |piece: &&u64| !before.is_some_and(|before| before.contains(piece)) && !after.unwrap_or(&held.now).contains(piece);
            Ok(Some(Bytes(this.iter().filter(is_alone).filter_map(|piece| held.sizes.get(piece)).sum())))
        })
    }

    fn room(&self, person: PersonId) -> BoxFuture<'_, Result<Option<SeenRoom>, PoolError>> {
        self.answer("look at a room for backups", move |world| Ok(world.rooms.get(&person).copied()))
    }

    fn limit_room(&self, person: PersonId, most: Bytes) -> BoxFuture<'_, Result<(), PoolError>> {
        self.answer("limit a room for backups", move |world| {
            let room = world.rooms.get_mut(&person).ok_or(io::ErrorKind::NotFound)?;
            room.limit = Some(most);
            Ok(())
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<(), PoolError>> {
        self.answer("make all durable", |_| Ok(()))
    }

    fn uncleaned(&self) -> BoxFuture<'_, Result<usize, PoolError>> {
        self.answer("look at removed snapshots", |world| Ok(world.uncleaned.len()))
    }

    fn is_counting(&self) -> BoxFuture<'_, Result<bool, PoolError>> {
        self.answer("ask whether it is counted what spaces take", |world| Ok(world.counts))
    }

    fn count(&self) -> BoxFuture<'_, Result<bool, PoolError>> {
        self.answer("count what spaces take", |world| {
            world.counts = world.is_possible && world.can_count;
            Ok(world.counts)
        })
    }

    fn limit(&self, space: SpaceId, most: Option<Bytes>) -> BoxFuture<'_, Result<(), PoolError>> {
        self.answer("limit a space", |world| {
            world.subvolume(space)?.limit = most;
            Ok(())
        })
    }

    fn tell(&self, space: SpaceId, left: Option<Left>) -> BoxFuture<'_, Result<(), PoolError>> {
        self.answer("tell a space what is left", |world| {
            world.subvolume(space)?.left = left.map(|left| left.bytes);
            Ok(())
        })
    }

    fn measure(&self, space: SpaceId) -> BoxFuture<'_, Result<Option<Measured>, PoolError>> {
        self.answer("measure a space", |world| {
            let Ok(held) = world.subvolume(space) else { return Ok(None) };
            let now = Bytes(held.now.iter().filter_map(|piece| held.sizes.get(piece)).sum());
            Ok(Some(Measured { files: now, own: Bytes(0), counted: now, held: Bytes(0) }))
        })
    }
}
