//! One try to deliver one message to one destination.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use croft_api::random;
use croft_model::{MailSettings, NotifySettings, Secret, WebhookSettings, webhook_address};
use jiff::Timestamp;
use tokio::time::timeout;

use crate::{
    dial::{self, Believes, Sent},
    error::NotifierError,
    failure::Failure,
    mail::{self, Letter},
    plan::Message,
    records::Records,
    webhook,
    words::{self, Sender},
};

/// The name of the one destination that is no webhook.
pub(crate) const MAIL: &str = "mail";
/// Before the key of a webhook, as the standard writes it.
const KEY_PREFIX: &str = "whsec_";
/// Bytes of a webhook's key; the standard wants 24 to 64.
const KEY_BYTES: usize = 32;

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    Mail(MailSettings),
    Webhook(WebhookSettings),
}

/// A message as it is delivered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parcel<'a> {
    pub(crate) id: &'a str,
    pub(crate) made: Timestamp,
    pub(crate) message: &'a Message,
}

impl Destination {
    /// All destinations with their names, mail first.
    pub(crate) fn all(settings: &NotifySettings) -> Vec<(String, Self)> {
        let mail = settings.mail.iter().map(|mail| (MAIL.to_owned(), Self::Mail(mail.clone())));
        mail.chain(settings.webhooks.iter().map(|(name, webhook)| (name.clone(), Self::Webhook(webhook.clone())))).collect()
    }

    /// Where it is, for people.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Mail(mail) => format!("{}:{}", mail.server, mail.port()),
            Self::Webhook(webhook) => webhook.url.clone(),
        }
    }

    /// Whether nothing is sent without a secret.
    pub(crate) fn wants_secret(&self) -> bool {
        match self {
            Self::Mail(mail) => mail.user.is_some(),
            Self::Webhook(_) => true,
        }
    }

    /// What its secret is good for: a password for this server and name alone, and whoever vouches for that server; a key for the webhook of this
    /// name.
    pub(crate) fn bound_to(&self, authority: Option<&str>) -> String {
        match self {
            Self::Mail(mail) => account(&mail.server, mail.port(), mail.user.as_deref().unwrap_or_default(), authority),
            Self::Webhook(_) => String::new(),
        }
    }

    /// Why it is not told while its secret is missing.
    pub(crate) fn without_secret(&self) -> Failure {
        match self {
            Self::Mail(_) => Failure::NoPassword,
            Self::Webhook(_) => Failure::NoKey,
        }
    }
}

/// An account at a mail server for which the household's `authority` may vouch, as one text.
pub(crate) fn account(server: &str, port: u16, user: &str, authority: Option<&str>) -> String {
    let authority = authority.map(|pem| format!("{} ", hex::encode(digest(&SHA256, pem.as_bytes())))).unwrap_or_default();
    format!("{authority}{server}:{port} {user}")
}

/// A new key for a webhook.
///
/// # Errors
/// No randomness.
pub(crate) fn new_key() -> Result<Secret, NotifierError> {
    let text = format!("{KEY_PREFIX}{}", BASE64.encode(random::bytes::<KEY_BYTES>()?));
    Secret::try_from(text).map_err(|_| NotifierError::Random(random::NoRandomness))
}

/// Tries it once, for `patience` at most; gives what the other side said.
///
/// # Errors
/// It was not taken, with the reason.
pub(crate) async fn attempt(
    records: &Records,
    (name, destination): (&str, &Destination),
    authority: Option<&str>,
    parcel: Parcel<'_>,
    sender: &Sender,
    (patience, sent): (Duration, &Sent),
) -> Result<String, Failure> {
    let secret = if destination.wants_secret() {
        Some(records.secret(name, &destination.bound_to(authority)).ok_or_else(|| destination.without_secret())?)
    } else {
        None
    };
    let Believes { connector, unusable } = dial::believes(authority)?;
    // Not the whole address: what is in it may be all that keeps others out, and a failure is read by more people than the settings.
    let host = match destination {
        Destination::Mail(mail) => mail.server.clone(),
        Destination::Webhook(webhook) => webhook_address(&webhook.url).map(|address| address.host).unwrap_or_default(),
    };
    let told = async {
        match destination {
            Destination::Mail(settings) => {
                let (subject, text) = words::mail(parcel.message, sender);
                let letter = Letter { id: parcel.id, made: parcel.made, subject, text, sender };
                mail::send(settings, secret.as_ref(), &letter, &connector, sent).await
            }
            Destination::Webhook(settings) => {
                let key = secret.as_ref().and_then(|secret| BASE64.decode(secret.expose().strip_prefix(KEY_PREFIX)?).ok());
                let key = key.ok_or(Failure::NoKey)?;
                let body = words::webhook(parcel.message, parcel.made, sender).map_err(|error| Failure::Inside(error.to_string()))?;
                webhook::send(settings, &key, parcel.id, body, &connector, sent).await
            }
        }
    };
    let told = timeout(patience, Box::pin(told)).await.unwrap_or(Err(Failure::Slow { host, patience }));
    told.map_err(|failure| match (failure, unusable) {
        (Failure::Certificate { host, why }, Some(unusable)) => {
            let unusable = Failure::said(&unusable);
            Failure::Certificate { host, why: format!("{why}; and the authority in the settings is not a certificate ({unusable})") }
        }
        (failure, _) => failure,
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::plan::Occasion;

    #[tokio::test]
    async fn no_failure_names_the_address_of_a_webhook() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(&std::fs::File::open(folder.path()).unwrap().into()).unwrap();
        let webhook = Destination::Webhook(WebhookSettings { url: "https://192.0.2.1/a-secret-path?a-secret-token".into() });
        records.keep("phone".into(), webhook.bound_to(None), &new_key().unwrap()).await.unwrap();
        let message = Message { occasion: Occasion::Test, items: Vec::new(), more: 0, last: false };
        let parcel = Parcel { id: "msg_1", made: Timestamp::UNIX_EPOCH, message: &message };
        let sender = Sender { name: "Croft".into(), host: "croft".into(), zone: TimeZone::UTC };
        // An authority that is none keeps nobody from being tried.
        let sent = Sent::default();
        let tried = attempt(&records, ("phone", &webhook), Some("no PEM"), parcel, &sender, (Duration::ZERO, &sent));
        let failure = tried.await.unwrap_err().to_string();
        assert!(failure.contains("192.0.2.1") && !failure.contains("secret"), "{failure}");
    }

    #[test]
    fn a_password_is_for_one_account_and_one_authority() {
        let all = [
            account("a", 1, "c", None),
            account("b", 1, "c", None),
            account("a", 2, "c", None),
            account("a", 1, "d", None),
            account("a", 1, "c", Some("x")),
            account("a", 1, "c", Some("y")),
        ];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }
}
