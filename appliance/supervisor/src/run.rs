//! The life of the supervisor: take the box's folder, open the store, serve, keep the roles, end in order.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    os::{fd::AsFd, unix::fs::OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use croft_api::{
    call::Role,
    capability::Verifier,
    inherit::{Descriptors, InheritError, RunDirectory},
    lifecycle::Lifecycle,
    routes::Gate,
    socket::{self, Peers},
};
use croft_boot::{Boot, NoBoot, SystemdBoot};
use croft_model::{Manifest, SocketKind};
use croft_network::{Network, NetworkError, SystemdNetwork};
use croft_smb::{ChildSmb, NoSmb, Smb, SystemdSmb};
use croft_store::{Options, Store};
use croft_units::{ChildUnits, Home, SystemdUnits, UnitEvent, Units, sockets};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    SupervisorError,
    apply::{RUN_MODE, Roles},
    change::Trials,
    desired::{Desired, OpenError},
    door,
    events::Events,
    health, http, keys,
    manifests::{SUPERVISOR, manifests},
    network,
    observe::{Inbox, Table},
    power::PowerSwitch,
    regulator::{Regulator, peers},
    shares::{self, PASSAGE, Shares},
    tasks::Tasks,
    trial,
    warnings::Warnings,
};

/// The supervisor's file, below the box's folder.
const STORE: &str = "state/supervisor/supervisor.redb";
/// The seed of the capabilities' key, below the box's folder.
const SEED: &str = "run/capability.seed";
/// Names who runs the roles: `systemd`, or nothing for child processes.
const UNITS: &str = "CROFT_UNITS";

/// Runs the box in the folder `home` until SIGTERM or SIGINT.
///
/// # Errors
/// The folder, the store or the descriptors cannot be used. Nothing was changed in a store that cannot be used.
pub async fn run(home: &Path, mut descriptors: Descriptors) -> Result<(), SupervisorError> {
    let lifecycle = Lifecycle::start(&mut descriptors)?;
    let manifests: Arc<[Manifest]> = manifests()?.into();
    let listeners = listeners(&manifests, &mut descriptors)?;
    let home = Arc::new(Home::open(home)?);
    let run = Arc::new(home.directory("run", RUN_MODE, None)?);
    home.directory("state/supervisor", 0o700, None)?;
    home.directory("spaces", PASSAGE, None)?;
    let store = open_store(&home.path().join(STORE))?;
    let capability_key = keys::public_key(&home.path().join(SEED)).map_err(SupervisorError::Key)?;
    let api = match descriptors.unix_listener("api") {
        Ok(listener) => listener,
        Err(InheritError::Missing(_)) => own_listener(&run)?,
        Err(error) => return Err(error.into()),
    };
    let events = Events::new();
    let (units, unit_events) = units().await?;
    let network = machine().await?;
    let (table, statuses) = Table::new(events.clone());
    let closed = CancellationToken::new();
    let croft = Arc::new(Regulator {
        desired: open_desired(&store, &home, &events, network.as_ref().map_or(Trials::Never, |_| Trials::Last(trial::LENGTH)))?,
        tasks: Arc::new(Tasks::open(store.clone(), events.clone(), Timestamp::now()).map_err(|source| store_error(&home, source))?),
        warnings: Warnings::new(events.clone()),
        events,
        roles: statuses,
        units,
        network: network.clone(),
        fingerprint: watch::Sender::new(None),
        power: PowerSwitch::new(boot()),
        shares: Shares::new(smb(&home)),
        home: Arc::clone(&home),
        manifests: Arc::clone(&manifests),
        one_user: !Home::has_users(),
        started: Timestamp::now(),
        stop: closed.clone(),
    });
    let gate = gate(&croft, &capability_key)?;
    let inbox = Arc::new(Inbox::default());
    let roles = Roles {
        croft: Arc::clone(&croft),
        table,
        inbox: Arc::clone(&inbox),
        ending: lifecycle.stopping(),
        capability_key,
        sockets: BTreeMap::new(),
        listeners,
        run: Arc::clone(&run),
        waits: BTreeMap::new(),
    };
    let identity = Role::new(RunDirectory::new(run.try_clone().map_err(unusable("run"))?), "identity");
    let beside = [
        tokio::spawn(Arc::clone(&inbox).fill(unit_events)),
        tokio::spawn(tell_of_news(Arc::clone(&croft), Arc::clone(&inbox), lifecycle.stopping())),
    ];
    let mut until_closed = vec![
        tokio::spawn(socket::serve(api, http::router(Arc::clone(&croft)), gate, closed.clone())),
        tokio::spawn(health::watch_room(Arc::clone(&croft))),
        tokio::spawn(door::keep(Arc::clone(&croft), identity)),
        tokio::spawn(shares::keep(Arc::clone(&croft))),
    ];
    until_closed.extend(network.map(|network| tokio::spawn(network::keep(Arc::clone(&croft), network))));
    lifecycle.ready();
    tracing::info!(home = %home.path().display(), one_user = croft.one_user, "the box runs");
    // Ends when the box is to end and all roles have. They can still ask and tell until then.
    croft_reconcile::run(roles, &inbox.news).await;
    lifecycle.ended();
    croft.tasks.park().map_err(|source| store_error(&home, source))?;
    closed.cancel();
    for task in until_closed {
        if let Err(error) = task.await {
            tracing::warn!(%error, "a part of the supervisor did not end in order");
        }
    }
    for task in beside {
        task.abort();
    }
    tracing::info!("the box has ended in order");
    Ok(())
}

/// The network of this machine, where systemd runs the roles; elsewhere the machine looks after its own.
async fn machine() -> Result<Option<Arc<dyn Network>>, NetworkError> {
    if !under_systemd() {
        return Ok(None);
    }
    Ok(Some(Arc::new(SystemdNetwork::of_this_machine().await?)))
}

fn under_systemd() -> bool {
    std::env::var(UNITS).is_ok_and(|units| units == "systemd")
}

/// Whoever runs processes here: systemd where the supervisor's unit file says so, otherwise this process.
async fn units() -> Result<(Arc<dyn Units>, mpsc::Receiver<UnitEvent>), SupervisorError> {
    if under_systemd() {
        let (units, events) = SystemdUnits::of_this_program().await?;
        return Ok((Arc::new(units), events));
    }
    let (units, events) = ChildUnits::of_this_program()?;
    Ok((Arc::new(units), events))
}

/// Whoever ends the machine: systemd where it runs the roles; elsewhere the machine is not the box's.
fn boot() -> Arc<dyn Boot> {
    if under_systemd() { Arc::new(SystemdBoot) } else { Arc::new(NoBoot) }
}

/// Whoever serves network drives: a unit where systemd runs the roles, a child of root elsewhere, nobody without root.
fn smb(home: &Home) -> Arc<dyn Smb> {
    match (under_systemd(), Home::has_users()) {
        (true, _) => Arc::new(SystemdSmb::new(home.path())),
        (false, true) => Arc::new(ChildSmb::of_developer(home.path())),
        (false, false) => Arc::new(NoSmb),
    }
}

/// Wakes the loop of the roles when the settings change or the box is to end.
async fn tell_of_news(croft: Arc<Regulator>, inbox: Arc<Inbox>, ending: CancellationToken) {
    let mut settings = croft.desired.follow();
    loop {
        // Cancel-safe: a change that is not yet seen stays marked in the channel.
        tokio::select! {
            () = ending.cancelled() => break,
            changed = settings.changed() => if changed.is_err() { break },
        }
        inbox.news.notify_one();
    }
    inbox.news.notify_one();
}

/// The network listeners that the manifests name, from whoever started this process.
fn listeners(manifests: &[Manifest], descriptors: &mut Descriptors) -> Result<BTreeMap<String, Arc<std::os::fd::OwnedFd>>, InheritError> {
    let sockets = manifests.iter().flat_map(|manifest| &manifest.sockets).filter(|(_, socket)| socket.kind == SocketKind::Tcp);
    sockets.map(|(name, _)| Ok((name.clone(), Arc::new(descriptors.take(name)?)))).collect()
}

fn own_listener(run: &Arc<std::os::fd::OwnedFd>) -> Result<tokio::net::UnixListener, SupervisorError> {
    let listener = sockets::open(run.as_fd(), "supervisor.sock", sockets::Kind::Stream).map_err(unusable("api"))?;
    Ok(tokio::net::UnixListener::from_std(listener.into()).map_err(unusable("api"))?)
}

fn unusable(name: &'static str) -> impl FnOnce(std::io::Error) -> InheritError {
    move |source| InheritError::Unusable { name: name.into(), source }
}

fn open_store(path: &Path) -> Result<Store, SupervisorError> {
    let failed = |source| SupervisorError::Store { path: path.into(), source };
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = file.map_err(|error| SupervisorError::StoreFile { path: path.into(), source: error })?;
    Store::open(file, Options::new(SUPERVISOR)).map_err(failed)
}

fn open_desired(store: &Store, home: &Home, events: &Events, trials: Trials) -> Result<Desired, SupervisorError> {
    Desired::open(store.clone(), events.clone(), trials).map_err(|error| match error {
        OpenError::Store(source) => store_error(home, source),
        OpenError::Settings(source) => SupervisorError::Settings { path: store_path(home), source },
    })
}

fn store_error(home: &Home, source: croft_store::StoreError) -> SupervisorError {
    SupervisorError::Store { path: store_path(home), source }
}

fn store_path(home: &Home) -> PathBuf {
    home.path().join(STORE)
}

/// Who may call the supervisor, and with what.
fn gate(croft: &Regulator, capability_key: &str) -> Result<Gate, InheritError> {
    let own = croft.manifests.iter().find(|manifest| manifest.name.as_str() == SUPERVISOR);
    let peers = own.map(|own| peers(&croft.manifests, own, croft.one_user)).unwrap_or_default();
    Ok(Gate {
        verifier: Verifier::new(capability_key, SUPERVISOR).ok_or(InheritError::Variable("CROFT_CAPABILITY_KEY"))?,
        peers: Peers::parse(&peers).ok_or(InheritError::Variable("CROFT_PEERS"))?,
    })
}
