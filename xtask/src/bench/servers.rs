//! The box and its peers, as one measures them.

use std::path::PathBuf;

/// Whoever serves files.
pub(super) struct Server {
    pub(super) name: &'static str,
    /// With a slash at its end.
    pub(super) url: String,
    pub(super) certificate: PathBuf,
    /// `name:password`; a peer checks none.
    pub(super) credentials: String,
    /// The process above those that serve.
    pub(super) pid: u32,
}
