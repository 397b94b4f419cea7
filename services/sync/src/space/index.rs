//! The cache of a space: sequence numbers and sizes of folders, last known roots of mounts. May be lost at any time.
//!
//! All of it is in memory while the worker runs. The file is read at the start, marked as in use, and written when the worker ends in
//! order. Whenever that did not happen a new epoch begins, so that no folder can show an ETag that it had with other content.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Mutex, MutexGuard, PoisonError},
};

use croft_api::bulk::Root;
use croft_files::{Dir, Name};
use croft_store::{Check, Options, Order, Store, StoreError, Table, Trouble, first_version};
use serde::{Deserialize, Serialize};

use super::etag;
use crate::error::Failure;

const FILE: Name = Name::literal("index.redb");
const TORN: Name = Name::literal("index.redb.torn");
/// Folders that are kept; a space with more of them counts sizes anew after a restart.
const MAX_FOLDERS: usize = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Epoch {
    epoch: u64,
    sequence: u64,
    in_order: bool,
}

/// A folder's state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Folder {
    sequence: u64,
    /// All files below it in bytes, if counted since the last change.
    size: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MountRoot {
    etag: String,
    id: u64,
}

first_version!(Epoch, Folder, MountRoot);

const EPOCH: Table<u8, Epoch> = Table::new("epoch");
const FOLDERS: Table<u64, Folder> = Table::new("folders");
const MOUNTS: Table<u16, MountRoot> = Table::new("mounts");

/// The cache.
#[derive(Debug)]
pub(crate) struct Index {
    /// None when there is no place to keep it.
    store: Option<Store>,
    /// Whether the epoch is the one of before the start.
    continues: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    epoch: u64,
    sequence: u64,
    folders: HashMap<u64, Folder>,
    mounts: HashMap<u16, Root>,
}

impl State {
    /// Nothing known, in an epoch of its own.
    fn new() -> Result<Self, Failure> {
        let epoch = croft_api::random::bytes().map(u64::from_be_bytes);
        let epoch = epoch.map_err(|_| Failure::Broken("the system gave no random bytes"))?;
        Ok(Self { epoch, sequence: 0, folders: HashMap::new(), mounts: HashMap::new() })
    }
}

impl Index {
    /// Opens the index in `dir`; begins a new epoch unless it `lasts`. A file that cannot be read is set aside; where none can be kept, the index
    /// lives in memory.
    pub(crate) fn open(dir: &Dir, lasts: bool) -> Result<Self, Failure> {
        let opened = match usable(dir, lasts) {
            Err(error) if error.is_of_the_file() => {
                tracing::warn!(%error, "the index of the space is set aside and begun anew");
                dir.set_aside(&FILE, &TORN).and_then(|()| dir.sync()).map_err(Unusable::from).and_then(|()| usable(dir, lasts))
            }
            other => other,
        };
        match opened {
            Ok((store, state, continues)) => Ok(Self { store: Some(store), continues, state: Mutex::new(state) }),
            Err(error) => {
                tracing::warn!(%error, "the index of the space cannot be kept; folders will look changed after each start");
                remove(dir)?;
                Ok(Self { store: None, continues: false, state: Mutex::new(State::new()?) })
            }
        }
    }

    /// Begins a new epoch: every folder looks changed.
    pub(crate) fn renew(&self) -> Result<(), Failure> {
        let fresh = State::new()?;
        let mut state = self.lock();
        let mounts = std::mem::take(&mut state.mounts);
        *state = State { mounts, ..fresh };
        Ok(())
    }

    /// Whether folders have the ETags that they had before the start.
    pub(crate) fn continues(&self) -> bool {
        self.continues
    }

    /// Gives each of `folders` a new sequence number: something below it changed.
    pub(crate) fn bump(&self, folders: &[u64]) {
        let mut state = self.lock();
        state.sequence += 1;
        let sequence = state.sequence;
        for folder in folders {
            state.folders.insert(*folder, Folder { sequence, size: None });
        }
    }

    /// The ETag of the folder `id`, without quotes.
    pub(crate) fn etag(&self, id: u64) -> String {
        let state = self.lock();
        etag::folder(state.epoch, id, state.folders.get(&id).map_or(0, |folder| folder.sequence))
    }

    /// The size of the folder `id`, if it was counted since its last change, and the sequence number to give with a count.
    pub(crate) fn size(&self, id: u64) -> (Option<u64>, u64) {
        let folder = self.lock().folders.get(&id).copied().unwrap_or_default();
        (folder.size, folder.sequence)
    }

    /// Remembers a size, unless the folder changed since the count began.
    pub(crate) fn remember_size(&self, id: u64, size: u64, sequence: u64) {
        let mut state = self.lock();
        let folder = state.folders.entry(id).or_default();
        if folder.sequence == sequence {
            folder.size = Some(size);
        }
    }

    /// The root of the mounted space `number`: `fresh` when the gateway knows it, else the last one it knew.
    pub(crate) fn mount(&self, number: u16, fresh: Option<&Root>) -> Option<Root> {
        let mut state = self.lock();
        if let Some(root) = fresh {
            state.mounts.insert(number, root.clone());
        }
        state.mounts.get(&number).cloned()
    }

    /// Writes all of it and marks it as in order.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        let Some(store) = &self.store else { return Ok(()) };
        let state = self.lock();
        let mut write = store.write()?;
        for (id, folder) in state.folders.iter().take(MAX_FOLDERS) {
            write.put(&FOLDERS, id, folder)?;
        }
        for (number, root) in &state.mounts {
            write.put(&MOUNTS, number, &MountRoot { etag: root.etag.clone(), id: root.id })?;
        }
        write.put(&EPOCH, &0, &Epoch { epoch: state.epoch, sequence: state.sequence, in_order: true })?;
        write.commit()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file with what the last worker left in it, marked as in use.
fn usable(dir: &Dir, lasts: bool) -> Result<(Store, State, bool), Unusable> {
    let store = Store::open(dir.file_for_writing(&FILE)?, Options::new("index").check(Check::AfterCrash))?;
    // Not all of the file is proved when it is opened, and the store's library may trip over an altered page.
    let known = std::panic::catch_unwind(AssertUnwindSafe(|| load(&store))).map_err(|_| Unusable::Torn)??;
    let known = known.filter(|_| lasts);
    let continues = known.is_some();
    let state = known.map_or_else(State::new, Ok)?;
    mark(&store, &state)?;
    Ok((store, state, continues))
}

/// Takes a file away that is not used: it may say "in order", and would bring old ETags back when it can be read again.
fn remove(dir: &Dir) -> Result<(), Failure> {
    match dir.remove_tree(&FILE) {
        Err(error) if !error.is_absent() => Err(error.into()),
        _ => Ok(dir.sync()?),
    }
}

/// What the last worker left; `None` when it did not end in order or a record cannot be read.
fn load(store: &Store) -> Result<Option<State>, StoreError> {
    let read = store.read()?;
    let Some(Epoch { epoch, sequence, in_order: true }) = read.get(&EPOCH, &0)? else { return Ok(None) };
    let folders = read.range(&FOLDERS, .., Order::Ascending, MAX_FOLDERS)?.into_iter().collect();
    let mounts = read.range(&MOUNTS, .., Order::Ascending, usize::from(u16::MAX))?;
    let mounts = mounts.into_iter().map(|(number, root)| (number, Root { etag: root.etag, id: root.id })).collect();
    Ok(Some(State { epoch, sequence, folders, mounts }))
}

/// Takes away the flag "in order", durably, before anything can change.
fn mark(store: &Store, state: &State) -> Result<(), StoreError> {
    let mut write = store.write()?;
    write.put(&EPOCH, &0, &Epoch { epoch: state.epoch, sequence: state.sequence, in_order: false })?;
    write.commit()
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Files(#[from] croft_files::FilesError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("it does not hang together")]
    Torn,
    #[error(transparent)]
    State(#[from] Failure),
}

impl Unusable {
    /// Whether another file in its place could be used.
    fn is_of_the_file(&self) -> bool {
        match self {
            Self::Torn => true,
            Self::Store(error) => matches!(error.trouble(), Trouble::Torn(_) | Trouble::Foreign(_) | Trouble::Future { .. }),
            Self::Files(_) | Self::State(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn open(path: &Path) -> Index {
        Index::open(&Dir::new(fs::File::open(path).unwrap().into()).unwrap(), true).unwrap()
    }

    #[test]
    fn an_orderly_end_keeps_etags_and_anything_else_changes_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root { etag: "e".into(), id: 9 };
        let index = open(folder.path());
        let first = index.etag(7);
        index.bump(&[7, 8]);
        let bumped = index.etag(7);
        assert_ne!(first, bumped);
        index.remember_size(8, 100, 1);
        index.remember_size(8, 50, 0);
        assert_eq!(index.mount(3, Some(&root)), Some(root.clone()));
        index.close().unwrap();
        drop(index);

        let again = open(folder.path());
        assert_eq!(again.etag(7), bumped);
        assert_eq!(again.size(8), (Some(100), 1));
        assert_eq!(again.mount(3, None), Some(root));
        drop(again);

        let after_kill = open(folder.path());
        assert_ne!(after_kill.etag(7), bumped);
        assert_ne!(after_kill.etag(9), first);
    }

    #[test]
    fn no_etag_comes_back_after_a_start_without_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let index = open(folder.path());
        let first = index.etag(7);
        index.close().unwrap();
        drop(index);
        let file = || fs::File::options().read(true).write(true).open(folder.path().join("index.redb")).unwrap();
        let holder = Store::open(file(), Options::new("index")).unwrap();
        let in_memory = open(folder.path());
        assert_ne!(in_memory.etag(7), first);
        assert!(in_memory.store.is_none());
        drop((in_memory, holder));
        assert_ne!(open(folder.path()).etag(7), first);
    }

    #[test]
    fn an_index_with_a_record_that_cannot_be_read_is_set_aside() {
        #[derive(Serialize, Deserialize)]
        struct Foreign {
            other: bool,
        }
        first_version!(Foreign);
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).close().unwrap();
        let file = fs::File::options().read(true).write(true).open(folder.path().join("index.redb")).unwrap();
        let mut write = Store::open(file, Options::new("index")).unwrap().write().unwrap();
        write.put(&Table::<u8, Foreign>::new("epoch"), &0, &Foreign { other: true }).unwrap();
        write.commit().unwrap();
        for _ in 0..2 {
            let index = open(folder.path());
            assert!(index.store.is_some());
            index.close().unwrap();
        }
        assert!(folder.path().join("index.redb.torn").exists());
    }

    #[test]
    fn a_torn_index_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        for content in [b"nonsense".to_vec(), vec![7; 5000]] {
            fs::write(folder.path().join("index.redb"), &content).unwrap();
            let index = open(folder.path());
            index.bump(&[1]);
            index.close().unwrap();
            assert_eq!(fs::read(folder.path().join("index.redb.torn")).unwrap(), content);
        }
    }
}
