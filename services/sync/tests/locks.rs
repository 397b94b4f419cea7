//! LOCK, UNLOCK, the header `If`, and properties that clients set.
#![cfg(test)]

mod harness;

use std::fs;

use croft_api::bulk::Method;
use harness::{Body, Gateway, Reply, Running, person};

const WISH: &str = "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype><owner>me</owner></lockinfo>";

async fn lock(link: &mut Gateway, path: &[&str], headers: &[(&str, &str)]) -> Reply {
    link.ask(Method::Lock, path, headers, Body::of(WISH)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_file_is_written_by_its_holder_alone() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut ana = worker.link().await;
    let mut ben = worker.link().await;
    ben.capability = worker.capability(person(2));
    let first = ana.put(&["a"], &[], "one").await;
    let locked = lock(&mut ana, &["a"], &[("timeout", "Second-100")]).await;
    assert_eq!(locked.status, 200);
    assert!(locked.text().contains("<d:timeout>Second-100</d:timeout>"), "{}", locked.text());
    let token = locked.header("lock-token").to_owned();
    let held = format!("({token})");
    assert_eq!(lock(&mut ben, &["a"], &[]).await.code(), "locked");
    for link in [&mut ana, &mut ben] {
        assert_eq!(link.put(&["a"], &[], "no").await.status, 423);
        assert_eq!(link.ask(Method::Delete, &["a"], &[], Body::of("")).await.status, 423);
    }
    // The token of somebody else opens nothing.
    assert_eq!(ben.put(&["a"], &[("if", &held)], "no").await.status, 423);
    assert_eq!(ben.ask(Method::Unlock, &["a"], &[("lock-token", &token)], Body::of("")).await.code(), "lock-of-another");
    assert_eq!(ana.put(&["a"], &[("if", &format!("({token} [{}])", first.header("etag")))], "two").await.status, 204);
    assert_eq!(ana.put(&["a"], &[("if", &format!("({token} [{}])", first.header("etag")))], "three").await.status, 412);
    assert_eq!(ana.put(&["a"], &[("if", &format!("</dav/files/ana/a> ({token})"))], "four").await.status, 204);
    assert_eq!(ana.put(&["a"], &[("if", "(<urn:uuid:0>) (Not <DAV:no-lock>)")], "no").await.status, 423);
    let refreshed = ana.ask(Method::Lock, &["a"], &[("if", &held), ("timeout", "Infinite")], Body::of("")).await;
    assert!(refreshed.text().contains("<d:timeout>Second-600</d:timeout>"), "{}", refreshed.text());
    assert_eq!(ana.ask(Method::Unlock, &["a"], &[("lock-token", &token)], Body::of("")).await.status, 204);
    assert_eq!(ben.put(&["a"], &[], "five").await.status, 204);
    assert_eq!(fs::read_to_string(worker.file("a")).unwrap(), "five");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locking_a_free_name_makes_an_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let locked = lock(&mut link, &["new"], &[]).await;
    assert_eq!(locked.status, 201);
    assert_eq!(fs::read(worker.file("new")).unwrap(), b"");
    let held = format!("({})", locked.header("lock-token"));
    assert_eq!(link.put(&["new"], &[("if", &held)], "text").await.status, 204);
    assert_eq!(lock(&mut link, &["none", "new"], &[]).await.code(), "folder-missing");
    let mut reader = worker.link().await;
    reader.capability = worker.capability(person(3));
    assert_eq!(lock(&mut reader, &["other"], &[]).await.code(), "read-only");
    assert!(!worker.file("other").exists());
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_folder_keeps_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    assert_eq!(link.ask(Method::Mkcol, &["dir"], &[], Body::of("")).await.status, 201);
    link.put(&["dir", "old"], &[], "x").await;
    let locked = lock(&mut link, &["dir"], &[("depth", "infinity")]).await;
    let held = format!("</dav/files/ana/dir> ({})", locked.header("lock-token"));
    for (method, path) in [(Method::Put, "new"), (Method::Put, "old"), (Method::Mkcol, "below"), (Method::Delete, "old")] {
        assert_eq!(link.ask(method, &["dir", path], &[], Body::of("")).await.status, 423, "{method:?} {path}");
    }
    assert_eq!(link.ask(Method::Delete, &["dir"], &[], Body::of("")).await.status, 423);
    assert_eq!(link.put(&["dir", "new"], &[("if", &held)], "y").await.status, 201);
    let find = "<propfind xmlns='DAV:'><prop><lockdiscovery/><supportedlock/></prop></propfind>";
    let found = link.ask(Method::Propfind, &["dir", "new"], &[("depth", "0")], Body::of(find)).await;
    let text = found.text();
    assert!(text.contains("<d:lockroot><d:href>/dav/files/ana/dir</d:href></d:lockroot>") && text.contains("<d:shared/>"), "{text}");
    assert_eq!(link.ask(Method::Delete, &["dir"], &[("if", &held)], Body::of("")).await.status, 204);
    // With the folder its lock is gone.
    assert_eq!(link.ask(Method::Mkcol, &["dir"], &[], Body::of("")).await.status, 201);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_stays_with_its_name_and_every_way_to_write_an_address_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.put(&["B\u{fc}cher & mehr"], &[], "old").await;
    let token = lock(&mut link, &["B\u{fc}cher & mehr"], &[]).await.header("lock-token").to_owned();
    for address in [
        "/dav/files/ana/B%C3%BCcher%20%26%20mehr",
        "https://box.local/dav/files/ana/B%c3%bccher%20&%20mehr",
        "/dav/files/%61na//B%C3%BCcher%20&%20mehr",
    ] {
        let held = format!("<{address}> ({token})");
        assert_eq!(link.put(&["B\u{fc}cher & mehr"], &[("if", &held)], "new").await.status, 204, "{address}");
    }
    // As editors save: another file takes the place of the locked one.
    link.put(&["tmp"], &[], "newest").await;
    let held = format!("</dav/files/ana/B%C3%BCcher%20%26%20mehr> ({token})");
    link.destination = Some(vec!["B\u{fc}cher & mehr".into()]);
    assert_eq!(link.ask(Method::Move, &["tmp"], &[("if", &held)], Body::of("")).await.status, 204);
    assert_eq!(link.put(&["B\u{fc}cher & mehr"], &[], "no").await.status, 423);
    assert_eq!(link.ask(Method::Unlock, &["B\u{fc}cher & mehr"], &[("lock-token", &token)], Body::of("")).await.status, 204);
    // Whoever manages the space can end what another holds.
    let mut ben = worker.link().await;
    ben.capability = worker.capability(person(2));
    let token = lock(&mut ben, &[], &[("depth", "infinity")]).await.header("lock-token").to_owned();
    assert_eq!(link.put(&["x"], &[], "no").await.status, 423);
    assert_eq!(link.ask(Method::Unlock, &[], &[("lock-token", &token)], Body::of("")).await.status, 204);
    assert_eq!(link.put(&["x"], &[], "yes").await.status, 201);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_are_kept_whole_or_not_changed_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.put(&["a"], &[], "x").await;
    let patch = async |link: &mut Gateway, text: &str| {
        let body = format!("<d:propertyupdate xmlns:d='DAV:' xmlns:z='urn:z'>{text}</d:propertyupdate>");
        link.ask(Method::Proppatch, &["a"], &[], Body::of(body)).await
    };
    let set = patch(&mut link, "<d:set><d:prop><z:one>1<z:in/></z:one><z:two/></d:prop></d:set>").await;
    assert_eq!(set.status, 207);
    assert!(!set.text().contains("40"), "{}", set.text());
    let refused = patch(&mut link, "<d:set><d:prop><z:one>2</z:one><d:getetag>e</d:getetag></d:prop></d:set>").await;
    assert!(refused.text().contains("403 Forbidden") && refused.text().contains("424 Failed Dependency"), "{}", refused.text());
    assert_eq!(patch(&mut link, "<d:remove><d:prop><z:two/></d:prop></d:remove>").await.status, 207);
    let long = format!("<d:set><d:prop><z:long>{}</z:long></d:prop></d:set>", "a".repeat(16 * 1024));
    assert_eq!(patch(&mut link, &long).await.code(), "property-too-long");
    for (from, status) in [(0, 207), (30, 207), (60, 507)] {
        let many: String = (from..from + 30).map(|number| format!("<z:n{number}/>")).collect();
        assert_eq!(patch(&mut link, &format!("<d:set><d:prop>{many}</d:prop></d:set>")).await.status, status, "{from}");
    }
    let stale = link
        .ask(
            Method::Proppatch,
            &["a"],
            &[("if-match", "\"x\"")],
            Body::of("<d:propertyupdate xmlns:d='DAV:'><d:set><d:prop><a/></d:prop></d:set></d:propertyupdate>"),
        )
        .await;
    assert_eq!(stale.status, 412);
    worker.end().await;

    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let all = link.ask(Method::Propfind, &["a"], &[("depth", "0")], Body::of("")).await;
    assert!(all.text().contains("<x:one xmlns:x=\"urn:z\">1<x:in xmlns:x=\"urn:z\"/></x:one>"), "{}", all.text());
    assert!(!all.text().contains("two"), "{}", all.text());
    worker.end().await;
}
