//! File ids: given out from reserved blocks, written beside each file.

use std::{
    collections::HashMap,
    os::fd::AsFd,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use croft_files::{Stat, set_xattr, xattr};
use croft_model::SpaceNumber;
use croft_store::StoreError;

use super::{
    etag::{ATTRIBUTE, Stamp},
    records::{BLOCK, FIRST, Records},
};
use crate::error::Failure;

/// Entries whose attribute cannot be written and which are remembered for the run of the worker; past this all are forgotten
/// and get new ids.
const MAX_STRAYS: usize = 10_000;

/// Gives out ids and finds those of entries.
#[derive(Debug)]
pub(crate) struct Ids {
    space: SpaceNumber,
    records: Records,
    /// The first counter that no entry can have.
    reserved: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The counters that are left of the reserved block.
    next: u64,
    end: u64,
    /// Stamps by inode, of entries that cannot carry them.
    strays: HashMap<u64, Stamp>,
}

impl Ids {
    /// Those of `space`, as far as `records` says that they were given out.
    pub(crate) fn open(space: SpaceNumber, records: Records) -> Result<Self, StoreError> {
        let reserved = AtomicU64::new(records.reserved()?);
        Ok(Self { space, records, reserved, state: Mutex::default() })
    }

    /// The id of the space's root, known to everybody who knows the space.
    pub(crate) fn root(&self) -> u64 {
        self.space.file_id(1).unwrap_or(1)
    }

    /// An id that no entry ever had.
    pub(crate) fn fresh(&self) -> Result<u64, Failure> {
        self.take(&mut self.lock())
    }

    /// The stamp of the entry behind `file`; one that has none, or somebody else's, gets its own.
    pub(crate) fn of(&self, file: impl AsFd, stat: Stat) -> Result<Stamp, Failure> {
        if let Some(stamp) = self.read(&file, stat)? {
            return Ok(stamp);
        }
        let mut state = self.lock();
        // Between the look above and the lock somebody else may have given one.
        if let Some(stamp) = self.read(&file, stat)? {
            return Ok(stamp);
        }
        if let Some(stamp) = state.strays.get(&stat.inode) {
            return Ok(*stamp);
        }
        let stamp = self.new_stamp(&mut state, stat)?;
        if let Err(error) = set_xattr(&file, ATTRIBUTE, &stamp.encode()) {
            tracing::debug!(%error, inode = stat.inode, "an entry cannot carry its id");
            state.remember(stamp);
        }
        Ok(stamp)
    }

    /// The stamp of an entry that cannot be opened.
    pub(crate) fn of_closed(&self, stat: Stat) -> Result<Stamp, Failure> {
        let mut state = self.lock();
        if let Some(stamp) = state.strays.get(&stat.inode) {
            return Ok(*stamp);
        }
        let stamp = self.new_stamp(&mut state, stat)?;
        state.remember(stamp);
        Ok(stamp)
    }

    /// Remembers the stamp of a published file that cannot carry it.
    pub(crate) fn remember(&self, stamp: Stamp) {
        self.lock().remember(stamp);
    }

    /// The stamp that `file` carries, where it is its own.
    pub(crate) fn known(&self, file: impl AsFd, stat: Stat) -> Result<Option<Stamp>, Failure> {
        self.read(file, stat)
    }

    fn new_stamp(&self, state: &mut State, stat: Stat) -> Result<Stamp, Failure> {
        Ok(Stamp { id: self.take(state)?, inode: stat.inode, nonce: nonce()? })
    }

    /// The stamp that `file` carries, if it was written for this very file and its id can have been given out here.
    fn read(&self, file: impl AsFd, stat: Stat) -> Result<Option<Stamp>, Failure> {
        let stamp = xattr(file, ATTRIBUTE)?.as_deref().and_then(Stamp::decode);
        Ok(stamp.filter(|stamp| stamp.inode == stat.inode && self.is_own(stamp.id)))
    }

    fn is_own(&self, id: u64) -> bool {
        let from = |counter| self.space.file_id(counter).unwrap_or(0);
        (from(FIRST)..from(self.reserved.load(Ordering::Acquire))).contains(&id)
    }

    fn take(&self, state: &mut State) -> Result<u64, Failure> {
        if state.next == state.end {
            state.next = self.records.reserve()?;
            state.end = state.next + BLOCK;
            self.reserved.store(state.end, Ordering::Release);
        }
        let id = self.space.file_id(state.next).ok_or(Failure::Broken("the space has no file ids left"))?;
        state.next += 1;
        Ok(id)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remember(&mut self, stamp: Stamp) {
        if self.strays.len() >= MAX_STRAYS {
            self.strays.clear();
        }
        self.strays.insert(stamp.inode, stamp);
    }
}

/// A number that the next content of a reused inode will not have.
pub(crate) fn nonce() -> Result<u32, Failure> {
    croft_api::random::bytes().map(u32::from_be_bytes).map_err(|_| Failure::Broken("the system gave no random bytes"))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use croft_files::Dir;

    use super::*;

    #[test]
    fn an_entry_that_cannot_carry_its_stamp_keeps_it_for_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(&Dir::new(File::open(folder.path()).unwrap().into()).unwrap()).unwrap();
        let ids = Ids::open(SpaceNumber(7), records).unwrap();
        // A device takes no attributes of users.
        let device = File::open("/dev/null").unwrap();
        let stat = Stat::of(&device).unwrap();
        let published = Stamp { id: ids.fresh().unwrap(), inode: stat.inode, nonce: 5 };
        ids.remember(published);
        assert_eq!(ids.of(&device, stat).unwrap(), published);
        assert_eq!(ids.of_closed(stat).unwrap(), published);
        let other = Stat { inode: stat.inode + 1, ..stat };
        assert_ne!(ids.of(&device, other).unwrap().id, published.id);
        assert_eq!(ids.of(&device, other).unwrap(), ids.of_closed(other).unwrap());
    }
}
