//! `croftd`: every process of a box, each as a role of this one executable. Wiring only.

mod openapi;
mod roles;
mod units;

use std::{
    io::Write,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use croft_api::{
    inherit::Descriptors,
    preview::{Ask, Shape},
};
use croft_model::SpaceId;
use croft_network::needs_of_names;
use croft_sandbox::{Calls, Enforced, Walls};
use croft_sync::Borrowed;
use tokio::runtime::Builder;

/// Threads of the role that encrypts.
const BULK_THREADS: usize = 2;
/// Threads of all other roles; they mostly wait.
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
    /// The worker of a disk that is used as it is.
    Disk {
        /// The space that shows it: `s1`.
        #[arg(long, value_name = "SPACE")]
        instance: SpaceId,
    },
    /// Small pictures of files.
    Preview,
    /// Tells people of warnings.
    Notifier,
    /// Apps in containers.
    Apps,
    /// Reads one picture, for the role `preview`.
    #[command(name = croft_preview::FIRST_WORD, hide = true)]
    Decoder {
        /// Width of the box.
        width: u16,
        /// Height of the box.
        height: u16,
        /// How the picture gets into it.
        shape: BoxShape,
    },
    /// Reads when something was taken, for the role `preview`.
    #[command(name = croft_preview::TAKEN_WORD, hide = true)]
    Taken,
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

/// How a picture gets into a box.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum BoxShape {
    Fit,
    Cover,
}

impl Role {
    fn name(&self) -> &'static str {
        match self {
            Self::Supervisor { .. } => "supervisor",
            Self::Gateway => "gateway",
            Self::Identity => "identity",
            Self::Storage => "storage",
            Self::Sync { .. } => "sync",
            Self::Disk { .. } => "disk",
            Self::Preview => "preview",
            Self::Notifier => "notifier",
            Self::Apps => "apps",
            Self::Decoder { .. } => croft_preview::FIRST_WORD,
            Self::Taken => croft_preview::TAKEN_WORD,
            Self::Openapi => "openapi",
            Self::Units { .. } => "units",
        }
    }

    /// The directories that stay open to the role, those in which it writes and those that it only reads; none for who is never confined.
    fn directories(&self) -> Option<[&'static [&'static str]; 2]> {
        match self {
            Self::Gateway | Self::Preview => Some([&[], &[]]),
            Self::Identity | Self::Notifier => Some([&["state"], &[]]),
            Self::Sync { .. } => Some([&["space", "index"], &["snapshots"]]),
            // And what it was lent.
            Self::Disk { .. } => Some([&["space", "index"], &[]]),
            // A decoder confines itself. Of the others, one starts all roles and makes what they are handed, one starts programs that write to disks, and one
            // reaches the engine of apps and changes the walls of the network.
            Self::Storage
            | Self::Apps
            | Self::Supervisor { .. }
            | Self::Decoder { .. }
            | Self::Taken
            | Self::Openapi
            | Self::Units { .. } => None,
        }
    }

    fn threads(&self) -> usize {
        match self {
            Self::Gateway => BULK_THREADS,
            // What waits for the disk has threads of its own; a second one here would only be woken for what the first could do itself.
            Self::Sync { .. }
            | Self::Disk { .. }
            | Self::Supervisor { .. }
            | Self::Identity
            | Self::Storage
            | Self::Preview
            | Self::Notifier
            | Self::Apps
            | Self::Decoder { .. }
            | Self::Taken
            | Self::Openapi
            | Self::Units { .. } => QUIET_THREADS,
        }
    }
}

fn main() -> ExitCode {
    let role = Arguments::parse().role;
    if let Role::Decoder { width, height, shape } = role {
        return decode(width, height, shape);
    }
    if let Role::Taken = role {
        return croft_preview::read_taken().map_or(ExitCode::FAILURE, ExitCode::from);
    }
    match start(&role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!(error = croft_telemetry::error_chain(&*failure.error), "{} cannot run", role.name());
            ExitCode::from(failure.code)
        }
    }
}

/// Reads one picture. Nothing is logged: the code says how it went, and nobody would believe the words.
fn decode(width: u16, height: u16, shape: BoxShape) -> ExitCode {
    let shape = match shape {
        BoxShape::Fit => Shape::Fit,
        BoxShape::Cover => Shape::Cover,
    };
    croft_preview::decode(Ask { shape, width, height, patience_seconds: 0 }).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Puts up the wall around the role, before there is a second thread.
fn confine(role: &Role, descriptors: &Descriptors, borrowed: Option<&Borrowed>) -> Result<(), roles::Failure> {
    let Some(directories) = role.directories() else { return Ok(()) };
    let [writable, mut readable] = directories.map(|names| names.iter().filter_map(|name| descriptors.borrow(name)).collect::<Vec<_>>());
    // The one role that calls others finds their addresses.
    let (calls, names) = if matches!(role, Role::Notifier) { (Calls::Anybody, needs_of_names()) } else { (Calls::Nobody, Vec::new()) };
    readable.extend(names.iter().map(AsFd::as_fd));
    readable.extend(borrowed.and_then(Borrowed::root));
    // The one role that starts others of its own program.
    let needed: Vec<OwnedFd> = if matches!(role, Role::Preview) { croft_decoders::needs().unwrap_or_default() } else { Vec::new() };
    let runnable: Vec<BorrowedFd<'_>> = needed.iter().map(AsFd::as_fd).collect();
    if croft_sandbox::confine(Walls { writable: &writable, readable: &readable, runnable: &runnable, calls })? == Enforced::No {
        // It reads whatever the permissions say: without this wall all of the box.
        if matches!(role, Role::Disk { .. }) {
            return Err("this kernel has no Landlock, without which no foreign disk is read".into());
        }
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
    // A runtime without a second thread, which ends before the wall is put up.
    let borrowed = match role {
        Role::Disk { instance } => {
            Some(Builder::new_current_thread().enable_all().build()?.block_on(Borrowed::ask(&descriptors, *instance))?)
        }
        _ => None,
    };
    confine(role, &descriptors, borrowed.as_ref())?;
    let runtime = match role {
        Role::Sync { .. } | Role::Disk { .. } => Builder::new_current_thread().enable_all().build()?,
        _ => Builder::new_multi_thread().worker_threads(role.threads()).enable_all().build()?,
    };
    let ended = runtime.block_on(roles::run(role, descriptors, borrowed));
    // What still blocks has had its time in the role's own orderly end.
    runtime.shutdown_background();
    ended
}
