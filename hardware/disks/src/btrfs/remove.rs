//! Taking a disk out of a pool.

use std::{io, os::fd::BorrowedFd};

use croft_model::Progress;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    calls,
    long::{self, Long},
    sysfs::Operation,
};

pub(super) struct Remove {
    name: String,
    number: u64,
    /// Bytes of the disk that are given to something.
    total: u64,
    progress: watch::Sender<Progress>,
}

impl Remove {
    pub(super) fn new(name: String, device: &calls::Device, progress: watch::Sender<Progress>) -> Self {
        let total = device.used.0;
        progress.send_replace(Progress { done: 0, total });
        Self { name, number: device.number, total, progress }
    }
}

impl Long for Remove {
    type Ended = ();

    const WHAT: &'static str = "take a disk out";

    fn run(&self, pool: BorrowedFd<'_>, stop: &CancellationToken) -> io::Result<()> {
        // Begun by a process that was killed meanwhile: the kernel ends it soon, one way or the other.
        long::wait_while(stop, || Ok(Operation::of(&self.name)? == Operation::Remove))?;
        if calls::device(pool, self.number)?.is_some() {
            calls::remove(pool, self.number)?;
        }
        self.progress.send_replace(Progress { done: self.total, total: self.total });
        Ok(())
    }

    fn tell(&self, pool: BorrowedFd<'_>) {
        if let Ok(Some(device)) = calls::device(pool, self.number) {
            let done = self.total.saturating_sub(device.used.0);
            self.progress.send_if_modified(|told| {
                done > told.done && {
                    told.done = done;
                    true
                }
            });
        }
    }

    fn give_up(&self, pool: BorrowedFd<'_>) -> io::Result<()> {
        calls::remove_cancel(pool)
    }
}
