//! One installation: the running system onto a disk, read back before it is called done.
//!
//! `systemd-repart` writes the partition table last. Until then, and again when anything fails, nothing on the disk starts.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use croft_model::Progress;
use nix::{
    fcntl::OFlag,
    mount::{MsFlags, mount, umount},
};
use tokio::{sync::watch, task::spawn_blocking, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    DiskError, Stage,
    linux::DEFINITIONS,
    lsblk::{self, Device},
    program::{self, Running},
    tree,
};

/// Where the running system has its EFI system partition.
const ESP: &str = "/boot";
/// Where the copy of it is looked at; below the role's own runtime directory.
const COPY: &str = "/run/croft-storage/esp";
/// Names of disks by the kernel's numbers of them, which are never given twice (udev's rules for persistent storage).
const BY_SEQUENCE: &str = "/dev/disk/by-diskseq";
/// Files of the EFI system partition that are not copied.
const NOT_COPIED: [&str; 1] = ["loader/random-seed"];
/// Types of the partitions (Discoverable Partitions Specification): ESP; root and its hashes on x86-64 and on 64-bit ARM.
const ESP_TYPE: &str = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
const ROOT_TYPES: [&str; 2] = ["4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "b921b045-1df0-41c3-af44-4c6f280d3fae"];
const VERITY_TYPES: [&str; 2] = ["2c7357ed-ebd2-46d9-aec1-23d437ec2bf5", "df3300ce-d69f-4c92-978c-9bfb0f38d820"];
/// How often the kernel is asked how much was written.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A disk that neither writes nor reads for so long has failed; the slowest sticks pause for half a minute.
const PATIENCE: Duration = Duration::from_secs(180);
/// Time for small programs: those that only change a table, or wait for udev.
const SHORT: Duration = Duration::from_secs(60);
/// The kernel counts in sectors of this size, whatever the disk has (Documentation/block/stat.rst).
const SECTOR: u64 = 512;
/// Fields of `stat`: sectors read, sectors written, sectors discarded.
const FIELDS: [usize; 3] = [2, 6, 13];
/// The first of them that tells how far reading is, and that for writing.
const READ: usize = 0;
const WRITTEN: usize = 1;

/// What is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    root_hash: String,
    /// Bytes of root and hashes.
    partitions: u64,
}

impl Source {
    /// The slot that runs, on the disk that the box runs from.
    pub(crate) fn of(disk: &Device, root_hash: String) -> Result<Self, DiskError> {
        let running = disk.children.iter().filter(|part| part.carries("/"));
        let partitions: u64 = running.map(|part| part.size).sum();
        if partitions == 0 { Err(DiskError::NotAnImage) } else { Ok(Self { root_hash, partitions }) }
    }
}

/// An installation at work.
pub(crate) struct Installing {
    source: Source,
    name: String,
    /// A path that no other disk gets, whatever is pulled out and put in meanwhile.
    path: PathBuf,
    sequence: u64,
    stage: watch::Sender<Stage>,
    stop: CancellationToken,
}

impl Installing {
    pub(crate) fn new(source: Source, target: &Device, stage: watch::Sender<Stage>, stop: CancellationToken) -> Result<Self, DiskError> {
        let sequence = target.sequence.ok_or(DiskError::Gone)?;
        let path = Path::new(BY_SEQUENCE).join(sequence.to_string());
        Ok(Self { source, name: target.name.clone(), path, sequence, stage, stop })
    }

    pub(crate) async fn run(self) -> Result<(), DiskError> {
        self.must_be_free()?;
        let esp_bytes = blocking(|| tree::size(Path::new(ESP))).await?;
        let disk = self.path.to_string_lossy();
        let definitions = format!("--definitions={DEFINITIONS}");
        // A fresh seed: the ESP gets a UUID of its own, while root and hashes keep theirs, which come from the root hash.
        let writing = Running::start("systemd-repart", &["--dry-run=no", "--empty=force", "--seed=random", &definitions, &disk])?;
        let done = self.write_and_check(writing, esp_bytes).await;
        if done.is_err() {
            // Half of a box must not start. When that fails, too, the disk is gone or broken, which the first error says.
            let _ = program::read("wipefs", &["--all", "--force", &disk], SHORT).await;
        }
        done
    }

    /// Only somebody who mounts it or makes something of it holds a disk exclusively.
    fn must_be_free(&self) -> Result<(), DiskError> {
        OpenOptions::new().read(true).custom_flags(OFlag::O_EXCL.bits()).open(&self.path).map(|_| ()).map_err(DiskError::Busy)
    }

    async fn write_and_check(&self, writing: Running, esp_bytes: u64) -> Result<(), DiskError> {
        let disk = self.path.to_string_lossy();
        let total = self.source.partitions + esp_bytes;
        self.follow(writing, WRITTEN, total, Stage::Copying).await?;

        // From here on bytes come from the disk itself and not from memory.
        program::read("blockdev", &["--flushbufs", &disk], SHORT).await?;
        program::read("udevadm", &["settle", "--timeout=30"], SHORT).await?;
        let copy = Copy::on(self.sequence, lsblk::list().await?)?;
        for part in [&copy.esp, &copy.root, &copy.verity] {
            program::read("blockdev", &["--flushbufs", &part.to_string_lossy()], SHORT).await?;
        }
        let (root, verity) = (copy.root.to_string_lossy(), copy.verity.to_string_lossy());
        let words = ["verify", &root, &verity, &self.source.root_hash];
        self.follow(Running::start("veritysetup", &words)?, READ, self.source.partitions, Stage::Checking).await?;
        let esp = copy.esp.clone();
        blocking(move || compare_esp(&esp)).await?;
        if self.stop.is_cancelled() { Err(DiskError::Cancelled) } else { Ok(()) }
    }

    /// Waits for a program while telling how much of `total` the kernel has written or read.
    async fn follow(&self, mut running: Running, field: usize, total: u64, stage: fn(Progress) -> Stage) -> Result<(), DiskError> {
        let counted = || counted(&self.name).map(|fields| fields[field]);
        let before = counted().unwrap_or_default();
        let (mut last, mut moved) = ((0, 0), Instant::now());
        self.stage.send_replace(stage(Progress { done: 0, total }));
        loop {
            // Cancel-safe: waiting for the end loses nothing, and the others keep no state.
            tokio::select! {
                ended = running.end() => return ended.map(|_| ()),
                () = self.stop.cancelled() => {
                    running.kill().await;
                    return Err(DiskError::Cancelled);
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let done = counted().map_or(last.0, |now| now.saturating_sub(before).min(total));
            let any: u64 = self::counted(&self.name).map_or(0, |fields| fields.iter().sum());
            if (done, any) != last {
                (last, moved) = ((done, any), Instant::now());
                self.stage.send_replace(stage(Progress { done, total }));
            } else if moved.elapsed() > PATIENCE {
                running.kill().await;
                return Err(DiskError::Stalled(PATIENCE));
            }
        }
    }
}

/// The partitions of what was written.
#[derive(Debug, PartialEq, Eq)]
struct Copy {
    esp: PathBuf,
    root: PathBuf,
    verity: PathBuf,
}

impl Copy {
    fn on(sequence: u64, devices: Vec<Device>) -> Result<Self, DiskError> {
        let disk = devices.into_iter().find(|device| device.sequence == Some(sequence)).ok_or(DiskError::Gone)?;
        let find = |types: &[&str]| {
            let found = disk.children.iter().find(|part| part.parttype.as_deref().is_some_and(|kind| types.contains(&kind)));
            found.map(|part| part.path.clone()).ok_or_else(|| DiskError::Differs("the partition table".into()))
        };
        Ok(Self { esp: find(&[ESP_TYPE])?, root: find(&ROOT_TYPES)?, verity: find(&VERITY_TYPES)? })
    }
}

/// Bytes that a disk has read, written and discarded since it is there.
fn counted(name: &str) -> Option<[u64; 3]> {
    counted_in(&fs::read_to_string(Path::new("/sys/class/block").join(name).join("stat")).ok()?)
}

fn counted_in(stat: &str) -> Option<[u64; 3]> {
    let field = |at: usize| stat.split_whitespace().nth(at)?.parse::<u64>().ok()?.checked_mul(SECTOR);
    let [read, written, discarded] = FIELDS.map(field);
    Some([read?, written?, discarded?])
}

/// Mounts the copy for reading, in this role's own world of mounts, and compares.
fn compare_esp(esp: &Path) -> Result<(), DiskError> {
    let unreadable = |source: io::Error| DiskError::Read { what: "the copy of the boot loader".into(), source };
    fs::create_dir_all(COPY).map_err(unreadable)?;
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NODEV | MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    mount(Some(esp), COPY, Some("vfat"), flags, None::<&str>).map_err(|error| unreadable(error.into()))?;
    let compared = tree::compare(Path::new(ESP), Path::new(COPY), &NOT_COPIED);
    let released = umount(COPY).map_err(|error| unreadable(error.into()));
    compared.and(released)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, DiskError> + Send + 'static) -> Result<T, DiskError> {
    let lost = |error| DiskError::Read { what: "the boot loader".into(), source: io::Error::other(error) };
    spawn_blocking(work).await.map_err(lost)?
}

#[cfg(test)]
#[path = "install_tests.rs"]
mod tests;
