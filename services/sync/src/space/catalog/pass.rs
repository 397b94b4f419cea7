//! A pass over files: what is on the disk is compared with what was last seen, and who keeps a copy hears of what differs.

use std::sync::Arc;

use croft_files::{Dir, FilesError, Kind, Name};

use super::{
    Note, Space, names_of,
    rows::{Batch, Row, Rows, nanoseconds},
    seen, text,
};
use crate::{error::Failure, news::News};

/// Rows that are written together.
const WRITTEN: usize = 512;
/// Folders below folders that are read; a path has no more names than this anyway.
const MAX_DEPTH: usize = croft_api::bulk::limits::MAX_SEGMENTS;

/// A pass.
pub(super) struct Pass<'a> {
    space: &'a Arc<Space>,
    news: &'a News,
    rows: &'a Rows,
    /// Where files are read that were never seen, only what changed since then is news: nanoseconds since 1970.
    since: Option<i64>,
    batch: Batch,
    gone: Vec<Gone>,
    stopped: bool,
}

/// What is gone from a folder.
struct Gone {
    path: String,
    /// Ids from the root to the folder.
    line: Vec<u64>,
    entries: Vec<(String, Row)>,
}

/// A folder on the way down.
struct Here<'a> {
    dir: &'a Dir,
    path: &'a [Name],
    line: &'a [u64],
    id: u64,
}

impl<'a> Pass<'a> {
    pub(super) fn new(space: &'a Arc<Space>, news: &'a News, rows: &'a Rows, since: Option<i64>) -> Self {
        Self { space, news, rows, since, batch: Batch::default(), gone: Vec::new(), stopped: false }
    }

    /// Reads the folder at `path` and all below it; says whether it came to the end. Blocks.
    pub(super) fn read(mut self, path: &[Name]) -> Result<bool, Failure> {
        let total = self.rows.count()?;
        let mut line = self.space.line(path)?;
        let mut path = path.to_vec();
        self.folder(&self.space.files.dir(&path)?, &mut path, &mut line)?;
        self.flush()?;
        if !self.stopped {
            self.finish(total)?;
        }
        Ok(!self.stopped)
    }

    fn folder(&mut self, dir: &Dir, path: &mut Vec<Name>, line: &mut Vec<u64>) -> Result<(), Failure> {
        let catalog = &self.space.catalog;
        if catalog.notes.ended() || self.stopped {
            self.stopped = true;
            return Ok(());
        }
        catalog.settle(self.space)?;
        let id = line.last().copied().unwrap_or_default();
        let below = {
            let _one = catalog.lock();
            self.compare(&Here { dir, path, line, id })?
        };
        if self.batch.len() >= WRITTEN {
            self.flush()?;
        }
        if path.len() >= MAX_DEPTH {
            return Ok(());
        }
        for (name, id) in below {
            let Some(dir) = there(dir.dir(std::slice::from_ref(&name)))? else { continue };
            path.push(name);
            line.push(id);
            let read = self.folder(&dir, path, line);
            path.pop();
            line.pop();
            read?;
        }
        Ok(())
    }

    /// Compares a folder with what was seen of it; gives the folders in it.
    fn compare(&mut self, here: &Here<'_>) -> Result<Vec<(Name, u64)>, Failure> {
        let folder_changed = self.since.is_none_or(|since| here.dir.stat().is_ok_and(|stat| nanoseconds(stat) >= since));
        let mut names: Vec<Name> =
            here.dir.list()?.into_iter().filter(|listed| listed.kind != Some(Kind::Other)).map(|listed| listed.name).collect();
        names.sort_unstable();
        // After the listing: what was written down meanwhile is no difference.
        let mut known = self.rows.in_folder(here.id)?.into_iter().peekable();
        let (mut below, mut gone, mut changed) = (Vec::new(), Vec::new(), false);
        for name in names {
            while let Some(entry) = known.next_if(|(known, _)| known.as_str() < name.as_str()) {
                gone.push(entry);
            }
            let before = known.next_if(|(known, _)| known == name.as_str()).map(|(_, row)| row);
            let stat = there(here.dir.stat_of(&name))?.filter(|stat| stat.kind != Kind::Other);
            if let Some(row) = before.as_ref().filter(|row| stat.is_some_and(|stat| row.is(stat))) {
                below.extend(row.folder.then_some((name, row.id)));
                continue;
            }
            let now = if stat.is_some() { seen(self.space, here.dir, &name)? } else { None };
            let Some(now) = now else {
                gone.extend(before.map(|row| (name.to_string(), row)));
                continue;
            };
            let recent = folder_changed || self.since.is_none_or(|since| stat.is_some_and(|stat| nanoseconds(stat) >= since));
            changed |= recent && !self.space.catalog.notes.has(&Note::new(here.path, &name));
            below.extend(now.folder.then(|| (name.clone(), now.id)));
            self.batch.put((here.id, name.to_string()), now);
        }
        gone.extend(known);
        gone.retain(|(name, _)| Name::new(name.as_str()).is_ok_and(|name| !self.space.catalog.notes.has(&Note::new(here.path, &name))));
        if !gone.is_empty() {
            self.gone.push(Gone { path: text(here.path), line: here.line.to_vec(), entries: gone });
        }
        if changed {
            self.tell(here.line, here.path);
        }
        Ok(below)
    }

    /// Takes out what is gone, unless it is so much that somebody is to be asked. Last, since what moved is seen elsewhere by then.
    fn finish(&mut self, total: u64) -> Result<(), Failure> {
        let catalog = &self.space.catalog;
        let _one = catalog.lock();
        let mut weight = 0;
        for folder in &mut self.gone {
            let Some(id) = folder.line.last().copied() else { continue };
            let dir = self.space.files.dir(&names_of(&folder.path));
            folder.entries.retain(|(name, _)| {
                // It may be back.
                let name = Name::new(name.as_str());
                !name.is_ok_and(|name| dir.as_ref().is_ok_and(|dir| dir.stat_of(&name).is_ok_and(|stat| stat.kind != Kind::Other)))
            });
            for (name, row) in &folder.entries {
                weight += self.rows.weight(&(id, name.clone()), row, total)?;
            }
        }
        if !self.space.guard.lets_pass(weight, total) {
            return Ok(());
        }
        for folder in std::mem::take(&mut self.gone).into_iter().filter(|folder| !folder.entries.is_empty()) {
            let Some(id) = folder.line.last().copied() else { continue };
            folder.entries.into_iter().for_each(|(name, _)| self.batch.gone((id, name)));
            self.tell(&folder.line, &names_of(&folder.path));
        }
        catalog.write(self.rows, &std::mem::take(&mut self.batch))
    }

    /// Gives the folders of `line` new ETags and says so.
    fn tell(&self, line: &[u64], path: &[Name]) {
        self.space.index.bump(line);
        self.news.changed(self.space, path);
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let catalog = &self.space.catalog;
        let _one = catalog.lock();
        catalog.write(self.rows, &std::mem::take(&mut self.batch))
    }
}

/// What was found; `None` where it is gone meanwhile or nobody may look into it.
fn there<T>(found: Result<T, FilesError>) -> Result<Option<T>, FilesError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_absent() || error.is_refused() => Ok(None),
        Err(error) => Err(error),
    }
}
