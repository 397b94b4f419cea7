//! A directory held open. Every operation stays beneath it and follows no link.

use std::{
    ffi::CStr,
    fs::File,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use nix::{
    dir,
    errno::Errno,
    fcntl::{AtFlags, OFlag, OpenHow, RenameFlags, ResolveFlag, openat2, renameat2},
    sys::stat::{Mode, fstat, fstatat, mkdirat},
    unistd::{UnlinkatFlags, fsync, linkat, syncfs, unlinkat},
};

use crate::{FileSystem, FilesError, Kind, Name, Operation, Room, Stat, xattr};

/// Permission bits of new files: the space's user writes, its group reads.
const FILE_MODE: Mode = Mode::from_bits_truncate(0o640);
/// Permission bits of new directories.
const DIR_MODE: Mode = Mode::from_bits_truncate(0o750);

/// A directory held open. Clones share the descriptor.
#[derive(Debug, Clone)]
pub struct Dir(Arc<OwnedFd>);

/// What was opened.
#[derive(Debug)]
pub enum Opened {
    /// A plain file, for reading.
    File(File),
    /// A directory.
    Dir(Dir),
    /// Nothing that people's trees are made of.
    Other,
}

/// An entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: Name,
    /// What it is, where the file system says so in the listing.
    pub kind: Option<Kind>,
}

/// What is in a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The entries, in the order of the file system.
    pub entries: Vec<Listed>,
    /// Names that are no [`Name`] (not UTF-8), as far as they can be shown.
    pub unnamed: Vec<String>,
}

impl Dir {
    /// The directory behind a descriptor that somebody opened for this process.
    ///
    /// # Errors
    /// [`Operation::Open`] when it is not a directory.
    pub fn new(descriptor: OwnedFd) -> Result<Self, FilesError> {
        let dir = Self(Arc::new(descriptor));
        match dir.stat()?.kind {
            Kind::Dir => Ok(dir),
            _ => Err(FilesError::new(Operation::Open, Errno::ENOTDIR)),
        }
    }

    /// The directory along `path` from here; no names give this directory.
    ///
    /// # Errors
    /// [`Operation::Open`]; [`FilesError::is_absent`] where a part is missing, no directory or a link.
    pub fn dir(&self, path: &[Name]) -> Result<Self, FilesError> {
        if path.is_empty() {
            return Ok(self.clone());
        }
        self.open(&joined(path), OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty()).map(|fd| Self(Arc::new(fd)))
    }

    /// The entry `name` for reading, whatever it is; a pipe or device never makes this wait.
    ///
    /// # Errors
    /// [`Operation::Open`].
    pub fn file(&self, name: &Name) -> Result<File, FilesError> {
        self.open(name.as_str(), OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY, Mode::empty()).map(File::from)
    }

    /// The entry along `path` with its attributes, whatever it is; a pipe or device never makes this wait. No names give this directory.
    ///
    /// # Errors
    /// [`Operation::Open`]; [`FilesError::is_absent`] where a part is missing or a link.
    pub fn entry(&self, path: &[Name]) -> Result<(Opened, Stat), FilesError> {
        self.open_entry(path, ResolveFlag::empty())
    }

    /// The same where the names on the way are in memory; `None` where the disk would have to be asked.
    ///
    /// # Errors
    /// As [`Dir::entry`].
    pub fn remembered_entry(&self, path: &[Name]) -> Result<Option<(Opened, Stat)>, FilesError> {
        match self.open_entry(path, ResolveFlag::from_bits_retain(libc::RESOLVE_CACHED)) {
            Err(error) if error.would_wait() => Ok(None),
            opened => opened.map(Some),
        }
    }

    fn open_entry(&self, path: &[Name], resolve: ResolveFlag) -> Result<(Opened, Stat), FilesError> {
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let opened = match path {
            [] => self.open_as(".", flags, Mode::empty(), resolve)?,
            [name] => self.open_as(name.as_str(), flags, Mode::empty(), resolve)?,
            _ => self.open_as(&joined(path), flags, Mode::empty(), resolve)?,
        };
        let stat = Stat::of(&opened)?;
        let opened = match stat.kind {
            Kind::File => Opened::File(opened.into()),
            Kind::Dir => Opened::Dir(Self(Arc::new(opened))),
            Kind::Other => Opened::Other,
        };
        Ok((opened, stat))
    }

    /// The plain file `name` for reading and writing, made empty where there is none.
    ///
    /// # Errors
    /// [`Operation::Open`].
    pub fn file_for_writing(&self, name: &Name) -> Result<File, FilesError> {
        self.open(name.as_str(), OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_NONBLOCK | OFlag::O_NOCTTY, FILE_MODE).map(File::from)
    }

    /// A new file `name` for reading and writing.
    ///
    /// # Errors
    /// [`Operation::Open`]; [`FilesError::is_taken`] where the name is used.
    pub fn new_file(&self, name: &Name) -> Result<File, FilesError> {
        self.open(name.as_str(), OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL, FILE_MODE).map(File::from)
    }

    /// A new file in this directory without a name.
    pub(crate) fn nameless_file(&self) -> Result<File, FilesError> {
        self.open(".", OFlag::O_RDWR | OFlag::O_TMPFILE, FILE_MODE).map(File::from)
    }

    /// The directory `name`, made where there is none, with these permission bits when it is made.
    ///
    /// # Errors
    /// [`Operation::MakeDir`], [`Operation::Open`].
    pub fn make_or_open(&self, name: &Name, mode: u32) -> Result<Self, FilesError> {
        match mkdirat(&*self.0, name.as_str(), Mode::from_bits_truncate(mode)) {
            Ok(()) | Err(Errno::EEXIST) => self.dir(std::slice::from_ref(name)),
            Err(error) => Err(FilesError::new(Operation::MakeDir, error)),
        }
    }

    /// A new directory `name`.
    ///
    /// # Errors
    /// [`Operation::MakeDir`]; [`FilesError::is_taken`] where the name is used.
    pub fn make(&self, name: &Name) -> Result<Self, FilesError> {
        mkdirat(&*self.0, name.as_str(), DIR_MODE).map_err(|error| FilesError::new(Operation::MakeDir, error))?;
        self.dir(std::slice::from_ref(name))
    }

    /// The attributes of this directory.
    ///
    /// # Errors
    /// [`Operation::Stat`].
    pub fn stat(&self) -> Result<Stat, FilesError> {
        fstat(&*self.0).map(Stat::from).map_err(|error| FilesError::new(Operation::Stat, error))
    }

    /// The attributes of the entry `name`; a link is [`Kind::Other`].
    ///
    /// # Errors
    /// [`Operation::Stat`]; [`FilesError::is_absent`] where there is none.
    pub fn stat_of(&self, name: &Name) -> Result<Stat, FilesError> {
        fstatat(&*self.0, name.as_str(), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map(Stat::from)
            .map_err(|error| FilesError::new(Operation::Stat, error))
    }

    /// The entries, in the order of the file system. Names that are no [`Name`] (not UTF-8) are left out.
    ///
    /// # Errors
    /// [`Operation::List`].
    pub fn list(&self) -> Result<Vec<Listed>, FilesError> {
        Ok(self.listing()?.entries)
    }

    /// The same, with what [`Dir::list`] leaves out.
    ///
    /// # Errors
    /// [`Operation::List`].
    pub fn listing(&self) -> Result<Listing, FilesError> {
        Ok(self.listing_of(usize::MAX)?.unwrap_or_default())
    }

    /// The same; `None` where there are more than `most` entries.
    ///
    /// # Errors
    /// [`Operation::List`].
    pub fn listing_of(&self, most: usize) -> Result<Option<Listing>, FilesError> {
        let failed = |error: Errno| FilesError::new(Operation::List, error);
        // A descriptor of its own: the place in a listing belongs to the open file, not to the caller.
        let own = self.open(".", OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty())?;
        let mut stream = dir::Dir::from_fd(own).map_err(failed)?;
        let mut listing = Listing::default();
        for entry in stream.iter() {
            let entry = entry.map_err(failed)?;
            if [c".", c".."].contains(&entry.file_name()) {
                continue;
            }
            if listing.entries.len() + listing.unnamed.len() >= most {
                return Ok(None);
            }
            let Some(name) = entry.file_name().to_str().ok().and_then(|text| Name::new(text).ok()) else {
                listing.unnamed.push(entry.file_name().to_string_lossy().into_owned());
                continue;
            };
            let kind = entry.file_type().map(|kind| match kind {
                dir::Type::File => Kind::File,
                dir::Type::Directory => Kind::Dir,
                _ => Kind::Other,
            });
            listing.entries.push(Listed { name, kind });
        }
        Ok(Some(listing))
    }

    /// Removes the entry `name` and, where it is a directory, all below it.
    ///
    /// # Errors
    /// [`Operation::Remove`]; what was removed before stays removed.
    pub fn remove_tree(&self, name: &Name) -> Result<(), FilesError> {
        match self.unlink(name, UnlinkatFlags::NoRemoveDir) {
            Err(Errno::EISDIR | Errno::EPERM) => {}
            other => return other.map_err(|error| FilesError::new(Operation::Remove, error)),
        }
        let below = self.dir(std::slice::from_ref(name))?;
        for entry in below.list()? {
            below.remove_tree(&entry.name)?;
        }
        self.remove_empty(name)
    }

    /// Removes the directory `name`, which must be empty.
    ///
    /// # Errors
    /// [`Operation::Remove`]; [`FilesError::is_taken`] where something is in it.
    pub fn remove_empty(&self, name: &Name) -> Result<(), FilesError> {
        self.unlink(name, UnlinkatFlags::RemoveDir).map_err(|error| FilesError::new(Operation::Remove, error))
    }

    fn unlink(&self, name: &Name, how: UnlinkatFlags) -> Result<(), Errno> {
        unlinkat(&*self.0, name.as_str(), how)
    }

    /// Renames `name` here to `new` in `target`, in place of what was there when `replace`.
    ///
    /// # Errors
    /// [`Operation::Publish`]; [`FilesError::is_taken`] where the name is used and may not be replaced.
    pub(crate) fn rename(&self, name: &Name, target: &Self, new: &Name, replace: Replace) -> Result<(), FilesError> {
        let flags = match replace {
            Replace::Yes => RenameFlags::empty(),
            Replace::No => RenameFlags::RENAME_NOREPLACE,
        };
        renameat2(&*self.0, name.as_str(), &*target.0, new.as_str(), flags).map_err(|error| FilesError::new(Operation::Publish, error))
    }

    /// Renames `name` to `new` within this directory, in place of what was there.
    ///
    /// # Errors
    /// [`Operation::Publish`].
    pub fn set_aside(&self, name: &Name, new: &Name) -> Result<(), FilesError> {
        self.rename(name, self, new, Replace::Yes)
    }

    /// Renames `name` here to `new` in `target`, which must be free.
    ///
    /// # Errors
    /// [`Operation::Publish`]; [`FilesError::is_taken`] where the name is used.
    pub fn move_to(&self, name: &Name, target: &Self, new: &Name) -> Result<(), FilesError> {
        self.rename(name, target, new, Replace::No)
    }

    /// Gives the nameless `file` the name `name`, which must be free.
    pub(crate) fn link(&self, file: &File, name: &Name) -> Result<(), FilesError> {
        use std::os::fd::AsRawFd;
        // AT_EMPTY_PATH wants a capability that workers do not have; the way through /proc does not.
        let source = format!("/proc/self/fd/{}", file.as_raw_fd());
        linkat(nix::fcntl::AT_FDCWD, source.as_str(), &*self.0, name.as_str(), AtFlags::AT_SYMLINK_FOLLOW)
            .map_err(|error| FilesError::new(Operation::Publish, error))
    }

    /// Gives the file `name` here a second name, `new` in `target`, which must be free.
    ///
    /// # Errors
    /// [`Operation::Publish`]; also where the file has as many names as the file system takes.
    pub fn link_file(&self, name: &Name, target: &Self, new: &Name) -> Result<(), FilesError> {
        linkat(&*self.0, name.as_str(), &*target.0, new.as_str(), AtFlags::empty())
            .map_err(|error| FilesError::new(Operation::Publish, error))
    }

    /// The extended attribute `name` of this directory.
    ///
    /// # Errors
    /// [`Operation::GetXattr`].
    pub fn xattr(&self, name: &CStr) -> Result<Option<Vec<u8>>, FilesError> {
        xattr::xattr(&*self.0, name)
    }

    /// Sets the extended attribute `name` of this directory.
    ///
    /// # Errors
    /// [`Operation::SetXattr`].
    pub fn set_xattr(&self, name: &CStr, value: &[u8]) -> Result<(), FilesError> {
        xattr::set_xattr(&*self.0, name, value)
    }

    /// Brings this directory's names to the disk.
    ///
    /// # Errors
    /// [`Operation::Sync`].
    pub fn sync(&self) -> Result<(), FilesError> {
        fsync(&*self.0).map_err(|error| FilesError::new(Operation::Sync, error))
    }

    /// Brings everything of its file system to the disk.
    ///
    /// # Errors
    /// [`Operation::Sync`].
    pub fn sync_whole(&self) -> Result<(), FilesError> {
        syncfs(&*self.0).map_err(|error| FilesError::new(Operation::Sync, error))
    }

    /// The kind of file system that this is on.
    ///
    /// # Errors
    /// [`Operation::Ask`].
    pub fn file_system(&self) -> Result<FileSystem, FilesError> {
        FileSystem::of(&*self.0)
    }

    /// The room left here.
    ///
    /// # Errors
    /// [`Operation::Ask`].
    pub fn room(&self) -> Result<Room, FilesError> {
        Room::of(&*self.0)
    }

    fn open(&self, path: &str, flags: OFlag, mode: Mode) -> Result<OwnedFd, FilesError> {
        self.open_as(path, flags, mode, ResolveFlag::empty())
    }

    fn open_as(&self, path: &str, flags: OFlag, mode: Mode, more: ResolveFlag) -> Result<OwnedFd, FilesError> {
        let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_NO_MAGICLINKS | more;
        let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).mode(mode).resolve(resolve);
        openat2(&*self.0, path, how).map_err(|error| FilesError::new(Operation::Open, error))
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn joined(path: &[Name]) -> String {
    path.iter().map(Name::as_str).collect::<Vec<_>>().join("/")
}

/// Whether a rename may take the place of another entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// It takes the place of a file, or of a folder that is empty.
    Yes,
    /// The name must be free.
    No,
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use super::*;

    fn dir(path: &Path) -> Dir {
        Dir::new(fs::File::open(path).unwrap().into()).unwrap()
    }

    fn names(text: &[&str]) -> Vec<Name> {
        text.iter().map(|name| Name::new(*name).unwrap()).collect()
    }

    #[test]
    fn nothing_outside_can_be_reached_through_a_link() {
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir(outside.path().join("secret")).unwrap();
        fs::write(outside.path().join("secret/key"), "x").unwrap();
        let inside = tempfile::tempdir().unwrap();
        fs::create_dir_all(inside.path().join("a/b")).unwrap();
        symlink(outside.path().join("secret"), inside.path().join("to-dir")).unwrap();
        symlink(outside.path().join("secret/key"), inside.path().join("to-file")).unwrap();
        symlink("a", inside.path().join("within")).unwrap();
        let root = dir(inside.path());
        assert!(root.dir(&names(&["a", "b"])).is_ok());
        for path in [&["to-dir"][..], &["within"], &["within", "b"], &["a", "missing"], &["to-file"]] {
            assert!(root.dir(&names(path)).unwrap_err().is_absent(), "{path:?}");
        }
        for name in ["to-dir", "to-file", "within"] {
            assert!(root.file(&Name::new(name).unwrap()).unwrap_err().is_absent(), "{name}");
            assert!(root.file_for_writing(&Name::new(name).unwrap()).unwrap_err().is_absent(), "{name}");
            assert_eq!(root.stat_of(&Name::new(name).unwrap()).unwrap().kind, Kind::Other);
        }
    }

    #[test]
    fn a_tree_is_removed_and_what_must_be_empty_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = dir(folder.path());
        fs::write(folder.path().join("state"), "x").unwrap();
        fs::create_dir_all(folder.path().join("tree/deep")).unwrap();
        fs::write(folder.path().join("tree/deep/file"), "x").unwrap();
        symlink("/", folder.path().join("tree/root")).unwrap();
        assert!(root.remove_empty(&Name::literal("tree")).unwrap_err().is_taken());
        root.remove_tree(&Name::literal("tree")).unwrap();
        root.make(&Name::literal("empty")).unwrap();
        root.remove_empty(&Name::literal("empty")).unwrap();
        let left: Vec<_> = root.list().unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(left, [Name::literal("state")]);
        assert!(root.remove_tree(&Name::literal("tree")).unwrap_err().is_absent());
    }

    #[test]
    fn listing_twice_gives_the_same_and_skips_names_that_are_none() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "").unwrap();
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
        let root = dir(folder.path());
        for _ in 0..2 {
            let entries = vec![Listed { name: Name::literal("a"), kind: Some(Kind::File) }];
            assert_eq!(root.list().unwrap(), entries);
            assert_eq!(root.listing().unwrap(), Listing { entries, unnamed: vec!["\u{fffd}".into()] });
        }
    }
}
