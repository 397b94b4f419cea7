//! The disks of the box: which there are, what is on them, and installing the running system onto one.
//!
//! **Owns** nothing that lasts: an installation is known as long as the role lives, and what a disk holds is read from the disk each time.
//! **Needs** root on the appliance, for disks and the programs that change them; without, it lists disks and says that it cannot install.
//! **Emits** lists of disks, and how far an installation is.
//! **Never** takes a path or a word of a command line from a request, overwrites a disk whose label was not typed, or one that has changed since
//! it was shown, or touches the one that the box runs from.
//!
//! Why it is so: `docs/decisions/install.md`.
//!
//! Tasks: the socket's server; one installation at a time, which ends with the role.

mod error;
mod http;
mod installer;
mod judge;
mod run;
#[cfg(test)]
mod tests;

pub use error::StorageError;
pub use http::routes;
pub use run::run;
