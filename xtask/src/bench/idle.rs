//! Memory of a box that rests, with one worker awake: the proportional share of every process, summed by role.

use std::{collections::BTreeMap, fmt::Write};

use super::{PERSON, processes, report};
use crate::{run, tree::Tree, up::Running};

/// The aim for all roles together.
const AIM_MIB: f64 = 64.0;
const MIB: f64 = 1024.0 * 1024.0;

/// Measures `measured` after its worker has answered once.
pub(super) fn run(tree: &Tree, measured: &Running, credentials: &str) -> miette::Result<()> {
    let url = format!("{}/dav/files/{PERSON}/", measured.url());
    let mut curl = run::program(tree, "curl");
    curl.args([
        "--silent",
        "--show-error",
        "--fail",
        "--noproxy",
        "*",
        "--user",
        credentials,
        "--request",
        "PROPFIND",
        "--header",
        "depth: 1",
    ]);
    run::read(curl.arg("--cacert").arg(measured.home().join("ca.pem")).arg(url))?;
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
