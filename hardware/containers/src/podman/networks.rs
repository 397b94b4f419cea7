//! Networks of apps, by Podman's own API: Docker's has no way to name a bridge, to isolate it strictly, or to say who answers names.

use std::{net::IpAddr, path::Path};

use hyper::{Method, StatusCode};
use ipnet::IpNet;
use serde::Deserialize;
use serde_json::json;

use super::{
    APP, STEP,
    wire::{LIBPOD, ask, escaped},
};
use crate::{AppName, EngineError, NetworkNumber, NetworkWish, Resolving, SeenNetwork, nobody::NOBODY};

/// Longest prefix: the machine, the services, and the address of all.
const MAX_PREFIX: u8 = 28;

/// The engine's name for the network of an app.
pub(super) fn name(app: &AppName) -> String {
    format!("croft-{app}")
}

#[derive(Deserialize)]
struct Network {
    #[serde(default)]
    network_interface: String,
    #[serde(default)]
    labels: Option<std::collections::HashMap<String, String>>,
    #[serde(default)]
    subnets: Option<Vec<Subnet>>,
    #[serde(default)]
    network_dns_servers: Option<Vec<IpAddr>>,
}

#[derive(Deserialize)]
struct Subnet {
    subnet: IpNet,
}

pub(super) async fn make(socket: &Path, wish: &NetworkWish) -> Result<(), EngineError> {
    check(wish)?;
    let nets = [IpNet::from(wish.subnet)].into_iter().chain(wish.subnet6.map(IpNet::from));
    let subnets: Vec<_> = nets.zip(wish.gateways()).map(|(net, gateway)| json!({ "subnet": net.trunc(), "gateway": gateway })).collect();
    let body = json!({
        "name": name(&wish.app),
        "driver": "bridge",
        "network_interface": wish.number.interface(),
        "subnets": subnets,
        "ipv6_enabled": wish.subnet6.is_some(),
        "dns_enabled": true,
        "internal": false,
        "network_dns_servers": servers(&wish.resolving),
        "options": { "isolate": "strict" },
        "labels": { APP: wish.app.as_str() },
    });
    let answer = ask(socket, Method::POST, &format!("{LIBPOD}/networks/create"), Some(&body), ("make a network", STEP)).await?;
    if answer.status == StatusCode::CONFLICT {
        return Err(EngineError::Taken { what: "network" });
    }
    answer.good().map(drop).map_err(|error| EngineError::MakeNetwork { app: wish.app.clone(), source: error.into() })
}

pub(super) async fn resolve(socket: &Path, app: &AppName, by: &Resolving) -> Result<(), EngineError> {
    check_servers(by)?;
    let failed = |source| EngineError::Resolve { app: app.clone(), source };
    let wanted = servers(by);
    let all = list(socket).await?;
    let now = all.into_iter().find(|(_, network)| network.app == *app).ok_or(EngineError::Missing { what: "network" })?;
    let now = now.0;
    let (add, drop_): (Vec<&String>, Vec<&String>) =
        (wanted.iter().filter(|server| !now.contains(server)).collect(), now.iter().filter(|server| !wanted.contains(server)).collect());
    if add.is_empty() && drop_.is_empty() {
        return Ok(());
    }
    let body = json!({ "adddnsservers": add, "removednsservers": drop_ });
    let path = format!("{LIBPOD}/networks/{}/update", name(app));
    let answer = ask(socket, Method::POST, &path, Some(&body), ("change who answers names", STEP)).await?;
    answer.good().map(drop).map_err(|error| failed(error.into()))
}

pub(super) async fn remove(socket: &Path, app: &AppName) -> Result<(), EngineError> {
    let path = format!("{LIBPOD}/networks/{}?force=false", name(app));
    let answer = ask(socket, Method::DELETE, &path, None, ("remove a network", STEP)).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(());
    }
    answer.good().map(drop).map_err(|error| EngineError::RemoveNetwork { app: app.clone(), source: error.into() })
}

/// The networks of apps, each with the servers that it names.
pub(super) async fn list(socket: &Path) -> Result<Vec<(Vec<String>, SeenNetwork)>, EngineError> {
    let failed = |source| EngineError::Look { source };
    let filter = escaped(&json!({ "label": [APP] }).to_string());
    let answer = ask(socket, Method::GET, &format!("{LIBPOD}/networks/json?filters={filter}"), None, ("look at networks", STEP)).await?;
    let bytes = answer.good().map_err(|error| failed(error.into()))?;
    let networks: Vec<Network> = serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))?;
    let mut seen: Vec<_> = networks.into_iter().filter_map(of_app).collect();
    seen.sort_by_key(|(_, network)| network.number);
    Ok(seen)
}

fn of_app(network: Network) -> Option<(Vec<String>, SeenNetwork)> {
    let app = network.labels?.get(APP)?.parse().ok()?;
    let servers: Vec<IpAddr> = network.network_dns_servers.unwrap_or_default();
    let texts: Vec<String> = servers.iter().map(IpAddr::to_string).collect();
    let resolving = if texts == [NOBODY] { Resolving::Closed } else { Resolving::By(servers) };
    let subnets = network.subnets.unwrap_or_default().into_iter().map(|subnet| subnet.subnet).collect();
    let number = NetworkNumber::of_interface(&network.network_interface);
    Some((texts, SeenNetwork { app, number, subnets, resolving }))
}

fn servers(by: &Resolving) -> Vec<String> {
    match by {
        Resolving::Closed => vec![NOBODY.to_owned()],
        Resolving::By(servers) => servers.iter().map(IpAddr::to_string).collect(),
    }
}

fn check_servers(by: &Resolving) -> Result<(), EngineError> {
    match by {
        Resolving::By(servers) if !(1..=NetworkWish::MAX_RESOLVERS).contains(&servers.len()) => {
            // With none, the engine would ask the machine's own.
            let why = format!("an open network has 1 to {} of them", NetworkWish::MAX_RESOLVERS);
            Err(EngineError::Wish { what: "the servers of names", why })
        }
        _ => Ok(()),
    }
}

fn check(wish: &NetworkWish) -> Result<(), EngineError> {
    check_servers(&wish.resolving)?;
    let private = wish.subnet.addr().is_private() && wish.subnet6.is_none_or(|net| net.addr().is_unique_local());
    let why = match () {
        () if !private => "it is not of the addresses that every house may use",
        () if wish.subnet.prefix_len() > MAX_PREFIX => "it has no room for services",
        () => return Ok(()),
    };
    Err(EngineError::Wish { what: "the subnet", why: why.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_checked_before_the_engine_hears_of_it() {
        let wish = |subnet: &str, subnet6: Option<&str>, resolving| NetworkWish {
            app: "photos".parse().unwrap(),
            number: NetworkNumber(1),
            subnet: subnet.parse().unwrap(),
            subnet6: subnet6.map(|net| net.parse().unwrap()),
            resolving,
        };
        assert!(check(&wish("10.90.1.0/24", Some("fd00:1::/64"), Resolving::Closed)).is_ok());
        assert!(check(&wish("10.90.1.0/24", None, Resolving::By(vec!["9.9.9.9".parse().unwrap()]))).is_ok());
        for (subnet, subnet6, resolving) in [
            ("203.0.113.0/24", None, Resolving::Closed),
            ("10.90.1.0/30", None, Resolving::Closed),
            ("10.90.1.0/24", Some("2001:db8::/64"), Resolving::Closed),
            ("10.90.1.0/24", None, Resolving::By(vec![])),
            ("10.90.1.0/24", None, Resolving::By(vec!["9.9.9.9".parse().unwrap(); 4])),
        ] {
            assert!(check(&wish(subnet, subnet6, resolving)).is_err(), "{subnet} {subnet6:?}");
        }
    }

    #[test]
    fn a_closed_network_is_one_whose_names_nobody_answers() {
        let seen = |servers: &str| {
            let text = format!(
                r#"{{"network_interface":"app-7","labels":{{"croft.app":"photos"}},"subnets":[{{"subnet":"10.90.7.0/24","gateway":"10.90.7.1"}}]{servers}}}"#
            );
            of_app(serde_json::from_str(&text).unwrap()).unwrap().1
        };
        let closed = seen(r#","network_dns_servers":["127.0.53.1"]"#);
        assert_eq!((closed.number, closed.resolving), (Some(NetworkNumber(7)), Resolving::Closed));
        assert_eq!(seen("").resolving, Resolving::By(vec![]), "the machine's own would be asked: that is not closed");
        assert!(of_app(serde_json::from_str::<Network>("{}").unwrap()).is_none());
    }
}
