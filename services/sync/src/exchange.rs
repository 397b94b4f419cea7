//! One stream: asking for the request's body, and answering.

use std::{
    collections::VecDeque,
    convert::Infallible,
    fs::File,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use croft_api::bulk::{AbortReason, Commit, DigestSet, Frame, Head, Header, Open, encode, limits::MAX_INLINE};
use croft_files::{Link, Outflow, Pipes};
use croft_model::Problem;
use tokio::{sync::mpsc, time::MissedTickBehavior};

use crate::{error::Failure, space::blocking};

/// What the gateway says on a stream after OPEN.
#[derive(Debug)]
pub(crate) enum Inbound {
    Data(Bytes),
    Commit(Commit),
    Abort,
}

/// Frames that may wait for a stream: DATA, COMMIT, ABORT and one to spare. More is a broken gateway.
pub(crate) const MAX_INBOUND: usize = 4;

/// A stream as its handler sees it.
pub(crate) struct Exchange {
    stream: u32,
    link: Arc<Link>,
    inbound: mpsc::Receiver<Inbound>,
    /// Whether the body comes along with OPEN.
    along: bool,
    /// COMMIT may arrive while the pipe is still being emptied.
    commit: Option<Commit>,
    /// The end of a link that came with OPEN.
    handed: Option<OwnedFd>,
    /// The same in use. It stays open until the answer is out, so that the other end hears of the gateway first.
    beside: Option<Arc<Link>>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Body,
    /// What published changes make known on every link; in front of the answer on this one.
    pub(crate) changed: Vec<Frame>,
}

/// The body of an answer.
pub(crate) enum Body {
    /// None; the length is the one that GET would have.
    None(Option<u64>),
    /// All of it.
    Bytes(Bytes),
    /// A part of a file.
    File { file: Arc<File>, offset: u64, length: u64 },
    /// Made piece by piece; each call blocks.
    Pieces(Pieces),
}

/// Gives the next piece, or `None` at the end.
pub(crate) type Pieces = Box<dyn FnMut() -> Result<Option<Vec<u8>>, Failure> + Send>;

impl Exchange {
    /// The stream of `open`, with what is `inbound` on it and was `handed` over with it.
    pub(crate) fn new((stream, open): (u32, &Open), link: Arc<Link>, inbound: mpsc::Receiver<Inbound>, handed: Option<OwnedFd>) -> Self {
        Self { stream, link, inbound, along: open.comes_along(), commit: None, handed, beside: None }
    }

    /// The link to another worker that came with OPEN.
    pub(crate) fn beside(&mut self) -> Result<Arc<Link>, Failure> {
        let handed = self.handed.take().ok_or(Failure::Broken("an OPEN without its link"))?;
        Ok(Arc::clone(self.beside.insert(Arc::new(Link::new(handed)?))))
    }

    /// Says that the request was judged and may go on.
    pub(crate) async fn go_on(&self) -> Result<(), Failure> {
        self.send(vec![Frame::Head(asking(DigestSet::default()))], None).await
    }

    /// Says how far the work is.
    pub(crate) async fn tell(&self, signs: Vec<Header>) -> Result<(), Failure> {
        self.send(vec![Frame::Head(Head { status: Head::PROCESSING, headers: signs, ..asking(DigestSet::default()) })], None).await
    }

    /// Runs `work` to its end, and meanwhile says each second how far it is.
    pub(crate) async fn telling<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
        signs: impl Fn() -> Vec<Header>,
    ) -> Result<T, Failure> {
        // Cancel-safe: a sign that is not sent is not missed. While one waits for the link the work goes on.
        tokio::select! {
            done = work => done,
            never = self.tell_on(signs) => match never {},
        }
    }

    async fn tell_on(&self, signs: impl Fn() -> Vec<Header>) -> Infallible {
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        // After a pause of the machine nobody needs the signs that are missing.
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            // Where the link is gone, so is the stream.
            let _ = self.tell(signs()).await;
        }
    }

    /// A body of at most 64 KiB with its COMMIT. It is asked for, unless it comes along with OPEN.
    pub(crate) async fn receive_inline(&mut self) -> Result<(Bytes, Commit), Failure> {
        if !self.along {
            self.send(vec![Frame::Head(asking(DigestSet::default()))], None).await?;
        }
        let mut body = Bytes::new();
        loop {
            match self.inbound.recv().await {
                Some(Inbound::Data(bytes)) if body.is_empty() => body = bytes,
                Some(Inbound::Commit(commit)) => return Ok((body, commit)),
                _ => return Err(Failure::Gone),
            }
        }
    }

    /// The body of a request whose body is a small document, or none.
    pub(crate) async fn document(&mut self, length: Option<u64>) -> Result<Bytes, Failure> {
        if length == Some(0) { Ok(Bytes::new()) } else { Ok(self.receive_inline().await?.0) }
    }

    /// Asks for a body through the pipe whose writing end is `end`.
    pub(crate) async fn ask(&mut self, wanted: DigestSet, end: OwnedFd) -> Result<(), Failure> {
        self.send(vec![Frame::Head(asking(wanted)), Frame::Pipe], Some(end)).await
    }

    /// Runs `work` unless the client goes away meanwhile.
    pub(crate) async fn unless_gone<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        // Cancel-safe: `gone` keeps a COMMIT that it receives in `self`; `work` is given up for good when the client is gone.
        tokio::select! {
            done = work => done,
            () = gone(&mut self.inbound, &mut self.commit) => Err(Failure::Gone),
        }
    }

    /// The same, and says each second how far it is.
    pub(crate) async fn unless_gone_telling<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
        signs: impl Fn() -> Vec<Header>,
    ) -> Result<T, Failure> {
        let (_closed, none) = mpsc::channel(1);
        let mut inbound = std::mem::replace(&mut self.inbound, none);
        let mut commit = self.commit.take();
        // Cancel-safe: as above.
        let done = tokio::select! {
            done = self.telling(work, signs) => done,
            () = gone(&mut inbound, &mut commit) => Err(Failure::Gone),
        };
        (self.inbound, self.commit) = (inbound, commit);
        done
    }

    /// Waits for COMMIT.
    pub(crate) async fn commit(&mut self) -> Result<Commit, Failure> {
        if let Some(commit) = self.commit.take() {
            return Ok(commit);
        }
        match self.inbound.recv().await {
            Some(Inbound::Commit(commit)) => Ok(commit),
            _ => Err(Failure::Gone),
        }
    }

    /// Says that the answer breaks off, once nothing more is sent of it.
    pub(crate) fn broken_off(&self) -> impl Future<Output = ()> + use<> {
        let (link, stream) = (self.link.clone(), self.stream);
        async move {
            if let Ok(bytes) = encode(&[(stream, Frame::Abort(AbortReason::Failed))]) {
                // The link may be gone as well; then the gateway knows already.
                let _ = link.send(&bytes, None).await;
            }
        }
    }

    /// Sends the answer, head and body.
    pub(crate) async fn answer(mut self, pipes: &Pipes, mut answer: Answer) {
        let changed = std::mem::take(&mut answer.changed);
        let sent = match std::mem::replace(&mut answer.body, Body::None(None)) {
            Body::None(length) => self.send_small(changed, answer.head(length), None).await,
            Body::Bytes(bytes) => self.send_bytes(pipes, changed, answer, bytes).await,
            Body::File { file, offset, length } => self.send_file(pipes, answer, file, (offset, length)).await,
            Body::Pieces(pieces) => self.send_pieces(pipes, answer, pieces).await,
        };
        match sent {
            Ok(()) | Err(Failure::Gone) => {}
            Err(error) => {
                tracing::warn!(%error, "an answer broke off");
                // The link may be gone as well; then the gateway knows already.
                let _ = self.send(vec![Frame::Abort(AbortReason::Failed)], None).await;
            }
        }
    }

    async fn send_small(&self, changed: Vec<Frame>, head: Head, body: Option<Bytes>) -> Result<(), Failure> {
        let count = body.as_ref().map_or(0, |body| body.len() as u64);
        let frames = [Frame::Head(head)].into_iter().chain(body.filter(|body| !body.is_empty()).map(Frame::Data));
        let mut packet: Vec<_> = changed.into_iter().map(|frame| (0, frame)).collect();
        packet.extend(frames.chain([Frame::End { count }]).map(|frame| (self.stream, frame)));
        self.send_packet(&packet, None).await
    }

    async fn send_bytes(&mut self, pipes: &Pipes, changed: Vec<Frame>, answer: Answer, bytes: Bytes) -> Result<(), Failure> {
        let length = bytes.len() as u64;
        if bytes.len() <= MAX_INLINE {
            return self.send_small(changed, answer.head(Some(length)), Some(bytes)).await;
        }
        let mut outflow = self.open(pipes, answer.head(Some(length))).await?;
        self.unless_gone(async { Ok(outflow.write(&bytes).await?) }).await?;
        drop(outflow);
        self.send(vec![Frame::End { count: length }], None).await
    }

    async fn send_file(&mut self, pipes: &Pipes, answer: Answer, file: Arc<File>, (offset, length): (u64, u64)) -> Result<(), Failure> {
        let outflow = self.open(pipes, answer.head(Some(length))).await?;
        let count = self.unless_gone(async { Ok(outflow.file(file, offset, length).await?) }).await;
        match count {
            Ok(count) if count == length => self.send(vec![Frame::End { count }], None).await,
            // The file was cut while it was read.
            Ok(_) => self.send(vec![Frame::Abort(AbortReason::Count)], None).await,
            Err(Failure::Files(error)) if error.is_closed() => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn send_pieces(&mut self, pipes: &Pipes, answer: Answer, pieces: Pieces) -> Result<(), Failure> {
        let (first, pieces) = next(pieces).await?;
        let (second, mut pieces) = next(pieces).await?;
        let first = first.unwrap_or_default();
        let Some(second) = second else {
            return self.send_bytes(pipes, Vec::new(), answer, first.into()).await;
        };
        let mut outflow = self.open(pipes, answer.head(None)).await?;
        let mut count = 0;
        let mut ready = VecDeque::from([first, second]);
        while let Some(piece) = ready.pop_front() {
            self.unless_gone(async { Ok(outflow.write(&piece).await?) }).await?;
            count += piece.len() as u64;
            if ready.is_empty() {
                let (piece, rest) = next(pieces).await?;
                pieces = rest;
                ready.extend(piece);
            }
        }
        drop(outflow);
        self.send(vec![Frame::End { count }], None).await
    }

    /// Sends the head of an answer whose body comes through a pipe.
    async fn open(&mut self, pipes: &Pipes, head: Head) -> Result<Outflow, Failure> {
        let (outflow, end) = self.unless_gone(async { Ok(pipes.outflow().await?) }).await?;
        self.send(vec![Frame::Head(head), Frame::Pipe], Some(end)).await?;
        Ok(outflow)
    }

    async fn send(&self, frames: Vec<Frame>, descriptor: Option<OwnedFd>) -> Result<(), Failure> {
        let packet: Vec<_> = frames.into_iter().map(|frame| (self.stream, frame)).collect();
        self.send_packet(&packet, descriptor).await
    }

    async fn send_packet(&self, packet: &[(u32, Frame)], descriptor: Option<OwnedFd>) -> Result<(), Failure> {
        let bytes = encode(packet).map_err(|_| Failure::Broken("an answer is longer than a packet"))?;
        self.link.send(&bytes, descriptor.as_ref().map(AsFd::as_fd)).await.map_err(|_| Failure::Gone)
    }
}

/// Returns when the client is gone. A body that nobody asked for says nothing of that.
async fn gone(inbound: &mut mpsc::Receiver<Inbound>, commit: &mut Option<Commit>) {
    loop {
        match inbound.recv().await {
            Some(Inbound::Commit(sent)) => *commit = Some(sent),
            Some(Inbound::Data(_)) => {}
            Some(Inbound::Abort) | None => return,
        }
    }
}

async fn next(mut pieces: Pieces) -> Result<(Option<Vec<u8>>, Pieces), Failure> {
    blocking(move || {
        let piece = pieces()?;
        Ok((piece, pieces))
    })
    .await
}

fn asking(wanted: DigestSet) -> Head {
    Head { status: Head::CONTINUE, wanted, length: None, headers: Vec::new() }
}

impl Answer {
    /// An answer without a body.
    pub(crate) fn empty(status: u16, headers: Vec<Header>) -> Self {
        Self { status, headers, body: Body::None(Some(0)), changed: Vec::new() }
    }

    /// The same head without its body, as HEAD wants it.
    pub(crate) fn without_body(mut self) -> Self {
        self.body = Body::None(match &self.body {
            Body::None(length) => *length,
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::File { length, .. } => Some(*length),
            Body::Pieces(_) => None,
        });
        self
    }

    fn head(&self, length: Option<u64>) -> Head {
        Head { status: self.status, wanted: DigestSet::default(), length, headers: self.headers.clone() }
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let mut headers = vec![("content-type".into(), "application/problem+json".into())];
        headers.extend(problem.retry_after_seconds.map(|seconds| ("retry-after".into(), seconds.to_string())));
        let body = Body::Bytes(serde_json::to_vec(&problem).unwrap_or_default().into());
        Self { status: problem.status, headers, body, changed: Vec::new() }
    }
}
