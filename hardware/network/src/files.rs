//! The files by which networkd, resolved and timesyncd hear of what is wanted. Pure: what was checked as a type is written as text here.

use std::net::IpAddr;

use croft_model::StaticAddress;

use crate::{Addressing, Announcement, TimeSource};

/// The network of a fixed address; it comes before `80-wired.network` of the image, so it wins for its interface.
pub(crate) const FIXED: &str = "systemd/network/70-croft-static.network";
/// What is different at the networks of the image, whose addresses come from the router.
pub(crate) const ROUTER: [&str; 2] =
    ["systemd/network/80-wired.network.d/50-croft.conf", "systemd/network/80-wireless.network.d/50-croft.conf"];
/// What the household's network is told.
pub(crate) const ANNOUNCED: [&str; 2] = ["systemd/dnssd/croft.dnssd", "systemd/dnssd/croft-https.dnssd"];
/// What it is told of network drives, while there are any.
pub(crate) const ANNOUNCED_DRIVES: [&str; 2] = ["systemd/dnssd/croft-smb.dnssd", "systemd/dnssd/croft-adisk.dnssd"];
/// Who is asked for the time.
pub(crate) const TIME: &str = "systemd/timesyncd.conf.d/60-croft.conf";

/// The time servers that Debian asks.
const DEBIAN: &str = "0.debian.pool.ntp.org 1.debian.pool.ntp.org 2.debian.pool.ntp.org 3.debian.pool.ntp.org";

/// A file with its text; none when it must not be there.
pub(crate) type Wanted = (&'static str, Option<String>);

/// The files of networkd.
pub(crate) fn addressing(wanted: &Addressing) -> Vec<Wanted> {
    let fixed = wanted.fixed.as_ref().map(|(interface, address)| fixed(interface, address, wanted.router_time));
    let quiet = (!wanted.router_time).then(|| "[DHCPv4]\nUseNTP=no\n\n[DHCPv6]\nUseNTP=no\n".to_owned());
    [(FIXED, fixed)].into_iter().chain(ROUTER.map(|path| (path, quiet.clone()))).collect()
}

fn fixed(interface: &str, fixed: &StaticAddress, router_time: bool) -> String {
    let time = if router_time { "yes" } else { "no" };
    // Only the family of the fixed address is taken from the router.
    let (dhcp, advertisements) = if fixed.address.addr().is_ipv4() { ("ipv6", "yes") } else { ("ipv4", "no") };
    let mut lines = vec![
        format!("[Match]\nName={interface}\n\n[Network]\nAddress={}", fixed.address),
        format!("DHCP={dhcp}\nIPv6AcceptRA={advertisements}\nMulticastDNS=yes\nLLMNR=no"),
    ];
    lines.extend(fixed.gateway.map(|gateway| format!("Gateway={gateway}")));
    lines.extend(fixed.dns.iter().map(|server: &IpAddr| format!("DNS={server}")));
    lines.push(format!("\n[DHCPv4]\nUseHostname=no\nUseNTP={time}\n\n[DHCPv6]\nUseHostname=no\nUseNTP={time}"));
    lines.push("\n[Link]\nRequiredForOnline=no\n".to_owned());
    lines.join("\n")
}

/// The files of resolved: the box as a service of its own kind, and as one that a browser can open.
pub(crate) fn announcement(wanted: &Announcement) -> Vec<Wanted> {
    let claimed = u8::from(wanted.claimed);
    let text = |kind: &str| format!("[Service]\nName=%H\nType={kind}\nPort=443\nTxtText=id={} claimed={claimed}\n", letters(&wanted.id));
    let box_itself = ANNOUNCED.into_iter().zip(["_croft._tcp", "_https._tcp"]).map(|(path, kind)| (path, Some(text(kind))));
    let drives = wanted.drives.as_ref().map(|_| "[Service]\nName=%H\nType=_smb._tcp\nPort=445\n".to_owned());
    let times = wanted.drives.as_ref().and_then(|drives| time_machines(&drives.time_machines));
    box_itself.chain(ANNOUNCED_DRIVES.into_iter().zip([drives, times])).collect()
}

/// The drives for backups of Macs. The numbers are those by which a Mac knows a drive of SMB that takes backups.
fn time_machines(names: &[String]) -> Option<String> {
    let drive = |(number, name): (usize, &String)| {
        // What a name may not have between quotes and commas is not in one; whoever made it, it ends nothing here.
        let plain: String = name.chars().filter(|c| c.is_alphanumeric() || " -_.".contains(*c)).collect();
        format!(" \"dk{number}=adVN={plain},adVF=0x82\"")
    };
    let drives: String = names.iter().enumerate().map(drive).collect();
    (!names.is_empty()).then(|| format!("[Service]\nName=%H\nType=_adisk._tcp\nPort=9\nTxtText=sys=adVF=0x100{drives}\n"))
}

/// The file of timesyncd. The image's own says that nobody is asked; this one says who is.
pub(crate) fn time(source: &TimeSource) -> Wanted {
    let text = match source {
        TimeSource::Nobody => None,
        TimeSource::Usual => Some(format!("[Time]\nFallbackNTP={DEBIAN}\n")),
        TimeSource::Servers(servers) => Some(format!("[Time]\nNTP={}\n", servers.join(" "))),
    };
    (TIME, text)
}

/// An id as a word of such a file, whoever made it.
fn letters(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Drives;

    fn text(files: &[Wanted]) -> String {
        files.iter().map(|(path, text)| format!("=== {path}\n{}\n", text.as_deref().unwrap_or("(none)\n"))).collect()
    }

    fn address(net: &str, gateway: &str, dns: &[&str]) -> StaticAddress {
        StaticAddress {
            address: net.parse().expect("a network"),
            gateway: gateway.parse().ok(),
            dns: dns.iter().map(|server| server.parse().expect("an address")).collect(),
            interface: None,
        }
    }

    #[test]
    fn a_fixed_address_takes_its_family_from_the_router() {
        let four = address("192.168.1.20/24", "192.168.1.1", &["192.168.1.1", "fd00::1"]);
        let six = address("fd00::20/64", "", &[]);
        let automatic = addressing(&Addressing { fixed: None, router_time: true });
        let four = addressing(&Addressing { fixed: Some(("enp1s0".into(), four)), router_time: true });
        let six = addressing(&Addressing { fixed: Some(("enp1s0".into(), six)), router_time: false });
        insta::assert_snapshot!([automatic, four, six].map(|files| text(&files)).join("\n"));
    }

    #[test]
    fn strangers_are_told_that_a_box_is_here_and_no_version() {
        let told = announcement(&Announcement { id: "ab12\nPort=1 %".into(), claimed: false, drives: None });
        insta::assert_snapshot!(text(&told));
    }

    #[test]
    fn drives_are_told_while_there_are_any() {
        let drives = Drives { time_machines: vec!["Time Machine ana".into(), "x\"\nPort=1,y=%".into()] };
        let told = announcement(&Announcement { id: "ab12".into(), claimed: true, drives: Some(drives) });
        insta::assert_snapshot!(text(&told[2..]));
    }

    #[test]
    fn the_time_is_asked_of_nobody_of_the_usual_or_of_some() {
        let sources = [TimeSource::Nobody, TimeSource::Usual, TimeSource::Servers(vec!["ntp.example".into(), "192.168.1.1".into()])];
        insta::assert_snapshot!(text(&sources.map(|source| time(&source))));
    }
}
