//! The trait on the world: what can be asked of whoever runs processes, and what it tells.

use std::{collections::BTreeMap, io, os::fd::OwnedFd, sync::Arc, time::Duration};

use croft_model::Powers;
use futures_util::future::BoxFuture;

use crate::Line;

/// A process that is to run.
#[derive(Debug, Clone)]
pub struct UnitSpec {
    /// Name of the unit: `gateway`, or `sync@s1` for an instance.
    pub name: String,
    /// Arguments behind the program's name.
    pub arguments: Vec<String>,
    /// All of its environment but for the variables of the protocols (`LISTEN_*`, `WATCHDOG_USEC`).
    pub environment: BTreeMap<String, String>,
    /// Descriptors handed over, by name. The name `notify` is taken.
    pub descriptors: Vec<(String, Arc<OwnedFd>)>,
    /// User and group to run as; none to stay who we are.
    pub user: Option<u32>,
    /// What it may do on the appliance beyond what that user may; then it runs as root there, behind the walls of the image.
    pub powers: Powers,
    /// What it may use.
    pub limits: Limits,
    /// Time within which it must have said that it is ready.
    pub start_timeout: Duration,
    /// Time within which it must say again and again that it lives; none when nobody listens for that.
    pub watchdog: Option<Duration>,
}

/// Limits that every implementation can set; memory is limited on the appliance only, by its control group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads and processes; without a user of its own nothing is limited, since the kernel counts them by user.
    pub tasks: u64,
}

/// What happened to a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitEvent {
    /// Its name.
    pub unit: String,
    /// What happened.
    pub news: News,
}

/// News of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It answers now.
    Ready,
    /// A line about what it does.
    Status(String),
    /// It did not say in time that it lives; its end follows.
    WatchdogMissed,
    /// It has ended.
    Exited(Exit),
}

/// How a unit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// By itself with code 0, or as it was asked to.
    Orderly,
    /// By its own fault: another code, a signal that it raised itself, or silence.
    Fault(String),
    /// By a signal that somebody sent: SIGKILL, SIGTERM and their like.
    Outside(i32),
}

/// Something could not be asked of the units.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// A process could not be started.
    #[error("cannot start {unit}: {step}")]
    Start {
        /// The unit.
        unit: String,
        /// The step that failed.
        step: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A unit of this name runs already.
    #[error("{0} runs already")]
    Running(String),
    /// systemd could not be asked.
    #[error("cannot ask systemd about {unit}")]
    Systemd {
        /// The unit.
        unit: String,
        /// Why.
        source: Box<zbus::Error>,
    },
    /// The machine lacks what the units need.
    #[error("cannot prepare to start processes")]
    Prepare(#[source] io::Error),
}

/// Whoever runs the roles' processes.
pub trait Units: Send + Sync {
    /// Starts a unit; gives its process id. Readiness and end come as events.
    fn start(&self, spec: UnitSpec) -> BoxFuture<'_, Result<i32, UnitError>>;

    /// Asks a unit to end, and makes it end when `grace` is over. Returns when it has ended; a unit that does not run has.
    fn stop<'a>(&'a self, unit: &'a str, grace: Duration) -> BoxFuture<'a, Result<(), UnitError>>;

    /// The process id of a unit while it runs.
    fn pid(&self, unit: &str) -> Option<i32>;

    /// The unit whose main process has this id.
    fn unit_of(&self, pid: i32) -> Option<String>;

    /// The last `count` lines that a unit wrote, oldest first; also those of earlier runs.
    fn lines<'a>(&'a self, unit: &'a str, count: usize) -> BoxFuture<'a, Vec<Line>>;
}
