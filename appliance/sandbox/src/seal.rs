//! A seal on a process that reads what strangers made: it keeps reading one descriptor, writing its standard output, memory of its own, and
//! ending. Any other system call ends it.

use std::{
    collections::BTreeMap,
    os::fd::{AsRawFd, BorrowedFd},
};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Op, SeccompCondition as Condition, SeccompFilter,
    SeccompRule as Rule, TargetArch,
};

/// What is left without a question: memory, time, randomness, and the process's own end.
const LEFT: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
];

/// The process could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The rules are not for this machine.
    #[error("the list of system calls cannot be made")]
    Rules(#[from] seccompiler::BackendError),
    /// The kernel refuses.
    #[error("the kernel does not take the list of system calls (seccomp)")]
    Kernel(#[from] seccompiler::Error),
}

/// Seals the calling thread and all that it starts, for good. It goes on reading `source`.
///
/// # Errors
/// [`SealError`]: then nothing foreign may be read.
pub fn seal(source: BorrowedFd<'_>) -> Result<(), SealError> {
    apply(source, SeccompAction::KillProcess)
}

fn apply(source: BorrowedFd<'_>, otherwise: SeccompAction) -> Result<(), SealError> {
    let mut rules: BTreeMap<i64, Vec<Rule>> = LEFT.iter().map(|call| (*call, Vec::new())).collect();
    let on = |descriptor: u64| Condition::new(0, Width::Dword, Op::Eq, descriptor).and_then(|condition| Rule::new(vec![condition]));
    for call in [libc::SYS_read, libc::SYS_lseek] {
        rules.insert(call, vec![on(u64::from(source.as_raw_fd().unsigned_abs()))?]);
    }
    for call in [libc::SYS_write, libc::SYS_writev] {
        rules.insert(call, vec![on(1)?, on(2)?]);
    }
    // The standard library asks whether a descriptor is open before it closes it, in builds for developers.
    let asks_flags = Condition::new(1, Width::Dword, Op::Eq, u64::from(libc::F_GETFD.unsigned_abs()))?;
    rules.insert(libc::SYS_fcntl, vec![Rule::new(vec![asks_flags])?]);
    // Memory is for bytes and never becomes a program.
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![Rule::new(vec![Condition::new(2, Width::Dword, Op::MaskedEq(executable), 0)?])?]);
    }
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    let program: BpfProgram = SeccompFilter::new(rules, otherwise, SeccompAction::Allow, arch)?.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::{Read, Write},
        net::UdpSocket,
        os::{
            fd::AsFd,
            unix::{net::UnixStream, process::ExitStatusExt},
        },
        process::{Command, Stdio},
        thread,
    };

    use super::*;

    #[test]
    fn what_is_not_left_is_refused_and_memory_stays() {
        // In place of the end of this very process, which the test below sees.
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        // A seal binds a thread and its children, so a thread of its own leaves the other tests free.
        let sealed = thread::spawn(move || {
            let (mut source, mut other) =
                (File::open("/proc/self/status").expect("opened"), File::open("/proc/self/status").expect("opened"));
            apply(source.as_fd(), refused).expect("sealed");
            let grown = vec![7_u8; 40 << 20];
            let denied = [
                File::open("/dev/null").is_err(),
                UdpSocket::bind("127.0.0.1:0").is_err(),
                UnixStream::pair().is_err(),
                other.read(&mut [0; 8]).is_err(),
                thread::Builder::new().spawn(|| ()).is_err(),
            ];
            let left = source.read(&mut [0; 8]).is_ok() && std::io::stderr().write_all(b"\n").is_ok();
            (grown.iter().all(|byte| *byte == 7), denied, left)
        });
        assert_eq!(sealed.join().expect("the thread ends"), (true, [true; 5], true));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test starts itself again to be sealed as a whole")]
    fn what_is_not_left_ends_the_process() {
        const CHILD: &str = "CROFT_TEST_SEALED";
        if std::env::var_os(CHILD).is_some() {
            seal(std::io::stdin().as_fd()).expect("sealed");
            let _ = UdpSocket::bind("127.0.0.1:0");
            return;
        }
        // This test alone, once more, as a process of its own.
        let mut child = Command::new(std::env::current_exe().expect("a path"));
        child.args(["--exact", "seal::tests::what_is_not_left_ends_the_process"]).env(CHILD, "1");
        let status = child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("started");
        assert_eq!(status.signal(), Some(libc::SIGSYS));
    }
}
