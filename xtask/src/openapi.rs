//! `cargo xtask openapi`: the one description of the API, assembled from all roles by the executable itself.

use std::fs;

use clap::Args;
use miette::{IntoDiagnostic, WrapErr};

use crate::{run, say, tree::Tree};

const FILE: &str = "appliance/openapi.json";

/// Arguments of `openapi`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Changes nothing; fails when the checked-in file is not what the roles say.
    #[arg(long)]
    check: bool,
}

/// Writes the document, or proves the checked-in one fresh.
pub(crate) fn run(tree: &Tree, arguments: &Arguments) -> miette::Result<()> {
    run::shown(run::program(tree, "cargo").args(["build", "--quiet", "--workspace"]))?;
    let fresh = run::read(run::program(tree, tree.target().join("debug/croftd")).arg("openapi"))?;
    let kept = fs::read_to_string(tree.path(FILE)).unwrap_or_default();
    if kept == fresh {
        say::line("openapi: the file is fresh");
        return Ok(());
    }
    if arguments.check {
        return Err(miette::miette!(help = "run `cargo xtask openapi` and commit what changed", "{FILE} is not what the roles say"));
    }
    fs::write(tree.path(FILE), fresh).into_diagnostic().wrap_err_with(|| format!("cannot write {FILE}"))?;
    say::line(&format!("openapi: wrote {FILE}"));
    Ok(())
}
