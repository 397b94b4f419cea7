//! The two ends of a disk: whether there is anything, and a hash that changes when it does; and what a file system says of itself.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};
use croft_model::Bytes;
use tokio::{task::spawn_blocking, time::timeout};

/// Bytes that are read at each end: partition tables, and the heads of file systems that begin without one, lie in them.
const END: u64 = 1024 * 1024;
/// Time that a disk gets; one that has to start turning needs about ten seconds. Well below the time that an answer of the API may take.
const LIMIT: Duration = Duration::from_secs(12);
/// Where btrfs keeps its superblock, its magic in there, and the bytes that it uses (btrfs on-disk format).
const BTRFS: (u64, usize, usize) = (64 * 1024, 0x40, 0x78);
const BTRFS_MAGIC: &[u8; 8] = b"_BHRfS_M";

/// What is at the ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) all_zero: bool,
    pub(crate) hash: [u8; 32],
}

/// Reads both ends of a disk of `size` bytes. A disk that hangs is given up; its thread stays with it.
pub(crate) async fn read(path: &Path, size: u64) -> io::Result<Ends> {
    let path: PathBuf = path.to_owned();
    let reading = spawn_blocking(move || ends(&path, size));
    timeout(LIMIT, reading).await.map_err(io::Error::other)?.map_err(io::Error::other)?
}

fn ends(path: &Path, size: u64) -> io::Result<Ends> {
    let mut file = File::open(path)?;
    let (mut context, mut all_zero) = (Context::new(&SHA256), true);
    for from in [0, size.saturating_sub(END)] {
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file).take(END).read_to_end(&mut bytes)?;
        all_zero &= bytes.iter().all(|byte| *byte == 0);
        context.update(&bytes);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    Ok(Ends { all_zero, hash })
}

/// Bytes that the btrfs on a partition uses, without mounting it. None where it cannot be read.
pub(crate) async fn btrfs_used(path: &Path) -> Option<Bytes> {
    let path: PathBuf = path.to_owned();
    let reading = spawn_blocking(move || {
        let mut file = File::open(path).ok()?;
        file.seek(SeekFrom::Start(BTRFS.0)).ok()?;
        let mut block = [0; 4096];
        file.read_exact(&mut block).ok()?;
        used(&block)
    });
    timeout(LIMIT, reading).await.ok()?.ok()?
}

fn used(superblock: &[u8]) -> Option<Bytes> {
    let magic = superblock.get(BTRFS.1..BTRFS.1 + BTRFS_MAGIC.len())?;
    let bytes: [u8; 8] = superblock.get(BTRFS.2..BTRFS.2 + 8)?.try_into().ok()?;
    (magic == BTRFS_MAGIC).then(|| Bytes(u64::from_le_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[tokio::test]
    async fn a_byte_at_either_end_is_seen_and_changes_the_hash() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let size = 5 * END;
        file.as_file().set_len(size).unwrap();
        let empty = read(file.path(), size).await.unwrap();
        assert!(empty.all_zero);
        let mut seen = vec![empty.hash];
        for (at, told) in [(0, true), (END - 1, true), (size - END, true), (size - 1, true), (2 * END, false)] {
            file.as_file().write_all_at(&[1], at).unwrap();
            let found = read(file.path(), size).await.unwrap();
            assert_eq!(seen.contains(&found.hash), !told, "{at}");
            assert!(!found.all_zero);
            seen.push(found.hash);
        }
        assert!(read(Path::new("/nothing/here"), size).await.is_err());
    }

    #[test]
    fn what_btrfs_uses_is_read_only_from_a_btrfs() {
        let mut block = vec![0; 4096];
        block[0x78..0x80].copy_from_slice(&7_000_000_u64.to_le_bytes());
        assert_eq!(used(&block), None);
        block[0x40..0x48].copy_from_slice(BTRFS_MAGIC);
        assert_eq!(used(&block), Some(Bytes(7_000_000)));
        assert_eq!(used(&block[..0x50]), None);
        assert_eq!(used(&[]), None);
    }
}
