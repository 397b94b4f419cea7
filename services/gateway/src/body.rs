//! Bodies of clients: none may stall for ever.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

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
