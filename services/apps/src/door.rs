//! The doors of apps, for the gateway: it names an app, and gets a connection to the part that has the page.

use std::{
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use croft_api::{
    socket::Peers,
    wire::apps::{Knock, MAX_KNOCK, Opened},
};
use croft_catalog::Scheme;
use croft_containers::ContainerState;
use croft_files::{Link, LinkListener};
use croft_model::AppId;
use croft_telemetry::error_chain;
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

use crate::{keeper::Keeper, records::Phase};

/// Connections that are opened at once: a page asks for dozens of things.
const AT_ONCE: usize = 256;
/// Time for the gateway to say what it wants.
const GREETING: Duration = Duration::from_secs(5);

/// Opens connections until the role ends.
pub(crate) async fn serve(keeper: Arc<Keeper>, listener: OwnedFd, peers: Peers) {
    let mut listener = match LinkListener::new(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(error = error_chain(&error), "the doors of apps cannot be opened");
            return;
        }
    };
    let (mut links, slots) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    loop {
        // Cancel-safe: a link that is not yet accepted stays with the socket; one that has ended is collected later.
        let accepted = tokio::select! {
            () = keeper.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
            Some(_) = links.join_next() => continue,
        };
        let link = match accepted {
            Ok(link) => link,
            Err(error) => {
                tracing::warn!(error = error_chain(&error), "a link could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if !link.peer().is_ok_and(|peer| peers.is(peer.uid, "gateway")) {
            tracing::warn!("a process that is not the gateway was turned away");
            continue;
        }
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
        let keeper = Arc::clone(&keeper);
        links.spawn(async move {
            answer(&keeper, &link).await;
            drop(slot);
        });
    }
    links.shutdown().await;
}

async fn answer(keeper: &Keeper, link: &Link) {
    let mut buffer = vec![0; MAX_KNOCK];
    let Ok(Ok(Some(received))) = timeout(GREETING, link.receive(&mut buffer)).await else { return };
    let Ok(Knock { app }) = serde_json::from_slice(buffer.get(..received.length).unwrap_or_default()) else { return };
    let (opened, stream) = open(keeper, &app).await;
    let Ok(answer) = serde_json::to_vec(&opened) else { return };
    let _ = link.send(&answer, stream.as_ref().map(AsFd::as_fd)).await;
}

async fn open(keeper: &Keeper, app: &AppId) -> (Opened, Option<std::net::TcpStream>) {
    let (to, tls) = match way(keeper, app) {
        Ok(way) => way,
        Err(opened) => return (opened, None),
    };
    match keeper.engine.connect(to).await {
        Ok(stream) => (Opened::Open { tls }, Some(stream)),
        Err(error) => {
            tracing::debug!(%app, error = error_chain(&error), "an app takes no connection");
            // Right after its start it listens nowhere yet.
            (if is_young(keeper, app) { Opened::Starting } else { Opened::Refused }, None)
        }
    }
}

/// Where an app's page is.
fn way(keeper: &Keeper, app: &AppId) -> Result<(SocketAddr, bool), Opened> {
    let wanted = keeper.hosted().ok_or(Opened::Starting)?.get(app).map(|app| app.running).ok_or(Opened::Unknown)?;
    let state = keeper.state();
    let record = state.kept.get(app).filter(|record| record.phase == Phase::Installed).ok_or(Opened::Unknown)?;
    let door = record.spec.door.as_ref().ok_or(Opened::Unknown)?;
    if !wanted {
        return Err(Opened::Stopped);
    }
    let seen = state.seen.as_ref().ok_or(Opened::Starting)?;
    let part = seen.containers.iter().find(|part| part.app.as_str() == app.as_str() && part.service.as_str() == door.service.as_str());
    let part = part.filter(|part| matches!(part.state, ContainerState::Running { .. })).ok_or(Opened::Starting)?;
    let address = part.addresses.first().ok_or(Opened::Starting)?;
    Ok((SocketAddr::new(*address, door.port), door.scheme == Scheme::Https))
}

/// Whether the app was started a moment ago.
fn is_young(keeper: &Keeper, app: &AppId) -> bool {
    const YOUNG: Duration = Duration::from_secs(60);
    let (state, now) = (keeper.state(), jiff::Timestamp::now());
    state.seen.iter().flat_map(|seen| &seen.containers).any(|part| {
        part.app.as_str() == app.as_str()
            && matches!(part.state, ContainerState::Running { since } if now.duration_since(since).unsigned_abs() < YOUNG)
    })
}
