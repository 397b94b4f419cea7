//! The commands, and the two ways in which one can fail.

pub(crate) mod activity;
pub(crate) mod app;
pub(crate) mod console;
pub(crate) mod disk;
pub(crate) mod health;
pub(crate) mod link;
pub(crate) mod logs;
pub(crate) mod network;
pub(crate) mod notify;
pub(crate) mod person;
pub(crate) mod pool;
pub(crate) mod power;
pub(crate) mod proof;
pub(crate) mod settings;
pub(crate) mod share;
pub(crate) mod space;
pub(crate) mod status;
pub(crate) mod time;
pub(crate) mod token;
pub(crate) mod wifi;

use croft_client::ClientError;

/// Why a command did not do what it was asked.
pub(crate) enum CommandError {
    /// The box, or the way to it.
    Client(ClientError),
    /// What was typed; a sentence that says what would be right.
    Wrong(String),
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}
