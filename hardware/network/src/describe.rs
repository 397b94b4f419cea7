//! Reading what networkd says of itself (`org.freedesktop.network1.Manager.Describe`, JSON). Pure.

use std::net::IpAddr;

use croft_model::{Interface, InterfaceKind};
use ipnet::IpNet;
use serde::Deserialize;

/// Interfaces that are shown; a home server has one or two.
const MAX_INTERFACES: usize = 16;
/// Addresses, servers and routes of one interface that are looked at.
const MAX_ENTRIES: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    #[serde(default)]
    interfaces: Vec<Link>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Link {
    name: String,
    #[serde(default)]
    r#type: String,
    /// Set for interfaces that are only made up: bridges, pairs of containers, tunnels.
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    carrier_state: String,
    #[serde(default)]
    hardware_address: Vec<u8>,
    #[serde(default)]
    addresses: Vec<Address>,
    #[serde(default, rename = "DNS")]
    dns: Vec<Server>,
    #[serde(default)]
    routes: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Address {
    address: Vec<u8>,
    prefix_length: u8,
    #[serde(default)]
    config_state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Server {
    address: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Route {
    #[serde(default)]
    destination_prefix_length: u8,
    #[serde(default)]
    gateway: Option<Vec<u8>>,
    #[serde(default)]
    config_state: String,
}

/// The interfaces of the household's network, by name.
pub(crate) fn interfaces(json: &str) -> Result<Vec<Interface>, serde_json::Error> {
    let description: Description = serde_json::from_str(json)?;
    let mut interfaces: Vec<Interface> = description.interfaces.into_iter().filter_map(interface).collect();
    interfaces.sort_by(|a, b| a.name.cmp(&b.name));
    interfaces.truncate(MAX_INTERFACES);
    Ok(interfaces)
}

fn interface(link: Link) -> Option<Interface> {
    let kind = match link.r#type.as_str() {
        "ether" if link.kind.is_none() => InterfaceKind::Ethernet,
        "wlan" => InterfaceKind::Wifi,
        _ => return None,
    };
    let routes = link.routes.into_iter().take(MAX_ENTRIES);
    let mut gateways: Vec<IpAddr> = routes
        .filter(|route| route.destination_prefix_length == 0 && is_there(&route.config_state))
        .filter_map(|route| address(&route.gateway?))
        .collect();
    // IPv4 first: it is what people know of their router.
    gateways.sort();
    let there = link.addresses.into_iter().take(MAX_ENTRIES).filter(|address| is_there(&address.config_state));
    let mut addresses: Vec<IpNet> = there.filter_map(|entry| IpNet::new(address(&entry.address)?, entry.prefix_length).ok()).collect();
    addresses.sort_by_key(|net| (is_of_link(net.addr()), *net));
    addresses.dedup();
    Some(Interface {
        name: link.name,
        kind,
        carrier: matches!(link.carrier_state.as_str(), "carrier" | "degraded-carrier"),
        mac: link.hardware_address.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"),
        addresses,
        gateway: gateways.first().copied(),
        dns: link.dns.into_iter().take(MAX_ENTRIES).filter_map(|server| address(&server.address)).collect(),
    })
}

/// What is being made or taken away is not there.
fn is_there(state: &str) -> bool {
    state.is_empty() || state == "configured"
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn is_of_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As networkd 257 says it, shortened to what is read and a few fields beside it.
    const SAID: &str = r#"{"Interfaces":[
      {"Index":1,"Name":"lo","Type":"loopback","CarrierState":"carrier","Addresses":[{"Family":2,"Address":[127,0,0,1],"PrefixLength":8,"ConfigState":"configured"}]},
      {"Index":3,"Name":"veth0","Type":"ether","Kind":"veth","CarrierState":"carrier"},
      {"Index":4,"Name":"wlan0","Type":"wlan","Driver":"mac80211_hwsim","CarrierState":"no-carrier","HardwareAddress":[2,0,0,0,0,0]},
      {"Index":2,"Name":"enp0s2","Type":"ether","CarrierState":"carrier","HardwareAddress":[82,84,0,18,52,86],"MTU":1500,
       "Addresses":[
         {"Family":10,"Address":[254,128,0,0,0,0,0,0,80,84,0,255,254,18,52,86],"PrefixLength":64,"ConfigSource":"foreign","ConfigState":"configured"},
         {"Family":2,"Address":[10,0,2,50],"PrefixLength":24,"ConfigState":"removing"},
         {"Family":2,"Address":[10,0,2,15],"Broadcast":[10,0,2,255],"PrefixLength":24,"ConfigSource":"DHCPv4","ConfigState":"configured"}],
       "DNS":[{"Family":2,"Address":[10,0,2,3],"ConfigSource":"DHCPv4"},{"Family":2,"Address":[1]}],
       "Routes":[
         {"Family":2,"Destination":[10,0,2,0],"DestinationPrefixLength":24,"ConfigState":"configured"},
         {"Family":10,"Destination":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"DestinationPrefixLength":0,"Gateway":[254,128,0,0,0,0,0,0,0,0,0,0,0,0,0,2],"ConfigState":"configured"},
         {"Family":2,"Destination":[0,0,0,0],"DestinationPrefixLength":0,"Gateway":[10,0,2,2],"ConfigState":"configured"}]}]}"#;

    #[test]
    fn cables_and_antennas_are_read_and_nothing_else() {
        let found = interfaces(SAID).expect("JSON");
        insta::assert_json_snapshot!(found, @r#"
        [
          {
            "name": "enp0s2",
            "kind": "ethernet",
            "carrier": true,
            "mac": "52:54:00:12:34:56",
            "addresses": [
              "10.0.2.15/24",
              "fe80::5054:ff:fe12:3456/64"
            ],
            "gateway": "10.0.2.2",
            "dns": [
              "10.0.2.3"
            ]
          },
          {
            "name": "wlan0",
            "kind": "wifi",
            "carrier": false,
            "mac": "02:00:00:00:00:00",
            "addresses": [],
            "gateway": null,
            "dns": []
          }
        ]
        "#);
    }

    #[test]
    fn nonsense_is_an_error_and_a_quiet_machine_has_no_interfaces() {
        assert!(interfaces("{").is_err() && interfaces(r#"{"Interfaces":[{}]}"#).is_err());
        assert_eq!(interfaces("{}").expect("JSON"), []);
    }
}
