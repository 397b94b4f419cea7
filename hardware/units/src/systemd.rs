//! Roles as units of systemd, asked over D-Bus: for the appliance.
//!
//! The unit files ([`crate::unit_file`]) carry sandbox, limits, sockets and directories, so of a [`UnitSpec`] only its name and environment are used here; the latter is
//! written to the file that the unit file names, before each start.
//!
//! What is proved: the names, the reading of properties and the judgement of ends, by tests below. What is not proved until the image boots:
//! the calls against a real PID 1, `OpenFile=` of a directory, and the order of signals at a stop.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use zbus::Connection;

use crate::{Exit, Line, News, UnitError, UnitEvent, UnitSpec, Units, lines::MAX_LINE};

/// Events that may wait for the supervisor.
const EVENT_QUEUE: usize = 256;
/// Time that `journalctl` gets; the journal of a small box is read in well under a second.
const JOURNAL_TIMEOUT: Duration = Duration::from_secs(10);

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    /// Sends signals about units to this connection from now on.
    fn subscribe(&self) -> zbus::Result<()>;
    /// Starts a unit; gives its job.
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<zbus::OwnedObjectPath>;
    /// Stops a unit; gives its job.
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<zbus::OwnedObjectPath>;
    /// The object of a unit, loaded if need be.
    fn load_unit(&self, name: &str) -> zbus::Result<zbus::OwnedObjectPath>;
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Unit", default_service = "org.freedesktop.systemd1")]
trait Unit {
    /// `active`, `activating`, `inactive`, `failed`, …
    #[zbus(property)]
    fn active_state(&self) -> zbus::Result<String>;
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Service", default_service = "org.freedesktop.systemd1")]
trait Service {
    /// Its main process; 0 when there is none.
    #[zbus(property, name = "MainPID")]
    fn main_pid(&self) -> zbus::Result<u32>;
    /// `success`, `exit-code`, `signal`, `core-dump`, `watchdog`, `timeout`, …
    #[zbus(property)]
    fn result(&self) -> zbus::Result<String>;
    /// The code or the signal with which the main process ended.
    #[zbus(property)]
    fn exec_main_status(&self) -> zbus::Result<i32>;
}

/// Units of systemd.
pub struct SystemdUnits {
    connection: Connection,
    manager: ManagerProxy<'static>,
    environments: PathBuf,
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

impl SystemdUnits {
    /// Connects to the system's bus; gives the channel of the units' events. The units' environments are written below `environments`.
    ///
    /// # Errors
    /// There is no systemd to talk to.
    pub async fn new(environments: PathBuf) -> Result<(Self, mpsc::Receiver<UnitEvent>), UnitError> {
        let failed = |source: zbus::Error| UnitError::Systemd { unit: "all units".into(), source: Box::new(source) };
        let connection = Connection::system().await.map_err(failed)?;
        let manager = ManagerProxy::new(&connection).await.map_err(failed)?;
        manager.subscribe().await.map_err(failed)?;
        let (events, receiver) = mpsc::channel(EVENT_QUEUE);
        let shared = Arc::new(Shared { running: Mutex::default(), events });
        Ok((Self { connection, manager, environments, shared }, receiver))
    }

    async fn begin(&self, spec: UnitSpec) -> Result<i32, UnitError> {
        let unit = spec.name.clone();
        let failed = |source: zbus::Error| UnitError::Systemd { unit: unit.clone(), source: Box::new(source) };
        if self.pid(&unit).is_some() {
            return Err(UnitError::Running(unit));
        }
        self.write_environment(&spec).map_err(|source| UnitError::Start { unit: unit.clone(), step: "write its environment", source })?;
        let name = service_name(&unit);
        let path = self.manager.load_unit(&name).await.map_err(failed)?;
        let state = UnitProxy::builder(&self.connection).path(path.clone()).build().await.map_err(failed)?;
        let service = ServiceProxy::builder(&self.connection).path(path).build().await.map_err(failed)?;
        // Listen first, so that no change falls between the start and the listening.
        let changes = state.receive_active_state_changed().await;
        self.manager.start_unit(&name, "replace").await.map_err(failed)?;
        let pid = service.main_pid().await.map_err(failed)?.cast_signed();
        let (end, ended) = watch::channel(false);
        self.shared.lock().insert(unit.clone(), Running { pid, asked: false, ended });
        tokio::spawn(follow(unit, changes, service, Arc::clone(&self.shared), end));
        Ok(pid)
    }

    /// In the form of `EnvironmentFile=` (`systemd.exec(5)`). systemd reads it as root, before the role's own user comes in.
    fn write_environment(&self, spec: &UnitSpec) -> io::Result<()> {
        let text: String = spec.environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let path = self.environments.join(format!("{}.env", spec.name));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())
    }

    async fn end(&self, unit: &str) -> Result<(), UnitError> {
        let running = self.shared.lock().get_mut(unit).map(|running| {
            running.asked = true;
            running.ended.clone()
        });
        let Some(mut ended) = running else { return Ok(()) };
        // The grace is the unit's `TimeoutStopSec=`, which comes from the same manifest.
        let asked = self.manager.stop_unit(&service_name(unit), "replace").await;
        asked.map_err(|source| UnitError::Systemd { unit: unit.into(), source: Box::new(source) })?;
        let _ = ended.wait_for(|ended| *ended).await;
        Ok(())
    }
}

impl Units for SystemdUnits {
    fn start(&self, spec: UnitSpec) -> BoxFuture<'_, Result<i32, UnitError>> {
        self.begin(spec).boxed()
    }

    fn stop<'a>(&'a self, unit: &'a str, _grace: Duration) -> BoxFuture<'a, Result<(), UnitError>> {
        self.end(unit).boxed()
    }

    fn pid(&self, unit: &str) -> Option<i32> {
        self.shared.lock().get(unit).map(|running| running.pid)
    }

    fn unit_of(&self, pid: i32) -> Option<String> {
        self.shared.lock().iter().find(|(_, running)| running.pid == pid).map(|(unit, _)| unit.clone())
    }

    fn lines<'a>(&'a self, unit: &'a str, count: usize) -> BoxFuture<'a, Vec<Line>> {
        async move {
            match journal(&service_name(unit), count).await {
                Ok(text) => text.lines().filter_map(journal_line).collect(),
                Err(error) => {
                    tracing::warn!(unit, %error, "the journal cannot be read");
                    Vec::new()
                }
            }
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

/// Follows one unit from its start to its end.
async fn follow(
    unit: String,
    mut changes: zbus::proxy::PropertyStream<'static, String>,
    service: ServiceProxy<'static>,
    shared: Arc<Shared>,
    ended: watch::Sender<bool>,
) {
    let mut ready = false;
    while let Some(change) = changes.next().await {
        let Ok(state) = change.get().await else { continue };
        if let Ok(pid) = service.main_pid().await
            && let Some(running) = shared.lock().get_mut(&unit)
            && pid != 0
        {
            running.pid = pid.cast_signed();
        }
        match state.as_str() {
            "active" if !ready => {
                ready = true;
                shared.tell(&unit, News::Ready).await;
            }
            "inactive" | "failed" => break,
            _ => {}
        }
    }
    let (result, status) = (service.result().await.unwrap_or_default(), service.exec_main_status().await.unwrap_or_default());
    let asked = shared.lock().remove(&unit).is_some_and(|running| running.asked);
    ended.send_replace(true);
    if result == "watchdog" {
        shared.tell(&unit, News::WatchdogMissed).await;
    }
    shared.tell(&unit, News::Exited(judge(asked, &result, status))).await;
}

/// The name of the service of a unit of ours: `sync@s1` → `croft-sync@s1.service`.
fn service_name(unit: &str) -> String {
    format!("croft-{unit}.service")
}

/// Whose doing an end was, from `Result` and `ExecMainStatus` (`org.freedesktop.systemd1(5)`).
fn judge(asked: bool, result: &str, status: i32) -> Exit {
    /// Signals that somebody sends: SIGHUP, SIGINT, SIGKILL, SIGTERM.
    const FROM_OUTSIDE: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGKILL, libc::SIGTERM];
    match result {
        "watchdog" => Exit::Fault("did not say in time that it lives".into()),
        "timeout" if !asked => Exit::Fault("was not ready in time".into()),
        _ if asked => Exit::Orderly,
        "success" => Exit::Orderly,
        "exit-code" => Exit::Fault(format!("ended with code {status}")),
        "signal" if FROM_OUTSIDE.contains(&status) => Exit::Outside(status),
        "signal" | "core-dump" => Exit::Fault(format!("ended by signal {status}")),
        "oom-kill" => Exit::Fault("used more memory than it may".into()),
        other => Exit::Fault(format!("ended in an unknown way: {other}")),
    }
}

/// The last lines of a unit as `journalctl` prints them in JSON.
async fn journal(service: &str, count: usize) -> io::Result<String> {
    let mut program = tokio::process::Command::new("journalctl");
    program.args(["--quiet", "--no-pager", "--output=json", "--output-fields=MESSAGE"]).args([
        "--lines",
        &count.to_string(),
        "--unit",
        service,
    ]);
    program.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(JOURNAL_TIMEOUT, program.output()).await.map_err(io::Error::other)??;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A line of the journal's JSON (`systemd.journal-fields(7)`); none for entries without a text.
fn journal_line(json: &str) -> Option<Line> {
    let entry: serde_json::Value = serde_json::from_str(json).ok()?;
    let microseconds: i64 = entry.get("__REALTIME_TIMESTAMP")?.as_str()?.parse().ok()?;
    let at = Timestamp::from_microsecond(microseconds).ok()?;
    let text = entry.get("MESSAGE")?.as_str()?;
    Some(Line { at, text: text.chars().take(MAX_LINE).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_judged_as_for_children() {
        let check = |asked: bool, result: &str, status: i32, expected: Exit| {
            assert_eq!(judge(asked, result, status), expected, "{result} {status}")
        };
        let fault = |words: &str| Exit::Fault(words.into());
        check(false, "success", 0, Exit::Orderly);
        check(false, "exit-code", 3, fault("ended with code 3"));
        check(false, "signal", 9, Exit::Outside(9));
        check(false, "signal", 11, fault("ended by signal 11"));
        check(false, "core-dump", 6, fault("ended by signal 6"));
        check(false, "watchdog", 6, fault("did not say in time that it lives"));
        check(false, "timeout", 0, fault("was not ready in time"));
        check(false, "oom-kill", 9, fault("used more memory than it may"));
        check(true, "signal", 15, Exit::Orderly);
        check(true, "timeout", 9, Exit::Orderly);
        check(true, "watchdog", 6, fault("did not say in time that it lives"));
    }

    #[test]
    fn the_journal_is_read_line_by_line() {
        let check =
            |json: &str, expected: Option<&str>| assert_eq!(journal_line(json).map(|line| line.text).as_deref(), expected, "{json}");
        check(r#"{"__REALTIME_TIMESTAMP":"1763880000000000","MESSAGE":"ready"}"#, Some("ready"));
        check(r#"{"__REALTIME_TIMESTAMP":"1763880000000000","MESSAGE":[1,2]}"#, None);
        check(r#"{"MESSAGE":"no time"}"#, None);
        check("-- No entries --", None);
        assert_eq!(service_name("sync@s1"), "croft-sync@s1.service");
    }
}
