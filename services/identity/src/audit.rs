//! Lines for the audit log, carried to the supervisor in order. A line waits while the supervisor is away.

use std::time::Duration;

use croft_api::{projection::Supervisor, wire::trust::AuditLine};
use croft_model::{Actor, Problem};
use http::Method;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Lines that wait at most; a supervisor that is away for longer than these take is in the journal anyway.
const QUEUE: usize = 256;
/// First pause before a line is sent again; doubles up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause before a line is sent again.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Takes lines for the audit log.
#[derive(Debug, Clone)]
pub(crate) struct Audit(mpsc::Sender<AuditLine>);

impl Audit {
    /// Starts the carrier; it ends at `stop`, after one try for each line that still waits.
    pub(crate) fn start(supervisor: Supervisor, stop: CancellationToken) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), tokio::spawn(carry(supervisor, receiver, stop)))
    }

    /// Adds a line. It never waits, since nobody shall wait for a log.
    pub(crate) fn say(&self, who: Actor, action: &str, sentence: impl Into<String>) {
        let line = AuditLine { who, action: action.into(), sentence: sentence.into() };
        if let Err(error) = self.0.try_send(line) {
            tracing::warn!(action, %error, "a line of the audit log was lost, because the supervisor is away");
        }
    }
}

async fn carry(supervisor: Supervisor, mut lines: mpsc::Receiver<AuditLine>, stop: CancellationToken) {
    loop {
        // Cancel-safe: a line is taken whole or stays in the channel.
        let line = tokio::select! {
            biased;
            line = lines.recv() => line,
            () = stop.cancelled() => return,
        };
        let Some(line) = line else { return };
        let mut pause = FIRST_PAUSE;
        while let Err(problem) = send(&supervisor, &line).await {
            if problem.status < 500 || stop.is_cancelled() {
                tracing::warn!(action = line.action, %problem, "a line of the audit log was lost");
                break;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(MAX_PAUSE),
            }
        }
    }
}

async fn send(supervisor: &Supervisor, line: &AuditLine) -> Result<(), Problem> {
    supervisor.role().json::<_, serde_json::Value>(Method::POST, "/internal/v1/audit", Some(line), None).await.map(|_| ())
}
