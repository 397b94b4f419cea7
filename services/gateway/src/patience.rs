//! Patience with slow clients, and its end: one that takes nothing of its answer for a while, or does not even greet, has gone.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use crate::limits;

/// A connection on which writing fails when the other side takes nothing for too long, and reading while it owes its greeting.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    inner: S,
    pause: Duration,
    limit: Pin<Box<Sleep>>,
    waiting: bool,
    greeting: Option<Greeting>,
}

/// Bytes that the client must send before a time.
#[derive(Debug)]
struct Greeting {
    owed: usize,
    limit: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// Gives a client [`limits::WRITE_PAUSE`].
    pub(crate) fn new(inner: S) -> Self {
        Self::with(inner, limits::WRITE_PAUSE)
    }

    fn with(inner: S, pause: Duration) -> Self {
        Self { inner, pause, limit: Box::pin(sleep(pause)), waiting: false, greeting: None }
    }

    /// The same, when the client must send the first `owed` bytes within `time`.
    pub(crate) fn greeted(self, owed: usize, time: Duration) -> Self {
        Self { greeting: Some(Greeting { owed, limit: Box::pin(sleep(time)) }), ..self }
    }

    /// Passes on what writing came to; when it must wait, at most so long.
    fn judge<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        if !self.waiting {
            self.waiting = true;
            let pause = self.pause;
            self.limit.as_mut().reset(Instant::now() + pause);
        }
        ready!(self.limit.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing of its answer")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        let Some(greeting) = &mut self.greeting else { return read };
        greeting.owed = greeting.owed.saturating_sub(buffer.filled().len() - before);
        if greeting.owed == 0 {
            self.greeting = None;
            return read;
        }
        if read.is_pending() {
            ready!(greeting.limit.as_mut().poll(context));
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not greet")));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        self.judge(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(context);
        self.judge(shut, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn who_takes_nothing_is_given_up() {
        let (door, mut client) = duplex(16);
        let mut door = Patient::with(door, Duration::from_millis(20));
        for _ in 0..4 {
            door.write_all(&[1; 16]).await.unwrap();
            client.read_exact(&mut [0; 16]).await.unwrap();
        }
        let refused = door.write_all(&[1; 17]).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        // Reading is not limited here: a quiet client of the event stream is no fault.
        client.write_all(&[2; 4]).await.unwrap();
        assert_eq!(door.read(&mut [0; 4]).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn who_does_not_greet_is_given_up_also_byte_by_byte() {
        let time = Duration::from_millis(30);
        let (door, mut client) = duplex(16);
        let mut door = Patient::new(door).greeted(4, time);
        client.write_all(b"PRI").await.unwrap();
        let mut taken = [0; 8];
        assert_eq!(door.read(&mut taken).await.unwrap(), 3);
        assert_eq!(door.read(&mut taken).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let (door, mut client) = duplex(16);
        let mut door = Patient::new(door).greeted(4, time);
        client.write_all(b"PRI *").await.unwrap();
        assert_eq!(door.read(&mut taken).await.unwrap(), 5);
        let quiet = tokio::time::timeout(2 * time, door.read(&mut taken)).await;
        assert!(quiet.is_err(), "after the greeting the client may be quiet");
    }
}
