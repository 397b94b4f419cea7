//! Versions: what is replaced is kept, listed, read, and made the content again.
#![cfg(test)]

mod harness;

use std::fs;

use croft_api::bulk::{Area, Method};
use harness::{Body, Gateway, Reply, Running, number, pattern, person};

const FIND: &str = "<propfind xmlns='DAV:'><prop><getcontentlength/><getlastmodified/><getetag/><getcontenttype/></prop></propfind>";

async fn versions(link: &mut Gateway, method: Method, path: &[&str], body: &str) -> Reply {
    link.area = Area::Versions;
    let reply = link.ask(method, path, &[("depth", "1")], Body::of(body)).await;
    link.area = Area::Files;
    reply
}

/// Names of the versions in a listing, as it has them.
fn names(listing: &Reply) -> Vec<String> {
    let hrefs = listing.text().split("<d:href>").skip(2);
    hrefs.map(|rest| rest.split('<').next().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_content_is_kept_and_can_be_had_again() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    assert_eq!(link.ask(Method::Mkcol, &["dir"], &[], Body::of("")).await.status, 201);
    let put = link.put(&["dir", "a.txt"], &[("x-oc-mtime", "1600000001")], "").await;
    let id = number(put.header("oc-fileid")).to_string();
    let large = pattern(2_000_000, 4);
    for (mtime, content) in [
        ("1600000002", b"one".to_vec()),
        ("1600000003", large.clone()),
        ("1600000003", b"three".to_vec()),
        ("1600000004", b"four".to_vec()),
    ] {
        assert_eq!(link.put(&["dir", "a.txt"], &[("x-oc-mtime", mtime)], content).await.status, 204);
    }
    let listed = versions(&mut link, Method::Propfind, &[&id], FIND).await;
    assert_eq!(listed.status, 207);
    let shown = names(&listed);
    // An empty file leaves nothing; of two of one second the newer has its number.
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert_eq!((shown[0].as_str(), shown[2].as_str()), ("1600000003", "1600000002"));
    assert!(shown[1].starts_with("1600000003-"), "{shown:?}");
    assert!(
        listed.text().contains("<d:getcontentlength>2000000<") && listed.text().contains("Sun, 13 Sep 2020 12:26:43 GMT"),
        "{}",
        listed.text()
    );
    assert!(listed.text().contains("<d:getcontenttype>text/plain"), "{}", listed.text());
    assert_eq!(versions(&mut link, Method::Get, &[&id, "1600000003"], "").await.text(), "three");
    assert!(versions(&mut link, Method::Get, &[&id, &shown[1]], "").await.body == large, "the large one differs");
    let part = link.area;
    link.area = Area::Versions;
    assert_eq!(link.get(&[&id, "1600000002"], &[("range", "bytes=1-")]).await.text(), "ne");
    link.area = part;

    // Restored, it is the content, and what was the content is a version.
    link.changed.clear();
    let back = versions(&mut link, Method::Move, &[&id, "1600000002"], "").await;
    assert_eq!((back.status, back.header("oc-fileid")), (204, put.header("oc-fileid")));
    assert_eq!(link.changed, ["dir"]);
    let now = link.get(&["dir", "a.txt"], &[]).await;
    assert_eq!(
        (now.text(), now.header("etag"), now.header("last-modified")),
        ("one", back.header("etag"), "Sun, 13 Sep 2020 12:26:42 GMT")
    );
    assert_eq!(versions(&mut link, Method::Get, &[&id, "1600000004"], "").await.text(), "four");
    assert_eq!(versions(&mut link, Method::Delete, &[&id, "1600000004"], "").await.status, 204);
    assert_eq!(versions(&mut link, Method::Get, &[&id, "1600000004"], "").await.status, 404);

    // In the trash the file keeps them, and cannot be given one back.
    link.ask(Method::Delete, &["dir", "a.txt"], &[], Body::of("")).await;
    assert_eq!(versions(&mut link, Method::Move, &[&id, "1600000002"], "").await.code(), "file-gone");
    assert_eq!(versions(&mut link, Method::Get, &[&id, "1600000002"], "").await.text(), "one");
    assert_eq!(worker.own("uploads"), [""; 0]);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_stay_with_the_name_that_a_save_aside_and_rename_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    for turn in 1..=3 {
        link.put(&["aside"], &[], format!("content {turn}")).await;
        link.destination = Some(vec!["doc".into()]);
        assert!(matches!(link.ask(Method::Move, &["aside"], &[], Body::of("")).await.status, 201 | 204));
    }
    let doc = link.get(&["doc"], &[]).await;
    let kept = worker.versions(doc.header("oc-fileid"));
    assert_eq!(kept.iter().map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>(), ["content 1", "content 2"]);
    assert_eq!(worker.own("versions").len(), 1, "nobody else has any");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reaches_what_is_not_a_version() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let put = link.put(&["a"], &[("x-oc-mtime", "1600000001")], "one").await;
    let id = number(put.header("oc-fileid")).to_string();
    link.put(&["a"], &[], "two").await;
    std::os::unix::fs::symlink("/etc/passwd", worker.folder.join(format!("space/.croft/versions/{id}/5-5-link"))).unwrap();
    let foreign = (8_u64 << 36 | 2).to_string();
    for path in [
        &[id.as_str(), "5"][..],
        &[&id, "5-5-link"],
        &[&id, "7"],
        &[&id, ".."],
        &[&foreign, "1600000001"],
        &["a", "1600000001"],
        &["-1", "1"],
    ] {
        assert!(matches!(versions(&mut link, Method::Get, path, "").await.status, 400 | 404), "{path:?}");
    }
    let mut reader = worker.link().await;
    reader.capability = worker.capability(person(3));
    assert_eq!(versions(&mut reader, Method::Get, &[&id, "1600000001"], "").await.text(), "one", "who may read sees what was there");
    for method in [Method::Move, Method::Delete] {
        assert_eq!(versions(&mut reader, method, &[&id, "1600000001"], "").await.code(), "read-only");
    }
    for (method, path) in [(Method::Put, vec![id.as_str(), "9"]), (Method::Delete, vec![&id]), (Method::Mkcol, vec!["9"])] {
        assert!(matches!(versions(&mut link, method, &path, "").await.status, 404 | 405), "{method:?}");
    }
    // A file of two names loses nothing when one of them gets another content.
    fs::hard_link(worker.file("a"), worker.file("b")).unwrap();
    link.put(&["b"], &[], "three").await;
    assert_eq!(fs::read_to_string(worker.file("a")).unwrap(), "two");
    assert_eq!(worker.versions(link.get(&["b"], &[]).await.header("oc-fileid")).len(), 0);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_has_nothing_of_what_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let put = link.put(&["a.txt"], &[("x-oc-mtime", "1600000001")], "secret").await;
    let id = number(put.header("oc-fileid")).to_string();
    assert_eq!(link.put(&["a.txt"], &[], "harmless").await.status, 204);
    let (manager, reader) = (link.capability.clone(), worker.capability(person(3)));
    for (deleted, expected) in [(false, [207, 200]), (true, [404, 404])] {
        if deleted {
            assert_eq!(link.ask(Method::Delete, &["a.txt"], &[], Body::of("")).await.status, 204);
        }
        link.capability.clone_from(&reader);
        let listed = versions(&mut link, Method::Propfind, &[&id], FIND).await.status;
        let read = versions(&mut link, Method::Get, &[&id, "1600000001"], "").await.status;
        assert_eq!([listed, read], expected);
        link.capability.clone_from(&manager);
    }
    assert_eq!(versions(&mut link, Method::Get, &[&id, "1600000001"], "").await.text(), "secret");
    worker.end().await;
}
