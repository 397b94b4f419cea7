//! `cargo xtask up`: a whole box on this machine.
//!
//! Holds the network listeners as systemd would, so that a restart of the supervisor refuses no connection; keeps the
//! supervisor running; takes everything down with itself.

mod disks;
mod door;
mod engine;
mod keeper;
mod listeners;
mod running;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use miette::{IntoDiagnostic, WrapErr};

pub(crate) use disks::{Arguments as DiskArguments, change as change_disks};
pub(crate) use door::{Claimant, Door};
pub(crate) use engine::{Arguments as EngineArguments, run as run_engine};
pub(crate) use running::{Running, Wanted};

use crate::{run, say, setup, tree::Tree, web};
use keeper::{Keeper, News};

/// A built `croftd` to run instead of building one; tests set it.
const CROFTD: &str = "CROFT_CROFTD";
/// Time for a first start on a slow machine; a usual one takes about a second.
const START: Duration = Duration::from_secs(60);
/// How often an unready box is asked.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Arguments of `up`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The box's folder.
    #[arg(long, default_value = "target/box")]
    home: PathBuf,
    /// Port for HTTPS; 0 takes a free one.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Port for the page that hands out the household's certificate; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    http_port: u16,
    /// Claims a fresh box for this person; the recovery kit is written to the box's folder.
    #[arg(long, value_name = "NAME:PASSPHRASE", value_parser = door::Claimant::parse)]
    claim: Option<door::Claimant>,
    /// Runs an optimised build.
    #[arg(long)]
    release: bool,
    /// Gives the box disks of its own to try things with, four of 2 GiB say; as root. They are files beside the box's folder and last.
    #[arg(long, value_name = "4x2G")]
    disks: Option<disks::Wanted>,
    /// Gives the box an engine of apps of its own; as root. Its images and containers lie in the box's folder and last.
    #[arg(long)]
    apps: bool,
}

/// Runs a box until somebody ends it.
pub(crate) fn run(tree: &Tree, arguments: &Arguments) -> miette::Result<()> {
    let listeners = listeners::Listeners::open(arguments.port, arguments.http_port)?;
    let home = fs::create_dir_all(&arguments.home)
        .and_then(|()| fs::canonicalize(&arguments.home))
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot make the box's folder {}", arguments.home.display()))?;
    let croftd = croftd(tree, arguments)?;
    // They go after everything that uses them has ended.
    let disks = arguments.disks.map(|wanted| disks::Disks::set_up(tree, &home, wanted)).transpose()?;
    // Its folder lies on the disks, so it goes before them.
    let engine = arguments.apps.then(|| engine::Engine::start(tree, &home)).transpose()?;
    let disks = disks.as_ref().map(|disks| (disks::VARIABLE, disks.folder().to_owned()));
    let engine = engine.as_ref().map(|engine| (engine::VARIABLE, engine.folder().to_owned()));
    serve(&home, &croftd, listeners, arguments.claim.as_ref(), disks.into_iter().chain(engine).collect())
}

/// The executable, built unless one was given.
fn croftd(tree: &Tree, arguments: &Arguments) -> miette::Result<PathBuf> {
    if let Some(given) = std::env::var_os(CROFTD) {
        return Ok(given.into());
    }
    setup::to_run(tree)?;
    web::build(tree)?;
    // The whole workspace, as the tests build it: a part of it would compile the same libraries with other features once more.
    let mut cargo = run::program(tree, "cargo");
    // Not quiet: the first time it takes minutes.
    cargo.args(["build", "--workspace"]);
    if arguments.release {
        cargo.arg("--release");
    }
    run::shown(&mut cargo)?;
    Ok(tree.target().join(if arguments.release { "release" } else { "debug" }).join("croftd"))
}

fn serve(
    home: &Path,
    croftd: &Path,
    listeners: listeners::Listeners,
    claimant: Option<&door::Claimant>,
    environment: Vec<(&'static str, PathBuf)>,
) -> miette::Result<()> {
    let door = Door::new(home, listeners.https_port());
    let plain = format!("http://localhost:{}", listeners.http_port());
    let mut keeper = Keeper::start(croftd, home, listeners, environment)?;
    if await_answer(&door, &mut keeper)? {
        if door.is_unclaimed()? {
            welcome(&door, claimant, home)?;
        }
        say::line(&format!("certificate  {plain}"));
        say::line(&format!("ready {}", door.origin()));
        while keeper.news(None)? == News::Nothing {}
    }
    keeper.stop()
}

/// Waits until the box answers. `false`: somebody ended it meanwhile.
fn await_answer(door: &Door, keeper: &mut Keeper) -> miette::Result<bool> {
    let begun = Instant::now();
    let mut last = None;
    while begun.elapsed() < START {
        match door.health() {
            Ok(()) => return Ok(true),
            Err(error) => last = Some(error),
        }
        if keeper.news(Some(ASK_EVERY))? == News::End {
            return Ok(false);
        }
    }
    let reason = last.map_or_else(String::new, |error| format!(": {error}"));
    Err(miette::miette!(help = "the lines above say what its roles did", "the box did not answer within {} s{reason}", START.as_secs()))
}

/// Claims the box for the person who was named, or tells how to.
fn welcome(door: &Door, claimant: Option<&door::Claimant>, home: &Path) -> miette::Result<()> {
    if let Some(claimant) = claimant {
        let kit = door.claim(claimant)?;
        let path = home.join("recovery-kit.txt");
        door::write_secret(&path, &kit).into_diagnostic().wrap_err("the recovery kit could not be kept")?;
        say::line(&format!("claimed for {}; the recovery kit is in {}", claimant.name(), path.display()));
        return Ok(());
    }
    let (code, fingerprint) = (door.pairing_code()?, door.fingerprint()?);
    say::line("This box is nobody's yet. Open it in a browser and claim it.");
    say::line(&format!("pairing code {code}"));
    say::line(&format!("fingerprint  {fingerprint}"));
    Ok(())
}
