//! COPY and MOVE: what becomes of names, ids, properties and of what was there before.
#![cfg(test)]

mod harness;

use std::{fs, os::unix::fs::MetadataExt};

use croft_api::bulk::Method;
use harness::{Body, Gateway, Reply, Running, pattern, person};

async fn ask(link: &mut Gateway, method: Method, from: &[&str], to: &[&str], headers: &[(&str, &str)]) -> Reply {
    link.destination = Some(to.iter().map(ToString::to_string).collect());
    link.ask(method, from, headers, Body::of("")).await
}

async fn mkcol(link: &mut Gateway, path: &[&str]) {
    assert_eq!(link.ask(Method::Mkcol, path, &[], Body::of("")).await.status, 201);
}

/// What lies in the trash, as `NAME: content` for files and `NAME/` for folders.
fn trash(worker: &Running) -> Vec<String> {
    let mut found = Vec::new();
    for slot in worker.own("trash") {
        for entry in fs::read_dir(worker.folder.join("space/.croft/trash").join(slot)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            found.push(if path.is_dir() { format!("{name}/") } else { format!("{name}: {}", fs::read_to_string(&path).unwrap()) });
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_entry_stays_who_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    mkcol(&mut link, &["from"]).await;
    mkcol(&mut link, &["to"]).await;
    let put = link.put(&["from", "a"], &[], "text").await;
    link.changed.clear();
    let moved = ask(&mut link, Method::Move, &["from", "a"], &["to", "b"], &[]).await;
    assert_eq!(moved.status, 201);
    assert_eq!((moved.header("oc-fileid"), moved.header("etag")), (put.header("oc-fileid"), put.header("etag")));
    assert_eq!(link.changed, ["from", "to"]);
    assert_eq!(link.get(&["from", "a"], &[]).await.status, 404);
    assert_eq!(link.get(&["to", "b"], &[]).await.body, b"text");
    let tree = ask(&mut link, Method::Move, &["to"], &["from", "deep"], &[]).await;
    assert_eq!(tree.status, 201);
    assert_eq!(link.get(&["from", "deep", "b"], &[]).await.header("etag"), put.header("etag"));
    assert!(!worker.file("to").exists());
    assert_eq!(trash(&worker), [""; 0]);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gives_way_becomes_a_version_or_goes_to_the_trash() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    for method in [Method::Move, Method::Copy] {
        for slot in worker.own("trash") {
            fs::remove_dir_all(worker.folder.join("space/.croft/trash").join(slot)).unwrap();
        }
        link.put(&["a"], &[], "new").await;
        link.put(&["b"], &[], "old").await;
        let kept = ask(&mut link, method, &["a"], &["b"], &[("overwrite", "F")]).await;
        assert_eq!((kept.status, kept.code().as_str()), (412, "name-taken"));
        assert_eq!(fs::read_to_string(worker.file("b")).unwrap(), "old");
        assert_eq!(ask(&mut link, method, &["a"], &["b"], &[("overwrite", "T")]).await.status, 204);
        assert_eq!(fs::read_to_string(worker.file("b")).unwrap(), "new");
        assert_eq!(trash(&worker), [""; 0]);
        let kept = worker.versions(link.get(&["b"], &[]).await.header("oc-fileid"));
        let [old] = kept.as_slice() else { panic!("{kept:?}") };
        assert_eq!(fs::read_to_string(old).unwrap(), "old");
        assert_eq!(fs::metadata(old).unwrap().nlink(), 1, "it is nowhere else");
        // A folder gives way to a file and a file to a folder.
        link.put(&["c"], &[], "third").await;
        mkcol(&mut link, &["dir"]).await;
        link.put(&["dir", "inside"], &[], "x").await;
        assert_eq!(ask(&mut link, method, &["c"], &["dir"], &[]).await.status, 204);
        assert_eq!(fs::read_to_string(worker.file("dir")).unwrap(), "third");
        mkcol(&mut link, &["tree"]).await;
        link.put(&["tree", "leaf"], &[], "y").await;
        assert_eq!(ask(&mut link, method, &["tree"], &["dir"], &[]).await.status, 204);
        assert_eq!(fs::read_to_string(worker.file("dir/leaf")).unwrap(), "y");
        assert_eq!(trash(&worker), ["dir/", "dir: third"]);
        for name in ["a", "b", "c", "dir", "tree"] {
            link.ask(Method::Delete, &[name], &[], Body::of("")).await;
        }
    }
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_another_entry_with_the_same_content() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    mkcol(&mut link, &["tree"]).await;
    mkcol(&mut link, &["tree", "below"]).await;
    let bytes = pattern(3_000_000, 3);
    let put = link.put(&["tree", "below", "a"], &[("x-oc-mtime", "1700000000")], bytes.clone()).await;
    let patch = "<d:propertyupdate xmlns:d='DAV:'><d:set><d:prop><c xmlns='u:c'>red</c></d:prop></d:set></d:propertyupdate>";
    assert_eq!(link.ask(Method::Proppatch, &["tree", "below", "a"], &[], Body::of(patch)).await.status, 207);
    let copied = ask(&mut link, Method::Copy, &["tree"], &["again"], &[]).await;
    assert_eq!(copied.status, 201);
    let copy = link.get(&["again", "below", "a"], &[]).await;
    assert!(copy.body == bytes, "the copy differs");
    assert_eq!(copy.header("last-modified"), "Tue, 14 Nov 2023 22:13:20 GMT");
    assert_ne!(copy.header("oc-fileid"), put.header("oc-fileid"));
    let find = "<propfind xmlns='DAV:'><prop><c xmlns='u:c'/></prop></propfind>";
    let found = link.ask(Method::Propfind, &["again", "below", "a"], &[("depth", "0")], Body::of(find)).await;
    assert!(found.text().contains("<x:c xmlns:x=\"u:c\">red</x:c>"), "{}", found.text());
    assert_eq!(ask(&mut link, Method::Copy, &["tree"], &["bare"], &[("depth", "0")]).await.status, 201);
    assert_eq!(fs::read_dir(worker.file("bare")).unwrap().count(), 0);
    let file = ask(&mut link, Method::Copy, &["tree", "below", "a"], &["b"], &[]).await;
    assert_eq!((file.status, file.header("etag")), (201, link.get(&["b"], &[]).await.header("etag")));
    assert_eq!(worker.own("uploads"), [""; 0]);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_name_of_the_same_file_is_replaced_by_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.put(&["a"], &[], "x").await;
    fs::hard_link(worker.file("a"), worker.file("b")).unwrap();
    assert_eq!(ask(&mut link, Method::Move, &["a"], &["b"], &[]).await.status, 204);
    assert!(!worker.file("a").exists());
    assert_eq!(fs::read_to_string(worker.file("b")).unwrap(), "x");
    assert_eq!(trash(&worker), ["b: x"]);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_where_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    mkcol(&mut link, &["dir"]).await;
    link.put(&["dir", "a"], &[], "x").await;
    for method in [Method::Move, Method::Copy] {
        let mut check = async |from: &[&str], to: &[&str], status: u16, code: &str| {
            let reply = ask(&mut link, method, from, to, &[]).await;
            assert_eq!((reply.status, reply.code().as_str()), (status, code), "{from:?} to {to:?}");
        };
        check(&["dir"], &["dir"], 403, "into-itself").await;
        check(&["dir"], &["dir", "b"], 403, "into-itself").await;
        check(&["dir", "a"], &["dir"], 409, "onto-own-folder").await;
        check(&["dir", "a"], &[], 403, "is-the-space").await;
        check(&[], &["b"], 403, "is-the-space").await;
        check(&["dir", "a"], &["none", "b"], 409, "folder-missing").await;
        check(&["none"], &["b"], 404, "not-found").await;
        check(&["dir", "a"], &[".."], 400, "name-invalid").await;
        assert_eq!(ask(&mut link, method, &["dir", "a"], &["b"], &[("if-match", "\"x\"")]).await.status, 412);
    }
    let mut reader = worker.link().await;
    reader.capability = worker.capability(person(3));
    for method in [Method::Move, Method::Copy] {
        assert_eq!(ask(&mut reader, method, &["dir", "a"], &["b"], &[]).await.code(), "read-only");
    }
    assert_eq!(fs::read_to_string(worker.file("dir/a")).unwrap(), "x");
    assert_eq!(fs::read_dir(worker.file("")).unwrap().count(), 1);
    assert_eq!(worker.own("trash"), [""; 0]);
    worker.end().await;
}
