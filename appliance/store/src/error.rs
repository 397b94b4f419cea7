//! What can go wrong with a store, and what a person can do about it.

use std::io;

/// An operation on a store failed; the source says how.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// [`crate::Store::open`] failed; nothing was changed.
    #[error("cannot open the store “{store}”")]
    Open {
        /// The kind of store, such as `identity`.
        store: &'static str,
        /// How it failed.
        source: Trouble,
    },
    /// A transaction could not begin.
    #[error("cannot begin a transaction on the store “{store}”")]
    Begin {
        /// The kind of store.
        store: &'static str,
        /// How it failed.
        source: Trouble,
    },
    /// Reading from a table failed.
    #[error("cannot read the table “{table}”")]
    Read {
        /// The table's name.
        table: &'static str,
        /// How it failed.
        source: Trouble,
    },
    /// Writing to a table failed; the transaction is to be dropped.
    #[error("cannot write the table “{table}”")]
    Write {
        /// The table's name.
        table: &'static str,
        /// How it failed.
        source: Trouble,
    },
    /// A commit failed; the store is as it was before the transaction.
    #[error("cannot commit to the store “{store}”")]
    Commit {
        /// The kind of store.
        store: &'static str,
        /// How it failed.
        source: Trouble,
    },
}

/// How an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Another process has the file open.
    #[error("another process has this store open")]
    Locked,
    /// The file is not what was last committed: cut, altered, or not a store at all.
    #[error("the file is torn: {0}")]
    Torn(String),
    /// The file belongs to another kind of store.
    #[error("this is the store of “{0}”")]
    Foreign(String),
    /// A newer Croft wrote this record.
    #[error("a newer version wrote this: record version {found}, known up to {known}")]
    Future {
        /// Version in the file.
        found: u16,
        /// Newest version that this program knows.
        known: u16,
    },
    /// No room on the disk.
    #[error("the disk is full")]
    Full,
    /// A key or record is above its limit.
    #[error("{bytes} bytes are more than the {limit} a store takes")]
    TooLarge {
        /// Size of the key or record.
        bytes: usize,
        /// The limit it passed.
        limit: usize,
    },
    /// A record could not be turned into JSON.
    #[error("the record cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// The operating system refused.
    #[error(transparent)]
    Io(io::Error),
}

impl StoreError {
    /// How the operation failed.
    #[must_use]
    pub fn trouble(&self) -> &Trouble {
        match self {
            Self::Open { source, .. }
            | Self::Begin { source, .. }
            | Self::Read { source, .. }
            | Self::Write { source, .. }
            | Self::Commit { source, .. } => source,
        }
    }

    /// Stable code for problem documents and warnings.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.trouble() {
            Trouble::Locked => "store-locked",
            Trouble::Torn(_) => "store-torn",
            Trouble::Foreign(_) => "store-foreign",
            Trouble::Future { .. } => "store-future",
            Trouble::Full => "disk-full",
            Trouble::TooLarge { .. } => "record-too-large",
            Trouble::Encode(_) => "record-not-json",
            Trouble::Io(_) => "store-io",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.trouble() {
            Trouble::Locked => "Stop the other process that uses this box's folder, then try again.",
            Trouble::Torn(_) => {
                "Restore this file from a backup, or set it aside (rename it) to start with an empty store; nothing was changed in it."
            }
            Trouble::Foreign(_) => "Put each role's file back where it belongs; nothing was changed in it.",
            Trouble::Future { .. } => {
                "Start the newer version that wrote this, or restore a backup from before the update; nothing was changed."
            }
            Trouble::Full => "Free some space on the disk; everything committed before is safe.",
            Trouble::TooLarge { .. } => "Make the value smaller.",
            Trouble::Encode(_) => "This is a fault in Croft: please report it.",
            Trouble::Io(_) => "Look at the disk's health and the permissions of the box's folder.",
        }
    }
}

impl Trouble {
    /// A torn file, from anything that describes the tear.
    pub(crate) fn torn(what: impl std::fmt::Display) -> Self {
        Self::Torn(what.to_string())
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::Full,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Self::torn(error),
            _ => Self::Io(error),
        }
    }
}

impl From<redb::StorageError> for Trouble {
    fn from(error: redb::StorageError) -> Self {
        match error {
            redb::StorageError::Corrupted(what) => Self::Torn(what),
            redb::StorageError::ValueTooLarge(bytes) => Self::TooLarge { bytes, limit: crate::record::MAX_RECORD_BYTES },
            redb::StorageError::Io(error) => error.into(),
            other => Self::Io(io::Error::other(other)),
        }
    }
}

impl From<redb::DatabaseError> for Trouble {
    fn from(error: redb::DatabaseError) -> Self {
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen | redb::DatabaseError::LockProtocolMismatch => Self::Locked,
            redb::DatabaseError::RepairAborted => Self::torn("it was not closed and could not be repaired"),
            redb::DatabaseError::UpgradeRequired(version) => Self::Torn(format!("its file format {version} is too old")),
            redb::DatabaseError::Storage(error) => error.into(),
            other => Self::Io(io::Error::other(other)),
        }
    }
}

impl From<redb::TransactionError> for Trouble {
    fn from(error: redb::TransactionError) -> Self {
        match error {
            redb::TransactionError::Storage(error) => error.into(),
            other => Self::Io(io::Error::other(other)),
        }
    }
}

impl From<redb::TableError> for Trouble {
    fn from(error: redb::TableError) -> Self {
        match error {
            redb::TableError::Storage(error) => error.into(),
            other => Self::torn(other),
        }
    }
}

impl From<redb::CommitError> for Trouble {
    fn from(error: redb::CommitError) -> Self {
        match error {
            redb::CommitError::Storage(error) => error.into(),
            other => Self::Io(io::Error::other(other)),
        }
    }
}
