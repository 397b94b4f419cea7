//! The trash: listed, looked into, brought back, emptied.
#![cfg(test)]

mod harness;

use croft_api::bulk::{Area, Method};
use croft_model::SpaceKind;
use harness::{Body, Gateway, Reply, Running, person};

const FIND: &str = "<propfind xmlns='DAV:' xmlns:n='http://nextcloud.org/ns' xmlns:o='http://owncloud.org/ns'><prop><n:trashbin-filename/>\
    <n:trashbin-original-location/><n:trashbin-deletion-time/><n:trashbin-deleted-by-display-name/><getcontentlength/><o:size/></prop></propfind>";

async fn mkcol(link: &mut Gateway, path: &[&str]) {
    assert_eq!(link.ask(Method::Mkcol, path, &[], Body::of("")).await.status, 201);
}

/// Deletes, and gives the item's name in the trash.
async fn delete(link: &mut Gateway, path: &[&str]) -> String {
    let deleted = link.ask(Method::Delete, path, &[], Body::of("")).await;
    assert_eq!(deleted.status, 204, "{path:?}");
    deleted.header("croft-trash").to_owned()
}

/// A request about the trash.
async fn trash(link: &mut Gateway, method: Method, path: &[&str], body: &str) -> Reply {
    link.area = Area::Trash;
    let reply = link.ask(method, path, &[("depth", "1")], Body::of(body)).await;
    link.area = Area::Files;
    reply
}

/// Values of a property in the order of the listing.
fn values<'a>(listing: &'a str, property: &str) -> Vec<&'a str> {
    listing.split(&format!("<{property}>")).skip(1).map(|rest| rest.split('<').next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_listed_looked_into_and_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start_as(folder.path(), SpaceKind::Shared).await.unwrap();
    let mut link = worker.link().await;
    mkcol(&mut link, &["letters"]).await;
    mkcol(&mut link, &["letters", "old"]).await;
    let put = link.put(&["letters", "old", "to <ben>.txt"], &[], "dear ben").await;
    link.put(&["plan.txt"], &[], "a plan").await;
    let plan = delete(&mut link, &["plan.txt"]).await;
    let letters = delete(&mut link, &["letters"]).await;
    assert!(letters.starts_with("s7-") && letters.contains(".d1"), "{letters}");

    let listed = trash(&mut link, Method::Propfind, &[], FIND).await;
    assert_eq!(listed.status, 207);
    let mut found = values(listed.text(), "nc:trashbin-original-location");
    found.sort_unstable();
    assert_eq!(found, ["Family/letters", "Family/plan.txt"]);
    assert_eq!(values(listed.text(), "nc:trashbin-deleted-by-display-name"), ["somebody"; 2]);
    assert!(listed.text().contains(&format!("<d:href>/dav/files/ana/{letters}/</d:href>")), "{}", listed.text());
    assert_eq!(values(listed.text(), "oc:size")[0], "14", "all of it");
    let inside = trash(&mut link, Method::Propfind, &[&letters, "old"], FIND).await;
    assert!(inside.text().contains(&format!("/{letters}/old/to%20%3Cben%3E.txt</d:href>")), "{}", inside.text());
    let read = trash(&mut link, Method::Get, &[&letters, "old", "to <ben>.txt"], "").await;
    assert_eq!((read.status, read.text()), (200, "dear ben"));
    assert_eq!(read.header("content-disposition"), "attachment; filename*=UTF-8''to%20%3Cben%3E.txt");

    // Something else has the place of the file meanwhile, and nothing that of the folder.
    link.put(&["plan.txt"], &[], "another").await;
    link.changed.clear();
    let back = trash(&mut link, Method::Move, &[&plan], "").await;
    assert_eq!((back.status, back.header("croft-place")), (201, "/plan%20%282%29.txt"));
    assert_eq!(trash(&mut link, Method::Move, &[&plan], "").await.status, 404);
    assert_eq!(trash(&mut link, Method::Move, &[&letters], "").await.status, 201);
    assert_eq!(link.changed, ["", ""]);
    let read = link.get(&["letters", "old", "to <ben>.txt"], &[]).await;
    assert_eq!((read.text(), read.header("oc-fileid"), read.header("etag")), ("dear ben", put.header("oc-fileid"), put.header("etag")));
    assert_eq!(worker.own("trash"), [""; 0]);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_are_gone_are_made_again_unless_something_is_in_their_way() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    mkcol(&mut link, &["a"]).await;
    mkcol(&mut link, &["a", "b"]).await;
    let mut items = Vec::new();
    for name in ["one", "two"] {
        link.put(&["a", "b", name], &[], name).await;
        items.push(delete(&mut link, &["a", "b", name]).await);
    }
    delete(&mut link, &["a"]).await;
    let back = trash(&mut link, Method::Move, &[&items[0]], "").await;
    assert_eq!((back.status, back.header("croft-place")), (201, "/a/b/one"));
    assert_eq!(link.get(&["a", "b", "one"], &[]).await.text(), "one");
    delete(&mut link, &["a"]).await;
    link.put(&["a"], &[], "a file").await;
    let back = trash(&mut link, Method::Move, &[&items[1]], "").await;
    assert_eq!((back.status, back.header("croft-place")), (201, "/two"));
    // A lock on the name stands.
    let again = delete(&mut link, &["two"]).await;
    let lock = "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>";
    let mut ben = worker.link().await;
    ben.capability = worker.capability(person(2));
    assert_eq!(ben.ask(Method::Lock, &["two"], &[], Body::of(lock)).await.status, 201);
    let back = trash(&mut link, Method::Move, &[&again], "").await;
    assert_eq!((back.status, back.header("croft-place")), (201, "/two%20%282%29"));
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_write_sees_the_trash_and_deletes_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    mkcol(&mut link, &["dir"]).await;
    let put = link.put(&["dir", "a"], &[], "first").await;
    link.put(&["dir", "a"], &[], "second").await;
    link.put(&["b"], &[], "b").await;
    let (dir, b) = (delete(&mut link, &["dir"]).await, delete(&mut link, &["b"]).await);
    assert_eq!(worker.versions(put.header("oc-fileid")).len(), 1);
    let mut reader = worker.link().await;
    reader.capability = worker.capability(person(3));
    for (method, path) in [(Method::Propfind, vec![]), (Method::Get, vec![b.as_str()]), (Method::Move, vec![&b]), (Method::Delete, vec![])]
    {
        assert_eq!(trash(&mut reader, method, &path, "").await.code(), "read-only", "{method:?}");
    }
    for (method, path) in
        [(Method::Put, vec![b.as_str()]), (Method::Delete, vec![&dir, "a"]), (Method::Move, vec![]), (Method::Mkcol, vec!["x"])]
    {
        assert_eq!(trash(&mut link, method, &path, "").await.code(), "method-not-allowed", "{method:?}");
    }
    let foreign = b.replace("s7-", "s8-");
    for item in [foreign.as_str(), "s7-..", "s7-0000000000000000.d1", "s7-", "x", &b[3..]] {
        assert_eq!(trash(&mut link, Method::Get, &[item], "").await.status, 404, "{item}");
    }
    assert_eq!(trash(&mut link, Method::Delete, &[&dir], "").await.status, 204);
    assert_eq!(worker.versions(put.header("oc-fileid")).len(), 0, "with the file go its earlier contents");
    assert_eq!(trash(&mut link, Method::Get, &[&b], "").await.text(), "b");
    assert_eq!(trash(&mut link, Method::Delete, &[], "").await.status, 204);
    assert_eq!(trash(&mut link, Method::Get, &[&b], "").await.status, 404);
    assert_eq!((worker.own("trash"), worker.own("uploads")), (Vec::new(), Vec::new()));
    worker.end().await;
}
