//! What space is used for and how it is kept, as bits (`BTRFS_BLOCK_GROUP_*` of `linux/btrfs_tree.h`).

use croft_model::Protection;

use super::calls::Ways;
use crate::pool::Target;

pub(super) const DATA: u64 = 1;
pub(super) const SYSTEM: u64 = 1 << 1;
pub(super) const METADATA: u64 = 1 << 2;
/// All uses.
pub(super) const USES: u64 = DATA | SYSTEM | METADATA;
const RAID0: u64 = 1 << 3;
pub(super) const MIRROR: u64 = 1 << 4;
/// Two copies on one disk.
pub(super) const DUP: u64 = 1 << 5;
pub(super) const RAID10: u64 = 1 << 6;
const RAID5: u64 = 1 << 7;
const RAID6: u64 = 1 << 8;
pub(super) const TRIPLE: u64 = 1 << 9;
pub(super) const RAID1C4: u64 = 1 << 10;
/// All ways of keeping but a single copy, which has no bit.
pub(super) const WAYS: u64 = RAID0 | MIRROR | DUP | RAID10 | RAID5 | RAID6 | TRIPLE | RAID1C4;
/// What a move to a single copy is asked by (`BTRFS_AVAIL_ALLOC_BIT_SINGLE`).
const SINGLE: u64 = 1 << 48;
/// Metadata that is held back for work in need; it is counted among the metadata already (`BTRFS_SPACE_INFO_GLOBAL_RSV`).
pub(super) const RESERVE: u64 = 1 << 49;

/// The ways that a target means.
pub(super) fn ways(target: Target) -> Ways {
    let many = |protection| match protection {
        Protection::Single => None,
        Protection::Mirror => Some(MIRROR),
        Protection::Triple => Some(TRIPLE),
    };
    Ways { data: many(target.data).unwrap_or(SINGLE), metadata: many(target.metadata).unwrap_or(DUP) }
}

/// Whether this space is kept as `ways` says.
pub(super) fn is_as(flags: u64, ways: Ways) -> bool {
    let wanted = if flags & DATA != 0 { ways.data } else { ways.metadata };
    flags & WAYS == wanted & WAYS
}

/// Copies of each byte, which together take so much of the disks.
pub(super) fn copies(flags: u64) -> u64 {
    match flags & WAYS {
        RAID1C4 => 4,
        TRIPLE => 3,
        MIRROR | DUP | RAID10 => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_compared_with_what_is_wanted_of_its_use() {
        let check = |flags: u64, data: Protection, metadata: Protection, expected: bool| {
            assert_eq!(is_as(flags, ways(Target { data, metadata })), expected, "{flags:x} {data:?} {metadata:?}");
        };
        use Protection::{Mirror, Single, Triple};
        check(DATA, Single, Single, true);
        check(DATA | MIRROR, Single, Single, false);
        check(DATA, Mirror, Mirror, false);
        check(DATA | MIRROR, Mirror, Triple, true);
        check(METADATA | MIRROR, Mirror, Triple, false);
        check(METADATA | DUP, Single, Single, true);
        check(METADATA, Single, Single, false);
        check(SYSTEM | TRIPLE, Mirror, Triple, true);
        check(SYSTEM, Mirror, Mirror, false);
        check(DATA | RAID0, Single, Single, false);
    }
}
