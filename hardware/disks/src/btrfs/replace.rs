//! Writing what a disk holds, or held, to another one.

use std::{io, os::fd::BorrowedFd, path::PathBuf};

use croft_model::{Bytes, Progress};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    calls::{self, Replacement},
    long::{self, Long},
    trees::{self, Chunk},
};

/// How far a replacement is.
pub(super) struct Way {
    size: Bytes,
    /// The pieces of the disk that are given to something: address and length.
    pieces: Vec<(u64, u64)>,
    progress: watch::Sender<Progress>,
}

impl Way {
    pub(super) fn new(pool: BorrowedFd<'_>, device: &calls::Device, progress: watch::Sender<Progress>) -> io::Result<Self> {
        let way = Self { size: device.total, pieces: pieces(&trees::chunks(pool)?, device.number), progress };
        way.progress.send_replace(Progress { done: 0, total: way.total() });
        Ok(way)
    }

    fn total(&self) -> u64 {
        self.pieces.iter().map(|(_, length)| length).sum()
    }

    /// The kernel goes through the disk from its beginning to its end, and says how many thousandths of that are behind it.
    fn tell(&self, pool: BorrowedFd<'_>) {
        if let Ok(Replacement::Running(permille)) = calls::replacement(pool) {
            let position = u64::try_from(u128::from(self.size.0) * u128::from(permille) / 1000).unwrap_or(u64::MAX);
            let done = before(&self.pieces, position);
            self.progress.send_if_modified(|told| {
                done > told.done && {
                    told.done = done;
                    true
                }
            });
        }
    }

    fn done(&self) {
        self.progress.send_replace(Progress { done: self.total(), total: self.total() });
    }
}

/// The pieces of a disk, and how much of them lies before a place.
fn pieces(chunks: &[Chunk], number: u64) -> Vec<(u64, u64)> {
    let of = |chunk: &Chunk| -> Vec<(u64, u64)> {
        chunk.stripes.iter().filter(|stripe| stripe.0 == number).map(|stripe| (stripe.1, chunk.length)).collect()
    };
    chunks.iter().flat_map(of).collect()
}

fn before(pieces: &[(u64, u64)], position: u64) -> u64 {
    pieces.iter().map(|(from, length)| position.saturating_sub(*from).min(*length)).sum()
}

/// A replacement from its beginning.
pub(super) struct Replace {
    pub(super) way: Way,
    pub(super) number: u64,
    pub(super) to: PathBuf,
}

impl Long for Replace {
    type Ended = ();

    const WHAT: &'static str = "replace a disk";

    fn run(&self, pool: BorrowedFd<'_>, _: &CancellationToken) -> io::Result<()> {
        calls::replace(pool, self.number, &self.to)?;
        self.way.done();
        Ok(())
    }

    fn tell(&self, pool: BorrowedFd<'_>) {
        self.way.tell(pool);
    }

    fn give_up(&self, pool: BorrowedFd<'_>) -> io::Result<()> {
        calls::replace_cancel(pool)
    }
}

/// A replacement that somebody else has begun: a process that was killed meanwhile, or the kernel when it mounted the pool.
pub(super) struct Begun {
    pub(super) way: Way,
}

/// How a replacement ended that was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// It is over, one way or the other.
    Ended,
    /// Its new disk is gone, so it was given up.
    GaveUp,
}

impl Long for Begun {
    type Ended = Waited;

    const WHAT: &'static str = "wait for the replacement of a disk";

    fn run(&self, pool: BorrowedFd<'_>, stop: &CancellationToken) -> io::Result<Waited> {
        long::wait_while(stop, || Ok(matches!(calls::replacement(pool)?, Replacement::Running(_))))?;
        match calls::replacement(pool)? {
            // Without its disk, say: nobody else will end it.
            Replacement::Suspended => calls::replace_cancel(pool).map(|()| Waited::GaveUp),
            _ => Ok(Waited::Ended),
        }
    }

    fn tell(&self, pool: BorrowedFd<'_>) {
        self.way.tell(pool);
    }

    fn give_up(&self, pool: BorrowedFd<'_>) -> io::Result<()> {
        calls::replace_cancel(pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_what_lies_before_the_kernels_place() {
        let chunk = |length: u64, stripes: &[(u64, u64)]| Chunk { logical: 0, length, flags: 1, stripes: stripes.to_vec() };
        let chunks = [chunk(10, &[(1, 100), (2, 50)]), chunk(20, &[(1, 200), (1, 300)]), chunk(5, &[(3, 0)])];
        let pieces = pieces(&chunks, 1);
        assert_eq!(pieces, [(100, 10), (200, 20), (300, 20)]);
        let check = |position: u64, expected: u64| assert_eq!(before(&pieces, position), expected, "{position}");
        check(0, 0);
        check(100, 0);
        check(105, 5);
        check(150, 10);
        check(310, 40);
        check(9999, 50);
    }
}
