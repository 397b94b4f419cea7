//! What is read from `lsblk` and `blkid`, as real machines said it.

use super::*;
use crate::lsblk;

/// What the image printed in an emulator: started from a stick, with an empty disk and one that holds an ext4.
const STICK: &str = include_str!("golden/started-from-a-stick.json");
/// Kinds of disks that no emulator has, in the words of `lsblk`.
const KINDS: &str = include_str!("golden/kinds.json");

fn ends(all_zero: bool) -> Option<Ends> {
    Some(Ends { all_zero, hash: [u8::from(all_zero); 32] })
}

fn read(ends: Option<Ends>) -> Read {
    Read { place: "/sys/devices/slot".into(), ends, used: [("sda6".to_owned(), Bytes(40_000_000_000))].into(), block: None, pooled: false }
}

/// All disks of a list, in a line each.
fn told(json: &str) -> Vec<String> {
    let devices: Vec<Device> = lsblk::parse(json).expect("a list").into_iter().filter(is_disk).collect();
    let of = |device: &Device| disk(device, &read(ends(device.pttype.is_none() && device.fstype.is_none() && device.name != "sdd")));
    let mut disks: Vec<Disk> = devices.iter().map(of).collect();
    mark_twins(&mut disks);
    disks.iter().map(line).collect()
}

fn line(disk: &Disk) -> String {
    let parts: Vec<String> = match &disk.holds {
        Holds::Nothing => vec!["nothing".into()],
        Holds::Bytes => vec!["bytes".into()],
        Holds::Parts { parts } => parts.iter().map(|part| format!("{:?} {} {}", part.kind, part.file_system, part.name)).collect(),
    };
    let removable = if disk.removable { " removable" } else { "" };
    format!("{} {} {:?}{removable} [{}] label {:?} unfit {:?}", disk.name, disk.size, disk.bus, parts.join(", "), disk.label, disk.unfit)
}

#[test]
fn disks_are_told_as_people_know_them() {
    assert_eq!(
        told(STICK),
        [
            "QEMU HARDDISK 6.4 GB Usb removable [Boot vfat ESP, System erofs croft_0.1.0_root, System DM_verity_hash croft_0.1.0_verity, \
             System  _empty, System  _empty, Croft btrfs croft-data] label Some(\"QEMU HARDDISK ICK1\") unfit Some(RunsFrom)",
            "Disk 8.6 GB Virtual [nothing] label None unfit None",
            "Disk 1.1 GB Virtual [Files ext4 Grandma photos] label Some(\"Grandma photos\") unfit Some(TooSmall)",
        ]
    );
    assert_eq!(
        told(KINDS),
        [
            "WDC WD40EFRX-68N32N0 4.0 TB Sata [Files ntfs Old photos] label Some(\"Old photos\") unfit None",
            "Samsung SSD 980 500GB 500.1 GB Nvme [Boot vfat SYSTEM, Boot  Microsoft reserved partition, Locked BitLocker Basic data partition] \
             label Some(\"Basic data partition\") unfit None",
            "SanDisk Ultra 30.8 GB Usb removable [bytes] label Some(\"SanDisk Ultra 5678\") unfit Some(Twin)",
            "SanDisk Ultra 30.8 GB Usb removable [Files exfat ] label Some(\"SanDisk Ultra 5678\") unfit Some(Twin)",
            "MMC 31.3 GB Card [Member LVM2_member ] label Some(\"MMC 90ab\") unfit Some(InUse)",
            "Disk 31.3 GB Card [nothing] label None unfit Some(ReadOnly)",
        ]
    );
}

#[test]
fn what_cannot_be_read_is_no_empty_disk() {
    let devices = lsblk::parse(STICK).expect("a list");
    let unread = disk(&devices[1], &read(None));
    assert_eq!((unread.unfit, unread.holds, unread.label.is_some()), (Some(Unfit::Unreadable), Holds::Bytes, true));
}

#[test]
fn a_disk_of_a_mounted_pool_is_in_use_whatever_the_list_says() {
    let devices: Vec<Device> = lsblk::parse(KINDS).expect("a list").into_iter().filter(is_disk).collect();
    let of = |pooled: bool| disk(&devices[0], &Read { pooled, ..read(ends(false)) }).unfit;
    assert_eq!((of(false), of(true)), (None, Some(Unfit::InUse)));
}

#[test]
fn a_loop_disk_goes_by_its_file() {
    let mut device = lsblk::parse(STICK).expect("a list")[2].clone();
    let mut of = |name: &str, file: &str| {
        (device.name, device.behind) = (name.into(), Some(file.into()));
        disk(&device, &read(ends(false)))
    };
    let (one, again, two) = (of("loop3", "/boxes/a.disks/1.img"), of("loop5", "/boxes/b.disks/1.img"), of("loop5", "/boxes/a.disks/2.img"));
    assert_eq!((one.name.as_str(), one.bus), ("Loop disk 1", Bus::Virtual));
    assert_eq!(one.id, again.id);
    assert_ne!(one.id, two.id);
}

#[test]
fn ids_are_the_disks_own_and_contents_tell_every_change() {
    let devices = lsblk::parse(STICK).expect("a list");
    let before = disk(&devices[2], &read(ends(false)));
    let change = |change: fn(&mut Device)| {
        let mut device = devices[2].clone();
        change(&mut device);
        let after = disk(&device, &read(ends(false)));
        (after.id == before.id, after.contents == before.contents)
    };
    assert_eq!(change(|_| ()), (true, true));
    assert_eq!(change(|device| device.name = "vdz".into()), (true, true));
    assert_eq!(change(|device| device.label = Some("Other".into())), (true, false));
    assert_eq!(change(|device| device.uuid = None), (true, false));
    assert_eq!(change(|device| device.size += 512), (true, false));
    assert_eq!(change(|device| device.serial = Some("OTHER2".into())), (false, false));
    let nameless = change(|device| device.serial = None);
    assert_eq!(nameless, (false, false), "it is known by its place");
    assert_ne!(disk(&devices[2], &read(ends(true))).contents, before.contents);
}

#[test]
fn texts_of_disks_are_made_harmless() {
    let check = |text: &str, expected: &str| assert_eq!(clean(Some(text)), expected, "{text:?}");
    check("  WDC  WD40 ", "WDC WD40");
    check("a\nb\u{1b}[31m", "a b [31m");
    check(&"x".repeat(500), &"x".repeat(MAX_TEXT));
    check("", "");
}

proptest::proptest! {
    #[test]
    fn no_answer_makes_it_panic(text in ".{0,200}", cut in 0_usize..9000) {
        let _ = lsblk::parse(&text);
        let _ = lsblk::parse(STICK.get(..cut).unwrap_or(STICK));
    }
}
