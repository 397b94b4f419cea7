//! A hundred kills of every role and of the supervisor: no acknowledged write is lost and nobody has to help.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, TestBox, Visitor, kill};
use nix::sys::signal::Signal;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

/// Kills, spread over the four roles in turn.
const KILLS: usize = 100;
/// Time within which the box must answer by itself after a kill.
const BACK: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Acknowledged {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    names: Mutex<BTreeMap<u64, String>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_lose_no_acknowledged_write() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Arc::new(Visitor::ana(&test_box).await);
    let password = ana.app_password("writer").await;
    let (done, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(Acknowledged::default()));
    let mut writers = Vec::new();
    for writer in 0..2 {
        writers.push(tokio::spawn(write_files(Arc::clone(&ana), password.clone(), writer, Arc::clone(&done), Arc::clone(&acknowledged))));
    }
    writers.push(tokio::spawn(rename_the_box(Arc::clone(&ana), Arc::clone(&done), Arc::clone(&acknowledged))));

    for round in 0..KILLS {
        let role = ["sync", "gateway", "identity", "supervisor"][round % 4];
        let begun = Instant::now();
        // A worker starts with the first request to it.
        let victims = loop {
            let victims: Vec<_> = test_box.processes().into_iter().filter(|process| process.role == role).collect();
            if !victims.is_empty() {
                break victims;
            }
            assert!(begun.elapsed() < BACK, "round {round}: no {role} runs: {:?}", test_box.processes());
            tokio::time::sleep(Duration::from_millis(10)).await; // waits: for a process, by polling
        };
        let before = acknowledged.files.lock().expect("not poisoned").len();
        victims.iter().for_each(|victim| kill(victim.pid, Signal::SIGKILL));
        // The next kill waits until a file has been acknowledged through the whole chain again.
        while acknowledged.files.lock().expect("not poisoned").len() <= before + 1 {
            assert!(begun.elapsed() < BACK, "round {round}: nothing was acknowledged for {BACK:?} after {role} was killed");
            tokio::time::sleep(Duration::from_millis(10)).await; // waits: for the writers, by polling
        }
    }
    done.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("a writer ends");
    }
    check_files(&ana, &password, &acknowledged).await;
    check_names(&ana, &acknowledged).await;
}

async fn write_files(ana: Arc<Visitor>, password: String, writer: usize, done: Arc<AtomicBool>, acknowledged: Arc<Acknowledged>) {
    for number in 0.. {
        if done.load(Ordering::Relaxed) {
            return;
        }
        let name = format!("writer {writer} file {number}.bin");
        let size = [100, 5_000, 200_000][number % 3];
        let content: Vec<u8> = (0..size).map(|at| u8::try_from((at * 31 + number * 7 + writer) % 251).expect("a byte")).collect();
        let path = format!("/dav/files/ana/{}", name.replace(' ', "%20"));
        let sent = ana.bare(Method::PUT, &path).basic_auth("ana", Some(&password)).body(content.clone()).send().await;
        match sent.map(|answer| answer.status()) {
            Ok(StatusCode::CREATED | StatusCode::NO_CONTENT) => {
                acknowledged.files.lock().expect("not poisoned").insert(path, content);
            }
            // Not acknowledged: nothing is promised about it.
            Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(20)).await, // waits: a client's pause before the next try
        }
    }
}

async fn rename_the_box(ana: Arc<Visitor>, done: Arc<AtomicBool>, acknowledged: Arc<Acknowledged>) {
    for number in 0.. {
        if done.load(Ordering::Relaxed) {
            return;
        }
        let name = format!("Box {number}");
        if let Some(generation) = rename(&ana, &name).await {
            acknowledged.names.lock().expect("not poisoned").insert(generation, name);
        }
        tokio::time::sleep(Duration::from_millis(30)).await; // waits: a person's pace, many times over
    }
}

/// One change with `If-Match`; the generation it made, if it was acknowledged.
async fn rename(ana: &Visitor, name: &str) -> Option<u64> {
    let read = ana.request(Method::GET, "/api/v1/settings/box").send().await.ok()?;
    let etag = read.headers().get(header::ETAG)?.clone();
    let answer = ana
        .request(Method::PATCH, "/api/v1/settings/box?why=kill%20test")
        .header(header::IF_MATCH, etag)
        .header(header::CONTENT_TYPE, "application/merge-patch+json")
        .body(json!({ "name": name }).to_string())
        .send()
        .await
        .ok()?;
    if !answer.status().is_success() {
        return None;
    }
    let etag = answer.headers().get(header::ETAG)?.to_str().ok()?.trim_matches('"').to_owned();
    etag.rsplit('-').next()?.parse().ok()
}

async fn check_files(ana: &Visitor, password: &str, acknowledged: &Acknowledged) {
    let files = acknowledged.files.lock().expect("not poisoned").clone();
    assert!(files.len() > KILLS, "only {} files were written", files.len());
    for (path, content) in files {
        let answer = ana.bare(Method::GET, &path).basic_auth("ana", Some(password)).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path} was acknowledged");
        assert!(answer.bytes().await.expect("a body") == content, "{path} has other bytes than were acknowledged");
    }
}

async fn check_names(ana: &Visitor, acknowledged: &Acknowledged) {
    let names = acknowledged.names.lock().expect("not poisoned").clone();
    assert!(names.len() > 10, "only {} changes were made", names.len());
    for (generation, name) in names {
        let commit: Value = ana.get(&format!("/api/v1/settings/history/{generation}")).await;
        assert_eq!(commit["changes"]["box"]["patch"]["name"], json!(name), "generation {generation} was acknowledged");
    }
}
