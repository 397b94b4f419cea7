//! `croft disk`.

mod words;

use std::time::Duration;

use croft_client::Client;
use croft_model::{AdoptDisk, Adopted, DiskId, DiskView, DiskWork, DiskWorkEnd, EraseDisk, SeenDisk};

use super::{CommandError, proof};
use crate::say::{Say, clean, table};

/// The disks of the box.
#[derive(clap::Subcommand)]
pub(crate) enum Disk {
    /// All disks, how they are, and what is on them.
    List,
    /// One disk, with all that is known of it.
    Show {
        /// Its id or its name, as the list prints them.
        disk: String,
    },
    /// What is in a disk: how much, what lies at the top, and the newest files. Nothing is written to it.
    Look {
        /// Its id or its name, as the list prints them.
        disk: String,
    },
    /// Use a disk as it is: read what is on it in Files. Nothing is written to it. It is there whenever it is plugged in, until it is released.
    Adopt {
        /// Its id or its name, as the list prints them.
        disk: String,
        /// The name under which it is found; the one that it has when absent.
        #[arg(long)]
        name: Option<String>,
        /// Who may read it: ana. May be given several times; you alone when absent, at the box's own console all owners.
        #[arg(long = "member", value_name = "PERSON")]
        members: Vec<String>,
        /// Only say what would be read.
        #[arg(long)]
        dry_run: bool,
    },
    /// The disks that are used as they are, also those that are not plugged in.
    Adopted,
    /// Use a disk as it is no longer. Nothing on it has changed.
    Release {
        /// The id or name of the disk, or the name under which it is found.
        disk: String,
        /// Only say what would be released.
        #[arg(long)]
        dry_run: bool,
    },
    /// Erase a disk that is not in the pool. For a week it can be taken back, as long as nothing is written to it.
    Erase {
        /// Its id or its name, as the list prints them.
        disk: String,
        /// The disk's label: it is erased only then.
        #[arg(long, value_name = "LABEL")]
        label: Option<String>,
        /// Only say what would be lost.
        #[arg(long)]
        dry_run: bool,
    },
    /// Take back the erasing of a disk.
    Restore {
        /// Its id or its name, as the list prints them.
        disk: String,
    },
}

/// How often it is looked whether a disk is done.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the command.
pub(crate) async fn run(disk: Disk, client: &Client, say: &Say) -> Result<(), CommandError> {
    let disks = client.disks().await?;
    match disk {
        Disk::List => {
            say.print(&disks, |disks| table(["ID", "NAME", "SERIAL", "SIZE", "HEALTH", "PLACE", "HOLDS"], disks.iter().map(words::row)))
        }
        Disk::Show { disk } => say.print(find(&disks, &disk)?, words::disk),
        Disk::Look { disk } => {
            let found = find(&disks, &disk)?;
            say.print(&client.look_into_disk(&found.disk.id, &seen(found)).await?, words::inside);
        }
        Disk::Adopt { disk, name, members, dry_run } => {
            let found = find(&disks, &disk)?;
            let wanted = AdoptDisk { contents: found.disk.contents.clone(), name, members: people(client, &members).await? };
            if dry_run {
                say.print(&client.plan_adopting(&found.disk.id, &wanted).await?, |plan| words::adopt_plan(found, plan));
            } else {
                say.print(&client.adopt_disk(&found.disk.id, &wanted).await?, |adopted| words::adopted_now(adopted));
            }
        }
        Disk::Adopted => say.print(&client.adopted_disks().await?, |adopted| words::adopted(adopted)),
        Disk::Release { disk, dry_run } => {
            let all = client.adopted_disks().await?;
            let id = to_release(&disks, &all, &disk)?;
            if !dry_run {
                client.release_disk(&id).await?;
            }
            let released: Vec<_> = all.into_iter().filter(|adopted| adopted.disk == id).collect();
            say.print(&released, |released| words::released(released, dry_run));
        }
        Disk::Erase { disk, dry_run: true, .. } => {
            let found = find(&disks, &disk)?;
            say.print(&client.plan_erasing(&found.disk.id, &seen(found)).await?, |plan| words::plan(found, plan));
        }
        Disk::Erase { disk, label, .. } => {
            let found = find(&disks, &disk)?;
            let work = erase(client, found, label).await?;
            to_the_end(client, say, found, work, "It is erased. It can be taken back for a week: `croft disk restore`.").await?;
        }
        Disk::Restore { disk } => {
            let found = find(&disks, &disk)?;
            let work = client.restore_disk(&found.disk.id, &seen(found)).await?;
            to_the_end(client, say, found, work, "It holds again what it held.").await?;
        }
    }
    Ok(())
}

/// The disk that is meant, by its id or name or by the name under which it is found; it need not be plugged in.
fn to_release(disks: &[DiskView], all: &[Adopted], text: &str) -> Result<DiskId, CommandError> {
    let named = all.iter().find(|adopted| adopted.name == text || adopted.disk.to_string() == text);
    match named {
        Some(adopted) => Ok(adopted.disk.clone()),
        None => {
            let found = find(disks, text)?;
            // Of several disks that belong together any one may be named.
            let first = found.adopted.first().map(|adopted| adopted.disk.clone());
            first.ok_or_else(|| CommandError::Wrong(format!("{} is not used as it is: see `croft disk adopted`", clean(text))))
        }
    }
}

/// The people of these names; none where nobody is named.
async fn people(client: &Client, names: &[String]) -> Result<Option<Vec<croft_model::PersonId>>, CommandError> {
    if names.is_empty() {
        return Ok(None);
    }
    let all = client.people().await?;
    let id = |name: &String| {
        let found = all.iter().find(|person| person.name == *name).map(|person| person.id);
        found.ok_or_else(|| CommandError::Wrong(format!("nobody here is called {}: see `croft person list`", clean(name))))
    };
    names.iter().map(id).collect::<Result<_, _>>().map(Some)
}

fn seen(view: &DiskView) -> SeenDisk {
    SeenDisk { contents: view.disk.contents.clone() }
}

/// Erases a disk; asks for the passphrase where the box wants a proof.
async fn erase(client: &Client, view: &DiskView, label: Option<String>) -> Result<DiskWork, CommandError> {
    let (id, wanted) = (&view.disk.id, EraseDisk { contents: view.disk.contents.clone(), label });
    match client.erase_disk(id, &wanted, None).await {
        Ok(work) => Ok(work),
        Err(refusal) => Ok(client.erase_disk(id, &wanted, Some(&proof::asked_for(client, refusal).await?)).await?),
    }
}

async fn to_the_end(client: &Client, say: &Say, view: &DiskView, mut work: DiskWork, done: &str) -> Result<(), CommandError> {
    loop {
        match &work.end {
            Some(DiskWorkEnd::Done) => {
                say.print(&work, |_| done.into());
                return Ok(());
            }
            Some(DiskWorkEnd::Failed { reason }) => return Err(CommandError::Wrong(reason.clone())),
            None => {}
        }
        tokio::time::sleep(LOOK).await;
        let now = client.disks().await?.into_iter().find(|now| now.disk.id == view.disk.id).and_then(|now| now.work);
        work = now.ok_or_else(|| CommandError::Wrong("the disk is gone, or the box was started anew: look at `croft disk list`".into()))?;
    }
}

/// The disk of this id or name.
///
/// # Errors
/// There is none, or several of this name.
pub(crate) fn find<'a>(disks: &'a [DiskView], text: &str) -> Result<&'a DiskView, CommandError> {
    let by_id = disks.iter().find(|view| view.disk.id.to_string() == text);
    let is_called = |view: &&DiskView| view.disk.name.eq_ignore_ascii_case(text) || (view.disk.serial == text && !text.is_empty());
    let mut by_name = disks.iter().filter(is_called);
    match (by_id, by_name.next(), by_name.next()) {
        (Some(disk), ..) | (None, Some(disk), None) => Ok(disk),
        (None, None, _) => Err(CommandError::Wrong(format!("no disk here is called {}: see `croft disk list`", clean(text)))),
        (None, Some(_), Some(_)) => {
            Err(CommandError::Wrong(format!("several disks are called {}: name it by its id or serial number", clean(text))))
        }
    }
}
