//! The space on disk, as `docs/formats/space.md` draws it: where things lie, who an entry is, how names are locked.

mod care;
mod catalog;
mod dead;
pub(crate) mod etag;
mod ids;
mod index;
mod links;
pub(crate) mod locks;
mod mounts;
mod records;
mod room;
mod shelf;
mod size;
mod sums;
mod times;
mod trash;
mod uploads;
mod versions;

use std::{
    fs::File,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use croft_api::bulk::{MountLine, Root, limits};
use croft_files::{Dir, FilesError, Kind, Name, Opened, Pipes, Publisher, Staged, Stat};
use croft_model::{Problem, SpaceNumber};
use tokio::sync::{Mutex, OwnedMutexGuard, RwLock, Semaphore, SemaphorePermit};

use self::{
    catalog::{Catalog, Guard},
    etag::Stamp,
    ids::Ids,
    index::Index,
    locks::Locks,
    mounts::Mounts,
    records::Records,
};
pub(crate) use self::{
    catalog::{Keeper, Noted, Read, Seen, Unread, clock, wall_of},
    dead::DeadProperty,
    links::{Links, Reserved},
    records::{Assembled, Guarded, Link, Uses},
    room::{Room, reserve},
    shelf::{Shelf, failed as disk_failed},
    sums::Sums,
    times::Time,
    trash::Item,
    versions::{Replaced, Version},
};
use crate::error::{Failure, SyncError, no_folder};

const FILES: Name = Name::literal("files");
const OWN: Name = Name::literal(".croft");
const UPLOADS: Name = Name::literal("uploads");
const TRASH: Name = Name::literal("trash");
const VERSIONS: Name = Name::literal("versions");
const CHUNKS: Name = Name::literal("chunks");
/// Permission bits of the space's folders: the worker's user alone, also of `files/`, as the folder of the space itself.
const MODE: u32 = 0o700;
/// Locks that names are spread over. Two names that share one only wait for each other's flush.
const NAME_LOCKS: usize = 256;
/// Copies and assemblies of uploads at once; and as many on the way to another space, and from one.
const COPIES: usize = 2;

/// Archives at once, with the names of all their entries in memory; and of these for people with a link, so that they never take all.
const ARCHIVES: usize = 4;
const ARCHIVES_OF_GUESTS: usize = 2;

/// An open space.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) number: SpaceNumber,
    pub(crate) files: Dir,
    pub(crate) uploads: Dir,
    pub(crate) trash: Dir,
    /// Earlier times of the space, a snapshot each. Somebody else makes and removes them.
    pub(crate) snapshots: Option<Dir>,
    /// What the worker of a disk shows in the place of files.
    pub(crate) shelf: Option<Shelf>,
    /// Earlier contents of files, a folder for each.
    versions: Dir,
    /// Uploads that come in chunks, a folder each. They outlive the worker, so that a client can go on with one.
    pub(crate) chunks: Dir,
    pub(crate) publisher: Publisher,
    pub(crate) pipes: Pipes,
    pub(crate) room: Room,
    pub(crate) ids: Ids,
    pub(crate) index: Index,
    pub(crate) catalog: Catalog,
    pub(crate) guard: Guard,
    pub(crate) records: Records,
    pub(crate) locks: Locks,
    pub(crate) links: Links,
    mounts: Mounts,
    /// Held for reading while a name is published, for writing while a whole tree moves.
    pub(crate) tree: RwLock<()>,
    /// Held while sizes are counted: each count holds a descriptor for every folder on its way down.
    counting: std::sync::Mutex<()>,
    /// Held while the oldest of trash and versions make room.
    emptying: std::sync::Mutex<Option<std::time::Instant>>,
    /// Places for what goes to another space.
    sendings: Semaphore,
    /// Places for what comes from one. Apart from the others: whoever sends waits for one of these over there, and uploads are not to wait for a large tree.
    arrivals: Semaphore,
    /// Places for what copies without a client that could be slow: each holds a thread, and a descriptor for every folder on its way down.
    copies: Semaphore,
    /// Places for archives that are made while they are sent: each remembers all that is in it.
    pub(crate) archiving: Arc<Semaphore>,
    pub(crate) archiving_for_guests: Arc<Semaphore>,
    /// The place of whoever compares with an earlier time.
    pub(crate) comparing: Arc<Semaphore>,
    /// The place of whoever brings back what was.
    pub(crate) bringing_back: Arc<Semaphore>,
    /// A search reads all that was seen.
    searching: Semaphore,
    names: Vec<Arc<Mutex<()>>>,
    /// Those of uploads, which are taken before any other.
    upload_names: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

/// An entry that was looked at, held open.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) handle: Handle,
    pub(crate) stat: Stat,
    pub(crate) stamp: Stamp,
    pub(crate) etag: String,
}

/// The id of a file that is about to be published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marked {
    pub(crate) stamp: Stamp,
    /// Whether it lies in the file's attribute.
    carried: bool,
}

/// What is held open of an entry.
#[derive(Debug, Clone)]
pub(crate) enum Handle {
    File(Arc<File>),
    Dir(Dir),
}

impl Space {
    /// Opens the space in `dir` with its cache in `index_dir`; makes what is not there and empties the uploads. Blocks.
    pub(crate) fn open(dir: &Dir, index_dir: &Dir, number: SpaceNumber) -> Result<Self, SyncError> {
        let failed = |what| move |source| SyncError::Space { what, source };
        let files = dir.make_or_open(&FILES, MODE).map_err(failed("opening files/"))?;
        let own = dir.make_or_open(&OWN, MODE).map_err(failed("opening .croft/"))?;
        let uploads = own.make_or_open(&UPLOADS, MODE).map_err(failed("opening .croft/uploads/"))?;
        let trash = own.make_or_open(&TRASH, MODE).map_err(failed("opening .croft/trash/"))?;
        let versions = own.make_or_open(&VERSIONS, MODE).map_err(failed("opening .croft/versions/"))?;
        let chunks = own.make_or_open(&CHUNKS, MODE).map_err(failed("opening .croft/chunks/"))?;
        uploads::forget_old(&chunks, jiff::Timestamp::now().as_second()).map_err(failed("emptying .croft/chunks/"))?;
        for leftover in uploads.list().map_err(failed("listing .croft/uploads/"))? {
            uploads.remove_tree(&leftover.name).map_err(failed("emptying .croft/uploads/"))?;
        }
        let records = Records::open(&own)?;
        for dir in [&files, &uploads, &trash, &versions, &chunks, &own, dir] {
            dir.sync().map_err(failed("bringing the space's folders to the disk"))?;
        }
        let ids = Ids::open(number, records.clone()).map_err(|source| SyncError::Records { source })?;
        let (catalog, guard) = (Catalog::open(index_dir, &files), Guard::default());
        if let Err(error) = catalog.judge_root(&files, ids.root(), &guard) {
            tracing::warn!(%error, "whether much of the space is missing cannot be told");
        }
        // Without a catalogue nobody knows what changed meanwhile, so folders look changed.
        let index = Index::open(index_dir, catalog.is_complete()).map_err(|error| match error {
            Failure::Files(source) => SyncError::Space { what: "removing an index that cannot be used", source },
            _ => SyncError::Ended,
        })?;
        // Clients look at every folder then, so nothing is listed before it is known that all is there.
        if !index.continues() && catalog.is_large() {
            guard.wait_for_pass();
        }
        Ok(Self {
            publisher: Publisher::start(&files).map_err(failed("starting the publisher"))?,
            room: Room::of(&files).map_err(failed("asking for the room on the disk"))?,
            pipes: Pipes::new(limits::MAX_PIPES, limits::PIPE_BYTES, limits::IDLE_BODY),
            ids,
            counting: std::sync::Mutex::default(),
            emptying: std::sync::Mutex::default(),
            copies: Semaphore::new(COPIES),
            archiving: Arc::new(Semaphore::new(ARCHIVES)),
            archiving_for_guests: Arc::new(Semaphore::new(ARCHIVES_OF_GUESTS)),
            sendings: Semaphore::new(COPIES),
            arrivals: Semaphore::new(COPIES),
            comparing: Arc::new(Semaphore::new(1)),
            bringing_back: Arc::new(Semaphore::new(1)),
            searching: Semaphore::new(1),
            names: std::iter::repeat_with(Arc::default).take(NAME_LOCKS).collect(),
            upload_names: std::iter::repeat_with(Arc::default).take(NAME_LOCKS).collect(),
            hasher: RandomState::new(),
            tree: RwLock::default(),
            locks: Locks::default(),
            links: Links::default(),
            mounts: Mounts::default(),
            files,
            snapshots: None,
            shelf: None,
            uploads,
            trash,
            versions,
            chunks,
            number,
            index,
            catalog,
            guard,
            records,
        })
    }

    /// The root as HELLO and CHANGED say it.
    pub(crate) fn root(&self) -> Root {
        let id = self.ids.root();
        Root { etag: self.index.etag(id), id }
    }

    /// The entry at `path` of the disk that this worker shows. Blocks.
    pub(crate) fn on_shelf(&self, path: &[Name]) -> Result<Entry, Failure> {
        self.shelf.as_ref().ok_or_else(crate::error::not_found)?.entry(path)
    }

    /// The entry at `path`. Blocks.
    pub(crate) fn entry(&self, path: &[Name]) -> Result<Entry, Failure> {
        if path.is_empty() {
            return self.dir_entry(self.files.clone(), None);
        }
        match (self.files.entry(path), path.split_last()) {
            (Err(error), Some((name, parent))) if !error.is_absent() => Err(unopened(&self.files.dir(parent)?, name, error)),
            (opened, _) => self.opened(opened?),
        }
    }

    /// The file at `path`, where all that leads to it is in memory. What is known of such a file mostly is as well; its attributes alone may have to be
    /// waited for, since the system does not tell before whether they are.
    pub(crate) fn remembered_file(&self, path: &[Name]) -> Option<Entry> {
        let (Opened::File(file), stat) = self.files.remembered_entry(path).ok()?? else { return None };
        let stamp = self.ids.known(&file, stat).ok()??;
        Some(Entry { etag: etag::file(stamp, stat), handle: Handle::File(Arc::new(file)), stat, stamp })
    }

    /// Gives shared spaces the names under which they stand at the root, beside the entries in it now. Blocks.
    pub(crate) fn name_mounts(&self, mounts: &mut [MountLine]) -> Result<(), Failure> {
        self.mounts.name(&self.files, &self.records, mounts)
    }

    /// The same beside the entries that were `listed` in it. Blocks.
    pub(crate) fn name_mounts_beside<'a>(&self, listed: impl Iterator<Item = &'a Name>, mounts: &mut [MountLine]) -> Result<(), Failure> {
        self.mounts.name_beside_listed(listed, &self.records, mounts)
    }

    /// The folder at `path`, for something in it. Blocks.
    pub(crate) fn folder(&self, path: &[Name]) -> Result<Dir, Failure> {
        self.files.dir(path).map_err(|error| if error.is_absent() { no_folder().into() } else { error.into() })
    }

    /// The entry `name` in `parent`. Blocks.
    pub(crate) fn child(&self, parent: &Dir, name: &Name) -> Result<Entry, Failure> {
        match parent.entry(std::slice::from_ref(name)) {
            Err(error) if !error.is_absent() => Err(unopened(parent, name, error)),
            opened => self.opened(opened?),
        }
    }

    /// What was opened, with its id.
    fn opened(&self, (opened, stat): (Opened, Stat)) -> Result<Entry, Failure> {
        match opened {
            Opened::Dir(dir) => self.dir_entry(dir, Some(stat)),
            Opened::File(file) => {
                let stamp = self.ids.of(&file, stat)?;
                Ok(Entry { etag: etag::file(stamp, stat), handle: Handle::File(Arc::new(file)), stat, stamp })
            }
            Opened::Other => Err(crate::error::not_found().into()),
        }
    }

    fn dir_entry(&self, dir: Dir, known: Option<Stat>) -> Result<Entry, Failure> {
        let (stat, stamp) = match known {
            None => {
                let stat = dir.stat()?;
                (stat, Stamp { id: self.ids.root(), inode: stat.inode, nonce: 0 })
            }
            Some(stat) => (stat, self.ids.of(&dir, stat)?),
        };
        Ok(Entry { etag: self.index.etag(stamp.id), handle: Handle::Dir(dir), stat, stamp })
    }

    /// Ids of the folders from the root to `folder`, to be given a new sequence number. Blocks.
    pub(crate) fn line(&self, folder: &[Name]) -> Result<Vec<u64>, Failure> {
        Ok(self.way(folder)?.1)
    }

    /// The same with the folder. Blocks.
    pub(crate) fn way(&self, folder: &[Name]) -> Result<(Dir, Vec<u64>), Failure> {
        let mut line = vec![self.ids.root()];
        let mut dir = self.files.clone();
        for name in folder {
            dir = dir.dir(std::slice::from_ref(name))?;
            line.push(self.ids.of(&dir, dir.stat()?)?.id);
        }
        Ok((dir, line))
    }

    /// Locks the name `name` in the folder `parent` against other changes.
    pub(crate) async fn lock_name(&self, parent: &[Name], name: &Name) -> OwnedMutexGuard<()> {
        Arc::clone(&self.names[self.name_lock(parent, name)]).lock_owned().await
    }

    /// Locks two names at once. Two that share a lock take it once.
    pub(crate) async fn lock_names(&self, one: (&[Name], &Name), other: (&[Name], &Name)) -> Vec<OwnedMutexGuard<()>> {
        let mut places = [self.name_lock(one.0, one.1), self.name_lock(other.0, other.1)].to_vec();
        // Always in the same order, so that nobody waits for somebody who waits for him.
        places.sort_unstable();
        places.dedup();
        let mut guards = Vec::new();
        for place in places {
            guards.push(Arc::clone(&self.names[place]).lock_owned().await);
        }
        guards
    }

    /// Locks an upload or a place in the trash, so that it is put together, given up, added to or brought back by one at a time.
    pub(crate) async fn lock_upload(&self, own: &Name) -> OwnedMutexGuard<()> {
        Arc::clone(&self.upload_names[self.name_lock(&[], own)]).lock_owned().await
    }

    /// The same, if nobody holds it.
    pub(crate) fn try_lock_upload(&self, own: &Name) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.upload_names[self.name_lock(&[], own)]).try_lock_owned().ok()
    }

    fn name_lock(&self, parent: &[Name], name: &Name) -> usize {
        usize::try_from(self.hasher.hash_one((parent, name)) % NAME_LOCKS as u64).unwrap_or(0)
    }

    /// Removes the uploads that nobody went on with. Blocks.
    pub(crate) fn forget_old_uploads(&self) -> Result<(), Failure> {
        Ok(uploads::forget_old(&self.chunks, jiff::Timestamp::now().as_second())?)
    }

    /// A place to copy in.
    pub(crate) fn copying(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.copies.try_acquire().map_err(|_| {
            Problem::new(503, "busy", "The space is copying as much as it can already.").hint("Try again in a moment.").retry_after(10)
        })
    }

    /// The turn to receive something from another space.
    pub(crate) async fn turn_to_receive(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.arrivals.acquire().await.map_err(|_| Failure::Broken("the worker ends"))
    }

    /// The turn to send something to another space.
    pub(crate) async fn turn_to_send(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.sendings.acquire().await.map_err(|_| Failure::Broken("the worker ends"))
    }

    /// The turn to search; one after the other.
    pub(crate) async fn turn_to_search(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.searching.acquire().await.map_err(|_| Failure::Broken("the worker ends"))
    }

    /// Gives a staged file the id `id`, which it carries, where it can. Blocks.
    pub(crate) fn mark(&self, staged: &Staged, id: u64) -> Result<Marked, Failure> {
        let stamp = stamp(id, staged.stat()?)?;
        match staged.set_xattr(etag::ATTRIBUTE, &stamp.encode()) {
            Ok(()) => Ok(Marked { stamp, carried: true }),
            Err(error) if error.is_full() => Err(error.into()),
            Err(error) => {
                tracing::debug!(%error, "a file cannot carry its id");
                Ok(Marked { stamp, carried: false })
            }
        }
    }

    /// Remembers the id of a published file that cannot carry it.
    pub(crate) fn published(&self, marked: Marked) {
        if !marked.carried {
            self.ids.remember(marked.stamp);
        }
    }

    /// Writes a body that is there whole into `staged`, and counts it. Blocks.
    pub(crate) fn fill(&self, staged: &Staged, body: &[u8]) -> Result<(), Failure> {
        staged.write(body)?;
        self.room.count(body.len() as u64);
        Ok(())
    }

    /// A file to receive an upload. Blocks.
    pub(crate) fn stage(&self) -> Result<Staged, Failure> {
        Ok(Staged::new(&self.uploads, &unique()?)?)
    }
}

impl Entry {
    /// Brings it to the disk, its attributes included. Blocks.
    pub(crate) fn sync(&self) -> Result<(), Failure> {
        match &self.handle {
            Handle::File(file) => file.sync_all().map_err(Failure::Read),
            Handle::Dir(dir) => Ok(dir.sync()?),
        }
    }

    /// The checksums that came with its content, if it is a file of which any are known. Blocks.
    pub(crate) fn sums(&self) -> Option<Sums> {
        match &self.handle {
            Handle::File(file) => Sums::read(file, &self.etag),
            Handle::Dir(_) => None,
        }
    }

    /// The folder, if it is one.
    pub(crate) fn dir(&self) -> Option<&Dir> {
        match &self.handle {
            Handle::Dir(dir) => Some(dir),
            Handle::File(_) => None,
        }
    }
}

/// Why `name` in `parent` was not opened: a socket, or a pipe of somebody else's, is nothing that is shown.
fn unopened(parent: &Dir, name: &Name, error: FilesError) -> Failure {
    let nothing = parent.stat_of(name).is_ok_and(|stat| stat.kind == Kind::Other);
    if nothing { crate::error::not_found().into() } else { error.into() }
}

/// A name that is free anywhere.
pub(crate) fn unique() -> Result<Name, Failure> {
    Name::new(random::<8>()?).map_err(|_| Failure::Broken("hexadecimal is a name"))
}

/// So many random bytes in hexadecimal.
pub(crate) fn random<const N: usize>() -> Result<String, Failure> {
    croft_api::random::bytes::<N>().map(hex::encode).map_err(|_| Failure::Broken("the system gave no random bytes"))
}

/// Runs `work`, which touches the disk, where it cannot hold up the runtime.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Failure::Broken("work on the disk broke off"))?
}

/// A stamp for content that is about to be published.
fn stamp(id: u64, stat: Stat) -> Result<Stamp, Failure> {
    Ok(Stamp { id, inode: stat.inode, nonce: ids::nonce()? })
}
