//! From power-on to an answer, beside a bare Debian with the same kernel in the same emulator.

use std::{fmt::Write, fs, path::PathBuf};

use miette::{IntoDiagnostic, WrapErr};

use super::{
    emulated::Emulated,
    report::{self, Spread},
};
use crate::{
    image::{self, Made},
    tools_root::{self, ToolsRoot},
    tree::Tree,
    vm,
};

/// Starts of each, in turn, after a first one that makes and formats what is missing.
const ROUNDS: usize = 3;
/// The aim: at most this many times the bare Debian's start.
const AIM: f64 = 1.2;
const BARE: &str = include_str!("bare.conf");
/// What agetty shows when a system is up.
const PROMPT: &str = "bare login:";

/// Starts appliance and bare Debian in turn.
pub(super) fn run(tree: &Tree, made: &Made) -> miette::Result<()> {
    let bare = bare_debian(tree)?;
    let mut appliance = Emulated::new(tree, "appliance", &made.file("raw"))?;
    let mut peer = Emulated::new(tree, "bare", &bare)?;
    let first = appliance.start(tree, |machine| vm::answers(tree, machine.ports().0))?;
    appliance.shut_down();
    peer.start(tree, |machine| machine.console().contains(PROMPT))?;
    peer.shut_down();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(appliance.start(tree, |machine| vm::answers(tree, machine.ports().0))?.as_secs_f64());
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
