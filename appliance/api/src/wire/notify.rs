//! Domain `notify`: whom the box tells, how that went, and the secrets that it needs for it.

use croft_model::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exposed;

/// Answer of `GET /api/v1/notify`: every destination, and everything that ever left for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotifyStatus {
    /// The destinations, mail first. Empty when nobody is told.
    pub destinations: Vec<DestinationStatus>,
    /// Messages of the last 24 hours; the box tells no more than `most_a_day`.
    pub told_today: u32,
    /// The most messages within 24 hours; what is more is gathered into one.
    pub most_a_day: u32,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DestinationStatus {
    /// `mail`, or the name of the webhook.
    pub name: String,
    /// Where it goes: server and port of the mail, or the address of the webhook.
    pub address: String,
    /// Whether its password or key is kept. It is never shown.
    pub secret: SecretState,
    /// Messages that wait for it.
    pub waiting: u32,
    /// Messages that it took.
    pub told: u64,
    /// Messages that it did not take for three days, or that were too many, and that were given up.
    pub dropped: u64,
    /// Bytes that left for it, those of encryption included.
    pub sent_bytes: u64,
    /// When it last took one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_told: Option<Timestamp>,
    /// Why the last try failed; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
}

/// Whether a secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretState {
    /// It is.
    Set,
    /// It is not, and nothing is sent before it is.
    NotSet,
    /// None is needed: nobody signs in at the mail server.
    NotNeeded,
}

/// Why telling failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failing {
    /// When it was last tried.
    pub at: Timestamp,
    /// Why, in a sentence.
    pub why: String,
}

/// Body of `PUT /api/v1/notify/mail/password`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailPassword {
    /// The mail server that it is for, as the settings name it.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// The name to sign in with that it is for.
    pub user: String,
    /// The household's authority in the settings, which may vouch for that server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The password. It is sent to that server for that name alone: after a change of these, or of the authority, it has to be set anew.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub password: Secret,
}

/// Answer of `POST /api/v1/notify/webhooks/{name}/key`: the one time that the key is shown.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct WebhookKey {
    /// By it the receiver knows that a message is the box's: `whsec_…` (Standard Webhooks). The one before is void.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String, format = Password)]
    pub key: Secret,
}

/// Body of `POST /api/v1/notify/test`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifyTest {
    /// `mail` or the name of a webhook; without it all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tested {
    /// `mail`, or the name of the webhook.
    pub name: String,
    /// Whether it took the message.
    pub outcome: TestOutcome,
    /// What the other side said, or why it was not reached, in a sentence.
    pub said: String,
}

/// Whether a message was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TestOutcome {
    /// It was.
    Told,
    /// It was not.
    Failed,
}
