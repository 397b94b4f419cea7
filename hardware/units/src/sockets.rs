//! Listening sockets below `run/` that are held while the roles behind them come and go.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use crate::readable;
use nix::{
    errno::Errno,
    sys::{
        socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket},
        stat::{FchmodatFlags, Mode, fchmodat},
    },
    unistd::{UnlinkatFlags, unlinkat},
};

/// Connections that wait while a role starts again; the gateway opens at most some hundreds.
const BACKLOG: i32 = 512;

/// Kinds of Unix sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A stream of bytes.
    Stream,
    /// Whole messages in order.
    Packet,
}

/// Makes a listening socket called `name` in `directory`, in the place of a stale one.
///
/// Everybody may connect, as far as the directory lets them: who they are is asked of the kernel (`SO_PEERCRED`) at each connection, and
/// that answer, unlike a group, cannot be given away.
///
/// # Errors
/// The name is taken by something else, or the file system has no sockets.
pub fn open(directory: BorrowedFd<'_>, name: &str, kind: Kind) -> io::Result<OwnedFd> {
    match unlinkat(directory, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => {}
        Err(errno) => return Err(errno.into()),
    }
    let kind = match kind {
        Kind::Stream => SockType::Stream,
        Kind::Packet => SockType::SeqPacket,
    };
    let listener = socket(AddressFamily::Unix, kind, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    // Through the descriptor, so that the path is short whatever the folder of the box is called: `sun_path` ends at 108 bytes.
    let address = UnixAddr::new(format!("/proc/self/fd/{}/{name}", directory.as_raw_fd()).as_str())?;
    bind(listener.as_raw_fd(), &address)?;
    fchmodat(directory, name, Mode::from_bits_truncate(0o666), FchmodatFlags::FollowSymlink)?;
    listen(&listener, Backlog::new(BACKLOG)?)?;
    Ok(listener)
}

/// Waits until somebody connects to `listener`, without taking the connection. Call it while no role accepts from it.
///
/// # Errors
/// The descriptor cannot be watched.
pub async fn wanted(listener: &Arc<OwnedFd>) -> io::Result<()> {
    // A copy, because a descriptor can be registered once only; it is forgotten again with the registration.
    let watched = readable::watch(listener.as_fd().try_clone_to_owned()?)?;
    let ready = watched.readable().await?;
    drop(ready);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::unix::net::UnixStream, time::Duration};

    use super::*;

    #[tokio::test]
    async fn a_socket_waits_for_the_first_connection() {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = File::open(folder.path()).expect("opened");
        drop(open(directory.as_fd(), "role.sock", Kind::Stream).expect("a socket"));
        let listener = Arc::new(open(directory.as_fd(), "role.sock", Kind::Stream).expect("a stale one is replaced"));
        assert!(tokio::time::timeout(Duration::from_millis(20), wanted(&listener)).await.is_err());
        let _client = UnixStream::connect(folder.path().join("role.sock")).expect("connected");
        wanted(&listener).await.expect("wanted");
        wanted(&listener).await.expect("still wanted while nobody accepts");
    }

    #[test]
    fn what_is_no_socket_of_ours_is_not_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("role.sock")).expect("made");
        let directory = File::open(folder.path()).expect("opened");
        assert!(open(directory.as_fd(), "role.sock", Kind::Packet).is_err());
    }
}
