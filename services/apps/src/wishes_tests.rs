//! What an app consists of becomes containers: all that is said, and no more.

use std::{collections::BTreeMap, path::Path};

use croft_catalog::{AppSpec, Service, ServiceName};
use croft_containers::{Access, Ids, Mount, Networking, Resolving, Trust, UserNamespace};
use croft_model::{HostedApp, OpenTo, WayOut};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    judge,
    records::{AppRecord, Phase},
    wishes::{self, Ground, Wishes},
};

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

fn spec(services: Value, more: Value) -> AppSpec {
    let mut spec = json!({ "id": "photos", "kind": "compose", "about": { "name": "Photos" }, "services": services });
    for (key, value) in more.as_object().expect("an object") {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).expect("a spec")
}

fn record(spec: AppSpec) -> AppRecord {
    let digests = spec.services.keys().map(|name| (name.clone(), DIGEST.parse().expect("a digest"))).collect();
    let secrets = [("DB_PASSWORD".to_owned(), "drawn".to_owned())].into();
    AppRecord {
        phase: Phase::Installed,
        spec,
        source: String::new(),
        digests,
        network: 7,
        secrets,
        folders: [].into(),
        before: None,
        since: Timestamp::UNIX_EPOCH,
    }
}

fn hosted() -> HostedApp {
    HostedApp {
        number: 1,
        name: "Photos".into(),
        running: true,
        way_out: WayOut::Closed,
        open_to: OpenTo::Household,
        people: [].into(),
        values: [("TITLE".to_owned(), "Ours".to_owned())].into(),
    }
}

fn made(record: &AppRecord, hosted: &HostedApp) -> Result<Wishes, String> {
    let ground = Ground { apps: Path::new("/var/lib/croft/apps"), box_host: "hollyhock", zone: "Europe/Berlin" };
    wishes::of(&"photos".parse().expect("an id"), record, hosted, &ground)
}

/// Wishes of an app with these parts.
pub(crate) fn wishes(services: BTreeMap<ServiceName, Service>) -> Wishes {
    let services = serde_json::to_value(services).expect("JSON");
    made(&record(spec(services, json!({}))), &hosted()).expect("wishes")
}

fn one(service: Value, more: Value) -> Result<croft_containers::ContainerWish, String> {
    let wishes = made(&record(spec(json!({ "web": service }), more)), &hosted())?;
    Ok(wishes.containers.into_values().next().expect("one"))
}

#[test]
fn a_part_that_says_nothing_gets_little() {
    let wish = one(json!({ "image": "localhost/web:1" }), json!({})).expect("a wish");
    assert_eq!(wish.image.exact(), format!("localhost/web@{DIGEST}"), "by its digest, whatever the tag leads to tomorrow");
    assert!(
        matches!(wish.networking, Networking::App { .. })
            && wish.users == UserNamespace::Auto
            && wish.mounts.is_empty()
            && wish.devices.is_empty()
    );
    let Trust::Contained { capabilities } = &wish.trust else { panic!("{:?}", wish.trust) };
    assert!(
        !capabilities.iter().any(|name| ["SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "MKNOD"].contains(&name.as_str())),
        "{capabilities:?}"
    );
    assert!(wish.limits.memory.0 > 0 && wish.limits.processes > 0);
}

#[test]
fn texts_are_filled_in() {
    let more = json!({
        "settings": [{ "key": "TITLE", "label": "Title" }, { "key": "COLOUR", "label": "Colour", "default": "${app.host} green" }, { "key": "NOTHING", "label": "Nothing" }],
        "secrets": [{ "key": "DB_PASSWORD", "encoding": "hex", "length": 32 }],
    });
    let environment =
        json!({ "A": "${TITLE}-${DB_PASSWORD}", "B": "${COLOUR}", "C": "x${NOTHING}", "D": "${box.timezone} ${box.gateway} $$1" });
    let wish = one(json!({ "image": "localhost/web:1", "environment": environment }), more).expect("a wish");
    let said: Vec<(&str, &str)> = wish.environment.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let expected = [("A", "Ours-drawn"), ("B", "photos-hollyhock.local green"), ("C", "x"), ("D", "Europe/Berlin 10.213.7.1 $1")];
    assert_eq!(said, expected);
    assert!(one(json!({ "image": "localhost/web:1", "environment": { "A": "${NOBODY}" } }), json!({})).is_err());
}

#[test]
fn data_lies_in_the_apps_own_folder() {
    let mounts = json!([
        { "class": "app-data", "path": "db/files", "target": "/var/lib/db" },
        { "class": "temporary", "target": "/cache" },
    ]);
    let files = json!([{ "target": "/etc/web.conf", "content": "title=${TITLE}", "mode": 0o644 }]);
    let more = json!({ "settings": [{ "key": "TITLE", "label": "Title" }] });
    let wish = one(json!({ "image": "localhost/web:1", "mounts": mounts, "files": files }), more).expect("a wish");
    let [data, cache, file] = wish.mounts.as_slice() else { panic!("{:?}", wish.mounts) };
    let bind = |source: &str, target: &str, access| Mount::Bind { source: source.into(), target: target.into(), access, ids: Ids::Mapped };
    assert_eq!(*data, bind("/var/lib/croft/apps/photos/data/db/files", "/var/lib/db", Access::Write));
    assert_eq!(*file, bind("/var/lib/croft/apps/photos/written/web-0", "/etc/web.conf", Access::Read));
    assert!(matches!(cache, Mount::Memory { size, .. } if size.0 > 0));
}

#[test]
fn another_text_is_another_container_and_the_same_is_the_same() {
    let plan = |service: Value| one(service, json!({})).expect("a wish").plan;
    let same = || json!({ "image": "localhost/web:1", "environment": { "A": "1" } });
    assert_eq!(plan(same()), plan(same()));
    assert_ne!(plan(same()), plan(json!({ "image": "localhost/web:1", "environment": { "A": "2" } })));
    let file = |text: &str| json!({ "image": "localhost/web:1", "files": [{ "target": "/a", "content": text, "mode": 420 }] });
    assert_ne!(plan(file("1")), plan(file("2")), "the text of a file that comes along counts");
}

#[test]
fn an_open_app_may_ask_for_names_and_a_closed_one_may_not() {
    let record = record(spec(json!({ "web": { "image": "localhost/web:1" } }), json!({})));
    assert_eq!(made(&record, &hosted()).expect("wishes").network.resolving, Resolving::Closed);
    let open = HostedApp { way_out: WayOut::Open, ..hosted() };
    assert!(matches!(made(&record, &open).expect("wishes").network.resolving, Resolving::By(servers) if !servers.is_empty()));
}

#[test]
fn powers_are_taken_and_given_as_the_app_says() {
    let of = |service: Value| match one(service, json!({})).expect("a wish").trust {
        Trust::Contained { capabilities } => capabilities,
        Trust::Privileged => panic!("privileged"),
    };
    assert!(of(json!({ "image": "a/b:1", "cap_drop": ["ALL"] })).is_empty());
    assert_eq!(of(json!({ "image": "a/b:1", "cap_drop": ["ALL"], "cap_add": ["NET_RAW"] })), ["NET_RAW"]);
    assert!(!of(json!({ "image": "a/b:1", "cap_drop": ["CHOWN"] })).contains(&"CHOWN".to_owned()));
}

#[test]
fn what_a_box_does_not_give_is_refused_in_words() {
    let check = |services: Value, more: Value, word: &str| {
        let reasons = judge::refusals(&spec(services, more), "amd64");
        assert!(
            if word.is_empty() { reasons.is_empty() } else { reasons.iter().any(|reason| reason.contains(word)) },
            "{word}: {reasons:?}"
        );
    };
    let web = |extra: Value| {
        let mut web = json!({ "image": "a/b:1" });
        for (key, value) in extra.as_object().expect("an object") {
            web[key] = value.clone();
        }
        json!({ "web": web })
    };
    check(web(json!({})), json!({}), "");
    check(json!({}), json!({}), "consists of nothing");
    check(web(json!({})), json!({ "about": { "name": "Photos", "architectures": ["arm64"] } }), "processor");
    check(web(json!({})), json!({ "permissions": [{ "kind": "privileged" }] }), "no wall holds");
    check(web(json!({})), json!({ "permissions": [{ "kind": "host-network" }] }), "no wall holds");
    check(web(json!({})), json!({ "depends_on_apps": ["other"] }), "other apps");
    check(web(json!({})), json!({ "evaluate": { "exports": "exports.sh" } }), "scripts");
    check(
        web(json!({ "mounts": [{ "class": "space", "which": "photos", "path": ".", "target": "/p" }] })),
        json!({}),
        "files of the household",
    );
    let data = |paths: &[&str]| {
        let mounts: Vec<Value> =
            paths.iter().enumerate().map(|(n, path)| json!({ "class": "app-data", "path": path, "target": format!("/m{n}") })).collect();
        web(json!({ "mounts": mounts }))
    };
    check(data(&["a", "b", "a-b"]), json!({}), "");
    check(data(&["a", "a"]), json!({}), "");
    check(data(&["a", "a/b"]), json!({}), "inside of it");
    check(data(&[".", "b"]), json!({}), "inside of it");
    check(web(json!({ "cap_add": ["SYS_ADMIN"] })), json!({}), "does not say");
    check(web(json!({ "cap_add": ["SYS_ADMIN"] })), json!({ "permissions": [{ "kind": "capability", "name": "SYS_ADMIN" }] }), "");
    check(web(json!({ "cap_add": ["CHOWN"] })), json!({}), "");
    check(web(json!({ "privileged": true })), json!({}), "does not say");
    check(web(json!({ "sysctls": { "net.core.somaxconn": "1" } })), json!({}), "");
    check(web(json!({ "sysctls": { "kernel.core_pattern": "|/x" } })), json!({}), "not its own");
    // A folder that an earlier edition could write to, and lay a link in.
    let known = ["a".parse().expect("a path")].into();
    let spec_of = |paths: &[&str]| spec(data(paths), json!({}));
    assert!(judge::nested(&spec_of(&["a/b"]), &known).is_some() && judge::nested(&spec_of(&["."]), &known).is_some());
    assert!(judge::nested(&spec_of(&["a", "b"]), &known).is_none());
}

#[test]
fn what_is_filled_in_fits_or_is_named() {
    let spec = spec(
        json!({ "web": { "image": "a/b:1" } }),
        json!({ "settings": [
            { "key": "TITLE", "label": "Title", "required": true, "min": 2, "max": 5 },
            { "key": "PASS", "label": "Password", "kind": "password" },
            { "key": "COUNT", "label": "Count", "kind": "number", "min": 1, "max": 9 },
            { "key": "ON", "label": "On", "kind": "switch" },
            { "key": "SIZE", "label": "Size", "choices": [{ "value": "s", "label": "S" }] },
        ] }),
    );
    let check = |values: &[(&str, &str)], wrong: Option<&str>| {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(judge::filled(&spec, &values, &BTreeMap::new()).err().map(|(key, _)| key), wrong.map(str::to_owned), "{values:?}");
    };
    check(&[("TITLE", "Ours")], None);
    check(&[], Some("TITLE"));
    check(&[("TITLE", "")], Some("TITLE"));
    check(&[("TITLE", "O")], Some("TITLE"));
    check(&[("TITLE", "Too long")], Some("TITLE"));
    for (key, good, bad) in [("COUNT", "9", "10"), ("COUNT", "1", "one"), ("ON", "true", "yes"), ("SIZE", "s", "m")] {
        check(&[("TITLE", "Ours"), (key, good)], None);
        check(&[("TITLE", "Ours"), (key, bad)], Some(key));
    }
    check(&[("TITLE", "Ours"), ("NOBODY", "x")], Some("NOBODY"));
    let values = [("TITLE".to_owned(), "Ours".to_owned()), ("PASS".to_owned(), "hush".to_owned())].into();
    let filled = judge::filled(&spec, &values, &BTreeMap::new()).expect("filled");
    assert_eq!(filled.values.keys().collect::<Vec<_>>(), ["TITLE"], "passwords are no settings");
    assert_eq!(filled.passwords.keys().collect::<Vec<_>>(), ["PASS"]);
}
