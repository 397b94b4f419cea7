//! One request on a link.

use std::{
    os::fd::{BorrowedFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use croft_api::bulk::{
    AbortReason, Commit, Frame, Head, Open,
    limits::{MAX_HEAD, MAX_PACKET},
};
use croft_model::Problem;
use tokio::{sync::mpsc, time::timeout};

use super::{
    link::{ClientLink, LinkError},
    workers::broken_off,
};

/// What a worker says on a stream.
#[derive(Debug)]
pub(super) enum FromWorker {
    /// A HEAD, with the end of a pipe where PIPE came with it.
    Head(Head, Option<OwnedFd>),
    Data(Bytes),
    End(u64),
    Abort(AbortReason),
}

/// What goes out with OPEN.
#[derive(Clone, Copy)]
pub(super) enum Along<'a> {
    Nothing,
    /// The whole body.
    Body(&'a Bytes),
    /// The end of a link to another worker.
    Link(BorrowedFd<'a>),
}

/// A stream. Dropped before its end, it tells the worker that the client is gone.
pub(super) struct Stream {
    link: Arc<ClientLink>,
    number: u32,
    inbound: mpsc::Receiver<FromWorker>,
    over: bool,
}

impl FromWorker {
    /// Whether it only says that the work goes on.
    pub(super) fn is_sign(&self) -> bool {
        matches!(self, Self::Head(head, _) if head.status == Head::PROCESSING)
    }
}

impl Stream {
    /// Sends OPEN with what comes `along`. Until it has gone out the worker knows of nothing that could end.
    pub(super) async fn open(link: Arc<ClientLink>, open: &Open, along: Along<'_>) -> Result<Self, LinkError> {
        let turn = link.turn().await;
        let (number, inbound) = link.register();
        let mut stream = Self { link: Arc::clone(&link), number, inbound, over: true };
        let mut frames = vec![Frame::Open(Box::new(open.clone()))];
        let (mut later, mut handed) = (Vec::new(), None);
        match along {
            Along::Nothing => {}
            Along::Link(end) => {
                frames.push(Frame::Pipe);
                handed = Some(end);
            }
            Along::Body(body) => {
                let fits = body.len() <= MAX_PACKET - 2 * MAX_HEAD;
                let whole = [Frame::Data(body.clone()), Frame::Commit(Commit { count: body.len() as u64, digests: Vec::new() })];
                if fits { frames.extend(whole) } else { later.extend(whole) }
            }
        }
        stream.send(frames, handed).await?;
        stream.over = false;
        drop(turn);
        if !later.is_empty() {
            stream.send(later, None).await?;
        }
        Ok(stream)
    }

    /// What the worker says next; `None` when the link is gone.
    pub(super) async fn next(&mut self) -> Option<FromWorker> {
        let said = self.inbound.recv().await;
        if matches!(said, None | Some(FromWorker::End(_) | FromWorker::Abort(_))) {
            self.over = true;
        }
        said
    }

    /// The answer's head.
    pub(super) async fn answer(&mut self, within: Duration) -> Result<(Head, Option<OwnedFd>), Problem> {
        match timeout(within, self.next()).await {
            Ok(Some(FromWorker::Head(head, end))) if head.status != Head::CONTINUE => Ok((head, end)),
            _ => Err(broken_off()),
        }
    }

    /// Sends the end of the body, with the body itself where it is small.
    pub(super) async fn commit(&self, body: Bytes, commit: Commit) -> Result<(), Problem> {
        let mut frames = Vec::new();
        if !body.is_empty() {
            frames.push(Frame::Data(body));
        }
        frames.push(Frame::Commit(commit));
        self.send(frames, None).await.map_err(|_| broken_off())
    }

    async fn send(&self, frames: Vec<Frame>, descriptor: Option<BorrowedFd<'_>>) -> Result<(), LinkError> {
        let frames: Vec<_> = frames.into_iter().map(|frame| (self.number, frame)).collect();
        self.link.send(&frames, descriptor).await
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.link.forget(self.number);
        if self.over || self.link.is_closed() {
            return;
        }
        let (link, number) = (self.link.clone(), self.number);
        // Dropping cannot wait; outside of a runtime there is no link left either.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = link.send(&[(number, Frame::Abort(AbortReason::Gone))], None).await;
            });
        }
    }
}
