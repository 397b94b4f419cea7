//! Revocations: pushed to the gateway the moment they are durable, so that no capability outlives its session.

use croft_api::wire::trust::Revocation;
use tokio::sync::broadcast;

/// Tells listeners what is void.
#[derive(Debug, Clone)]
pub(crate) struct Revocations(broadcast::Sender<Revocation>);

impl Revocations {
    pub(crate) fn new(sender: broadcast::Sender<Revocation>) -> Self {
        Self(sender)
    }

    /// Says that something is void. Nobody listening is fine: whoever begins to listen knows nothing yet that could be void.
    pub(crate) fn push(&self, revocation: Revocation) {
        let _ = self.0.send(revocation);
    }

    /// What becomes void from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Revocation> {
        self.0.subscribe()
    }
}
