//! The rows of the catalogue: an entry under its folder's id and its name, and the place of each id.

use croft_api::preview::Taken;
use croft_files::{Kind, Name, Stat};
use croft_store::{Order, Store, StoreError, Table, first_version};
use serde::{Deserialize, Serialize};

use super::{Seen, dates::TAKEN_VERSION};
use crate::error::Failure;

/// Rows that are read at once.
const PIECE: usize = 1024;
/// Folders on the way to an entry; a path has no more names than this.
const MAX_DEPTH: usize = croft_api::bulk::limits::MAX_SEGMENTS;

/// The id of a folder and a name in it.
pub(super) type Key = (u64, String);

/// An entry as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) folder: bool,
    inode: u64,
    /// Bytes and modification time of a file, in nanoseconds since 1970; of a folder 0, since they follow what is in it.
    size: u64,
    modified: i64,
}

/// Where an id was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    folder: u64,
    name: String,
}

/// Whether a pass has read all of the space.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct State {
    complete: bool,
}

/// When a picture or film was taken, as it was read of one content of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dated {
    inode: u64,
    size: u64,
    modified: i64,
    /// None where the file does not say.
    taken: Option<Taken>,
    /// The release's [`TAKEN_VERSION`]: one that reads more asks anew.
    version: u8,
}

first_version!(Row, Place, State, Dated);

const ENTRIES: Table<Key, Row> = Table::new("entries");
const PLACES: Table<u64, Place> = Table::new("places");
const STATE: Table<u8, State> = Table::new("state");
const DATES: Table<u64, Dated> = Table::new("dates");

impl Row {
    pub(super) fn of(id: u64, stat: Stat) -> Self {
        let folder = stat.kind == Kind::Dir;
        let (size, modified) = if folder { (0, 0) } else { (stat.size, nanoseconds(stat)) };
        Self { id, folder, inode: stat.inode, size, modified }
    }

    pub(super) fn seen<'a>(&self, name: &'a str) -> Seen<'a> {
        let of_file = !self.folder;
        Seen {
            id: self.id,
            name,
            folder: self.folder,
            size: of_file.then_some(self.size),
            modified: of_file.then_some(self.modified.div_euclid(1_000_000_000)),
            taken: None,
        }
    }

    /// What was read of this content.
    pub(super) fn dated(&self, taken: Option<Taken>) -> Dated {
        Dated { inode: self.inode, size: self.size, modified: self.modified, taken, version: TAKEN_VERSION }
    }

    /// When it was taken, if that was read of this content; within, none where it does not say.
    pub(super) fn taken(&self, dated: &Dated) -> Option<Option<Taken>> {
        (*dated == self.dated(dated.taken)).then_some(dated.taken)
    }

    /// Whether `stat` shows the same content.
    pub(super) fn is(&self, stat: Stat) -> bool {
        *self == Self::of(self.id, stat)
    }
}

/// The modification time; what does not fit (after the year 2262) is the last that does.
pub(super) fn nanoseconds(stat: Stat) -> i64 {
    i64::try_from(stat.modified_ns).unwrap_or(i64::MAX)
}

/// What is to be written together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    put: Vec<(Key, Row)>,
    gone: Vec<Key>,
}

impl Batch {
    pub(super) fn put(&mut self, key: Key, row: Row) {
        self.put.push((key, row));
    }

    pub(super) fn gone(&mut self, key: Key) {
        self.gone.push(key);
    }

    /// Ids of what is put.
    pub(super) fn ids(&self) -> impl Iterator<Item = u64> {
        self.put.iter().map(|(_, row)| row.id)
    }

    pub(super) fn len(&self) -> usize {
        self.put.len() + self.gone.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// All rows.
#[derive(Debug)]
pub(super) struct Rows(Store);

impl Rows {
    pub(super) fn new(store: Store) -> Self {
        Self(store)
    }

    /// How many entries were seen.
    pub(super) fn count(&self) -> Result<u64, StoreError> {
        self.0.read()?.count(&ENTRIES)
    }

    /// Whether a pass has read all of the space.
    pub(super) fn is_complete(&self) -> Result<bool, StoreError> {
        Ok(self.0.read()?.get(&STATE, &0)?.is_some_and(|state| state.complete))
    }

    /// Says durably that a pass has read all of the space.
    pub(super) fn complete(&self) -> Result<(), StoreError> {
        let mut write = self.0.write()?;
        write.put(&STATE, &0, &State { complete: true })?;
        write.commit()
    }

    /// Makes durable what was written before.
    pub(super) fn save(&self) -> Result<(), StoreError> {
        self.0.write()?.commit()
    }

    /// What was seen in the folder `id`, by name.
    pub(super) fn in_folder(&self, id: u64) -> Result<Vec<(String, Row)>, StoreError> {
        let read = self.0.read()?;
        let mut found: Vec<(String, Row)> = Vec::new();
        let mut from = (id, String::new());
        loop {
            let piece = read.range(&ENTRIES, from.clone()..(id + 1, String::new()), Order::Ascending, PIECE)?;
            let whole = piece.len() < PIECE;
            if let Some((last, _)) = piece.last() {
                // The next name in the order of bytes.
                from = (id, format!("{}\0", last.1));
            }
            found.extend(piece.into_iter().map(|((_, name), row)| (name, row)));
            if whole {
                return Ok(found);
            }
        }
    }

    /// What was seen in the folder `id` under these names, by name.
    pub(super) fn named<'a>(&self, id: u64, names: impl Iterator<Item = &'a Name>) -> Result<Vec<(String, Row)>, StoreError> {
        let read = self.0.read()?;
        let mut found = Vec::new();
        for name in names {
            let key = (id, name.to_string());
            found.extend(read.get(&ENTRIES, &key)?.map(|row| (key.1, row)));
        }
        Ok(found)
    }

    /// Shows every row with its name.
    pub(super) fn each(&self, mut visit: impl FnMut(&str, &Row) -> Result<(), Failure>) -> Result<(), Failure> {
        self.each_dated(|_, _| false, |name, row, _| visit(name, row))
    }

    /// The same, of those `wanted` with what was read of when they were taken.
    pub(super) fn each_dated(
        &self,
        wanted: impl Fn(&str, &Row) -> bool,
        mut visit: impl FnMut(&str, &Row, Option<&Dated>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let read = self.0.read()?;
        let mut from = (0, String::new());
        loop {
            let piece = read.range(&ENTRIES, from.clone().., Order::Ascending, PIECE)?;
            for ((_, name), row) in &piece {
                let dated = if wanted(name, row) { read.get(&DATES, &row.id)? } else { None };
                visit(name, row, dated.as_ref())?;
            }
            let Some(((folder, name), _)) = piece.last().filter(|_| piece.len() == PIECE) else { return Ok(()) };
            from = (*folder, format!("{name}\0"));
        }
    }

    /// What was read of when the photo `id` was taken.
    pub(super) fn date(&self, id: u64) -> Result<Option<Dated>, StoreError> {
        self.0.read()?.get(&DATES, &id)
    }

    /// Keeps what was read of what is still there; a power cut may take it.
    pub(super) fn keep_dates(&self, dates: &[(u64, Dated)]) -> Result<(), StoreError> {
        let mut write = self.0.write()?;
        for (id, dated) in dates {
            if write.get(&PLACES, id)?.is_some() {
                write.put(&DATES, id, dated)?;
            }
        }
        write.commit_for_now()
    }

    /// Where the entry `id` was last seen.
    pub(super) fn place(&self, id: u64) -> Result<Option<Key>, StoreError> {
        Ok(self.0.read()?.get(&PLACES, &id)?.map(|place| (place.folder, place.name)))
    }

    /// Whether `stat` is of what was last seen where `id` is.
    pub(super) fn is_at_place(&self, id: u64, stat: Stat) -> Result<bool, StoreError> {
        let Some(key) = self.place(id)? else { return Ok(false) };
        Ok(self.0.read()?.get(&ENTRIES, &key)?.is_some_and(|row| row.id == id && row.inode == stat.inode))
    }

    /// The path from the folder `root` to the entry `id`, as far as it was seen whole.
    pub(super) fn path(&self, id: u64, root: u64) -> Result<Option<Vec<Name>>, StoreError> {
        let read = self.0.read()?;
        let (mut path, mut at) = (Vec::new(), id);
        while at != root {
            let Some(place) = read.get(&PLACES, &at)? else { return Ok(None) };
            let Ok(name) = Name::new(place.name) else { return Ok(None) };
            path.push(name);
            at = place.folder;
            if path.len() > MAX_DEPTH {
                return Ok(None);
            }
        }
        path.reverse();
        Ok(Some(path))
    }

    /// How many entries are the one under `key` and those below it, as far as `limit`; none where the entry was seen elsewhere since.
    pub(super) fn weight(&self, key: &Key, row: &Row, limit: u64) -> Result<u64, StoreError> {
        if self.place(row.id)?.as_ref() != Some(key) {
            return Ok(0);
        }
        let (mut weight, mut folders) = (1, Vec::from_iter(row.folder.then_some(row.id)));
        while let Some(folder) = folders.pop().filter(|_| weight < limit) {
            for (_, row) in self.in_folder(folder)? {
                weight += 1;
                folders.extend(row.folder.then_some(row.id));
            }
        }
        Ok(weight.min(limit))
    }

    /// Writes `batch`; says whether that would survive a power cut, which it does where a folder is gone.
    pub(super) fn write(&self, batch: &Batch) -> Result<bool, StoreError> {
        let mut write = self.0.write()?;
        let mut left = Vec::new();
        for key in &batch.gone {
            if let Some(row) = write.get(&ENTRIES, key)? {
                write.remove(&ENTRIES, key)?;
                left.push((key.clone(), row));
            }
        }
        for (key, row) in &batch.put {
            let before = write.get(&ENTRIES, key)?;
            write.put(&ENTRIES, key, row)?;
            write.put(&PLACES, &row.id, &Place { folder: key.0, name: key.1.clone() })?;
            left.extend(before.filter(|before| before.id != row.id).map(|before| (key.clone(), before)));
        }
        let mut folder_gone = false;
        while let Some((key, row)) = left.pop() {
            // What was seen elsewhere since has only moved, with all that is below it.
            let here = write.get(&PLACES, &row.id)?.is_some_and(|place| (place.folder, place.name) == key);
            if !here {
                continue;
            }
            write.remove(&PLACES, &row.id)?;
            write.remove(&DATES, &row.id)?;
            if !row.folder {
                continue;
            }
            folder_gone = true;
            loop {
                let below = write.range(&ENTRIES, (row.id, String::new())..(row.id + 1, String::new()), Order::Ascending, PIECE)?;
                for (key, _) in &below {
                    write.remove(&ENTRIES, key)?;
                }
                let whole = below.len() < PIECE;
                left.extend(below);
                if whole {
                    break;
                }
            }
        }
        if folder_gone {
            write.commit()?
        } else {
            write.commit_for_now()?
        }
        Ok(folder_gone)
    }
}

#[cfg(test)]
mod tests {
    use croft_store::Options;

    use super::*;

    fn row(id: u64, folder: bool) -> Row {
        Row { id, folder, inode: id, size: 0, modified: 0 }
    }

    fn rows(entries: &[(u64, &str, u64, bool)]) -> Rows {
        let rows = Rows::new(Store::open(tempfile::tempfile().unwrap(), Options::new("catalog")).unwrap());
        let mut batch = Batch::default();
        entries.iter().for_each(|(folder, name, id, is_folder)| batch.put((*folder, (*name).to_owned()), row(*id, *is_folder)));
        rows.write(&batch).unwrap();
        rows
    }

    fn path(rows: &Rows, id: u64) -> Option<String> {
        rows.path(id, 1).unwrap().map(|path| crate::judge::path::text(&path))
    }

    const TREE: [(u64, &str, u64, bool); 4] = [(1, "a", 2, true), (2, "b", 3, true), (3, "c", 4, false), (1, "d", 5, false)];

    #[test]
    fn a_folder_moves_with_all_below_it() {
        let rows = rows(&TREE);
        assert_eq!(path(&rows, 4).as_deref(), Some("a/b/c"));
        let mut batch = Batch::default();
        batch.gone((2, "b".into()));
        batch.put((1, "e".into()), row(3, true));
        rows.write(&batch).unwrap();
        assert_eq!(path(&rows, 4).as_deref(), Some("e/c"));
        assert_eq!(rows.in_folder(2).unwrap(), []);
        assert_eq!(rows.count().unwrap(), 4);
    }

    #[test]
    fn a_folder_that_is_gone_takes_all_below_it() {
        let rows = rows(&TREE);
        assert_eq!(rows.weight(&(1, "a".into()), &row(2, true), 100).unwrap(), 3);
        assert_eq!(rows.weight(&(1, "a".into()), &row(2, true), 2).unwrap(), 2);
        assert_eq!(rows.weight(&(1, "moved".into()), &row(2, true), 100).unwrap(), 0);
        let mut batch = Batch::default();
        batch.gone((1, "a".into()));
        assert!(rows.write(&batch).unwrap(), "durable at once");
        assert_eq!((path(&rows, 2), path(&rows, 4), path(&rows, 5).as_deref()), (None, None, Some("d")));
        assert_eq!(rows.count().unwrap(), 1);
    }

    #[test]
    fn another_entry_under_a_name_takes_the_place_of_the_first() {
        let rows = rows(&TREE);
        let mut batch = Batch::default();
        batch.put((1, "a".into()), row(9, false));
        rows.write(&batch).unwrap();
        assert_eq!((path(&rows, 9).as_deref(), path(&rows, 4)), (Some("a"), None));
        assert_eq!(rows.count().unwrap(), 2);
    }

    #[test]
    fn a_folder_of_many_is_read_whole() {
        let rows = Rows::new(Store::open(tempfile::tempfile().unwrap(), Options::new("catalog")).unwrap());
        let mut batch = Batch::default();
        let names: Vec<String> = (0..2 * PIECE + 7).map(|number| format!("{number:05}")).collect();
        names.iter().enumerate().for_each(|(number, name)| batch.put((1, name.clone()), row(10 + number as u64, false)));
        batch.put((2, "other".into()), row(5, false));
        rows.write(&batch).unwrap();
        let found: Vec<String> = rows.in_folder(1).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, names);
    }
}
