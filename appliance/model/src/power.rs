//! Ways in which the machine below a box can end.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the machine ends. Everything on it ends in order first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// It starts again by itself.
    Restart,
    /// It stays off until somebody switches it on.
    ShutDown,
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restart => "restart",
            Self::ShutDown => "shut down",
        })
    }
}
