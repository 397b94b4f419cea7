//! What sync clients and Windows' Explorer ask of a space beside files: times, favourites, folders on the way, fingerprints.
#![cfg(test)]

mod harness;

use std::{fs, os::unix::fs::MetadataExt};

use croft_api::bulk::{Area, Method};
use harness::{Body, Gateway, Reply, Running, person};

async fn set(link: &mut Gateway, path: &[&str], property: &str) -> Reply {
    let body = format!(
        "<d:propertyupdate xmlns:d='DAV:' xmlns:oc='http://owncloud.org/ns'><d:set><d:prop>{property}</d:prop></d:set></d:propertyupdate>"
    );
    link.ask(Method::Proppatch, path, &[], Body::of(body)).await
}

async fn find(link: &mut Gateway, path: &[&str], name: &str) -> String {
    let body = format!("<d:propfind xmlns:d='DAV:' xmlns:oc='http://owncloud.org/ns'><d:prop><oc:{name}/></d:prop></d:propfind>");
    link.ask(Method::Propfind, path, &[("depth", "0")], Body::of(body)).await.text().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_is_set_and_seen_as_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.ask(Method::Mkcol, &["f"], &[], Body::of("")).await;
    let before = link.put(&["f", "a"], &[], "text").await;
    let listed = find(&mut link, &["f"], "id").await;
    link.changed.clear();
    let win32 = "<Z:Win32CreationTime xmlns:Z='urn:schemas-microsoft-com:'>Tue, 14 Nov 2023 22:13:20 GMT</Z:Win32CreationTime>\
        <Z:Win32LastAccessTime xmlns:Z='urn:schemas-microsoft-com:'>Tue, 14 Nov 2023 22:13:20 GMT</Z:Win32LastAccessTime>\
        <Z:Win32LastModifiedTime xmlns:Z='urn:schemas-microsoft-com:'>Tue, 14 Nov 2023 22:13:20 GMT</Z:Win32LastModifiedTime>\
        <Z:Win32FileAttributes xmlns:Z='urn:schemas-microsoft-com:'>00000020</Z:Win32FileAttributes>";
    let patched = set(&mut link, &["f", "a"], win32).await;
    assert_eq!((patched.status, patched.text().matches("200 OK").count()), (207, 4), "{}", patched.text());
    assert_eq!(fs::metadata(worker.file("f/a")).unwrap().mtime(), 1_700_000_000);
    assert_eq!(link.changed, ["f"]);
    assert_ne!(link.get(&["f", "a"], &[]).await.header("etag"), before.header("etag"));
    assert_eq!(find(&mut link, &["f"], "id").await, listed);
    set(&mut link, &["f"], "<d:lastmodified>1600000000</d:lastmodified>").await;
    assert_eq!(fs::metadata(worker.file("f")).unwrap().mtime(), 1_600_000_000);

    // One that means nothing leaves all as it was.
    let patched = set(&mut link, &["f", "a"], "<d:lastmodified>soon</d:lastmodified><x xmlns='u:x'/>").await;
    assert!(patched.text().contains("409 Conflict") && patched.text().contains("424 Failed Dependency"), "{}", patched.text());
    assert_eq!(fs::metadata(worker.file("f/a")).unwrap().mtime(), 1_700_000_000);
    link.capability = worker.capability(person(3));
    assert_eq!(set(&mut link, &["f", "a"], "<d:lastmodified>1</d:lastmodified>").await.code(), "read-only");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_favourite_is_one_persons_and_follows_the_entry() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let put = link.put(&["a"], &[], "text").await;
    let mut reader = worker.link().await;
    reader.capability = worker.capability(person(3));
    let (yes, no) = ("<oc:favorite>1</oc:favorite>", "<oc:favorite>0</oc:favorite>");
    assert!(find(&mut reader, &["a"], "favorite").await.contains(no));
    let patched = set(&mut reader, &["a"], yes).await;
    assert!(patched.status == 207 && patched.text().contains("200 OK"), "who may read may mark: {}", patched.text());
    assert_eq!(set(&mut reader, &["a"], &format!("{yes}<x xmlns='u:x'/>")).await.code(), "read-only");
    link.destination = Some(vec!["b".into()]);
    link.ask(Method::Move, &["a"], &[], Body::of("")).await;
    link.destination = Some(vec!["c".into()]);
    link.ask(Method::Copy, &["b"], &[], Body::of("")).await;
    assert!(find(&mut reader, &["b"], "favorite").await.contains(yes));
    assert!(find(&mut link, &["b"], "favorite").await.contains(no), "somebody else's");
    assert!(find(&mut reader, &["c"], "favorite").await.contains(no), "a copy is another one");
    assert_eq!(link.get(&["b"], &[]).await.header("etag"), put.header("etag"), "nothing has changed for anybody");
    // Listed as soon as the catalogue has seen it.
    let report = "<oc:filter-files xmlns:d='DAV:' xmlns:oc='http://owncloud.org/ns'><d:prop><oc:favorite/></d:prop>\
        <oc:filter-rules><oc:favorite>1</oc:favorite></oc:filter-rules></oc:filter-files>";
    loop {
        let listed = reader.ask(Method::Search, &[], &[], Body::of(report)).await;
        assert_eq!(listed.status, 200, "{}", listed.text());
        if listed.text().contains("/dav/files/ana/b<") {
            assert_eq!(listed.text().lines().count(), 2, "and nothing else: {}", listed.text());
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await; // waits: for the catalogue, by asking
    }
    let others = link.ask(Method::Search, &[], &[], Body::of(report)).await;
    assert_eq!(others.text().lines().count(), 1, "{}", others.text());
    let tagged = report.replace("favorite>1", "systemtag>1").replace("1</oc:favorite", "1</oc:systemtag");
    assert_eq!(link.ask(Method::Search, &[], &[], Body::of(tagged)).await.code(), "xml-malformed");
    set(&mut reader, &["b"], no).await;
    assert!(find(&mut reader, &["b"], "favorite").await.contains(no));
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_on_the_way_are_made_where_a_client_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let make = ("x-nc-webdav-auto-mkcol", "1");
    assert_eq!(link.put(&["2026", "11", "a.jpg"], &[("x-nc-webdav-auto-mkcol", "0")], "photo").await.code(), "folder-missing");
    assert_eq!(link.put(&["2026", "11", "a.jpg"], &[make, ("if-match", "\"x\"")], "photo").await.code(), "changed-meanwhile");
    assert!(!worker.file("2026").exists());
    assert_eq!(link.put(&["2026", "11", "a.jpg"], &[make], "photo").await.status, 201);
    assert_eq!(link.put(&["2026", "11", "b.jpg"], &[make], "photo").await.status, 201);
    assert_eq!(link.changed, ["", "2026", "2026/11", "2026/11"]);
    assert_eq!(link.put(&["2026", "11", "a.jpg", "c", "d"], &[make], "photo").await.code(), "folder-missing", "a file is no folder");
    let deep: Vec<String> = (0..40).map(|level| level.to_string()).collect();
    let deep: Vec<&str> = deep.iter().map(String::as_str).collect();
    assert_eq!(link.put(&deep, &[make], "photo").await.code(), "folder-missing", "not endlessly many");
    assert!(!worker.file("0").exists());
    link.area = Area::Uploads;
    link.ask(Method::Mkcol, &["u"], &[], Body::of("")).await;
    link.put(&["u", "1"], &[], "film").await;
    link.destination = Some(["films", "new", "f"].map(Into::into).to_vec());
    assert_eq!(link.ask(Method::Move, &["u", ".file"], &[make], Body::of("")).await.status, 201);
    assert_eq!(fs::read_to_string(worker.file("films/new/f")).unwrap(), "film");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_that_was_set_back_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    assert!(find(&mut link, &[], "data-fingerprint").await.contains("<oc:data-fingerprint/>"));
    let mut seen = Vec::new();
    for _ in 0..2 {
        worker.worker.note_restored().await.unwrap();
        let text = find(&mut link, &[], "data-fingerprint").await;
        seen.push(text.split("<oc:data-fingerprint>").nth(1).expect("a value").split('<').next().unwrap().to_owned());
    }
    assert_ne!(seen[0], seen[1]);
    worker.end().await;
}
