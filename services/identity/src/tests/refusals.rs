//! What identity refuses, and what it never keeps or shows.

use croft_api::routes::Needs;
use croft_model::{Claims, Principal, Scope};

use super::*;

/// The ways in: routes that need no capability. A new one is added here on purpose or not at all.
const OPEN: [&str; 11] = [
    "GET /api/v1/claim",
    "GET /ocs/{version}/cloud/capabilities",
    "GET /status.php",
    "POST /api/v1/claim/code",
    "POST /api/v1/claim/finish",
    "POST /api/v1/claim/person",
    "POST /api/v1/join",
    "POST /api/v1/recovery",
    "POST /api/v1/session",
    "POST /index.php/login/v2",
    "POST /index.php/login/v2/poll",
];

/// The path of a route with something in its holes.
fn filled(path: &str) -> String {
    path.replace("{id}", "k1").replace("{code}", "x").replace("{version}", "v2.php").replace("{name}", "ana")
}

#[tokio::test]
async fn every_other_route_wants_a_capability_for_identity() {
    let home = Home::new().await;
    let routes = routes();
    let open: Vec<&str> = routes.needs().iter().filter(|(_, needs)| **needs == Needs::Nothing).map(|(route, _)| route.as_str()).collect();
    assert_eq!(open, OPEN);
    let now = jiff::Timestamp::now().as_second();
    let scopes = Scope::ALL.into();
    let who = Principal::Person { id: PersonId::from_number(1), name: "ana".into(), role: PersonRole::Owner };
    let claims = Claims { who, session: None, scopes, audience: "identity".into(), expires: now + 50 };
    let minter = Minter::from_seed(&SEED).unwrap();
    let other_box = Minter::from_seed(&[8; 32]).unwrap();
    let bad = [
        None,
        Some(String::new()),
        Some("e30.e30".into()),
        Some(other_box.mint(&claims)),
        Some(minter.mint(&Claims { audience: "supervisor".into(), ..claims.clone() })),
        Some(minter.mint(&Claims { expires: now - 1, ..claims.clone() })),
        Some(minter.mint(&Claims { expires: now + 3600, ..claims.clone() })),
    ];
    for (route, needs) in routes.needs() {
        let (method, path) = route.split_once(' ').unwrap();
        for capability in &bad {
            if matches!(needs, Needs::Scope(_)) {
                let answer = home.call(method.parse().unwrap(), &filled(path), capability.as_deref(), json!({})).await;
                if path.starts_with("/ocs/") {
                    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{route} {capability:?}");
                } else {
                    assert_eq!(answer.refused(401), "capability-refused", "{route} {capability:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn internal_routes_are_for_their_peers() {
    let mut home = Home::new().await;
    // The process that calls is a known peer, but none of the three that are asked for.
    home.peers = home.peers.replace("gateway=", "sync=").replace("supervisor=", "mesh=").replace("console=", "apps=");
    home.restart().await;
    for (route, needs) in routes().needs() {
        let (method, path) = route.split_once(' ').unwrap();
        if matches!(needs, Needs::Peer(_)) {
            let answer = home.call(method.parse().unwrap(), path, None, json!({})).await;
            assert_eq!(answer.refused(403), "peer-refused", "{route}");
        }
    }
}

#[tokio::test]
async fn guessing_passphrases_becomes_slow_and_tells_nothing() {
    let home = Home::new().await;
    home.claim().await;
    let mut answers = Vec::new();
    for name in ["ana", "zoe"] {
        for _ in 0..5 {
            answers.push(home.sign_in(name, "wrong wrong wrong").await.expect(401));
        }
        assert_eq!(home.sign_in(name, PASSPHRASE).await.refused(429), "too-many-guesses");
    }
    let elsewhere = home.call_from("192.168.1.8", "/api/v1/session", json!({ "name": "ana", "passphrase": PASSPHRASE })).await;
    elsewhere.expect(200);
    assert!(answers.iter().all(|answer| answer == &answers[0]), "known and unknown names answer the same");
}

#[tokio::test]
async fn bodies_are_json_and_strict() {
    let home = Home::new().await;
    assert_eq!(home.post("/api/v1/session", json!({ "name": "ana", "passphrase": "x", "admin": true })).await.refused(400), "body-invalid");
    assert_eq!(home.post("/api/v1/session", json!({ "name": "ana", "passphrase": "x".repeat(2000) })).await.refused(400), "body-invalid");
    assert_eq!(home.post("/api/v1/session", json!({ "name": "x".repeat(70_000), "passphrase": "x" })).await.refused(413), "body-too-large");
    assert_eq!(home.post("/api/v1/nothing", json!({})).await.refused(404), "no-such-route");
    assert_eq!(home.call(Method::PUT, "/api/v1/session", None, json!({})).await.refused(405), "method-not-allowed");
    let bad = json!({ "ticket": "x", "box_name": "B", "name": "ana", "display_name": "Ana", "passphrase": PASSPHRASE });
    assert_eq!(home.post("/api/v1/claim/person", bad).await.refused(401), "ticket-over");
}

#[tokio::test]
async fn nothing_happens_before_the_people_are_known() {
    let home = Home::with(None).await;
    assert_eq!(home.sign_in("ana", PASSPHRASE).await.refused(503), "not-ready");
}

#[tokio::test]
async fn the_store_holds_no_secret_that_could_be_a_hash() {
    let mut home = Home::new().await;
    let (token, words) = home.claim().await;
    let capability = home.capability(&token).await;
    let app = home.call(Method::POST, "/api/v1/tokens", Some(&capability), json!({ "name": "laptop" })).await.expect(201);
    let password = app["secret"].as_str().unwrap().to_owned();
    home.people(|people| drop(people.insert(PersonId::from_number(2), person("ben", PersonRole::Member, 2))));
    let invitation = home.call(Method::POST, "/api/v1/invitations", Some(&capability), json!({ "person": "p2" })).await.expect(201);
    home.restart().await;
    let file = std::fs::read(home.folder.path().join("identity.redb")).unwrap();
    let code = invitation["code"].as_str().unwrap();
    let dashless = |text: &str| text.replace('-', "").to_uppercase();
    for secret in [PASSPHRASE, &token, &words.join(" "), &password, &dashless(&password), code, &dashless(code)] {
        assert!(!file.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(home.folder.path().join("identity.redb")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let said = serde_json::to_string(&*home.told.audit.lock().unwrap()).unwrap();
    for secret in [PASSPHRASE, &token, &password, code] {
        assert!(!said.contains(secret));
    }
}

#[tokio::test]
async fn certificates_are_for_the_gateways_key_under_the_boxes_names() {
    let home = Home::new().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let body = json!({ "spki_pem": key.public_key_pem(), "names": ["192.168.1.7", "8.8.8.8", "evil.local"] });
    let issued = home.post("/internal/v1/certificates", body).await.expect(200);
    let chain = issued["chain_pem"].as_str().unwrap();
    let authority = home.call(Method::GET, "/internal/v1/authority", None, Value::Null).await.expect(200);
    assert!(chain.ends_with(authority["ca_pem"].as_str().unwrap()) && !chain.contains("PRIVATE"));
    assert!(authority.get("pairing_code").is_none());
}

#[tokio::test]
async fn a_claim_ticket_is_good_for_setting_up_and_void_with_the_claim() {
    let home = Home::new().await;
    let bearer = |token: &str| Credential::Bearer { value: secret(token) };
    let ticket = home.ticket().await;
    let issued: IssuedCapability = serde_json::from_value(home.judge(bearer(&ticket), "storage").await.expect(200)).unwrap();
    assert_eq!((issued.person, issued.session), (None, None));
    let verifier = Verifier::new(&Minter::from_seed(&SEED).unwrap().public_key_hex(), "storage").unwrap();
    let claims = verifier.verify(issued.capability.expose(), jiff::Timestamp::now().as_second()).unwrap();
    assert_eq!((claims.who, claims.scopes), (Principal::Claimant { address: "192.168.1.7".into() }, [Scope::Setup].into()));

    // Nowhere else, in no other form.
    assert_eq!(home.judge(bearer(&ticket), "sync@s1").await.refused(403), "not-allowed");
    assert_eq!(home.judge(cookie(&ticket), "storage").await.refused(401), "signed-out");
    let as_password = Credential::AppPassword { name: "ana".into(), value: secret(&ticket) };
    assert_eq!(home.judge(as_password, "storage").await.refused(401), "app-password-wrong");
    assert_eq!(home.judge(bearer("another"), "storage").await.refused(401), "app-password-wrong");
    let issued: IssuedCapability = serde_json::from_value(home.judge(bearer(&ticket), "identity").await.expect(200)).unwrap();
    for (route, needs) in routes().needs() {
        let (method, path) = route.split_once(' ').unwrap();
        if matches!(needs, Needs::Scope(_)) {
            let path = filled(path);
            let answer = home.call(method.parse().unwrap(), &path, Some(issued.capability.expose()), json!({})).await;
            if path.starts_with("/ocs/") {
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{route}");
            } else {
                assert_eq!(answer.refused(403), "not-allowed", "{route}");
            }
        }
    }

    let kit = home.kit(&ticket).await;
    home.post("/api/v1/claim/finish", json!({ "ticket": ticket, "answers": answers(&kit) })).await.expect(201);
    assert_eq!(home.judge(bearer(&ticket), "storage").await.refused(401), "app-password-wrong");
}
