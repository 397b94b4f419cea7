//! One request on a link.

use std::{
    os::fd::{BorrowedFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use croft_api::bulk::{AbortReason, Commit, Frame, Head, Open};
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
    /// Sends OPEN, with a descriptor where the worker gets one. Until it has gone out the worker knows of nothing that could end.
    pub(super) async fn open(link: Arc<ClientLink>, open: &Open, handed: Option<BorrowedFd<'_>>) -> Result<Self, LinkError> {
        let turn = link.turn().await;
        let (number, inbound) = link.register();
        let mut stream = Self { link: Arc::clone(&link), number, inbound, over: true };
        let mut frames = vec![Frame::Open(Box::new(open.clone()))];
        frames.extend(handed.map(|_| Frame::Pipe));
        stream.send(frames, handed).await?;
        stream.over = false;
        drop(turn);
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
