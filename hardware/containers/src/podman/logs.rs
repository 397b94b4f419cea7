//! What containers say. Podman frames it by line, with the time before; what is too long is cut here, before it is gathered.

use std::path::Path;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{StreamExt, stream, stream::BoxStream};
use http_body_util::BodyExt;
use hyper::{Method, StatusCode, body::Incoming};
use jiff::Timestamp;
use tokio::time::timeout;

use super::{STEP, wire};
use crate::{ContainerId, EngineError, LogPiece, LogsWish, Voice};

/// Most lines of the past.
const MAX_TAIL: u32 = 10_000;
/// A frame: which output, three bytes of nothing, the length.
const HEAD: usize = 8;
/// Room for the time before a line.
const MAX_TIME: usize = 64;

pub(super) async fn logs(
    socket: &Path,
    container: &ContainerId,
    wish: &LogsWish,
) -> Result<BoxStream<'static, Result<LogPiece, EngineError>>, EngineError> {
    let since = wish.since.map(|since| format!("&since={}", since.as_second())).unwrap_or_default();
    let (follow, tail) = (wish.follow, wish.tail.min(MAX_TAIL));
    let query = format!("stdout=true&stderr=true&timestamps=true&follow={follow}&tail={tail}{since}");
    let path = format!("{}/containers/{container}/logs?{query}", wire::LIBPOD);
    let begun = timeout(STEP, wire::begin(socket, Method::GET, &path, None)).await;
    let (status, body) = begun.map_err(|_| EngineError::TooLong { step: "read what a container said", limit: STEP })??;
    match status {
        StatusCode::NOT_FOUND => Err(EngineError::Missing { what: "container" }),
        status if status.is_success() => Ok(stream::unfold(Reading { body: Some(body), frames: Frames::default() }, next).boxed()),
        status => Err(EngineError::Logs { source: format!("the engine answered {status}").into() }),
    }
}

struct Reading {
    body: Option<Incoming>,
    frames: Frames,
}

async fn next(mut reading: Reading) -> Option<(Result<LogPiece, EngineError>, Reading)> {
    loop {
        if let Some(piece) = reading.frames.take() {
            return Some((Ok(piece), reading));
        }
        match reading.body.as_mut()?.frame().await? {
            Ok(frame) => {
                if let Ok(data) = frame.into_data() {
                    reading.frames.put(data);
                }
            }
            Err(error) => {
                reading.body = None;
                return Some((Err(EngineError::Logs { source: error.into() }), reading));
            }
        }
    }
}

/// Cuts the stream into pieces. It holds at most one piece and what came last.
#[derive(Default)]
struct Frames {
    held: BytesMut,
    /// Bytes of a frame that was too long, still to come.
    skipped: usize,
}

impl Frames {
    fn put(&mut self, mut data: Bytes) {
        let skipped = self.skipped.min(data.len());
        data.advance(skipped);
        self.skipped -= skipped;
        self.held.extend_from_slice(&data);
    }

    fn take(&mut self) -> Option<LogPiece> {
        let head: [u8; HEAD] = self.held.get(..HEAD)?.try_into().ok()?;
        let [voice, _, _, _, a, b, c, d] = head;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let kept = length.min(MAX_TIME + LogPiece::MAX_BYTES);
        if self.held.len() < HEAD + kept {
            return None;
        }
        self.held.advance(HEAD);
        let text = self.held.split_to(kept).freeze();
        let rest = length - kept;
        let here = rest.min(self.held.len());
        self.held.advance(here);
        self.skipped = rest - here;
        Some(piece(voice, text))
    }
}

fn piece(voice: u8, mut bytes: Bytes) -> LogPiece {
    let at = bytes.iter().take(MAX_TIME).position(|byte| *byte == b' ');
    let time = at.and_then(|at| std::str::from_utf8(bytes.get(..at)?).ok()?.parse::<Timestamp>().ok());
    if let (Some(at), Some(_)) = (at, time) {
        bytes.advance(at + 1);
    }
    bytes.truncate(LogPiece::MAX_BYTES);
    LogPiece { time, voice: if voice == 2 { Voice::Err } else { Voice::Out }, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(voice: u8, text: &[u8]) -> Vec<u8> {
        [&[voice, 0, 0, 0][..], &u32::try_from(text.len()).unwrap().to_be_bytes(), text].concat()
    }

    #[test]
    fn lines_come_out_whole_however_they_come_in() {
        let time = "2026-12-01T09:00:00.000000001Z";
        let whole = [frame(1, format!("{time} one\n").as_bytes()), frame(2, b"no time\n")].concat();
        for size in 1..whole.len() {
            let (mut frames, mut pieces) = (Frames::default(), Vec::new());
            for part in whole.chunks(size) {
                frames.put(Bytes::copy_from_slice(part));
                pieces.extend(std::iter::from_fn(|| frames.take()));
            }
            let expected = [(Some(time.parse().unwrap()), Voice::Out, "one\n"), (None, Voice::Err, "no time\n")];
            let expected = expected.map(|(time, voice, text)| LogPiece { time, voice, bytes: text.into() });
            assert_eq!(pieces, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_never_held() {
        let long = [frame(1, &vec![b'x'; 1_000_000]), frame(1, b"after")].concat();
        let (mut frames, mut pieces) = (Frames::default(), Vec::new());
        for part in long.chunks(10_000) {
            frames.put(Bytes::copy_from_slice(part));
            pieces.extend(std::iter::from_fn(|| frames.take()));
            assert!(frames.held.len() < 40_000);
        }
        let lengths: Vec<usize> = pieces.iter().map(|piece| piece.bytes.len()).collect();
        assert_eq!(lengths, [LogPiece::MAX_BYTES, 5]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_comes_breaks_it(parts in proptest::collection::vec(proptest::collection::vec(0_u8.., 0..64), 0..64)) {
            let mut frames = Frames::default();
            for part in parts {
                frames.put(part.into());
                while let Some(piece) = frames.take() {
                    proptest::prop_assert!(piece.bytes.len() <= LogPiece::MAX_BYTES);
                }
            }
        }
    }
}
