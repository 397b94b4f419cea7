//! Attributes of an entry.

use std::os::fd::AsFd;

use nix::sys::stat::{FileStat, SFlag, fstat};

use crate::{FilesError, Operation};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A plain file.
    File,
    /// A directory.
    Dir,
    /// A link, socket, device or pipe: nothing that people's trees are made of.
    Other,
}

/// The attributes that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Device and inode: which one it is.
    pub device: u64,
    /// The inode.
    pub inode: u64,
    /// How many names it has.
    pub names: u64,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change of the content, in nanoseconds since 1970.
    pub modified_ns: i128,
}

impl Stat {
    /// The attributes of an open file.
    ///
    /// # Errors
    /// [`Operation::Stat`].
    pub fn of(file: impl AsFd) -> Result<Self, FilesError> {
        fstat(file).map(Self::from).map_err(|error| FilesError::new(Operation::Stat, error))
    }

    /// Whole seconds of the modification time since 1970.
    #[must_use]
    pub fn modified_seconds(&self) -> i64 {
        i64::try_from(self.modified_ns.div_euclid(1_000_000_000)).unwrap_or(i64::MAX)
    }
}

impl From<FileStat> for Stat {
    fn from(stat: FileStat) -> Self {
        let kind = match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFREG => Kind::File,
            SFlag::S_IFDIR => Kind::Dir,
            _ => Kind::Other,
        };
        Self {
            kind,
            device: stat.st_dev,
            inode: stat.st_ino,
            names: stat.st_nlink,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified_ns: i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec),
        }
    }
}
