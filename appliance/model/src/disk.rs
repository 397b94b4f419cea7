//! Disks as people know them: which one, what is on it, whether Croft can be installed there, and how far that is.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Bytes, Invalid, Plug, Progress, Several};

/// Digits of a disk's id.
const ID_DIGITS: usize = 16;
/// Longest label that somebody is asked to type.
const MAX_LABEL: usize = 40;

/// A disk: `disk-` and 16 hexadecimal digits, made of what the disk says of itself. The same disk has the same one in each socket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "disk-0123456789abcdef")]
pub struct DiskId(String);

impl DiskId {
    /// The id with the beginning of a hash.
    #[must_use]
    pub fn of_hash(hash: &[u8; 32]) -> Self {
        let digits: String = hash.iter().take(ID_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
        Self(format!("disk-{digits}"))
    }
}

impl fmt::Display for DiskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DiskId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = text.strip_prefix("disk-").unwrap_or_default();
        let fits = digits.len() == ID_DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(Self(text.into())) } else { Err(Invalid::new("disk", "must be `disk-` and 16 hexadecimal digits")) }
    }
}

impl TryFrom<String> for DiskId {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<DiskId> for String {
    fn from(id: DiskId) -> Self {
        id.0
    }
}

/// A disk of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disk {
    /// The id.
    pub id: DiskId,
    /// What its maker calls it.
    pub name: String,
    /// Its serial number; empty where it tells none.
    pub serial: String,
    /// Its size.
    pub size: Bytes,
    /// How it is connected.
    pub bus: Bus,
    /// Where it is plugged in.
    #[serde(default)]
    pub plug: Plug,
    /// Whether it is made to be pulled out.
    pub removable: bool,
    /// Whether this box runs from it.
    pub runs_from: bool,
    /// What is on it.
    pub holds: Holds,
    /// The file system of several disks that it is a part of, where that is none of this box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub several: Option<Several>,
    /// What has to be typed before it is overwritten; none for an empty disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Stands for all that is on it; changes when that does.
    pub contents: String,
    /// Whether an installation on it was begun and not finished since the box started.
    pub half_installed: bool,
    /// Why Croft cannot be installed on it; none where it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfit: Option<Unfit>,
}

/// How a disk is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bus {
    /// USB.
    Usb,
    /// NVMe, on the board.
    Nvme,
    /// SATA or SAS.
    Sata,
    /// A memory card, or eMMC on the board.
    Card,
    /// The disk of a virtual machine.
    Virtual,
    /// Something else.
    Other,
}

/// What is on a disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Holds {
    /// No partition table, no file system, and zeros at both ends.
    Nothing,
    /// Partitions, or one file system on the whole disk.
    Parts {
        /// In the order in which they lie.
        parts: Vec<Part>,
    },
    /// Bytes that nobody here can read.
    Bytes,
}

/// A partition, or a file system without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// What it is for.
    pub kind: PartKind,
    /// The name that its owner gave it; empty without one.
    pub name: String,
    /// What is on it, as the kernel names it: `ntfs`, `ext4`; empty where nobody knows.
    pub file_system: String,
    /// Its size.
    pub size: Bytes,
    /// How much of it is used, where that can be read without mounting it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Bytes>,
}

/// What a partition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PartKind {
    /// What a computer starts from.
    Boot,
    /// The system of a Croft box, without anything of people.
    System,
    /// The data of a Croft box: people, settings and files.
    Croft,
    /// Files.
    Files,
    /// Something that is closed without its key.
    Locked,
    /// A part of something that spans disks.
    Member,
    /// Memory that was put aside.
    Swap,
    /// Nothing that is known here.
    Unknown,
}

/// Why Croft cannot be installed on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// The box runs from it.
    RunsFrom,
    /// It is smaller than the system and a little data.
    TooSmall,
    /// It cannot be written.
    ReadOnly,
    /// Something of this machine uses it.
    InUse,
    /// It could not be read.
    Unreadable,
    /// Another disk here says that it is this one.
    Twin,
}

/// Where an installation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Installation {
    /// None was begun since the box started.
    None,
    /// Bytes are written to the disk.
    Copying {
        /// The disk.
        disk: DiskId,
        /// Bytes.
        progress: Progress,
    },
    /// What was written is read back and compared.
    Checking {
        /// The disk.
        disk: DiskId,
        /// Bytes.
        progress: Progress,
    },
    /// The disk holds a whole box that nobody has claimed yet.
    Done {
        /// The disk.
        disk: DiskId,
    },
    /// Given up at somebody's wish. The disk is half installed and can be chosen again.
    Cancelled {
        /// The disk.
        disk: DiskId,
    },
    /// Ended by an error. The disk is half installed and can be chosen again.
    Failed {
        /// The disk.
        disk: DiskId,
        /// What went wrong, in a sentence.
        reason: String,
    },
}

impl Installation {
    /// Whether it is at work.
    #[must_use]
    pub fn runs(&self) -> bool {
        matches!(self, Self::Copying { .. } | Self::Checking { .. })
    }
}

/// The label to type for a disk that holds something: the name of its largest named file system or, where none can be typed, its maker's name
/// and the end of its serial number. None for a disk that holds nothing.
#[must_use]
pub fn label_of(holds: &Holds, name: &str, serial: &str) -> Option<String> {
    let named = match holds {
        Holds::Nothing => return None,
        Holds::Bytes => None,
        Holds::Parts { parts } => {
            // The partitions of every Croft box have the same names, which tell nothing.
            let of_people =
                |part: &&Part| !matches!(part.kind, PartKind::Boot | PartKind::System | PartKind::Croft) && can_be_typed(&part.name);
            parts.iter().filter(of_people).max_by_key(|part| part.size).map(|part| part.name.trim().to_owned())
        }
    };
    let mut last: Vec<char> = serial.chars().rev().filter(char::is_ascii_alphanumeric).take(4).collect();
    last.reverse();
    let made = format!("{name} {}", last.into_iter().collect::<String>());
    Some(named.unwrap_or_else(|| made.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// Whether a person can read it and type it: short, and without signs that look like nothing or like others.
fn can_be_typed(name: &str) -> bool {
    let name = name.trim();
    (1..=MAX_LABEL).contains(&name.len())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '(' | ')' | '+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: PartKind, name: &str, size: u64) -> Part {
        Part { kind, name: name.into(), file_system: "ext4".into(), size: Bytes(size), used: None }
    }

    #[test]
    fn ids_are_read_strictly() {
        let id = DiskId::of_hash(&[0xab; 32]);
        assert_eq!(id.to_string(), "disk-abababababababab");
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "sda", "/dev/sda", "disk-", "disk-ABABABABABABABAB", "disk-abababababababab/..", "disk-abab"] {
            assert!(wrong.parse::<DiskId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_label_is_what_a_person_knows_the_disk_by() {
        let check = |parts: &[Part], expected: &str| {
            let holds = Holds::Parts { parts: parts.to_vec() };
            assert_eq!(label_of(&holds, "Fast  Disk", "S5-12345").as_deref(), Some(expected), "{holds:?}");
        };
        use PartKind::{Boot, Croft, Files, System};
        check(&[part(Files, "Photos", 10)], "Photos");
        check(&[part(Boot, "SYSTEM", 90), part(Files, "a", 10), part(Files, "Photos", 20), part(System, "croft_1_root", 99)], "Photos");
        check(&[part(Files, "", 90), part(Files, "Old files", 10)], "Old files");
        check(&[part(Files, "", 90)], "Fast Disk 2345");
        check(&[part(Files, "two\nlines", 90)], "Fast Disk 2345");
        check(&[part(Files, &"x".repeat(50), 90)], "Fast Disk 2345");
        check(&[part(Boot, "EFI", 90)], "Fast Disk 2345");
        check(&[part(Croft, "croft-data", 90)], "Fast Disk 2345");
        check(&[], "Fast Disk 2345");
        assert_eq!(label_of(&Holds::Bytes, "Disk", "").as_deref(), Some("Disk"));
        assert_eq!(label_of(&Holds::Nothing, "Disk", "1"), None);
    }
}
