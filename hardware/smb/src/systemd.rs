//! Samba as a unit of systemd, asked over D-Bus: for the appliance.

use std::{path::Path, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use tokio::{sync::Mutex, time::timeout};
use zbus::{Connection, ObjectPath, OwnedObjectPath};

use crate::{PORT, Smb, SmbError, UNIT, Wanted, diff, files::Files};

/// Time for systemd and the server to do as they are told.
const PATIENCE: Duration = Duration::from_secs(60);
/// How a job ends that did what it should.
const DONE: &str = "done";
/// How a job relates to others: it takes the place of those that contradict it (`org.freedesktop.systemd1(5)`).
const MODE: &str = "replace";

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn subscribe(&self) -> zbus::Result<()>;
    #[zbus(signal)]
    fn job_removed(&self, id: u32, job: ObjectPath<'_>, unit: String, result: String) -> zbus::Result<()>;
    fn kill_unit(&self, name: &str, whom: &str, signal: i32) -> zbus::Result<()>;
}

#[zbus::proxy(interface = "org.freedesktop.systemd1.Unit", default_service = "org.freedesktop.systemd1")]
trait Unit {
    #[zbus(property(emits_changed_signal = "false"))]
    fn active_state(&self) -> zbus::Result<String>;
}

/// The Samba of the appliance.
#[derive(Debug, Clone)]
pub struct SystemdSmb {
    files: Arc<Files>,
    /// What the unit serves as far as this process knows; held while it is changed.
    serves: Arc<Mutex<Option<Wanted>>>,
}

/// What a unit shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Start,
    /// Read its files anew without ending anything.
    Reload,
    Restart,
    Stop,
}

impl Order {
    const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Stop => "stop",
        }
    }
}

impl SystemdSmb {
    /// The Samba of the box in the folder `home`.
    #[must_use]
    pub fn new(home: &Path) -> Self {
        Self { files: Arc::new(Files::new(home, PORT, &[])), serves: Arc::default() }
    }

    async fn write(&self, wanted: &Wanted) -> Result<(), SmbError> {
        let (files, wanted) = (Arc::clone(&self.files), wanted.clone());
        let done = tokio::task::spawn_blocking(move || files.write(&wanted)).await;
        done.map_err(|error| SmbError::Program("smbd", error.to_string()))?
    }
}

impl Smb for SystemdSmb {
    fn may(&self) -> Result<(), SmbError> {
        if Path::new("/usr/sbin/smbd").is_file() { Ok(()) } else { Err(SmbError::NotInstalled("/usr/sbin/smbd")) }
    }

    fn port(&self) -> u16 {
        PORT
    }

    fn serve<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<(), SmbError>> {
        async move {
            self.may()?;
            let mut serves = self.serves.lock().await;
            let runs = state().await?.as_deref() == Some("active");
            if runs && serves.as_ref() == Some(wanted) {
                return Ok(());
            }
            self.write(wanted).await?;
            let order = order(runs, serves.as_ref(), wanted);
            // Until it has worked, nothing is known of what the unit serves.
            *serves = None;
            give(order).await?;
            *serves = Some(wanted.clone());
            Ok(())
        }
        .boxed()
    }

    fn end(&self) -> BoxFuture<'_, Result<(), SmbError>> {
        async move {
            let mut serves = self.serves.lock().await;
            *serves = None;
            let files = Arc::clone(&self.files);
            // Nobody signs in any more, also if it does not end.
            let removed = tokio::task::spawn_blocking(move || files.remove()).await;
            if state().await?.is_some_and(|state| state != "inactive" && state != "failed") {
                give(Order::Stop).await?;
            }
            removed.map_err(|error| SmbError::Program("smbd", error.to_string()))?
        }
        .boxed()
    }
}

/// What the unit has to do: it is started anew when somebody has lost something, since a connection that stands keeps what it had.
fn order(runs: bool, serves: Option<&Wanted>, wanted: &Wanted) -> Order {
    match serves {
        _ if !runs => Order::Start,
        Some(serves) if !diff::takes_away(serves, wanted) => Order::Reload,
        _ => Order::Restart,
    }
}

/// The state of the unit in systemd's words; none when it has none.
async fn state() -> Result<Option<String>, SmbError> {
    let asked = async {
        let connection = Connection::system().await?;
        let path = ManagerProxy::new(&connection).await?.load_unit(UNIT).await?;
        UnitProxy::builder(&connection).path(path).build().await?.active_state().await.map(Some)
    };
    timeout(PATIENCE, asked)
        .await
        .map_err(|late| SmbError::System("show", late.into()))?
        .map_err(|error| SmbError::System("show", error.into()))
}

/// Gives an order and waits for the end of its job: until then a unit is in the state of before.
async fn give(order: Order) -> Result<(), SmbError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| SmbError::System(order.word(), error);
    let given = async {
        let connection = Connection::system().await?;
        let manager = ManagerProxy::new(&connection).await?;
        if order == Order::Reload {
            // SIGHUP is how smbd(8) is told to read its configuration.
            return manager.kill_unit(UNIT, "main", nix::libc::SIGHUP).await.map(|()| String::from(DONE));
        }
        // Without it systemd tells nobody of the ends of jobs.
        manager.subscribe().await?;
        let mut ends = manager.receive_job_removed().await?;
        let job = match order {
            Order::Stop => manager.stop_unit(UNIT, MODE).await?,
            Order::Restart => manager.restart_unit(UNIT, MODE).await?,
            Order::Start | Order::Reload => manager.start_unit(UNIT, MODE).await?,
        };
        while let Some(end) = ends.next().await {
            let end = end.args()?;
            if *end.job() == *job {
                return Ok(end.result().to_string());
            }
        }
        Err(zbus::Error::InputOutput(Arc::new(std::io::ErrorKind::UnexpectedEof.into())))
    };
    let result = timeout(PATIENCE, given).await.map_err(|late| failed(late.into()))?.map_err(|error| failed(error.into()))?;
    if result == DONE { Ok(()) } else { Err(failed(format!("it ended as `{result}`; `croft logs --role shares` says why").into())) }
}

#[cfg(test)]
mod tests {
    use croft_model::{SpaceId, SpaceNumber};

    use super::*;
    use crate::{Folder, Share};

    #[test]
    fn a_unit_is_started_anew_only_when_somebody_has_lost_something() {
        let with = |writers: &[&str]| {
            let writers = writers.iter().map(|name| (*name).to_owned()).collect();
            let folder = Folder::Space(SpaceId::from_number(1));
            let share = Share { name: "x".into(), folder, space: SpaceNumber(1), readers: Vec::new(), writers };
            Wanted { shares: vec![share], ..Wanted::default() }
        };
        for (runs, serves, wanted, expected) in [
            (false, None, with(&["a"]), Order::Start),
            (false, Some(with(&["a"])), with(&["a"]), Order::Start),
            (true, None, with(&["a"]), Order::Restart),
            (true, Some(with(&["a"])), with(&["a", "b"]), Order::Reload),
            (true, Some(with(&["a", "b"])), with(&["b"]), Order::Restart),
        ] {
            assert_eq!(order(runs, serves.as_ref(), &wanted), expected, "{runs} {serves:?}");
        }
    }
}
