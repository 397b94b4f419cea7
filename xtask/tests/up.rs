//! `cargo xtask up` with a supervisor that does nothing but tell how it was started: what is kept, what ends, what is said.
#![cfg(test)]

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Time for anything that a test waits for, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Appends its process id and what it was handed to `started`, then does `then`.
fn supervisor(folder: &Path, then: &str) -> PathBuf {
    let path = folder.join("croftd");
    let started = folder.join("started");
    let script = format!(
        "#!/bin/sh\nset -- $$ \"$@\" \"$LISTEN_FDS\" \"$LISTEN_FDNAMES\" $(readlink /proc/$$/fd/3) $(readlink /proc/$$/fd/4)\necho \"$*\" >> {}\n{then}\n",
        started.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn up(folder: &Path, then: &str, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["up", "--home"]).arg(folder.join("box")).args(arguments);
    command.env("CROFT_CROFTD", supervisor(folder, then)).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

const FREE: [&str; 4] = ["--port", "0", "--http-port", "0"];

/// The lines of `started` once there are `count`.
fn started(folder: &Path, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    until(&format!("{count} starts"), || {
        let text = fs::read_to_string(folder.join("started")).unwrap_or_default();
        lines = text.lines().map(str::to_owned).collect();
        lines.len() >= count
    });
    lines
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10)); // waits: between two looks at a file or process of somebody else
    }
}

fn pid(line: &str) -> i32 {
    line.split(' ').next().unwrap().parse().unwrap()
}

fn is_gone(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_err()
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

fn ended(child: Child) -> (bool, String) {
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.success(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

#[test]
fn the_supervisor_gets_its_listeners_and_ends_when_up_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let up = up(folder.path(), "exec sleep 1000", &FREE);
    let line = started(folder.path(), 1).remove(0);
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[1..3], ["supervisor", "--home"], "{line}");
    assert_eq!(words[4..6], ["2", "https:http"], "{line}");
    assert!(words[6].starts_with("socket:[") && words[7].starts_with("socket:[") && words[6] != words[7], "{line}");
    send(&up, Signal::SIGTERM);
    let (ok, said) = ended(up);
    assert!(ok, "{said}");
    assert!(is_gone(pid(&line)));
}

#[test]
fn a_killed_supervisor_is_started_again_with_the_same_listeners() {
    let folder = tempfile::tempdir().unwrap();
    let up = up(folder.path(), "exec sleep 1000", &FREE);
    for count in 1..=5 {
        let lines = started(folder.path(), count);
        kill(Pid::from_raw(pid(&lines[count - 1])), Signal::SIGKILL).unwrap();
    }
    let lines = started(folder.path(), 6);
    let sockets = |line: &String| line.split(' ').skip(6).map(str::to_owned).collect::<Vec<_>>();
    assert!(lines.iter().all(|line| sockets(line) == sockets(&lines[0])), "{lines:?}");
    send(&up, Signal::SIGINT);
    assert!(ended(up).0);
}

#[test]
fn nothing_outlives_an_up_that_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = up(folder.path(), "exec sleep 1000", &FREE);
    let supervisor = pid(&started(folder.path(), 1)[0]);
    up.kill().unwrap();
    up.wait().unwrap();
    until("the end of the supervisor", || is_gone(supervisor));
}

#[test]
fn a_supervisor_that_cannot_start_is_not_started_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let (ok, said) = ended(up(folder.path(), "echo the store is torn >&2; exit 3", &FREE));
    assert!(!ok && said.contains("the store is torn") && said.contains("the supervisor does not start"), "{said}");
    assert_eq!(started(folder.path(), 3).len(), 3);
}

#[test]
fn a_taken_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("[::]:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (ok, said) = ended(up(folder.path(), "exec sleep 1000", &["--port", &port, "--http-port", "0"]));
    assert!(!ok && said.contains(&format!("port {port} is taken")) && said.contains("--port N"), "{said}");
}
