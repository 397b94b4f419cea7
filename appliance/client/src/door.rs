//! The way into a box: its Unix sockets on the machine itself, HTTPS from elsewhere.

use std::{fmt, path::PathBuf};

/// Where a box is and by which right it is called.
#[derive(Debug, Clone)]
pub enum Door {
    /// The box that runs in this home, by its Unix sockets: for the machine's administrator.
    Home(PathBuf),
    /// A box at an address, with an app password that has the scopes needed.
    Address {
        /// `https://host[:port]`.
        origin: String,
        /// The app password.
        token: Token,
        /// The household's certificate, where the system does not know it.
        authority: Option<PathBuf>,
    },
}

/// An app password on its way to the box.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The token with this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
