//! `croftd`: every process of a box, each as a role of this one executable. Wiring only.

mod openapi;
mod roles;
mod units;

use std::{io::Write, os::fd::BorrowedFd, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use croft_api::inherit::Descriptors;
use croft_model::SpaceId;
use croft_sandbox::{Enforced, SandboxError, Walls};

/// Worker threads of roles that move bytes.
const BULK_THREADS: usize = 2;
/// Worker threads of all other roles; they mostly wait.
const QUIET_THREADS: usize = 1;

/// The processes of a Croft box. Started by `cargo xtask up`, by systemd, or by the supervisor; not by hand.
#[derive(Debug, Parser)]
#[command(name = "croftd", version)]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Settings, history, audit, tasks, health; starts all other roles.
    Supervisor {
        /// The folder of the box.
        #[arg(long, value_name = "DIR")]
        home: PathBuf,
    },
    /// The public door.
    Gateway,
    /// Credentials, sessions, capabilities, certificates.
    Identity,
    /// Disks, and installing onto one.
    Storage,
    /// The worker of one space.
    Sync {
        /// The space: `s1`.
        #[arg(long, value_name = "SPACE")]
        instance: SpaceId,
    },
    /// Prints the description of the whole API.
    Openapi,
    /// Writes the units of the appliance, for the image.
    Units {
        /// Where to: `usr/lib/systemd/system` of the image.
        folder: PathBuf,
        /// Which files.
        #[arg(long, value_enum, default_value_t = units::Form::Image)]
        form: units::Form,
    },
}

impl Role {
    fn name(&self) -> &'static str {
        match self {
            Self::Supervisor { .. } => "supervisor",
            Self::Gateway => "gateway",
            Self::Identity => "identity",
            Self::Storage => "storage",
            Self::Sync { .. } => "sync",
            Self::Openapi => "openapi",
            Self::Units { .. } => "units",
        }
    }

    /// The directories that stay open to the role; none for who is never confined.
    fn directories(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Gateway => Some(&[]),
            Self::Identity => Some(&["state"]),
            Self::Sync { .. } => Some(&["space", "index"]),
            // One starts the others and makes what they are handed, the other starts programs that write to disks.
            Self::Storage | Self::Supervisor { .. } | Self::Openapi | Self::Units { .. } => None,
        }
    }

    fn threads(&self) -> usize {
        match self {
            Self::Gateway | Self::Sync { .. } => BULK_THREADS,
            Self::Supervisor { .. } | Self::Identity | Self::Storage | Self::Openapi | Self::Units { .. } => QUIET_THREADS,
        }
    }
}

fn main() -> ExitCode {
    let role = Arguments::parse().role;
    match start(&role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!(error = croft_telemetry::error_chain(&*failure.error), "{} cannot run", role.name());
            ExitCode::from(failure.code)
        }
    }
}

/// Puts up the wall around the role, before there is a second thread.
fn confine(role: &Role, descriptors: &Descriptors) -> Result<(), SandboxError> {
    let Some(directories) = role.directories() else { return Ok(()) };
    let writable: Vec<BorrowedFd<'_>> = directories.iter().filter_map(|name| descriptors.borrow(name)).collect();
    if croft_sandbox::confine(Walls { writable: &writable })? == Enforced::No {
        tracing::warn!("this kernel has no Landlock; the role is confined by its user alone");
    }
    Ok(())
}

fn start(role: &Role) -> Result<(), roles::Failure> {
    if let Err(error) = croft_telemetry::init(role.name()) {
        // Nobody can be told the usual way.
        std::io::stderr().write_all(format!("croftd: {error}\n").as_bytes())?;
        return Err(error.into());
    }
    // First of all, before anything else of this process could take one of their numbers.
    let descriptors = Descriptors::from_env()?;
    confine(role, &descriptors)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(role.threads()).enable_all().build()?;
    let ended = runtime.block_on(roles::run(role, descriptors));
    // What still blocks has had its time in the role's own orderly end.
    runtime.shutdown_background();
    ended
}
