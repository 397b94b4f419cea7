//! What services say about each other, once all are read: names, order, whose network it is.

use std::collections::BTreeMap;

use crate::{
    After, Network, Restart, ServiceName,
    draft::{Draft, ReasonKind},
};

use super::Aside;

/// Services on a way of waiting; a circle is longer than this.
const MAX_CHAIN: usize = crate::MAX_SERVICES;

/// Puts what services say about each other in order.
pub(super) fn settle(draft: &mut Draft, asides: &mut BTreeMap<ServiceName, Aside>, named: &[&str]) {
    let names: Vec<ServiceName> = draft.spec.services.keys().cloned().collect();
    let containers: BTreeMap<String, ServiceName> =
        asides.iter().filter_map(|(name, aside)| Some((aside.container.as_ref()?.to_string(), name.clone()))).collect();
    let mut completed = Vec::new();
    let mut wrong = Vec::new();
    for (name, service) in &mut draft.spec.services {
        for (other, after) in &service.after {
            if *after == After::Completed {
                completed.push(other.clone());
            }
            if !names.contains(other) && !named.contains(&other.as_str()) {
                wrong.push(format!("the service `{name}` waits for `{other}`, which there is not"));
            }
        }
        service.after.retain(|other, _| names.contains(other) && other != name);
        if let Network::Of { service: other } = &mut service.network
            && !names.contains(other)
        {
            match containers.get(other.as_str()) {
                Some(found) => *other = found.clone(),
                None => wrong.push(format!("the service `{name}` is in the network of `{other}`, which there is not")),
            }
        }
    }
    for name in completed {
        if let Some(service) = draft.spec.services.get_mut(&name) {
            service.restart = Restart::Never;
        }
    }
    wrong.extend(
        names.iter().filter(|name| waits_for_itself(draft, name)).map(|name| format!("the service `{name}` waits for itself in the end")),
    );
    for sentence in wrong {
        draft.refuse(ReasonKind::Invalid, sentence);
    }
}

fn waits_for_itself(draft: &Draft, name: &ServiceName) -> bool {
    let mut reached: Vec<&ServiceName> = vec![name];
    let mut at = 0;
    while let Some(next) = reached.get(at) {
        let after = draft.spec.services.get(*next).map(|service| service.after.keys()).into_iter().flatten();
        for other in after {
            if other == name {
                return true;
            }
            if !reached.contains(&other) && reached.len() < MAX_CHAIN {
                reached.push(other);
            }
        }
        at += 1;
    }
    false
}
