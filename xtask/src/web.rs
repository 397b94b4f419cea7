//! `cargo xtask web`: the built web UI, made again only when its sources changed.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
};

use miette::{IntoDiagnostic, WrapErr};

use crate::{run, say, tree::Tree};

const FOLDER: &str = "appliance/web/";
/// What the crate around it embeds.
const RESULT: &str = "appliance/web/dist/index.html";

/// Builds `appliance/web/dist` when a source differs from those of the last build.
pub(crate) fn build(tree: &Tree) -> miette::Result<()> {
    if !tree.path("appliance/web/package.json").is_file() {
        return Ok(());
    }
    let sources: Vec<String> = tree.files()?.into_iter().filter(|file| file.starts_with(FOLDER) && !file.ends_with(".rs")).collect();
    let wanted = fingerprint(tree, &sources)?;
    let stamp = tree.target().join("xtask/web.stamp");
    let is_built = tree.path(RESULT).is_file() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted);
    if is_built {
        return Ok(());
    }
    say::line("building the web UI");
    run::read(run::program(tree, "npm").current_dir(tree.path(FOLDER)).args(["run", "--silent", "build"]))?;
    let folder = tree.target().join("xtask");
    fs::create_dir_all(&folder).and_then(|()| fs::write(&stamp, wanted)).into_diagnostic().wrap_err("cannot keep the web UI's stamp")
}

/// A number for the names and contents of these files; another compiler may number them otherwise, which costs one build.
pub(crate) fn fingerprint(tree: &Tree, files: &[String]) -> miette::Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(tree.path(file)).into_diagnostic().wrap_err_with(|| format!("cannot read {file}"))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_sees_names_and_contents() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::at(folder.path());
        for (name, text) in [("a", "1"), ("b", "1"), ("c", "2")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let of = |name: &str| fingerprint(&tree, &[name.to_owned()]).unwrap();
        assert_ne!(of("a"), of("b"));
        assert_ne!(of("b"), of("c"));
        assert_eq!(of("a"), of("a"));
        assert!(fingerprint(&tree, &["gone".to_owned()]).is_err());
    }
}
