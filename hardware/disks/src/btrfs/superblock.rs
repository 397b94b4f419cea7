//! The superblock of a btrfs, read from a device without mounting it (btrfs on-disk format).

use std::{
    fs::OpenOptions,
    io::{self, Seek, SeekFrom},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use croft_model::Bytes;
use nix::fcntl::OFlag;

use super::{aligned::Aligned, calls::word};
use crate::readings::Readings;

/// Where the superblock lies, and how long it is.
const PLACE: u64 = 64 * 1024;
const LENGTH: usize = 4096;
/// Where its copies lie (`btrfs_sb_offset`), the first of them first.
const COPIES: [u64; 3] = [PLACE, 64 << 20, 256 << 30];
/// Places in it.
const UUID: usize = 0x20;
const MAGIC: usize = 0x40;
const GENERATION: usize = 0x48;
const LOG: usize = 0x60;
const USED: usize = 0x78;
const DISKS: usize = 0x88;
/// What it says of the device that it lies on: number and UUID.
const NUMBER: usize = 0xc9;
const DEVICE_UUID: usize = 0x10b;
/// What lies at [`MAGIC`].
const WORD: &[u8; 8] = b"_BHRfS_M";
/// Time that a disk gets; one that has to start turning needs about ten seconds. Well below the time that an answer of the API may take.
const LIMIT: Duration = Duration::from_secs(12);

/// What a superblock says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Superblock {
    /// The file system.
    pub(crate) uuid: [u8; 16],
    /// The last change of the file system that reached this device.
    pub(crate) generation: u64,
    /// Bytes that the file system uses, on all of its devices.
    pub(crate) used: Bytes,
    /// How many devices the file system has.
    pub(crate) disks: u64,
    /// The number of this device in it.
    pub(crate) number: u64,
    /// The device.
    pub(crate) device: [u8; 16],
    /// Whether there is a log of what reached no other place.
    pub(crate) log: bool,
}

impl Superblock {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let sixteen = |at: usize| bytes.get(at..)?.first_chunk().copied();
        let is_btrfs = bytes.get(MAGIC..MAGIC + WORD.len())? == WORD;
        let found = Self {
            uuid: sixteen(UUID)?,
            generation: word(bytes, GENERATION)?,
            used: Bytes(word(bytes, USED)?),
            disks: word(bytes, DISKS)?,
            number: word(bytes, NUMBER)?,
            device: sixteen(DEVICE_UUID)?,
            log: word(bytes, LOG)? != 0,
        };
        is_btrfs.then_some(found)
    }
}

/// Reads superblocks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Superblocks(Readings<Option<Superblock>>);

impl Superblocks {
    /// The superblock on a device; none where there is none, or where it cannot be read in time.
    pub(crate) async fn read(&self, path: &Path) -> Option<Superblock> {
        self.0.read(path, LIMIT, |path| read(path).ok().flatten()).await?
    }
}

/// Overwrites the superblock and its copies, if `block` is what is still there and nobody uses the device.
pub(super) fn wipe(path: &Path, block: &Superblock) -> io::Result<()> {
    let mut device = OpenOptions::new().read(true).write(true).custom_flags((OFlag::O_EXCL | OFlag::O_DIRECT).bits()).open(path)?;
    let mut bytes = Aligned::new(LENGTH);
    device.read_exact_at(bytes.bytes(), PLACE)?;
    if Superblock::parse(bytes.bytes()).as_ref() != Some(block) {
        return Err(io::Error::other("something else is on the disk now"));
    }
    let size = device.seek(SeekFrom::End(0))?;
    bytes.bytes().fill(0);
    for place in COPIES.into_iter().filter(|place| place + LENGTH as u64 <= size) {
        device.write_all_at(bytes.bytes(), place)?;
    }
    device.sync_all()
}

/// Reads from the device itself: what the kernel keeps of it in memory may be newer.
fn read(path: &Path) -> io::Result<Option<Superblock>> {
    let device = OpenOptions::new().read(true).custom_flags(OFlag::O_DIRECT.bits()).open(path)?;
    let mut block = Aligned::new(LENGTH);
    device.read_exact_at(block.bytes(), PLACE)?;
    Ok(Superblock::parse(block.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> Vec<u8> {
        let mut block = vec![0; LENGTH];
        block[UUID..UUID + 16].fill(5);
        block[MAGIC..MAGIC + 8].copy_from_slice(WORD);
        block[GENERATION] = 42;
        block[USED..USED + 8].copy_from_slice(&7_000_000_u64.to_le_bytes());
        block[DISKS] = 2;
        block[NUMBER] = 3;
        block[DEVICE_UUID..DEVICE_UUID + 16].fill(6);
        block
    }

    #[test]
    fn it_is_read_only_from_a_btrfs() {
        let expected =
            Superblock { uuid: [5; 16], generation: 42, used: Bytes(7_000_000), disks: 2, number: 3, device: [6; 16], log: false };
        assert_eq!(Superblock::parse(&block()), Some(expected));
        assert_eq!(Superblock::parse(&vec![0; LENGTH]), None);
        for length in [0, 0x44, 0x80, DEVICE_UUID + 15] {
            assert_eq!(Superblock::parse(&block()[..length]), None, "{length}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn all_who_ask_at_once_are_told_the_superblock() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().write_all_at(&block(), PLACE).unwrap();
        let blocks = Superblocks::default();
        let asked = futures_util::future::join_all((0..16).map(|_| blocks.read(file.path()))).await;
        assert!(asked.iter().all(|found| found.as_ref().is_some_and(|found| found.generation == 42)), "{asked:?}");
    }
}
