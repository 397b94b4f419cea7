//! A disk for crash tests: it forgets every write that was not synced before the power went.
//!
//! ```
//! # use croft_store::{Options, Store, crash::Disk};
//! let disk = Disk::new();
//! let store = Store::open_on(&disk, Options::new("test"))?;
//! disk.cut_power_after(0); // from now on nothing reaches the platter
//! # drop(store);
//! let after = disk.after_the_crash();
//! Store::open_on(&after, Options::new("test"))?;
//! # Ok::<(), croft_store::StoreError>(())
//! ```

use std::{
    io,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// What the running system sees.
    seen: Vec<u8>,
    /// What has been synced and so survives.
    durable: Vec<u8>,
    /// Whole writes since the last sync, oldest first; a real disk may have done any of them.
    pending: Vec<(usize, Vec<u8>)>,
    /// Operations (writes and syncs) that still reach the disk; `None` while the power is on for good.
    operations_left: Option<u64>,
    operations: u64,
}

impl Disk {
    /// An empty disk with its power on.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many writes and syncs there have been.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Lets `operations` more writes and syncs through; later ones fail, as on a disk that is gone.
    pub fn cut_power_after(&self, operations: u64) {
        self.lock().operations_left = Some(operations);
    }

    /// What a new start finds: synced bytes only.
    #[must_use]
    pub fn after_the_crash(&self) -> Self {
        let state = self.lock();
        Self::holding(state.durable.clone())
    }

    /// What a new start finds when the disk had also done those un-synced writes for which `done` says so, by their order.
    #[must_use]
    pub fn after_the_crash_with(&self, mut done: impl FnMut(usize) -> bool) -> Self {
        let state = self.lock();
        let mut bytes = state.durable.clone();
        for (order, (offset, data)) in state.pending.iter().enumerate() {
            if done(order) {
                overlay(&mut bytes, *offset, data);
            }
        }
        Self::holding(bytes)
    }

    fn holding(bytes: Vec<u8>) -> Self {
        let state = State { seen: bytes.clone(), durable: bytes, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn operate(&mut self) -> io::Result<()> {
        if let Some(left) = &mut self.operations_left {
            *left = left.checked_sub(1).ok_or_else(|| io::Error::other("the power is off"))?;
        }
        self.operations += 1;
        Ok(())
    }
}

fn overlay(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

fn position(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(io::Error::other)
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.lock();
        let offset = position(offset)?;
        let found = state.seen.get(offset..offset + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.lock();
        state.operate()?;
        state.seen.resize(position(len)?, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.operate()?;
        state.durable = state.seen.clone();
        state.pending.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        state.operate()?;
        let offset = position(offset)?;
        overlay(&mut state.seen, offset, data);
        state.pending.push((offset, data.to_vec()));
        Ok(())
    }

    fn try_lock_range(&self, _start: Bound<u64>, _end: Bound<u64>) -> Result<bool, redb::BackendError> {
        // Each start of a crash test has a disk of its own, so there is nobody to lock out.
        Ok(true)
    }

    fn unlock_range(&self, _start: Bound<u64>, _end: Bound<u64>) -> Result<(), redb::BackendError> {
        Ok(())
    }
}
