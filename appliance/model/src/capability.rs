//! What a capability says. Its signature and its text form are `croft_api::capability`'s.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{PersonId, PersonRole, SessionId};

/// The longest life of a capability. Short, so that a missed revocation heals itself within a minute.
pub const MAX_CAPABILITY_SECONDS: i64 = 60;

/// The signed content of a capability: who, through which session, what, for whom, until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who acts.
    pub who: Principal,
    /// The session or app password that earned it; none for the console and for roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// The one role, or worker (`sync@s1`), that may accept it.
    pub audience: String,
    /// Unix time in seconds after which it is void.
    pub expires: i64,
}

/// Who acts through a capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Principal {
    /// A person of the household.
    Person {
        /// The person's id.
        id: PersonId,
        /// The name to sign in with, for logs.
        name: String,
        /// What the person may do with the box.
        role: PersonRole,
    },
    /// Somebody with the rights of the machine itself. It manages the box and has no right on anybody's files.
    Console,
    /// Whoever holds a claim ticket: somebody before the box, while it belongs to nobody.
    Claimant {
        /// The client's IP address.
        address: String,
    },
}

/// What a capability is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Files in the spaces of which the person is a member.
    Files,
    /// The person's own sessions and app passwords, and reading the state of the box.
    Account,
    /// The settings of the box, its people, its logs. Owners only.
    Manage,
    /// Reading the metrics.
    Metrics,
    /// Setting up a box that belongs to nobody: where it shall live. No person and no app password has it.
    Setup,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::Files, Self::Account, Self::Manage, Self::Metrics, Self::Setup];

    /// The most that a browser session of somebody with this role holds.
    #[must_use]
    pub fn of_session(role: PersonRole) -> BTreeSet<Self> {
        match role {
            PersonRole::Owner => [Self::Files, Self::Account, Self::Manage].into(),
            PersonRole::Member => [Self::Files, Self::Account].into(),
        }
    }

    /// The most that an app password of somebody with this role may hold.
    #[must_use]
    pub fn of_app_password(role: PersonRole) -> BTreeSet<Self> {
        let mut scopes = Self::of_session(role);
        if role == PersonRole::Owner {
            scopes.insert(Self::Metrics);
        }
        scopes
    }
}

impl Claims {
    /// Whether the capability is good for `scope`.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        match &self.who {
            Principal::Person { id, .. } => Some(*id),
            Principal::Console | Principal::Claimant { .. } => None,
        }
    }

    /// The actor to write into history and audit.
    #[must_use]
    pub fn actor(&self) -> crate::Actor {
        match &self.who {
            Principal::Person { id, name, .. } => crate::Actor::Person { id: *id, name: name.clone() },
            Principal::Console => crate::Actor::Console,
            Principal::Claimant { address } => crate::Actor::Stranger { address: address.clone() },
        }
    }
}
