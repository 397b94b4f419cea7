//! Earlier times on a whole box: walked and copied from by clients that others made, brought back by the web UI's own questions, and seen by nothing else.
#![cfg(test)]

use std::{fs, path::Path};

use croft_box_tests::{Claimed, Rclone, TestBox, Visitor, cadaver, tree};
use reqwest::Method;
use serde_json::{Value, json};

const TIME: &str = "2026-12-01 01.43.36 UTC";
const ENCODED: &str = "2026-12-01%2001.43.36%20UTC";

/// What a snapshot has where the file system makes none: a copy.
fn keep(test_box: &TestBox, space: &str) {
    let to = test_box.path(&format!("snapshots/{space}/@GMT-2026.12.01-01.43.36/files"));
    for (path, content) in tree(&test_box.path(&format!("spaces/{space}/files"))) {
        let at = to.join(path);
        match content {
            Some(content) => {
                fs::create_dir_all(at.parent().expect("a folder")).expect("made");
                fs::write(at, content).expect("written");
            }
            None => fs::create_dir_all(at).expect("made"),
        }
    }
}

/// Ana has `letter.txt` and `plans/a`, the shared space `Family` has `list.txt`, and all of them were changed since.
async fn start() -> (TestBox, Visitor, String) {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let (status, space) = ana.send(Method::POST, "/api/v1/spaces", &json!({"name": "Family", "members": {"p1": "manage"}})).await;
    assert_eq!(status, 201, "{space}");
    let password = ana.app_password("program").await;
    let put = async |path: &str, content: &str| {
        let sent =
            ana.request(Method::PUT, &format!("/dav/files/ana/{path}")).header("x-nc-webdav-auto-mkcol", "1").body(content.to_owned());
        assert!(sent.send().await.expect("an answer").status().is_success(), "{path}");
    };
    for (path, content) in [("letter.txt", "dear ben"), ("plans/a", "then"), ("plans/ghost.jpg", "a ghost"), ("Family/list.txt", "milk")] {
        put(path, content).await;
    }
    keep(&test_box, "s1");
    keep(&test_box, "s2");
    for (path, content) in [("letter.txt", "dear anybody"), ("plans/new", "since"), ("Family/list.txt", "")] {
        put(path, content).await;
    }
    for path in ["plans/a", "plans/ghost.jpg"] {
        assert_eq!(ana.request(Method::DELETE, &format!("/dav/files/ana/{path}")).send().await.expect("an answer").status(), 204);
    }
    assert_eq!(ana.request(Method::DELETE, "/dav/trash/ana/").send().await.expect("an answer").status(), 204);
    (test_box, ana, password)
}

fn file(test_box: &TestBox, path: &str) -> Option<String> {
    fs::read_to_string(test_box.path(&format!("spaces/{path}"))).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_walk_an_earlier_time_and_copy_from_it() {
    let (test_box, _ana, password) = start().await;
    let then = tree(&test_box.path("snapshots"));
    let rclone = Rclone::new(&test_box, &password, "other");
    let (content, said) = rclone.at("/dav/times/ana/", &["lsf", "-R", "box:"]);
    let mut lines: Vec<_> = said.lines().filter(|line| !line.contains("NOTICE")).collect();
    lines.sort_unstable();
    let expected = [
        format!("{TIME}/"),
        format!("{TIME}/letter.txt"),
        format!("{TIME}/plans/"),
        format!("{TIME}/plans/a"),
        format!("{TIME}/plans/ghost.jpg"),
        "Family/".to_owned(),
        format!("Family/{TIME}/"),
        format!("Family/{TIME}/list.txt"),
    ];
    assert!(content && lines == expected, "{said}");
    let here = rclone.home().join("here");
    let local = here.to_str().expect("text");
    let (content, said) = rclone.at("/dav/times/ana/", &["copy", &format!("box:{TIME}"), local]);
    assert!(content && tree(&here) == tree(&test_box.path("snapshots/s1/@GMT-2026.12.01-01.43.36/files")), "{said}");
    // On the box itself, from an address above both.
    let (content, said) = rclone.at("/dav/", &["copyto", &format!("box:times/ana/{TIME}/plans/a"), "box:files/ana/plans/back"]);
    assert!(content && file(&test_box, "s1/files/plans/back").as_deref() == Some("then"), "{said}");
    for refused in [
        &["deletefile", &format!("box:{TIME}/letter.txt")][..],
        &["mkdir", &format!("box:{TIME}/more")],
        &["moveto", &format!("box:{TIME}/letter.txt"), &format!("box:{TIME}/other.txt")],
        &["copyto", &format!("{local}/letter.txt"), &format!("box:{TIME}/new.txt")],
    ] {
        let (content, said) = rclone.at("/dav/times/ana/", refused);
        assert!(!content && said.contains("403"), "{refused:?} {said}");
    }

    let home = tempfile::tempdir().expect("a folder");
    let at = format!("/dav/times/ana/{TIME}");
    let typed = format!(
        "ls \"{at}\"\nget \"{at}/letter.txt\" mine.txt\ncopy \"{at}/letter.txt\" again.txt\ncopy \"{at}/plans\" \"plans then\"\ndelete \"{at}/letter.txt\"\nquit\n"
    );
    let said = cadaver(&test_box, &password, home.path(), &typed);
    assert!(said.contains("Coll:   plans") && said.contains("403"), "{said}");
    assert_eq!(fs::read_to_string(home.path().join("mine.txt")).ok().as_deref(), Some("dear ben"), "{said}");
    assert_eq!(file(&test_box, "s1/files/again.txt").as_deref(), Some("dear ben"), "{said}");
    assert_eq!(file(&test_box, "s1/files/plans then/a").as_deref(), Some("then"), "{said}");
    assert!(tree(&test_box.path("snapshots")) == then, "nothing of what was is changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_comes_back_and_nothing_else_sees_what_was() {
    let (test_box, ana, _) = start().await;
    let wish = async |path: &str, wish: Value| -> Value {
        let answer = ana.request(Method::POST, &format!("/dav/times/ana/{path}")).json(&wish).send().await.expect("an answer");
        let (status, text) = (answer.status().as_u16(), answer.text().await.expect("a body"));
        assert_eq!(status, 200, "{path} {text}");
        serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
    };
    // Photos and searches know the present alone.
    let timeline = ana.get("/api/v1/photos").await;
    assert_eq!(timeline["months"], json!([]), "{timeline}");
    let search = "<d:searchrequest xmlns:d='DAV:'><d:basicsearch><d:select><d:prop><d:displayname/></d:prop></d:select><d:from><d:scope><d:href>/dav/files/ana</d:href>\
        <d:depth>infinity</d:depth></d:scope></d:from><d:where><d:like><d:prop><d:displayname/></d:prop><d:literal>%ghost%</d:literal></d:like></d:where>\
        </d:basicsearch></d:searchrequest>";
    let found =
        ana.request(Method::from_bytes(b"SEARCH").expect("a method"), "/dav/files/ana/").body(search).send().await.expect("an answer");
    let (status, text) = (found.status().as_u16(), found.text().await.expect("a body"));
    assert!(status == 207 && !text.contains("ghost"), "{status} {text}");

    let would = wish(ENCODED, json!({"do": "compare"})).await;
    assert_eq!(
        (&would["done"]["returned"], &would["done"]["changed"], &would["done"]["newer"]),
        (&json!(2), &json!(1), &json!(1)),
        "{would}"
    );
    let states = wish("", json!({"do": "states", "path": ["letter.txt"]})).await;
    assert_eq!(states["states"][0]["time"], TIME, "{states}");
    let done = wish(ENCODED, json!({"do": "bring-back", "discard_newer": true})).await;
    assert_eq!((&done["done"]["returned"], &done["done"]["discarded"]), (&json!(2), &json!(1)), "{done}");
    let as_it_was = |space: &str| {
        let was = tree(&test_box.path(&format!("snapshots/{space}/@GMT-2026.12.01-01.43.36/files")));
        tree(&test_box.path(&format!("spaces/{space}/files"))) == was
    };
    assert!(as_it_was("s1") && !as_it_was("s2"), "each space for itself");
    wish(&format!("Family/{ENCODED}/list.txt"), json!({"do": "bring-back"})).await;
    assert!(as_it_was("s2"));

    // What was in one space comes back in no other, and nobody sees what was somebody else's.
    let copied = ana
        .request(Method::from_bytes(b"COPY").expect("a method"), &format!("/dav/times/ana/{ENCODED}/letter.txt"))
        .header("destination", format!("{}/dav/files/ana/Family/letter.txt", test_box.origin));
    let copied = copied.send().await.expect("an answer");
    assert_eq!((copied.status().as_u16(), file(&test_box, "s2/files/letter.txt")), (403, None));
    let foreign = ana.request(Method::GET, &format!("/dav/times/ben/{ENCODED}/letter.txt")).send().await.expect("an answer");
    assert_eq!(foreign.status(), 404);
    let page = ana
        .bare(Method::POST, &format!("/dav/times/ana/{ENCODED}"))
        .header("cookie", ana.cookie().expect("a cookie"))
        .header("origin", "https://evil.example")
        .json(&json!({"do": "bring-back"}));
    assert_eq!(page.send().await.expect("an answer").status(), 403, "no other page brings anything back");
    assert!(Path::new(&test_box.path("snapshots/s1")).is_dir());
}
