//! Samba as a child process of root: for boxes on a developer's machine, where it answers that machine alone.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::{Pid, geteuid},
};

use crate::{DEVELOPER_PORT, Smb, SmbError, Wanted, diff, files::Files, inside};

/// The server.
const SMBD: &str = "/usr/sbin/smbd";
/// Where the server finds what it is to do.
const CONF: &str = "--configfile=/etc/samba/smb.conf";
/// Time for the server to answer once it was started, and to end once it was told to.
const PATIENCE: Duration = Duration::from_secs(20);
/// Last lines of its log that are told when it does not start.
const LINES: usize = 4;
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A Samba of this process's own.
#[derive(Debug, Clone)]
pub struct ChildSmb {
    port: u16,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    home: PathBuf,
    files: Files,
    port: u16,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    serves: Wanted,
}

impl ChildSmb {
    /// A Samba for the box in the folder `home`, answering at a port of the loopback.
    #[must_use]
    pub fn new(home: &Path, port: u16) -> Self {
        let files = Files::new(home, port, &["lo"]);
        Self { port, inner: Arc::new(Mutex::new(Inner { home: home.into(), files, port, running: None })) }
    }

    /// As [`Self::new`], at the port of boxes on a developer's machine.
    #[must_use]
    pub fn of_developer(home: &Path) -> Self {
        Self::new(home, DEVELOPER_PORT)
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Inner) -> Result<T, SmbError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, SmbError>> {
        let inner = Arc::clone(&self.inner);
        // A child ends with the thread that made it, and threads of the runtime for blocking work come and go: so it has one of its own.
        let done = tokio::task::spawn_blocking(move || work(&mut inner.lock().unwrap_or_else(PoisonError::into_inner)));
        async move { done.await.map_err(|error| SmbError::Program("smbd", error.to_string()))? }.boxed()
    }
}

impl Smb for ChildSmb {
    fn may(&self) -> Result<(), SmbError> {
        if !geteuid().is_root() {
            return Err(SmbError::NotRoot);
        }
        if Path::new(SMBD).is_file() { Ok(()) } else { Err(SmbError::NotInstalled(SMBD)) }
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn serve<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<(), SmbError>> {
        if let Err(error) = self.may() {
            return std::future::ready(Err(error)).boxed();
        }
        let wanted = wanted.clone();
        self.with(move |inner| inner.serve(wanted))
    }

    fn end(&self) -> BoxFuture<'_, Result<(), SmbError>> {
        self.with(|inner| {
            // Nobody signs in any more, also if it does not end.
            inner.files.remove()?;
            inner.stop()
        })
    }
}

impl Inner {
    fn serve(&mut self, wanted: Wanted) -> Result<(), SmbError> {
        if self.running.as_mut().is_some_and(|running| !matches!(running.child.try_wait(), Ok(None))) {
            tracing::warn!("the server of the shares has ended by itself and is started again");
            self.running = None;
        }
        match &mut self.running {
            Some(running) if running.serves == wanted => return Ok(()),
            Some(running) if !diff::takes_away(&running.serves, &wanted) => {
                self.files.write(&wanted)?;
                // It reads its files anew and turns nobody away.
                let told = kill(Pid::from_raw(running.child.id().cast_signed()), Signal::SIGHUP);
                told.map_err(|errno| SmbError::Program("smbd", errno.to_string()))?;
                running.serves = wanted;
                return Ok(());
            }
            _ => self.stop()?,
        }
        self.files.write(&wanted)?;
        self.start(wanted)
    }

    fn start(&mut self, wanted: Wanted) -> Result<(), SmbError> {
        if self.answers() {
            return Err(SmbError::Program("smbd", format!("something else is at port {}", self.port)));
        }
        let mut command = self.inside(SMBD, &["--foreground", "--debug-stdout", CONF])?;
        let unwritten = |error| SmbError::Files("write the log of Samba", error);
        let log = std::fs::File::create(self.files.folder().join("state/log/smbd")).map_err(unwritten)?;
        command.stdin(Stdio::null()).stderr(log.try_clone().map_err(unwritten)?).stdout(log);
        let child = spawn_for_good(command)?;
        self.running = Some(Running { child, serves: wanted });
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if self.running.as_mut().is_none_or(|running| !matches!(running.child.try_wait(), Ok(None))) {
                self.running = None;
                let log = std::fs::read(self.files.folder().join("state/log/smbd")).unwrap_or_default();
                let log = String::from_utf8_lossy(&log).trim().lines().rev().take(LINES).map(str::trim).collect::<Vec<_>>().join(" / ");
                return Err(SmbError::Program("smbd", format!("it ended at once: {log}")));
            }
            if self.answers() {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        self.stop()?;
        Err(SmbError::Program("smbd", "it did not answer in time".into()))
    }

    fn answers(&self) -> bool {
        std::net::TcpStream::connect_timeout(&([127, 0, 0, 1], self.port).into(), PATIENCE).is_ok()
    }

    fn stop(&mut self) -> Result<(), SmbError> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        let group = Pid::from_raw(running.child.id().cast_signed());
        let until = Instant::now() + PATIENCE;
        let mut signal = Signal::SIGTERM;
        loop {
            // The server makes a group of its own, of what it forks too; it is gone when the last of them is.
            let there = killpg(group, signal).is_ok() || kill(group, signal).is_ok();
            signal = if Instant::now() < until { Signal::SIGCONT } else { Signal::SIGKILL };
            let ended = running.child.try_wait().map_err(|error| SmbError::Files("wait for the server of the shares", error))?.is_some();
            if ended && !there {
                return Ok(());
            }
            if Instant::now() > until + PATIENCE {
                self.running = Some(running);
                return Err(SmbError::Program("smbd", "it does not end".into()));
            }
            std::thread::sleep(LOOK);
        }
    }

    fn inside(&self, program: &'static str, arguments: &[&str]) -> Result<Command, SmbError> {
        inside::command(program, arguments, &self.home, self.files.folder())
            .map_err(|error| SmbError::Files("hand the folders to the server of the shares", error))
    }
}

/// Starts a program that ends with this process, from a thread that lives as long.
fn spawn_for_good(mut command: Command) -> Result<Child, SmbError> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().name("shares".into());
    let started = thread.spawn(move || {
        let spawned = command.spawn();
        // What the program's folders are opened by is not needed any more.
        drop(command);
        let id = spawned.as_ref().ok().map(|child| Pid::from_raw(child.id().cast_signed()));
        let _ = sender.send(spawned);
        if let Some(id) = id {
            wait_without_reaping(id);
        }
    });
    started.map_err(|error| SmbError::Files("start a thread", error))?;
    let spawned = receiver.recv().map_err(|error| SmbError::Program("smbd", error.to_string()))?;
    spawned.map_err(|error| SmbError::Files("start smbd", error))
}

/// Waits for the end of a child and leaves it to be waited for by whoever holds it.
fn wait_without_reaping(id: Pid) {
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    while let Err(nix::errno::Errno::EINTR) = waitid(Id::Pid(id), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {}
}
