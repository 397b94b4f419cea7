//! Unit files out of manifests. Pure: the image build writes them, a golden test shows them, nobody edits them.

use std::{collections::BTreeMap, fmt::Write};

use croft_model::{Manifest, Network, Powers, SocketKind};

/// Where the box lies on the appliance.
const HOME: &str = "/var/lib/croft";
/// The executable of all roles.
const PROGRAM: &str = "/usr/bin/croftd";
/// The role that starts all others.
const SUPERVISOR: &str = "supervisor";
/// The only paths to which the supervisor writes: the box, the records of its users, and what the parts of the system that keep the network
/// and the clock are told.
const SUPERVISOR_WRITES: &str =
    "/var/lib/croft /run/userdb /run/croft /run/systemd/network /run/systemd/dnssd /run/systemd/timesyncd.conf.d /var/lib/iwd";

/// What holds for every role.
const WALLS: &str = "\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictRealtime=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @sandbox
UMask=0027
";
/// What holds for the roles below the supervisor, which have users of their own.
const WALLS_OF_USERS: &str = "\
PrivateDevices=yes
RestrictNamespaces=yes
CapabilityBoundingSet=
ProtectProc=invisible
ProcSubset=pid
SystemCallFilter=~@privileged @resources
";
/// What holds for those that read what belongs to users of other computers. `open_by_handle_at` would reach by that power what no descriptor leads to;
/// what the box has is not there for them at all, and of their own directories they hold descriptors.
const WALLS_OF_READERS: &str = "\
PrivateDevices=yes
RestrictNamespaces=yes
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
AmbientCapabilities=CAP_DAC_READ_SEARCH
ProtectProc=invisible
ProcSubset=pid
SystemCallFilter=~@privileged @resources name_to_handle_at open_by_handle_at
InaccessiblePaths=-/var/lib/croft/spaces -/var/lib/croft/snapshots -/var/lib/croft/times -/var/lib/croft/state
";
/// What a role may that changes disks: read and write them, ask them how they are (which takes raw commands), hear of them from the kernel, mount in
/// its own world of mounts, and call programs that do. `/run` is where those keep their sockets, locks and mount points.
const WALLS_OF_DISKS: &str = "\
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_SYS_ADMIN CAP_SYS_RAWIO
RestrictAddressFamilies=AF_NETLINK
DevicePolicy=closed
DeviceAllow=block-* rw
DeviceAllow=char-nvme rw
DeviceAllow=/dev/loop-control rw
DeviceAllow=/dev/btrfs-control r
ReadWritePaths=/run
RuntimeDirectory=croft-storage
RestrictNamespaces=mnt
ProtectProc=invisible
SystemCallFilter=@mount
SystemCallFilter=~@clock @cpu-emulation @debug @keyring @module @obsolete @raw-io @reboot @swap
";
/// What the role for apps may as root: make the folders of apps for their users, reach the engine's socket, and change the walls of the network.
const WALLS_OF_APPS: &str = "\
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_NET_ADMIN CAP_NET_BIND_SERVICE
PrivateDevices=yes
RestrictNamespaces=yes
ReadWritePaths=/run
ProtectProc=invisible
SystemCallFilter=~@clock @cpu-emulation @debug @keyring @module @mount @obsolete @raw-io @reboot @swap
";
/// What the supervisor may as root: make the directories of the roles, give them to their users, and open them for them.
const WALLS_OF_ROOT: &str = "\
PrivateDevices=yes
RestrictNamespaces=yes
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
SystemCallFilter=~@clock @cpu-emulation @debug @keyring @module @mount @obsolete @raw-io @reboot @resources @swap
";

/// All files of the appliance's units by name: the service of the supervisor, the sockets of the network, and for every other role a drop-in
/// for the transient units that [`crate::SystemdUnits`] makes. What is not the same at every start is not in them.
#[must_use]
pub fn appliance_units(manifests: &[Manifest]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for manifest in manifests {
        let role = &manifest.name;
        if role.as_str() == SUPERVISOR {
            files.insert(format!("croft-{role}.service"), supervisor(manifest, manifests));
        } else {
            let instance = if manifest.per_space { "@" } else { "" };
            files.insert(format!("croft-{role}{instance}.service.d/50-manifest.conf"), drop_in(manifest));
        }
        for (name, socket) in manifest.sockets.iter().filter(|(_, socket)| socket.kind == SocketKind::Tcp) {
            files.insert(socket_unit(name), network_socket(name, socket.port));
        }
    }
    files
}

/// A role's unit as systemd sees it when drop-in and transient part have come together: for `systemd-analyze`.
#[must_use]
pub fn whole_unit(manifest: &Manifest) -> String {
    let role = &manifest.name;
    let user = match manifest.powers {
        Powers::None | Powers::Read => format!("User=croft-{role}\nGroup=croft-{role}\n"),
        Powers::Disks | Powers::Apps => String::new(),
    };
    format!("{}Type=notify\nNotifyAccess=main\nExecStart={PROGRAM} {role}\n{user}", drop_in(manifest))
}

fn drop_in(manifest: &Manifest) -> String {
    let mut text = String::new();
    line(&mut text, format_args!("# Croft: {}. From the role's manifest.\n[Service]", manifest.summary));
    common(&mut text, manifest);
    // The supervisor judges ends, so that a crash loop means the same here as on a developer's machine.
    line(&mut text, format_args!("Restart=no"));
    match manifest.network {
        Network::None => line(&mut text, format_args!("PrivateNetwork=yes\nIPAddressDeny=any\nRestrictAddressFamilies=AF_UNIX")),
        // Names are resolved over UDP, by the machine's resolver; nothing is listened on, and nothing else of this machine called.
        Network::Outgoing => line(
            &mut text,
            format_args!(
                "SocketBindDeny=any\nIPAddressDeny=localhost link-local multicast\nIPAddressAllow=127.0.0.53 127.0.0.54\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"
            ),
        ),
        // It connects into networks of apps alone, tells closed ones that there is no such name, and speaks to the kernel about its walls. The engine's
        // server of names asks from 127.0.0.1, as whatever asks an address of this machine.
        Network::Apps => line(
            &mut text,
            format_args!(
                "SocketBindDeny=any\nSocketBindAllow=ipv4:udp:53\nIPAddressDeny=any\nIPAddressAllow=10.213.0.0/16 127.0.53.1 127.0.0.1\nRestrictAddressFamilies=AF_UNIX AF_INET AF_NETLINK"
            ),
        ),
        Network::Inherited => line(&mut text, format_args!("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK")),
    }
    text.push_str(WALLS);
    text.push_str(match manifest.powers {
        Powers::None => WALLS_OF_USERS,
        Powers::Read => WALLS_OF_READERS,
        Powers::Disks => WALLS_OF_DISKS,
        Powers::Apps => WALLS_OF_APPS,
    });
    if !manifest.per_space {
        // With it the kernel has no openat2(2), without which a worker cannot keep to its space.
        line(&mut text, format_args!("RestrictSUIDSGID=yes"));
    }
    text
}

fn supervisor(manifest: &Manifest, all: &[Manifest]) -> String {
    let sockets = all.iter().flat_map(|manifest| &manifest.sockets).filter(|(_, socket)| socket.kind == SocketKind::Tcp);
    let sockets: Vec<String> = sockets.map(|(name, _)| socket_unit(name)).collect();
    let mut text = String::new();
    line(&mut text, format_args!("[Unit]\nDescription=Croft: {}", manifest.summary));
    line(
        &mut text,
        format_args!(
            "RequiresMountsFor={HOME} {HOME}/run\nAfter=dbus.socket\nRequires=dbus.socket\n# It never gives up: the cause may pass.\nStartLimitIntervalSec=0\n\n[Service]\nType=notify\nNotifyAccess=main"
        ),
    );
    line(
        &mut text,
        format_args!("ExecStart={PROGRAM} {SUPERVISOR} --home {HOME}\nEnvironment=CROFT_UNITS=systemd\nSockets={}", sockets.join(" ")),
    );
    line(&mut text, format_args!("Restart=always\nRestartSec=200ms\nRestartSteps=8\nRestartMaxDelaySec=60"));
    common(&mut text, manifest);
    line(
        &mut text,
        format_args!("PrivateNetwork=yes\nIPAddressDeny=any\nRestrictAddressFamilies=AF_UNIX\nReadWritePaths={SUPERVISOR_WRITES}"),
    );
    text.push_str(WALLS);
    text.push_str(WALLS_OF_ROOT);
    line(&mut text, format_args!("RestrictSUIDSGID=yes"));
    line(&mut text, format_args!("\n[Install]\nWantedBy=multi-user.target"));
    text
}

/// How much more of the processor a role gets than the rest of the system (100) while the machine starts: what people wait for is the box.
const WEIGHT_AT_START: u32 = 1000;

/// Watchdog and limits, as the manifest says.
fn common(text: &mut String, manifest: &Manifest) {
    let limits = &manifest.limits;
    line(text, format_args!("WatchdogSec={}\nTimeoutStopSec={}", manifest.watchdog_seconds, manifest.stop_seconds));
    line(
        text,
        format_args!(
            "StartupCPUWeight={WEIGHT_AT_START}\nMemoryMax={}M\nLimitNOFILE={}\nTasksMax={}",
            limits.memory_mib, limits.descriptors, limits.tasks
        ),
    );
    if manifest.outlives_children {
        // Without it, one process that is killed for memory ends the whole unit.
        line(text, format_args!("OOMPolicy=continue"));
    }
}

fn network_socket(name: &str, port: u16) -> String {
    let mut text = String::new();
    line(&mut text, format_args!("[Unit]\nDescription=Croft: port {port}\n\n[Socket]"));
    // The supervisor hands it on, so that no connection is refused while anything of the box starts again.
    line(&mut text, format_args!("ListenStream={port}\nBindIPv6Only=both\nBacklog=1024\nFileDescriptorName={name}"));
    line(&mut text, format_args!("Service=croft-{SUPERVISOR}.service\n\n[Install]\nWantedBy=sockets.target"));
    text
}

fn socket_unit(name: &str) -> String {
    format!("croft-{name}.socket")
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

    const PARENT: &str = r#"
name = "preview"
summary = "Small pictures"
number = 8
start = "demand"
watchdog_seconds = 30
stop_seconds = 15
network = "none"
outlives_children = true
limits = { memory_mib = 1088, descriptors = 512, tasks = 32 }
sockets.calls = { kind = "packet", path = "preview.sock" }
"#;

    const CALLER: &str = r#"
name = "notifier"
summary = "Tells people of warnings"
number = 10
start = "boot"
watchdog_seconds = 30
stop_seconds = 10
network = "outgoing"
limits = { memory_mib = 96, descriptors = 512, tasks = 64 }
sockets.api = { kind = "stream", path = "notifier.sock" }
directories.state = { path = "state/notifier", mode = "0700" }
"#;

    const REGULATOR: &str = r#"
name = "supervisor"
summary = "Settings and history"
number = 0
start = "boot"
watchdog_seconds = 30
stop_seconds = 60
network = "none"
limits = { memory_mib = 128, descriptors = 4096, tasks = 64 }
sockets.api = { kind = "stream", path = "supervisor.sock" }
"#;

    const HOST: &str = r#"
name = "apps"
summary = "Apps and the wall around them"
number = 11
start = "boot"
powers = "apps"
watchdog_seconds = 60
stop_seconds = 20
network = "apps"
limits = { memory_mib = 192, descriptors = 2048, tasks = 64 }
sockets.api = { kind = "stream", path = "apps.sock" }
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
        let files =
            appliance_units(&[manifest(REGULATOR), manifest(DOOR), manifest(WORKER), manifest(PARENT), manifest(CALLER), manifest(HOST)]);
        let all: String = files.iter().map(|(name, text)| format!("=== {name}\n{text}\n")).collect();
        insta::assert_snapshot!("appliance_units", all);
    }
}
