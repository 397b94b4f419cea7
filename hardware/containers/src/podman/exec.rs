//! Programs in containers, above all tests of health: a limit of time, and of what is kept of their words.

use std::{fs, io, os::fd::AsRawFd, path::Path, time::Duration};

use bollard::{
    container::LogOutput,
    exec::{CreateExecOptions, StartExecOptions, StartExecResults},
};
use futures_util::StreamExt;
use nix::libc;
use tokio::time::timeout;

use super::{Podman, STEP, within};
use crate::{ContainerId, EngineError, ExecEnd};

/// Words of a program's call.
const MAX_WORDS: usize = 256;
/// Bytes of them together; the kernel takes 2 MiB.
const MAX_CALL: usize = 64 * 1024;
/// Longest time; what takes longer than a test of health is a container of its own.
const MOST: Duration = Duration::from_secs(60);

pub(super) async fn exec(podman: &Podman, container: &ContainerId, argv: &[String], limit: Duration) -> Result<ExecEnd, EngineError> {
    let failed = |source| EngineError::Exec { source };
    if argv.is_empty() || argv.len() > MAX_WORDS || argv.iter().map(String::len).sum::<usize>() > MAX_CALL {
        return Err(EngineError::Wish { what: "the program", why: format!("it has 1 to {MAX_WORDS} words of {MAX_CALL} bytes in all") });
    }
    let docker = podman.docker().await?;
    let wish = CreateExecOptions::<String> {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(argv.to_vec()),
        ..Default::default()
    };
    let id = within("run a program", STEP, docker.create_exec(container.as_str(), wish), failed).await?.id;
    let begun = StartExecOptions { detach: false, tty: false, output_capacity: None };
    let started = within("run a program", STEP, docker.start_exec(&id, Some(begun)), failed).await?;
    let StartExecResults::Attached { mut output, input: _input } = started else {
        return Err(failed("the engine let go of it".into()));
    };
    let mut kept = Vec::new();
    let gathering = async {
        while let Some(piece) = output.next().await {
            let (LogOutput::StdOut { message }
            | LogOutput::StdErr { message }
            | LogOutput::StdIn { message }
            | LogOutput::Console { message }) = piece.map_err(|error| failed(error.into()))?;
            let room = ExecEnd::MAX_BYTES.saturating_sub(kept.len()).min(message.len());
            kept.extend_from_slice(message.get(..room).unwrap_or_default());
        }
        Ok::<(), EngineError>(())
    };
    let limit = limit.min(MOST);
    let in_time = timeout(limit, gathering).await;
    let seen = within("look at a program", STEP, docker.inspect_exec(&id), failed).await?;
    match in_time {
        Ok(gathered) => gathered?,
        Err(_) => {
            let pid = seen.pid.filter(|_| seen.running.unwrap_or_default());
            if let Some(pid) = pid.filter(|pid| *pid > 0) {
                kill(&podman.place.processes(), pid, container).map_err(|error| failed(error.into()))?;
            }
            return Err(EngineError::TooLong { step: "run a program", limit });
        }
    }
    Ok(ExecEnd { code: seen.exit_code.unwrap_or(-1), output: kept })
}

/// Kills a process if it is of the container. The engine has no call for it.
fn kill(processes: &Path, pid: i64, container: &ContainerId) -> io::Result<()> {
    // The directory stays this process's, also when the number is another's meanwhile.
    let directory = match fs::File::open(processes.join(pid.to_string())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let groups = fs::read_to_string(format!("/proc/self/fd/{}/cgroup", directory.as_raw_fd()));
    if !groups.is_ok_and(|groups| groups.contains(container.as_str())) {
        return Ok(());
    }
    match signal(&directory) {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        ended => ended,
    }
}

#[expect(unsafe_code, reason = "nix has no call for it")]
fn signal(process: &fs::File) -> io::Result<()> {
    // SAFETY: the kernel takes a descriptor that is open for as long as the call takes, a number, no pointer to details and no flags; it writes nothing.
    let done =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), libc::SIGKILL, std::ptr::null::<libc::siginfo_t>(), 0) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn only_a_process_of_the_container_is_killed() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i64::from(child.id());
        let stranger: ContainerId = "0a".repeat(32).parse().unwrap();
        kill(Path::new("/proc"), pid, &stranger).unwrap();
        assert!(child.try_wait().unwrap().is_none(), "it is none of the container's");
        signal(&fs::File::open(format!("/proc/{pid}")).unwrap()).unwrap();
        assert!(!child.wait().unwrap().success());
        kill(Path::new("/proc"), pid, &stranger).unwrap();
    }
}
