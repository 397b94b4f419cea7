//! `croft disk`.

use croft_client::Client;
use croft_model::{Disk as Found, Holds};

use super::CommandError;
use crate::say::{Say, table};

/// The disks of the box.
#[derive(clap::Subcommand)]
pub(crate) enum Disk {
    /// All disks, and what is on them.
    List,
}

/// Runs the command.
pub(crate) async fn run(disk: Disk, client: &Client, say: &Say) -> Result<(), CommandError> {
    match disk {
        Disk::List => {
            say.print(&client.disks().await?, |disks| table(["ID", "NAME", "SERIAL", "SIZE", "HOLDS"], disks.iter().map(row)));
        }
    }
    Ok(())
}

fn row(disk: &Found) -> [String; 5] {
    let holds = match &disk.holds {
        _ if disk.runs_from => "this box".into(),
        Holds::Nothing => "nothing".into(),
        Holds::Bytes => "something that cannot be read here".into(),
        Holds::Parts { parts } if parts.is_empty() => "an empty partition table".into(),
        Holds::Parts { parts } => {
            let name = |name: &str, kind: String| if name.is_empty() { kind.to_lowercase() } else { name.to_owned() };
            parts.iter().map(|part| name(&part.name, format!("{:?}", part.kind))).collect::<Vec<_>>().join(", ")
        }
    };
    [disk.id.to_string(), disk.name.clone(), disk.serial.clone(), disk.size.to_string(), holds]
}
