//! Where the engine's networks are: a developer's engine has namespaces of its own.

use std::{
    fs::File,
    io,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use nix::{
    sched::{CloneFlags, setns},
    sys::socket::{AddressFamily, SockFlag, SockType, socket},
};
use tokio::{net::TcpSocket, sync::oneshot};

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

    /// A connection to `to`, made there. No thread waits for it: a socket stays in the namespace that it was made in.
    pub(crate) async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let made = if self.process.is_some() { self.inside(move || stream_socket(to)).await? } else { stream_socket(to) };
        let stream = made?.connect(to).await?.into_std()?;
        stream.set_nonblocking(false)?;
        Ok(stream)
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

fn stream_socket(to: SocketAddr) -> io::Result<TcpSocket> {
    let family = if to.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let made = socket(family, SockType::Stream, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, None)?;
    Ok(TcpSocket::from_std_stream(made.into()))
}

fn enter(namespace: Option<&Path>) -> io::Result<()> {
    let Some(path) = namespace else { return Ok(()) };
    setns(File::open(path)?, CloneFlags::CLONE_NEWNET).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use futures_util::future::join_all;
    use tokio::time::timeout;

    use super::*;

    /// Threads of this process by the name of those that [`Place::inside`] makes.
    fn threads() -> usize {
        let all = fs::read_dir("/proc/self/task").unwrap().flatten();
        all.filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim_end() == "engine")).count()
    }

    /// The place of a developer's engine, which is this process.
    fn developer() -> (tempfile::TempDir, Place) {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(format!("/proc/{}", std::process::id()), folder.path().join(PROCESS)).unwrap();
        let place = Place::of_developer(folder.path());
        (folder, place)
    }

    #[tokio::test]
    async fn whoever_answers_not_holds_no_thread() {
        // One that takes nobody: what its queue holds has come, the rest waits.
        let silent = tokio::net::TcpSocket::new_v4().unwrap();
        silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let silent = silent.listen(1).unwrap();
        let to = silent.local_addr().unwrap();
        let (_folder, developer) = developer();
        for place in [Place::machine(), developer] {
            let knocks = timeout(Duration::from_millis(700), join_all((0..40).map(|_| place.connect(to))));
            assert!(knocks.await.is_err(), "somebody answers: the test shows nothing");
            let waiting = tokio::spawn(async move { join_all((0..40).map(|_| place.connect(to))).await.len() });
            tokio::time::sleep(Duration::from_millis(700)).await; // waits: for threads that make a socket and end
            assert!(threads() < 5, "{}", threads());
            waiting.abort();
        }
    }

    #[tokio::test]
    async fn a_connection_waits_for_what_it_reads() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let (_folder, developer) = developer();
        for place in [Place::machine(), developer] {
            let mut stream = place.connect(to).await.unwrap();
            let later = thread::spawn({
                let (mut taken, _) = listener.accept().unwrap();
                move || {
                    thread::sleep(Duration::from_millis(50)); // waits: so that the reader is there first
                    taken.write_all(b"so").unwrap();
                }
            });
            let mut word = [0; 2];
            stream.read_exact(&mut word).unwrap();
            assert_eq!(&word, b"so");
            later.join().unwrap();
        }
    }
}
