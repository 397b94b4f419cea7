//! Doing what the plan says: sockets, directories, starts, stops, warnings.

use std::{
    collections::BTreeMap,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::{Duration, Instant},
};

use croft_model::{Manifest, Powers, RoleState, Serves, Severity, SocketKind, Warning};
use croft_reconcile::{Next, Reconcile};
use croft_telemetry::error_chain;
use croft_units::{Exit, HomeError, Limits, UnitSpec, sockets};
use jiff::Timestamp;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    manifests,
    observe::{Inbox, Table},
    plan::{self, Plan, Seen, Step},
    regulator::{Regulator, peers, user_of},
};

/// Time within which a role must be ready. Long, because a slow disk may have a store to check; a role that hangs still ends.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Lines of a role that its warning carries.
const LAST_LINES: usize = 20;
/// Code of the warning.
const CRASH_LOOP: &str = "role-crash-loop";
/// Variables of ours that roles get as well.
const PASSED_ON: [&str; 4] = ["CROFT_LOG", "RUST_BACKTRACE", LOOP_DISKS, ENGINE];
/// Names the folder of the loop disks of a developer's box: with disks of its own, the role that looks after disks is as mighty as on the appliance.
const LOOP_DISKS: &str = "CROFT_LOOP_DISKS";
/// Names the folder of a developer's engine of apps; with it, the role for apps is root, as it is on the appliance.
const ENGINE: &str = "CROFT_ENGINE";

/// The roles of a box, kept as the settings and the manifests say.
pub(crate) struct Roles {
    pub(crate) croft: Arc<Regulator>,
    pub(crate) table: Table,
    pub(crate) inbox: Arc<Inbox>,
    /// Cancelled when the roles shall end.
    pub(crate) ending: CancellationToken,
    /// The key by which roles verify capabilities.
    pub(crate) capability_key: String,
    /// Listening sockets by unit and name; held whether the unit runs or not.
    pub(crate) sockets: BTreeMap<String, Vec<(String, Arc<OwnedFd>)>>,
    /// Network listeners by name, from whoever started us.
    pub(crate) listeners: BTreeMap<String, Arc<OwnedFd>>,
    pub(crate) run: Arc<OwnedFd>,
    /// Waits for the first connection, by unit.
    pub(crate) waits: BTreeMap<String, AbortHandle>,
}

/// Why a unit could not be made ready to start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    #[error("no manifest knows it")]
    Unknown,
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("the socket {name} cannot be opened")]
    Socket { name: String, source: std::io::Error },
    #[error(transparent)]
    Unit(#[from] croft_units::UnitError),
}

impl Reconcile for Roles {
    type Observed = (Vec<Seen>, bool);
    type Plan = Plan;

    fn observe(&mut self, now: Instant) -> Self::Observed {
        let ending = self.ending.is_cancelled();
        let gone = self.table.want(&self.croft.manifests, &self.croft.desired.now());
        self.forget_the_gone(&gone);
        for event in self.inbox.take_events() {
            self.table.hear(event, now);
        }
        self.table.publish();
        (self.table.seen(&self.inbox), ending)
    }

    fn plan(now: Instant, (units, ending): &Self::Observed) -> Plan {
        plan::plan(now, units, *ending)
    }

    async fn apply(&mut self, plan: Plan) -> Next {
        for step in plan.steps {
            self.take(step).await;
        }
        self.table.publish();
        match plan.look_again {
            _ if plan.done => Next::Done,
            Some(at) => Next::At(at),
            None => Next::News,
        }
    }
}

impl Roles {
    async fn take(&mut self, step: Step) {
        match step {
            Step::Warn(unit) => self.warn(&unit).await,
            Step::Settle(unit) => self.settle(&unit),
            Step::Stop(unit) => self.stop(unit),
            Step::Listen(unit) => self.listen(&unit),
            Step::Start(unit) => self.start(&unit).await,
        }
    }

    async fn start(&mut self, unit: &str) {
        let started = match self.spec(unit) {
            Ok(spec) => self.croft.units.start(spec).await.map_err(PrepareError::from),
            Err(error) => Err(error),
        };
        self.inbox.answered(unit);
        self.waits.remove(unit);
        let Some(known) = self.table.units.get_mut(unit) else { return };
        known.not_before = None;
        match started {
            Ok(pid) => {
                tracing::info!(unit, pid, "started");
                known.enter(RoleState::Starting);
            }
            Err(error) => {
                tracing::error!(unit, error = %error_chain(&error), "a role cannot be started");
                known.enter(RoleState::Starting);
                known.ended(unit, Exit::Fault(error_chain(&error)), Instant::now());
                self.inbox.news.notify_one();
            }
        }
    }

    fn stop(&mut self, unit: String) {
        let Some(known) = self.table.units.get_mut(&unit) else { return };
        known.enter(RoleState::Stopping);
        let grace = manifest_of(&self.croft.manifests, &unit).map_or(START_TIMEOUT, |manifest| Duration::from_secs(manifest.stop_seconds));
        let units = Arc::clone(&self.croft.units);
        tokio::spawn(async move {
            // Its end comes as an event; the grace bounds the wait.
            if let Err(error) = units.stop(&unit, grace).await {
                tracing::warn!(unit, error = %error_chain(&error), "a role cannot be stopped");
            }
        });
    }

    /// Waits for the first connection in the background, once for each unit.
    fn listen(&mut self, unit: &str) {
        if self.waits.contains_key(unit) {
            return;
        }
        let listener = match self.sockets_of(unit) {
            Ok(sockets) => sockets.first().map(|(_, listener)| Arc::clone(listener)),
            Err(error) => {
                tracing::error!(unit, error = %error_chain(&error), "nobody can call a role");
                None
            }
        };
        let (Some(listener), Some(known)) = (listener, self.table.units.get_mut(unit)) else { return };
        known.not_before = None;
        known.enter(RoleState::Waiting);
        let (name, inbox) = (unit.to_owned(), Arc::clone(&self.inbox));
        let wait = tokio::spawn(async move {
            match sockets::wanted(&listener).await {
                Ok(()) => inbox.call(&name),
                Err(error) => tracing::error!(unit = name, %error, "a socket cannot be watched"),
            }
        });
        self.waits.insert(unit.into(), wait.abort_handle());
    }

    /// Closes the sockets of units that are no more, so that nobody waits there for ever, and takes back what was said of them.
    fn forget_the_gone(&mut self, gone: &[String]) {
        gone.iter().for_each(|unit| self.croft.warnings.clear(manifests::SUPERVISOR, CRASH_LOOP, unit));
        let units = &self.table.units;
        self.sockets.retain(|unit, _| units.contains_key(unit));
        self.waits.retain(|unit, wait| {
            let stays = units.contains_key(unit);
            if !stays {
                wait.abort();
            }
            stays
        });
    }

    fn settle(&mut self, unit: &str) {
        if let Some(known) = self.table.units.get_mut(unit)
            && known.judge.settle(Instant::now())
        {
            self.croft.warnings.clear(manifests::SUPERVISOR, CRASH_LOOP, unit);
        }
    }

    async fn warn(&mut self, unit: &str) {
        let lines = self.croft.units.lines(unit, LAST_LINES).await.into_iter().map(|line| line.text).collect();
        let Some(known) = self.table.units.get_mut(unit) else { return };
        known.untold_loop = false;
        let warning = Warning {
            code: CRASH_LOOP.into(),
            subject: unit.into(),
            severity: Severity::Critical,
            title: format!("The part of the box called {unit} keeps ending: it {}.", known.last_end),
            meaning: "What it does for you does not work. It is tried once a minute.".into(),
            action: format!(
                "Look at `croft logs --role {unit}`. If the lines do not help, restart the box or take back the last change of the settings."
            ),
            lines,
            depends_on: None,
            since: Timestamp::now(),
        };
        self.croft.warnings.raise(manifests::SUPERVISOR, warning);
    }

    /// Everything that the unit is started with. Directories are made as the manifest says, and belong to the unit's user.
    fn spec(&mut self, unit: &str) -> Result<UnitSpec, PrepareError> {
        let croft = Arc::clone(&self.croft);
        let manifest = manifest_of(&croft.manifests, unit).ok_or(PrepareError::Unknown)?;
        let user = user_of(&croft.manifests, unit, croft.one_user).ok_or(PrepareError::Unknown)?;
        let instance = unit.split_once('@').map(|(_, instance)| instance);
        let place = |path: &str| path.replace("%i", instance.unwrap_or_default());
        let mut descriptors = self.sockets_of(unit)?;
        descriptors.push(("run".into(), Arc::clone(&self.run)));
        for (name, directory) in &manifest.directories {
            let mode = manifests::mode(&directory.mode).ok_or(PrepareError::Unknown)?;
            let path = place(&directory.path);
            let owner = (!directory.above).then_some(user);
            let opened =
                if directory.subvolume { croft.home.subvolume(&path, mode, owner)? } else { croft.home.directory(&path, mode, owner)? };
            descriptors.push((name.clone(), Arc::new(opened)));
        }
        if manifest.per_space && manifest.serves == Serves::Files {
            for inside in ["files", ".croft"] {
                let path = format!("{}/{inside}", place("spaces/%i"));
                croft.home.directory(&path, 0o700, Some(user))?;
            }
        }
        for (name, path) in &manifest.files {
            descriptors.push((name.clone(), Arc::new(croft.home.file(&place(path))?)));
        }
        let mut arguments = vec![manifest.name.to_string()];
        arguments.extend(instance.into_iter().flat_map(|instance| ["--instance".to_owned(), instance.to_owned()]));
        Ok(UnitSpec {
            name: unit.into(),
            arguments,
            environment: self.environment(manifest),
            descriptors,
            user: (!croft.one_user && !has_its_powers(manifest.powers)).then_some(user),
            powers: manifest.powers,
            limits: Limits { descriptors: manifest.limits.descriptors, tasks: manifest.limits.tasks },
            start_timeout: START_TIMEOUT,
            watchdog: Some(Duration::from_secs(manifest.watchdog_seconds)),
        })
    }

    fn environment(&self, manifest: &Manifest) -> BTreeMap<String, String> {
        let mut environment: BTreeMap<String, String> =
            PASSED_ON.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?))).collect();
        environment.insert("CROFT_CAPABILITY_KEY".into(), self.capability_key.clone());
        environment.insert("CROFT_PEERS".into(), peers(&self.croft.manifests, manifest, self.croft.one_user));
        environment
    }

    /// The sockets of the unit, opened at the first need and held from then on.
    fn sockets_of(&mut self, unit: &str) -> Result<Vec<(String, Arc<OwnedFd>)>, PrepareError> {
        if let Some(held) = self.sockets.get(unit) {
            return Ok(held.clone());
        }
        let manifest = manifest_of(&self.croft.manifests, unit).ok_or(PrepareError::Unknown)?;
        let instance = unit.split_once('@').map_or("", |(_, instance)| instance);
        let mut opened = Vec::new();
        for (name, socket) in &manifest.sockets {
            let failed = |source| PrepareError::Socket { name: name.clone(), source };
            let kind = match socket.kind {
                SocketKind::Tcp => {
                    let missing = || failed(std::io::Error::other("whoever started the supervisor did not hand it over"));
                    opened.push((name.clone(), Arc::clone(self.listeners.get(name).ok_or_else(missing)?)));
                    continue;
                }
                SocketKind::Stream => sockets::Kind::Stream,
                SocketKind::Packet => sockets::Kind::Packet,
            };
            let path = format!("run/{}", socket.path.replace("%i", instance));
            let (folder, file) = path.rsplit_once('/').unwrap_or(("run", &path));
            let folder = self.croft.home.directory(folder, RUN_MODE, None)?;
            opened.push((name.clone(), Arc::new(sockets::open(folder.as_fd(), file, kind).map_err(failed)?)));
        }
        self.sockets.insert(unit.into(), opened.clone());
        Ok(opened)
    }
}

/// Everybody may pass through to the sockets, nobody but their names' owner may list or change them.
pub(crate) const RUN_MODE: u32 = 0o711;

/// Whether a role of these powers has them here. On the appliance that is for systemd to say, which leaves it root.
fn has_its_powers(powers: Powers) -> bool {
    match powers {
        Powers::Disks => std::env::var_os(LOOP_DISKS).is_some(),
        Powers::Apps => std::env::var_os(ENGINE).is_some(),
        Powers::None | Powers::Read => false,
    }
}

fn manifest_of<'a>(manifests: &'a [Manifest], unit: &str) -> Option<&'a Manifest> {
    let role = unit.split_once('@').map_or(unit, |(role, _)| role);
    manifests.iter().find(|manifest| manifest.name.as_str() == role)
}
