//! The trait on the world: what can be asked of whoever knows the disks.

use std::{io, time::Duration};

use croft_model::{Disk, DiskId, Progress};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How far an installation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Bytes are written to the disk.
    Copying(Progress),
    /// What was written is read back and compared.
    Checking(Progress),
}

/// Something could not be asked of the disks.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// A program did not start or its pipes broke.
    #[error("cannot run {program}")]
    Start {
        /// Its name.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A program failed.
    #[error("{program} failed: {said}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// The last that it said.
        said: String,
    },
    /// A program took too long.
    #[error("{program} did not end within {} s", limit.as_secs())]
    TooLong {
        /// Its name.
        program: &'static str,
        /// What it had.
        limit: Duration,
    },
    /// What a program said cannot be read.
    #[error("the answer of {program} cannot be read")]
    Answer {
        /// Its name.
        program: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// This system was not started from an image.
    #[error("this system did not start from an image of Croft")]
    NotAnImage,
    /// The disk is no longer there.
    #[error("the disk is no longer there")]
    Gone,
    /// There is something else on the disk than was seen before.
    #[error("what is on the disk has changed meanwhile")]
    Changed,
    /// The disk has less room than is needed.
    #[error("the disk is too small")]
    TooSmall,
    /// Somebody wrote to the disk since it was emptied.
    #[error("something was written to the disk since it was erased")]
    Written,
    /// The disk is in use.
    #[error("something uses the disk")]
    Busy(#[source] io::Error),
    /// Nothing was written or read for a long time.
    #[error("the disk did nothing for {} s", .0.as_secs())]
    Stalled(Duration),
    /// Somebody wished it.
    #[error("the installation was cancelled")]
    Cancelled,
    /// A file, or the copy of one, cannot be read.
    #[error("cannot read {what}")]
    Read {
        /// What.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// Something cannot be written.
    #[error("cannot write {what}")]
    Write {
        /// What.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The copy is not what was copied.
    #[error("{0} was not written as it should be")]
    Differs(String),
}

/// Whoever knows the disks of this machine.
pub trait Disks: Send + Sync {
    /// Whether this system can copy itself: it was started from an image.
    fn can_install(&self) -> bool;

    /// All disks, as they are now.
    fn look(&self) -> BoxFuture<'_, Result<Vec<Disk>, DiskError>>;

    /// Overwrites `disk` with the running system, if `contents` is what is still on it, and reads back what was written. When it fails or is stopped,
    /// nothing on the disk starts.
    fn install<'a>(
        &'a self,
        disk: &'a DiskId,
        contents: &'a str,
        stage: watch::Sender<Stage>,
        stop: CancellationToken,
    ) -> BoxFuture<'a, Result<(), DiskError>>;
}
