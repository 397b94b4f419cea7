//! Who changed what: commits of the settings and lines of the audit log.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{PersonId, Section};

/// Who caused something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Actor {
    /// A person; the name is kept as it was at that time.
    Person {
        /// The person's id.
        id: PersonId,
        /// The name then.
        name: String,
    },
    /// Somebody with the rights of the machine itself, at its Unix socket.
    Console,
    /// A role of the box.
    Role {
        /// The role's name.
        name: String,
    },
    /// Somebody who is not signed in, seen at this address.
    Stranger {
        /// The client's IP address.
        address: String,
    },
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { name, .. } => f.write_str(name),
            Self::Console => f.write_str("console"),
            Self::Role { name } => f.write_str(name),
            Self::Stranger { address } => write!(f, "somebody at {address}"),
        }
    }
}

/// One change of the settings, whole: all of it or nothing is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Commit {
    /// The generation that this change made. Generations count from 1 without gaps.
    pub generation: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// Who asked for it.
    pub who: Actor,
    /// Why, in the person's or the role's words; may be empty.
    pub why: String,
    /// The change, section by section.
    pub changes: BTreeMap<Section, Change>,
}

/// A change of one section and the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// RFC 7396 merge patch that was applied.
    #[schema(value_type = Object)]
    pub patch: Value,
    /// RFC 7396 merge patch that leads back.
    #[schema(value_type = Object)]
    pub inverse: Value,
}

/// A line of the audit log. Lines are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Position in the log, from 1.
    pub number: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub who: Actor,
    /// Stable code of what happened: `settings.changed`, `session.opened`, `claim.finished`.
    pub action: String,
    /// A sentence for people, without secrets.
    pub sentence: String,
    /// The generation that it made, when it changed the settings; such a line can be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
}
