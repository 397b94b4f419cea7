//! Running a program: an argument array, no environment of ours, a limit of time and of what is kept of its words.

use std::{
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::DiskError;

/// Bytes that are read of a program's output; a list of a hundred disks has a tenth.
const MAX_OUTPUT: u64 = 1024 * 1024;
/// Bytes of a program's last words that go into an error.
const MAX_SAID: usize = 400;
/// Where programs are. Given, since a role's own environment has no path.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Time for a program that was killed to be gone. One that hangs in the kernel is left behind.
const DEATH: Duration = Duration::from_secs(10);

/// Runs a program to its end; gives what it wrote.
pub(crate) async fn read(program: &'static str, arguments: &[&str], limit: Duration) -> Result<String, DiskError> {
    let mut running = Running::start(program, arguments)?;
    let Ok(ended) = timeout(limit, running.end()).await else {
        running.kill().await;
        return Err(DiskError::TooLong { program, limit });
    };
    ended
}

/// Runs a program whose exit status is a part of its answer; gives that (-1 when a signal ended it) and what it wrote.
pub(crate) async fn answer(program: &'static str, arguments: &[&str], limit: Duration) -> Result<(i32, String), DiskError> {
    let mut running = Running::begin(program, arguments, Ends::Anyhow)?;
    let Ok(ended) = timeout(limit, running.ended()).await else {
        running.kill().await;
        return Err(DiskError::TooLong { program, limit });
    };
    ended
}

/// Which ends of a program are good ones.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Well,
    Anyhow,
}

/// A program at work, with all that it starts. It ends when this is dropped.
pub(crate) struct Running {
    task: JoinHandle<Result<(i32, String), DiskError>>,
    program: &'static str,
    group: Option<Pid>,
}

impl Running {
    pub(crate) fn start(program: &'static str, arguments: &[&str]) -> Result<Self, DiskError> {
        Self::begin(program, arguments, Ends::Well)
    }

    fn begin(program: &'static str, arguments: &[&str], ends: Ends) -> Result<Self, DiskError> {
        let mut command = Command::new(find(program));
        command.args(arguments).env_clear().env("PATH", PATH).env("LANG", "C.UTF-8").env("SYSTEMD_COLORS", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let child = command.spawn().map_err(|source| DiskError::Start { program, source })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Ok(Self { task: tokio::spawn(finish(program, child, ends)), program, group })
    }

    /// Waits for its end; gives what it wrote. Cancel-safe until it has given something.
    pub(crate) async fn end(&mut self) -> Result<String, DiskError> {
        Ok(self.ended().await?.1)
    }

    async fn ended(&mut self) -> Result<(i32, String), DiskError> {
        let ended = (&mut self.task).await;
        self.group = None;
        ended.map_err(|error| DiskError::Start { program: self.program, source: io::Error::other(error) })?
    }

    /// Ends it and all that it started.
    pub(crate) async fn kill(mut self) {
        for (signal, patience) in [(Signal::SIGTERM, DEATH / 2), (Signal::SIGKILL, DEATH)] {
            if let Some(group) = self.group {
                let _ = killpg(group, signal);
            }
            if timeout(patience, self.end()).await.is_ok() {
                return;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = killpg(group, Signal::SIGKILL);
        }
        self.task.abort();
    }
}

async fn finish(program: &'static str, mut child: Child, ends: Ends) -> Result<(i32, String), DiskError> {
    let failed = |source| DiskError::Start { program, source };
    let missing = || failed(io::Error::other("a pipe is missing"));
    let (out, err) = (child.stdout.take().ok_or_else(missing)?, child.stderr.take().ok_or_else(missing)?);
    let (out, err) = tokio::join!(gather(out), gather(err));
    let status = child.wait().await.map_err(failed)?;
    let err = err.map_err(failed)?;
    if ends == Ends::Well {
        judge(program, status, &err)?;
    }
    Ok((status.code().unwrap_or(-1), String::from_utf8_lossy(&out.map_err(failed)?).into_owned()))
}

fn judge(program: &'static str, status: ExitStatus, err: &[u8]) -> Result<(), DiskError> {
    if status.success() { Ok(()) } else { Err(DiskError::Failed { program, said: last_words(err, status) }) }
}

/// The last line that it wrote, or how it ended.
fn last_words(err: &[u8], status: ExitStatus) -> String {
    let text = String::from_utf8_lossy(err);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.map_or_else(|| status.to_string(), |line| line.chars().filter(|c| !c.is_control()).take(MAX_SAID).collect())
}

async fn gather(pipe: impl AsyncRead + Unpin + Send) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let mut limited = pipe.take(MAX_OUTPUT);
    limited.read_to_end(&mut kept).await?;
    // The rest is read, too, so that nobody blocks on it.
    tokio::io::copy(&mut limited.into_inner(), &mut tokio::io::sink()).await?;
    Ok(kept)
}

fn find(program: &str) -> PathBuf {
    let place = PATH.split(':').map(|folder| PathBuf::from(folder).join(program)).find(|path| path.is_file());
    place.unwrap_or_else(|| program.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_is_read_and_its_last_words_are_the_error() {
        assert_eq!(read("echo", &["a b", "$HOME"], DEATH).await.unwrap(), "a b $HOME\n");
        let failed = read("ls", &["/nothing/here"], DEATH).await.unwrap_err();
        assert!(matches!(&failed, DiskError::Failed { program: "ls", said } if said.contains("/nothing/here")), "{failed}");
        assert_eq!(answer("sh", &["-c", "echo so; exit 24"], DEATH).await.unwrap(), (24, "so\n".into()));
        assert_eq!(answer("sh", &["-c", "kill -9 $$"], DEATH).await.unwrap(), (-1, String::new()));
        assert!(matches!(read("no-such-program", &[], DEATH).await, Err(DiskError::Start { .. })));
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_ended_with_what_it_started() {
        let (folder, begun) = (tempfile::tempdir().unwrap(), std::time::Instant::now());
        let file = folder.path().join("late");
        // What it started would write the file if it lived on.
        let script = format!("(sleep 2; echo late > {}) & wait", file.display());
        let late = read("sh", &["-c", &script], Duration::from_millis(200)).await;
        assert!(matches!(late, Err(DiskError::TooLong { program: "sh", .. })), "{late:?}");
        assert!(begun.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_secs(3)).await; // waits: for the moment at which a survivor would have written
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn much_output_is_cut_and_blocks_nobody() {
        let text = read("head", &["-c", "3000000", "/dev/zero"], DEATH).await.unwrap();
        assert_eq!(text.len() as u64, MAX_OUTPUT);
    }
}
