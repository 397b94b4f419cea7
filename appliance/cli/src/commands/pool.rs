//! `croft pool`: the disks that hold everything together.

mod follow;
mod words;

use std::time::Duration;

use croft_client::Client;
use croft_model::{NewDisk, Pool as Shown, PoolChange, PoolPlan, PoolView, Protection};

use super::{CommandError, disk::find, proof};
use crate::say::Say;

/// The disks that hold everything together, and how safe it lies there.
#[derive(clap::Subcommand)]
pub(crate) enum Pool {
    /// How safe files lie, on which disks, and what is being done to them.
    Status,
    /// Take one more disk in. All that is on it is lost. With the second disk, everything is kept twice.
    Grow {
        /// Its id or name: `croft disk list`.
        disk: String,
        #[command(flatten)]
        label: Label,
        /// How safe all files shall lie then: single, mirror or triple.
        #[arg(long, value_parser = protection)]
        protection: Option<Protection>,
        #[command(flatten)]
        how: How,
    },
    /// Keep each file once (single), twice (mirror) or three times (triple), on as many disks.
    Protect {
        /// single, mirror or triple.
        #[arg(value_parser = protection)]
        protection: Protection,
        #[command(flatten)]
        how: How,
    },
    /// Put a new disk in the place of one that fails, is too small, or is gone. All that is on the new one is lost.
    Replace {
        /// The disk of the pool that goes: its number, id or name.
        member: String,
        /// The one that comes: its id or name.
        disk: String,
        #[command(flatten)]
        label: Label,
        #[command(flatten)]
        how: How,
    },
    /// Move all data off a disk and give it back.
    Remove {
        /// The disk of the pool: its number, id or name.
        member: String,
        #[command(flatten)]
        how: How,
    },
    /// Read all files, compare them with their checksums, and mend what can be mended.
    Scrub {
        #[command(flatten)]
        how: How,
    },
    /// Give up what is being done.
    Cancel,
}

/// The label of a disk that is overwritten.
#[derive(clap::Args)]
pub(crate) struct Label {
    /// The disk's label, where it is not empty: it is overwritten only then.
    #[arg(long = "label", value_name = "LABEL")]
    typed: Option<String>,
}

/// How a change is made.
#[derive(clap::Args)]
pub(crate) struct How {
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for the end.
    #[arg(long)]
    no_wait: bool,
}

/// How often it is looked how far a change is.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the command.
pub(crate) async fn run(pool: Pool, client: &Client, say: &Say) -> Result<(), CommandError> {
    let (change, how) = match pool {
        Pool::Status => {
            let (view, disks) = (client.pool().await?, client.disks().await?);
            say.print(&view, |view| words::status(view, &disks));
            return Ok(());
        }
        Pool::Cancel => {
            say.print(&client.give_up_pool_change().await?, |_| "It is being given up. `croft pool status` says when that is done.".into());
            return Ok(());
        }
        Pool::Grow { disk, label, protection, how } => (PoolChange::Grow { disk: new_disk(client, &disk, label).await?, protection }, how),
        Pool::Protect { protection, how } => (PoolChange::Protect { protection }, how),
        Pool::Replace { member, disk, label, how } => {
            let member = self::member(client, &member).await?;
            (PoolChange::Replace { member, disk: new_disk(client, &disk, label).await? }, how)
        }
        Pool::Remove { member, how } => (PoolChange::Remove { member: self::member(client, &member).await? }, how),
        Pool::Scrub { how } => (PoolChange::Scrub, how),
    };
    if how.dry_run {
        let (plan, disks) = (client.plan_pool_change(&change).await?, client.disks().await?);
        say.print(&plan, |plan: &PoolPlan| words::plan(plan, &disks));
        return Ok(());
    }
    let begun = begin(client, &change).await?;
    if how.no_wait {
        say.print(&begun, |_| "It has begun. `croft pool status` says how far it is.".into());
        return Ok(());
    }
    follow::to_the_end(client, say, begun, LOOK).await
}

/// Begins a change; asks for the passphrase where the box wants a proof.
async fn begin(client: &Client, change: &PoolChange) -> Result<Shown, CommandError> {
    match client.change_pool(change, None).await {
        Ok(begun) => Ok(begun),
        Err(refusal) => Ok(client.change_pool(change, Some(&proof::asked_for(client, refusal).await?)).await?),
    }
}

/// The disk that comes, as it is now.
async fn new_disk(client: &Client, text: &str, label: Label) -> Result<NewDisk, CommandError> {
    let disks = client.disks().await?;
    let disk = &find(&disks, text)?.disk;
    Ok(NewDisk { id: disk.id.clone(), contents: disk.contents.clone(), label: label.typed })
}

/// The number of a disk of the pool.
async fn member(client: &Client, text: &str) -> Result<u64, CommandError> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let PoolView::Present(pool) = client.pool().await? else {
        return Err(CommandError::Wrong("this box has no pool: see `croft pool status`".into()));
    };
    let disks = client.disks().await?;
    let id = &find(&disks, text)?.disk.id;
    let found = pool.members.iter().find(|member| member.disk.as_ref() == Some(id));
    found.map(|member| member.number).ok_or_else(|| CommandError::Wrong("this disk is not in the pool: see `croft pool status`".into()))
}

fn protection(text: &str) -> Result<Protection, String> {
    match text {
        "single" => Ok(Protection::Single),
        "mirror" => Ok(Protection::Mirror),
        "triple" => Ok(Protection::Triple),
        _ => Err("expected single, mirror or triple".into()),
    }
}
