//! Doors of apps: who gets in, and what passes.

use std::os::fd::AsFd;

use croft_api::wire::apps::{Knock, MAX_KNOCK, Opened};
use croft_files::LinkListener;
use croft_model::{AppId, HostedApp, OpenTo, WayOut};

use super::*;

const APP: &str = "photos-hollyhock.local";

/// What the role for apps answers with.
#[derive(Clone)]
enum Stand {
    /// Connections to the app at this port.
    Open(u16),
    Says(Opened),
}

fn photos(open_to: OpenTo, people: &[u32]) -> (AppId, HostedApp) {
    let app = HostedApp {
        number: 1,
        name: "Photos".into(),
        running: true,
        way_out: WayOut::Closed,
        open_to,
        people: people.iter().map(|number| PersonId::from_number(*number)).collect(),
        values: BTreeMap::new(),
    };
    ("photos".parse().unwrap(), app)
}

impl House {
    /// A box with an app behind `stand`, and how often a connection was asked for.
    async fn with_app(stand: Stand, app: (AppId, HostedApp)) -> (Self, Arc<AtomicUsize>) {
        let house = Self::new().await;
        let knocks: Arc<AtomicUsize> = Arc::default();
        let mut listener = LinkListener::bind(&house._folder.path().join("doors.sock")).unwrap();
        let counted = Arc::clone(&knocks);
        tokio::spawn(async move {
            while let Ok(link) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut buffer = vec![0; MAX_KNOCK];
                let Ok(Some(received)) = link.receive(&mut buffer).await else { continue };
                let knock: Knock = serde_json::from_slice(&buffer[..received.length]).unwrap();
                assert_eq!(knock.app.as_str(), "photos");
                let (said, stream) = match &stand {
                    Stand::Open(port) => (Opened::Open { tls: false }, Some(std::net::TcpStream::connect(("127.0.0.1", *port)).unwrap())),
                    Stand::Says(said) => (said.clone(), None),
                };
                link.send(&serde_json::to_vec(&said).unwrap(), stream.as_ref().map(AsFd::as_fd)).await.unwrap();
            }
        });
        house.settings.send_modify(|settings| settings.as_mut().unwrap().apps = Some([app].into()));
        (house, knocks)
    }

    /// Asks at the app's own origin.
    async fn at_app(&self, line: &str, headers: &[(&str, &str)]) -> Answered {
        let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("Host", APP)]).collect();
        self.ask(line, &headers, "").await
    }

    /// Ana's way in, step by step as a browser goes it; gives the cookie of her visit.
    async fn enter(&self, to: &str) -> String {
        let first = self.at_app(&format!("GET {to}"), &[("Accept", "text/html")]).await;
        assert_eq!(first.status, 303, "{}", first.head);
        let way = cookie(&first, "__host-croft-way");
        let at_box = first.place("https://hollyhock.local");
        let second = self.browser(&format!("GET {at_box}"), &[("Accept", "text/html")], "").await;
        assert_eq!(second.status, 303, "{}{}", second.head, second.body);
        let third = self.at_app(&format!("GET {}", second.place("https://photos-hollyhock.local")), &[("Cookie", &way)]).await;
        assert_eq!((third.status, third.place("").as_str()), (303, to), "{}", third.head);
        cookie(&third, "__host-croft-app")
    }
}

impl Answered {
    /// Where it leads to, on this origin.
    fn place(&self, origin: &str) -> String {
        let line = self.raw.lines().find_map(|line| line.strip_prefix("location: ")).expect("a place");
        line.strip_prefix(origin).unwrap_or_else(|| panic!("{line}")).to_owned()
    }
}

fn cookie(answer: &Answered, name: &str) -> String {
    let set = answer.raw.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let mut found = set.filter(|line| line.to_ascii_lowercase().starts_with(&format!("{name}=")));
    let line = found.next().unwrap_or_else(|| panic!("no {name} in {}", answer.raw));
    assert!(["Secure", "HttpOnly", "SameSite=Lax", "Path=/"].iter().all(|word| line.contains(word)) && !line.contains("Domain"), "{line}");
    line.split(';').next().unwrap().to_owned()
}

/// An app that tells what it was sent, and sets cookies.
async fn an_app() -> u16 {
    let app = Router::new()
        .route("/cookies", routing::get(async || ([("set-cookie", "__Host-croft=taken"), ("x-frame-options", "DENY")], "set")))
        .route(
            "/large",
            routing::post(async |body: Body| {
                let read = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
                read.len().to_string()
            }),
        )
        .route(
            "/lasts",
            routing::get(async || {
                let first = futures_util::stream::once(async { Ok::<_, std::convert::Infallible>("first") });
                Body::from_stream(futures_util::StreamExt::chain(first, futures_util::stream::pending()))
            }),
        )
        .fallback(async |uri: http::Uri, headers: HeaderMap| {
            let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let said = headers.iter().map(|(name, value)| (name.to_string(), text(value)));
            Json(said.chain([("path".to_owned(), uri.to_string())]).collect::<Vec<_>>())
        })
        .layer(axum::extract::DefaultBodyLimit::disable());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    port
}

fn said(answer: &Answered, name: &str) -> Option<String> {
    let said: Vec<(String, String)> = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{}{}", answer.head, answer.body));
    said.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

#[tokio::test]
async fn somebody_signed_in_is_led_in_and_the_app_is_told_who_it_is() {
    let (house, _) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Household, &[])).await;
    let visit = house.enter("/albums?year=2026").await;
    let forged = [
        ("Cookie", format!("{visit}; theme=dark; __Host-croft={TOKEN}")),
        ("Remote-User", "mallory".to_owned()),
        ("remote_user", "mallory".to_owned()),
        ("X-Forwarded-User", "mallory".to_owned()),
        ("X-Forwarded-For", "192.0.2.1".to_owned()),
    ];
    let forged: Vec<(&str, &str)> = forged.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = house.at_app("GET /albums?year=2026", &forged).await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert_eq!(said(&answer, "remote-user").as_deref(), Some("ana"));
    assert_eq!(said(&answer, "remote-groups").as_deref(), Some("owner"));
    assert_eq!(said(&answer, "x-forwarded-for").as_deref(), Some("127.0.0.1"));
    assert_eq!(said(&answer, "host").as_deref(), Some(APP));
    assert_eq!(said(&answer, "cookie").as_deref(), Some("theme=dark"), "no cookie of the box reaches an app");
    assert!(!answer.body.contains("mallory"), "{}", answer.body);
    assert!(!answer.head.contains("content-security-policy"), "an app's answers are its own");
    let own = house.at_app("GET /cookies", &[("Cookie", &visit)]).await;
    assert!(!own.head.contains("set-cookie") && own.head.contains("x-frame-options: deny"), "{}", own.head);
}

#[tokio::test]
async fn a_stranger_gets_no_further_than_the_sign_in() {
    let (house, knocks) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Household, &[])).await;
    assert_eq!(house.at_app("GET /", &[("Accept", "*/*")]).await.refused(401), "sign-in-first");
    assert_eq!(house.at_app("POST /", &[("Accept", "text/html")]).await.refused(401), "sign-in-first");
    // The box's cookie means nothing at an app's origin, nor does one that somebody made up.
    for cookie in [format!("__Host-croft={TOKEN}"), format!("__Host-croft-app={TOKEN}")] {
        assert_eq!(house.at_app("GET /", &[("Cookie", &cookie)]).await.refused(401), "sign-in-first");
    }
    // At the box a stranger gets its page, which asks for the sign-in.
    let page = house.ask("GET /open/photos?to=%2F", &[("Accept", "text/html")], "").await;
    assert!(page.status == 200 && page.head.contains("content-type: text/html"), "{}", page.head);
    assert_eq!(house.browser("GET /open/nothing", &[("Accept", "text/html")], "").await.refused(404), "no-such-app");
    assert_eq!(knocks.load(Ordering::SeqCst), 0, "the app was asked nothing");
}

#[tokio::test]
async fn a_ticket_that_was_made_for_another_browser_lets_nobody_in() {
    let (house, knocks) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Household, &[])).await;
    let first = house.at_app("GET /", &[("Accept", "text/html")]).await;
    let second = house.browser(&format!("GET {}", first.place("https://hollyhock.local")), &[], "").await;
    let entrance = second.place("https://photos-hollyhock.local");
    // Whoever is sent that address by somebody else has no cookie of this way, and begins one of his own.
    let other = house.at_app(&format!("GET {entrance}"), &[]).await;
    assert!(other.status == 303 && !other.raw.contains("__Host-croft-app"), "{}", other.raw);
    assert!(other.place("https://hollyhock.local").contains("again=1"));
    // It is used up by that; and a browser without cookies is told so, not led in a ring.
    let way = cookie(&first, "__host-croft-way");
    let used = house.at_app(&format!("GET {entrance}&again=1"), &[("Cookie", &way)]).await;
    assert_eq!(used.refused(403), "app-no-cookies");
    assert_eq!(knocks.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_visit_ends_with_the_session_behind_it() {
    let (house, _) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Household, &[])).await;
    let visit = house.enter("/").await;
    assert_eq!(house.at_app("GET /", &[("Cookie", &visit)]).await.status, 200);
    house.behind.ended.store(true, Ordering::SeqCst);
    house.behind.revocations.send(Revocation::Session(SessionId::from_number(1))).ok();
    while house.at_app("GET /", &[("Cookie", &visit)]).await.status != 401 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_app_that_is_open_to_some_is_closed_to_others() {
    let (house, knocks) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::People, &[2])).await;
    let visit = house.enter("/").await;
    assert_eq!(house.at_app("GET /", &[("Cookie", &visit)]).await.refused(403), "app-not-yours");
    let page = house.at_app("GET /", &[("Cookie", &visit), ("Accept", "text/html")]).await;
    assert!(page.status == 403 && page.body.contains("Photos is not open to you."), "{}", page.body);
    assert_eq!(knocks.load(Ordering::SeqCst), 0);
    house.settings.send_modify(|settings| settings.as_mut().unwrap().apps = Some([photos(OpenTo::Public, &[])].into()));
    let public = house.at_app("GET /", &[("Remote-User", "mallory")]).await;
    assert_eq!((public.status, said(&public, "remote-user")), (200, None));
}

#[tokio::test]
async fn what_an_app_does_instead_of_answering_is_said() {
    for (says, status, code) in [
        (Opened::Stopped, 503, "app-stopped"),
        (Opened::Starting, 503, "app-starting"),
        (Opened::Refused, 502, "app-silent"),
        (Opened::Unknown, 404, "app-without-page"),
    ] {
        let (house, _) = House::with_app(Stand::Says(says.clone()), photos(OpenTo::Public, &[])).await;
        assert_eq!(house.at_app("GET /", &[]).await.refused(status), code);
        let page = house.at_app("GET /", &[("Accept", "text/html")]).await;
        assert!(page.status == status && page.head.contains("text/html"), "{}", page.head);
        let waits = matches!(says, Opened::Starting | Opened::Refused);
        assert_eq!(page.body.contains("http-equiv=\"refresh\""), waits, "{}", page.body);
    }
}

#[tokio::test]
async fn paths_of_an_app_are_its_own_but_for_one() {
    let (house, _) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Public, &[])).await;
    for path in ["/api/v1/status", "/dav/files/ana/", "/s/abc", "/metrics", "/internal/v1/door", "/remote.php/dav/", "/index.php/login"] {
        let answer = house.at_app(&format!("GET {path}"), &[]).await;
        assert!(answer.status == 200 && said(&answer, "x-forwarded-proto").is_some(), "{path}: {}", answer.head);
    }
    assert_eq!(house.at_app("GET /.croft/x", &[]).await.refused(404), "no-such-route");
    // Neither is a name that no app has.
    let foreign = house.ask("GET /", &[("Host", "notes-hollyhock.local")], "").await;
    assert_eq!(foreign.refused(421), "host-unknown");
}

#[tokio::test]
async fn connections_are_used_again() {
    let (house, knocks) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Public, &[])).await;
    for _ in 0..5 {
        assert_eq!(house.at_app("GET /", &[]).await.status, 200);
    }
    let asked = knocks.load(Ordering::SeqCst);
    assert!(asked < 5, "{asked} connections for 5 requests");
}

#[tokio::test]
async fn a_large_body_passes_piece_by_piece() {
    let (house, _) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Public, &[])).await;
    let size = 8 * 1024 * 1024;
    let mut stream = house.connect().await;
    let head = format!("POST /large HTTP/1.1\r\nHost: {APP}\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..size / 65_536 {
        stream.write_all(&[7; 65_536]).await.unwrap();
    }
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    let answer = answered(&text);
    assert_eq!((answer.status, answer.body.as_str()), (200, size.to_string().as_str()));
}

#[tokio::test]
async fn slashes_of_an_app_stay_as_they_are() {
    let (house, _) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Public, &[])).await;
    for path in ["/a//b", "//remote.php//dav/files/ana//a", "//ocs/v2.php//cloud/user?format=json", "//status.php"] {
        let answer = house.at_app(&format!("GET {path}"), &[]).await;
        assert_eq!(said(&answer, "path").as_deref(), Some(path));
    }
}

#[tokio::test]
async fn a_cookie_of_an_app_in_any_language_locks_nobody_out() {
    let (house, _) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Household, &[])).await;
    let visit = house.enter("/").await;
    let answer = house.at_app("GET /", &[("Cookie", &format!("name=Zo\u{eb}; {visit}"))]).await;
    assert_eq!((answer.status, said(&answer, "cookie").as_deref()), (200, Some("name=Zo\u{eb}")));
    let at_box = house.ask("GET /open/photos?to=%2F", &[("Cookie", &format!("name=Zo\u{eb}; __Host-croft={TOKEN}"))], "").await;
    assert_eq!(at_box.status, 303, "{}", at_box.head);
}

#[tokio::test]
async fn an_endless_head_of_an_app_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Long: {}\r\n\r\n", "x".repeat(160 * 1024));
            stream.write_all(head.as_bytes()).await.ok();
        }
    });
    let (house, _) = House::with_app(Stand::Open(port), photos(OpenTo::Public, &[])).await;
    assert_eq!(house.at_app("GET /", &[]).await.refused(502), "app-silent");
}

#[tokio::test]
async fn strangers_leave_places_to_the_household() {
    let (house, _) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Household, &[])).await;
    let visit = house.enter("/").await;
    house.now(photos(OpenTo::Public, &[]));
    let mut held = Vec::new();
    for _ in 0..crate::limits::STRANGERS_AT_APPS.of_one {
        held.push(house.begun("/lasts", "").await);
    }
    assert_eq!(house.at_app("GET /", &[]).await.refused(503), "busy");
    assert_eq!(house.at_app("GET /", &[("Cookie", &visit)]).await.status, 200);
    held.pop();
    while house.at_app("GET /", &[]).await.status != 200 {
        tokio::task::yield_now().await;
    }
}

/// An app that takes any upgrade, says back what it hears, and never ends a connection by itself.
async fn an_echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let head = head_of(&mut stream).await;
                assert!(head.contains("upgrade: websocket") && head.contains("sec-websocket-key: abc"), "{head}");
                let told = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Own: 1\r\n\r\n";
                stream.write_all(told.as_bytes()).await.unwrap();
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await.ok();
                std::future::pending::<()>().await;
            });
        }
    });
    port
}

async fn head_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

async fn says_back(stream: &mut TcpStream) {
    stream.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
}

/// Waits for the other side's end of a connection.
async fn ends(mut stream: TcpStream) {
    let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "it goes on");
}

impl House {
    /// A request at the app whose answer lasts, up to the end of its head.
    async fn begun(&self, path: &str, more: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {APP}\r\n{more}\r\n").as_bytes()).await.unwrap();
        let told = head_of(&mut stream).await;
        assert!(
            told.starts_with("http/1.1 200")
                || told.starts_with("http/1.1 101 ") && told.contains("upgrade: websocket\r\n") && told.contains("x-own: 1"),
            "{told}"
        );
        stream
    }

    /// A WebSocket of somebody with this cookie.
    async fn socket(&self, cookie: &str) -> TcpStream {
        let more = format!("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\nCookie: {cookie}\r\n");
        let mut stream = self.begun("/live", &more).await;
        says_back(&mut stream).await;
        stream
    }

    fn now(&self, app: (AppId, HostedApp)) {
        self.settings.send_modify(|settings| settings.as_mut().unwrap().apps = Some([app].into()));
    }
}

#[tokio::test]
async fn a_web_socket_ends_with_either_side_and_with_the_box() {
    let (house, _) = House::with_app(Stand::Open(an_echo().await), photos(OpenTo::Public, &[])).await;
    let (mut half_closed, open) = (house.socket("a=b").await, house.socket("a=b").await);
    half_closed.shutdown().await.unwrap();
    ends(half_closed).await;
    house.stop.cancel();
    ends(open).await;
}

#[tokio::test]
async fn a_web_socket_ends_with_the_right_to_it() {
    let (house, _) = House::with_app(Stand::Open(an_echo().await), photos(OpenTo::Household, &[])).await;
    house.hears().await;
    let visit = house.enter("/").await;
    house.now(photos(OpenTo::Public, &[]));
    let (mut ana, stranger) = (house.socket(&visit).await, house.socket("a=b").await);
    house.now(photos(OpenTo::Household, &[]));
    ends(stranger).await;
    house.behind.revocations.send(Revocation::Session(SessionId::from_number(2))).unwrap();
    house.behind.revocations.send(Revocation::All(true)).unwrap();
    says_back(&mut ana).await;
    house.now(photos(OpenTo::People, &[1]));
    says_back(&mut ana).await;
    let another = house.socket(&visit).await;
    house.behind.ended.store(true, Ordering::SeqCst);
    house.behind.revocations.send(Revocation::Session(SessionId::from_number(1))).unwrap();
    ends(ana).await;
    ends(another).await;
}

#[tokio::test]
async fn an_answer_that_lasts_ends_with_the_right_to_it() {
    let (house, _) = House::with_app(Stand::Open(an_app().await), photos(OpenTo::Household, &[])).await;
    house.hears().await;
    let cookie = format!("Cookie: {}\r\n", house.enter("/").await);
    let first = house.begun("/lasts", &cookie).await;
    house.now(photos(OpenTo::People, &[2]));
    ends(first).await;
    house.now(photos(OpenTo::Household, &[]));
    let second = house.begun("/lasts", &cookie).await;
    house.behind.ended.store(true, Ordering::SeqCst);
    house.behind.revocations.send(Revocation::Person(PersonId::from_number(1))).unwrap();
    ends(second).await;
    house.behind.ended.store(false, Ordering::SeqCst);
    let third = house.begun("/lasts", &cookie).await;
    house.settings.send_modify(|settings| settings.as_mut().unwrap().people = Some(BTreeMap::new()));
    ends(third).await;
}
