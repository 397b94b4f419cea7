//! Calls of the kernel that take minutes or days: each on a thread of its own, with another one that tells how far it is and gives it up on a wish.
//!
//! These are threads and not tasks of the runtime, which would wait for them when it ends. Whoever drops the answer leaves the call to itself.

use std::{
    fs, io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use nix::{
    errno::Errno,
    sched::{CloneFlags, unshare},
    unistd::close,
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::pool::PoolError;

/// How often it is asked how far a call is. A wish to give it up waits as long at most.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Up to here descriptors are standard ones, whose numbers nothing else may get.
const STDERR: RawFd = 2;

/// A long call: what it does, how it is told how far it is, and how it is given up.
pub(super) trait Long: Send + Sync + 'static {
    /// What it ends with.
    type Ended: Send;

    /// To do what, for an error: `move data`.
    const WHAT: &'static str;

    /// Does it, to its end. What takes several calls looks at `stop` between them.
    fn run(&self, pool: BorrowedFd<'_>, stop: &CancellationToken) -> io::Result<Self::Ended>;

    /// Tells how far it is.
    fn tell(&self, pool: BorrowedFd<'_>);

    /// Makes [`Self::run`] end soon. It may not have begun yet, so this is asked again and again.
    fn give_up(&self, pool: BorrowedFd<'_>) -> io::Result<()>;
}

/// Does a long call.
pub(super) async fn run<L: Long>(pool: &Arc<OwnedFd>, work: L, stop: CancellationToken) -> Result<L::Ended, PoolError> {
    if stop.is_cancelled() {
        return Err(PoolError::Cancelled);
    }
    let refused = |source| PoolError::Refused { what: L::WHAT, source };
    let (send, ended) = oneshot::channel();
    let (pool, asked) = (Arc::clone(pool), stop.clone());
    let work = move || {
        let result = thread::scope(|scope| {
            let (done, is_done) = mpsc::channel::<()>();
            let watching =
                thread::Builder::new().name("pool-watch".into()).spawn_scoped(scope, || watch(&work, pool.as_fd(), &asked, is_done));
            let calling = || alone_with(pool.as_fd(), || work.run(pool.as_fd(), &asked));
            let result = watching.and_then(|_| thread::Builder::new().name("pool-call".into()).spawn_scoped(scope, calling));
            let result = result.and_then(|calling| calling.join().unwrap_or_else(|_| Err(io::Error::other("a thread has died"))));
            drop(done);
            result
        });
        // Who hears of the end may unmount the pool.
        drop(pool);
        // Whoever waited may have gone away.
        let _ = send.send(result);
    };
    thread::Builder::new().name("pool".into()).spawn(work).map_err(refused)?;
    match ended.await.map_err(|error| refused(io::Error::other(error)))? {
        Ok(ended) => Ok(ended),
        Err(error) if is_given_up(&error) && stop.is_cancelled() => Err(PoolError::Cancelled),
        Err(error) => Err(refused(error)),
    }
}

/// Calls the kernel on a thread that has a table of descriptors of its own, with the pool alone in it. Some calls go on when their process is killed, for
/// hours; whatever else it had open would stay open as long, and with it the lock of the store, for which the next process waits.
fn alone_with<T>(pool: BorrowedFd<'_>, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    unshare(CloneFlags::CLONE_FILES)?;
    let keep = pool.as_raw_fd();
    // What has no name but `anon_inode` wakes the runtime, and holds nothing.
    let is_named = |entry: &fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|to| !to.to_string_lossy().starts_with("anon_inode:"));
    let opened = fs::read_dir("/proc/thread-self/fd")?.flatten().filter(is_named);
    let opened: Vec<RawFd> = opened.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for descriptor in opened.into_iter().filter(|descriptor| *descriptor != keep && *descriptor > STDERR) {
        // The folder that was read is among them, and closed already.
        let _ = close(descriptor);
    }
    let ended = call();
    // Whoever hears of the end may unmount the pool, and the table goes a moment after the thread.
    close(keep)?;
    ended
}

fn watch<L: Long>(work: &L, pool: BorrowedFd<'_>, stop: &CancellationToken, done: Receiver<()>) {
    while done.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        if stop.is_cancelled()
            && let Err(error) = work.give_up(pool)
        {
            tracing::debug!(work = L::WHAT, %error, "there is nothing to give up yet");
        }
        work.tell(pool);
    }
}

/// Waits while `busy`, which a wish to give up makes end.
pub(super) fn wait_while(stop: &CancellationToken, busy: impl Fn() -> io::Result<bool>) -> io::Result<()> {
    while busy()? {
        thread::sleep(LOOK_EVERY);
    }
    if stop.is_cancelled() { Err(Errno::ECANCELED.into()) } else { Ok(()) }
}

/// What calls say that were given up.
fn is_given_up(error: &io::Error) -> bool {
    [Errno::ECANCELED, Errno::EINTR].iter().any(|errno| error.raw_os_error() == Some(*errno as i32))
}
