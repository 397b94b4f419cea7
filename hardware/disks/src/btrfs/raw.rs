//! What the kernel and we say to each other about btrfs, byte for byte as `linux/btrfs.h` has it, and the numbers of the calls.

use nix::{ioctl_none, ioctl_read, ioctl_readwrite, ioctl_write_int, ioctl_write_ptr};

/// The letter of all calls of btrfs.
const MAGIC: u8 = 0x94;
/// Bytes of a name in [`Named`], the zero at its end included.
pub(super) const NAME: usize = 4088;
/// Bytes of a path in [`Device`].
const DEVICE_PATH: usize = 1024;
/// Bytes of a path in [`Replace`].
pub(super) const REPLACE_PATH: usize = 1025;
/// Most kinds of space that are asked for: three uses, each kept in every way that btrfs has.
pub(super) const SPACES: usize = 64;
/// Bytes that one search brings: several leaves of a tree.
pub(super) const SEARCHED: usize = 64 * 1024;
/// Bytes of an item's head in what a search brings.
pub(super) const ITEM_HEAD: usize = 32;
/// Words of a list of references: some thousand of them.
pub(super) const REFERENCES: usize = 8192;
/// Bytes of a name in [`Placed`], the zero at its end included.
pub(super) const PLACED_NAME: usize = 4040;
/// Bytes of a path in [`Lookup`].
pub(super) const LOOKUP_PATH: usize = 4080;

/// `btrfs_ioctl_vol_args`.
#[repr(C)]
pub(super) struct Named {
    pub(super) fd: i64,
    pub(super) name: [u8; NAME],
}

/// `btrfs_ioctl_vol_args_v2`, with the last of its unions as the number of a disk.
#[repr(C)]
pub(super) struct Numbered {
    pub(super) fd: i64,
    pub(super) transaction: u64,
    pub(super) flags: u64,
    pub(super) unused: [u64; 4],
    pub(super) number: u64,
    pub(super) rest: [u8; 4032],
}

/// The same, with the last of its unions as a name.
#[repr(C)]
pub(super) struct Placed {
    pub(super) fd: i64,
    pub(super) transaction: u64,
    pub(super) flags: u64,
    pub(super) unused: [u64; 4],
    pub(super) name: [u8; PLACED_NAME],
}

/// `btrfs_ioctl_timespec`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Time {
    pub(super) seconds: u64,
    pub(super) nanoseconds: u32,
}

/// `btrfs_ioctl_get_subvol_info_args`.
#[repr(C)]
pub(super) struct Volume {
    pub(super) number: u64,
    pub(super) name: [u8; 256],
    pub(super) parent: u64,
    pub(super) folder: u64,
    pub(super) generation: u64,
    pub(super) flags: u64,
    pub(super) uuid: [u8; 16],
    pub(super) of: [u8; 16],
    pub(super) received: [u8; 16],
    /// Transactions of the last change, of the making, of the sending and of the receiving.
    pub(super) transactions: [u64; 4],
    pub(super) times: [Time; 4],
    pub(super) reserved: [u64; 8],
}

/// `btrfs_ioctl_quota_ctl_args`.
#[repr(C)]
pub(super) struct Counting {
    pub(super) command: u64,
    pub(super) status: u64,
}

/// `btrfs_ioctl_qgroup_limit_args`.
#[repr(C)]
pub(super) struct Limit {
    pub(super) group: u64,
    pub(super) flags: u64,
    /// Bytes that are referenced, exclusive, and the same of what is reserved.
    pub(super) most: [u64; 4],
}

/// `btrfs_ioctl_fs_info_args`.
#[repr(C)]
pub(super) struct Info {
    pub(super) highest: u64,
    pub(super) count: u64,
    pub(super) uuid: [u8; 16],
    pub(super) node_bytes: u32,
    pub(super) sector_bytes: u32,
    pub(super) clone_alignment: u32,
    pub(super) checksum_kind: u16,
    pub(super) checksum_bytes: u16,
    pub(super) flags: u64,
    pub(super) generation: u64,
    pub(super) metadata_uuid: [u8; 16],
    pub(super) reserved: [u8; 944],
}

/// `btrfs_ioctl_dev_info_args`.
#[repr(C)]
pub(super) struct Device {
    pub(super) number: u64,
    pub(super) uuid: [u8; 16],
    pub(super) used: u64,
    pub(super) total: u64,
    pub(super) file_system: [u8; 16],
    pub(super) unused: [u64; 377],
    pub(super) path: [u8; DEVICE_PATH],
}

/// `btrfs_ioctl_get_dev_stats`.
#[repr(C)]
pub(super) struct Errors {
    pub(super) number: u64,
    pub(super) count: u64,
    pub(super) flags: u64,
    /// Writes, reads, flushes, corruptions, generations.
    pub(super) values: [u64; 5],
    pub(super) unused: [u64; 121],
}

/// `btrfs_ioctl_space_info`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Space {
    pub(super) flags: u64,
    pub(super) total: u64,
    pub(super) used: u64,
}

/// `btrfs_ioctl_space_args` without what follows it.
#[repr(C)]
pub(super) struct SpacesHead {
    pub(super) slots: u64,
    pub(super) found: u64,
}

/// `btrfs_ioctl_space_args`.
#[repr(C)]
pub(super) struct Spaces {
    pub(super) head: SpacesHead,
    pub(super) spaces: [Space; SPACES],
}

/// `btrfs_balance_args`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Filter {
    pub(super) profiles: u64,
    pub(super) usage: u64,
    pub(super) number: u64,
    pub(super) physical: [u64; 2],
    pub(super) logical: [u64; 2],
    pub(super) target: u64,
    pub(super) flags: u64,
    pub(super) limit: u64,
    pub(super) stripes: [u32; 2],
    pub(super) unused: [u64; 6],
}

/// `btrfs_ioctl_balance_args`.
#[repr(C)]
pub(super) struct Balance {
    pub(super) flags: u64,
    pub(super) state: u64,
    pub(super) data: Filter,
    pub(super) metadata: Filter,
    pub(super) system: Filter,
    /// Expected, considered, completed.
    pub(super) progress: [u64; 3],
    pub(super) unused: [u64; 72],
}

/// `btrfs_ioctl_dev_replace_args`, with its union as what starts one.
#[repr(C)]
pub(super) struct Replace {
    pub(super) command: u64,
    pub(super) result: u64,
    pub(super) number: u64,
    pub(super) reading: u64,
    pub(super) from: [u8; REPLACE_PATH],
    pub(super) to: [u8; REPLACE_PATH],
    pub(super) padding: [u8; 6],
    pub(super) spare: [u64; 64],
}

/// `btrfs_ioctl_dev_replace_args`, with its union as the state of one.
#[repr(C)]
pub(super) struct Replacing {
    pub(super) command: u64,
    pub(super) result: u64,
    pub(super) state: u64,
    pub(super) permille: u64,
    pub(super) started: u64,
    pub(super) stopped: u64,
    pub(super) write_errors: u64,
    pub(super) read_errors: u64,
    pub(super) rest: [u8; 2024],
    pub(super) spare: [u64; 64],
}

/// `btrfs_scrub_progress`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) data_extents: u64,
    pub(super) tree_extents: u64,
    pub(super) data_bytes: u64,
    pub(super) tree_bytes: u64,
    pub(super) read_errors: u64,
    pub(super) checksum_errors: u64,
    pub(super) verify_errors: u64,
    pub(super) without_checksum: u64,
    pub(super) checksums_without_data: u64,
    pub(super) super_errors: u64,
    pub(super) memory_errors: u64,
    pub(super) uncorrectable: u64,
    pub(super) corrected: u64,
    pub(super) last_physical: u64,
    pub(super) unverified: u64,
}

/// `btrfs_ioctl_scrub_args`.
#[repr(C)]
pub(super) struct Scrub {
    pub(super) number: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) flags: u64,
    pub(super) counts: Counts,
    pub(super) unused: [u64; 109],
}

/// `btrfs_ioctl_search_args_v2` without what follows it.
#[repr(C)]
pub(super) struct SearchHead {
    pub(super) tree: u64,
    pub(super) object: [u64; 2],
    pub(super) offset: [u64; 2],
    pub(super) transaction: [u64; 2],
    pub(super) kind: [u32; 2],
    pub(super) items: u32,
    pub(super) unused: [u32; 9],
    pub(super) bytes: u64,
}

/// `btrfs_ioctl_search_args_v2`.
#[repr(C)]
pub(super) struct Search {
    pub(super) head: SearchHead,
    pub(super) found: [u8; SEARCHED],
}

/// `btrfs_ioctl_logical_ino_args`.
#[repr(C)]
pub(super) struct Logical {
    pub(super) logical: u64,
    pub(super) bytes: u64,
    pub(super) reserved: [u64; 3],
    pub(super) flags: u64,
    pub(super) list: u64,
}

/// `btrfs_data_container`.
#[repr(C)]
pub(super) struct References {
    pub(super) bytes_left: u32,
    pub(super) bytes_missing: u32,
    pub(super) count: u32,
    pub(super) missed: u32,
    /// Three words each: number of the file, place in it, number of the subvolume.
    pub(super) words: [u64; REFERENCES],
}

/// `btrfs_ioctl_ino_lookup_args`.
#[repr(C)]
pub(super) struct Lookup {
    pub(super) tree: u64,
    pub(super) object: u64,
    pub(super) path: [u8; LOOKUP_PATH],
}

const _: () = {
    assert!(size_of::<Named>() == 4096 && size_of::<Numbered>() == 4096 && size_of::<Device>() == 4096 && size_of::<Lookup>() == 4096);
    assert!(size_of::<Placed>() == 4096 && size_of::<Volume>() == 504 && size_of::<Counting>() == 16 && size_of::<Limit>() == 48);
    assert!(size_of::<Info>() == 1024 && size_of::<Balance>() == 1024 && size_of::<Scrub>() == 1024);
    assert!(size_of::<Replace>() == 2600 && size_of::<Replacing>() == 2600 && size_of::<Errors>() == 1032);
    assert!(size_of::<SpacesHead>() == 16 && size_of::<SearchHead>() == 112 && size_of::<Logical>() == 56);
};

ioctl_write_ptr!(resize, MAGIC, 3, Named);
ioctl_write_ptr!(forget_device, MAGIC, 5, Named);
ioctl_none!(sync, MAGIC, 8);
ioctl_write_ptr!(add, MAGIC, 10, Named);
ioctl_readwrite!(search, MAGIC, 17, SearchHead);
ioctl_readwrite!(lookup, MAGIC, 18, Lookup);
ioctl_readwrite!(spaces, MAGIC, 20, SpacesHead);
ioctl_write_ptr!(snapshot, MAGIC, 23, Placed);
ioctl_readwrite!(scrub, MAGIC, 27, Scrub);
ioctl_none!(scrub_cancel, MAGIC, 28);
ioctl_readwrite!(scrub_progress, MAGIC, 29, Scrub);
ioctl_read!(balance_progress, MAGIC, 34, Balance);
ioctl_readwrite!(device, MAGIC, 30, Device);
ioctl_read!(info, MAGIC, 31, Info);
ioctl_readwrite!(balance, MAGIC, 32, Balance);
ioctl_write_int!(balance_control, MAGIC, 33);
ioctl_readwrite!(counting, MAGIC, 40, Counting);
ioctl_read!(limit, MAGIC, 43, Limit);
ioctl_readwrite!(errors, MAGIC, 52, Errors);
ioctl_readwrite!(replace, MAGIC, 53, Replace);
ioctl_readwrite!(replacing, MAGIC, 53, Replacing);
ioctl_write_ptr!(remove, MAGIC, 58, Numbered);
ioctl_readwrite!(logical, MAGIC, 59, Logical);
ioctl_read!(volume, MAGIC, 60, Volume);
ioctl_write_ptr!(destroy, MAGIC, 63, Placed);
