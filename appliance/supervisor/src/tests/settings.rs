//! Changing the settings, and every refusal of it.

use http::Method;
use serde_json::{Value, json};

use super::{As, TestBox};
use croft_store::crash::Disk;

#[tokio::test]
async fn a_change_is_a_commit_with_who_and_why() {
    let croft = TestBox::claimed().await;
    let mut news = croft.listen();
    let changed = croft.patch_with("box", "?why=It%20moved", json!({ "name": "Cabin" })).await;
    assert_eq!(changed.header("etag"), "\"box-2\"");
    let changed = changed.expect(200);
    assert_eq!(
        (&changed["generation"], &changed["etags"]["box"], &changed["etags"]["people"]),
        (&json!(2), &json!("\"box-2\""), &json!("\"people-1\""))
    );
    let generation = super::heard(&mut news, |event| match event {
        croft_model::Event::Settings { generation, sections } => Some((*generation, sections.clone())),
        _ => None,
    });
    assert_eq!(generation.await, (2, vec![croft_model::Section::Box]));
    let commit = croft.get("/api/v1/settings/history/2").await.expect(200);
    assert_eq!(commit["who"], json!({ "kind": "person", "id": "p1", "name": "ana" }));
    assert_eq!(commit["why"], "It moved");
    assert_eq!(commit["changes"], json!({ "box": { "patch": { "name": "Cabin" }, "inverse": { "name": "Our house" } } }));
    let line = croft.get("/api/v1/activity?limit=1").await.expect(200)["items"][0].clone();
    assert_eq!(
        (&line["action"], &line["sentence"], &line["generation"]),
        (&json!("settings.changed"), &json!("Changed box.name."), &json!(2))
    );
    // The same once more changes nothing and makes no generation.
    let same = croft.patch("box", json!({ "name": "Cabin" })).await.expect(200);
    assert_eq!((&same["generation"], &same["commit"]), (&json!(2), &Value::Null));
    assert_eq!(croft.get("/api/v1/settings").await.expect(200)["generation"], 2);
}

#[tokio::test]
async fn writers_must_have_seen_what_they_change() {
    let croft = TestBox::claimed().await;
    let patch = async |etag: Option<&str>| {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(etag.map(|etag| ("if-match", etag)));
        croft.send(As::Ana, Method::PATCH, "/api/v1/settings/box", &headers, json!({ "name": "Cabin" }).to_string()).await
    };
    patch(None).await.refused(428, "if-match-missing");
    for stale in ["\"box-0\"", "\"people-1\"", "box-1", "W/\"box-1\"", ""] {
        let problem = patch(Some(stale)).await.refused(412, "settings-stale");
        assert_eq!(problem.key.as_deref(), Some("box"), "{stale}");
    }
    assert_eq!(croft.get("/api/v1/settings").await.expect(200)["generation"], 1);
    patch(Some("\"people-7\", \"box-1\"")).await.expect(200);
    patch(Some("\"box-1\"")).await.refused(412, "settings-stale");
    patch(Some("*")).await.expect(200);
}

#[tokio::test]
async fn what_cannot_be_settings_is_refused_by_its_key() {
    let croft = TestBox::claimed().await;
    let check = async |section: &str, patch: Value, code: &str, key: &str| {
        let problem = croft.patch(section, patch.clone()).await.refused(422, code);
        assert_eq!(problem.key.as_deref(), Some(key), "{patch}: {problem:?}");
    };
    check("box", json!({ "colour": "red" }), "settings-invalid", "box.colour").await;
    check("box", json!({ "name": 7 }), "settings-invalid", "box.name").await;
    check("box", json!({ "host": "-x" }), "settings-invalid", "box.host").await;
    check("box", json!({ "host": null }), "settings-invalid", "box").await;
    check("door", json!({ "extra_names": ["a.example.org"] }), "settings-invalid", "door.extra_names.0").await;
    check("people", json!({ "p1": { "role": "member" } }), "settings-invalid", "people").await;
    check("people", json!({ "p1": { "role": "king" } }), "settings-invalid", "people.p1.role").await;
    check("people", json!({ "p1": { "space": "s9" } }), "settings-refused", "people.p1.space").await;
    croft.patch("people", json!({ "p1": null })).await.refused(409, "last-owner");
}

#[tokio::test]
async fn bodies_and_addresses_are_read_strictly() {
    let croft = TestBox::claimed().await;
    let send = async |path: &str, kind: &str, body: &str| {
        croft.send(As::Ana, Method::PATCH, path, &[("content-type", kind), ("if-match", "*")], body.into()).await
    };
    send("/api/v1/settings/box", "application/json", "{").await.refused(400, "body-invalid");
    send("/api/v1/settings/box", "application/json", "[]").await.refused(422, "body-invalid");
    send("/api/v1/settings/box", "text/plain", "{}").await.refused(415, "not-json");
    send("/api/v1/settings/cellar", "application/json", "{}").await.refused(404, "no-such-section");
    send("/api/v1/settings/box?colour=red", "application/json", "{}").await.refused(400, "query-invalid");
    send(&format!("/api/v1/settings/box?why={}", "x".repeat(501)), "application/json", r#"{"name":"B"}"#)
        .await
        .refused(422, "why-too-long");
    send("/api/v1/settings/box", "application/json", &format!(r#"{{"name":"{}"}}"#, "x".repeat(70_000)))
        .await
        .refused(413, "body-too-large");
    croft.get("/api/v1/settings/history/x").await.refused(404, "no-such-thing");
    croft.get("/api/v1/settings/history/99").await.refused(404, "no-such-generation");
    croft.get("/api/v1/settings/diff?from=0&to=99").await.refused(404, "no-such-generation");
    croft.get("/api/v1/cellar").await.refused(404, "no-such-route");
}

#[tokio::test]
async fn nothing_is_shown_or_changed_without_the_right() {
    let croft = TestBox::claimed().await;
    let needs = super::routes::routes();
    for (route, needs) in needs.needs() {
        let (method, path) = route.split_once(' ').expect("method and path");
        let path = path.replace("{section}", "box").replace("{generation}", "1").replace("{id}", "p1");
        let method: Method = method.parse().expect("a method");
        match needs {
            croft_api::routes::Needs::Scope(scope) => {
                croft.ask(As::Nobody, method.clone(), &path, Value::Null).await.refused(401, "capability-refused");
                if *scope == croft_model::Scope::Manage {
                    croft.ask(As::Member, method, &path, Value::Null).await.refused(403, "not-allowed");
                }
            }
            other => assert!(path.starts_with("/internal/v1/"), "{route} needs {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_dry_run_says_what_would_change() {
    let croft = TestBox::claimed().await;
    let dry = croft.patch_with("box", "?dry_run=true", json!({ "name": "Cabin" })).await.expect(200);
    assert_eq!((&dry["dry_run"], &dry["generation"], &dry["etags"]["box"]), (&json!(true), &json!(1), &json!("\"box-1\"")));
    assert_eq!(dry["commit"]["changes"]["box"]["patch"], json!({ "name": "Cabin" }));
    assert_eq!(croft.get("/api/v1/settings/box").await.expect(200)["name"], "Our house");
    croft.patch_with("box", "?dry_run=true", json!({ "name": "" })).await.refused(422, "settings-invalid");
}

#[tokio::test]
async fn history_is_paged_and_compared() {
    let croft = TestBox::claimed().await;
    for name in ["A", "B", "C", "D"] {
        croft.patch("box", json!({ "name": name })).await.expect(200);
    }
    let first = croft.get("/api/v1/settings/history?limit=2").await.expect(200);
    let generations =
        |page: &Value| page["items"].as_array().expect("items").iter().map(|commit| commit["generation"].as_u64()).collect::<Vec<_>>();
    assert_eq!((generations(&first), &first["next_before"]), (vec![Some(5), Some(4)], &json!(4)));
    let last = croft.get("/api/v1/settings/history?limit=3&before=4").await.expect(200);
    assert_eq!((generations(&last), &last["next_before"]), (vec![Some(3), Some(2), Some(1)], &Value::Null));
    let difference = croft.get("/api/v1/settings/diff?from=2&to=4").await.expect(200);
    assert_eq!(difference["changes"], json!({ "box": { "patch": { "name": "C" }, "inverse": { "name": "A" } } }));
    assert_eq!(croft.get("/api/v1/settings/diff?from=5").await.expect(200)["changes"], json!({}));
    let whole = croft.get("/api/v1/settings/diff?from=0").await.expect(200);
    assert_eq!(whole["changes"]["people"]["patch"]["p1"]["name"], "ana");
}

#[tokio::test]
async fn a_commit_is_taken_back_unless_it_was_changed_since() {
    let croft = TestBox::claimed().await;
    croft.patch("box", json!({ "name": "A", "language": "de" })).await.expect(200);
    croft.patch("door", json!({ "session_idle_days": 7 })).await.expect(200);
    croft.patch("box", json!({ "name": "B" })).await.expect(200);
    let problem = croft.post("/api/v1/settings/revert/2", Value::Null).await.refused(409, "revert-conflict");
    assert_eq!(problem.key.as_deref(), Some("box.name"));
    croft.post("/api/v1/settings/revert/3?why=too%20short", Value::Null).await.expect(200);
    assert_eq!(croft.get("/api/v1/settings/door").await.expect(200)["session_idle_days"], 30);
    croft.post("/api/v1/settings/revert/4", Value::Null).await.expect(200);
    croft.post("/api/v1/settings/revert/2", Value::Null).await.expect(200);
    let section = croft.get("/api/v1/settings/box").await.expect(200);
    assert_eq!((&section["name"], &section["language"]), (&json!("Our house"), &json!("en")));
    croft.post("/api/v1/settings/revert/77", Value::Null).await.refused(404, "no-such-generation");
}

#[tokio::test]
async fn what_was_exported_is_imported_in_one_commit() {
    let croft = TestBox::claimed().await;
    let import = async |query: &str, text: &str| {
        let path = format!("/api/v1/settings/import{query}");
        croft.send(As::Ana, Method::POST, &path, &[("content-type", "application/toml")], text.into()).await
    };
    let export = croft.get("/api/v1/settings/export").await;
    assert_eq!(export.header("content-type"), "application/toml");
    let text = export.expect(200).as_str().expect("text").to_owned();
    croft.patch("box", json!({ "name": "Cabin" })).await.expect(200);
    croft.patch("door", json!({ "session_idle_days": 7 })).await.expect(200);
    let dry = import("?dry_run=true", &text).await.expect(200);
    assert_eq!(dry["commit"]["changes"].as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(croft.get("/api/v1/settings").await.expect(200)["generation"], 3);
    assert_eq!(import("?why=as%20before", &text).await.expect(200)["generation"], 4);
    assert_eq!(croft.get("/api/v1/settings/export").await.expect(200), Value::String(text.clone()));
    let task = croft.get("/api/v1/tasks").await.expect(200)[0].clone();
    assert_eq!((&task["kind"], &task["state"]), (&json!("settings.import"), &json!({ "is": "done" })));

    let stranger =
        text.replace("[people.p1]", "[people.p8]\nname = \"zoe\"\ndisplay_name = \"Zoe\"\nrole = \"owner\"\nspace = \"s1\"\n\n[people.p1]");
    let problem = import("", &stranger).await.refused(422, "settings-refused");
    assert_eq!(problem.key.as_deref(), Some("people.p8"));
    assert!(problem.hint.expect("a hint").contains("POST /api/v1/people"));
    let task = croft.get("/api/v1/tasks").await.expect(200)[0].clone();
    assert_eq!(task["state"]["is"], "failed");
    import("", "name = ").await.refused(422, "settings-invalid");
    import("", &text.replace("schema = 1", "schema = 2")).await.refused(422, "settings-invalid");
    import("", &text.replace("[door]", "[window]")).await.refused(422, "settings-invalid");
    croft.send(As::Ana, Method::POST, "/api/v1/settings/import", &[("content-type", "text/plain")], text).await.refused(415, "not-toml");
}

#[tokio::test]
async fn settings_outlive_the_process_and_a_failing_disk_changes_nothing() {
    let croft = TestBox::claimed().await;
    croft.patch("box", json!({ "name": "Cabin" })).await.expect(200);
    let again = TestBox::on(croft.disk.after_the_crash()).await;
    assert_eq!(again.get("/api/v1/settings/box").await.expect(200)["name"], "Cabin");
    again.disk.cut_power_after(0);
    let etag = again.get("/api/v1/settings/box").await.header("etag");
    let headers = [("content-type", "application/json"), ("if-match", etag.as_str())];
    again
        .send(As::Ana, Method::PATCH, "/api/v1/settings/box", &headers, json!({ "name": "Lost" }).to_string())
        .await
        .refused(500, "internal");
    assert_eq!(again.get("/api/v1/settings/box").await.expect(200)["name"], "Cabin");
    let after: Disk = again.disk.after_the_crash();
    assert_eq!(TestBox::on(after).await.get("/api/v1/settings").await.expect(200)["generation"], 2);
}

#[test]
fn a_full_disk_is_said_as_such() {
    let error = croft_store::StoreError::Commit { store: "supervisor", source: croft_store::Trouble::Full };
    let problem = crate::error::problem(error);
    assert_eq!((problem.status, problem.code.as_str()), (507, "disk-full"));
}
