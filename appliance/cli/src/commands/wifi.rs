//! `croft network wifi`.

use croft_client::{
    Client,
    wire::network::{ForgetWifi, JoinWifi, WifiStatus},
};
use croft_model::{Secret, WifiNetwork};

use super::CommandError;
use crate::say::{Say, table};

/// Wireless networks.
#[derive(clap::Subcommand)]
pub(crate) enum Wifi {
    /// Networks in reach, and those that are known.
    List,
    /// Join a network. Its passphrase is the first line of the standard input.
    Join {
        /// Its name.
        ssid: String,
        /// It is open, or its passphrase is known already.
        #[arg(long)]
        no_passphrase: bool,
    },
    /// Leave a network and forget its passphrase.
    Forget {
        /// Its name.
        ssid: String,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Wifi, client: &Client, say: &Say) -> Result<(), CommandError> {
    let status = match command {
        Wifi::List => client.wifi().await?,
        Wifi::Join { ssid, no_passphrase } => {
            let passphrase = if no_passphrase { String::new() } else { first_line()? };
            let wrong = |error| CommandError::Wrong(format!("the passphrase is {error}"));
            client.join_wifi(&JoinWifi { ssid, passphrase: Secret::try_from(passphrase).map_err(wrong)? }).await?
        }
        Wifi::Forget { ssid } => client.forget_wifi(&ForgetWifi { ssid }).await?,
    };
    say.print(&status, sentences);
    Ok(())
}

/// Arguments stand in the list of processes, which everybody on a machine reads; the standard input does not.
fn first_line() -> Result<String, CommandError> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    read.map_err(|error| CommandError::Wrong(format!("the passphrase cannot be read: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn sentences(status: &WifiStatus) -> String {
    if !status.available {
        return "This box has no wireless interface.".into();
    }
    let row = |network: &WifiNetwork| {
        let state = match (network.joined, network.known) {
            (true, _) => "joined",
            (false, true) => "known",
            (false, false) => "",
        };
        let strength = network.strength_percent.map_or_else(|| "not in reach".into(), |percent| format!("{percent} %"));
        [network.ssid.clone(), strength, if network.secured { "passphrase" } else { "open" }.into(), state.into()]
    };
    table(["NETWORK", "STRENGTH", "WANTS", ""], status.networks.iter().map(row))
}
