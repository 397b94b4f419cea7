//! Loop devices as disks: the box of a developer has those of its own folder, and sees no other disk of the machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::lsblk::Device;

/// Names the folder with the files behind the loop devices that a box shall see as its only disks.
pub const LOOP_DISKS: &str = "CROFT_LOOP_DISKS";

/// The file behind a loop device.
pub(crate) fn file_behind(name: &str) -> Option<PathBuf> {
    let text = fs::read_to_string(Path::new("/sys/class/block").join(name).join("loop/backing_file")).ok()?;
    Some(PathBuf::from(text.trim_end_matches('\n')))
}

/// Whether the file behind this device lies in `folder`. A device without a size is one that was pulled out.
pub(crate) fn is_of(device: &Device, folder: &Path) -> bool {
    device.size > 0 && device.behind.as_deref().and_then(Path::parent) == Some(folder)
}

/// The name of the file: what such a disk is known by.
pub(crate) fn file_name(device: &Device) -> Option<String> {
    Some(device.behind.as_deref()?.file_name()?.to_string_lossy().into_owned())
}

/// What such a disk is called: `Loop disk 1` for `1.img`.
pub(crate) fn name(device: &Device) -> Option<String> {
    Some(format!("Loop disk {}", device.behind.as_deref()?.file_stem()?.to_string_lossy()))
}
