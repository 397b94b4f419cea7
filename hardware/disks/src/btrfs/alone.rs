//! What one snapshot alone holds: no counter of btrfs tells it, but the trees do, and each is looked at only as far as it is newer than the state before.

use std::{collections::HashMap, io, os::fd::BorrowedFd};

use croft_model::Bytes;

use super::counts::each_extent;

/// Extents that are compared at the most; a snapshot that may hold more alone is not measured.
const MAX_EXTENTS: usize = 1 << 20;

/// A state of a subvolume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// The number of its tree.
    pub(super) tree: u64,
    /// The transaction in which it was kept.
    pub(super) made: u64,
}

/// Bytes of extents that were written after `before` was kept, are in `this`, and no longer in `after`. None where there is too much to compare.
///
/// What was deleted does not come back, so an extent that is in neither neighbour is in no other state, but for what somebody brought back of this one.
pub(super) fn alone(pool: BorrowedFd<'_>, before: Option<State>, this: State, after: u64) -> io::Result<Option<Bytes>> {
    // An extent lies in a leaf that is as new as itself or newer, so no older leaf has to be read.
    let since = before.map_or(0, |before| before.made.saturating_add(1));
    let is_of_this = |made: u64| (since..=this.made).contains(&made);
    let mut held = HashMap::new();
    each_extent(pool, this.tree, since, |extent| {
        if is_of_this(extent.made) && held.len() <= MAX_EXTENTS {
            held.insert(extent.address, extent.length);
        }
    })?;
    if held.len() > MAX_EXTENTS {
        return Ok(None);
    }
    if !held.is_empty() {
        each_extent(pool, after, since, |extent| {
            held.remove(&extent.address);
        })?;
    }
    Ok(Some(Bytes(held.into_values().fold(0, u64::saturating_add))))
}
