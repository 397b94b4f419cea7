//! What is told of a disk beside what lies on it: its health, its place in the pool, what was kept of it, and what is being done to it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Adopted, Bytes, Disk, DiskHealth, Holds, ToProve};

/// A disk of this machine with all that the box knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiskView {
    /// What lies on it, and where it is plugged in.
    #[serde(flatten)]
    pub disk: Disk,
    /// How it is.
    #[serde(default)]
    pub health: DiskHealth,
    /// Its number in the pool of this box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<u64>,
    /// What of it is used as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adopted: Vec<Adopted>,
    /// What was kept of it when it was erased, and can be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptEnds>,
    /// What is being done to it, or was done last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<DiskWork>,
}

/// What was kept of a disk when it was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptEnds {
    /// When it was erased.
    pub at: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
    /// Whether what was left on the disk then is still what is there: only so it can be taken back.
    pub untouched: bool,
}

/// What is being done to a disk alone, or how it ended. Known until the box starts anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiskWork {
    /// What.
    pub kind: DiskWorkKind,
    /// How it ended; none while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<DiskWorkEnd>,
}

/// What is done to a disk alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DiskWorkKind {
    /// It is erased.
    Erase,
    /// What was kept of it is written back.
    Restore,
}

/// How that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum DiskWorkEnd {
    /// As it should.
    Done,
    /// By an error.
    Failed {
        /// What went wrong, in a sentence.
        reason: String,
    },
}

/// Body of `POST /api/v1/disks/{id}/restore` and `look`: the disk as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenDisk {
    /// What stood for all that is on it.
    pub contents: String,
}

/// Body of `POST /api/v1/disks/{id}/erase`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseDisk {
    /// What stood for all that is on it.
    pub contents: String,
    /// The label, as it was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What erasing a disk would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasePlan {
    /// What is lost.
    pub lost: Holds,
    /// What has to be typed.
    pub label: String,
    /// Until when it can be taken back, if nothing is written to it meanwhile.
    pub until: Timestamp,
    /// What has to be proved.
    pub proof: ToProve,
}

/// What is in a disk's file systems. Nothing was written to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inside {
    /// One for each part that may hold files.
    pub parts: Vec<InsidePart>,
}

/// What is in a file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InsidePart {
    /// The part's name; empty without one.
    pub name: String,
    /// The file system.
    pub file_system: String,
    /// Why nothing is shown; none where something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unshown: Option<Unshown>,
    /// Bytes that are used.
    pub used: Bytes,
    /// Its size.
    pub size: Bytes,
    /// What lies at the top, folders first.
    pub top: Vec<InsideEntry>,
    /// The files that were changed last, of those that were seen.
    pub newest: Vec<InsideEntry>,
    /// How many files were seen.
    pub files: u64,
    /// Whether all was seen: looking ends after some thousands of entries, or after two seconds.
    pub whole: bool,
}

/// A file or folder in a disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InsideEntry {
    /// The way to it, with slashes; what cannot be shown is replaced.
    pub path: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// Bytes of a file.
    pub size: Bytes,
    /// When it was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
}

/// Why a file system is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unshown {
    /// It is closed without its key.
    Locked,
    /// It spans disks in a way that this box does not know.
    Spanned,
    /// The system cannot read this kind.
    NotKnown,
    /// Disks of it are missing.
    Incomplete,
    /// It belongs to the pool of this box.
    OwnPool,
    /// The system tried and failed: it may be damaged.
    Damaged,
}
