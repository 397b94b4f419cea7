//! One space's files: the worker behind the bulk path (`docs/formats/bulk.md`, `docs/formats/space.md`).
//!
//! **Owns** the space's `files/` and `.croft/` and its index. **Needs** the descriptors `bulk`, `space`, `index`, `run`, `notify`, and its
//! projection (the space with its members). **Emits** CHANGED on every link after each published change. **Never** opens a path from
//! outside, believes the gateway about who somebody is, or acknowledges what is not on the disk.
//!
//! | task | hears | says |
//! |---|---|---|
//! | [`Worker::serve`] | new links on `bulk`, the stop | one task a link |
//! | `link` | packets of a gateway, news of other links | one task a stream, news |
//! | `exchange` + `methods` | OPEN, DATA, COMMIT, ABORT | HEAD, PIPE, DATA, END |
//! | `croft_files::Publisher` | changes of names | that they are on the disk |
//!
//! Locks are in memory and end with the worker. `judge` decides without touching a file; `space` knows where things lie and who they are; `access` knows who may;
//! `disk` is the same worker for a disk that is used as it is: it shows what storage has lent it, and has nothing else;
//! `previews` asks the role `preview` for small pictures and keeps them.

mod access;
mod content_type;
mod dates;
mod disk;
mod error;
mod exchange;
mod judge;
mod link;
mod methods;
mod news;
mod previews;
mod space;
mod worker;
mod xml;

pub use access::Gatekeeper;
pub use disk::{Borrowed, run_disk};
pub use error::SyncError;
pub use worker::{Worker, run};
