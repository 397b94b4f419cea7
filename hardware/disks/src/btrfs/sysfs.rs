//! What the kernel tells of mounted btrfs in `/sys/fs/btrfs` (Documentation/ABI/testing/sysfs-fs-btrfs).

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use nix::sys::stat::{major, minor};

use crate::pool::Holder;

const ROOT: &str = "/sys/fs/btrfs";

/// What is being done to a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// Nothing that keeps others away.
    None,
    /// Data is moved.
    Balance,
    /// A move of data was interrupted and waits to be taken up again or given up.
    BalancePaused,
    /// One disk takes another's place.
    Replace,
    /// A disk is taken out.
    Remove,
    /// Something short.
    Other,
}

impl Operation {
    pub(super) fn of(uuid: &str) -> io::Result<Self> {
        Ok(Self::named(fs::read_to_string(folder(uuid).join("exclusive_operation"))?.trim()))
    }

    fn named(name: &str) -> Self {
        match name {
            "none" => Self::None,
            "balance" => Self::Balance,
            "balance paused" => Self::BalancePaused,
            "device replace" => Self::Replace,
            "device remove" => Self::Remove,
            _ => Self::Other,
        }
    }

    pub(super) fn holder(self) -> Option<Holder> {
        match self {
            Self::None => None,
            Self::Balance | Self::BalancePaused => Some(Holder::Balance),
            Self::Replace => Some(Holder::Replace),
            Self::Remove => Some(Holder::Remove),
            Self::Other => Some(Holder::Other),
        }
    }
}

/// Whether a mounted file system has this very device open. Nothing else tells: `missing` stays 0 when a disk is pulled out, and becomes 0 when one
/// that was missing comes back and somebody scans it, without being used.
pub(super) fn is_used(uuid: &str, device: &Path) -> bool {
    let number = fs::metadata(device).map(|node| format!("{}:{}", major(node.rdev()), minor(node.rdev())));
    let known = number.and_then(|number| fs::read_link(Path::new("/sys/dev/block").join(number)));
    known.is_ok_and(|known| known.file_name().is_some_and(|name| folder(uuid).join("devices").join(name).exists()))
}

/// Whether the kernel knows that this disk of a mounted file system is not there.
pub(super) fn is_missing(uuid: &str, number: u64) -> bool {
    let told = fs::read_to_string(folder(uuid).join("devinfo").join(number.to_string()).join("missing"));
    told.is_ok_and(|told| told.trim() == "1")
}

/// The names of all devices that mounted file systems have.
pub(crate) fn pooled_devices() -> BTreeSet<String> {
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    let devices = entries(Path::new(ROOT)).flat_map(|mounted| entries(&mounted.path().join("devices")));
    devices.map(|device| device.file_name().to_string_lossy().into_owned()).collect()
}

/// Whether the file system of this UUID is mounted now.
pub(crate) fn is_mounted(uuid: &[u8; 16]) -> bool {
    folder(&text_of(uuid)).is_dir()
}

fn folder(uuid: &str) -> PathBuf {
    Path::new(ROOT).join(uuid)
}

/// A UUID as the kernel writes it.
pub(super) fn text_of(uuid: &[u8; 16]) -> String {
    let digits = hex::encode(uuid);
    let ends = [0..8, 8..12, 12..16, 16..20, 20..32];
    ends.into_iter().filter_map(|range| digits.get(range)).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_go_by_the_kernels_words() {
        let check = |name: &str, expected: Option<Holder>| assert_eq!(Operation::named(name).holder(), expected, "{name}");
        check("none", None);
        check("balance", Some(Holder::Balance));
        check("balance paused", Some(Holder::Balance));
        check("device replace", Some(Holder::Replace));
        check("device remove", Some(Holder::Remove));
        check("device add", Some(Holder::Other));
        check("what a later kernel may say", Some(Holder::Other));
    }

    #[test]
    fn a_uuid_has_five_parts() {
        assert_eq!(text_of(&[0xab; 16]), "abababab-abab-abab-abab-abababababab");
    }
}
