//! Room on the disk for uploads, and the reserve that they leave.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use croft_files::{Dir, FilesError};

use crate::error::{Failure, full};

/// Bytes of the disk that uploads leave free, so that databases and deletions still work on a full box.
pub(crate) const RESERVE_BYTES: u64 = 64 * 1024 * 1024;

/// The room of a space. btrfs counts what was written only at its next commit, which may be half a minute later; so what arrives is counted
/// here, and when it could have used up what was there, the disk is brought up to date and asked again.
#[derive(Debug)]
pub(crate) struct Room {
    dir: Dir,
    /// Bytes of all uploads since the worker began.
    arrived: AtomicU64,
    known: Mutex<Known>,
}

/// What the disk said when it was up to date.
#[derive(Debug)]
struct Known {
    available: u64,
    /// [`Room::arrived`] at that moment.
    arrived: u64,
}

impl Room {
    /// The room where `dir` is.
    pub(crate) fn of(dir: &Dir) -> Result<Self, FilesError> {
        let known = Known { available: dir.room()?.available, arrived: 0 };
        Ok(Self { dir: dir.clone(), arrived: AtomicU64::new(0), known: Mutex::new(known) })
    }

    /// Counts bytes of an upload.
    pub(crate) fn count(&self, bytes: u64) {
        self.arrived.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Refuses with "disk full" when the reserve is touched already or writing `bytes` more would touch it. Blocks.
    pub(crate) fn admit(&self, bytes: u64) -> Result<(), Failure> {
        let wanted = RESERVE_BYTES.saturating_add(bytes);
        let enough = |available: u64| if available < wanted { Err(full().into()) } else { Ok(()) };
        enough(self.dir.room()?.available)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let arrived = self.arrived.load(Ordering::Acquire);
        if known.available.saturating_sub(arrived - known.arrived) >= wanted {
            return Ok(());
        }
        self.dir.sync_whole()?;
        *known = Known { available: self.dir.room()?.available, arrived };
        enough(known.available)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use croft_model::SpaceNumber;

    use super::*;
    use crate::space::Space;

    #[test]
    fn a_body_that_was_there_whole_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("index")).unwrap();
        let dir = |name: &str| Dir::new(File::open(folder.path().join(name)).unwrap().into()).unwrap();
        let space = Space::open(&dir(""), &dir("index"), SpaceNumber(7)).unwrap();
        for length in [5, 65_536] {
            space.fill(&space.stage().unwrap(), &vec![7; length]).unwrap();
        }
        assert_eq!(space.room.arrived.load(Ordering::Acquire), 65_541);
    }
}
