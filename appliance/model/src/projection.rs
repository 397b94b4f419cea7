//! What flows between the supervisor and a role: settings down, reports up.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AppId, BoxSettings, DoorSettings, HostedApp, NotifySettings, Person, PersonId, ShareSettings, SnapshotSettings, Space, SpaceId, Task,
    TimeSettings, Warning,
};

/// The part of the settings that a role's manifest asks for. A section that it does not name is absent, not empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// Generation of the settings that this was cut from. A role refuses one that is smaller than what it has.
    pub generation: u64,
    /// True when all roles run as one user.
    pub one_user: bool,
    /// Section `box`.
    #[serde(default, rename = "box", skip_serializing_if = "Option::is_none")]
    pub this_box: Option<BoxSettings>,
    /// Section `people`; for a worker only the members of its space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<BTreeMap<PersonId, Person>>,
    /// Section `spaces`; for a worker only its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spaces: Option<BTreeMap<SpaceId, Space>>,
    /// Section `door`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<DoorSettings>,
    /// Section `time`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeSettings>,
    /// Section `snapshots`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshots: Option<SnapshotSettings>,
    /// Section `shares`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<ShareSettings>,
    /// Section `notify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<NotifySettings>,
    /// Section `apps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apps: Option<BTreeMap<AppId, HostedApp>>,
}

impl Projection {
    /// The app that answers under a host name in lower case.
    #[must_use]
    pub fn app_at(&self, host: &str) -> Option<(&AppId, &HostedApp)> {
        let (apps, this_box) = self.apps.as_ref().zip(self.this_box.as_ref())?;
        let label =
            host.strip_suffix(".localhost").or_else(|| host.strip_suffix(".local")?.strip_suffix(&this_box.host)?.strip_suffix('-'))?;
        apps.get_key_value(&label.parse().ok()?)
    }

    /// The host names of the box and of its apps: what its certificate is good for.
    #[must_use]
    pub fn all_names(&self) -> Vec<String> {
        let apps = self.apps.iter().flatten().zip(self.this_box.iter().cycle());
        let apps = apps.flat_map(|((id, _), this_box)| [id.host(&this_box.host), id.local_host()]);
        self.host_names().into_iter().chain(apps).collect()
    }

    /// The host names under which the box answers: its own one at home, this machine's for itself, and further ones of the settings.
    #[must_use]
    pub fn host_names(&self) -> Vec<String> {
        let own = self.this_box.iter().map(|this_box| format!("{}.local", this_box.host));
        own.chain(["localhost".to_owned()]).chain(self.door.iter().flat_map(|door| door.extra_names.clone())).collect()
    }
}

/// What is not well at a moment, for the role that tells people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// When the supervisor started: soon after it, not everybody has said yet what is not well.
    pub started: Timestamp,
    /// All warnings that people see, the gravest first.
    pub warnings: Vec<Warning>,
}

/// What a role tells the supervisor of its own domain. Each report replaces the role's last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Generation that the role has put into force.
    pub generation: u64,
    /// Status of the domain, as the role's own type.
    #[serde(default)]
    pub status: Value,
    /// All warnings of the role that stand.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Tasks of the role.
    #[serde(default)]
    pub tasks: Vec<Task>,
    /// A number that grows whenever the list of disks is worth reading anew; 0 from roles that have none.
    #[serde(default)]
    pub disks: u64,
}

/// A secret text: no Debug, no Display, no Serialize, and at most [`Secret::MAX`] bytes.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

impl Secret {
    /// The longest secret that is read, in bytes. Longer input is refused before any work is done on it.
    pub const MAX: usize = 1024;

    /// The text, for the one place that checks or uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Secret {
    type Error = SecretTooLong;

    fn try_from(text: String) -> Result<Self, SecretTooLong> {
        if text.len() <= Self::MAX { Ok(Self(text)) } else { Err(SecretTooLong) }
    }
}

/// A secret longer than [`Secret::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretTooLong;

impl fmt::Display for SecretTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "longer than {} bytes", Secret::MAX)
    }
}

impl std::error::Error for SecretTooLong {}
