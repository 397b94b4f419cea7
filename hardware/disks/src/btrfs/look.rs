//! Looking at a pool: what the kernel says of it, compared with the disks that are there.
//!
//! The kernel goes on believing in a disk that was pulled out, so a member is there only if a device of this machine carries its superblock.

use std::{
    collections::BTreeSet,
    io,
    os::fd::BorrowedFd,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use croft_model::{Bytes, DiskId, Protection};
use futures_util::future::join_all;
use nix::sys::{
    statfs::{BTRFS_SUPER_MAGIC, fstatfs},
    statvfs::{FsFlags, fstatvfs},
};
use tokio::{task::spawn_blocking, time::sleep};

use super::{
    calls::{self, Replacement, Space},
    flags,
    superblock::{self, Superblock},
    sysfs::{self, Operation},
    trees::{self, Chunk},
};
use crate::{
    DiskError, LinuxDisks, contents, linux,
    pool::{Group, Holder, PoolError, Seen, SeenMember, Usage},
};

/// How often, and how many times, a disk is read that is behind the others: they are read and written one after the other.
const AGAIN: Duration = Duration::from_millis(100);
const TIMES: u32 = 30;

/// A device of this machine that carries a member of the pool.
#[derive(Debug, Clone)]
pub(super) struct Carrier {
    pub(super) disk: DiskId,
    pub(super) path: PathBuf,
    pub(super) block: Superblock,
}

/// What the kernel says of a pool.
#[derive(Debug, Clone)]
pub(super) struct Believed {
    uuid: [u8; 16],
    /// The same as text.
    pub(super) name: String,
    pub(super) devices: Vec<calls::Device>,
}

/// A disk of a pool, as the kernel believes, with the device that carries it.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) believed: calls::Device,
    pub(super) carrier: Option<Carrier>,
    /// Whether the kernel uses that very device.
    pub(super) is_used: bool,
    /// Whether it is without what was written last.
    pub(super) is_behind: bool,
}

/// The devices that carry nothing of a pool, each with the kernel's number of it: what nobody uses is read once, and sleeps on.
pub(super) type Strangers = Arc<Mutex<BTreeSet<(PathBuf, Option<u64>)>>>;

impl Believed {
    /// None where the directory lies on no btrfs.
    pub(super) fn of(pool: BorrowedFd<'_>) -> io::Result<Option<Self>> {
        if fstatfs(pool)?.filesystem_type() != BTRFS_SUPER_MAGIC {
            return Ok(None);
        }
        let info = calls::info(pool)?;
        let devices: io::Result<Vec<_>> = (1..=info.highest).filter_map(|number| calls::device(pool, number).transpose()).collect();
        Ok(Some(Self { uuid: info.uuid, name: sysfs::text_of(&info.uuid), devices: devices? }))
    }

    /// Compares it with the disks that are there.
    pub(super) async fn members(&self, disks: &LinuxDisks, strangers: &Strangers) -> Result<Vec<Member>, DiskError> {
        let found = self.carriers(disks, strangers).await?;
        Ok(self.members_among(&found, disks, strangers).await)
    }

    /// The devices that say that they are of this pool.
    async fn carriers(&self, disks: &LinuxDisks, strangers: &Strangers) -> Result<Vec<Carrier>, DiskError> {
        let devices = disks.devices().await?;
        let parts = devices.iter().flat_map(|device| {
            let id = contents::id(device, &linux::place(&device.name));
            device.with_parts().into_iter().map(move |part| (id.clone(), part.path.clone(), device.sequence))
        });
        let read = parts.map(async |(disk, path, sequence)| {
            let device = (path, sequence);
            if strangers.lock().unwrap_or_else(PoisonError::into_inner).contains(&device) && !sysfs::is_used(&self.name, &device.0) {
                return None;
            }
            let block = disks.blocks().read(&device.0).await;
            if let Some(block) = block.filter(|block| block.uuid == self.uuid) {
                return Some(Carrier { disk, path: device.0, block });
            }
            strangers.lock().unwrap_or_else(PoisonError::into_inner).insert(device);
            None
        });
        Ok(join_all(read).await.into_iter().flatten().collect())
    }

    async fn members_among(&self, found: &[Carrier], disks: &LinuxDisks, strangers: &Strangers) -> Vec<Member> {
        let is_used = |carrier: &Carrier| sysfs::is_used(&self.name, &carrier.path);
        let chosen: Vec<_> = self.devices.iter().map(|device| choose(device, found, is_used)).collect();
        let newest = chosen.iter().flatten().map(|carrier| carrier.block.generation).max().unwrap_or_default();
        let judge = async |(device, carrier): (&calls::Device, Option<Carrier>)| Member {
            is_used: carrier.as_ref().is_some_and(is_used),
            is_behind: match &carrier {
                Some(carrier) => is_behind(carrier, newest, disks).await,
                None => false,
            },
            believed: device.clone(),
            carrier,
        };
        // Whoever misses a disk looks at all of them the next time.
        if chosen.iter().any(Option::is_none) {
            strangers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        join_all(self.devices.iter().zip(chosen).map(judge)).await
    }
}

impl Member {
    /// The disk that carries it.
    pub(super) fn disk(&self) -> Option<&DiskId> {
        self.carrier.as_ref().map(|carrier| &carrier.disk)
    }

    pub(super) fn is_stale(&self) -> bool {
        self.carrier.is_some() && (self.is_behind || !self.is_used)
    }
}

/// Looks at the pool below a directory.
pub(super) async fn look(pool: BorrowedFd<'_>, disks: &LinuxDisks, strangers: &Strangers) -> Result<Option<Seen>, PoolError> {
    let refused = |source| PoolError::Refused { what: "tell of the pool", source };
    let Some(believed) = Believed::of(pool).map_err(refused)? else { return Ok(None) };
    let chunks = trees::chunks(pool).map_err(refused)?;
    let seen = |member: Member| {
        Ok(SeenMember {
            number: member.believed.number,
            disk: member.disk().cloned(),
            stale: member.is_stale(),
            size: member.believed.total,
            used: member.believed.used,
            alone: alone(&chunks, member.believed.number),
            haunts: !member.is_used && !sysfs::is_missing(&believed.name, member.believed.number),
            errors: calls::errors(pool, member.believed.number).map_err(refused)?.unwrap_or_default(),
        })
    };
    let found = believed.carriers(disks, strangers).await?;
    if calls::replacement(pool).map_err(refused)? == Replacement::None {
        forget_targets(&believed, &found).await;
    }
    let members: Result<Vec<SeenMember>, PoolError> =
        believed.members_among(&found, disks, strangers).await.into_iter().map(seen).collect();
    let groups = calls::spaces(pool).map_err(refused)?.into_iter().filter_map(group).collect();
    // One whose new disk is not there is told by nothing but itself, and keeps others away all the same.
    let replacement = calls::replacement(pool).map_err(refused)?;
    let suspended = replacement == Replacement::Suspended;
    let busy = Operation::of(&believed.name).map_err(refused)?.holder().or(suspended.then_some(Holder::Replace));
    let read_only = fstatvfs(pool).map_err(|errno| refused(errno.into()))?.flags().contains(FsFlags::ST_RDONLY);
    Ok(Some(Seen { uuid: believed.name, members: members?, groups, busy, read_only }))
}

/// What the kernel believes of a pool that must be there.
pub(super) fn believed(pool: BorrowedFd<'_>) -> Result<Believed, PoolError> {
    let refused = |source| PoolError::Refused { what: "tell of the pool", source };
    let none = || refused(io::Error::new(io::ErrorKind::Unsupported, "the data lies on no btrfs"));
    Believed::of(pool).map_err(refused)?.ok_or_else(none)
}

/// Takes the mark off disks that were to come in the place of others, until that was given up while they were away. With one of them plugged in, the
/// kernel would not mount the pool at the next start.
async fn forget_targets(believed: &Believed, found: &[Carrier]) {
    let is_target = |carrier: &&Carrier| carrier.block.number == 0 && !sysfs::is_used(&believed.name, &carrier.path);
    for target in found.iter().filter(is_target) {
        let (path, block) = (target.path.clone(), target.block.clone());
        match spawn_blocking(move || superblock::wipe(&path, &block)).await.map_err(io::Error::other).and_then(|wiped| wiped) {
            Ok(()) => tracing::info!(disk = %target.disk, "a disk on which nothing was finished is no longer marked as one of the pool"),
            Err(error) => {
                tracing::warn!(disk = %target.disk, %error, "a disk stays marked as one of the pool, on which nothing was finished")
            }
        }
    }
}

/// Of several devices that say that they are this disk, the one that the kernel uses; else the newest.
fn choose(device: &calls::Device, found: &[Carrier], is_used: impl Fn(&Carrier) -> bool) -> Option<Carrier> {
    let same = found.iter().filter(|carrier| carrier.block.number == device.number && carrier.block.device == device.uuid);
    same.max_by_key(|carrier| (is_used(carrier), carrier.block.generation)).cloned()
}

/// Bytes of a disk that are given to what lies on no other.
fn alone(chunks: &[Chunk], number: u64) -> Bytes {
    let of = |chunk: &&Chunk| !chunk.stripes.is_empty() && chunk.stripes.iter().all(|stripe| stripe.0 == number);
    Bytes(chunks.iter().filter(of).map(|chunk| chunk.length.saturating_mul(chunk.stripes.len() as u64)).fold(0, u64::saturating_add))
}

/// Whether a disk does not get what is written. One that is behind the `newest` and catches up, or comes nearer, was only read a little earlier.
async fn is_behind(carrier: &Carrier, newest: u64, disks: &LinuxDisks) -> bool {
    let first = carrier.block.generation;
    if first >= newest {
        return false;
    }
    for _ in 0..TIMES {
        sleep(AGAIN).await;
        if disks.blocks().read(&carrier.path).await.is_some_and(|block| block.generation > first) {
            return false;
        }
    }
    true
}

fn group(space: Space) -> Option<Group> {
    let usage = match space.flags & flags::USES {
        _ if space.flags & flags::RESERVE != 0 => return None,
        uses if uses & flags::DATA != 0 => Usage::Data,
        uses if uses & flags::METADATA != 0 => Usage::Metadata,
        _ => Usage::System,
    };
    Some(Group { usage, copies: copies(space.flags), total: space.total, used: space.used })
}

/// What may die. Ways that Croft never chooses go by what they are worth at the least.
fn copies(way: u64) -> Option<Protection> {
    match way & flags::WAYS {
        flags::DUP => None,
        flags::MIRROR | flags::RAID10 => Some(Protection::Mirror),
        flags::TRIPLE | flags::RAID1C4 => Some(Protection::Triple),
        _ => Some(Protection::Single),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_lies_on_one_disk_alone_is_known() {
        let chunk =
            |length: u64, on: &[u64]| Chunk { logical: 0, length, flags: 1, stripes: on.iter().map(|number| (*number, 0)).collect() };
        let chunks = [chunk(10, &[1, 2]), chunk(20, &[1]), chunk(5, &[2, 2]), chunk(7, &[3, 1]), chunk(3, &[])];
        let check = |number: u64, expected: u64| assert_eq!(alone(&chunks, number), Bytes(expected), "{number}");
        check(1, 20);
        check(2, 10);
        check(3, 0);
    }

    #[test]
    fn groups_are_told_by_use_and_copies() {
        let check = |flags: u64, expected: Option<(Usage, Option<Protection>)>| {
            let found = group(Space { flags, total: Bytes(2), used: Bytes(1) });
            assert_eq!(found.map(|group| (group.usage, group.copies)), expected, "{flags:x}");
        };
        check(flags::DATA, Some((Usage::Data, Some(Protection::Single))));
        check(flags::DATA | flags::MIRROR, Some((Usage::Data, Some(Protection::Mirror))));
        check(flags::METADATA | flags::TRIPLE, Some((Usage::Metadata, Some(Protection::Triple))));
        check(flags::METADATA | flags::DUP, Some((Usage::Metadata, None)));
        check(flags::SYSTEM | flags::DUP, Some((Usage::System, None)));
        check(flags::DATA | flags::METADATA, Some((Usage::Data, Some(Protection::Single))));
        check(flags::METADATA | flags::RESERVE, None);
    }

    #[test]
    fn of_two_that_say_they_are_the_same_disk_the_used_one_counts_then_the_newest() {
        let device = calls::Device { number: 2, uuid: [1; 16], used: Bytes(0), total: Bytes(0) };
        let carrier = |path: &str, number: u64, device: u8, generation: u64| Carrier {
            disk: DiskId::of_hash(&[device; 32]),
            path: path.into(),
            block: Superblock { uuid: [0; 16], generation, used: Bytes(0), disks: 1, number, device: [device; 16], log: false },
        };
        let found = [carrier("a", 2, 1, 5), carrier("b", 2, 1, 9), carrier("c", 3, 1, 11), carrier("d", 2, 2, 12)];
        let check = |used: &str, expected: u64| {
            let chosen = choose(&device, &found, |carrier| carrier.path == Path::new(used));
            assert_eq!(chosen.map(|carrier| carrier.block.generation), Some(expected), "{used}");
        };
        check("a", 5);
        check("b", 9);
        check("", 9);
        check("c", 9);
        assert!(choose(&calls::Device { number: 4, ..device }, &found, |_| true).is_none());
    }
}
