//! Making a process: fork, put everything in its place with nothing but async-signal-safe calls, execute a program by its descriptor.
//!
//! `std::process::Command` cannot do it: its own pipe may lie on a number that an inherited descriptor must have, and it executes by path,
//! which a user without right on the program's folder cannot follow.

use std::{
    ffi::CString,
    fs::File,
    io::{self, Read},
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
};

/// First number of the descriptors that are handed over, fixed by `sd_listen_fds(3)`.
const FIRST: RawFd = 3;
/// Copies of descriptors lie from here on before they are put in their place, above any place.
const ABOVE: RawFd = 256;
/// Digits that fit any process id, with the zero at the end.
const PID_DIGITS: usize = 12;
/// Name of the variable with the process id of the receiver.
const LISTEN_PID: &[u8] = b"LISTEN_PID=";

/// Arguments of `prctl`, which takes them as long numbers.
const ZERO: libc::c_ulong = 0;
const ONE: libc::c_ulong = 1;
const KILL: libc::c_ulong = 9;

/// A process that is to be made.
pub(crate) struct Process<'a> {
    pub(crate) program: &'a File,
    pub(crate) arguments: Vec<CString>,
    pub(crate) environment: Vec<CString>,
    /// In the order of their numbers from 3 on.
    pub(crate) descriptors: Vec<RawFd>,
    /// Where its output goes.
    pub(crate) output: RawFd,
    pub(crate) user: Option<u32>,
    /// Whether it keeps the power to read what belongs to others (`CAP_DAC_READ_SEARCH`) when its user changes.
    pub(crate) reads_all: bool,
    pub(crate) max_descriptors: u64,
    pub(crate) max_tasks: u64,
}

/// A process that was made: its id and a descriptor of it, which stays its own although ids are used again.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) pid: i32,
    pub(crate) pidfd: OwnedFd,
}

/// The step that failed, and how.
pub(crate) type Failed = (&'static str, io::Error);

/// Steps of the child, by the number that it reports.
const STEPS: [&str; 10] = [
    "leave the process group",
    "place its descriptors",
    "limit its descriptors",
    "limit its tasks",
    "change its groups",
    "change its group",
    "change its user",
    "bind its life to the supervisor's",
    "execute the program",
    "keep its power to read",
];

/// Everything that the child needs, prepared before the fork because nothing may be allocated after it.
struct Prepared {
    program: RawFd,
    sources: Vec<RawFd>,
    output: RawFd,
    null: RawFd,
    report: RawFd,
    pid_variable: Vec<u8>,
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    user: Option<u32>,
    reads_all: bool,
    max_descriptors: libc::rlimit,
    max_tasks: libc::rlimit,
    parent: i32,
}

/// Makes the process. It dies with the THREAD that calls this, so that has to be one that lives as long as the supervisor.
#[expect(unsafe_code, reason = "fork and what follows it have no safe form")]
pub(crate) fn make(process: &Process<'_>) -> Result<Made, Failed> {
    let null = File::open("/dev/null").map_err(|error| ("open /dev/null", error))?;
    let copies: Vec<OwnedFd> =
        process.descriptors.iter().map(|fd| copy_above(*fd)).collect::<io::Result<_>>().map_err(|error| ("copy its descriptors", error))?;
    let program = copy_above(process.program.as_raw_fd()).map_err(|error| ("copy its program", error))?;
    let output = copy_above(process.output).map_err(|error| ("copy its output", error))?;
    let (reader, writer) = report_pipe().map_err(|error| ("make a pipe", error))?;
    let mut prepared = Prepared {
        program: program.as_raw_fd(),
        sources: copies.iter().map(AsRawFd::as_raw_fd).collect(),
        output: output.as_raw_fd(),
        null: null.as_raw_fd(),
        report: writer.as_raw_fd(),
        pid_variable: [LISTEN_PID, &[0; PID_DIGITS]].concat(),
        arguments: pointers(&process.arguments),
        environment: Vec::new(),
        user: process.user,
        reads_all: process.reads_all && process.user.is_some(),
        max_descriptors: limit(process.max_descriptors.min(most_descriptors())),
        max_tasks: limit(process.max_tasks),
        parent: std::process::id().cast_signed(),
    };
    prepared.environment = std::iter::once(prepared.pid_variable.as_ptr().cast()).chain(pointers(&process.environment)).collect();
    // SAFETY: the child runs `become_role` only, which makes async-signal-safe calls on memory prepared above and never returns.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(("fork", io::Error::last_os_error())),
        0 => become_role(&mut prepared),
        pid => {
            drop(writer);
            adopt(pid, reader)
        }
    }
}

/// The parent's half: a descriptor of the child, and what the child reports before it has become the program.
#[expect(unsafe_code, reason = "pidfd_open has no wrapper")]
fn adopt(pid: i32, mut reader: File) -> Result<Made, Failed> {
    // SAFETY: the child is ours and not yet waited for, so its id is still its own.
    let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, libc::PIDFD_NONBLOCK) };
    let pidfd = i32::try_from(raw).ok().filter(|fd| *fd >= 0);
    let Some(pidfd) = pidfd else {
        let error = io::Error::last_os_error();
        reap(pid);
        return Err(("watch the process", error));
    };
    // SAFETY: pidfd_open gave us this descriptor.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    let mut report = [0_u8; 5];
    let mut filled = 0;
    while filled < report.len() {
        match reader.read(&mut report[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                reap(pid);
                return Err(("hear from the process", error));
            }
        }
    }
    if filled < report.len() {
        return Ok(Made { pid, pidfd });
    }
    let [step, errno @ ..] = report;
    reap(pid);
    Err((STEPS.get(usize::from(step)).copied().unwrap_or("start"), io::Error::from_raw_os_error(i32::from_ne_bytes(errno))))
}

/// Ends and waits for a child that did not become the program.
#[expect(unsafe_code, reason = "the child has no descriptor yet")]
fn reap(pid: i32) {
    // SAFETY: the child is ours and has not been waited for.
    unsafe {
        libc::kill(pid, libc::SIGKILL);
        libc::waitpid(pid, std::ptr::null_mut(), 0);
    }
}

/// The child's half. Only async-signal-safe calls (`signal-safety(7)`) and no allocation: other threads' locks are held for ever here.
#[expect(unsafe_code, reason = "raw system calls between fork and exec")]
fn become_role(prepared: &mut Prepared) -> ! {
    // SAFETY: all pointers lead to memory of `prepared` or of this stack, which nobody else touches in this process.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        check(prepared, 0, libc::setpgid(0, 0));
        check(prepared, 1, libc::dup2(prepared.null, 0));
        check(prepared, 1, libc::dup2(prepared.output, 1));
        check(prepared, 1, libc::dup2(prepared.output, 2));
        let mut place = FIRST;
        for source in &prepared.sources {
            check(prepared, 1, libc::dup2(*source, place));
            place += 1;
        }
        let closed = libc::syscall(libc::SYS_close_range, place, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
        check(prepared, 1, if closed == 0 { 0 } else { -1 });
        check(prepared, 2, libc::setrlimit(libc::RLIMIT_NOFILE, &raw const prepared.max_descriptors));
        if let Some(user) = prepared.user {
            check(prepared, 3, libc::setrlimit(libc::RLIMIT_NPROC, &raw const prepared.max_tasks));
            check(prepared, 4, libc::setgroups(0, std::ptr::null()));
            check(prepared, 5, libc::setresgid(user, user, user));
            if prepared.reads_all {
                check(prepared, 9, libc::prctl(libc::PR_SET_KEEPCAPS, ONE, ZERO, ZERO, ZERO));
            }
            check(prepared, 6, libc::setresuid(user, user, user));
            if prepared.reads_all {
                keep_reading(prepared);
            }
        }
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, ONE, ZERO, ZERO, ZERO);
        // After the change of user, which would clear it. A parent that died before this line is noticed by the line after it.
        check(prepared, 7, libc::prctl(libc::PR_SET_PDEATHSIG, KILL, ZERO, ZERO, ZERO));
        if libc::getppid() != prepared.parent {
            libc::_exit(1);
        }
        write_pid(&mut prepared.pid_variable[LISTEN_PID.len()..], libc::getpid());
        libc::syscall(
            libc::SYS_execveat,
            prepared.program,
            c"".as_ptr(),
            prepared.arguments.as_ptr(),
            prepared.environment.as_ptr(),
            libc::AT_EMPTY_PATH,
        );
        check(prepared, 8, -1);
        libc::_exit(127)
    }
}

/// Keeps one power of root's, beyond the program that is executed next, and gives up all others.
#[expect(unsafe_code, reason = "raw system calls between fork and exec")]
fn keep_reading(prepared: &Prepared) {
    /// Of `linux/capability.h`: the version with 64 bits, and the power to read and search whatever the permissions say.
    const VERSION: u32 = 0x2008_0522;
    const DAC_READ_SEARCH: libc::c_ulong = 2;
    let header: [u32; 2] = [VERSION, 0];
    let only = 1_u32 << DAC_READ_SEARCH;
    // Effective, permitted, inheritable; the lower half, then the upper one.
    let sets: [u32; 6] = [only, only, only, 0, 0, 0];
    // SAFETY: both structures are laid out as the kernel reads them and lie on this stack.
    unsafe {
        let set = libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr());
        check(prepared, 9, if set == 0 { 0 } else { -1 });
        check(prepared, 9, libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE as libc::c_ulong, DAC_READ_SEARCH, ZERO, ZERO));
    }
}

/// Reports a failed step with its errno and ends the child.
#[expect(unsafe_code, reason = "raw system calls between fork and exec")]
fn check(prepared: &Prepared, step: u8, result: libc::c_int) {
    if result >= 0 {
        return;
    }
    // SAFETY: errno is this thread's; the report lies on this stack; `_exit` runs no handlers of the parent's.
    unsafe {
        let [a, b, c, d] = (*libc::__errno_location()).to_ne_bytes();
        let report = [step, a, b, c, d];
        libc::write(prepared.report, report.as_ptr().cast(), report.len());
        libc::_exit(127);
    }
}

/// Writes `pid` in decimal digits and a zero, without allocating.
fn write_pid(place: &mut [u8], pid: i32) {
    let (mut digits, mut count, mut rest) = ([0_u8; PID_DIGITS], 0, pid.unsigned_abs());
    loop {
        digits[count] = b"0123456789"[(rest % 10) as usize];
        rest /= 10;
        count += 1;
        if rest == 0 {
            break;
        }
    }
    for (target, digit) in place.iter_mut().zip(digits[..count].iter().rev().chain(&[0])) {
        *target = *digit;
    }
}

fn pointers(texts: &[CString]) -> Vec<*const libc::c_char> {
    texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

/// What this process may have itself, which it cannot raise for others without being root.
fn most_descriptors() -> u64 {
    nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(_, hard)| hard)
}

fn limit(value: u64) -> libc::rlimit {
    libc::rlimit { rlim_cur: value, rlim_max: value }
}

/// A copy of a descriptor with a number above every place of inherited ones.
#[expect(unsafe_code, reason = "the copy is owned by number")]
fn copy_above(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC takes a number and gives a new descriptor or -1.
    let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, ABOVE) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: fcntl gave us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// The pipe by which the child reports a failure; executing the program closes it.
fn report_pipe() -> io::Result<(File, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    let writer = copy_above(writer.as_raw_fd())?;
    Ok((File::from(OwnedFd::from(reader)), writer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_ids_are_written_in_digits() {
        for pid in [1, 10, 4_194_304, i32::MAX] {
            let mut place = [b'x'; PID_DIGITS];
            write_pid(&mut place, pid);
            let end = place.iter().position(|byte| *byte == 0).expect("a zero");
            assert_eq!(std::str::from_utf8(&place[..end]).expect("digits"), pid.to_string());
        }
    }
}
