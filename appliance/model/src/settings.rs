//! The desired state of a box: one typed document in sections.
//!
//! Unknown keys are errors that name the key. Secrets never stand here, only `secret:ID` references to the secret store.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AppId, Bytes, DiskSource, HostedApp, NetworkSettings, NotifySettings, PersonId, ShareSettings, SnapshotSchedule, SnapshotSettings,
    SpaceId, SpaceNumber, TimeSettings,
};

/// The version of the settings document that this release writes. A larger one is refused, a smaller one is migrated.
pub const SCHEMA: u32 = 1;

/// The whole document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Version of the document's shape.
    pub schema: u32,
    /// What the box is called.
    #[serde(rename = "box")]
    pub this_box: BoxSettings,
    /// The household, by person id.
    #[serde(default)]
    pub people: BTreeMap<PersonId, Person>,
    /// The trees of files, by space id.
    #[serde(default)]
    pub spaces: BTreeMap<SpaceId, Space>,
    /// How the box is reached.
    #[serde(default)]
    pub door: DoorSettings,
    /// How the box has its address.
    #[serde(default)]
    pub network: NetworkSettings,
    /// Where the box is in time.
    #[serde(default)]
    pub time: TimeSettings,
    /// How many earlier states of each space are kept.
    #[serde(default)]
    pub snapshots: SnapshotSettings,
    /// What is served as network drives.
    #[serde(default)]
    pub shares: ShareSettings,
    /// Who is told when something is not well.
    #[serde(default)]
    pub notify: NotifySettings,
    /// The apps that are installed, by id.
    #[serde(default)]
    pub apps: BTreeMap<AppId, HostedApp>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            this_box: BoxSettings::default(),
            people: BTreeMap::new(),
            spaces: BTreeMap::new(),
            door: DoorSettings::default(),
            network: NetworkSettings::default(),
            time: TimeSettings::default(),
            snapshots: SnapshotSettings::default(),
            shares: ShareSettings::default(),
            notify: NotifySettings::default(),
            apps: BTreeMap::new(),
        }
    }
}

/// Section `box`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoxSettings {
    /// The name people say, 1 to 64 characters.
    pub name: String,
    /// The host label: the box answers as `<host>.local`.
    pub host: String,
    /// Language of sentences that the box writes by itself, as a BCP 47 primary tag: `en` or `de`.
    #[serde(default = "english")]
    pub language: String,
}

impl Default for BoxSettings {
    fn default() -> Self {
        Self { name: "Croft".into(), host: "croft".into(), language: english() }
    }
}

fn english() -> String {
    "en".into()
}

/// A person of the household. Credentials are not settings: identity keeps them by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The name to sign in with and in paths: `a-z`, digits, `-`; at most 32 characters, a letter first.
    pub name: String,
    /// The name people read, 1 to 64 characters.
    pub display_name: String,
    /// What this person may do with the box itself.
    pub role: PersonRole,
    /// The person's own space.
    pub space: SpaceId,
}

/// What a person may do with the box itself; files are governed by [`Right`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PersonRole {
    /// Changes settings, adds and removes people.
    Owner,
    /// Uses the box.
    Member,
}

/// A tree of files: a person's own or a shared one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// Equal to the number in the id; the upper part of every file id.
    pub number: SpaceNumber,
    /// The folder name under which a shared space appears in its members' trees; unique among shared spaces.
    pub name: String,
    /// Personal, shared, or a disk that is used as it is.
    pub kind: SpaceKind,
    /// Who may do what.
    #[serde(default)]
    pub members: BTreeMap<PersonId, Right>,
    /// Set when the space was put away; its files are kept for 30 days from then and nobody reaches them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
    /// Whether snapshots are taken by the schedule.
    #[serde(default, skip_serializing_if = "SnapshotSchedule::is_default")]
    pub snapshots: SnapshotSchedule,
    /// Bytes that the space may take, its older versions and snapshots included; without it as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Bytes>,
    /// What a space of the kind `disk` shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskSource>,
}

/// Whose tree a space is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpaceKind {
    /// One person's own tree.
    Personal,
    /// A folder at the root of its members' trees.
    Shared,
    /// A file system of a disk that is used as it is: its members read it, beside their trees, and nobody writes to it.
    Disk,
}

/// What a member may do in a space; each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// See and download.
    Read,
    /// Create, change, delete.
    Write,
    /// Make public links.
    Share,
    /// Add and remove members.
    Manage,
}

/// Section `door`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DoorSettings {
    /// Further names under which the box may be asked for, at most 16, each ending in a suffix of the household's certificate.
    #[serde(default)]
    pub extra_names: Vec<String>,
    /// Days without use after which a browser must sign in again, 1 to 90.
    #[serde(default = "thirty")]
    pub session_idle_days: u16,
}

impl Default for DoorSettings {
    fn default() -> Self {
        Self { extra_names: Vec::new(), session_idle_days: thirty() }
    }
}

fn thirty() -> u16 {
    30
}

/// A part of the document with a generation of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// [`BoxSettings`].
    Box,
    /// People by id.
    People,
    /// Spaces by id.
    Spaces,
    /// [`DoorSettings`].
    Door,
    /// [`NetworkSettings`].
    Network,
    /// [`TimeSettings`].
    Time,
    /// [`SnapshotSettings`].
    Snapshots,
    /// [`ShareSettings`].
    Shares,
    /// [`NotifySettings`].
    Notify,
    /// Apps by id.
    Apps,
}

impl Section {
    /// Every section, in the order of the document.
    pub const ALL: [Self; 10] = [
        Self::Box,
        Self::People,
        Self::Spaces,
        Self::Door,
        Self::Network,
        Self::Time,
        Self::Snapshots,
        Self::Shares,
        Self::Notify,
        Self::Apps,
    ];

    /// The key in the document.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Box => "box",
            Self::People => "people",
            Self::Spaces => "spaces",
            Self::Door => "door",
            Self::Network => "network",
            Self::Time => "time",
            Self::Snapshots => "snapshots",
            Self::Shares => "shares",
            Self::Notify => "notify",
            Self::Apps => "apps",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl FromStr for Section {
    type Err = crate::Invalid;

    fn from_str(text: &str) -> Result<Self, crate::Invalid> {
        Self::ALL.into_iter().find(|section| section.key() == text).ok_or_else(|| {
            crate::Invalid::new(
                text,
                "is not a section: the sections are box, people, spaces, door, network, time, snapshots, shares, notify and apps",
            )
        })
    }
}

impl Settings {
    /// The right of `person` in `space`: `None` for strangers and for archived or unknown spaces.
    #[must_use]
    pub fn right_of(&self, person: PersonId, space: SpaceId) -> Option<Right> {
        self.spaces.get(&space)?.right_of(person)
    }
}

impl Space {
    /// The right of `person` here: `None` for strangers and when the space is archived.
    #[must_use]
    pub fn right_of(&self, person: PersonId) -> Option<Right> {
        if self.archived_at.is_some() { None } else { self.members.get(&person).copied() }
    }
}
