//! The rules of the settings: what is accepted, and which key a refusal names.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use croft_model::{Settings, parse_settings, validate};
use serde_json::{Value, json};

fn household() -> Value {
    json!({
        "schema": 1,
        "box": {"name": "Hollyhock", "host": "hollyhock"},
        "people": {
            "p1": {"name": "ana", "display_name": "Ana", "role": "owner", "space": "s1"},
            "p2": {"name": "ben", "display_name": "Ben", "role": "member", "space": "s2"}
        },
        "spaces": {
            "s1": {"number": 1, "name": "ana", "kind": "personal", "members": {"p1": "manage"}},
            "s2": {"number": 2, "name": "ben", "kind": "personal", "members": {"p2": "manage"}},
            "s3": {"number": 3, "name": "Family", "kind": "shared", "members": {"p1": "manage", "p2": "write"}}
        },
        "door": {"extra_names": ["files.home.arpa"], "session_idle_days": 30}
    })
}

/// The household with `pointer` set to `value`; the key that the refusal must name, or none when it is accepted.
fn check(pointer: &str, value: Value, refused_key: Option<&str>) {
    let mut document = household();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = document.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    parent.insert(name.into(), value.clone());
    let verdict = parse_settings(document).and_then(|settings| validate(&settings));
    assert_eq!(verdict.as_ref().err().map(|invalid| invalid.key.as_str()), refused_key, "{pointer} = {value}: {verdict:?}");
}

#[test]
fn a_household_is_accepted() {
    check("/box/name", json!("Hollyhock"), None);
    check("/box/name", json!("Großmutters Kiste"), None);
    check("/spaces/s3/name", json!("Sommer 2026"), None);
}

#[test]
fn the_document_may_be_read_and_written_without_loss() {
    let settings: Settings = parse_settings(household()).expect("readable");
    assert_eq!(parse_settings(serde_json::to_value(&settings).expect("writable")), Ok(settings));
}

#[test]
fn unknown_keys_and_wrong_types_name_the_key() {
    check("/colour", json!("green"), Some("colour"));
    check("/box/colour", json!("green"), Some("box.colour"));
    check("/people/p1/admin", json!(true), Some("people.p1.admin"));
    check("/people/p1/role", json!("root"), Some("people.p1.role"));
    check("/door/session_idle_days", json!("thirty"), Some("door.session_idle_days"));
    check("/spaces/s3/members", json!({"p1": "all"}), Some("spaces.s3.members.p1"));
}

#[test]
fn settings_from_the_future_are_refused() {
    check("/schema", json!(2), Some("schema"));
    check("/schema", json!("1"), Some("schema"));
}

#[test]
fn names_cannot_become_paths_hosts_or_headers() {
    for wrong in ["", "Ana", "-ana", "1ana", "ana/..", "..", "ana\n", "a b", &"a".repeat(33)] {
        check("/people/p1/name", json!(wrong), Some("people.p1.name"));
    }
    for wrong in ["", ".", "..", "a/b", "a\\b", " Family", "Fam\u{0}ily", "a\nb", &"x".repeat(101)] {
        check("/spaces/s3/name", json!(wrong), Some("spaces.s3.name"));
    }
    for wrong in ["", "Holly", "holly.hock", "-holly", "holly-", "localhost", "holly\r\nX: y", &"h".repeat(64)] {
        check("/box/host", json!(wrong), Some("box.host"));
    }
    for wrong in ["example.org", "local", ".local", "a..local", "*.local", "evil-local", "A.local"] {
        check("/door/extra_names", json!([wrong]), Some("door.extra_names.0"));
    }
}

#[test]
fn rules_between_values_hold() {
    check("/people/p2/name", json!("ana"), Some("people.p2.name"));
    check("/people/p2/space", json!("s1"), Some("people.p2.space"));
    check("/people/p2/space", json!("s9"), Some("people.p2.space"));
    check("/people/p1/role", json!("member"), Some("people"));
    check("/spaces/s3/number", json!(4), Some("spaces.s3.number"));
    check("/spaces/s3/members", json!({"p7": "read"}), Some("spaces.s3.members.p7"));
    check("/spaces/s1/members", json!({"p1": "manage", "p2": "read"}), Some("spaces.s1.members"));
    check("/spaces/s4", json!({"number": 4, "name": "family", "kind": "shared"}), Some("spaces.s4.name"));
    check("/door/session_idle_days", json!(0), Some("door.session_idle_days"));
    check("/door/extra_names", json!(vec!["a.local"; 17]), Some("door.extra_names"));
}

#[test]
fn a_persons_tree_holds_so_many_shared_spaces_and_archived_ones_do_not_count() {
    let with = |count: usize, archived: bool| {
        let mut document = household();
        let spaces = document.pointer_mut("/spaces").and_then(Value::as_object_mut).expect("an object");
        for number in 10..10 + count {
            let mut space = json!({"number": number, "name": format!("Club {number}"), "kind": "shared", "members": {"p1": "read"}});
            if archived {
                space["archived_at"] = json!("2026-11-01T00:00:00Z");
            }
            spaces.insert(format!("s{number}"), space);
        }
        parse_settings(document).and_then(|settings| validate(&settings))
    };
    // One is there already.
    assert_eq!(with(croft_model::MAX_MOUNTS - 1, false), Ok(()));
    assert_eq!(with(croft_model::MAX_MOUNTS, true), Ok(()));
    let refused = with(croft_model::MAX_MOUNTS, false).expect_err("one too many");
    assert!(refused.key.ends_with(".members.p1"), "{refused:?}");
}
