//! One small catalogue of each kind, and a hostile one: what becomes of each app.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use croft_catalog::{AppSpec, Catalogue, FilesInMemory, Outcome, read};

fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, files);
        } else {
            files.push((path.strip_prefix(root).unwrap().display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn catalogue(name: &str) -> Catalogue {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/catalogues").join(name);
    let mut files = Vec::new();
    walk(&root, &root, &mut files);
    read(&FilesInMemory::from_iter(files)).unwrap()
}

fn specs(catalogue: &Catalogue) -> impl Iterator<Item = &AppSpec> {
    catalogue.apps.iter().filter_map(|app| match &app.outcome {
        Outcome::Imported(spec) | Outcome::Remarks(spec) => Some(spec.as_ref()),
        Outcome::Refused(_) => None,
    })
}

#[test]
fn casaos() {
    insta::assert_json_snapshot!(catalogue("casaos"));
}

#[test]
fn umbrel() {
    insta::assert_json_snapshot!(catalogue("umbrel"));
}

#[test]
fn runtipi() {
    insta::assert_json_snapshot!(catalogue("runtipi"));
}

#[test]
fn compose() {
    insta::assert_json_snapshot!(catalogue("compose"));
}

#[test]
fn hostile() {
    let hostile = catalogue("hostile");
    assert_eq!(specs(&hostile).count(), 0);
    insta::assert_json_snapshot!(hostile);
}

#[test]
fn a_spec_is_read_as_it_was_written() {
    for name in ["casaos", "umbrel", "runtipi", "compose"] {
        let catalogue = catalogue(name);
        assert!(specs(&catalogue).count() >= 2, "{name}");
        for spec in specs(&catalogue) {
            assert_eq!(&serde_json::from_value::<AppSpec>(serde_json::to_value(spec).unwrap()).unwrap(), spec);
            assert!(spec.undeclared().is_empty(), "{}", spec.id);
        }
    }
}

#[test]
fn one_app_is_a_catalogue_too() {
    let alone = read(&FilesInMemory::from_iter([("compose.yml", "name: Fine Notes\nservices: {a: {image: x}}")])).unwrap();
    assert_eq!(alone.apps.iter().map(|app| app.id.as_str()).collect::<Vec<_>>(), ["fine-notes"]);
    assert!(read(&FilesInMemory::from_iter([("readme.md", "x")])).is_err());
    assert!(read(&FilesInMemory::default()).is_err());
}

#[test]
fn two_apps_never_have_one_id() {
    let app = "name: same\nx-casaos: {main: a}\nservices: {a: {image: x}}";
    let catalogue = read(&FilesInMemory::from_iter([("Apps/A/compose.yml", app), ("Apps/B/compose.yml", app)])).unwrap();
    assert_eq!((catalogue.apps.len(), specs(&catalogue).count()), (2, 1));
}
