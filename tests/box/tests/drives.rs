//! Network drives of a whole box: off until they are switched on, one tree with what WebDAV shows, gone for a device that was removed.
#![cfg(test)]

use std::{
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, TestBox, Visitor};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// Where a box on a developer's machine serves drives.
const PORT: u16 = 4450;

fn smb(test_box: &TestBox, who: &str, password: &str, drive: &str, commands: &str) -> String {
    let output = Command::new("smbclient")
        .args([&format!("//127.0.0.1/{drive}"), "-p", &PORT.to_string(), "-U", &format!("{who}%{password}"), "-m", "SMB3", "-c", commands])
        .current_dir(test_box.home.path())
        .output()
        .expect("smbclient is installed");
    [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
}

fn json(test_box: &TestBox, arguments: &[&str]) -> Value {
    let said = test_box.croft(&[&["--json"], arguments].concat()).expect("the command works");
    serde_json::from_str(&said).expect("JSON")
}

#[tokio::test]
async fn a_device_shares_a_tree_with_everything_else_until_it_is_removed() {
    let test_box = TestBox::start(Claimed::ByAna);
    let root = nix::unistd::geteuid().is_root();
    assert!(TcpStream::connect(("127.0.0.1", PORT)).is_err(), "nothing answers before it is wanted");
    assert_eq!(json(&test_box, &["share", "status"])["state"], "off");
    test_box.croft(&["share", "on"]).expect("switched on");
    if !root {
        let status = json(&test_box, &["share", "status"]);
        assert_eq!(
            (&status["state"], status["why"].as_str().is_some_and(|why| why.contains("root"))),
            (&"unable".into(), true),
            "{status}"
        );
        return;
    }
    let made = json(&test_box, &["share", "device", "add", "ana", "laptop"]);
    let (account, password) = (made["device"]["account"].as_str().expect("text"), made["password"].as_str().expect("text"));
    let status = json(&test_box, &["share", "status"]);
    assert_eq!((&status["state"], &status["drives"][0]["name"]), (&"on".into(), &"ana".into()), "{status}");

    // By SMB in, by WebDAV out, and the other way round.
    std::fs::write(test_box.path("letter.txt"), "Hello, house.\n").expect("written");
    let said = smb(&test_box, account, password, "ana", "mkdir Letters; put letter.txt Letters\\letter.txt");
    assert!(!said.contains("NT_STATUS"), "{said}");
    let token = test_box.croft(&["token", "new", "ana", "--name", "curl"]).expect("an app password");
    let visitor = Visitor::new(&test_box);
    let dav = |method: Method, path: &str| visitor.bare(method, &format!("/dav/files/ana/{path}")).basic_auth("ana", Some(token.trim()));
    let read = dav(Method::GET, "Letters/letter.txt").send().await.expect("an answer");
    assert_eq!((read.status(), read.text().await.expect("text")), (StatusCode::OK, "Hello, house.\n".to_owned()));
    assert_eq!(dav(Method::PUT, "Letters/answer.txt").body("Hello, you.\n").send().await.expect("an answer").status(), StatusCode::CREATED);
    let said = smb(&test_box, account, password, "ana", "get Letters\\answer.txt answer; del Letters\\letter.txt; ls Letters\\*");
    assert!(said.contains("answer.txt") && !said.contains("NT_STATUS"), "{said}");
    assert_eq!(std::fs::read_to_string(test_box.path("answer")).expect("read"), "Hello, you.\n");
    let until = Instant::now() + Duration::from_secs(30);
    while dav(Method::GET, "Letters/letter.txt").send().await.expect("an answer").status() != StatusCode::NOT_FOUND {
        assert!(Instant::now() < until, "what was deleted by SMB is gone from the tree");
        tokio::time::sleep(Duration::from_millis(50)).await; // waits: for the worker to see it, by polling
    }
    // A passphrase or an app password opens no drive, and a device's password opens nothing else.
    for (who, wrong) in [("ana", token.trim()), (account, token.trim()), ("ana", password)] {
        assert!(smb(&test_box, who, wrong, "ana", "ls").contains("NT_STATUS_LOGON_FAILURE"), "{who}");
    }
    let answer = visitor.bare(Method::GET, "/dav/files/ana/").basic_auth("ana", Some(password)).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);

    test_box.croft(&["share", "device", "remove", account]).expect("removed");
    assert!(smb(&test_box, account, password, "ana", "ls").contains("NT_STATUS_LOGON_FAILURE"));
    test_box.croft(&["share", "off"]).expect("switched off");
    assert_eq!(json(&test_box, &["share", "status"])["state"], "off");
    assert!(TcpStream::connect(("127.0.0.1", PORT)).is_err(), "nothing answers any more");
}

#[tokio::test]
async fn drives_come_back_with_the_box_and_end_with_it() {
    let mut test_box = TestBox::start(Claimed::ByAna);
    if !nix::unistd::geteuid().is_root() {
        assert!(test_box.croft(&["share", "status"]).expect("said").contains("off"));
        return;
    }
    test_box.croft(&["share", "on"]).expect("switched on");
    let made = json(&test_box, &["share", "device", "add", "ana", "tv"]);
    let password = made["password"].as_str().expect("text").to_owned();
    test_box.pull_the_plug();
    assert!(TcpStream::connect(("127.0.0.1", PORT)).is_err(), "the server goes with the box");
    test_box.start_again();
    assert_eq!(json(&test_box, &["share", "status"])["state"], "on");
    assert!(smb(&test_box, "ana-tv", &password, "ana", "ls").contains("blocks available"));
    test_box.stop();
    assert!(TcpStream::connect(("127.0.0.1", PORT)).is_err(), "the server ends with the box");
    assert!(!test_box.path("run/shares/etc").exists(), "no password lies about");
}
