//! The folder in which a box lies: its lock, its directories with their owners, the room below it.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Component, Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, Flock, FlockArg, OFlag, openat},
    sys::{
        stat::{Mode, fchmod, fstat, mkdirat},
        statfs::{self, FsType},
        statvfs::fstatvfs,
    },
    unistd::{Gid, Uid, fchown, geteuid},
};

use crate::subvolume;

/// User ids of roles on a developer's machine begin here; above what distributions hand out, below the limit of most file systems.
pub const ROLE_USERS: u32 = 399_900;
/// User ids of spaces begin here: this plus the space's number.
pub const SPACE_USERS: u32 = 400_000;

/// The folder of a box cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another supervisor runs on it.
    #[error("{} is in use by another supervisor. Stop that one first, or use another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// Something in it cannot be made or opened.
    #[error("{} cannot be used", path.display())]
    Unusable {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The folder of a box, locked for this process.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    directory: OwnedFd,
    _lock: Flock<File>,
}

/// The room of a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The kind of file system, as the kernel names it.
    pub file_system: &'static str,
    /// Bytes in all.
    pub total: u64,
    /// Bytes that can still be written by ordinary users.
    pub free: u64,
}

impl Home {
    /// Makes the folder if need be (for its user alone) and locks it.
    ///
    /// # Errors
    /// Another supervisor has it, or it cannot be made.
    pub fn open(path: &Path) -> Result<Self, HomeError> {
        let unusable = |source: io::Error| HomeError::Unusable { path: path.into(), source };
        std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).recursive(true).create(path).map_err(unusable)?;
        let path = path.canonicalize().map_err(unusable)?;
        let directory = openat(AT_FDCWD, &path, directory_flags(), Mode::empty()).map_err(|errno| unusable(errno.into()))?;
        let lock = openat(
            &directory,
            ".lock",
            OFlag::O_CREAT | OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW,
            Mode::from_bits_truncate(0o600),
        )
        .map_err(|errno| unusable(errno.into()))?;
        match Flock::lock(File::from(lock), FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Self { path, directory, _lock: lock }),
            Err((_, Errno::EWOULDBLOCK)) => Err(HomeError::InUse { path }),
            Err((_, errno)) => Err(HomeError::Unusable { path, source: errno.into() }),
        }
    }

    /// The folder's path, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the directory at `path` below the folder if need be and opens it. It gets `mode`, and as root `owner`; directories on the way
    /// there are made with `way` and stay root's. No link is followed, since parts below belong to roles.
    ///
    /// # Errors
    /// It cannot be made or opened, or is not a directory.
    pub fn directory(&self, path: &str, mode: u32, owner: Option<u32>) -> Result<OwnedFd, HomeError> {
        self.open_or_make(path, mode, owner, |parent, name| mkdirat(parent, name, Mode::from_bits_truncate(0o700)))
    }

    /// As [`Self::directory`], but on btrfs one that is not there yet becomes a subvolume. One that is there stays what it is.
    ///
    /// # Errors
    /// As [`Self::directory`].
    pub fn subvolume(&self, path: &str, mode: u32, owner: Option<u32>) -> Result<OwnedFd, HomeError> {
        self.open_or_make(path, mode, owner, |parent, name| {
            if subvolume::is_possible(parent)? {
                subvolume::make(parent, name)
            } else {
                mkdirat(parent, name, Mode::from_bits_truncate(0o700))
            }
        })
    }

    /// Opens what lies at `path`; the last of it is made by `make` if need be.
    fn open_or_make(
        &self,
        path: &str,
        mode: u32,
        owner: Option<u32>,
        make: impl Fn(BorrowedFd<'_>, &OsStr) -> Result<(), Errno>,
    ) -> Result<OwnedFd, HomeError> {
        let unusable = |errno: Errno| HomeError::Unusable { path: self.path.join(path), source: errno.into() };
        let mut parts = Path::new(path).components().peekable();
        let mut at = self.directory.try_clone().map_err(|source| HomeError::Unusable { path: self.path.clone(), source })?;
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else { return Err(unusable(Errno::EINVAL)) };
            let last = parts.peek().is_none();
            let made = if last { make(at.as_fd(), name) } else { mkdirat(&at, name, Mode::from_bits_truncate(0o700)) };
            match made {
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(errno) => return Err(unusable(errno)),
            }
            at = openat(&at, name, directory_flags(), Mode::empty()).map_err(unusable)?;
            if last {
                own(at.as_fd(), mode, owner).map_err(unusable)?;
            }
        }
        Ok(at)
    }

    /// Opens the file at `path` below the folder for reading.
    ///
    /// # Errors
    /// It is not there.
    pub fn file(&self, path: &str) -> Result<OwnedFd, HomeError> {
        openat(&self.directory, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW, Mode::empty())
            .map_err(|errno| HomeError::Unusable { path: self.path.join(path), source: errno.into() })
    }

    /// The room of the file system below.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn room(&self) -> Result<Room, HomeError> {
        let unusable = |errno: Errno| HomeError::Unusable { path: self.path.clone(), source: errno.into() };
        let room = fstatvfs(&self.directory).map_err(unusable)?;
        let kind = statfs::fstatfs(&self.directory).map_err(unusable)?.filesystem_type();
        let block = room.fragment_size();
        Ok(Room { file_system: name_of(kind), total: room.blocks() * block, free: room.blocks_available() * block })
    }

    /// Whether this process may give processes and directories users of their own.
    #[must_use]
    pub fn has_users() -> bool {
        geteuid().is_root()
    }

    /// The user of this process.
    #[must_use]
    pub fn user() -> u32 {
        geteuid().as_raw()
    }
}

impl AsFd for Home {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

fn directory_flags() -> OFlag {
    OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC
}

/// Changes nothing where nothing is different: a folder's time of change, and the state of its subvolume, tell others that something happened.
fn own(directory: BorrowedFd<'_>, mode: u32, owner: Option<u32>) -> Result<(), Errno> {
    const MODE_BITS: u32 = 0o7777;
    let is = fstat(directory)?;
    if let Some(user) = owner.filter(|user| Home::has_users() && (is.st_uid, is.st_gid) != (*user, *user)) {
        fchown(directory, Some(Uid::from_raw(user)), Some(Gid::from_raw(user)))?;
    }
    if is.st_mode & MODE_BITS == mode { Ok(()) } else { fchmod(directory, Mode::from_bits_truncate(mode)) }
}

/// Names of the file systems that people have under a home server.
fn name_of(kind: FsType) -> &'static str {
    const BTRFS: FsType = statfs::BTRFS_SUPER_MAGIC;
    const EXT4: FsType = statfs::EXT4_SUPER_MAGIC;
    const XFS: FsType = statfs::XFS_SUPER_MAGIC;
    const TMPFS: FsType = statfs::TMPFS_MAGIC;
    const OVERLAY: FsType = statfs::OVERLAYFS_SUPER_MAGIC;
    const NFS: FsType = statfs::NFS_SUPER_MAGIC;
    match kind {
        BTRFS => "btrfs",
        EXT4 => "ext4",
        XFS => "xfs",
        TMPFS => "tmpfs",
        OVERLAY => "overlay",
        NFS => "nfs",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_home_is_laid_out_and_locked() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("box");
        let home = Home::open(&path).expect("a home");
        home.directory("spaces/s1/.croft", 0o700, None).expect("made");
        home.directory("run", 0o711, None).expect("made");
        home.directory("run", 0o711, None).expect("opened again");
        let mode = |below: &str| std::fs::metadata(path.join(below)).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("spaces/s1/.croft"), mode("run")), (0o700, 0o700, 0o711));
        assert!(matches!(Home::open(&path), Err(HomeError::InUse { .. })));
        drop(home);
        assert!(Home::open(&path).is_ok());
    }

    #[test]
    fn looking_at_a_directory_changes_nothing_of_it() {
        use std::os::unix::fs::MetadataExt;
        let parent = tempfile::tempdir().expect("a folder");
        let home = Home::open(parent.path()).expect("a home");
        let changed = || {
            home.directory("spaces", 0o711, Some(ROLE_USERS)).expect("there");
            let is = std::fs::metadata(parent.path().join("spaces")).expect("there");
            (is.ctime(), is.ctime_nsec())
        };
        let first = changed();
        std::thread::sleep(std::time::Duration::from_millis(20)); // waits: for the kernel's clock of files to go on
        assert_eq!(changed(), first);
        home.directory("spaces", 0o700, Some(ROLE_USERS)).expect("there");
        assert_eq!(std::fs::metadata(parent.path().join("spaces")).expect("there").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn no_link_is_followed_and_no_way_leads_out() {
        let parent = tempfile::tempdir().expect("a folder");
        let home = Home::open(parent.path()).expect("a home");
        symlink("/etc", parent.path().join("state")).expect("a link");
        for path in ["state", "state/sync", "../out", "/etc"] {
            assert!(home.directory(path, 0o777, None).is_err(), "{path}");
        }
        assert!(home.room().expect("room").total > 0);
    }
}
