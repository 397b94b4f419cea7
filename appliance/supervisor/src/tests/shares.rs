//! Network drives: who may switch them on, who makes devices for whom, and that nothing stays open.

use http::Method;
use serde_json::{Value, json};

use super::{As, TestBox};

const SHARES: &str = "/api/v1/shares";
const DEVICES: &str = "/api/v1/shares/devices";

/// A box of Ana and Bea with a shared space that Bea may read, and drives switched on.
async fn household() -> TestBox {
    let croft = TestBox::claimed().await;
    croft.post("/api/v1/people", json!({ "name": "bea", "role": "member" })).await.expect(201);
    croft.post("/api/v1/spaces", json!({ "name": "Photos", "members": { "p1": "manage", "p2": "read" } })).await.expect(201);
    croft.patch("shares", json!({ "serve": "on" })).await.expect(200);
    croft
}

/// What is served, share by share: whoever changed something has waited for it.
fn served(croft: &TestBox) -> Vec<String> {
    let shares = croft.smb.served().map(|wanted| wanted.shares).unwrap_or_default();
    shares.iter().map(|share| format!("{} r={} w={}", share.name, share.readers.join(","), share.writers.join(","))).collect()
}

#[tokio::test]
async fn nothing_is_served_until_somebody_wants_it() {
    let croft = TestBox::claimed().await;
    croft.post(DEVICES, json!({ "name": "laptop" })).await.expect(201);
    let status = croft.get(SHARES).await.expect(200);
    assert_eq!((&status["state"], &status["drives"]), (&json!("off"), &json!([])));
    assert_eq!(croft.smb.served(), None);
    croft.patch("shares", json!({ "serve": "on" })).await.expect(200);
    assert_eq!(served(&croft), ["ana r= w=ana-laptop"]);
    croft.patch("shares", json!({ "serve": "off" })).await.expect(200);
    assert!(served(&croft).is_empty());
    assert_eq!(croft.smb.served(), None);
}

#[tokio::test]
async fn a_device_reaches_what_its_person_reaches_until_it_is_removed() {
    let croft = household().await;
    let made = croft.ask(As::Member, Method::POST, DEVICES, json!({ "name": "pc" })).await.expect(201);
    assert_eq!((&made["device"]["account"], &made["device"]["person"]), (&json!("bea-pc"), &json!("p2")));
    let password = made["password"].as_str().expect("shown").to_owned();
    croft.post(DEVICES, json!({ "name": "tv", "person": "bea" })).await.refused(403, "not-allowed");
    croft.ask(As::Console, Method::POST, DEVICES, json!({ "name": "tv", "person": "bea" })).await.expect(201);
    croft.post(DEVICES, json!({ "name": "laptop" })).await.expect(201);
    assert_eq!(served(&croft), ["ana r= w=ana-laptop", "bea r= w=bea-pc,bea-tv", "Photos r=bea-pc,bea-tv w=ana-laptop"]);
    let of_bea = croft.ask(As::Member, Method::GET, SHARES, Value::Null).await.expect(200);
    let names = |list: &Value, key: &str| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|one| one[key].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(names(&of_bea["drives"], "name"), ["bea", "Photos"]);
    assert_eq!((&of_bea["drives"][1]["right"], &of_bea["drives"][1]["address"]), (&json!("read"), &json!("smb://croft.local/Photos")));
    assert_eq!(names(&of_bea["devices"], "account"), ["bea-pc", "bea-tv"]);
    assert_eq!(names(&croft.get(SHARES).await.expect(200)["devices"], "account"), ["bea-pc", "bea-tv", "ana-laptop"]);
    // The password is told once and is in nothing that is told later.
    let told = croft.get("/api/v1/activity?limit=50").await.expect(200).to_string() + &croft.get(SHARES).await.expect(200).to_string();
    assert!(told.contains("device.made") && !told.contains(&password), "{told}");
    // Each removes their own, owners those of everybody; a stranger's is not even there.
    let path = |id: &Value| format!("{DEVICES}/{id}");
    let [pc, tv, laptop] = [0, 1, 2].map(|index: usize| index);
    let all = croft.get(SHARES).await.expect(200)["devices"].clone();
    croft.ask(As::Member, Method::DELETE, &path(&all[laptop]["id"]), Value::Null).await.refused(404, "no-such-device");
    croft.ask(As::Member, Method::DELETE, &path(&all[pc]["id"]), Value::Null).await.expect(204);
    assert!(!croft.smb.served().expect("on").accounts.iter().any(|account| account.name == "bea-pc"), "gone when it is answered");
    croft.ask(As::Ana, Method::DELETE, &path(&all[tv]["id"]), Value::Null).await.expect(204);
    croft.ask(As::Ana, Method::DELETE, &path(&all[tv]["id"]), Value::Null).await.refused(404, "no-such-device");
    assert_eq!(served(&croft), ["ana r= w=ana-laptop", "bea r= w=", "Photos r= w=ana-laptop"]);
}

#[tokio::test]
async fn nobody_makes_a_device_of_somebody_else_and_no_name_is_more_than_a_name() {
    let croft = household().await;
    croft.ask(As::Member, Method::POST, DEVICES, json!({ "name": "pc", "person": "ana" })).await.refused(404, "no-such-person");
    croft.ask(As::Nobody, Method::POST, DEVICES, json!({ "name": "pc" })).await.refused(401, "capability-refused");
    croft.ask(As::Member, Method::PATCH, "/api/v1/settings/shares", json!({ "serve": "off" })).await.refused(403, "not-allowed");
    croft.ask(As::Console, Method::POST, DEVICES, json!({ "name": "pc" })).await.refused(422, "person-missing");
    croft.ask(As::Console, Method::POST, DEVICES, json!({ "name": "pc", "person": "p2" })).await.expect(201);
    croft.ask(As::Member, Method::POST, DEVICES, json!({ "name": "pc" })).await.refused(409, "device-exists");
    for name in ["", "PC", "a b", "a:0", "a\nroot:x:0:0", "-", "x".repeat(40).as_str()] {
        croft.post(DEVICES, json!({ "name": name })).await.refused(422, "device-name-unfit");
    }
}

#[tokio::test]
async fn spaces_stay_away_and_macs_get_room_as_the_owner_says() {
    let croft = household().await;
    croft.post(DEVICES, json!({ "name": "mac" })).await.expect(201);
    let patch = json!({ "spaces": { "s3": "off" }, "time_machine": { "p1": { "quota_gib": 500 } } });
    croft.patch("shares", patch).await.expect(200);
    assert_eq!(served(&croft), ["ana r= w=ana-mac", "bea r= w=", "Time Machine ana r= w=ana-mac"]);
    let refused = croft.patch("shares", json!({ "time_machine": { "p1": { "quota_gib": 1 } } })).await.refused(422, "settings-invalid");
    assert_eq!(refused.key.as_deref(), Some("shares.time_machine.p1.quota_gib"));
    croft.patch("shares", json!({ "spaces": { "s3": null }, "time_machine": null })).await.expect(200);
    assert_eq!(served(&croft), ["ana r= w=ana-mac", "bea r= w=", "Photos r= w=ana-mac"]);
}

#[tokio::test]
async fn what_cannot_be_served_is_said_and_not_half_served() {
    let croft = household().await;
    assert!(!served(&croft).is_empty());
    croft.smb.refuse(Some("something else is at the port"));
    croft.patch("shares", json!({ "spaces": { "s3": "off" } })).await.expect(200);
    let status = croft.get(SHARES).await.expect(200);
    assert_eq!((&status["state"], croft.smb.served()), (&json!("unable"), None));
    assert!(status["why"].as_str().expect("why").contains("something else is at the port"), "{status}");
    let codes = croft.get("/api/v1/warnings").await.expect(200);
    assert_eq!(codes[0]["code"], json!("shares-not-served"), "{codes}");
    croft.smb.refuse(None);
    croft.patch("shares", json!({ "spaces": { "s3": null } })).await.expect(200);
    assert_eq!(croft.get(SHARES).await.expect(200)["state"], json!("on"));
    assert_eq!(croft.get("/api/v1/warnings").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_removal_that_may_not_have_worked_is_not_called_one() {
    let croft = household().await;
    let made = croft.post(DEVICES, json!({ "name": "laptop" })).await.expect(201);
    croft.smb.refuse(Some("it does not answer"));
    croft.smb.stick(true);
    let path = format!("{DEVICES}/{}", made["device"]["id"]);
    croft.ask(As::Ana, Method::DELETE, &path, Value::Null).await.refused(503, "shares-still-served");
    let codes = croft.get("/api/v1/warnings").await.expect(200);
    assert_eq!((&codes[0]["code"], &codes[0]["severity"]), (&json!("shares-still-served"), &json!("critical")), "{codes}");
    croft.smb.refuse(None);
    croft.smb.stick(false);
    croft.patch("shares", json!({ "spaces": { "s3": "off" } })).await.expect(200);
    assert_eq!(croft.get("/api/v1/warnings").await.expect(200), json!([]));
    assert!(croft.smb.served().expect("on").accounts.is_empty());
}

#[tokio::test]
async fn who_is_taken_out_or_removed_has_nothing_when_it_is_answered() {
    let croft = household().await;
    croft.ask(As::Member, Method::POST, DEVICES, json!({ "name": "pc" })).await.expect(201);
    assert!(served(&croft).contains(&"Photos r=bea-pc w=".into()), "{:?}", served(&croft));
    croft.patch("spaces", json!({ "s3": { "members": { "p2": null } } })).await.expect(200);
    assert!(served(&croft).contains(&"Photos r= w=".into()), "{:?}", served(&croft));
    let history = croft.get("/api/v1/settings/history?limit=1").await.expect(200);
    let generation = history["items"][0]["generation"].as_u64().expect("a generation");
    croft.post(&format!("/api/v1/settings/revert/{generation}"), Value::Null).await.expect(200);
    assert!(served(&croft).contains(&"Photos r=bea-pc w=".into()), "{:?}", served(&croft));
    let removed = croft.ask(As::Ana, Method::DELETE, "/api/v1/people/p2", Value::Null).await.expect(200);
    assert!(croft.smb.served().expect("on").accounts.is_empty());
    // Should she come back, a laptop that was lost meanwhile does not.
    let generation = removed["generation"].as_u64().expect("a generation");
    croft.post(&format!("/api/v1/settings/revert/{generation}"), Value::Null).await.expect(200);
    assert!(served(&croft).contains(&"bea r= w=".into()), "{:?}", served(&croft));
    assert_eq!(croft.get(SHARES).await.expect(200)["devices"], json!([]));
}
