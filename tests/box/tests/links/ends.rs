//! What a link follows, and all the ways in which it ends.

use std::fs;

use croft_box_tests::Visitor;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::{Home, address, now, value};

#[tokio::test]
async fn a_link_follows_what_it_opens_and_ends_in_every_way() {
    let home = Home::new().await;
    let link = home.link("holiday", json!({})).await;
    let at = address(&link);
    home.moved("holiday", "summer").await;
    home.mkcol("holiday").await;
    home.put("holiday/other.txt", "not for you").await;
    assert_eq!(home.read(&format!("{at}/beach.txt")).await, (200, "sand".into()));
    assert_eq!(home.read(&format!("{at}/other.txt")).await.0, 404, "another folder has its old name");
    assert_eq!(home.told(&link).await["path"], "summer");
    // Deleted it opens nothing; brought back it does.
    home.deleted("summer").await;
    home.opens_nothing(&at).await;
    assert_eq!((&home.told(&link).await["state"], &home.told(&link).await["path"]), (&json!("gone"), &Value::Null));

    // A file by itself.
    let file = home.link("secret.txt", json!({"downloads": 1})).await;
    let to_file = address(&file);
    assert!(home.read(&to_file).await.1.contains("secret.txt"));
    assert_eq!(home.ask("HEAD", &format!("{to_file}/secret.txt")).await.status(), 200, "asking is no download");
    assert_eq!(home.read(&format!("{to_file}/secret.txt")).await, (200, "nobody's business".into()));
    assert_eq!(home.read(&format!("{to_file}/secret.txt")).await.0, 200, "the same download goes on");
    assert_eq!(home.told(&file).await["state"], "used-up");
    assert_eq!(home.ask("PUT", &format!("{to_file}/secret.txt")).await.status(), 404);

    // Time, with its one answer.
    let now = now();
    let short = home.link("secret.txt", json!({"expires": now + 2})).await;
    assert_eq!(home.read(&address(&short)).await.0, 200);
    while home.told(&short).await["state"] != "expired" {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await; // waits: for the end of the link, by polling
    }
    home.opens_nothing(&address(&short)).await;
    let (status, _) =
        home.ana.send(Method::PATCH, &format!("/api/v1/links/{}", short["id"].as_str().expect("an id")), &json!({"expires": 0})).await;
    assert_eq!((status, home.read(&address(&short)).await.0), (200, 200), "it may be given more");

    // Revoked, at once and also in the middle of an answer.
    let large = home.test_box.path("spaces/s1/files/large.bin");
    fs::write(&large, vec![7; 64 << 20]).expect("a large file");
    let cut = home.link("large.bin", json!({})).await;
    let mut under_way = home.ask("GET", &format!("{}/large.bin", address(&cut))).await;
    assert!(under_way.chunk().await.expect("a first part").is_some());
    let id = cut["id"].as_str().expect("an id").to_owned();
    let revoked = home.ana.request(Method::DELETE, &format!("/api/v1/links/{id}")).send().await.expect("an answer");
    assert_eq!(revoked.status(), 204);
    home.opens_nothing(&address(&cut)).await;
    let broken = loop {
        match under_way.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken, "what was under way breaks off");
    assert_eq!(home.ana.request(Method::DELETE, &format!("/api/v1/links/{id}")).send().await.expect("an answer").status(), 404);

    // An upload that is under way.
    let drop = home.link("holiday", json!({"kind": "drop"})).await;
    let (sender, parts) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let body = reqwest::Body::wrap_stream(futures_util::stream::unfold(parts, async |mut parts| Some((parts.recv().await?, parts))));
    let request = home.stranger.bare(Method::PUT, &format!("{}/half.bin", address(&drop))).header(header::CONTENT_LENGTH, 1_000_000);
    let upload = tokio::spawn(request.body(body).send());
    sender.send(Ok(vec![1; 100_000])).await.expect("sent");
    tokio::time::sleep(std::time::Duration::from_millis(500)).await; // waits: for the upload to begin, which nobody is told of
    let id = drop["id"].as_str().expect("an id");
    assert_eq!(home.ana.request(Method::DELETE, &format!("/api/v1/links/{id}")).send().await.expect("an answer").status(), 204);
    let answer = tokio::time::timeout(std::time::Duration::from_secs(20), upload).await.expect("it does not go on").expect("no panic");
    if let Ok(answer) = answer {
        assert_eq!((answer.status().as_u16(), answer.text().await.expect("a body").contains("link-opens-nothing")), (404, true));
    }
    assert_eq!(home.file("holiday/half.bin"), None);
    std::mem::drop(sender);

    // Tries that open nothing are guesses.
    let mut last = StatusCode::NOT_FOUND;
    for number in 0..40 {
        last = home.ask("GET", &format!("/s/1-{number:032x}")).await.status();
    }
    assert_eq!(last, 429);
    let workers = home.workers();
    home.ask("GET", &format!("/s/999-{}", "a".repeat(32))).await;
    assert_eq!(home.workers(), workers, "no worker of a space that is not there");
}

#[tokio::test]
async fn a_password_is_asked_for_and_guesses_are_few() {
    let home = Home::new().await;
    let link = home.link("holiday", json!({"password": "sea & sand"})).await;
    assert!(link.to_string().contains("\"password\":true") && !link.to_string().contains("sea"), "{link}");
    let at = address(&link);
    let page = home.stranger.bare(Method::GET, &at).header(header::ACCEPT, "text/html").send().await.expect("an answer");
    assert_eq!((page.status().as_u16(), value(&page, "www-authenticate")), (401, ""));
    let text = page.text().await.expect("a body");
    assert!(text.contains("asks for a password") && !text.contains("holiday") && !text.contains("beach"), "{text}");
    assert_eq!(home.ask("GET", &format!("{at}/beach.txt")).await.status(), 401);
    let try_it = async |password: &str| {
        let form = format!("password={password}");
        let request = home
            .stranger
            .bare(Method::POST, &at)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("origin", "null");
        request.body(form).send().await.expect("an answer")
    };
    assert_eq!(try_it("sea").await.status(), 401);
    let no_redirects = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let pem = fs::read(home.test_box.path("ca.pem")).expect("a certificate");
    let client = no_redirects.tls_certs_only([reqwest::Certificate::from_pem(&pem).expect("a certificate")]).build().expect("a client");
    let right = client.post(format!("{}{at}", home.test_box.origin)).body("password=sea+%26+sand").send().await.expect("an answer");
    assert_eq!((right.status().as_u16(), value(&right, "location")), (303, at.as_str()));
    let cookie = value(&right, "set-cookie").to_owned();
    assert!(
        ["__Secure-croft-link=", &format!("Path={at};"), "Secure", "HttpOnly", "SameSite=Lax"].iter().all(|part| cookie.contains(part)),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().expect("a pair");
    let pass = cookie.split_once('=').expect("a value").1;
    let by = async |name: &str, value: &str, at: &str| {
        let answer = home.stranger.bare(Method::GET, &format!("{at}/beach.txt")).header(name, value).send().await.expect("an answer");
        answer.status().as_u16()
    };
    assert_eq!((by("cookie", cookie, &at).await, by("authorization", &format!("Bearer {pass}"), &at).await), (200, 200));
    let other = home.address("holiday", json!({"password": "sea & sand"})).await;
    assert_eq!(by("cookie", cookie, &other).await, 401, "it is good for one link");
    // With another password it is void.
    let id = link["id"].as_str().expect("an id").to_owned();
    assert_eq!(home.ana.send(Method::PATCH, &format!("/api/v1/links/{id}"), &json!({"password": "other"})).await.0, 200);
    assert_eq!(by("cookie", cookie, &at).await, 401);
    // Programs show it by Basic.
    let dav = format!("/public.php/dav/files/{}/beach.txt", &at[3..]);
    let program = async |password: &str| {
        home.stranger.bare(Method::GET, &dav).basic_auth("anonymous", Some(password)).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!((program("other").await, program("wrong").await), (200, 401));
    let mut last = 0;
    for _ in 0..10 {
        last = try_it("wrong").await.status().as_u16();
    }
    assert_eq!(last, 429);
    assert_eq!(program("other").await, 429, "also for the right one, from there");
    let told = home.told(&link).await;
    assert!(told["uses"].as_array().expect("uses").iter().any(|one| one["what"] == "wrong-password"), "{told}");
}

#[tokio::test]
async fn a_link_ends_with_the_right_of_who_made_it() {
    let home = Home::new().await;
    let (ben, ben_id) = join(&home, "ben").await;
    let (status, space) =
        home.ana.send(Method::POST, "/api/v1/spaces", &json!({"name": "Family", "members": {"p1": "manage", &ben_id: "write"}})).await;
    assert_eq!(status, 201, "{space}");
    let space = space["id"].as_str().expect("an id").to_owned();
    home.mkcol("Family/party").await;
    home.put("Family/party/song", "la").await;
    let order = json!({"path": "Family/party"});
    assert_eq!(ben.send(Method::POST, "/api/v1/links", &order).await.0, 403, "writing is not sharing");
    let change = async |right: Value| {
        let etag = home.ana.get("/api/v1/settings").await["etags"]["spaces"].as_str().expect("a version").to_owned();
        let patch = json!({&space: {"members": {&ben_id: right}}});
        let request = home.ana.request(Method::PATCH, "/api/v1/settings/spaces").header(header::IF_MATCH, etag);
        let answer = request.header(header::CONTENT_TYPE, "application/merge-patch+json").body(patch.to_string()).send().await;
        assert_eq!(answer.expect("an answer").status(), 200);
    };
    change(json!("share")).await;
    let (status, link) = ben.send(Method::POST, "/api/v1/links", &order).await;
    assert_eq!(status, 201, "{link}");
    assert_eq!(link["path"], "Family/party");
    let at = address(&link);
    assert_eq!(home.read(&format!("{at}/song")).await, (200, "la".into()));
    assert_eq!(home.ana.get("/api/v1/links").await.as_array().expect("a list").len(), 1, "who manages the space sees it");
    assert_eq!(ben.send(Method::POST, "/api/v1/links", &json!({"path": "Family"})).await.0, 403, "no whole space");
    // Nobody uses it meanwhile.
    change(Value::Null).await;
    let begun = std::time::Instant::now();
    while home.ana.get("/api/v1/links").await[0]["state"] != "ended" {
        assert!(begun.elapsed().as_secs() < 10, "the link lives on");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await; // waits: for the worker to hear of it, by polling
    }
    change(json!("share")).await;
    home.opens_nothing(&at).await;
    let list = ben.get("/api/v1/links").await;
    assert_eq!(list[0]["state"], "ended", "{list}");
}

/// Adds a person as an owner does, and joins as that person does; with their id.
async fn join(home: &Home, name: &str) -> (Visitor, String) {
    let (status, person) = home.ana.send(Method::POST, "/api/v1/people", &json!({"name": name, "role": "member"})).await;
    assert_eq!(status, 201, "{person}");
    let (status, invitation) = home.ana.send(Method::POST, "/api/v1/invitations", &json!({"person": person["id"]})).await;
    assert_eq!(status, 201, "{invitation}");
    let mut visitor = Visitor::new(&home.test_box);
    let passphrase = format!("{name} likes long walks");
    let (status, session) =
        visitor.send(Method::POST, "/api/v1/join", &json!({"code": invitation["code"], "passphrase": passphrase})).await;
    assert!([200, 201].contains(&status), "{session}");
    assert!(visitor.sign_in(name, &passphrase).await.status().is_success());
    (visitor, person["id"].as_str().expect("an id").to_owned())
}
