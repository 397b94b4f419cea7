//! The trait on the world: what can be asked of whoever starts and ends the machine.

use croft_model::Power;
use futures_util::future::BoxFuture;

/// Whoever starts and ends the machine.
pub trait Boot: Send + Sync {
    /// Whether the machine's power is the box's to switch. Nothing happens.
    ///
    /// # Errors
    /// It is not, and why.
    fn may(&self) -> Result<(), BootError>;

    /// Begins the machine's orderly end: every unit is stopped as its file says. It returns as soon as that is under way.
    fn end(&self, how: Power) -> BoxFuture<'_, Result<(), BootError>>;
}

/// The machine's power was not switched.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The box is a guest on this machine.
    #[error("the box runs as a program on somebody's machine, whose power is not the box's to switch")]
    NotOurs,
    /// The system was asked and did not do it.
    #[error("the system did not take the order to {0}")]
    Refused(Power, #[source] Box<dyn std::error::Error + Send + Sync>),
}
