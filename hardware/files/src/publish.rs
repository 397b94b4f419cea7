//! Giving names and making them durable, many with one flush.
//!
//! One thread takes whatever has gathered while it was busy with the flush before: no timer, so a lone change never waits and a crowd shares.
//! Fixed windows were measured and always lose. What a flush is depends on the file system, see `docs/formats/space.md`; each scheme but the
//! last is proved by a crash test, because the fast one of ext4 loses acknowledged files on btrfs.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, AsRawFd},
    thread,
};

use nix::unistd::fsync;
use tokio::sync::{mpsc, oneshot};

use crate::{Dir, FileSystem, FilesError, Keep, Name, Operation, Staged, dir::Replace};

/// Changes of one flush. More than any number of uploads at once on a home's box; it bounds how long the last one waits.
const MAX_BATCH: usize = 256;

/// A change of names.
#[derive(Debug)]
pub enum Change {
    /// A staged file gets a name that must be free.
    Create {
        /// The file.
        file: Staged,
        /// Where.
        dir: Dir,
        /// Under which name.
        name: Name,
    },
    /// A staged file takes the place of another.
    Replace {
        /// The file.
        file: Staged,
        /// Where.
        dir: Dir,
        /// Under which name.
        name: Name,
        /// A name that is free where the file was staged.
        unique: Name,
        /// Where the other one lives on, if it shall.
        keep: Option<Keep>,
    },
    /// An entry moves.
    Move {
        /// From where.
        from: Dir,
        /// Its name there.
        name: Name,
        /// To where.
        to: Dir,
        /// Its name there.
        new: Name,
        /// Whether a file may be there already.
        replace: Replace,
    },
}

/// Publishes changes durably. Cheap to clone; the thread ends with the last clone.
#[derive(Debug, Clone)]
pub struct Publisher(mpsc::Sender<Waiting>);

/// A directory in which a name changed, and which one it is: device and inode.
type Touched = (Option<(u64, u64)>, Dir);

struct Waiting {
    change: Change,
    answer: Box<dyn FnOnce(Result<(), FilesError>) + Send>,
}

impl Publisher {
    /// Starts the publisher of the file system that `any` is on.
    ///
    /// # Errors
    /// The file system cannot be asked, or there is no thread.
    pub fn start(any: &Dir) -> Result<Self, FilesError> {
        let (sender, receiver) = mpsc::channel(MAX_BATCH);
        let (system, any) = (any.file_system()?, any.clone());
        thread::Builder::new()
            .name("publisher".into())
            .spawn(move || run(receiver, system, &any))
            .map_err(|error| FilesError::new(Operation::Ended, error))?;
        Ok(Self(sender))
    }

    /// Makes `change` visible and waits until it would survive a power cut. Once called, it happens even when the caller stops waiting.
    ///
    /// # Errors
    /// Why it did not happen, or [`Operation::Sync`] when it may not be durable.
    pub async fn publish(&self, change: Change) -> Result<(), FilesError> {
        let (answer, waiter) = oneshot::channel();
        // Somebody who no longer waits does not need the answer.
        let answer = Box::new(|outcome| drop(answer.send(outcome)));
        self.0.send(Waiting { change, answer }).await.map_err(|_| FilesError::ended())?;
        waiter.await.map_err(|_| FilesError::ended())?
    }

    /// The same for who is on a thread that may block: `then` is called with the outcome, on the publisher's thread, and must not block.
    pub fn submit(&self, change: Change, then: impl FnOnce(Result<(), FilesError>) + Send + 'static) {
        if let Err(unsent) = self.0.blocking_send(Waiting { change, answer: Box::new(then) }) {
            (unsent.0.answer)(Err(FilesError::ended()));
        }
    }
}

/// Brings the data of `file` to the device without waiting for names or journals, so that a shared flush finds little to do.
pub(crate) fn write_out(file: &File) -> Result<(), FilesError> {
    let flags = libc::SYNC_FILE_RANGE_WAIT_BEFORE | libc::SYNC_FILE_RANGE_WRITE | libc::SYNC_FILE_RANGE_WAIT_AFTER;
    sync_range(file, 0, 0, flags)
}

/// Starts to write this range out, to the end where `length` is 0, and does not wait.
pub(crate) fn start_write_out(file: &File, from: u64, length: u64) -> Result<(), FilesError> {
    sync_range(file, from, length, libc::SYNC_FILE_RANGE_WRITE)
}

fn sync_range(file: &File, from: u64, length: u64, flags: libc::c_uint) -> Result<(), FilesError> {
    let (from, length) = (libc::off64_t::try_from(from).unwrap_or(0), libc::off64_t::try_from(length).unwrap_or(0));
    // SAFETY: the descriptor is open for the borrow's life; the call takes numbers only.
    #[expect(unsafe_code, reason = "sync_file_range has no safe wrapper in nix")]
    let result = unsafe { libc::sync_file_range(file.as_raw_fd(), from, length, flags) };
    if result == 0 { Ok(()) } else { Err(FilesError::new(Operation::Sync, io::Error::last_os_error())) }
}

impl Staged {
    /// Brings the data of a large file to the device before it is published, so that it does not hold up the flush of others.
    ///
    /// # Errors
    /// [`Operation::Sync`].
    pub fn write_out(&self) -> Result<(), FilesError> {
        write_out(self.file())
    }
}

fn run(mut receiver: mpsc::Receiver<Waiting>, system: FileSystem, any: &Dir) {
    while let Some(first) = receiver.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < MAX_BATCH {
            let Ok(next) = receiver.try_recv() else { break };
            batch.push(next);
        }
        flush(batch, system, any);
    }
}

/// Publishes a batch and answers each waiter.
fn flush(batch: Vec<Waiting>, system: FileSystem, any: &Dir) {
    let replaces = batch.iter().any(|waiting| matches!(waiting.change, Change::Replace { .. }));
    // All of it is under way before the first is waited for.
    let started: Vec<_> = batch.iter().map(|waiting| waiting.change.start_data_out(system)).collect();
    let mut written: Vec<_> = batch
        .into_iter()
        .zip(started)
        .map(|(mut waiting, started)| {
            let outcome = started.and_then(|()| waiting.change.bring_data_out(system));
            (waiting, outcome)
        })
        .collect();
    // On btrfs data that was written out is not yet tied to its file; only a commit does that, and it must come before an old file is gone.
    if system == FileSystem::Btrfs && replaces {
        fail_all(&mut written, any.sync_whole());
    }
    let mut touched = Vec::new();
    for (waiting, outcome) in &mut written {
        if outcome.is_ok() {
            *outcome = waiting.change.apply(system);
        }
        if outcome.is_ok() {
            waiting.change.touches(system, &mut touched);
            if system == FileSystem::Other {
                *outcome = waiting.change.bring_itself_out();
            }
        }
    }
    let durable = match system {
        FileSystem::Btrfs if touched.is_empty() => Ok(()),
        FileSystem::Btrfs => any.sync_whole(),
        FileSystem::Ext4 | FileSystem::Other => sync_each(touched),
    };
    fail_all(&mut written, durable);
    for (waiting, outcome) in written {
        waiting.change.let_go(system);
        // First what was staged and not published goes, so that an answer leaves nothing behind it.
        drop(waiting.change);
        (waiting.answer)(outcome);
    }
}

fn fail_all(batch: &mut [(Waiting, Result<(), FilesError>)], result: Result<(), FilesError>) {
    let Err(error) = result else { return };
    for (_, outcome) in batch.iter_mut().filter(|(_, outcome)| outcome.is_ok()) {
        *outcome = Err(error.again());
    }
}

fn sync(file: impl AsFd) -> Result<(), FilesError> {
    fsync(file).map_err(|error| FilesError::new(Operation::Sync, error))
}

/// One `fsync` a directory, however many names changed in it.
fn sync_each(mut touched: Vec<Touched>) -> Result<(), FilesError> {
    touched.sort_by_key(|(which, _)| *which);
    // One that could not be asked who it is is synced in any case.
    touched.dedup_by(|(one, _), (other, _)| one.is_some() && one == other);
    touched.iter().try_for_each(|(_, dir)| dir.sync())
}

impl Change {
    /// The way back of a move.
    #[must_use]
    pub fn back(&self) -> Option<Self> {
        let Self::Move { from, name, to, new, .. } = self else { return None };
        Some(Self::Move { from: to.clone(), name: new.clone(), to: from.clone(), new: name.clone(), replace: Replace::No })
    }

    /// Starts what [`Change::bring_data_out`] waits for, where that can be.
    fn start_data_out(&self, system: FileSystem) -> Result<(), FilesError> {
        match (self, system) {
            (Self::Move { .. }, _) | (_, FileSystem::Other) => Ok(()),
            (Self::Create { file, .. } | Self::Replace { file, .. }, _) => start_write_out(file.file(), 0, 0),
        }
    }

    fn bring_data_out(&mut self, system: FileSystem) -> Result<(), FilesError> {
        match (self, system) {
            (Self::Move { .. }, _) => Ok(()),
            (Self::Create { file, .. } | Self::Replace { file, .. }, FileSystem::Ext4 | FileSystem::Btrfs) => write_out(file.file()),
            (Self::Create { file, .. }, FileSystem::Other) => sync(file),
            (Self::Replace { file, unique, .. }, FileSystem::Other) => {
                // Where nothing orders what reaches the disk, a file without a name could take the place of the old one and then be lost.
                file.link_beside(unique)?;
                sync(file)
            }
        }
    }

    /// Brings out what has a new name, once it has it: without a journal a directory's `fsync` says nothing of the entry's own state.
    fn bring_itself_out(&self) -> Result<(), FilesError> {
        match self {
            Self::Create { file, .. } | Self::Replace { file, keep: None, .. } => sync(file),
            Self::Replace { file, keep: Some(keep), .. } => {
                sync(file)?;
                sync(keep.file()?)
            }
            Self::Move { to, new, .. } => sync(to.file(new)?),
        }
    }

    fn apply(&mut self, system: FileSystem) -> Result<(), FilesError> {
        match self {
            Self::Create { file, dir, name } => file.create(dir, name),
            Self::Replace { file, dir, name, unique, keep } => {
                if let Some(place) = keep.take() {
                    // A second name first, so that there is never none.
                    *keep = place.take(dir, name)?.then_some(place);
                }
                if keep.is_none() && system == FileSystem::Other {
                    // Nothing orders that the folder lets go of the old file before the file is marked as deleted; a check after a power cut would then
                    // find the name leading nowhere and take it away. So the old file lives on until the folder is on the disk.
                    file.keep_replaced(dir, name, unique);
                }
                let replaced = file.replace(dir, name, unique);
                if let (Err(_), Some(keep)) = (&replaced, keep) {
                    keep.give_up();
                }
                replaced
            }
            Self::Move { from, name, to, new, replace } => from.rename(name, to, new, *replace),
        }
    }

    /// Lets go of what lived on until everything was on the disk.
    fn let_go(&self, system: FileSystem) {
        if let (Self::Replace { file, unique, .. }, FileSystem::Other) = (self, system) {
            file.forget_replaced(unique);
        }
    }

    /// The folders to be synced. A journal brings out what is kept with what it is older than, so there it costs no sync of its own.
    fn touches(&self, system: FileSystem, touched: &mut Vec<Touched>) {
        let mut touch = |dir: &Dir| touched.push((dir.stat().ok().map(|stat| (stat.device, stat.inode)), dir.clone()));
        match self {
            Self::Create { dir, .. } => touch(dir),
            Self::Replace { dir, keep, .. } => {
                touch(dir);
                if let Some(keep) = keep.as_ref().filter(|_| system == FileSystem::Other) {
                    touch(&keep.dir);
                    touch(&keep.parent);
                }
            }
            Self::Move { from, to, .. } => {
                touch(from);
                touch(to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::Unkept;

    fn dir(path: &Path) -> Dir {
        Dir::new(fs::File::open(path).unwrap().into()).unwrap()
    }

    fn staged(uploads: &Dir, unique: &str, text: &str) -> Staged {
        let file = Staged::new(uploads, &Name::new(unique).unwrap()).unwrap();
        file.write(text.as_bytes()).unwrap();
        file
    }

    /// The contract, on the file system that the tests run on and on the one in memory.
    async fn check(folder: &Path) {
        fs::create_dir_all(folder.join("uploads")).unwrap();
        fs::create_dir_all(folder.join("files/old")).unwrap();
        let (root, uploads) = (dir(&folder.join("files")), dir(&folder.join("uploads")));
        let publisher = Publisher::start(&root).unwrap();
        let name = Name::literal("a");
        let create = |text: &str| Change::Create { file: staged(&uploads, "u1", text), dir: root.clone(), name: name.clone() };
        let replace = |text: &str, unique: &str| Change::Replace {
            file: staged(&uploads, unique, text),
            dir: root.clone(),
            name: name.clone(),
            unique: Name::new(format!("{unique}-link")).unwrap(),
            keep: None,
        };
        let text = || fs::read_to_string(folder.join("files/a")).unwrap();

        drop(create("never"));
        assert!(!folder.join("files/a").exists());
        publisher.publish(create("one")).await.unwrap();
        assert_eq!(text(), "one");
        assert!(publisher.publish(create("two")).await.unwrap_err().is_taken());
        assert_eq!(text(), "one");
        publisher.publish(replace("three", "u2")).await.unwrap();
        assert_eq!(text(), "three");
        fs::create_dir_all(folder.join("kept/one")).unwrap();
        let kept = || fs::read_dir(folder.join("kept/one")).unwrap().count();
        let keep = |name: &str| Keep {
            parent: dir(&folder.join("kept")),
            dir: dir(&folder.join("kept/one")),
            name: Name::new(name).unwrap(),
            unkept: Unkept::Goes,
        };
        let Change::Replace { file, dir: at, name: old, unique, .. } = replace("four", "u4") else { panic!("it replaces") };
        publisher.publish(Change::Replace { file, dir: at, name: old, unique, keep: Some(keep("first")) }).await.unwrap();
        assert_eq!((text().as_str(), fs::read_to_string(folder.join("kept/one/first")).unwrap().as_str()), ("four", "three"));
        let moved = Change::Move {
            from: root.clone(),
            name: name.clone(),
            to: root.dir(&[Name::literal("old")]).unwrap(),
            new: name.clone(),
            replace: Replace::No,
        };
        publisher.publish(moved).await.unwrap();
        assert_eq!(fs::read_to_string(folder.join("files/old/a")).unwrap(), "four");
        let onto_folder = Change::Replace {
            file: staged(&uploads, "u3", "x"),
            dir: root.clone(),
            name: Name::literal("old"),
            unique: Name::literal("u3-link"),
            keep: Some(keep("three")),
        };
        assert!(publisher.publish(onto_folder).await.unwrap_err().is_taken());
        assert_eq!(kept(), 1, "nothing is kept of what was not replaced");
        assert_eq!(fs::read_dir(folder.join("uploads")).unwrap().count(), 0, "something was left among the uploads");

        let crowd = (0..500).map(|index| {
            let file = staged(&uploads, &format!("c{index}"), "crowd");
            let change = Change::Create { file, dir: root.clone(), name: Name::new(format!("c{index}")).unwrap() };
            let publisher = publisher.clone();
            tokio::spawn(async move { publisher.publish(change).await })
        });
        for one in crowd.collect::<Vec<_>>() {
            one.await.unwrap().unwrap();
        }
        assert_eq!(fs::read_dir(folder.join("files")).unwrap().count(), 501);
    }

    #[tokio::test]
    async fn what_cannot_be_kept_stays_where_that_is_wanted() {
        let (here, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/dev/shm").unwrap());
        let (root, uploads) = (dir(here.path()), here.path().join("uploads"));
        fs::create_dir(&uploads).unwrap();
        fs::write(here.path().join("a"), "now").unwrap();
        let publisher = Publisher::start(&root).unwrap();
        let replace = |unkept: Unkept, unique: &str| Change::Replace {
            file: staged(&dir(&uploads), unique, "then"),
            dir: root.clone(),
            name: Name::literal("a"),
            unique: Name::new(format!("{unique}-link")).unwrap(),
            // On another file system there is no second name.
            keep: Some(Keep { parent: dir(elsewhere.path()), dir: dir(elsewhere.path()), name: Name::literal("kept"), unkept }),
        };
        let text = || fs::read_to_string(here.path().join("a")).unwrap();
        let refused = publisher.publish(replace(Unkept::Stays, "u1")).await.unwrap_err();
        assert_eq!((refused.operation(), text().as_str()), (Operation::Keep, "now"));
        publisher.publish(replace(Unkept::Goes, "u2")).await.unwrap();
        assert_eq!((text().as_str(), fs::read_dir(&uploads).unwrap().count()), ("then", 0));
    }

    #[tokio::test]
    async fn names_are_given_whole_or_not_at_all() {
        let here = tempfile::tempdir().unwrap();
        check(here.path()).await;
        check(tempfile::tempdir_in("/dev/shm").unwrap().path()).await;
    }
}
