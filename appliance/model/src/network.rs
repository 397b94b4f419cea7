//! How the box has its address, and what its interfaces are seen to be. Addresses are values here; nobody listens or connects.

use core::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Invalid;

/// Servers for names that a resolver asks (`resolv.conf(5)` knows as many).
const MAX_DNS: usize = 3;
/// Longest name of an interface: `IFNAMSIZ` of Linux without its end.
const MAX_INTERFACE_NAME: usize = 15;
/// The largest and the smallest subnet of IPv4 that households have: anything else is a slip of the finger.
const IPV4_PREFIXES: core::ops::RangeInclusive<u8> = 8..=30;
/// The same for IPv6.
const IPV6_PREFIXES: core::ops::RangeInclusive<u8> = 16..=126;

/// Section `network`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSettings {
    /// The fixed address of the wired interface. Without one the router gives an address (DHCP, router advertisements).
    #[serde(default, rename = "static", skip_serializing_if = "Option::is_none")]
    pub static_address: Option<StaticAddress>,
}

/// A fixed address. The other family of addresses stays with the router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaticAddress {
    /// The box's own address with the length of its network's prefix: `192.168.1.20/24`.
    #[schema(value_type = String, example = "192.168.1.20/24")]
    pub address: IpNet,
    /// The router, inside the same network; without one the box reaches its own network alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "192.168.1.1")]
    pub gateway: Option<IpAddr>,
    /// Who is asked for names, at most three; usually the router.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub dns: Vec<IpAddr>,
    /// The interface: `enp1s0`. Without one it is the one with a cable in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
}

/// An interface as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Interface {
    /// Its name: `enp1s0`.
    pub name: String,
    /// Of which kind.
    pub kind: InterfaceKind,
    /// Whether a cable is in it, or a wireless network joined.
    pub carrier: bool,
    /// Its hardware address: `52:54:00:12:34:56`; empty when it has none.
    pub mac: String,
    /// Its addresses with the lengths of their prefixes, `192.168.1.20/24`; those of the link alone (`fe80::`) last.
    #[schema(value_type = Vec<String>)]
    pub addresses: Vec<IpNet>,
    /// The router.
    #[schema(value_type = Option<String>)]
    pub gateway: Option<IpAddr>,
    /// Who is asked for names.
    #[schema(value_type = Vec<String>)]
    pub dns: Vec<IpAddr>,
}

/// The kinds of interface that a household has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InterfaceKind {
    /// With a cable.
    Ethernet,
    /// Wireless.
    Wifi,
}

/// A wireless network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WifiNetwork {
    /// Its name.
    pub ssid: String,
    /// How strong it is here, 0 to 100; absent when it is known but not in reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength_percent: Option<u8>,
    /// Whether it wants a passphrase.
    pub secured: bool,
    /// Whether the box knows it and joins it by itself.
    pub known: bool,
    /// Whether the box has joined it.
    pub joined: bool,
}

/// The rules of the section.
pub(crate) fn validate(network: &NetworkSettings) -> Result<(), Invalid> {
    let Some(fixed) = &network.static_address else { return Ok(()) };
    let wrong = |key: &str, reason: String| Err(Invalid::new(format!("network.static.{key}"), reason));
    let StaticAddress { address, gateway, dns, interface } = fixed;
    if let Err(reason) = own_address(address) {
        return wrong("address", reason);
    }
    if let Some(gateway) = gateway
        && let Err(reason) = router(*gateway, address)
    {
        return wrong("gateway", reason);
    }
    if dns.len() > MAX_DNS {
        return wrong("dns", format!("has {} entries; at most {MAX_DNS} are possible", dns.len()));
    }
    for (index, server) in dns.iter().enumerate() {
        if !is_host(*server) {
            return wrong(&format!("dns.{index}"), format!("{server} is not the address of a single machine"));
        }
    }
    match interface {
        Some(name) if !is_interface_name(name) => {
            wrong("interface", format!("must be the name of an interface, at most {MAX_INTERFACE_NAME} letters and digits: enp1s0"))
        }
        _ => Ok(()),
    }
}

/// Whether a box may have this address for itself; otherwise why not.
fn own_address(net: &IpNet) -> Result<(), String> {
    let (address, prefixes) = (net.addr(), if net.addr().is_ipv4() { IPV4_PREFIXES } else { IPV6_PREFIXES });
    if !prefixes.contains(&net.prefix_len()) {
        return Err(format!("must end in /{} to /{}, as in 192.168.1.20/24", prefixes.start(), prefixes.end()));
    }
    if !is_host(address) || is_of_link(address) {
        return Err(format!("{address} is not an address that a machine can have for itself, as 192.168.1.20 is"));
    }
    if address.is_ipv4() && (address == net.network() || address == net.broadcast()) {
        return Err(format!("{address} stands for the whole network {}; take one of the addresses between", net.trunc()));
    }
    Ok(())
}

fn router(gateway: IpAddr, own: &IpNet) -> Result<(), String> {
    let ends = own.addr().is_ipv4() && (gateway == own.network() || gateway == own.broadcast());
    // Routers of IPv6 are commonly known by their address on the link.
    let beside = is_of_link(gateway) && gateway.is_ipv6() && own.addr().is_ipv6();
    if gateway == own.addr() {
        Err(format!("{gateway} is the box's own address; the router has another"))
    } else if !is_host(gateway) || ends || !(own.contains(&gateway) || beside) {
        Err(format!("{gateway} is not a machine in the box's own network {}", own.trunc()))
    } else {
        Ok(())
    }
}

/// Whether it is the address of one machine, and not of this one for itself, of many or of none.
fn is_host(address: IpAddr) -> bool {
    let special = address.is_unspecified() || address.is_loopback() || address.is_multicast();
    match address {
        // Network 0, and everything from 240 on, belong to nobody (RFC 6890).
        IpAddr::V4(four) => !special && four.octets()[0] != 0 && four < Ipv4Addr::new(240, 0, 0, 0),
        // IPv4 in the clothes of IPv6 is not sent on any wire.
        IpAddr::V6(six) => !special && six.to_ipv4_mapped().is_none(),
    }
}

fn is_of_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    }
}

fn is_interface_name(name: &str) -> bool {
    (1..=MAX_INTERFACE_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && !name.starts_with('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// The verdict on an address; the key at fault, if any.
    fn check(fixed: Value, refused: Option<&str>) {
        let found = match serde_path_to_error::deserialize::<_, NetworkSettings>(json!({ "static": fixed })) {
            Ok(network) => validate(&network).err().map(|invalid| invalid.key),
            Err(error) => Some(format!("network.{}", error.path())),
        };
        assert_eq!(found.as_deref().and_then(|key| key.strip_prefix("network.static.")), refused, "{fixed}: {found:?}");
    }

    #[test]
    fn addresses_of_machines_are_taken() {
        for address in ["192.168.1.20/24", "10.0.2.50/8", "172.16.0.9/30", "fd00:1::20/64", "2001:db8::7/56"] {
            check(json!({ "address": address }), None);
        }
        check(json!({ "address": "192.168.1.20/24", "gateway": "192.168.1.1", "dns": ["192.168.1.1", "fd00::1"] }), None);
        check(json!({ "address": "fd00:1::20/64", "gateway": "fe80::1", "interface": "enp1s0" }), None);
    }

    #[test]
    fn what_no_machine_can_have_is_refused_by_its_key() {
        for address in [
            "192.168.1.20",
            "192.168.1.0/24",
            "192.168.1.255/24",
            "192.168.1.20/31",
            "192.168.1.20/7",
            "192.168.1.20/33",
            "127.0.0.1/8",
            "169.254.3.4/16",
            "224.0.0.9/24",
            "0.1.2.3/8",
            "240.0.0.1/8",
            "255.255.255.255/24",
            "::1/64",
            "::/64",
            "fe80::5/64",
            "ff02::1/64",
            "::ffff:10.0.0.1/96",
            "fd00::1/127",
            "fd00::1%eth0/64",
            "a",
            "",
            "192.168.1.20/24\nGateway=10.0.0.1",
        ] {
            check(json!({ "address": address }), Some("address"));
        }
        for gateway in ["192.168.1.20", "192.168.2.1", "192.168.1.0", "192.168.1.255", "fe80::1", "0.0.0.0", "x"] {
            check(json!({ "address": "192.168.1.20/24", "gateway": gateway }), Some("gateway"));
        }
        let with = |more: (&str, Value)| json!({ "address": "192.168.1.20/24", more.0: more.1 });
        check(with(("dns", json!(["192.168.1.1", "0.0.0.0"]))), Some("dns.1"));
        check(with(("dns", json!(["127.0.0.53"]))), Some("dns.0"));
        check(with(("dns", json!(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]))), Some("dns"));
        for name in ["", "../enp1s0", "a b", "-x", "sixteen-letters-", "x\n[Network]"] {
            check(with(("interface", json!(name))), Some("interface"));
        }
        check(with(("mtu", json!(9000))), Some("mtu"));
    }

    proptest! {
        #[test]
        fn whatever_is_taken_is_written_as_it_was_meant(octets: [u8; 4], prefix in 0_u8..=40) {
            let text = format!("{}/{prefix}", Ipv4Addr::from(octets));
            if let Ok(address) = text.parse::<IpNet>() {
                prop_assert_eq!(address.to_string(), text);
                if own_address(&address).is_ok() {
                    prop_assert!(address.contains(&address.addr()) && address.addr() != address.network());
                }
            }
        }

        #[test]
        fn no_text_of_an_address_smuggles_anything(text in "[0-9a-f.:/%\\[\\]\n =-]{0,40}") {
            if let Ok(address) = text.parse::<IpNet>() {
                prop_assert!(!address.to_string().contains(['\n', ' ', '=', '%', '[']));
            }
        }
    }
}
