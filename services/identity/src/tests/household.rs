//! People who come, change and go; programs that sign in for them.

use super::{journey::Lines, *};

const BEN: PersonId = PersonId::from_number(2);

async fn with_ben() -> (Home, String, Vec<String>) {
    let home = Home::new().await;
    let (token, words) = home.claim().await;
    home.people(|people| drop(people.insert(BEN, person("ben", PersonRole::Member, 2))));
    (home, token, words)
}

/// Invites ben, who joins; gives his session's token.
async fn ben_joins(home: &Home, owner: &str) -> String {
    let capability = home.capability(owner).await;
    let invitation = home.call(Method::POST, "/api/v1/invitations", Some(&capability), json!({ "person": "p2" })).await.expect(201);
    let joined = home.post("/api/v1/join", json!({ "code": invitation["code"], "passphrase": "ben's passphrase" })).await;
    let token = joined.token();
    joined.expect(201);
    assert_eq!(
        home.post("/api/v1/join", json!({ "code": invitation["code"], "passphrase": "somebody else's" })).await.refused(401),
        "invitation-wrong"
    );
    token
}

#[tokio::test]
async fn a_member_joins_by_invitation_and_manages_nothing() {
    let (home, owner, _) = with_ben().await;
    assert_eq!(home.sign_in("ben", "").await.refused(401), "sign-in-wrong");
    let ben = ben_joins(&home, &owner).await;
    home.sign_in("ben", "ben's passphrase").await.expect(200);
    let capability = home.capability(&ben).await;
    let call = async |path: &str, body: Value| home.call(Method::POST, path, Some(&capability), body).await;
    assert_eq!(call("/api/v1/invitations", json!({ "person": "p1" })).await.refused(403), "not-allowed");
    assert_eq!(call("/api/v1/tokens", json!({ "name": "x", "scopes": ["manage"] })).await.refused(403), "not-allowed");
    assert_eq!(call("/api/v1/tokens", json!({ "name": "x", "person": "ana" })).await.refused(403), "not-allowed");
    let owner = home.capability(&owner).await;
    assert_eq!(
        home.call(Method::POST, "/api/v1/invitations", Some(&owner), json!({ "person": "p1" })).await.refused(409),
        "owner-has-passphrase"
    );
    assert_eq!(
        home.call(Method::POST, "/api/v1/tokens", Some(&owner), json!({ "name": "x", "person": "ben" })).await.refused(403),
        "not-allowed"
    );
}

#[tokio::test]
async fn who_leaves_or_changes_is_void_at_once() {
    let (home, owner, _) = with_ben().await;
    let ben = ben_joins(&home, &owner).await;
    let mut revocations = Lines::listen(&home).await;
    home.people(|people| people.get_mut(&BEN).unwrap().role = PersonRole::Owner);
    assert_eq!(revocations.next().await, json!({ "person": "p2" }));
    let issued = home.judge(cookie(&ben), "supervisor").await.expect(200);
    let verifier = home.gate("supervisor").verifier;
    let claims = verifier.verify(issued["capability"].as_str().unwrap(), jiff::Timestamp::now().as_second()).unwrap();
    assert!(claims.allows(croft_model::Scope::Manage));
    home.people(|people| drop(people.remove(&BEN)));
    assert_eq!(revocations.next().await, json!({ "person": "p2" }));
    assert_eq!(home.judge(cookie(&ben), "supervisor").await.refused(401), "signed-out");
    assert_eq!(home.sign_in("ben", "ben's passphrase").await.refused(401), "sign-in-wrong");
}

#[tokio::test]
async fn programs_sign_in_with_app_passwords_alone() {
    let (home, owner, _) = with_ben().await;
    let console = home.console().await;
    let made = home.call(Method::POST, "/api/v1/tokens", Some(&console), json!({ "person": "ben", "name": " laptop " })).await.expect(201);
    assert_eq!((&made["user"], &made["name"], &made["scopes"]), (&json!("ben"), &json!("laptop"), &json!(["files"])));
    let password = made["secret"].as_str().unwrap();
    let basic = |name: &str, value: &str| Credential::AppPassword { name: name.into(), value: secret(value) };
    for typed in [password.to_owned(), password.to_uppercase().replace('-', " ")] {
        let issued = home.judge(basic("ben", &typed), "sync@s2").await.expect(200);
        assert_eq!((&issued["person"], &issued["session"]), (&json!("p2"), &made["id"]));
    }
    assert_eq!(home.judge(basic("ana", password), "sync@s2").await.refused(401), "app-password-wrong");
    let passphrase = home.judge(basic("ana", PASSPHRASE), "sync@s1").await.expect(401);
    assert!(passphrase["hint"].as_str().unwrap().contains("app password"));
    let issued = home.judge(basic("ben", password), "identity").await.expect(200);
    let own = issued["capability"].as_str().unwrap();
    assert_eq!(home.call(Method::GET, "/api/v1/tokens", Some(own), Value::Null).await.refused(403), "not-allowed");
    let list = home.call(Method::GET, "/api/v1/tokens?person=ben", Some(&console), Value::Null).await.expect(200);
    assert_eq!(list[0]["id"], made["id"]);
    assert!(list[0]["last_used"].is_string() && list[0].get("secret").is_none());
    let owner = home.capability(&owner).await;
    let path = format!("/api/v1/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(home.call(Method::DELETE, &path, Some(&owner), Value::Null).await.refused(404), "no-such-app-password");
    let mut revocations = Lines::listen(&home).await;
    home.call(Method::DELETE, &format!("{path}?person=p2"), Some(&console), Value::Null).await.expect(204);
    assert_eq!(revocations.next().await, json!({ "session": made["id"] }));
    assert_eq!(home.judge(basic("ben", password), "sync@s2").await.refused(401), "app-password-wrong");
}

#[tokio::test]
async fn the_kit_resets_an_owners_passphrase_and_nobody_elses() {
    let (home, first, words) = with_ben().await;
    ben_joins(&home, &first).await;
    let recover = async |words: &str, name: &str| {
        home.post("/api/v1/recovery", json!({ "words": words, "name": name, "passphrase": "a new beginning" })).await
    };
    let words = words.join(" ");
    for (words, name) in [("abandon ".repeat(24).as_str(), "ana"), (&words, "ben"), (&words, "nobody"), (&words[..40], "ana")] {
        assert_eq!(recover(words, name).await.refused(401), "recovery-kit-wrong");
    }
    let token = recover(&words.to_uppercase(), "ana").await.token();
    home.capability(&token).await;
    assert_eq!(home.judge(cookie(&first), "identity").await.refused(401), "signed-out");
    home.sign_in("ana", "a new beginning").await.expect(200);
    assert!(home.audited().contains(&"passphrase.recovered".to_owned()));
}

#[tokio::test]
async fn the_console_reaches_no_files() {
    let home = Home::new().await;
    home.claim().await;
    assert_eq!(home.post("/internal/v1/capabilities/local", json!({ "audience": "sync@s1" })).await.refused(403), "not-allowed");
    let console = home.console().await;
    assert_eq!(home.call(Method::GET, "/api/v1/session", Some(&console), Value::Null).await.refused(403), "not-a-person");
    assert_eq!(home.call(Method::POST, "/api/v1/tokens", Some(&console), json!({ "name": "x" })).await.refused(422), "person-missing");
}

#[tokio::test]
async fn who_was_an_owner_is_not_given_a_passphrase_by_another() {
    let (home, owner, _) = with_ben().await;
    let ben = ben_joins(&home, &owner).await;
    let mut revocations = Lines::listen(&home).await;
    let capability = home.capability(&owner).await;
    let invite = async || home.call(Method::POST, "/api/v1/invitations", Some(&capability), json!({ "person": "p2" })).await;
    let code = invite().await.expect(201)["code"].clone();
    for role in [PersonRole::Owner, PersonRole::Member] {
        home.people(|people| people.get_mut(&BEN).unwrap().role = role);
        assert_eq!(revocations.next().await, json!({ "person": "p2" }));
        let join = home.post("/api/v1/join", json!({ "code": code, "passphrase": "not ben's at all" })).await;
        assert_eq!(join.refused(409), "owner-has-passphrase", "{role:?}");
        assert_eq!(invite().await.refused(409), "owner-has-passphrase", "{role:?}");
    }
    home.sign_in("ben", "ben's passphrase").await.expect(200);
    // A passphrase that the member alone has chosen since is a member's.
    let capability = home.capability(&ben).await;
    let change = json!({ "old": "ben's passphrase", "new": "ben's other one" });
    home.call(Method::POST, "/api/v1/passphrase", Some(&capability), change).await.expect(200);
    invite().await.expect(201);
}

#[tokio::test]
async fn sign_ins_stay_void_of_who_left_while_identity_was_away() {
    let (mut home, owner, _) = with_ben().await;
    let ben = ben_joins(&home, &owner).await;
    let console = home.console().await;
    let made = home.call(Method::POST, "/api/v1/tokens", Some(&console), json!({ "person": "ben", "name": "laptop" })).await.expect(201);
    let (stop, serving) = home.identity.take().unwrap();
    stop.cancel();
    serving.await.unwrap();
    home.people(|people| drop(people.remove(&BEN)));
    home.start();
    home.settled().await;
    home.people(|people| drop(people.insert(BEN, person("ben", PersonRole::Member, 2))));
    home.settled().await;
    assert_eq!(home.judge(cookie(&ben), "identity").await.refused(401), "signed-out");
    let app = Credential::Bearer { value: secret(made["secret"].as_str().unwrap()) };
    assert_eq!(home.judge(app, "sync@s2").await.refused(401), "app-password-wrong");
    home.capability(&owner).await;
}
