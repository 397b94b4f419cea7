//! Domains `session`, `sessions`, `tokens`, `grants`, `passphrase`, `invitations`, `join`, `recovery`: how people sign in.

use std::collections::BTreeSet;

use croft_model::{PersonId, PersonRole, Scope, Secret, SessionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::exposed;

/// Body of `POST /api/v1/session`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The name to sign in with.
    pub name: String,
    /// The passphrase.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub passphrase: Secret,
}

/// Who is signed in, and how: answer of `/api/v1/session`, and of each step that signs somebody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The session's or app password's id.
    pub id: SessionId,
    /// The person.
    pub person: PersonId,
    /// The name to sign in with.
    pub name: String,
    /// The name people read.
    pub display_name: String,
    /// What the person may do with the box.
    pub role: PersonRole,
    /// What this sign-in is good for.
    pub scopes: BTreeSet<Scope>,
}

/// A browser that is signed in, as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionEntry {
    /// The id to revoke it by.
    pub id: SessionId,
    /// What the browser calls itself; at most 256 characters, not to be believed.
    pub agent: String,
    /// Address at which it signed in.
    pub address: String,
    /// When it signed in.
    pub created: Timestamp,
    /// When it was last used, to the hour.
    pub last_used: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
    /// True for the session that asks.
    pub current: bool,
}

/// Body of `POST /api/v1/tokens`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppPassword {
    /// Name or id of the person. Only the console must say it; others make app passwords for themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// What it is for, 1 to 64 characters: `laptop`.
    pub name: String,
    /// What it shall be good for; files when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<BTreeSet<Scope>>,
}

/// Answer of `POST /api/v1/tokens`: the one time that the secret is shown.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct AppPassword {
    /// The id to revoke it by.
    pub id: SessionId,
    /// What it is for.
    pub name: String,
    /// The name to sign in with.
    pub user: String,
    /// The app password itself.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub secret: Secret,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
}

/// An app password in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppPasswordEntry {
    /// The id to revoke it by.
    pub id: SessionId,
    /// What it is for.
    pub name: String,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, to the hour; absent when never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
}

/// Query of `GET /api/v1/tokens`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WhosePasswords {
    /// Name or id of the person. Only the console must say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// Answer of `GET /api/v1/grants/{code}`: a device that wants an app password, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AskedGrant {
    /// What the device calls itself; the name that its app password will have. Not to be believed.
    pub device: String,
    /// Address from which it asks.
    pub address: String,
    /// Until when it waits.
    pub expires: Timestamp,
}

/// Body of `POST /api/v1/passphrase`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassphrase {
    /// The passphrase until now.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub old: Secret,
    /// The new one, 10 to 256 characters.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub new: Secret,
}

/// Body of `POST /api/v1/session/proof`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Prove {
    /// The caller's passphrase.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub passphrase: Secret,
    /// What shall be done, as the refusal `proof-missing` names it: `pool.grow`.
    #[schema(max_length = 128)]
    pub operation: String,
    /// To what, as it is named there.
    #[schema(max_length = 128)]
    pub target: String,
}

/// Answer of `POST /api/v1/session/proof`.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Proved {
    /// What goes into the header `croft-proof`.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    pub proof: Secret,
    /// Unix time in seconds after which it is void.
    pub expires: i64,
}

/// Body of `POST /api/v1/invitations`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// The person, already in the settings, who shall choose a passphrase.
    pub person: PersonId,
}

/// Answer of `POST /api/v1/invitations`: the one time that the code is shown.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// The code to hand on; good once.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, example = "7K3M-9XQT-2B4C-8D6E")]
    pub code: Secret,
    /// Until when.
    pub expires: Timestamp,
}

/// Body of `POST /api/v1/join`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The invitation's code.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    pub code: Secret,
    /// The passphrase, 10 to 256 characters.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub passphrase: Secret,
}

/// Body of `POST /api/v1/recovery`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// The 24 words of the recovery kit, with spaces between.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub words: Secret,
    /// The name of an owner.
    pub name: String,
    /// The new passphrase, 10 to 256 characters.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub passphrase: Secret,
}
