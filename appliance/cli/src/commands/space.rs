//! `croft space`.

use std::collections::BTreeMap;

use croft_client::Client;
use croft_model::{PersonId, Right};

use super::CommandError;
use crate::say::{Say, table};

/// The trees of files.
#[derive(clap::Subcommand)]
pub(crate) enum Space {
    /// All spaces with their members.
    List,
    /// Make a shared space: a folder at the root of its members' trees.
    Add {
        /// Name of the folder.
        name: String,
        /// A member and a right: ana=manage, ben=write, eva=read. May be given several times.
        #[arg(long = "member", value_parser = member, required = true)]
        members: Vec<(String, Right)>,
    },
}

/// Runs the command.
pub(crate) async fn run(space: Space, client: &Client, say: &Say) -> Result<(), CommandError> {
    match space {
        Space::List => say.print(&client.spaces().await?, |spaces| {
            table(
                ["ID", "NAME", "KIND", "MEMBERS"],
                spaces.iter().map(|space| {
                    let kind = format!("{:?}", space.kind).to_lowercase();
                    let members: Vec<String> =
                        space.members.iter().map(|(id, right)| format!("{id}={}", format!("{right:?}").to_lowercase())).collect();
                    [space.id.to_string(), space.name.clone(), kind, members.join(" ")]
                }),
            )
        }),
        Space::Add { name, members } => {
            let people = client.people().await?;
            let mut by_id: BTreeMap<PersonId, Right> = BTreeMap::new();
            for (name, right) in members {
                let person = people.iter().find(|person| person.name == name);
                let person = person.ok_or_else(|| CommandError::Wrong(format!("nobody here is called {name}: see `croft person list`")))?;
                by_id.insert(person.id, right);
            }
            say.print(&client.add_space(&name, by_id).await?, |space| {
                format!("{} is there: the folder {} of its members.", space.id, space.name)
            });
        }
    }
    Ok(())
}

fn member(text: &str) -> Result<(String, Right), String> {
    let wrong = || "expected NAME=RIGHT with read, write, share or manage".to_owned();
    let (name, right) = text.split_once('=').ok_or_else(wrong)?;
    let right = match right {
        "read" => Right::Read,
        "write" => Right::Write,
        "share" => Right::Share,
        "manage" => Right::Manage,
        _ => return Err(wrong()),
    };
    Ok((name.into(), right))
}
