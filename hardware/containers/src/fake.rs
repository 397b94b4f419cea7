//! An engine and a wall in memory, for tests of those above. What is of the machine (addresses that answer, words of containers) the test puts in.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::{IpAddr, SocketAddr, TcpStream},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use croft_model::Bytes;
use futures_util::{StreamExt, future::BoxFuture, stream, stream::BoxStream};
use jiff::Timestamp;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    AppName, ContainerId, ContainerState, ContainerWish, Digest, Engine, EngineError, ExecEnd, Gate, Grace, HeldImage, ImageReference,
    LogPiece, LogsWish, Meters, NetworkNumber, NetworkWish, Networking, Pulled, Resolving, Seen, SeenContainer, SeenImage, SeenNetwork,
    Stats, Wall, WallError, Way,
};

/// Events that wait for a slow listener; it looks at everything with the next.
const WAITING: usize = 16;

/// An engine in memory.
#[derive(Debug)]
pub struct FakeEngine {
    state: Mutex<State>,
    events: broadcast::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// What registries have: image by name and by digest.
    registry: BTreeMap<String, (Digest, SeenImage)>,
    images: BTreeMap<Digest, (BTreeSet<String>, SeenImage)>,
    networks: BTreeMap<AppName, SeenNetwork>,
    containers: BTreeMap<ContainerId, Made>,
    execs: HashMap<String, ExecEnd>,
    lines: HashMap<ContainerId, Vec<LogPiece>>,
    calls: Vec<String>,
    fails: BTreeMap<&'static str, u32>,
    next: u64,
}

#[derive(Debug)]
struct Made {
    wish: ContainerWish,
    state: ContainerState,
    address: Option<IpAddr>,
}

impl Default for FakeEngine {
    fn default() -> Self {
        Self { state: Mutex::default(), events: broadcast::channel(WAITING).0 }
    }
}

impl FakeEngine {
    /// Puts an image into a registry.
    pub fn publish(&self, name: &ImageReference, digest: &Digest, image: SeenImage) {
        let mut state = self.state();
        state.registry.insert(name.clone().pinned(digest.clone()).exact(), (digest.clone(), image.clone()));
        state.registry.insert(name.exact(), (digest.clone(), image));
    }

    /// The next `times` calls of this name fail: `create`, `start`, `pull`.
    pub fn fail(&self, call: &'static str, times: u32) {
        self.state().fails.insert(call, times);
    }

    /// What a program says in every container, by its first word.
    pub fn answer(&self, program: &str, end: ExecEnd) {
        self.state().execs.insert(program.into(), end);
    }

    /// A container says something.
    pub fn say(&self, container: &ContainerId, piece: LogPiece) {
        self.state().lines.entry(container.clone()).or_default().push(piece);
    }

    /// A container ends by itself.
    pub fn end(&self, container: &ContainerId, code: i64) {
        if let Some(made) = self.state().containers.get_mut(container) {
            made.state = ContainerState::Exited { code, at: Some(Timestamp::UNIX_EPOCH), starved: false };
        }
        self.happened();
    }

    /// What was called, in order: `create photos-web`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere is told there.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happened(&self) {
        // Nobody may be listening.
        let _ = self.events.send(());
    }

    /// Notes a call; whether it shall fail.
    fn called(&self, call: &'static str, of: &str) -> Result<MutexGuard<'_, State>, String> {
        let mut state = self.state();
        state.calls.push(format!("{call} {of}"));
        match state.fails.get_mut(call) {
            Some(times) if *times > 0 => {
                *times -= 1;
                Err("a test wants it so".into())
            }
            _ => Ok(state),
        }
    }

    fn change(&self, call: &'static str, container: &ContainerId, state: ContainerState) -> Result<(), String> {
        let mut all = self.called(call, container.as_str())?;
        let made = all.containers.get_mut(container).ok_or("missing")?;
        let is_stop = matches!(state, ContainerState::Exited { .. });
        if is_stop == matches!(made.state, ContainerState::Running { .. }) {
            made.state = state;
        }
        drop(all);
        self.happened();
        Ok(())
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

fn missing(said: String, failed: impl FnOnce(crate::Cause) -> EngineError) -> EngineError {
    if said == "missing" { EngineError::Missing { what: "container" } } else { failed(said.into()) }
}

impl Engine for FakeEngine {
    fn look(&self) -> BoxFuture<'_, Result<Seen, EngineError>> {
        let state = match self.called("look", "") {
            Ok(state) => state,
            Err(said) => return ready(Err(EngineError::Look { source: said.into() })),
        };
        let mut containers: Vec<SeenContainer> = state
            .containers
            .iter()
            .map(|(id, made)| SeenContainer {
                id: id.clone(),
                name: made.wish.name.clone(),
                app: made.wish.app.clone(),
                service: made.wish.service.clone(),
                plan: made.wish.plan.clone(),
                state: made.state.clone(),
                restarts: 0,
                addresses: made.address.filter(|_| matches!(made.state, ContainerState::Running { .. })).into_iter().collect(),
                image: made.wish.image.digest().cloned(),
            })
            .collect();
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        let mut networks: Vec<SeenNetwork> = state.networks.values().cloned().collect();
        networks.sort_by_key(|network| network.number);
        let users = |digest: &Digest| state.containers.values().filter(|made| made.wish.image.digest() == Some(digest)).count() as u64;
        let images = state
            .images
            .iter()
            .map(|(digest, (names, image))| HeldImage {
                digests: vec![digest.clone()],
                names: names.iter().cloned().collect(),
                size: image.size,
                containers: users(digest),
            })
            .collect();
        ready(Ok(Seen { containers, networks, images }))
    }

    fn pull<'a>(
        &'a self,
        image: &'a ImageReference,
        progress: watch::Sender<Pulled>,
        stop: CancellationToken,
    ) -> BoxFuture<'a, Result<Digest, EngineError>> {
        let failed = |said: String| EngineError::Pull { image: image.to_string(), source: said.into() };
        if stop.is_cancelled() {
            return ready(Err(EngineError::Cancelled));
        }
        let pulled = self.called("pull", &image.exact()).and_then(|mut state| {
            let (digest, seen) = state.registry.get(&image.exact()).cloned().ok_or("the registry does not know it")?;
            let pinned = image.clone().pinned(digest.clone()).exact();
            let held = state.images.entry(digest.clone()).or_insert_with(|| (BTreeSet::new(), seen.clone()));
            held.0.extend([pinned, image.exact()]);
            progress.send_replace(Pulled { layers_done: 1, layers_total: 1, bytes_done: seen.size.0, bytes_total: seen.size.0 });
            Ok(digest)
        });
        ready(pulled.map_err(failed))
    }

    fn image<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<SeenImage>, EngineError>> {
        ready(Ok(self.state().images.get(digest).map(|(_, image)| image.clone())))
    }

    fn remove_image<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<(), EngineError>> {
        let removed = self.called("remove_image", digest.as_str()).and_then(|mut state| {
            if state.containers.values().any(|made| made.wish.image.digest() == Some(digest)) {
                return Err("there are containers of it".to_owned());
            }
            state.images.remove(digest);
            Ok(())
        });
        ready(removed.map_err(|said| EngineError::RemoveImage { source: said.into() }))
    }

    fn make_network<'a>(&'a self, wish: &'a NetworkWish) -> BoxFuture<'a, Result<(), EngineError>> {
        let mut state = match self.called("make_network", wish.app.as_str()) {
            Ok(state) => state,
            Err(said) => return ready(Err(EngineError::MakeNetwork { app: wish.app.clone(), source: said.into() })),
        };
        if state.networks.contains_key(&wish.app) {
            return ready(Err(EngineError::Taken { what: "network" }));
        }
        let subnets = [ipnet::IpNet::from(wish.subnet)].into_iter().chain(wish.subnet6.map(ipnet::IpNet::from)).collect();
        let network = SeenNetwork { app: wish.app.clone(), number: Some(wish.number), subnets, resolving: wish.resolving.clone() };
        state.networks.insert(wish.app.clone(), network);
        ready(Ok(()))
    }

    fn resolve<'a>(&'a self, app: &'a AppName, by: &'a Resolving) -> BoxFuture<'a, Result<(), EngineError>> {
        let mut state = match self.called("resolve", app.as_str()) {
            Ok(state) => state,
            Err(said) => return ready(Err(EngineError::Resolve { app: app.clone(), source: said.into() })),
        };
        let changed = state.networks.get_mut(app).map(|network| network.resolving = by.clone());
        ready(changed.ok_or(EngineError::Missing { what: "network" }))
    }

    fn remove_network<'a>(&'a self, app: &'a AppName) -> BoxFuture<'a, Result<(), EngineError>> {
        let removed = self.called("remove_network", app.as_str()).and_then(|mut state| {
            let on_it = |made: &Made| made.wish.app == *app && matches!(made.wish.networking, Networking::App { .. });
            if state.containers.values().any(on_it) {
                return Err("there are containers on it".to_owned());
            }
            state.networks.remove(app);
            Ok(())
        });
        ready(removed.map_err(|said| EngineError::RemoveNetwork { app: app.clone(), source: said.into() }))
    }

    fn create<'a>(&'a self, wish: &'a ContainerWish) -> BoxFuture<'a, Result<ContainerId, EngineError>> {
        if let Err(error) = crate::podman::check(wish) {
            return ready(Err(error));
        }
        let mut state = match self.called("create", wish.name.as_str()) {
            Ok(state) => state,
            Err(said) => return ready(Err(EngineError::Create { name: wish.name.to_string(), source: said.into() })),
        };
        if state.containers.values().any(|made| made.wish.name == wish.name) {
            return ready(Err(EngineError::Taken { what: "container" }));
        }
        if !wish.image.digest().is_some_and(|digest| state.images.contains_key(digest)) {
            return ready(Err(EngineError::Missing { what: "image" }));
        }
        let number = state.number();
        let address = match &wish.networking {
            Networking::App { address, .. } => {
                let Some(network) = state.networks.get(&wish.app) else {
                    return ready(Err(EngineError::Missing { what: "network" }));
                };
                let offset = usize::try_from(number).unwrap_or(usize::MAX);
                address.map(IpAddr::V4).or_else(|| network.subnets.first()?.hosts().nth(offset))
            }
            Networking::None | Networking::Machine => None,
        };
        let id: ContainerId = match format!("{number:064x}").parse() {
            Ok(id) => id,
            Err(error) => return ready(Err(EngineError::Name(error))),
        };
        state.containers.insert(id.clone(), Made { wish: wish.clone(), state: ContainerState::Created, address });
        drop(state);
        self.happened();
        ready(Ok(id))
    }

    fn start<'a>(&'a self, container: &'a ContainerId) -> BoxFuture<'a, Result<(), EngineError>> {
        let running = ContainerState::Running { since: Timestamp::UNIX_EPOCH };
        ready(self.change("start", container, running).map_err(|said| missing(said, |source| EngineError::Start { source })))
    }

    fn stop<'a>(&'a self, container: &'a ContainerId, _grace: Grace) -> BoxFuture<'a, Result<(), EngineError>> {
        let exited = ContainerState::Exited { code: 143, at: Some(Timestamp::UNIX_EPOCH), starved: false };
        ready(self.change("stop", container, exited).map_err(|said| missing(said, |source| EngineError::Stop { source })))
    }

    fn remove<'a>(&'a self, container: &'a ContainerId) -> BoxFuture<'a, Result<(), EngineError>> {
        let removed = self.called("remove", container.as_str()).map(|mut state| drop(state.containers.remove(container)));
        self.happened();
        ready(removed.map_err(|said| EngineError::Remove { source: said.into() }))
    }

    fn logs<'a>(
        &'a self,
        container: &'a ContainerId,
        wish: &'a LogsWish,
    ) -> BoxFuture<'a, Result<BoxStream<'static, Result<LogPiece, EngineError>>, EngineError>> {
        let state = self.state();
        if !state.containers.contains_key(container) {
            return ready(Err(EngineError::Missing { what: "container" }));
        }
        let all = state.lines.get(container).cloned().unwrap_or_default();
        let since = |piece: &LogPiece| wish.since.is_none_or(|since| piece.time.is_some_and(|time| time >= since));
        let wanted: Vec<LogPiece> = all.into_iter().filter(since).collect();
        let skip = wanted.len().saturating_sub(usize::try_from(wish.tail).unwrap_or(usize::MAX));
        ready(Ok(stream::iter(wanted.into_iter().skip(skip).map(Ok)).boxed()))
    }

    fn exec<'a>(&'a self, container: &'a ContainerId, argv: &'a [String], _limit: Duration) -> BoxFuture<'a, Result<ExecEnd, EngineError>> {
        let state = match self.called("exec", &argv.join(" ")) {
            Ok(state) => state,
            Err(said) => return ready(Err(EngineError::Exec { source: said.into() })),
        };
        match state.containers.get(container).map(|made| &made.state) {
            None => ready(Err(EngineError::Missing { what: "container" })),
            Some(ContainerState::Running { .. }) => {
                let unknown = ExecEnd { code: 127, output: b"not found".to_vec() };
                ready(Ok(argv.first().and_then(|program| state.execs.get(program)).cloned().unwrap_or(unknown)))
            }
            Some(_) => ready(Err(EngineError::Exec { source: "it does not run".into() })),
        }
    }

    fn stats<'a>(&'a self, container: &'a ContainerId) -> BoxFuture<'a, Result<Stats, EngineError>> {
        let known = self.state().containers.contains_key(container);
        let stats = Stats { memory: Bytes(1 << 20), processes: 1, ..Stats::default() };
        ready(if known { Ok(stats) } else { Err(EngineError::Missing { what: "container" }) })
    }

    fn events(&self) -> BoxFuture<'_, Result<BoxStream<'static, ()>, EngineError>> {
        let heard = stream::unfold(self.events.subscribe(), async |mut events| match events.recv().await {
            Ok(()) | Err(broadcast::error::RecvError::Lagged(_)) => Some(((), events)),
            Err(broadcast::error::RecvError::Closed) => None,
        });
        ready(Ok(heard.boxed()))
    }

    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, Result<TcpStream, EngineError>> {
        // To whatever the test has put there, on this machine.
        ready(TcpStream::connect(to).map_err(|source| EngineError::Connect { to, source }))
    }
}

/// A wall in memory.
#[derive(Debug, Default)]
pub struct FakeWall {
    gates: Mutex<BTreeMap<NetworkNumber, Gate>>,
    meters: Mutex<Meters>,
}

impl FakeWall {
    /// How far an app gets; none where the wall does not know it, which is nowhere.
    #[must_use]
    pub fn way(&self, number: NetworkNumber) -> Option<Way> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).get(&number).map(|gate| gate.way)
    }

    /// What the meters say from now on.
    pub fn meter(&self, meters: Meters) {
        *self.meters.lock().unwrap_or_else(PoisonError::into_inner) = meters;
    }
}

impl Wall for FakeWall {
    fn put<'a>(&'a self, gates: &'a BTreeMap<NetworkNumber, Gate>) -> BoxFuture<'a, Result<(), WallError>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).clone_from(gates);
        ready(Ok(()))
    }

    fn meters(&self) -> BoxFuture<'_, Result<Meters, WallError>> {
        ready(Ok(self.meters.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }
}
