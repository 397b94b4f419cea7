//! `croft space`.

mod snapshots;
mod usage;

use std::collections::BTreeMap;

use croft_client::{Client, Intent, wire::household::SpaceEntry};
use croft_model::{PersonId, Right, SpaceKind};
use jiff::Timestamp;

use super::{CommandError, settings::IntentArgs};
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
    /// Put a shared space away. It disappears from the files of all members; the files are kept for 30 days.
    PutAway {
        /// Name of the folder.
        name: String,
        /// The name once more, because nobody reaches the files from then on.
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
    /// The earlier states of a space that are kept.
    #[command(subcommand)]
    Snapshots(snapshots::Snapshots),
    /// What a space takes: its files, older versions and trash, snapshots.
    Usage {
        /// The space: its id, the name of its folder, or of its person. All of them when absent.
        space: Option<String>,
    },
    /// How much a space may take, its older versions and snapshots included: croft space quota Photos 500GB
    ///
    /// With the first quota the disks begin to count, for good: Linux before 6.7 cannot open them any more.
    Quota {
        /// The space: its id, the name of its folder, or of its person.
        space: String,
        /// 500MB, 1.5TB, or none.
        #[arg(value_parser = usage::size)]
        size: usage::Size,
        #[command(flatten)]
        intent: IntentArgs,
    },
}

/// Runs the command.
pub(crate) async fn run(space: Space, client: &Client, say: &Say) -> Result<(), CommandError> {
    match space {
        Space::Snapshots(command) => snapshots::run(command, client, say).await?,
        Space::Usage { space } => usage::show(space.as_deref(), client, say).await?,
        Space::Quota { space, size, intent } => usage::set(&space, size, &intent.into(), client, say).await?,
        Space::List => say.print(&client.spaces().await?, |spaces| {
            table(
                ["ID", "NAME", "KIND", "MEMBERS"],
                spaces.iter().map(|space| {
                    let kind = format!("{:?}", space.kind).to_lowercase();
                    let kind = space.archived_at.map_or(kind.clone(), |at| format!("{kind}, put away {}", at.strftime("%F")));
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
        Space::PutAway { name, confirm } => {
            if name != confirm {
                return Err(CommandError::Wrong(format!("--confirm must repeat the name: --confirm '{name}'")));
            }
            let mut live =
                client.spaces().await?.into_iter().filter(|space| space.kind == SpaceKind::Shared && space.archived_at.is_none());
            let space = live.find(|space| space.name == name);
            let id = space.ok_or_else(|| CommandError::Wrong(format!("no shared space is called {name}: see `croft space list`")))?.id;
            say.print(&client.put_space_away(id, Timestamp::now(), &Intent::default()).await?, |_| {
                format!(
                    "{name} is put away: it is gone from the files of all members. The files are kept for 30 days.\n\
                     It comes back by: croft settings set spaces.{id}.archived_at null"
                )
            });
        }
    }
    Ok(())
}

/// The space that somebody means: by its id, or by its name where only one has it.
async fn find(client: &Client, text: &str) -> Result<SpaceEntry, CommandError> {
    let named = |space: &SpaceEntry| space.id.to_string() == text || (space.name == text && space.archived_at.is_none());
    let mut found = client.spaces().await?.into_iter().filter(named);
    match (found.next(), found.next()) {
        (Some(space), None) => Ok(space),
        (Some(_), Some(_)) => {
            Err(CommandError::Wrong(format!("more than one space is called {text}: name it by its id, see `croft space list`")))
        }
        (None, _) => Err(CommandError::Wrong(format!("no space is called {text}: see `croft space list`"))),
    }
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
