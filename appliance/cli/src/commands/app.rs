//! `croft app`.

mod check;
mod folder;

use std::path::PathBuf;

use super::CommandError;
use crate::say::Say;

/// Apps of others, and the catalogues that they come from.
#[derive(clap::Subcommand)]
pub(crate) enum App {
    /// Read a catalogue, or the folder of one app, and say what would become of each app: croft app check ./catalogue
    ///
    /// It asks no box, and changes nothing. Catalogues of CasaOS and ZimaOS, Umbrel and Runtipi are known by what is in them, and so are folders with
    /// compose files.
    Check {
        /// The folder.
        dir: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn run(command: &App, say: &Say) -> Result<(), CommandError> {
    match command {
        App::Check { dir } => check::run(dir, say),
    }
}
