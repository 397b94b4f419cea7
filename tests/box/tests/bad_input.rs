//! Bad input of any kind: a clear error that says what to do, and nothing is lost.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use croft_box_tests::{Claimed, TestBox, Visitor};
use reqwest::{Method, header};
use serde_json::{Value, json};

#[tokio::test]
async fn a_torn_store_is_named_and_left_as_it_is() {
    let mut test_box = TestBox::start(Claimed::ByAna);
    test_box.stop();
    let store = test_box.path("state/supervisor/supervisor.redb");
    let whole = fs::read(&store).expect("the store");
    fs::write(&store, &whole[..whole.len() / 2]).expect("torn");
    let torn = fs::read(&store).expect("the store");
    let said = test_box.try_start_again().expect_err("a torn store must not start");
    assert!(said.contains("supervisor.redb"), "the file is not named:\n{said}");
    assert_eq!(fs::read(&store).expect("the store"), torn, "a torn store must not be touched");
    fs::write(&store, &whole).expect("restored");
    test_box.start_again();
    assert!(Visitor::ana(&test_box).await.get("/api/v1/status").await["people"] == 1);
}

#[test]
fn a_taken_port_is_named() {
    let mut test_box = TestBox::start(Claimed::Not);
    test_box.stop();
    let port: u16 = test_box.origin.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let _taken = TcpListener::bind(("127.0.0.1", port)).or_else(|_| TcpListener::bind(("0.0.0.0", port))).expect("free after the stop");
    let said = test_box.try_start_again().expect_err("the port is taken");
    assert!(said.contains(&port.to_string()) && said.contains("--port"), "{said}");
}

#[test]
fn a_second_box_in_the_same_home_is_refused() {
    let test_box = TestBox::start(Claimed::Not);
    let second = std::process::Command::new(croft_box_tests::binary("xtask"))
        .args(["up", "--port", "0", "--http-port", "0", "--home"])
        .arg(test_box.home.path())
        .env("CROFT_CROFTD", croft_box_tests::binary("croftd"))
        .output()
        .expect("up runs");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success());
    assert!(said.contains("in use by another supervisor"), "{said}");
    assert!(test_box.croft(&["status"]).is_ok(), "the first box goes on");
}

#[tokio::test]
async fn bad_settings_change_nothing_and_name_the_key() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let before = ana.get("/api/v1/settings").await;
    let etag = |section: &str| before["etags"][section].as_str().expect("a version").to_owned();
    let patch = |section: &'static str, etag: Option<String>, body: &'static str| {
        let mut request = ana.request(Method::PATCH, &format!("/api/v1/settings/{section}"));
        if let Some(etag) = etag {
            request = request.header(header::IF_MATCH, etag);
        }
        request.header(header::CONTENT_TYPE, "application/merge-patch+json").body(body).send()
    };
    for (section, version, body, status, key) in [
        ("box", None, r#"{"name": "B"}"#, 428, Value::Null),
        ("box", Some("\"box-999\"".to_owned()), r#"{"name": "B"}"#, 412, Value::Null),
        ("box", Some(etag("box")), r#"{"colour": "green"}"#, 422, json!("box.colour")),
        ("box", Some(etag("box")), r#"{"host": "not a host"}"#, 422, json!("box.host")),
        ("people", Some(etag("people")), r#"{"p1": {"role": "member"}}"#, 422, json!("people")),
        ("people", Some(etag("people")), r#"{"p1": {"name": "../../etc"}}"#, 422, json!("people.p1.name")),
        ("spaces", Some(etag("spaces")), r#"{"s1": {"number": 7}}"#, 422, json!("spaces.s1.number")),
        ("door", Some(etag("door")), r#"{"extra_names": ["example.org"]}"#, 422, json!("door.extra_names.0")),
        ("box", Some(etag("box")), "{", 400, Value::Null),
        ("nothing", Some(etag("box")), "{}", 404, Value::Null),
    ] {
        let answer = patch(section, version, body).await.expect("an answer");
        let (got, problem) = (answer.status().as_u16(), answer.json::<Value>().await.expect("a problem document"));
        assert_eq!(got, status, "{section} {body}: {problem}");
        if !key.is_null() {
            assert_eq!(problem["key"], key, "{body}: {problem}");
        }
    }
    assert_eq!(ana.get("/api/v1/settings").await, before, "nothing was changed");
    let future = test_box.path("future.toml");
    fs::write(&future, "schema = 99\n[box]\nname = \"B\"\nhost = \"b\"\n").expect("written");
    let said = test_box.croft(&["settings", "import", future.to_str().expect("text")]).expect_err("from the future");
    assert!(said.contains("schema") && said.contains("newer"), "{said}");
}

#[test]
fn an_endless_head_is_cut_off() {
    let test_box = TestBox::start(Claimed::Not);
    let address = test_box.plain.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(40))).expect("set");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").expect("sent");
    let mut sent = 0_usize;
    while sent < 4 * 1024 * 1024 {
        let line = format!("X-Endless-{sent}: {}\r\n", "a".repeat(1000));
        match stream.write_all(line.as_bytes()) {
            Ok(()) => sent += line.len(),
            Err(_) => break,
        }
    }
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(sent < 4 * 1024 * 1024, "{sent} bytes of head were taken");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert!(test_box.croft(&["status"]).is_ok(), "the box goes on");
}
