//! Under which names the box answers. Any other `Host` is refused, so that a foreign page cannot rebind its name to the box and talk to it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use croft_model::{Problem, Projection};
use http::{HeaderMap, Uri, header, uri::Authority};

/// How long addresses of the interfaces are taken for those of now.
const KNOWN_FOR: Duration = Duration::from_secs(1);

/// The `Host` of a request, checked.
///
/// # Errors
/// `host-unknown` (421) when the box does not go by that name, `host-missing` (400) when none was sent.
pub(crate) fn check(uri: &Uri, headers: &HeaderMap, projection: Option<&Projection>) -> Result<Authority, Problem> {
    let missing = || Problem::new(400, "host-missing", "The request does not say which host it is for.").key("Host");
    let authority = match uri.authority() {
        Some(authority) => authority.clone(),
        None => {
            let mut hosts = headers.get_all(header::HOST).iter();
            let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(missing()) };
            host.to_str().ok().and_then(|host| host.parse().ok()).ok_or_else(missing)?
        }
    };
    if authority.as_str().contains('@') || !is_ours(authority.host(), projection) {
        return Err(Problem::new(421, "host-unknown", format!("This box does not go by the name {}.", authority.host()))
            .hint("Open it by its own name or address, or add the name under Settings, Door.")
            .key("Host"));
    }
    Ok(authority)
}

fn is_ours(host: &str, projection: Option<&Projection>) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        // No page can rebind a name to be an address, so loopback needs no look at the interfaces.
        return address.is_loopback() || is_own(address);
    }
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || projection.is_some_and(|projection| projection.host_names().contains(&host) || projection.app_at(&host).is_some())
}

/// Whether an interface of this machine has `address`, or had it [`KNOWN_FOR`] ago: to ask costs more than to answer a small request.
fn is_own(address: IpAddr) -> bool {
    static KNOWN: Mutex<Option<(Instant, Vec<IpAddr>)>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.as_ref().is_none_or(|(since, _)| since.elapsed() > KNOWN_FOR) {
        *known = Some((Instant::now(), own_addresses()));
    }
    known.as_ref().is_some_and(|(_, addresses)| addresses.contains(&address))
}

/// Addresses of this machine's interfaces, loopback included.
pub(crate) fn own_addresses() -> Vec<IpAddr> {
    let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => addresses.extend(interfaces.iter().map(if_addrs::Interface::ip)),
        Err(error) => tracing::warn!(%error, "the addresses of this machine cannot be read"),
    }
    addresses.sort();
    addresses.dedup();
    addresses
}

#[cfg(test)]
mod tests {
    use croft_model::{BoxSettings, DoorSettings};

    use super::*;

    fn check_host(host: &str, status: Option<u16>) {
        let projection = Projection {
            this_box: Some(BoxSettings { host: "hollyhock".into(), ..BoxSettings::default() }),
            door: Some(DoorSettings { extra_names: vec!["files.home.arpa".into()], ..DoorSettings::default() }),
            ..Projection::default()
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header"));
        let verdict = check(&Uri::from_static("/"), &headers, Some(&projection));
        assert_eq!(verdict.err().map(|problem| problem.status), status, "{host}");
    }

    #[test]
    fn only_own_names_are_answered() {
        for own in ["hollyhock.local", "HOLLYHOCK.local:8443", "localhost:8443", "127.0.0.1", "[::1]:443", "files.home.arpa"] {
            check_host(own, None);
        }
        for foreign in
            ["evil.example", "hollyhock.local.evil.example", "hollyhock", "192.0.2.7", "x.hollyhock.local", "[2001:db8::1]", "0x7f.1"]
        {
            check_host(foreign, Some(421));
        }
        for broken in ["", "a b", "user@hollyhock.local"] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, broken.parse().expect("a header"));
            assert!(check(&Uri::from_static("/"), &headers, None).is_err(), "{broken}");
        }
    }
}
