//! One method an operation of the API.

use std::collections::BTreeMap;

use croft_api::{
    paging::Page,
    wire::{
        account::{AppPassword, AppPasswordEntry, Invitation, Invite, NewAppPassword},
        claim::ClaimStatus,
        household::{NewPerson, NewSpace, PersonEntry, SpaceEntry},
        links::{LinkOrder, LinkRow},
        network::{ForgetWifi, JoinWifi, NetworkStatus, WifiStatus},
        power::{PowerOrder, PowerTaken},
        settings::{Changed, Difference, SettingsDocument},
        watch::LogLine,
    },
};
use croft_model::{AuditEntry, Commit, Disk, PersonId, Power, Section, SessionId, SpaceId, Status, Warning};
use http::{Method, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Client, ClientError, send::Call};

/// A section with the version that `If-Match` wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    /// What was read.
    pub value: T,
    /// Its version, quotes included.
    pub etag: String,
}

/// Why a change is made, and whether it is only tried.
#[derive(Debug, Clone, Default)]
pub struct Intent {
    /// The reason, kept in the history.
    pub why: String,
    /// Only say what would change.
    pub dry_run: bool,
}

impl Intent {
    fn of<'a>(&self, call: Call<'a>) -> Call<'a> {
        call.query("why", &self.why).query("dry_run", self.dry_run)
    }
}

impl Client {
    /// The box at a glance.
    ///
    /// # Errors
    /// See [`ClientError`]; the same holds for every operation.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/status")).await
    }

    /// Whether the box has an owner, and the fingerprint of its certificate. It needs no sign-in.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn claim_status(&self) -> Result<ClaimStatus, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/claim")).await
    }

    /// All disks of the box.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn disks(&self) -> Result<Vec<Disk>, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/disks")).await
    }

    /// All warnings that stand, the gravest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn warnings(&self) -> Result<Vec<Warning>, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/warnings")).await
    }

    /// The latest lines of the roles.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn logs(&self, role: Option<&str>, lines: usize) -> Result<Vec<LogLine>, ClientError> {
        let mut call = Call::new(Method::GET, "/api/v1/logs").query("lines", lines);
        if let Some(role) = role {
            call = call.query("role", role);
        }
        self.json(call).await
    }

    /// A page of the audit log, newest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn activity(&self, limit: usize) -> Result<Page<AuditEntry>, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/activity").query("limit", limit)).await
    }

    /// The whole settings.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn settings(&self) -> Result<SettingsDocument, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/settings")).await
    }

    /// One section with its version.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn section(&self, section: Section) -> Result<Versioned<Value>, ClientError> {
        let path = format!("/api/v1/settings/{section}");
        let answer = self.send(Call::new(Method::GET, &path)).await?;
        let etag = answer.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
        let value = answer.json().await.map_err(ClientError::Unreachable)?;
        Ok(Versioned { value, etag })
    }

    /// Changes a section by an RFC 7396 merge patch, if it is still at the version `etag`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn patch(&self, section: Section, etag: &str, patch: &Value, intent: &Intent) -> Result<Changed, ClientError> {
        let path = format!("/api/v1/settings/{section}");
        let call = intent
            .of(Call::new(Method::PATCH, &path))
            .header(header::IF_MATCH, etag.to_owned())
            .body("application/merge-patch+json", patch.to_string().into_bytes());
        self.json(call).await
    }

    /// A page of the settings' history, newest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn history(&self, limit: usize) -> Result<Page<Commit>, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/settings/history").query("limit", limit)).await
    }

    /// What lies between two generations; up to the present one when `to` is absent.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn difference(&self, from: u64, to: Option<u64>) -> Result<Difference, ClientError> {
        let mut call = Call::new(Method::GET, "/api/v1/settings/diff").query("from", from);
        if let Some(to) = to {
            call = call.query("to", to);
        }
        self.json(call).await
    }

    /// Takes one change back.
    ///
    /// # Errors
    /// See [`ClientError`]; `revert-conflict` when the same key was changed since.
    pub async fn revert(&self, generation: u64, intent: &Intent) -> Result<Changed, ClientError> {
        let path = format!("/api/v1/settings/revert/{generation}");
        self.json(intent.of(Call::new(Method::POST, &path))).await
    }

    /// The settings as one TOML file.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn export(&self) -> Result<String, ClientError> {
        self.send(Call::new(Method::GET, "/api/v1/settings/export")).await?.text().await.map_err(ClientError::Unreachable)
    }

    /// Makes the settings as in the TOML text, as one change.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn import(&self, toml: String, intent: &Intent) -> Result<Changed, ClientError> {
        self.json(intent.of(Call::new(Method::POST, "/api/v1/settings/import")).body("application/toml", toml.into_bytes())).await
    }

    /// Restarts the machine or shuts it down, a moment after the answer.
    ///
    /// # Errors
    /// See [`ClientError`]; `power-not-ours` on a machine whose power is not the box's.
    pub async fn power(&self, how: Power) -> Result<PowerTaken, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/power").json(&PowerOrder { how })?).await
    }

    /// How the box stands in the network.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn network(&self) -> Result<NetworkStatus, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/network")).await
    }

    /// Keeps the address that is on trial.
    ///
    /// # Errors
    /// See [`ClientError`]; `no-trial` when there is none.
    pub async fn confirm_network(&self) -> Result<NetworkStatus, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/network/confirm")).await
    }

    /// Lets the router give the address again, at once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn reset_network(&self, intent: &Intent) -> Result<Changed, ClientError> {
        self.json(intent.of(Call::new(Method::POST, "/api/v1/network/reset"))).await
    }

    /// Wireless networks in reach and known ones.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn wifi(&self) -> Result<WifiStatus, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/network/wifi")).await
    }

    /// Joins a wireless network.
    ///
    /// # Errors
    /// See [`ClientError`]; `wifi-passphrase` when it is wrong.
    pub async fn join_wifi(&self, join: &JoinWifi) -> Result<WifiStatus, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/network/wifi/join").json(join)?).await
    }

    /// Leaves a wireless network and forgets its passphrase.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn forget_wifi(&self, forget: &ForgetWifi) -> Result<WifiStatus, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/network/wifi/forget").json(forget)?).await
    }

    /// The household.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn people(&self) -> Result<Vec<PersonEntry>, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/people")).await
    }

    /// Adds a person with a space of their own.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn add_person(&self, person: &NewPerson) -> Result<PersonEntry, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/people").json(person)?).await
    }

    /// Removes a person; their space is put away for 30 days.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn remove_person(&self, person: PersonId) -> Result<(), ClientError> {
        self.send(Call::new(Method::DELETE, &format!("/api/v1/people/{person}"))).await.map(drop)
    }

    /// A code with which a person chooses their own passphrase.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn invite(&self, person: PersonId) -> Result<Invitation, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/invitations").json(&Invite { person })?).await
    }

    /// All spaces, or those that the token's person may read.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn spaces(&self) -> Result<Vec<SpaceEntry>, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/spaces")).await
    }

    /// Makes a shared space.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn add_space(&self, name: &str, members: BTreeMap<PersonId, croft_model::Right>) -> Result<SpaceEntry, ClientError> {
        let space = NewSpace { name: name.into(), members };
        self.json(Call::new(Method::POST, "/api/v1/spaces").json(&space)?).await
    }

    /// Puts a space away as of `now`: nobody reaches it, and its files are kept for 30 days.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_space_away(&self, space: SpaceId, now: Timestamp, intent: &Intent) -> Result<Changed, ClientError> {
        let version = self.section(Section::Spaces).await?.etag;
        let patch = json!({ space.to_string(): { "archived_at": now } });
        self.patch(Section::Spaces, &version, &patch, intent).await
    }

    /// Makes an app password; its secret is shown this once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn new_token(&self, token: &NewAppPassword) -> Result<AppPassword, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/tokens").json(token)?).await
    }

    /// The app passwords of a person; one's own when absent.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn tokens(&self, person: Option<&str>) -> Result<Vec<AppPasswordEntry>, ClientError> {
        let mut call = Call::new(Method::GET, "/api/v1/tokens");
        if let Some(person) = person {
            call = call.query("person", person);
        }
        self.json(call).await
    }

    /// Revokes an app password of a person: whatever used it is signed out at once.
    ///
    /// # Errors
    /// See [`ClientError`]; `no-such-app-password` when the person has none with this id.
    pub async fn revoke_token(&self, person: &str, id: SessionId) -> Result<(), ClientError> {
        let path = format!("/api/v1/tokens/{id}");
        self.send(Call::new(Method::DELETE, &path).query("person", person)).await.map(drop)
    }

    /// The links to the file or folder `path` and below it, or all of the one who asks.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn links(&self, path: Option<&str>) -> Result<Vec<LinkRow>, ClientError> {
        let call = Call::new(Method::GET, "/api/v1/links");
        self.json(if let Some(path) = path { call.query("path", path) } else { call }).await
    }

    /// Makes a link.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn make_link(&self, order: &LinkOrder) -> Result<LinkRow, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/links").json(order)?).await
    }

    /// Ends a link: its address opens nothing from then on.
    ///
    /// # Errors
    /// See [`ClientError`]; `no-such-link` when there is none of this id.
    pub async fn revoke_link(&self, id: &str) -> Result<(), ClientError> {
        self.send(Call::new(Method::DELETE, &format!("/api/v1/links/{id}"))).await.map(drop)
    }
}
