//! Domain `claim`: the first run of a box, from the pairing code to its first owner.

use std::collections::BTreeMap;

use croft_model::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exposed;

/// Whether the box has an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClaimState {
    /// Nobody has claimed the box.
    Unclaimed,
    /// Somebody has.
    Claimed,
}

/// Answer of `GET /api/v1/claim`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimStatus {
    /// Whether the box has an owner.
    pub state: ClaimState,
    /// The name people say.
    pub box_name: String,
    /// SHA-256 of the household's certificate, as pairs of hexadecimal digits with colons; equal to the one on the console.
    pub fingerprint: String,
}

/// Body of `POST /api/v1/claim/code`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimCode {
    /// The pairing code from the console, in any case, with or without the dash.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, example = "7K3M-9XQT")]
    pub code: Secret,
}

/// Answer of `POST /api/v1/claim/code`.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ClaimTicket {
    /// Goes into the next two steps; good for 30 minutes.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    pub ticket: Secret,
}

/// Body of `POST /api/v1/claim/person`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimPerson {
    /// The ticket of the step before.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    pub ticket: Secret,
    /// What the box shall be called, 1 to 64 characters.
    pub box_name: String,
    /// The name to sign in with: `a-z`, digits, `-`; at most 32, a letter first.
    pub name: String,
    /// The name people read, 1 to 64 characters.
    pub display_name: String,
    /// The passphrase, 10 to 256 characters.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub passphrase: Secret,
}

/// Answer of `POST /api/v1/claim/person`: the recovery kit, shown this once.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct RecoveryKit {
    /// The 24 words (BIP 39, English) that carry 256 bits.
    pub words: Vec<String>,
    /// The words as a QR code: a row a text, `1` dark, without the quiet zone.
    pub qr: Vec<String>,
    /// Numbers of the words, from 1, that the last step asks for.
    pub ask: Vec<u8>,
}

/// Body of `POST /api/v1/claim/finish`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimFinish {
    /// The ticket.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    pub ticket: Secret,
    /// The words that were asked for, by their number as text.
    #[schema(example = json!({"3": "river", "11": "apple", "19": "stone"}))]
    pub answers: BTreeMap<String, String>,
}
