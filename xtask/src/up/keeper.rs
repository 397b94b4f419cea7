//! Keeps the supervisor running: starts it with the listeners, starts it again when it dies, ends it in order.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use command_fds::{CommandFdExt, FdMapping};
use miette::{IntoDiagnostic, WrapErr};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use signal_hook::{consts, iterator::Signals};

use super::listeners::Listeners;
use crate::say;

/// First inherited descriptor of the protocol (`sd_listen_fds(3)`).
const FIRST_FD: i32 = 3;
/// How often the supervisor is looked after: its death is noticed this late at most.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Time for an orderly end, after which there is none.
const END: Duration = Duration::from_secs(20);
/// A supervisor that lived this long had started well.
const SETTLED: Duration = Duration::from_secs(5);
/// Deaths in a row by its own fault, each before it settled: starting once more would not help.
const TRIES: u32 = 3;

/// What happened while one waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing that matters.
    Nothing,
    /// Somebody wants the box to end, or it ended by itself in order.
    End,
}

/// The supervisor, kept running. Start it and use it on one thread that lives as long as the box: the kernel ends the
/// supervisor with the thread that started it.
pub(super) struct Keeper {
    croftd: PathBuf,
    home: PathBuf,
    listeners: Listeners,
    /// Variables that the supervisor gets beside ours.
    environment: Vec<(&'static str, PathBuf)>,
    ends: Receiver<()>,
    child: Child,
    begun: Instant,
    failures: u32,
}

/// Codes of a supervisor that starting again cannot help (sysexits.h): a store that cannot be read, a home in use, manifests that contradict.
const FINAL: [i32; 3] = [65, 69, 78];

impl Keeper {
    /// Starts the supervisor of the box in `home`.
    pub(super) fn start(
        croftd: &Path,
        home: &Path,
        listeners: Listeners,
        environment: Vec<(&'static str, PathBuf)>,
    ) -> miette::Result<Self> {
        let ends = ends()?;
        let child = spawn(croftd, home, &listeners, &environment)?;
        Ok(Self { croftd: croftd.into(), home: home.into(), listeners, environment, ends, child, begun: Instant::now(), failures: 0 })
    }

    /// Looks after the supervisor for `time`, or for a while when there is no hurry.
    pub(super) fn news(&mut self, time: Option<Duration>) -> miette::Result<News> {
        let until = Instant::now() + time.unwrap_or(Duration::from_secs(1));
        while Instant::now() < until {
            match self.ends.recv_timeout(LOOK_EVERY) {
                Ok(()) => return Ok(News::End),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(miette::miette!("nobody listens to signals any more")),
            }
            if let Some(status) = self.child.try_wait().into_diagnostic()? {
                if status.success() {
                    say::line("the supervisor ended by itself");
                    return Ok(News::End);
                }
                self.start_again(status)?;
            }
        }
        Ok(News::Nothing)
    }

    fn start_again(&mut self, status: ExitStatus) -> miette::Result<()> {
        if status.code().is_some_and(|code| FINAL.contains(&code)) {
            return Err(miette::miette!(help = "the lines above say what to do", "the supervisor cannot run ({status})"));
        }
        let by_own_fault = status.code().is_some();
        self.failures = if by_own_fault && self.begun.elapsed() < SETTLED { self.failures + 1 } else { 0 };
        if self.failures >= TRIES {
            return Err(miette::miette!(help = "the lines above say why", "the supervisor does not start ({status})"));
        }
        say::line(&format!("the supervisor died ({status}); it is started again"));
        self.child = spawn(&self.croftd, &self.home, &self.listeners, &self.environment)?;
        self.begun = Instant::now();
        Ok(())
    }

    /// Ends the supervisor in order; it ends its roles.
    pub(super) fn stop(mut self) -> miette::Result<()> {
        if self.child.try_wait().into_diagnostic()?.is_some() {
            return Ok(());
        }
        signal(&self.child, Signal::SIGTERM);
        let begun = Instant::now();
        while begun.elapsed() < END {
            if self.child.try_wait().into_diagnostic()?.is_some() {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(miette::miette!("the box did not end within {} s and was killed", END.as_secs()))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Sends a message for every wish to end: Ctrl-C, `kill`, a closed terminal.
pub(super) fn ends() -> miette::Result<Receiver<()>> {
    let mut signals = Signals::new([consts::SIGINT, consts::SIGTERM, consts::SIGHUP]).into_diagnostic()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for _ in signals.forever() {
            if sender.send(()).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

fn spawn(croftd: &Path, home: &Path, listeners: &Listeners, environment: &[(&'static str, PathBuf)]) -> miette::Result<Child> {
    let handed_over = listeners.handed_over().into_diagnostic()?;
    let names: Vec<&str> = handed_over.iter().map(|(name, _)| *name).collect();
    // setpriv asks the kernel to end the supervisor with us, whatever ends us, and then becomes the supervisor.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(croftd).args(["supervisor", "--home"]).arg(home);
    command.env("LISTEN_FDS", handed_over.len().to_string()).env("LISTEN_FDNAMES", names.join(":")).env_remove("LISTEN_PID");
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    // A group of its own: Ctrl-C is for us, and we end the box in order.
    command.process_group(0);
    let mappings = (FIRST_FD..).zip(handed_over).map(|(child_fd, (_, parent_fd))| FdMapping { parent_fd, child_fd });
    command.fd_mappings(mappings.collect()).into_diagnostic().wrap_err("the listeners cannot be handed over")?;
    command.spawn().into_diagnostic().wrap_err("cannot start the supervisor (by setpriv, from util-linux)")
}

fn signal(child: &Child, signal: Signal) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // It may have ended a moment ago, which is what the signal is for.
        let _ = kill(Pid::from_raw(pid), signal);
    }
}
