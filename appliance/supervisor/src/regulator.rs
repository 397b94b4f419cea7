//! Everything that the routes of the supervisor work on.

use std::sync::Arc;

use croft_model::{Manifest, Powers, RoleName, RoleStatus, SpaceId};
use croft_network::Network;
use croft_units::{Home, ROLE_USERS, SPACE_USERS, Units};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    desired::Desired, events::Events, manifests::SUPERVISOR, power::PowerSwitch, shares::Shares, tasks::Tasks, warnings::Warnings,
};

/// The state behind the routes.
pub struct Regulator {
    pub(crate) desired: Desired,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) warnings: Warnings,
    pub(crate) events: Events,
    /// The roles as they run, in the order in which they are started.
    pub(crate) roles: watch::Receiver<Vec<RoleStatus>>,
    pub(crate) units: Arc<dyn Units>,
    /// The machine's network; none on a machine that looks after its own.
    pub(crate) network: Option<Arc<dyn Network>>,
    /// Fingerprint of the household's certificate, once identity has said it.
    pub(crate) fingerprint: watch::Sender<Option<String>>,
    pub(crate) power: PowerSwitch,
    pub(crate) shares: Shares,
    pub(crate) home: Arc<Home>,
    pub(crate) manifests: Arc<[Manifest]>,
    /// True when all roles and spaces run as the user of this process.
    pub(crate) one_user: bool,
    pub(crate) started: Timestamp,
    /// Cancelled when the box ends.
    pub(crate) stop: CancellationToken,
}

impl Regulator {
    /// Whether a unit of this name could run on this box.
    pub(crate) fn knows_unit(&self, unit: &str) -> bool {
        self.user_of(unit).is_some() && unit != SUPERVISOR
    }

    /// The user that a unit runs as.
    pub(crate) fn user_of(&self, unit: &str) -> Option<u32> {
        user_of(&self.manifests, unit, self.one_user)
    }

    /// Whether a process of the user `uid` can be this unit: one with powers is root where it gets them, which is this process's user there.
    pub(crate) fn runs_as(&self, unit: &str, uid: u32) -> bool {
        let has_powers = self.manifests.iter().any(|manifest| manifest.name.as_str() == unit && manifest.powers != Powers::None);
        self.user_of(unit) == Some(uid) || (has_powers && uid == Home::user())
    }
}

/// The user that `unit` runs as: its role's own, or its space's.
pub(crate) fn user_of(manifests: &[Manifest], unit: &str, one_user: bool) -> Option<u32> {
    let (role, instance) = unit.split_once('@').map_or((unit, None), |(role, instance)| (role, Some(instance)));
    let manifest = manifests.iter().find(|manifest| manifest.name.as_str() == role && manifest.per_space == instance.is_some())?;
    let space = instance.map(str::parse::<SpaceId>).transpose().ok()?;
    Some(match space {
        _ if one_user || role == SUPERVISOR => Home::user(),
        Some(space) => SPACE_USERS + u32::from(space.number()),
        None => ROLE_USERS + manifest.number,
    })
}

/// The users who may connect to a role, in the form of `CROFT_PEERS`. A role with a worker a space has all users of spaces.
pub(crate) fn peers(manifests: &[Manifest], manifest: &Manifest, one_user: bool) -> String {
    let entry = |name: &RoleName| {
        let per_space = manifests.iter().any(|manifest| manifest.name == *name && manifest.per_space);
        if per_space && !one_user {
            return format!("{name}={}-{}", SPACE_USERS + 1, SPACE_USERS + u32::from(u16::MAX));
        }
        let user = user_of(manifests, name.as_str(), one_user).unwrap_or_else(Home::user);
        format!("{name}={user}")
    };
    manifest.accepts_from.iter().map(entry).collect::<Vec<_>>().join(",")
}
