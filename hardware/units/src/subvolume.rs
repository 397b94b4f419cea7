//! A subvolume of btrfs: a folder with snapshots, quota and accounting of its own (btrfs-subvolume(8)).

use std::{
    ffi::OsStr,
    os::{
        fd::{AsRawFd, BorrowedFd},
        unix::ffi::OsStrExt,
    },
};

use nix::{
    errno::Errno,
    sys::statfs::{BTRFS_SUPER_MAGIC, fstatfs},
};

/// `BTRFS_IOC_SUBVOL_CREATE` of linux/btrfs.h.
const CREATE: libc::Ioctl = 0x5000_940e;
/// Bytes of a name in the call's argument, the zero at its end included.
const NAME: usize = 4088;

/// `struct btrfs_ioctl_vol_args` of linux/btrfs.h.
#[repr(C)]
struct Arguments {
    fd: i64,
    name: [u8; NAME],
}

/// Whether a subvolume can be made in `parent`.
pub(crate) fn is_possible(parent: BorrowedFd<'_>) -> Result<bool, Errno> {
    Ok(fstatfs(parent)?.filesystem_type() == BTRFS_SUPER_MAGIC)
}

/// Makes the subvolume `name` in `parent`. A power cut may take it back until something in it is made durable.
///
/// # Errors
/// `EEXIST` when there is something of that name; whatever else the kernel says.
#[expect(unsafe_code, reason = "the call has no wrapper")]
pub(crate) fn make(parent: BorrowedFd<'_>, name: &OsStr) -> Result<(), Errno> {
    let mut arguments = Arguments { fd: 0, name: [0; NAME] };
    let bytes = name.as_bytes();
    // A name as long as the argument would have no zero behind it.
    arguments.name.get_mut(..bytes.len()).filter(|_| bytes.len() < NAME).ok_or(Errno::ENAMETOOLONG)?.copy_from_slice(bytes);
    // SAFETY: the argument is what the kernel reads for this request, lives through the call, and its name ends in zero; the kernel writes nothing to it.
    let made = unsafe { libc::ioctl(parent.as_raw_fd(), CREATE, &raw const arguments) };
    Errno::result(made).map(drop)
}
