//! The doors of apps, for the gateway: it names an app, and gets a connection to the part that has the page.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
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
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::JoinSet,
    time::timeout,
};

use crate::{keeper::Keeper, records::Phase};

/// Links at once, those that wait among them: a page asks for dozens of things.
const LINKS: usize = 256;
/// Connections that are opened at once, a descriptor or two each; an app that answers takes a moment for one.
const AT_ONCE: usize = 32;
/// Those of them to one app: one that does not answer holds no more.
const AT_ONCE_OF_APP: usize = 8;
/// Knocks at one app, those that wait among them: a page's, and one app never has all links.
const KNOCKS_OF_APP: usize = 64;
/// Time to wait for one's turn.
const TURN: Duration = Duration::from_secs(5);
/// Time for the gateway to say what it wants.
const GREETING: Duration = Duration::from_secs(5);

/// Who knocks, and whose turn it is.
struct Turns {
    all: Semaphore,
    apps: Mutex<BTreeMap<AppId, Line>>,
}

/// Those who knock at one app.
struct Line {
    turns: Arc<Semaphore>,
    knocks: usize,
}

/// A place in an app's line.
struct InLine<'a> {
    turns: &'a Turns,
    app: &'a AppId,
    of_app: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { all: Semaphore::new(AT_ONCE), apps: Mutex::default() }
    }
}

impl Turns {
    /// Gets into the line of an app; none where it is too long.
    fn line<'a>(&'a self, app: &'a AppId) -> Option<InLine<'a>> {
        let mut apps = self.apps.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Line { turns: Arc::new(Semaphore::new(AT_ONCE_OF_APP)), knocks: 0 };
        let line = apps.entry(app.clone()).or_insert_with(new);
        if line.knocks >= KNOCKS_OF_APP {
            return None;
        }
        line.knocks += 1;
        Some(InLine { turns: self, app, of_app: Arc::clone(&line.turns) })
    }
}

impl InLine<'_> {
    /// Waits for one's turn, first in the line of the app: who waits there takes nobody else's.
    async fn turn(&self) -> Option<[SemaphorePermit<'_>; 2]> {
        let turn = async { Some([self.of_app.acquire().await.ok()?, self.turns.all.acquire().await.ok()?]) };
        timeout(TURN, turn).await.ok().flatten()
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        let mut apps = self.turns.apps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = apps.get_mut(self.app) {
            line.knocks -= 1;
            if line.knocks == 0 {
                apps.remove(self.app);
            }
        }
    }
}

/// Opens connections until the role ends.
pub(crate) async fn serve(keeper: Arc<Keeper>, listener: OwnedFd, peers: Peers) {
    let mut listener = match LinkListener::new(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(error = error_chain(&error), "the doors of apps cannot be opened");
            return;
        }
    };
    let (mut links, slots) = (JoinSet::new(), Arc::new(Semaphore::new(LINKS)));
    let turns = Arc::new(Turns::default());
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
        let (keeper, turns) = (Arc::clone(&keeper), Arc::clone(&turns));
        links.spawn(async move {
            answer(&keeper, &turns, &link).await;
            drop(slot);
        });
    }
    links.shutdown().await;
}

async fn answer(keeper: &Keeper, turns: &Turns, link: &Link) {
    let mut buffer = vec![0; MAX_KNOCK];
    let Ok(Ok(Some(received))) = timeout(GREETING, link.receive(&mut buffer)).await else { return };
    let Ok(Knock { app }) = serde_json::from_slice(buffer.get(..received.length).unwrap_or_default()) else { return };
    let (opened, stream) = open(keeper, turns, &app).await;
    let Ok(answer) = serde_json::to_vec(&opened) else { return };
    let _ = link.send(&answer, stream.as_ref().map(AsFd::as_fd)).await;
}

async fn open(keeper: &Keeper, turns: &Turns, app: &AppId) -> (Opened, Option<std::net::TcpStream>) {
    let (to, tls) = match way(keeper, app) {
        Ok(way) => way,
        Err(opened) => return (opened, None),
    };
    let Some(line) = turns.line(app) else { return (Opened::Refused, None) };
    let Some(_turn) = line.turn().await else { return (Opened::Refused, None) };
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn app(number: usize) -> AppId {
        format!("app-{number}").parse().unwrap()
    }

    #[tokio::test]
    async fn one_app_has_few_turns_and_leaves_the_others_theirs() {
        let (turns, apps) = (Turns::default(), [0, 1, 2, 3, 4].map(app));
        let lines: Vec<InLine<'_>> =
            apps[..4].iter().flat_map(|app| (0..=AT_ONCE_OF_APP).map(|_| turns.line(app).unwrap()).collect::<Vec<_>>()).collect();
        let mut taken = vec![];
        for (number, line) in lines.iter().enumerate() {
            let turn = line.turn().now_or_never().flatten();
            assert_eq!(turn.is_none(), number % (AT_ONCE_OF_APP + 1) == AT_ONCE_OF_APP, "{number}");
            taken.extend(turn);
        }
        assert_eq!(taken.len(), AT_ONCE);
        let other = turns.line(&apps[4]).unwrap();
        assert!(other.turn().now_or_never().is_none(), "all turns are taken");
        taken.pop();
        assert!(other.turn().now_or_never().flatten().is_some());
    }

    #[test]
    fn the_line_of_an_app_ends_and_goes_with_the_last() {
        let (turns, first, second) = (Turns::default(), app(1), app(2));
        let mut line: Vec<InLine<'_>> = (0..KNOCKS_OF_APP).filter_map(|_| turns.line(&first)).collect();
        assert_eq!(line.len(), KNOCKS_OF_APP);
        assert!(turns.line(&first).is_none() && turns.line(&second).is_some());
        line.pop();
        assert!(turns.line(&first).is_some());
        line.clear();
        assert!(turns.apps.lock().unwrap().is_empty());
    }
}
