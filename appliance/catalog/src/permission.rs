//! What an app asks for beyond its own data and its own network: each is a person's consent, in a word and a sentence.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Capability, HostPath};

/// Something that an app may do only when a person has agreed to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Permission {
    /// Everything that root of the box may do.
    Privileged,
    /// The box's own network in place of one of the app's own.
    HostNetwork,
    /// A folder or file of the box itself.
    HostPath {
        /// Which one.
        #[schema(value_type = String)]
        path: HostPath,
        /// Whether it may only look.
        read_only: bool,
    },
    /// A device of the box.
    Device {
        /// Which one.
        #[schema(value_type = String)]
        path: HostPath,
    },
    /// A power of root.
    Capability {
        /// Which one, without its `CAP_`.
        #[schema(value_type = String)]
        name: Capability,
    },
    /// A wall of the system that is taken away.
    Unconfined {
        /// Which one.
        wall: Wall,
    },
    /// The graphics processor.
    Gpu,
    /// Files of the household.
    Spaces {
        /// Which sort of files.
        class: SpaceClass,
        /// Whether it may only look.
        read_only: bool,
    },
    /// A port that the whole home network reaches, past the door and its sign-in.
    LanPort {
        /// The port inside of the container.
        port: u16,
        /// The last one, where it is a row of ports.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        through: Option<u16>,
        /// TCP or UDP.
        protocol: Protocol,
    },
}

/// Which files of the household an app asks for. Which space that is, a person says at install.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpaceClass {
    /// Photos.
    Photos,
    /// Films, music, books: media of all kinds.
    Media,
    /// Documents.
    Documents,
    /// What is fetched from elsewhere.
    Downloads,
    /// Copies that are kept of something else.
    Backups,
    /// All of a space, whatever is in it.
    Files,
}

/// A wall of the system around a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wall {
    /// The list of system calls that a container may make.
    Seccomp,
    /// The profile of AppArmor or the label of SELinux.
    Label,
    /// Files of the kernel that are hidden from containers.
    SystemPaths,
}

/// How a port is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl Permission {
    /// The stable word: what an update is compared by, together with its fields.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::HostNetwork => "host-network",
            Self::HostPath { .. } => "host-path",
            Self::Device { .. } => "device",
            Self::Capability { .. } => "capability",
            Self::Unconfined { .. } => "unconfined",
            Self::Gpu => "gpu",
            Self::Spaces { .. } => "spaces",
            Self::LanPort { .. } => "lan-port",
        }
    }

    /// Whether the box can no longer keep the app from the rest of itself.
    #[must_use]
    pub fn is_uncontained(&self) -> bool {
        match self {
            Self::Privileged => true,
            Self::Capability { name } => UNCONTAINED.contains(&name.as_str()),
            _ => false,
        }
    }

    /// What it means, as a sentence for the person who decides.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Privileged => "It may do whatever the box itself may do: it is not contained.".to_owned(),
            Self::HostNetwork => {
                "It shares the box's own network: it sees everything there and is seen by everybody in the home network, past the door."
                    .to_owned()
            }
            Self::HostPath { path, read_only: true } => format!("It reads {path} of the box itself."),
            Self::HostPath { path, read_only: false } => format!("It reads and changes {path} of the box itself."),
            Self::Device { path } => format!("It uses the device {path} of the box."),
            Self::Capability { name } => capability_sentence(name),
            Self::Unconfined { wall: Wall::Seccomp } => {
                "It may make every call to the kernel, also those that containers never need.".to_owned()
            }
            Self::Unconfined { wall: Wall::Label } => "It runs without the profile that holds containers to their own files.".to_owned(),
            Self::Unconfined { wall: Wall::SystemPaths } => "It sees files of the kernel that are hidden from other apps.".to_owned(),
            Self::Gpu => "It uses the graphics processor of the box.".to_owned(),
            Self::Spaces { class, read_only: true } => format!("It reads {} in a space that you choose.", class.noun()),
            Self::Spaces { class, read_only: false } => {
                format!("It reads, adds, changes and deletes {} in a space that you choose.", class.noun())
            }
            Self::LanPort { port, through: Some(last), protocol } => {
                format!("Its {protocol} ports {port} to {last} answer everybody in the home network, without the box's sign-in.")
            }
            Self::LanPort { port, through: None, protocol } => {
                format!("Its {protocol} port {port} answers everybody in the home network, without the box's sign-in.")
            }
        }
    }
}

/// Capabilities by which a container changes what holds it.
const UNCONTAINED: &[&str] =
    &["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "DAC_READ_SEARCH", "BPF", "MAC_ADMIN", "MAC_OVERRIDE"];

fn capability_sentence(name: &Capability) -> String {
    match name.as_str() {
        "NET_ADMIN" => "It may change its network: addresses, routes and filters.".to_owned(),
        "NET_RAW" => "It may send packets of any kind into its network.".to_owned(),
        "SYS_TIME" => "It may set the clock of the box.".to_owned(),
        "SYS_NICE" => "It may go before other programs of the box.".to_owned(),
        name if UNCONTAINED.contains(&name) => {
            format!("It has the power {name} of root, by which it can leave its container: it is not contained.")
        }
        name => format!("It has the power {name} of root."),
    }
}

impl SpaceClass {
    /// The files, in a sentence.
    const fn noun(self) -> &'static str {
        match self {
            Self::Photos => "photos",
            Self::Media => "films, music and other media",
            Self::Documents => "documents",
            Self::Downloads => "downloads",
            Self::Backups => "backups",
            Self::Files => "all files",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_says_what_it_means() {
        let path: HostPath = "/dev/ttyUSB0".parse().unwrap();
        let capability = |name: &str| Permission::Capability { name: name.parse().unwrap() };
        let all = [
            Permission::Privileged,
            Permission::HostNetwork,
            Permission::HostPath { path: path.clone(), read_only: true },
            Permission::Device { path },
            capability("NET_ADMIN"),
            capability("SYS_ADMIN"),
            capability("CHOWN"),
            Permission::Unconfined { wall: Wall::Seccomp },
            Permission::Gpu,
            Permission::Spaces { class: SpaceClass::Photos, read_only: false },
            Permission::LanPort { port: 53, through: None, protocol: Protocol::Udp },
            Permission::LanPort { port: 5000, through: Some(5010), protocol: Protocol::Tcp },
        ];
        let said: Vec<String> =
            all.iter().map(|one| format!("{} {}{}", one.word(), if one.is_uncontained() { "! " } else { "" }, one.sentence())).collect();
        insta::assert_snapshot!(said.join("\n"));
        for one in &all {
            let json = serde_json::to_value(one).unwrap();
            assert_eq!(json["kind"], one.word());
            assert_eq!(&serde_json::from_value::<Permission>(json).unwrap(), one);
        }
    }
}
