//! One method an operation of the API.

use std::collections::BTreeMap;

use croft_api::{
    headers,
    paging::Page,
    wire::{
        account::{AppPassword, AppPasswordEntry, Invitation, Invite, NewAppPassword, Prove, Proved},
        claim::ClaimStatus,
        household::{NewPerson, NewSpace, PersonEntry, SpaceEntry},
        links::{LinkOrder, LinkRow},
        network::{ForgetWifi, JoinWifi, NetworkStatus, WifiStatus},
        notify::{MailPassword, NotifyStatus, NotifyTest, Tested, WebhookKey},
        power::{PowerOrder, PowerTaken},
        settings::{Changed, Difference, SettingsDocument},
        shares::{DeviceMade, NewDevice, SharesStatus},
        watch::LogLine,
    },
};
use croft_model::{
    AdoptDisk, AdoptPlan, Adopted, AuditEntry, Commit, DiskId, DiskView, DiskWork, EraseDisk, ErasePlan, Inside, PersonId, Pool,
    PoolChange, PoolPlan, PoolView, Power, Secret, Section, SeenDisk, SessionId, Snapshot, SnapshotList, SnapshotName, SnapshotOrder,
    SpaceId, SpaceUsage, Status, Task, Warning,
};
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
    pub async fn disks(&self) -> Result<Vec<DiskView>, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/disks")).await
    }

    /// What erasing a disk would do. Nothing is begun.
    ///
    /// # Errors
    /// As [`Client::status`]; or the box says why it cannot be erased.
    pub async fn plan_erasing(&self, disk: &DiskId, seen: &SeenDisk) -> Result<ErasePlan, ClientError> {
        self.json(Call::new(Method::POST, &format!("/api/v1/disks/{disk}/erase/plan")).json(seen)?).await
    }

    /// Erases a disk, with the proof that the refusal `proof-missing` asks for.
    ///
    /// # Errors
    /// As [`Client::status`]; or the box says why it cannot be erased.
    pub async fn erase_disk(&self, disk: &DiskId, wanted: &EraseDisk, proof: Option<&Secret>) -> Result<DiskWork, ClientError> {
        let path = format!("/api/v1/disks/{disk}/erase");
        self.json(proved(Call::new(Method::POST, &path).json(wanted)?, proof)).await
    }

    /// Takes back the erasing of a disk.
    ///
    /// # Errors
    /// As [`Client::status`]; or the box says why it cannot be taken back.
    pub async fn restore_disk(&self, disk: &DiskId, seen: &SeenDisk) -> Result<DiskWork, ClientError> {
        self.json(Call::new(Method::POST, &format!("/api/v1/disks/{disk}/restore")).json(seen)?).await
    }

    /// What would be read of a disk that is used as it is. Nothing is begun.
    ///
    /// # Errors
    /// The box refuses, or cannot be reached.
    pub async fn plan_adopting(&self, disk: &DiskId, wanted: &AdoptDisk) -> Result<AdoptPlan, ClientError> {
        self.json(Call::new(Method::POST, &format!("/api/v1/disks/{disk}/adopt/plan")).json(wanted)?).await
    }

    /// Uses a disk as it is, from now on.
    ///
    /// # Errors
    /// The box refuses, or cannot be reached.
    pub async fn adopt_disk(&self, disk: &DiskId, wanted: &AdoptDisk) -> Result<Vec<Adopted>, ClientError> {
        self.json(Call::new(Method::POST, &format!("/api/v1/disks/{disk}/adopt")).json(wanted)?).await
    }

    /// All disks that are used as they are, also those that are not plugged in.
    ///
    /// # Errors
    /// The box refuses, or cannot be reached.
    pub async fn adopted_disks(&self) -> Result<Vec<Adopted>, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/disks/adopted")).await
    }

    /// Uses a disk as it is no longer.
    ///
    /// # Errors
    /// The box refuses, or cannot be reached.
    pub async fn release_disk(&self, disk: &DiskId) -> Result<(), ClientError> {
        self.send(Call::new(Method::DELETE, &format!("/api/v1/disks/{disk}/adopt"))).await.map(drop)
    }

    /// What is in a disk. Nothing is written to it.
    ///
    /// # Errors
    /// As [`Client::status`]; or the box says why it cannot be looked into.
    pub async fn look_into_disk(&self, disk: &DiskId, seen: &SeenDisk) -> Result<Inside, ClientError> {
        self.json(Call::new(Method::POST, &format!("/api/v1/disks/{disk}/look")).json(seen)?).await
    }

    /// The pool.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn pool(&self) -> Result<PoolView, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/pool")).await
    }

    /// What a change of the pool would do. Nothing is begun.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn plan_pool_change(&self, change: &PoolChange) -> Result<PoolPlan, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/pool/plan").json(change)?).await
    }

    /// Begins a change of the pool, with the proof that the refusal `proof-missing` asks for.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn change_pool(&self, change: &PoolChange, proof: Option<&Secret>) -> Result<Pool, ClientError> {
        self.json(proved(Call::new(Method::POST, "/api/v1/pool/changes").json(change)?, proof)).await
    }

    /// Gives up the change of the pool that is under way.
    ///
    /// # Errors
    /// See [`ClientError`]; `nothing-to-cancel` where there is none.
    pub async fn give_up_pool_change(&self) -> Result<Pool, ClientError> {
        self.json(Call::new(Method::DELETE, "/api/v1/pool/changes")).await
    }

    /// Proves by the passphrase that the person means what cannot be undone.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn prove(&self, wanted: &Prove) -> Result<Proved, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/session/proof").json(wanted)?).await
    }

    /// What is at work, and what was lately.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn tasks(&self) -> Result<Vec<Task>, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/tasks")).await
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

    /// The snapshots of a space, newest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn snapshots(&self, space: SpaceId) -> Result<SnapshotList, ClientError> {
        self.json(Call::new(Method::GET, &format!("/api/v1/snapshots/{space}"))).await
    }

    /// Keeps how a space is now; only says what would be for a `dry_run`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn take_snapshot(&self, space: SpaceId, order: &SnapshotOrder, dry_run: bool) -> Result<Snapshot, ClientError> {
        let path = format!("/api/v1/snapshots/{space}");
        self.json(Call::new(Method::POST, &path).query("dry_run", dry_run).json(order)?).await
    }

    /// Removes a snapshot, with the proof that the refusal `proof-missing` asks for; only says what would be for a `dry_run`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn remove_snapshot(
        &self,
        space: SpaceId,
        name: SnapshotName,
        proof: Option<&Secret>,
        dry_run: bool,
    ) -> Result<Snapshot, ClientError> {
        let path = format!("/api/v1/snapshots/{space}/{name}");
        self.json(proved(Call::new(Method::DELETE, &path).query("dry_run", dry_run), proof)).await
    }

    /// What a space takes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn space_usage(&self, space: SpaceId) -> Result<SpaceUsage, ClientError> {
        self.json(Call::new(Method::GET, &format!("/api/v1/usage/{space}"))).await
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

    /// The network drives of whoever asks, and the devices that may use them.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn shares(&self) -> Result<SharesStatus, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/shares")).await
    }

    /// Makes a device; its password is in this answer alone.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn add_device(&self, device: &NewDevice) -> Result<DeviceMade, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/shares/devices").json(device)?).await
    }

    /// Whom the box tells when something is not well, and how that goes.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn notify(&self) -> Result<NotifyStatus, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/notify")).await
    }

    /// Sets the password for the mail server in the settings.
    ///
    /// # Errors
    /// As [`Client::status`]; the settings name another account.
    pub async fn set_mail_password(&self, password: &MailPassword) -> Result<(), ClientError> {
        self.send(Call::new(Method::PUT, "/api/v1/notify/mail/password").json(password)?).await.map(drop)
    }

    /// Makes the key of a webhook; it is in this answer alone.
    ///
    /// # Errors
    /// As [`Client::status`]; there is no such webhook.
    pub async fn new_webhook_key(&self, name: &str) -> Result<WebhookKey, ClientError> {
        self.json(Call::new(Method::POST, &format!("/api/v1/notify/webhooks/{name}/key"))).await
    }

    /// Sends a test, and gives what each destination said.
    ///
    /// # Errors
    /// As [`Client::status`]; there is no such destination.
    pub async fn test_notify(&self, test: &NotifyTest) -> Result<Vec<Tested>, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/notify/test").json(test)?).await
    }

    /// Removes a device; its connections are closed.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn remove_device(&self, id: u16) -> Result<(), ClientError> {
        self.send(Call::new(Method::DELETE, &format!("/api/v1/shares/devices/{id}"))).await.map(drop)
    }
}

/// The call with a proof, where there is one.
fn proved<'a>(call: Call<'a>, proof: Option<&Secret>) -> Call<'a> {
    let name = header::HeaderName::from_static(headers::PROOF);
    if let Some(proof) = proof { call.header(name, proof.expose().to_owned()) } else { call }
}
