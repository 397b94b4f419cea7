//! What a person has proved to mean, just now and for one thing. Its signature and its text form are `croft_api::proof`'s.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PersonId;

/// The longest life of a proof: time for somebody to read what will be lost once more.
pub const MAX_PROOF_SECONDS: i64 = 120;
/// Longest name of an operation, and of what it is done to, in bytes.
pub const MAX_PROVED: usize = 128;

/// What has to be proved before something is done that cannot be undone, as identity is asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToProve {
    /// What shall be done: `pool.replace`.
    pub operation: String,
    /// To what, as the role that does it writes it.
    pub target: String,
}

/// The signed content of a proof: who typed the passphrase again, for which operation on what, until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Who typed it.
    pub person: PersonId,
    /// What shall be done: `pool.replace`.
    pub operation: String,
    /// To what, as the role that does it writes it.
    pub target: String,
    /// Unix time in seconds after which it is void.
    pub expires: i64,
}
