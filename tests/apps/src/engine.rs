//! An engine without a box, in a folder of its own; gone with the test, however it ends.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::Inside;

/// An engine that runs.
#[derive(Debug)]
pub struct TestEngine {
    home: tempfile::TempDir,
    xtask: Option<Child>,
}

impl TestEngine {
    /// Starts one.
    ///
    /// # Panics
    /// It does not start: the tests are not run by root, or something is not built.
    #[must_use]
    pub fn start() -> Self {
        let mut engine = Self { home: tempfile::Builder::new().prefix("croft-engine").tempdir().expect("a folder"), xtask: None };
        engine.go_on();
        engine
    }

    /// Starts it again in its folder, after [`Self::kill`].
    ///
    /// # Panics
    /// It does not start.
    pub fn go_on(&mut self) {
        let mut command = Command::new(binary("xtask"));
        command.arg("engine").arg("--home").arg(self.home.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("xtask runs");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        out.read_line(&mut line).expect("it says something");
        if !line.starts_with("ready ") {
            let mut said = String::new();
            let _ = child.kill();
            let _ = child.stderr.take().expect("piped").read_to_string(&mut said);
            panic!("the engine does not start: {line}{said}");
        }
        self.xtask = Some(child);
    }

    /// Ends it as a loss of power does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.xtask.take() {
            let process = self.folder().join("process/ns");
            let _ = child.kill();
            let _ = child.wait();
            while std::fs::metadata(&process).is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(5)); // waits: for the end of processes, by polling
            }
        }
    }

    /// Ends it in order, as Ctrl-C does.
    pub fn end(&mut self) {
        if let Some(mut child) = self.xtask.take() {
            if let Ok(pid) = i32::try_from(child.id()) {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
            }
            let _ = child.wait();
        }
    }

    /// The folder of the box that it is of.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.home.path().join("run/engine")
    }

    /// Its world.
    #[must_use]
    pub fn inside(&self) -> Inside {
        Inside::of(&self.folder())
    }
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        // It cleans up by itself.
        self.end();
    }
}

/// A binary of this workspace, beside the test's own.
fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test's path");
    let path = test.ancestors().nth(2).unwrap_or(Path::new(".")).join(name);
    assert!(path.is_file(), "{} is not built: run `cargo build --workspace`", path.display());
    path
}
