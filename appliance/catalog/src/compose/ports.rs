//! Ports that a service publishes. Those of the box are wishes: the box gives others where they are taken.

use crate::{
    Protocol, ServiceName,
    draft::{Draft, ReasonKind},
    tree::Node,
};

/// Ports that one service publishes, rows counted once.
const MAX_PUBLISHED: usize = 128;

/// A port, or a row of ports, that a service publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    /// Inside of the container.
    pub(crate) port: u16,
    /// The last one, where it is a row.
    pub(crate) through: Option<u16>,
    /// On the box.
    pub(crate) wanted: Option<u16>,
    pub(crate) protocol: Protocol,
    /// Whether the box alone reaches it.
    pub(crate) loopback: bool,
}

/// `ports` of a service.
pub(super) fn read(draft: &mut Draft, name: &ServiceName, node: &Node) -> Vec<Published> {
    let place = format!("a port of the service `{name}`");
    let mut found = Vec::new();
    for element in node.elements() {
        if found.len() >= MAX_PUBLISHED {
            draft.refuse(ReasonKind::Invalid, format!("the service `{name}` publishes more than {MAX_PUBLISHED} ports"));
            break;
        }
        let text = match element {
            Node::Map(_) => long(draft, &place, element),
            other => other.text().map(str::to_owned),
        };
        let Some(text) = text.and_then(|text| draft.constant(&place, &text)) else { continue };
        match short(&text) {
            Some(published) if !found.contains(&published) => found.push(published),
            Some(_) => {}
            None => draft.refuse(ReasonKind::Invalid, format!("{place}: `{text}` is no port")),
        }
    }
    found
}

/// The long form, as the short one.
fn long(draft: &mut Draft, place: &str, node: &Node) -> Option<String> {
    draft.unknown_keys(place, node, &["target", "published", "protocol", "host_ip", "mode", "name", "app_protocol"]);
    let target = node.get("target").text()?;
    let published = node.get("published").text_or_empty();
    let protocol = node.get("protocol").text().map(|protocol| format!("/{protocol}")).unwrap_or_default();
    let address = node.get("host_ip").text().filter(|address| !address.is_empty()).map(|address| format!("{address}:")).unwrap_or_default();
    Some(if published.is_empty() { format!("{target}{protocol}") } else { format!("{address}{published}:{target}{protocol}") })
}

/// `[[address:]published:]target[/protocol]`.
fn short(text: &str) -> Option<Published> {
    let (ports, protocol) = match text.rsplit_once('/') {
        Some((ports, "udp" | "UDP")) => (ports, Protocol::Udp),
        Some((ports, "tcp" | "TCP")) => (ports, Protocol::Tcp),
        Some(_) => return None,
        None => (text, Protocol::Tcp),
    };
    let (before, target) = ports.rsplit_once(':').map_or((None, ports), |(before, target)| (Some(before), target));
    let (address, published) = match before {
        Some(before) => before.rsplit_once(':').map_or((None, Some(before)), |(address, published)| (Some(address), Some(published))),
        None => (None, None),
    };
    let (port, through) = row(target)?;
    let wanted = match published.filter(|published| !published.is_empty()) {
        Some(published) => {
            let (first, last) = row(published)?;
            // A row of ports of the box for one of the container lets the engine choose.
            if last.is_some() && through.is_none() { None } else { Some(first) }
        }
        None => None,
    };
    let loopback = matches!(address, Some("127.0.0.1" | "localhost" | "[::1]" | "::1"));
    Some(Published { port, through, wanted, protocol, loopback })
}

/// A port, or the first and the last of a row.
fn row(text: &str) -> Option<(u16, Option<u16>)> {
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    match text.split_once('-') {
        None => Some((port(text)?, None)),
        Some((first, last)) => {
            let (first, last) = (port(first)?, port(last)?);
            (first <= last).then_some((first, (first < last).then_some(last)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_in_all_ways() {
        type Expected = (u16, Option<u16>, Option<u16>, Protocol, bool);
        let check = |text: &str, expected: Option<Expected>| {
            let read = short(text).map(|one| (one.port, one.through, one.wanted, one.protocol, one.loopback));
            assert_eq!(read, expected, "{text}");
        };
        check("80", Some((80, None, None, Protocol::Tcp, false)));
        check("8080:80/tcp", Some((80, None, Some(8080), Protocol::Tcp, false)));
        check("127.0.0.1:53:53/udp", Some((53, None, Some(53), Protocol::Udp, true)));
        check("[::1]:1:2", Some((2, None, Some(1), Protocol::Tcp, true)));
        check("127.0.0.1::80", Some((80, None, None, Protocol::Tcp, true)));
        check("5000-5010:5000-5010", Some((5000, Some(5010), Some(5000), Protocol::Tcp, false)));
        check("8000-9000:80", Some((80, None, None, Protocol::Tcp, false)));
        for text in ["", "0", "65536", "a", "80/sctp", "10-5", ":", "80:"] {
            check(text, None);
        }
    }
}
