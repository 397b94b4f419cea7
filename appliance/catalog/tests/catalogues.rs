//! One small catalogue of each kind, and a hostile one: what becomes of each app.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use croft_catalog::{AppSpec, Catalogue, Entry, EntryKind, FileError, Files, FilesInMemory, Outcome, read};

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

/// A catalogue with links that lead out: an app, the compose file of one, and something beside them.
struct Linked(FilesInMemory);

impl Files for Linked {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, FileError> {
        let outside = |name: &str| Entry { name: name.to_owned(), kind: EntryKind::Outside };
        let mut entries = self.0.list(folder)?;
        match folder {
            "Apps" => entries.extend([outside("away"), outside("readme.md")]),
            "Apps/linked" => entries.push(outside("compose.yml")),
            "Apps/locked" => return Err(FileError::Unreadable { path: folder.to_owned(), why: "Permission denied".to_owned() }),
            _ => {}
        }
        Ok(entries)
    }

    fn read(&self, file: &str, max_bytes: usize) -> Result<Option<String>, FileError> {
        if file == "Apps/linked/compose.yml" { Err(FileError::LeadsOut(file.to_owned())) } else { self.0.read(file, max_bytes) }
    }
}

#[test]
fn what_leads_out_or_is_closed_is_refused_by_itself() {
    let huge = format!("services: {{a: {{image: x}}}}\n#{}", "x".repeat(1 << 20));
    let files = [
        ("Apps/good/compose.yml", "services: {a: {image: x}}"),
        ("Apps/linked/a", ""),
        ("Apps/locked/a", ""),
        ("Apps/huge/compose.yml", &huge),
    ];
    let catalogue = read(&Linked(FilesInMemory::from_iter(files))).unwrap();
    let said: Vec<String> = (catalogue.apps.iter())
        .map(|app| match &app.outcome {
            Outcome::Refused(reasons) => format!("{}: {}", app.id, reasons[0].sentence),
            _ => format!("{}: taken", app.id),
        })
        .collect();
    assert_eq!(
        said,
        [
            "good: taken",
            "huge: Apps/huge/compose.yml has more than 1048576 bytes",
            "linked: Apps/linked/compose.yml leads out of the catalogue",
            "locked: Apps/locked cannot be read: Permission denied",
            "away: Apps/away leads out of the catalogue",
        ]
    );
}

#[test]
fn what_is_too_much_is_refused() {
    let many = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let check = |text: String, says: &str| {
        let catalogue = read(&FilesInMemory::from_iter([("compose.yml", text)])).unwrap();
        let Outcome::Refused(reasons) = &catalogue.apps[0].outcome else { unreachable!("{says}") };
        assert!(reasons.iter().any(|reason| reason.sentence.contains(says)), "{reasons:?}");
        assert!(reasons.len() <= 16);
    };
    check(format!("services:\n{}", many(65, &|n| format!("  s{n}: {{image: x}}\n"))), "more than 64 services");
    check(
        format!("services:\n  a:\n    image: x\n    environment:\n{}", many(129, &|n| format!("      - A{n}=${{A{n}}}\n"))),
        "more than 128 settings",
    );
    check(format!("services:\n  a:\n    image: x\n    ports:\n{}", many(129, &|n| format!("      - {}\n", n + 1))), "more than 128 ports");
    check(format!("services:\n  a:\n    image: x\n    dns:\n{}", many(257, &|n| format!("      - 1.1.1.{n}\n"))), "more than 256 entries");
    check(format!("services:\n  a:\n    image: x\n    command: [\"{}\"]", "$$".repeat(17_000)), "32768 bytes");
    check(format!("services:\n{}", many(40, &|n| format!("  s{n}: {{image: 'X {n}'}}\n"))), "names no image");
}

#[test]
fn remarks_are_kept_up_to_a_number() {
    let keys: String = (0..200).map(|n| format!("    key{n}: 1\n")).collect();
    let catalogue = read(&FilesInMemory::from_iter([("compose.yml", format!("services:\n  a:\n    image: x\n{keys}"))])).unwrap();
    assert_eq!(specs(&catalogue).map(|spec| spec.remarks.len()).collect::<Vec<_>>(), [croft_catalog::MAX_REMARKS]);
}

#[test]
fn a_file_beside_the_manifest_is_small() {
    let files =
        [("compose.yml", "services: {a: {image: x, env_file: [big.env]}}".to_owned()), ("big.env", format!("A={}", "x".repeat(64 * 1024)))];
    let catalogue = read(&FilesInMemory::from_iter(files)).unwrap();
    assert_eq!(specs(&catalogue).count(), 0);
}
