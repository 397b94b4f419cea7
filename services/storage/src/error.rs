//! Why storage cannot run, or cannot keep what it should.

use croft_api::inherit::InheritError;
use croft_model::Problem;
use croft_store::StoreError;

/// Storage cannot start, or cannot do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// It was started wrongly.
    #[error(transparent)]
    Inherit(#[from] InheritError),
    /// The store's file cannot be opened.
    #[error("storage's store cannot be opened in its directory")]
    OpenStore(#[source] std::io::Error),
    /// The store refuses.
    #[error("storage's store cannot be used")]
    Store(#[from] StoreError),
    /// Work on another thread ended by a panic or the process is ending.
    #[error("work on another thread was lost")]
    Lost(#[from] tokio::task::JoinError),
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        let inside = croft_api::problem::internal(&error);
        match error {
            StorageError::Store(store) => Self {
                hint: Some(store.hint().into()),
                ..Self::new(inside.status, store.code(), "The box could not keep this: its store is in trouble. Nothing was begun.")
            },
            _ => inside,
        }
    }
}
