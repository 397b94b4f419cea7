//! Tables and what is done with them: get, put, remove, and ranges both ways.

use std::{
    marker::PhantomData,
    ops::RangeBounds,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use redb::{ReadableTable, ReadableTableMetadata, TableDefinition};

use crate::{Key, Record, StoreError, Trouble, record};

/// Longest key in bytes: a name in a folder is at most 255, a path component of a peer somewhat more.
const MAX_KEY_BYTES: usize = 4096;

type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// A named table of records of one type under keys of one type. A `const` of the crate that owns it.
#[derive(Debug)]
pub struct Table<K, V> {
    name: &'static str,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Record> Table<K, V> {
    /// The table of this name; it comes into being with its first record.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    fn definition(&self) -> Definition {
        TableDefinition::new(self.name)
    }

    fn read_error(&self, source: impl Into<Trouble>) -> StoreError {
        StoreError::Read { table: self.name, source: source.into() }
    }

    fn write_error(&self, source: impl Into<Trouble>) -> StoreError {
        StoreError::Write { table: self.name, source: source.into() }
    }
}

/// In which order a range is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// A consistent view of the store.
#[derive(Debug)]
pub struct Read {
    transaction: redb::ReadTransaction,
    /// Keeps the file open: redb closes it with the database, whatever still reads.
    _database: Arc<redb::Database>,
}

impl Read {
    pub(crate) fn new(transaction: redb::ReadTransaction, database: Arc<redb::Database>) -> Self {
        Self { transaction, _database: database }
    }

    /// The record under `key`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub fn get<K: Key, V: Record>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, StoreError> {
        match self.transaction.open_table(table.definition()) {
            Ok(open) => get(&open, key),
            Err(error) => absent(error, None),
        }
        .map_err(|error| table.read_error(error))
    }

    /// Up to `limit` records with keys in `range`.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub fn range<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        range: impl RangeBounds<K>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(K, V)>, StoreError> {
        match self.transaction.open_table(table.definition()) {
            Ok(open) => walk(&open, range, order, limit),
            Err(error) => absent(error, Vec::new()),
        }
        .map_err(|error| table.read_error(error))
    }

    /// How many records the table has.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub fn count<K: Key, V: Record>(&self, table: &Table<K, V>) -> Result<u64, StoreError> {
        match self.transaction.open_table(table.definition()) {
            Ok(open) => open.len().map_err(Trouble::from),
            Err(error) => absent(error, 0),
        }
        .map_err(|error| table.read_error(error))
    }
}

/// Changes that become visible and durable together, at [`Write::commit`].
pub struct Write {
    transaction: redb::WriteTransaction,
    store: &'static str,
    _database: Arc<redb::Database>,
    /// Set when a commit fails: the store is then to be opened anew.
    failed: Arc<AtomicBool>,
}

impl std::fmt::Debug for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Write").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Write {
    pub(crate) fn new(
        transaction: redb::WriteTransaction,
        store: &'static str,
        database: Arc<redb::Database>,
        failed: Arc<AtomicBool>,
    ) -> Self {
        Self { transaction, store, _database: database, failed }
    }

    /// The record under `key` as this transaction sees it.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub fn get<K: Key, V: Record>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, StoreError> {
        let open = self.transaction.open_table(table.definition()).map_err(|error| table.read_error(error))?;
        get(&open, key).map_err(|error| table.read_error(error))
    }

    /// Up to `limit` records with keys in `range` as this transaction sees them.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub fn range<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        range: impl RangeBounds<K>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(K, V)>, StoreError> {
        let open = self.transaction.open_table(table.definition()).map_err(|error| table.read_error(error))?;
        walk(&open, range, order, limit).map_err(|error| table.read_error(error))
    }

    /// Puts `record` under `key`, in place of what was there.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub fn put<K: Key, V: Record>(&mut self, table: &Table<K, V>, key: &K, record: &V) -> Result<(), StoreError> {
        let key = bounded(key).map_err(|error| table.write_error(error))?;
        let value = record::encode(record).map_err(|error| table.write_error(error))?;
        let mut open = self.transaction.open_table(table.definition()).map_err(|error| table.write_error(error))?;
        open.insert(key.as_slice(), value.as_slice()).map_err(|error| table.write_error(error))?;
        Ok(())
    }

    /// Removes the record under `key`; says whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub fn remove<K: Key, V: Record>(&mut self, table: &Table<K, V>, key: &K) -> Result<bool, StoreError> {
        let mut open = self.transaction.open_table(table.definition()).map_err(|error| table.write_error(error))?;
        let removed = open.remove(key.encode().as_slice()).map_err(|error| table.write_error(error))?;
        Ok(removed.is_some())
    }

    /// Makes everything durable at once: when this returns, it survives a power cut.
    ///
    /// # Errors
    /// [`StoreError::Commit`]; the store is then as before.
    pub fn commit(self) -> Result<(), StoreError> {
        let Self { transaction, store, _database, failed } = self;
        transaction.commit().map_err(|error| {
            failed.store(true, Ordering::Release);
            StoreError::Commit { store, source: error.into() }
        })
    }

    /// Makes everything visible at once, and durable with the next [`Write::commit`]: for a cache that is made again when it is behind.
    ///
    /// # Errors
    /// [`StoreError::Commit`]; the store is then as before.
    pub fn commit_for_now(mut self) -> Result<(), StoreError> {
        let lasting = self.transaction.set_durability(redb::Durability::None);
        lasting.map_err(|error| StoreError::Commit { store: self.store, source: Trouble::Io(std::io::Error::other(error)) })?;
        self.commit()
    }
}

/// A table that nobody has written yet reads as empty.
fn absent<T>(error: redb::TableError, empty: T) -> Result<T, Trouble> {
    match error {
        redb::TableError::TableDoesNotExist(_) => Ok(empty),
        error => Err(error.into()),
    }
}

fn bounded<K: Key>(key: &K) -> Result<Vec<u8>, Trouble> {
    let bytes = key.encode();
    if bytes.len() > MAX_KEY_BYTES {
        return Err(Trouble::TooLarge { bytes: bytes.len(), limit: MAX_KEY_BYTES });
    }
    Ok(bytes)
}

type Bytes = &'static [u8];

fn get<K: Key, V: Record>(table: &impl ReadableTable<Bytes, Bytes>, key: &K) -> Result<Option<V>, Trouble> {
    table.get(key.encode().as_slice())?.map(|value| record::decode(value.value())).transpose()
}

fn walk<K: Key, V: Record>(
    table: &impl ReadableTable<Bytes, Bytes>,
    range: impl RangeBounds<K>,
    order: Order,
    limit: usize,
) -> Result<Vec<(K, V)>, Trouble> {
    let start = range.start_bound().map(Key::encode);
    let end = range.end_bound().map(Key::encode);
    let bounds = (start.as_ref().map(Vec::as_slice), end.as_ref().map(Vec::as_slice));
    let mut range = table.range::<&[u8]>(bounds)?;
    let mut records = Vec::new();
    while records.len() < limit {
        let next = match order {
            Order::Ascending => range.next(),
            Order::Descending => range.next_back(),
        };
        let Some(entry) = next else { break };
        let (key, value) = entry?;
        let key = K::decode(key.value()).ok_or_else(|| Trouble::torn("a key that is none"))?;
        records.push((key, record::decode(value.value())?));
    }
    Ok(records)
}
