//! What would give a container more reach: what is refused by policy, what by its key, and what a person may agree to.

use crate::{
    Capability, Permission, Service, ServiceName, Wall,
    draft::{Draft, ReasonKind},
    tree::Node,
};

/// Files and folders of the box through which an app would hold the engine, all other apps or the box itself. A folder that one of them lies in
/// gives it, too, so `/`, `/var` and `/run` are guarded with them.
const GUARDED: &[&str] = &[
    "/run/containerd",
    "/run/crio",
    "/run/croft",
    "/run/docker",
    "/run/docker.pid",
    "/run/docker.sock",
    "/run/podman",
    "/run/user",
    "/var/lib/casaos",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/croft",
    "/var/lib/docker",
];

/// Keys of a service that give a container more reach and that this box has no consent for. An app that has one is refused with its name.
pub(crate) const REFUSED_KEYS: &[&str] = &[
    "cgroup_parent",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "credential_spec",
    "device_cgroup_rules",
    "external_links",
    "isolation",
    "models",
    "oom_kill_disable",
    "oom_score_adj",
    "post_start",
    "pre_stop",
    "provider",
    "storage_opt",
    "use_api_socket",
    "userns_mode",
    "uts",
    "volume_driver",
    "volumes_from",
];

/// Keys that compose reads as privileges. Somebody who writes one of them in another way (`network-mode`, `capAdd`) means it, so it is not left out.
const PRIVILEGES: &[&str] = &[
    "cap_add",
    "cgroup",
    "devices",
    "gpus",
    "group_add",
    "ipc",
    "network_mode",
    "pid",
    "privileged",
    "runtime",
    "security_opt",
    "sysctls",
    "volumes",
];

/// Whether an absolute path of the box is one that no app gets.
pub(crate) fn is_guarded(path: &str) -> bool {
    // `/var/run` is another name of `/run`.
    let path = path
        .strip_prefix("/var/run")
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .map_or_else(|| path.to_owned(), |rest| format!("/run{rest}"));
    let below =
        |inner: &str, outer: &str| outer == "/" || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    path.ends_with("/docker.sock")
        || path.ends_with("/podman.sock")
        || GUARDED.iter().any(|guarded| below(guarded, &path) || below(&path, guarded))
}

/// Judges a key that no reader knows: a privilege refuses the app, anything else is a remark.
pub(super) fn unknown(draft: &mut Draft, name: &ServiceName, key: &str) {
    let bare = |key: &str| key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>();
    if key.starts_with("x-") {
        return;
    }
    if PRIVILEGES.iter().chain(REFUSED_KEYS).any(|privilege| bare(privilege) == bare(key)) {
        draft.refuse(
            ReasonKind::Privilege,
            format!("`{key}` of the service `{name}` would give it more reach, and there is no consent for that"),
        );
    } else {
        draft.remark(format!("the key `{key}` of the service `{name}` is not known here and was left out"));
    }
}

/// `pid`, `ipc` and `cgroup`: those of the box are refused by policy, any of another container by its key.
pub(super) fn namespace(draft: &mut Draft, name: &ServiceName, key: &str, node: &Node) {
    let Some(value) = draft.constant(&format!("`{key}` of the service `{name}`"), node.text_or_empty()) else { return };
    match (key, value.as_str()) {
        (_, "" | "private") | ("ipc", "shareable" | "none") => {}
        (_, "host") => {
            let sees = if key == "pid" {
                "every process"
            } else if key == "ipc" {
                "the shared memory of every process"
            } else {
                "the control groups"
            };
            draft.refuse(ReasonKind::Policy, format!("`{key}: host`: the service `{name}` would see {sees} of the box, which no app does"));
        }
        _ => draft.refuse(ReasonKind::Privilege, format!("`{key}: {value}` of the service `{name}` is not supported")),
    }
}

/// `security_opt`: what takes a wall away is a permission.
pub(super) fn security(draft: &mut Draft, service: &mut Service, name: &ServiceName, node: &Node) {
    for option in node.elements().iter().filter_map(Node::text) {
        let option = option.replace('=', ":");
        let wall = match option.as_str() {
            "no-new-privileges" | "no-new-privileges:true" => continue,
            "seccomp:unconfined" => Wall::Seccomp,
            "apparmor:unconfined" | "label:disable" => Wall::Label,
            "systempaths:unconfined" => Wall::SystemPaths,
            "no-new-privileges:false" => {
                draft.remark(format!("`no-new-privileges:false` of the service `{name}` was left out: no app gets new privileges"));
                continue;
            }
            _ => {
                draft.refuse(ReasonKind::Privilege, format!("`security_opt: {option}` of the service `{name}` is not supported"));
                continue;
            }
        };
        service.unconfined.insert(wall);
        draft.permit(Permission::Unconfined { wall });
    }
}

/// `cap_add`: each is a permission, but for those that every container has.
pub(super) fn capabilities(draft: &mut Draft, name: &ServiceName, node: &Node, adds: Adds) -> Vec<Capability> {
    let place = format!("the capabilities of the service `{name}`");
    let texts: Vec<String> = node.elements().iter().filter_map(Node::text).map(|text| text.to_ascii_uppercase()).collect();
    let mut found = Vec::new();
    for text in texts {
        let Some(capability) = draft.parsed::<Capability>(&place, text.strip_prefix("CAP_").unwrap_or(&text)) else { continue };
        if adds == Adds::Yes && !USUAL.contains(&capability.as_str()) {
            draft.permit(Permission::Capability { name: capability.clone() });
        }
        found.push(capability);
    }
    found
}

/// Whether capabilities are added or dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adds {
    Yes,
    No,
}

/// Capabilities that engines give to every container.
const USUAL: &[&str] =
    &["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"];

/// Networks of the file: one of the home network itself is refused.
pub(super) fn networks(draft: &mut Draft, networks: &Node) {
    for (name, network) in networks.entries() {
        let driver = network.get("driver").text_or_empty();
        match driver {
            "" | "bridge" | "default" => {}
            _ => draft.refuse(
                ReasonKind::Privilege,
                format!("`driver: {driver}` of the network `{name}` would put the app into another network"),
            ),
        }
    }
}

/// Volumes of the file: one that a driver makes may lie anywhere.
pub(super) fn volumes(draft: &mut Draft, volumes: &Node) {
    for (name, volume) in volumes.entries() {
        let driver = volume.get("driver").text_or_empty();
        let options = volume.get("driver_opts");
        let kind = options.get("type").text_or_empty();
        if kind == "tmpfs" {
            draft.remark(format!("the volume `{name}` is kept, not in memory"));
        } else if !options.entries().is_empty() || !matches!(driver, "" | "local") {
            draft.refuse(
                ReasonKind::Privilege,
                format!("`driver_opts` or `driver` of the volume `{name}` would put it somewhere else on the box or in the network"),
            );
        }
        if volume.get("external").switch() == Some(true) {
            draft.remark(format!("the volume `{name}` is made by somebody else there; here it is the app's own"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_the_engine_is_guarded() {
        for path in [
            "/",
            "/run",
            "/var",
            "/var/run",
            "/var/lib",
            "/run/docker.sock",
            "/var/run/docker.sock",
            "/var/run/podman/podman.sock",
            "/run/user/1000",
            "/var/lib/docker/volumes/x",
            "/var/lib/croft",
            "/srv/docker.sock",
        ] {
            assert!(is_guarded(path), "{path}");
        }
        for path in ["/etc", "/run/dbus", "/var/run/dbus", "/var/lib/libvirt", "/var/runner", "/dev", "/sys", "/run/systemd/system"] {
            assert!(!is_guarded(path), "{path}");
        }
    }
}
