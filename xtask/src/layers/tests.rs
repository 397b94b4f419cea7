//! Each rule of the real layers.toml is broken once, on a little tree: a check that cannot fail would be none.

use std::fs;

use super::*;

const RULES: &str = include_str!("../../../layers.toml");

/// The real rules on a tree of these files. Exceptions that excuse nothing here are left out of the answer.
fn words_found(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let layers: Layers = toml::from_str(RULES).unwrap();
    let breaches = words::check(&layers, &Tree::at(folder.path())).unwrap();
    breaches.into_iter().filter(|breach| breach.place != "layers.toml").map(|breach| breach.to_string()).collect()
}

fn check(path: &str, text: &str, expected: Option<&str>) {
    let found = words_found(&[(path, text)]);
    match expected {
        None => assert!(found.is_empty(), "{path}: {found:?}"),
        Some(part) => assert!(found.len() == 1 && found[0].contains(part), "{path}: {found:?}"),
    }
}

#[test]
fn every_rule_can_be_broken() {
    check("services/sync/src/apply.rs", "use nix::fcntl;", Some("operating system"));
    check("services/sync/src/apply.rs", "use std::os::unix::fs;", None);
    check("appliance/api/src/inherit.rs", "use nix::fcntl;", None);
    check("appliance/supervisor/src/roles.rs", "std::process::Command::new(\"ls\");", Some("starts programs"));
    check("services/gateway/src/health.rs", "read(\"/proc/meminfo\")", Some("starts programs"));
    check("services/gateway/src/health.rs", "// read(\"/proc/meminfo\")", None);
    check("hardware/units/src/children.rs", "Command::new(program)", None);
    check("services/identity/src/records.rs", "redb::Database::open(p)", Some("only the store"));
    check("appliance/store/src/store.rs", "redb::Database::open(p)", None);
    check("appliance/model/src/settings.rs", "let now = jiff::Timestamp::now();", Some("model and the catalogues are pure"));
    check("appliance/model/src/settings.rs", "use std::fs;", Some("model and the catalogues are pure"));
    check("appliance/model/src/settings.rs", "/// Not `std::fs`.\nfn a() {}\n#[cfg(test)]\nmod tests { use std::fs; }", None);
    check("services/sync/src/plan.rs", "pub async fn plan() {}", Some("plan only decides"));
    check("services/sync/src/plan.rs", "tracing::info!(\"x\");", Some("plan only decides"));
    check("services/sync/src/plan.rs", "let now = Instant::now();", Some("plan only decides"));
    check("services/sync/src/apply.rs", "let now = Instant::now();", None);
    check("services/identity/src/http.rs", "TcpListener::bind(address)", Some("network address"));
    check("services/identity/src/http.rs", "TcpStream::connect(address)", Some("calls a network address"));
    check("services/notifier/src/dial.rs", "TcpStream::connect(address)", None);
    check("services/sync/src/lib.rs", "let x = unsafe { y() };", Some("unsafe"));
    check("services/sync/tests/box.rs", "let x = unsafe { y() };", Some("unsafe"));
    check("hardware/files/src/pipe.rs", "let x = unsafe { y() };", None);
}

#[test]
fn an_exception_that_excuses_nothing_is_a_breach() {
    let folder = tempfile::tempdir().unwrap();
    let layers: Layers = toml::from_str(RULES).unwrap();
    let breaches = words::check(&layers, &Tree::at(folder.path())).unwrap();
    assert!(breaches.iter().any(|breach| breach.what.contains("appliance/store/")), "{breaches:?}");
}

fn dependency_breaches(name: &str, dependencies: &str) -> Vec<String> {
    let layers: Layers = toml::from_str(RULES).unwrap();
    let member = serde_json::from_str(&format!("{{\"name\":\"{name}\",\"dependencies\":[{dependencies}]}}")).unwrap();
    let breaches = dependencies::check(&layers, &[member]);
    breaches.into_iter().filter(|breach| breach.place != "layers.toml").map(|breach| breach.to_string()).collect()
}

#[test]
fn dependencies_keep_to_the_layers() {
    let check = |name: &str, dependencies: &str, expected: &[&str]| assert_eq!(dependency_breaches(name, dependencies), expected);
    let ours = |name: &str| format!("{{\"name\":\"{name}\",\"path\":\"/x\"}}");
    check("croft-sync", &ours("croft-files"), &[]);
    check("croft-sync", &ours("croft-identity"), &["croft-sync: may not use croft-identity"]);
    check("croft-model", &ours("croft-api"), &["croft-model: may not use croft-api"]);
    check("croft-cli", &ours("croft-store"), &["croft-cli: may not use croft-store"]);
    check("croft-box-tests", &ours("croft-identity"), &[]);
    check("croft-sync", "{\"name\":\"redb\",\"path\":null}", &["croft-sync: may not use redb: only croft-store may"]);
    check("croft-util", "", &["croft-util: stands in no layer; give it a line in layers.toml"]);
}

#[test]
fn a_line_for_a_crate_that_is_gone_is_a_breach() {
    let layers: Layers = toml::from_str(RULES).unwrap();
    assert!(dependencies::check(&layers, &[]).iter().any(|breach| breach.what.contains("names croft-model")));
}
