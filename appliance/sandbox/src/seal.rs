//! A seal on a process that reads what strangers made: it keeps reading one descriptor, writing its standard output, memory of its own, and
//! ending, also by `abort(3)`. Any other system call ends it.

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

/// What a thread needs beside that, for itself.
const LEFT_TO_THREADS: &[libc::c_long] = &[libc::SYS_rseq, libc::SYS_set_robust_list];
/// What is answered as an older system would: then threads are started by `clone`, whose arguments can be looked at, and a library that asks for the
/// machine's cores takes one.
const UNKNOWN: &[libc::c_long] = &[libc::SYS_clone3, libc::SYS_sched_getaffinity];
/// How the C library starts a thread by `clone`, and never a process (`pthread_create(3)`).
const THREAD: libc::c_int = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID;

/// Whether a sealed process may start threads, which are sealed as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// It stays with the one that it has.
    One,
    /// Libraries that do not work without may.
    More,
}

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
pub fn seal(source: BorrowedFd<'_>, threads: Threads) -> Result<(), SealError> {
    apply(source, threads, SeccompAction::KillProcess)
}

fn apply(source: BorrowedFd<'_>, threads: Threads, otherwise: SeccompAction) -> Result<(), SealError> {
    let mut rules = all_of(LEFT);
    if threads == Threads::More {
        // Of two lists the stricter answer holds, so the second one may leave what the first one does not know.
        install(all_of(UNKNOWN), SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS.unsigned_abs()))?;
        rules.extend(all_of(UNKNOWN).into_iter().chain(all_of(LEFT_TO_THREADS)));
        let is_thread = Condition::new(0, Width::Qword, Op::Eq, u64::from(THREAD.unsigned_abs()))?;
        rules.insert(libc::SYS_clone, vec![Rule::new(vec![is_thread])?]);
    }
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
    // What finds itself wrong aborts, by this signal to its own thread: it must not look like a call that is not left.
    let to_itself = Condition::new(0, Width::Dword, Op::Eq, u64::from(std::process::id()))?;
    let to_abort = Condition::new(2, Width::Dword, Op::Eq, u64::from(libc::SIGABRT.unsigned_abs()))?;
    rules.insert(libc::SYS_tgkill, vec![Rule::new(vec![to_itself, to_abort])?]);
    install(rules, otherwise, SeccompAction::Allow)
}

/// Rules for calls without a question.
fn all_of(calls: &[libc::c_long]) -> BTreeMap<i64, Vec<Rule>> {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// From now on a call that `rules` name is answered by `named`, every other by `otherwise`.
fn install(rules: BTreeMap<i64, Vec<Rule>>, otherwise: SeccompAction, named: SeccompAction) -> Result<(), SealError> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    let program: BpfProgram = SeccompFilter::new(rules, otherwise, named, arch)?.try_into()?;
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
    #[expect(clippy::disallowed_methods, reason = "a test sees that no program is started")]
    fn what_is_not_left_is_refused_and_memory_stays() {
        // In place of the end of this very process, which the test below sees.
        let refused = || SeccompAction::Errno(libc::EPERM.unsigned_abs());
        for (threads, without_thread) in [(Threads::One, true), (Threads::More, false)] {
            // A seal binds a thread and its children, so a thread of its own leaves the other tests free.
            let sealed = thread::spawn(move || {
                let (mut source, mut other) =
                    (File::open("/proc/self/status").expect("opened"), File::open("/proc/self/status").expect("opened"));
                // A program is found before it is started.
                let mut program = Command::new("/bin/true");
                apply(source.as_fd(), threads, refused()).expect("sealed");
                let grown = vec![7_u8; 40 << 20];
                let denied = [
                    File::open("/dev/null").is_err(),
                    UdpSocket::bind("127.0.0.1:0").is_err(),
                    UnixStream::pair().is_err(),
                    other.read(&mut [0; 8]).is_err(),
                    program.spawn().is_err(),
                    // A thread is sealed as the one that starts it.
                    thread::Builder::new()
                        .spawn(|| File::open("/dev/null").is_err())
                        .map_or(without_thread, |thread| !without_thread && thread.join().expect("it ends")),
                ];
                let left = source.read(&mut [0; 8]).is_ok() && std::io::stderr().write_all(b"\n").is_ok();
                (grown.iter().all(|byte| *byte == 7), denied, left)
            });
            assert_eq!(sealed.join().expect("the thread ends"), (true, [true; 6], true), "{threads:?}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test starts itself again to be sealed as a whole")]
    fn what_is_not_left_ends_the_process_and_it_may_abort() {
        const CHILD: &str = "CROFT_TEST_SEALED";
        if let Ok(child) = std::env::var(CHILD) {
            let (threads, act) = child.split_once(' ').expect("two words");
            seal(std::io::stdin().as_fd(), if threads == "One" { Threads::One } else { Threads::More }).expect("sealed");
            match act {
                "abort" => std::process::abort(),
                _ => drop(UdpSocket::bind("127.0.0.1:0")),
            }
            return;
        }
        for threads in [Threads::One, Threads::More] {
            for (act, expected) in [("connect", libc::SIGSYS), ("abort", libc::SIGABRT)] {
                // This test alone, once more, as a process of its own.
                let mut child = Command::new(std::env::current_exe().expect("a path"));
                child.args(["--exact", "seal::tests::what_is_not_left_ends_the_process_and_it_may_abort"]);
                child.env(CHILD, format!("{threads:?} {act}"));
                let status = child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("started");
                assert_eq!(status.signal(), Some(expected), "{threads:?} {act}");
            }
        }
    }
}
