//! Sync clients that listen: who is let in, what they hear, and what ends it.

use croft_api::bulk::{Frame, Hello, Root, decode, encode, limits::MAX_PACKET, limits::VERSION};
use croft_files::{Link, LinkListener};
use croft_model::{Right, SnapshotSchedule, Space, SpaceKind, SpaceNumber};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, error::Error, protocol::frame::coding::CloseCode},
};

use super::*;

/// A client with an open connection.
struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn connect(house: &House) -> Self {
        Self(client_async("ws://hollyhock.local/push/ws", house.connect().await).await.unwrap().0)
    }

    /// Ana's, signed in with an app password.
    async fn signed_in(house: &House) -> Self {
        let mut this = Self::connect(house).await;
        this.say("ana").await;
        this.say("files").await;
        assert_eq!(this.hear().await, "authenticated");
        this
    }

    async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next message of text.
    async fn hear(&mut self) -> String {
        loop {
            match self.next().await {
                Some(Message::Text(text)) => return text.to_string(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn next(&mut self) -> Option<Message> {
        tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("something within time").and_then(Result::ok)
    }

    /// Waits for the end and gives its code, if one was said, and what was said before it.
    async fn ended(&mut self) -> (Option<CloseCode>, Vec<String>) {
        let mut said = Vec::new();
        loop {
            match self.next().await {
                Some(Message::Text(text)) => said.push(text.to_string()),
                Some(Message::Close(frame)) => return (frame.map(|frame| frame.code), said),
                Some(_) => {}
                None => return (None, said),
            }
        }
    }
}

/// A worker that greets and says what the test wants.
struct Worker(Link);

impl Worker {
    /// The one behind the space `space`, once the gateway comes to it.
    async fn woken(listener: &mut LinkListener) -> Self {
        let this = Self(tokio::time::timeout(Duration::from_secs(20), listener.accept()).await.expect("the worker is woken").unwrap());
        let mut buffer = vec![0; MAX_PACKET];
        let received = this.0.receive(&mut buffer).await.unwrap().unwrap();
        let packet = decode(bytes::Bytes::copy_from_slice(&buffer[..received.length])).unwrap();
        assert!(matches!(packet.as_slice(), [(0, Frame::Hello(_))]));
        this.send(Frame::Hello(Hello { version: VERSION, root: Some(root()) })).await;
        this
    }

    async fn send(&self, frame: Frame) {
        self.0.send(&encode(&[(0, frame)]).unwrap(), None).await.unwrap();
    }

    async fn changed(&self, folder: &str) {
        self.send(Frame::Changed { folder: folder.into(), root: root() }).await;
    }
}

fn root() -> Root {
    Root { etag: "e".into(), id: 1 }
}

impl House {
    /// Where the worker of `space` listens.
    fn worker(&self, space: &str) -> LinkListener {
        let folder = self._folder.path().join("sync");
        std::fs::create_dir_all(&folder).unwrap();
        LinkListener::bind(&folder.join(format!("{space}.sock"))).unwrap()
    }

    /// Gives ana her own space, or also one that is shared.
    fn spaces(&self, count: u16) {
        self.settings.send_modify(|now| {
            let spaces = (1..=count).map(|number| {
                let kind = if number == 1 { SpaceKind::Personal } else { SpaceKind::Shared };
                let members = [(PersonId::from_number(1), Right::Write)].into();
                let name = format!("space {number}");
                let space = Space {
                    number: SpaceNumber(number),
                    name,
                    kind,
                    members,
                    archived_at: None,
                    snapshots: SnapshotSchedule::On,
                    quota: None,
                    disk: None,
                };
                (SpaceId::from_number(number), space)
            });
            now.as_mut().unwrap().spaces = Some(spaces.collect());
        });
    }
}

#[tokio::test]
async fn a_client_hears_of_what_it_may_read_and_its_workers_are_awake() {
    let house = House::new().await;
    house.spaces(1);
    let mut listener = house.worker("s1");
    let mut client = Client::signed_in(&house).await;
    let worker = Worker::woken(&mut listener).await;
    worker.changed("Letters").await;
    assert_eq!(client.hear().await, "notify_file");
    client.say("listen notify_file_id").await;
    client.say("listen something_of_later").await;
    // What was said is heard before the next change: the pong answers the ping behind it.
    client.0.send(Message::Ping("x".into())).await.unwrap();
    while !matches!(client.next().await, Some(Message::Pong(_))) {}
    worker.changed("").await;
    assert_eq!(client.hear().await, format!("notify_file_id [{}]", (1_u64 << 36) + 1));
    worker.changed("Letters").await;
    worker.changed("").await;
    assert_eq!(client.hear().await, "notify_file", "one of them is not known");
    let mut shared = house.worker("s2");
    house.spaces(2);
    assert_eq!(client.hear().await, format!("notify_file_id [{}]", (1_u64 << 36) + 1), "a shared space has come");
    Worker::woken(&mut shared).await.changed("x").await;
    assert_eq!(client.hear().await, "notify_file");
}

#[tokio::test]
async fn many_changes_are_few_messages() {
    let house = House::new().await;
    house.spaces(1);
    let mut listener = house.worker("s1");
    let mut client = Client::signed_in(&house).await;
    let worker = Worker::woken(&mut listener).await;
    let begun = std::time::Instant::now();
    worker.changed("Letters").await;
    assert_eq!(client.hear().await, "notify_file");
    for _ in 0..200 {
        worker.changed("Letters").await;
    }
    assert_eq!(client.hear().await, "notify_file");
    assert!(begun.elapsed() >= Duration::from_millis(900), "the second comes a second later: {:?}", begun.elapsed());
    client.0.send(Message::Ping("x".into())).await.unwrap();
    assert!(matches!(client.next().await, Some(Message::Pong(_))), "and there is no third");
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so() {
    let house = House::new().await;
    house.spaces(1);
    for (name, password) in [("ana", "old"), ("ana", "metrics"), ("", "no token"), ("an:a", "files"), ("ana", "")] {
        let mut client = Client::connect(&house).await;
        client.say(name).await;
        client.say(password).await;
        assert_eq!(client.ended().await, (Some(CloseCode::Policy), vec!["err: Invalid credentials".into()]), "{name} {password}");
    }
    let mut binary = Client::connect(&house).await;
    binary.0.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(binary.ended().await.0, Some(CloseCode::Policy));
    let mut long = Client::connect(&house).await;
    // The gateway may have closed the connection while this is still on its way.
    let _ = long.0.send(Message::text("x".repeat(100_000))).await;
    assert_eq!(long.ended().await.1, Vec::<String>::new());
    let plain = house.ask("GET /push/ws", &[], "").await;
    assert_eq!((plain.refused(426).as_str(), plain.head.contains("upgrade: websocket")), ("websocket-expected", true));
    let foreign = house.ask("GET /push/ws", &[("Origin", "https://evil.example")], "").await;
    assert_eq!(foreign.refused(403), "cross-origin");
}

#[tokio::test]
async fn a_token_stands_for_an_app_password_once() {
    let house = House::new().await;
    house.spaces(1);
    let program = ("Authorization", "Bearer files");
    for line in ["POST /apps/notify_push/pre_auth", "POST /index.php/apps/notify_push/pre_auth"] {
        assert_eq!(house.ask(line, &[], "").await.refused(401), "sign-in-first");
        assert_eq!(house.browser(line, &[("Origin", "https://hollyhock.local")], "").await.refused(401), "sign-in-first");
        assert_eq!(house.ask(line, &[("Authorization", "Bearer metrics")], "").await.refused(403), "not-allowed");
        let token = house.ask(line, &[program], "").await;
        assert_eq!((token.status, token.body.len()), (200, 64), "{}", token.head);
        let mut client = Client::connect(&house).await;
        client.say("").await;
        client.say(&token.body).await;
        assert_eq!(client.hear().await, "authenticated");
        let mut again = Client::connect(&house).await;
        again.say("").await;
        again.say(&token.body).await;
        assert_eq!(again.ended().await.1, ["err: Invalid credentials"]);
    }
    assert_eq!(house.ask("GET /apps/notify_push/pre_auth", &[program], "").await.refused(405), "method-not-allowed");
}

#[tokio::test]
async fn a_connection_ends_with_its_sign_in_its_person_or_the_box() {
    let house = House::new().await;
    house.spaces(1);
    house.hears().await;
    let revoked = |number| Revocation::Session(SessionId::from_number(number));
    let mut client = Client::signed_in(&house).await;
    house.behind.revocations.send(revoked(2)).unwrap();
    house.behind.revocations.send(revoked(1)).unwrap();
    assert_eq!(client.ended().await, (Some(CloseCode::Policy), Vec::new()));
    let mut client = Client::signed_in(&house).await;
    house.settings.send_modify(|now| now.as_mut().unwrap().people = Some(BTreeMap::new()));
    assert_eq!(client.ended().await.0, Some(CloseCode::Policy));
    let house = House::new().await;
    house.spaces(1);
    let mut client = Client::signed_in(&house).await;
    house.stop.cancel();
    assert_eq!(client.ended().await, (Some(CloseCode::Away), Vec::new()));
}

#[tokio::test]
async fn who_does_not_sign_in_holds_a_strangers_place_and_not_for_ever() {
    let house = House::new().await;
    house.spaces(1);
    let mut held = Vec::new();
    for _ in 0..crate::limits::STRANGERS_CALLS.of_one {
        held.push(Client::connect(&house).await);
    }
    let refused = client_async("ws://hollyhock.local/push/ws", house.connect().await).await.err();
    assert!(matches!(refused, Some(Error::Http(answer)) if answer.status() == 503));
    let mut one = held.pop().unwrap();
    one.say("ana").await;
    one.say("files").await;
    assert_eq!(one.hear().await, "authenticated");
    // Who is known holds no stranger's place any more.
    Client::connect(&house).await;
    assert_eq!(held[0].ended().await, (Some(CloseCode::Policy), vec!["err: Invalid credentials".into()]), "its time is over");
}

#[tokio::test]
async fn who_floods_is_closed() {
    let house = House::new().await;
    house.spaces(1);
    let mut client = Client::signed_in(&house).await;
    for _ in 0..1000 {
        if client.0.send(Message::text("listen")).await.is_err() {
            break;
        }
    }
    // A reset may take the reason away.
    assert!(matches!(client.ended().await.0, Some(CloseCode::Policy) | None));
}
