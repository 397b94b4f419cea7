//! Waiting for a descriptor to become readable.

use std::{io, os::fd::OwnedFd};

use tokio::io::{Interest, unix::AsyncFd};

/// Registers `fd` with the runtime.
///
/// # Errors
/// The descriptor is of a kind that cannot be waited for.
#[expect(unsafe_code, reason = "the runtime wants to be promised that the descriptor stays the same")]
pub(crate) fn watch(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` always names the same open descriptor, and it is closed only after the registration has ended with the `AsyncFd`.
    unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }.map_err(Into::into)
}
