//! What kind of file system a directory is on, and how much room it has.

use std::os::fd::AsFd;

use nix::sys::{
    statfs::{BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, fstatfs},
    statvfs::fstatvfs,
};

use crate::{FilesError, Operation};

/// Kinds of file systems, by how names and data become durable on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// ext4 (and ext3, ext2, which share its number).
    Ext4,
    /// btrfs.
    Btrfs,
    /// Any other: the safe and slow way.
    Other,
}

/// Bytes of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What an ordinary user may still write.
    pub available: u64,
    /// All of it.
    pub total: u64,
}

impl FileSystem {
    /// The kind that `file` is on.
    ///
    /// # Errors
    /// [`Operation::Ask`].
    pub fn of(file: impl AsFd) -> Result<Self, FilesError> {
        let kind = fstatfs(file).map_err(|error| FilesError::new(Operation::Ask, error))?.filesystem_type();
        Ok(if kind == EXT4_SUPER_MAGIC {
            Self::Ext4
        } else if kind == BTRFS_SUPER_MAGIC {
            Self::Btrfs
        } else {
            Self::Other
        })
    }
}

impl Room {
    /// The room where `file` is.
    ///
    /// # Errors
    /// [`Operation::Ask`].
    pub fn of(file: impl AsFd) -> Result<Self, FilesError> {
        let asked = fstatvfs(file).map_err(|error| FilesError::new(Operation::Ask, error))?;
        let block = asked.fragment_size();
        Ok(Self { available: asked.blocks_available().saturating_mul(block), total: asked.blocks().saturating_mul(block) })
    }
}
