//! `image-build/packages.lock`: the packages that the last release was made from, so that a change of Debian's is seen and not only happens.

use std::{collections::BTreeMap, fmt::Write, fs};

use miette::{IntoDiagnostic, WrapErr};

use super::contents::Package;
use crate::tree::Tree;

const FILE: &str = "image-build/packages.lock";
const HEAD: &str = "# name version architecture sha256; written by `cargo xtask image --refresh-lock`.\n";

/// Writes the list anew.
pub(crate) fn refresh(tree: &Tree, packages: &[Package]) -> miette::Result<()> {
    fs::write(tree.path(FILE), text(packages)).into_diagnostic().wrap_err_with(|| format!("cannot write {FILE}"))
}

/// Where an image differs from the list, a line each; none when it is what the list says.
pub(crate) fn differences(tree: &Tree, packages: &[Package]) -> miette::Result<Vec<String>> {
    Ok(compare(&tree.read(FILE)?, packages))
}

fn text(packages: &[Package]) -> String {
    let mut text = HEAD.to_owned();
    for package in packages {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{} {} {} {}", package.name, package.version, package.architecture, package.sha256);
    }
    text
}

fn compare(lock: &str, packages: &[Package]) -> Vec<String> {
    let entry = |line: &str| line.split_once(' ').map(|(name, rest)| (name.to_owned(), rest.to_owned()));
    let lines = |text: &str| -> BTreeMap<String, String> { text.lines().filter(|line| !line.starts_with('#')).filter_map(entry).collect() };
    let (locked, found) = (lines(lock), lines(&text(packages)));
    let version = |rest: &str| rest.split(' ').next().unwrap_or_default().to_owned();
    let gone = locked.iter().filter(|(name, _)| !found.contains_key(*name)).map(|(name, was)| format!("{name} {} is gone", version(was)));
    let other = found.iter().filter_map(|(name, is)| match locked.get(name) {
        None => Some(format!("{name} {} is new", version(is))),
        Some(was) if was == is => None,
        Some(was) if version(was) == version(is) => Some(format!("{name} {} has other bytes under the same version", version(is))),
        Some(was) => Some(format!("{name} is {}, was {}", version(is), version(was))),
    });
    gone.chain(other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, sha256: &str) -> Package {
        Package { name: name.into(), version: version.into(), architecture: "amd64".into(), installed_bytes: 1, sha256: sha256.into() }
    }

    #[test]
    fn each_difference_is_named() {
        let before = [package("a", "1", "0f"), package("b", "1", "0f"), package("c", "1", "0f"), package("d", "1", "0f")];
        assert!(compare(&text(&before), &before).is_empty());
        let after = [package("a", "1", "0f"), package("b", "2", "1e"), package("d", "1", "1e"), package("e", "1", "0f")];
        let found = compare(&text(&before), &after);
        assert_eq!(found, ["c 1 is gone", "b is 2, was 1", "d 1 has other bytes under the same version", "e 1 is new"]);
    }
}
