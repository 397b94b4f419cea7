//! The only door to redb: typed tables, versioned records, durable commits.
//!
//! **Owns** one database file a [`Store`], handed in as an opened [`std::fs::File`] because roles receive files, not paths.
//! **Needs** nothing else: no clock, no task, no log. Every call blocks; async callers wrap long ones.
//! **Emits** [`StoreError`]: one variant an operation, each with its [`Trouble`], a stable code and what to do about it.
//! **Never** repairs by guessing: a file that does not prove whole is refused and stays untouched.
//!
//! ```
//! use croft_store::{Options, Store, Table, first_version};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Session { person: String }
//! first_version!(Session);
//! const SESSIONS: Table<u64, Session> = Table::new("sessions");
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = tempfile::tempfile()?;
//! let store = Store::open(file, Options::new("identity"))?;
//! let mut write = store.write()?;
//! write.put(&SESSIONS, &7, &Session { person: "p1".into() })?;
//! write.commit()?; // on disk when this returns
//! assert!(store.read()?.get(&SESSIONS, &7)?.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! A record outlives the release that wrote it: see [`Record`]. Crash tests use [`crash::Disk`], which forgets what was never synced.

pub mod crash;
mod error;
mod key;
mod record;
mod replace;
mod store;
mod transaction;
mod unfinished;

pub use error::{StoreError, Trouble};
pub use key::{FixedKey, Key};
pub use record::Record;
pub use replace::replace_file;
pub use store::{Check, Options, Store};
pub use transaction::{Order, Read, Table, Write};
