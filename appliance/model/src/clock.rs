//! Where the box is in time: its zone, and who is asked for the time.

use core::net::IpAddr;

use jiff::tz::TimeZoneDatabase;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Invalid;

/// Servers that are asked in turn; more make the time no better.
const MAX_SERVERS: usize = 4;
/// Longest name of a host (RFC 1123).
const MAX_NAME: usize = 253;

/// Section `time`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeSettings {
    /// Name in the IANA time zone database: `Europe/Berlin`.
    #[serde(default = "utc")]
    pub zone: String,
    /// Whether the box asks for the time over the network.
    #[serde(default)]
    pub ntp: Ntp,
    /// Who is asked; without any, the servers that the router names, and where it names none those of Debian.
    #[serde(default)]
    pub ntp_servers: Vec<String>,
}

/// Whether the box asks for the time over the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ntp {
    /// It asks.
    #[default]
    On,
    /// It asks nobody and goes by its own clock.
    Off,
}

impl Default for TimeSettings {
    fn default() -> Self {
        Self { zone: utc(), ntp: Ntp::On, ntp_servers: Vec::new() }
    }
}

fn utc() -> String {
    "UTC".into()
}

/// The rules of the section. Zones are those of the database that was built in, so that the verdict is the same everywhere.
pub(crate) fn validate(time: &TimeSettings) -> Result<(), Invalid> {
    let known = TimeZoneDatabase::bundled().get(&time.zone).ok().and_then(|zone| zone.iana_name().map(str::to_owned));
    match known {
        Some(name) if name == time.zone => {}
        Some(name) => return Err(Invalid::new("time.zone", format!("is written {name}"))),
        None => {
            return Err(Invalid::new("time.zone", "must be the name of a time zone: Europe/Berlin, America/New_York or UTC for instance"));
        }
    }
    if time.ntp_servers.len() > MAX_SERVERS {
        return Err(Invalid::new(
            "time.ntp_servers",
            format!("has {} entries; at most {MAX_SERVERS} are possible", time.ntp_servers.len()),
        ));
    }
    match time.ntp_servers.iter().position(|server| !is_server(server)) {
        Some(index) => Err(Invalid::new(format!("time.ntp_servers.{index}"), "must be the name or the address of a machine")),
        None => Ok(()),
    }
}

/// A host's name or address. Nothing else goes into a file that another program reads.
fn is_server(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match text.parse::<IpAddr>() {
        Ok(address) => !address.is_unspecified() && !address.is_multicast(),
        // What ends in a number is meant to be an address and is none.
        Err(_) => {
            text.len() <= MAX_NAME
                && text.split('.').all(label)
                && text.split('.').next_back().is_some_and(|last| last.parse::<u64>().is_err())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: &str, servers: &[&str], refused: Option<&str>) {
        let time = TimeSettings { zone: zone.into(), ntp_servers: servers.iter().map(ToString::to_string).collect(), ..Default::default() };
        assert_eq!(validate(&time).err().map(|invalid| invalid.key).as_deref(), refused, "{zone} {servers:?}");
    }

    #[test]
    fn zones_are_those_of_the_database() {
        for zone in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"] {
            check(zone, &[], None);
        }
        for zone in ["", "europe/berlin", "Europe/Atlantis", "../../etc/passwd", "/etc/passwd", "Europe/Berlin\n", "Europe", "posixrules"] {
            check(zone, &[], Some("time.zone"));
        }
    }

    #[test]
    fn servers_are_hosts_and_few() {
        check("UTC", &["ntp.example.org", "192.168.1.1", "fd00::1", "router"], None);
        check("UTC", &["a", "b", "c", "d", "e"], Some("time.ntp_servers"));
        for server in ["", "a b", "a\nb", "-x", "1.2.3", "1.2.3.4.5", "0.0.0.0", "224.0.1.1", "x..y", "host:123"] {
            check("UTC", &["ok.example", server], Some("time.ntp_servers.1"));
        }
    }
}
