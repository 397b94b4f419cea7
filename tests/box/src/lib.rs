//! A whole box for a test: started by `cargo xtask up` as a person would, stopped and cleaned away when the test ends, however it ends.
//!
//! Owns: [`TestBox`]. Needs: the binaries of this workspace, built (`cargo xtask test` builds them first).

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test's own tools fail by panicking, which is how a test fails"
)]

mod computer;
mod disks;
mod household;
mod machine;
mod plain;
mod processes;
mod programs;
mod wire;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

pub use computer::{Computer, SyncClient, Tree, tree};
pub use household::{PASSPHRASE, Visitor};
pub use machine::Machine;
pub use plain::Plain;
pub use processes::{Process, kill, processes_below};
pub use programs::{Rclone, cadaver};
pub use wire::Wire;

/// Time for a cold start on a loaded machine; a start takes about a second.
const START: Duration = Duration::from_secs(60);
/// Time for an orderly end.
const END: Duration = Duration::from_secs(40);

/// A running box in a folder of its own.
pub struct TestBox {
    /// The folder; removed with the box.
    pub home: tempfile::TempDir,
    /// `https://localhost:PORT`.
    pub origin: String,
    /// `http://localhost:PORT` of the page that hands out the certificate.
    pub plain: String,
    up: Option<Child>,
    /// Its own disks, where it has some.
    disks: Option<disks::Disks>,
    engine: Engine,
}

/// How a box is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// By `ana`, with [`PASSPHRASE`].
    ByAna,
    /// Fresh from the image.
    Not,
}

/// Whether a box has an engine of apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    None,
    Own,
}

impl TestBox {
    /// Starts a box and waits until it answers.
    #[must_use]
    pub fn start(claimed: Claimed) -> Self {
        Self::start_in(&std::env::temp_dir(), claimed)
    }

    /// The same, in a new folder in `folder`.
    ///
    /// # Panics
    /// It does not come up.
    #[must_use]
    pub fn start_in(folder: &Path, claimed: Claimed) -> Self {
        Self::start_with(folder, claimed, None, Engine::None)
    }

    /// The same with disks of its own that make a pool: `2x1G`. It takes root.
    ///
    /// # Panics
    /// It does not come up.
    #[must_use]
    pub fn start_with_disks(claimed: Claimed, disks: &str) -> Self {
        Self::start_with(&std::env::temp_dir(), claimed, Some(disks), Engine::None)
    }

    /// The same with an engine of apps of its own. It takes root.
    ///
    /// # Panics
    /// It does not come up.
    #[must_use]
    pub fn start_with_apps(claimed: Claimed) -> Self {
        Self::start_with(&std::env::temp_dir(), claimed, None, Engine::Own)
    }

    fn start_with(folder: &Path, claimed: Claimed, disks: Option<&str>, engine: Engine) -> Self {
        let home = tempfile::Builder::new().prefix("croft-box-").tempdir_in(folder).expect("a folder");
        let disks = disks.map(|wanted| disks::Disks::new(home.path(), wanted));
        let (port, plain_port) = (free_port(), free_port());
        let (origin, plain) = (format!("https://localhost:{port}"), format!("http://localhost:{plain_port}"));
        let mut this = Self { home, origin, plain, up: None, disks, engine };
        let claim = (claimed == Claimed::ByAna).then(|| format!("ana:{PASSPHRASE}"));
        if let Err(said) = this.spawn(port, plain_port, claim.as_deref()) {
            panic!("the box did not start:\n{said}");
        }
        this
    }

    /// Starts the box again in the same folder, at the same ports.
    pub fn start_again(&mut self) {
        assert!(self.up.is_none(), "the box still runs");
        if let Err(said) = self.spawn(port_of(&self.origin), port_of(&self.plain), None) {
            panic!("the box did not start again:\n{said}");
        }
    }

    /// Tries to start the box again and gives what it said when it did not come up.
    ///
    /// # Errors
    /// The output of the failed start: what most callers hope for.
    pub fn try_start_again(&mut self) -> Result<(), String> {
        self.spawn(port_of(&self.origin), port_of(&self.plain), None)
    }

    /// Ends the box in order, as Ctrl-C does.
    pub fn stop(&mut self) {
        let Some(mut up) = self.up.take() else { return };
        kill(up.id(), nix::sys::signal::Signal::SIGINT);
        let begun = Instant::now();
        while begun.elapsed() < END {
            if up.try_wait().expect("waited for").is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20)); // waits: for the end of a child, by polling
        }
        let _ = up.kill();
        let _ = up.wait();
        panic!("the box did not end within {END:?}");
    }

    /// Kills everything at once, as a pulled plug does to processes.
    pub fn pull_the_plug(&mut self) {
        let Some(mut up) = self.up.take() else { return };
        // Held still, `up` starts nothing again while its box is killed.
        kill(up.id(), nix::sys::signal::Signal::SIGSTOP);
        let (begun, mut killed) = (Instant::now(), Vec::new());
        loop {
            let below: Vec<Process> = processes_below(up.id()).into_iter().filter(Process::is_alive).collect();
            below.iter().for_each(|process| kill(process.pid, nix::sys::signal::Signal::SIGKILL));
            killed.extend(below);
            if killed.iter().all(|process| !process.is_alive()) {
                break;
            }
            assert!(begun.elapsed() < END, "killed processes do not end: {killed:?}");
            std::thread::sleep(Duration::from_millis(5)); // waits: for the end of processes, by polling
        }
        up.kill().expect("killed");
        up.wait().expect("waited for");
        // The first thread of a process may be gone while others, on their way out, still hold its ports.
        while [&self.origin, &self.plain].into_iter().any(|origin| is_taken(port_of(origin))) {
            assert!(begun.elapsed() < END, "the ports of a killed box stay taken");
            std::thread::sleep(Duration::from_millis(5)); // waits: for the kernel to close ports, by polling
        }
    }

    /// The processes of the box now, `up` itself left out.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        self.up.as_ref().map(|up| processes_below(up.id())).unwrap_or_default()
    }

    /// Runs `croft --home HOME ARGS…`; its standard output, or on failure everything that it said.
    ///
    /// # Errors
    /// The command's exit status is not zero: its standard error.
    pub fn croft(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(binary("croft")).arg("--home").arg(self.home.path()).args(arguments).output().expect("croft is built");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Path of a file below the home.
    #[must_use]
    pub fn path(&self, below: &str) -> PathBuf {
        self.home.path().join(below)
    }

    fn spawn(&mut self, port: u16, plain_port: u16, claim: Option<&str>) -> Result<(), String> {
        let mut command = Command::new(binary("xtask"));
        command
            .arg("up")
            .arg("--home")
            .arg(self.home.path())
            .args(["--port", &port.to_string(), "--http-port", &plain_port.to_string()])
            .env("CROFT_CROFTD", binary("croftd"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(claim) = claim {
            command.args(["--claim", claim]);
        }
        if let Some(disks) = &self.disks {
            command.args(["--disks", &disks.wanted]);
        }
        if self.engine == Engine::Own {
            command.arg("--apps");
        }
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let (sender, lines) = mpsc::channel();
        follow(child.stdout.take().expect("piped"), sender.clone());
        follow(child.stderr.take().expect("piped"), sender);
        let (begun, mut said) = (Instant::now(), String::new());
        while begun.elapsed() < START {
            match lines.recv_timeout(Duration::from_millis(200)) {
                Ok(line) => {
                    let ready = line.starts_with("ready ");
                    said.push_str(&line);
                    said.push('\n');
                    if ready {
                        self.up = Some(child);
                        // The pipes stay read to the end of the test, so that no process blocks on them.
                        std::thread::spawn(move || lines.into_iter().for_each(drop));
                        return Ok(());
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        Err(said)
    }
}

impl Drop for TestBox {
    fn drop(&mut self) {
        self.pull_the_plug();
        // Before its folder goes, which they are mounted on.
        drop(self.disks.take());
    }
}

fn follow(pipe: impl std::io::Read + Send + 'static, sender: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if std::env::var_os("CROFT_TEST_ECHO").is_some() {
                eprintln!("{line}");
            }
            if sender.send(line).is_err() {
                return;
            }
        }
    });
}

/// A binary of this workspace, beside the test's own.
///
/// # Panics
/// It is not built.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test's path");
    let folder = test.ancestors().nth(2).unwrap_or(Path::new("."));
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not built: run `cargo build --workspace`", path.display());
    path
}

/// A port that nobody listened on a moment ago, below those that the kernel gives to outgoing connections: a box that is started again must
/// find it free.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id().wrapping_mul(16);
        let port = 20_000 + u16::try_from(step % 12_000).expect("below 12000");
        if !is_taken(port) {
            return port;
        }
    }
}

/// Whether somebody listens on `port`, over IPv4 or IPv6.
fn is_taken(port: u16) -> bool {
    ["0.0.0.0", "::"].into_iter().any(|address| {
        let bound = std::net::TcpListener::bind((address, port));
        bound.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
    })
}

fn port_of(origin: &str) -> u16 {
    origin.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an origin with a port")
}

/// SHA-256 of the certificate in `bytes` (PEM or DER), in upper-case hexadecimal digits.
///
/// # Panics
/// The PEM cannot be read.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    let der = der_of(bytes);
    hex::encode_upper(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der))
}

fn der_of(bytes: &[u8]) -> Vec<u8> {
    use base64::Engine;
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    if !text.contains("-----BEGIN") {
        return bytes.to_vec();
    }
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::prelude::BASE64_STANDARD.decode(body.trim()).expect("PEM")
}
