//! Apps out of folders.

use std::path::Path;

use serde_json::Value;

use crate::commands::CommandError;

/// One app of a folder, as its specification.
pub(crate) fn one(from: &Path, _app: Option<&str>) -> Result<Value, CommandError> {
    Err(CommandError::Wrong(format!("{} is no specification", from.display())))
}
