//! File systems of disks that are used as they are: read, never written.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Bytes, DiskId, Invalid, PersonId, SpaceId};

/// Longest name that a file system has for itself; an UUID has 36 letters.
const MAX_VOLUME: usize = 64;

/// By what a file system is known again: the UUID or serial number that it carries, of letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "0a1b2c3d-0000-4000-8000-0123456789ab")]
pub struct VolumeId(String);

impl VolumeId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VolumeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for VolumeId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=MAX_VOLUME).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits { Ok(Self(text.into())) } else { Err(Invalid::new("volume", "must be 1 to 64 letters, digits and `-`")) }
    }
}

impl TryFrom<String> for VolumeId {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<VolumeId> for String {
    fn from(id: VolumeId) -> Self {
        id.0
    }
}

/// Which file system of which disk a space of the kind `disk` shows. A copy of it on another disk is another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiskSource {
    /// The disk that it was on when somebody wanted it. One that lies on several disks is known by its volume alone.
    pub disk: DiskId,
    /// The file system.
    pub volume: VolumeId,
}

/// A file system of a disk that is used as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Adopted {
    /// The space that shows it.
    pub space: SpaceId,
    /// The disk that it was on when somebody wanted it.
    pub disk: DiskId,
    /// The name under which people find it.
    pub name: String,
    /// Who may read it.
    pub members: Vec<PersonId>,
    /// How it is now.
    pub state: AdoptedState,
}

/// How a file system is that shall be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum AdoptedState {
    /// It is read.
    There {
        /// Whether changes lie in its journal that reached no other place: the computer that wrote it was not switched off in order. They are left where
        /// they are, so what was written last may be missing or damaged.
        unfinished: bool,
    },
    /// The disk is not plugged in.
    Away,
    /// It cannot be read.
    Unread {
        /// Why.
        why: Unadoptable,
    },
}

/// Why a file system cannot be used as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unadoptable {
    /// The system of the box does not know it.
    NotKnown,
    /// It is closed without its key.
    Locked,
    /// It spans disks in a way that is not read.
    Spanned,
    /// It lies on several disks, of which some are not here.
    Incomplete,
    /// It is damaged, or cannot be read without a change.
    Damaged,
    /// It carries nothing by which it could be known again.
    Nameless,
    /// Something else on this machine uses it.
    InUse,
    /// It is the pool of this box.
    OwnPool,
    /// The disk did not answer in time.
    Slow,
}

/// Body of `POST /api/v1/disks/{id}/adopt` and its plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptDisk {
    /// What stood for all that is on it.
    pub contents: String,
    /// The name under which people find it; the one that it has when absent. Of several file systems each gets its own behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who may read it; when absent the one who asks, for the console all owners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<PersonId>>,
}

/// What using a disk as it is would do. Nothing is written to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdoptPlan {
    /// What can be read, each with the name that it would get.
    pub volumes: Vec<AdoptVolume>,
    /// What of the disk cannot be read, and why.
    pub left: Vec<LeftVolume>,
}

/// A file system that would be used as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdoptVolume {
    /// The name under which people would find it.
    pub name: String,
    /// The file system, as the kernel names it.
    pub file_system: String,
    /// Its size.
    pub size: Bytes,
    /// Which one it is.
    pub source: DiskSource,
}

/// A file system that would be left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftVolume {
    /// Its name; empty without one.
    pub name: String,
    /// What is on it; empty where nobody knows.
    pub file_system: String,
    /// Why.
    pub why: Unadoptable,
}

/// A name for a space out of what a file system or a disk is called, which could be anything: without what no folder's name has.
#[must_use]
pub fn place_name(text: &str, otherwise: &str) -> String {
    /// Bytes that a name has at most; some are left for a number behind it.
    const MOST: usize = 80;
    let plain: String = text
        .chars()
        .map(|c| if matches!(c, '/' | '\\') || c.is_control() || is_steering(c) { ' ' } else { c })
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let end = plain.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MOST).last().unwrap_or(0);
    let cut = plain.get(..end).unwrap_or_default().trim();
    if cut.is_empty() || cut.chars().all(|c| c == '.') { otherwise.to_owned() } else { cut.to_owned() }
}

/// Signs that turn the direction of writing.
const fn is_steering(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_read_strictly() {
        for right in ["1234-ABCD", "0a1b2c3d-0000-4000-8000-0123456789ab", "01D8E5F2A3B4C5D6", "2026-12-01-10-00-00-00"] {
            assert_eq!(right.parse::<VolumeId>().map(String::from), Ok(right.into()));
        }
        for wrong in ["", "a/b", "a b", "..", "a\n", "\u{fc}", &"a".repeat(65)] {
            assert!(wrong.parse::<VolumeId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn any_label_becomes_a_folders_name() {
        let check = |text: &str, expected: &str| assert_eq!(place_name(text, "Disk"), expected, "{text:?}");
        check("Photos", "Photos");
        check("  My  disk ", "My disk");
        check("a/b\\c", "a b c");
        check("x\u{202e}y\u{7}", "x y");
        check("", "Disk");
        check("..", "Disk");
        check(" . ", "Disk");
        check(&"\u{fc}".repeat(60), &"\u{fc}".repeat(40));
    }

    croft_fuzz::target! {
        /// Whatever a file system is called becomes a name that a space may have, and the same again when it is made one twice.
        fn names_of_disks(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            let name = place_name(text, "Disk");
            assert!((1..=80).contains(&name.len()) && name.trim() == name && !name.contains(['/', '\\']) && !name.chars().any(char::is_control));
            assert!(name != "." && name != ".." && place_name(&name, "Disk") == name, "{name:?}");
            if let Ok(volume) = text.parse::<VolumeId>() {
                assert_eq!(volume.as_str(), text);
            }
        }
    }
}
