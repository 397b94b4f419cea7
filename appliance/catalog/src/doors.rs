//! Which of an app's ports is its page, and which the home network reaches beside it.

use std::collections::BTreeMap;

use crate::{Door, Network, Permission, Port, Protocol, Scheme, ServiceName, SignIn, Text, compose::Aside, draft::Draft};

/// Ports on which pages are usually, the likeliest first.
const PAGES: &[u16] = &[80, 8080, 3000, 8000, 443, 8443, 5000, 9000];

/// A door of `service` on `port`.
pub(crate) fn door(service: ServiceName, port: u16, scheme: Scheme, path: &str) -> Door {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Door { service, port, scheme, path: Text::new(&path), sign_in: SignIn::Household, open_paths: Vec::new(), closed_paths: Vec::new() }
}

/// HTTPS where a catalogue says so.
pub(crate) fn scheme(text: &str) -> Scheme {
    if text.eq_ignore_ascii_case("https") { Scheme::Https } else { Scheme::Http }
}

/// The port of a service that is most likely a page: a published one before one that is only exposed.
pub(crate) fn likely(aside: &Aside) -> Option<u16> {
    let published: Vec<u16> =
        aside.published.iter().filter(|one| one.protocol == Protocol::Tcp && one.through.is_none()).map(|one| one.port).collect();
    let of = |ports: &[u16]| PAGES.iter().find(|page| ports.contains(page)).or_else(|| ports.first()).copied();
    of(&published).or_else(|| of(&aside.exposed))
}

/// Makes every published port but the door's one that the home network reaches.
pub(crate) fn publish(draft: &mut Draft, asides: &BTreeMap<ServiceName, Aside>) {
    for (name, aside) in asides {
        for one in &aside.published {
            let is_door = draft.spec.door.as_ref().is_some_and(|door| {
                door.service == *name && door.port == one.port && one.through.is_none() && one.protocol == Protocol::Tcp
            });
            if one.loopback {
                draft.remark(format!("the port {} of the service `{name}` was for the box alone and is not published", one.port));
            } else if !is_door && draft.spec.services.get(name).is_some_and(|service| service.network != Network::Host) {
                let port = Port { service: name.clone(), port: one.port, through: one.through, wanted: one.wanted, protocol: one.protocol };
                draft.permit(Permission::LanPort { port: one.port, through: one.through, protocol: one.protocol });
                if !draft.spec.ports.contains(&port) {
                    draft.spec.ports.push(port);
                }
            }
        }
    }
}
