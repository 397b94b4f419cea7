//! Making a disk ready for a pool: what is on it is kept aside, then it gets one partition of its own.
//!
//! From the first look to the last call the disk goes by the kernel's number of it, and is held open: so no other disk can get its name.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use croft_model::{Bytes, Disk, DiskId, Unfit};
use jiff::Timestamp;
use nix::fcntl::{Flock, FlockArg, OFlag};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};

use crate::{
    DiskError, Kept, LinuxDisks,
    aside::{self, BEFORE, PIECE},
    contents::CROFT_POOL,
    lsblk::Device,
    probe::UDEV,
    program,
};

/// Below the role's own runtime directory: the table that a disk gets, while it gets it.
const DEFINITIONS: &str = "/run/croft-storage";
/// Least size of a disk of a pool: what is kept of it, and room for a few pieces of data.
const LEAST: Bytes = Bytes(100 * 1024 * 1024);
/// What a partition table takes beside what is before the partition: five sectors of the largest kind behind it; partitions end at a page.
const BEHIND: u64 = 5 * 4096;
const PAGE: u64 = 4096;
/// Time for a disk to take 16 MiB of zeros; the slowest sticks pause for half a minute.
const PATIENCE: Duration = Duration::from_secs(180);
/// Time for small programs, and for the partition to be there.
const SHORT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A disk that may be overwritten: it is what the person saw, and nothing uses it.
pub(crate) struct Chosen {
    disk: Disk,
    device: Device,
    /// Keeps the name of the disk for this disk.
    held: File,
}

/// A disk with one partition.
pub(crate) struct Emptied {
    disk: DiskId,
    partition: PathBuf,
    /// Tells udev that somebody works on the disk, so that it does not make the partition anew meanwhile; and keeps the disk's name.
    _lock: Flock<File>,
}

impl Emptied {
    /// The partition's device, for somebody who writes to it from now on. That is noted durably: what is kept of the disk cannot be put back any more.
    pub(crate) async fn give(&self, aside: &Arc<OwnedFd>) -> Result<PathBuf, DiskError> {
        let unnoted = |source| DiskError::Write { what: "that the disk is used".into(), source };
        let (aside, disk) = (Arc::clone(aside), self.disk.clone());
        let noting = spawn_blocking(move || aside::note_used(aside.as_fd(), &disk));
        noting.await.map_err(|error| unnoted(io::Error::other(error)))?.map_err(unnoted)?;
        Ok(self.partition.clone())
    }
}

impl Chosen {
    /// The disk with this id, if `contents` is what is still on it.
    pub(crate) async fn find(disks: &LinuxDisks, id: &DiskId, contents: &str) -> Result<Self, DiskError> {
        Self::find_for(disks, id, contents, &[]).await
    }

    /// The same; what makes a disk unfit to be written may be `harmless` for something else.
    pub(crate) async fn find_for(disks: &LinuxDisks, id: &DiskId, contents: &str, harmless: &[Unfit]) -> Result<Self, DiskError> {
        let found = disks.found().await?;
        let found = found.into_iter().filter(|found| found.disk.id == *id).min_by_key(|found| !found.disk.runs_from);
        let found = found.ok_or(DiskError::Gone)?;
        match found.disk.unfit {
            // That is said of the whole system.
            None | Some(Unfit::TooSmall) => {}
            Some(unfit) if harmless.contains(&unfit) => {}
            Some(Unfit::InUse | Unfit::RunsFrom) => return Err(DiskError::Busy(io::ErrorKind::ResourceBusy.into())),
            Some(_) => return Err(DiskError::Changed),
        }
        if found.disk.contents != contents {
            return Err(DiskError::Changed);
        }
        let held = File::open(&found.device.path).map_err(|_| DiskError::Gone)?;
        let chosen = Self { disk: found.disk, device: found.device, held };
        chosen.must_be(&chosen.held)?;
        Ok(chosen)
    }

    /// Its device.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Its size.
    pub(crate) fn size(&self) -> Bytes {
        self.disk.size
    }

    /// Its partition will have room for so much.
    pub(crate) fn must_hold(&self, wanted: Bytes) -> Result<(), DiskError> {
        let room = self.disk.size.0.saturating_sub(BEFORE + BEHIND);
        if room - room % PAGE < wanted.0 { Err(DiskError::TooSmall) } else { Ok(()) }
    }

    /// The kernel's number of an open disk is that of the disk that was found.
    fn must_be(&self, open: &File) -> Result<(), DiskError> {
        let number = open.metadata().map_err(|_| DiskError::Gone)?.rdev();
        let place = Path::new("/sys/dev/block").join(format!("{}:{}", nix::sys::stat::major(number), nix::sys::stat::minor(number)));
        let sequence = fs::read_to_string(place.join("diskseq")).ok().and_then(|text| text.trim().parse().ok());
        if sequence.is_some() && sequence == self.device.sequence { Ok(()) } else { Err(DiskError::Gone) }
    }

    /// Opens it for writing, as the only one who uses it.
    pub(crate) fn take(&self) -> Result<File, DiskError> {
        let mut how = OpenOptions::new();
        let device = how.read(true).write(true).custom_flags(OFlag::O_EXCL.bits()).open(&self.device.path).map_err(DiskError::Busy)?;
        self.must_be(&device)?;
        Ok(device)
    }

    /// Keeps aside what is on it and makes one partition.
    pub(crate) async fn empty(self, aside: &Arc<OwnedFd>) -> Result<Emptied, DiskError> {
        if self.disk.size < LEAST {
            return Err(DiskError::TooSmall);
        }
        let kept = self.wipe_and_keep(aside).await?;
        self.divide().await?;
        self.settle().await?;
        if let Some(kept) = kept {
            let (disk, aside) = (self.held.try_clone().map_err(DiskError::Busy)?, Arc::clone(aside));
            let noting = spawn_blocking(move || aside::note_left(aside.as_fd(), &kept, &disk));
            // Without it, what is kept cannot be taken back, and that is all.
            if let Ok(Err(error)) = timeout(SHORT, noting).await.unwrap_or_else(|_| Ok(Err(io::ErrorKind::TimedOut.into()))) {
                tracing::warn!(%error, "what was left on a disk cannot be noted");
            }
        }
        let Self { disk, device, held } = self;
        let locking =
            spawn_blocking(move || Flock::lock(held, FlockArg::LockExclusive).map_err(|(_, errno)| DiskError::Busy(errno.into())));
        let lock = timeout(SHORT, locking).await.map_err(|_| DiskError::Stalled(SHORT))?;
        let lock = lock.map_err(|error| DiskError::Busy(io::Error::other(error)))??;
        Ok(Emptied { disk: disk.id, partition: partition(&device).await?, _lock: lock })
    }

    /// Keeps aside what is on it and leaves nothing that anybody would take for files.
    pub(crate) async fn erase(self, aside: &Arc<OwnedFd>) -> Result<(), DiskError> {
        self.wipe_and_keep(aside).await?;
        self.settle().await
    }

    async fn wipe_and_keep(&self, aside: &Arc<OwnedFd>) -> Result<Option<Kept>, DiskError> {
        let (device, aside, disk) = (self.take()?, Arc::clone(aside), self.disk.clone());
        let at = Timestamp::now();
        let wiping = spawn_blocking(move || {
            let kept = aside::keep(aside.as_fd(), &disk.id, &device, disk.size.0, at);
            let kept = kept.map_err(|source| DiskError::Write { what: "what is on the disk to where it is kept".into(), source })?;
            wipe(&device, disk.size.0).map_err(|source| DiskError::Write { what: "to the disk".into(), source })?;
            Ok(kept)
        });
        let ended = timeout(PATIENCE, wiping).await.map_err(|_| DiskError::Stalled(PATIENCE))?;
        ended.map_err(|error| DiskError::Write { what: "to the disk".into(), source: io::Error::other(error) })?
    }

    /// Waits until the kernel, and udev where it runs, know what is on it now.
    pub(crate) async fn settle(&self) -> Result<(), DiskError> {
        self.read_table_again().await;
        if Path::new(UDEV).exists() {
            program::read("udevadm", &["settle", "--timeout=30"], SHORT).await?;
        }
        Ok(())
    }

    /// Writes the partition table. Nothing of the disk is discarded, so that what is kept aside can be of use.
    async fn divide(&self) -> Result<(), DiskError> {
        let unwritable = |source| DiskError::Write { what: DEFINITIONS.into(), source };
        let folder = Path::new(DEFINITIONS).join(format!("pool-{}", self.device.sequence.unwrap_or_default()));
        fs::create_dir_all(&folder).map_err(unwritable)?;
        let definition = format!("[Partition]\nType=linux-generic\nLabel={CROFT_POOL}\n");
        fs::write(folder.join("10-pool.conf"), definition).map_err(unwritable)?;
        let definitions = format!("--definitions={}", folder.display());
        let disk = self.device.path.to_string_lossy();
        let words = ["--dry-run=no", "--empty=force", "--discard=no", "--seed=random", &definitions, &disk];
        let divided = program::read("systemd-repart", &words, SHORT).await;
        fs::remove_dir_all(&folder).map_err(unwritable)?;
        divided.map(|_| ())
    }

    /// Tells the kernel which partitions there are. Some kernels read no tables by themselves.
    pub(crate) async fn read_table_again(&self) {
        let disk = self.device.path.to_string_lossy();
        for how in ["--delete", "--add"] {
            if let Err(error) = program::read("partx", &[how, &disk], SHORT).await {
                tracing::debug!(%error, %disk, how, "the kernel's partitions stay as they are");
            }
        }
    }
}

/// Writes zeros to both ends: nothing of what was there may be taken for something that is.
fn wipe(device: &File, size: u64) -> io::Result<()> {
    let zeros = vec![0; usize::try_from(PIECE).map_err(io::Error::other)?];
    for from in [0, size.saturating_sub(PIECE)] {
        let length = usize::try_from((size - from).min(PIECE)).map_err(io::Error::other)?;
        device.write_all_at(zeros.get(..length).unwrap_or_default(), from)?;
    }
    device.sync_all()
}

/// Waits for the device of a disk's first partition.
async fn partition(disk: &Device) -> Result<PathBuf, DiskError> {
    let begun = Instant::now();
    while begun.elapsed() < SHORT {
        if let Some(path) = partition_of(disk) {
            return Ok(path);
        }
        sleep(LOOK_EVERY).await;
    }
    Err(DiskError::Differs("the partition table".into()))
}

fn partition_of(disk: &Device) -> Option<PathBuf> {
    let folder = Path::new("/sys/class/block").join(&disk.name);
    let is_first = |path: &PathBuf| fs::read_to_string(path.join("partition")).is_ok_and(|text| text.trim() == "1");
    let found = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).find(is_first)?;
    let path = Path::new("/dev").join(found.file_name()?);
    let node = fs::metadata(&path).ok()?;
    let number = format!("{}:{}", nix::sys::stat::major(node.rdev()), nix::sys::stat::minor(node.rdev()));
    let expected = fs::read_to_string(found.join("dev")).ok()?;
    (node.file_type().is_block_device() && expected.trim() == number).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_wiped_and_nothing_between() {
        let file = tempfile::tempfile().unwrap();
        let check = |size: u64, inside: Option<u64>| {
            file.set_len(0).unwrap();
            file.set_len(size).unwrap();
            let marks = [0, PIECE.min(size) - 1, size - 1];
            marks.into_iter().chain(inside).for_each(|at| file.write_all_at(&[1], at).unwrap());
            wipe(&file, size).unwrap();
            let read = |at: u64| {
                let mut byte = [9];
                file.read_exact_at(&mut byte, at).unwrap();
                byte[0]
            };
            assert!(marks.into_iter().all(|at| read(at) == 0), "{size}");
            assert!(inside.is_none_or(|at| read(at) == 1), "{size}");
        };
        check(3 * PIECE, Some(PIECE));
        check(PIECE, None);
        check(PIECE / 2, None);
    }
}
