//! Uploads in chunks: begun, gone on with after the worker ended, made one file, given up.
#![cfg(test)]

mod harness;

use std::fs;

use croft_api::bulk::{Area, Digest, DigestKind, Method};
use harness::{Body, Gateway, Reply, Running, pattern, person};

async fn begin(link: &mut Gateway, id: &str) -> Reply {
    link.area = Area::Uploads;
    link.ask(Method::Mkcol, &[id], &[], Body::of("")).await
}

async fn assemble(link: &mut Gateway, id: &str, to: &[&str], headers: &[(&str, &str)]) -> Reply {
    link.destination = Some(to.iter().map(ToString::to_string).collect());
    link.ask(Method::Move, &[id, ".file"], headers, Body::of("")).await
}

fn sha1(bytes: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_where_the_worker_ended() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = pattern(2_500_000, 5);
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    assert_eq!(begin(&mut link, "42").await.status, 201);
    assert_eq!(begin(&mut link, "42").await.status, 405);
    // In any order, the same one twice, and with both styles of names.
    assert_eq!(link.put(&["42", "00003"], &[], &bytes[2_000_000..]).await.status, 201);
    assert_eq!(link.put(&["42", "1"], &[], "not yet the right one").await.status, 201);
    assert_eq!(link.put(&["42", "0000000000000001"], &[], &bytes[..1_000_000]).await.status, 201);
    drop(link);
    worker.end().await;

    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.area = Area::Uploads;
    let find = "<propfind xmlns='DAV:'><prop><resourcetype/><getcontentlength/></prop></propfind>";
    let there = link.ask(Method::Propfind, &["42"], &[("depth", "1")], Body::of(find)).await;
    assert_eq!(there.status, 207);
    let text = there.text();
    assert!(text.contains("/42/00001</d:href>") && text.contains("<d:getcontentlength>1000000<"), "{text}");
    assert!(!text.contains("/00002<"), "{text}");
    let total = bytes.len().to_string();
    assert_eq!(assemble(&mut link, "42", &["big"], &[("oc-total-length", &total)]).await.code(), "body-incomplete");
    assert_eq!(link.put(&["42", "2"], &[], &bytes[1_000_000..2_000_000]).await.status, 201);
    let checksum = format!("SHA1:{}", sha1(&bytes));
    let wrong = format!("SHA1:{}", sha1(b"other"));
    assert_eq!(assemble(&mut link, "42", &["big"], &[("oc-checksum", &wrong)]).await.code(), "checksum-mismatch");
    assert!(!worker.file("big").exists());
    let headers = [("oc-total-length", total.as_str()), ("oc-checksum", &checksum), ("x-oc-mtime", "1700000000")];
    let made = assemble(&mut link, "42", &["big"], &headers).await;
    assert_eq!((made.status, made.header("x-oc-mtime")), (201, "accepted"));
    assert!(!made.header("oc-fileid").is_empty() && !made.header("etag").is_empty());
    assert!(fs::read(worker.file("big")).unwrap() == bytes, "the file differs");
    assert_eq!(worker.own("chunks"), [""; 0]);
    // A client that has lost the answer asks again, also after a restart, and is told the same as long as it is true.
    assert_eq!(assemble(&mut link, "42", &["other"], &headers).await.code(), "upload-unknown");
    drop(link);
    worker.end().await;
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.area = Area::Uploads;
    let again = assemble(&mut link, "42", &["big"], &headers).await;
    assert_eq!((again.status, &again.headers), (201, &made.headers));
    link.area = Area::Files;
    link.put(&["big"], &[], "another content").await;
    link.area = Area::Uploads;
    assert_eq!(assemble(&mut link, "42", &["big"], &headers).await.code(), "upload-unknown");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_keeps_conditions_and_its_own_person() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let old = link.put(&["a"], &[], "old").await;
    begin(&mut link, "u").await;
    assert_eq!(link.put(&["u", "1"], &[], "new").await.status, 201);
    assert_eq!(assemble(&mut link, "u", &["a"], &[("if-match", "\"x\"")]).await.code(), "changed-meanwhile");
    assert_eq!(assemble(&mut link, "u", &["none", "a"], &[]).await.code(), "folder-missing");
    let mut ben = worker.link().await;
    ben.capability = worker.capability(person(2));
    ben.area = Area::Uploads;
    assert_eq!(ben.put(&["u", "1"], &[], "mine").await.code(), "upload-unknown");
    assert_eq!(assemble(&mut ben, "u", &["a"], &[]).await.code(), "upload-unknown");
    let mut reader = worker.link().await;
    reader.capability = worker.capability(person(3));
    assert_eq!(begin(&mut reader, "u").await.code(), "read-only");
    for held in ["([\"x\"])".to_owned(), format!("</dav/files/ana/b> ([{}])", old.header("etag"))] {
        assert_eq!(assemble(&mut link, "u", &["a"], &[("if", &held)]).await.code(), "changed-meanwhile", "{held}");
    }
    let held = format!("</dav/files/ana/a> ([{}])", old.header("etag"));
    let made = assemble(&mut link, "u", &["a"], &[("if-match", old.header("etag")), ("if", &held)]).await;
    assert_eq!((made.status, made.header("oc-fileid")), (204, old.header("oc-fileid")));
    assert_eq!(fs::read_to_string(worker.file("a")).unwrap(), "new");

    begin(&mut link, "v").await;
    for (path, code) in [(&["v", "x"][..], "chunk-malformed"), (&["../v", "1"], "name-invalid"), (&["w w", "1"], "upload-malformed")] {
        assert_eq!(link.put(path, &[], "x").await.code(), code, "{path:?}");
    }
    assert_eq!(link.ask(Method::Mkcol, &["y"], &[("oc-total-length", "many")], Body::of("")).await.code(), "length-malformed");
    let digests = vec![Digest { kind: DigestKind::Sha1, hex: "00".into() }];
    let torn = Body { digests, ..Body::of("x") };
    let header = format!("SHA1:{}", sha1(b"y"));
    assert_eq!(link.ask(Method::Put, &["v", "1"], &[("oc-checksum", &header)], torn).await.code(), "checksum-mismatch");
    assert_eq!(link.ask(Method::Delete, &["v"], &[], Body::of("")).await.status, 204);
    assert_eq!(link.ask(Method::Delete, &["v"], &[], Body::of("")).await.code(), "upload-unknown");
    assert_eq!(worker.own("chunks"), [""; 0]);
    worker.end().await;
}
