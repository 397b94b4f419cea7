//! Following the settings: a role's projection, streamed by the supervisor as one JSON document a line.

use std::time::Duration;

use axum::body::Body;
use croft_model::{Problem, Projection, Report, Standing};
use http::{Method, Request};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{call::Role, inherit::RunDirectory, lines::Lines, wire::trust::AuditLine};

/// Longest line, in bytes: the whole settings of the largest household fit several times.
const MAX_LINE: usize = 2 * 1024 * 1024;
/// First pause before the supervisor is asked again; doubles up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause before the supervisor is asked again.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// The supervisor as a role sees it.
#[derive(Debug, Clone)]
pub struct Supervisor(Role);

impl Supervisor {
    /// The supervisor behind `run/supervisor.sock`.
    #[must_use]
    pub fn new(run: RunDirectory) -> Self {
        Self(Role::new(run, "supervisor"))
    }

    /// The role behind it, for calls of other kinds.
    #[must_use]
    pub fn role(&self) -> &Role {
        &self.0
    }

    /// Follows this role's projection until `stop`. The receiver holds `None` until the first one has come; when the supervisor is away,
    /// the last one stays in force.
    #[must_use]
    pub fn follow(&self, stop: CancellationToken) -> watch::Receiver<Option<Projection>> {
        self.follow_at("/internal/v1/projection", stop, |known: &Projection, new| known.generation > new.generation)
    }

    /// Follows the warnings until `stop`, in the same way. Only the role that tells people of them may.
    #[must_use]
    pub fn follow_warnings(&self, stop: CancellationToken) -> watch::Receiver<Option<Standing>> {
        self.follow_at("/internal/v1/warnings", stop, |_: &Standing, _| false)
    }

    fn follow_at<T: DeserializeOwned + PartialEq + Send + Sync + 'static>(
        &self,
        path: &'static str,
        stop: CancellationToken,
        stale: fn(&T, &T) -> bool,
    ) -> watch::Receiver<Option<T>> {
        let (sender, receiver) = watch::channel(None);
        let role = self.0.clone();
        tokio::spawn(async move {
            let mut pause = FIRST_PAUSE;
            loop {
                // Cancel-safe: a stream that is dropped half-way is begun anew with a full document.
                let seen = tokio::select! {
                    () = stop.cancelled() => return,
                    seen = stream(&role, path, &sender, stale) => seen,
                };
                pause = if seen { FIRST_PAUSE } else { (pause * 2).min(MAX_PAUSE) };
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
        receiver
    }

    /// Adds a line to the household's activity. Whatever role calls this speaks for itself, but for identity, which knows who somebody is.
    ///
    /// # Errors
    /// The supervisor is away or does not take the line.
    pub async fn audit(&self, line: &AuditLine) -> Result<(), Problem> {
        self.0.json::<AuditLine, serde_json::Value>(Method::POST, "/internal/v1/audit", Some(line), None).await.map(|_| ())
    }

    /// Tells the supervisor how this role's domain is.
    ///
    /// # Errors
    /// The supervisor is away or does not take the report.
    pub async fn report(&self, report: &Report) -> Result<(), Problem> {
        self.0.json::<Report, serde_json::Value>(Method::PUT, "/internal/v1/report", Some(report), None).await.map(|_| ())
    }
}

/// Reads one stream to its end; true when at least one document came that can be read.
async fn stream<T: DeserializeOwned + PartialEq>(
    role: &Role,
    path: &str,
    sender: &watch::Sender<Option<T>>,
    stale: fn(&T, &T) -> bool,
) -> bool {
    let request = Request::builder().uri(path).header(http::header::HOST, "croft").body(Body::empty());
    let Ok(request) = request else { return false };
    let Ok(answer) = role.send(request).await else { return false };
    if !answer.status().is_success() {
        return false;
    }
    let (mut lines, mut seen) = (Lines::new(answer.into_body(), MAX_LINE), false);
    while let Some(line) = lines.next().await {
        seen |= take(&line, sender, stale);
    }
    seen
}

/// Puts a document into force unless it is `stale` beside the present one; false when it cannot be read.
fn take<T: DeserializeOwned + PartialEq>(line: &[u8], sender: &watch::Sender<Option<T>>, stale: fn(&T, &T) -> bool) -> bool {
    match serde_json::from_slice::<T>(line) {
        Ok(document) => {
            sender.send_if_modified(|current| {
                let stale = current.as_ref().is_some_and(|known| stale(known, &document));
                let fresh = !stale && current.as_ref() != Some(&document);
                if fresh {
                    *current = Some(document);
                }
                fresh
            });
            true
        }
        Err(error) => {
            tracing::error!(%error, "what the supervisor tells cannot be read");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_told_and_only_what_cannot_be_read_is_a_failure() {
        let (sender, mut receiver) = watch::channel(None);
        let line = |generation| serde_json::to_vec(&Projection { generation, ..Projection::default() }).expect("JSON");
        for (line, read, told) in
            [(line(2), true, true), (line(2), true, false), (line(1), true, false), (line(3), true, true), (b"{".to_vec(), false, false)]
        {
            assert_eq!(take(&line, &sender, |known: &Projection, new| known.generation > new.generation), read);
            assert_eq!(receiver.has_changed().expect("the sender lives"), told, "{}", String::from_utf8_lossy(&line));
            receiver.mark_unchanged();
        }
    }
}
