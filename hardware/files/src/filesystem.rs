//! What kind of file system a directory is on, and how much room it has.

use std::{fs, os::fd::AsFd, path::Path};

use nix::sys::{
    stat::{major, minor},
    statfs::{BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, fstatfs},
    statvfs::fstatvfs,
};

use crate::{FilesError, Operation, Stat};

/// The inode that ext4 keeps its journal in.
const JOURNAL_INODE: u64 = 8;

/// Kinds of file systems, by how names and data become durable on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// ext4 (or ext3) with a journal, which orders what reaches the disk.
    Ext4,
    /// btrfs.
    Btrfs,
    /// Any other, ext4 without a journal and ext2 among them: the safe and slow way.
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
        let kind = fstatfs(&file).map_err(|error| FilesError::new(Operation::Ask, error))?.filesystem_type();
        Ok(if kind == EXT4_SUPER_MAGIC && has_journal(Stat::of(&file)?.device) {
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

/// Whether the ext4 on `device` is proved to have a journal: the kernel shows figures of each. Only looked for and never opened, because a
/// confined worker may not open it; where `/proc` shows processes alone, nothing is proved.
fn has_journal(device: u64) -> bool {
    let Ok(link) = fs::read_link(format!("/sys/dev/block/{}:{}", major(device), minor(device))) else { return false };
    let Some(name) = link.file_name().and_then(|name| name.to_str()) else { return false };
    Path::new(&format!("/proc/fs/jbd2/{name}-{JOURNAL_INODE}")).exists()
}
