//! A box that another command needs: `up` in a process of its own, with a fresh folder and free ports, gone when it is dropped.

use std::{
    fs,
    io::{BufRead, BufReader},
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

/// A little more than `up` itself allows for an orderly end.
const END: Duration = Duration::from_secs(25);

/// What kind of box.
pub(crate) struct Wanted {
    /// Claimed for `NAME:PASSPHRASE`.
    pub(crate) claim: Option<String>,
    /// Optimised.
    pub(crate) release: bool,
    /// Where its lines go; to this terminal without it.
    pub(crate) log: Option<PathBuf>,
    /// The folder that its own is made in; the tree's build folder without it.
    pub(crate) on: Option<PathBuf>,
    /// With disks of its own, as [`super::Arguments`] has them.
    pub(crate) disks: Option<String>,
}

/// A running box.
pub(crate) struct Running {
    up: Child,
    home: PathBuf,
    url: String,
    plain_url: String,
}

impl Running {
    /// Starts a box and waits until it is ready.
    pub(crate) fn start(tree: &Tree, wanted: &Wanted) -> miette::Result<Self> {
        let on = wanted.on.clone().unwrap_or_else(|| tree.target());
        let home = on.join(format!("boxes/{}", std::process::id()));
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home).into_diagnostic().wrap_err("cannot make a folder for the box")?;
        let up = spawn(tree, wanted, &home, None)?;
        let mut this = Self { up, home, url: String::new(), plain_url: String::new() };
        this.wait(wanted)?;
        Ok(this)
    }

    /// Ends the box; its folder stays.
    pub(crate) fn end(&mut self) {
        if let Ok(pid) = i32::try_from(self.up.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let begun = Instant::now();
        while begun.elapsed() < END && matches!(self.up.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.up.kill();
        let _ = self.up.wait();
    }

    /// Starts it again after its end, without looking whether it is built, and waits until it is ready.
    pub(crate) fn again(&mut self, tree: &Tree, wanted: &Wanted) -> miette::Result<()> {
        let built = tree.target().join(if wanted.release { "release" } else { "debug" }).join("croftd");
        self.up = spawn(tree, wanted, &self.home, Some(&built))?;
        self.wait(wanted)
    }

    fn wait(&mut self, wanted: &Wanted) -> miette::Result<()> {
        let lines = self.up.stdout.take().ok_or_else(|| miette::miette!("the box has no output"))?;
        let mut lines = BufReader::new(lines).lines().map_while(Result::ok);
        let mut after = |word: &str| lines.find_map(|line| line.strip_prefix(word).map(|rest| rest.trim().to_owned()));
        let said = after("certificate ").zip(after("ready "));
        (self.plain_url, self.url) = said.ok_or_else(|| not_ready(wanted))?;
        // Read to the end, so that `up` never waits for a reader.
        thread::spawn(move || lines.for_each(drop));
        Ok(())
    }

    /// `https://localhost:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// `http://localhost:PORT` of the page that hands out the certificate.
    pub(crate) fn plain_url(&self) -> &str {
        &self.plain_url
    }

    /// The box's folder; removed with it.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The process of `up`, above all others of the box.
    pub(crate) fn pid(&self) -> u32 {
        self.up.id()
    }
}

fn spawn(tree: &Tree, wanted: &Wanted, home: &Path, built: Option<&Path>) -> miette::Result<Child> {
    let mut command = Command::new(tree.xtask());
    command.args(["up", "--port", "0", "--http-port", "0", "--home"]).arg(home);
    command.args(wanted.claim.iter().flat_map(|claim| ["--claim", claim]));
    command.args(wanted.disks.iter().flat_map(|disks| ["--disks", disks]));
    command.args(wanted.release.then_some("--release"));
    command.envs(built.map(|built| (super::CROFTD, built)));
    command.current_dir(tree.root()).stdin(Stdio::null()).stdout(Stdio::piped());
    if let Some(log) = &wanted.log {
        command.stderr(fs::File::options().append(true).create(true).open(log).into_diagnostic()?);
    }
    command.spawn().into_diagnostic().wrap_err("cannot start a box")
}

fn not_ready(wanted: &Wanted) -> miette::Report {
    let lines = wanted.log.as_ref().map_or_else(|| "its lines are above".into(), |log| format!("its lines are in {}", log.display()));
    miette::miette!(help = lines, "the box did not become ready")
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
        let mut disks = self.home.clone().into_os_string();
        disks.push(".disks");
        let _ = fs::remove_dir_all(disks);
        let _ = fs::remove_dir_all(&self.home);
    }
}
