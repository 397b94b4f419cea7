//! Dependencies between crates, read from `cargo metadata`.

use miette::{IntoDiagnostic, WrapErr};
use serde::Deserialize;

use super::{Breach, Layers};
use crate::{run, tree::Tree};

/// A crate of the workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Member {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// Set for crates of the workspace.
    path: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Member>,
}

/// The workspace's crates.
pub(super) fn members(tree: &Tree) -> miette::Result<Vec<Member>> {
    let json = run::output(tree, "cargo", &["metadata", "--no-deps", "--format-version", "1", "--offline"])?;
    let metadata: Metadata = serde_json::from_str(&json).into_diagnostic().wrap_err("what cargo metadata says")?;
    Ok(metadata.packages)
}

/// Every dependency that layers.toml does not allow, and every crate it does not know.
pub(super) fn check(layers: &Layers, members: &[Member]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut breach = |place: &str, what: String| breaches.push(Breach { place: place.to_owned(), what });
    for member in members {
        let uses = layers.uses.get(&member.name);
        let beside = layers.beside.contains_key(&member.name);
        if uses.is_none() && !beside {
            breach(&member.name, "stands in no layer; give it a line in layers.toml".to_owned());
        }
        for dependency in &member.dependencies {
            let name = &dependency.name;
            if dependency.path.is_some() && !beside && uses.is_some_and(|uses| !uses.contains(name)) {
                breach(&member.name, format!("may not use {name}"));
            }
            if let Some(doors) = layers.only.get(name)
                && !doors.contains(&member.name)
            {
                breach(&member.name, format!("may not use {name}: only {} may", doors.join(", ")));
            }
        }
    }
    let known = |name: &String| members.iter().any(|member| member.name == *name);
    for name in layers.uses.keys().chain(layers.beside.keys()).filter(|name| !known(name)) {
        breach("layers.toml", format!("names {name}, which is no crate"));
    }
    breaches
}
