//! Foreign file systems that are read for as long as somebody wants: found by what they are known by, mounted so that nothing can be written
//! ([`ReadOnly`]), and handed on as a folder.

use std::{
    fs, io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::{FileExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use croft_model::{Bytes, DiskId, DiskSource, PartKind, Unadoptable, Unshown, VolumeId};
use nix::{
    errno::Errno,
    fcntl::{OFlag, openat},
    sys::stat::Mode,
};
use tokio::{task::spawn_blocking, time::timeout};

use crate::{
    DiskError, LinuxDisks, contents,
    inside::{self, Source},
    linux::place,
    lsblk::Device,
    probe,
    read_only::{self, ReadOnly},
};

/// Time for a mount: a disk that has to start turning, and a journal of a few gigabytes to be looked at.
const LIMIT: Duration = Duration::from_secs(60);
/// Where block devices are told by name.
const DEVICES: &str = "/sys/class/block";
/// What the data of a Croft box has at its top: spaces are shown of it, and nothing else, since beside them lie its secrets.
const CROFT_SPACES: &str = "spaces";
const CROFT_STATE: &str = "state";

/// A file system on a disk of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The disk.
    pub disk: DiskId,
    /// What people know the disk by.
    pub disk_name: String,
    /// What it is known by; none where it carries nothing of the kind.
    pub volume: Option<VolumeId>,
    /// The name that its owner gave it; empty without one.
    pub name: String,
    /// What it is, as the kernel names it.
    pub file_system: String,
    /// Its size.
    pub size: Bytes,
    /// Why it cannot be used as it is, as far as that is known before it is tried.
    pub unfit: Option<Unadoptable>,
}

impl Volume {
    /// Whether this is what is meant. One that lies on several disks is known by itself, any other one only on its own disk.
    #[must_use]
    pub fn is(&self, source: &DiskSource) -> bool {
        self.volume.as_ref() == Some(&source.volume) && (self.disk == source.disk || self.file_system == "btrfs")
    }
}

/// A file system that is read. Dropped, it is unmounted, at once for all who look anew.
pub struct Lending {
    root: OwnedFd,
    /// Whether changes lie in its journal that reached no other place.
    pub unfinished: bool,
    /// Whether it holds the data of a Croft box; then its topmost folder is the one of the spaces.
    pub croft: bool,
    /// The disks that it lies on.
    pub disks: Vec<DiskId>,
    /// The devices with the kernel's numbers of them: another disk that gets the name of one has another number.
    devices: Vec<(String, Option<u64>)>,
    /// Where a pretended one is asked whether it is there.
    pretended: Option<Arc<AtomicBool>>,
    _mount: Box<dyn Send + Sync>,
}

/// Why nothing is lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlent {
    /// No disk with it is here.
    Away,
    /// It cannot be read.
    Unread(Unadoptable),
}

impl Lending {
    /// One that is only pretended, for tests. It is there for as long as `there` says so.
    #[must_use]
    pub fn pretended(root: OwnedFd, disks: Vec<DiskId>, there: Arc<AtomicBool>, kept: Box<dyn Send + Sync>) -> Self {
        Self { root, unfinished: false, croft: false, disks, devices: Vec::new(), pretended: Some(there), _mount: kept }
    }

    /// Its topmost folder, for reading.
    #[must_use]
    pub fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// Whether all its disks are still there. Nothing is read from them.
    #[must_use]
    pub fn is_there(&self) -> bool {
        let pretended = self.pretended.as_ref().is_none_or(|there| there.load(Ordering::Relaxed));
        pretended && self.devices.iter().all(|(name, sequence)| is_there(name, *sequence))
    }

    /// Tells, also when the lending is over, whether anybody holds its disks.
    #[must_use]
    pub fn hold(&self) -> Hold {
        Hold(self.devices.clone())
    }
}

/// The disks of a lending, which whoever reads from it holds for a while after its end.
#[derive(Debug, Clone)]
pub struct Hold(Vec<(String, Option<u64>)>);

impl Hold {
    /// Whether somebody still holds one of the disks. Nothing is read from them. Blocks for a moment.
    #[must_use]
    pub fn lasts(&self) -> bool {
        self.0.iter().any(|(name, sequence)| is_there(name, *sequence) && is_held(name))
    }
}

/// Whether nobody can have a device, or a part of it, to themselves.
fn is_held(name: &str) -> bool {
    let alone =
        fs::OpenOptions::new().read(true).custom_flags((OFlag::O_EXCL | OFlag::O_NONBLOCK).bits()).open(Path::new("/dev").join(name));
    alone.is_err_and(|error| error.raw_os_error() == Some(Errno::EBUSY as i32))
}

impl LinuxDisks {
    /// All devices with what is known of what is on them.
    async fn devices_with_contents(&self) -> Result<Vec<Device>, DiskError> {
        let mut devices = self.devices().await?;
        probe::fill(&mut devices).await;
        Ok(devices)
    }

    /// The file systems on all disks. No disk of which the box runs, and nothing that holds no files.
    pub(crate) async fn volumes(&self) -> Result<Vec<Volume>, DiskError> {
        // What somebody read until a moment ago may be free by now.
        drop(spawn_blocking(read_only::forget));
        let devices = self.devices_with_contents().await?;
        let mut volumes = Vec::new();
        for device in devices.iter().filter(|device| !device.carries("/")) {
            let id = contents::id(device, &place(&device.name));
            for part in device.with_parts().into_iter().filter(|part| part.fstype.is_some() && part.size > 0) {
                if matches!(contents::kind(part), PartKind::Boot | PartKind::System | PartKind::Swap) {
                    continue;
                }
                let volume = volume_of(part);
                let unfit = match source(self, &devices, part).await {
                    _ if part.is_used() => Some(Unadoptable::InUse),
                    Err(why) => Some(why),
                    Ok(_) if volume.is_none() => Some(Unadoptable::Nameless),
                    Ok(_) => None,
                };
                volumes.push(Volume {
                    disk: id.clone(),
                    disk_name: contents::name(device),
                    volume,
                    name: contents::part_name(part),
                    file_system: contents::clean(part.fstype.as_deref()),
                    size: Bytes(part.size),
                    unfit,
                });
            }
        }
        Ok(volumes)
    }

    /// Mounts a file system for reading.
    pub(crate) async fn lend(&self, wanted: &DiskSource) -> Result<Lending, Unlent> {
        let devices = self.devices_with_contents().await.map_err(|error| {
            tracing::warn!(%error, "disks cannot be listed");
            Unlent::Away
        })?;
        let (part, disk) = chosen(&devices, wanted).ok_or(Unlent::Away)?;
        if part.is_used() {
            return Err(Unlent::Unread(Unadoptable::InUse));
        }
        let source = source(self, &devices, part).await.map_err(Unlent::Unread)?;
        let of_paths = |path: &PathBuf| {
            let device = devices.iter().find(|device| device.with_parts().iter().any(|part| part.path == *path))?;
            Some((contents::id(device, &place(&device.name)), (device.name.clone(), device.sequence)))
        };
        let (mut disks, names): (Vec<DiskId>, Vec<_>) = source.devices.iter().filter_map(of_paths).unzip();
        if disks.is_empty() {
            disks.push(disk);
        }
        let mounting = spawn_blocking(move || mount(&source, names, disks));
        match timeout(LIMIT, mounting).await {
            Ok(Ok(mounted)) => mounted.map_err(Unlent::Unread),
            Ok(Err(_)) => Err(Unlent::Unread(Unadoptable::Damaged)),
            // It goes on, and is unmounted when it comes about.
            Err(_) => Err(Unlent::Unread(Unadoptable::Slow)),
        }
    }
}

/// The one device with what is wanted, and its disk. Disks that cannot be told apart are none.
fn chosen<'a>(devices: &'a [Device], wanted: &DiskSource) -> Option<(&'a Device, DiskId)> {
    let mut found = devices.iter().filter(|device| !device.carries("/")).flat_map(|device| {
        let id = contents::id(device, &place(&device.name));
        device.with_parts().into_iter().filter(|part| volume_of(part).as_ref() == Some(&wanted.volume)).map(move |part| (part, id.clone()))
    });
    let is_btrfs = |part: &Device| part.fstype.as_deref() == Some("btrfs");
    let own: Vec<_> = found.by_ref().filter(|(part, id)| *id == wanted.disk || is_btrfs(part)).collect();
    match own.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        [first, ..] if is_btrfs(first.0) => Some(own.iter().find(|(_, id)| *id == wanted.disk).unwrap_or(first).clone()),
        _ => None,
    }
}

fn volume_of(part: &Device) -> Option<VolumeId> {
    part.uuid.as_deref()?.parse().ok()
}

/// What a file system lies on, or why it is not read.
async fn source(disks: &LinuxDisks, all: &[Device], part: &Device) -> Result<Source, Unadoptable> {
    inside::source(disks, all, part).await.map_err(|why| match why {
        Unshown::Locked => Unadoptable::Locked,
        Unshown::Spanned => Unadoptable::Spanned,
        Unshown::NotKnown => Unadoptable::NotKnown,
        Unshown::Incomplete => Unadoptable::Incomplete,
        Unshown::OwnPool => Unadoptable::OwnPool,
        Unshown::Damaged => Unadoptable::Damaged,
    })
}

fn mount(source: &Source, devices: Vec<(String, Option<u64>)>, disks: Vec<DiskId>) -> Result<Lending, Unadoptable> {
    let failed = |error: io::Error| {
        tracing::info!(%error, kind = ?source.kind.name, devices = ?source.devices, "a file system is not read");
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENODEV) => Unadoptable::NotKnown,
            Some(Errno::EBUSY) => Unadoptable::InUse,
            _ if source.missing => Unadoptable::Incomplete,
            _ => Unadoptable::Damaged,
        }
    };
    let (mounted, unfinished) = attempt(source).map_err(failed)?;
    // It was this disk all the time, and not another one that has got its name.
    if !devices.iter().all(|(name, sequence)| is_there(name, *sequence)) {
        return Err(Unadoptable::InUse);
    }
    let root = mounted.root().map_err(failed)?;
    let croft = is_croft(root).map_err(failed)?;
    // A descriptor of its own: it holds no mount together, so that the end of the lending is the end of the mount's place, whoever reads still.
    let root = folder(root, if croft { CROFT_SPACES } else { "." }).map_err(failed)?;
    Ok(Lending { root, unfinished, croft, disks, devices, pretended: None, _mount: Box::new(mounted) })
}

/// Mounts it, and says whether its journal holds what reached no other place.
fn attempt(source: &Source) -> io::Result<(ReadOnly, bool)> {
    let unfinished = match source.kind.name.to_bytes() {
        b"ext4" => source.devices.first().is_some_and(|path| has_journal_to_replay(path).unwrap_or(true)),
        // It says so itself, by refusing a device that it could not write to.
        b"xfs" => match ReadOnly::mount(&source.kind.trusting(), &source.devices) {
            Ok(mounted) => return Ok((mounted, false)),
            // Of what fails in another way nobody knows what is in its journal.
            Err(_) => true,
        },
        b"btrfs" => source.log,
        _ => false,
    };
    let kind = if source.missing { source.kind.degraded() } else { source.kind.clone() };
    Ok((ReadOnly::mount(&kind, &source.devices)?, unfinished))
}

/// Whether an ext4 says in its superblock that its journal has to be replayed (`EXT4_FEATURE_INCOMPAT_RECOVER`).
fn has_journal_to_replay(path: &Path) -> io::Result<bool> {
    /// Where its features lie: in the superblock, which begins at 1024.
    const INCOMPATIBLE: u64 = 1024 + 0x60;
    const RECOVER: u32 = 0x4;
    let device = fs::OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    let mut word = [0; 4];
    device.read_exact_at(&mut word, INCOMPATIBLE)?;
    Ok(u32::from_le_bytes(word) & RECOVER != 0)
}

/// Whether it is the data of a Croft box. Where that cannot be told, it may be, and its secrets are not handed on.
fn is_croft(root: BorrowedFd<'_>) -> io::Result<bool> {
    let has = |path| match folder(root, path) {
        Ok(_) => Ok(true),
        Err(error) => match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => Ok(false),
            _ => Err(error),
        },
    };
    Ok(has(CROFT_STATE)? && has(CROFT_SPACES)?)
}

fn folder(root: BorrowedFd<'_>, path: &str) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut at: Option<OwnedFd> = None;
    for name in path.split('/') {
        at = Some(openat(at.as_ref().map_or(root, AsFd::as_fd), name, flags, Mode::empty())?);
    }
    at.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Whether the device of this name is still the one with this number, and has not been pulled out.
fn is_there(name: &str, sequence: Option<u64>) -> bool {
    let word = |file: &str| fs::read_to_string(Path::new(DEVICES).join(name).join(file)).ok()?.trim().parse::<u64>().ok();
    word("diskseq") == sequence && word("size").is_some_and(|sectors| sectors > 0) && !is_dead(name)
}

/// Whether nothing answers any more although the name is there still, as after a stick was pulled out while it was read.
fn is_dead(name: &str) -> bool {
    let state = fs::read_to_string(Path::new(DEVICES).join(name).join("device/state")).unwrap_or_default();
    matches!(state.trim(), "offline" | "deleted" | "dead")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_known_on_its_own_disk_and_a_pool_on_any() {
        let disk = |number: u8| DiskId::of_hash(&[number; 32]);
        let volume = |file_system: &str| Volume {
            disk: disk(1),
            disk_name: "Disk".into(),
            volume: "1234-ABCD".parse().ok(),
            name: String::new(),
            file_system: file_system.into(),
            size: Bytes(1),
            unfit: None,
        };
        let check = |volume: &Volume, on: u8, id: &str, expected: bool| {
            assert_eq!(volume.is(&DiskSource { disk: disk(on), volume: id.parse().unwrap() }), expected, "{volume:?} {on} {id}");
        };
        check(&volume("vfat"), 1, "1234-ABCD", true);
        check(&volume("vfat"), 2, "1234-ABCD", false);
        check(&volume("vfat"), 1, "1234-ABCE", false);
        check(&volume("btrfs"), 2, "1234-ABCD", true);
        check(&Volume { volume: None, ..volume("vfat") }, 1, "1234-ABCD", false);
    }

    #[test]
    fn a_journal_that_waits_is_seen() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(4096).unwrap();
        assert!(!has_journal_to_replay(file.path()).unwrap());
        file.as_file().write_all_at(&[0xc6, 2, 0, 0], 1024 + 0x60).unwrap();
        assert!(has_journal_to_replay(file.path()).unwrap());
    }

    #[test]
    fn what_may_be_another_box_is_handed_on_without_its_secrets() {
        let check = |folders: &[&str], expected: bool| {
            let top = tempfile::tempdir().unwrap();
            folders.iter().for_each(|path| fs::create_dir_all(top.path().join(path)).unwrap());
            assert_eq!(is_croft(fs::File::open(top.path()).unwrap().as_fd()).unwrap(), expected, "{folders:?}");
        };
        check(&["spaces", "state/supervisor"], true);
        check(&["spaces", "state"], true);
        check(&["spaces"], false);
        check(&["state"], false);
        for (from, to) in [("file", "state"), ("elsewhere", "state")] {
            let top = tempfile::tempdir().unwrap();
            fs::create_dir(top.path().join("spaces")).unwrap();
            std::os::unix::fs::symlink(from, top.path().join(to)).unwrap();
            assert!(!is_croft(fs::File::open(top.path()).unwrap().as_fd()).unwrap(), "{from}");
        }
    }

    #[test]
    fn a_device_that_is_none_is_not_there() {
        assert!(!is_there("no such device", Some(1)) && !is_there("../..", None));
    }
}
