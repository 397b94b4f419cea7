//! Starting a decoder, gathering what it writes, and ending it.

use std::{
    fs::File,
    io,
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use nix::{fcntl::OFlag, unistd::pipe2};
use tokio::{io::AsyncReadExt, process::Command, time::timeout};

use crate::Input;

/// The program that this process runs, also when its file was replaced or cannot be reached by path.
const OWN: &str = "/proc/self/exe";
/// Where the system keeps what programs are loaded with.
const LIBRARIES: [&str; 4] = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache"];

/// What is executed, with its arguments.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<String>,
}

/// How a decoder ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Code(i32),
    /// By this signal: a fault of its own, a bound, a call that is not left to it.
    Signal(i32),
}

/// A decoder gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum DecoderError {
    /// It cannot be started or heard.
    #[error("a decoder cannot be run")]
    Run(#[from] io::Error),
    /// It did not end in time, and was ended.
    #[error("a decoder was not done in {0:?}")]
    TooSlow(Duration),
    /// It wrote more than it may, and was ended.
    #[error("a decoder wrote more than {0} bytes")]
    TooMuch(u64),
}

/// The files that a process must still reach to start [`Program::own`], to be left open to a confined one.
///
/// # Errors
/// The own program cannot be opened.
pub fn needs() -> io::Result<Vec<OwnedFd>> {
    let own = File::open(OWN)?;
    Ok(std::iter::once(own).chain(LIBRARIES.into_iter().filter_map(|path| File::open(path).ok())).map(OwnedFd::from).collect())
}

impl Program {
    /// The program of this process, with other arguments.
    #[must_use]
    pub fn own(arguments: Vec<String>) -> Self {
        Self { path: OWN.into(), arguments }
    }

    /// Another program, for tests.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>, arguments: Vec<String>) -> Self {
        Self { path: path.into(), arguments }
    }
}

/// Has `program` read `input` on its standard input; gives how it ended and what it wrote. Dropped before its end, it ends the process.
///
/// # Errors
/// [`DecoderError`].
pub async fn run(program: &Program, input: Input, most_bytes: u64, deadline: Duration) -> Result<(Ended, Vec<u8>), DecoderError> {
    let mut command = Command::new(&program.path);
    // Its words are shaped by whoever made the file, so nobody reads them, and what does not fit into the pipe is lost to it at once.
    // (A confined role cannot open the device that swallows them.)
    let (_unread, words) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(io::Error::from)?;
    command.arg0("croftd").args(&program.arguments).env_clear().process_group(0).kill_on_drop(true);
    command.stdin(Stdio::from(input.0)).stdout(Stdio::piped()).stderr(Stdio::from(words));
    let mut child = command.spawn()?;
    drop(command);
    let answer = async {
        let mut written = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(most_bytes + 1).read_to_end(&mut written).await?;
        }
        if written.len() as u64 > most_bytes {
            return Err(DecoderError::TooMuch(most_bytes));
        }
        let status = child.wait().await?;
        let ended = status.code().map_or_else(|| Ended::Signal(status.signal().unwrap_or_default()), Ended::Code);
        Ok((ended, written))
    };
    let answer = timeout(deadline, answer).await.unwrap_or(Err(DecoderError::TooSlow(deadline)));
    if answer.is_err() {
        // What cannot be ended, because it has ended, is no matter.
        let _ = child.kill().await;
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Program {
        Program::at("/bin/sh", vec!["-c".into(), script.into()])
    }

    fn input() -> (tempfile::NamedTempFile, Input) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a picture").unwrap();
        let input = Input::new(File::open(file.path()).unwrap().into(), 100).unwrap();
        (file, input)
    }

    #[tokio::test]
    async fn a_decoder_reads_the_file_and_its_words_and_code_are_the_answer() {
        for (script, expected) in [
            ("cat; exit 3", (Ended::Code(3), "a picture")),
            ("kill -9 $$", (Ended::Signal(9), "")),
            ("env; echo x >&2", (Ended::Code(0), "PWD")),
            // More words than any pipe has room for.
            ("head -c 1000000 /dev/zero >&2; echo done", (Ended::Code(0), "done")),
        ] {
            let (_file, input) = input();
            let (ended, written) = run(&shell(script), input, 1000, LONG).await.unwrap();
            assert_eq!(ended, expected.0, "{script}");
            assert!(written.starts_with(expected.1.as_bytes()) && (written.is_empty() == expected.1.is_empty()), "{script}: {written:?}");
        }
    }

    #[tokio::test]
    async fn one_that_does_not_end_or_writes_without_end_is_ended() {
        let begun = Instant::now();
        let (_file, slow) = input();
        let ended = run(&shell("sleep 60"), slow, 10, Duration::from_millis(200)).await;
        assert!(matches!(ended, Err(DecoderError::TooSlow(_))), "{ended:?}");
        let (_file, wide) = input();
        let ended = run(&shell("while :; do echo more; done"), wide, 10, LONG).await;
        assert!(matches!(ended, Err(DecoderError::TooMuch(10))), "{ended:?}");
        assert!(begun.elapsed() < LONG);
    }
}
