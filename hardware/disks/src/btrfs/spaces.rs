//! Spaces as subvolumes of btrfs, and their snapshots beside them: `spaces/s1`, `snapshots/s1/@GMT-…`.

use std::{
    ffi::OsStr,
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

use croft_model::{Bytes, PersonId, SnapshotName, SpaceId};
use futures_util::{FutureExt, future::BoxFuture};
use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{OFlag, openat},
    sys::stat::{Mode, fchmod, fstat, mkdirat},
    unistd::{Gid, Uid, fchown},
};
use tokio::task::spawn_blocking;

use super::{
    alone::{self, State},
    calls, counts,
    volumes::{self, Volume},
};
use crate::{
    PoolError,
    snapshots::{LEFT, Left, Measured, SeenRoom, SeenSnapshot, SeenSpace, Snapshots, SpaceGround},
};

/// Names in the folder of a space's snapshots that are looked at; the schedule keeps some hundred at the most.
const MAX_NAMES: usize = 4096;

/// The spaces below one directory and their snapshots below another, on one btrfs. Takes root.
#[derive(Debug, Clone)]
pub struct LinuxSnapshots(Arc<Places>);

#[derive(Debug)]
struct Places {
    spaces: OwnedFd,
    snapshots: OwnedFd,
    rooms: OwnedFd,
}

impl LinuxSnapshots {
    /// Whether this process may look after snapshots at all.
    #[must_use]
    pub fn is_possible() -> bool {
        nix::unistd::geteuid().is_root()
    }

    /// The spaces in `spaces`, with their snapshots in `snapshots`; the rooms for backups of people's Macs in `rooms`.
    #[must_use]
    pub fn new(spaces: OwnedFd, snapshots: OwnedFd, rooms: OwnedFd) -> Self {
        Self(Arc::new(Places { spaces, snapshots, rooms }))
    }

    /// A call that may wait for the disks, without holding up others.
    fn call<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Places) -> io::Result<T> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, PoolError>> {
        let places = Arc::clone(&self.0);
        let work = spawn_blocking(move || work(&places));
        async move {
            let ended = work.await.map_err(io::Error::other);
            ended.and_then(|ended| ended).map_err(|source| PoolError::Refused { what, source })
        }
        .boxed()
    }
}

impl Snapshots for LinuxSnapshots {
    fn look(&self, space: SpaceId) -> BoxFuture<'_, Result<Option<SeenSpace>, PoolError>> {
        self.call("look at a space", move |places| places.look(space))
    }

    fn take(&self, space: SpaceId, name: SnapshotName) -> BoxFuture<'_, Result<(), PoolError>> {
        self.call("take a snapshot", move |places| places.take(space, name))
    }

    fn remove(&self, space: SpaceId, name: SnapshotName) -> BoxFuture<'_, Result<(), PoolError>> {
        self.call("remove a snapshot", move |places| places.remove(space, name))
    }

    fn alone(
        &self,
        space: SpaceId,
        before: Option<SnapshotName>,
        this: SnapshotName,
        after: Option<SnapshotName>,
    ) -> BoxFuture<'_, Result<Option<Bytes>, PoolError>> {
        self.call("measure a snapshot", move |places| places.alone(space, before, this, after))
    }

    fn uncleaned(&self) -> BoxFuture<'_, Result<usize, PoolError>> {
        self.call("look at removed snapshots", |places| {
            let pool = places.spaces.as_fd();
            let uncleaned = counts::uncleaned(pool)?;
            if uncleaned == 0 {
                // What became free is in the counts when they are written.
                calls::sync(pool)?;
            }
            Ok(uncleaned)
        })
    }

    fn is_counting(&self) -> BoxFuture<'_, Result<bool, PoolError>> {
        self.call("ask whether it is counted what spaces take", |places| {
            let pool = places.spaces.as_fd();
            Ok(volumes::is_btrfs(pool)? && counts::counting(pool)?.is_some())
        })
    }

    fn count(&self) -> BoxFuture<'_, Result<bool, PoolError>> {
        self.call("count what spaces take", |places| {
            let pool = places.spaces.as_fd();
            Ok(volumes::is_btrfs(pool)? && volumes::count(pool)? && counts::counting(pool)?.is_some())
        })
    }

    fn limit(&self, space: SpaceId, most: Option<Bytes>) -> BoxFuture<'_, Result<(), PoolError>> {
        self.call("limit a space", move |places| {
            let (_, volume) = places.subvolume(space)?;
            volumes::limit(places.spaces.as_fd(), volume.number, most.map(|most| most.0))
        })
    }

    fn room(&self, person: PersonId) -> BoxFuture<'_, Result<Option<SeenRoom>, PoolError>> {
        self.call("look at a room for backups", move |places| {
            let Some(volume) = places.room(person)? else { return Ok(None) };
            let (charged, limit) = counts::charged(places.rooms.as_fd(), volume.number)?;
            Ok(Some(SeenRoom { charged, limit }))
        })
    }

    fn limit_room(&self, person: PersonId, most: Bytes) -> BoxFuture<'_, Result<(), PoolError>> {
        self.call("limit a room for backups", move |places| {
            let Some(volume) = places.room(person)? else { return Err(io::ErrorKind::NotFound.into()) };
            volumes::limit(places.rooms.as_fd(), volume.number, Some(most.0))
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<(), PoolError>> {
        self.call("make all durable", |places| calls::sync(places.spaces.as_fd()))
    }

    fn tell(&self, space: SpaceId, left: Option<Left>) -> BoxFuture<'_, Result<(), PoolError>> {
        self.call("tell a space what is left", move |places| {
            let (opened, _) = places.subvolume(space)?;
            let text = left.map(|Left { changed, bytes }| format!("{changed} {}", bytes.0)).unwrap_or_default();
            volumes::note(places.folder(space, &opened)?.as_fd(), LEFT, text.as_bytes())
        })
    }

    fn measure(&self, space: SpaceId) -> BoxFuture<'_, Result<Option<Measured>, PoolError>> {
        self.call("measure a space", move |places| places.measure(space))
    }
}

impl Places {
    fn look(&self, space: SpaceId) -> io::Result<Option<SeenSpace>> {
        let pool = self.spaces.as_fd();
        if !volumes::is_btrfs(pool)? {
            return Ok(None);
        }
        let nothing = |ground| SeenSpace { ground, snapshots: Vec::new(), charged: None, limit: None };
        let Some(opened) = existing(open(&self.spaces, space.to_string().as_ref()))? else {
            return Ok(Some(nothing(SpaceGround::Missing)));
        };
        let Some(volume) = volumes::volume(opened.as_fd())? else { return Ok(Some(nothing(SpaceGround::Folder))) };
        let (charged, limit) = match counts::counting(pool)? {
            Some(_) => counts::charged(pool, volume.number)?,
            None => (None, None),
        };
        let snapshots = self.snapshots(space, &volume)?.into_iter();
        let snapshots = snapshots.map(|(name, snapshot)| SeenSnapshot { name, changed: snapshot.changed, made: snapshot.made }).collect();
        Ok(Some(SeenSpace { ground: SpaceGround::Subvolume { changed: volume.changed }, snapshots, charged, limit }))
    }

    /// The snapshots of this very subvolume, by time.
    fn snapshots(&self, space: SpaceId, of: &Volume) -> io::Result<Vec<(SnapshotName, Volume)>> {
        let Some(folder) = existing(open(&self.snapshots, space.to_string().as_ref()))? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for entry in Dir::from_fd(folder.try_clone()?)?.iter().take(MAX_NAMES) {
            // Whose user can write here can put anything here.
            let Some(name) = entry?.file_name().to_str().ok().and_then(|name| name.parse::<SnapshotName>().ok()) else { continue };
            let snapshot = match open(&folder, name.to_string().as_ref()) {
                Ok(snapshot) => snapshot,
                // Somebody removed it meanwhile, or it is no folder.
                Err(error) if is_other(&error) => continue,
                // Why one was taken is forgotten when it is gone, and it is not.
                Err(error) => return Err(error),
            };
            let Some(volume) = volumes::volume(snapshot.as_fd())? else { continue };
            if volume.is_read_only && volume.of == of.uuid {
                found.push((name, volume));
            }
        }
        found.sort_unstable_by_key(|(name, _)| *name);
        Ok(found)
    }

    fn take(&self, space: SpaceId, name: SnapshotName) -> io::Result<()> {
        let (opened, _) = self.subvolume(space)?;
        let folder = self.folder(space, &opened)?;
        volumes::snapshot(folder.as_fd(), name.to_string().as_ref(), opened.as_fd())
    }

    fn remove(&self, space: SpaceId, name: SnapshotName) -> io::Result<()> {
        let Some(folder) = existing(open(&self.snapshots, space.to_string().as_ref()))? else { return Ok(()) };
        match volumes::destroy(folder.as_fd(), name.to_string().as_ref()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            ended => ended?,
        }
        calls::sync(self.spaces.as_fd())
    }

    fn measure(&self, space: SpaceId) -> io::Result<Option<Measured>> {
        let Some(opened) = existing(open(&self.spaces, space.to_string().as_ref()))? else { return Ok(None) };
        let Some(volume) = volumes::volume(opened.as_fd())? else { return Ok(None) };
        let pool = self.spaces.as_fd();
        let counting = counts::counting(pool)?;
        let measured = counts::measure(pool, volume.number, counting.map_or(u64::MAX, |counting| counting.since))?;
        let mut held = 0_u64;
        for (_, snapshot) in self.snapshots(space, &volume)?.iter().filter(|_| counting.is_some()) {
            held = held.saturating_add(counts::charged(pool, snapshot.number)?.0.unwrap_or_default().0);
        }
        Ok(Some(Measured { held: Bytes(held), ..measured }))
    }

    fn alone(
        &self,
        space: SpaceId,
        before: Option<SnapshotName>,
        this: SnapshotName,
        after: Option<SnapshotName>,
    ) -> io::Result<Option<Bytes>> {
        let (_, live) = self.subvolume(space)?;
        let folder = open(&self.snapshots, space.to_string().as_ref())?;
        let state = |name: SnapshotName| {
            let volume = volumes::volume(open(&folder, name.to_string().as_ref())?.as_fd())?;
            let volume = volume.filter(|volume| volume.of == live.uuid).ok_or(io::ErrorKind::NotFound)?;
            io::Result::Ok(State { tree: volume.number, made: volume.made })
        };
        let (before, this) = (before.map(state).transpose()?, state(this)?);
        let after = after.map(state).transpose()?.map_or(live.number, |after| after.tree);
        alone::alone(self.spaces.as_fd(), before, this, after)
    }

    /// A space that is a subvolume.
    fn subvolume(&self, space: SpaceId) -> io::Result<(OwnedFd, Volume)> {
        let opened = open(&self.spaces, space.to_string().as_ref())?;
        let none = || io::Error::new(io::ErrorKind::Unsupported, "the space lies in a plain folder");
        let volume = volumes::volume(opened.as_fd())?.ok_or_else(none)?;
        Ok((opened, volume))
    }

    /// A person's room for backups, where there is one and it is a subvolume.
    fn room(&self, person: PersonId) -> io::Result<Option<Volume>> {
        match existing(open(&self.rooms, person.to_string().as_ref()))? {
            Some(opened) => volumes::volume(opened.as_fd()),
            None => Ok(None),
        }
    }

    /// The folder of a space's snapshots, which belongs to the space's user alone.
    fn folder(&self, space: SpaceId, of: &OwnedFd) -> io::Result<OwnedFd> {
        let (name, mode) = (space.to_string(), Mode::S_IRWXU);
        match mkdirat(&self.snapshots, name.as_str(), mode) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
        let folder = open(&self.snapshots, name.as_ref())?;
        let (owner, is) = (fstat(of)?, fstat(&folder)?);
        if (is.st_uid, is.st_gid, is.st_mode & 0o7777) != (owner.st_uid, owner.st_gid, mode.bits()) {
            fchown(&folder, Some(Uid::from_raw(owner.st_uid)), Some(Gid::from_raw(owner.st_gid)))?;
            fchmod(&folder, mode)?;
        }
        Ok(folder)
    }
}

/// Opens the directory `name`, and nothing that a link leads to.
fn open(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(parent, name, flags, Mode::empty())?)
}

/// Whether there is nothing that could be a snapshot: nothing at all, no folder, or a link.
fn is_other(error: &io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP))
}

fn existing<T>(opened: io::Result<T>) -> io::Result<Option<T>> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_folder_is_passed_over() {
        let is = |errno: Errno| is_other(&errno.into());
        assert!([Errno::ENOENT, Errno::ENOTDIR, Errno::ELOOP].into_iter().all(is));
        assert!(![Errno::EIO, Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM, Errno::EACCES].into_iter().any(is));
    }
}
