//! How the box stands in the network.

use croft_model::{Interface, NetworkSettings, Secret, WifiNetwork};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the box stands in the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetworkStatus {
    /// Whether the box looks after addresses, host name and clock of this machine. False on a machine that does so by itself: settings of
    /// `network` and `time` then change nothing.
    pub managed: bool,
    /// The box answers as `<host>.local`.
    pub host: String,
    /// The interfaces of the household's network; none when the machine looks after its own.
    pub interfaces: Vec<Interface>,
    /// The address that is being tried, until somebody confirms it.
    pub trial: Option<Trial>,
}

/// A change of the address that goes back by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trial {
    /// When it goes back, unless `POST /api/v1/network/confirm` came before.
    pub until: Timestamp,
    /// Seconds until then, for clients with another clock.
    pub seconds_left: u64,
    /// What it goes back to.
    pub before: NetworkSettings,
}

/// The wireless networks of the box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WifiStatus {
    /// Whether the box has an antenna.
    pub available: bool,
    /// Networks in reach, the strongest first, then known ones that are not. Asking starts a new look, so ask again after some seconds.
    pub networks: Vec<WifiNetwork>,
}

/// Body of `POST /api/v1/network/wifi/join`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinWifi {
    /// Name of the network, 1 to 32 bytes.
    pub ssid: String,
    /// Its passphrase, 8 to 63 characters; empty for one that is open or known. It is kept where root alone reads it, and never shown again.
    #[serde(serialize_with = "super::exposed")]
    #[schema(value_type = String, format = Password)]
    pub passphrase: Secret,
}

/// Body of `POST /api/v1/network/wifi/forget`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetWifi {
    /// Name of the network.
    pub ssid: String,
}
