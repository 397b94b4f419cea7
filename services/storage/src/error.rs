//! Why storage cannot run.

use croft_api::inherit::InheritError;

/// Storage ended by an error.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// It was started wrongly.
    #[error(transparent)]
    Inherit(#[from] InheritError),
}
