//! `croft share`.

use croft_client::{
    Client,
    wire::{
        household::{PersonEntry, SpaceEntry},
        shares::{NewDevice, SharesState, SharesStatus},
    },
};
use croft_model::{Holding, Section};
use serde_json::{Value, json};

use super::{
    CommandError,
    settings::{IntentArgs, changed},
};
use crate::say::{Say, table};

/// Network drives for Windows, macOS and Linux (SMB), off until they are switched on.
#[derive(clap::Subcommand)]
pub(crate) enum Share {
    /// Whether drives are served, which there are, and the ways to them.
    Status,
    /// Serve network drives: those of all spaces, or of one that was switched off.
    On {
        /// Name or id of one space; a person's own has the person's name.
        #[arg(long)]
        space: Option<String>,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// Serve none, so that nothing answers any more; or all but that of one space.
    Off {
        /// Name or id of one space.
        #[arg(long)]
        space: Option<String>,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// Let the Macs of a person keep their backups here (Time Machine), or no longer. What is there stays.
    TimeMachine {
        /// Name of the person.
        person: String,
        /// The most that they take, in GiB.
        #[arg(long, required_unless_present = "off")]
        gib: Option<u32>,
        /// Serve it no longer.
        #[arg(long, conflicts_with = "gib")]
        off: bool,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// Devices, each with a name to sign in with and a password of its own.
    #[command(subcommand)]
    Device(Device),
}

/// Devices that may use network drives.
#[derive(clap::Subcommand)]
pub(crate) enum Device {
    /// Make a device and print its password; it is shown this once: croft share device add ana laptop
    Add {
        /// Name of the person whose drives it shall reach.
        person: String,
        /// What it is called: a-z, 0-9 and `-`.
        name: String,
    },
    /// All devices.
    List,
    /// Remove a device; its connections are closed at once.
    Remove {
        /// The name that it signs in with, as the list shows it: ana-laptop
        account: String,
    },
}

/// Runs the command.
pub(crate) async fn run(share: Share, client: &Client, say: &Say) -> Result<(), CommandError> {
    match share {
        Share::Status => say.print(&client.shares().await?, status),
        Share::On { space, intent } => switch("on", space, intent, client, say).await?,
        Share::Off { space, intent } => switch("off", space, intent, client, say).await?,
        Share::TimeMachine { person, gib, off, intent } => {
            let id = person_named(&client.people().await?, &person)?.id;
            let wanted = gib.filter(|_| !off).map_or(Value::Null, |gib| json!({ "quota_gib": gib }));
            change(&json!({ "time_machine": { id.to_string(): wanted } }), intent, client, say).await?;
        }
        Share::Device(Device::Add { person, name }) => {
            let made = client.add_device(&NewDevice { name, person: Some(person) }).await?;
            say.print(&made, |made| format!("user      {}\npassword  {}", made.device.account, made.password.expose()));
        }
        Share::Device(Device::List) => {
            let people = client.people().await?;
            say.print(&client.shares().await?.devices, |devices| {
                let whose = |id| people.iter().find(|person| person.id == id).map_or_else(|| id.to_string(), |person| person.name.clone());
                let rows =
                    devices.iter().map(|device| [device.account.clone(), whose(device.person), device.created.strftime("%F").to_string()]);
                table(["USER", "PERSON", "MADE"], rows)
            });
        }
        Share::Device(Device::Remove { account }) => {
            let devices = client.shares().await?.devices;
            let found = devices.iter().find(|device| device.account == account);
            let missing = || CommandError::Wrong(format!("no device signs in as {account}: see `croft share device list`"));
            client.remove_device(found.ok_or_else(missing)?.id).await?;
            say.print(&json!({ "removed": account }), |_| format!("{account} is removed, and its connections are closed."));
        }
    }
    Ok(())
}

async fn switch(state: &str, space: Option<String>, intent: IntentArgs, client: &Client, say: &Say) -> Result<(), CommandError> {
    let patch = match space {
        None => json!({ "serve": state }),
        Some(name) => {
            let space = space_named(&client.spaces().await?, &client.people().await?, &name)?;
            // As all others again, rather than a rule of its own.
            let wanted = if state == "on" { Value::Null } else { json!(state) };
            json!({ "spaces": { space: wanted } })
        }
    };
    change(&patch, intent, client, say).await
}

async fn change(patch: &Value, intent: IntentArgs, client: &Client, say: &Say) -> Result<(), CommandError> {
    let version = client.section(Section::Shares).await?.etag;
    say.print(&client.patch(Section::Shares, &version, patch, &intent.into()).await?, changed);
    Ok(())
}

fn person_named<'a>(people: &'a [PersonEntry], name: &str) -> Result<&'a PersonEntry, CommandError> {
    let found = people.iter().find(|person| person.name == name);
    found.ok_or_else(|| CommandError::Wrong(format!("nobody here is called {name}: see `croft person list`")))
}

/// The id of a space by its id, its folder's name or its person's name.
fn space_named(spaces: &[SpaceEntry], people: &[PersonEntry], name: &str) -> Result<String, CommandError> {
    let own = people.iter().find(|person| person.name == name).map(|person| person.space);
    let found = spaces.iter().find(|space| space.id.to_string() == name || own == Some(space.id));
    let found = found.or_else(|| spaces.iter().find(|space| space.archived_at.is_none() && space.name == name));
    let missing = || CommandError::Wrong(format!("no space is called {name}: see `croft space list`"));
    found.map(|space| space.id.to_string()).ok_or_else(missing)
}

fn status(status: &SharesStatus) -> String {
    let first = match (status.state, &status.why) {
        (SharesState::Off, _) => return "Network drives are off: nothing answers. Switch them on with `croft share on`.".into(),
        (SharesState::On, _) => "Network drives are served.".to_owned(),
        (SharesState::Unable, why) => {
            format!("Network drives are on and cannot be served: {}.", why.as_deref().unwrap_or("see `croft logs`"))
        }
    };
    let drives = table(
        ["DRIVE", "WINDOWS", "MACOS, LINUX", "HOLDS"],
        status.drives.iter().map(|drive| {
            let holds = match drive.holds {
                Holding::Space { space } => format!("space {space}"),
                Holding::TimeMachine { quota_bytes, .. } => format!("Time Machine, at most {} GiB", quota_bytes.0 >> 30),
            };
            [drive.name.clone(), drive.windows.clone().unwrap_or_else(|| "-".into()), drive.address.clone(), holds]
        }),
    );
    let deleted = "What is deleted on a drive is in no trash: it comes back from earlier times of the space.";
    let devices = match status.devices.len() {
        1 => "One device may use them".to_owned(),
        count => format!("{count} devices may use them"),
    };
    format!("{first}\n{drives}\n{devices}: `croft share device list`. {deleted}")
}
