//! Memory of a box that rests, with one worker awake: the proportional share of every process, summed by role; and of the whole appliance in the emulator.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use miette::IntoDiagnostic;

use super::{
    CLAIM, PERSON,
    emulated::{Emulated, MEMORY_MIB},
    processes, report,
};
use crate::{
    image::Made,
    run,
    tree::Tree,
    up::{Claimant, Door, Running},
    vm,
};

/// The aim for all roles together.
const AIM_MIB: f64 = 64.0;
const MIB: f64 = 1024.0 * 1024.0;

/// Measures `measured` after its worker has answered once.
pub(super) fn run(tree: &Tree, measured: &Running, credentials: &str) -> miette::Result<()> {
    wake_worker(tree, measured.url(), measured.home(), credentials)?;
    let mut roles: BTreeMap<String, f64> = BTreeMap::new();
    for process in processes::below(measured.pid()) {
        #[expect(clippy::cast_precision_loss, reason = "memory of a process is far below 2^52 bytes")]
        let mebibytes = process.proportional_bytes() as f64 / MIB;
        *roles.entry(process.role).or_default() += mebibytes;
    }
    let total: f64 = roles.values().sum();
    let mut table = "| role | memory (MiB, proportional) |\n|---|---|\n".to_owned();
    // Writing to a String cannot fail.
    for (role, mebibytes) in &roles {
        let _ = writeln!(table, "| {role} | {mebibytes:.1} |");
    }
    let _ = writeln!(table, "| **all** | **{total:.1}**, {:.2} of the aim of {AIM_MIB} |", total / AIM_MIB);
    report::publish(tree, "idle", &table)
}

/// Memory of the whole machine once it is claimed and a worker is awake.
pub(super) fn run_appliance(tree: &Tree, made: &Made) -> miette::Result<()> {
    let mut machine = Emulated::new(tree, "appliance", &made.file("raw"))?;
    machine.start(tree, |machine| vm::answers(tree, machine.ports().0) && machine.told("pairing code").is_some())?;
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
    wake_worker(tree, door.origin(), machine.home(), &credentials)?;
    let memory = machine.shell("cat /proc/meminfo")?;
    let mebibytes = |name: &str| -> miette::Result<f64> {
        let line = memory.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kibibytes: f64 =
            line.and_then(|line| line.split_whitespace().next()?.parse().ok()).ok_or_else(|| miette::miette!("no {name} in {memory}"))?;
        Ok(kibibytes / 1024.0)
    };
    let (total, available) = (mebibytes("MemTotal")?, mebibytes("MemAvailable")?);
    let mut table =
        format!("| a machine with {MEMORY_MIB} MiB, claimed, one worker awake | MiB | of what the kernel leaves |\n|---|---|---|\n");
    for (what, figure) in
        [("there for programs and files", total), ("taken, files in memory not counted", total - available), ("free for more", available)]
    {
        let _ = writeln!(table, "| {what} | {figure:.0} | {:.2} |", figure / total);
    }
    report::publish(tree, "idle-appliance", &table)
}

/// Looks at the person's files once. The folder `home` has the household's certificate.
fn wake_worker(tree: &Tree, origin: &str, home: &Path, credentials: &str) -> miette::Result<()> {
    let mut curl = run::program(tree, "curl");
    curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--request", "PROPFIND", "--header", "depth: 1"]);
    curl.args(["--user", credentials, "--cacert"]).arg(home.join("ca.pem"));
    run::read(curl.arg(format!("{origin}/dav/files/{PERSON}/"))).map(drop)
}
