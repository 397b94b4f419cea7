//! The disks of a Linux machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use croft_model::{Disk, DiskId, PartKind};
use futures_util::{FutureExt, future::BoxFuture, future::join_all};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    DiskError, Disks, Stage,
    btrfs::{Superblocks, is_mounted, pooled_devices},
    contents,
    ends::EndsOfDisks,
    install::{Installing, Source},
    loops,
    lsblk::{self, Device},
    probe,
};

/// How the partitions of an installed box are made; there only in an image.
pub(crate) const DEFINITIONS: &str = "/usr/lib/croft/install.d";
/// Where the kernel says with which words it was started.
const COMMAND_LINE: &str = "/proc/cmdline";

/// The disks of this machine, asked by the programs that every Linux has. Clones share what they wait for.
#[derive(Debug, Clone, Default)]
pub struct LinuxDisks {
    /// Only the loop devices on the files of this folder.
    loops: Option<PathBuf>,
    blocks: Superblocks,
    ends: EndsOfDisks,
}

/// A disk with its device.
pub(crate) struct Found {
    pub(crate) disk: Disk,
    pub(crate) device: Device,
}

impl LinuxDisks {
    /// All of this machine; or the loop devices of a developer's box, where [`loops::LOOP_DISKS`] names their folder.
    #[must_use]
    pub fn of_this_machine() -> Self {
        std::env::var_os(loops::LOOP_DISKS).map_or_else(Self::default, |folder| Self::of_loops(Path::new(&folder)))
    }

    /// Only the loop devices on the files of `folder`.
    #[must_use]
    pub fn of_loops(folder: &Path) -> Self {
        // The kernel tells a loop device's file by the way without links.
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        Self { loops: Some(folder), ..Self::default() }
    }

    /// The devices of the disks, without looking at what is on them.
    pub(crate) async fn devices(&self) -> Result<Vec<Device>, DiskError> {
        let is_one =
            |device: &Device| self.loops.as_deref().map_or_else(|| contents::is_disk(device), |folder| loops::is_of(device, folder));
        Ok(lsblk::list().await?.into_iter().filter(is_one).collect())
    }

    /// The one disk of this id, without reading from any. Disks that cannot be told apart are none.
    pub(crate) async fn device(&self, id: &DiskId) -> Result<Device, DiskError> {
        let mut found = self.devices().await?.into_iter().filter(|device| contents::id(device, &place(&device.name)) == *id);
        match (found.next(), found.next()) {
            (Some(device), None) => Ok(device),
            _ => Err(DiskError::Gone),
        }
    }

    /// The superblock of the btrfs on a device.
    pub(crate) fn blocks(&self) -> &Superblocks {
        &self.blocks
    }

    pub(crate) async fn found(&self) -> Result<Vec<Found>, DiskError> {
        let mut devices = self.devices().await?;
        probe::fill(&mut devices).await;
        let pooled = pooled_devices();
        let reads = join_all(devices.iter().map(|device| self.read(device, &pooled))).await;
        let mut disks: Vec<Disk> = devices.iter().zip(&reads).map(|(device, read)| contents::disk(device, read)).collect();
        contents::mark_several(&mut disks, &reads);
        contents::mark_twins(&mut disks);
        Ok(disks.into_iter().zip(devices).map(|(disk, device)| Found { disk, device }).collect())
    }

    /// What the list does not say of a disk. A disk of which nothing can be read is still told.
    async fn read(&self, device: &Device, pooled: &BTreeSet<String>) -> contents::Read {
        let ends = self.ends.read(&device.path, device.size).await;
        let (mut used, mut block) = (BTreeMap::new(), None);
        for part in device.with_parts().into_iter().filter(|part| part.fstype.as_deref() == Some("btrfs")) {
            let Some(found) = self.blocks.read(&part.path).await else { continue };
            used.insert(part.name.clone(), found.used);
            if !is_mounted(&found.uuid) {
                block = Some((found, contents::kind(part) == PartKind::Croft));
            }
        }
        let pooled = device.with_parts().iter().any(|part| pooled.contains(&part.name));
        contents::Read { place: place(&device.name), ends, used, block, pooled }
    }

    async fn copy(&self, disk: &DiskId, contents: &str, stage: watch::Sender<Stage>, stop: CancellationToken) -> Result<(), DiskError> {
        let root_hash = root_hash().ok_or(DiskError::NotAnImage)?;
        let found = self.found().await?;
        let from = found.iter().find(|found| found.disk.runs_from).ok_or(DiskError::NotAnImage)?;
        let source = Source::of(&from.device, root_hash)?;
        let target = found.iter().find(|found| found.disk.id == *disk).ok_or(DiskError::Gone)?;
        if target.disk.contents != contents || target.disk.unfit.is_some() {
            return Err(DiskError::Changed);
        }
        Installing::new(source, &target.device, stage, stop)?.run().await
    }
}

impl Disks for LinuxDisks {
    fn can_install(&self) -> bool {
        Path::new(DEFINITIONS).is_dir() && root_hash().is_some() && nix::unistd::geteuid().is_root()
    }

    fn look(&self) -> BoxFuture<'_, Result<Vec<Disk>, DiskError>> {
        async move { Ok(self.found().await?.into_iter().map(|found| found.disk).collect()) }.boxed()
    }

    fn install<'a>(
        &'a self,
        disk: &'a DiskId,
        contents: &'a str,
        stage: watch::Sender<Stage>,
        stop: CancellationToken,
    ) -> BoxFuture<'a, Result<(), DiskError>> {
        self.copy(disk, contents, stage, stop).boxed()
    }
}

/// The way to a disk's socket, as the kernel names it: without the disk's own name.
pub(crate) fn place(name: &str) -> String {
    let path = fs::canonicalize(Path::new("/sys/class/block").join(name)).unwrap_or_default();
    path.parent().map(PathBuf::from).unwrap_or_default().display().to_string()
}

/// The hash with which the running root is checked, from the words that the kernel was started with.
fn root_hash() -> Option<String> {
    let words = fs::read_to_string(COMMAND_LINE).ok()?;
    root_hash_in(&words)
}

fn root_hash_in(words: &str) -> Option<String> {
    let hash = words.split_whitespace().find_map(|word| word.strip_prefix("roothash="))?;
    (hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| hash.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_hash_is_a_hash() {
        let hash = "0".repeat(64);
        let check = |words: &str, expected: Option<&str>| assert_eq!(root_hash_in(words).as_deref(), expected, "{words}");
        check(&format!("ro roothash={hash} quiet\n"), Some(&hash));
        check("ro roothash=x", None);
        check(&format!("ro xroothash={hash}"), None);
        check(&format!("roothash=-{}", "0".repeat(63)), None);
        check("", None);
    }

    #[tokio::test]
    async fn this_machine_can_be_looked_at() {
        let disks = LinuxDisks::default().look().await.expect("a list");
        for disk in &disks {
            assert!(!disk.name.is_empty() && disk.contents.len() == 64, "{disk:?}");
        }
        // These tests do not run in an image.
        assert!(!LinuxDisks::default().can_install());
    }
}
