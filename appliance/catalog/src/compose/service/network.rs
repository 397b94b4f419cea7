//! How a service is reached, and what it waits for.

use core::net::IpAddr;

use crate::{After, HostAddress, HostName, Network, Permission, draft::ReasonKind, tree::Node};

use super::Reading;

impl Reading<'_, '_> {
    pub(super) fn depends_on(&mut self, node: &Node) {
        let place = self.place("depends_on");
        let waits: Vec<(String, After)> = match node {
            Node::Map(entries) => entries
                .iter()
                .map(|(name, how)| {
                    let after = match how.get("condition").text_or_empty() {
                        "service_healthy" => After::Healthy,
                        "service_completed_successfully" => After::Completed,
                        _ => After::Started,
                    };
                    (name.clone(), after)
                })
                .collect(),
            other => other.elements().iter().filter_map(Node::text).map(|name| (name.to_owned(), After::Started)).collect(),
        };
        for (name, after) in waits {
            if let Some(name) = self.draft.parsed(&place, &name) {
                self.service.after.insert(name, after);
            }
        }
    }

    /// `links`: an old way to wait for a service.
    pub(super) fn links(&mut self, node: &Node) {
        let place = self.place("links");
        for link in node.elements().iter().filter_map(Node::text) {
            let (name, alias) = link.split_once(':').unwrap_or((link, link));
            if alias != name {
                self.draft.refuse(ReasonKind::Unsupported, format!("{place}: another name for a service (`{link}`) is not supported"));
            }
            if let Some(name) = self.draft.parsed(&place, name) {
                self.service.after.entry(name).or_insert(After::Started);
            }
        }
    }

    pub(super) fn networks(&mut self, node: &Node) {
        let place = self.place("networks");
        for (_, network) in node.entries() {
            for alias in network.get("aliases").elements().iter().filter_map(Node::text) {
                let alias = self.draft.constant(&place, alias);
                self.service.aliases.extend(alias.and_then(|alias| self.draft.parsed::<HostName>(&place, &alias)));
            }
            if let Some(address) = network.get("ipv4_address").text() {
                self.aside.address = Some(address.to_owned());
                self.draft.remark(format!("{place}: the fixed address was left out, services find each other by name"));
            }
        }
    }

    pub(super) fn network_mode(&mut self, key: &str, node: &Node) {
        match self.constant(key, node).unwrap_or_default().as_str() {
            "" | "bridge" | "default" => {}
            "none" => self.service.network = Network::None,
            "host" => {
                self.service.network = Network::Host;
                self.draft.permit(Permission::HostNetwork);
            }
            mode => match mode.strip_prefix("service:").or_else(|| mode.strip_prefix("container:")) {
                Some(other) => {
                    let place = self.place(key);
                    if let Some(service) = self.draft.parsed(&place, other) {
                        self.service.network = Network::Of { service };
                    }
                }
                // Any other is the name of a network.
                None => {
                    let place = self.place(key);
                    self.draft.remark(format!("{place}: the app has a network of its own instead of `{mode}`"));
                }
            },
        }
    }

    pub(super) fn extra_hosts(&mut self, node: &Node) {
        let place = self.place("extra_hosts");
        let hosts: Vec<(String, String)> = match node {
            Node::Map(entries) => entries.iter().map(|(host, address)| (host.clone(), address.text_or_empty().to_owned())).collect(),
            other => (other.elements().iter().filter_map(Node::text))
                .filter_map(|text| text.split_once('=').or_else(|| text.split_once(':')))
                .map(|(host, address)| (host.to_owned(), address.to_owned()))
                .collect(),
        };
        for (host, address) in hosts {
            let Some(address) = self.draft.constant(&place, &address) else { continue };
            let to = match address.trim_matches(['[', ']']).parse::<IpAddr>() {
                Ok(address) => HostAddress::Address { address },
                Err(_) if address == "host-gateway" => HostAddress::Gateway,
                Err(_) => {
                    self.draft.refuse(ReasonKind::Invalid, format!("{place}: `{address}` is no address"));
                    continue;
                }
            };
            if let Some(host) = self.draft.parsed(&place, &host) {
                self.service.extra_hosts.insert(host, to);
            }
        }
    }
}
