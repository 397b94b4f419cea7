//! What cannot be rebuilt: `records.redb` in the space.

mod dialect;
mod links;

use std::collections::BTreeMap;

use croft_files::{Dir, Name};
use croft_model::MAX_MOUNTS;
use croft_store::{Options, Order, Store, StoreError, Table, first_version};
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    dialect::Assembled,
    links::{Guarded, Link, Uses},
};
use super::DeadProperty;
use crate::error::SyncError;

const FILE: Name = Name::literal("records.redb");
/// Ids that one durable write reserves: rare enough to cost nothing, small enough that a crash wastes little of 2^36.
pub(crate) const BLOCK: u64 = 1024;
/// The first id that the counter gives; 1 is the root's.
pub(crate) const FIRST: u64 = 2;

/// The first counter of a file id that is not reserved yet.
#[derive(Debug, Serialize, Deserialize)]
struct Counter {
    next: u64,
}

/// Where a deleted entry came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trashed {
    /// Decoded path inside the space.
    pub(crate) path: String,
    /// Unix time in seconds.
    pub(crate) deleted: i64,
    /// Who deleted it.
    pub(crate) who: String,
}

/// A shared space that stands at the root under another name than its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Renamed {
    /// The name that it has in the settings, which was taken here.
    pub(crate) name: String,
    /// The name that it has here.
    pub(crate) shown: String,
}

/// Properties that clients have set on an entry.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Properties(Vec<DeadProperty>);

/// When the space was looked after last, in Unix seconds.
#[derive(Debug, Serialize, Deserialize)]
struct LookedAfter {
    at: i64,
}

first_version!(Counter, Trashed, Renamed, Properties, LookedAfter);

const COUNTER: Table<u8, Counter> = Table::new("counter");
const TRASH: Table<String, Trashed> = Table::new("trash");
const RENAMED: Table<u16, Renamed> = Table::new("renamed");
const LOOKED_AFTER: Table<u8, LookedAfter> = Table::new("looked-after");
const PROPERTIES: Table<u64, Properties> = Table::new("properties");

/// Rows of the trash that are read; a space with more deleted entries shows some as of unknown origin.
const MAX_TRASHED: usize = 1_000_000;

/// The records of a space.
#[derive(Debug, Clone)]
pub(crate) struct Records(Store);

impl Records {
    /// Opens the records in `own`, the space's `.croft`.
    pub(crate) fn open(own: &Dir) -> Result<Self, SyncError> {
        let file = own.file_for_writing(&FILE).map_err(|source| SyncError::Space { what: "opening .croft/records.redb", source })?;
        Store::open(file, Options::new("space")).map(Self).map_err(|source| SyncError::Records { source })
    }

    /// The first counter that is not reserved yet.
    pub(crate) fn reserved(&self) -> Result<u64, StoreError> {
        Ok(self.0.read()?.get(&COUNTER, &0)?.map_or(FIRST, |counter| counter.next))
    }

    /// Reserves the next block of counters, durably, and gives its first.
    pub(crate) fn reserve(&self) -> Result<u64, StoreError> {
        let mut write = self.0.write()?;
        let next = write.get(&COUNTER, &0)?.map_or(FIRST, |counter| counter.next);
        write.put(&COUNTER, &0, &Counter { next: next + BLOCK })?;
        write.commit()?;
        Ok(next)
    }

    /// The properties that clients have set on the entry `id`.
    pub(crate) fn properties(&self, id: u64) -> Result<Vec<DeadProperty>, StoreError> {
        Ok(self.0.read()?.get(&PROPERTIES, &id)?.unwrap_or_default().0)
    }

    /// Gives entries, durably, these properties in place of those that they had.
    pub(crate) fn set_properties(&self, of: &[(u64, Vec<DeadProperty>)]) -> Result<(), StoreError> {
        let mut write = self.0.write()?;
        for (id, properties) in of {
            if properties.is_empty() {
                write.remove(&PROPERTIES, id)?;
            } else {
                write.put(&PROPERTIES, id, &Properties(properties.clone()))?;
            }
        }
        write.commit()
    }

    /// Shared spaces that stand at the root under another name, by number.
    pub(crate) fn renamed(&self) -> Result<BTreeMap<u16, Renamed>, StoreError> {
        Ok(self.0.read()?.range(&RENAMED, .., Order::Ascending, MAX_MOUNTS)?.into_iter().collect())
    }

    /// Remembers, durably, these and no others.
    pub(crate) fn set_renamed(&self, wanted: &BTreeMap<u16, Renamed>) -> Result<(), StoreError> {
        let known = self.renamed()?;
        let mut write = self.0.write()?;
        for space in known.keys().filter(|space| !wanted.contains_key(space)) {
            write.remove(&RENAMED, space)?;
        }
        for (space, renamed) in wanted {
            write.put(&RENAMED, space, renamed)?;
        }
        write.commit()
    }

    /// Remembers, durably, where the entry in the trash under `key` comes from.
    pub(crate) fn trash(&self, key: &Name, trashed: &Trashed) -> Result<(), StoreError> {
        let mut write = self.0.write()?;
        write.put(&TRASH, &key.to_string(), trashed)?;
        write.commit()
    }

    /// Where the entry in the trash under `key` comes from.
    pub(crate) fn trashed(&self, key: &Name) -> Result<Option<Trashed>, StoreError> {
        self.0.read()?.get(&TRASH, &key.to_string())
    }

    /// The same of all of them.
    pub(crate) fn all_trashed(&self) -> Result<Vec<(String, Trashed)>, StoreError> {
        self.0.read()?.range(&TRASH, .., Order::Ascending, MAX_TRASHED)
    }

    /// Forgets, durably, where these came from.
    pub(crate) fn forget_trashed(&self, keys: &[Name]) -> Result<(), StoreError> {
        let mut write = self.0.write()?;
        for key in keys {
            write.remove(&TRASH, &key.to_string())?;
        }
        write.commit()
    }

    /// When the space was looked after last.
    pub(crate) fn looked_after(&self) -> Result<i64, StoreError> {
        Ok(self.0.read()?.get(&LOOKED_AFTER, &0)?.map_or(i64::MIN / 2, |last| last.at))
    }

    /// Remembers, durably, that it was at `now`.
    pub(crate) fn set_looked_after(&self, now: i64) -> Result<(), StoreError> {
        let mut write = self.0.write()?;
        write.put(&LOOKED_AFTER, &0, &LookedAfter { at: now })?;
        write.commit()
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error, fs};

    use super::*;

    #[test]
    fn no_counter_is_given_twice_and_a_torn_file_is_an_error_that_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Records::open(&Dir::new(fs::File::open(folder.path()).unwrap().into()).unwrap());
        let records = open().unwrap();
        assert_eq!(records.reserved().unwrap(), FIRST);
        assert_eq!(records.reserve().unwrap(), FIRST);
        assert_eq!(records.reserve().unwrap(), FIRST + BLOCK);
        drop(records);
        let records = open().unwrap();
        assert_eq!(records.reserved().unwrap(), FIRST + 2 * BLOCK);
        assert_eq!(records.reserve().unwrap(), FIRST + 2 * BLOCK);
        let trashed = Trashed { path: "a/b".into(), deleted: 5, who: "ana".into() };
        records.trash(&Name::literal("0011"), &trashed).unwrap();
        assert_eq!(records.trashed(&Name::literal("0011")).unwrap(), Some(trashed.clone()));
        assert_eq!(records.all_trashed().unwrap(), [("0011".to_owned(), trashed)]);
        records.forget_trashed(&[Name::literal("0011"), Name::literal("none")]).unwrap();
        assert_eq!(records.trashed(&Name::literal("0011")).unwrap(), None);
        assert!(records.looked_after().unwrap() < 0);
        records.set_looked_after(7).unwrap();
        assert_eq!(records.looked_after().unwrap(), 7);
        drop(records);
        fs::write(folder.path().join("records.redb"), [7; 9000]).unwrap();
        let error = open().unwrap_err();
        assert!(error.to_string().contains("Restore this file from a backup"), "{error}");
        assert!(error.source().is_some());
        assert_eq!(fs::read(folder.path().join("records.redb")).unwrap(), [7; 9000]);
    }
}
