//! `croft notify`.

use std::path::PathBuf;

use croft_client::{
    Client,
    wire::notify::{MailPassword, NotifyStatus, NotifyTest, SecretState, TestOutcome, Tested},
};
use croft_model::{MailSettings, Secret, Section};
use serde_json::{Map, Value, json};

use super::{
    CommandError,
    settings::{IntentArgs, changed},
};
use crate::{
    passphrase,
    say::{Say, clean, table},
};

/// Who is told when something is not well: by mail, and by webhooks. Nobody in a new box.
#[derive(clap::Subcommand)]
pub(crate) enum Notify {
    /// Who is told, how that went, and how many bytes left for it.
    Status,
    /// The mail that the box writes.
    #[command(subcommand)]
    Mail(Mail),
    /// Programs that the box tells (signed by Standard Webhooks).
    #[command(subcommand)]
    Webhook(Webhook),
    /// Believe one more authority, for a mail server or webhook of your own: a certificate in PEM.
    Authority {
        /// The certificate's file.
        #[arg(required_unless_present = "off")]
        file: Option<PathBuf>,
        /// Believe the public ones alone again.
        #[arg(long, conflicts_with = "file")]
        off: bool,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// Send a test at once, and say what the other side said.
    Test {
        /// `mail`, or the name of a webhook; without it everybody.
        destination: Option<String>,
    },
}

/// The mail that the box writes.
#[derive(clap::Subcommand)]
pub(crate) enum Mail {
    /// How mail is sent, and to whom; what is left out stays: croft notify mail set --server mail.example.org --from box@example.org --to ana@example.org
    Set {
        /// Host name or IP address of the mail server.
        #[arg(long)]
        server: Option<String>,
        /// Its port; otherwise 465 for tls and 587 for starttls.
        #[arg(long)]
        port: Option<u16>,
        /// `tls` from the first byte, or `starttls`.
        #[arg(long, value_parser = ["tls", "starttls"])]
        security: Option<String>,
        /// The name to sign in with; empty: nobody signs in.
        #[arg(long)]
        user: Option<String>,
        /// The address that the mail comes from.
        #[arg(long)]
        from: Option<String>,
        /// Who gets it; several times for several.
        #[arg(long)]
        to: Vec<String>,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// Set the password for the mail server: asked for, or the first line of the standard input. It is never shown.
    Password,
    /// Write no mail any more, and forget the password.
    Remove {
        #[command(flatten)]
        intent: IntentArgs,
    },
}

/// Programs that the box tells.
#[derive(clap::Subcommand)]
pub(crate) enum Webhook {
    /// Tell a program, and print the key by which it knows the box; it is shown this once: croft notify webhook add phone https://example.org/hook
    Add {
        /// What it is called: a-z, 0-9 and `-`.
        name: String,
        /// Its address: https://…, or http://… of a machine at home.
        url: String,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// Make a new key; the one before is void.
    Key {
        /// The webhook's name.
        name: String,
    },
    /// Tell it no longer, and forget its key.
    Remove {
        /// The webhook's name.
        name: String,
        #[command(flatten)]
        intent: IntentArgs,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Notify, client: &Client, say: &Say) -> Result<(), CommandError> {
    match command {
        Notify::Status => say.print(&client.notify().await?, status),
        Notify::Mail(command) => mail(command, client, say).await?,
        Notify::Webhook(command) => webhook(command, client, say).await?,
        Notify::Authority { file, off: _, intent } => {
            let unreadable = |error| CommandError::Wrong(format!("the certificate cannot be read: {error}"));
            let pem = file.map(std::fs::read_to_string).transpose().map_err(unreadable)?;
            change(&json!({ "authority": pem }), intent, client, say).await?;
        }
        Notify::Test { destination } => {
            let tested = client.test_notify(&NotifyTest { destination }).await?;
            say.print(&tested, |tested| results(tested));
            if tested.iter().any(|tested| tested.outcome == TestOutcome::Failed) {
                return Err(CommandError::Wrong("not everybody was reached".into()));
            }
        }
    }
    Ok(())
}

async fn mail(command: Mail, client: &Client, say: &Say) -> Result<(), CommandError> {
    match command {
        Mail::Set { server, port, security, user, from, to, intent } => {
            let mut patch = Map::new();
            let texts = [("server", server), ("security", security), ("from", from)];
            patch.extend(texts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?)))));
            patch.extend(port.map(|port| ("port".to_owned(), port.into())));
            // Nobody has no name.
            patch.extend(user.map(|user| ("user".to_owned(), if user.is_empty() { Value::Null } else { user.into() })));
            if !to.is_empty() {
                patch.insert("to".into(), to.into());
            }
            change(&json!({ "mail": patch }), intent, client, say).await
        }
        Mail::Password => {
            let settings = client.section(Section::Notify).await?.value;
            let authority = settings.get("authority").and_then(Value::as_str).map(str::to_owned);
            let mail = settings.get("mail").filter(|mail| !mail.is_null()).cloned();
            let missing = || CommandError::Wrong("no mail is set up yet: see `croft notify mail set --help`".into());
            let mail: MailSettings = mail.and_then(|mail| serde_json::from_value(mail).ok()).ok_or_else(missing)?;
            let port = mail.port();
            let user = mail
                .user
                .ok_or_else(|| CommandError::Wrong("the settings name nobody to sign in as: `croft notify mail set --user`".into()))?;
            let typed = passphrase::ask(&format!("Password of {} at {}:", clean(&user), clean(&mail.server)));
            let typed = typed.map_err(|error| CommandError::Wrong(format!("the password cannot be read: {error}")))?;
            let password = Secret::try_from(typed).map_err(|error| CommandError::Wrong(format!("the password is {error}")))?;
            client.set_mail_password(&MailPassword { server: mail.server, port, user, authority, password }).await?;
            say.print(&json!({ "password": "set" }), |_| "The password is set. Try it: croft notify test mail".into());
            Ok(())
        }
        Mail::Remove { intent } => change(&json!({ "mail": null }), intent, client, say).await,
    }
}

async fn webhook(command: Webhook, client: &Client, say: &Say) -> Result<(), CommandError> {
    match command {
        Webhook::Add { name, url, intent } => {
            let intent = intent.into();
            let now = client.section(Section::Notify).await?;
            if now.value.get("webhooks").and_then(|webhooks| webhooks.get(&name)).is_some() {
                let said = format!(
                    "there is a webhook {} already: `croft notify webhook remove {}` first, or take another name",
                    clean(&name),
                    clean(&name)
                );
                return Err(CommandError::Wrong(said));
            }
            let done = client.patch(Section::Notify, &now.etag, &json!({ "webhooks": { &name: { "url": url } } }), &intent).await?;
            if intent.dry_run {
                say.print(&done, changed);
                return Ok(());
            }
            key(&name, client, say).await
        }
        Webhook::Key { name } => key(&name, client, say).await,
        Webhook::Remove { name, intent } => change(&json!({ "webhooks": { name: null } }), intent, client, say).await,
    }
}

async fn key(name: &str, client: &Client, say: &Say) -> Result<(), CommandError> {
    let made = client.new_webhook_key(name).await?;
    say.print(&made, |made| {
        format!("webhook  {name}\nkey      {}\nThe key is shown this once. Try it: croft notify test {name}", made.key.expose())
    });
    Ok(())
}

async fn change(patch: &Value, intent: IntentArgs, client: &Client, say: &Say) -> Result<(), CommandError> {
    let version = client.section(Section::Notify).await?.etag;
    say.print(&client.patch(Section::Notify, &version, patch, &intent.into()).await?, changed);
    Ok(())
}

fn results(tested: &[Tested]) -> String {
    if tested.is_empty() {
        return "Nobody is told yet: `croft notify mail set` or `croft notify webhook add`.".into();
    }
    let word = |outcome| if outcome == TestOutcome::Told { "told" } else { "failed" };
    tested.iter().map(|tested| format!("{}: {}. {}", tested.name, word(tested.outcome), clean(&tested.said))).collect::<Vec<_>>().join("\n")
}

fn status(status: &NotifyStatus) -> String {
    if status.destinations.is_empty() {
        return "Nobody is told when something is not well: `croft notify mail set` or `croft notify webhook add`.".into();
    }
    let rows = status.destinations.iter().map(|destination| {
        let secret = match destination.secret {
            SecretState::Set => "set",
            SecretState::NotSet => "NOT SET",
            SecretState::NotNeeded => "-",
        };
        let last = destination.last_told.map_or_else(|| "never".into(), |at| at.strftime("%F %T UTC").to_string());
        [
            destination.name.clone(),
            destination.address.clone(),
            secret.into(),
            last,
            destination.told.to_string(),
            destination.waiting.to_string(),
            destination.dropped.to_string(),
            destination.sent_bytes.to_string(),
        ]
    });
    let mut lines = vec![table(["NAME", "WHERE", "SECRET", "LAST TOLD", "TOLD", "WAITING", "GIVEN UP", "BYTES OUT"], rows)];
    lines.extend(status.destinations.iter().filter_map(|destination| {
        let failing = destination.failing.as_ref()?;
        Some(format!("{}: {} ({})", destination.name, clean(&failing.why), failing.at.strftime("%F %T UTC")))
    }));
    lines.push(format!("{} of at most {} messages within 24 hours.", status.told_today, status.most_a_day));
    lines.join("\n")
}
