//! Opening a store, and its transactions.

use std::{
    fs::File,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use redb::{ReadableDatabase, StorageBackend, TableDefinition};

use crate::{Read, StoreError, Trouble, Write, crash, unfinished};

/// Cache of a store in bytes: control data of a household fits in it many times over, and every role has one.
const CACHE_BYTES: usize = 2 << 20;
/// One record: which kind of store this file is.
const ABOUT: TableDefinition<&str, &str> = TableDefinition::new("croft");
const KIND: &str = "kind";

/// How much of a file is proved when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Every page, each time: for the small stores on which everything rests.
    Whole,
    /// Only after the last process did not close it: for a large cache that can be rebuilt.
    AfterCrash,
}

/// What a store is and how it is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    kind: &'static str,
    cache_bytes: usize,
    check: Check,
}

impl Options {
    /// A store of the given kind (the role's name), small and proved whole at each open.
    #[must_use]
    pub fn new(kind: &'static str) -> Self {
        Self { kind, cache_bytes: CACHE_BYTES, check: Check::Whole }
    }

    /// The same with another cache size in bytes.
    #[must_use]
    pub fn cache_bytes(self, cache_bytes: usize) -> Self {
        Self { cache_bytes, ..self }
    }

    /// The same with another check.
    #[must_use]
    pub fn check(self, check: Check) -> Self {
        Self { check, ..self }
    }
}

/// An open store. Clones share it; the file is closed with the last one.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    medium: Medium,
    options: Options,
    /// None while a store that had failed could not be opened again.
    database: Mutex<Option<Arc<redb::Database>>>,
    failed: Arc<AtomicBool>,
}

/// What a store lies on, kept to open it again.
#[derive(Debug)]
enum Medium {
    File(File),
    Disk(crash::Disk),
}

impl Store {
    /// Opens the store in `file` (read and write), alone; an empty file becomes an empty store.
    ///
    /// # Errors
    /// [`StoreError::Open`]: locked by another process, torn, of another kind, or of a full or failing disk.
    pub fn open(file: File, options: Options) -> Result<Self, StoreError> {
        Self::on(Medium::File(file), options)
    }

    /// Opens the store on a disk of a crash test.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on(disk: &crash::Disk, options: Options) -> Result<Self, StoreError> {
        Self::on(Medium::Disk(disk.clone()), options)
    }

    fn on(medium: Medium, options: Options) -> Result<Self, StoreError> {
        let database = medium.open(options).map_err(|source| StoreError::Open { store: options.kind, source })?;
        let database = Mutex::new(Some(Arc::new(database)));
        Ok(Self { shared: Arc::new(Shared { medium, options, database, failed: Arc::default() }) })
    }

    /// A view of what is committed now; later commits do not change it.
    ///
    /// # Errors
    /// [`StoreError::Begin`].
    pub fn read(&self) -> Result<Read, StoreError> {
        let (transaction, database) = self.begin(redb::ReadableDatabase::begin_read)?;
        Ok(Read::new(transaction, database))
    }

    /// The one writer: waits until the one before has ended. Dropped without a commit, it leaves no trace.
    ///
    /// # Errors
    /// [`StoreError::Begin`].
    pub fn write(&self) -> Result<Write, StoreError> {
        let (transaction, database) = self.begin(redb::Database::begin_write)?;
        Ok(Write::new(transaction, self.shared.options.kind, database, Arc::clone(&self.shared.failed)))
    }

    /// Begins a transaction. After a failed write (a full disk, say) redb serves nothing more until it is opened again, so that is done here:
    /// when there is room once more, the store goes on without a restart.
    fn begin<T>(
        &self,
        begin: impl Fn(&redb::Database) -> Result<T, redb::TransactionError>,
    ) -> Result<(T, Arc<redb::Database>), StoreError> {
        let wrong = |source: Trouble| StoreError::Begin { store: self.shared.options.kind, source };
        let mut database = self.shared.database().map_err(wrong)?;
        let mut begun = begin(&database);
        if matches!(begun, Err(redb::TransactionError::Storage(redb::StorageError::PreviousIo))) {
            self.shared.failed.store(true, Ordering::Release);
            drop(database);
            database = self.shared.database().map_err(wrong)?;
            begun = begin(&database);
        }
        begun.map(|transaction| (transaction, database)).map_err(|error| wrong(error.into()))
    }
}

impl Shared {
    /// The database; opened again when it has failed and nobody uses it any more.
    fn database(&self) -> Result<Arc<redb::Database>, Trouble> {
        let mut place = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        if self.failed.load(Ordering::Acquire)
            && let Some(idle) = place.take_if(|database| Arc::strong_count(database) == 1)
        {
            // Closed before it is opened, as it locks its file.
            drop(idle);
            self.failed.store(false, Ordering::Release);
        }
        if let Some(database) = &*place {
            return Ok(Arc::clone(database));
        }
        let database = Arc::new(self.medium.open(self.options)?);
        *place = Some(Arc::clone(&database));
        Ok(database)
    }
}

impl Medium {
    fn open(&self, options: Options) -> Result<redb::Database, Trouble> {
        match self {
            Self::File(file) => {
                unfinished::discard(file)?;
                open(redb::backends::FileBackend::new(file.try_clone()?)?, options)
            }
            Self::Disk(disk) => open(disk.clone(), options),
        }
    }
}

fn open(backend: impl StorageBackend, options: Options) -> Result<redb::Database, Trouble> {
    // redb promises errors for files that it wrote; an altered one can still trip an assertion inside, which means torn, too.
    let opened = std::panic::catch_unwind(AssertUnwindSafe(|| {
        redb::Builder::new()
            .set_cache_size(options.cache_bytes)
            .set_check_integrity_on_open(options.check == Check::Whole)
            .create_with_backend(backend)
    }));
    let database = opened.map_err(|_| Trouble::torn("it does not hang together"))??;
    claim_kind(&database, options.kind)?;
    Ok(database)
}

/// Marks a new store with its kind; refuses one of another kind.
fn claim_kind(database: &redb::Database, kind: &str) -> Result<(), Trouble> {
    match database.begin_read()?.open_table(ABOUT) {
        Ok(about) => {
            let found = about.get(KIND)?.map(|value| value.value().to_owned());
            return if found.as_deref() == Some(kind) { Ok(()) } else { Err(Trouble::Foreign(found.unwrap_or_default())) };
        }
        Err(redb::TableError::TableDoesNotExist(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let write = database.begin_write()?;
    write.open_table(ABOUT)?.insert(KIND, kind)?;
    Ok(write.commit()?)
}
