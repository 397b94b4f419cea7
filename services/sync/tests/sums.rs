//! Checksums that clients send with a file: kept, told, and never those of another content.
#![cfg(test)]

mod harness;

use std::{fs, io::Write, time::SystemTime};

use croft_api::bulk::{Area, Digest, DigestKind, Method};
use harness::{Body, Gateway, Reply, Running};

fn sha1(bytes: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

/// An upload with its checksum, as the gateway passes it on.
async fn put(link: &mut Gateway, path: &[&str], bytes: &[u8]) -> Reply {
    let hex = sha1(bytes);
    let digests = vec![Digest { kind: DigestKind::Sha1, hex: hex.clone() }];
    let body = Body { digests, ..Body::of(bytes) };
    link.ask(Method::Put, path, &[("oc-checksum", &format!("SHA1:{hex}"))], body).await
}

/// The checksum that a listing and a download say; both must say the same.
async fn said(link: &mut Gateway, path: &[&str]) -> String {
    let ask = "<propfind xmlns='DAV:'><prop><checksums xmlns='http://owncloud.org/ns'/></prop></propfind>";
    let listed = link.ask(Method::Propfind, path, &[("depth", "0")], Body::of(ask)).await;
    let text = listed.text();
    let begins = "<oc:checksums><oc:checksum>";
    let listed = text.find(begins).map_or("", |at| text[at + begins.len()..].split('<').next().unwrap()).to_owned();
    let got = link.get(path, &[]).await;
    assert_eq!(got.header("oc-checksum"), listed, "{text}");
    let part = link.get(path, &[("range", "bytes=0-0")]).await;
    assert_eq!((part.status, part.header("oc-checksum")), (206, listed.as_str()));
    let head = link.ask(Method::Head, path, &[], Body::of("")).await;
    assert_eq!(head.header("oc-checksum"), listed);
    listed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_is_kept_with_its_content_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let expected = format!("SHA1:{}", sha1(b"text"));
    assert_eq!(put(&mut link, &["a"], b"text").await.status, 201);
    assert_eq!(said(&mut link, &["a"]).await, expected);
    worker.end().await;

    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    assert_eq!(said(&mut link, &["a"]).await, expected, "it outlives the worker");
    for (method, to) in [(Method::Copy, "copy"), (Method::Move, "moved")] {
        link.destination = Some(vec![to.into()]);
        assert_eq!(link.ask(method, &["a"], &[], Body::of("")).await.status, 201);
        assert_eq!(said(&mut link, &[to]).await, expected, "{to}");
    }
    assert_eq!(link.ask(Method::Mkcol, &["folder"], &[], Body::of("")).await.status, 201);
    put(&mut link, &["folder", "in"], b"text").await;
    link.destination = Some(vec!["whole".into()]);
    assert_eq!(link.ask(Method::Copy, &["folder"], &[], Body::of("")).await.status, 201);
    assert_eq!(said(&mut link, &["whole", "in"]).await, expected);

    // Somebody else writes to it: by a byte more, as long as before, and as old as before.
    fs::OpenOptions::new().append(true).open(worker.file("moved")).unwrap().write_all(b"!").unwrap();
    assert_eq!(said(&mut link, &["moved"]).await, "");
    fs::write(worker.file("copy"), "TEXT").unwrap();
    assert_eq!(said(&mut link, &["copy"]).await, "");
    // A replaced one without a checksum has none either.
    assert_eq!(put(&mut link, &["b"], b"text").await.status, 201);
    assert_eq!(link.put(&["b"], &[], "other").await.status, 204);
    assert_eq!(said(&mut link, &["b"]).await, "");
    // Its copy by somebody else, with all attributes, is another file.
    assert_eq!(put(&mut link, &["c"], b"text").await.status, 201);
    let value = croft_files::xattr(fs::File::open(worker.file("c")).unwrap(), c"user.croft.sum").unwrap().expect("an attribute");
    fs::write(worker.file("d"), "TEXT").unwrap();
    let copy = fs::File::options().write(true).open(worker.file("d")).unwrap();
    croft_files::set_xattr(&copy, c"user.croft.sum", &value).unwrap();
    copy.set_modified(fs::metadata(worker.file("c")).unwrap().modified().unwrap()).unwrap();
    assert_eq!(said(&mut link, &["d"]).await, "");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_in_chunks_has_the_checksum_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.area = Area::Uploads;
    link.ask(Method::Mkcol, &["u"], &[], Body::of("")).await;
    link.put(&["u", "1"], &[], "te").await;
    link.put(&["u", "2"], &[], "xt").await;
    let expected = format!("SHA1:{}", sha1(b"text"));
    link.destination = Some(vec!["a".into()]);
    assert_eq!(link.ask(Method::Move, &["u", ".file"], &[("oc-checksum", &expected)], Body::of("")).await.status, 201);
    link.area = Area::Files;
    assert_eq!(said(&mut link, &["a"]).await, expected);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_time_by_a_client_is_no_other_content() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let before = put(&mut link, &["a"], b"text").await;
    let set = "<propertyupdate xmlns='DAV:'><set><prop><lastmodified>1700000000</lastmodified></prop></set></propertyupdate>";
    assert_eq!(link.ask(Method::Proppatch, &["a"], &[], Body::of(set)).await.status, 207);
    let got = link.get(&["a"], &[]).await;
    assert_eq!(got.header("last-modified"), "Tue, 14 Nov 2023 22:13:20 GMT");
    assert_ne!(got.header("etag"), before.header("etag"));
    assert_eq!(said(&mut link, &["a"]).await, format!("SHA1:{}", sha1(b"text")));
    // Set by somebody else, it could hide a change.
    fs::File::options().write(true).open(worker.file("a")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(said(&mut link, &["a"]).await, "");
    worker.end().await;
}
