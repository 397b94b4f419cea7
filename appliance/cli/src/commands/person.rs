//! `croft person`.

use croft_client::wire::household::{NewPerson, PersonEntry};
use croft_client::{Client, ClientError};
use croft_model::PersonRole;
use serde_json::json;

use super::CommandError;
use crate::say::{Say, table};

/// The people of the household.
#[derive(clap::Subcommand)]
pub(crate) enum Person {
    /// Add a person and print the code with which they choose their passphrase.
    Add {
        /// Name to sign in with: a-z, digits and -
        name: String,
        /// The name people read.
        #[arg(long)]
        display_name: Option<String>,
        /// May change settings, add and remove people.
        #[arg(long)]
        owner: bool,
    },
    /// Print a new code for somebody who has not yet chosen a passphrase, or has forgotten it.
    Invite {
        /// Name of the person.
        name: String,
    },
    /// Everybody of the household.
    List,
    /// Remove a person. Their files are kept aside for 30 days.
    Remove {
        /// Name of the person.
        name: String,
        /// The name once more, because this person cannot sign in from then on.
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
}

/// Runs the command.
pub(crate) async fn run(person: Person, client: &Client, say: &Say) -> Result<(), CommandError> {
    match person {
        Person::Add { name, display_name, owner } => {
            let role = if owner { PersonRole::Owner } else { PersonRole::Member };
            let added = client.add_person(&NewPerson { name, display_name, role }).await?;
            invite(&added, client, say).await?;
        }
        Person::Invite { name } => invite(&named(&name, client).await?, client, say).await?,
        Person::List => {
            say.print(&client.people().await?, |people| table(["ID", "NAME", "SHOWN AS", "ROLE", "SPACE"], people.iter().map(row)))
        }
        Person::Remove { name, confirm } => {
            if name != confirm {
                return Err(CommandError::Wrong(format!("--confirm must repeat the name: --confirm {name}")));
            }
            let found = named(&name, client).await?;
            client.remove_person(found.id).await?;
            say.print(&json!({ "removed": found }), |_| {
                format!("{} is removed. Their files are kept aside for 30 days.", found.display_name)
            });
        }
    }
    Ok(())
}

async fn named(name: &str, client: &Client) -> Result<PersonEntry, CommandError> {
    let found = client.people().await?.into_iter().find(|person| person.name == name);
    found.ok_or_else(|| CommandError::Wrong(format!("nobody here is called {name}: see `croft person list`")))
}

async fn invite(person: &PersonEntry, client: &Client, say: &Say) -> Result<(), CommandError> {
    let invitation = client.invite(person.id).await.map_err(|error| match error {
        ClientError::Refused(mut problem) => {
            let again = format!("{} is of the household; make the code with: croft person invite {}", person.display_name, person.name);
            problem.hint = Some(problem.hint.map_or(again.clone(), |hint| format!("{hint} {again}")));
            ClientError::Refused(problem)
        }
        other => other,
    })?;
    say.print(&json!({ "person": person, "invitation": invitation }), |_| {
        format!(
            "{} can now choose a passphrase at /join with this code, until {}:\n{}",
            person.display_name,
            invitation.expires.strftime("%F"),
            invitation.code.expose()
        )
    });
    Ok(())
}

fn row(person: &PersonEntry) -> [String; 5] {
    let role = match person.role {
        PersonRole::Owner => "owner",
        PersonRole::Member => "member",
    };
    [person.id.to_string(), person.name.clone(), person.display_name.clone(), role.into(), person.space.to_string()]
}
