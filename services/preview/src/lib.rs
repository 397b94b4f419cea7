//! Small pictures of people's files, and when they were taken, read where nothing can be lost.
//!
//! **Owns** nothing: no directory, no settings, no network. **Needs** the descriptors `calls` and `notify`; with each question the descriptor of
//! one file. **Emits** the bytes of a JPEG, or a reason (`docs/formats/preview.md`). **Never** opens a file, and never looks into one itself:
//! each is read by a process of its own ([`decode`], [`read_taken`]) that has given up everything but that file before, and ends with it.
//!
//! | part | does |
//! |---|---|
//! | [`Desk`] | takes questions from workers, a few at once; ends after a minute without any |
//! | [`decode`] | the other process: confined, bounded, sealed; then it reads |
//! | `picture` | a small picture out of a large one |
//! | `heif` | the same of HEIC and AVIF, by a library of the system |
//! | `film` | the same of one picture of a film |
//! | `taken` | when something was taken, as its file says |

mod decoder;
mod desk;
mod error;
mod film;
mod heif;
mod picture;
mod taken;

pub use decoder::{FIRST_WORD, TAKEN_WORD, decode, read_taken};
pub use desk::{Desk, run};
pub use error::{DecodeError, PreviewError};
