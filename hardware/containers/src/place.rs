//! Where the engine's networks are: a developer's engine has namespaces of its own.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use nix::sched::{CloneFlags, setns};
use tokio::sync::oneshot;

/// In the folder of a developer's engine, a link to its first process in `/proc`.
const PROCESS: &str = "process";

/// The namespaces of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its first process, where they are not this process's own.
    process: Option<PathBuf>,
}

impl Place {
    pub(crate) fn machine() -> Self {
        Self { process: None }
    }

    /// Of the engine in `folder`.
    #[must_use]
    pub fn of_developer(folder: &Path) -> Self {
        Self { process: Some(folder.join(PROCESS)) }
    }

    /// Where the engine's own numbers of processes are found.
    pub(crate) fn processes(&self) -> PathBuf {
        self.process.as_ref().map_or_else(|| "/proc".into(), |process| process.join("root/proc"))
    }

    /// Does `work` on a thread of its own in the engine's network namespace. The thread ends with it.
    pub(crate) async fn inside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        let namespace = self.process.as_ref().map(|process| process.join("ns/net"));
        let (sender, receiver) = oneshot::channel();
        thread::Builder::new().name("engine".into()).spawn(move || {
            // Whoever waited may have gone.
            let _ = sender.send(enter(namespace.as_deref()).map(|()| work()));
        })?;
        receiver.await.map_err(io::Error::other)?
    }

    /// A program where the engine is, with the engine's own root: a developer's machine may not have it. Start it from [`Self::inside`].
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = match &self.process {
            Some(process) => {
                let mut command = Command::new("/usr/sbin/chroot");
                command.arg(process.join("root")).arg(format!("/usr/sbin/{name}"));
                command
            }
            None => Command::new(format!("/usr/sbin/{name}")),
        };
        command.env_clear().env("LANG", "C.UTF-8").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

fn enter(namespace: Option<&Path>) -> io::Result<()> {
    let Some(path) = namespace else { return Ok(()) };
    setns(File::open(path)?, CloneFlags::CLONE_NEWNET).map_err(io::Error::from)
}
