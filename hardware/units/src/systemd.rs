//! Roles as units of systemd, asked over D-Bus: for the appliance.
//!
//! A role is a transient unit. What is the same at every start (sandbox, limits, watchdog) lies in a drop-in that the image carries
//! ([`crate::appliance_units`]); what is not (descriptors, user, environment) comes from the [`UnitSpec`], as for a child process. A role ends with the
//! supervisor (`BindsTo=`), so that there is one story of what happens when the supervisor dies, in both worlds.

use std::{
    collections::BTreeMap,
    os::fd::AsFd,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use croft_model::Powers;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, timeout},
};
use zbus::{Connection, Fd, OwnedObjectPath, Variant, fdo::PropertiesProxy, proxy::CacheProperties};

use crate::{Exit, Line, News, UnitError, UnitEvent, UnitSpec, Units, journal, users};

/// Events that may wait for the supervisor.
const EVENT_QUEUE: usize = 256;
/// Time for a unit of the same name to be gone: one whose supervisor died ends in order first.
const PREDECESSOR: Duration = Duration::from_secs(30);
/// The part of it in which it may end in order.
const ORDERLY: Duration = Duration::from_secs(25);
/// How often it is looked whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The supervisor's own unit.
const SUPERVISOR: &str = "croft-supervisor.service";
/// The error of a unit that exists.
const EXISTS: &str = "org.freedesktop.systemd1.UnitExists";

/// A property of a unit with its value.
type Property<'a> = (&'a str, Variant<'a>);

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    /// Sends signals about units to this connection from now on.
    fn subscribe(&self) -> zbus::Result<()>;
    /// Makes a unit and starts it; gives its job.
    fn start_transient_unit(
        &self,
        name: &str,
        mode: &str,
        properties: &[Property<'_>],
        others: &[(&str, Vec<Property<'_>>)],
    ) -> zbus::Result<OwnedObjectPath>;
    /// Sends a signal to processes of a unit.
    fn kill_unit(&self, name: &str, whom: &str, signal: i32) -> zbus::Result<()>;
    /// Forgets how a unit failed.
    fn reset_failed_unit(&self, name: &str) -> zbus::Result<()>;
    /// Gives up the hold on a unit that `AddRef` took.
    fn unref_unit(&self, name: &str) -> zbus::Result<()>;
    /// The object of a unit, known or not.
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Unit", default_service = "org.freedesktop.systemd1")]
trait Unit {
    /// `active`, `activating`, `inactive`, `failed`, …
    #[zbus(property)]
    fn active_state(&self) -> zbus::Result<String>;
    /// The job that waits or runs; number 0 when there is none.
    #[zbus(property)]
    fn job(&self) -> zbus::Result<(u32, OwnedObjectPath)>;
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Service", default_service = "org.freedesktop.systemd1")]
trait Service {
    /// Its main process; 0 when there is none.
    #[zbus(property, name = "MainPID")]
    fn main_pid(&self) -> zbus::Result<u32>;
    /// `success`, `exit-code`, `signal`, `core-dump`, `watchdog`, `timeout`, …
    #[zbus(property)]
    fn result(&self) -> zbus::Result<String>;
    /// `CLD_EXITED`, `CLD_KILLED`, … of `waitid(2)`.
    #[zbus(property)]
    fn exec_main_code(&self) -> zbus::Result<i32>;
    /// The code or the signal with which the main process ended.
    #[zbus(property)]
    fn exec_main_status(&self) -> zbus::Result<i32>;
}

/// Units of systemd.
pub struct SystemdUnits {
    connection: Connection,
    manager: ManagerProxy<'static>,
    program: PathBuf,
    shared: Arc<Shared>,
}

struct Shared {
    running: Mutex<BTreeMap<String, Running>>,
    events: mpsc::Sender<UnitEvent>,
}

struct Running {
    pid: i32,
    asked: bool,
    ended: watch::Receiver<bool>,
}

/// One unit on the bus. Its properties are asked for each time, since a remembered one may be from before the start.
struct Known {
    unit: UnitProxy<'static>,
    service: ServiceProxy<'static>,
    properties: PropertiesProxy<'static>,
}

impl SystemdUnits {
    /// Connects to the system's bus; gives the channel of the units' events. Units run the program of this process.
    ///
    /// # Errors
    /// There is no systemd to talk to.
    pub async fn of_this_program() -> Result<(Self, mpsc::Receiver<UnitEvent>), UnitError> {
        let failed = |source: zbus::Error| UnitError::Systemd { unit: "all units".into(), source: Box::new(source) };
        let program = std::env::current_exe().map_err(UnitError::Prepare)?;
        let connection = Connection::system().await.map_err(failed)?;
        let manager = ManagerProxy::new(&connection).await.map_err(failed)?;
        manager.subscribe().await.map_err(failed)?;
        let (events, receiver) = mpsc::channel(EVENT_QUEUE);
        let shared = Arc::new(Shared { running: Mutex::default(), events });
        Ok((Self { connection, manager, program, shared }, receiver))
    }

    async fn begin(&self, spec: UnitSpec) -> Result<i32, UnitError> {
        let unit = spec.name.clone();
        if self.pid(&unit).is_some() {
            return Err(UnitError::Running(unit));
        }
        let user = spec
            .user
            .filter(|_| !matches!(spec.powers, Powers::Disks | Powers::Apps))
            .map(|number| users::register(&unit, number))
            .transpose();
        let user = user.map_err(|source| UnitError::Start { unit: unit.clone(), step: "make its user known", source })?;
        self.begin_as(&spec, user.as_deref()).await.map_err(|source| UnitError::Systemd { unit, source: Box::new(source) })
    }

    async fn begin_as(&self, spec: &UnitSpec, user: Option<&str>) -> zbus::Result<i32> {
        let name = service_name(&spec.name);
        let known = self.known(&name).await?;
        // Listened to first, so that no change falls between the start and the listening.
        let changes = known.properties.receive_properties_changed().await?;
        let program = self.program.to_string_lossy();
        let properties = properties(spec, &program, user);
        let begun = Instant::now();
        loop {
            match self.manager.start_transient_unit(&name, "fail", &properties, &[]).await {
                Err(zbus::Error::MethodError(error, ..)) if error.as_str() == EXISTS && begun.elapsed() < PREDECESSOR => {
                    // It was left behind, and need not end by itself: when a supervisor comes back before its predecessor's roles have ended, systemd
                    // restarts them, with descriptors that lead nowhere. Each of these may say that there is nothing to do.
                    let signal = if begun.elapsed() < ORDERLY { libc::SIGTERM } else { libc::SIGKILL };
                    let _ = self.manager.kill_unit(&name, "all", signal).await;
                    let _ = self.manager.reset_failed_unit(&name).await;
                    sleep(LOOK_EVERY).await;
                }
                started => {
                    started?;
                    break;
                }
            }
        }
        let pid = known.service.main_pid().await?.cast_signed();
        let (end, ended) = watch::channel(false);
        self.shared.lock().insert(spec.name.clone(), Running { pid, asked: false, ended });
        let following = Following { unit: spec.name.clone(), name, known, manager: self.manager.clone(), shared: Arc::clone(&self.shared) };
        tokio::spawn(async move {
            following.follow(changes).await;
            end.send_replace(true);
        });
        Ok(pid)
    }

    async fn known(&self, name: &str) -> zbus::Result<Known> {
        let path = self.manager.load_unit(name).await?;
        let unit = UnitProxy::builder(&self.connection).path(path.clone()).cache_properties(CacheProperties::No);
        let service = ServiceProxy::builder(&self.connection).path(path.clone()).cache_properties(CacheProperties::No);
        let properties = PropertiesProxy::builder(&self.connection).destination("org.freedesktop.systemd1").path(path);
        Ok(Known { unit: unit.build().await?, service: service.build().await?, properties: properties.build().await? })
    }

    async fn end(&self, unit: &str, grace: Duration) -> Result<(), UnitError> {
        let running = self.shared.lock().get_mut(unit).map(|running| {
            running.asked = true;
            running.ended.clone()
        });
        let Some(mut ended) = running else { return Ok(()) };
        // A signal and not a job: at the machine's own end the job of a role would wait for the supervisor, which waits here for the role.
        for (signal, patience) in [(libc::SIGTERM, grace), (libc::SIGKILL, Duration::MAX)] {
            let asked = self.manager.kill_unit(&service_name(unit), "main", signal).await;
            if timeout(patience.min(PREDECESSOR * 4), ended.wait_for(|ended| *ended)).await.is_ok() {
                return Ok(());
            }
            asked.map_err(|source| UnitError::Systemd { unit: unit.into(), source: Box::new(source) })?;
        }
        Ok(())
    }
}

impl Units for SystemdUnits {
    fn start(&self, spec: UnitSpec) -> BoxFuture<'_, Result<i32, UnitError>> {
        self.begin(spec).boxed()
    }

    fn stop<'a>(&'a self, unit: &'a str, grace: Duration) -> BoxFuture<'a, Result<(), UnitError>> {
        self.end(unit, grace).boxed()
    }

    fn pid(&self, unit: &str) -> Option<i32> {
        self.shared.lock().get(unit).map(|running| running.pid)
    }

    fn unit_of(&self, pid: i32) -> Option<String> {
        self.shared.lock().iter().find(|(_, running)| running.pid == pid).map(|(unit, _)| unit.clone())
    }

    fn lines<'a>(&'a self, unit: &'a str, count: usize) -> BoxFuture<'a, Vec<Line>> {
        async move {
            journal::lines(&service_name(unit), count).await.unwrap_or_else(|error| {
                tracing::warn!(unit, %error, "the journal cannot be read");
                Vec::new()
            })
        }
        .boxed()
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn tell(&self, unit: &str, news: News) {
        // An error means that the supervisor no longer listens, because it ends.
        let _ = self.events.send(UnitEvent { unit: unit.into(), news }).await;
    }
}

/// One start of a unit.
struct Following {
    unit: String,
    name: String,
    known: Known,
    manager: ManagerProxy<'static>,
    shared: Arc<Shared>,
}

impl Following {
    /// Follows the unit until it has ended, and tells how. Each change is only a reason to look.
    async fn follow(self, mut changes: zbus::fdo::PropertiesChangedStream) {
        let mut ready = false;
        loop {
            let pid = self.known.service.main_pid().await.unwrap_or_default();
            if let Some(running) = self.shared.lock().get_mut(&self.unit).filter(|_| pid != 0) {
                running.pid = pid.cast_signed();
            }
            let job = self.known.unit.job().await.map_or(0, |(number, _)| number);
            match self.known.unit.active_state().await.as_deref() {
                Ok("active") if !ready => {
                    ready = true;
                    self.shared.tell(&self.unit, News::Ready).await;
                }
                // With a job it has not begun yet.
                Ok("inactive" | "failed") | Err(_) if job == 0 => break,
                _ => {}
            }
            if changes.next().await.is_none() {
                break;
            }
        }
        let service = &self.known.service;
        let end = End {
            result: service.result().await.unwrap_or_default(),
            by_signal: service.exec_main_code().await.is_ok_and(|code| code == libc::CLD_KILLED || code == libc::CLD_DUMPED),
            status: service.exec_main_status().await.unwrap_or_default(),
        };
        // Both may say that there is nothing to do.
        let _ = self.manager.reset_failed_unit(&self.name).await;
        let _ = self.manager.unref_unit(&self.name).await;
        let asked = self.shared.lock().remove(&self.unit).is_some_and(|running| running.asked);
        if end.result == "watchdog" {
            self.shared.tell(&self.unit, News::WatchdogMissed).await;
        }
        self.shared.tell(&self.unit, News::Exited(end.judge(asked))).await;
    }
}

/// What the drop-in of the image does not say: what is different at each start.
fn properties<'a>(spec: &'a UnitSpec, program: &'a str, user: Option<&'a str>) -> Vec<Property<'a>> {
    let argv: Vec<&str> = [program].into_iter().chain(spec.arguments.iter().map(String::as_str)).collect();
    let environment: Vec<String> = spec.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let descriptors: Vec<(Fd<'_>, &str)> = spec.descriptors.iter().map(|(name, fd)| (fd.as_fd().into(), name.as_str())).collect();
    let microseconds = |time: Duration| Variant::from(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    let mut properties = vec![
        ("Description", Variant::from(format!("Croft: {}", spec.name))),
        ("Type", Variant::from("notify")),
        ("NotifyAccess", Variant::from("main")),
        ("ExecStart", Variant::from(vec![(program, argv, false)])),
        ("Environment", Variant::from(environment)),
        ("ExtraFileDescriptors", Variant::from(descriptors)),
        ("TimeoutStartUSec", microseconds(spec.start_timeout)),
        ("LimitNOFILE", Variant::from(spec.limits.descriptors)),
        ("TasksMax", Variant::from(spec.limits.tasks)),
        ("BindsTo", Variant::from(vec![SUPERVISOR])),
        // The supervisor is stopped first and ends them in its own order.
        ("Before", Variant::from(vec![SUPERVISOR])),
        // How it ended stays known until it was looked at.
        ("AddRef", Variant::from(true)),
    ];
    properties.extend(spec.watchdog.map(|time| ("WatchdogUSec", microseconds(time))));
    properties.extend(user.iter().flat_map(|user| [("User", Variant::from(*user)), ("Group", Variant::from(*user))]));
    properties
}

/// The name of the service of a unit of ours: `sync@s1` → `croft-sync@s1.service`.
fn service_name(unit: &str) -> String {
    format!("croft-{unit}.service")
}

/// How a unit ended, in systemd's words.
struct End {
    result: String,
    /// The main process ended by a signal, not by a code.
    by_signal: bool,
    /// That signal or code.
    status: i32,
}

impl End {
    /// Whose doing it was, from `Result`, `ExecMainCode` and `ExecMainStatus` (`org.freedesktop.systemd1(5)`).
    fn judge(&self, asked: bool) -> Exit {
        /// Signals that somebody sends.
        const FROM_OUTSIDE: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGKILL, libc::SIGTERM];
        let status = self.status;
        match self.result.as_str() {
            "watchdog" => Exit::Fault("did not say in time that it lives".into()),
            "timeout" if !asked => Exit::Fault("was not ready in time".into()),
            _ if asked => Exit::Orderly,
            "oom-kill" => Exit::Fault("used more memory than it may".into()),
            // systemd calls some of these signals a success.
            "success" | "signal" if self.by_signal && FROM_OUTSIDE.contains(&status) => Exit::Outside(status),
            "success" => Exit::Orderly,
            "exit-code" => Exit::Fault(format!("ended with code {status}")),
            "signal" | "core-dump" => Exit::Fault(format!("ended by signal {status}")),
            other => Exit::Fault(format!("ended in an unknown way: {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_judged_as_for_children() {
        let check = |asked: bool, result: &str, by_signal: bool, status: i32, expected: Exit| {
            assert_eq!(End { result: result.into(), by_signal, status }.judge(asked), expected, "{result} {status}");
        };
        let fault = |words: &str| Exit::Fault(words.into());
        check(false, "success", false, 0, Exit::Orderly);
        check(false, "success", true, 15, Exit::Outside(15));
        check(false, "exit-code", false, 3, fault("ended with code 3"));
        check(false, "signal", true, 9, Exit::Outside(9));
        check(false, "signal", true, 11, fault("ended by signal 11"));
        check(false, "core-dump", true, 6, fault("ended by signal 6"));
        check(false, "watchdog", true, 6, fault("did not say in time that it lives"));
        check(false, "timeout", false, 0, fault("was not ready in time"));
        check(false, "oom-kill", true, 9, fault("used more memory than it may"));
        check(true, "signal", true, 15, Exit::Orderly);
        check(true, "timeout", true, 9, Exit::Orderly);
        check(true, "watchdog", true, 6, fault("did not say in time that it lives"));
    }

    #[test]
    fn a_unit_has_its_service() {
        assert_eq!(service_name("sync@s1"), "croft-sync@s1.service");
    }
}
