//! Reading all copies of everything, and mending what can be mended.

use std::{collections::BTreeMap, io, os::fd::BorrowedFd, path::PathBuf, thread};

use croft_model::{Bytes, Progress};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    calls::{self, Counts},
    flags,
    long::Long,
    lost,
};
use crate::pool::Scrubbed;

pub(super) struct Scrub {
    /// The devices that are there, by number.
    devices: BTreeMap<u64, PathBuf>,
    progress: watch::Sender<Progress>,
}

impl Scrub {
    pub(super) fn new(pool: BorrowedFd<'_>, devices: BTreeMap<u64, PathBuf>, progress: watch::Sender<Progress>) -> io::Result<Self> {
        let spaces = calls::spaces(pool)?;
        let kept = spaces.iter().filter(|space| space.flags & flags::RESERVE == 0);
        let total = kept.map(|space| space.used.0 * flags::copies(space.flags)).sum();
        progress.send_replace(Progress { done: 0, total });
        Ok(Self { devices, progress })
    }

    /// Compares one disk.
    fn one(pool: BorrowedFd<'_>, number: u64) -> io::Result<Counts> {
        let (ended, counts) = calls::scrub(pool, number);
        ended.map(|()| counts)
    }
}

impl Long for Scrub {
    type Ended = Scrubbed;

    const WHAT: &'static str = "compare";

    fn run(&self, pool: BorrowedFd<'_>, stop: &CancellationToken) -> io::Result<Scrubbed> {
        // What is durable only in the log would be left out.
        calls::sync(pool)?;
        // One that nobody waits for any more would be in the way, on any of the disks.
        let _ = calls::scrub_cancel(pool);
        let counts: io::Result<Vec<Counts>> = thread::scope(|scope| {
            let disks: Vec<_> = self.devices.keys().map(|number| scope.spawn(|| Self::one(pool, *number))).collect();
            disks.into_iter().map(|disk| disk.join().unwrap_or_else(|_| Err(io::Error::other("a thread has died")))).collect()
        });
        let counts = counts?;
        let sum = |of: fn(&Counts) -> u64| counts.iter().map(of).sum::<u64>();
        let most = counts.iter().map(|counts| counts.uncorrectable).max().unwrap_or_default();
        let lost = if most > 0 { lost::find(pool, &self.devices, stop)? } else { lost::Lost::default() };
        let read = sum(read);
        self.progress.send_replace(Progress { done: read, total: read });
        Ok(Scrubbed {
            compared: self.devices.keys().copied().collect(),
            read: Bytes(read),
            mended: sum(|counts| counts.corrected + counts.super_errors),
            // Each disk counts its own copy of what is lost. Metadata is counted by the kernel alone.
            lost: most.max(lost.blocks),
            files: lost.files.into_iter().collect(),
        })
    }

    fn tell(&self, pool: BorrowedFd<'_>) {
        let of = |number: &u64| calls::scrub_progress(pool, *number).ok().flatten().as_ref().map(read);
        // A disk that has ended tells nothing more; what it had told stays.
        let done: u64 = self.devices.keys().filter_map(of).sum();
        self.progress.send_if_modified(|told| {
            done > told.done && {
                told.done = done.min(told.total);
                true
            }
        });
    }

    fn give_up(&self, pool: BorrowedFd<'_>) -> io::Result<()> {
        calls::scrub_cancel(pool)
    }
}

fn read(counts: &Counts) -> u64 {
    counts.data_bytes + counts.tree_bytes
}
