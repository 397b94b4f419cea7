//! The catalogue of a space: which entry lies where, as it was last seen. A cache, made again from the files when it is lost.
//!
//! It answers what a folder's listing cannot: where the entry with an id is, and what changed behind the worker's back. Own changes are
//! noted when they are published ([`Notes`]) and looked at soon after; a pass over all files ([`Pass`]) finds the rest, and in a large space hints
//! ([`Hints`]) say where to look before it comes around. Formats and promises: `docs/formats/space.md`.

mod dates;
mod guard;
mod hints;
mod keeper;
mod notes;
mod pass;
mod rows;
mod timeline;

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use croft_api::preview::Taken;
use croft_files::{Dir, Kind, Name, Stat};
use croft_model::Problem;
use croft_store::{Check, Options, Store};

pub(crate) use self::{
    dates::{Read, Unread},
    guard::Guard,
    keeper::Keeper,
    notes::Noted,
    timeline::{clock, wall_of},
};
use self::{
    notes::{Note, Notes},
    rows::{Batch, Row, Rows},
    timeline::Kept,
};
use super::{Entry, Handle, Space};
use crate::{content_type, error::Failure};

const FILE: Name = Name::literal("catalog.redb");
/// Bytes of the file that are kept in memory: the way to any of a million entries.
const CACHE_BYTES: usize = 4 << 20;
/// Nanoseconds that the clock of a file system may be behind.
const CLOCK: i64 = 50_000_000;

/// The catalogue.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// None when there is no place to keep it: then nothing is found by its id, and nothing behind the worker's back.
    rows: Option<Rows>,
    notes: Arc<Notes>,
    /// Folders that came as a whole and are to be read.
    trees: Mutex<Vec<Vec<Name>>>,
    /// Held while rows are compared with the disk or written.
    writing: Mutex<()>,
    /// Whether something was written that a power cut would take.
    unsaved: AtomicBool,
    /// Rises with whatever is written.
    generation: AtomicU64,
    /// What was made of it last.
    timeline: Mutex<Option<Kept>>,
    /// Photos whose dates could not be read, again and again.
    given_up: Mutex<HashSet<Unread>>,
    /// When it was opened, in nanoseconds since 1970.
    opened: i64,
}

impl Catalog {
    /// Opens the catalogue of `files` in `dir`; one that cannot be used is made anew. Blocks.
    pub(crate) fn open(dir: &Dir, files: &Dir) -> Self {
        let rows = usable(dir, files).or_else(|error| {
            tracing::warn!(%error, "the catalogue of the space is made anew");
            dir.remove_tree(&FILE)?;
            usable(dir, files)
        });
        if let Err(error) = &rows {
            tracing::warn!(%error, "the catalogue of the space cannot be kept; changes behind the box's back are not noticed");
        }
        Self {
            rows: rows.ok(),
            notes: Arc::default(),
            trees: Mutex::default(),
            writing: Mutex::default(),
            unsaved: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            timeline: Mutex::default(),
            given_up: Mutex::default(),
            opened: now() - CLOCK,
        }
    }

    /// Whether so much was seen that much of it could be missing.
    pub(crate) fn is_large(&self) -> bool {
        self.is_complete() && self.has(guard::MIN)
    }

    /// Whether at least `count` entries were seen.
    fn has(&self, count: u64) -> bool {
        self.rows.as_ref().is_some_and(|rows| rows.count().is_ok_and(|seen| seen >= count))
    }

    /// Whether all of the space was read once, so that it can be told what changed.
    pub(crate) fn is_complete(&self) -> bool {
        self.rows.as_ref().is_some_and(|rows| rows.is_complete().unwrap_or(false))
    }

    /// Whether so much of what was last seen in `files`, the folder `root`, is missing that `guard` closes the space. Blocks.
    pub(crate) fn judge_root(&self, files: &Dir, root: u64, guard: &Guard) -> Result<(), Failure> {
        let Some(rows) = &self.rows else { return Ok(()) };
        let (mut gone, total) = (0, rows.count()?);
        for (name, row) in rows.in_folder(root)? {
            // Another folder under the name is one that was not mounted, or was replaced.
            let is_there = |stat: Stat| !row.folder || row.is(stat);
            if Name::new(name.as_str()).is_ok_and(|name| !files.stat_of(&name).is_ok_and(is_there)) {
                gone += rows.weight(&(root, name), &row, total)?;
            }
        }
        guard.lets_pass(gone, total);
        Ok(())
    }

    /// Says that the entries `names` in `folders` may change now, until what is given back is dropped.
    pub(crate) fn note(&self, folders: &[&[Name]], names: &[Name]) -> Noted {
        let notes = folders.iter().flat_map(|folder| names.iter().map(|name| Note::new(folder, name)));
        self.notes.begin(notes.collect())
    }

    /// Writes what was noted and makes all of it durable. Blocks.
    pub(crate) fn close(&self, space: &Space) -> Result<(), Failure> {
        self.settle(space)?;
        self.save()
    }

    /// Makes durable what was written. Blocks.
    fn save(&self) -> Result<(), Failure> {
        let Some(rows) = &self.rows else { return Ok(()) };
        let _one = self.lock();
        if self.unsaved.swap(false, Ordering::AcqRel) {
            rows.save()?;
        }
        Ok(())
    }

    /// Looks at all entries that were noted and writes what they are now. Blocks.
    fn settle(&self, space: &Space) -> Result<(), Failure> {
        let Some(rows) = &self.rows else { return Ok(()) };
        let _one = self.lock();
        let noted = self.notes.over();
        if noted.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        let mut folders: HashMap<&str, Option<(u64, Dir)>> = HashMap::new();
        let mut trees = Vec::new();
        for note in noted.iter().map(|(note, _)| note) {
            let folder = folders.entry(&note.folder).or_insert_with(|| place(space, &note.folder).ok());
            // A folder that is gone was noted itself, wherever it went.
            let Some((id, dir)) = folder else { continue };
            let key = (*id, note.name.to_string());
            let now = match seen(space, dir, &note.name) {
                Ok(now) => now,
                Err(error) => {
                    // What it is now is for a pass to say.
                    tracing::warn!(%error, name = %note.name, "an entry cannot be looked at");
                    continue;
                }
            };
            match now {
                None => batch.gone(key),
                Some(row) => {
                    if row.folder && rows.place(row.id)?.as_ref() != Some(&key) {
                        let mut path = names_of(&note.folder);
                        path.push(note.name.clone());
                        trees.push(path);
                    }
                    batch.put(key, row);
                }
            }
        }
        self.write(rows, &batch)?;
        self.notes.forget(&noted);
        self.trees.lock().unwrap_or_else(PoisonError::into_inner).extend(trees);
        Ok(())
    }

    /// Writes `batch`: at once durably where a folder went, so that nobody is asked after a power cut whether it should have.
    fn write(&self, rows: &Rows, batch: &Batch) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        let lasting = rows.write(batch)?;
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.unsaved.store(!lasting, Ordering::Release);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is shown each entry.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&Seen<'_>) -> Result<(), Failure>;

/// What was last seen of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) id: u64,
    pub(crate) name: &'a str,
    pub(crate) folder: bool,
    /// Bytes of a file.
    pub(crate) size: Option<u64>,
    /// When a file was changed, in seconds since 1970.
    pub(crate) modified: Option<i64>,
    /// When it was taken, where that was asked for and is known.
    pub(crate) taken: Option<Taken>,
}

impl Seen<'_> {
    /// Whether it belongs into the timeline of pictures and films.
    pub(crate) fn is_photo(&self) -> bool {
        self.content_type().is_some_and(|kind| kind.starts_with("image/") || kind.starts_with("video/"))
    }

    /// The media type of a file.
    pub(crate) fn content_type(&self) -> Option<&'static str> {
        (!self.folder).then(|| content_type::of(self.name))
    }
}

impl Space {
    /// Whether the entry has its id in an attribute, as all but those of other users have.
    fn carries_id(&self, entry: &Entry) -> bool {
        let known = match &entry.handle {
            Handle::File(file) => self.ids.known(file.as_ref(), entry.stat),
            Handle::Dir(dir) => self.ids.known(dir, entry.stat),
        };
        !matches!(known, Ok(None))
    }

    /// Shows everything that was seen, in no order. Blocks.
    pub(crate) fn each_seen(&self, visit: Visit<'_>) -> Result<(), Failure> {
        self.catalog.settle(self)?;
        let Some(rows) = &self.catalog.rows else { return Err(unknown().into()) };
        rows.each(|name, row| visit(&row.seen(name)))
    }

    /// Where the entry `id` was last seen. Blocks.
    pub(crate) fn seen_path(&self, id: u64) -> Result<Option<Vec<Name>>, Failure> {
        let Some(rows) = &self.catalog.rows else { return Ok(None) };
        Ok(rows.path(id, self.ids.root())?)
    }

    /// Where the entry `id` is; `None` when it is nowhere, or was not seen yet. Blocks.
    pub(crate) fn path_of(&self, id: u64) -> Result<Option<Vec<Name>>, Failure> {
        self.catalog.settle(self)?;
        let Some(rows) = &self.catalog.rows else { return Ok(None) };
        let Some(path) = rows.path(id, self.ids.root())? else { return Ok(None) };
        // The disk decides; of what can carry no id, by the number of its inode.
        let same = |entry: &Entry| entry.stamp.id == id || (!self.carries_id(entry) && rows.is_at_place(id, entry.stat).unwrap_or(false));
        Ok(self.entry(&path).is_ok_and(|entry| same(&entry)).then_some(path))
    }
}

fn unknown() -> Problem {
    Problem::new(503, "not-searchable", "The box cannot search this space now.").hint("Try again in a minute.").retry_after(60)
}

/// The file with what was seen last.
fn usable(dir: &Dir, files: &Dir) -> Result<Rows, Failure> {
    let store = Store::open(dir.file_for_writing(&FILE)?, Options::new("catalog").cache_bytes(CACHE_BYTES).check(Check::AfterCrash))?;
    let rows = Rows::new(store);
    // Not all of the file is proved when it is opened, and the store's library may trip over an altered page.
    std::panic::catch_unwind(AssertUnwindSafe(|| rows.count())).map_err(|_| Failure::Broken("the catalogue does not hang together"))??;
    if !rows.is_complete()? && files.list()?.is_empty() {
        rows.complete()?;
    }
    Ok(rows)
}

/// Nanoseconds since 1970.
fn now() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// Id and folder behind a path as notes have it. Blocks.
fn place(space: &Space, folder: &str) -> Result<(u64, Dir), Failure> {
    let path = names_of(folder);
    let entry = space.entry(&path)?;
    let id = entry.stamp.id;
    match entry {
        Entry { handle: Handle::Dir(dir), .. } => Ok((id, dir)),
        Entry { .. } => Err(crate::error::no_folder().into()),
    }
}

fn names_of(folder: &str) -> Vec<Name> {
    folder.split('/').filter_map(|name| Name::new(name).ok()).collect()
}

/// The row of the entry `name` in `dir` as it is now; `None` when there is none that people see. Blocks.
fn seen(space: &Space, dir: &Dir, name: &Name) -> Result<Option<Row>, Failure> {
    match space.child(dir, name) {
        Ok(entry) => Ok(Some(Row::of(entry.stamp.id, entry.stat))),
        Err(Failure::Files(error)) if error.is_absent() => Ok(None),
        Err(Failure::Problem(problem)) if problem.status == 404 => Ok(None),
        Err(Failure::Files(error)) if error.is_refused() => {
            let stat = dir.stat_of(name)?;
            if stat.kind == Kind::Other { Ok(None) } else { Ok(Some(Row::of(space.ids.of_closed(stat)?.id, stat))) }
        }
        Err(error) => Err(error),
    }
}
