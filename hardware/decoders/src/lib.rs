//! Processes that read one file each and die.
//!
//! **Owns** [`Input`] (a descriptor that may be given to one: a plain file, for reading alone, not too large), [`run`] (starts one, gathers what
//! it writes, ends it at its deadline), [`bind`] (what a decoder takes away from itself before it reads its first byte) and [`Heif`] and [`H264`] (libraries of
//! the system, in decoders of files that need it).
//! **Needs** a file that somebody else opened. **Emits** what the process wrote and the code with which it ended.
//! **Never** takes a path from outside, and never believes what a decoder wrote beyond its length.

mod bounds;
mod h264;
mod heif;
mod input;
mod pixels;
mod run;

pub use bounds::{Bounds, BoundsError, bind};
pub use h264::H264;
pub use heif::Heif;
pub use input::{Input, Unfit};
pub use pixels::{Most, Pixels, Unread};
pub use run::{DecoderError, Ended, Program, needs, run};
