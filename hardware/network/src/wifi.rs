//! Wireless networks as iwd keeps them (`net.connman.iwd`). A passphrase goes into iwd's own folder, which root alone reads, and nowhere else.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use croft_model::{Secret, WifiNetwork};
use croft_store::replace_file;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use zbus::{
    Connection, OwnedObjectPath, OwnedVariant,
    fdo::{ManagedObjects, ObjectManagerProxy},
};

use crate::{NetworkError, network::WifiError};

/// Where iwd keeps the networks that it knows.
const KNOWN: &str = "/var/lib/iwd";
/// The service on the bus.
const IWD: &str = "net.connman.iwd";
/// The part of the system, for people.
pub(crate) const PART: &str = "iwd";
/// Networks that are shown, the strongest first.
const MAX_NETWORKS: usize = 64;
/// Time for iwd to notice a file in its folder.
const NOTICES: Duration = Duration::from_secs(5);
/// How often it is asked again meanwhile.
const AGAIN: Duration = Duration::from_millis(250);
/// What iwd answers while it has no passphrase and nobody to ask for one.
const NO_AGENT: &str = "net.connman.iwd.NoAgent";
/// What it answers when the other side does not let it in.
const FAILED: &str = "net.connman.iwd.Failed";
/// A network in reach; one for each name and kind of security.
const NETWORK: &str = "net.connman.iwd.Network";

#[zbus::proxy(interface = "net.connman.iwd.Station", default_service = "net.connman.iwd")]
trait Station {
    /// Looks for networks in reach.
    fn scan(&self) -> zbus::Result<()>;
    /// Networks in reach with the strength in hundredths of dBm, the best first.
    fn get_ordered_networks(&self) -> zbus::Result<Vec<(OwnedObjectPath, i16)>>;
}

#[zbus::proxy(interface = "net.connman.iwd.Network", default_service = "net.connman.iwd")]
trait InReach {
    /// Joins it; answers when that is done or has failed.
    fn connect(&self) -> zbus::Result<()>;
}

#[zbus::proxy(interface = "net.connman.iwd.KnownNetwork", default_service = "net.connman.iwd")]
trait KnownNetwork {
    /// Leaves it and forgets its passphrase.
    fn forget(&self) -> zbus::Result<()>;
}

/// Everything that iwd has on the bus at one moment.
struct Objects(ManagedObjects);

/// The networks in reach and those that are known; none when there is no antenna.
pub(crate) async fn networks(connection: &Connection) -> Result<Option<Vec<WifiNetwork>>, zbus::Error> {
    let Some(objects) = Objects::read(connection).await? else { return Ok(None) };
    let stations = objects.with("net.connman.iwd.Station");
    if stations.is_empty() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for station in stations {
        let station = StationProxy::builder(connection).path(station).build().await?;
        // It may be looking already, or joining; the list of before is then good enough.
        let _ = station.scan().await;
        for (path, strength) in station.get_ordered_networks().await?.into_iter().take(MAX_NETWORKS) {
            found.extend(objects.network(&path, strength));
        }
    }
    for path in objects.with("net.connman.iwd.KnownNetwork") {
        let Some(ssid) = objects.text(path, "net.connman.iwd.KnownNetwork", "Name") else { continue };
        if !found.iter().any(|network: &WifiNetwork| network.ssid == ssid) {
            let secured = objects.text(path, "net.connman.iwd.KnownNetwork", "Type").is_none_or(|kind| kind != "open");
            found.push(WifiNetwork { ssid, strength_percent: None, secured, known: true, joined: false });
        }
    }
    Ok(Some(found))
}

/// Joins the network; with a passphrase where it wants one.
pub(crate) async fn join(connection: &Connection, ssid: &str, passphrase: Option<&Secret>) -> Result<(), NetworkError> {
    let failed = |source: zbus::Error| NetworkError::Refused { part: PART, source: Box::new(source) };
    let objects = Objects::read(connection).await.map_err(failed)?.ok_or(WifiError::Missing)?;
    if objects.with("net.connman.iwd.Station").is_empty() {
        return Err(WifiError::Missing.into());
    }
    let named = objects.with(NETWORK).into_iter().filter(|path| objects.text(path, NETWORK, "Name").is_some_and(|name| name == ssid));
    let kinds: Vec<_> = named.map(|path| (path, objects.text(path, NETWORK, "Type").unwrap_or_default())).collect();
    let kind = choose(kinds.iter().map(|(_, kind)| kind.as_str()), passphrase.is_some())?;
    let (network, _) = kinds.iter().find(|(_, other)| other == kind).ok_or(WifiError::NotInReach)?;
    let known = objects.value(network, NETWORK, "KnownNetwork").is_some();
    let written = match (kind, passphrase) {
        ("psk", Some(passphrase)) => Some(Written::new(Path::new(KNOWN), ssid, passphrase)?),
        ("psk", None) if !known => return Err(WifiError::Passphrase.into()),
        _ => None,
    };
    let network = InReachProxy::builder(connection).path(*network).build().await.map_err(failed)?;
    let begun = Instant::now();
    loop {
        match network.connect().await {
            Ok(()) => {
                written.into_iter().for_each(Written::keep);
                return Ok(());
            }
            Err(zbus::Error::MethodError(name, ..)) if name.as_str() == NO_AGENT && written.is_some() && begun.elapsed() < NOTICES => {
                sleep(AGAIN).await;
            }
            Err(zbus::Error::MethodError(name, ..)) if name.as_str() == FAILED && written.is_some() => {
                return Err(WifiError::Passphrase.into());
            }
            Err(error) => return Err(failed(error)),
        }
    }
}

/// Leaves the network and forgets its passphrase; nothing to do for one that is not known.
pub(crate) async fn forget(connection: &Connection, ssid: &str) -> Result<(), zbus::Error> {
    let Some(objects) = Objects::read(connection).await? else { return Ok(()) };
    let known = objects.with("net.connman.iwd.KnownNetwork").into_iter();
    let named = known.filter(|path| objects.text(path, "net.connman.iwd.KnownNetwork", "Name").is_some_and(|name| name == ssid));
    let forgetting = named.map(async |path| KnownNetworkProxy::builder(connection).path(path).build().await?.forget().await);
    join_all(forgetting).await.into_iter().collect()
}

impl Objects {
    /// None when iwd does not run, which it does not need to where there is no antenna.
    async fn read(connection: &Connection) -> Result<Option<Self>, zbus::Error> {
        let manager = ObjectManagerProxy::builder(connection).destination(IWD).path("/").build().await?;
        match manager.get_managed_objects().await {
            Ok(objects) => Ok(Some(Self(objects))),
            Err(zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn with(&self, interface: &str) -> Vec<&OwnedObjectPath> {
        let has = self.0.iter().filter(|(_, interfaces)| interfaces.keys().any(|name| name.as_str() == interface));
        has.map(|(path, _)| path).collect()
    }

    fn value(&self, path: &OwnedObjectPath, interface: &str, property: &str) -> Option<&OwnedVariant> {
        self.0.get(path)?.iter().find(|(name, _)| name.as_str() == interface)?.1.get(property)
    }

    fn text(&self, path: &OwnedObjectPath, interface: &str, property: &str) -> Option<String> {
        self.value(path, interface, property).and_then(|value| <&str>::try_from(value).ok()).map(str::to_owned)
    }

    fn network(&self, path: &OwnedObjectPath, hundredths: i16) -> Option<WifiNetwork> {
        const INTERFACE: &str = "net.connman.iwd.Network";
        Some(WifiNetwork {
            ssid: self.text(path, INTERFACE, "Name")?,
            strength_percent: Some(percent(hundredths)),
            secured: self.text(path, INTERFACE, "Type").is_none_or(|kind| kind != "open"),
            known: self.value(path, INTERFACE, "KnownNetwork").is_some(),
            joined: self.value(path, INTERFACE, "Connected").and_then(|value| bool::try_from(value).ok()).unwrap_or_default(),
        })
    }
}

/// Hundredths of dBm as people read strength: -50 dBm and better is all of it, -100 dBm nothing.
fn percent(hundredths: i16) -> u8 {
    let dbm = i32::from(hundredths) / 100;
    u8::try_from(((dbm + 100) * 2).clamp(0, 100)).unwrap_or_default()
}

/// The kind to join out of those that share a name. Anybody can call an open network as ours is called, so an open one is joined only without
/// a passphrase and where no other has the name.
fn choose<'a>(kinds: impl Iterator<Item = &'a str>, passphrase: bool) -> Result<&'static str, WifiError> {
    let kinds: Vec<&str> = kinds.collect();
    if kinds.contains(&"psk") {
        return Ok("psk");
    }
    match kinds.iter().find(|kind| **kind != "open") {
        Some(kind) => Err(WifiError::Kind((*kind).to_owned())),
        None if kinds.is_empty() => Err(WifiError::NotInReach),
        None if passphrase => Err(WifiError::Open),
        None => Ok("open"),
    }
}

/// A passphrase that iwd may use. Unless it is kept, what was there before comes back when this goes, also when nobody waits any longer.
struct Written {
    path: PathBuf,
    before: Option<Vec<u8>>,
    kept: bool,
}

impl Written {
    fn new(folder: &Path, ssid: &str, passphrase: &Secret) -> Result<Self, NetworkError> {
        let before = std::fs::read(folder.join(file_name(ssid))).ok();
        Ok(Self { path: write(folder, ssid, passphrase)?, before, kept: false })
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // When that fails the network is joined no more by itself, and asks for its passphrase again.
        let _ = match (&self.before, self.kept) {
            (_, true) => Ok(()),
            (Some(before), false) => replace_file(&self.path, before, 0o600),
            (None, false) => std::fs::remove_file(&self.path),
        };
    }
}

/// Writes the passphrase as iwd keeps it (iwd.network(5)).
fn write(folder: &Path, ssid: &str, passphrase: &Secret) -> Result<PathBuf, NetworkError> {
    let text = passphrase.expose();
    // IEEE 802.11: 8 to 63 printable characters of ASCII.
    if !(8..=63).contains(&text.len()) || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(WifiError::Passphrase.into());
    }
    let path = folder.join(file_name(ssid));
    let failed = |source| NetworkError::File { path: folder.display().to_string(), source };
    replace_file(&path, format!("[Security]\nPassphrase={}\n", escaped(text)).as_bytes(), 0o600).map_err(failed)?;
    Ok(path)
}

/// The name of iwd's file: the SSID where its letters are plain, else in hexadecimal. No SSID leads out of the folder.
fn file_name(ssid: &str) -> String {
    let plain = !ssid.is_empty() && ssid.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-'));
    match plain {
        true => format!("{ssid}.psk"),
        false => format!("={}.psk", ssid.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

/// A value of iwd's files: what would be taken for an escape or cut off at the ends is escaped.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |text, letter| match letter {
        '\\' => text + "\\\\",
        ' ' => text + "\\s",
        letter => text + &letter.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn strength_is_told_in_percent() {
        for (hundredths, expected) in [(-3000, 100), (-5000, 100), (-7500, 50), (-10_000, 0), (i16::MIN, 0), (i16::MAX, 100)] {
            assert_eq!(percent(hundredths), expected, "{hundredths}");
        }
    }

    #[test]
    fn an_open_network_does_not_take_the_place_of_ours() {
        let check = |kinds: &[&'static str], passphrase, expected: Result<&str, &str>| {
            let chosen = choose(kinds.iter().copied(), passphrase).map_err(|error| error.to_string());
            assert_eq!(chosen.as_deref().map_err(String::as_str), expected, "{kinds:?}");
        };
        check(&["open", "psk"], true, Ok("psk"));
        check(&["open", "psk"], false, Ok("psk"));
        check(&["open"], false, Ok("open"));
        check(&["open"], true, Err("the network of this name in reach is open and takes no passphrase"));
        check(&["open", "8021x"], false, Err("networks of the kind 8021x are not supported"));
        check(&[], false, Err("no network of this name is in reach"));
    }

    #[test]
    fn a_passphrase_that_does_not_fit_leaves_the_one_that_did() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Home.psk");
        let secret = |text: &str| Secret::try_from(text.to_owned()).unwrap();
        drop(Written::new(folder.path(), "Home", &secret("first try")).unwrap());
        assert!(!file.exists());
        Written::new(folder.path(), "Home", &secret("that works")).unwrap().keep();
        let kept = std::fs::read(&file).unwrap();
        drop(Written::new(folder.path(), "Home", &secret("second try")).unwrap());
        assert_eq!(std::fs::read(&file).unwrap(), kept);
    }

    #[test]
    fn no_name_of_a_network_leads_out_of_the_folder() {
        for (ssid, expected) in [
            ("Our house-2_4", "Our house-2_4.psk"),
            ("../../etc/passwd", "=2e2e2f2e2e2f6574632f706173737764.psk"),
            ("Café", "=436166c3a9.psk"),
            ("", "=.psk"),
        ] {
            assert_eq!(file_name(ssid), expected);
        }
    }

    #[test]
    fn a_passphrase_is_for_root_alone_and_one_that_cannot_be_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |text: &str| write(folder.path(), "home", &Secret::try_from(text.to_owned()).expect("short"));
        let path = write(" a\\b cdef ").expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "[Security]\nPassphrase=\\sa\\\\b\\scdef\\s\n");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        for wrong in ["seven77", "line\nbreak", "längeres", &"x".repeat(64)] {
            assert!(write(wrong).is_err(), "{wrong}");
        }
    }
}
