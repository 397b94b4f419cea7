//! What can go wrong inside identity. What a person did wrong is a `Problem` from the start.

use croft_api::{inherit::InheritError, random::NoRandomness};
use croft_model::Problem;
use croft_store::StoreError;

/// Identity cannot start, or cannot do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A descriptor or variable is missing.
    #[error("identity was not started as its manifest says")]
    Inherit(#[from] InheritError),
    /// The capability seed cannot be read or is not 32 bytes.
    #[error("the capability seed cannot be used")]
    Seed(#[source] std::io::Error),
    /// The store's file cannot be opened.
    #[error("identity's store cannot be opened in its directory")]
    OpenStore(#[source] std::io::Error),
    /// The store refuses.
    #[error("identity's store cannot be used")]
    Store(#[from] StoreError),
    /// The authority cannot sign, or its record is damaged.
    #[error("the household's certificate authority cannot be used")]
    Authority(#[source] rcgen::Error),
    /// A passphrase cannot be hashed, or a stored hash is damaged.
    #[error("a passphrase cannot be hashed: {0}")]
    Passphrase(argon2::Error),
    /// A stored hash is not of the form that identity writes.
    #[error("the stored hash of a passphrase is damaged")]
    DamagedHash,
    /// The recovery kit cannot be drawn as a QR code.
    #[error("the recovery kit cannot be drawn: {0}")]
    Kit(qrcode::types::QrError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// Work on another thread ended by a panic or the process is ending.
    #[error("work on another thread was lost")]
    Lost(#[from] tokio::task::JoinError),
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        let inside = croft_api::problem::internal(&error);
        match error {
            IdentityError::Store(store) => Self {
                hint: Some(store.hint().into()),
                ..Self::new(inside.status, store.code(), "The box could not keep this: its store is in trouble. Nothing was changed.")
            },
            _ => inside,
        }
    }
}
