//! `cargo xtask bench`: a box measured as people use it, beside a peer in the same run.
//!
//! Figures go to docs/reference/performance.md, between markers, with what it takes to repeat them.

mod boot;
mod emulated;
mod files;
mod idle;
mod load;
mod peer;
mod processes;
mod report;
mod servers;
mod sizes;
mod storage;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    image, run, setup,
    tree::Tree,
    up::{Running, Wanted},
};

/// Who claims the measured box.
const PERSON: &str = "ana";
const CLAIM: &str = "ana:measured twice is known once";

/// Arguments of `bench`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What to measure.
    what: What,
    /// Measures the build of the tests instead of an optimised one: quicker to get, of no use for comparing.
    #[arg(long)]
    quick_build: bool,
    /// A folder on the disk to measure on, for `files` and `storage`; without it the tree's own.
    #[arg(long)]
    on: Option<PathBuf>,
    /// Measures among a million files, too.
    #[arg(long)]
    million: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// From power-on to an answer of the appliance, beside a bare Debian. As root.
    Boot,
    /// Memory of all roles with one worker, when nothing happens; as root, of the whole appliance too.
    Idle,
    /// What the image weighs by part. As root.
    Image,
    /// What is done to disks, beside btrfs-progs; a space of a thousand snapshots; a cold start with eight disks. As root.
    Storage,
    /// Large and small files, a listing, and a second sync, beside nginx and Apache.
    Files,
}

/// Measures, prints and writes down.
pub(crate) fn run(tree: &Tree, arguments: &Arguments) -> miette::Result<()> {
    setup::to_run(tree)?;
    match arguments.what {
        What::Boot => boot::run(tree, &image::make_for_pc(tree, arguments.quick_build)?),
        What::Image => sizes::run(tree, &image::make_for_pc(tree, arguments.quick_build)?),
        What::Storage => {
            let on = arguments.on.clone().unwrap_or_else(|| tree.target());
            storage::run(tree, &on, !arguments.quick_build, arguments.million)
        }
        What::Idle | What::Files => run_on_a_box(tree, arguments),
    }
}

fn run_on_a_box(tree: &Tree, arguments: &Arguments) -> miette::Result<()> {
    let on = arguments.on.clone().unwrap_or_else(|| tree.target());
    let wanted = Wanted {
        claim: Some(CLAIM.to_owned()),
        release: !arguments.quick_build,
        log: Some(tree.target().join("bench.log")),
        on: Some(on.clone()),
        disks: None,
    };
    let measured = Running::start(tree, &wanted)?;
    let secret = app_password(tree, &measured, wanted.release)?;
    let credentials = format!("{PERSON}:{secret}");
    match arguments.what {
        What::Idle => idle::run(tree, &measured, &credentials)?,
        _ => files::run(tree, &measured, &credentials, (&on, arguments.million))?,
    }
    drop(measured);
    if matches!(arguments.what, What::Idle) && nix::unistd::geteuid().is_root() {
        idle::run_appliance(tree, &image::make_for_pc(tree, arguments.quick_build)?)?;
    }
    Ok(())
}

fn app_password(tree: &Tree, measured: &Running, release: bool) -> miette::Result<String> {
    let croft = tree.target().join(if release { "release" } else { "debug" }).join("croft");
    let mut command = run::program(tree, croft);
    let answer = run::read(command.arg("--home").arg(measured.home()).args(["token", "new", PERSON, "--name", "bench"]))?;
    Ok(answer.split_whitespace().last().unwrap_or_default().to_owned())
}
