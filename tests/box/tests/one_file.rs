//! One file through the real door: with a stock client, in a person's tree with a shared space in it, and over a pulled plug.

use std::process::Command;

use croft_box_tests::{Claimed, TestBox, Visitor};
use reqwest::{Method, StatusCode, header};
use serde_json::json;

#[tokio::test]
async fn a_pulled_plug_loses_nothing_that_was_acknowledged() {
    let mut test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let password = ana.app_password("plug").await;
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 253).to_le_bytes()[0]).collect();
    for round in 0..5 {
        let path = format!("/dav/files/ana/round-{round}.bin");
        let answer = Visitor::new(&test_box)
            .bare(Method::PUT, &path)
            .basic_auth("ana", Some(&password))
            .body(content.clone())
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::CREATED);
        let etag = answer.headers()[header::ETAG].clone();
        test_box.pull_the_plug();
        test_box.start_again();
        // A client that does not know the connection of before.
        let answer = Visitor::new(&test_box).bare(Method::GET, &path).basic_auth("ana", Some(&password)).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "round {round}");
        assert_eq!(answer.headers()[header::ETAG], etag, "the entity tag survives");
        assert!(answer.bytes().await.expect("a body") == content, "round {round}: other bytes than were acknowledged");
    }
    test_box.stop();
    assert!(test_box.processes().is_empty());
}

#[tokio::test]
async fn a_stock_client_uses_the_tree() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = test_box.croft(&["token", "new", "ana", "--name", "curl"]).expect("an app password");
    let curl = |arguments: &[&str], path: &str| {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--write-out", "\n%{http_code}", "--cacert"])
            .arg(test_box.path("ca.pem"))
            .args(["--user", &format!("ana:{}", password.trim())])
            .args(arguments)
            .arg(format!("{}/dav/files/ana/{path}", test_box.origin))
            .output()
            .expect("curl is installed");
        let text = String::from_utf8(output.stdout).expect("text");
        let (body, status) = text.rsplit_once('\n').expect("a status");
        (status.parse::<u16>().expect("a status"), body.to_owned())
    };
    let file = test_box.path("hello.txt");
    std::fs::write(&file, "Hello, house.\n").expect("written");
    let file = file.to_str().expect("text");

    assert_eq!(curl(&["--request", "MKCOL"], "Letters").0, 201);
    assert_eq!(curl(&["--request", "MKCOL"], "Letters").0, 405);
    assert_eq!(curl(&["--upload-file", file], "Letters/hello.txt").0, 201);
    assert_eq!(curl(&["--upload-file", file], "Letters/hello.txt").0, 204);
    // Refused while it is still sending, a client must see the answer all the same, every time.
    for round in 0..25 {
        assert_eq!(curl(&["--upload-file", file, "--header", "If-None-Match: *"], "Letters/hello.txt").0, 412, "round {round}");
    }
    assert_eq!(curl(&["--upload-file", file], "Nowhere/hello.txt").0, 409);
    assert_eq!(curl(&[], "Letters/hello.txt"), (200, "Hello, house.\n".into()));
    assert_eq!(curl(&["--range", "7-11"], "Letters/hello.txt"), (206, "house".into()));
    assert_eq!(curl(&["--range", "99-"], "Letters/hello.txt").0, 416);
    let (status, listing) = curl(&["--request", "PROPFIND", "--header", "Depth: 1"], "Letters/");
    assert_eq!(status, 207);
    assert!(listing.contains("/dav/files/ana/Letters/hello.txt") && listing.contains("<d:getetag>"), "{listing}");
    assert_eq!(curl(&["--request", "PROPFIND", "--header", "Depth: infinity"], "").0, 403);
    assert_eq!(curl(&["--request", "DELETE"], "Letters").0, 204);
    assert_eq!(curl(&[], "Letters/hello.txt").0, 404);
}

#[tokio::test]
async fn a_shared_space_is_a_folder_of_its_members_and_nothing_to_others() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let (ben, eva) = (join(&test_box, &ana, "ben").await, join(&test_box, &ana, "eva").await);
    let (status, space) =
        ana.send(Method::POST, "/api/v1/spaces", &json!({"name": "Family", "members": {"p1": "manage", "p2": "read"}})).await;
    assert_eq!(status, 201, "{space}");
    let put = |who: &Visitor, path: &'static str| who.request(Method::PUT, path).body("a photo").send();
    assert_eq!(put(&ana, "/dav/files/ana/Family/photo.jpg").await.expect("an answer").status(), 201);
    assert_eq!(put(&ben, "/dav/files/ben/Family/photo.jpg").await.expect("an answer").status(), 403);
    let read = |who: &Visitor, path: &'static str| who.request(Method::GET, path).send();
    let seen = read(&ben, "/dav/files/ben/Family/photo.jpg").await.expect("an answer");
    assert_eq!(seen.text().await.expect("a body"), "a photo");
    // Who is no member learns nothing: the same answer as for a name that does not exist.
    let (hidden, absent) = (read(&eva, "/dav/files/eva/Family/photo.jpg"), read(&eva, "/dav/files/eva/Nothing/photo.jpg"));
    let (hidden, absent) = (hidden.await.expect("an answer"), absent.await.expect("an answer"));
    assert_eq!((hidden.status(), absent.status()), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(hidden.text().await.expect("a body"), absent.text().await.expect("a body"));
    for (who, name, sees) in [(&ana, "ana", true), (&ben, "ben", true), (&eva, "eva", false)] {
        let method = Method::from_bytes(b"PROPFIND").expect("a method");
        let listing = who.request(method, &format!("/dav/files/{name}/")).header("Depth", "1").send().await.expect("an answer");
        assert_eq!(listing.status(), StatusCode::MULTI_STATUS);
        assert_eq!(listing.text().await.expect("a body").contains("Family"), sees, "{name}");
    }
    assert_eq!(read(&ben, "/dav/files/ana/").await.expect("an answer").status(), StatusCode::NOT_FOUND);
}

/// Adds a person as an owner does, and joins as that person does.
async fn join(test_box: &TestBox, owner: &Visitor, name: &str) -> Visitor {
    let (status, person) = owner.send(Method::POST, "/api/v1/people", &json!({"name": name, "role": "member"})).await;
    assert_eq!(status, 201, "{person}");
    let (status, invitation) = owner.send(Method::POST, "/api/v1/invitations", &json!({"person": person["id"]})).await;
    assert_eq!(status, 201, "{invitation}");
    let mut visitor = Visitor::new(test_box);
    let passphrase = format!("{name} likes long walks");
    let (status, session) =
        visitor.send(Method::POST, "/api/v1/join", &json!({"code": invitation["code"], "passphrase": passphrase})).await;
    assert!([200, 201].contains(&status), "{session}");
    assert!(visitor.sign_in(name, &passphrase).await.status().is_success());
    visitor
}
