//! Domain `power`: ending the machine.

use croft_model::Power;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /api/v1/power`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerOrder {
    /// What shall happen.
    #[serde(rename = "do")]
    pub how: Power,
}

/// Answer of `POST /api/v1/power`, given before it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PowerTaken {
    /// What is about to happen.
    #[serde(rename = "do")]
    pub how: Power,
    /// Seconds until it begins.
    pub in_seconds: u64,
}
