//! The frames of the bulk path between gateway and worker, as `docs/formats/bulk.md` draws them. Pure: bytes in, frames out.
//!
//! [`Frame`] and its parts are what is said, [`encode`] and [`decode`] turn packets into bytes and back, [`limits`] names every bound.

mod found;
mod frame;
pub mod limits;
mod photos;
mod stranger;
mod taken;
mod wire;

pub use found::{Around, Found};
pub use frame::{
    AbortReason, Area, Commit, Digest, DigestKind, DigestSet, Frame, Head, Header, Hello, Method, MountLine, Open, REQUEST_HEADERS, Root,
};
pub use photos::{Month, Photos, Shot, ZONE_BYTES};
pub use stranger::{Proof, Stranger};
pub use taken::Taken;
pub use wire::{BadPacket, decode, encode};
