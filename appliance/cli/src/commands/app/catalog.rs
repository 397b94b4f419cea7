//! `croft app catalog` and `croft app search`: the store of the box, and what it is made of.

use std::path::PathBuf;

use croft_client::{
    Client,
    wire::catalogs::{CatalogApps, CatalogList, MAX_AT_ONCE, SealCatalog, StorePage, StoreQuery},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::read;
use crate::{
    commands::CommandError,
    say::{Say, clean, table},
};

/// Bytes of specifications that go in one body: the box takes 64 KiB, and the rest of the body is small.
const MOST_BYTES: usize = 60 * 1024;
/// Apps that a search shows.
const FOUND: u32 = 100;

/// Catalogues that the box has been handed.
#[derive(clap::Subcommand)]
pub(crate) enum Catalog {
    /// The catalogues of the box.
    List,
    /// Hand a catalogue to the box, or its new edition: croft app catalog add ./catalogue --name ours
    ///
    /// The folder is read here, on this machine; the box fetches nothing. Apps that cannot be had are left out, as `croft app check` tells.
    Add {
        /// The catalogue's folder.
        dir: PathBuf,
        /// What it shall be called on the box: a-z, 0-9 and `-`; otherwise as its folder.
        #[arg(long)]
        name: Option<String>,
        /// Only say what would be handed over.
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove a catalogue. Apps that were installed from it stay.
    Remove {
        /// Its name.
        name: String,
    },
}

/// Runs the command.
pub(super) async fn run(command: Catalog, client: &Client, say: &Say) -> Result<(), CommandError> {
    match command {
        Catalog::List => say.print(&client.catalogs().await?, list),
        Catalog::Add { dir, name, dry_run } => {
            let own = std::fs::canonicalize(&dir)
                .ok()
                .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
                .unwrap_or_default();
            let name =
                name.unwrap_or_else(|| own.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect());
            let catalogue = read::catalogue(&dir)?;
            let (specs, left): (Vec<_>, Vec<_>) = catalogue.apps.iter().map(read::spec).partition(Result::is_ok);
            let (specs, left): (Vec<_>, usize) = (specs.into_iter().flatten().collect(), left.len());
            if !dry_run {
                let edition = format!("e{}", Timestamp::now().as_microsecond());
                let values: Result<Vec<Value>, _> = specs.iter().map(serde_json::to_value).collect();
                let pieces = pieces(values.map_err(|error| CommandError::Wrong(error.to_string()))?);
                let (count, mut done) = (specs.len(), 0);
                for piece in pieces {
                    done += piece.len();
                    client.put_catalog(&name, &CatalogApps { edition: edition.clone(), specs: piece }).await?;
                    if !say.is_json() {
                        say.aside(&format!("Handed over {done} of {count} apps."));
                    }
                }
                client.seal_catalog(&name, &SealCatalog { edition, source: own }).await?;
            }
            let said = json!({ "catalog": name, "apps": specs.len(), "left_out": left });
            say.print(&said, |_| format!("The catalogue {name} has {} apps; {left} cannot be had, see `croft app check`.", specs.len()));
        }
        Catalog::Remove { name } => {
            client.remove_catalog(&name).await?;
            say.print(&json!({ "catalog": name, "removed": true }), |_| {
                format!("The catalogue {} is gone. Apps that were installed from it stay.", clean(&name))
            });
        }
    }
    Ok(())
}

/// Looks for apps in the store.
pub(super) async fn search(words: &[String], category: Option<String>, client: &Client, say: &Say) -> Result<(), CommandError> {
    let search = (!words.is_empty()).then(|| words.join(" "));
    let query = StoreQuery { search, category, from: None, limit: Some(FOUND) };
    say.print(&client.store(&query).await?, page);
    Ok(())
}

/// Specifications in pieces that each fit into a body.
fn pieces(specs: Vec<Value>) -> Vec<Vec<Value>> {
    let mut pieces: Vec<Vec<Value>> = Vec::new();
    let mut bytes = usize::MAX;
    for spec in specs {
        let size = spec.to_string().len() + 1;
        match pieces.last_mut() {
            Some(last) if bytes + size <= MOST_BYTES && last.len() < MAX_AT_ONCE => {
                bytes += size;
                last.push(spec);
            }
            _ => {
                bytes = size;
                pieces.push(vec![spec]);
            }
        }
    }
    pieces
}

fn list(list: &CatalogList) -> String {
    if list.catalogs.is_empty() {
        return "The box has no catalogues yet: `croft app catalog add DIR`.".into();
    }
    let rows = list.catalogs.iter().map(|catalog| {
        [clean(&catalog.name), catalog.apps.to_string(), clean(&catalog.source), catalog.since.strftime("%F %T UTC").to_string()]
    });
    table(["CATALOGUE", "APPS", "FROM", "SINCE"], rows)
}

fn page(page: &StorePage) -> String {
    if page.apps.is_empty() {
        return "No app of the catalogues fits.".into();
    }
    let rows = page.apps.iter().map(|app| {
        let state = match (&app.installed, app.refused.is_empty()) {
            (Some(_), _) => "installed",
            (None, true) => "",
            (None, false) => "cannot be had",
        };
        [app.id.to_string(), clean(&app.name), clean(&app.version), clean(&app.catalog), state.into(), clean(&app.tagline)]
    });
    let text = table(["APP", "NAME", "VERSION", "CATALOGUE", "", ""], rows);
    let shown = u32::try_from(page.apps.len()).unwrap_or(u32::MAX);
    if page.total > shown { format!("{text}\n{} more; say more words.", page.total - shown) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogue_goes_over_in_pieces_that_fit() {
        let spec = |bytes: usize| Value::String("x".repeat(bytes));
        let check = |sizes: &[usize], expected: &[usize]| {
            let pieces = pieces(sizes.iter().map(|bytes| spec(*bytes)).collect());
            assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), expected, "{sizes:?}");
        };
        check(&[], &[]);
        check(&[10, 10], &[2]);
        check(&[40_000, 40_000, 100], &[1, 2]);
        // One that is too large by itself goes alone, and the box says that it is.
        check(&[100, 70_000, 100], &[1, 1, 1]);
        check(&[1; 130], &[64, 64, 2]);
    }
}
