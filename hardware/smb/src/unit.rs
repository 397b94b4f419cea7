//! The unit files of the shares on the appliance. Pure: the image build writes them, a golden test shows them, nobody edits them.

/// Its name.
pub const UNIT: &str = "croft-shares.service";

/// The text of the unit. Nothing enables it: the supervisor alone starts it, when the settings say so, after writing what it reads.
///
/// It is not started again by systemd: the supervisor does that, and says why it does not run.
///
/// The server is root to become the user of a space, as Samba does it; what root can do beyond that is taken from it. Its `/etc` and its folders
/// are those that the supervisor made.
#[must_use]
pub fn unit_file() -> String {
    TEXT.to_owned()
}

const TEXT: &str = "\
[Unit]
Description=Croft: shares for Windows, macOS and Linux
BindsTo=croft-supervisor.service
After=croft-supervisor.service
RequiresMountsFor=/var/lib/croft /var/lib/croft/run
Wants=croft-discovery.service
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=/usr/sbin/smbd --foreground --no-process-group --debug-stdout --configfile=/etc/samba/smb.conf
Restart=no
TimeoutStopSec=20
MemoryMax=768M
LimitNOFILE=16384
TasksMax=256
OOMPolicy=continue
TemporaryFileSystem=/srv
BindPaths=/var/lib/croft/spaces:/srv/spaces /var/lib/croft/times:/srv/times /var/lib/croft/run/shares/state:/srv/state
BindReadOnlyPaths=/var/lib/croft/snapshots:/srv/snapshots /var/lib/croft/run/shares/etc:/etc
InaccessiblePaths=/var/lib/croft
IPAddressDeny=any
IPAddressAllow=localhost link-local 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@resources
# Samba goes on where it is refused something; by default it would be killed.
SystemCallErrorNumber=EPERM
UMask=0077
";

/// The unit by which Explorer finds the box.
pub const DISCOVERY_UNIT: &str = "croft-discovery.service";

/// Its text: Debian's `wsdd2` answers WS-Discovery while network drives are served, as nobody, without any power, and on networks of a house alone.
#[must_use]
pub fn discovery_unit_file() -> String {
    DISCOVERY.to_owned()
}

const DISCOVERY: &str = "\
[Unit]
Description=Croft: found by Windows
BindsTo=croft-shares.service
After=croft-shares.service
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/sbin/wsdd2 -w
Restart=on-failure
RestartSec=10s
DynamicUser=yes
MemoryMax=32M
LimitNOFILE=256
TasksMax=16
IPAddressDeny=any
IPAddressAllow=localhost link-local multicast 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
InaccessiblePaths=/var/lib/croft
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectProc=invisible
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@resources @privileged
SystemCallErrorNumber=EPERM
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{conf, files::FOLDER};

    #[test]
    fn the_server_finds_what_the_configuration_names() {
        let text = unit_file();
        for place in [conf::SPACES, conf::SNAPSHOTS, conf::TIMES, conf::STATE] {
            assert!(text.contains(&format!(":{place}")), "{place}");
        }
        assert!(text.contains(&format!("/var/lib/croft/{FOLDER}/etc:/etc")));
        assert!(text.contains(DISCOVERY_UNIT) && discovery_unit_file().contains(UNIT));
        for text in [text, discovery_unit_file()] {
            assert!(!text.contains("[Install]"), "nothing but the supervisor starts it");
        }
    }
}
