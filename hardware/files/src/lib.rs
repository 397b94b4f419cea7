//! The ground that the bulk path stands on: directories by descriptor, durable publishing, pipes and links.
//!
//! **Owns** [`Dir`] (a directory held open; every operation stays beneath it and follows no link), [`Staged`] (a file without a name yet),
//! [`Publisher`] (gives names to staged files and makes them durable, many with one flush), [`Pipes`] (bodies between processes without
//! copies), [`Link`] and [`LinkListener`] (whole messages with descriptors over a Unix socket), [`Watches`] (what changes in directories, while it
//! happens).
//! **Needs** descriptors that somebody else opened; no path from outside ever enters.
//! **Emits** [`FilesError`], which names the operation and keeps its cause.
//! **Never** logs, and never blocks an async thread: what touches a disk runs on the blocking pool or on the publisher's own thread.

mod dir;
mod error;
mod filesystem;
mod keep;
mod link;
mod name;
mod pipe;
mod publish;
mod remembered;
mod staged;
mod stat;
mod watch;
mod xattr;

pub use dir::{Dir, Listed, Listing, Opened, Replace};
pub use error::{FilesError, Operation};
pub use filesystem::{FileSystem, Room};
pub use keep::{Keep, Unkept};
pub use link::{Link, LinkListener, Peer, Received};
pub use name::{BadName, Name};
pub use pipe::{Intake, Outflow, Pipes};
pub use publish::{Change, Publisher};
pub use remembered::read_remembered;
pub use staged::{Staged, copy, copy_in_steps, set_modified};
pub use stat::{Kind, Stat};
pub use watch::{Told, Watch, Watches};
pub use xattr::{set_xattr, xattr};
