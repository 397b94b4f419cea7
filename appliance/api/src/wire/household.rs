//! People and spaces.

use std::collections::BTreeMap;

use croft_model::{PersonId, PersonRole, Right, SpaceId, SpaceKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person as lists show one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonEntry {
    /// The id.
    pub id: PersonId,
    /// The name to sign in with.
    pub name: String,
    /// The name people read.
    pub display_name: String,
    /// What the person may do with the box.
    pub role: PersonRole,
    /// The person's own space.
    pub space: SpaceId,
}

/// Body of `POST /api/v1/people`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// The name to sign in with: 1 to 32 of `a-z`, digits and `-`, a letter first.
    pub name: String,
    /// The name people read; the other name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What the person may do with the box.
    pub role: PersonRole,
}

/// A space as lists show one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpaceEntry {
    /// The id.
    pub id: SpaceId,
    /// The folder name of a shared space.
    pub name: String,
    /// Personal or shared.
    pub kind: SpaceKind,
    /// What the asker may do there; absent for the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<Right>,
    /// Who may do what.
    pub members: BTreeMap<PersonId, Right>,
    /// When it was put away, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}

/// Body of `POST /api/v1/spaces`: a new shared space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSpace {
    /// The name of its folder in its members' trees.
    pub name: String,
    /// Who may do what; somebody must manage it.
    pub members: BTreeMap<PersonId, Right>,
}
