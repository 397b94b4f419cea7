//! Which of a box's disks make its pool, and which of them may be mounted: read from their superblocks (btrfs on-disk format).

use std::{collections::BTreeMap, fs::File, os::unix::fs::FileExt, path::Path};

/// Where a superblock lies; places in it.
const PLACE: u64 = 64 * 1024;
const UUID: usize = 0x20;
const MAGIC: usize = 0x40;
const GENERATION: usize = 0x48;
const COUNT: usize = 0x88;
const NUMBER: usize = 0xc9;
const WORD: &[u8; 8] = b"_BHRfS_M";

/// A member of some pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) device: String,
    /// What people know the disk by: `1` for `1.img`.
    disk: String,
    uuid: [u8; 16],
    generation: u64,
    /// Disks of the pool.
    count: u64,
    /// Its number in the pool.
    number: u64,
}

/// The pool of a box.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// What is to be mounted.
    pub(super) members: Vec<Found>,
    /// Members that are here with an older state: mounted with the others, they would be taken for as good as those.
    stale: Vec<Found>,
    /// Disks of the pool that are not here.
    missing: u64,
}

impl Found {
    /// What lies on a device; nothing where it has no btrfs or is not there.
    pub(super) fn on(device: &str, file: &Path) -> Option<Self> {
        let mut block = [0; 4096];
        File::open(device).ok()?.read_exact_at(&mut block, PLACE).ok()?;
        Self::parse(&block, device, &file.file_stem()?.to_string_lossy())
    }

    fn parse(block: &[u8], device: &str, disk: &str) -> Option<Self> {
        let word = |at: usize| block.get(at..)?.first_chunk().copied().map(u64::from_le_bytes);
        let uuid = *block.get(UUID..)?.first_chunk()?;
        let is_btrfs = block.get(MAGIC..)?.starts_with(WORD);
        let (generation, count, number) = (word(GENERATION)?, word(COUNT)?, word(NUMBER)?);
        is_btrfs.then(|| Self { device: device.into(), disk: disk.into(), uuid, generation, count, number })
    }
}

/// Of all that was found, the pool with the most disks; and of those who say that they are the same disk, the newest.
pub(super) fn choose(found: &[Found]) -> Option<Chosen> {
    let mut pools: BTreeMap<[u8; 16], Vec<&Found>> = BTreeMap::new();
    for found in found {
        pools.entry(found.uuid).or_default().push(found);
    }
    let pool = pools.into_values().max_by_key(|pool| (pool.len(), pool.iter().map(|found| found.generation).max()))?;
    let newest = pool.iter().max_by_key(|found| found.generation)?;
    let (members, stale): (Vec<&Found>, Vec<&Found>) = pool.iter().partition(|found| found.generation == newest.generation);
    let missing = newest.count.saturating_sub((members.len() + stale.len()) as u64);
    Some(Chosen { members: members.into_iter().cloned().collect(), stale: stale.into_iter().cloned().collect(), missing })
}

impl Chosen {
    /// Whether it can only be mounted as a pool that lacks something.
    pub(super) fn is_degraded(&self) -> bool {
        self.missing > 0 || !self.stale.is_empty()
    }

    /// What the person should know.
    pub(super) fn sentences(&self) -> Vec<String> {
        let stale = self.stale.iter().map(|found| {
            format!(
                "Loop disk {} was away while the others were written to; the pool goes on without it until it is replaced, by itself too",
                found.disk
            )
        });
        let missing = match self.missing {
            0 => None,
            1 => Some("one disk of the pool is not here; the pool goes on without it".to_owned()),
            more => Some(format!("{more} disks of the pool are not here; the pool goes on without them if it can")),
        };
        stale.chain(missing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(disk: &str, pool: u8, generation: u64, count: u64, number: u64) -> Found {
        Found { device: format!("/dev/loop{disk}"), disk: disk.into(), uuid: [pool; 16], generation, count, number }
    }

    #[test]
    fn only_what_is_up_to_date_is_mounted() {
        let check = |all: &[Found], members: &[&str], stale: &[&str], missing: u64| {
            let chosen = choose(all).unwrap();
            let names = |found: &[Found]| found.iter().map(|found| found.disk.clone()).collect::<Vec<_>>();
            assert_eq!(
                (names(&chosen.members), names(&chosen.stale), chosen.missing),
                (members.iter().map(|name| name.to_string()).collect(), stale.iter().map(|name| name.to_string()).collect(), missing),
                "{all:?}"
            );
            assert_eq!(chosen.is_degraded(), !chosen.sentences().is_empty());
        };
        check(&[found("1", 1, 5, 1, 1)], &["1"], &[], 0);
        check(&[found("1", 1, 5, 2, 1), found("2", 1, 5, 2, 2)], &["1", "2"], &[], 0);
        check(&[found("1", 1, 5, 2, 1)], &["1"], &[], 1);
        check(&[found("1", 1, 9, 2, 1), found("2", 1, 5, 2, 2)], &["1"], &["2"], 0);
        check(&[found("1", 1, 9, 3, 1), found("2", 1, 5, 3, 2)], &["1"], &["2"], 1);
        check(&[found("1", 2, 99, 1, 1), found("2", 1, 5, 2, 1), found("3", 1, 5, 2, 2)], &["2", "3"], &[], 0);
        assert_eq!(choose(&[]), None);
    }

    #[test]
    fn a_superblock_is_read_only_where_there_is_one() {
        let mut block = vec![0; 4096];
        assert_eq!(Found::parse(&block, "/dev/loop1", "1"), None);
        block[UUID..UUID + 16].fill(7);
        block[MAGIC..MAGIC + 8].copy_from_slice(WORD);
        (block[GENERATION], block[COUNT], block[NUMBER]) = (5, 2, 1);
        assert_eq!(Found::parse(&block, "/dev/loop1", "1"), Some(found("1", 7, 5, 2, 1)));
        assert_eq!(Found::parse(&block[..200], "/dev/loop1", "1"), None);
    }
}
