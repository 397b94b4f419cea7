//! Push, heard with a stock WebSocket library: from one client's upload to another's news, and to the end of an app password.
#![cfg(test)]

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, TestBox, Visitor};
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// A client that listens.
struct Listener(WebSocketStream<TlsStream<TcpStream>>);

impl Listener {
    /// Connects to the address that the capabilities name, trusting the household's certificate and nothing else.
    async fn connect(test_box: &TestBox, address: &str) -> Self {
        let pem = CertificateDer::from_pem_file(test_box.path("ca.pem")).expect("the household's certificate");
        let mut roots = RootCertStore::empty();
        roots.add(pem).expect("a certificate");
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let authority = test_box.origin.trim_start_matches("https://");
        assert_eq!(address, format!("wss://{authority}/push/ws"));
        let stream = TcpStream::connect(authority).await.expect("connected");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS");
        Self(client_async(address, stream).await.expect("a WebSocket").0)
    }

    async fn signed_in(test_box: &TestBox, address: &str, (name, secret): (&str, &str)) -> Self {
        let mut this = Self::connect(test_box, address).await;
        for text in [name, secret] {
            this.0.send(Message::text(text)).await.expect("sent");
        }
        assert_eq!(this.hear().await.as_deref(), Some("authenticated"));
        this
    }

    /// The next message of text, or `None` at the end.
    async fn hear(&mut self) -> Option<String> {
        self.hear_within(Duration::from_secs(30)).await.expect("something is heard in time")
    }

    async fn hear_within(&mut self, time: Duration) -> Result<Option<String>, tokio::time::error::Elapsed> {
        while let Some(Ok(message)) = tokio::time::timeout(time, self.0.next()).await? {
            if let Message::Text(text) = message {
                return Ok(Some(text.to_string()));
            }
        }
        Ok(None)
    }
}

async fn capabilities(test_box: &TestBox) -> Value {
    let answer = Visitor::new(test_box).bare(Method::GET, "/ocs/v2.php/cloud/capabilities?format=json").send().await.expect("an answer");
    let all: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    all["ocs"]["data"]["capabilities"]["notify_push"].clone()
}

#[tokio::test]
async fn one_clients_upload_is_anothers_news_until_its_app_password_is_removed() {
    let mut test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let (status, made) = ana.send(Method::POST, "/api/v1/tokens", &json!({"name": "desk"})).await;
    assert_eq!(status, 201, "{made}");
    let (desk, sofa) = (made["secret"].as_str().expect("a secret"), ana.app_password("sofa").await);
    let push = capabilities(&test_box).await;
    let address = push["endpoints"]["websocket"].as_str().expect("an address");
    let mut listener = Listener::signed_in(&test_box, address, ("ana", desk)).await;

    let put = async |path: &str| {
        let upload = Visitor::new(&test_box).bare(Method::PUT, path).basic_auth("ana", Some(&sofa)).body("hello");
        assert!(upload.send().await.expect("an answer").status().is_success(), "{path}");
    };
    let begun = Instant::now();
    put("/remote.php/dav/files/ana/hello.txt").await;
    assert_eq!(listener.hear().await.as_deref(), Some("notify_file"));
    println!("heard {:?} after the upload had begun", begun.elapsed());

    let (status, space) = ana.send(Method::POST, "/api/v1/spaces", &json!({"name": "Family", "members": {"p1": "manage"}})).await;
    assert_eq!(status, 201, "{space}");
    assert_eq!(listener.hear().await.as_deref(), Some("notify_file"), "a shared space has come");
    put("/remote.php/dav/files/ana/Family/photo.jpg").await;
    assert_eq!(listener.hear().await.as_deref(), Some("notify_file"), "something is in it");

    // It goes past the gateway; the worker, which is kept awake, finds it.
    fs::write(test_box.path("spaces/s1/files/behind.txt"), "by somebody else").expect("written");
    assert_eq!(listener.hear().await.as_deref(), Some("notify_file"), "a change behind the box's back");

    let token_address = push["endpoints"]["pre_auth"].as_str().expect("an address").trim_start_matches(&test_box.origin);
    let token = Visitor::new(&test_box).bare(Method::POST, token_address).basic_auth("ana", Some(&sofa)).send().await.expect("an answer");
    let token = token.text().await.expect("a token");
    let mut other = Listener::signed_in(&test_box, address, ("", &token)).await;

    let revoke = format!("/api/v1/tokens/{}", made["id"].as_str().expect("an id"));
    assert_eq!(ana.request(Method::DELETE, &revoke).send().await.expect("an answer").status(), 204);
    assert_eq!(listener.hear().await, None, "the end of what it signed in with");
    let mut again = Listener::connect(&test_box, address).await;
    for text in ["ana", desk] {
        again.0.send(Message::text(text)).await.expect("sent");
    }
    assert_eq!(again.hear().await.as_deref(), Some("err: Invalid credentials"));
    assert_eq!(again.hear().await, None);

    put("/remote.php/dav/files/ana/hello.txt").await;
    assert_eq!(other.hear().await.as_deref(), Some("notify_file"), "the other one goes on");
    test_box.stop();
    assert_eq!(other.hear().await, None, "the end of the box");
}

#[tokio::test]
async fn what_others_change_deep_in_a_large_space_is_news_within_seconds() {
    const FOLDERS: usize = 100;
    let test_box = TestBox::start(Claimed::ByAna);
    let sofa = Visitor::ana(&test_box).await.app_password("sofa").await;
    let push = capabilities(&test_box).await;
    let address = push["endpoints"]["websocket"].as_str().expect("an address");
    let mut listener = Listener::signed_in(&test_box, address, ("ana", &sofa)).await;
    let upload = Visitor::new(&test_box).bare(Method::PUT, "/remote.php/dav/files/ana/hello.txt").basic_auth("ana", Some(&sofa));
    assert!(upload.body("hello").send().await.expect("an answer").status().is_success());
    let deep = |number: usize| test_box.path(&format!("spaces/s1/files/{number}/deep"));
    for number in 0..FOLDERS {
        fs::create_dir_all(deep(number)).expect("a folder");
        (0..60).for_each(|file| fs::write(deep(number).join(file.to_string()), "x").expect("written"));
    }
    // The worker, behind its walls, comes to watch each folder and the root.
    let watched = || -> usize {
        let workers = test_box.processes().into_iter().filter(|process| process.role == "sync");
        let files = workers.filter_map(|worker| fs::read_dir(format!("/proc/{}/fdinfo", worker.pid)).ok()).flatten().flatten();
        files.filter_map(|file| fs::read_to_string(file.path()).ok()).map(|text| text.matches("inotify wd:").count()).sum()
    };
    let until = Instant::now() + Duration::from_secs(90);
    while watched() <= 2 * FOLDERS {
        assert!(Instant::now() < until, "{} folders are watched", watched());
        tokio::time::sleep(Duration::from_millis(200)).await; // waits: for two passes, by polling
    }
    for number in [7, 77] {
        while matches!(listener.hear_within(Duration::from_secs(4)).await, Ok(Some(_))) {}
        fs::write(deep(number).join("new"), "by somebody else").expect("written");
        let begun = Instant::now();
        assert_eq!(listener.hear().await.as_deref(), Some("notify_file"));
        println!("heard {:?} after the change", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
