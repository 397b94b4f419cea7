//! Bodies between two processes: one end of a pipe stays here and is spliced to or from a file, the other end is passed on.
//!
//! The side that holds the file never copies a byte through its own memory. Waiting is done by the runtime, moving on the blocking pool, and
//! only while there is something to move: a slow client holds a pipe, not a thread.

use std::{fs::File, io, os::fd::OwnedFd, sync::Arc, time::Duration};

use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    unistd::pipe2,
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use crate::{FilesError, Operation, publish::start_write_out};

/// Bytes moved at most before the blocking pool is given back.
const BURST: u64 = 16 * 1024 * 1024;
/// Milliseconds that a mover lingers for more before it gives its thread back: the other side encrypts about 256 KiB in one.
const LINGER_MS: u16 = 3;
/// Data of an upload is sent to the device in steps of this many bytes, so that nobody's flush finds gigabytes of it.
const WRITE_OUT_STEP: u64 = 8 * 1024 * 1024;

/// Makes pipes, so many at a time; the rest wait.
#[derive(Debug, Clone)]
pub struct Pipes {
    slots: Arc<Semaphore>,
    bytes: usize,
    idle: Duration,
}

/// The reading end of a pipe whose writing end was passed on.
#[derive(Debug)]
pub struct Intake(End);

/// The writing end of a pipe whose reading end was passed on.
#[derive(Debug)]
pub struct Outflow(End);

#[derive(Debug)]
struct End {
    pipe: Arc<AsyncFd<OwnedFd>>,
    idle: Duration,
    _slot: OwnedSemaphorePermit,
}

enum Moved {
    /// So many bytes, and there may be more at once.
    Some(u64),
    /// So many bytes, and then the pipe was empty or full.
    Waiting(u64),
    /// So many bytes, and then the end.
    Ended(u64),
}

impl Pipes {
    /// At most `count` pipes of `bytes` each; a transfer that makes no progress for `idle` fails.
    #[must_use]
    pub fn new(count: usize, bytes: usize, idle: Duration) -> Self {
        Self { slots: Arc::new(Semaphore::new(count)), bytes, idle }
    }

    /// A pipe to read from, and the end to pass to the writer.
    ///
    /// # Errors
    /// [`Operation::Pipe`].
    pub async fn intake(&self) -> Result<(Intake, OwnedFd), FilesError> {
        let (slot, (reader, writer)) = self.open().await?;
        Ok((Intake(self.end(reader, Interest::READABLE, slot)?), writer))
    }

    /// A pipe to write to, and the end to pass to the reader.
    ///
    /// # Errors
    /// [`Operation::Pipe`].
    pub async fn outflow(&self) -> Result<(Outflow, OwnedFd), FilesError> {
        let (slot, (reader, writer)) = self.open().await?;
        Ok((Outflow(self.end(writer, Interest::WRITABLE, slot)?), reader))
    }

    async fn open(&self) -> Result<(OwnedSemaphorePermit, (OwnedFd, OwnedFd)), FilesError> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| FilesError::ended())?;
        let ends = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(failed)?;
        // Past the user's share of pipe memory the kernel refuses; a small pipe is slow but right.
        let _ = fcntl(&ends.0, FcntlArg::F_SETPIPE_SZ(i32::try_from(self.bytes).unwrap_or(i32::MAX)));
        Ok((slot, ends))
    }

    fn end(&self, fd: OwnedFd, interest: Interest, slot: OwnedSemaphorePermit) -> Result<End, FilesError> {
        // SAFETY: an `OwnedFd` gives the same open descriptor for as long as it lives, and it lives in the `AsyncFd`.
        #[expect(unsafe_code, reason = "the runtime cannot know that a type keeps its descriptor")]
        let pipe = unsafe { AsyncFd::register_with_interest(fd, interest) }
            .map_err(|error| FilesError::new(Operation::Pipe, io::Error::from(error)))?;
        Ok(End { pipe: Arc::new(pipe), idle: self.idle, _slot: slot })
    }
}

impl Intake {
    /// Moves everything until the writer closes its end into `file` from its start; gives the count. `admit` is asked before each burst
    /// with the count so far and with what may come in it, on the blocking pool, and may refuse.
    ///
    /// # Errors
    /// [`Operation::Write`], [`Operation::Stalled`], or what `admit` says.
    pub async fn into_file<E: From<FilesError> + Send + 'static>(
        self,
        file: Arc<File>,
        admit: impl Fn(u64, u64) -> Result<(), E> + Send + Sync + 'static,
    ) -> Result<u64, E> {
        let (mut count, admit) = (0, Arc::new(admit));
        loop {
            let (file, pipe, admit) = (Arc::clone(&file), Arc::clone(&self.0.pipe), Arc::clone(&admit));
            let step = move || {
                admit(count, BURST)?;
                Ok(take_in(&pipe, &file, count)?)
            };
            let moved = self.0.turn::<E>(Interest::READABLE, step).await?;
            match moved {
                Moved::Some(bytes) | Moved::Waiting(bytes) => count += bytes,
                Moved::Ended(bytes) => return Ok(count + bytes),
            }
        }
    }
}

impl Outflow {
    /// Moves `length` bytes of `file` from `offset` into the pipe; gives the count, which is less where the file turned out shorter.
    ///
    /// # Errors
    /// [`Operation::Read`], [`Operation::Stalled`]; [`FilesError::is_closed`] when the reader is gone.
    pub async fn file(self, file: Arc<File>, offset: u64, length: u64) -> Result<u64, FilesError> {
        let mut count = 0;
        while count < length {
            let (file, pipe) = (Arc::clone(&file), Arc::clone(&self.0.pipe));
            let moved =
                self.0.turn::<FilesError>(Interest::WRITABLE, move || give_out(&pipe, &file, offset + count, length - count)).await?;
            match moved {
                Moved::Some(bytes) | Moved::Waiting(bytes) => count += bytes,
                Moved::Ended(bytes) => return Ok(count + bytes),
            }
        }
        Ok(count)
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// As [`Outflow::file`].
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), FilesError> {
        while !bytes.is_empty() {
            let ready = timeout(self.0.idle, self.0.pipe.writable()).await.map_err(|_| stalled())?;
            let mut guard = ready.map_err(|error| FilesError::new(Operation::Pipe, error))?;
            let written = guard.try_io(|pipe| nix::unistd::write(pipe.get_ref(), bytes).map_err(io::Error::from));
            if let Ok(written) = written {
                bytes = &bytes[written.map_err(|error| FilesError::new(Operation::Pipe, error))?..];
            }
        }
        Ok(())
    }
}

impl End {
    /// Waits until the pipe is ready and moves once on the blocking pool.
    async fn turn<E: From<FilesError> + Send + 'static>(
        &self,
        interest: Interest,
        step: impl FnOnce() -> Result<Moved, E> + Send + 'static,
    ) -> Result<Moved, E> {
        let ready = timeout(self.idle, self.pipe.ready(interest)).await.map_err(|_| stalled())?;
        let mut guard = ready.map_err(|error| FilesError::new(Operation::Pipe, error))?;
        let moved = spawn_blocking(step).await.map_err(|_| FilesError::ended())??;
        if matches!(moved, Moved::Waiting(_)) {
            guard.clear_ready();
        }
        Ok(moved)
    }
}

/// Pipe to file until the pipe stays empty, ends, or a burst is over.
fn take_in(pipe: &AsyncFd<OwnedFd>, file: &File, offset: u64) -> Result<Moved, FilesError> {
    let mut at = i64::try_from(offset).map_err(|_| FilesError::new(Operation::Write, Errno::EFBIG))?;
    let (start, mut written_out) = (offset, offset);
    loop {
        let left = BURST - (u64::try_from(at).unwrap_or(0) - start);
        let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let result = splice(pipe.get_ref(), None, file, Some(&mut at), piece, SpliceFFlags::SPLICE_F_NONBLOCK);
        let end = u64::try_from(at).unwrap_or(0);
        if end - written_out >= WRITE_OUT_STEP {
            start_write_out(file, written_out, end - written_out)?;
            written_out = end;
        }
        match result {
            Ok(0) => return Ok(Moved::Ended(end - start)),
            Ok(_) if end - start >= BURST => return Ok(Moved::Some(end - start)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) if !lingers(pipe, PollFlags::POLLIN) => return Ok(Moved::Waiting(end - start)),
            Err(Errno::EAGAIN) => {}
            Err(error) => return Err(FilesError::new(Operation::Write, error)),
        }
    }
}

/// File to pipe until the pipe stays full, the range ends, or a burst is over.
fn give_out(pipe: &AsyncFd<OwnedFd>, file: &File, offset: u64, length: u64) -> Result<Moved, FilesError> {
    let mut at = i64::try_from(offset).map_err(|_| FilesError::new(Operation::Read, Errno::EFBIG))?;
    loop {
        let done = u64::try_from(at).unwrap_or(0) - offset;
        if done >= length.min(BURST) {
            return Ok(Moved::Some(done));
        }
        let piece = usize::try_from(length - done).unwrap_or(PIECE).min(PIECE);
        match splice(file, Some(&mut at), pipe.get_ref(), None, piece, SpliceFFlags::SPLICE_F_NONBLOCK) {
            Ok(0) => return Ok(Moved::Ended(done)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) if !lingers(pipe, PollFlags::POLLOUT) => return Ok(Moved::Waiting(done)),
            Err(Errno::EAGAIN) => {}
            Err(error) => return Err(FilesError::new(Operation::Read, error)),
        }
    }
}

/// Bytes asked for in one splice: a whole pipe.
const PIECE: usize = 1024 * 1024;

/// Whether the pipe becomes ready within the time that a mover lingers.
fn lingers(pipe: &AsyncFd<OwnedFd>, what: PollFlags) -> bool {
    use std::os::fd::AsFd;
    let mut watched = [PollFd::new(pipe.get_ref().as_fd(), what)];
    poll(&mut watched, PollTimeout::from(LINGER_MS)).is_ok_and(|ready| ready > 0)
}

fn failed(error: Errno) -> FilesError {
    FilesError::new(Operation::Pipe, error)
}

fn stalled() -> FilesError {
    FilesError::new(Operation::Stalled, io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        os::unix::fs::FileExt,
        thread,
    };

    use super::*;

    const IDLE: Duration = Duration::from_secs(20);

    /// Writes as a process would that knows nothing of readiness.
    fn fill(end: OwnedFd, bytes: &[u8]) -> io::Result<()> {
        fcntl(&end, FcntlArg::F_SETFL(OFlag::empty()))?;
        File::from(end).write_all(bytes)
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|index| u8::try_from(index * 31 % 251).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_body_of_any_size_arrives_whole() {
        let pipes = Pipes::new(2, 256 * 1024, IDLE);
        for length in [0, 1, 4096, 70_001, 300_000, 20_000_001] {
            let body = pattern(length);
            let (intake, end) = pipes.intake().await.unwrap();
            let sent = body.clone();
            let writer = thread::spawn(move || fill(end, &sent).unwrap());
            let file = Arc::new(tempfile::tempfile().unwrap());
            let count = intake.into_file(Arc::clone(&file), |_, _| Ok::<_, FilesError>(())).await.unwrap();
            writer.join().unwrap();
            assert_eq!(count, length as u64);
            let mut found = vec![0; length];
            file.read_exact_at(&mut found, 0).unwrap();
            assert!(found == body, "{length} bytes differ");
        }
    }

    #[tokio::test]
    async fn a_range_of_a_file_goes_out_and_a_short_file_says_so() {
        let pipes = Pipes::new(1, 256 * 1024, IDLE);
        let body = pattern(3_000_000);
        let file = Arc::new(tempfile::tempfile().unwrap());
        file.write_all_at(&body, 0).unwrap();
        for (offset, length, expected) in [(0, 3_000_000, 3_000_000), (5, 10, 10), (2_999_990, 100, 10), (7, 0, 0)] {
            let (outflow, end) = pipes.outflow().await.unwrap();
            let reader = thread::spawn(move || {
                fcntl(&end, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
                let mut found = Vec::new();
                File::from(end).read_to_end(&mut found).unwrap();
                found
            });
            let count = outflow.file(Arc::clone(&file), offset, length).await.unwrap();
            assert_eq!(count, expected);
            let from = usize::try_from(offset).unwrap();
            assert!(reader.join().unwrap() == body[from..from + usize::try_from(expected).unwrap()]);
        }
    }

    #[tokio::test]
    async fn a_reader_who_leaves_and_a_writer_who_stalls_are_named() {
        let pipes = Pipes::new(1, 4096, Duration::from_millis(50));
        let file = Arc::new(tempfile::tempfile().unwrap());
        file.write_all_at(&pattern(1_000_000), 0).unwrap();
        let (outflow, end) = pipes.outflow().await.unwrap();
        drop(end);
        assert!(outflow.file(Arc::clone(&file), 0, 1_000_000).await.unwrap_err().is_closed());
        let (intake, end) = pipes.intake().await.unwrap();
        let error = intake.into_file(file, |_, _| Ok::<_, FilesError>(())).await.unwrap_err();
        assert_eq!(error.operation(), Operation::Stalled);
        drop(end);
    }

    #[tokio::test]
    async fn no_more_pipes_than_allowed_are_open() {
        let pipes = Pipes::new(1, 4096, IDLE);
        let first = pipes.intake().await.unwrap();
        assert!(timeout(Duration::from_millis(20), pipes.intake()).await.is_err());
        drop(first);
        assert!(pipes.intake().await.is_ok());
    }
}
