//! One service of an app: a container as it is to be, whatever engine makes it.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Capability, ContainerPath, DataPath, EnvName, HostName, HostPath, Image, ServiceName, SpaceClass, Template, Text, VariableName, Wall,
};

/// Entries of each list and map of a service. The largest environment in the catalogues that were read has 96.
pub const MAX_ENTRIES: usize = 256;
/// Bytes of a short text: a user, a signal, a label.
pub const MAX_WORD: usize = 256;

/// A container of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// What it is made from.
    #[schema(value_type = String)]
    pub image: Image,
    /// The program, in place of the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub entrypoint: Option<Vec<Template>>,
    /// Its arguments, in place of the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub command: Option<Vec<Template>>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub environment: BTreeMap<EnvName, Template>,
    /// What it sees beside its image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// Small files with a text that the app brings along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<WrittenFile>,
    /// Whom it runs as, in place of the image's: `1000:1000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub user: Option<Template>,
    /// Further groups of that user.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub groups: BTreeSet<Text<MAX_WORD>>,
    /// Where it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub working_dir: Option<ContainerPath>,
    /// What it takes its own name to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub hostname: Option<HostName>,
    /// Further names by which the other services find it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub aliases: BTreeSet<HostName>,
    /// Whose network it is in.
    #[serde(default, skip_serializing_if = "Network::is_own")]
    pub network: Network,
    /// How one sees that it is well; the image's own check where nothing stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// What is waited for before it starts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, After>)]
    pub after: BTreeMap<ServiceName, After>,
    /// Whether it is started again when it has ended.
    #[serde(default)]
    pub restart: Restart,
    /// How much it may take.
    #[serde(default, skip_serializing_if = "Limits::is_none")]
    pub limits: Limits,
    /// How it is ended.
    #[serde(default, skip_serializing_if = "Stop::is_default")]
    pub stop: Stop,
    /// Whether a small program is the first in it, which looks after orphans.
    #[serde(default, skip_serializing_if = "is_false")]
    pub init: bool,
    /// Whether its image cannot be written to.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only_root: bool,
    /// Whether it gets a terminal.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tty: bool,
    /// Whether its input stays open.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stdin_open: bool,
    /// Whether it may do everything (a permission).
    #[serde(default, skip_serializing_if = "is_false")]
    pub privileged: bool,
    /// Whether it gets the graphics processor (a permission).
    #[serde(default, skip_serializing_if = "is_false")]
    pub gpu: bool,
    /// Powers of root that it gets beyond the few that each app has (permissions).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub cap_add: BTreeSet<Capability>,
    /// Powers of root that it does without; `ALL` are all of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub cap_drop: BTreeSet<Capability>,
    /// Walls that it does without (permissions).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unconfined: BTreeSet<Wall>,
    /// Devices of the box (permissions).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<Device>,
    /// Settings of the kernel, for its own network and its own IPC alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: BTreeMap<String, String>,
    /// Limits of the kernel for its processes: `nofile`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Names that it knows without asking.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, HostAddress>)]
    pub extra_hosts: BTreeMap<HostName, HostAddress>,
}

/// Something that a container sees beside its image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mount {
    /// What it is.
    #[serde(flatten)]
    pub source: Source,
    /// Where the container sees it.
    #[schema(value_type = String)]
    pub target: ContainerPath,
    /// Whether it may only look.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
}

/// What is mounted, by its class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "class", rename_all = "kebab-case")]
pub enum Source {
    /// Of the app's own data.
    AppData {
        /// Below its folder.
        #[schema(value_type = String)]
        path: DataPath,
    },
    /// Of the household's files, in a space that a person chooses (a permission).
    Space {
        /// Which sort of files.
        which: SpaceClass,
        /// Below the space's topmost folder.
        #[schema(value_type = String)]
        path: DataPath,
    },
    /// A folder that a catalogue's scripts name. It must lie in the app's own data, or in that of an app that it needs, and then it is only read.
    Exported {
        /// Which of their variables names it.
        #[schema(value_type = String)]
        variable: VariableName,
        /// Below that folder.
        #[schema(value_type = String)]
        path: DataPath,
    },
    /// Of the box itself (a permission).
    Host {
        /// Where.
        #[schema(value_type = String)]
        path: HostPath,
    },
    /// Nothing that lasts: memory, gone with the container.
    Temporary {
        /// At most so much; a share of the container's memory where nothing stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_bytes: Option<u64>,
    },
}

/// A small file that the app's manifest itself contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WrittenFile {
    /// Where the container sees it.
    #[schema(value_type = String)]
    pub target: ContainerPath,
    /// What stands in it.
    #[schema(value_type = String)]
    pub content: Template,
    /// Who may do what with it, as the mode of a file.
    pub mode: u32,
}

/// Whose network a container is in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Network {
    /// The app's own.
    #[default]
    Own,
    /// The box's (a permission).
    Host,
    /// None at all.
    None,
    /// That of another service of the app.
    Of {
        /// Which one.
        #[schema(value_type = String)]
        service: ServiceName,
    },
}

/// How one sees that a service is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// What is asked.
    #[serde(flatten)]
    pub test: HealthTest,
    /// Between two checks; 30 s where nothing stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<u32>,
    /// For one check; 30 s where nothing stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// Failed checks in a row until it is not well; 3 where nothing stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// At the start, in which failed checks do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_period_seconds: Option<u32>,
}

/// What a check of health asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum HealthTest {
    /// Nothing, also where the image has a check.
    Never,
    /// The image's own check.
    Image,
    /// A program in the container, which ends well when all is.
    Program {
        /// The program and its arguments.
        #[schema(value_type = Vec<String>)]
        argv: Vec<Template>,
    },
    /// A line for the container's shell.
    Shell {
        /// The line.
        #[schema(value_type = String)]
        line: Template,
    },
}

/// What is waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    /// That it runs.
    #[default]
    Started,
    /// That it is well.
    Healthy,
    /// That it has ended, well.
    Completed,
}

/// When a service is started again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Whenever it has ended.
    #[default]
    Always,
    /// When it has failed.
    OnFailure,
    /// Never: it does something once.
    Never,
}

/// How much a service may take; the box's own limits where nothing stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Memory that it needs to work at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_wanted_bytes: Option<u64>,
    /// Processor time, in thousandths of one processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_thousandths: Option<u32>,
    /// Its part where processors are short; others have 1024.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_shares: Option<u32>,
    /// Processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pids: Option<u32>,
    /// Memory that its processes share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shm_bytes: Option<u64>,
}

/// How a service is ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stop {
    /// The signal, in place of the image's: `SIGINT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub signal: Option<Text<MAX_WORD>>,
    /// Until it is killed; 10 s where nothing stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<u32>,
}

/// A device of the box in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// Which one.
    #[schema(value_type = String)]
    pub path: HostPath,
    /// Where the container sees it.
    #[schema(value_type = String)]
    pub target: ContainerPath,
    /// Of read, write and make: `rwm`.
    pub rights: String,
}

/// A limit of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ulimit {
    /// What holds until a process asks for more; -1 is no limit.
    pub soft: i64,
    /// The most that it gets; -1 is no limit.
    pub hard: i64,
}

/// Where a name leads that a container knows without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum HostAddress {
    /// To the box.
    Gateway,
    /// To an address.
    Address {
        /// Which one.
        #[schema(value_type = String)]
        address: IpAddr,
    },
}

impl Service {
    /// A service of `image` and nothing else.
    #[must_use]
    pub fn new(image: Image) -> Self {
        Self {
            image,
            entrypoint: None,
            command: None,
            environment: BTreeMap::new(),
            mounts: Vec::new(),
            files: Vec::new(),
            user: None,
            groups: BTreeSet::new(),
            working_dir: None,
            hostname: None,
            aliases: BTreeSet::new(),
            network: Network::Own,
            health: None,
            after: BTreeMap::new(),
            restart: Restart::Always,
            limits: Limits::default(),
            stop: Stop::default(),
            init: false,
            read_only_root: false,
            tty: false,
            stdin_open: false,
            privileged: false,
            gpu: false,
            cap_add: BTreeSet::new(),
            cap_drop: BTreeSet::new(),
            unconfined: BTreeSet::new(),
            devices: Vec::new(),
            sysctls: BTreeMap::new(),
            ulimits: BTreeMap::new(),
            extra_hosts: BTreeMap::new(),
        }
    }

    /// Every text in it that may have variables.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.environment.values().chain(self.templates_beside_environment())
    }

    /// Every text in it that may have variables, without its environment.
    pub(crate) fn templates_beside_environment(&self) -> impl Iterator<Item = &Template> {
        let health = self.health.iter().flat_map(|health| match &health.test {
            HealthTest::Never | HealthTest::Image => &[],
            HealthTest::Program { argv } => argv.as_slice(),
            HealthTest::Shell { line } => std::slice::from_ref(line),
        });
        (self.entrypoint.iter().flatten())
            .chain(self.command.iter().flatten())
            .chain(self.files.iter().map(|file| &file.content))
            .chain(self.user.iter())
            .chain(health)
    }
}

impl Network {
    fn is_own(&self) -> bool {
        *self == Self::Own
    }
}

impl Limits {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Stop {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

// Serde asks by reference.
fn is_false(value: &bool) -> bool {
    !*value
}
