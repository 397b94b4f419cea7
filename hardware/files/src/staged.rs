//! A file that is being received and has no name yet.

use std::{
    ffi::CStr,
    fs::File,
    io::{self, Read},
    os::{fd::AsFd, unix::fs::FileExt},
    sync::Arc,
};

use nix::{
    errno::Errno,
    sys::{
        stat::{fstat, futimens},
        time::TimeSpec,
    },
};

use crate::{Dir, FilesError, Name, Operation, Room, Stat, dir::Replace, xattr};

/// A file without a name where people look. Dropped before it is published, it leaves nothing.
#[derive(Debug)]
pub struct Staged {
    file: Arc<File>,
    uploads: Dir,
    /// Its name in `uploads`, where the file system cannot do without one.
    beside: Option<Name>,
}

impl Staged {
    /// A new empty file on the file system of `uploads`; `unique` is the name it gets there if it needs one.
    ///
    /// # Errors
    /// [`Operation::Stage`].
    pub fn new(uploads: &Dir, unique: &Name) -> Result<Self, FilesError> {
        match uploads.nameless_file() {
            Ok(file) => Ok(Self { file: Arc::new(file), uploads: uploads.clone(), beside: None }),
            Err(error) if error.operation() == Operation::Open && unsupported(&error) => Self::beside(uploads, unique),
            Err(error) => Err(error),
        }
    }

    fn beside(uploads: &Dir, unique: &Name) -> Result<Self, FilesError> {
        let file = uploads.new_file(unique)?;
        Ok(Self { file: Arc::new(file), uploads: uploads.clone(), beside: Some(unique.clone()) })
    }

    /// The file, to be filled.
    #[must_use]
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Writes all of `bytes` from the start.
    ///
    /// # Errors
    /// [`Operation::Write`].
    pub fn write(&self, bytes: &[u8]) -> Result<(), FilesError> {
        self.file.write_all_at(bytes, 0).map_err(|error| FilesError::new(Operation::Write, error))
    }

    /// The attributes as they are now.
    ///
    /// # Errors
    /// [`Operation::Stat`].
    pub fn stat(&self) -> Result<Stat, FilesError> {
        fstat(&*self.file).map(Stat::from).map_err(|error| FilesError::new(Operation::Stat, error))
    }

    /// Sets the extended attribute `name`.
    ///
    /// # Errors
    /// [`Operation::SetXattr`].
    pub fn set_xattr(&self, name: &CStr, value: &[u8]) -> Result<(), FilesError> {
        xattr::set_xattr(&*self.file, name, value)
    }

    /// Sets the time of the last change, in seconds and nanoseconds since 1970.
    ///
    /// # Errors
    /// [`Operation::SetAttributes`].
    pub fn set_modified(&self, seconds: i64, nanoseconds: i64) -> Result<(), FilesError> {
        set_modified(&*self.file, seconds, nanoseconds)
    }

    /// Fills the file with the content of `other`, shared on the disk where the file system can; gives its length.
    ///
    /// # Errors
    /// [`Operation::Write`].
    pub fn copy(&self, other: &File) -> Result<u64, FilesError> {
        copy(other, &self.file)
    }

    /// The room on its file system.
    ///
    /// # Errors
    /// [`Operation::Ask`].
    pub fn room(&self) -> Result<Room, FilesError> {
        Room::of(&*self.file)
    }

    /// Gives the file a name among the uploads, `unique` where it has none yet: from there it can take the place of another.
    pub(crate) fn link_beside(&mut self, unique: &Name) -> Result<Name, FilesError> {
        if self.beside.is_none() {
            self.uploads.link(&self.file, unique)?;
        }
        Ok(self.beside.get_or_insert_with(|| unique.clone()).clone())
    }

    /// Gives the file the name `name` in `target`, which must be free.
    pub(crate) fn create(&mut self, target: &Dir, name: &Name) -> Result<(), FilesError> {
        match &self.beside {
            None => target.link(&self.file, name),
            Some(beside) => {
                self.uploads.rename(beside, target, name, Replace::No)?;
                self.beside = None;
                Ok(())
            }
        }
    }

    /// Gives the file `name` in `target`, which is about to be replaced, a second name among the uploads, where it can have one.
    pub(crate) fn keep_replaced(&self, target: &Dir, name: &Name, unique: &Name) {
        if let Ok(kept) = replaced(unique) {
            // Without one it is as safe as the file system makes it.
            let _ = target.link_file(name, &self.uploads, &kept);
        }
    }

    /// Takes that second name away.
    pub(crate) fn forget_replaced(&self, unique: &Name) {
        if let Ok(kept) = replaced(unique) {
            // The uploads are emptied at each start, so a failure here leaves nothing for long.
            let _ = self.uploads.remove_tree(&kept);
        }
    }

    /// Gives the file the name `name` in `target`, in place of the file there. `unique` is free in the uploads.
    pub(crate) fn replace(&mut self, target: &Dir, name: &Name, unique: &Name) -> Result<(), FilesError> {
        // A link cannot replace a name, so the file first gets one beside.
        let beside = self.link_beside(unique)?;
        self.uploads.rename(&beside, target, name, Replace::Yes)?;
        self.beside = None;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(beside) = self.beside.take() {
            // The uploads are emptied at each start, so a failure here leaves nothing for long.
            let _ = self.uploads.remove_tree(&beside);
        }
    }
}

impl AsFd for Staged {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Sets the time of an open file's last change, in seconds and nanoseconds since 1970.
///
/// # Errors
/// [`Operation::SetAttributes`].
pub fn set_modified(file: impl AsFd, seconds: i64, nanoseconds: i64) -> Result<(), FilesError> {
    let time = TimeSpec::new(seconds, nanoseconds);
    futimens(file, &TimeSpec::UTIME_OMIT, &time).map_err(|error| FilesError::new(Operation::SetAttributes, error))
}

/// Appends the content of `from` to `to` and gives its length. The kernel copies (`copy_file_range(2)`), on btrfs without moving a byte where blocks lie alike.
///
/// # Errors
/// [`Operation::Write`].
pub fn copy(mut from: &File, mut to: &File) -> Result<u64, FilesError> {
    io::copy(&mut from, &mut to).map_err(|error| FilesError::new(Operation::Write, error))
}

/// The same in steps: `go_on` hears after each how many bytes are copied, and ends it by an error.
///
/// # Errors
/// What `go_on` says, or [`Operation::Write`].
pub fn copy_in_steps<E: From<FilesError>>(from: &File, mut to: &File, mut go_on: impl FnMut(u64) -> Result<(), E>) -> Result<u64, E> {
    /// A second's work for a slow disk.
    const STEP: u64 = 64 << 20;
    let mut count = 0;
    loop {
        match io::copy(&mut from.take(STEP), &mut to).map_err(|error| FilesError::new(Operation::Write, error))? {
            0 => return Ok(count),
            copied => count += copied,
        }
        go_on(count)?;
    }
}

/// The second name of a file that is being replaced.
fn replaced(unique: &Name) -> Result<Name, crate::BadName> {
    Name::new(format!("{unique}-replaced"))
}

/// Whether the file system has no files without names.
fn unsupported(error: &FilesError) -> bool {
    use std::error::Error;
    let raw = error.source().and_then(|source| source.downcast_ref::<io::Error>()).and_then(io::Error::raw_os_error);
    raw.is_some_and(|raw| matches!(Errno::from_raw(raw), Errno::EOPNOTSUPP | Errno::EISDIR | Errno::EINVAL))
}
