//! Clients that mean harm, or are merely broken: the door bounds what they cost.

use super::*;

/// What comes until the door closes the connection.
async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut text = Vec::new();
    // A reset is a close, too.
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut text)).await.expect("the door closes");
    text
}

#[tokio::test]
async fn who_says_nothing_or_never_ends_a_head_is_closed() {
    let house = House::new().await;
    for start in ["", "GET / HTTP/1.1\r\nHost: hollyhock.local\r\nX-Slow: "] {
        let mut stream = house.connect().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        until_closed(&mut stream).await;
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_answer() {
    let house = House::new().await;
    let mut stream = house.connect().await;
    stream.write_all(b"GET /api/v1/claim HTTP/1.1\r\nHost: hollyhock.local\r\n\r\n").await.unwrap();
    assert_eq!(answered(&until_closed(&mut stream).await).status, 200);
}

#[tokio::test]
async fn endless_heads_are_refused() {
    let house = House::new().await;
    let mut stream = house.connect().await;
    let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: hollyhock.local\r\nX: ").await;
    for _ in 0..64 {
        if stream.write_all(&[b'a'; 8192]).await.is_err() {
            break;
        }
    }
    let answer = until_closed(&mut stream).await;
    assert!(answer.is_empty() || answered(&answer).status == 431);
    let long = "a".repeat(40_000);
    assert_eq!(house.ask("GET /api/v1/claim", &[("X-Long", &long)], "").await.refused(431), "head-too-large");
    let many: Vec<(String, String)> = (0..200).map(|number| (format!("X-{number}"), "a".into())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(house.ask("GET /api/v1/claim", &many, "").await.status, 431);
}

#[tokio::test]
async fn who_is_refused_may_finish_and_go_on() {
    let house = House::new().await;
    let mut stream = house.connect().await;
    stream.write_all(b"POST /api/v1/session HTTP/1.1\r\nHost: hollyhock.local\r\nContent-Length: 70000\r\n\r\n").await.unwrap();
    let mut first = vec![0; 8192];
    let length = stream.read(&mut first).await.unwrap();
    assert_eq!(answered(&first[..length]).refused(413), "body-too-large", "the answer does not wait for the body");
    stream.write_all(&[b'a'; 70_000]).await.unwrap();
    stream.write_all(b"GET /api/v1/claim HTTP/1.1\r\nHost: hollyhock.local\r\nConnection: close\r\n\r\n").await.unwrap();
    assert_eq!(answered(&until_closed(&mut stream).await).status, 200);
}

#[tokio::test]
async fn who_holds_a_refused_body_back_is_not_asked_for_it() {
    let house = House::new().await;
    let mut stream = house.connect().await;
    stream
        .write_all(b"POST /api/v1/session HTTP/1.1\r\nHost: hollyhock.local\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(answered(&until_closed(&mut stream).await).refused(413), "body-too-large");
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_no_more() {
    let house = House::new().await;
    let mut open = Vec::new();
    for _ in 0..crate::limits::CONNECTIONS.of_one {
        let mut stream = house.connect().await;
        stream.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: hollyhock.local\r\nAuthorization: Bearer files\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        open.push(stream);
    }
    let mut refused = house.connect().await;
    assert!(until_closed(&mut refused).await.is_empty());
}

#[tokio::test]
async fn who_sends_no_body_holds_no_role_and_not_every_place() {
    let house = House::new().await;
    let places = crate::limits::STRANGERS_CALLS.of_one;
    let mut held = Vec::new();
    for _ in 0..=places {
        let mut stream = house.connect().await;
        stream.write_all(b"POST /api/v1/session HTTP/1.1\r\nHost: hollyhock.local\r\nContent-Length: 10\r\n\r\n").await.unwrap();
        held.push(stream);
    }
    // One of them finds no place; which one is the machine's choice.
    let refused = held.iter().map(|stream| Box::pin(stream.readable()));
    futures_util::future::select_all(refused).await.0.unwrap();
    assert_eq!(house.ask("POST /api/v1/session", &[], "{}").await.refused(503), "busy");
    assert_eq!(house.browser("GET /api/v1/status", &[], "").await.status, 200, "who is signed in has places of their own");
    assert_eq!(house.behind.called.load(Ordering::SeqCst), 0, "no role was called for a body that never came");
    drop(held);
    while house.ask("POST /api/v1/session", &[], "{}").await.status != 200 {}
}
