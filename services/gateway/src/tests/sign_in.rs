//! Capabilities at the door: asked for once, kept, and forgotten when they are void.

use super::*;

#[tokio::test]
async fn a_capability_is_asked_for_once_and_forgotten_when_it_is_void() {
    let house = House::new().await;
    house.hears().await;
    let before = house.behind.asked.load(Ordering::SeqCst);
    for _ in 0..3 {
        let seen = house.browser("GET /api/v1/status", &[], "").await.json();
        assert!(seen["croft-capability"].is_string());
    }
    assert_eq!(house.behind.asked.load(Ordering::SeqCst), before);
    house.browser("GET /api/v1/session", &[], "").await;
    assert_eq!(house.behind.asked.load(Ordering::SeqCst), before + 1, "another audience is another capability");
    house.behind.revocations.send(Revocation::Session(SessionId::from_number(1))).unwrap();
    while house.behind.asked.load(Ordering::SeqCst) == before + 1 {
        house.browser("GET /api/v1/status", &[], "").await;
    }
}

#[tokio::test]
async fn a_browser_whose_session_ended_is_a_stranger_and_a_wrong_app_password_is_refused() {
    let house = House::new().await;
    let old = house.ask("GET /api/v1/status", &[("Cookie", "__Host-croft=old")], "").await;
    assert!(old.status == 200 && old.json().get("croft-capability").is_none());
    assert_eq!(house.ask("GET /api/v1/status", &[("Authorization", "Bearer old")], "").await.refused(401), "signed-out");
    assert_eq!(house.ask("GET /api/v1/status", &[("Authorization", "Digest x")], "").await.refused(401), "credential-unreadable");
}

#[tokio::test]
async fn news_end_with_the_sign_in_behind_them() {
    let house = House::new().await;
    house.hears().await;
    let mut stream = house.connect().await;
    stream
        .write_all(
            format!("GET /api/v1/events HTTP/1.1\r\nHost: hollyhock.local\r\nCookie: __Host-croft={TOKEN}\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
        .await
        .unwrap();
    let mut text = Vec::new();
    while !text.windows(7).any(|window| window == b"data: 1") {
        let mut piece = [0; 1024];
        let count = stream.read(&mut piece).await.unwrap();
        assert_ne!(count, 0);
        text.extend_from_slice(&piece[..count]);
    }
    house.behind.revocations.send(Revocation::Person(PersonId::from_number(2))).unwrap();
    house.behind.revocations.send(Revocation::Session(SessionId::from_number(1))).unwrap();
    stream.read_to_end(&mut text).await.unwrap();
    let foreign = house.browser("GET /api/v1/events", &[("Sec-Fetch-Site", "cross-site")], "").await;
    assert_eq!(foreign.refused(403), "cross-origin");
}

#[tokio::test]
async fn metrics_and_trees_are_for_those_who_may() {
    let house = House::new().await;
    assert_eq!(house.ask("GET /metrics", &[], "").await.refused(401), "sign-in-first");
    assert_eq!(house.ask("GET /metrics", &[("Authorization", "Bearer files")], "").await.refused(403), "not-allowed");
    for answer in
        [house.ask("GET /metrics", &[("Authorization", "Bearer metrics")], "").await, house.browser("GET /metrics", &[], "").await]
    {
        assert!(answer.status == 200 && answer.body.contains("croft_answers_total"), "{}", answer.head);
    }
    // ana's name with her own app password, and anybody else's tree as if it were not there.
    assert_eq!(house.ask("GET /dav/files/ben/x", &[("Authorization", "Bearer files")], "").await.refused(404), "no-such-file");
    assert_eq!(house.ask("GET /dav/files/ana/x", &[("Authorization", "Bearer files")], "").await.status, 503, "no worker here");
}

#[tokio::test]
async fn health_says_what_is_missing() {
    let house = House::new().await;
    let answer = house.ask("GET /healthz", &[], "").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "certificate-missing"));
}

#[tokio::test]
async fn an_answer_waits_for_the_settings_that_it_speaks_of() {
    let house = House::new().await;
    let answered = AtomicUsize::new(0);
    let asks = async {
        let answer = house.browser("GET /api/v1/status/changed", &[], "").await;
        answered.store(1, Ordering::SeqCst);
        assert_eq!(answer.status, 200, "{}", answer.head);
        assert!(!answer.head.contains("croft-generation"), "{}", answer.head);
    };
    let changes = async {
        tokio::time::sleep(Duration::from_millis(300)).await; // waits: so that an answer which does not wait would be here first
        assert_eq!(answered.load(Ordering::SeqCst), 0, "nobody hears of what the gateway does not know");
        house.settings.send_modify(|now| now.as_mut().unwrap().generation = 1);
    };
    tokio::join!(asks, changes);
}
