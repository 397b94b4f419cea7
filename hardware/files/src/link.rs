//! Whole messages with descriptors between two processes: Unix sockets of type `SOCK_SEQPACKET`.

use std::{
    io::{self, IoSlice, IoSliceMut},
    os::fd::{BorrowedFd, OwnedFd},
    path::Path,
};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use tokio_seqpacket::{
    UnixSeqpacket, UnixSeqpacketListener,
    ancillary::{AncillaryMessageReader, AncillaryMessageWriter, OwnedAncillaryMessage},
};

use crate::{FilesError, Operation};

/// Room for the control data of a message: one descriptor needs 24 bytes; what does not fit the kernel closes and reports.
const CONTROL_BYTES: usize = 64;

/// A connection. Messages arrive whole, in order, or not at all.
#[derive(Debug)]
pub struct Link(UnixSeqpacket);

/// A message that arrived; its bytes are in the buffer.
#[derive(Debug)]
pub struct Received {
    /// Its length in bytes.
    pub length: usize,
    /// The descriptor that came with it.
    pub descriptor: Option<OwnedFd>,
}

/// The process at the other end, as the kernel vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its process at the time of connecting.
    pub pid: Option<i32>,
}

/// Accepts links.
#[derive(Debug)]
pub struct LinkListener(UnixSeqpacketListener);

impl Link {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    /// [`Operation::Link`].
    pub async fn connect(path: &Path) -> Result<Self, FilesError> {
        UnixSeqpacket::connect(path).await.map(Self).map_err(failed)
    }

    /// The end of a link behind a descriptor that was handed over.
    ///
    /// # Errors
    /// [`Operation::Link`].
    pub fn new(descriptor: OwnedFd) -> Result<Self, FilesError> {
        unblocked(&descriptor)?;
        UnixSeqpacket::try_from(descriptor).map(Self).map_err(failed)
    }

    /// Two ends of one link, to be handed to two who do not know each other.
    ///
    /// # Errors
    /// [`Operation::Link`].
    pub fn pair() -> Result<(Self, Self), FilesError> {
        UnixSeqpacket::pair().map(|(one, other)| (Self(one), Self(other))).map_err(failed)
    }

    /// Who is at the other end.
    ///
    /// # Errors
    /// [`Operation::Link`].
    pub fn peer(&self) -> Result<Peer, FilesError> {
        let known = self.0.peer_cred().map_err(failed)?;
        Ok(Peer { uid: known.uid(), pid: known.pid() })
    }

    /// Sends one message, with a descriptor or without; waits while the other side is slow. Several may send at once.
    ///
    /// # Errors
    /// [`Operation::Link`]; [`FilesError::is_closed`] when the other side is gone.
    pub async fn send(&self, message: &[u8], descriptor: Option<BorrowedFd<'_>>) -> Result<(), FilesError> {
        let Some(descriptor) = descriptor else {
            return self.0.send(message).await.map(drop).map_err(failed);
        };
        let mut room = [0; CONTROL_BYTES];
        let mut control = AncillaryMessageWriter::new(&mut room);
        control.add_fds([descriptor]).map_err(|error| failed(error.into()))?;
        self.0.send_vectored_with_ancillary(&[IoSlice::new(message)], &mut control).await.map(drop).map_err(failed)
    }

    /// Receives one message into `buffer`; `None` when the other side closed the link.
    ///
    /// # Errors
    /// [`Operation::Link`], also for a message that is longer than the buffer or carries more than one descriptor.
    pub async fn receive(&self, buffer: &mut [u8]) -> Result<Option<Received>, FilesError> {
        let mut room = [0; CONTROL_BYTES];
        let (info, control) = self.0.recv_vectored_with_ancillary(&mut [IoSliceMut::new(buffer)], &mut room).await.map_err(failed)?;
        let (length, cut) = (info.bytes_read(), info.truncated() || info.ancillary_truncated());
        let mut descriptors = descriptors_of(control);
        if cut || descriptors.len() > 1 {
            return Err(failed(io::ErrorKind::InvalidData.into()));
        }
        Ok((length > 0).then(|| Received { length, descriptor: descriptors.pop() }))
    }
}

impl LinkListener {
    /// The listener behind an inherited descriptor.
    ///
    /// # Errors
    /// [`Operation::Link`].
    pub fn new(descriptor: OwnedFd) -> Result<Self, FilesError> {
        unblocked(&descriptor)?;
        UnixSeqpacketListener::try_from(descriptor).map(Self).map_err(failed)
    }

    /// Makes a socket at `path`, for tests and for the process that holds sockets for others.
    ///
    /// # Errors
    /// [`Operation::Link`].
    pub fn bind(path: &Path) -> Result<Self, FilesError> {
        UnixSeqpacketListener::bind(path).map(Self).map_err(failed)
    }

    /// The next link.
    ///
    /// # Errors
    /// [`Operation::Link`].
    pub async fn accept(&mut self) -> Result<Link, FilesError> {
        self.0.accept().await.map(Link).map_err(failed)
    }
}

impl From<Link> for OwnedFd {
    fn from(link: Link) -> Self {
        link.0.into()
    }
}

impl From<LinkListener> for OwnedFd {
    fn from(listener: LinkListener) -> Self {
        listener.0.into()
    }
}

/// Whoever made a socket may have left it blocking, which would stop the whole runtime.
fn unblocked(descriptor: &OwnedFd) -> Result<(), FilesError> {
    let flags = fcntl(descriptor, FcntlArg::F_GETFL).map_err(|error| failed(error.into()))?;
    let flags = OFlag::from_bits_retain(flags) | OFlag::O_NONBLOCK;
    fcntl(descriptor, FcntlArg::F_SETFL(flags)).map(drop).map_err(|error| failed(error.into()))
}

fn descriptors_of(control: AncillaryMessageReader<'_>) -> Vec<OwnedFd> {
    control
        .into_messages()
        .flat_map(|message| match message {
            OwnedAncillaryMessage::FileDescriptors(descriptors) => descriptors.collect(),
            _ => Vec::new(),
        })
        .collect()
}

fn failed(error: io::Error) -> FilesError {
    FilesError::new(Operation::Link, error)
}

#[cfg(test)]
mod tests {
    use std::{io::Read, os::fd::AsFd};

    use super::*;

    #[tokio::test]
    async fn messages_arrive_whole_with_their_descriptor_and_the_end_is_seen() {
        let (one, other) = Link::pair().unwrap();
        let mut buffer = vec![0; 98_304];
        let large = vec![7; 98_304];
        let (reader, writer) = nix::unistd::pipe().unwrap();
        let send = async {
            one.send(b"a", None).await.unwrap();
            one.send(&large, Some(writer.as_fd())).await.unwrap();
            one.send(b"ccc", None).await.unwrap();
        };
        let receive = async {
            let first = other.receive(&mut buffer).await.unwrap().unwrap();
            assert_eq!((first.length, first.descriptor.is_some()), (1, false));
            let second = other.receive(&mut buffer).await.unwrap().unwrap();
            assert_eq!(second.length, large.len());
            nix::unistd::write(second.descriptor.unwrap(), b"hello").unwrap();
            assert_eq!(other.receive(&mut buffer).await.unwrap().unwrap().length, 3);
        };
        tokio::join!(send, receive);
        drop((one, writer));
        assert!(other.receive(&mut buffer).await.unwrap().is_none());
        let mut text = String::new();
        std::fs::File::from(reader).read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    }

    #[tokio::test]
    async fn a_message_that_does_not_fit_is_an_error() {
        let (one, other) = Link::pair().unwrap();
        one.send(b"four", None).await.unwrap();
        assert_eq!(other.receive(&mut [0; 3]).await.unwrap_err().operation(), Operation::Link);
    }

    #[tokio::test]
    async fn strangers_are_known_by_the_kernel() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let mut listener = LinkListener::new(LinkListener::bind(&path).unwrap().into()).unwrap();
        let (_link, accepted) = tokio::join!(Link::connect(&path), listener.accept());
        let peer = accepted.unwrap().peer().unwrap();
        assert_eq!(peer.uid, nix::unistd::getuid().as_raw());
        assert!(Link::connect(&folder.path().join("nobody")).await.is_err());
    }
}
