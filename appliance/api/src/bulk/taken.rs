//! The room of a space, as its worker says it to the gateway.

use serde::{Deserialize, Serialize};

/// The room of a space, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// What all of its files have.
    pub used: u64,
    /// What still goes there; other spaces on the same disk have a part in it.
    pub available: u64,
}
