//! `croft app`.

mod catalog;
mod check;
mod folder;
mod life;
mod read;

use std::path::PathBuf;

use croft_client::{Client, ClientError};

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
    /// Catalogues that the box has been handed.
    #[command(subcommand)]
    Catalog(catalog::Catalog),
    /// Look for an app in the catalogues of the box.
    Search {
        /// Words that all stand in its name or tagline; none shows all.
        words: Vec<String>,
        /// Of one category alone.
        #[arg(long)]
        category: Option<String>,
    },
    #[command(flatten)]
    Life(life::Life),
}

/// Runs the command. The client is made where a box is asked.
pub(crate) async fn run(command: App, client: impl FnOnce() -> Result<Client, ClientError>, say: &Say) -> Result<(), CommandError> {
    match command {
        App::Check { dir } => check::run(&dir, say),
        App::Catalog(command) => catalog::run(command, &client()?, say).await,
        App::Search { words, category } => catalog::search(&words, category, &client()?, say).await,
        App::Life(command) => life::run(command, &client()?, say).await,
    }
}
