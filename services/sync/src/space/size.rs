//! How much lies below a folder. Counted once, kept until something below it changes.

use std::sync::PoisonError;

use croft_files::{Dir, FilesError, Kind};

use super::Space;
use crate::error::Failure;

/// Folders below folders that are counted; a path has no more names than this anyway.
const MAX_DEPTH: usize = croft_api::bulk::limits::MAX_SEGMENTS;

impl Space {
    /// Bytes of all files below the folder `dir` with the id `id`. Blocks.
    pub(crate) fn size_of(&self, dir: &Dir, id: u64) -> Result<u64, Failure> {
        let _one = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        self.count(dir, id, MAX_DEPTH)
    }

    fn count(&self, dir: &Dir, id: u64, depth: usize) -> Result<u64, Failure> {
        let (known, sequence) = self.index.size(id);
        if let Some(size) = known {
            return Ok(size);
        }
        let mut sum = 0_u64;
        for listed in dir.list()? {
            let Some(stat) = reachable(dir.stat_of(&listed.name))? else { continue };
            sum = sum.saturating_add(match stat.kind {
                Kind::File => stat.size,
                Kind::Dir if depth > 0 => {
                    let Some(below) = reachable(dir.dir(std::slice::from_ref(&listed.name)))? else { continue };
                    let id = self.ids.of(&below, stat)?.id;
                    self.count(&below, id, depth - 1)?
                }
                Kind::Dir | Kind::Other => 0,
            });
        }
        self.index.remember_size(id, sum, sequence);
        Ok(sum)
    }
}

/// What was found; `None` where it is gone meanwhile or nobody may look into it. Any other failure would make a wrong sum.
fn reachable<T>(found: Result<T, FilesError>) -> Result<Option<T>, FilesError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_absent() || error.is_refused() => Ok(None),
        Err(error) => Err(error),
    }
}
