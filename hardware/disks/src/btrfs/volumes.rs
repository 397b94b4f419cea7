//! The calls of btrfs about subvolumes: what one is, snapshots, their end, and how much each may take.
#![expect(unsafe_code, reason = "these calls of the kernel have no wrapper")]

use std::{
    ffi::{CStr, OsStr},
    io,
    os::fd::{AsRawFd, BorrowedFd},
};

use nix::{
    errno::Errno,
    libc,
    sys::{
        stat::fstat,
        statfs::{BTRFS_SUPER_MAGIC, fstatfs},
    },
};

use super::{calls::put, raw};

/// `BTRFS_SUBVOL_RDONLY`.
const READ_ONLY: u64 = 1 << 1;
/// `BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA`.
const COUNT_SIMPLY: u64 = 4;
/// `BTRFS_QGROUP_LIMIT_MAX_RFER`, and the value that takes it away.
const MAX_REFERENCED: u64 = 1;
const NO_LIMIT: u64 = u64::MAX;
/// The folder at the root of each subvolume has this number, and no other folder has (`BTRFS_FIRST_FREE_OBJECTID`).
const ROOT_FOLDER: u64 = 256;

/// What the kernel says of a subvolume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Volume {
    pub(super) number: u64,
    pub(super) uuid: [u8; 16],
    /// Of which one it is a snapshot; zeros for none.
    pub(super) of: [u8; 16],
    /// The transaction of the last change to files. A snapshot has that of the moment at which it was taken.
    pub(super) changed: u64,
    /// The transaction in which it was made.
    pub(super) made: u64,
    pub(super) is_read_only: bool,
}

/// Whether it lies on btrfs.
pub(super) fn is_btrfs(directory: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(fstatfs(directory)?.filesystem_type() == BTRFS_SUPER_MAGIC)
}

/// The subvolume whose root this directory is; none for another directory.
pub(super) fn volume(directory: BorrowedFd<'_>) -> io::Result<Option<Volume>> {
    if !is_btrfs(directory)? || fstat(directory)?.st_ino != ROOT_FOLDER {
        return Ok(None);
    }
    let mut said = raw::Volume {
        number: 0,
        name: [0; 256],
        parent: 0,
        folder: 0,
        generation: 0,
        flags: 0,
        uuid: [0; 16],
        of: [0; 16],
        received: [0; 16],
        transactions: [0; 4],
        times: [raw::Time::default(); 4],
        reserved: [0; 8],
    };
    // SAFETY: the argument is the struct of this call, which the kernel fills and does not keep.
    unsafe { raw::volume(directory.as_raw_fd(), &raw mut said) }?;
    let [changed, made, ..] = said.transactions;
    // Here the flag is that of the root's item.
    Ok(Some(Volume { number: said.number, uuid: said.uuid, of: said.of, changed, made, is_read_only: said.flags & 1 != 0 }))
}

/// Keeps the state of `of` as the read-only subvolume `name` in `folder`. Durable when it returns, with all that was written to `of` before.
pub(super) fn snapshot(folder: BorrowedFd<'_>, name: &OsStr, of: BorrowedFd<'_>) -> io::Result<()> {
    let mut said = placed(name)?;
    (said.fd, said.flags) = (i64::from(of.as_raw_fd()), READ_ONLY);
    // SAFETY: the argument is the struct of this call with a name that ends in zero; the kernel only reads it.
    unsafe { raw::snapshot(folder.as_raw_fd(), &raw const said) }?;
    Ok(())
}

/// Ends the subvolume `name` in `folder`. Its room becomes free little by little afterwards, and a power cut may bring it back.
pub(super) fn destroy(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    let said = placed(name)?;
    // SAFETY: the argument is the struct of this call with a name that ends in zero; the kernel only reads it.
    unsafe { raw::destroy(folder.as_raw_fd(), &raw const said) }?;
    Ok(())
}

/// Lets the kernel count from now on what each subvolume writes (simple quotas); no where it cannot. Where it counts already, nothing changes.
pub(super) fn count(pool: BorrowedFd<'_>) -> io::Result<bool> {
    let mut said = raw::Counting { command: COUNT_SIMPLY, status: 0 };
    // SAFETY: the argument is the struct of this call, which the kernel fills and does not keep.
    match unsafe { raw::counting(pool.as_raw_fd(), &raw mut said) } {
        Ok(_) => Ok(true),
        // A kernel from before 6.7 does not know the command.
        Err(Errno::EINVAL | Errno::EOPNOTSUPP | Errno::ENOTTY) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Sets how many bytes a subvolume may take.
pub(super) fn limit(pool: BorrowedFd<'_>, number: u64, most: Option<u64>) -> io::Result<()> {
    let said = raw::Limit { group: number, flags: MAX_REFERENCED, most: [most.unwrap_or(NO_LIMIT), 0, 0, 0] };
    // SAFETY: the argument is the struct of this call, which the kernel only reads, whatever the direction in its number says.
    unsafe { raw::limit(pool.as_raw_fd(), (&raw const said).cast_mut()) }?;
    Ok(())
}

/// Writes the attribute `name` of a folder, where it is another one.
pub(super) fn note(folder: BorrowedFd<'_>, name: &CStr, text: &[u8]) -> io::Result<()> {
    let mut old = [0_u8; 64];
    // SAFETY: the descriptor is open, the name ends in zero, and the buffer is as long as said.
    let length = unsafe { libc::fgetxattr(folder.as_raw_fd(), name.as_ptr(), old.as_mut_ptr().cast(), old.len()) };
    if usize::try_from(length).is_ok_and(|length| old.get(..length) == Some(text)) || (length < 0 && text.is_empty()) {
        return Ok(());
    }
    // SAFETY: the same, and the kernel only reads the text.
    let written = unsafe { libc::fsetxattr(folder.as_raw_fd(), name.as_ptr(), text.as_ptr().cast(), text.len(), 0) };
    Errno::result(written).map(drop).map_err(io::Error::from)
}

fn placed(name: &OsStr) -> io::Result<raw::Placed> {
    let mut said = raw::Placed { fd: 0, transaction: 0, flags: 0, unused: [0; 4], name: [0; _] };
    put(&mut said.name, name)?;
    Ok(said)
}
