//! One service of a compose file, key by key.

mod limits;
mod network;

use crate::{
    Device, EnvName, MAX_ENTRIES, Network, Permission, Restart, Service, ServiceName, Template, Text, WrittenFile,
    draft::{Draft, ReasonKind},
    tree::Node,
};

use super::{Aside, Context, REFUSED_KEYS, beside, image_of, pairs, ports, privilege, quantity, variables, volumes};

/// Who may do what with a file that the manifest contains, where it does not say: everybody may read it.
const FILE_MODE: u32 = 0o444;

/// Reads a service. What gives it no spec is a reason of `draft`.
pub(super) fn read(draft: &mut Draft, context: &Context<'_>, name: &ServiceName, node: &Node) -> Option<(Service, Aside)> {
    let place = format!("the image of the service `{name}`");
    let image = node.get("image");
    let mut service = match image.text() {
        Some(text) => image_of(draft, &place, text),
        None => {
            let why = if node.get("build").is_null() { "names no image" } else { "is built from source, which this box does not do" };
            draft.refuse(ReasonKind::Unsupported, format!("the service `{name}` {why}"));
            None
        }
    };
    // What else is wrong is told, too, so a service without an image is read to its end.
    let whole = service.is_some();
    let mut read = Reading {
        draft,
        context,
        name,
        service: service.take().or_else(|| "none".parse().ok().map(Service::new))?,
        aside: Aside::default(),
    };
    for (key, value) in node.entries() {
        let many = value.entries().len().max(if let Node::List(elements) = value { elements.len() } else { 0 });
        if many > MAX_ENTRIES {
            read.draft.refuse(ReasonKind::Invalid, format!("`{key}` of the service `{name}` has more than {MAX_ENTRIES} entries"));
        } else {
            read.key(key, value);
        }
    }
    let Reading { service, aside, draft, .. } = read;
    if service.network == Network::Host && service.sysctls.keys().any(|key| key.starts_with("net.")) {
        draft.refuse(
            ReasonKind::Privilege,
            format!("`sysctls` of the service `{name}` are those of the whole box, since it has the box's network"),
        );
    }
    whole.then_some((service, aside))
}

struct Reading<'a, 'b> {
    draft: &'a mut Draft,
    context: &'a Context<'b>,
    name: &'a ServiceName,
    service: Service,
    aside: Aside,
}

impl Reading<'_, '_> {
    fn place(&self, key: &str) -> String {
        format!("`{key}` of the service `{}`", self.name)
    }

    fn constant(&mut self, key: &str, node: &Node) -> Option<String> {
        let place = self.place(key);
        node.text().and_then(|text| self.draft.constant(&place, text)).filter(|text| !text.is_empty())
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&mut self, key: &str, node: &Node) -> Option<T> {
        let text = self.constant(key, node)?;
        let place = self.place(key);
        self.draft.parsed(&place, &text)
    }

    /// A number that `read` makes of a text.
    fn quantity<T>(&mut self, key: &str, node: &Node, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.constant(key, node)?;
        let value = read(&text);
        if value.is_none() {
            let place = self.place(key);
            self.draft.remark(format!("{place}: `{text}` is no such quantity and was left out"));
        }
        value
    }

    fn key(&mut self, key: &str, node: &Node) {
        match key {
            "image" | "build" | "pull_policy" | "platform" | "logging" | "labels" | "annotations" | "attach" | "scale" | "develop"
            | "profiles" | "stdin_open_once" | "label_file" => {}
            "container_name" => {
                self.aside.container = self.parsed(key, node);
                self.service.aliases.extend(self.aside.container.clone().filter(|alias| **alias != **self.name));
            }
            "environment" => self.environment(node),
            "env_file" => self.env_file(node),
            "command" => self.service.command = self.line(key, node),
            "entrypoint" => self.service.entrypoint = self.line(key, node),
            "ports" => self.aside.published = ports::read(self.draft, self.name, node),
            "expose" => {
                let port = |text: &str| text.split('/').next().and_then(|port| port.parse().ok());
                self.aside.exposed = node.elements().iter().filter_map(Node::text).filter_map(port).collect();
            }
            "volumes" => self.mounts(node),
            "tmpfs" => {
                let mounts = volumes::temporary(self.draft, self.name, node);
                self.service.mounts.extend(mounts);
            }
            "configs" => self.written(node, "configs", "/"),
            "secrets" => self.written(node, "secrets", "/run/secrets/"),
            "user" => {
                let place = self.place(key);
                self.service.user = node.text().map(|text| self.draft.template(&place, text)).filter(|user| user.as_text() != Some(""));
            }
            "group_add" => self.service.groups = node.elements().iter().filter_map(Node::text).map(Text::new).collect(),
            "working_dir" => self.service.working_dir = self.parsed(key, node),
            "hostname" => self.service.hostname = self.parsed(key, node),
            "domainname" | "dns" | "dns_search" | "dns_opt" | "mac_address" | "cpuset" | "cpu_count" | "cpu_percent" | "mem_swappiness"
            | "blkio_config" => {
                let place = self.place(key);
                self.draft.remark(format!("{place} was left out: the box decides that"));
            }
            "depends_on" => self.depends_on(node),
            "links" => self.links(node),
            "networks" => self.networks(node),
            "network_mode" => self.network_mode(key, node),
            "healthcheck" => self.service.health = self.health(node),
            "restart" => {
                self.service.restart = match node.text_or_empty() {
                    "no" | "false" | "none" => Restart::Never,
                    text if text.starts_with("on-failure") => Restart::OnFailure,
                    _ => Restart::Always,
                }
            }
            "deploy" => self.deploy(node),
            "mem_limit" => self.service.limits.memory_bytes = self.quantity(key, node, quantity::bytes),
            "mem_reservation" => self.service.limits.memory_wanted_bytes = self.quantity(key, node, quantity::bytes),
            "memswap_limit" => {}
            "cpus" => self.service.limits.cpu_thousandths = self.quantity(key, node, quantity::thousandths),
            "cpu_shares" => self.service.limits.cpu_shares = self.quantity(key, node, |text| text.parse().ok()),
            "cpu_quota" | "cpu_period" => {}
            "pids_limit" => {
                self.service.limits.pids =
                    self.quantity(key, node, |text| text.parse::<i64>().ok()).and_then(|pids| u32::try_from(pids).ok())
            }
            "shm_size" => self.service.limits.shm_bytes = self.quantity(key, node, quantity::bytes),
            "stop_signal" => self.service.stop.signal = self.constant(key, node).map(|signal| Text::new(&signal)),
            "stop_grace_period" => self.service.stop.grace_seconds = self.quantity(key, node, quantity::seconds),
            "init" => self.service.init = self.switch(key, node),
            "read_only" => self.service.read_only_root = self.switch(key, node),
            "tty" => self.service.tty = self.switch(key, node),
            "stdin_open" => self.service.stdin_open = self.switch(key, node),
            "sysctls" => self.sysctls(node),
            "ulimits" => self.ulimits(node),
            "extra_hosts" => self.extra_hosts(node),
            _ => self.privilege(key, node),
        }
    }

    fn privilege(&mut self, key: &str, node: &Node) {
        match key {
            "privileged" => {
                if self.switch(key, node) {
                    self.service.privileged = true;
                    self.draft.permit(Permission::Privileged);
                }
            }
            "cap_add" => {
                let adds = privilege::capabilities(self.draft, self.name, node, privilege::Adds::Yes);
                self.service.cap_add.extend(adds);
            }
            "cap_drop" => {
                let drops = privilege::capabilities(self.draft, self.name, node, privilege::Adds::No);
                self.service.cap_drop.extend(drops);
            }
            "devices" => self.devices(node),
            "gpus" => self.gpu(),
            "runtime" => match node.text_or_empty() {
                "" | "runc" | "crun" => {}
                "nvidia" => self.gpu(),
                other => {
                    self.draft.refuse(ReasonKind::Privilege, format!("`runtime: {other}` of the service `{}` is not supported", self.name))
                }
            },
            "security_opt" => privilege::security(self.draft, &mut self.service, self.name, node),
            "pid" | "ipc" | "cgroup" => privilege::namespace(self.draft, self.name, key, node),
            "extends" => self.draft.refuse(ReasonKind::Unsupported, format!("`extends` of the service `{}` is not supported", self.name)),
            // What is switched off or empty asks for nothing.
            _ if REFUSED_KEYS.contains(&key) && (node.is_null() || node.switch() == Some(false) || node.text() == Some("")) => {}
            _ => privilege::unknown(self.draft, self.name, key),
        }
    }

    fn switch(&mut self, key: &str, node: &Node) -> bool {
        let text = self.constant(key, node).unwrap_or_default();
        let value = Node::Text(text).switch();
        if value.is_none() && !node.is_null() {
            let place = self.place(key);
            self.draft.refuse(ReasonKind::Invalid, format!("{place} is neither `true` nor `false`"));
        }
        value.unwrap_or(false)
    }

    fn gpu(&mut self) {
        self.service.gpu = true;
        self.draft.permit(Permission::Gpu);
    }

    fn environment(&mut self, node: &Node) {
        for (key, value) in pairs(node) {
            self.variable(&key, value.as_deref());
        }
    }

    fn variable(&mut self, key: &str, value: Option<&str>) {
        let place = format!("the environment of the service `{}`", self.name);
        let Some(name) = self.draft.parsed::<EnvName>(&place, key.trim()) else { return };
        let template = match value {
            Some(value) => self.draft.template(&format!("`{name}` of the service `{}`", self.name), value),
            // Without a value it is what the variable of that name is, where there is one.
            None if self.draft.scope.is_declared(&name) => self.draft.template(&place, &format!("${{{name}}}")),
            None => return,
        };
        self.service.environment.insert(name, template);
    }

    /// Files of variables, which the environment itself overrides.
    fn env_file(&mut self, node: &Node) {
        for element in node.elements() {
            let (path, required) = match element {
                Node::Map(_) => (element.get("path").text_or_empty(), element.get("required").switch() != Some(false)),
                other => (other.text_or_empty(), true),
            };
            match self.context.texts.get(beside(path)) {
                Some(text) => {
                    for (key, value) in variables(text) {
                        if !key.parse::<EnvName>().is_ok_and(|key| self.service.environment.contains_key(&key)) {
                            self.variable(&key, Some(&value));
                        }
                    }
                }
                None if required => {
                    self.draft.refuse(
                        ReasonKind::Unsupported,
                        format!("the file of variables `{path}` of the service `{}` is not in the catalogue", self.name),
                    );
                }
                None => {}
            }
        }
    }

    /// `command` and `entrypoint`: a line that is split, or its words. An empty one takes the image's away.
    fn line(&mut self, key: &str, node: &Node) -> Option<Vec<Template>> {
        let place = self.place(key);
        let words = match node {
            Node::Null | Node::Map(_) => return None,
            Node::Text(line) => match quantity::words(line) {
                Some(words) => words,
                None => {
                    self.draft.refuse(ReasonKind::Invalid, format!("{place} has a quote without an end"));
                    return None;
                }
            },
            Node::List(elements) => elements.iter().map(|element| element.text_or_empty().to_owned()).collect(),
        };
        Some(words.iter().map(|word| self.draft.template(&place, word)).collect())
    }

    fn mounts(&mut self, node: &Node) {
        let mounted = volumes::read(self.draft, self.name, node);
        for mount in mounted.mounts {
            if !self.service.mounts.contains(&mount) {
                self.service.mounts.push(mount);
            }
        }
        if mounted.gpu {
            self.gpu();
        }
        for device in mounted.devices {
            self.device(device);
        }
    }

    fn devices(&mut self, node: &Node) {
        let place = self.place("devices");
        for element in node.elements() {
            let (path, target, rights) = match element {
                Node::Map(_) => (element.get("source").text_or_empty(), element.get("target").text(), element.get("permissions").text()),
                other => {
                    let mut parts = other.text_or_empty().splitn(3, ':');
                    (parts.next().unwrap_or_default(), parts.next(), parts.next())
                }
            };
            let (path, target) = (path.to_owned(), target.unwrap_or(path).to_owned());
            let Some(path) = self.draft.constant(&place, &path).and_then(|path| self.draft.parsed(&place, &path)) else { continue };
            let Some(target) = self.draft.constant(&place, &target).and_then(|target| self.draft.parsed(&place, &target)) else { continue };
            let rights: String = rights.unwrap_or("rwm").chars().filter(|c| "rwm".contains(*c)).collect();
            self.device(Device { path, target, rights });
        }
    }

    fn device(&mut self, device: Device) {
        let path = device.path.as_str();
        if path == "/dev/dri" || path.starts_with("/dev/dri/") || path == "/dev/kfd" {
            self.gpu();
        } else if path.starts_with("/dev/") {
            self.draft.permit(Permission::Device { path: device.path.clone() });
            self.service.devices.push(device);
        } else {
            let place = self.place("devices");
            self.draft.refuse(ReasonKind::Invalid, format!("{place}: {path} is no device"));
        }
    }

    /// `configs` and `secrets`: files whose text the manifest contains, or that lie beside it.
    fn written(&mut self, node: &Node, kind: &str, folder: &str) {
        for element in node.elements() {
            let source = element.text().unwrap_or_else(|| element.get("source").text_or_empty());
            let target = element.get("target").text().unwrap_or(source);
            let target = if target.starts_with('/') { target.to_owned() } else { format!("{folder}{target}") };
            let place = self.place(kind);
            let given = self.context.root.get(kind).get(source);
            let mode =
                element.get("mode").text().and_then(|mode| u32::from_str_radix(mode.trim_start_matches("0o"), 8).ok()).unwrap_or(FILE_MODE);
            let content = if let Some(text) = given.get("content").text() {
                self.draft.template(&place, text)
            } else if let Some(variable) = given.get("environment").text() {
                self.draft.template(&place, &format!("${{{variable}}}"))
            } else if let Some(text) = given.get("file").text().and_then(|file| self.context.texts.get(beside(file))) {
                Template::text(text.clone())
            } else {
                self.draft.refuse(ReasonKind::Unsupported, format!("{place}: there is no text for `{source}`"));
                continue;
            };
            if let Some(target) = self.draft.parsed(&place, &target) {
                self.service.files.push(WrittenFile { target, content, mode });
            }
        }
    }
}
