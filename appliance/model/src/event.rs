//! What the one event stream says. A listener that missed some reads the state anew; events carry news, not state.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AuditEntry, RoleStatus, Section, SpaceId, Task, Warning};

/// News of the box, as `data:` of a server-sent event whose `event:` is the kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Event {
    /// A change of the settings is in force.
    Settings {
        /// The new generation.
        generation: u64,
        /// The sections that changed.
        sections: Vec<Section>,
    },
    /// A task began, moved on or ended.
    Task {
        /// The task as it is now.
        task: Task,
    },
    /// The set of warnings changed; these are all that stand now.
    Warnings {
        /// All warnings, the gravest first.
        warnings: Vec<Warning>,
    },
    /// A line was added to the audit log.
    Activity {
        /// The line.
        entry: AuditEntry,
    },
    /// A role changed its state.
    Role {
        /// The role as it is now.
        role: RoleStatus,
    },
    /// A disk came or went, or what is known of one has changed: read the list anew.
    Disks,
    /// Something changed in a folder. Added by the gateway, for people who may read the space.
    Files {
        /// The space.
        space: SpaceId,
        /// Decoded path of the folder inside the space, without slashes at the ends; empty for its root.
        folder: String,
    },
    /// The listener was too slow and missed events: read what you show anew.
    Missed,
}

impl Event {
    /// The name in `event:`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Settings { .. } => "settings",
            Self::Task { .. } => "task",
            Self::Warnings { .. } => "warnings",
            Self::Activity { .. } => "activity",
            Self::Role { .. } => "role",
            Self::Disks => "disks",
            Self::Files { .. } => "files",
            Self::Missed => "missed",
        }
    }
}
