//! Why the role or a decoder cannot run.

use croft_files::FilesError;

/// The role cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// What the supervisor hands over is missing or wrong.
    #[error("preview was not started as the manifest says")]
    Inherit(#[from] croft_api::inherit::InheritError),
    /// The socket cannot be used.
    #[error("nobody can call preview")]
    Listen(#[source] FilesError),
}

/// A decoder cannot be confined, and reads nothing.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Its input is closed.
    #[error("a decoder was given nothing to read")]
    Input(#[source] std::io::Error),
    /// No wall around it.
    #[error(transparent)]
    Walls(#[from] croft_sandbox::SandboxError),
    /// No bounds.
    #[error(transparent)]
    Bounds(#[from] croft_decoders::BoundsError),
    /// No seal.
    #[error(transparent)]
    Seal(#[from] croft_sandbox::SealError),
}
