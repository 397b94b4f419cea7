//! A pass over files: what is on the disk is compared with what was last seen, and who keeps a copy hears of what differs.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use croft_files::{Dir, FilesError, Kind, Name, Stat};

use super::{
    Note, Space,
    hints::{Heard, Hints},
    names_of, now,
    rows::{Batch, Row, Rows, nanoseconds},
    seen,
};
use crate::{error::Failure, judge::path, news::News, space::etag::Stamp};

/// Rows that are written together.
const WRITTEN: usize = 512;
/// Folders below folders that are read; a path has no more names than this anyway.
const MAX_DEPTH: usize = croft_api::bulk::limits::MAX_SEGMENTS;

/// A file that is written is looked at when it rested for so long.
const PAUSE: Duration = Duration::from_millis(500);

/// A pass.
pub(super) struct Pass<'a> {
    space: &'a Arc<Space>,
    news: &'a News,
    rows: &'a Rows,
    /// Where files are read that were never seen, only what changed since then is news: nanoseconds since 1970.
    since: Option<i64>,
    /// Folders that are read are listened to from then on.
    hints: Option<&'a Hints>,
    batch: Batch,
    gone: Vec<Gone>,
    /// Folders in which something changed, with their lines. Told at the end, when the guard has judged.
    changed: Vec<(Vec<u64>, String)>,
    /// Whether anything changed that nobody did here.
    found: bool,
    stopped: bool,
}

/// How a pass ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    /// Whether it came to the end.
    pub(super) whole: bool,
    /// Whether it found changes.
    pub(super) found: bool,
}

/// What is gone from a folder.
struct Gone {
    path: String,
    /// Ids from the root to the folder.
    line: Vec<u64>,
    entries: Vec<Missing>,
}

/// An entry that is not where it was seen.
struct Missing {
    name: String,
    row: Row,
    /// What is there instead of a folder.
    instead: Option<Row>,
}

/// Names and ids on the way to a folder.
type Tree = (Vec<Name>, Vec<u64>);

/// A folder on the way down.
struct Here<'a> {
    dir: &'a Dir,
    path: &'a [Name],
    line: &'a [u64],
    id: u64,
}

impl<'a> Pass<'a> {
    pub(super) fn new(space: &'a Arc<Space>, news: &'a News, rows: &'a Rows, hints: Option<&'a Hints>) -> Self {
        Self {
            space,
            news,
            rows,
            since: None,
            hints,
            batch: Batch::default(),
            gone: Vec::new(),
            changed: Vec::new(),
            found: false,
            stopped: false,
        }
    }

    /// Of files that were never seen only what changed `since` is news.
    pub(super) fn since(self, since: Option<i64>) -> Self {
        Self { since, ..self }
    }

    /// Reads the folder at `path` and all below it. Blocks.
    pub(super) fn read(mut self, path: &[Name]) -> Result<Outcome, Failure> {
        let (total, whole) = (self.rows.count()?, path.is_empty());
        let mut line = self.space.line(path)?;
        let mut path = path.to_vec();
        let read = self.folder(&self.space.files.dir(&path)?, &mut path, &mut line).and_then(|()| self.flush());
        if read.is_err() || self.stopped {
            self.hold();
            return read.map(|()| Outcome { whole: false, found: self.found });
        }
        self.finish(total, whole)?;
        Ok(Outcome { whole: true, found: self.found })
    }

    /// Looks at what was `heard` of; says whether that was all there is to it. Where anything is missing, nothing is told or written down: that is for a pass
    /// over all to find, which the guard judges. Blocks.
    pub(super) fn look(mut self, heard: &Heard) -> Result<bool, Failure> {
        let total = self.rows.count()?;
        let Some(new) = self.look_at(heard)? else { return Ok(false) };
        if self.misses()? {
            return Ok(false);
        }
        let read = new.into_iter().try_for_each(|(mut path, mut line)| match there(self.space.files.dir(&path))? {
            Some(dir) => self.folder(&dir, &mut path, &mut line),
            None => Ok(()),
        });
        let sound = read.and_then(|()| Ok(!self.stopped && !self.misses()?)).and_then(|sound| self.flush().map(|()| sound));
        if !sound.as_ref().is_ok_and(|sound| *sound) {
            self.hold();
            return sound;
        }
        self.finish(total, false)?;
        Ok(true)
    }

    /// Compares what was heard of; gives the folders that are to be read whole, and nothing where the tree is another one than was seen.
    fn look_at(&mut self, heard: &Heard) -> Result<Option<Vec<Tree>>, Failure> {
        let _one = self.space.catalog.lock();
        let (mut new, mut left) = (Vec::new(), BTreeSet::new());
        for (id, names) in heard {
            let Some(path) = self.rows.path(*id, self.space.ids.root())? else {
                left.insert(*id);
                continue;
            };
            let (dir, line) = match self.space.way(&path) {
                Ok((dir, line)) if line.last() == Some(id) => (dir, line),
                // A pass does not look into it, either.
                Err(Failure::Files(error)) if error.is_refused() => continue,
                _ => return Ok(None),
            };
            let below = match self.compare(&Here { dir: &dir, path: &path, line: &line, id: *id }, Some(names)) {
                Err(Failure::Files(_) | Failure::Read(_)) => return Ok(None),
                compared => compared?,
            };
            for (name, id) in below {
                match there(dir.dir(std::slice::from_ref(&name))) {
                    // What is listened to already was read.
                    Ok(Some(dir)) if self.hints.is_some_and(|hints| hints.watch(&dir, id)) => {
                        new.push(([&path[..], &[name]].concat(), [&line[..], &[id]].concat()));
                    }
                    Ok(_) => {}
                    Err(_) => return Ok(None),
                }
            }
        }
        if let Some(hints) = self.hints {
            hints.leave(&left);
        }
        Ok(Some(new))
    }

    /// Whether anything is gone that was not seen elsewhere.
    fn misses(&self) -> Result<bool, Failure> {
        let seen: HashSet<u64> = self.batch.ids().collect();
        for folder in &self.gone {
            let Some(id) = folder.line.last().copied() else { continue };
            for Missing { name, row, .. } in &folder.entries {
                if !seen.contains(&row.id) && self.rows.place(row.id)?.is_none_or(|place| place == (id, name.clone())) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
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
            // It may have moved away, with all that was seen below it.
            let inode = |dir: &Dir| dir.stat().map(|stat| stat.inode);
            if there(self.space.files.dir(path).and_then(|now| inode(&now)))? != Some(inode(dir)?) {
                return Ok(());
            }
            if let Some(hints) = self.hints {
                hints.watch(dir, id);
            }
            match self.compare(&Here { dir, path, line, id }, None) {
                // One folder that cannot be read keeps nobody from the others. What was seen of it stays.
                Err(error @ (Failure::Files(_) | Failure::Read(_))) => {
                    tracing::warn!(%error, folder = path::text(path), "a folder cannot be compared with what was last seen of it");
                    if let Some(hints) = self.hints {
                        hints.miss();
                    }
                    // A part of it may have been.
                    self.changed.push((line.clone(), path::text(path)));
                    return Ok(());
                }
                compared => compared?,
            }
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

    /// Compares a folder, or what was `heard` of in it, with what was seen of it; gives the folders among that.
    fn compare(&mut self, here: &Here<'_>, heard: Option<&BTreeSet<Name>>) -> Result<Vec<(Name, u64)>, Failure> {
        let folder_changed = self.since.is_none_or(|since| here.dir.stat().is_ok_and(|stat| nanoseconds(stat) >= since));
        let names = match heard {
            Some(names) => names.iter().cloned().collect(),
            None => listed(here.dir)?,
        };
        // After the listing: what was written down meanwhile is no difference.
        let known = match heard {
            Some(names) => self.rows.named(here.id, names.iter())?,
            None => self.rows.in_folder(here.id)?,
        };
        let mut known = known.into_iter().peekable();
        let (mut below, mut gone, mut changed) = (Vec::new(), Vec::new(), false);
        for name in names {
            while let Some(entry) = known.next_if(|(known, _)| known.as_str() < name.as_str()) {
                gone.push(Missing { name: entry.0, row: entry.1, instead: None });
            }
            let before = known.next_if(|(known, _)| known == name.as_str()).map(|(_, row)| row);
            let stat = there(here.dir.stat_of(&name))?.filter(|stat| stat.kind != Kind::Other);
            let same = before.as_ref().filter(|row| stat.is_some_and(|stat| row.is(stat)));
            if same.is_some_and(|row| !row.folder) {
                continue;
            }
            if let Some(hints) = self.hints.filter(|_| heard.is_some() && stat.is_some_and(is_being_written)) {
                hints.hear(here.id, name);
                continue;
            }
            let now = if stat.is_some() { seen(self.space, here.dir, &name)? } else { None };
            // A folder that was made anew may have got the number of the old one, but not its id. One that can carry none keeps the one that it had.
            if let Some(row) =
                same.filter(|row| now.as_ref() == Some(*row) || stat.is_some_and(|stat| self.keeps_id(here, &name, row, stat)))
            {
                below.push((name, row.id));
                continue;
            }
            let Some(now) = now else {
                gone.extend(before.map(|row| Missing { name: name.to_string(), row, instead: None }));
                continue;
            };
            let recent = folder_changed || self.since.is_none_or(|since| stat.is_some_and(|stat| nanoseconds(stat) >= since));
            let own = self.space.catalog.notes.has(&Note::new(here.path, &name));
            changed |= recent && !own;
            below.extend(now.folder.then(|| (name.clone(), now.id)));
            match before.filter(|before| before.folder && before.id != now.id && !own) {
                // With all that was below it.
                Some(row) => gone.push(Missing { name: name.to_string(), row, instead: Some(now) }),
                None => self.batch.put((here.id, name.to_string()), now),
            }
        }
        gone.extend(known.map(|(name, row)| Missing { name, row, instead: None }));
        gone.retain(|missing| {
            Name::new(missing.name.as_str()).is_ok_and(|name| !self.space.catalog.notes.has(&Note::new(here.path, &name)))
        });
        if !gone.is_empty() {
            self.gone.push(Gone { path: path::text(here.path), line: here.line.to_vec(), entries: gone });
        }
        if changed {
            self.changed.push((here.line.to_vec(), path::text(here.path)));
        }
        Ok(below)
    }

    /// Whether the folder `name` can carry no id; it is then known by that of `row`. Blocks.
    fn keeps_id(&self, here: &Here<'_>, name: &Name, row: &Row, stat: Stat) -> bool {
        let carried = here.dir.dir(std::slice::from_ref(name)).ok().and_then(|dir| self.space.ids.known(&dir, stat).ok().flatten());
        if carried.is_none() {
            self.space.ids.remember(Stamp { id: row.id, inode: stat.inode, nonce: 0 });
        }
        carried.is_none()
    }

    /// Takes out what is gone, unless it is so much that somebody is to be asked. Last, since what moved is seen elsewhere by then.
    fn finish(&mut self, total: u64, whole: bool) -> Result<(), Failure> {
        let (catalog, guard) = (&self.space.catalog, &self.space.guard);
        let _one = catalog.lock();
        let mut weight = 0;
        for folder in &mut self.gone {
            let Some(id) = folder.line.last().copied() else { continue };
            let dir = self.space.files.dir(&names_of(&folder.path));
            folder.entries.retain(|missing| {
                // It may be back.
                let name = Name::new(missing.name.as_str());
                let stat = name.ok().and_then(|name| dir.as_ref().ok()?.stat_of(&name).ok()).filter(|stat| stat.kind != Kind::Other);
                missing.instead.as_ref().map_or(stat.is_none(), |instead| stat.is_some_and(|stat| instead.is(stat)))
            });
            for missing in &folder.entries {
                weight += self.rows.weight(&(id, missing.name.clone()), &missing.row, total)?;
            }
        }
        if !if whole { guard.lets_pass(weight, total) } else { guard.lets_part_pass(weight, total) } {
            // Nothing is told while somebody is asked.
            self.hold();
            return Ok(());
        }
        if guard.take_held() {
            // Whatever it was: every folder looks changed.
            self.space.index.renew()?;
            self.news.changed(self.space, &[]);
        }
        for folder in std::mem::take(&mut self.gone).into_iter().filter(|folder| !folder.entries.is_empty()) {
            let Some(id) = folder.line.last().copied() else { continue };
            for missing in folder.entries {
                match missing.instead {
                    Some(row) => self.batch.put((id, missing.name), row),
                    None => self.batch.gone((id, missing.name)),
                }
            }
            self.changed.push((folder.line, folder.path));
        }
        catalog.write(self.rows, &std::mem::take(&mut self.batch))?;
        self.tell();
        Ok(())
    }

    /// Leaves what was found to the pass that comes to its end: it is written down by now, and would be no news to that one.
    fn hold(&mut self) {
        if !std::mem::take(&mut self.changed).is_empty() {
            self.space.guard.hold();
        }
    }

    /// Gives the folders in which something changed, and those above, new ETags and says so.
    fn tell(&mut self) {
        for (line, path) in std::mem::take(&mut self.changed) {
            self.found = true;
            self.space.index.bump(&line);
            self.news.changed(self.space, &names_of(&path));
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let catalog = &self.space.catalog;
        let _one = catalog.lock();
        catalog.write(self.rows, &std::mem::take(&mut self.batch))
    }
}

/// What people see in `dir`, by name.
fn listed(dir: &Dir) -> Result<Vec<Name>, FilesError> {
    let mut names: Vec<Name> =
        dir.list()?.into_iter().filter(|listed| listed.kind != Some(Kind::Other)).map(|listed| listed.name).collect();
    names.sort_unstable();
    Ok(names)
}

/// Whether a file was written a moment ago, and more may come.
fn is_being_written(stat: Stat) -> bool {
    let rested = now().saturating_sub(nanoseconds(stat));
    stat.kind == Kind::File && u128::try_from(rested).is_ok_and(|rested| rested < PAUSE.as_nanos())
}

/// What was found; `None` where it is gone meanwhile or nobody may look into it.
fn there<T>(found: Result<T, FilesError>) -> Result<Option<T>, FilesError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_absent() || error.is_refused() => Ok(None),
        Err(error) => Err(error),
    }
}
