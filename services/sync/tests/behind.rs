//! What changes behind the worker's back is noticed, and what vanishes there in great part is asked about.
#![cfg(test)]

mod harness;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use croft_api::bulk::{Area, Frame, Method};
use harness::{Body, Gateway, Reply, Running, person};

/// More than a pass takes to come around, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

async fn etag(link: &mut Gateway, path: &[&str]) -> String {
    let reply = link.ask(Method::Propfind, path, &[("depth", "0")], Body::of("")).await;
    assert_eq!(reply.status, 207, "{}", reply.text());
    first_etag(&reply)
}

/// That of what was asked for.
fn first_etag(reply: &Reply) -> String {
    reply.text().split("<d:getetag>").nth(1).unwrap().split("</d:getetag>").next().unwrap().to_owned()
}

/// Waits until the worker says that `folder` changed.
async fn hear(link: &mut Gateway, folder: &str) {
    let until = Instant::now() + PATIENCE;
    while !link.changed.iter().any(|changed| changed == folder) {
        assert!(Instant::now() < until, "nothing was heard of {folder:?}, only of {:?}", link.changed);
        if let Ok(Some(frames)) = tokio::time::timeout(Duration::from_secs(1), link.receive()).await {
            for (_, frame, _) in frames {
                if let Frame::Changed { folder, .. } = frame {
                    link.changed.push(folder);
                }
            }
        }
    }
    link.changed.clear();
}

/// Hears for so long that a pass came around, and says of what.
async fn silence(link: &mut Gateway) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(6);
    while Instant::now() < until {
        if let Ok(Some(frames)) = tokio::time::timeout(Duration::from_millis(500), link.receive()).await {
            for (_, frame, _) in frames {
                if let Frame::Changed { folder, .. } = frame {
                    link.changed.push(folder);
                }
            }
        }
    }
    std::mem::take(&mut link.changed)
}

async fn until_opened(link: &mut Gateway, path: &[&str]) -> Reply {
    let until = Instant::now() + PATIENCE;
    loop {
        let reply = link.ask(Method::Propfind, path, &[("depth", "1")], Body::of("")).await;
        if reply.status != 503 || Instant::now() > until {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(200)).await; // waits: for a pass, by polling
    }
}

/// What somebody does, the folder that is told, and paths that get another ETag or keep theirs.
type Step<'a> = (&'a dyn Fn(), &'a str, Paths<'a>, Paths<'a>);
type Paths<'a> = &'a [&'a [&'a str]];

#[tokio::test(flavor = "multi_thread")]
async fn what_others_do_to_the_files_changes_the_etags_up_to_the_root() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    for path in [&["a"][..], &["a", "b"], &["c"]] {
        assert_eq!(link.ask(Method::Mkcol, path, &[], Body::of("")).await.status, 201);
    }
    assert_eq!(link.put(&["a", "b", "own"], &[], "own").await.status, 201);
    link.changed.clear();
    assert_eq!(silence(&mut link).await, [] as [&str; 0], "own changes are told once, when they are made");
    let file = |path: &str| worker.file(path);
    let steps: [Step<'_>; 5] = [
        (&|| fs::write(file("a/b/new"), "1").unwrap(), "a/b", &[&[], &["a"], &["a", "b"]], &[&["c"]]),
        (&|| fs::write(file("a/b/new"), "longer").unwrap(), "a/b", &[&[], &["a"], &["a", "b"]], &[&["c"]]),
        (&|| fs::remove_file(file("a/b/own")).unwrap(), "a/b", &[&[], &["a"], &["a", "b"]], &[&["c"]]),
        (&|| fs::rename(file("a/b"), file("c/b")).unwrap(), "c", &[&[], &["c"]], &[]),
        (&|| copy(&file("c/b"), &file("c/d")), "c", &[&[], &["c"]], &[&["a"]]),
    ];
    for (step, told, changed, same) in steps {
        let mut before = Vec::new();
        for path in changed.iter().chain(same) {
            before.push((*path, etag(&mut link, path).await));
        }
        // The clock of the file system is coarse.
        tokio::time::sleep(Duration::from_millis(20)).await; // waits: for another time of modification
        step();
        hear(&mut link, told).await;
        // The old place of what moved is told at the end of the pass.
        silence(&mut link).await;
        for (path, before) in before {
            let after = etag(&mut link, path).await;
            assert_eq!(after != before, changed.contains(&path), "{path:?} after a change in {told}");
        }
    }
    assert_eq!(silence(&mut link).await, [] as [&str; 0], "what was seen is no news");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_did_stays_news_when_a_request_is_refused_because_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    assert_eq!(link.ask(Method::Mkcol, &["a"], &[], Body::of("")).await.status, 201);
    let known = link.put(&["a", "b"], &[], "1").await.header("etag").to_owned();
    silence(&mut link).await;
    let dates =
        "<d:propertyupdate xmlns:d='DAV:'><d:set><d:prop><lastmodified>1700000000</lastmodified></d:prop></d:set></d:propertyupdate>";
    for (method, body) in [(Method::Put, "2"), (Method::Proppatch, dates)] {
        let before = etag(&mut link, &[]).await;
        fs::write(worker.file("a/b"), format!("changed by others: {}", method.name())).unwrap();
        assert_eq!(link.ask(method, &["a", "b"], &[("if-match", &known)], Body::of(body)).await.status, 412);
        hear(&mut link, "a").await;
        assert_ne!(etag(&mut link, &[]).await, before);
        silence(&mut link).await;
    }
    worker.end().await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_while_nobody_looked_is_found_after_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    assert_eq!(link.ask(Method::Mkcol, &["a"], &[], Body::of("")).await.status, 201);
    assert_eq!(link.put(&["a", "b"], &[], "1").await.status, 201);
    silence(&mut link).await;
    let before = (etag(&mut link, &[]).await, etag(&mut link, &["a"]).await);
    worker.end().await;

    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    assert_eq!(silence(&mut link).await, [] as [&str; 0], "nothing changed");
    assert_eq!((etag(&mut link, &[]).await, etag(&mut link, &["a"]).await), before);
    worker.end().await;

    fs::write(folder.path().join("space/files/a/b"), "22").unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    hear(&mut link, "a").await;
    assert_ne!(etag(&mut link, &[]).await, before.0);
    assert_ne!(etag(&mut link, &["a"]).await, before.1);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_that_is_lost_or_torn_is_made_again_and_files_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    assert_eq!(link.put(&["b"], &[], "1").await.status, 201);
    let before = (etag(&mut link, &[]).await, etag(&mut link, &["b"]).await);
    worker.end().await;
    tokio::time::sleep(Duration::from_millis(200)).await; // waits: for what is there to be older than the next worker
    let catalog = folder.path().join("index/catalog.redb");
    for content in [None, Some(vec![7; 9000])] {
        match content {
            None => fs::remove_file(&catalog).unwrap(),
            Some(bytes) => fs::write(&catalog, bytes).unwrap(),
        }
        let worker = Running::start(folder.path()).await;
        let mut link = worker.link().await;
        assert_eq!(silence(&mut link).await, [] as [&str; 0]);
        assert_ne!(etag(&mut link, &[]).await, before.0, "somebody may have changed something meanwhile");
        assert_eq!(etag(&mut link, &["b"]).await, before.1);
        worker.end().await;
    }
    fs::remove_file(&catalog).unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    // Within the pass that makes it again, too.
    fs::write(worker.file("new"), "1").unwrap();
    hear(&mut link, "").await;
    assert_ne!(etag(&mut link, &[]).await, before.0);
    assert_eq!(etag(&mut link, &["b"]).await, before.1);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_great_part_that_vanishes_closes_the_space_until_it_is_back_or_right() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    // What is there at the first pass is no news.
    silence(&mut link).await;
    fs::create_dir_all(worker.file("photos/2026")).unwrap();
    for number in 0..200 {
        fs::write(worker.file(&format!("photos/2026/{number}.jpg")), "x").unwrap();
    }
    for number in 0..20 {
        fs::write(worker.file(&format!("{number}.txt")), "x").unwrap();
    }
    hear(&mut link, "photos/2026").await;
    silence(&mut link).await;
    let before = etag(&mut link, &[]).await;

    // Aside, as when a disk is missing.
    fs::rename(worker.file("photos"), folder.path().join("aside")).unwrap();
    let until = Instant::now() + PATIENCE;
    let refused = loop {
        let reply = link.ask(Method::Propfind, &[], &[("depth", "1")], Body::of("")).await;
        if reply.status == 503 || Instant::now() > until {
            break reply;
        }
        assert_eq!(first_etag(&reply), before, "a client that asks in between sees nothing new");
        tokio::time::sleep(Duration::from_millis(100)).await; // waits: for a pass, by polling
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "much-is-missing"));
    assert_eq!(link.put(&["y"], &[], "1").await.status, 503);

    // Also after a restart, at once.
    worker.end().await;
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    assert_eq!(link.ask(Method::Propfind, &[], &[("depth", "1")], Body::of("")).await.code(), "much-is-missing");

    // It is back.
    fs::rename(folder.path().join("aside"), worker.file("photos")).unwrap();
    assert_eq!(until_opened(&mut link, &[]).await.status, 207);
    assert_eq!(etag(&mut link, &[]).await, before);

    // It is gone again, though something else has its name, and that is right.
    fs::remove_dir_all(worker.file("photos")).unwrap();
    fs::create_dir(worker.file("photos")).unwrap();
    link.area = Area::Guard;
    let until = Instant::now() + PATIENCE;
    while link.get(&[], &[]).await.status != 200 {
        assert!(Instant::now() < until, "nobody asked");
        tokio::time::sleep(Duration::from_millis(100)).await; // waits: for a pass, by polling
    }
    assert_eq!(link.get(&[], &[]).await.text(), r#"{"gone":202,"of":222}"#);
    let manager = std::mem::replace(&mut link.capability, worker.capability(person(2)));
    assert_eq!(link.ask(Method::Delete, &[], &[], Body::of("")).await.status, 403);
    link.capability = manager;
    assert_eq!(link.ask(Method::Delete, &[], &[], Body::of("")).await.status, 202);
    link.area = Area::Files;
    let opened = until_opened(&mut link, &[]).await;
    assert_eq!(opened.status, 207);
    assert!(opened.text().contains("photos"));
    let inside = link.ask(Method::Propfind, &["photos"], &[("depth", "1")], Body::of("")).await;
    assert!(inside.status == 207 && !inside.text().contains("photos/2026"));
    assert_ne!(etag(&mut link, &[]).await, before);
    link.area = Area::Guard;
    assert_eq!(link.ask(Method::Delete, &[], &[], Body::of("")).await.code(), "nothing-missing");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_deleted_here_closes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    // What is there at the first pass is no news.
    silence(&mut link).await;
    fs::create_dir(worker.file("photos")).unwrap();
    for number in 0..300 {
        fs::write(worker.file(&format!("photos/{number}.jpg")), "x").unwrap();
    }
    hear(&mut link, "photos").await;
    silence(&mut link).await;
    assert_eq!(link.ask(Method::Delete, &["photos"], &[], Body::of("")).await.status, 204);
    link.changed.clear();
    assert_eq!(silence(&mut link).await, [] as [&str; 0]);
    assert_eq!(link.ask(Method::Propfind, &[], &[("depth", "1")], Body::of("")).await.status, 207);
    drop(link);
    worker.kill().await;
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    silence(&mut link).await;
    assert_eq!(link.ask(Method::Propfind, &[], &[("depth", "1")], Body::of("")).await.status, 207);
    worker.end().await;
}
