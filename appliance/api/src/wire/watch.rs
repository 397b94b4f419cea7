//! Watching the box.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which lines of the roles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// Only of this role or instance: `gateway`, `sync@s1`; all when absent.
    pub role: Option<String>,
    /// How many of the latest lines, up to 2000; 200 when absent.
    pub lines: Option<usize>,
}

/// A line that a role wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// When it came.
    pub at: Timestamp,
    /// The role or instance.
    pub role: String,
    /// The line.
    pub text: String,
}
