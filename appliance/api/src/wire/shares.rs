//! Domain `shares`: network drives for Windows, macOS and Linux, and the devices that may use them.

use croft_model::{Holding, PersonId, Right, Secret};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exposed;

/// Answer of `GET /api/v1/shares`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SharesStatus {
    /// Whether network drives are served.
    pub state: SharesState,
    /// Why not, when they should be and are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The drives that whoever asks may use; all of them for the console.
    pub drives: Vec<Drive>,
    /// The devices of whoever asks; those of everybody for owners and the console.
    pub devices: Vec<Device>,
}

/// Whether network drives are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SharesState {
    /// Nobody wants them; nothing answers.
    Off,
    /// They are served.
    On,
    /// They are wanted and cannot be served.
    Unable,
}

/// A network drive with the ways to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Drive {
    /// Its name.
    pub name: String,
    /// What lies behind it.
    #[serde(flatten)]
    pub holds: Holding,
    /// What whoever asks may do, `read` or `write`; absent for the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<Right>,
    /// For Windows: `\\mybox\Photos`. Absent where the box does not have the port that Windows knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<String>,
    /// For macOS and Linux: `smb://mybox.local/Photos`.
    pub address: String,
}

/// A device that may use the drives of its person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// The number to remove it by.
    pub id: u16,
    /// Whose it is.
    pub person: PersonId,
    /// What it is called: `laptop`.
    pub name: String,
    /// The name to sign in with: `ana-laptop`.
    pub account: String,
    /// When it was made.
    pub created: Timestamp,
}

/// Body of `POST /api/v1/shares/devices`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// What it is called: a-z, 0-9 and `-`; with the person's name and a `-` at most 32 characters.
    pub name: String,
    /// Name or id of the person. Owners may say it, the console must; others make devices of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// Answer of `POST /api/v1/shares/devices`: the one time that the password is shown.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct DeviceMade {
    /// The device.
    pub device: Device,
    /// Its password, which is good for network drives alone.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub password: Secret,
}
