//! Directories of which the system tells what changes in them, while it happens (`inotify(7)`). A watch is of one directory and of nothing below it.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use nix::{
    errno::Errno,
    sys::{
        inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor},
        statfs::{BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, F2FS_SUPER_MAGIC, FsType, TMPFS_MAGIC, XFS_SUPER_MAGIC, fstatfs},
    },
};
use tokio::io::{Interest, unix::AsyncFd};

use crate::{Dir, FilesError, Name, Operation};

/// What is told: names that come and go, content, attributes. Of a file that is kept open each write is, of one that was written through memory its end;
/// of one without a name nothing.
const TOLD: AddWatchFlags = AddWatchFlags::IN_CREATE
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVE)
    .union(AddWatchFlags::IN_MODIFY)
    .union(AddWatchFlags::IN_CLOSE_WRITE)
    .union(AddWatchFlags::IN_ATTRIB)
    .union(AddWatchFlags::IN_ONLYDIR)
    .union(AddWatchFlags::from_bits_retain(libc::IN_EXCL_UNLINK));
/// File systems that change through this kernel alone. Those of a server, or of another process, change without its knowing.
const HEARD: [FsType; 5] = [EXT4_SUPER_MAGIC, BTRFS_SUPER_MAGIC, XFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC];
/// Pieces that are given at once; the kernel keeps as many by default.
const MAX_TOLD: usize = 16_384;

/// Watched directories. They are so until this is dropped, wherever they are moved.
#[derive(Debug)]
pub struct Watches {
    inotify: Inotify,
    /// The same once more, for the runtime to wait for.
    queue: AsyncFd<OwnedFd>,
}

/// One watched directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Watch(WatchDescriptor);

/// What the system tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The entry of this name in the directory may have changed, or have come or gone.
    Entry(Watch, Name),
    /// The directory is gone, or is not watched any more.
    Ended(Watch),
    /// More happened than the system keeps, or a file system was taken away: anything may have changed anywhere.
    Lost,
}

impl Watches {
    /// None as yet. To be called within a runtime.
    ///
    /// # Errors
    /// [`Operation::Watch`], also where the user has as many of these as the system allows.
    pub fn new() -> Result<Self, FilesError> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).map_err(failed)?;
        let queue = inotify.as_fd().try_clone_to_owned().map_err(failed)?;
        // SAFETY: an `OwnedFd` gives the same open descriptor for as long as it lives, and it lives in the `AsyncFd`.
        #[expect(unsafe_code, reason = "the runtime cannot know that a type keeps its descriptor")]
        let queue =
            unsafe { AsyncFd::register_with_interest(queue, Interest::READABLE) }.map_err(|error| failed(io::Error::from(error)))?;
        Ok(Self { inotify, queue })
    }

    /// Watches `dir` from now on; where it is watched already, gives that watch. The kernel keeps about 1 300 bytes for each, most of it the directory's
    /// inode, which it cannot forget meanwhile.
    ///
    /// # Errors
    /// [`Operation::Watch`]; [`FilesError::is_full`] where the user has as many as the system allows (`fs.inotify.max_user_watches`, by itself for a
    /// hundredth of the memory). Also where not everything that changes in `dir` would be told.
    pub fn add(&self, dir: &Dir) -> Result<Watch, FilesError> {
        if !HEARD.contains(&fstatfs(dir.as_fd()).map_err(failed)?.filesystem_type()) {
            return Err(failed(Errno::EOPNOTSUPP));
        }
        // There is no such call by descriptor; the way through /proc leads to what is open, whatever its name is now.
        let path = format!("/proc/self/fd/{}", dir.as_fd().as_raw_fd());
        self.inotify.add_watch(path.as_str(), TOLD).map(Watch).map_err(failed)
    }

    /// Ends a watch. One that has ended by itself is no error.
    pub fn end(&self, watch: Watch) {
        let _ = self.inotify.rm_watch(watch.0);
    }

    /// Waits until something is told, and gives all that is. Cancel-safe.
    ///
    /// # Errors
    /// [`Operation::Watch`]: from now on nothing would be told.
    pub async fn told(&self) -> Result<Vec<Told>, FilesError> {
        let mut told = Vec::new();
        while told.is_empty() {
            let mut ready = self.queue.readable().await.map_err(failed)?;
            while told.len() < MAX_TOLD {
                match ready.try_io(|_| self.inotify.read_events().map_err(io::Error::from)) {
                    Ok(events) => told.extend(events.map_err(failed)?.into_iter().filter_map(Told::of)),
                    Err(_nothing_more) => break,
                }
            }
        }
        Ok(told)
    }
}

impl Told {
    /// What `event` says, if that is anything to us: names that are no [`Name`] are not.
    fn of(event: InotifyEvent) -> Option<Self> {
        if event.mask.intersects(AddWatchFlags::IN_Q_OVERFLOW | AddWatchFlags::IN_UNMOUNT) {
            return Some(Self::Lost);
        }
        if event.mask.contains(AddWatchFlags::IN_IGNORED) {
            return Some(Self::Ended(Watch(event.wd)));
        }
        let name = event.name?.into_string().ok()?;
        Some(Self::Entry(Watch(event.wd), Name::new(name).ok()?))
    }
}

fn failed(error: impl Into<io::Error>) -> FilesError {
    FilesError::new(Operation::Watch, error)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        io::Write,
        path::Path,
        time::Duration,
    };

    use super::*;

    fn dir(path: &Path) -> Dir {
        Dir::new(File::open(path).unwrap().into()).unwrap()
    }

    /// What is told of now.
    async fn told(watches: &Watches) -> Vec<Told> {
        let told = tokio::time::timeout(Duration::from_millis(50), watches.told()).await;
        let mut told = told.map_or(Vec::new(), Result::unwrap);
        told.dedup();
        told
    }

    #[tokio::test]
    async fn what_changes_in_a_directory_is_told_and_nothing_of_what_is_below() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a/below")).unwrap();
        let watches = Watches::new().unwrap();
        let watch = watches.add(&dir(&at("a"))).unwrap();
        assert_eq!(watches.add(&dir(&at("a"))).unwrap(), watch, "the same directory has the same watch");
        let entry = |name: &'static str| Told::Entry(watch, Name::literal(name));

        fs::write(at("a/below/file"), "1").unwrap();
        let _ = fs::read_dir(at("a")).unwrap().count();
        assert_eq!(told(&watches).await, []);
        let mut open = File::create(at("a/file")).unwrap();
        assert_eq!(told(&watches).await, [entry("file")]);
        open.write_all(b"1").unwrap();
        assert_eq!(told(&watches).await, [entry("file")], "also while it is open");
        drop(open);
        fs::rename(at("a/file"), at("file")).unwrap();
        fs::create_dir(at("a/new")).unwrap();
        assert_eq!(told(&watches).await, [entry("file"), entry("new")]);
        fs::rename(at("a"), at("moved")).unwrap();
        fs::remove_dir(at("moved/new")).unwrap();
        assert_eq!(told(&watches).await, [entry("new")], "a watch goes along");
        fs::remove_dir_all(at("moved")).unwrap();
        assert_eq!(told(&watches).await.last(), Some(&Told::Ended(watch)));
        watches.end(watch);
    }

    #[tokio::test]
    async fn a_watch_that_was_ended_tells_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let watches = Watches::new().unwrap();
        let watch = watches.add(&dir(folder.path())).unwrap();
        watches.end(watch);
        fs::write(folder.path().join("file"), "1").unwrap();
        assert_eq!(told(&watches).await, [Told::Ended(watch)]);
    }

    #[tokio::test]
    async fn more_than_the_system_keeps_is_told_as_lost() {
        let folder = tempfile::tempdir().unwrap();
        let watches = Watches::new().unwrap();
        let watch = watches.add(&dir(folder.path())).unwrap();
        let kept: usize = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
        let file = File::create(folder.path().join("file")).unwrap();
        for turn in 0..=kept {
            // Two that are the same, one after the other, are kept as one.
            match turn % 2 {
                0 => (&file).write_all(b"1").unwrap(),
                _ => file.set_permissions(file.metadata().unwrap().permissions()).unwrap(),
            }
        }
        let mut all = Vec::new();
        while !all.contains(&Told::Lost) {
            let more = told(&watches).await;
            assert!(!more.is_empty(), "nothing was lost of {kept}");
            all.extend(more);
        }
        assert_eq!(all.first(), Some(&Told::Entry(watch, Name::literal("file"))), "what was kept is told");
    }

    #[tokio::test]
    async fn where_not_everything_would_be_told_nothing_is_watched() {
        let refused = Watches::new().unwrap().add(&dir(Path::new("/proc/self"))).unwrap_err();
        assert_eq!(refused.operation(), Operation::Watch);
    }
}
