//! From block devices to disks as people know them. Pure: what has to be read of a disk comes as an argument.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest::{SHA256, digest};
use croft_model::{Bus, Bytes, Disk, DiskId, Holds, Part, PartKind, Several, Unfit, label_of};

use crate::{btrfs::Superblock, ends::Ends, loops, lsblk::Device, plug};

/// What the partitions of a box take (`/usr/lib/repart.d`: 3.1 GB), and a little room for data.
const NEEDED: Bytes = Bytes(4_000_000_000);
/// The labels of a box's data partition, and of the one on every other disk of its pool.
const CROFT_DATA: &str = "croft-data";
pub(crate) const CROFT_POOL: &str = "croft-pool";
/// Beginnings of the labels of a box's slots.
const SLOTS: [&str; 2] = ["croft_", "_empty"];
/// Disks in name only: memory, files, and the parts of an eMMC that are for its firmware.
const VIRTUAL: [&str; 7] = ["loop", "zram", "ram", "dm-", "nbd", "fd", "md"];
/// Types of partitions from which computers start: ESP, BIOS boot, Microsoft's reserved one (UEFI specification 5.3.3, systemd's gpt.h), and that of MBR.
const BOOT: [&str; 4] =
    ["c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "21686148-6449-6e6f-744e-656564454649", "e3c9e316-0b5c-4db8-817d-f92df00215ae", "0xef"];
/// What blkid calls things that are closed without a key.
const LOCKED: [&str; 2] = ["crypto_LUKS", "BitLocker"];
/// What blkid calls parts of things that span disks.
const MEMBERS: [&str; 6] = ["LVM2_member", "linux_raid_member", "zfs_member", "bcache", "ddf_raid_member", "isw_raid_member"];

/// What was read of a disk beside the list.
pub(crate) struct Read {
    /// Where it is plugged in, for disks that say nothing of themselves.
    pub(crate) place: String,
    /// Its ends; none when they cannot be read.
    pub(crate) ends: Option<Ends>,
    /// What is used of its file systems, by the names of the devices.
    pub(crate) used: BTreeMap<String, Bytes>,
    /// The superblock of a btrfs on it that is not mounted, and whether that is of a Croft box.
    pub(crate) block: Option<(Superblock, bool)>,
    /// Whether a btrfs that is mounted has it among its disks, of which the list tells one.
    pub(crate) pooled: bool,
}

/// Whether it is a disk that somebody could put in and take out, and not one of memory, files or other disks.
pub(crate) fn is_disk(device: &Device) -> bool {
    let of_firmware = device.name.starts_with("mmcblk") && (device.name.contains("boot") || device.name.contains("rpmb"));
    device.kind == "disk" && device.size > 0 && !of_firmware && !VIRTUAL.iter().any(|start| device.name.starts_with(start))
}

/// A disk out of its device.
pub(crate) fn disk(device: &Device, read: &Read) -> Disk {
    let name = name(device);
    let serial = clean(device.serial.as_deref());
    let holds = holds(device, read);
    let id = id(device, &read.place);
    let contents = fingerprint(device, &id, read);
    let label = label_of(&holds, &name, &serial);
    Disk {
        id,
        serial,
        size: Bytes(device.size),
        bus: bus(device),
        plug: plug::of_way(&read.place),
        several: None,
        removable: device.removable || bus(device) == Bus::Usb,
        runs_from: device.carries("/"),
        holds,
        label,
        contents,
        half_installed: false,
        unfit: unfit(device, read),
        name,
    }
}

/// Tells of each disk of another file system how many there should be and how many are here.
pub(crate) fn mark_several(disks: &mut [Disk], reads: &[Read]) {
    for (disk, read) in disks.iter_mut().zip(reads) {
        let Some((block, _)) = &read.block else { continue };
        let of_it = || reads.iter().filter_map(|other| other.block.as_ref()).filter(|(other, _)| other.uuid == block.uuid);
        let here: BTreeSet<u64> = of_it().map(|(other, _)| other.number).collect();
        // Of a pool that began with a whole disk, that disk has no partition that says so.
        let croft = of_it().any(|(_, croft)| *croft);
        let several = Several { croft, disks: block.disks, here: here.len() as u64 };
        disk.several = (croft || block.disks > 1).then_some(several);
    }
}

/// Marks disks that cannot be told apart: none of them can be chosen.
pub(crate) fn mark_twins(disks: &mut [Disk]) {
    let mut seen: BTreeMap<DiskId, usize> = BTreeMap::new();
    for disk in disks.iter() {
        *seen.entry(disk.id.clone()).or_default() += 1;
    }
    for disk in disks.iter_mut().filter(|disk| !disk.runs_from) {
        if seen.get(&disk.id).is_some_and(|count| *count > 1) {
            disk.unfit = Some(Unfit::Twin);
        }
    }
}

fn unfit(device: &Device, read: &Read) -> Option<Unfit> {
    if device.carries("/") {
        Some(Unfit::RunsFrom)
    } else if device.read_only {
        Some(Unfit::ReadOnly)
    } else if read.ends.is_none() {
        Some(Unfit::Unreadable)
    } else if device.is_used() || read.pooled {
        Some(Unfit::InUse)
    } else if device.size < NEEDED.0 {
        Some(Unfit::TooSmall)
    } else {
        None
    }
}

fn holds(device: &Device, read: &Read) -> Holds {
    let mut parts: Vec<Part> = device.children.iter().filter(|child| child.kind == "part").map(|child| part(child, read)).collect();
    if parts.is_empty() && device.fstype.is_some() {
        parts.push(part(device, read));
    }
    match &read.ends {
        _ if !parts.is_empty() || device.pttype.is_some() => Holds::Parts { parts },
        Some(ends) if ends.all_zero => Holds::Nothing,
        _ => Holds::Bytes,
    }
}

fn part(device: &Device, read: &Read) -> Part {
    let name = part_name(device);
    let file_system = clean(device.fstype.as_deref());
    Part { kind: kind(device), name, file_system, size: Bytes(device.size), used: read.used.get(&device.name).copied() }
}

/// The name that its owner gave a partition; empty without one.
pub(crate) fn part_name(device: &Device) -> String {
    let label = clean(device.label.as_deref());
    if label.is_empty() { clean(device.partlabel.as_deref()) } else { label }
}

pub(crate) fn kind(device: &Device) -> PartKind {
    let label = device.partlabel.as_deref().unwrap_or_default();
    let is_boot = device.parttype.as_deref().is_some_and(|kind| BOOT.contains(&kind.to_ascii_lowercase().as_str()));
    match device.fstype.as_deref() {
        _ if is_boot => PartKind::Boot,
        _ if [CROFT_DATA, CROFT_POOL].contains(&label) => PartKind::Croft,
        _ if SLOTS.iter().any(|slot| label.starts_with(slot)) => PartKind::System,
        Some(locked) if LOCKED.contains(&locked) => PartKind::Locked,
        Some(member) if MEMBERS.contains(&member) => PartKind::Member,
        Some("swap") => PartKind::Swap,
        Some(_) => PartKind::Files,
        None => PartKind::Unknown,
    }
}

pub(crate) fn bus(device: &Device) -> Bus {
    match device.tran.as_deref() {
        Some("usb") => Bus::Usb,
        Some("nvme") => Bus::Nvme,
        Some("sata" | "ata" | "sas") => Bus::Sata,
        Some("mmc") => Bus::Card,
        Some("virtio") => Bus::Virtual,
        _ if device.behind.is_some() => Bus::Virtual,
        _ if device.name.starts_with("mmcblk") => Bus::Card,
        _ if device.name.starts_with("nvme") => Bus::Nvme,
        _ => Bus::Other,
    }
}

/// Maker and model. A vendor that is a number or a bus tells nobody anything.
pub(crate) fn name(device: &Device) -> String {
    if let Some(name) = loops::name(device) {
        return clean(Some(&name));
    }
    let vendor = clean(device.vendor.as_deref());
    let model = clean(device.model.as_deref()).replace('_', " ");
    let vendor = Some(vendor).filter(|vendor| vendor != "ATA" && !vendor.starts_with("0x") && !model.starts_with(vendor.as_str()));
    let name = format!("{} {model}", vendor.unwrap_or_default());
    if name.trim().is_empty() { "Disk".into() } else { name.trim().into() }
}

/// The id of a disk that is plugged in at `place`.
pub(crate) fn id(device: &Device, place: &str) -> DiskId {
    let own = [&device.model, &device.serial, &device.wwn].map(|word| clean(word.as_deref()));
    let tells = !own[1].is_empty() || !own[2].is_empty();
    let text = match loops::file_name(device) {
        Some(file) => format!("loop\n{file}"),
        None if tells => own.join("\n"),
        None => format!("at\n{place}"),
    };
    DiskId::of_hash(&sha256(text.as_bytes()))
}

/// Stands for everything that is known of what is on the disk.
fn fingerprint(device: &Device, id: &DiskId, read: &Read) -> String {
    let mut words = vec![id.to_string()];
    for part in std::iter::once(device).chain(&device.children) {
        let texts = [&part.pttype, &part.ptuuid, &part.fstype, &part.label, &part.uuid, &part.partlabel, &part.parttype, &part.partuuid];
        words.extend(texts.into_iter().map(|text| text.clone().unwrap_or_default()));
        words.push(part.size.to_string());
        words.push(read.used.get(&part.name).map(|used| used.0.to_string()).unwrap_or_default());
    }
    words.push(read.ends.as_ref().map(|ends| hex::encode(ends.hash)).unwrap_or_default());
    hex::encode(sha256(words.join("\n").as_bytes()))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// A text of a disk, which could be anything, as something that can be shown.
pub(crate) fn clean(text: Option<&str>) -> String {
    let visible: String = text.unwrap_or_default().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_TEXT).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters of a disk's text that are shown; GPT allows 36.
const MAX_TEXT: usize = 128;

#[cfg(test)]
#[path = "contents_tests.rs"]
mod tests;
