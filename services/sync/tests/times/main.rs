//! Earlier times: they are read as any tree and changed by nobody; a file, a folder and the whole space come back from them.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the test makes and mounts disks")]

mod broken_off;
#[path = "../disk/mod.rs"]
mod disk;
#[path = "../harness/mod.rs"]
mod harness;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use croft_api::bulk::{Area, Method};
use disk::Disk;
use harness::{Body, Gateway, Reply, Running, pattern, person};
use serde_json::Value;

const DISK_NAME: &str = "@GMT-2026.12.01-01.43.36";
const TIME: &str = "2026-12-01 01.43.36 UTC";
const BEFORE: &str = "2026-11-30 23.00.00 UTC";

/// A snapshot where the file system makes none: a copy that carries no ids.
fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            let modified = entry.metadata().unwrap().modified().unwrap();
            fs::File::options().write(true).open(&target).unwrap().set_modified(modified).unwrap();
        }
    }
}

fn keep_a_copy(folder: &Path, name: &str) -> PathBuf {
    let at = folder.join("snapshots").join(name);
    copy_all(&folder.join("space/files"), &at.join("files"));
    at
}

/// A disk with a space that is a subvolume.
fn btrfs(home: &Path) -> Disk {
    let disk = Disk::make(home, "mkfs.btrfs", 512 << 20, "commit=300");
    disk::run("btrfs", &["-q", "subvolume", "create", disk::text(&disk.at.join("space"))]);
    disk
}

fn snapshot(disk: &Disk, name: &str) {
    let (from, to) = (disk.at.join("space"), disk.at.join("snapshots").join(name));
    disk::run("btrfs", &["-q", "subvolume", "snapshot", "-r", disk::text(&from), disk::text(&to)]);
}

/// All files below a folder with their contents, and its folders.
fn tree(at: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, at: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                all.insert(format!("{name}/"), Vec::new());
                walk(root, &path, all);
            } else {
                all.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(at, at, &mut all);
    all
}

async fn then(link: &mut Gateway, method: Method, path: &[&str], headers: &[(&str, &str)], body: &str) -> Reply {
    link.area = Area::Times;
    let reply = link.ask(method, path, headers, Body::of(body)).await;
    link.area = Area::Files;
    reply
}

/// What is at `path` at a time comes back to `to`.
async fn copy(link: &mut Gateway, path: &[&str], to: &[&str], headers: &[(&str, &str)]) -> Reply {
    link.destination = Some(to.iter().map(ToString::to_string).collect());
    then(link, Method::Copy, path, headers, "").await
}

/// What is done, or would be.
async fn back(link: &mut Gateway, path: &[&str], wish: &str) -> Value {
    let reply = then(link, Method::Post, path, &[], wish).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/jsonl"), "{}", reply.text());
    let last: Value = serde_json::from_str(reply.text().lines().last().expect("a line")).unwrap();
    assert!(last["done"].is_object(), "{last}");
    last["done"].clone()
}

fn count(done: &Value, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| done[*name].as_u64().unwrap()).collect()
}

fn hrefs(listing: &Reply) -> Vec<String> {
    assert_eq!(listing.status, 207, "{}", listing.text());
    listing.text().split("<d:href>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

const COMPARE: &str = "{\"do\": \"compare\"}";
const BRING_BACK: &str = "{\"do\": \"bring-back\"}";
const DISCARD: &str = "{\"do\": \"bring-back\", \"discard_newer\": true}";

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_time_is_walked_and_read_and_changed_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.prefix = "/dav/times/ana".into();
    assert_eq!(hrefs(&then(&mut link, Method::Propfind, &[], &[("depth", "1")], "").await), ["/dav/times/ana/"]);
    link.ask(Method::Mkcol, &["dir"], &[], Body::of("")).await;
    let large = pattern(300_000, 3);
    link.put(&["dir", "large"], &[], large.clone()).await;
    link.put(&["a.txt"], &[("x-oc-mtime", "1600000000")], "as it was").await;
    // It appears while the worker runs; what has another name is none.
    let kept = keep_a_copy(folder.path(), DISK_NAME);
    keep_a_copy(folder.path(), "@GMT-2026.11.30-23.00.00");
    for other in ["@GMT-2026.13.01-00.00.00", "being made", "@GMT-2026.12.01-01.43.36.new"] {
        fs::create_dir_all(folder.path().join("snapshots").join(other).join("files")).unwrap();
    }
    symlink("/", folder.path().join("snapshots/@GMT-2020.01.01-00.00.00")).unwrap();
    symlink("/etc/passwd", kept.join("files/secret")).unwrap();
    symlink("/etc", kept.join("files/etc")).unwrap();
    link.put(&["a.txt"], &[], "as it is").await;

    let listed = then(&mut link, Method::Propfind, &[], &[("depth", "1")], "").await;
    assert_eq!(
        hrefs(&listed),
        ["/dav/times/ana/", "/dav/times/ana/2026-12-01%2001.43.36%20UTC/", "/dav/times/ana/2026-11-30%2023.00.00%20UTC/"]
    );
    assert!(listed.text().contains("<d:getlastmodified>Tue, 01 Dec 2026 01:43:36 GMT<"), "{}", listed.text());
    let root = then(&mut link, Method::Propfind, &[TIME], &[("depth", "1")], "").await;
    let base = "/dav/times/ana/2026-12-01%2001.43.36%20UTC";
    assert_eq!(hrefs(&root), [format!("{base}/"), format!("{base}/a.txt"), format!("{base}/dir/")]);
    assert!(root.text().contains("Sun, 13 Sep 2020 12:26:40 GMT") && root.text().contains("<d:getcontentlength>9<"), "{}", root.text());
    assert_eq!(hrefs(&then(&mut link, Method::Propfind, &[TIME, "dir"], &[("depth", "0")], "").await), [format!("{base}/dir/")]);
    assert_eq!(then(&mut link, Method::Propfind, &[TIME], &[("depth", "infinity")], "").await.status, 403);

    let whole = then(&mut link, Method::Get, &[TIME, "dir", "large"], &[], "").await;
    assert!(whole.status == 200 && whole.body == large);
    let part = then(&mut link, Method::Get, &[TIME, "dir", "large"], &[("range", "bytes=100-199")], "").await;
    assert_eq!((part.status, &part.body[..]), (206, &large[100..200]));
    let read = then(&mut link, Method::Get, &[TIME, "a.txt"], &[], "").await;
    assert_eq!((read.text(), read.header("last-modified")), ("as it was", "Sun, 13 Sep 2020 12:26:40 GMT"));
    let tag = read.header("etag").to_owned();
    assert_eq!(then(&mut link, Method::Get, &[TIME, "a.txt"], &[("if-none-match", &tag)], "").await.status, 304);
    let head = then(&mut link, Method::Head, &[BEFORE, "a.txt"], &[], "").await;
    assert_eq!((head.status, head.length, head.body.len()), (200, Some(9), 0));
    assert_eq!(then(&mut link, Method::Get, &[TIME, "dir"], &[], "").await.code(), "is-a-folder");

    for (method, headers) in [
        (Method::Put, &[][..]),
        (Method::Delete, &[]),
        (Method::Mkcol, &[]),
        (Method::Move, &[]),
        (Method::Proppatch, &[]),
        (Method::Lock, &[]),
        (Method::Unlock, &[]),
        (Method::Search, &[]),
    ] {
        for path in [&[TIME, "a.txt"][..], &[TIME, "new"], &[TIME], &[]] {
            let refused = then(&mut link, method, path, headers, "").await;
            assert_eq!((refused.status, refused.code().as_str()), (403, "earlier-time"), "{method:?} {path:?}");
        }
    }
    for path in [
        &["2020-01-01 00.00.00 UTC"][..],
        &["2020-01-01 00.00.00 UTC", "etc", "passwd"],
        &[TIME, "secret"],
        &[TIME, "etc"],
        &[TIME, "etc", "passwd"],
        &["@GMT-2026.12.01-01.43.36"],
        &["@GMT-2026.12.01-01.43.36", ".croft"],
        &["being made"],
        &["2026-12-01 01.43.36 utc", "a.txt"],
    ] {
        for method in [Method::Get, Method::Propfind] {
            assert_eq!(then(&mut link, method, path, &[("depth", "1")], "").await.status, 404, "{method:?} {path:?}");
        }
        assert_eq!(then(&mut link, Method::Post, path, &[], COMPARE).await.status, 404, "{path:?}");
    }
    assert_eq!(then(&mut link, Method::Get, &[TIME, ".."], &[], "").await.status, 400);

    // Who may only read has nothing of what was deleted, and who has no right does not even know.
    let mut reader = Gateway::connect(&folder.path().join("s"), worker.capability(person(3))).await;
    assert_eq!(copy(&mut reader, &[TIME, "a.txt"], &["mine"], &[]).await.code(), "read-only");
    for (method, path, body) in [
        (Method::Propfind, &[][..], ""),
        (Method::Propfind, &[TIME], ""),
        (Method::Get, &[TIME, "a.txt"], ""),
        (Method::Get, &[TIME, "none"], ""),
        (Method::Post, &[], "{\"do\": \"states\", \"path\": [\"a.txt\"]}"),
        (Method::Post, &[TIME], COMPARE),
        (Method::Post, &[TIME], BRING_BACK),
    ] {
        let refused = then(&mut reader, method, path, &[("depth", "1")], body).await;
        assert_eq!((refused.status, refused.code().as_str()), (403, "read-only"), "{method:?} {path:?} {body}");
    }
    let small = ("croft-preview", "256 256 cover");
    assert_eq!(then(&mut reader, Method::Get, &[TIME, "a.txt"], &[small], "").await.code(), "read-only");
    let mut stranger = Gateway::connect(&folder.path().join("s"), worker.capability(person(4))).await;
    assert_eq!(then(&mut stranger, Method::Get, &[TIME, "a.txt"], &[], "").await.status, 404);

    // Its states, each once.
    let states = then(&mut link, Method::Post, &[], &[], "{\"do\": \"states\", \"path\": [\"a.txt\"]}").await;
    let states: Value = serde_json::from_str(states.text()).unwrap();
    assert_eq!(states["states"].as_array().unwrap().len(), 1, "{states}");
    assert_eq!((&states["states"][0]["time"], &states["states"][0]["size"]), (&TIME.into(), &9.into()));

    // It goes while the worker runs, and nothing of the space was changed.
    fs::remove_dir_all(kept).unwrap();
    assert_eq!(then(&mut link, Method::Get, &[TIME, "a.txt"], &[], "").await.status, 404);
    assert_eq!(then(&mut link, Method::Get, &[BEFORE, "a.txt"], &[], "").await.text(), "as it was");
    assert_eq!(link.get(&["a.txt"], &[]).await.text(), "as it is");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_brings_back_a_file_or_a_folder_and_what_it_replaces_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.ask(Method::Mkcol, &["dir"], &[], Body::of("")).await;
    link.put(&["dir", "a"], &[("x-oc-mtime", "1600000000")], "a then").await;
    keep_a_copy(folder.path(), DISK_NAME);
    let now = link.put(&["dir", "a"], &[], "a now").await;
    link.put(&["dir", "b"], &[], "b now").await;

    assert_eq!(copy(&mut link, &[TIME, "dir", "a"], &["again"], &[]).await.status, 201);
    let again = link.get(&["again"], &[]).await;
    assert_eq!((again.text(), again.header("last-modified")), ("a then", "Sun, 13 Sep 2020 12:26:40 GMT"));
    let refused = copy(&mut link, &[TIME, "dir", "a"], &["dir", "a"], &[("overwrite", "F")]).await;
    assert_eq!((refused.status, link.get(&["dir", "a"], &[]).await.text()), (412, "a now"));
    link.changed.clear();
    let over = copy(&mut link, &[TIME, "dir", "a"], &["dir", "a"], &[]).await;
    assert_eq!((over.status, link.changed.as_slice()), (204, &["dir".to_owned()][..]));
    assert_eq!(link.get(&["dir", "a"], &[]).await.text(), "a then");
    let versions = worker.versions(over.header("oc-fileid"));
    assert_eq!(versions.iter().map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>(), ["a then", "a now"]);
    assert_ne!(over.header("etag"), now.header("etag"));

    // A condition about the file as it was.
    let tag = then(&mut link, Method::Get, &[TIME, "dir", "a"], &[], "").await.header("etag").to_owned();
    assert_eq!(copy(&mut link, &[TIME, "dir", "a"], &["c"], &[("if", "([\"other\"])")]).await.status, 412);
    assert_eq!(copy(&mut link, &[TIME, "dir", "a"], &["c"], &[("if", &format!("([{tag}])"))]).await.status, 201);

    // The folder that is there goes to the trash as a whole.
    assert_eq!(copy(&mut link, &[TIME, "dir"], &["dir"], &[]).await.status, 204);
    assert_eq!(tree(&worker.file("dir")), BTreeMap::from([("a".to_owned(), b"a then".to_vec())]));
    let [slot] = worker.own("trash").try_into().unwrap();
    assert_eq!(tree(&folder.path().join("space/.croft/trash").join(slot)).keys().collect::<Vec<_>>(), ["dir/", "dir/a", "dir/b"]);
    assert_eq!(copy(&mut link, &[TIME, "none"], &["d"], &[]).await.status, 404);
    assert_eq!(copy(&mut link, &[TIME], &[], &[]).await.code(), "is-the-space");
    // All of it beside what is there.
    assert_eq!(copy(&mut link, &[TIME], &["then"], &[]).await.status, 201);
    assert_eq!(fs::read_to_string(worker.file("then/dir/a")).unwrap(), "a then");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_is_made_as_it_was_and_only_what_differs_is_touched() {
    let home = tempfile::tempdir().unwrap();
    let disk = btrfs(home.path());
    let worker = Running::start(&disk.at).await;
    let mut link = worker.link().await;
    for dir in ["dir", "gone", "old"] {
        link.ask(Method::Mkcol, &[dir], &[], Body::of("")).await;
    }
    let large = pattern(60 << 20, 9);
    let mut was = BTreeMap::new();
    for (path, content) in [
        (&["same"][..], b"same".to_vec()),
        (&["dir", "changed"], b"before".to_vec()),
        (&["dir", "longer"], b"short".to_vec()),
        (&["dir", "named"], b"named".to_vec()),
        (&["gone", "large"], large.clone()),
        (&["old", "in it"], b"in it".to_vec()),
        (&["old", "changed"], b"1".to_vec()),
        (&["kind"], b"a file".to_vec()),
    ] {
        let put = link.put(path, &[("x-oc-mtime", "1600000000")], content).await;
        assert_eq!(put.status, 201);
        was.insert(path.join("/"), (put.header("etag").to_owned(), put.header("oc-fileid").to_owned()));
    }
    let before = tree(&worker.file(""));
    snapshot(&disk, DISK_NAME);

    // Of the same length, longer, renamed, deleted, a folder renamed with something changed in it, another kind, and new.
    link.put(&["dir", "changed"], &[], "behind").await;
    link.put(&["dir", "longer"], &[], "longer now").await;
    link.destination = Some(vec!["dir".into(), "renamed".into()]);
    assert_eq!(link.ask(Method::Move, &["dir", "named"], &[], Body::of("")).await.status, 201);
    assert_eq!(link.ask(Method::Delete, &["gone"], &[], Body::of("")).await.status, 204);
    link.destination = Some(vec!["new name".into()]);
    assert_eq!(link.ask(Method::Move, &["old"], &[], Body::of("")).await.status, 201);
    link.put(&["new name", "changed"], &[], "2 now").await;
    link.put(&["new name", "made in it"], &[], "new").await;
    assert_eq!(link.ask(Method::Delete, &["kind"], &[], Body::of("")).await.status, 204);
    link.ask(Method::Mkcol, &["kind"], &[], Body::of("")).await;
    link.put(&["kind", "of folder"], &[], "x").await;
    link.put(&["new"], &[], "new").await;
    let after = tree(&worker.file(""));
    let trash = worker.own("trash").len();

    let names = ["returned", "folders", "changed", "moved", "newer", "discarded", "replaced", "left"];
    let looked = back(&mut link, &[TIME], COMPARE).await;
    assert_eq!(count(&looked, &names), [2, 1, 3, 2, 2, 0, 1, 0], "{looked}");
    assert_eq!(tree(&worker.file("")), after, "nothing is changed by looking");
    let would = back(&mut link, &[TIME], "{\"do\": \"compare\", \"discard_newer\": true}").await;
    assert_eq!(count(&would, &names), [2, 1, 3, 2, 0, 2, 1, 0], "{would}");

    disk::run("sync", &[]);
    let room = croft_files::Dir::new(fs::File::open(&disk.at).unwrap().into()).unwrap();
    let free = room.room().unwrap().available;
    link.changed.clear();
    let done = back(&mut link, &[TIME], BRING_BACK).await;
    assert_eq!(count(&done, &names), [2, 1, 3, 2, 2, 0, 1, 0], "{done}");
    assert!(link.changed.iter().any(|folder| folder == "dir") && link.changed.iter().any(String::is_empty), "{:?}", link.changed);
    disk::run("sync", &[]);
    let taken = free.saturating_sub(room.room().unwrap().available);
    assert!(taken < 20 << 20, "blocks are shared, and {taken} bytes were taken");
    let mut expected = before.clone();
    expected.insert("new".into(), b"new".to_vec());
    expected.insert("old/made in it".into(), b"new".to_vec());
    assert!(tree(&worker.file("")) == expected, "{:?}", tree(&worker.file("")).keys());
    for (path, (etag, id)) in &was {
        let now = link.get(&path.split('/').collect::<Vec<_>>(), &[]).await;
        let same = (now.header("etag") == etag, now.header("oc-fileid") == id);
        let expected = match path.as_str() {
            "same" | "dir/named" | "old/in it" => (true, true),
            "dir/changed" | "dir/longer" | "old/changed" => (false, true),
            _ => (false, false),
        };
        assert_eq!(same, expected, "{path}");
        assert_eq!(now.header("last-modified"), "Sun, 13 Sep 2020 12:26:40 GMT", "{path}");
    }
    let versions = worker.versions(&was["dir/longer"].1);
    assert_eq!(fs::read_to_string(versions.last().unwrap()).unwrap(), "longer now");
    // For what was there before it came back no other version stands.
    let marks = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().rsplit('-').next().unwrap()[8..].to_owned();
    assert_eq!(versions.iter().map(marks).collect::<Vec<_>>(), ["", "b"]);
    assert_eq!(worker.own("trash").len(), trash + 1, "the folder that took the place of a file");

    // Begun again, there is nothing to do; then what was made since goes as well.
    assert_eq!(count(&back(&mut link, &[TIME], BRING_BACK).await, &names), [0, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(count(&back(&mut link, &[TIME], DISCARD).await, &names), [0, 0, 0, 0, 0, 2, 0, 0]);
    assert!(tree(&worker.file("")) == before);
    assert_eq!(worker.own("trash").len(), trash + 3);
    assert_eq!(count(&back(&mut link, &[TIME], DISCARD).await, &names), [0; 8]);
    worker.end().await;
    disk::run("btrfs", &["-q", "subvolume", "delete", disk::text(&disk.at.join("snapshots").join(DISK_NAME))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_or_folder_comes_back_alone_and_what_is_locked_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    for dir in ["dir", "dir/deep", "other"] {
        link.ask(Method::Mkcol, &dir.split('/').collect::<Vec<_>>(), &[], Body::of("")).await;
    }
    for path in [&["dir", "a"][..], &["dir", "deep", "b"], &["other", "c"]] {
        link.put(path, &[], "then").await;
    }
    keep_a_copy(folder.path(), DISK_NAME);
    assert_eq!(link.ask(Method::Delete, &["dir"], &[], Body::of("")).await.status, 204);
    link.put(&["other", "c"], &[], "now").await;
    let names = ["returned", "folders", "changed", "newer", "left"];
    // The folders on its way come back with it, and nothing else.
    assert_eq!(count(&back(&mut link, &[TIME, "dir", "deep", "b"], COMPARE).await, &names), [1, 0, 0, 0, 0]);
    assert_eq!(count(&back(&mut link, &[TIME, "dir", "deep", "b"], BRING_BACK).await, &names), [1, 0, 0, 0, 0]);
    assert_eq!(tree(&worker.file("")).keys().collect::<Vec<_>>(), ["dir/", "dir/deep/", "dir/deep/b", "other/", "other/c"]);
    assert_eq!(count(&back(&mut link, &[TIME, "dir"], BRING_BACK).await, &names), [1, 0, 0, 0, 0]);
    assert_eq!(fs::read_to_string(worker.file("other/c")).unwrap(), "now");

    // Somebody works on it.
    let lock = "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>";
    let mut other = Gateway::connect(&folder.path().join("s"), worker.capability(person(2))).await;
    assert_eq!(other.ask(Method::Lock, &["other", "c"], &[], Body::of(lock)).await.status, 200);
    let done = back(&mut link, &[TIME], BRING_BACK).await;
    assert_eq!((count(&done, &names), done["one_left"].as_str()), (vec![0, 0, 0, 0, 1], Some("other/c")));
    assert_eq!(fs::read_to_string(worker.file("other/c")).unwrap(), "now");
    assert_eq!(then(&mut link, Method::Post, &[TIME], &[], "{}").await.code(), "wish-malformed");
    assert_eq!(then(&mut link, Method::Post, &[TIME, "none"], &[], BRING_BACK).await.status, 404);
    worker.end().await;
}
