//! Memory and processor time of the processes below one that we started, from `/proc` (proc(5)).

use std::{collections::BTreeMap, fs};

/// A process below ours.
pub(super) struct Process {
    pid: u32,
    /// The role that it carries, from its command line.
    pub(super) role: String,
}

/// Every process below `root`, itself not included.
pub(super) fn below(root: u32) -> Vec<Process> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(pid) = pid
            && let Some(parent) = stat(pid).and_then(|fields| fields.get(1)?.parse().ok())
        {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        for pid in children.get(&parent).into_iter().flatten() {
            open.push(*pid);
            found.push(Process { pid: *pid, role: role(*pid) });
        }
    }
    found
}

/// The process `pid`, if it is there.
pub(super) fn itself(pid: u32) -> Option<Process> {
    stat(pid).map(|_| Process { pid, role: role(pid) })
}

impl Process {
    /// Its proportional share of memory in bytes; pages that several processes use are split between them.
    pub(super) fn proportional_bytes(&self) -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).unwrap_or_default();
        let kibibytes = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse::<u64>().ok());
        kibibytes.unwrap_or(0) * 1024
    }
}

/// Seconds of processor time that these processes have used so far.
pub(super) fn processor_seconds(processes: &[Process]) -> f64 {
    // USER_HZ is 100 on every Linux that Croft runs on.
    let ticks = |process: &Process| -> f64 {
        let fields = stat(process.pid).unwrap_or_default();
        [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<f64>().ok()).sum()
    };
    processes.iter().map(ticks).sum::<f64>() / 100.0
}

/// The fields of `/proc/PID/stat` behind the program's name: state is 0, parent 1, user time 11, system time 12.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn role(pid: u32) -> String {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split('\0').nth(1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_found_with_its_memory() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = below(std::process::id());
        let process = found.iter().find(|process| process.pid == child.id());
        let bytes = process.map(Process::proportional_bytes);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(bytes.is_some_and(|bytes| bytes > 0), "{bytes:?}");
    }
}
