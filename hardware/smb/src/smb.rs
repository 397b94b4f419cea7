//! The trait on the world: what can be asked of whoever serves folders.

use std::io;

use futures_util::future::BoxFuture;

use crate::Wanted;

/// Whoever serves folders by SMB.
pub trait Smb: Send + Sync {
    /// Whether folders can be served on this machine. Nothing happens.
    ///
    /// # Errors
    /// They cannot, and why.
    fn may(&self) -> Result<(), SmbError>;

    /// The port at which it answers.
    fn port(&self) -> u16;

    /// Serves exactly this from now on, starting what does not run. When it returns without an error, whatever was taken from somebody is closed
    /// to them, open files included. May be asked as often as one likes.
    fn serve<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<(), SmbError>>;

    /// Ends it: when it returns without an error, nothing answers any more.
    fn end(&self) -> BoxFuture<'_, Result<(), SmbError>>;
}

/// Folders are not served, or not as wanted.
#[derive(Debug, thiserror::Error)]
pub enum SmbError {
    /// The box does not run as root.
    #[error("shares need root, as which this box does not run")]
    NotRoot,
    /// A program is missing.
    #[error("shares need Samba, which is not installed here: {0} is missing")]
    NotInstalled(&'static str),
    /// A file of Samba's could not be written, or a folder not be handed over.
    #[error("cannot {0}")]
    Files(&'static str, #[source] io::Error),
    /// A program could not be started or ended badly.
    #[error("{0} did not do what it was told: {1}")]
    Program(&'static str, String),
    /// systemd was asked and did not do it.
    #[error("the system did not {0} the unit of the shares")]
    System(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
}
