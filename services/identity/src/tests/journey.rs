//! From an unclaimed box to a household that signs in.

use croft_api::proof::Destructive;

use super::*;

#[tokio::test]
async fn a_box_is_claimed_once_and_any_step_may_be_repeated() {
    let mut home = Home::new().await;
    let fresh = home.call(Method::GET, "/api/v1/claim", None, Value::Null).await.expect(200);
    assert_eq!(fresh["state"], "unclaimed");
    let door = home.door().await;
    assert_eq!(fresh["fingerprint"], door.fingerprint);
    for wrong in ["0000-0000", ""] {
        assert_eq!(home.post("/api/v1/claim/code", json!({ "code": wrong })).await.refused(401), "pairing-code-wrong");
    }
    let ticket = home.ticket().await;
    home.kit(&ticket).await;
    home.restart().await;
    assert_eq!(home.door().await, door, "authority and code survive a restart");
    let finish =
        async |ticket: &str, answers: Value| home.post("/api/v1/claim/finish", json!({ "ticket": ticket, "answers": answers })).await;
    assert_eq!(finish(&ticket, json!({})).await.refused(401), "ticket-over");
    let ticket = home.ticket().await;
    assert_eq!(finish(&ticket, json!({})).await.refused(409), "claim-out-of-order");
    let (first, second) = (home.kit(&ticket).await, home.kit(&ticket).await);
    assert_ne!(first.words, second.words);
    assert_eq!(finish(&ticket, json!({ second.ask[0].to_string(): "zoo2" })).await.refused(422), "kit-answer-wrong");
    let done = finish(&ticket, answers(&second)).await;
    let token = done.token();
    let session = done.expect(201);
    assert_eq!((&session["name"], &session["role"]), (&json!("ana"), &json!("owner")));
    let capability = home.capability(&token).await;
    assert_eq!(home.call(Method::GET, "/api/v1/session", Some(&capability), Value::Null).await.expect(200), session);
    assert_eq!(finish(&ticket, answers(&second)).await.refused(410), "already-claimed");
    let code = door.pairing_code.unwrap();
    assert_eq!(home.post("/api/v1/claim/code", json!({ "code": code })).await.refused(410), "already-claimed");
    assert_eq!(home.door().await.pairing_code, None);
    home.restart().await;
    assert_eq!(home.call(Method::GET, "/api/v1/claim", None, Value::Null).await.expect(200)["state"], "claimed");
    home.capability(&token).await;
}

#[tokio::test]
async fn a_crash_after_the_owner_was_made_leaves_the_claim_repeatable() {
    let mut home = Home::new().await;
    home.people(|people| drop(people.insert(PersonId::from_number(1), person("ana", PersonRole::Owner, 1))));
    home.restart().await;
    let (token, _) = home.claim().await;
    home.capability(&token).await;
    assert_eq!(home.audited(), ["claim.finished"]);
}

#[tokio::test]
async fn the_pairing_code_is_slow_to_guess_for_who_guesses() {
    let home = Home::new().await;
    for _ in 0..5 {
        assert_eq!(home.post("/api/v1/claim/code", json!({ "code": "0000-0000" })).await.refused(401), "pairing-code-wrong");
    }
    let code = home.door().await.pairing_code.unwrap();
    let slow = home.post("/api/v1/claim/code", json!({ "code": code })).await;
    assert!((1..=60).contains(&slow.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap()));
    assert_eq!(slow.refused(429), "too-many-guesses");
    home.call_from("192.168.1.8", "/api/v1/claim/code", json!({ "code": code })).await.expect(200);
}

#[tokio::test]
async fn sessions_are_listed_and_end_at_once() {
    let home = Home::new().await;
    let (first, _) = home.claim().await;
    let second = home.sign_in("ana", PASSPHRASE).await.token();
    let capability = home.capability(&first).await;
    let list = home.call(Method::GET, "/api/v1/sessions", Some(&capability), Value::Null).await.expect(200);
    let entries: Vec<(String, bool)> =
        list.as_array().unwrap().iter().map(|entry| (entry["id"].as_str().unwrap().into(), entry["current"].as_bool().unwrap())).collect();
    assert_eq!(entries.len(), 2);
    assert_eq!(list[0]["agent"], "a browser");
    assert_eq!(list[0]["address"], "192.168.1.7");
    let mut revocations = Lines::listen(&home).await;
    let other = &entries.iter().find(|(_, current)| !current).unwrap().0;
    home.call(Method::DELETE, &format!("/api/v1/sessions/{other}"), Some(&capability), Value::Null).await.expect(204);
    assert_eq!(revocations.next().await, json!({ "session": other }));
    assert_eq!(home.judge(cookie(&second), "identity").await.refused(401), "signed-out");
    // Nobody's session is nobody's revocation: the next one told is the own one's.
    assert_eq!(
        home.call(Method::DELETE, &format!("/api/v1/sessions/{other}"), Some(&capability), Value::Null).await.refused(404),
        "no-such-session"
    );
    let out = home.call(Method::DELETE, "/api/v1/session", Some(&capability), Value::Null).await;
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    out.expect(204);
    assert_eq!(
        revocations.next().await,
        json!({ "session": list.as_array().unwrap().iter().find(|entry| entry["id"] != *other).unwrap()["id"] })
    );
    assert_eq!(home.judge(cookie(&first), "identity").await.refused(401), "signed-out");
}

#[tokio::test]
async fn a_new_passphrase_signs_every_browser_out_but_keeps_programs() {
    let home = Home::new().await;
    let (first, _) = home.claim().await;
    let second = home.sign_in("ana", PASSPHRASE).await.token();
    let capability = home.capability(&first).await;
    let app = home.call(Method::POST, "/api/v1/tokens", Some(&capability), json!({ "name": "laptop" })).await.expect(201);
    let change = async |old: &str, new: &str| {
        home.call(Method::POST, "/api/v1/passphrase", Some(&capability), json!({ "old": old, "new": new })).await
    };
    assert_eq!(change("wrong and wrong", "another good one").await.refused(403), "passphrase-wrong");
    assert_eq!(change(PASSPHRASE, "short").await.refused(422), "passphrase-unfit");
    let third = change(PASSPHRASE, "another good one").await.token();
    for gone in [&first, &second] {
        assert_eq!(home.judge(cookie(gone), "identity").await.refused(401), "signed-out");
    }
    home.capability(&third).await;
    home.judge(Credential::Bearer { value: secret(app["secret"].as_str().unwrap()) }, "sync@s1").await.expect(200);
    assert_eq!(home.sign_in("ana", PASSPHRASE).await.refused(401), "sign-in-wrong");
    home.sign_in("ana", "another good one").await.expect(200);
}

#[tokio::test]
async fn what_cannot_be_undone_is_proved_by_the_passphrase() {
    let home = Home::new().await;
    let (token, _) = home.claim().await;
    let capability = home.capability(&token).await;
    let prove = async |passphrase: &str, operation: &str, target: &str| {
        let body = json!({ "passphrase": passphrase, "operation": operation, "target": target });
        home.call(Method::POST, "/api/v1/session/proof", Some(&capability), body).await
    };
    assert_eq!(prove("wrong and wrong", "pool.grow", "disk-1").await.refused(403), "passphrase-wrong");
    assert_eq!(prove(PASSPHRASE, "", "disk-1").await.refused(422), "proof-unfit");
    assert_eq!(prove(PASSPHRASE, "pool.grow", &"x".repeat(129)).await.refused(422), "proof-unfit");
    let proved = prove(PASSPHRASE, "pool.grow", "disk-1").await.expect(201);
    let sent = HeaderMap::from_iter([(http::HeaderName::from_static("croft-proof"), proved["proof"].as_str().unwrap().parse().unwrap())]);
    let verifier = Verifier::new(&Minter::from_seed(&SEED).unwrap().public_key_hex(), "storage").unwrap();
    let who = croft_model::Principal::Person { id: PersonId::from_number(1), name: "ana".into(), role: PersonRole::Owner };
    let claims = croft_model::Claims { who, session: None, scopes: [].into(), audience: "storage".into(), expires: 0 };
    let now = jiff::Timestamp::now().as_second();
    let judged =
        |operation, target| verifier.destroys(&claims, &sent, Destructive { operation, target }, now).map_err(|problem| problem.code);
    assert_eq!(judged("pool.grow", "disk-1"), Ok(()));
    assert!(judged("pool.grow", "disk-2").is_err() && judged("pool.remove", "disk-1").is_err());
}

/// Lines of identity's revocations.
pub(super) struct Lines(http_body_util::BodyDataStream<hyper::body::Incoming>);

impl Lines {
    /// Listens; when this returns, nothing is missed any more.
    pub(super) async fn listen(home: &Home) -> Self {
        let role = Role::new(RunDirectory::new(home.directory()), "identity");
        let request = Request::builder().uri("/internal/v1/revocations").body(Body::empty()).unwrap();
        let mut lines = Self(role.send(request).await.unwrap().into_body().into_data_stream());
        assert_eq!(lines.line().await, b"\n".as_slice());
        lines
    }

    async fn line(&mut self) -> axum::body::Bytes {
        futures_util::StreamExt::next(&mut self.0).await.unwrap().unwrap()
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Value {
        serde_json::from_slice(&self.line().await).unwrap()
    }
}
