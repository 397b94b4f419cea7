//! About how long a change takes. Pure.

use croft_disks::{Seen, SeenMember, Target};
use croft_model::{Bus, Disk, PoolStep};

use crate::{
    plan::off,
    room::{Held, is_uneven, present},
};

/// A disk is emptied and known to the pool in so many seconds.
const JOIN: u64 = 10;
/// Data that is moved is read and written once on the disk that has it now.
const MOVED: u64 = 2;

/// A change, as far as its length depends on it.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    /// The pool, with the disks between which data is moved.
    pub(crate) seen: &'a Seen,
    /// What is known of the disks.
    pub(crate) disks: &'a [Disk],
    /// How everything is to be kept.
    pub(crate) target: Target,
    /// The disk that goes.
    pub(crate) member: Option<u64>,
}

impl Work<'_> {
    /// About how many seconds `step` takes.
    pub(crate) fn seconds(self, step: PoolStep) -> u64 {
        let slowest = present(self.seen).map(|member| self.speed(member)).min().unwrap_or(speed(Bus::Other));
        let on = self.seen.members.iter().find(|found| Some(found.number) == self.member).map_or(0, |member| member.used.0);
        match step {
            PoolStep::Join => JOIN,
            PoolStep::Rebuild => on / slowest,
            PoolStep::Leave => on.saturating_mul(MOVED) / slowest,
            // All disks are read at the same time.
            PoolStep::Compare => present(self.seen).map(|member| member.used.0 / self.speed(member)).max().unwrap_or_default(),
            PoolStep::Spread => {
                let other: u64 = off(self.seen, self.target).map(|group| group.used.0).sum();
                // Which files lie on the full disks is not known, so leveling may read all of them.
                let leveled = if is_uneven(self.seen, self.target.data) { Held::of(self.seen).data } else { 0 };
                other.saturating_add(leveled).saturating_mul(MOVED) / slowest
            }
        }
    }

    fn speed(self, member: &SeenMember) -> u64 {
        let found = self.disks.iter().find(|disk| Some(&disk.id) == member.disk.as_ref());
        speed(found.map_or(Bus::Other, |disk| disk.bus))
    }
}

/// Bytes that a disk on this bus reads or writes a second while a pool moves data, which does not lie in one place. Of spinning disks and cheap
/// adapters: people are glad when it ends earlier.
const fn speed(bus: Bus) -> u64 {
    match bus {
        Bus::Nvme => 400_000_000,
        Bus::Virtual => 150_000_000,
        Bus::Sata => 110_000_000,
        Bus::Usb | Bus::Other => 90_000_000,
        Bus::Card => 20_000_000,
    }
}
