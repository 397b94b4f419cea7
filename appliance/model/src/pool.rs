//! The pool: the disks that hold the household's data together, how safe it lies there, and what can be done to them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Bytes, DiskId, Progress, ToProve};

/// How many disks may die before something is lost. Ordered: the safest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    /// One copy of each file: a disk that dies takes its files along.
    Single,
    /// Two copies on two disks: any one disk may die.
    Mirror,
    /// Three copies on three disks: any two disks may die.
    Triple,
}

impl Protection {
    /// Every protection, the weakest first.
    pub const ALL: [Self; 3] = [Self::Single, Self::Mirror, Self::Triple];

    /// Copies of each file, each on a disk of its own; so many disks it takes.
    #[must_use]
    pub const fn copies(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Mirror => 2,
            Self::Triple => 3,
        }
    }

    /// Bytes of files that disks of these sizes hold, each in as many copies as this says, no two of them on one disk; zero with fewer disks than copies.
    ///
    /// The answer is the largest `n` for which the disks, each counted with `n` at most, hold `n` in all copies.
    #[must_use]
    pub fn usable(self, sizes: &[Bytes]) -> Bytes {
        let copies = self.copies();
        let mut sizes: Vec<u128> = sizes.iter().map(|size| u128::from(size.0)).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        // The greatest disks that are larger than the answer count with the answer alone: with `k` of them, the others share the rest of the copies.
        let best = (0..copies.min(sizes.len())).map(|greater| {
            let rest: u128 = sizes.iter().skip(greater).sum();
            rest / (copies - greater) as u128
        });
        if sizes.len() < copies { Bytes(0) } else { Bytes(u64::try_from(best.min().unwrap_or_default()).unwrap_or(u64::MAX)) }
    }
}

/// Answer of `GET /api/v1/pool`.
#[expect(clippy::large_enum_variant, reason = "there is one an answer")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum PoolView {
    /// There is none that Croft can look after.
    Absent {
        /// Why.
        reason: PoolAbsent,
    },
    /// There is one.
    Present(Pool),
}

/// Why there is no pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PoolAbsent {
    /// The data lies on a file system that is not btrfs.
    OtherFileSystem,
    /// The box does not run as root.
    NoRoot,
}

/// The disks that hold the household's data together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pool {
    /// How it is.
    pub state: PoolState,
    /// How safe new files lie. While it is changed, what it was before.
    pub protection: Protection,
    /// Its disks, by number.
    pub members: Vec<Member>,
    /// Its room.
    pub room: PoolRoom,
    /// What is being done to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<PoolWork>,
    /// How the last change ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<PoolEnded>,
    /// The last time that all data was read and compared with its checksums, to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Checked>,
}

/// How a pool is. What is worse comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PoolState {
    /// Any one disk may die, or two where there are three copies.
    Protected,
    /// One disk, or more without a second copy.
    Unprotected,
    /// A second copy of something is missing, or a disk made errors since all was last compared: not protected until a repair.
    Doubtful,
    /// A disk is missing.
    DiskMissing,
    /// Files cannot be written.
    ReadOnly,
}

/// A disk of the pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// Its number in the pool, from 1. A disk that takes its place takes its number, too.
    pub number: u64,
    /// Which disk it is; none while it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskId>,
    /// What is pooled of it.
    pub size: Bytes,
    /// How much of that is given to data.
    pub used: Bytes,
    /// How it is.
    pub state: MemberState,
    /// Errors since it was last known to be well.
    pub errors: MemberErrors,
}

/// How a disk of the pool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MemberState {
    /// As it should be.
    Well,
    /// It made errors; what lies on it has to be compared.
    Doubtful,
    /// It is not there.
    Missing,
}

/// Errors of a disk, as btrfs counts them (`btrfs-device(8)`, *device stats*).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberErrors {
    /// Writes that failed.
    pub write: u64,
    /// Reads that failed.
    pub read: u64,
    /// Flushes that failed.
    pub flush: u64,
    /// Blocks that were not what their checksum says.
    pub corruption: u64,
    /// Blocks that were older than they should be.
    pub generation: u64,
}

impl MemberErrors {
    /// Whether there is none.
    #[must_use]
    pub fn none(&self) -> bool {
        *self == Self::default()
    }
}

/// The room of a pool, in bytes of files: what copies take is already taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolRoom {
    /// What fits in all.
    pub usable: Bytes,
    /// What is used.
    pub used: Bytes,
    /// What can still be written.
    pub free: Bytes,
    /// Bytes of disks that are given to nothing yet; repairs need some.
    pub unallocated: Bytes,
}

/// All data, read and compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// When it ended.
    pub at: Timestamp,
    /// How much was read, all copies counted.
    pub read: Bytes,
    /// Blocks that were wrong and were mended from another copy.
    pub mended: u64,
    /// Blocks that were wrong in every copy.
    pub lost: u64,
    /// The files that those belong to, as people name them; at most 100.
    pub files: Vec<String>,
}

/// A change of the pool, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
pub enum PoolChange {
    /// Takes one more disk in. All that is on the disk is lost.
    Grow {
        /// Which one.
        disk: NewDisk,
        /// How safe all files shall lie then. Without it, the second disk of a pool makes a mirror, and any further one leaves it as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protection: Option<Protection>,
    },
    /// Keeps as many copies of each file from now on, and makes those that are missing.
    Protect {
        /// How safe.
        protection: Protection,
    },
    /// Puts a disk in the place of another one, which may be missing. All that is on the new one is lost.
    Replace {
        /// Number of the disk that goes.
        member: u64,
        /// The one that comes.
        disk: NewDisk,
    },
    /// Moves all data off a disk and gives it back.
    Remove {
        /// Its number.
        member: u64,
    },
    /// Reads all data, compares it with its checksums, and mends what can be mended.
    Scrub,
}

impl PoolChange {
    /// The word for it: `grow`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Grow { .. } => "grow",
            Self::Protect { .. } => "protect",
            Self::Replace { .. } => "replace",
            Self::Remove { .. } => "remove",
            Self::Scrub => "scrub",
        }
    }

    /// The disk that it overwrites.
    #[must_use]
    pub const fn overwrites(&self) -> Option<&NewDisk> {
        match self {
            Self::Grow { disk, .. } | Self::Replace { disk, .. } => Some(disk),
            Self::Protect { .. } | Self::Remove { .. } | Self::Scrub => None,
        }
    }
}

/// A disk that shall be overwritten, as the person saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDisk {
    /// Its id.
    pub id: DiskId,
    /// Its `contents` as they were shown.
    #[schema(max_length = 64)]
    pub contents: String,
    /// Its `label`, typed by the person; not needed for an empty disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What a change would do. Nothing has happened yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolPlan {
    /// What will be done, in this order.
    pub steps: Vec<PoolStep>,
    /// How safe files lie before.
    pub protection_before: Protection,
    /// And after.
    pub protection_after: Protection,
    /// What fits in all before.
    pub usable_before: Bytes,
    /// And after.
    pub usable_after: Bytes,
    /// About how long it takes, in seconds.
    pub seconds: u64,
    /// The disk whose contents are lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrites: Option<DiskId>,
    /// What has to be typed before that, where the disk is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it can be given up while it runs.
    pub can_be_cancelled: bool,
    /// What a person has to prove before it begins; none for what takes nothing away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ToProve>,
}

/// A step of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PoolStep {
    /// The new disk is emptied and taken in.
    Join,
    /// What the old disk holds, or held, is written to the new one.
    Rebuild,
    /// Data is moved until each piece has its copies.
    Spread,
    /// Data is moved off a disk, which is given back.
    Leave,
    /// All is read and compared.
    Compare,
}

/// What is being done to the pool. A power cut or a restart only delays it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolWork {
    /// The change.
    pub change: PoolChange,
    /// The step that it is at.
    pub step: PoolStep,
    /// How far that step is, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// When the change was asked for.
    pub since: Timestamp,
    /// About how many seconds of the step are left, once that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
    /// Whether it is being given up.
    pub cancelling: bool,
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolEnded {
    /// The change.
    pub change: PoolChange,
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: PoolEnd,
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum PoolEnd {
    /// As it should.
    Done,
    /// Given up at somebody's wish; the pool is as safe as before.
    Cancelled,
    /// By an error; the pool is as safe as before.
    Failed {
        /// What went wrong, in a sentence.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_is_what_the_copies_leave() {
        let check = |protection: Protection, sizes: &[u64], expected: u64| {
            let sizes: Vec<Bytes> = sizes.iter().copied().map(Bytes).collect();
            assert_eq!(protection.usable(&sizes), Bytes(expected), "{protection:?} {sizes:?}");
        };
        check(Protection::Single, &[4, 2], 6);
        check(Protection::Single, &[], 0);
        check(Protection::Mirror, &[4], 0);
        check(Protection::Mirror, &[4, 4], 4);
        check(Protection::Mirror, &[4, 4, 2], 5);
        check(Protection::Mirror, &[10, 2, 2], 4);
        check(Protection::Triple, &[4, 4, 4], 4);
        check(Protection::Triple, &[4, 4], 0);
        check(Protection::Triple, &[10, 10, 3, 2], 5);
        check(Protection::Triple, &[10, 3, 2], 2);
        check(Protection::Mirror, &[u64::MAX, u64::MAX, u64::MAX], u64::MAX);
    }

    proptest! {
        /// Filling disks chunk by chunk, each copy onto the emptiest disks, as btrfs does, ends at the same figure.
        #[test]
        fn what_fits_is_what_filling_gives(sizes in prop::collection::vec(0_u64..40, 0..7), copies in 0_usize..3) {
            let protection = Protection::ALL[copies];
            let mut free = sizes.clone();
            let mut filled = 0;
            loop {
                free.sort_unstable_by(|a, b| b.cmp(a));
                let Some(chosen) = free.get_mut(..protection.copies()).filter(|chosen| chosen.iter().all(|free| *free > 0)) else { break };
                chosen.iter_mut().for_each(|free| *free -= 1);
                filled += 1;
            }
            let sizes: Vec<Bytes> = sizes.into_iter().map(Bytes).collect();
            prop_assert_eq!(protection.usable(&sizes), Bytes(filled));
        }
    }
}
