//! Moving data from full disks to emptier ones.

use std::{io, os::fd::BorrowedFd};

use croft_model::Progress;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    calls, flags,
    long::{self, Long},
    sysfs::Operation,
};

pub(super) struct Level {
    name: String,
    /// Bytes of files, each of which is moved once.
    total: u64,
    progress: watch::Sender<Progress>,
}

impl Level {
    pub(super) fn new(pool: BorrowedFd<'_>, name: String, progress: watch::Sender<Progress>) -> io::Result<Self> {
        let files = calls::spaces(pool)?.into_iter().filter(|space| space.flags & flags::DATA != 0);
        let total = files.map(|space| space.used.0).sum();
        progress.send_replace(Progress { done: 0, total });
        Ok(Self { name, total, progress })
    }
}

impl Long for Level {
    type Ended = ();

    const WHAT: &'static str = "move data to emptier disks";

    fn run(&self, pool: BorrowedFd<'_>, stop: &CancellationToken) -> io::Result<()> {
        match Operation::of(&self.name)? {
            // Begun before a restart, and the kernel goes on with it: whether it has leveled is seen by whoever asked.
            Operation::Balance => return long::wait_while(stop, || Ok(Operation::of(&self.name)? == Operation::Balance)),
            Operation::BalancePaused => calls::balance_cancel(pool)?,
            _ => {}
        }
        calls::level(pool)
    }

    fn tell(&self, pool: BorrowedFd<'_>) {
        // The kernel counts pieces, which are of about one size.
        let Ok(Some((done, all))) = calls::balance_progress(pool) else { return };
        let bytes = u128::from(self.total) * u128::from(done.min(all)) / u128::from(all.max(1));
        self.progress.send_replace(Progress { done: u64::try_from(bytes).unwrap_or(self.total), total: self.total });
    }

    fn give_up(&self, pool: BorrowedFd<'_>) -> io::Result<()> {
        calls::balance_cancel(pool)
    }
}
