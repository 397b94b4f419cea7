//! `cargo xtask layers`: who uses whom, as layers.toml says.
//!
//! Three looks: at the workspace's own dependencies, at libraries that have one door, and at words in the sources.

mod dependencies;
mod words;

use std::{collections::BTreeMap, fmt};

use miette::{IntoDiagnostic, WrapErr};
use serde::Deserialize;

use crate::{say, tree::Tree};

/// What layers.toml says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layers {
    /// Crate → workspace crates that it may use.
    uses: BTreeMap<String, Vec<String>>,
    /// Crates that may use anything, with the reason.
    beside: BTreeMap<String, String>,
    /// Library → workspace crates that may use it.
    only: BTreeMap<String, Vec<String>>,
    never: Vec<Never>,
}

/// Words that stand nowhere within some folders, but for the exceptions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Never {
    name: String,
    /// Folders, as beginnings of paths.
    within: Vec<String>,
    /// Only files of this name; all Rust files without it.
    files: Option<String>,
    /// Searched in code, comments and strings apart.
    words: Vec<String>,
    /// Searched in whole lines, for what stands in strings.
    #[serde(default)]
    texts: Vec<String>,
    /// Whether test modules are searched as well.
    #[serde(default)]
    tests: bool,
    because: String,
    /// Beginning of a path → reason.
    #[serde(default)]
    except: BTreeMap<String, String>,
}

/// One breach.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    place: String,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Reads layers.toml, checks the tree, prints every breach.
pub(crate) fn run(tree: &Tree) -> miette::Result<()> {
    let breaches = check(tree)?;
    for breach in &breaches {
        say::line(&breach.to_string());
    }
    if breaches.is_empty() {
        say::line("layers: every crate keeps to its layer");
        return Ok(());
    }
    Err(miette::miette!(
        help = "move the code to where it may be, or change layers.toml with a reason",
        "{} breaches of layers.toml",
        breaches.len()
    ))
}

fn check(tree: &Tree) -> miette::Result<Vec<Breach>> {
    let layers: Layers = toml::from_str(&tree.read("layers.toml")?).into_diagnostic().wrap_err("layers.toml")?;
    let mut breaches = dependencies::check(&layers, &dependencies::members(tree)?);
    breaches.extend(words::check(&layers, tree)?);
    Ok(breaches)
}

#[cfg(test)]
mod tests;
