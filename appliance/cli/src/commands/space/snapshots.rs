//! `croft space snapshots`.

use croft_client::Client;
use croft_model::{Snapshot, SnapshotList, SnapshotName, SnapshotOrder, SnapshotReason, SnapshotSchedule, SnapshotWhy};

use super::{CommandError, find};
use crate::{
    commands::proof,
    say::{Say, table},
};

/// The earlier states of a space that are kept.
#[derive(clap::Subcommand)]
pub(crate) enum Snapshots {
    /// Which there are, newest first.
    List {
        /// The space: its id, the name of its folder, or of its person.
        space: String,
    },
    /// Keep how the space is now, until somebody removes it.
    Take {
        /// The space: its id, the name of its folder, or of its person.
        space: String,
        /// What people read beside it.
        #[arg(long, default_value = "")]
        note: String,
        /// Only say what would be taken.
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove one. What no other state holds is lost.
    Remove {
        /// The space: its id, the name of its folder, or of its person.
        space: String,
        /// Its name: @GMT-2026.12.01-01.43.36
        name: SnapshotName,
        /// Only say what would be removed.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Snapshots, client: &Client, say: &Say) -> Result<(), CommandError> {
    match command {
        Snapshots::List { space } => say.print(&client.snapshots(find(client, &space).await?.id).await?, list),
        Snapshots::Take { space, note, dry_run } => {
            let (found, order) = (find(client, &space).await?, SnapshotOrder { why: SnapshotReason::ByHand, note });
            let taken = client.take_snapshot(found.id, &order, dry_run).await?;
            let verb = if dry_run { "Would be" } else { "Is" };
            say.print(&taken, |taken| format!("{verb} kept as {}.", taken.name));
        }
        Snapshots::Remove { space, name, dry_run } => {
            let found = find(client, &space).await?;
            let removed = match client.remove_snapshot(found.id, name, None, dry_run).await {
                Ok(removed) => removed,
                Err(refusal) => {
                    let proof = proof::asked_for(client, refusal).await?;
                    client.remove_snapshot(found.id, name, Some(&proof), dry_run).await?
                }
            };
            let verb = if dry_run { "would be" } else { "is" };
            say.print(&removed, |removed| {
                let frees = removed.exclusive.map_or_else(String::new, |bytes| format!(" No other state holds {bytes} of it."));
                format!("{} {verb} removed.{frees}", removed.name)
            });
        }
    }
    Ok(())
}

fn list(list: &SnapshotList) -> String {
    let mut text = Vec::new();
    text.extend(list.impossible.as_ref().map(|impossible| impossible.sentence.clone()));
    if list.schedule == SnapshotSchedule::Off {
        text.push("None is taken by the clock.".into());
    }
    if list.snapshots.is_empty() {
        text.push("There are none.".into());
    } else {
        text.push(table(["NAME", "WHEN", "ONLY HERE", "WHY", "BY", "NOTE"], list.snapshots.iter().map(row)));
    }
    text.join("\n")
}

fn row(snapshot: &Snapshot) -> [String; 6] {
    let why = match (snapshot.why, snapshot.until) {
        (SnapshotWhy::Schedule, _) => "by the clock".into(),
        (SnapshotWhy::ByHand, _) => "by hand".into(),
        (SnapshotWhy::BeforeRestore, None) => "before a restore".into(),
        (SnapshotWhy::BeforeRestore, Some(until)) => format!("before a restore, kept until {}", until.strftime("%F")),
        (SnapshotWhy::Found, _) => "nobody knows".into(),
    };
    let by = snapshot.by.as_ref().map(ToString::to_string).unwrap_or_default();
    let alone = snapshot.exclusive.map(|bytes| bytes.to_string()).unwrap_or_default();
    [snapshot.name.to_string(), snapshot.at.strftime("%F %R UTC").to_string(), alone, why, by, snapshot.note.clone()]
}

#[cfg(test)]
mod tests {
    use croft_model::{Actor, Bytes, NoSnapshots, SnapshotsImpossible, SpaceId};

    use super::*;

    #[test]
    fn a_list_says_all_that_is_known() {
        let name: SnapshotName = "@GMT-2026.12.01-01.43.36".parse().expect("a name");
        let one = |why, by, note: &str, until: Option<&str>| Snapshot {
            name,
            at: name.time(),
            why,
            by,
            note: note.into(),
            until: until.map(|until| until.parse().expect("a time")),
            exclusive: Some(Bytes(1_000_000)).filter(|_| why == SnapshotWhy::ByHand),
        };
        let list = |impossible, schedule, snapshots| {
            super::list(&SnapshotList { space: SpaceId::from_number(1), impossible, schedule, snapshots })
        };
        let snapshots = vec![
            one(SnapshotWhy::BeforeRestore, Some(Actor::Console), "", Some("2026-12-31T00:00:00Z")),
            one(SnapshotWhy::ByHand, Some(Actor::Console), "before\u{1b} the move", None),
            one(SnapshotWhy::Schedule, None, "", None),
        ];
        let expected = "\
NAME                      WHEN                  ONLY HERE  WHY                                      BY       NOTE
@GMT-2026.12.01-01.43.36  2026-12-01 01:43 UTC             before a restore, kept until 2026-12-31  console
@GMT-2026.12.01-01.43.36  2026-12-01 01:43 UTC  1.0 MB     by hand                                  console  before  the move
@GMT-2026.12.01-01.43.36  2026-12-01 01:43 UTC             by the clock";
        assert_eq!(list(None, SnapshotSchedule::On, snapshots), expected);
        let impossible = SnapshotsImpossible { reason: NoSnapshots::NoRoot, sentence: "Not here.".into() };
        assert_eq!(list(Some(impossible), SnapshotSchedule::Off, Vec::new()), "Not here.\nNone is taken by the clock.\nThere are none.");
    }
}
