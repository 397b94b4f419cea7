//! `cargo xtask tools-root`: a Debian root with newer tools than this machine has, cached by its list of packages.
//!
//! The mirror is this machine's own, read from its apt; nothing about it is written down.

use std::{
    fs,
    path::{Path, PathBuf},
};

use miette::{IntoDiagnostic, WrapErr};

use crate::{run, say, setup, tree::Tree, web};

/// The Debian of the root.
const SUITE: &str = "trixie";
const LIST: &str = "xtask/tools-root.packages";

/// Makes the root when its list changed, and says where it is.
pub(crate) fn make(tree: &Tree) -> miette::Result<PathBuf> {
    let root = tree.target().join("tools-root").join(web::fingerprint(tree, &[LIST.to_owned()])?);
    if root.is_dir() {
        return Ok(root);
    }
    setup::debian(tree, &setup::FOR_TOOLS_ROOT)?;
    let packages = packages(&tree.read(LIST)?);
    say::line(&format!("making a root of {SUITE} with {}", packages.join(" ")));
    let parent = tree.target().join("tools-root");
    clear(tree, &parent)?;
    fs::create_dir_all(&parent).into_diagnostic()?;
    let growing = parent.join("growing");
    let is_root = nix::unistd::geteuid().is_root();
    let mode = if is_root { "root" } else { "unshare" };
    let mut mmdebstrap = run::program(tree, "mmdebstrap");
    mmdebstrap.args(["--quiet", "--variant=minbase", "--format=directory", "--mode", mode]);
    // The root serves its programs only; what is for people can stay away.
    mmdebstrap.args(["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*"]);
    mmdebstrap.arg(format!("--include={}", packages.join(","))).arg(SUITE).arg(&growing).arg(mirror(tree)?);
    run::read(&mut mmdebstrap).map_err(|error| {
        let help = if is_root {
            "look at the machine's apt configuration"
        } else {
            "an ordinary user needs subordinate ids (/etc/subuid) for this; or run it as root"
        };
        miette::miette!(help = help, "the root could not be made: {error}")
    })?;
    fs::rename(&growing, &root).into_diagnostic().wrap_err("cannot put the root in its place")?;
    Ok(root)
}

/// Removes roots of older lists. Files of an ordinary user's root belong to subordinate ids, so that takes the same way in.
fn clear(tree: &Tree, parent: &Path) -> miette::Result<()> {
    if !parent.exists() || fs::remove_dir_all(parent).is_ok() {
        return Ok(());
    }
    run::read(run::program(tree, "unshare").args(["--map-root-user", "--map-auto", "rm", "-rf"]).arg(parent)).map(|_| ())
}

/// The packages of the list: the first word of each line that is no comment.
fn packages(list: &str) -> Vec<String> {
    let words = list.lines().filter_map(|line| line.split('#').next()?.split_whitespace().next());
    words.map(str::to_owned).collect()
}

/// A line for sources.list with the mirror that this machine uses.
fn mirror(tree: &Tree) -> miette::Result<String> {
    let known = run::output(tree, "apt-get", &["indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(COMPONENT)", "Created-By: Packages"])?;
    let address = known
        .lines()
        .find_map(main_archive)
        .ok_or_else(|| miette::miette!(help = "run `apt-get update` as root", "this machine's apt knows no mirror of Debian"))?;
    Ok(format!("deb {address} {SUITE} main"))
}

/// The address in a line of apt's targets, when it is of Debian's main archive (and not of security or of somebody else).
fn main_archive(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let address = words.next()?;
    let is_debian = words.next()? == "Debian" && words.next()? == "main";
    (is_debian && !address.trim_end_matches('/').ends_with("-security")).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_words_without_reasons() {
        assert_eq!(packages("# why\nsystemd  # units\n\nqemu-utils\n"), ["systemd", "qemu-utils"]);
    }

    #[test]
    fn only_debians_own_archive_is_a_mirror() {
        let check = |line: &str, expected: Option<&str>| assert_eq!(main_archive(line), expected);
        check("http://mirror.example/debian/ Debian main", Some("http://mirror.example/debian/"));
        check("http://mirror.example/debian-security/ Debian main", None);
        check("http://node.example/ . nodistro", None);
        check("http://mirror.example/debian/ Debian contrib", None);
    }
}
