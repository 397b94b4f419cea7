//! What is in an image: Debian's packages, our libraries in Rust and in the web UI, each with its version and the hash of what it came as.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use miette::{IntoDiagnostic, WrapErr};
use serde::{Deserialize, Serialize};

use crate::{run, tree::Tree};

/// What the box's programs are built from.
const PROGRAMS: [&str; 2] = ["croft-daemon", "croft-cli"];
/// For which machine.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A package of Debian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) architecture: String,
    /// What it takes on a disk, as Debian says; the image leaves parts of it out and compresses the rest.
    pub(crate) installed_bytes: u64,
    /// Of its `.deb`.
    pub(crate) sha256: String,
}

/// A library that was compiled into a program or the web UI.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Library {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// Algorithm as CycloneDX calls it, and the digits.
    pub(crate) hash: Option<(&'static str, String)>,
}

/// Where a library came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Cargo,
    Npm,
}

/// The packages of an image, in the order of their names, from the manifest that mkosi writes and the lists of packages that it was made from.
pub(crate) fn packages(manifest: &Path, lists: &Path) -> miette::Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Manifest {
        packages: Vec<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        name: String,
        version: String,
        architecture: String,
    }
    let manifest: Manifest = serde_json::from_str(&read(manifest)?).into_diagnostic().wrap_err("mkosi's manifest cannot be read")?;
    let mut known = BTreeMap::new();
    for entry in fs::read_dir(lists).into_diagnostic().wrap_err_with(|| format!("cannot read {}", lists.display()))? {
        let path = entry.into_diagnostic()?.path();
        if path.to_string_lossy().ends_with("_Packages") {
            known.extend(
                read(&path)?.split("\n\n").filter_map(stanza).map(|package| ((package.name.clone(), package.version.clone()), package)),
            );
        }
    }
    let mut packages = Vec::new();
    for named in manifest.packages {
        let mut package = known.remove(&(named.name.clone(), named.version.clone())).ok_or_else(|| {
            miette::miette!("{} {} is in the image and in no list of packages that it was made from", named.name, named.version)
        })?;
        package.architecture = named.architecture;
        packages.push(package);
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

/// A paragraph of a list of packages (deb822(5)).
fn stanza(text: &str) -> Option<Package> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned);
    Some(Package {
        name: field("Package")?,
        version: field("Version")?,
        architecture: field("Architecture")?,
        // In KiB, as `dpkg` estimates it.
        installed_bytes: field("Installed-Size")?.parse::<u64>().ok()? * 1024,
        sha256: field("SHA256")?,
    })
}

/// All libraries of our programs and of the web UI.
pub(crate) fn libraries(tree: &Tree) -> miette::Result<Vec<Library>> {
    let metadata = run::output(tree, "cargo", &["metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET])?;
    let mut all = crates(&metadata, &tree.read("Cargo.lock")?)?;
    all.extend(npm(&tree.read("appliance/web/package-lock.json")?)?);
    all.sort();
    Ok(all)
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Crate>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Crate {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    /// None for our own.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// None for what is linked; `dev` and `build` stay on the machine that builds.
    kind: Option<String>,
}

/// The crates that are linked into [`PROGRAMS`], our own left out.
fn crates(metadata: &str, lock: &str) -> miette::Result<Vec<Library>> {
    let metadata: Metadata = serde_json::from_str(metadata).into_diagnostic().wrap_err("cargo's metadata cannot be read")?;
    let nodes: BTreeMap<&str, &Node> = metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let own = metadata.packages.iter().filter(|package| PROGRAMS.contains(&package.name.as_str()));
    let mut waiting: Vec<&str> = own.map(|package| package.id.as_str()).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if reached.insert(id) {
            let linked = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            waiting.extend(linked.filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind.is_none())).map(|dep| dep.pkg.as_str()));
        }
    }
    let hashes = hashes(lock)?;
    let linked = metadata.packages.iter().filter(|package| package.source.is_some() && reached.contains(package.id.as_str()));
    Ok(linked
        .map(|package| Library {
            kind: Kind::Cargo,
            name: package.name.clone(),
            version: package.version.clone(),
            license: package.license.clone(),
            hash: hashes.get(&(package.name.clone(), package.version.clone())).map(|hash| ("SHA-256", hash.clone())),
        })
        .collect())
}

/// The hashes in Cargo.lock by name and version.
fn hashes(lock: &str) -> miette::Result<BTreeMap<(String, String), String>> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Locked>,
    }
    #[derive(Deserialize)]
    struct Locked {
        name: String,
        version: String,
        checksum: Option<String>,
    }
    let lock: Lock = toml::from_str(lock).into_diagnostic().wrap_err("Cargo.lock cannot be read")?;
    Ok(lock.package.into_iter().filter_map(|locked| Some(((locked.name, locked.version), locked.checksum?))).collect())
}

/// The packages of npm that are part of the web UI.
fn npm(lock: &str) -> miette::Result<Vec<Library>> {
    #[derive(Deserialize)]
    struct Lock {
        packages: BTreeMap<String, Locked>,
    }
    #[derive(Deserialize)]
    struct Locked {
        version: Option<String>,
        license: Option<String>,
        integrity: Option<String>,
        #[serde(default)]
        dev: bool,
    }
    let lock: Lock = serde_json::from_str(lock).into_diagnostic().wrap_err("package-lock.json cannot be read")?;
    let shipped = lock.packages.into_iter().filter(|(path, locked)| !path.is_empty() && !locked.dev);
    Ok(shipped
        .filter_map(|(path, locked)| {
            let hash = locked.integrity.as_deref().and_then(|text| BASE64_STANDARD.decode(text.strip_prefix("sha512-")?).ok());
            Some(Library {
                kind: Kind::Npm,
                name: path.rsplit_once("node_modules/").map_or(path.as_str(), |(_, name)| name).to_owned(),
                version: locked.version?,
                license: locked.license,
                hash: hash.map(|bytes| ("SHA-512", bytes.iter().map(|byte| format!("{byte:02x}")).collect())),
            })
        })
        .collect())
}

fn read(path: &Path) -> miette::Result<String> {
    fs::read_to_string(path).into_diagnostic().wrap_err_with(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_in_the_lists_that_they_came_from() {
        let folder = tempfile::tempdir().expect("a folder");
        let (manifest, lists) = (folder.path().join("manifest"), folder.path().join("lists"));
        fs::create_dir(&lists).expect("made");
        let list = "Package: zlib\nVersion: 1:1.3\nArchitecture: amd64\nInstalled-Size: 160\nSHA256: 0f\n\nPackage: base\nVersion: 13\nArchitecture: all\nInstalled-Size: 1\nSHA256: 1e\n";
        fs::write(lists.join("x_main_binary-amd64_Packages"), list).expect("written");
        fs::write(lists.join("x_InRelease"), "Origin: Debian\n").expect("written");
        let named = |version: &str| {
            format!(
                "{{\"packages\":[{{\"type\":\"deb\",\"name\":\"zlib\",\"version\":\"{version}\",\"architecture\":\"amd64\"}},{{\"type\":\"deb\",\"name\":\"base\",\"version\":\"13\",\"architecture\":\"all\"}}]}}"
            )
        };
        fs::write(&manifest, named("1:1.3")).expect("written");
        let found = packages(&manifest, &lists).expect("packages");
        let shown: Vec<_> = found.iter().map(|package| (package.name.as_str(), package.installed_bytes, package.sha256.as_str())).collect();
        assert_eq!(shown, [("base", 1024, "1e"), ("zlib", 163_840, "0f")]);
        fs::write(&manifest, named("1:1.4")).expect("written");
        assert!(packages(&manifest, &lists).expect_err("unknown").to_string().contains("zlib 1:1.4"));
    }

    #[test]
    fn only_what_is_linked_is_a_library_of_the_image() {
        let package = |name: &str, source: &str| {
            format!("{{\"id\":\"{name}\",\"name\":\"{name}\",\"version\":\"1.0.0\",\"license\":\"MIT\",\"source\":{source}}}")
        };
        let packages =
            [package("croft-daemon", "null"), package("own", "null"), package("a", "\"r\""), package("b", "\"r\""), package("c", "\"r\"")];
        let nodes = "{\"id\":\"croft-daemon\",\"deps\":[{\"pkg\":\"own\",\"dep_kinds\":[{\"kind\":null}]}]},{\"id\":\"own\",\"deps\":[{\"pkg\":\"a\",\"dep_kinds\":[{\"kind\":\"dev\"},{\"kind\":null}]},{\"pkg\":\"b\",\"dep_kinds\":[{\"kind\":\"build\"}]}]}";
        let metadata = format!("{{\"packages\":[{}],\"resolve\":{{\"nodes\":[{nodes}]}}}}", packages.join(","));
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"0f\"\n";
        let found = crates(&metadata, lock).expect("crates");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].name.as_str(), &found[0].hash), ("a", &Some(("SHA-256", "0f".to_owned()))));
    }

    #[test]
    fn tools_of_the_web_ui_are_no_part_of_it() {
        let lock = r#"{"packages":{"":{"version":"1"},"node_modules/@x/y":{"version":"2.0.0","integrity":"sha512-Dx4="},"node_modules/vite":{"version":"8","dev":true}}}"#;
        let found = npm(lock).expect("packages");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].name.as_str(), &found[0].hash), ("@x/y", &Some(("SHA-512", "0f1e".to_owned()))));
    }
}
