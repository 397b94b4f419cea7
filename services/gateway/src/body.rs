//! Bodies of clients: none may stall for ever, none is cut off under its sender's hands.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::{
    runtime::Handle,
    time::{Instant, Sleep, sleep, timeout},
};

use crate::limits;

/// A body whose next piece must come within [`limits::BODY_PAUSE`].
pub(crate) struct Paced<B> {
    inner: B,
    limit: Pin<Box<Sleep>>,
}

impl<B> Paced<B> {
    pub(crate) fn new(inner: B) -> Self {
        Self { inner, limit: Box::pin(sleep(limits::BODY_PAUSE)) }
    }
}

impl<B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin> Body for Paced<B> {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(frame) => {
                self.limit.as_mut().reset(Instant::now() + limits::BODY_PAUSE);
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => match self.limit.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err("the client has stopped sending".into()))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A client's body as it comes from the connection. When the answer does not wait for its end, the rest is read and thrown away for a while
/// ([`limits::LINGER_BYTES`], [`limits::LINGER_TIME`]): a client that is still sending would otherwise find its stream or connection closed
/// and never look at the answer (RFC 9112, section 9.6; curl 7.88 does so over HTTP/2, too).
pub(crate) struct Lingering {
    /// Taken when it is dropped.
    body: Option<Incoming>,
    /// True while the client waits to be asked for it.
    held_back: bool,
}

impl Lingering {
    /// The body of `request`. One that the client holds back until it is told to go on (RFC 9110, section 10.1.1) is not read for nothing:
    /// reading would tell it so.
    pub(crate) fn of(request: Request<Incoming>) -> Request<Self> {
        let held_back = request.headers().contains_key(header::EXPECT);
        request.map(|body| Self { body: Some(body), held_back })
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.held_back = false;
        self.body.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !self.held_back && !body.is_end_stream());
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            // Not kept: it ends by itself, and with its connection at the latest.
            runtime.spawn(timeout(limits::LINGER_TIME, throw_away(rest)));
        }
    }
}

async fn throw_away(mut rest: Incoming) {
    let mut left = limits::LINGER_BYTES;
    while let Some(Ok(frame)) = rest.frame().await {
        let Some(less) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
        left = less;
    }
}
