//! People and spaces: ids are handed out once, and nobody is lost by a patch.

use http::Method;
use serde_json::{Value, json};

use super::{As, TestBox};

async fn with_bea() -> TestBox {
    let croft = TestBox::claimed().await;
    let bea = croft.post("/api/v1/people", json!({ "name": "bea", "display_name": "Bea", "role": "member" })).await.expect(201);
    assert_eq!(bea, json!({ "id": "p2", "name": "bea", "display_name": "Bea", "role": "member", "space": "s2" }));
    croft
}

async fn remove(croft: &TestBox, id: &str) -> super::Answer {
    croft.ask(As::Ana, Method::DELETE, &format!("/api/v1/people/{id}"), Value::Null).await
}

#[tokio::test]
async fn a_person_comes_with_a_space_in_one_commit() {
    let croft = with_bea().await;
    let commit = croft.get("/api/v1/settings/history/2").await.expect(200);
    assert_eq!(
        commit["changes"]["people"]["patch"],
        json!({ "p2": { "name": "bea", "display_name": "Bea", "role": "member", "space": "s2" } })
    );
    assert_eq!(
        commit["changes"]["spaces"]["patch"],
        json!({ "s2": { "number": 2, "name": "bea", "kind": "personal", "members": { "p2": "manage" } } })
    );
    croft.post("/api/v1/people", json!({ "name": "bea", "role": "member" })).await.refused(422, "settings-invalid");
    croft.post("/api/v1/people", json!({ "name": "Bea", "role": "member" })).await.refused(422, "settings-invalid");
    croft.post("/api/v1/people", json!({ "name": "zoe", "role": "member", "space": "s1" })).await.refused(400, "body-invalid");
    // A refusal hands out no id.
    assert_eq!(croft.post("/api/v1/people", json!({ "name": "cem", "role": "owner" })).await.expect(201)["id"], "p3");
}

#[tokio::test]
async fn the_first_owner_can_be_asked_for_again_until_others_are_there() {
    let croft = TestBox::claimed().await;
    let owner = |name: &str| json!({ "name": name, "display_name": "Ann", "box_name": "Cabin" });
    let made = croft.ask(As::Nobody, Method::PUT, "/internal/v1/owner", owner("ann")).await.expect(200);
    assert_eq!(made, json!({ "person": "p1", "space": "s1" }));
    let settings = croft.get("/api/v1/settings").await.expect(200);
    assert_eq!((&settings["generation"], &settings["settings"]["people"]["p1"]["name"]), (&json!(2), &json!("ann")));
    croft.post("/api/v1/people", json!({ "name": "bea", "role": "member" })).await.expect(201);
    croft.ask(As::Nobody, Method::PUT, "/internal/v1/owner", owner("mallory")).await.refused(409, "already-claimed");
}

#[tokio::test]
async fn removing_a_person_archives_the_space_and_can_be_taken_back() {
    let croft = with_bea().await;
    let members = json!({ "p1": "manage", "p2": "write" });
    assert_eq!(croft.post("/api/v1/spaces", json!({ "name": "Family", "members": members })).await.expect(201)["id"], "s3");
    remove(&croft, "p2").await.expect(200);
    let spaces = croft.get("/api/v1/settings/spaces").await.expect(200);
    assert_eq!((&spaces["s2"]["members"], &spaces["s3"]["members"]), (&json!({}), &json!({ "p1": "manage" })));
    assert!(spaces["s2"]["archived_at"].is_string());
    remove(&croft, "p2").await.refused(404, "no-such-person");
    // Neither the id nor the name's space is used for the next one.
    assert_eq!(croft.post("/api/v1/people", json!({ "name": "cem", "role": "member" })).await.expect(201)["space"], "s4");
    croft.post("/api/v1/settings/revert/4", Value::Null).await.expect(200);
    let settings = croft.get("/api/v1/settings").await.expect(200)["settings"].clone();
    assert_eq!(settings["people"]["p2"]["name"], "bea");
    assert_eq!(settings["spaces"]["s3"]["members"], json!({ "p1": "manage", "p2": "write" }));
    assert_eq!(
        (&settings["spaces"]["s2"]["archived_at"], &settings["spaces"]["s2"]["members"]),
        (&Value::Null, &json!({ "p2": "manage" }))
    );
}

#[tokio::test]
async fn the_last_owner_stays() {
    let croft = with_bea().await;
    remove(&croft, "p1").await.refused(409, "last-owner");
    croft.patch("people", json!({ "p2": { "role": "owner" } })).await.expect(200);
    remove(&croft, "p1").await.expect(200);
    remove(&croft, "p2").await.refused(409, "last-owner");
}

#[tokio::test]
async fn ids_are_never_written_by_hand() {
    let croft = with_bea().await;
    let check = async |section: &str, patch: Value, key: &str, words: &str| {
        let problem = croft.patch(section, patch.clone()).await.refused(422, "settings-refused");
        assert_eq!(problem.key.as_deref(), Some(key), "{patch}");
        let text = problem.to_string();
        assert!(text.contains(words), "{text}");
    };
    let zoe = json!({ "name": "zoe", "display_name": "Zoe", "role": "member", "space": "s1" });
    check("people", json!({ "p9": zoe }), "people.p9", "POST /api/v1/people").await;
    check("people", json!({ "p2": null }), "people.p2", "DELETE /api/v1/people/p2").await;
    check("spaces", json!({ "s2": null }), "spaces.s2", "only archived").await;
    check("spaces", json!({ "s7": { "number": 7, "name": "X", "kind": "shared" } }), "spaces.s7", "POST /api/v1/spaces").await;
    check("spaces", json!({ "s2": { "kind": "shared" } }), "spaces.s2.kind", "for good").await;
    remove(&croft, "p2").await.expect(200);
    check("people", json!({ "p2": zoe }), "people.p2", "never used again").await;
    check("spaces", json!({ "s2": { "archived_at": null } }), "spaces.s2.archived_at", "with the person").await;
    check("spaces", json!({ "s2": { "archived_at": "2001-01-01T00:00:00Z" } }), "spaces.s2.archived_at", "as of now").await;
}

#[tokio::test]
async fn adding_cannot_be_taken_back_but_removed() {
    let croft = with_bea().await;
    let problem = croft.post("/api/v1/settings/revert/2", Value::Null).await.refused(409, "revert-refused");
    assert!(problem.hint.expect("a hint").contains("DELETE /api/v1/people/p2"));
    croft.post("/api/v1/spaces", json!({ "name": "Family", "members": { "p1": "manage" } })).await.expect(201);
    croft.post("/api/v1/settings/revert/3", Value::Null).await.refused(422, "settings-refused");
    croft.post("/api/v1/spaces", json!({ "name": "Nobody's", "members": { "p1": "read" } })).await.refused(422, "settings-refused");
    croft.post("/api/v1/spaces", json!({ "name": "family", "members": { "p1": "manage" } })).await.refused(422, "settings-invalid");
    let now = jiff::Timestamp::now();
    croft.patch("spaces", json!({ "s3": { "archived_at": now } })).await.expect(200);
    croft.patch("spaces", json!({ "s3": { "archived_at": null } })).await.expect(200);
}

#[tokio::test]
async fn everybody_sees_their_own_spaces() {
    let croft = with_bea().await;
    croft.post("/api/v1/spaces", json!({ "name": "Family", "members": { "p1": "manage", "p2": "read" } })).await.expect(201);
    croft.post("/api/v1/spaces", json!({ "name": "Parents", "members": { "p1": "manage" } })).await.expect(201);
    let check = async |who: As, expected: Value| {
        let spaces = croft.ask(who, Method::GET, "/api/v1/spaces", Value::Null).await.expect(200);
        let short: Value = spaces.as_array().expect("a list").iter().map(|space| json!([space["id"], space["right"]])).collect();
        assert_eq!(short, expected, "{who:?}");
    };
    check(As::Ana, json!([["s1", "manage"], ["s3", "manage"], ["s4", "manage"]])).await;
    check(As::Member, json!([["s2", "manage"], ["s3", "read"]])).await;
    check(As::Console, json!([["s1", null], ["s2", null], ["s3", null], ["s4", null]])).await;
    let people = croft.ask(As::Member, Method::GET, "/api/v1/people", Value::Null).await.expect(200);
    assert_eq!(people.as_array().map(Vec::len), Some(2));
}
