//! The namespaces of an engine: programs and connections in them.

use std::{
    fs::File,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
    time::Duration,
};

use nix::sched::{CloneFlags, setns};

/// Where an engine is.
#[derive(Debug, Clone)]
pub struct Inside(PathBuf);

impl Inside {
    /// Of the engine whose folder this is: `HOME/run/engine`.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self(folder.join("process"))
    }

    /// Whether the engine runs.
    #[must_use]
    pub fn is_there(&self) -> bool {
        std::fs::metadata(self.0.join("ns")).is_ok()
    }

    /// The number of the engine's first process.
    ///
    /// # Panics
    /// The engine does not run.
    #[must_use]
    pub fn process(&self) -> String {
        let link = std::fs::read_link(&self.0).expect("the engine runs");
        link.file_name().expect("a process").to_string_lossy().into_owned()
    }

    /// A program of the root of tools, in the engine's world.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.process(), "--mount", "--net", "--pid", "--root", "--wd"]);
        command.args(["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "PODMAN_IGNORE_CGROUPSV1_WARNING=1", program]);
        command
    }

    /// Runs one to its end.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn output(&self, words: &[&str]) -> Output {
        let (program, arguments) = words.split_first().expect("a program");
        self.command(program).args(arguments).output().expect("nsenter runs")
    }

    /// The same; what it wrote.
    ///
    /// # Panics
    /// It fails.
    pub fn read(&self, words: &[&str]) -> String {
        let output = self.output(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Does `work` on a thread of its own in the engine's network.
    ///
    /// # Panics
    /// The engine does not run, or the work panics.
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let namespace = self.0.join("ns/net");
        let thread = thread::spawn(move || {
            setns(File::open(namespace).expect("the engine runs"), CloneFlags::CLONE_NEWNET).expect("entered");
            work()
        });
        thread.join().expect("the work is done")
    }

    /// A connection in the engine's network.
    ///
    /// # Errors
    /// Nobody takes it.
    pub fn connect(&self, to: SocketAddr) -> std::io::Result<TcpStream> {
        self.run(move || TcpStream::connect_timeout(&to, Duration::from_secs(5)))
    }
}
