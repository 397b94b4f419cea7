//! Bounds of the bulk path. Each is enforced where it is read, on both sides.

use std::time::Duration;

/// The version that HELLO names.
pub const VERSION: u16 = 7;
/// A packet in bytes: one DATA with a HEAD beside it, below the kernel's default socket buffer of 212 992.
pub const MAX_PACKET: usize = 96 * 1024;
/// A body inside DATA, in bytes: past this a pipe costs less than copies.
pub const MAX_INLINE: usize = 64 * 1024;
/// An OPEN, a HEAD or any other frame but DATA, in bytes.
pub const MAX_HEAD: usize = 32 * 1024;
/// Segments of a path.
pub const MAX_SEGMENTS: usize = 256;
/// Bytes of a path with its slashes: the kernel's `PATH_MAX`.
pub const MAX_PATH: usize = 4096;
/// Headers of a request or answer.
pub const MAX_HEADERS: usize = 32;
pub use croft_model::MAX_MOUNTS;
/// Digests in a COMMIT: one of each kind.
pub const MAX_DIGESTS: usize = 2;
/// Streams that are open on a link.
pub const MAX_STREAMS: usize = 256;
/// Links of a worker: a gateway and its successor while one restarts, with room for their mistakes.
pub const MAX_LINKS: usize = 8;
/// Pipes of a worker; more transfers wait. 12 MiB of the 64 MiB that the kernel lets an ordinary user's pipes have.
pub const MAX_PIPES: usize = 48;
/// Bytes of a pipe.
pub const PIPE_BYTES: usize = 256 * 1024;
/// A body that makes no progress for so long is given up.
pub const IDLE_BODY: Duration = Duration::from_secs(120);
