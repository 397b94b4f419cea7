//! Room on the disk for uploads, and the reserve that they leave.

use std::{
    ffi::CStr,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use croft_files::{Dir, FilesError};

use crate::error::{Failure, full};

/// Bytes of a file system that uploads leave free: one of so many parts of it, within these bounds. Databases and deletions still work then on a full box,
/// and the disks of a pool are not given out to the last byte, without which a dead one could not be replaced (docs/decisions/pool.md).
const RESERVE_PART: u64 = 20;
const LEAST_RESERVE: u64 = 64 * 1024 * 1024;
const MOST_RESERVE: u64 = 2 * 1024 * 1024 * 1024;

/// The attribute of the folder of a space's snapshots by which storage tells what is left of the quota: `docs/formats/space.md`.
const LEFT: &CStr = c"user.croft.left";

/// What uploads leave free where there is so much room.
pub(crate) fn reserve(room: croft_files::Room) -> u64 {
    (room.total / RESERVE_PART).clamp(LEAST_RESERVE, MOST_RESERVE)
}

/// The room of a space. btrfs counts what was written only at its next commit, which may be half a minute later; so what arrives is counted
/// here, and when it could have used up what was there, the disk is brought up to date and asked again.
#[derive(Debug)]
pub(crate) struct Room {
    dir: Dir,
    /// Bytes of all uploads since the worker began.
    arrived: AtomicU64,
    known: Mutex<Known>,
    /// Where storage says what is left of the space's quota.
    teller: OnceLock<Dir>,
    told: Mutex<Option<Told>>,
}

/// What storage said last of the quota.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    text: Vec<u8>,
    /// Bytes that were left.
    left: u64,
    /// [`Room::arrived`] when it was read.
    arrived: u64,
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
        let (known, told) = (Mutex::new(known), Mutex::new(None));
        Ok(Self { dir: dir.clone(), arrived: AtomicU64::new(0), known, teller: OnceLock::new(), told })
    }

    /// Keeps to the quota from now on that storage tells by the folder of the space's snapshots.
    pub(crate) fn listen(&self, snapshots: Dir) {
        // Once in a worker's life.
        let _ = self.teller.set(snapshots);
    }

    /// What uploads may still take of `disk` and of the quota.
    pub(crate) fn free(&self, disk: croft_files::Room) -> Result<u64, Failure> {
        let left = self.left()?.unwrap_or(u64::MAX);
        Ok(disk.available.saturating_sub(reserve(disk)).min(left))
    }

    /// What is left of the quota, if there is one. What arrived since storage looked counts; what was deleted since then does not yet.
    fn left(&self) -> Result<Option<u64>, Failure> {
        let Some(teller) = self.teller.get() else { return Ok(None) };
        let text = teller.xattr(LEFT)?;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let arrived = self.arrived.load(Ordering::Acquire);
        if told.as_ref().map(|told| &told.text) != text.as_ref() {
            *told = text.and_then(|text| left(&text).map(|left| Told { text, left, arrived }));
        }
        Ok(told.as_ref().map(|told| told.left.saturating_sub(arrived.saturating_sub(told.arrived))))
    }

    /// Refuses with "disk full" what the quota has no room for. A deletion is not asked: the kernel leaves it a little above the quota.
    pub(crate) fn keep_to_quota(&self, bytes: u64) -> Result<(), Failure> {
        match self.left()? {
            Some(left) if left < bytes.max(1) => Err(full().into()),
            _ => Ok(()),
        }
    }

    /// Counts bytes of an upload.
    pub(crate) fn count(&self, bytes: u64) {
        self.arrived.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Refuses with "disk full" when the reserve is touched already, writing `bytes` more would touch it, or the quota has no room for them. Blocks.
    pub(crate) fn admit(&self, bytes: u64) -> Result<(), Failure> {
        self.admit_above(bytes, 0)
    }

    /// The same, and leaves `more` bytes free on the disk.
    pub(crate) fn admit_above(&self, bytes: u64, more: u64) -> Result<(), Failure> {
        self.keep_to_quota(bytes)?;
        let now = self.dir.room()?;
        let wanted = reserve(now).saturating_add(bytes).saturating_add(more);
        let enough = |available: u64| if available < wanted { Err(full().into()) } else { Ok(()) };
        enough(now.available)?;
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

/// Reads `CHANGED BYTES`; none where there is no quota, and where somebody else wrote something.
fn left(text: &[u8]) -> Option<u64> {
    let (_, bytes) = std::str::from_utf8(text).ok()?.split_once(' ')?;
    bytes.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use croft_model::SpaceNumber;

    use super::*;
    use crate::space::Space;

    #[test]
    fn what_arrives_is_kept_to_what_was_left_of_the_quota() {
        let here = Dir::new(File::open(env!("CARGO_MANIFEST_DIR")).unwrap().into()).unwrap();
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let told = Dir::new(File::open(folder.path()).unwrap().into()).unwrap();
        let room = Room::of(&here).unwrap();
        room.listen(told.clone());
        let refused = |bytes: u64| matches!(room.keep_to_quota(bytes), Err(Failure::Problem(problem)) if problem.status == 507);
        let say = |text: &[u8]| told.set_xattr(LEFT, text).unwrap();
        assert!(!refused(u64::MAX), "nobody said anything");
        say(b"7 100");
        assert!(!refused(100) && refused(101));
        room.count(60);
        assert!(!refused(40) && refused(41));
        say(b"8 50");
        assert!(!refused(50) && refused(51), "what arrived before is in it");
        assert_eq!(room.free(here.room().unwrap()).unwrap().min(51), 50);
        say(b"9 0");
        assert!(refused(0), "an upload of which nobody knows how long it is");
        for none in [b"".as_slice(), b"x", b"7 -1", b"7 99999999999999999999", b"\xff 1"] {
            say(none);
            assert!(!refused(u64::MAX));
        }
    }

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
