//! `croft time`.

use croft_client::Client;
use croft_model::Section;
use serde_json::{Value, json};

use super::{
    CommandError,
    settings::{IntentArgs, changed},
};
use crate::say::Say;

/// The time zone, and who is asked for the time.
#[derive(clap::Subcommand)]
pub(crate) enum Time {
    /// What is set.
    Show,
    /// Set the time zone: croft time zone Europe/Berlin
    Zone {
        /// Its name in the IANA database.
        zone: String,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// Whether the box asks for the time over the network, and whom.
    Ntp {
        /// `on` or `off`.
        state: String,
        /// Who is asked; may be given up to four times. Whom the router names when absent.
        #[arg(long)]
        server: Vec<String>,
        #[command(flatten)]
        intent: IntentArgs,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Time, client: &Client, say: &Say) -> Result<(), CommandError> {
    match command {
        Time::Show => say.print(&client.section(Section::Time).await?.value, sentences),
        Time::Zone { zone, intent } => change(&json!({ "zone": zone }), intent, client, say).await?,
        // Servers are kept over a time in which nobody is asked.
        Time::Ntp { state, server, intent } if state == "off" && server.is_empty() => {
            change(&json!({ "ntp": state }), intent, client, say).await?;
        }
        Time::Ntp { state, server, intent } => change(&json!({ "ntp": state, "ntp_servers": server }), intent, client, say).await?,
    }
    Ok(())
}

async fn change(patch: &Value, intent: IntentArgs, client: &Client, say: &Say) -> Result<(), CommandError> {
    let version = client.section(Section::Time).await?.etag;
    say.print(&client.patch(Section::Time, &version, patch, &intent.into()).await?, changed);
    Ok(())
}

fn sentences(time: &Value) -> String {
    let zone = time["zone"].as_str().unwrap_or("UTC");
    let servers: Vec<&str> = time["ntp_servers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let asked = match (time["ntp"] == "off", servers.is_empty()) {
        (true, _) => "The box asks nobody for the time.".to_owned(),
        (false, true) => "It asks the time servers that the router names, or those of Debian.".into(),
        (false, false) => format!("It asks {}.", servers.join(", ")),
    };
    format!("The time zone is {zone}. {asked}")
}
