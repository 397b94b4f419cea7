//! The disks of a Linux machine.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use croft_model::{Disk, DiskId};
use futures_util::{FutureExt, future::BoxFuture, future::join_all};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    DiskError, Disks, Stage, contents, ends,
    install::{Installing, Source},
    lsblk::{self, Device},
};

/// How the partitions of an installed box are made; there only in an image.
pub(crate) const DEFINITIONS: &str = "/usr/lib/croft/install.d";
/// Where the kernel says with which words it was started.
const COMMAND_LINE: &str = "/proc/cmdline";

/// The disks of this machine, asked by the programs that every Linux has.
#[derive(Debug, Default)]
pub struct LinuxDisks;

/// A disk with its device.
pub(crate) struct Found {
    pub(crate) disk: Disk,
    pub(crate) device: Device,
}

impl LinuxDisks {
    async fn found(&self) -> Result<Vec<Found>, DiskError> {
        let devices: Vec<Device> = lsblk::list().await?.into_iter().filter(contents::is_disk).collect();
        let reads = join_all(devices.iter().map(read)).await;
        let mut disks: Vec<Disk> = devices.iter().zip(&reads).map(|(device, read)| contents::disk(device, read)).collect();
        contents::mark_twins(&mut disks);
        Ok(disks.into_iter().zip(devices).map(|(disk, device)| Found { disk, device }).collect())
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

/// What the list does not say of a disk. A disk of which nothing can be read is still told.
async fn read(device: &Device) -> contents::Read {
    let ends = ends::read(&device.path, device.size).await;
    let ends = ends.inspect_err(|error| tracing::warn!(disk = device.name, %error, "a disk cannot be read")).ok();
    let mut used = BTreeMap::new();
    for part in device.children.iter().filter(|part| part.fstype.as_deref() == Some("btrfs")) {
        used.extend(ends::btrfs_used(&part.path).await.map(|bytes| (part.name.clone(), bytes)));
    }
    contents::Read { place: place(&device.name), ends, used }
}

/// The way to a disk's socket, as the kernel names it: without the disk's own name.
fn place(name: &str) -> String {
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
        let disks = LinuxDisks.look().await.expect("a list");
        for disk in &disks {
            assert!(!disk.name.is_empty() && disk.contents.len() == 64, "{disk:?}");
        }
        // These tests do not run in an image.
        assert!(!LinuxDisks.can_install());
    }
}
