//! What keeps the role from starting or from keeping what it must.

use croft_api::{inherit::InheritError, random::NoRandomness};
use croft_model::Problem;
use croft_store::StoreError;

/// Why the role ends, or cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum NotifierError {
    /// A descriptor or variable is missing.
    #[error("the notifier was not started as its manifest says")]
    Inherit(#[from] InheritError),
    /// The store's file cannot be opened.
    #[error("the notifier's store cannot be opened in its directory")]
    OpenStore(#[source] std::io::Error),
    /// The store refuses.
    #[error("the notifier's store cannot be used")]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// Work on another thread ended by a panic, or the process is ending.
    #[error("work on another thread was lost")]
    Lost(#[from] tokio::task::JoinError),
}

impl From<NotifierError> for Problem {
    fn from(error: NotifierError) -> Self {
        let inside = croft_api::problem::internal(&error);
        match error {
            NotifierError::Store(store) => Self {
                hint: Some(store.hint().into()),
                ..Self::new(inside.status, store.code(), "The box could not keep this: its store is in trouble. Nothing was changed.")
            },
            _ => inside,
        }
    }
}
