//! A machine of the emulator for a measurement: `cargo xtask vm` in a process of its own, gone when it is dropped.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use miette::{IntoDiagnostic, WrapErr};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::tree::Tree;

/// Memory of a machine.
pub(super) const MEMORY_MIB: u32 = 1024;
/// Time for a start under emulation on a busy machine.
const START: Duration = Duration::from_secs(600);
/// A little more than `vm` itself allows for an orderly end.
const END: Duration = Duration::from_secs(130);
/// How often the console is looked at: short beside a start, which takes tens of seconds.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A disk in a folder of its own, which keeps what was written to it.
pub(super) struct Emulated {
    home: PathBuf,
    image: PathBuf,
    /// Of this machine, for its encrypted door and its plain page.
    ports: (u16, u16),
    vm: Option<Child>,
}

impl Emulated {
    /// A machine that is off, whose new disk is a copy of `image`.
    pub(super) fn new(tree: &Tree, name: &str, image: &Path) -> miette::Result<Self> {
        let home = tree.target().join(format!("boxes/{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home).into_diagnostic().wrap_err("cannot make a folder for the machine")?;
        Ok(Self { home, image: image.to_owned(), ports: free_ports().into_diagnostic()?, vm: None })
    }

    /// Switches it on and waits until it `is_up`; the time that it took.
    pub(super) fn start(&mut self, tree: &Tree, is_up: impl Fn(&Self) -> bool) -> miette::Result<Duration> {
        let _ = fs::remove_file(self.home.join("serial.log"));
        let (port, plain_port) = (self.ports.0.to_string(), self.ports.1.to_string());
        let mut command = Command::new(tree.xtask());
        command.args(["vm", "--probe", "--home"]).arg(&self.home).arg("--image").arg(&self.image);
        command.args(["--port", &port, "--http-port", &plain_port, "--memory", &MEMORY_MIB.to_string()]);
        command.current_dir(tree.root()).stdin(Stdio::null()).stdout(Stdio::null());
        self.vm = Some(command.spawn().into_diagnostic().wrap_err("cannot start the emulator")?);
        // The disk is made before the machine is switched on.
        let switched_on = self.wait(|this| this.home.join("serial.log").exists())?;
        let up = self.wait(is_up)?;
        Ok(up - switched_on)
    }

    /// The moment from which on `seen` holds.
    fn wait(&mut self, seen: impl Fn(&Self) -> bool) -> miette::Result<Instant> {
        let begun = Instant::now();
        while !seen(self) {
            let ended = self.vm.as_mut().is_none_or(|vm| !matches!(vm.try_wait(), Ok(None)));
            if ended || begun.elapsed() > START {
                let help = format!("its console is in {}", self.home.join("serial.log").display());
                return Err(miette::miette!(help = help, "the machine did not start"));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(Instant::now())
    }

    /// Everything that its console has said since it was switched on.
    pub(super) fn console(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.home.join("serial.log")).unwrap_or_default()).into_owned()
    }

    /// What the console says behind `word`.
    pub(super) fn told(&self, word: &str) -> Option<String> {
        self.console().lines().rev().find_map(|line| line.trim().strip_prefix(word).map(|rest| rest.trim().to_owned()))
    }

    /// Ports of this machine for its encrypted door and its plain page.
    pub(super) fn ports(&self) -> (u16, u16) {
        self.ports
    }

    /// Its folder.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// What a command prints inside, as root.
    pub(super) fn shell(&self, command: &str) -> miette::Result<String> {
        let mut shell = UnixStream::connect(self.home.join("probe.sock")).into_diagnostic()?;
        shell.set_read_timeout(Some(END)).into_diagnostic()?;
        writeln!(shell, "{command}").into_diagnostic()?;
        let mut text = String::new();
        for line in BufReader::new(shell).lines() {
            let line = line.into_diagnostic()?;
            match line.strip_prefix("probe-end ") {
                Some("0") => return Ok(text),
                Some(status) => return Err(miette::miette!("`{command}` ended with {status}: {text}")),
                None => text.push_str(&(line + "\n")),
            }
        }
        Err(miette::miette!("`{command}` has no answer"))
    }

    /// Presses its power button and waits until it is off.
    pub(super) fn shut_down(&mut self) {
        let Some(mut vm) = self.vm.take() else { return };
        if let Ok(pid) = i32::try_from(vm.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        }
        let begun = Instant::now();
        while begun.elapsed() < END && matches!(vm.try_wait(), Ok(None)) {
            thread::sleep(LOOK_EVERY);
        }
        let _ = vm.kill();
        let _ = vm.wait();
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        self.shut_down();
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// Two ports that nobody listens on.
fn free_ports() -> std::io::Result<(u16, u16)> {
    let (one, other) = (TcpListener::bind(("127.0.0.1", 0))?, TcpListener::bind(("127.0.0.1", 0))?);
    Ok((one.local_addr()?.port(), other.local_addr()?.port()))
}
