//! Compose files: what every kind of catalogue is made of. What gives a container more reach is a permission or a refusal, never left out silently.

mod links;
mod ports;
mod privilege;
mod quantity;
mod service;
mod volumes;

use std::collections::BTreeMap;

pub(crate) use ports::Published;
pub(crate) use privilege::{REFUSED_KEYS, is_guarded};

use crate::names::tidied;
use crate::{
    AppId, DataPath, HostName, MAX_SERVICES, Service, ServiceName,
    draft::{Draft, ReasonKind},
    tree::Node,
};

/// Top-level keys that are read, or that mean nothing here.
const KNOWN: &[&str] = &["version", "name", "services", "networks", "volumes", "configs", "secrets"];

/// What the compose file says beside the services themselves.
pub(crate) struct Context<'a> {
    /// The whole file.
    root: &'a Node,
    /// Texts of files beside it, by name: `env_file` and contents of `configs`.
    texts: &'a BTreeMap<String, String>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(root: &'a Node, texts: &'a BTreeMap<String, String>) -> Self {
        Self { root, texts }
    }
}

/// What a service has beside what is in its spec.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aside {
    /// Ports as they are published.
    pub(crate) published: Vec<Published>,
    /// Ports that it says to answer on, without publishing them.
    pub(crate) exposed: Vec<u16>,
    /// Its container's name.
    pub(crate) container: Option<HostName>,
    /// The static address that it has, as it is written.
    pub(crate) address: Option<String>,
}

/// Reads all services into `draft`; what else they say is returned.
pub(crate) fn read(draft: &mut Draft, context: &Context<'_>) -> BTreeMap<ServiceName, Aside> {
    let root = context.root;
    for (key, _) in root.entries() {
        if matches!(key.as_str(), "include" | "models") {
            draft.refuse(ReasonKind::Unsupported, format!("`{key}` is not supported"));
        }
    }
    draft.unknown_keys("the compose file", root, KNOWN);
    privilege::networks(draft, root.get("networks"));
    privilege::volumes(draft, root.get("volumes"));
    let services = root.get("services");
    if services.entries().len() > MAX_SERVICES {
        draft.refuse(ReasonKind::Invalid, format!("it has more than {MAX_SERVICES} services"));
        return BTreeMap::new();
    }
    let named: Vec<&str> = services.entries().iter().map(|(name, _)| name.as_str()).collect();
    let mut asides = BTreeMap::new();
    for (name, node) in services.entries() {
        if !node.get("profiles").elements().is_empty() && !is_needed(name, services) {
            draft.remark(format!("the service `{name}` belongs to a profile that is off and was left out"));
            continue;
        }
        let Some(name) = draft.parsed::<ServiceName>("services", name) else { continue };
        if let Some((service, aside)) = service::read(draft, context, &name, node) {
            draft.spec.services.insert(name.clone(), service);
            asides.insert(name, aside);
        }
    }
    links::settle(draft, &mut asides, &named);
    asides
}

/// Whether another service without a profile waits for `name`.
fn is_needed(name: &str, services: &Node) -> bool {
    services.entries().iter().any(|(_, node)| {
        let after = node.get("depends_on");
        node.get("profiles").is_null() && (after.elements().iter().any(|one| one.text() == Some(name)) || !after.get(name).is_null())
    })
}

/// The keys of a mapping that may also be a list of `KEY=VALUE`; a value may be missing.
pub(crate) fn pairs(node: &Node) -> Vec<(String, Option<String>)> {
    match node {
        Node::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), value.text().map(str::to_owned))).collect(),
        Node::List(elements) => elements
            .iter()
            .flat_map(|element| match element {
                Node::Map(_) => pairs(element),
                other => other.text().map(pair).into_iter().collect(),
            })
            .collect(),
        Node::Text(_) | Node::Null => Vec::new(),
    }
}

fn pair(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// The lines `KEY=VALUE` of a file of variables.
pub(crate) fn variables(text: &str) -> Vec<(String, String)> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("export ").unwrap_or(line).split_once('='))
        .map(|(key, value)| {
            let value = value.trim();
            let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.split(*quote).next());
            let plain = value.split(" #").next().unwrap_or_default().trim_end();
            (key.trim().to_owned(), quoted.unwrap_or(plain).to_owned())
        })
        .collect()
}

/// The name of a file beside the manifest, as `env_file` and `file` give it.
pub(crate) fn beside(path: &str) -> &str {
    let path = ["${APP_DATA_DIR}/", "$APP_DATA_DIR/"].into_iter().find_map(|folder| path.strip_prefix(folder)).unwrap_or(path);
    path.trim_start_matches("./")
}

/// Files beside the manifest whose text the compose file `root` asks for.
pub(crate) fn asks_for(root: &Node) -> Vec<String> {
    let of_services = root.get("services").entries().iter().flat_map(|(_, service)| match service.get("env_file") {
        Node::List(elements) => {
            elements.iter().map(|element| element.text().unwrap_or_else(|| element.get("path").text_or_empty())).collect()
        }
        other => other.text().into_iter().collect::<Vec<_>>(),
    });
    let written =
        ["configs", "secrets"].into_iter().flat_map(|kind| root.get(kind).entries()).filter_map(|(_, given)| given.get("file").text());
    of_services.chain(written).map(|path| beside(path).to_owned()).collect()
}

/// The folder for what a compose file names without saying where it lies.
pub(crate) fn volume_path(draft: &mut Draft, name: &str) -> Option<DataPath> {
    draft.parsed(&format!("the volume `{name}`"), &format!("volumes/{name}"))
}

/// The id of an app out of `name`, or why there is none.
pub(crate) fn app_id(name: &str) -> Result<AppId, croft_model::Invalid> {
    name.parse().or_else(|_| tidied(name))
}

/// A service whose image nobody could read; it stands in for one while the app is refused anyway.
pub(crate) fn image_of(draft: &mut Draft, place: &str, text: &str) -> Option<Service> {
    let text = draft.constant(place, text)?;
    let image: crate::Image = draft.parsed(place, text.trim())?;
    if image.digest().is_none() {
        draft.remark(format!("the image {image} is named by a tag: its digest is recorded at install"));
    }
    Some(Service::new(image))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_variables_are_read() {
        let read = variables("# a\nA=1\nexport B = \"x # y\" # z\nC='q'\nD=a b # c\nE=\nnothing\n");
        let read: Vec<(&str, &str)> = read.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(read, [("A", "1"), ("B", "x # y"), ("C", "q"), ("D", "a b"), ("E", "")]);
    }
}
