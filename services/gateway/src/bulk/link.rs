//! One link to a worker.

use std::{
    collections::HashMap,
    os::fd::{BorrowedFd, OwnedFd},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use croft_api::bulk::{
    BadPacket, Frame, Hello, decode, encode,
    limits::{MAX_PACKET, VERSION},
};
use croft_files::{FilesError, Link};
use croft_model::SpaceId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{stream::FromWorker, workers::News};

/// A link without a stream for so long is closed, so that its worker may sleep.
const IDLE: Duration = Duration::from_secs(300);
/// Frames that may wait for a stream: those that must come, and some signs of life. More is a broken worker.
const MAX_INBOUND: usize = 8;
/// Of these, what must come whatever else was said: two HEADs, a body, END or ABORT. Signs of life leave room for it.
const MUST_COME: usize = 4;

/// Why there is no link any more, or none came about.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("the socket failed")]
    Files(#[from] FilesError),
    #[error("a packet is not of the format")]
    Format(#[from] BadPacket),
    #[error("the worker broke the format: {0}")]
    Order(&'static str),
}

/// A link with its open streams.
pub(super) struct ClientLink {
    link: Link,
    space: SpaceId,
    streams: Mutex<Streams>,
    next: AtomicU32,
    /// Held from taking a number until OPEN has gone out.
    opening: tokio::sync::Mutex<()>,
    closed: CancellationToken,
    /// Whether somebody listens who sends no request.
    kept: AtomicBool,
}

type Streams = HashMap<u32, mpsc::Sender<FromWorker>>;

impl ClientLink {
    /// Connects, greets, and starts to listen until `stop`.
    pub(super) async fn connect(path: &Path, space: SpaceId, news: Arc<News>, stop: CancellationToken) -> Result<Arc<Self>, LinkError> {
        let link = Link::connect(path).await?;
        let hello = Hello { version: VERSION, root: None };
        link.send(&encode(&[(0, Frame::Hello(hello))])?, None).await?;
        let mut buffer = vec![0; MAX_PACKET];
        let received = link.receive(&mut buffer).await?.ok_or(LinkError::Order("it closed the link"))?;
        match decode(Bytes::copy_from_slice(&buffer[..received.length]))?.pop() {
            Some((0, Frame::Hello(Hello { version: VERSION, root: Some(root) }))) => news.know(space, root),
            _ => return Err(LinkError::Order("the first packet is no HELLO of this version")),
        }
        let this = Arc::new(Self {
            link,
            space,
            streams: Mutex::default(),
            next: AtomicU32::new(1),
            opening: tokio::sync::Mutex::default(),
            closed: stop.child_token(),
            kept: AtomicBool::default(),
        });
        let listening = Arc::clone(&this);
        tokio::spawn(async move {
            // Cancel-safe: a closed link is not read from any more.
            let ended = tokio::select! {
                () = listening.closed.cancelled() => Ok(()),
                () = listening.idle() => Ok(()),
                ended = listening.listen(&news, buffer) => ended,
            };
            if let Err(error) = ended {
                tracing::warn!(%space, %error, "the link to a worker broke");
            }
            listening.close();
            // Their receivers see the end.
            listening.streams().clear();
        });
        Ok(this)
    }

    /// Whether no new stream may be opened.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Counts as a request towards [`IDLE`].
    pub(super) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    /// Gives the link up; its streams end.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    /// The turn to open a stream. Numbers must arrive in their order (docs/formats/bulk.md), so it is kept until OPEN is sent.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.opening.lock().await
    }

    /// A number for a new stream, and what will arrive on it.
    pub(super) fn register(&self) -> (u32, mpsc::Receiver<FromWorker>) {
        let (sender, receiver) = mpsc::channel(MAX_INBOUND);
        let stream = self.next.fetch_add(1, Ordering::Relaxed);
        let mut streams = self.streams();
        // A link that has just ended takes no more; the receiver sees the end at once.
        if !self.is_closed() {
            streams.insert(stream, sender);
        }
        (stream, receiver)
    }

    pub(super) fn forget(&self, stream: u32) {
        self.streams().remove(&stream);
    }

    pub(super) async fn send(&self, frames: &[(u32, Frame)], descriptor: Option<BorrowedFd<'_>>) -> Result<(), LinkError> {
        Ok(self.link.send(&encode(frames)?, descriptor).await?)
    }

    async fn listen(&self, news: &News, mut buffer: Vec<u8>) -> Result<(), LinkError> {
        while let Some(mut received) = self.link.receive(&mut buffer).await? {
            let mut frames = decode(Bytes::copy_from_slice(&buffer[..received.length]))?.into_iter().peekable();
            while let Some((stream, frame)) = frames.next() {
                let said = match frame {
                    Frame::Changed { folder, root } => {
                        news.changed(self.space, folder, root);
                        continue;
                    }
                    Frame::Head(head) => {
                        let pipe = frames.next_if(|(same, next)| *same == stream && *next == Frame::Pipe).is_some();
                        let end = if pipe { Some(taken(&mut received.descriptor)?) } else { None };
                        FromWorker::Head(head, end)
                    }
                    Frame::Data(bytes) => FromWorker::Data(bytes),
                    Frame::End { count } => FromWorker::End(count),
                    Frame::Abort(reason) => FromWorker::Abort(reason),
                    Frame::Hello(_) | Frame::Open(_) | Frame::Commit(_) | Frame::Pipe => {
                        return Err(LinkError::Order("a frame in the wrong place"));
                    }
                };
                let sender = self.streams().get(&stream).cloned();
                // A sign for which nobody has time may be lost.
                let sender = sender.filter(|sender| !said.is_sign() || sender.capacity() > MUST_COME);
                if let Some(Err(mpsc::error::TrySendError::Full(_))) = sender.map(|sender| sender.try_send(said)) {
                    return Err(LinkError::Order("too many frames on a stream"));
                }
            }
        }
        Ok(())
    }

    /// Returns when no stream was open for [`IDLE`].
    async fn idle(&self) {
        /// How often the streams are counted.
        const LOOK: Duration = Duration::from_secs(10);
        let (mut since, mut last) = (tokio::time::Instant::now(), 0);
        while since.elapsed() < IDLE {
            tokio::time::sleep(LOOK).await;
            let next = self.next.load(Ordering::Relaxed);
            let kept = self.kept.swap(false, Ordering::Relaxed);
            if kept || next != last || !self.streams().is_empty() {
                (since, last) = (tokio::time::Instant::now(), next);
            }
        }
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn taken(descriptor: &mut Option<OwnedFd>) -> Result<OwnedFd, LinkError> {
    descriptor.take().ok_or(LinkError::Order("a PIPE without a descriptor"))
}
