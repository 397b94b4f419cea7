//! `croft network`.

use croft_client::{
    Client,
    wire::network::{NetworkStatus, Trial},
};
use croft_model::{Interface, InterfaceKind, Section, StaticAddress};
use serde_json::{Value, json};

use super::{
    CommandError,
    settings::{IntentArgs, changed},
    wifi,
};
use crate::say::Say;

/// Look at the network and change the box's address.
#[derive(clap::Subcommand)]
pub(crate) enum Network {
    /// The interfaces with their addresses, and whether a new address waits to be kept.
    Show,
    /// Give the box a fixed address: croft network static 192.168.1.20/24 --gateway 192.168.1.1
    ///
    /// It goes back by itself after three minutes, unless `croft network confirm` comes before.
    Static {
        /// The address with the length of the network's prefix.
        address: String,
        /// The router.
        #[arg(long)]
        gateway: Option<String>,
        /// Who is asked for names; may be given up to three times. The router when absent.
        #[arg(long)]
        dns: Vec<String>,
        /// The interface, where there are several.
        #[arg(long)]
        interface: Option<String>,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// Let the router give the address. Like a fixed one it goes back unless it is confirmed.
    Automatic {
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// Keep the new address.
    Confirm,
    /// Wireless networks.
    #[command(subcommand)]
    Wifi(wifi::Wifi),
    /// Let the router give the address at once and for good.
    Reset {
        #[command(flatten)]
        intent: IntentArgs,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Network, client: &Client, say: &Say) -> Result<(), CommandError> {
    match command {
        Network::Show => say.print(&client.network().await?, sentences),
        Network::Static { address, gateway, dns, interface, intent } => {
            let dns = if dns.is_empty() { gateway.iter().cloned().collect() } else { dns };
            // Read here, too, so that a slip of the finger is named by the word that was typed.
            let fixed = json!({ "address": address, "gateway": gateway, "dns": dns, "interface": interface });
            serde_json::from_value::<StaticAddress>(fixed.clone())
                .map_err(|error| CommandError::Wrong(format!("that is no address as in 192.168.1.20/24 --gateway 192.168.1.1: {error}")))?;
            change(&json!({ "static": fixed }), intent, client, say).await?;
        }
        Network::Automatic { intent } => change(&json!({ "static": null }), intent, client, say).await?,
        Network::Confirm => say.print(&client.confirm_network().await?, |status| format!("The address stays.\n{}", sentences(status))),
        Network::Wifi(command) => wifi::run(command, client, say).await?,
        Network::Reset { intent } => say.print(&client.reset_network(&intent.into()).await?, changed),
    }
    Ok(())
}

async fn change(patch: &Value, intent: IntentArgs, client: &Client, say: &Say) -> Result<(), CommandError> {
    let version = client.section(Section::Network).await?.etag;
    say.print(&client.patch(Section::Network, &version, patch, &intent.into()).await?, |done| {
        let text = changed(done);
        if done.dry_run || done.commit.is_none() {
            return text;
        }
        format!("{text}Look whether the box answers at its new address, then keep it: croft network confirm. Else it goes back in three minutes.")
    });
    Ok(())
}

fn sentences(status: &NetworkStatus) -> String {
    if !status.managed {
        return format!("This machine looks after its own network. The box answers as {}.local where that name is known.", status.host);
    }
    let mut lines = vec![format!("The box answers as {}.local.", status.host)];
    if let Some(Trial { seconds_left, .. }) = &status.trial {
        lines.push(format!("A new address is being tried: keep it by `croft network confirm` within {seconds_left} s, else it goes back."));
    }
    lines.extend(status.interfaces.iter().map(interface));
    lines.join("\n")
}

fn interface(interface: &Interface) -> String {
    let Interface { name, kind, carrier, mac, addresses, gateway, dns } = interface;
    let state = match (kind, carrier) {
        (InterfaceKind::Ethernet, true) => "cable in",
        (InterfaceKind::Ethernet, false) => "no cable",
        (InterfaceKind::Wifi, true) => "wireless, joined",
        (InterfaceKind::Wifi, false) => "wireless, not joined",
    };
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    let mut lines = vec![format!("{name}  {state}  {mac}")];
    if !addresses.is_empty() {
        lines.push(format!("  addresses  {}", list(&mut addresses.iter().map(ToString::to_string))));
    }
    lines.extend(gateway.map(|gateway| format!("  router     {gateway}")));
    if !dns.is_empty() {
        lines.push(format!("  names      {}", list(&mut dns.iter().map(ToString::to_string))));
    }
    lines.join("\n")
}
