//! What can be asked of the machine's network, and what can be wanted of it.

use croft_model::{Interface, Secret, StaticAddress, WifiNetwork};
use futures_util::future::BoxFuture;

/// How the wired interface gets its address, and whether the router's time servers are heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressing {
    /// The interface with a fixed address, and that address; every other interface asks the router.
    pub fixed: Option<(String, StaticAddress)>,
    /// Whether time servers that the router names are asked.
    pub router_time: bool,
}

/// What strangers in the household's network are told: that a box is here. No version, which would tell them where to look for holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Tells boxes apart: the beginning of the fingerprint of the household's certificate, which the plain port hands out anyway.
    pub id: String,
    /// Whether the box has an owner.
    pub claimed: bool,
    /// The network drives that it serves; none while it serves none.
    pub drives: Option<Drives>,
}

/// Network drives, as Finder and file managers of Linux look for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drives {
    /// Names of those on which Macs may keep backups.
    pub time_machines: Vec<String>,
}

/// Who is asked for the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeSource {
    /// Nobody.
    Nobody,
    /// Those that the router names, else those of the distribution.
    Usual,
    /// These alone.
    Servers(Vec<String>),
}

/// The machine does not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A part of the system refused or did not answer.
    #[error("{part} does not do what it was asked")]
    Refused {
        /// Which.
        part: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file that a part of the system reads cannot be written.
    #[error("{path} cannot be written")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A wireless network is not joined.
    #[error("the wireless network is not joined")]
    Wifi(#[from] WifiError),
    /// The system does not have this time zone.
    #[error("this system does not know the time zone {0}")]
    NoSuchZone(String),
}

/// Why a wireless network is not joined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WifiError {
    /// The machine has no antenna.
    #[error("the machine has no wireless interface")]
    Missing,
    /// No network of this name is near.
    #[error("no network of this name is in reach")]
    NotInReach,
    /// It wants a passphrase, and not this one.
    #[error("the passphrase is missing or wrong")]
    Passphrase,
    /// It wants no passphrase, though one was given: somebody else's network may have the name of ours.
    #[error("the network of this name in reach is open and takes no passphrase")]
    Open,
    /// It wants something else than a passphrase.
    #[error("networks of the kind {0} are not supported")]
    Kind(String),
}

/// A machine whose network is looked after. Each verb may be used again at any time: what is so already is left as it is.
pub trait Network: Send + Sync {
    /// The interfaces with a cable or an antenna, by name.
    ///
    /// # Errors
    /// The system does not say.
    fn interfaces(&self) -> BoxFuture<'_, Result<Vec<Interface>, NetworkError>>;

    /// The host label under which the machine answers in the household's network: another than was wanted when a neighbour has that one.
    ///
    /// # Errors
    /// The system does not say.
    fn answers_as(&self) -> BoxFuture<'_, Result<String, NetworkError>>;

    /// Gives the interfaces their addresses.
    ///
    /// # Errors
    /// The system refuses; the addresses may be those of before or the new ones.
    fn address<'a>(&'a self, wanted: &'a Addressing) -> BoxFuture<'a, Result<(), NetworkError>>;

    /// Gives the machine its name.
    ///
    /// # Errors
    /// The system refuses; the name of before holds.
    fn name<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<(), NetworkError>>;

    /// Tells the household's network that a box is here.
    ///
    /// # Errors
    /// The system refuses.
    fn announce<'a>(&'a self, announcement: &'a Announcement) -> BoxFuture<'a, Result<(), NetworkError>>;

    /// Sets the zone of the machine's local time.
    ///
    /// # Errors
    /// The system does not have it; the zone of before holds.
    fn zone<'a>(&'a self, zone: &'a str) -> BoxFuture<'a, Result<(), NetworkError>>;

    /// Says who is asked for the time. Whoever it is, the time is saved now and then, and taken up again at the next boot.
    ///
    /// # Errors
    /// The system refuses.
    fn time_from<'a>(&'a self, source: &'a TimeSource) -> BoxFuture<'a, Result<(), NetworkError>>;

    /// Wireless networks in reach, the strongest first, and known ones; none when the machine has no antenna. Asking starts a new look.
    ///
    /// # Errors
    /// The system does not say.
    fn wifi(&self) -> BoxFuture<'_, Result<Option<Vec<WifiNetwork>>, NetworkError>>;

    /// Joins a wireless network, now and whenever it is in reach.
    ///
    /// # Errors
    /// See [`WifiError`]; what was known of it before is then known still, but for its passphrase if another was given.
    fn join<'a>(&'a self, ssid: &'a str, passphrase: Option<&'a Secret>) -> BoxFuture<'a, Result<(), NetworkError>>;

    /// Leaves a wireless network and forgets its passphrase.
    ///
    /// # Errors
    /// The system refuses.
    fn forget<'a>(&'a self, ssid: &'a str) -> BoxFuture<'a, Result<(), NetworkError>>;
}
