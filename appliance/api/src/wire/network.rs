//! How the box stands in the network.

use croft_model::{Interface, NetworkSettings};
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
