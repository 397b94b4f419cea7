//! The manifest of a role: one TOML file from which child processes here and unit files on the appliance are made.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Invalid, Section};

/// Name of a role: lower-case letters and `-`, at most 24.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(String);

impl RoleName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RoleName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=24).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(Invalid::new("role", format!("`{text}` is not a role's name: 1 to 24 of a-z and `-`")))
        }
    }
}

impl TryFrom<String> for RoleName {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<RoleName> for String {
    fn from(name: RoleName) -> String {
        name.0
    }
}

/// A manifest that contradicts itself or another.
pub type ManifestError = Invalid;

/// Everything that starting, watching and confining a role needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The role.
    pub name: RoleName,
    /// One line: what it does.
    pub summary: String,
    /// Its own number among the roles; its user id on a developer's machine is the base of roles plus this.
    pub number: u32,
    /// Roles that may call it. Checked against the peer's user id where roles have users of their own.
    #[serde(default)]
    pub accepts_from: Vec<RoleName>,
    /// Domains of `/api/v1/<domain>` that it answers.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Sections of the settings that it receives.
    #[serde(default)]
    pub settings: Vec<Section>,
    /// When it is started.
    pub start: Start,
    /// Roles that must be ready before it is started.
    #[serde(default)]
    pub after: Vec<RoleName>,
    /// True when one process a space runs, started by the first connection to its socket.
    #[serde(default)]
    pub per_space: bool,
    /// Which spaces such a role serves: those with files on the box, or the disks that are used as they are.
    #[serde(default)]
    pub serves: Serves,
    /// Listening sockets handed to it, by descriptor name.
    #[serde(default)]
    pub sockets: BTreeMap<String, SocketSpec>,
    /// Directories handed to it as descriptors, by name. `%i` stands for the instance.
    #[serde(default)]
    pub directories: BTreeMap<String, DirectorySpec>,
    /// Files handed to it read-only, by name; paths below the home.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Seconds within which it must say that it lives.
    pub watchdog_seconds: u64,
    /// Seconds it has to drain and close at a stop.
    pub stop_seconds: u64,
    /// What it may use.
    pub limits: Limits,
    /// What of the network it may touch.
    pub network: Network,
    /// What it may do on the appliance beyond what its user may.
    #[serde(default)]
    pub powers: Powers,
    /// True when it starts processes one of which may be killed for memory without ending the role.
    #[serde(default)]
    pub outlives_children: bool,
}

/// Which spaces a role with a process a space serves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Serves {
    /// Those whose files lie on the box.
    #[default]
    Files,
    /// Disks that are used as they are.
    Disks,
}

/// When a role is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With the box.
    Boot,
    /// By the first connection to its socket.
    Demand,
}

/// What a role may do on the appliance beyond what its user may. On a developer's machine nobody has any, but in a box with loop disks or an engine of apps of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Powers {
    /// Nothing: it has a user of its own.
    #[default]
    None,
    /// It reads what its descriptors lead to, whosever it is: files of a foreign disk belong to users of another computer.
    Read,
    /// It is root, reads and writes disks, and mounts in its own world of mounts.
    Disks,
    /// It is root, has containers made, and changes the walls of the network.
    Apps,
}

/// A listening socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketSpec {
    /// What kind.
    pub kind: SocketKind,
    /// Path below `run/` for Unix sockets.
    #[serde(default)]
    pub path: String,
    /// Port on the appliance for TCP sockets.
    #[serde(default)]
    pub port: u16,
}

/// Kinds of listening sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SocketKind {
    /// A TCP listener.
    Tcp,
    /// A Unix stream listener.
    Stream,
    /// A Unix listener of sequenced packets.
    Packet,
}

/// A directory that is opened for a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectorySpec {
    /// Path below the home.
    pub path: String,
    /// Permission bits with which it is made, as octal text.
    pub mode: String,
    /// Made as a subvolume where the box lies on btrfs: it has snapshots, a quota and an account of its own.
    #[serde(default)]
    pub subvolume: bool,
    /// Directories of others lie in it, so it stays root's: who is handed it gets no right to it beyond those it has anyhow.
    #[serde(default)]
    pub above: bool,
}

/// Limits of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Memory in MiB above which the kernel ends it.
    pub memory_mib: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads and processes.
    pub tasks: u64,
}

/// What of the network a role may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Nothing but Unix sockets.
    None,
    /// The listeners it was handed.
    Inherited,
    /// It calls others, and nobody calls it.
    Outgoing,
    /// It calls apps in their own networks, and puts up the walls around these.
    Apps,
}
