//! The worker's answer on its way to the client.

use std::{io, os::fd::OwnedFd};

use axum::{body::Body, response::Response};
use bytes::{Bytes, BytesMut};
use croft_api::bulk::{Head, limits::PIPE_BYTES};
use croft_model::Problem;
use futures_util::stream::try_unfold;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::net::unix::pipe::Receiver;

use super::{
    stream::{FromWorker, Stream},
    workers::broken_off,
};

/// Bytes of one piece to the client: some TLS records, and little memory for a client that is slow.
const PIECE: usize = 64 * 1024;

/// Makes the answer. A small one is already whole; a large one flows, and breaks off where the worker's does.
pub(super) async fn response(mut stream: Stream, head: Head, pipe: Option<OwnedFd>) -> Result<Response, Problem> {
    let body = match pipe {
        Some(end) => flowing(stream, end, head.length)?,
        None => whole(&mut stream).await?.into(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(head.status).map_err(|_| broken_off())?;
    for (name, value) in &head.headers {
        let name = HeaderName::try_from(name.as_str()).map_err(|_| broken_off())?;
        response.headers_mut().append(name, HeaderValue::try_from(value.as_str()).map_err(|_| broken_off())?);
    }
    if let Some(length) = head.length.filter(|_| head.status != 304 && head.status != 204) {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    Ok(response)
}

/// A body in one DATA frame, or none.
async fn whole(stream: &mut Stream) -> Result<Bytes, Problem> {
    let (body, end) = match stream.next().await {
        Some(FromWorker::Data(body)) => (body, stream.next().await),
        end => (Bytes::new(), end),
    };
    match end {
        Some(FromWorker::End(count)) if count == body.len() as u64 => Ok(body),
        _ => Err(broken_off()),
    }
}

/// What is still to come through a pipe.
struct Flow {
    pipe: Receiver,
    stream: Stream,
    count: u64,
    length: Option<u64>,
    buffer: BytesMut,
}

fn flowing(stream: Stream, end: OwnedFd, length: Option<u64>) -> Result<Body, Problem> {
    let pipe = Receiver::from_owned_fd(end).map_err(|error| croft_api::problem::internal(&error))?;
    let flow = Flow { pipe, stream, count: 0, length, buffer: BytesMut::with_capacity(PIPE_BYTES) };
    Ok(Body::from_stream(try_unfold(flow, Flow::next)))
}

impl Flow {
    /// The next piece. The end of the pipe is an error unless the worker confirms it.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        loop {
            self.buffer.reserve(PIECE);
            match self.pipe.try_read_buf(&mut self.buffer) {
                Ok(0) => return self.finish().await,
                Ok(read) => {
                    self.count += read as u64;
                    let piece = self.buffer.split().freeze();
                    return Ok(Some((piece, self)));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.pipe.readable().await?,
                Err(error) => return Err(error),
            }
        }
    }

    async fn finish(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let confirmed = matches!(self.stream.next().await, Some(FromWorker::End(count)) if count == self.count);
        if confirmed && self.length.is_none_or(|length| length == self.count) {
            return Ok(None);
        }
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the worker ended before the body did"))
    }
}
