//! `croft console`: what stands on the box's own screen.

use std::{path::Path, time::Duration};

use croft_client::Client;
use serde_json::json;

use super::CommandError;
use crate::say::Say;

/// How often the box is looked at.
const EVERY: Duration = Duration::from_secs(3);

/// Arguments of `console`.
#[derive(clap::Args)]
pub(crate) struct Console {
    /// Stays, and prints again whatever changes.
    #[arg(long)]
    follow: bool,
}

/// Prints the name, the address, the certificate's fingerprint, the pairing code of a box that is nobody's, and how the box is.
pub(crate) async fn run(command: &Console, home: Option<&Path>, client: &Client, say: &Say) -> Result<(), CommandError> {
    let mut shown = None;
    loop {
        match (screen(home, client).await, command.follow) {
            (Ok(screen), _) if shown.as_ref() != Some(&screen) => {
                say.print(&json!(screen), |_| screen.join("\n"));
                shown = Some(screen);
            }
            // A box that starts answers soon; the console waits with it.
            (Ok(_), _) | (Err(_), true) => {}
            (Err(error), false) => return Err(error),
        }
        if !command.follow {
            return Ok(());
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn screen(home: Option<&Path>, client: &Client) -> Result<Vec<String>, CommandError> {
    let (claim, status) = (client.claim_status().await?, client.status().await?);
    let mut lines = vec![
        String::new(),
        format!("{}: open https://{}.local in a browser.", claim.box_name, status.host),
        format!("fingerprint  {}", claim.fingerprint),
    ];
    // The code is nowhere in the API: only who stands before the box may read it.
    if let Some(code) = home.and_then(|home| std::fs::read_to_string(home.join("pairing-code")).ok()) {
        lines.push(format!("pairing code {}", code.trim()));
    }
    lines.push(match status.warnings {
        0 => "All is well.".into(),
        1 => "One thing needs a look.".into(),
        count => format!("{count} things need a look."),
    });
    Ok(lines)
}
