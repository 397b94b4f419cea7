//! Snapshots: the states of a space that are kept, when one is taken, and how long. And what a space takes of the room.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Actor, Bytes, Invalid, SpaceId};

/// Names as Samba's `shadow_copy2` reads them (`shadow:format`), in UTC.
const FORMAT: &str = "@GMT-%Y.%m.%d-%H.%M.%S";
/// Characters of a name.
const LENGTH: usize = 24;
/// Most that a schedule keeps of each kind. Btrfs becomes slow with some thousand snapshots in a pool.
const MOST: [(&str, u16); 4] = [("hourly", 168), ("daily", 92), ("weekly", 104), ("monthly", 120)];
/// Least quota: below it, what a space keeps for itself finds no room.
const LEAST_QUOTA: u64 = 100_000_000;
/// Characters of the note on a snapshot.
pub const MAX_SNAPSHOT_NOTE: usize = 200;

/// The name of a snapshot, which says when it was taken: `@GMT-2026.12.01-01.43.36`. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = json!("@GMT-2026.12.01-01.43.36"))]
pub struct SnapshotName(Timestamp);

/// A text that is not the name of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a snapshot: expected a time in UTC, like `@GMT-2026.12.01-01.43.36`")]
pub struct NotASnapshot(String);

impl SnapshotName {
    /// The name of one that is taken at `time`, to the second. A clock before 1970 counts as 1970.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(Timestamp::from_second(time.as_second().max(0)).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// When it was taken.
    #[must_use]
    pub const fn time(self) -> Timestamp {
        self.0
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Offset::UTC.to_datetime(self.0).strftime(FORMAT))
    }
}

impl FromStr for SnapshotName {
    type Err = NotASnapshot;

    fn from_str(text: &str) -> Result<Self, NotASnapshot> {
        let wrong = || NotASnapshot(text.chars().take(LENGTH * 2).collect());
        if text.len() != LENGTH {
            return Err(wrong());
        }
        let time = DateTime::strptime(FORMAT, text).and_then(|time| time.to_zoned(TimeZone::UTC)).map_err(|_| wrong())?;
        let name = Self::at(time.timestamp());
        // One text for each time: no signs, no spaces, no second 60.
        if name.to_string() == text { Ok(name) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for SnapshotName {
    type Error = NotASnapshot;

    fn try_from(text: String) -> Result<Self, NotASnapshot> {
        text.parse()
    }
}

impl From<SnapshotName> for String {
    fn from(name: SnapshotName) -> String {
        name.to_string()
    }
}

/// Section `snapshots`: of how many hours, days, weeks and months the last state of each space is kept. With all of them zero none is taken, and
/// those that there are stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotSettings {
    /// Hours, at most 168.
    #[serde(default = "hourly")]
    pub hourly: u16,
    /// Days in the box's time zone, at most 92.
    #[serde(default = "daily")]
    pub daily: u16,
    /// Weeks from Monday on, at most 104.
    #[serde(default = "weekly")]
    pub weekly: u16,
    /// Months, at most 120.
    #[serde(default = "monthly")]
    pub monthly: u16,
}

impl Default for SnapshotSettings {
    fn default() -> Self {
        Self { hourly: hourly(), daily: daily(), weekly: weekly(), monthly: monthly() }
    }
}

const fn hourly() -> u16 {
    24
}

const fn daily() -> u16 {
    14
}

const fn weekly() -> u16 {
    8
}

const fn monthly() -> u16 {
    6
}

/// Whether snapshots of a space are taken by the schedule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotSchedule {
    /// As the section `snapshots` says.
    #[default]
    On,
    /// Only by hand. Those that there are stay.
    Off,
}

impl SnapshotSchedule {
    /// Whether it is what a space has where nobody said anything.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::On
    }
}

/// Why a snapshot was taken, which says how long it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotWhy {
    /// By the schedule: thinned by it, and earlier where there is no room.
    Schedule,
    /// Somebody wanted it: kept until somebody removes it.
    ByHand,
    /// Before something was brought back over newer files: kept for 30 days.
    BeforeRestore,
    /// Nobody knows: kept until somebody removes it.
    Found,
}

/// Why somebody takes a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotReason {
    /// They want to keep how it is now.
    ByHand,
    /// They bring something back over newer files.
    BeforeRestore,
}

/// Body of `POST /api/v1/snapshots/{space}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotOrder {
    /// Why.
    pub why: SnapshotReason,
    /// What people read beside it, at most 200 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A kept state of a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// Its name.
    pub name: SnapshotName,
    /// When it was taken.
    pub at: Timestamp,
    /// Why.
    pub why: SnapshotWhy,
    /// Who took it, where it was not the schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    /// What people read beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Until when it is kept at the most; absent where the schedule or a person says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Bytes that neither the state before nor the one after holds: what its removal frees, but for what was brought back of it since. Absent where that
    /// is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive: Option<Bytes>,
}

/// Answer of `GET /api/v1/snapshots/{space}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SnapshotList {
    /// The space.
    pub space: SpaceId,
    /// Why none can be taken; absent where that is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impossible: Option<SnapshotsImpossible>,
    /// Whether the schedule takes some.
    pub schedule: SnapshotSchedule,
    /// The snapshots, newest first.
    pub snapshots: Vec<Snapshot>,
}

/// Why no snapshot of a space can be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SnapshotsImpossible {
    /// Why.
    pub reason: NoSnapshots,
    /// The same in a sentence.
    pub sentence: String,
}

/// Why no snapshot of a space can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoSnapshots {
    /// The data lies on a file system that is not btrfs.
    OtherFileSystem,
    /// The box does not run as root.
    NoRoot,
    /// The space lies in a plain folder, not in a subvolume.
    Folder,
    /// The space has no folder yet: nobody has opened it.
    Missing,
}

/// Answer of `GET /api/v1/usage/{space}`: what a space takes of the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpaceUsage {
    /// The space.
    pub space: SpaceId,
    /// Bytes of the files that are there now, as they lie on the disks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Bytes>,
    /// Bytes of older versions and of the trash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Bytes>,
    /// Bytes that only snapshots hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshots: Option<Bytes>,
    /// Bytes that count against the quota: all of the above, as far as they were written since the pool counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charged: Option<Bytes>,
    /// The quota, if the space has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Why not all is known; absent where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impossible: Option<SnapshotsImpossible>,
}

/// The quota of a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quota {
    /// Bytes that the space may take.
    pub limit: Bytes,
    /// Whether the system keeps to it: no where it cannot count.
    pub enforced: bool,
}

/// The rules of the section.
pub(crate) fn validate(settings: &SnapshotSettings) -> Result<(), Invalid> {
    let SnapshotSettings { hourly, daily, weekly, monthly } = *settings;
    let over = MOST.into_iter().zip([hourly, daily, weekly, monthly]).find(|((_, most), kept)| kept > most);
    match over {
        Some(((kind, most), _)) => Err(Invalid::new(format!("snapshots.{kind}"), format!("must be from 0 to {most}"))),
        None => Ok(()),
    }
}

/// The rule of a quota.
pub(crate) fn validate_quota(key: &str, quota: Option<Bytes>) -> Result<(), Invalid> {
    match quota {
        Some(quota) if quota.0 < LEAST_QUOTA => Err(Invalid::new(key, format!("must be {} or more", Bytes(LEAST_QUOTA)))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(text.parse::<SnapshotName>().ok().map(|name| name.time().as_second()), expected, "{text:?}");
    }

    #[test]
    fn names_are_read_strictly() {
        check("@GMT-2026.12.01-01.43.36", Some(1_796_089_416));
        check("@GMT-1970.01.01-00.00.00", Some(0));
        for wrong in [
            "",
            "@GMT-",
            "@GMT-2026.12.01-01.43.60",
            "@GMT-2026.02.30-01.43.36",
            "@GMT-2026.1.01-001.43.36",
            "@GMT-2026.12. 1-01.43.36",
            "@GMT-1969.12.31-23.59.59",
            "@GMT-2026.12.01-24.00.00",
            "@GMT-2026.12.01-01.43.3/",
            "@gmt-2026.12.01-01.43.36",
            "../../../../../../../../",
            "@GMT-2026.12.01-01.43.36 ",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_schedule_and_a_quota_have_limits() {
        let key = |settings: SnapshotSettings| validate(&settings).err().map(|invalid| invalid.key);
        assert_eq!(key(SnapshotSettings::default()), None);
        assert_eq!(key(SnapshotSettings { hourly: 0, daily: 0, weekly: 0, monthly: 0 }), None);
        assert_eq!(key(SnapshotSettings { daily: 93, ..Default::default() }).as_deref(), Some("snapshots.daily"));
        assert_eq!(key(SnapshotSettings { monthly: u16::MAX, ..Default::default() }).as_deref(), Some("snapshots.monthly"));
        let quota = |quota: Option<u64>| validate_quota("q", quota.map(Bytes)).is_ok();
        assert_eq!([quota(None), quota(Some(0)), quota(Some(LEAST_QUOTA - 1)), quota(Some(LEAST_QUOTA))], [true, false, false, true]);
    }

    proptest! {
        #[test]
        fn a_name_is_the_time_to_the_second(second in -10_i64..253_402_200_000) {
            let name = SnapshotName::at(Timestamp::from_second(second).unwrap());
            prop_assert_eq!(name.time().as_second(), second.max(0));
            prop_assert_eq!(name.to_string().parse(), Ok(name));
        }

        #[test]
        fn no_text_is_read_as_another_one(text in "@GMT-[0-9. :+-]{19}|.{0,30}") {
            if let Ok(name) = text.parse::<SnapshotName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
