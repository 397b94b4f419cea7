//! What the engine has: containers, networks and images, and what they say.

use std::net::IpAddr;

use bytes::Bytes as Piece;
use croft_model::Bytes;
use ipnet::IpNet;
use jiff::Timestamp;

use crate::{AppName, ContainerId, ContainerName, Digest, NetworkNumber, Resolving, ServiceName};

/// All that the engine has for apps: containers and networks that carry the label, and every image, since images are nobody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Containers, by name.
    pub containers: Vec<SeenContainer>,
    /// Networks, by number.
    pub networks: Vec<SeenNetwork>,
    /// Images.
    pub images: Vec<HeldImage>,
}

/// A container of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenContainer {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: ContainerName,
    /// Of which app.
    pub app: AppName,
    /// Of which service of it.
    pub service: ServiceName,
    /// The hash of the wish that it was made from.
    pub plan: String,
    /// What it does.
    pub state: ContainerState,
    /// How often the engine started it again since somebody did.
    pub restarts: u64,
    /// Its addresses on the app's network, while it runs.
    pub addresses: Vec<IpAddr>,
    /// Its image, where it was made by digest.
    pub image: Option<Digest>,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// It was made and never started.
    Created,
    /// It runs.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// Between an end and the next start, or an end that is under way.
    Changing,
    /// It ended.
    Exited {
        /// With what; 137 where somebody killed it.
        code: i64,
        /// When.
        at: Option<Timestamp>,
        /// Whether the kernel ended it because it took too much memory.
        starved: bool,
    },
    /// The engine cannot say: it must be removed and made anew.
    Broken,
}

/// The network of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenNetwork {
    /// Whose.
    pub app: AppName,
    /// Its number; none where its interface is not named as ours are.
    pub number: Option<NetworkNumber>,
    /// Its addresses.
    pub subnets: Vec<IpNet>,
    /// Who answers names that are not of it.
    pub resolving: Resolving,
}

/// An image that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldImage {
    /// What it can be asked for by: of its manifest for this machine, and of the list that it was chosen from.
    pub digests: Vec<Digest>,
    /// Names that lead to it, with tag or digest.
    pub names: Vec<String>,
    /// Bytes of it, those that others share counted, too.
    pub size: Bytes,
    /// How many containers are made of it.
    pub containers: u64,
}

/// What an image says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenImage {
    /// Bytes of it, those that others share counted, too.
    pub size: Bytes,
    /// The user that it runs as; empty for root.
    pub user: String,
    /// Ports that it says it listens on: `8080/tcp`.
    pub ports: Vec<String>,
    /// Directories that it wants kept.
    pub volumes: Vec<String>,
    /// Its own test of health.
    pub health: Option<Health>,
}

/// A test of health that an image brings along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `["CMD", program, …]` or `["CMD-SHELL", text]`.
    pub test: Vec<String>,
    /// Nanoseconds between two; 0 where it does not say, as in those below.
    pub interval_nanoseconds: i64,
    /// Nanoseconds for one.
    pub timeout_nanoseconds: i64,
    /// Nanoseconds in which a failure does not count.
    pub start_period_nanoseconds: i64,
    /// Failures in a row that mean that it is ill.
    pub retries: i64,
}

/// How far a pull is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Layers that are here.
    pub layers_done: u32,
    /// Layers that are known so far.
    pub layers_total: u32,
    /// Bytes that are here, as far as the engine tells them.
    pub bytes_done: u64,
    /// Bytes in all, as far as the engine tells them.
    pub bytes_total: u64,
}

/// What is wanted of a container's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsWish {
    /// Whether to wait for more.
    pub follow: bool,
    /// None that are older.
    pub since: Option<Timestamp>,
    /// So many of the last lines, at most.
    pub tail: u32,
}

/// One piece of what a container said: a line, or what it wrote at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPiece {
    /// When, where the engine says so.
    pub time: Option<Timestamp>,
    /// Where to.
    pub voice: Voice,
    /// What, at most [`LogPiece::MAX_BYTES`].
    pub bytes: Piece,
}

impl LogPiece {
    /// Bytes of one piece; what is longer is cut.
    pub const MAX_BYTES: usize = 16 * 1024;
}

/// Which of its two outputs a container wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a program in a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecEnd {
    /// With what.
    pub code: i64,
    /// What it wrote to both, its beginning: at most [`ExecEnd::MAX_BYTES`].
    pub output: Vec<u8>,
}

impl ExecEnd {
    /// Bytes that are kept; a test of health has a line to say.
    pub const MAX_BYTES: usize = 64 * 1024;
}

/// What a container takes at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Processor time since it was started, in nanoseconds.
    pub cpu_nanoseconds: u64,
    /// Memory.
    pub memory: Bytes,
    /// Processes and threads.
    pub processes: u64,
    /// Bytes read from disks.
    pub read: Bytes,
    /// Bytes written to disks.
    pub written: Bytes,
}
