//! What is kept of a disk before it is emptied, so that it can be taken back: everything that emptying it and joining it to a pool writes over.
//! Files that the pool writes there afterwards cannot be taken back.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::FileExt,
    },
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256, digest};
use croft_model::{Bytes, DiskId};
use jiff::Timestamp;
use nix::{
    dir::Dir,
    fcntl::{OFlag, openat, renameat},
    sys::stat::Mode,
    unistd::{UnlinkatFlags, unlinkat},
};
use serde::{Deserialize, Serialize};
use tokio::{task::spawn_blocking, time::timeout};

use crate::{DiskError, LinuxDisks, empty::Chosen};

/// Bytes of a piece: partition tables and the heads of file systems are much shorter.
pub(crate) const PIECE: u64 = 8 * 1024 * 1024;
/// Where pieces begin: at the disk's own beginning, and where btrfs writes its second and third superblock, with room for where the partition begins.
const BEGINNINGS: [u64; 3] = [0, 64 * 1024 * 1024, 256 * 1024 * 1024 * 1024];
/// Where a partition of a pool begins.
pub(crate) const BEFORE: u64 = 1024 * 1024;
/// In such blocks it is compared whether something was written.
const BLOCK: usize = 4096;
/// So many bytes are in memory at a time: blocks, without a rest.
const BUFFER: usize = 64 * BLOCK;
/// Blocks of a partition table: five at each end, and as many again.
const MAX_LEFT: usize = 32;
/// Time for a disk to be read at some places; the slowest sticks pause for half a minute.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest description of what is kept, and most files that are looked at.
const MAX_DESCRIPTION: u64 = 64 * 1024;
const MAX_FILES: usize = 1000;
const BYTES: &str = "bytes";
const DESCRIPTION: &str = "json";
/// The end of a file's name while it is written.
const GROWING: &str = "growing";

/// What is kept of a disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The disk.
    pub disk: DiskId,
    /// When it was emptied.
    pub at: Timestamp,
    /// Its size.
    pub size: Bytes,
    /// The pieces, in the order in which they are kept.
    pub pieces: Vec<Piece>,
    /// The hash of all of them.
    pub sha256: String,
    /// What emptying left at the ends beside zeros: a partition table.
    #[serde(default)]
    pub left: Vec<LeftBlock>,
    /// Whether the disk was given to somebody since who writes wherever it pleases: nothing is compared then.
    #[serde(default)]
    pub used: bool,
}

/// A block that emptying a disk left at one of its ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftBlock {
    /// Where it begins.
    pub from_bytes: u64,
    /// Its hash.
    pub sha256: String,
}

/// A piece of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Where it begins.
    pub from_bytes: u64,
    /// Its length.
    pub length_bytes: u64,
}

impl Kept {
    fn file(&self, kind: &str) -> String {
        format!("{}.{}.{kind}", self.disk, self.at.as_millisecond())
    }
}

/// The pieces of a disk of so many bytes.
fn pieces(size: u64) -> Vec<Piece> {
    let mut beginnings: Vec<u64> = BEGINNINGS.into_iter().chain([size.saturating_sub(PIECE)]).filter(|from| *from < size).collect();
    beginnings.sort_unstable();
    let mut pieces: Vec<Piece> = Vec::new();
    for begin in beginnings {
        let from = pieces.last().map_or(begin, |piece| begin.max(piece.from_bytes + piece.length_bytes));
        let to = (begin + PIECE).min(size);
        pieces.extend((to > from).then(|| Piece { from_bytes: from, length_bytes: to - from }));
    }
    pieces
}

/// Keeps what is on a disk of so many bytes, durably; nothing where there is nothing but zeros.
pub(crate) fn keep(aside: BorrowedFd<'_>, disk: &DiskId, device: &File, size: u64, at: Timestamp) -> io::Result<Option<Kept>> {
    let pieces = pieces(size);
    let mut is_empty = true;
    each(device, &pieces, |_, bytes| {
        is_empty = is_empty && bytes.iter().all(|byte| *byte == 0);
        Ok(())
    })?;
    if is_empty {
        return Ok(None);
    }
    let mut kept = Kept { disk: disk.clone(), at, size: Bytes(size), pieces, sha256: String::new(), left: Vec::new(), used: false };
    let mut sum = Context::new(&SHA256);
    write(aside, &kept.file(BYTES), |file| {
        each(device, &kept.pieces, |_, bytes| {
            sum.update(bytes);
            file.write_all(bytes)
        })
    })?;
    kept.sha256 = hex::encode(sum.finish());
    // The description comes last: without one, the bytes are of a disk that was never emptied.
    describe(aside, &kept)?;
    Ok(Some(kept))
}

/// Adds to what is kept of a disk what was left on it: so it is known later whether somebody has written to it since.
pub(crate) fn note_left(aside: BorrowedFd<'_>, kept: &Kept, device: &File) -> io::Result<()> {
    let mut left = Vec::new();
    each(device, &kept.pieces, |from, bytes| {
        let blocks = blocks(from, bytes).filter(|(from, block)| is_at_end(*from, kept.size.0) && block.iter().any(|byte| *byte != 0));
        left.extend(blocks.take(MAX_LEFT).map(|(from, block)| LeftBlock { from_bytes: from, sha256: hash(block) }));
        Ok(())
    })?;
    left.truncate(MAX_LEFT);
    describe(aside, &Kept { left, ..kept.clone() })
}

/// Notes durably that from now on somebody writes to this disk wherever it pleases: nothing that is kept of it can be put back any more.
pub(crate) fn note_used(aside: BorrowedFd<'_>, disk: &DiskId) -> io::Result<()> {
    let of_disk = kept(aside)?.into_iter().filter(|kept| kept.disk == *disk && !kept.used);
    of_disk.map(|kept| Kept { used: true, ..kept }).try_for_each(|kept| describe(aside, &kept))
}

/// Whether nothing was written to the disk since it was emptied, as far as what is kept reaches: each block is as it was kept or as it was left, and
/// nobody was given the disk.
pub(crate) fn is_untouched(aside: BorrowedFd<'_>, kept: &Kept, device: &File) -> io::Result<bool> {
    if kept.used {
        return Ok(false);
    }
    let mut file = open(aside, &kept.file(BYTES), OFlag::O_RDONLY)?;
    let (mut before, mut sum, mut same) = (vec![0; BUFFER], Context::new(&SHA256), true);
    let as_left = |from: u64, now: &[u8]| match kept.left.iter().find(|left| left.from_bytes == from) {
        Some(left) => hash(now) == left.sha256,
        None => is_at_end(from, kept.size.0) && now.iter().all(|byte| *byte == 0),
    };
    each(device, &kept.pieces, |from, now| {
        let before = before.get_mut(..now.len()).unwrap_or_default();
        file.read_exact(before)?;
        sum.update(before);
        same = same && blocks(from, before).zip(blocks(from, now)).all(|((from, before), (_, now))| before == now || as_left(from, now));
        Ok(())
    })?;
    must_be(kept, sum)?;
    Ok(same)
}

/// Whether a block lies in what is wiped of a disk.
fn is_at_end(from: u64, size: u64) -> bool {
    from < PIECE || from >= size.saturating_sub(PIECE)
}

/// The blocks of what lies at this place of a disk, with where each begins.
fn blocks(from: u64, bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    (from..).step_by(BLOCK).zip(bytes.chunks(BLOCK))
}

/// The pieces in parts of a buffer: where each begins, and its length.
fn parts(pieces: &[Piece]) -> impl Iterator<Item = (u64, usize)> {
    pieces.iter().flat_map(|piece| {
        let end = piece.from_bytes.saturating_add(piece.length_bytes);
        let length = move |from: u64| usize::try_from(end - from).map_or(BUFFER, |length| length.min(BUFFER));
        (piece.from_bytes..end).step_by(BUFFER).map(move |from| (from, length(from)))
    })
}

/// Reads pieces of a disk part by part.
fn each(device: &File, pieces: &[Piece], mut what: impl FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    for (from, length) in parts(pieces) {
        let part = buffer.get_mut(..length).unwrap_or_default();
        device.read_exact_at(part, from)?;
        what(from, part)?;
    }
    Ok(())
}

/// What was read is what was kept.
fn must_be(kept: &Kept, sum: Context) -> io::Result<()> {
    let is_same = hex::encode(sum.finish()) == kept.sha256;
    if is_same { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "what was kept has changed")) }
}

/// All that is kept, the oldest first.
///
/// # Errors
/// The directory cannot be read. A file in it that cannot be read is left out.
pub fn kept(aside: BorrowedFd<'_>) -> io::Result<Vec<Kept>> {
    let mut kept = Vec::new();
    for name in names(aside)?.into_iter().filter(|name| name.ends_with(&format!(".{DESCRIPTION}"))) {
        match description(aside, &name) {
            Ok(found) if found.file(DESCRIPTION) == name => kept.push(found),
            Ok(_) => tracing::warn!(name, "what is kept of a disk has another's name"),
            // Forgotten meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(name, %error, "what is kept of a disk cannot be read"),
        }
    }
    kept.sort_by_key(|kept: &Kept| kept.at);
    Ok(kept)
}

fn description(aside: BorrowedFd<'_>, name: &str) -> io::Result<Kept> {
    let mut text = Vec::new();
    open(aside, name, OFlag::O_RDONLY)?.take(MAX_DESCRIPTION).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

fn names(aside: BorrowedFd<'_>) -> io::Result<Vec<String>> {
    let listing = openat(aside, ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    let mut directory = Dir::from_fd(listing)?;
    directory.iter().take(MAX_FILES).map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// Removes what was begun and not ended when the power went: files that were being written, and bytes that nothing describes. Only for when nobody
/// keeps anything.
///
/// # Errors
/// The directory cannot be read, or a file in it cannot be removed.
pub fn clear_aside(aside: BorrowedFd<'_>) -> io::Result<()> {
    for name in names(aside)? {
        let of = name.strip_suffix(BYTES).filter(|of| of.ends_with('.'));
        let is_alone = of.is_some_and(|of| is_missing(open(aside, &format!("{of}{DESCRIPTION}"), OFlag::O_RDONLY)));
        if is_alone || name.ends_with(&format!(".{GROWING}")) {
            remove(aside, &name)?;
        }
    }
    Ok(())
}

fn is_missing(opened: io::Result<File>) -> bool {
    opened.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn remove(aside: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    match unlinkat(aside, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(nix::errno::Errno::ENOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Keeps it no longer.
///
/// # Errors
/// It cannot be removed.
pub fn forget(aside: BorrowedFd<'_>, kept: &Kept) -> io::Result<()> {
    [DESCRIPTION, BYTES].into_iter().try_for_each(|kind| remove(aside, &kept.file(kind)))
}

impl LinuxDisks {
    /// Writes back to a disk what was kept of it, if `contents` is what is on it now, nothing uses it, and nothing was written to it since.
    /// What was interrupted can be done again.
    ///
    /// # Errors
    /// The disk is gone, used, has changed or was written to; or what was kept cannot be read or written.
    pub async fn put_back(&self, aside: &Arc<OwnedFd>, kept: &Kept, contents: &str) -> Result<(), DiskError> {
        let chosen = Chosen::find(self, &kept.disk, contents).await?;
        if chosen.size() != kept.size {
            return Err(DiskError::Changed);
        }
        let (device, aside, kept) = (chosen.take()?, Arc::clone(aside), kept.clone());
        let failed = |source| DiskError::Write { what: "what was kept of the disk".into(), source };
        let writing = spawn_blocking(move || {
            if !is_untouched(aside.as_fd(), &kept, &device).map_err(failed)? {
                return Err(DiskError::Written);
            }
            write_back(aside.as_fd(), &kept, &device).map_err(failed)
        });
        writing.await.map_err(|error| failed(io::Error::other(error)))??;
        chosen.settle().await
    }

    /// Whether nothing was written to the disk since `kept` was kept of it, as far as can be seen.
    ///
    /// # Errors
    /// The disk is gone, or it or what was kept cannot be read.
    pub async fn is_untouched(&self, aside: &Arc<OwnedFd>, kept: &Kept) -> Result<bool, DiskError> {
        let device = self.device(&kept.disk).await?;
        if device.size != kept.size.0 {
            return Ok(false);
        }
        let (aside, kept) = (Arc::clone(aside), kept.clone());
        let failed = |source| DiskError::Read { what: "the disk".into(), source };
        let looking = spawn_blocking(move || is_untouched(aside.as_fd(), &kept, &File::open(&device.path)?));
        timeout(PATIENCE, looking)
            .await
            .map_err(|_| DiskError::Stalled(PATIENCE))?
            .map_err(|error| failed(io::Error::other(error)))?
            .map_err(failed)
    }
}

fn write_back(aside: BorrowedFd<'_>, kept: &Kept, device: &File) -> io::Result<()> {
    let mut file = open(aside, &kept.file(BYTES), OFlag::O_RDONLY)?;
    let (mut buffer, mut sum) = (vec![0; BUFFER], Context::new(&SHA256));
    let read = |file: &mut File, length: usize, buffer: &mut Vec<u8>| {
        buffer.resize(length, 0);
        file.read_exact(buffer)
    };
    for (_, length) in parts(&kept.pieces) {
        match read(&mut file, length, &mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            ended => ended?,
        }
        sum.update(&buffer);
    }
    must_be(kept, sum)?;
    file.rewind()?;
    for (from, length) in parts(&kept.pieces) {
        read(&mut file, length, &mut buffer)?;
        device.write_all_at(&buffer, from)?;
    }
    device.sync_all()
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

fn describe(aside: BorrowedFd<'_>, kept: &Kept) -> io::Result<()> {
    let text = serde_json::to_vec(kept)?;
    write(aside, &kept.file(DESCRIPTION), |file| file.write_all(&text))
}

/// Writes a file whole or not at all.
fn write(aside: BorrowedFd<'_>, name: &str, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let growing = format!("{name}.{GROWING}");
    let written = open(aside, &growing, OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC).and_then(|mut file| {
        fill(&mut file)?;
        file.sync_all()?;
        Ok(renameat(aside, growing.as_str(), aside, name)?)
    });
    if written.is_err() {
        let _ = remove(aside, &growing);
    }
    written?;
    Ok(nix::unistd::fsync(aside)?)
}

fn open(aside: BorrowedFd<'_>, name: &str, how: OFlag) -> io::Result<File> {
    let flags = how | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    Ok(File::from(openat(aside, name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?))
}

#[cfg(test)]
#[path = "aside_tests.rs"]
mod tests;
