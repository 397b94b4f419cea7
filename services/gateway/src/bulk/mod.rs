//! The gateway's side of the bulk path (`docs/formats/bulk.md`): links to workers, requests over them, bodies through pipes.
//!
//! | part | does |
//! |---|---|
//! | [`Workers`] | keeps a link for each space that is in use, and what is known of each space's root |
//! | `link` | one link: greeting, streams, news of changed folders |
//! | `stream` | one request on a link; dropped before its end it says ABORT |
//! | `upload` | the client's body into DATA or a pipe, hashed on its way when the worker asks |
//! | `download` | the worker's answer as an answer to the client |
//! | `across` | COPY and MOVE from one space to another |
//! | `disks` | reading disks that are used as they are |
//! | `place` | which space a path leads to, and under which name a shared one is shown |
//! | `preview` | how large a small picture shall be |
//! | [`spaces`] | questions to the workers of a person's spaces, whose answers the gateway merges |
//! | `links` | what a person's links are, and changes of them |
//! | `photos` | the timeline of a person, merged |
//! | `room` | what a person's own space says of its room |
//! | [`search`] | a search in all spaces of a person, merged |
//! | [`files`] | what of the client's request goes there |
//! | `kept` | the same for the trash, which is one of several spaces, and for versions |
//!
//! Never: a descriptor of a file, a body in memory beyond a pipe's worth, a header that is not listed.

mod across;
mod disks;
mod download;
pub mod files;
mod kept;
mod link;
pub(crate) mod links;
pub(crate) mod path;
pub(crate) mod photos;
mod place;
pub(crate) mod preview;
pub(crate) mod room;
pub(crate) mod search;
pub(crate) mod spaces;
mod stream;
#[cfg(test)]
mod tests;
mod upload;
mod workers;

pub use files::Capabilities;
pub use workers::Workers;
