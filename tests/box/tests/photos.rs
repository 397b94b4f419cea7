//! The timeline of a person: pictures and films of all their spaces by time, and of no other.
#![cfg(test)]

use std::time::{Duration, Instant};

use croft_box_tests::{Claimed, TestBox, Visitor};
use reqwest::Method;
use serde_json::{Value, json};

/// Time within which the gateway has heard of a new space, and a worker of a change.
const SOON: Duration = Duration::from_secs(30);

async fn put(ana: &Visitor, path: &str, modified: i64, bytes: Vec<u8>) {
    let until = Instant::now() + SOON;
    loop {
        let request = ana.request(Method::PUT, &format!("/dav/files/ana/{path}")).header("x-oc-mtime", modified.to_string());
        let answer = request.body(bytes.clone()).send().await.expect("an answer");
        if answer.status().is_success() {
            return;
        }
        assert!(Instant::now() < until, "{path}: {}", answer.status());
        tokio::time::sleep(Duration::from_millis(100)).await; // waits: for the settings to reach the gateway, by polling
    }
}

/// Paths of a part of a month, and what the page says besides.
async fn page(ana: &Visitor, query: &str) -> (Vec<String>, Value) {
    let page = ana.get(&format!("/api/v1/photos/{query}")).await;
    let paths = page["photos"].as_array().expect("photos").iter().map(|photo| photo["path"].as_str().expect("a path").to_owned());
    (paths.collect(), page)
}

fn months(timeline: &Value) -> Vec<(String, u64)> {
    let month = |month: &Value| (month["month"].as_str().expect("a month").to_owned(), month["photos"].as_u64().expect("a number"));
    timeline["months"].as_array().expect("months").iter().map(month).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_of_all_spaces_are_in_one_timeline_page_by_page() {
    /// 1 June 2026 in UTC.
    const JUNE: i64 = 1_780_272_000;
    let test_box = TestBox::start(Claimed::ByAna);
    test_box.croft(&["space", "add", "Our house", "--member", "ana=manage"]).expect("a space");
    test_box.croft(&["person", "add", "ben", "--display-name", "Ben"]).expect("a person");
    test_box.croft(&["space", "add", "Bens", "--member", "ben=manage"]).expect("a space of somebody else");
    let ana = Visitor::ana(&test_box).await;
    put(&ana, "Our%20house/b.jpg", JUNE + 20, b"b".to_vec()).await;
    for (path, modified) in [("a.png", JUNE + 30), ("c.mp4", JUNE + 10), ("no.txt", JUNE), ("late.jpg", JUNE - 60), ("old.heic", 0)] {
        put(&ana, path, modified, path.into()).await;
    }
    put(&ana, "Our%20house/same.jpg", JUNE + 10, b"s".to_vec()).await;

    let counted = |june: u64, may: u64| vec![("2026-06".to_owned(), june), ("2026-05".into(), may), ("1970-01".into(), 1)];
    let timeline = ana.get("/api/v1/photos").await;
    assert_eq!((months(&timeline), &timeline["missing"]), (counted(4, 1), &json!([])));
    // By the clock in Berlin it was June already.
    let berlin = ana.get("/api/v1/photos?zone=Europe/Berlin").await;
    assert_eq!(months(&berlin), [("2026-06".to_owned(), 5), ("1970-01".into(), 1)]);

    let (whole, told) = page(&ana, "2026-06").await;
    assert_eq!(whole, ["a.png", "Our house/b.jpg", "c.mp4", "Our house/same.jpg"]);
    let first = &told["photos"][0];
    assert_eq!(
        (first["size_bytes"].as_u64(), first["modified"].as_i64(), first["preview"].as_bool()),
        (Some(5), Some(JUNE + 30), Some(true))
    );
    let head = ana.request(Method::HEAD, "/dav/files/ana/a.png").send().await.expect("an answer");
    assert_eq!(head.headers()["etag"].to_str().expect("text").trim_matches('"'), first["etag"].as_str().expect("an ETag"));
    for (offset, limit) in [(0, 1), (1, 2), (3, 5), (4, 5), (900, 500)] {
        let (part, _) = page(&ana, &format!("2026-06?offset={offset}&limit={limit}")).await;
        let expected: Vec<String> = whole.iter().skip(offset).take(limit).cloned().collect();
        assert_eq!(part, expected, "{offset} {limit}");
    }
    assert_eq!(page(&ana, "2026-04").await.0, [] as [&str; 0]);
    for (query, status) in
        [("2026-13", 400), ("x", 400), ("2026-06?limit=501", 400), ("2026-06?offset=-1", 400), ("2026-06?zone=a%20b", 400)]
    {
        let (answered, problem) = ana.send(Method::GET, &format!("/api/v1/photos/{query}"), &Value::Null).await;
        assert_eq!((answered, problem["code"].as_str()), (status, Some("photos-malformed")), "{query}");
    }
    assert_eq!(ana.send(Method::POST, "/api/v1/photos", &json!({})).await.0, 405);
    let stranger = Visitor::new(&test_box).bare(Method::GET, "/api/v1/photos").send().await.expect("an answer");
    assert_eq!(stranger.status(), 401);

    // What is gone is gone from it, and what moves stays where it was.
    let moved = ana.request(Method::from_bytes(b"MOVE").expect("a method"), "/dav/files/ana/a.png");
    let moved = moved.header("destination", "/dav/files/ana/Our%20house/moved.png").send().await.expect("an answer");
    assert!(moved.status().is_success(), "{}", moved.status());
    assert!(ana.request(Method::DELETE, "/dav/files/ana/c.mp4").send().await.expect("an answer").status().is_success());
    let until = Instant::now() + SOON;
    while months(&ana.get("/api/v1/photos").await) != counted(3, 1) {
        assert!(Instant::now() < until, "{}", ana.get("/api/v1/photos").await);
        tokio::time::sleep(Duration::from_millis(100)).await; // waits: for the workers to see their own changes, by polling
    }
    assert_eq!(page(&ana, "2026-06").await.0, ["Our house/moved.png", "Our house/b.jpg", "Our house/same.jpg"]);
}
