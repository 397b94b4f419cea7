//! From power-on to an answer, beside a bare Debian with the same kernel in the same emulator; and the memory that the whole appliance takes.

use std::{fmt::Write, fs, path::PathBuf};

use miette::{IntoDiagnostic, WrapErr};

use super::{
    CLAIM, PERSON,
    emulated::Emulated,
    report::{self, Spread},
};
use crate::{
    image::{self, Made},
    run,
    tools_root::{self, ToolsRoot},
    tree::Tree,
    up::{Claimant, Door},
};

/// Starts of each, in turn, after a first one that makes and formats what is missing.
const ROUNDS: usize = 3;
/// The aim: at most this many times the bare Debian's start.
const AIM: f64 = 1.2;
/// Memory of the machines, in MiB.
const MEMORY: u32 = 1024;
const BARE: &str = include_str!("bare.conf");
/// What agetty shows when a system is up.
const PROMPT: &str = "bare login:";

/// Starts appliance and bare Debian in turn.
pub(super) fn run(tree: &Tree, made: &Made) -> miette::Result<()> {
    let bare = bare_debian(tree)?;
    let mut appliance = Emulated::new(tree, "appliance", &made.file("raw"), MEMORY)?;
    let mut peer = Emulated::new(tree, "bare", &bare, MEMORY)?;
    let first = appliance.start(tree, |machine| answers(tree, machine))?;
    appliance.shut_down();
    peer.start(tree, |machine| machine.console().contains(PROMPT))?;
    peer.shut_down();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(appliance.start(tree, |machine| answers(tree, machine))?.as_secs_f64());
        appliance.shut_down();
        theirs.push(peer.start(tree, |machine| machine.console().contains(PROMPT))?.as_secs_f64());
        peer.shut_down();
    }
    let (ours, theirs) = (Spread::of(ours), Spread::of(theirs));
    let mut table = "| from power-on to | min | median | max | median, of the bare Debian's |\n|---|---|---|---|---|\n".to_owned();
    for (what, times) in [("`/healthz` of the appliance, s", &ours), ("the prompt of a bare Debian, s", &theirs)] {
        let ratio = times.median / theirs.median;
        let _ = writeln!(table, "| {what} | {:.1} | {:.1} | {:.1} | {ratio:.2} |", times.min, times.median, times.max);
    }
    let _ = writeln!(
        table,
        "\nThe aim is {AIM}. The appliance's first start, with the data partition made and formatted: {:.1} s, {:.2} of a later one.",
        first.as_secs_f64(),
        first.as_secs_f64() / ours.median
    );
    report::publish(tree, "boot", &table)
}

/// Memory of the whole machine once it is claimed and a worker is awake.
pub(super) fn idle(tree: &Tree, made: &Made) -> miette::Result<()> {
    let mut machine = Emulated::new(tree, "appliance", &made.file("raw"), MEMORY)?;
    machine.start(tree, |machine| answers(tree, machine) && machine.told("pairing code").is_some())?;
    let plain = format!("http://localhost:{}/ca.crt", machine.ports().1);
    run::read(
        run::program(tree, "curl").args(["--silent", "--fail", "--noproxy", "*", "--output"]).arg(machine.home().join("ca.pem")).arg(plain),
    )?;
    fs::write(machine.home().join("pairing-code"), machine.told("pairing code").unwrap_or_default()).into_diagnostic()?;
    let claimant = Claimant::parse(CLAIM).map_err(|error| miette::miette!("{error}"))?;
    let door = Door::new(machine.home(), machine.ports().0);
    door.claim(&claimant)?;
    let said = machine.shell(&format!("croft token new {PERSON} --name bench"))?;
    let credentials = format!("{PERSON}:{}", said.split_whitespace().last().unwrap_or_default());
    let url = format!("{}/dav/files/{PERSON}/", door.origin());
    let mut curl = run::program(tree, "curl");
    curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--request", "PROPFIND", "--header", "depth: 1", "--cacert"]);
    run::read(curl.arg(machine.home().join("ca.pem")).args(["--user", &credentials]).arg(url))?;
    let memory = machine.shell("cat /proc/meminfo")?;
    let mebibytes = |name: &str| -> miette::Result<f64> {
        let line = memory.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kibibytes: f64 =
            line.and_then(|line| line.split_whitespace().next()?.parse().ok()).ok_or_else(|| miette::miette!("no {name} in {memory}"))?;
        Ok(kibibytes / 1024.0)
    };
    let (total, available) = (mebibytes("MemTotal")?, mebibytes("MemAvailable")?);
    let mut table =
        format!("| a machine with {MEMORY} MiB, claimed, one worker awake | MiB | of what the kernel leaves |\n|---|---|---|\n");
    for (what, figure) in
        [("there for programs and files", total), ("taken, files in memory not counted", total - available), ("free for more", available)]
    {
        let _ = writeln!(table, "| {what} | {figure:.0} | {:.2} |", figure / total);
    }
    report::publish(tree, "idle-appliance", &table)
}

/// Whether the box says that it is well, trusted without a look: it is asked for nothing else.
fn answers(tree: &Tree, machine: &Emulated) -> bool {
    let mut curl = run::program(tree, "curl");
    curl.args(["--silent", "--insecure", "--fail", "--noproxy", "*", "--max-time", "3", "--output", "/dev/null"]);
    run::read(curl.arg(format!("https://localhost:{}/healthz", machine.ports().0))).is_ok()
}

/// A whole disk with the bare Debian.
fn bare_debian(tree: &Tree) -> miette::Result<PathBuf> {
    let work = tree.target().join("image-build/bare");
    fs::create_dir_all(work.join("mkosi.repart")).into_diagnostic()?;
    let write =
        |name: &str, text: &str| fs::write(work.join(name), text).into_diagnostic().wrap_err_with(|| format!("cannot write {name}"));
    write("mkosi.repart/00-esp.conf", "[Partition]\nType=esp\nFormat=vfat\nSizeMinBytes=512M\nCopyFiles=/boot:/\nCopyFiles=/efi:/\n")?;
    write("mkosi.repart/10-root.conf", "[Partition]\nType=root\nFormat=btrfs\nCopyFiles=/\nSizeMinBytes=2G\n")?;
    let ours = tree.read("image-build/mkosi.conf")?;
    let modules = ours.split_once("KernelModulesInitrdExclude=").and_then(|(_, rest)| rest.split_once("\nPackages="));
    let (modules, _) =
        modules.ok_or_else(|| miette::miette!("image-build/mkosi.conf has no list of the initrd's modules before its packages"))?;
    write("mkosi.conf", &BARE.replace("Packages=", &format!("KernelModulesInitrdExclude={modules}\nPackages=")))?;
    image::mkosi(tree, &ToolsRoot::new(tools_root::make(tree)?), &work, &["--incremental=yes"])?;
    Ok(work.join("out/bare.raw"))
}
