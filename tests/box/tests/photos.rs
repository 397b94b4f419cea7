//! The timeline of a person: pictures and films of all their spaces by time, and of no other.
#![cfg(test)]

use std::{
    fs::{File, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant, UNIX_EPOCH},
};

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

/// A JPEG of nothing but what a camera says of its time: `2026:05:03 14:05:06`, and how far its clock was from UTC.
fn taken(time: &str, offset: &str) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: usize, value: usize| {
        let [count, value] = [count, value].map(|number| u32::try_from(number).expect("a small one").to_be_bytes());
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count, &value].concat()
    };
    let texts = 8 + 18 + 30;
    let entries = [entry(0x9003, 2, 20, texts), entry(0x9011, 2, 7, texts + 20)].concat();
    let block = [&b"MM\0\x2a\0\0\0\x08\0\x01"[..], &entry(0x8769, 4, 1, 26), &[0; 4], b"\0\x02", &entries, &[0; 4]].concat();
    let block = [&block[..], time.as_bytes(), b"\0", offset.as_bytes(), b"\0"].concat();
    let length = u16::try_from(block.len() + 8).expect("a small one").to_be_bytes();
    [&b"\xff\xd8\xff\xe1"[..], &length, b"Exif\0\0", &block, b"\xff\xd9"].concat()
}

/// The timeline once all dates are read.
async fn read_whole(ana: &Visitor) -> Value {
    let until = Instant::now() + 2 * SOON;
    loop {
        let timeline = ana.get("/api/v1/photos").await;
        if timeline["unread"] == 0 && timeline["months"].as_array().is_some_and(|months| !months.is_empty()) {
            return timeline;
        }
        assert!(Instant::now() < until, "{timeline}");
        tokio::time::sleep(Duration::from_millis(200)).await; // waits: for the worker to read dates in the background, by polling
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_stand_at_the_time_they_were_taken_also_when_that_is_read_anew() {
    /// 1 June 2026 in UTC, the time of all files.
    const JUNE: i64 = 1_780_272_000;
    let mut test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let movie = [&24_u32.to_be_bytes()[..], b"mvhd\0\0\0\0", &(2_082_844_800_u32 + 1_000_000_000).to_be_bytes(), &[0; 8]].concat();
    let film = [&b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x20moov"[..], &movie].concat();
    for (path, bytes) in [
        ("old.jpg", taken("2019:12:31 23:59:59", "-05:00")),
        ("new.jpg", taken("2026:07:01 00:00:00", "      ")),
        ("film.mp4", film),
        ("silent.jpg", b"\xff\xd8\xff\xd9".to_vec()),
        ("broken.heic", b"\0\0\0\x10ftypheic".to_vec()),
        ("drawing.svg", b"<svg/>".to_vec()),
    ] {
        put(&ana, path, JUNE, bytes).await;
    }
    let expected = [("2026-07", 1), ("2026-06", 3), ("2019-12", 1), ("2001-09", 1)].map(|(month, photos)| (month.to_owned(), photos));
    assert_eq!(months(&read_whole(&ana).await), expected);
    let said = async |month: &str| page(&ana, &format!("{month}?zone=Europe/Berlin")).await.1["photos"][0].clone();
    assert_eq!(said("2019-12").await["taken"], "2019-12-31T23:59:59", "as it stands");
    assert_eq!(said("2001-09").await["taken"], "2001-09-09T03:46:40", "a moment, by the clock of the one who asks");
    assert_eq!(said("2026-06").await["taken"], Value::Null);

    // Clients for phones know the same.
    let search = "<d:searchrequest xmlns:d='DAV:' xmlns:n='http://nextcloud.org/ns'><d:basicsearch><d:select><d:prop>\
        <n:metadata-photos-original_date_time/></d:prop></d:select><d:where><d:lt><d:prop><n:metadata-photos-original_date_time/></d:prop>\
        <d:literal>1780000000</d:literal></d:lt></d:where><d:orderby><d:order><d:prop><n:metadata-photos-original_date_time/></d:prop>\
        <d:descending/></d:order></d:orderby></d:basicsearch></d:searchrequest>";
    let answer =
        ana.request(Method::from_bytes(b"SEARCH").expect("a method"), "/dav/files/ana/").body(search).send().await.expect("an answer");
    let text = answer.text().await.expect("text");
    let found: Vec<&str> = text.split("original_date_time>").skip(1).step_by(2).filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(found, ["1577854799", "1000000000"], "{text}");

    // Other content is another photo, and what was lost is read again.
    put(&ana, "old.jpg", JUNE, taken("2020:02:29 12:00:00", "+01:00")).await;
    let expected = [("2026-07", 1), ("2026-06", 3), ("2020-02", 1), ("2001-09", 1)].map(|(month, photos)| (month.to_owned(), photos));
    assert_eq!(months(&read_whole(&ana).await), expected);
    test_box.stop();
    std::fs::remove_file(test_box.path("state/sync/s1/catalog.redb")).expect("removed");
    test_box.start_again();
    let ana = Visitor::ana(&test_box).await;
    let until = Instant::now() + 2 * SOON;
    while months(&read_whole(&ana).await) != expected {
        assert!(Instant::now() < until, "{}", ana.get("/api/v1/photos").await);
        tokio::time::sleep(Duration::from_millis(200)).await; // waits: for the first pass after the loss, by polling
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_cannot_be_opened_stops_no_other_and_keeps_its_place() {
    /// 1 August 2026 in UTC.
    const AUGUST: u64 = 1_785_542_400;
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    put(&ana, "old.jpg", 1_780_272_000, taken("2019:12:31 23:59:59", "-05:00")).await;
    let locked = File::create(test_box.path("spaces/s1/files/locked.jpg")).expect("a file");
    (&locked).write_all(b"\xff\xd8\xff\xd9").expect("written");
    locked.set_modified(UNIX_EPOCH + Duration::from_secs(AUGUST)).expect("a time");
    locked.set_permissions(Permissions::from_mode(0o000)).expect("locked");
    let expected = ["2026-08", "2019-12"].map(|month| (month.to_owned(), 1));
    let until = Instant::now() + 2 * SOON;
    while months(&read_whole(&ana).await) != expected {
        assert!(Instant::now() < until, "the locked photo is not counted");
        tokio::time::sleep(Duration::from_millis(200)).await; // waits: for the worker to find what came behind its back, by polling
    }
    assert_eq!(ana.get("/api/v1/photos/2026-08").await["photos"], json!([null]));
    assert_eq!(ana.get("/api/v1/photos/2019-12").await["photos"][0]["taken"], "2019-12-31T23:59:59");
}
