//! What keeps the role from starting, or from doing what was asked.

use croft_api::{inherit::InheritError, random::NoRandomness};
use croft_containers::{EngineError, WallError};
use croft_files::FilesError;
use croft_model::Problem;
use croft_store::StoreError;

/// Why the role ends, or cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppsError {
    /// A descriptor or variable is missing.
    #[error("the role for apps was not started as its manifest says")]
    Inherit(#[from] InheritError),
    /// The store's file cannot be opened.
    #[error("the store of apps cannot be opened in its directory")]
    OpenStore(#[source] std::io::Error),
    /// The store refuses.
    #[error("the store of apps cannot be used")]
    Store(#[from] StoreError),
    /// What apps keep cannot be reached.
    #[error("the folder of an app cannot be made or written to")]
    Shelf(#[from] FilesError),
    /// A file that an app brings along cannot be written.
    #[error("a file of an app cannot be written")]
    Write(#[from] std::io::Error),
    /// The engine refuses.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The wall cannot be put up.
    #[error(transparent)]
    Wall(#[from] WallError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// Work on another thread ended by a panic, or the process is ending.
    #[error("work on another thread was lost")]
    Lost(#[from] tokio::task::JoinError),
}

impl From<AppsError> for Problem {
    fn from(error: AppsError) -> Self {
        let inside = croft_api::problem::internal(&error);
        match error {
            AppsError::Store(store) => Self {
                hint: Some(store.hint().into()),
                ..Self::new(inside.status, store.code(), "The box could not keep this: its store is in trouble. Nothing was changed.")
            },
            AppsError::Engine(EngineError::Away { .. }) => Self::unavailable("What runs apps"),
            _ => inside,
        }
    }
}
