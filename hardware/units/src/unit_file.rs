//! Unit files out of manifests. Pure: the image build writes them, golden tests show them, nobody edits them.

use std::fmt::Write;

use croft_model::{Manifest, Network, SocketKind, Start};

/// Where the box lies on the appliance.
const HOME: &str = "/var/lib/croft";
/// Where the sockets lie on the appliance; ends with the boot.
const RUN: &str = "/run/croft";

/// Sandbox of every role. What is not named here is in the manifest. `Restart=no`: the supervisor judges ends, so that a crash loop means
/// the same here as on a developer's machine. Only the supervisor itself is restarted by systemd.
const WALLS: &str = "\
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=no
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
UMask=0027
";

/// The service unit of a role: `croft-<role>.service`, or `croft-<role>@.service` for one process a space.
#[must_use]
pub fn unit_file(manifest: &Manifest) -> String {
    let mut text = String::new();
    let role = &manifest.name;
    line(&mut text, format_args!("[Unit]"));
    line(&mut text, format_args!("Description=Croft: {}", manifest.summary));
    line(&mut text, format_args!("PartOf=croft-supervisor.service"));
    for first in &manifest.after {
        line(&mut text, format_args!("After=croft-{first}.service"));
    }
    line(&mut text, format_args!("\n[Service]\nType=notify\nNotifyAccess=main\nRestart=no"));
    let instance = if manifest.per_space { " --instance %i" } else { "" };
    line(&mut text, format_args!("ExecStart=/usr/bin/croftd {role}{instance}"));
    if manifest.per_space {
        // The user of a space is its own number; the supervisor writes it into a drop-in when it makes the space.
        line(&mut text, format_args!("# User= and Group= stand in a drop-in of the instance"));
    } else {
        line(&mut text, format_args!("User=croft-{role}\nGroup=croft-{role}"));
    }
    // Written by the supervisor before each start: the key of the capabilities, and who may call the role.
    line(&mut text, format_args!("EnvironmentFile={RUN}/{role}{}.env", if manifest.per_space { "@%i" } else { "" }));
    line(&mut text, format_args!("OpenFile={RUN}:run:read-only"));
    for (name, directory) in &manifest.directories {
        line(&mut text, format_args!("OpenFile={HOME}/{}:{name}:read-only\nReadWritePaths={HOME}/{}", directory.path, directory.path));
    }
    for (name, path) in &manifest.files {
        let path = path.strip_prefix("run/").map_or_else(|| format!("{HOME}/{path}"), |path| format!("{RUN}/{path}"));
        line(&mut text, format_args!("OpenFile={path}:{name}:read-only"));
    }
    for name in manifest.sockets.keys() {
        line(&mut text, format_args!("Sockets={}", socket_name(manifest, name)));
    }
    line(&mut text, format_args!("WatchdogSec={}\nTimeoutStopSec={}", manifest.watchdog_seconds, manifest.stop_seconds));
    let limits = &manifest.limits;
    line(&mut text, format_args!("MemoryMax={}M\nLimitNOFILE={}\nTasksMax={}", limits.memory_mib, limits.descriptors, limits.tasks));
    match manifest.network {
        Network::None => line(&mut text, format_args!("PrivateNetwork=yes\nRestrictAddressFamilies=AF_UNIX")),
        Network::Inherited => line(&mut text, format_args!("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK")),
    }
    text.push_str(WALLS);
    text
}

/// The socket unit for the socket `name` of a role; none when the role has no such socket.
#[must_use]
pub fn socket_file(manifest: &Manifest, name: &str) -> Option<String> {
    let socket = manifest.sockets.get(name)?;
    let mut text = String::new();
    line(&mut text, format_args!("[Unit]\nDescription=Croft: {name} of {}\n\n[Socket]", manifest.name));
    match socket.kind {
        SocketKind::Tcp => line(&mut text, format_args!("ListenStream={}", socket.port)),
        SocketKind::Stream => line(&mut text, format_args!("ListenStream={RUN}/{}", socket.path)),
        SocketKind::Packet => line(&mut text, format_args!("ListenSequentialPacket={RUN}/{}", socket.path)),
    }
    if socket.kind != SocketKind::Tcp {
        // Who connects is asked of the kernel at each connection.
        line(&mut text, format_args!("SocketMode=0666\nDirectoryMode=0711"));
    }
    let instance = if manifest.per_space { "@%i" } else { "" };
    line(&mut text, format_args!("FileDescriptorName={name}\nService=croft-{}{instance}.service", manifest.name));
    if manifest.start == Start::Boot {
        line(&mut text, format_args!("\n[Install]\nWantedBy=sockets.target"));
    }
    Some(text)
}

/// The name of a socket's unit.
fn socket_name(manifest: &Manifest, name: &str) -> String {
    let instance = if manifest.per_space { "@%i" } else { "" };
    format!("croft-{}-{name}{instance}.socket", manifest.name)
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing into a text cannot fail.
    let _ = writeln!(text, "{words}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Manifest {
        toml::from_str(text).expect("a manifest")
    }

    const WORKER: &str = r#"
name = "sync"
summary = "One worker a space"
number = 3
start = "demand"
per_space = true
watchdog_seconds = 30
stop_seconds = 20
network = "none"
limits = { memory_mib = 256, descriptors = 4096, tasks = 64 }
sockets.bulk = { kind = "packet", path = "sync/%i.sock" }
directories.space = { path = "spaces/%i", mode = "0700" }
files.seed = "run/capability.seed"
"#;

    const DOOR: &str = r#"
name = "gateway"
summary = "The only public listener"
number = 1
start = "boot"
after = ["identity"]
watchdog_seconds = 15
stop_seconds = 20
network = "inherited"
limits = { memory_mib = 256, descriptors = 8192, tasks = 64 }
sockets.https = { kind = "tcp", port = 443 }
"#;

    #[test]
    fn units_are_as_the_manifests_say() {
        insta::assert_snapshot!("worker_service", unit_file(&manifest(WORKER)));
        insta::assert_snapshot!("worker_socket", socket_file(&manifest(WORKER), "bulk").expect("a socket"));
        insta::assert_snapshot!("door_service", unit_file(&manifest(DOOR)));
        insta::assert_snapshot!("door_socket", socket_file(&manifest(DOOR), "https").expect("a socket"));
        assert_eq!(socket_file(&manifest(DOOR), "cellar"), None);
    }
}
