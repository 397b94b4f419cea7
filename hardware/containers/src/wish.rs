//! What may be wished of the engine: a container, and the network of an app.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    time::Duration,
};

use croft_model::Bytes;
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use crate::{AppName, ContainerName, ImageReference, ServiceName};

/// Memory of a container that nobody said more of: enough for most services, and eight of them fit a small box.
const USUAL_MEMORY: Bytes = Bytes(512 * 1024 * 1024);
/// Processes, likewise: a runaway is stopped long before the machine is.
const USUAL_PROCESSES: u32 = 512;
/// Shared memory, as everywhere.
const USUAL_SHARED: Bytes = Bytes(64 * 1024 * 1024);
/// What is kept of a container's words, likewise: some days of most.
const USUAL_LOG: Bytes = Bytes(8 * 1024 * 1024);

/// The number of an app's network. Whoever calls gives it out, to one app at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NetworkNumber(pub u32);

impl NetworkNumber {
    /// What interfaces of apps' networks begin with; the wall goes by it.
    pub const PREFIX: &str = "app-";

    /// The name of its interface. The longest has 14 characters, of the kernel's 15.
    #[must_use]
    pub fn interface(self) -> String {
        format!("{}{}", Self::PREFIX, self.0)
    }

    /// The number of an interface.
    #[must_use]
    pub fn of_interface(name: &str) -> Option<Self> {
        let number = Self(name.strip_prefix(Self::PREFIX)?.parse().ok()?);
        (number.interface() == name).then_some(number)
    }
}

impl fmt::Display for NetworkNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The network of an app: a bridge of its own, on which its services know each other by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkWish {
    /// Whose.
    pub app: AppName,
    /// Its number.
    pub number: NetworkNumber,
    /// Its addresses. The first is the machine's, where the network's own DNS answers.
    pub subnet: Ipv4Net,
    /// Its addresses of IPv6, if it has any.
    pub subnet6: Option<Ipv6Net>,
    /// Who answers names that are not of the network.
    pub resolving: Resolving,
}

/// Who answers an app's questions for names outside of its network. The questions are asked by the engine, so the wall does not see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolving {
    /// Nobody: a closed app tells nothing to anybody by asking for names.
    Closed,
    /// These servers, at most [`NetworkWish::MAX_RESOLVERS`].
    By(Vec<IpAddr>),
}

impl NetworkWish {
    /// Servers of names; three is what resolvers have always looked at.
    pub const MAX_RESOLVERS: usize = 3;

    /// The machine's own addresses in the network: the first of each subnet.
    #[must_use]
    pub fn gateways(&self) -> Vec<IpAddr> {
        let four = Ipv4Addr::from_bits(self.subnet.network().to_bits().saturating_add(1));
        let six = self.subnet6.map(|net| IpAddr::V6(Ipv6Addr::from_bits(net.network().to_bits().saturating_add(1))));
        [IpAddr::V4(four)].into_iter().chain(six).collect()
    }
}

impl ContainerWish {
    /// A container of `service` that runs what its image says with no right beyond: own users, no capability, on its app's network, usual limits.
    #[must_use]
    pub fn new(name: ContainerName, app: AppName, service: ServiceName, image: ImageReference) -> Self {
        Self {
            name,
            app,
            service,
            plan: String::new(),
            image,
            entrypoint: None,
            command: None,
            environment: BTreeMap::new(),
            mounts: Vec::new(),
            networking: Networking::App { aliases: Vec::new(), address: None },
            hosts: BTreeMap::new(),
            user: None,
            groups: Vec::new(),
            working_dir: None,
            hostname: None,
            users: UserNamespace::Auto,
            trust: Trust::Contained { capabilities: Vec::new() },
            root: Root::Writable,
            devices: Vec::new(),
            limits: Limits { memory: USUAL_MEMORY, cpu_thousandths: None, processes: USUAL_PROCESSES, shared_memory: USUAL_SHARED },
            init: Init::Own,
            stop_signal: None,
            restart: Restart::Never,
            labels: BTreeMap::new(),
            log: USUAL_LOG,
            sysctls: BTreeMap::new(),
            ulimits: Vec::new(),
            terminal: Terminal::None,
        }
    }
}

/// A container, all of it. Nothing is left to the engine's own defaults that would make it more than this says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerWish {
    /// Its name.
    pub name: ContainerName,
    /// Of which app.
    pub app: AppName,
    /// Of which service of it.
    pub service: ServiceName,
    /// A hash of what this was made from: another one means that it must be made anew.
    pub plan: String,
    /// Its image, by digest, which was pulled before.
    pub image: ImageReference,
    /// In place of the image's own.
    pub entrypoint: Option<Vec<String>>,
    /// In place of the image's own.
    pub command: Option<Vec<String>>,
    /// Beside the image's own.
    pub environment: BTreeMap<String, String>,
    /// What is mounted into it.
    pub mounts: Vec<Mount>,
    /// Where it is on the network.
    pub networking: Networking,
    /// Names that it knows beside those of DNS: `photos.example` is at this address.
    pub hosts: BTreeMap<String, IpAddr>,
    /// In place of the image's own: `1000`, `1000:1000` or a name of the image.
    pub user: Option<String>,
    /// Groups beside its user's, by number.
    pub groups: Vec<u32>,
    /// In place of the image's own.
    pub working_dir: Option<String>,
    /// Its name for itself.
    pub hostname: Option<String>,
    /// Whose users its users are.
    pub users: UserNamespace,
    /// How much it is trusted.
    pub trust: Trust,
    /// Whether what it does not mount can be written.
    pub root: Root,
    /// Devices of the machine.
    pub devices: Vec<Device>,
    /// What it may take.
    pub limits: Limits,
    /// Whether a small program is its first process, that buries what its own leave behind.
    pub init: Init,
    /// In place of the image's own: `SIGINT`.
    pub stop_signal: Option<String>,
    /// What happens when it ends by itself.
    pub restart: Restart,
    /// Further labels.
    pub labels: BTreeMap<String, String>,
    /// What is kept of its words; then the oldest go.
    pub log: Bytes,
    /// Switches of the kernel that are of its own namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// Limits of its processes.
    pub ulimits: Vec<Ulimit>,
    /// Whether it is told that somebody sits before it.
    pub terminal: Terminal,
}

/// Whether a container has a first process of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// Its own program is the first process.
    Own,
    /// The engine's, which starts its own.
    Engine,
}

/// Whether a container has a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminal {
    /// None: its words come by two pipes.
    None,
    /// One: what it says to either is one stream.
    One,
}

/// Whether a container's own files can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// They can, and go with it.
    Writable,
    /// They cannot; `/tmp`, `/run` and `/dev/shm` are of memory.
    ReadOnly,
}

/// Something mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    /// A directory or file of the machine, which must be there.
    Bind {
        /// On the machine; absolute, without links where somebody else could lay one.
        source: PathBuf,
        /// In the container; absolute.
        target: String,
        /// What may be done.
        access: Access,
        /// Whose its files are, seen from inside.
        ids: Ids,
    },
    /// Memory, empty at each start.
    Memory {
        /// In the container.
        target: String,
        /// Its most.
        size: Bytes,
    },
}

/// What may be done with what is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read.
    Read,
    /// Read and write.
    Write,
}

/// Whose files of a mount are, where the container has users of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// As on the machine: what is root's there is nobody's inside.
    Same,
    /// By an id-mapped mount: what its user 1000 writes is user 1000's on the machine. Takes a file system that can it.
    Mapped,
}

/// Where a container is on the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Networking {
    /// On its app's network.
    App {
        /// Names for it there, beside its service's.
        aliases: Vec<String>,
        /// A fixed address.
        address: Option<Ipv4Addr>,
    },
    /// Nowhere: what only computes.
    None,
    /// On the machine's own: the wall does not hold it. By a person's consent alone.
    Machine,
}

/// Whose users a container's are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserNamespace {
    /// Its own: its root is nobody outside, and no other container's either.
    Auto,
    /// The machine's: its root is root. By a person's consent alone.
    Machine,
}

/// How much a container is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It gains no right by running something, and its root has these capabilities and no others: `CHOWN`, `NET_BIND_SERVICE`.
    Contained {
        /// Names without `CAP_`.
        capabilities: Vec<String>,
    },
    /// It can do what root can: it is not contained. By a person's consent alone.
    Privileged,
}

/// A device of the machine in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// On the machine: `/dev/dri/renderD128`.
    pub source: PathBuf,
    /// In the container.
    pub target: String,
    /// What may be done with it.
    pub access: Access,
}

/// What a container may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory; what needs more is ended.
    pub memory: Bytes,
    /// Thousandths of a processor.
    pub cpu_thousandths: Option<u32>,
    /// Processes and threads.
    pub processes: u32,
    /// Memory that is shared between its processes (`/dev/shm`).
    pub shared_memory: Bytes,
}

/// What happens when a container ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Nothing.
    Never,
    /// After a failure the engine starts it again, this often; then whoever calls decides. It may give up before: Podman now and then
    /// does where nothing else runs in any network. So what has exited is to be started by whoever calls, too.
    OnFailure {
        /// How often.
        most: u32,
    },
}

/// A limit of a container's processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ulimit {
    /// Which: `nofile`.
    pub name: String,
    /// What counts.
    pub soft: i64,
    /// How far a process may raise it.
    pub hard: i64,
}

/// How long a container may take to end after it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace(Duration);

impl Grace {
    /// Most; a database that writes for longer is not ending.
    pub const MOST: Duration = Duration::from_secs(300);

    /// `time`, or [`Grace::MOST`] where that is less.
    #[must_use]
    pub fn new(time: Duration) -> Self {
        Self(time.min(Self::MOST))
    }

    /// The time.
    #[must_use]
    pub fn time(self) -> Duration {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_has_a_name_that_the_kernel_takes_and_a_number_back() {
        for number in [0, 1, 42, u32::MAX].map(NetworkNumber) {
            assert!(number.interface().len() <= 15, "{number}");
            assert_eq!(NetworkNumber::of_interface(&number.interface()), Some(number));
        }
        for wrong in ["app-", "app-01", "app-x", "eth0", "app--1", "app-4294967296", "app-+1"] {
            assert_eq!(NetworkNumber::of_interface(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_machine_has_the_first_address_of_each_subnet() {
        let wish = NetworkWish {
            app: "photos".parse().unwrap(),
            number: NetworkNumber(7),
            subnet: "10.90.7.9/24".parse().unwrap(),
            subnet6: Some("fd00:7::/64".parse().unwrap()),
            resolving: Resolving::Closed,
        };
        assert_eq!(wish.gateways(), ["10.90.7.1", "fd00:7::1"].map(|address| address.parse::<IpAddr>().unwrap()));
    }

    #[test]
    fn grace_has_a_most() {
        assert_eq!(Grace::new(Duration::from_secs(9)).time(), Duration::from_secs(9));
        assert_eq!(Grace::new(Duration::from_secs(9_000)).time(), Grace::MOST);
    }
}
