//! The client's body on its way to the worker.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    os::fd::OwnedFd,
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use bytes::{Buf, Bytes, BytesMut};
use croft_api::bulk::{
    AbortReason, Commit, Digest, DigestKind, DigestSet, Head, Method,
    limits::{MAX_INLINE, PIPE_BYTES},
};
use croft_model::Problem;
use futures_util::FutureExt;
use http_body::Body;
use http_body_util::{BodyExt, Either, Full};
use tokio::{net::unix::pipe::Sender, time::timeout};

use super::{
    stream::{FromWorker, Stream},
    workers::broken_off,
};
use crate::{body::Paced, limits::SMALL_BODY_TIME};

/// Pieces written at once: TLS records are 16 KiB, a pipe is 256.
const MAX_PIECES: usize = 16;

/// How a body's way ended.
pub(super) enum Received {
    /// It was sent whole, and COMMIT with it.
    Whole,
    /// The worker answered before its end, and wants no more of it.
    Answered(Head, Option<OwnedFd>),
}

/// Sends a body that fits one DATA frame.
pub(super) async fn inline<B>(stream: &mut Stream, body: B) -> Result<Received, Problem>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    let whole = whole(body).await?;
    let count = whole.len() as u64;
    stream.commit(whole, Commit { count, digests: Vec::new() }).await?;
    Ok(Received::Whole)
}

/// The body of a request whose OPEN is not made yet. One that comes along is read now: what is valid for a minute is asked for when it is there.
pub(super) async fn before_open<B>(method: Method, length: Option<u64>, body: B) -> Result<Either<Full<Bytes>, B>, Problem>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    let small = method.reads_body() && length.is_some_and(|length| length <= MAX_INLINE as u64);
    Ok(if small { Either::Left(Full::new(whole(body).await?)) } else { Either::Right(body) })
}

/// A body that fits one DATA frame, read in a bounded time.
pub(super) async fn whole<B>(body: B) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    whole_within(SMALL_BODY_TIME, body).await
}

async fn whole_within<B>(time: Duration, body: B) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    timeout(time, gathered(body)).await.map_err(|_| client_gone())?
}

async fn gathered<B>(body: B) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    let mut body = Paced::new(body);
    let (mut first, mut more) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| client_gone())?.into_data() else { continue };
        if first.len().max(more.len()) + data.len() > MAX_INLINE {
            return Err(Problem::new(413, "body-too-large", format!("The body of this request may have at most {MAX_INLINE} bytes.")));
        }
        // Most bodies are one piece, which goes on as it is.
        if first.is_empty() {
            first = data;
            continue;
        }
        if more.is_empty() {
            more.extend_from_slice(&first);
        }
        more.extend_from_slice(&data);
    }
    Ok(if more.is_empty() { first } else { more.freeze() })
}

/// Writes a body of any length into the pipe `end`, then sends COMMIT.
pub(super) async fn through_pipe<B>(stream: &mut Stream, body: B, end: OwnedFd, wanted: DigestSet) -> Result<Received, Problem>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    let pipe = Sender::from_owned_fd(end).map_err(|error| croft_api::problem::internal(&error))?;
    // Cancel-safe: what the worker says is taken whole or not at all; a pump that is given up has no further use.
    let pumped = tokio::select! {
        said = stream.next() => return answered(said),
        pumped = pump(Paced::new(body), pipe, wanted) => pumped,
    };
    match pumped {
        Ok(commit) => {
            stream.commit(Bytes::new(), commit).await?;
            Ok(Received::Whole)
        }
        // The worker closed its end: it says why.
        Err(Broken::Worker) => answered(stream.next().await),
        Err(Broken::Client) => Err(client_gone()),
    }
}

enum Broken {
    Client,
    Worker,
}

/// Moves the body into the pipe, as many pieces at once as are there. The pipe is closed when this returns.
async fn pump<B>(mut body: Paced<B>, pipe: Sender, wanted: DigestSet) -> Result<Commit, Broken>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    let (mut hashes, mut count) = (Hashes::new(wanted), 0);
    let mut pieces = VecDeque::new();
    let mut ended = false;
    while !ended || !pieces.is_empty() {
        let mut gathered: usize = pieces.iter().map(Bytes::len).sum();
        while !ended && gathered < PIPE_BYTES && pieces.len() < MAX_PIECES {
            // Waits for the first piece only; further ones are taken when they are there already.
            let next = if pieces.is_empty() { Some(body.frame().await) } else { body.frame().now_or_never() };
            let Some(frame) = next else { break };
            let Some(frame) = frame else {
                ended = true;
                break;
            };
            let Ok(data) = frame.map_err(|_| Broken::Client)?.into_data() else { continue };
            hashes.update(&data);
            count += data.len() as u64;
            gathered += data.len();
            if !data.is_empty() {
                pieces.push_back(data);
            }
        }
        write(&pipe, &mut pieces).await.map_err(|_| Broken::Worker)?;
    }
    Ok(Commit { count, digests: hashes.finish() })
}

/// Writes once, as much as the pipe takes.
async fn write(pipe: &Sender, pieces: &mut VecDeque<Bytes>) -> io::Result<()> {
    if pieces.is_empty() {
        return Ok(());
    }
    loop {
        let slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        match pipe.try_write_vectored(&slices) {
            Ok(written) => {
                drop(slices);
                advance(pieces, written);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => pipe.writable().await?,
            Err(error) => return Err(error),
        }
    }
}

fn advance(pieces: &mut VecDeque<Bytes>, mut written: usize) {
    while let Some(first) = pieces.front_mut() {
        if first.len() > written {
            first.advance(written);
            return;
        }
        written -= first.len();
        pieces.pop_front();
    }
}

fn answered(said: Option<FromWorker>) -> Result<Received, Problem> {
    match said {
        Some(FromWorker::Head(head, end)) if head.status != Head::CONTINUE => Ok(Received::Answered(head, end)),
        Some(FromWorker::Abort(AbortReason::Failed | AbortReason::Stopping)) | None => Err(broken_off()),
        Some(_) => Err(broken_off()),
    }
}

fn client_gone() -> Problem {
    Problem::new(400, "body-incomplete", "The body of the request broke off. Nothing was changed.").hint("Send it again.")
}

/// The digests that the worker asked for.
struct Hashes(Vec<(DigestKind, Context)>);

impl Hashes {
    fn new(wanted: DigestSet) -> Self {
        let sha1 = wanted.sha1.then(|| (DigestKind::Sha1, Context::new(&SHA1_FOR_LEGACY_USE_ONLY)));
        let sha256 = wanted.sha256.then(|| (DigestKind::Sha256, Context::new(&SHA256)));
        Self(sha1.into_iter().chain(sha256).collect())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.iter_mut().for_each(|(_, context)| context.update(data));
    }

    fn finish(self) -> Vec<Digest> {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.0.into_iter().map(|(kind, context)| Digest { kind, hex: hex(context.finish().as_ref()) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_that_trickles_is_given_up() {
        let trickle = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(20)).await; // waits: between two pieces, each of which comes in time
            Some((Ok::<_, io::Error>(Bytes::from("x")), ()))
        });
        let refused = whole_within(Duration::from_millis(200), axum::body::Body::from_stream(trickle)).await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (400, "body-incomplete"));
    }
}
