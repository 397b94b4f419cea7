//! What each kind of link opens, and what it does not.

use std::{fs, process::Command};

use croft_box_tests::tree;
use reqwest::{Method, StatusCode, header};
use serde_json::json;

use crate::{Home, address, now, value};

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
    for _ in 0..14 {
        assert_eq!(home.upload(&format!("{drop}/beach.txt"), "more").await, 201, "how many there are is not told");
    }
    assert_eq!(home.told(&link).await["received"], 17);

    let link = home.link("holiday", json!({"kind": "edit"})).await;
    let edit = address(&link);
    let file = format!("{edit}/beach.txt");
    let etag = home.ask("HEAD", &file).await.headers()["etag"].to_str().expect("text").to_owned();
    let put = async |tag: &str, content: &'static str| {
        home.stranger.bare(Method::PUT, &file).header("if-match", tag).body(content).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!((put(&etag, "stones").await, put(&etag, "pebbles").await), (204, 412));
    assert_eq!(home.file("holiday/beach.txt").as_deref(), Some("stones"));
    assert_eq!(home.upload(&file, "pebbles").await, 204);
    let versions = tree(&home.test_box.path("spaces/s1/.croft/versions"));
    let kept: Vec<(&str, &[u8])> =
        versions.iter().filter_map(|(name, content)| Some((name.rsplit('-').next()?.get(8..)?, content.as_deref()?))).collect();
    assert_eq!(kept, [("r", &b"sand"[..]), ("gr", &b"stones"[..])], "what the household wrote is marked, so that nothing pushes it out");
    let comes_along = home.stranger.bare(Method::PUT, &format!("{edit}/far/away")).header("x-nc-webdav-auto-mkcol", "1").body("x");
    assert_eq!(comes_along.send().await.expect("an answer").status(), 409, "no folder comes along uncounted");
    assert!(!home.test_box.path("spaces/s1/files/holiday/far").exists());
    for _ in 0..40 {
        assert_eq!(home.ask("HEAD", &format!("{edit}/none")).await.status(), 404, "asking for what is not there is no guess");
    }
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
    // What is too much is said before it is counted.
    let deep = home.link("holiday", json!({"downloads": 1})).await;
    let down = format!("holiday/{}", "d/".repeat(70));
    fs::create_dir_all(home.test_box.path("spaces/s1/files").join(&down)).expect("folders");
    let (status, said) = home.read(&format!("{}/?zip", address(&deep))).await;
    assert!(status == 409 && said.contains("archive-too-large"), "{said}");
    assert_eq!(home.told(&deep).await["downloaded"], 0);
    fs::remove_dir_all(home.test_box.path("spaces/s1/files/holiday/d")).expect("removed");
    let drop = home.address("holiday", json!({"kind": "drop"})).await;
    assert_eq!(home.ask("GET", &format!("{drop}/?zip")).await.status(), 403);
    let own = home.ana.request(Method::GET, "/dav/archives/ana/holiday").send().await.expect("an answer");
    assert_eq!(archived(own.bytes().await.expect("a body").to_vec()), expected);
    let file = home.ana.request(Method::GET, "/dav/archives/ana/holiday/film").send().await.expect("an answer");
    assert_eq!(file.status(), 405);
    assert_eq!(home.ask("GET", "/dav/archives/ana/holiday").await.status(), 401);
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
