//! The machine's network as systemd keeps it: files below `/run`, and the parts that read them told over D-Bus.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use croft_model::{Interface, Secret, WifiNetwork};
use croft_store::replace_file;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::timeout;
use zbus::{Connection, OwnedObjectPath, proxy::CacheProperties};

use crate::{
    Addressing, Announcement, Network, NetworkError, TimeSource, describe,
    files::{self, Wanted},
    wifi,
};

/// Time for a part of the system to answer; starting one that sleeps included.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time to join a wireless network: some access points take their time.
const JOINING: Duration = Duration::from_secs(25);
/// Where files of a running system lie.
const RUN: &str = "/run";
/// The zones that the system has.
const ZONES: &str = "/usr/share/zoneinfo";
/// To where `/etc/localtime` of the image points, below [`RUN`].
const LOCAL_TIME: &str = "croft/localtime";
/// Who answers for names.
const RESOLVED: &str = "systemd-resolved.service";
/// Who asks for the time.
const TIMESYNCD: &str = "systemd-timesyncd.service";

#[zbus::proxy(
    interface = "org.freedesktop.network1.Manager",
    default_service = "org.freedesktop.network1",
    default_path = "/org/freedesktop/network1"
)]
trait Networkd {
    /// Everything that it knows, as JSON.
    fn describe(&self) -> zbus::Result<String>;
    /// Reads its files anew; interfaces whose files have changed are set up again.
    fn reload(&self) -> zbus::Result<()>;
}

#[zbus::proxy(
    interface = "org.freedesktop.resolve1.Manager",
    default_service = "org.freedesktop.resolve1",
    default_path = "/org/freedesktop/resolve1"
)]
trait Resolved {
    /// The label under which it answers on the link: the host's name, or that with a number when a neighbour has it.
    #[zbus(property, name = "LLMNRHostname")]
    fn llmnr_hostname(&self) -> zbus::Result<String>;
}

#[zbus::proxy(
    interface = "org.freedesktop.hostname1",
    default_service = "org.freedesktop.hostname1",
    default_path = "/org/freedesktop/hostname1"
)]
trait Hostnamed {
    /// Sets the name until the next boot.
    fn set_hostname(&self, name: &str, interactive: bool) -> zbus::Result<()>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    /// Lets a unit read its files anew.
    fn reload_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    /// Starts a unit again.
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
}

/// The machine that this process runs on.
pub struct SystemdNetwork {
    connection: Connection,
    networkd: NetworkdProxy<'static>,
    resolved: ResolvedProxy<'static>,
    hostnamed: HostnamedProxy<'static>,
    manager: ManagerProxy<'static>,
    places: Places,
    /// Parts that have read the files as this process left them. One that has not is told, whatever the files say.
    told: Mutex<BTreeSet<&'static str>>,
}

/// Where things lie.
struct Places {
    run: PathBuf,
    zones: PathBuf,
}

impl SystemdNetwork {
    /// Connects to the system's bus.
    ///
    /// # Errors
    /// There is no systemd to talk to.
    pub async fn of_this_machine() -> Result<Self, NetworkError> {
        let failed = refused("the system's bus");
        let connection = Connection::system().await.map_err(&failed)?;
        Ok(Self {
            networkd: NetworkdProxy::new(&connection).await.map_err(&failed)?,
            // Asked each time, since a remembered name may be that of before a conflict.
            resolved: ResolvedProxy::builder(&connection).cache_properties(CacheProperties::No).build().await.map_err(&failed)?,
            hostnamed: HostnamedProxy::new(&connection).await.map_err(&failed)?,
            manager: ManagerProxy::new(&connection).await.map_err(&failed)?,
            places: Places { run: RUN.into(), zones: ZONES.into() },
            told: Mutex::default(),
            connection,
        })
    }

    /// Writes the files, and tells the part that reads them by `tell` if any has changed or it was never told.
    async fn put<T>(&self, part: &'static str, wanted: &[Wanted], tell: impl Future<Output = zbus::Result<T>>) -> Result<(), NetworkError> {
        let mut changed = !self.told().contains(part);
        for (path, text) in wanted {
            if self.places.put(path, text.as_deref())? {
                self.told().remove(part);
                changed = true;
            }
        }
        if changed {
            answered(part, tell).await?;
            self.told().insert(part);
        }
        Ok(())
    }

    fn told(&self) -> std::sync::MutexGuard<'_, BTreeSet<&'static str>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Network for SystemdNetwork {
    fn interfaces(&self) -> BoxFuture<'_, Result<Vec<Interface>, NetworkError>> {
        async move {
            let said = answered("systemd-networkd", self.networkd.describe()).await?;
            describe::interfaces(&said).map_err(|source| NetworkError::Refused { part: "systemd-networkd", source: source.into() })
        }
        .boxed()
    }

    fn answers_as(&self) -> BoxFuture<'_, Result<String, NetworkError>> {
        answered("systemd-resolved", self.resolved.llmnr_hostname()).boxed()
    }

    fn address<'a>(&'a self, wanted: &'a Addressing) -> BoxFuture<'a, Result<(), NetworkError>> {
        async move { self.put("systemd-networkd", &files::addressing(wanted), self.networkd.reload()).await }.boxed()
    }

    fn name<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<(), NetworkError>> {
        answered("systemd-hostnamed", self.hostnamed.set_hostname(host, false)).boxed()
    }

    fn announce<'a>(&'a self, announcement: &'a Announcement) -> BoxFuture<'a, Result<(), NetworkError>> {
        async move { self.put("systemd-resolved", &files::announcement(announcement), self.manager.reload_unit(RESOLVED, "replace")).await }
            .boxed()
    }

    fn zone<'a>(&'a self, zone: &'a str) -> BoxFuture<'a, Result<(), NetworkError>> {
        std::future::ready(self.places.zone(zone)).boxed()
    }

    fn time_from<'a>(&'a self, source: &'a TimeSource) -> BoxFuture<'a, Result<(), NetworkError>> {
        async move { self.put("systemd-timesyncd", &[files::time(source)], self.manager.restart_unit(TIMESYNCD, "replace")).await }.boxed()
    }

    fn wifi(&self) -> BoxFuture<'_, Result<Option<Vec<WifiNetwork>>, NetworkError>> {
        answered(wifi::PART, wifi::networks(&self.connection)).boxed()
    }

    fn join<'a>(&'a self, ssid: &'a str, passphrase: Option<&'a Secret>) -> BoxFuture<'a, Result<(), NetworkError>> {
        async move {
            match timeout(JOINING, wifi::join(&self.connection, ssid, passphrase)).await {
                Ok(joined) => joined,
                Err(late) => Err(NetworkError::Refused { part: wifi::PART, source: late.into() }),
            }
        }
        .boxed()
    }

    fn forget<'a>(&'a self, ssid: &'a str) -> BoxFuture<'a, Result<(), NetworkError>> {
        answered(wifi::PART, wifi::forget(&self.connection, ssid)).boxed()
    }
}

impl Places {
    /// Makes a file be as wanted; whether it was not.
    fn put(&self, path: &str, text: Option<&str>) -> Result<bool, NetworkError> {
        let path = self.run.join(path);
        self.try_put(&path, text).map_err(|source| NetworkError::File { path: path.display().to_string(), source })
    }

    fn try_put(&self, path: &Path, text: Option<&str>) -> io::Result<bool> {
        let there = match fs::read_to_string(path) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        match text {
            _ if there.as_deref() == text => return Ok(false),
            None => fs::remove_file(path)?,
            Some(text) => {
                if let Some(directory) = path.parent() {
                    fs::create_dir_all(directory)?;
                    // The parts of systemd that read it have users of their own, and this process has a strict umask.
                    fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
                }
                replace_file(path, text.as_bytes(), 0o644)?;
            }
        }
        Ok(true)
    }

    /// Points the local time at a zone of the system.
    fn zone(&self, zone: &str) -> Result<(), NetworkError> {
        let file = self.zones.join(zone);
        // A name comes from the settings, which know only names of zones; a path that leads elsewhere is refused here all the same.
        let plain = zone.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if !plain || !file.is_file() {
            return Err(NetworkError::NoSuchZone(zone.into()));
        }
        let link = self.run.join(LOCAL_TIME);
        let failed = |source| NetworkError::File { path: link.display().to_string(), source };
        if fs::read_link(&link).is_ok_and(|target| target == file) {
            return Ok(());
        }
        let beside = link.with_extension("new");
        // A leftover of a start that was cut off.
        let _ = fs::remove_file(&beside);
        symlink(&file, &beside).and_then(|()| fs::rename(&beside, &link)).map_err(failed)
    }
}

async fn answered<T>(part: &'static str, call: impl Future<Output = zbus::Result<T>>) -> Result<T, NetworkError> {
    match timeout(PATIENCE, call).await {
        Ok(answer) => answer.map_err(refused(part)),
        Err(late) => Err(NetworkError::Refused { part, source: late.into() }),
    }
}

fn refused(part: &'static str) -> impl Fn(zbus::Error) -> NetworkError {
    move |source| NetworkError::Refused { part, source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(folder: &Path) -> Places {
        fs::create_dir_all(folder.join("run/croft")).expect("made");
        fs::create_dir_all(folder.join("zoneinfo/Europe")).expect("made");
        fs::write(folder.join("zoneinfo/Europe/Berlin"), "TZif").expect("written");
        Places { run: folder.join("run"), zones: folder.join("zoneinfo") }
    }

    #[test]
    fn files_are_written_once_read_by_others_and_taken_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = places(folder.path());
        let check = |text: Option<&str>, changed: bool| {
            assert_eq!(places.put(files::FIXED, text).expect("put"), changed);
            assert_eq!(fs::read_to_string(places.run.join(files::FIXED)).ok().as_deref(), text);
        };
        check(None, false);
        check(Some("[Match]\n"), true);
        check(Some("[Match]\n"), false);
        let mode = fs::metadata(places.run.join(files::FIXED)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        check(None, true);
        check(None, false);
    }

    #[test]
    fn only_zones_of_the_system_are_pointed_at() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = places(folder.path());
        for _ in 0..2 {
            places.zone("Europe/Berlin").expect("set");
            assert_eq!(fs::read_to_string(places.run.join(LOCAL_TIME)).expect("there"), "TZif");
        }
        for zone in ["Europe/Atlantis", "Europe", "", "../run", "/etc/passwd", "Europe/../Europe/Berlin"] {
            assert!(matches!(places.zone(zone), Err(NetworkError::NoSuchZone(_))), "{zone}");
        }
        assert_eq!(fs::read_to_string(places.run.join(LOCAL_TIME)).expect("there"), "TZif");
    }
}
