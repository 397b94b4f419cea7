//! The second wall around a role, put up by the process itself before it reads its first byte from anybody: Landlock.
//!
//! The first wall is the unit file on the appliance. This one stands on every machine, also for a developer's child processes.
//! A process that reads what strangers made is [`seal`]ed on top, and is left with memory and two descriptors.
//! Owns: what a role may still open once it runs ([`Walls`]). Needs: the directories it was handed. Never: a path.

mod seal;

use std::os::fd::BorrowedFd;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope,
};

pub use seal::{SealError, Threads, seal};

/// The newest rules that this release names. An older kernel enforces what it knows of them (`landlock(7)`).
const RULES: ABI = ABI::V6;

/// What stays open to a process. Everything else of the file system is closed, and so is binding any TCP socket: listeners are inherited. Nothing is
/// dialled, unless it says so.
#[derive(Debug, Clone, Copy, Default)]
pub struct Walls<'a> {
    /// Directories below which the process reads and writes.
    pub writable: &'a [BorrowedFd<'a>],
    /// Directories below which the process reads.
    pub readable: &'a [BorrowedFd<'a>],
    /// Files, and directories below which files are, that the process reads and executes.
    pub runnable: &'a [BorrowedFd<'a>],
    /// Whom the process calls over TCP.
    pub calls: Calls,
}

/// Whom a process may call over TCP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Calls {
    /// Nobody.
    #[default]
    Nobody,
    /// Anybody; the kernel tells ports apart and not machines, so whom is for the process to judge.
    Anybody,
}

/// How much of the wall the kernel puts up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforced {
    /// All of it.
    Fully,
    /// What this kernel knows.
    Partly,
    /// The kernel has no Landlock.
    No,
}

/// The wall could not be put up.
#[derive(Debug, thiserror::Error)]
#[error("the process cannot be confined (Landlock)")]
pub struct SandboxError(#[from] RulesetError);

/// Confines the calling thread and all threads it starts from now on, for good. Call it before the runtime starts.
///
/// # Errors
/// The kernel knows Landlock and refuses the rules.
pub fn confine(walls: Walls<'_>) -> Result<Enforced, SandboxError> {
    let all = AccessFs::from_all(RULES);
    let closed = match walls.calls {
        Calls::Nobody => AccessNet::from_all(RULES),
        Calls::Anybody => AccessNet::BindTcp.into(),
    };
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .handle_access(closed)?
        .scope(Scope::from_all(RULES))?
        .create()?;
    for directory in walls.writable {
        rules = rules.add_rule(PathBeneath::new(directory, all))?;
    }
    for directory in walls.readable {
        rules = rules.add_rule(PathBeneath::new(directory, AccessFs::ReadFile | AccessFs::ReadDir))?;
    }
    for program in walls.runnable {
        rules = rules.add_rule(PathBeneath::new(program, AccessFs::Execute | AccessFs::ReadFile))?;
    }
    Ok(match rules.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Enforced::Fully,
        RulesetStatus::PartiallyEnforced => Enforced::Partly,
        RulesetStatus::NotEnforced => Enforced::No,
    })
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        net::{TcpListener, TcpStream},
        os::fd::AsFd,
        thread,
    };

    use super::*;

    #[test]
    fn only_the_handed_directory_stays_open_and_nothing_is_dialled() {
        let [mine, shown, other] = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
        for folder in [&shown, &other] {
            fs::write(folder.path().join("secret"), "secret").expect("written");
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let [inside, beside, outside] = [&mine, &shown, &other].map(|folder| folder.path().to_owned());
        // Landlock binds a thread and its children, so a thread of its own leaves the other tests free.
        let confined = thread::spawn(move || {
            let [directory, readable] = [&inside, &beside].map(|folder| File::open(folder).expect("opened before"));
            let walls = Walls { writable: &[directory.as_fd()], readable: &[readable.as_fd()], ..Walls::default() };
            let enforced = confine(walls).expect("confined");
            let only_read = fs::read(beside.join("secret")).is_ok() && fs::write(beside.join("new"), "x").is_err();
            let written = fs::write(inside.join("file"), "x").is_ok();
            let read = fs::read(outside.join("secret")).is_ok();
            let made = fs::write(outside.join("new"), "x").is_ok();
            let dialled = TcpStream::connect(address).is_ok();
            (enforced, written, only_read, read, made, dialled)
        });
        let (enforced, written, only_read, read, made, dialled) = confined.join().expect("the thread ends");
        assert_ne!(enforced, Enforced::No, "this kernel must have Landlock");
        assert_eq!((written, only_read, read, made, dialled), (true, true, false, false, false));
    }

    #[test]
    fn who_calls_others_is_called_by_nobody() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let confined = thread::spawn(move || {
            confine(Walls { calls: Calls::Anybody, ..Walls::default() }).expect("confined");
            (TcpStream::connect(address).is_ok(), TcpListener::bind("127.0.0.1:0").is_ok(), File::open("/proc/self/status").is_ok())
        });
        assert_eq!(confined.join().expect("the thread ends"), (true, false, false));
    }
}
