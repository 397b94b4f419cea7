//! Links: what a stranger who has one may do, and what nobody may.
#![cfg(test)]

use std::{fs, process::Command};

use croft_box_tests::{Claimed, TestBox, Visitor, kill};
use nix::sys::signal::Signal;
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};

/// A box of Ana's, she herself, and somebody who knows nobody.
struct Home {
    test_box: TestBox,
    ana: Visitor,
    stranger: Visitor,
}

impl Home {
    async fn new() -> Self {
        let test_box = TestBox::start(Claimed::ByAna);
        let ana = Visitor::ana(&test_box).await;
        let stranger = Visitor::new(&test_box);
        let home = Self { test_box, ana, stranger };
        home.mkcol("holiday").await;
        home.mkcol("holiday/day 1").await;
        home.put("holiday/beach.txt", "sand").await;
        home.put("holiday/day 1/<b>.txt", "waves").await;
        home.put("secret.txt", "nobody's business").await;
        home
    }

    async fn put(&self, path: &str, content: &str) {
        let answer =
            self.ana.request(Method::PUT, &format!("/dav/files/ana/{path}")).body(content.to_owned()).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path} {answer:?}");
    }

    async fn mkcol(&self, path: &str) {
        let method = Method::from_bytes(b"MKCOL").expect("a method");
        let answer = self.ana.request(method, &format!("/dav/files/ana/{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 201, "{path}");
    }

    async fn moved(&self, from: &str, to: &str) {
        let method = Method::from_bytes(b"MOVE").expect("a method");
        let request = self.ana.request(method, &format!("/dav/files/ana/{from}")).header("destination", format!("/dav/files/ana/{to}"));
        assert_eq!(request.send().await.expect("an answer").status(), 201, "{from} to {to}");
    }

    async fn deleted(&self, path: &str) {
        let answer = self.ana.request(Method::DELETE, &format!("/dav/files/ana/{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 204, "{path}");
    }

    /// Makes a link and gives it.
    async fn link(&self, path: &str, mut how: Value) -> Value {
        how["path"] = json!(path);
        let (status, link) = self.ana.send(Method::POST, "/api/v1/links", &how).await;
        assert_eq!(status, 201, "{link}");
        link
    }

    /// Its address, as a path.
    async fn address(&self, path: &str, how: Value) -> String {
        address(&self.link(path, how).await)
    }

    async fn told(&self, link: &Value) -> Value {
        self.ana.get(&format!("/api/v1/links/{}", link["id"].as_str().expect("an id"))).await
    }

    async fn ask(&self, method: &str, path: &str) -> Response {
        self.stranger.bare(Method::from_bytes(method.as_bytes()).expect("a method"), path).send().await.expect("an answer")
    }

    /// Status and body.
    async fn read(&self, path: &str) -> (u16, String) {
        let answer = self.ask("GET", path).await;
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    async fn upload(&self, path: &str, content: &str) -> u16 {
        let request = self.stranger.bare(Method::PUT, path).body(content.to_owned());
        request.send().await.expect("an answer").status().as_u16()
    }

    /// That an address opens nothing, with the answer that every such address has.
    async fn opens_nothing(&self, path: &str) {
        let none = format!("/s/1-{}", "0".repeat(32));
        assert_eq!(self.read(path).await, self.read(&none).await, "{path}");
        assert_eq!(self.read(path).await.0, 404, "{path}");
    }

    fn file(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.test_box.path("spaces/s1/files").join(path)).ok()
    }

    fn workers(&self) -> usize {
        self.test_box.processes().iter().filter(|process| process.role == "sync").count()
    }

    fn worker(&self) -> u32 {
        self.test_box.processes().into_iter().find(|process| process.role == "sync").expect("a worker").pid
    }
}

fn address(link: &Value) -> String {
    format!("/s/{}", link["token"].as_str().expect("a token"))
}

fn value<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test]
async fn a_link_to_look_shows_one_folder_and_nothing_else() {
    let home = Home::new().await;
    let link = home.link("holiday", json!({"label": "for aunt Mia", "expires": now() + 86_400})).await;
    let at = address(&link);
    let page = home.stranger.bare(Method::GET, &at).header(header::ACCEPT, "text/html").send().await.expect("an answer");
    assert_eq!((page.status(), value(&page, "content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    let policy = value(&page, "content-security-policy");
    assert!(policy.contains("sandbox allow-scripts allow-forms allow-downloads") && !policy.contains("allow-same-origin"), "{policy}");
    assert_eq!((value(&page, "referrer-policy"), value(&page, "cache-control")), ("no-referrer", "no-store"));
    let text = page.text().await.expect("a body");
    assert!(text.contains("beach.txt") && text.contains("day 1") && !text.contains("secret.txt"), "{text}");
    let (status, below) = home.read(&format!("{at}/day%201/")).await;
    assert!(status == 200 && below.contains("&lt;b&gt;.txt") && !below.contains("<b>"), "{below}");
    // A folder without its slash leads to the one with it, as does the address of old.
    let file = home.ask("GET", &format!("{at}/beach.txt")).await;
    assert_eq!(value(&file, "content-disposition"), "attachment; filename*=UTF-8''beach.txt");
    assert!(value(&file, "content-security-policy").contains("sandbox;") && value(&file, "x-content-type-options") == "nosniff");
    assert_eq!(file.text().await.expect("a body"), "sand");
    let part = home.stranger.bare(Method::GET, &format!("{at}/beach.txt")).header("range", "bytes=1-2").send().await.expect("an answer");
    assert_eq!((part.status().as_u16(), part.text().await.expect("a body")), (206, "an".into()));
    assert_eq!(home.read(&format!("/index.php{at}/beach.txt")).await, (200, "sand".into()));

    // Nothing beside the folder, however it is put, and no change of anything.
    for climbing in
        ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/day%201/../../secret.txt", "/secret.txt", "//secret.txt", "/%00"]
    {
        let answer = untidied(&home, &format!("{at}{climbing}"));
        assert!(!answer.contains("nobody's business") && !answer.contains(" 200 "), "{climbing}: {answer}");
    }
    std::os::unix::fs::symlink(home.test_box.path("spaces/s1/files/secret.txt"), home.test_box.path("spaces/s1/files/holiday/way-out"))
        .expect("a link");
    assert_eq!(home.read(&format!("{at}/way-out")).await.0, 404);
    for (method, path) in [
        ("PUT", "/new"),
        ("DELETE", "/beach.txt"),
        ("MKCOL", "/new"),
        ("PROPPATCH", "/"),
        ("MOVE", "/beach.txt"),
        ("LOCK", "/x"),
        ("SEARCH", "/"),
        ("COPY", "/beach.txt"),
    ] {
        let status = home.ask(method, &format!("{at}{path}")).await.status();
        assert!(status.is_client_error(), "{method} {path} {status}");
    }
    assert_eq!(home.file("holiday/beach.txt").as_deref(), Some("sand"));

    // Who used it when.
    let told = home.told(&link).await;
    assert_eq!((&told["downloaded"], &told["state"], &told["path"]), (&json!(1), &json!("works"), &json!("holiday")));
    let uses: Vec<&str> = told["uses"].as_array().expect("uses").iter().map(|one| one["what"].as_str().expect("a word")).collect();
    assert_eq!(uses, ["downloaded", "opened"], "{told}");
    assert!(!told["uses"].to_string().contains("127.0.0.1"), "{told}");

    // A cookie of the household counts for nothing, and the link's address says nothing of the household to another page.
    let with_cookie = home.ana.request(Method::PUT, &format!("{at}/new")).body("x").send().await.expect("an answer");
    assert_eq!(with_cookie.status(), 403);
    // Nobody else's links.
    let list = home.ana.get("/api/v1/links?path=holiday").await;
    assert_eq!(list.as_array().expect("a list").len(), 1);
    assert_eq!(home.ana.get("/api/v1/links?path=holiday/day%201").await, json!([]));
    assert_eq!(home.ask("GET", "/api/v1/links").await.status(), 401);
}

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
async fn a_link_to_drop_takes_files_and_shows_none_and_one_to_edit_changes_them() {
    let home = Home::new().await;
    let link = home.link("holiday", json!({"kind": "drop"})).await;
    let drop = address(&link);
    let (status, page) = home.read(&drop).await;
    assert!(status == 200 && !page.contains("beach") && !page.contains("day 1"), "{page}");
    assert_eq!(home.upload(&format!("{drop}/beach.txt"), "another").await, 201);
    assert_eq!((home.file("holiday/beach.txt"), home.file("holiday/beach (2).txt")), (Some("sand".into()), Some("another".into())));
    assert_eq!(home.upload(&format!("{drop}/beach.txt"), "third").await, 201);
    assert_eq!(home.file("holiday/beach (3).txt").as_deref(), Some("third"));
    let taken = home
        .stranger
        .bare(Method::PUT, &format!("{drop}/beach.txt"))
        .header("if-none-match", "*")
        .body("fourth")
        .send()
        .await
        .expect("an answer");
    assert_eq!((taken.status().as_u16(), value(&taken, "etag")), (201, ""), "not even whether there is one is told");
    for (method, path) in [
        ("GET", "/beach.txt"),
        ("GET", "/none.txt"),
        ("HEAD", "/beach.txt"),
        ("DELETE", "/beach.txt"),
        ("MKCOL", "/new"),
        ("GET", "/day%201/"),
        ("PUT", "/day%201/x"),
    ] {
        assert_eq!(home.ask(method, &format!("{drop}{path}")).await.status(), 403, "{method} {path}");
    }
    let listing = home
        .stranger
        .bare(Method::from_bytes(b"PROPFIND").expect("a method"), &drop.replace("/s/", "/public.php/dav/files/"))
        .header("depth", "1");
    let listing = listing.send().await.expect("an answer").text().await.expect("a body");
    assert_eq!(listing.matches("<d:response>").count(), 1, "{listing}");
    assert_eq!(home.told(&link).await["received"], 3);

    let link = home.link("holiday", json!({"kind": "edit"})).await;
    let edit = address(&link);
    let file = format!("{edit}/beach.txt");
    let etag = home.ask("HEAD", &file).await.headers()["etag"].to_str().expect("text").to_owned();
    let put = async |tag: &str, content: &'static str| {
        home.stranger.bare(Method::PUT, &file).header("if-match", tag).body(content).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!((put(&etag, "stones").await, put(&etag, "pebbles").await), (204, 412));
    assert_eq!(home.file("holiday/beach.txt").as_deref(), Some("stones"));
    assert_eq!(home.ask("MKCOL", &format!("{edit}/new")).await.status(), 201);
    assert_eq!(home.upload(&format!("{edit}/new/file"), "x").await, 201);
    let gone = home.ask("DELETE", &file).await;
    assert_eq!((gone.status().as_u16(), value(&gone, "croft-trash")), (204, ""));
    assert_eq!(home.ask("DELETE", &edit).await.status(), 403, "what it opens itself stays");
    let trash = fs::read_dir(home.test_box.path("spaces/s1/.croft/trash")).expect("a folder").count();
    assert_eq!(trash, 1, "what was deleted can be brought back");
    // The script of the page is nobody's: it may ask from no origin, and shows no cookie.
    let asked = home.stranger.bare(Method::OPTIONS, &file).header("origin", "null").header("access-control-request-method", "PUT");
    let asked = asked.send().await.expect("an answer");
    assert_eq!(
        (asked.status().as_u16(), value(&asked, "access-control-allow-origin"), value(&asked, "access-control-allow-credentials")),
        (204, "*", "")
    );
}

/// What is in an archive: paths and lengths of files.
fn archived(bytes: Vec<u8>) -> Vec<(String, u64)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
    let mut found = Vec::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).expect("an entry");
        // Read whole, so that its checksum is compared.
        let length = std::io::copy(&mut file, &mut std::io::sink()).expect("a file");
        if file.is_file() {
            found.push((file.name().expect("a name").into_owned(), length));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_folder_comes_as_one_archive_by_a_link_and_to_its_people() {
    let home = Home::new().await;
    fs::write(home.test_box.path("spaces/s1/files/holiday/film"), vec![3; 3_000_001]).expect("a file");
    std::os::unix::fs::symlink(home.test_box.path("spaces/s1/files/secret.txt"), home.test_box.path("spaces/s1/files/holiday/out"))
        .expect("a link");
    let link = home.link("holiday", json!({"downloads": 1})).await;
    let answer = home.ask("GET", &format!("{}/?zip", address(&link))).await;
    assert_eq!(
        (value(&answer, "content-type"), value(&answer, "content-disposition")),
        ("application/zip", "attachment; filename*=UTF-8''holiday.zip")
    );
    let expected = [("holiday/beach.txt", 4), ("holiday/day 1/<b>.txt", 5), ("holiday/film", 3_000_001)];
    let expected = expected.map(|(name, length)| (name.to_owned(), length));
    assert_eq!(archived(answer.bytes().await.expect("a body").to_vec()), expected);
    assert_eq!(home.told(&link).await["state"], "used-up", "it is a download");
    let drop = home.address("holiday", json!({"kind": "drop"})).await;
    assert_eq!(home.ask("GET", &format!("{drop}/?zip")).await.status(), 403);
    let own = home.ana.request(Method::GET, "/dav/archives/ana/holiday").send().await.expect("an answer");
    assert_eq!(archived(own.bytes().await.expect("a body").to_vec()), expected);
    let file = home.ana.request(Method::GET, "/dav/archives/ana/holiday/film").send().await.expect("an answer");
    assert_eq!(file.status(), 405);
    assert_eq!(home.ask("GET", "/dav/archives/ana/holiday").await.status(), 401);
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
async fn programs_use_a_link_and_it_outlives_a_killed_worker() {
    let home = Home::new().await;
    let link = home.link("holiday", json!({"kind": "edit"})).await;
    kill(home.worker(), Signal::SIGKILL);
    let token = link["token"].as_str().expect("a token");
    let begun = std::time::Instant::now();
    while home.read(&format!("/s/{token}/beach.txt")).await.0 != 200 {
        assert!(begun.elapsed().as_secs() < 20, "the link does not come back");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await; // waits: for the next worker, by polling
    }
    let ca = home.test_box.path("ca.pem");
    let curl = |arguments: &[&str]| {
        let output = Command::new("curl").arg("-sS").arg("--cacert").arg(&ca).args(arguments).output().expect("curl");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let webdav = format!("{}/public.php/webdav", home.test_box.origin);
    let user = format!("{token}:");
    assert_eq!(curl(&["-u", &user, &format!("{webdav}/beach.txt")]), (true, "sand".into()));
    let (_, listing) = curl(&["-u", &user, "-X", "PROPFIND", "-H", "Depth: 1", &webdav]);
    assert!(listing.contains("/public.php/webdav/day%201/") && !listing.contains("holiday/") && !listing.contains("favorite"), "{listing}");
    assert!(curl(&["-f", "-u", &user, "-T", ca.to_str().expect("a path"), &format!("{webdav}/ca.pem")]).0);
    assert_eq!(home.file("holiday/ca.pem"), fs::read_to_string(&ca).ok());
    let from = home.test_box.path("upload");
    fs::create_dir_all(from.join("deep")).expect("a folder");
    fs::write(from.join("deep/big"), vec![9; 300_000]).expect("a file");
    let rclone = |arguments: &[&str]| {
        let mut command = Command::new("rclone");
        command.arg("--config=/dev/null").arg("--ca-cert").arg(&ca).args(arguments);
        let remote = [("URL", webdav.as_str()), ("USER", token), ("VENDOR", "other")];
        let output = command
            .env("RCLONE_CONFIG_LINK_TYPE", "webdav")
            .envs(remote.map(|(name, value)| (format!("RCLONE_CONFIG_LINK_{name}"), value)));
        let output = output.output().expect("rclone");
        assert!(output.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    rclone(&["copy", from.to_str().expect("a path"), "link:copied"]);
    assert_eq!(fs::read(home.test_box.path("spaces/s1/files/holiday/copied/deep/big")).expect("a file").len(), 300_000);
    assert!(rclone(&["lsf", "-R", "link:"]).contains("copied/deep/big"));
    let activity = home.ana.get("/api/v1/activity").await.to_string();
    assert!(activity.contains("link.made") && !activity.contains(token) && !activity.contains("holiday"), "{activity}");
    assert!(!curl(&["-f", "-u", "nobody:", &webdav]).0 && !curl(&["-f", &webdav]).0);
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
    change(Value::Null).await;
    let begun = std::time::Instant::now();
    while home.read(&at).await.0 == 200 {
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

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The answer to a request whose path no library has tidied.
fn untidied(home: &Home, path: &str) -> String {
    let output = Command::new("curl")
        .args(["-sSi", "--path-as-is", "--cacert"])
        .arg(home.test_box.path("ca.pem"))
        .arg(format!("{}{path}", home.test_box.origin))
        .output()
        .expect("curl");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn clients_of_the_dialect_and_the_command_line_make_and_end_links() {
    let home = Home::new().await;
    let password = home.ana.app_password("phone").await;
    let shares = "/ocs/v2.php/apps/files_sharing/api/v1/shares";
    let ask = async |method: Method, path: &str, form: &str| {
        let request = home.stranger.bare(method, path).basic_auth("ana", Some(&password)).header("ocs-apirequest", "true");
        let request = request.header(header::ACCEPT, "application/json");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned());
        let answer = request.send().await.expect("an answer");
        let (status, text) = (answer.status().as_u16(), answer.text().await.expect("a body"));
        (status, serde_json::from_str::<Value>(&text).unwrap_or(Value::String(text)))
    };
    let (status, made) = ask(Method::POST, shares, "path=%2Fholiday&shareType=3&permissions=1&expireDate=2099-12-31&password=a+b").await;
    assert_eq!((status, &made["ocs"]["meta"]["statuscode"]), (400, &json!(400)), "ten years at most: {made}");
    let (status, made) = ask(Method::POST, shares, "path=%2Fholiday&shareType=3&permissions=1&password=a+b&label=Mia").await;
    let share = &made["ocs"]["data"];
    assert_eq!(
        (status, &share["path"], &share["permissions"], &share["label"]),
        (200, &json!("/holiday"), &json!(1), &json!("Mia")),
        "{made}"
    );
    let url = share["url"].as_str().expect("an address").to_owned();
    let page = url.strip_prefix(&home.test_box.origin).expect("of this box").to_owned();
    assert_eq!(home.ask("GET", &page).await.status(), 401);
    let one = format!("{shares}/{}", share["id"].as_str().expect("an id"));
    let (status, changed) = ask(Method::PUT, &one, "password=&permissions=15").await;
    assert_eq!((status, &changed["ocs"]["data"]["permissions"]), (200, &json!(15)), "{changed}");
    assert_eq!(home.ask("GET", &page).await.status(), 200);
    for (query, count) in
        [("?path=/holiday", 1), ("?path=/&subfiles=true", 1), ("", 1), ("?path=/secret.txt", 0), ("?shared_with_me=true", 0)]
    {
        let (status, list) = ask(Method::GET, &format!("{shares}{query}"), "").await;
        assert_eq!((status, list["ocs"]["data"].as_array().map(Vec::len)), (200, Some(count)), "{query} {list}");
    }
    for kind in ["0", "1", "4", "6"] {
        let (status, refused) = ask(Method::POST, shares, &format!("path=/holiday&shareType={kind}&shareWith=ben")).await;
        let said = refused["ocs"]["meta"]["message"].as_str().unwrap_or_default();
        assert!(status == 403 && said.contains("shared space"), "{refused}");
    }
    let (_, nobody) = ask(Method::GET, "/ocs/v2.php/apps/files_sharing/api/v1/sharees?search=b&itemType=file", "").await;
    assert_eq!((&nobody["ocs"]["data"]["users"], &nobody["ocs"]["data"]["exact"]["users"]), (&json!([]), &json!([])));
    assert_eq!(home.stranger.bare(Method::GET, shares).send().await.expect("an answer").status(), 401);
    assert_eq!(home.ana.request(Method::GET, shares).send().await.expect("an answer").status(), 401, "a cookie opens none of it");
    assert_eq!(ask(Method::DELETE, &one, "").await.0, 200);
    assert_eq!(home.ask("GET", &page).await.status(), 404);
    let (_, can) = ask(Method::GET, "/ocs/v2.php/cloud/capabilities", "").await;
    assert_eq!(can["ocs"]["data"]["capabilities"]["files_sharing"]["public"]["enabled"], true);

    let croft = |arguments: &[&str]| {
        let ca = home.test_box.path("ca.pem");
        let way = ["--box", &home.test_box.origin, "--token", &password, "--ca", ca.to_str().expect("a path"), "--json"];
        let output = Command::new(croft_box_tests::binary("croft")).args(way).arg("link").args(arguments).output().expect("croft is built");
        assert!(output.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    let made = croft(&["make", "holiday/beach.txt", "--days", "1", "--downloads", "3"]);
    assert_eq!(home.read(&format!("{}/beach.txt", address(&made))).await, (200, "sand".into()));
    assert_eq!(croft(&["list", "holiday"])[0]["downloaded"], 1);
    croft(&["revoke", made["id"].as_str().expect("an id")]);
    home.opens_nothing(&address(&made)).await;
    assert!(home.test_box.croft(&["link", "list"]).expect_err("nobody's").contains("--token"));
}
