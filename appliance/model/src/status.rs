//! The observed state of a box.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Bytes, Severity};

/// The box at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The name people say.
    pub box_name: String,
    /// The box answers as `<host>.local`.
    pub host: String,
    /// Version of Croft.
    pub version: String,
    /// When the supervisor started.
    pub started: Timestamp,
    /// Generation of the settings.
    pub generation: u64,
    /// How many people live here.
    pub people: usize,
    /// How many spaces are in use.
    pub spaces: usize,
    /// True when all roles and spaces run as one user of the machine, so that the kernel does not keep them apart.
    pub one_user: bool,
    /// Where files lie.
    pub pool: Ground,
    /// The roles.
    pub roles: Vec<RoleStatus>,
    /// The gravest warning that stands, if any does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gravest: Option<Severity>,
    /// How many warnings stand.
    pub warnings: usize,
}

/// The storage below all spaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ground {
    /// `folder` on a developer's machine, `btrfs` on the appliance.
    pub kind: String,
    /// The file system under it, as the kernel names it.
    pub file_system: String,
    /// Bytes in all.
    pub total: Bytes,
    /// Bytes that can still be written.
    pub free: Bytes,
    /// What this pool cannot do, and why.
    pub unavailable: Vec<Unavailable>,
}

/// A capability that a box of this kind lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unavailable {
    /// What is missing: `snapshots`, `scrub`.
    pub feature: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// A role as it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleStatus {
    /// `gateway`, or `sync@s1` for an instance.
    pub name: String,
    /// Where it stands.
    pub state: RoleState,
    /// Since when.
    pub since: Timestamp,
    /// How often it had to be started again since the supervisor started.
    pub restarts: u32,
}

/// Where a role stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleState {
    /// Its socket is held; the first connection starts it.
    Waiting,
    /// Started, not ready yet.
    Starting,
    /// Ready.
    Ready,
    /// Asked to end.
    Stopping,
    /// Ended; it will be started again in a moment.
    Restarting,
    /// It keeps ending by its own fault; one try a minute.
    Looping,
    /// Not wanted.
    Stopped,
}
