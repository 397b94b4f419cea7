//! Uploads and downloads that break off: nothing of them is seen, and nothing of them stays.
#![cfg(test)]

mod harness;

use std::{fs, io::Write, os::fd::OwnedFd, path::Path, time::Duration};

use croft_api::bulk::{AbortReason, Commit, Frame, Method, limits};
use croft_files::Link;
use harness::{Body, Gateway, Running, blocking, pattern};

/// Opens a PUT of unknown length, writes half of it into the pipe and leaves everything else to the test.
async fn half(link: &mut Gateway, name: &str) -> (u32, OwnedFd) {
    let stream = link.open(Method::Put, &[name], &[], None).await;
    loop {
        for (on, frame, end) in link.receive().await.unwrap() {
            if on == stream && frame == Frame::Pipe {
                let end = end.unwrap();
                let copy = end.try_clone().unwrap();
                tokio::task::spawn_blocking(move || blocking(copy).write_all(&pattern(150_000, 1)).unwrap()).await.unwrap();
                return (stream, end);
            }
        }
    }
}

/// Descriptors of this process: both ends of everything are in it.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Waits until nothing of a broken request is held any more.
#[track_caller]
fn settled(before: usize) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        for _ in 0..500 {
            if descriptors() <= before {
                return;
            }
            // waits: for descriptors of tasks that nobody can ask whether they have ended
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let open: Vec<_> = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.unwrap().path()).ok()).collect();
        panic!("{} descriptors are open, {before} were at {caller}: {open:?}", open.len());
    }
}

fn nothing_there(worker: &Running) {
    assert_eq!(fs::read_dir(worker.file("")).unwrap().count(), 0, "a name is visible");
    assert_eq!(worker.own("uploads"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_upload_is_never_visible() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let before = descriptors();

    let (stream, end) = half(&mut link, "aborted").await;
    link.send(stream, vec![Frame::Abort(AbortReason::Gone)]).await;
    drop(end);
    settled(before).await;
    nothing_there(&worker);

    let (stream, end) = half(&mut link, "aborted-open").await;
    link.send(stream, vec![Frame::Abort(AbortReason::Gone)]).await;
    settled(before + 1).await;
    drop(end);
    nothing_there(&worker);

    // The end of the pipe alone means nothing.
    let (stream, end) = half(&mut link, "ended").await;
    drop(end);
    link.send(stream, vec![Frame::Abort(AbortReason::Gone)]).await;
    settled(before).await;
    nothing_there(&worker);

    let inline = link.open(Method::Put, &["inline"], &[], Some(5)).await;
    link.send(inline, vec![Frame::Data("12345".into())]).await;
    link.send(inline, vec![Frame::Abort(AbortReason::Gone)]).await;
    let (_, end) = half(&mut link, "link-lost").await;
    drop((link, end));
    settled(before - 1).await;
    nothing_there(&worker);

    let mut link = worker.link().await;
    let (stream, end) = half(&mut link, "whole").await;
    drop(end);
    link.send(stream, vec![Frame::Commit(Commit { count: 150_000, digests: Vec::new() })]).await;
    assert_eq!(link.finish(stream, Body::of("")).await.unwrap().status, 201, "the same with COMMIT");
    assert!(fs::read(worker.file("whole")).unwrap() == pattern(150_000, 1));
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_leaves_frees_everything() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    fs::write(worker.file("a"), pattern(10_000_000, 1)).unwrap();
    let mut link = worker.link().await;
    let before = descriptors();
    for abort in [true, false] {
        let stream = link.open(Method::Get, &["a"], &[], Some(0)).await;
        let end = link.receive().await.unwrap().into_iter().find_map(|(_, _, end)| end).unwrap();
        if abort {
            link.send(stream, vec![Frame::Abort(AbortReason::Gone)]).await;
        }
        drop(end);
        settled(before).await;
    }
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_waits_for_uploads_and_takes_no_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let (stream, end) = half(&mut link, "last").await;
    let path = worker.file("last");
    let ending = tokio::spawn(worker.end());
    // Its refusal says that the worker has begun to end.
    loop {
        let late = link.open(Method::Get, &["last"], &[], Some(0)).await;
        let said = link.receive().await.unwrap();
        if said.iter().any(|(on, frame, _)| *on == late && *frame == Frame::Abort(AbortReason::Stopping)) {
            break;
        }
    }
    drop(end);
    link.send(stream, vec![Frame::Commit(Commit { count: 150_000, digests: Vec::new() })]).await;
    assert_eq!(link.finish(stream, Body::of("")).await.unwrap().status, 201);
    ending.await.unwrap();
    assert_eq!(fs::metadata(path).unwrap().len(), 150_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_in_the_middle_of_a_request_changes_the_folders() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let etag = link.hello.root.clone().unwrap().etag;
    let (_, end) = half(&mut link, "never").await;
    worker.end().await;
    drop((link, end));
    // What was open lets go of the records when it sees that its gateway is gone; a process of its own would have ended with the worker.
    let begun = std::time::Instant::now();
    let worker = loop {
        match Running::start_as(folder.path(), croft_model::SpaceKind::Personal).await {
            Ok(worker) => break worker,
            Err(error) => assert!(begun.elapsed().as_secs() < 20, "{error:?}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await; // waits: for a lock that nobody tells about, by polling
    };
    assert_ne!(worker.link().await.hello.root.unwrap().etag, etag, "what was open may still have changed something");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_streams_and_links_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    for index in 0..limits::MAX_STREAMS {
        link.open(Method::Put, &[&format!("f{index}")], &[], Some(1)).await;
    }
    let late = link.open(Method::Put, &["late"], &[], Some(1)).await;
    let busy = loop {
        let frames = link.receive().await.unwrap();
        if let Some((_, frame, _)) = frames.into_iter().find(|(on, ..)| *on == late) {
            break frame;
        }
    };
    assert_eq!(busy, Frame::Abort(AbortReason::Busy));
    let mut others = Vec::new();
    for _ in 1..limits::MAX_LINKS {
        others.push(worker.link().await);
    }
    let refused = Link::connect(&folder.path().join("s")).await.unwrap();
    assert!(matches!(refused.receive(&mut [0; 64]).await, Ok(None) | Err(_)));
    drop((link, others));
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_index_or_its_loss_keeps_ids_and_file_etags() {
    let folder = tempfile::tempdir().unwrap();
    let look = async |path: &Path| {
        let worker = Running::start(path).await;
        let mut link = worker.link().await;
        let file = link.get(&["a"], &[]).await;
        let root = link.hello.root.clone().unwrap();
        worker.end().await;
        (file.header("etag").to_owned(), file.header("oc-fileid").to_owned(), root.etag)
    };
    let worker = Running::start(folder.path()).await;
    worker.link().await.put(&["a"], &[], "x").await;
    worker.end().await;
    let first = look(folder.path()).await;
    assert_eq!(look(folder.path()).await, first, "an orderly end changes nothing");

    fs::remove_file(folder.path().join("index/index.redb")).unwrap();
    let lost = look(folder.path()).await;
    assert_eq!((&lost.0, &lost.1), (&first.0, &first.1));
    assert_ne!(lost.2, first.2);

    fs::write(folder.path().join("index/index.redb"), "torn").unwrap();
    let torn = look(folder.path()).await;
    assert_eq!((&torn.0, &torn.1), (&first.0, &first.1));

    fs::copy(folder.path().join("space/files/a"), folder.path().join("space/files/copy")).unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let copy = link.get(&["copy"], &[]).await;
    assert_ne!(copy.header("oc-fileid"), first.1, "a copy is another file");
    worker.end().await;

    fs::write(folder.path().join("space/.croft/records.redb"), vec![7; 9000]).unwrap();
    let Err(error) = Running::start_as(folder.path(), croft_model::SpaceKind::Personal).await else { panic!("started on torn records") };
    assert!(error.to_string().contains("backup"), "{error}");
    // Nothing else may have changed by the try.
    assert_eq!(fs::read(folder.path().join("space/.croft/records.redb")).unwrap(), vec![7; 9000]);
}
