//! What is read of a file system's own trees (btrfs on-disk format): where data lies on the disks, its checksums, and where subvolumes hang.

use std::{
    ffi::OsStr,
    io,
    os::{fd::BorrowedFd, unix::ffi::OsStrExt},
    path::PathBuf,
};

use super::calls::{self, Item, Within, word};

/// `BTRFS_ROOT_TREE_OBJECTID` and the like.
const ROOTS: u64 = 1;
const CHUNKS: u64 = 3;
const CHECKSUMS: u64 = 7;
/// The subvolume in which all others hang.
pub(super) const TOP: u64 = 5;
/// `BTRFS_FIRST_CHUNK_TREE_OBJECTID`, `BTRFS_CHUNK_ITEM_KEY`.
const ALL_CHUNKS: Within = Within { tree: CHUNKS, object: 256, kind: 228, until: u64::MAX };
/// `BTRFS_EXTENT_CSUM_OBJECTID`, `BTRFS_EXTENT_CSUM_KEY`.
const ALL_CHECKSUMS: Within = Within { tree: CHECKSUMS, object: 10_u64.wrapping_neg(), kind: 128, until: u64::MAX };
/// Most checksums in one item, which fits into the largest node that there is: so far before its last block it begins.
const MOST_SUMS: u64 = 64 * 1024 / 4;
/// `BTRFS_ROOT_ITEM_KEY`, `BTRFS_ROOT_BACKREF_KEY`.
const ROOT_ITEM: u32 = 132;
const ROOT_BACKREF: u32 = 144;
/// Places in a chunk's item, and bytes of its head and of each stripe.
const CHUNK_FLAGS: usize = 24;
const CHUNK_HEAD: usize = 48;
const STRIPE: usize = 32;
/// Where a root's item has its flags, and the one of them for a snapshot that nobody can write.
const ROOT_FLAGS: usize = 208;
const READ_ONLY: u64 = 1;
/// Bytes of a backref's head.
const BACKREF_HEAD: usize = 18;
/// The folder at the root of a subvolume (`BTRFS_FIRST_FREE_OBJECTID`).
const ROOT_FOLDER: u64 = 256;
/// Deepest nesting of subvolumes that is followed; Croft has two.
const MAX_DEPTH: u32 = 16;

/// A piece of the logical addresses and where its copies lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) logical: u64,
    pub(super) length: u64,
    pub(super) flags: u64,
    /// Number of the disk, and address on it.
    pub(super) stripes: Vec<(u64, u64)>,
}

impl Chunk {
    fn parse(item: &Item) -> Option<Self> {
        let stripes = item.data.get(CHUNK_HEAD..)?.chunks_exact(STRIPE);
        let stripes: Option<Vec<_>> = stripes.map(|stripe| word(stripe, 0).zip(word(stripe, 8))).collect();
        Some(Self { logical: item.offset, length: word(&item.data, 0)?, flags: word(&item.data, CHUNK_FLAGS)?, stripes: stripes? })
    }
}

/// A subvolume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subvolume {
    /// From the top.
    pub(super) path: PathBuf,
    pub(super) is_read_only: bool,
}

/// Where everything lies, by logical addresses.
pub(super) fn chunks(pool: BorrowedFd<'_>) -> io::Result<Vec<Chunk>> {
    let mut chunks = Vec::new();
    each(pool, ALL_CHUNKS, 0, |item| {
        chunks.push(Chunk::parse(item).ok_or_else(|| unreadable("a chunk"))?);
        Ok(())
    })?;
    Ok(chunks)
}

/// The checksums of data in order: the logical address of the first block, and those of it and its successors.
pub(super) fn checksums(pool: BorrowedFd<'_>, mut look: impl FnMut(u64, &[[u8; 4]]) -> io::Result<()>) -> io::Result<()> {
    each(pool, ALL_CHECKSUMS, 0, |item| look(item.offset, item.data.as_chunks().0))
}

/// The checksum of a single block; none where it was freed.
pub(super) fn checksum(pool: BorrowedFd<'_>, logical: u64, sector: u64) -> io::Result<Option<[u8; 4]>> {
    let mut found = None;
    each(pool, Within { until: logical, ..ALL_CHECKSUMS }, logical.saturating_sub(MOST_SUMS * sector), |item| {
        let block = usize::try_from((logical - item.offset) / sector).map_err(io::Error::other)?;
        found = item.data.as_chunks().0.get(block).copied();
        Ok(())
    })?;
    Ok(found)
}

/// A subvolume by its number.
pub(super) fn subvolume(pool: BorrowedFd<'_>, number: u64) -> io::Result<Subvolume> {
    let item = calls::search(pool, Within { tree: ROOTS, object: number, kind: ROOT_ITEM, until: u64::MAX }, 0)?;
    let flags = item.first().and_then(|item| word(&item.data, ROOT_FLAGS)).unwrap_or_default();
    Ok(Subvolume { path: path_of(pool, number, 0)?, is_read_only: flags & READ_ONLY != 0 })
}

fn path_of(pool: BorrowedFd<'_>, number: u64, depth: u32) -> io::Result<PathBuf> {
    if number == TOP {
        return Ok(PathBuf::new());
    }
    if depth > MAX_DEPTH {
        return Err(unreadable("a subvolume's place"));
    }
    let items = calls::search(pool, Within { tree: ROOTS, object: number, kind: ROOT_BACKREF, until: u64::MAX }, 0)?;
    // One that was deleted hangs nowhere.
    let item = items.first().ok_or(io::ErrorKind::NotFound)?;
    let (folder, name) = parse_backref(&item.data).ok_or_else(|| unreadable("a subvolume's place"))?;
    let mut path = path_of(pool, item.offset, depth + 1)?;
    if folder != ROOT_FOLDER {
        path.push(calls::path_of(pool, item.offset, folder)?);
    }
    path.push(name);
    Ok(path)
}

/// The number of the folder in which a subvolume hangs, and its name there.
fn parse_backref(data: &[u8]) -> Option<(u64, &OsStr)> {
    let length = u16::from_le_bytes(*data.get(BACKREF_HEAD - 2..)?.first_chunk()?);
    let end = BACKREF_HEAD + usize::from(length);
    Some((word(data, 0)?, OsStr::from_bytes(data.get(BACKREF_HEAD..end)?)))
}

/// Each item of a tree from `offset` on, in order.
fn each(pool: BorrowedFd<'_>, within: Within, mut offset: u64, mut look: impl FnMut(&Item) -> io::Result<()>) -> io::Result<()> {
    loop {
        let items = calls::search(pool, within, offset)?;
        let Some(last) = items.last() else { return Ok(()) };
        items.iter().try_for_each(&mut look)?;
        let Some(next) = last.offset.checked_add(1) else { return Ok(()) };
        offset = next;
    }
}

fn unreadable(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_has_its_copies() {
        let mut data = vec![0; CHUNK_HEAD + 2 * STRIPE];
        let mut put = |at: usize, value: u64| data[at..at + 8].copy_from_slice(&value.to_le_bytes());
        put(0, 4096);
        put(CHUNK_FLAGS, 0x11);
        put(CHUNK_HEAD, 1);
        put(CHUNK_HEAD + 8, 1000);
        put(CHUNK_HEAD + STRIPE, 2);
        put(CHUNK_HEAD + STRIPE + 8, 2000);
        let expected = Chunk { logical: 7, length: 4096, flags: 0x11, stripes: vec![(1, 1000), (2, 2000)] };
        assert_eq!(Chunk::parse(&Item { offset: 7, data: data.clone() }), Some(expected));
        assert_eq!(Chunk::parse(&Item { offset: 7, data: data[..CHUNK_HEAD - 1].to_vec() }), None);
    }

    #[test]
    fn a_backref_has_a_folder_and_a_name() {
        let data = [&256_u64.to_le_bytes()[..], &[0; 8], &3_u16.to_le_bytes(), b"abcd"].concat();
        assert_eq!(parse_backref(&data), Some((256, OsStr::new("abc"))));
        assert_eq!(parse_backref(&data[..20]), None);
        assert_eq!(parse_backref(&data[..10]), None);
    }
}
