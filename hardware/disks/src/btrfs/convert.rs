//! Moving data until all is kept as it should be.

use std::{io, os::fd::BorrowedFd};

use croft_model::Progress;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    calls::{self, Ways},
    flags,
    long::{self, Long},
    sysfs::Operation,
};

/// Moves in a row that may leave something behind: what was written while the move was on its way to the end.
const TRIES: u32 = 3;

pub(super) struct Convert {
    name: String,
    ways: Ways,
    /// Bytes that are to be moved.
    total: u64,
    progress: watch::Sender<Progress>,
}

impl Convert {
    pub(super) fn new(pool: BorrowedFd<'_>, name: String, ways: Ways, progress: watch::Sender<Progress>) -> io::Result<Self> {
        let total = to_move(pool, ways)?.iter().map(|space| space.used.0).sum();
        progress.send_replace(Progress { done: 0, total });
        Ok(Self { name, ways, total, progress })
    }

    fn say(&self, left: u64) {
        let now = Progress { done: self.total.saturating_sub(left), total: self.total };
        // What people write meanwhile may lie in the old way for a moment: that is no way back.
        self.progress.send_if_modified(|told| {
            now.done > told.done && {
                *told = now;
                true
            }
        });
    }
}

impl Long for Convert {
    type Ended = ();

    const WHAT: &'static str = "move data";

    fn run(&self, pool: BorrowedFd<'_>, stop: &CancellationToken) -> io::Result<()> {
        for _ in 0..=TRIES {
            match Operation::of(&self.name)? {
                // Begun before a restart, and the kernel goes on with it; perhaps on the way to another target.
                Operation::Balance => long::wait_while(stop, || Ok(Operation::of(&self.name)? == Operation::Balance))?,
                // To begin anew is to go on: what was moved is left alone.
                Operation::BalancePaused => calls::balance_cancel(pool)?,
                _ => {}
            }
            if to_move(pool, self.ways)?.is_empty() {
                self.say(0);
                return Ok(());
            }
            calls::balance(pool, self.ways)?;
        }
        Err(io::Error::other("something is still kept in another way"))
    }

    fn tell(&self, pool: BorrowedFd<'_>) {
        if let Ok(spaces) = to_move(pool, self.ways) {
            self.say(spaces.iter().map(|space| space.used.0).sum());
        }
    }

    fn give_up(&self, pool: BorrowedFd<'_>) -> io::Result<()> {
        calls::balance_cancel(pool)
    }
}

/// The space that is not kept as it should be.
fn to_move(pool: BorrowedFd<'_>, ways: Ways) -> io::Result<Vec<calls::Space>> {
    let other = |space: &calls::Space| space.flags & flags::RESERVE == 0 && !flags::is_as(space.flags, ways);
    Ok(calls::spaces(pool)?.into_iter().filter(other).collect())
}
