//! The life of a role: saying that it is ready and alive, and ending in order.
//!
//! The words are `sd_notify(3)`'s. On the appliance they go to `NOTIFY_SOCKET`; a child process got a connected socket named `notify` instead.

use std::{env, os::unix::net::UnixDatagram, path::PathBuf, sync::Arc, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::inherit::{Descriptors, InheritError};

/// Says to whoever started this process how it is. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    target: Arc<Target>,
    stop: CancellationToken,
}

#[derive(Debug)]
enum Target {
    Connected(UnixDatagram),
    Addressed(UnixDatagram, PathBuf),
    Nobody,
}

impl Lifecycle {
    /// Connects to the process supervisor and starts to listen for SIGTERM and SIGINT.
    ///
    /// # Errors
    /// The socket cannot be made or signals cannot be received.
    pub fn start(descriptors: &mut Descriptors) -> Result<Self, InheritError> {
        let unusable = |source| InheritError::Unusable { name: "notify".into(), source };
        let target = if let Ok(fd) = descriptors.take("notify") {
            Target::Connected(UnixDatagram::from(fd))
        } else if let Ok(path) = env::var("NOTIFY_SOCKET") {
            Target::Addressed(UnixDatagram::unbound().map_err(unusable)?, path.into())
        } else {
            Target::Nobody
        };
        let lifecycle = Self { target: Arc::new(target), stop: CancellationToken::new() };
        let stop = lifecycle.stop.clone();
        let mut terminate = signal(SignalKind::terminate()).map_err(unusable)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(unusable)?;
        tokio::spawn(async move {
            // Cancel-safe: receiving a signal keeps no state.
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = stop.cancelled() => {}
            }
            stop.cancel();
        });
        Ok(lifecycle)
    }

    /// A life that nobody watches, for tests.
    #[must_use]
    pub fn unwatched() -> Self {
        Self { target: Arc::new(Target::Nobody), stop: CancellationToken::new() }
    }

    /// Cancelled when this process shall end.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The role answers now. Starts the signs of life that the watchdog waits for, from the runtime that serves requests, so that a stuck
    /// runtime is noticed.
    pub fn ready(&self) {
        self.say("READY=1");
        let Some(every) = watchdog_interval() else { return };
        let this = self.clone();
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(every);
            loop {
                tick.tick().await;
                this.say("WATCHDOG=1");
            }
        });
    }

    /// The role is ending in order.
    pub fn ended(&self) {
        self.say("STOPPING=1");
    }

    /// One line about what the role is doing, for `status`.
    pub fn status(&self, line: &str) {
        self.say(&format!("STATUS={}", line.replace('\n', " ")));
    }

    fn say(&self, words: &str) {
        let sent = match &*self.target {
            Target::Connected(socket) => socket.send(words.as_bytes()),
            Target::Addressed(socket, path) => socket.send_to(words.as_bytes(), path),
            Target::Nobody => Ok(0),
        };
        if let Err(error) = sent {
            tracing::warn!(%error, words, "the process supervisor cannot be told");
        }
    }
}

/// A third of the time that the watchdog allows, from `WATCHDOG_USEC`.
fn watchdog_interval() -> Option<Duration> {
    let allowed: u64 = env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    (allowed > 0).then(|| Duration::from_micros(allowed / 3))
}
