//! Which files have blocks that are wrong in every copy.
//!
//! A comparison only counts them. The kernel's log names some, but not all: it is cut when many come at once, its words change from kernel to kernel,
//! and no role may read it. So every block of data is read again here and compared with its checksum, copy by copy, and only what is right in none is
//! lost. That takes about as long as the comparison of one disk, and is done only when there is something to find.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io,
    os::{
        fd::BorrowedFd,
        unix::fs::{FileExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
};

use nix::{errno::Errno, fcntl::OFlag};
use tokio_util::sync::CancellationToken;

use super::{
    aligned::Aligned,
    calls,
    flags::DATA,
    trees::{self, Chunk, Subvolume},
};

/// Most files that are named.
pub(super) const MOST_FILES: usize = 100;
/// Bytes that are read at once.
const AT_ONCE: usize = 1024 * 1024;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lost {
    /// Blocks.
    pub(super) blocks: u64,
    /// The files that they belong to, below the pool.
    pub(super) files: BTreeSet<String>,
}

/// Looks for them. `devices` are those that are there, by number.
pub(super) fn find(pool: BorrowedFd<'_>, devices: &BTreeMap<u64, PathBuf>, stop: &CancellationToken) -> io::Result<Lost> {
    let info = calls::info(pool)?;
    if !info.is_crc32c {
        // Only of file systems that somebody else has made.
        return Ok(Lost::default());
    }
    let open = |path: &Path| OpenOptions::new().read(true).custom_flags(OFlag::O_DIRECT.bits()).open(path);
    let devices = devices.iter().filter_map(|(number, path)| Some((*number, open(path).ok()?))).collect();
    let sector = usize::try_from(info.sector_bytes).map_err(io::Error::other)?;
    let mut chunks = trees::chunks(pool)?;
    chunks.retain(|chunk| chunk.flags & DATA != 0);
    let mut search = Search { pool, devices, chunks, sector, subvolumes: BTreeMap::new(), lost: Lost::default() };
    trees::checksums(pool, |logical, sums| {
        if stop.is_cancelled() {
            return Err(Errno::ECANCELED.into());
        }
        search.compare(logical, sums)
    })?;
    Ok(search.lost)
}

struct Search<'a> {
    pool: BorrowedFd<'a>,
    devices: BTreeMap<u64, File>,
    chunks: Vec<Chunk>,
    sector: usize,
    /// Those that were looked up; none for one that was deleted.
    subvolumes: BTreeMap<u64, Option<Subvolume>>,
    lost: Lost,
}

impl Search<'_> {
    /// Compares blocks that follow each other with their checksums.
    fn compare(&mut self, mut logical: u64, mut sums: &[[u8; 4]]) -> io::Result<()> {
        while !sums.is_empty() {
            let chunk = self.chunks.iter().find(|chunk| (chunk.logical..chunk.logical + chunk.length).contains(&logical)).cloned();
            // Made or freed since the list was read; another comparison will tell.
            let Some(chunk) = chunk else { return Ok(()) };
            let left = usize::try_from(chunk.logical + chunk.length - logical).unwrap_or(usize::MAX);
            let count = sums.len().min(left.min(AT_ONCE) / self.sector).max(1);
            let (now, later) = sums.split_at(count);
            for block in self.wrong(&chunk, logical, now) {
                self.judge(&chunk, block)?;
            }
            logical += (count * self.sector) as u64;
            sums = later;
        }
        Ok(())
    }

    /// Those of the blocks of which no copy has the right checksum.
    fn wrong(&self, chunk: &Chunk, logical: u64, sums: &[[u8; 4]]) -> Vec<u64> {
        let from = |block: usize| logical + (block * self.sector) as u64;
        let copies: Vec<(&File, u64)> = chunk.stripes.iter().filter_map(|(number, at)| Some((self.devices.get(number)?, *at))).collect();
        // What lies only on a disk that is not here comes back with it.
        let mut wrong: Vec<usize> = if copies.is_empty() { Vec::new() } else { (0..sums.len()).collect() };
        for (device, physical) in copies {
            let read = |at: u64, length: usize| read(device, physical + (at - chunk.logical), length);
            // All at once, as long as nothing is known to be wrong.
            let whole = if wrong.len() == sums.len() { read(logical, sums.len() * self.sector).ok() } else { None };
            wrong.retain(|block| {
                let found = match &whole {
                    Some(bytes) => bytes.get(block * self.sector..(block + 1) * self.sector).map(crc32c::crc32c),
                    None => read(from(*block), self.sector).ok().as_deref().map(crc32c::crc32c),
                };
                found.map(u32::to_le_bytes).as_ref() != sums.get(*block)
            });
            if wrong.is_empty() {
                break;
            }
        }
        wrong.into_iter().map(from).collect()
    }

    /// Counts a block that is lost, and names what it belongs to. One that was freed or written anew meanwhile is not lost.
    fn judge(&mut self, chunk: &Chunk, block: u64) -> io::Result<()> {
        let references = calls::references(self.pool, block)?;
        let sum = trees::checksum(self.pool, block, self.sector as u64)?;
        let still = sum.is_some_and(|sum| !self.wrong(chunk, block, &[sum]).is_empty());
        if references.is_empty() || !still {
            return Ok(());
        }
        self.lost.blocks += 1;
        let mut names = Vec::new();
        for reference in references {
            let pool = self.pool;
            let place = self.subvolumes.entry(reference.subvolume).or_insert_with(|| trees::subvolume(pool, reference.subvolume).ok());
            let Some(place) = place else { continue };
            // A file that was deleted meanwhile has no name.
            let Ok(path) = calls::path_of(self.pool, reference.subvolume, reference.file) else { continue };
            names.push((place.is_read_only, place.path.join(path).to_string_lossy().into_owned()));
        }
        // A snapshot holds what its subvolume still has: it is named only for what is there alone.
        let only_in_snapshots = names.iter().all(|(read_only, _)| *read_only);
        for (read_only, name) in names {
            if self.lost.files.len() < MOST_FILES && read_only == only_in_snapshots {
                self.lost.files.insert(name);
            }
        }
        Ok(())
    }
}

fn read(device: &File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Aligned::new(length);
    device.read_exact_at(bytes.bytes(), at)?;
    Ok(bytes.bytes().to_vec())
}
