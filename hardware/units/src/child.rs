//! Roles as child processes: for machines without systemd.
//!
//! One thread does all forking and lives as long as [`ChildUnits`], because `PR_SET_PDEATHSIG` ends a child with the thread that made it:
//! so no role outlives the supervisor, however that ends. One task a unit watches its process (by pidfd), its words and its time.

use std::{
    collections::BTreeMap,
    ffi::CString,
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    os::unix::net::UnixDatagram,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use croft_model::Powers;
use futures_util::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use nix::{
    sys::{
        signal::{Signal, killpg},
        wait::{Id, WaitPidFlag, WaitStatus, waitid},
    },
    unistd::Pid,
};
use tokio::{
    io::AsyncReadExt,
    net::unix::pipe,
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until, timeout},
};

use crate::{
    Exit, Line, News, UnitError, UnitEvent, UnitSpec, Units,
    fork::{self, Failed, Made, Process},
    lines::{Cutter, Lines},
    notify::{self, Word},
    readable,
};

/// Events that may wait for the supervisor.
const EVENT_QUEUE: usize = 256;
/// Time that the last lines of an ended unit get to arrive when something else still holds its output.
const LAST_LINES: Duration = Duration::from_millis(500);
/// A time so far away that it means never.
const NEVER: Duration = Duration::from_secs(10 * 365 * 86_400);

type Job = Box<dyn FnOnce() + Send>;

/// Child processes of this one. Dropped, it takes all of them with it.
pub struct ChildUnits {
    program: Arc<File>,
    forks: std::sync::mpsc::Sender<Job>,
    shared: Arc<Shared>,
}

struct Shared {
    running: Mutex<BTreeMap<String, Running>>,
    lines: Lines,
    events: mpsc::Sender<UnitEvent>,
}

struct Running {
    pid: i32,
    stop: mpsc::Sender<Duration>,
    ended: watch::Receiver<bool>,
}

/// What the watching task of one unit holds.
struct Watched {
    unit: String,
    shared: Arc<Shared>,
    made: Made,
    notify: tokio::net::UnixDatagram,
    stop: mpsc::Receiver<Duration>,
    start_timeout: Duration,
    watchdog: Option<Duration>,
}

impl ChildUnits {
    /// Units that execute `program`, and the channel of their events.
    ///
    /// # Errors
    /// The thread that forks cannot be started.
    pub fn new(program: File) -> Result<(Self, mpsc::Receiver<UnitEvent>), UnitError> {
        let (forks, jobs) = std::sync::mpsc::channel::<Job>();
        let work = move || {
            for job in jobs {
                job();
            }
        };
        std::thread::Builder::new().name("units".into()).spawn(work).map_err(UnitError::Prepare)?;
        let (events, receiver) = mpsc::channel(EVENT_QUEUE);
        let shared = Arc::new(Shared { running: Mutex::default(), lines: Lines::default(), events });
        Ok((Self { program: Arc::new(program), forks, shared }, receiver))
    }

    /// Units that execute the program that this process runs, even when its file is replaced or cannot be reached by path.
    ///
    /// # Errors
    /// The program cannot be opened, or as [`ChildUnits::new`].
    pub fn of_this_program() -> Result<(Self, mpsc::Receiver<UnitEvent>), UnitError> {
        Self::new(File::open("/proc/self/exe").map_err(UnitError::Prepare)?)
    }

    async fn begin(&self, spec: UnitSpec) -> Result<i32, UnitError> {
        if self.pid(&spec.name).is_some() {
            return Err(UnitError::Running(spec.name));
        }
        let unit = spec.name.clone();
        let (start_timeout, watchdog) = (spec.start_timeout, spec.watchdog);
        let failed = |(step, source): Failed| UnitError::Start { unit: unit.clone(), step, source };
        let (ours, theirs) = UnixDatagram::pair().map_err(|error| failed(("make its notify socket", error)))?;
        ours.set_nonblocking(true).map_err(|error| failed(("make its notify socket", error)))?;
        let (reader, writer) = io::pipe().map_err(|error| failed(("make its output", error)))?;
        let made = self.fork(spec, theirs.into(), writer.into()).await.map_err(failed)?;
        let notify = tokio::net::UnixDatagram::from_std(ours).map_err(|error| failed(("listen to it", error)))?;
        let output = pipe::Receiver::from_owned_fd(reader.into()).map_err(|error| failed(("read its output", error)))?;
        let (stop, stops) = mpsc::channel(1);
        let (end, ended) = watch::channel(false);
        let pid = made.pid;
        self.shared.lock().insert(unit.clone(), Running { pid, stop, ended });
        let watched = Watched { unit, shared: Arc::clone(&self.shared), made, notify, stop: stops, start_timeout, watchdog };
        tokio::spawn(watched.watch(output, end));
        Ok(pid)
    }

    /// Has the thread of forks make the process.
    async fn fork(&self, spec: UnitSpec, notify: OwnedFd, output: OwnedFd) -> Result<Made, Failed> {
        let (reply, made) = oneshot::channel();
        let program = Arc::clone(&self.program);
        let job = move || {
            // The asker may have gone away; then the process ends with its notify socket unread, at the start's timeout at the latest.
            let _ = reply.send(make(&spec, &program, &notify, &output));
        };
        let gone = || ("reach the thread of forks", io::Error::from(io::ErrorKind::BrokenPipe));
        self.forks.send(Box::new(job)).map_err(|_| gone())?;
        made.await.map_err(|_| gone())?
    }

    async fn end(&self, unit: &str, grace: Duration) {
        let Some((stop, mut ended)) = self.shared.lock().get(unit).map(|running| (running.stop.clone(), running.ended.clone())) else {
            return;
        };
        // A full or closed channel means that it is ending already.
        let _ = stop.try_send(grace);
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

impl Units for ChildUnits {
    fn start(&self, spec: UnitSpec) -> BoxFuture<'_, Result<i32, UnitError>> {
        self.begin(spec).boxed()
    }

    fn stop<'a>(&'a self, unit: &'a str, grace: Duration) -> BoxFuture<'a, Result<(), UnitError>> {
        self.end(unit, grace).map(Ok).boxed()
    }

    fn pid(&self, unit: &str) -> Option<i32> {
        self.shared.lock().get(unit).map(|running| running.pid)
    }

    fn unit_of(&self, pid: i32) -> Option<String> {
        self.shared.lock().iter().find(|(_, running)| running.pid == pid).map(|(unit, _)| unit.clone())
    }

    fn lines<'a>(&'a self, unit: &'a str, count: usize) -> BoxFuture<'a, Vec<Line>> {
        std::future::ready(self.shared.lines.last(unit, count)).boxed()
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn tell(&self, unit: &str, news: News) {
        // An error means that the supervisor no longer listens, because it ends.
        let _ = self.events.send(UnitEvent { unit: unit.into(), news }).await;
    }
}

impl Watched {
    /// Watches the process to its end, then tells of it.
    async fn watch(mut self, output: pipe::Receiver, ended: watch::Sender<bool>) {
        let lines = tokio::spawn(copy_lines(output, self.unit.clone(), Arc::clone(&self.shared)));
        let exit = match self.life().await {
            Ok(exit) => exit,
            Err(error) => Exit::Fault(format!("could not be watched: {error}")),
        };
        if timeout(LAST_LINES, lines).await.is_err() {
            tracing::debug!(unit = self.unit, "the output of an ended unit is still held by something");
        }
        self.shared.lock().remove(&self.unit);
        ended.send_replace(true);
        self.shared.tell(&self.unit, News::Exited(exit)).await;
    }

    async fn life(&mut self) -> io::Result<Exit> {
        let process = readable::watch(self.made.pidfd.try_clone()?)?;
        let mut datagram = [0_u8; notify::MAX_DATAGRAM];
        let mut deadline = Instant::now() + self.start_timeout;
        let (mut ready, mut asked, mut silent) = (false, false, false);
        loop {
            // Cancel-safe: readiness of a pidfd stays, a datagram is taken whole or not at all, a wish to stop stays in its channel.
            tokio::select! {
                seen = process.readable() => {
                    drop(seen?);
                    // What it said just before its end comes before the news of its end.
                    while let Ok(count) = self.notify.try_recv(&mut datagram) {
                        for word in notify::words(datagram.get(..count).unwrap_or_default()) {
                            ready |= self.hear(word, ready).await;
                        }
                    }
                    return self.reap(asked, silent, ready);
                }
                count = self.notify.recv(&mut datagram) => {
                    let words = notify::words(datagram.get(..count.unwrap_or(0)).unwrap_or_default());
                    let alive = words.iter().any(|word| matches!(word, Word::Ready | Word::Alive));
                    for word in words {
                        ready |= self.hear(word, ready).await;
                    }
                    if alive && ready && !asked && !silent {
                        deadline = Instant::now() + self.watchdog.unwrap_or(NEVER);
                    }
                }
                Some(grace) = self.stop.recv(), if !asked => {
                    asked = true;
                    deadline = Instant::now() + grace;
                    self.signal(Signal::SIGTERM);
                }
                () = sleep_until(deadline) => {
                    deadline = Instant::now() + NEVER;
                    silent = !asked;
                    if silent {
                        self.shared.tell(&self.unit, News::WatchdogMissed).await;
                    }
                    self.signal(Signal::SIGKILL);
                }
            }
        }
    }

    /// Passes a word on; true when it says that the unit is ready.
    async fn hear(&self, word: Word, ready: bool) -> bool {
        match word {
            Word::Ready if !ready => {
                self.shared.tell(&self.unit, News::Ready).await;
                true
            }
            Word::Status(text) => {
                // A status is news, not state: when nobody has time for it, the next one will do.
                let _ = self.shared.events.try_send(UnitEvent { unit: self.unit.clone(), news: News::Status(text) });
                false
            }
            Word::Ready | Word::Alive | Word::Stopping => false,
        }
    }

    /// Ends what the process left behind in its group, takes its exit and judges whose doing it was.
    fn reap(&self, asked: bool, silent: bool, ready: bool) -> io::Result<Exit> {
        // Before waiting: until then the id, and so the group's, cannot belong to anybody else.
        if let Err(error) = killpg(Pid::from_raw(self.made.pid), Signal::SIGKILL) {
            tracing::trace!(unit = self.unit, %error, "nothing was left in the group");
        }
        let status = waitid(Id::PIDFd(self.made.pidfd.as_fd()), WaitPidFlag::WEXITED)?;
        Ok(match status {
            _ if silent && ready => Exit::Fault("did not say in time that it lives".into()),
            _ if silent => Exit::Fault("was not ready in time".into()),
            _ if asked => Exit::Orderly,
            WaitStatus::Exited(_, 0) => Exit::Orderly,
            WaitStatus::Exited(_, code) => Exit::Fault(format!("ended with code {code}")),
            WaitStatus::Signaled(_, signal, _) if raised_itself(signal) => Exit::Fault(format!("ended by {signal}")),
            WaitStatus::Signaled(_, signal, _) => Exit::Outside(signal as i32),
            other => Exit::Fault(format!("ended in an unknown way: {other:?}")),
        })
    }

    #[expect(unsafe_code, reason = "pidfd_send_signal has no wrapper")]
    fn signal(&self, signal: Signal) {
        let none = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: the descriptor is ours and names the process for good, so that no other can be hit.
        let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.made.pidfd.as_raw_fd(), signal as i32, none, 0) };
        if sent < 0 {
            tracing::debug!(unit = self.unit, %signal, error = %io::Error::last_os_error(), "a signal found no process");
        }
    }
}

/// Signals that a process brings on itself; the others come from somebody.
fn raised_itself(signal: Signal) -> bool {
    use Signal::{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SIGXCPU, SIGXFSZ};
    matches!(signal, SIGABRT | SIGBUS | SIGFPE | SIGILL | SIGSEGV | SIGSYS | SIGTRAP | SIGXCPU | SIGXFSZ)
}

/// Keeps what a unit writes, and passes it on to our own standard error.
async fn copy_lines(mut output: pipe::Receiver, unit: String, shared: Arc<Shared>) {
    let mut buffer = vec![0_u8; 8192];
    let mut cutter = Cutter::default();
    let keep = |line: &[u8]| shared.lines.add(&unit, line, Timestamp::now());
    loop {
        let bytes = match output.read(&mut buffer).await {
            Ok(count) if count > 0 => buffer.get(..count).unwrap_or_default(),
            Ok(_) => break,
            Err(error) => {
                tracing::debug!(unit, %error, "the output of a unit cannot be read");
                break;
            }
        };
        cutter.feed(bytes, keep);
        // Whoever started us may have closed the terminal; the lines are kept all the same.
        let _ = io::stderr().write_all(bytes);
    }
    if let Some(rest) = cutter.rest() {
        keep(&rest);
    }
}

/// Runs on the thread of forks.
fn make(spec: &UnitSpec, program: &File, notify: &OwnedFd, output: &OwnedFd) -> Result<Made, Failed> {
    let text = |text: String| CString::new(text).map_err(|error| ("read its arguments", io::Error::other(error)));
    let names: Vec<&str> = spec.descriptors.iter().map(|(name, _)| name.as_str()).chain(["notify"]).collect();
    let mut variables = spec.environment.clone();
    variables.insert("LISTEN_FDS".into(), names.len().to_string());
    variables.insert("LISTEN_FDNAMES".into(), names.join(":"));
    if let Some(watchdog) = spec.watchdog {
        variables.insert("WATCHDOG_USEC".into(), watchdog.as_micros().to_string());
    }
    let descriptors = spec.descriptors.iter().map(|(_, fd)| fd.as_raw_fd()).chain([notify.as_raw_fd()]).collect();
    let arguments = std::iter::once("croftd".to_owned()).chain(spec.arguments.iter().cloned()).map(text).collect::<Result<_, _>>()?;
    let environment = variables.into_iter().map(|(name, value)| text(format!("{name}={value}"))).collect::<Result<_, _>>()?;
    fork::make(&Process {
        program,
        arguments,
        environment,
        descriptors,
        output: output.as_raw_fd(),
        user: spec.user,
        reads_all: spec.powers == Powers::Read,
        max_descriptors: spec.limits.descriptors,
        max_tasks: spec.limits.tasks,
    })
}
