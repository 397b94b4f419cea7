//! In a large space what others change is told within seconds, long before a pass over all files comes around, and the guard judges all the same.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "others are other processes")]

mod harness;

use std::{
    env, fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use croft_api::bulk::{Frame, Method};
use harness::{Body, Gateway, Running};

/// More than a whole pass takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a change may take to be told while other tests run. On a quiet machine it is a second; a pass that came around meanwhile is seen by itself.
const LOADED: Duration = Duration::from_secs(30);
/// For so long nothing is told.
const SOON: Duration = Duration::from_secs(5);
/// Folders and files in each: more entries than a pass comes around to in seconds.
const FOLDERS: usize = 300;
const FILES: usize = 20;

/// A worker on a space with many files, which listens by now.
async fn large(folder: &Path) -> (Running, Gateway) {
    for number in 0..FOLDERS {
        let below = folder.join(format!("space/files/{}/b/c/{number}", number % 10));
        fs::create_dir_all(&below).unwrap();
        (0..FILES).for_each(|file| fs::write(below.join(file.to_string()), "x").unwrap());
    }
    // The first life learns how much there is.
    for life in 0.. {
        let worker = Running::start(folder).await;
        let mut link = worker.link().await;
        fs::write(worker.file("probe"), life.to_string()).unwrap();
        assert!(heard(&mut link, "", PATIENCE).await);
        if life == 1 {
            link.changed.clear();
            return (worker, link);
        }
        worker.end().await;
    }
    unreachable!("there are two lives");
}

/// Whether within `time` is told that `folder` changed.
async fn heard(link: &mut Gateway, folder: &str, time: Duration) -> bool {
    let until = tokio::time::Instant::now() + time;
    loop {
        if link.changed.iter().any(|changed| changed == folder) {
            link.changed.retain(|changed| changed != folder);
            return true;
        }
        let Ok(Some(frames)) = tokio::time::timeout_at(until, link.receive()).await else { return false };
        link.changed.extend(frames.into_iter().filter_map(|(_, frame, _)| match frame {
            Frame::Changed { folder, .. } => Some(folder),
            _ => None,
        }));
    }
}

async fn list(link: &mut Gateway, path: &[&str]) -> (u16, String) {
    let reply = link.ask(Method::Propfind, path, &[("depth", "1")], Body::of("")).await;
    (reply.status, reply.text().to_owned())
}

fn etag(listing: &str) -> &str {
    listing.split("<d:getetag>").nth(1).unwrap().split("</d:getetag>").next().unwrap()
}

fn shell(at: &Path, script: &str) {
    assert!(Command::new("sh").arg("-ec").arg(script).current_dir(at).status().unwrap().success(), "{script}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_changes_deep_in_a_large_space_is_told_within_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let (worker, mut link) = large(folder.path()).await;
    let deep = ["7", "b", "c", "17"];
    // By a name past the space, whose change nobody is told of: only a pass finds it.
    fs::hard_link(worker.file("3/b/c/13/5"), folder.path().join("outside")).unwrap();
    shell(folder.path(), "echo unheard > outside");
    for script in ["echo new > new", "echo more >> 5", "mv 6 six", "touch -d '1 hour ago' 7", "mkdir -p p/q && echo 1 > p/q/r"] {
        let (before, root) = (list(&mut link, &deep).await.1, list(&mut link, &[]).await.1);
        assert!(!link.changed.iter().any(|changed| changed == "3/b/c/13"), "a pass came around before {script}");
        link.changed.clear();
        shell(&worker.file(&deep.join("/")), script);
        assert!(heard(&mut link, &deep.join("/"), LOADED).await, "{script}");
        assert_ne!(etag(&list(&mut link, &deep).await.1), etag(&before), "{script}");
        assert_ne!(etag(&list(&mut link, &[]).await.1), etag(&root), "{script}");
    }
    assert!(!heard(&mut link, "3/b/c/13", SOON).await, "no pass came around meanwhile");
    // What is missing brings one about, which finds that first.
    shell(&worker.file(&deep.join("/")), "rm 8");
    assert!(heard(&mut link, "3/b/c/13", PATIENCE).await);
    assert!(heard(&mut link, &deep.join("/"), PATIENCE).await);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_great_part_that_vanishes_from_a_large_space_is_asked_about_before_anything_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (worker, mut link) = large(folder.path()).await;
    let before = list(&mut link, &[]).await.1;
    shell(&worker.file(""), "echo new > 9/b/c/9/new; mkdir ../../aside; mv 0 1 2 3 ../../aside; echo new > 9/b/c/19/new");
    let until = Instant::now() + PATIENCE;
    let refused = loop {
        let (status, text) = list(&mut link, &[]).await;
        if status == 503 {
            break text;
        }
        assert!(Instant::now() < until, "nobody asked");
        assert_eq!(etag(&text), etag(&before), "a client that asks in between sees nothing new");
    };
    assert!(refused.contains("much-is-missing"), "{refused}");
    assert!(!heard(&mut link, "9/b/c/9", SOON).await && link.changed.is_empty(), "{:?}", link.changed);

    shell(&worker.file(""), "mv ../../aside/* .");
    assert!(heard(&mut link, "", PATIENCE).await, "it is back");
    let (status, after) = list(&mut link, &[]).await;
    assert_eq!(status, 207);
    assert_ne!(etag(&after), etag(&before), "what came beside it is told now");
    shell(&worker.file("9/b/c/9"), "echo newer > newer");
    assert!(heard(&mut link, "9/b/c/9", LOADED).await, "hints count again");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_may_not_be_opened_stops_nothing_and_is_heard_of_again_when_it_may() {
    const ALONE: &str = "CROFT_TEST_WITHOUT_RIGHTS";
    let folder = tempfile::tempdir().unwrap();
    if folder.path().metadata().unwrap().uid() == 0 && env::var_os(ALONE).is_none() {
        // Root may open everything, until it starts a program without its rights.
        let mut again = Command::new("setpriv");
        again.args(["--bounding-set=-all", "--inh-caps=-all"]).arg(env::current_exe().unwrap()).env(ALONE, "1");
        let name = "a_folder_that_may_not_be_opened_stops_nothing_and_is_heard_of_again_when_it_may";
        let output = again.args(["--exact", name]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let (worker, mut link) = large(folder.path()).await;
    let mode = |mode| fs::set_permissions(worker.file("4/b/c/14"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0);
    assert!(fs::read_dir(worker.file("4/b/c/14")).is_err());
    shell(&worker.file("7/b/c/17"), "echo new > new");
    assert!(heard(&mut link, "7/b/c/17", LOADED).await);
    // A pass comes by, and leaves it.
    shell(&worker.file("7/b/c/17"), "rm new");
    assert!(heard(&mut link, "7/b/c/17", PATIENCE).await);
    shell(&worker.file("7/b/c/17"), "echo new > new");
    assert!(heard(&mut link, "7/b/c/17", LOADED).await);
    mode(0o700);
    for name in ["new", "newer"] {
        shell(&worker.file("4/b/c/14"), &format!("echo new > {name}"));
        assert!(heard(&mut link, "4/b/c/14", LOADED).await, "{name}");
    }
    worker.end().await;
}
