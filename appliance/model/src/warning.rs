//! Warnings: everything that is not as it should be, with what it means and what to do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much a warning matters. Ordered: the gravest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Notice,
    /// Something works less well.
    Degraded,
    /// The owner must act.
    Critical,
}

/// A state that somebody should know of, for as long as it lasts. Same code and subject mean the same warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    /// Stable code: `role-crash-loop`, `pool-nearly-full`.
    pub code: String,
    /// What it is about: a role, a space, a disk; empty when the code says it all.
    #[serde(default)]
    pub subject: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is the case, in a sentence.
    pub title: String,
    /// What it means for people.
    pub meaning: String,
    /// What to do.
    pub action: String,
    /// Lines that help whoever mends it, the last log lines for instance.
    #[serde(default)]
    pub lines: Vec<String>,
    /// Code of a warning that, while it stands, explains and hides this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<String>,
    /// Since when.
    pub since: Timestamp,
}
