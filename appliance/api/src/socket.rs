//! Serving HTTP on a role's Unix socket to the peers that its manifest names.

use std::{collections::BTreeMap, env, ops::RangeInclusive, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{inherit::InheritError, routes::Gate};

/// Connections of all peers together. The gateway multiplexes people, so more than this is a fault.
const MAX_CONNECTIONS: usize = 512;
/// Time that open requests get at an orderly stop.
const DRAIN: Duration = Duration::from_secs(8);
/// Time within which a peer must have sent its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The process at the other end of a connection, as the kernel vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its process at the time of connecting.
    pub pid: Option<i32>,
}

/// Who may connect, by the user ids of roles. Where all roles run as one user this wall is as thin as it sounds, and the status says so.
#[derive(Debug, Clone, Default)]
pub struct Peers(BTreeMap<String, RangeInclusive<u32>>);

impl Peers {
    /// Reads `CROFT_PEERS`: `gateway=399901,console=0,sync=400001-465535`.
    ///
    /// # Errors
    /// The variable is missing or not of that form.
    pub fn from_env() -> Result<Self, InheritError> {
        let wrong = || InheritError::Variable("CROFT_PEERS");
        Self::parse(&env::var("CROFT_PEERS").map_err(|_| wrong())?).ok_or_else(wrong)
    }

    /// Peers out of the form of `CROFT_PEERS`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',')
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                let (role, uids) = entry.split_once('=')?;
                let (first, last) = uids.split_once('-').unwrap_or((uids, uids));
                Some((role.to_owned(), first.parse().ok()?..=last.parse().ok()?))
            })
            .collect::<Option<_>>()
            .map(Self)
    }

    /// The same but for `role`.
    #[must_use]
    pub fn without(mut self, role: &str) -> Self {
        self.0.remove(role);
        self
    }

    /// Whether the user `uid` may be `role`.
    #[must_use]
    pub fn is(&self, uid: u32, role: &str) -> bool {
        self.0.get(role).is_some_and(|uids| uids.contains(&uid))
    }

    /// Whether the user `uid` may be the process number `number` of `role`, of which each has a user of its own. Where all run as one user, none has.
    #[must_use]
    pub fn is_instance(&self, uid: u32, role: &str, number: u32) -> bool {
        self.0.get(role).is_some_and(|uids| {
            uids.start() < uids.end() && number > 0 && uids.start().checked_add(number - 1) == Some(uid) && uids.contains(&uid)
        })
    }

    fn knows(&self, uid: u32) -> bool {
        self.0.values().any(|uids| uids.contains(&uid))
    }
}

/// Serves `router` on `listener` until `stop`, then drains. Handlers find [`Peer`] and `Arc<Gate>` as extensions.
pub async fn serve(listener: UnixListener, router: Router, gate: Gate, stop: CancellationToken) {
    let gate = Arc::new(gate);
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // Cancel-safe: a connection that is not yet accepted stays in the listener's queue.
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let Some(peer) = peer_of(&stream).filter(|peer| gate.peers.knows(peer.uid)) else {
            tracing::warn!("a process that may not call this role was turned away");
            continue;
        };
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
        let (router, gate) = (router.clone(), Arc::clone(&gate));
        let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(Arc::clone(&gate));
            router.clone().oneshot(request)
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(slot);
        });
    }
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still open at the stop");
    }
}

fn peer_of(stream: &UnixStream) -> Option<Peer> {
    let credentials = stream.peer_cred().ok()?;
    Some(Peer { uid: credentials.uid(), pid: credentials.pid() })
}

#[cfg(test)]
mod tests {
    use super::Peers;

    #[test]
    fn peers_are_users_or_ranges_of_users() {
        let peers = Peers::parse("gateway=7,sync=10-12").expect("peers");
        let check = |uid: u32, role: &str, expected: bool| assert_eq!(peers.is(uid, role), expected, "{uid} as {role}");
        check(7, "gateway", true);
        check(8, "gateway", false);
        check(10, "sync", true);
        check(12, "sync", true);
        check(13, "sync", false);
        check(7, "sync", false);
        check(7, "nobody", false);
        for wrong in ["gateway", "gateway=", "gateway=x", "sync=1-", "sync=-2"] {
            assert!(Peers::parse(wrong).is_none(), "{wrong}");
        }
    }
}
