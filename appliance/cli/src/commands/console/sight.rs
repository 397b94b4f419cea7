//! One look at the box: everything that the console tells of it.

use std::{net::IpAddr, path::Path};

use croft_client::{Client, wire::claim::ClaimState};
use croft_model::Interface;
use serde::Serialize;

use crate::{commands::CommandError, say::clean};

/// What a look gave. All texts are fit for a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Sight {
    /// The name people say.
    pub(crate) name: String,
    /// The box answers as `<host>.local`.
    pub(crate) host: String,
    /// Addresses by which others reach it, the likeliest first.
    pub(crate) addresses: Vec<IpAddr>,
    /// SHA-256 of the household's certificate, pairs with colons.
    pub(crate) fingerprint: String,
    /// Whether somebody owns the box.
    pub(crate) claimed: bool,
    /// Proves that one stands before the box; none once it is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pairing_code: Option<String>,
    /// What is not as it should be, the gravest first.
    pub(crate) warnings: Vec<String>,
}

impl Sight {
    /// Looks at the box. `home` is its folder, on the box itself.
    pub(crate) async fn take(client: &Client, home: Option<&Path>) -> Result<Self, CommandError> {
        let (claim, status, warnings) = (client.claim_status().await?, client.status().await?, client.warnings().await?);
        // A machine that does not tell its addresses is one whose warnings and keys are needed most.
        let addresses = client.network().await.map(|network| reachable(&network.interfaces)).unwrap_or_default();
        // The code is nowhere in the API: only who stands before the box may read it.
        let code = home.and_then(|home| std::fs::read_to_string(home.join("pairing-code")).ok());
        Ok(Self {
            name: clean(&claim.box_name),
            host: clean(&status.host),
            addresses,
            fingerprint: clean(&claim.fingerprint),
            claimed: claim.state == ClaimState::Claimed,
            pairing_code: code.map(|code| clean(code.trim())).filter(|_| claim.state == ClaimState::Unclaimed),
            warnings: warnings.iter().map(|warning| clean(&warning.title)).collect(),
        })
    }

    /// What a phone opens: by number, since many do not know names in `.local`; the page there leads on to the encrypted one. What stands
    /// behind `#` stays in the browser.
    pub(crate) fn link(&self) -> String {
        let host = match self.addresses.first() {
            Some(IpAddr::V6(address)) => format!("[{address}]"),
            Some(address) => address.to_string(),
            None => format!("{}.local", self.host),
        };
        match &self.pairing_code {
            Some(code) => format!("http://{host}/#claim={code}"),
            None => format!("http://{host}/"),
        }
    }

    /// All addresses that a browser takes, the one with a name first.
    pub(crate) fn origins(&self) -> Vec<String> {
        let named = format!("https://{}.local", self.host);
        let numbered = self.addresses.iter().map(|address| match address {
            IpAddr::V4(address) => format!("http://{address}"),
            IpAddr::V6(address) => format!("http://[{address}]"),
        });
        std::iter::once(named).chain(numbered).collect()
    }
}

/// The addresses that somebody else in the house can open: of version 4 first, those that a machine gave itself last, those that work on
/// one cable only not at all.
fn reachable(interfaces: &[Interface]) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = interfaces.iter().flat_map(|interface| interface.addresses.iter().map(|net| net.addr())).collect();
    addresses.retain(|address| match address {
        IpAddr::V4(address) => !address.is_loopback(),
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    });
    addresses.sort_by_key(|address| match address {
        IpAddr::V4(address) => u8::from(address.is_link_local()) * 2,
        IpAddr::V6(_) => 1,
    });
    addresses
}

#[cfg(test)]
pub(crate) mod tests {
    use croft_model::InterfaceKind;

    use super::*;

    /// A box that nobody owns.
    pub(crate) fn fresh() -> Sight {
        Sight {
            name: "Croft".into(),
            host: "croft".into(),
            addresses: vec![[192, 168, 1, 20].into(), "fd12:3456:789a::20".parse::<std::net::Ipv6Addr>().expect("an address").into()],
            fingerprint: (0..32_u8).map(|n| format!("{:02X}", n.wrapping_mul(37))).collect::<Vec<_>>().join(":"),
            claimed: false,
            pairing_code: Some("7K3M-9XQT".into()),
            warnings: Vec::new(),
        }
    }

    /// The same box with an owner.
    pub(crate) fn owned() -> Sight {
        Sight { name: "Hollyhock".into(), host: "hollyhock".into(), claimed: true, pairing_code: None, ..fresh() }
    }

    #[test]
    fn the_link_is_by_number_and_has_the_code_behind_the_fragment() {
        let check = |sight: &Sight, expected: &str| assert_eq!(sight.link(), expected);
        check(&fresh(), "http://192.168.1.20/#claim=7K3M-9XQT");
        check(&owned(), "http://192.168.1.20/");
        check(&Sight { addresses: vec!["fd00::1".parse().expect("an address")], ..fresh() }, "http://[fd00::1]/#claim=7K3M-9XQT");
        check(&Sight { addresses: Vec::new(), ..fresh() }, "http://croft.local/#claim=7K3M-9XQT");
    }

    #[test]
    fn only_addresses_that_others_can_open() {
        let interface = |addresses: &[&str]| Interface {
            name: "enp1s0".into(),
            kind: InterfaceKind::Ethernet,
            carrier: true,
            mac: String::new(),
            addresses: addresses.iter().map(|address| address.parse().expect("an address")).collect(),
            gateway: None,
            dns: Vec::new(),
        };
        let found = reachable(&[interface(&["169.254.3.4/16", "fe80::1/64"]), interface(&["fd00::1/64", "10.0.2.15/24"])]);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.2.15", "fd00::1", "169.254.3.4"]);
    }

    #[test]
    fn nothing_that_a_terminal_obeys_comes_through() {
        assert_eq!(clean("a\u{1b}[2Jb\r\n\u{202e}c\u{9b}d Zoë 家"), "a [2Jb   c d Zoë 家");
    }
}
