//! File ids: given out from reserved blocks, written beside each file.

use std::{
    collections::HashMap,
    os::fd::AsFd,
    sync::{Mutex, MutexGuard, PoisonError},
};

use croft_files::{Stat, set_xattr, xattr};
use croft_model::SpaceNumber;

use super::{
    etag::{ATTRIBUTE, Stamp},
    records::{BLOCK, Records},
};
use crate::error::Failure;

/// Entries whose attribute cannot be written and which are remembered for the run of the worker; past this the oldest are forgotten.
const MAX_STRAYS: usize = 10_000;

/// Gives out ids and finds those of entries.
#[derive(Debug)]
pub(crate) struct Ids {
    space: SpaceNumber,
    records: Records,
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
    pub(crate) fn new(space: SpaceNumber, records: Records) -> Self {
        Self { space, records, state: Mutex::default() }
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
        if let Some(stamp) = read(&file, stat)? {
            return Ok(stamp);
        }
        let mut state = self.lock();
        // Between the look above and the lock somebody else may have given one.
        if let Some(stamp) = read(&file, stat)? {
            return Ok(stamp);
        }
        if let Some(stamp) = state.strays.get(&stat.inode) {
            return Ok(*stamp);
        }
        let stamp = Stamp { id: self.take(&mut state)?, inode: stat.inode, nonce: nonce()? };
        if let Err(error) = set_xattr(&file, ATTRIBUTE, &stamp.encode()) {
            tracing::debug!(%error, inode = stat.inode, "an entry cannot carry its id");
            if state.strays.len() >= MAX_STRAYS {
                state.strays.clear();
            }
            state.strays.insert(stat.inode, stamp);
        }
        Ok(stamp)
    }

    fn take(&self, state: &mut State) -> Result<u64, Failure> {
        if state.next == state.end {
            state.next = self.records.reserve()?;
            state.end = state.next + BLOCK;
        }
        let id = self.space.file_id(state.next).ok_or(Failure::Broken("the space has no file ids left"))?;
        state.next += 1;
        Ok(id)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(file: impl AsFd, stat: Stat) -> Result<Option<Stamp>, Failure> {
    let stamp = xattr(file, ATTRIBUTE)?.as_deref().and_then(Stamp::decode);
    Ok(stamp.filter(|stamp| stamp.inode == stat.inode))
}

/// A number that the next content of a reused inode will not have.
pub(crate) fn nonce() -> Result<u32, Failure> {
    croft_api::random::bytes().map(u32::from_be_bytes).map_err(|_| Failure::Broken("the system gave no random bytes"))
}
