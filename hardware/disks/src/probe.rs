//! What is on a device, asked of `blkid(8)` itself: where no udev runs, the list knows nothing of what udev would have found.

use std::{path::Path, time::Duration};

use crate::{DiskError, lsblk::Device, program};

const PROGRAM: &str = "blkid";
/// There where udev runs.
pub(crate) const UDEV: &str = "/run/udev/control";
/// Time for a device; one that has to start turning needs about ten seconds. Well below the time that an answer of the API may take.
const LIMIT: Duration = Duration::from_secs(12);

/// Fills in what the list does not know of these devices and their partitions.
pub(crate) async fn fill(devices: &mut [Device]) {
    if Path::new(UDEV).exists() {
        return;
    }
    for device in devices {
        fill_one(device).await;
        for part in &mut device.children {
            fill_one(part).await;
        }
    }
}

async fn fill_one(device: &mut Device) {
    match ask(&device.path).await {
        Ok(said) => read(device, &said),
        Err(error) => tracing::debug!(%error, device = device.name, "it is not known what is on a device"),
    }
}

/// The answer; nothing where nothing is found (2), or several things that contradict each other (8).
async fn ask(path: &Path) -> Result<String, DiskError> {
    let (_, said) = program::answer(PROGRAM, &["--probe", "--output", "udev", &path.to_string_lossy()], LIMIT).await?;
    Ok(said)
}

fn read(device: &mut Device, said: &str) {
    for (key, value) in said.lines().filter_map(|line| line.split_once('=')) {
        let place = match key {
            "ID_FS_TYPE" => &mut device.fstype,
            "ID_FS_LABEL_ENC" => &mut device.label,
            "ID_FS_UUID_ENC" => &mut device.uuid,
            "ID_PART_TABLE_TYPE" => &mut device.pttype,
            "ID_PART_TABLE_UUID" => &mut device.ptuuid,
            "ID_PART_ENTRY_NAME" => &mut device.partlabel,
            "ID_PART_ENTRY_TYPE" => &mut device.parttype,
            "ID_PART_ENTRY_UUID" => &mut device.partuuid,
            _ => continue,
        };
        if place.is_none() {
            *place = Some(decoded(value));
        }
    }
}

/// A text in which each byte that is not plain is written as `\x20`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, after.get(2..)) {
            (Some(byte), Some(later)) => {
                bytes.push(byte);
                rest = later;
            }
            _ => {
                bytes.extend_from_slice(b"\\x");
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lsblk;

    #[test]
    fn names_are_decoded() {
        let check = |text: &str, expected: &str| assert_eq!(decoded(text), expected, "{text}");
        check("Grandma\\x20photos", "Grandma photos");
        check("\\xc3\\xa4", "ä");
        check("a\\x5cx20", "a\\x20");
        check("a\\xzz\\x", "a\\xzz\\x");
        check("\\xff", "\u{fffd}");
    }

    #[test]
    fn only_what_is_not_known_is_filled_in() {
        let mut device = lsblk::parse(include_str!("golden/started-from-a-stick.json")).unwrap().remove(0);
        (device.fstype, device.label, device.pttype) = (None, Some("Known".into()), None);
        read(&mut device, "ID_FS_TYPE=ext4\nID_FS_LABEL_ENC=Other\nID_PART_TABLE_TYPE=gpt\nID_FS_TYPE=xfs\nID_ELSE=1\nnothing\n");
        assert_eq!(
            (device.fstype.as_deref(), device.label.as_deref(), device.pttype.as_deref()),
            (Some("ext4"), Some("Known"), Some("gpt"))
        );
    }

    proptest! {
        #[test]
        fn no_text_ends_the_reader(text in ".{0,80}") {
            prop_assert!(text.contains("\\x") || decoded(&text) == text);
        }
    }
}
