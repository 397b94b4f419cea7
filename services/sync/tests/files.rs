//! The methods of a worker, over a real link on a real folder: what each answers and what lies on the disk afterwards.
#![cfg(test)]

mod harness;

use std::{fs, io::Write, os::unix::fs::symlink, time::Duration};

use croft_api::bulk::{Commit, Digest, DigestKind, Frame, Method};
use harness::{Body, Running, pattern};

const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_is_got_at_every_size() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    for length in [0, 1, 4096, 65_535, 65_536, 65_537, 262_144, 5_000_003] {
        for (name, chunked) in [("known", false), ("chunked", true)] {
            let bytes = pattern(length, length as u64 + 1);
            let body = if chunked { Body::chunked(bytes.clone()) } else { Body::of(bytes.clone()) };
            let name = format!("{name}-{length}");
            let put = link.ask(Method::Put, &[&name], &[], body).await;
            assert_eq!(put.status, 201, "{name}");
            assert!(fs::read(worker.file(&name)).unwrap() == bytes, "{name} differs on the disk");
            let got = link.get(&[&name], &[]).await;
            assert_eq!((got.status, got.length), (200, Some(length as u64)));
            assert!(got.body == bytes, "{name} differs on the wire");
            assert_eq!(got.header("etag"), put.header("etag"));
            let head = link.ask(Method::Head, &[&name], &[], Body::of("")).await;
            assert_eq!((head.status, head.length, head.body.len()), (200, Some(length as u64), 0));
        }
    }
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_nobody_asked_for_stops_no_download() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    // More than a pipe takes.
    let bytes = pattern(3_000_000, 9);
    assert_eq!(link.put(&["a"], &[], bytes.clone()).await.status, 201);
    let stream = link.open(Method::Get, &["a"], &[], Some(1)).await;
    link.send(stream, vec![Frame::Data("x".into()), Frame::Commit(Commit { count: 1, digests: Vec::new() })]).await;
    let got = tokio::time::timeout(Duration::from_secs(60), link.finish(stream, Body::of(""))).await.expect("an end").unwrap();
    assert!(got.status == 200 && got.body == bytes);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn puts_keep_their_conditions() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let first = link.put(&["a"], &[("if-none-match", "*")], "one").await;
    assert_eq!(first.status, 201);
    assert_eq!(link.put(&["a"], &[("if-none-match", "*")], "two").await.status, 412);
    let etag = first.header("etag").to_owned();
    let second = link.put(&["a"], &[("if-match", &etag)], "three").await;
    assert_eq!(second.status, 204);
    assert_ne!(second.header("etag"), etag);
    assert_eq!(second.header("oc-fileid"), first.header("oc-fileid"), "a replaced file keeps its id");
    let stale = link.put(&["a"], &[("if-match", &etag)], "four").await;
    assert_eq!((stale.status, stale.code().as_str()), (412, "changed-meanwhile"));
    assert_eq!(link.put(&["b"], &[("if-match", "*")], "x").await.status, 412);
    assert_eq!(fs::read_to_string(worker.file("a")).unwrap(), "three");
    assert!(!worker.file("b").exists());

    assert_eq!(link.put(&["missing", "a"], &[], "x").await.code(), "folder-missing");
    assert_eq!(link.put(&["a", "b"], &[], "x").await.code(), "folder-missing");
    assert_eq!(link.put(&[], &[], "x").await.code(), "is-a-folder");
    assert_eq!(link.ask(Method::Mkcol, &["dir"], &[], Body::of("")).await.status, 201);
    assert_eq!(link.put(&["dir"], &[], "x").await.code(), "is-a-folder");
    for bad in ["..", ".", "", "a/b", "a\0b", &"x".repeat(256)] {
        assert_eq!(link.put(&[bad], &[], "x").await.code(), "name-invalid", "{bad:?}");
    }
    let timed = link.put(&["t"], &[("x-oc-mtime", "1700000000.5")], "x").await;
    assert_eq!(timed.header("x-oc-mtime"), "accepted");
    assert_eq!(link.get(&["t"], &[]).await.header("last-modified"), "Tue, 14 Nov 2023 22:13:20 GMT");
    assert_eq!(link.put(&["t"], &[("x-oc-mtime", "soon")], "x").await.code(), "time-malformed");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_is_checked_again_when_the_body_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let (mut one, mut other) = (worker.link().await, worker.link().await);
    let slow = one.open(Method::Put, &["a"], &[("if-none-match", "*")], None).await;
    // The worker has said "go on" to the first before the second comes and goes.
    let mut asked = one.receive().await.unwrap();
    assert!(matches!(&asked[0].1, croft_api::bulk::Frame::Head(head) if head.status == 100));
    let end = asked.pop().and_then(|(.., end)| end).unwrap();
    assert_eq!(other.put(&["a"], &[("if-none-match", "*")], "won").await.status, 201);
    harness::blocking(end).write_all(b"no!").unwrap();
    one.send(slow, vec![croft_api::bulk::Frame::Commit(croft_api::bulk::Commit { count: 3, digests: Vec::new() })]).await;
    assert_eq!(one.finish(slow, Body::of("")).await.unwrap().status, 412);
    assert_eq!(fs::read_to_string(worker.file("a")).unwrap(), "won");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checksums_and_counts_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let header = format!("SHA256:{EMPTY_SHA256}");
    let digest = |hex: &str| vec![Digest { kind: DigestKind::Sha256, hex: hex.into() }];
    let headers = [("oc-checksum", header.as_str())];
    // Of what comes along the worker computes them, of what comes through a pipe the gateway does.
    let with = |digests| Body { digests, ..Body::chunked(pattern(100_000, 1)) };
    assert_eq!(link.ask(Method::Put, &["a"], &headers, with(digest("00"))).await.code(), "checksum-mismatch");
    assert_eq!(link.ask(Method::Put, &["a"], &headers, with(Vec::new())).await.code(), "checksum-mismatch");
    let small = Body { digests: digest(EMPTY_SHA256), ..Body::of("x") };
    assert_eq!(link.ask(Method::Put, &["a"], &headers, small).await.code(), "checksum-mismatch");
    for (length, count) in [(Some(1), Some(2)), (Some(2), None), (Some(2), Some(2)), (Some(0), Some(1))] {
        let short = Body { length, count, ..Body::of(if length == Some(0) { "" } else { "x" }) };
        assert_eq!(link.ask(Method::Put, &["a"], &[], short).await.code(), "body-incomplete", "{length:?} {count:?}");
    }
    let cut = Body { length: Some(200_000), ..Body::of(pattern(100_000, 1)) };
    assert_eq!(link.ask(Method::Put, &["a"], &[], cut).await.code(), "body-incomplete");
    let lied = Body { count: Some(100_001), ..Body::chunked(pattern(100_000, 1)) };
    assert_eq!(link.ask(Method::Put, &["a"], &[], lied).await.code(), "body-incomplete");
    assert_eq!(link.put(&["a"], &[("content-digest", "sha-256=:AAAA:")], "").await.code(), "checksum-malformed");
    assert!(!worker.file("a").exists());
    assert_eq!(link.ask(Method::Put, &["a"], &headers, with(digest(EMPTY_SHA256))).await.status, 201);
    assert_eq!(link.ask(Method::Put, &["empty"], &headers, Body::of("")).await.status, 201);
    assert_eq!(worker.own("uploads"), [""; 0]);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gets_keep_their_conditions_and_ranges() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let bytes = pattern(200_000, 3);
    let etag = link.put(&["a"], &[("x-oc-mtime", "784111777")], bytes.clone()).await.header("etag").to_owned();
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let check = async |link: &mut harness::Gateway, headers: &[(&str, &str)], status: u16, part: std::ops::Range<usize>, range: &str| {
        let reply = link.get(&["a"], headers).await;
        assert_eq!((reply.status, reply.header("content-range")), (status, range), "{headers:?}");
        assert!(status >= 300 || reply.body == bytes[part], "{headers:?}");
    };
    check(&mut link, &[], 200, 0..200_000, "").await;
    check(&mut link, &[("range", "bytes=0-0")], 206, 0..1, "bytes 0-0/200000").await;
    check(&mut link, &[("range", "bytes=100-")], 206, 100..200_000, "bytes 100-199999/200000").await;
    check(&mut link, &[("range", "bytes=-5")], 206, 199_995..200_000, "bytes 199995-199999/200000").await;
    check(&mut link, &[("range", "bytes=0-1,5-6")], 200, 0..200_000, "").await;
    check(&mut link, &[("range", "bytes=200000-")], 416, 0..0, "bytes */200000").await;
    check(&mut link, &[("range", "bytes=1-2"), ("if-range", &etag)], 206, 1..3, "bytes 1-2/200000").await;
    check(&mut link, &[("range", "bytes=1-2"), ("if-range", "\"old\"")], 200, 0..200_000, "").await;
    check(&mut link, &[("range", "bytes=1-2"), ("if-range", date)], 206, 1..3, "bytes 1-2/200000").await;
    check(&mut link, &[("if-none-match", &etag)], 304, 0..0, "").await;
    check(&mut link, &[("if-none-match", "\"x\"")], 200, 0..200_000, "").await;
    check(&mut link, &[("if-match", "\"x\"")], 412, 0..0, "").await;
    check(&mut link, &[("if-match", &etag)], 200, 0..200_000, "").await;
    check(&mut link, &[("if-modified-since", date)], 304, 0..0, "").await;
    assert_eq!(link.get(&["none"], &[]).await.code(), "not-found");
    assert_eq!(link.get(&["a", "b"], &[]).await.code(), "not-found");
    assert_eq!(link.get(&[], &[]).await.code(), "is-a-folder");
    assert_eq!(link.ask(Method::Head, &["none"], &[], Body::of("")).await.status, 404);
    let shown = link.get(&["a"], &[]).await;
    assert!(shown.header("content-disposition").starts_with("attachment"));
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_in_the_tree_lead_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    symlink(outside.path(), worker.file("dir")).unwrap();
    symlink(outside.path().join("secret"), worker.file("file")).unwrap();
    assert_eq!(link.get(&["file"], &[]).await.status, 404);
    assert_eq!(link.get(&["dir", "secret"], &[]).await.status, 404);
    assert_eq!(link.put(&["dir", "new"], &[], "x").await.status, 409);
    assert!(link.put(&["file"], &[], "x").await.status >= 400);
    assert_eq!(link.ask(Method::Mkcol, &["dir", "new"], &[], Body::of("")).await.status, 409);
    let listed = link.ask(Method::Propfind, &[], &[("depth", "1")], Body::of("")).await;
    assert!(!listed.text().contains("/dir") && !listed.text().contains("/file<"), "{}", listed.text());
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "secret");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_made_and_trees_go_to_the_trash() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let mkcol = async |link: &mut harness::Gateway, path: &[&str]| link.ask(Method::Mkcol, path, &[], Body::of("")).await.status;
    assert_eq!(mkcol(&mut link, &["a"]).await, 201);
    assert_eq!(mkcol(&mut link, &["a"]).await, 405);
    assert_eq!(mkcol(&mut link, &[]).await, 405);
    assert_eq!(mkcol(&mut link, &["x", "y"]).await, 409);
    assert_eq!(mkcol(&mut link, &["a", "b"]).await, 201);
    assert_eq!(link.ask(Method::Mkcol, &["c"], &[], Body::of("<x/>")).await.status, 415);
    link.put(&["a", "b", "file"], &[], "kept").await;
    let etag = link.put(&["single"], &[], "x").await.header("etag").to_owned();
    let delete = async |link: &mut harness::Gateway, path: &[&str], headers: &[(&str, &str)]| {
        link.ask(Method::Delete, path, headers, Body::of("")).await.status
    };
    assert_eq!(delete(&mut link, &["single"], &[("if-match", "\"old\"")]).await, 412);
    assert_eq!(delete(&mut link, &["single"], &[("if-match", &etag)]).await, 204);
    assert_eq!(delete(&mut link, &["single"], &[]).await, 404);
    assert_eq!(delete(&mut link, &[], &[]).await, 403);
    link.changed.clear();
    assert_eq!(delete(&mut link, &["a"], &[]).await, 204);
    assert_eq!(link.changed, [""]);
    assert_eq!(fs::read_dir(worker.file("")).unwrap().count(), 0);
    let trash = folder.path().join("space/.croft/trash");
    let kept = fs::read_dir(trash).unwrap().map(|slot| slot.unwrap().path().join("a/b/file")).find(|path| path.exists()).unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), "kept");
    assert_eq!(worker.own("uploads"), [""; 0]);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn options_say_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let reply = worker.link().await.ask(Method::Options, &["anything"], &[], Body::of("")).await;
    assert_eq!((reply.status, reply.header("dav")), (200, "1, 2, 3"));
    assert!(reply.header("allow").contains("PROPFIND"));
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_was_not_given_out_here_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let own = link.put(&["own"], &[], "x").await.header("oc-fileid").to_owned();
    let own: u64 = own.trim_end_matches("croft").parse().unwrap();
    let space = u64::from(harness::SPACE) << 36;
    for (name, id, kept) in
        [("here", own, true), ("other", (8 << 36) + 2, false), ("root", space + 1, false), ("later", space + 5000, false)]
    {
        fs::write(worker.file(name), "x").unwrap();
        let file = fs::File::options().write(true).open(worker.file(name)).unwrap();
        let inode = std::os::unix::fs::MetadataExt::ino(&file.metadata().unwrap());
        croft_files::set_xattr(&file, c"user.croft.id", format!("1 {id} {inode} 00000001").as_bytes()).unwrap();
        let shown = link.get(&[name], &[]).await.header("oc-fileid").to_owned();
        assert_eq!(shown == format!("{id:08}croft"), kept, "{name}: {shown}");
    }
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_two_names_becomes_two_files_when_one_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let first = link.put(&["one"], &[], "x").await;
    fs::hard_link(worker.file("one"), worker.file("two")).unwrap();
    let second = link.put(&["two"], &[], "y").await;
    assert_ne!(second.header("oc-fileid"), first.header("oc-fileid"));
    assert_eq!(link.get(&["one"], &[]).await.header("oc-fileid"), first.header("oc-fileid"));
    assert_eq!(link.put(&["two"], &[], "z").await.header("oc-fileid"), second.header("oc-fileid"));
    worker.end().await;
}
