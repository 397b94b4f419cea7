//! Looking at and ending the processes that a test started, and only those.

use std::fs;

use nix::{sys::signal::Signal, unistd::Pid};

/// A process below the one that a test started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// The role it carries: `gateway`, `supervisor`, `sync`.
    pub role: String,
}

impl Process {
    /// Whether it still runs: a zombie holds nothing any more.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    }
}

/// Sends `signal` to a process that the test started; one that has ended meanwhile is no fault.
pub fn kill(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).expect("a process id");
    let _ = nix::sys::signal::kill(Pid::from_raw(pid), signal);
}

/// All processes below `root`, as `/proc` has them now.
#[must_use]
pub fn processes_below(root: u32) -> Vec<Process> {
    let all: Vec<(u32, u32)> = fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent_of(pid)?)))
        .collect();
    let (mut found, mut parents) = (Vec::new(), vec![root]);
    while let Some(parent) = parents.pop() {
        for (pid, _) in all.iter().filter(|(_, p)| *p == parent) {
            parents.push(*pid);
            found.push(Process { pid: *pid, role: role_of(*pid) });
        }
    }
    found
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn role_of(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    words.nth(1).unwrap_or_default()
}
