//! Earlier states of spaces and quotas, in a whole box on loop disks. It takes root.
#![cfg(test)]

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, TestBox, Visitor, kill};
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};

/// Time for what the box does by itself: it looks every half minute.
const BY_ITSELF: Duration = Duration::from_secs(90);
/// Time within which a killed role answers again.
const BACK: Duration = Duration::from_secs(30);
/// Kills of storage.
const KILLS: usize = 12;

/// A box on two disks, with Ana signed in and a password for her files.
struct House {
    test_box: TestBox,
    ana: Visitor,
    password: String,
    /// Files that filled the space.
    small: AtomicUsize,
}

impl House {
    async fn new() -> Self {
        let test_box = TestBox::start_with_disks(Claimed::ByAna, "2x1G");
        let ana = Visitor::ana(&test_box).await;
        let password = ana.app_password("files").await;
        Self { test_box, ana, password, small: AtomicUsize::new(0) }
    }

    async fn file(&self, method: Method, name: &str, content: Vec<u8>) -> u16 {
        let request = self.ana.bare(method, &format!("/dav/files/ana/{name}")).basic_auth("ana", Some(&self.password)).body(content);
        request.send().await.expect("an answer").status().as_u16()
    }

    fn croft(&self, arguments: &[&str]) -> Value {
        let said = self.test_box.croft(&[arguments, &["--json"]].concat()).unwrap_or_else(|said| panic!("{arguments:?}: {said}"));
        serde_json::from_str(&said).expect("JSON")
    }

    fn snapshots(&self) -> Vec<Value> {
        self.croft(&["space", "snapshots", "list", "ana"])["snapshots"].as_array().expect("a list").clone()
    }

    fn names(&self) -> BTreeSet<String> {
        self.snapshots().iter().map(|snapshot| snapshot["name"].as_str().expect("a name").to_owned()).collect()
    }

    fn place(&self, name: &str) -> PathBuf {
        self.test_box.path(&format!("snapshots/s1/{name}"))
    }

    /// What lies in the folder of the snapshots.
    fn on_disk(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.test_box.path("snapshots/s1")).expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect()
    }

    async fn until(&self, what: &str, within: Duration, fits: impl AsyncFn() -> bool) {
        let begun = Instant::now();
        while !fits().await {
            assert!(begun.elapsed() < within, "{what} never comes");
            tokio::time::sleep(Duration::from_millis(250)).await; // waits: for what the box does by itself, by polling
        }
    }
}

/// Bytes that no compression makes smaller.
fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    aws_lc_rs::rand::fill(&mut noise).expect("randomness");
    noise
}

#[tokio::test]
async fn earlier_states_are_kept_by_the_clock_and_by_hand() {
    let house = House::new().await;
    assert_eq!(house.file(Method::PUT, "note", b"before".to_vec()).await, 201);
    house.until("the first one by the clock", BY_ITSELF, async || house.snapshots().iter().any(|one| one["why"] == "schedule")).await;

    let would = house.croft(&["space", "snapshots", "take", "ana", "--note", "the old note", "--dry-run"]);
    assert!(!house.place(would["name"].as_str().expect("a name")).exists());
    let taken = house.croft(&["space", "snapshots", "take", "ana", "--note", "the old note"]);
    let name = taken["name"].as_str().expect("a name").to_owned();
    assert_eq!(house.file(Method::PUT, "note", b"after".to_vec()).await, 204);
    // As anybody who has the disk reads it, and as Samba does.
    assert_eq!(fs::read(house.place(&name).join("files/note")).expect("kept"), b"before");
    assert!(fs::write(house.place(&name).join("files/note"), "x").is_err(), "nobody writes to it");
    let (folder, space) =
        (fs::metadata(house.test_box.path("snapshots/s1")).expect("made"), fs::metadata(house.test_box.path("spaces/s1")).expect("made"));
    assert_eq!((folder.uid(), folder.permissions().mode() & 0o7777), (space.uid(), 0o700));
    assert_ne!(folder.uid(), 0, "it belongs to the space's user");
    let above = fs::metadata(house.test_box.path("spaces")).expect("made");
    assert_eq!(
        (above.uid(), above.permissions().mode() & 0o7777),
        (0, 0o711),
        "what lies above all spaces belongs to none, and is passed through alone"
    );

    let shown = house.snapshots();
    let one = shown.iter().find(|one| one["name"] == *name).expect("listed");
    assert_eq!((&one["why"], &one["note"], &one["by"]["kind"]), (&json!("by-hand"), &json!("the old note"), &json!("console")));
    assert_eq!(house.names(), house.on_disk());
    let text = house.test_box.croft(&["space", "snapshots", "list", "s1"]).expect("a table");
    assert!(text.contains("the old note") && text.contains("by the clock"), "{text}");

    // A session alone removes nothing; the machine itself does.
    let path = format!("/api/v1/snapshots/s1/{name}");
    assert_eq!(house.ana.send(Method::DELETE, &path, &Value::Null).await.1["code"], "proof-missing");
    house.croft(&["space", "snapshots", "remove", "ana", &name, "--dry-run"]);
    assert!(house.place(&name).exists());
    house.croft(&["space", "snapshots", "remove", "ana", &name]);
    assert!(!house.place(&name).exists() && !house.names().contains(&name));
    let activity = house.test_box.croft(&["activity"]).expect("lines");
    for sentence in ["console kept how", "console removed the state of"] {
        assert!(activity.contains(sentence), "{activity}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_storage_leaves_nothing_that_nobody_knows_and_loses_nothing_that_was_acknowledged() {
    let house = Arc::new(House::new().await);
    assert_eq!(house.file(Method::PUT, "note", b"before".to_vec()).await, 201);
    let done = Arc::new(AtomicBool::new(false));
    let taking = {
        let (house, done) = (Arc::clone(&house), Arc::clone(&done));
        tokio::spawn(async move {
            let (mut acknowledged, mut removed) = (BTreeSet::new(), BTreeSet::new());
            for number in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let order = json!({ "why": "by-hand", "note": format!("number {number}") });
                let (status, answer) = house.ana.send(Method::POST, "/api/v1/snapshots/s1", &order).await;
                if status == 201 {
                    acknowledged.insert((answer["name"].as_str().expect("a name").to_owned(), format!("number {number}")));
                }
                // Each third one goes again, as the machine itself may.
                if number % 3 == 2
                    && let Some((name, note)) = acknowledged.first().cloned()
                    && house.test_box.croft(&["space", "snapshots", "remove", "s1", &name]).is_ok()
                {
                    let gone = (name, note);
                    acknowledged.remove(&gone);
                    removed.insert(gone);
                }
            }
            (acknowledged, removed)
        })
    };
    for round in 0..KILLS {
        let begun = Instant::now();
        // waits: for storage to be in the middle of something, each time of something else
        tokio::time::sleep(Duration::from_millis(40 * (round as u64 % 5) + 150)).await;
        loop {
            let storage = house.test_box.processes().into_iter().find(|process| process.role == "storage" && process.is_alive());
            if let Some(storage) = storage {
                kill(storage.pid, Signal::SIGKILL);
                break;
            }
            assert!(begun.elapsed() < BACK, "round {round}: storage does not come back");
            tokio::time::sleep(Duration::from_millis(10)).await; // waits: for a process, by polling
        }
        house
            .until("storage", BACK, async || {
                house.ana.request(Method::GET, "/api/v1/snapshots/s1").send().await.is_ok_and(|answer| answer.status() == 200)
            })
            .await;
    }
    done.store(true, Ordering::Relaxed);
    let (acknowledged, removed) = taking.await.expect("it ends");
    assert!(acknowledged.len() > 3 && !removed.is_empty(), "{acknowledged:?} {removed:?}");
    let shown = house.snapshots();
    for (name, note) in &acknowledged {
        let one = shown.iter().find(|one| one["name"] == **name).unwrap_or_else(|| panic!("{name} was acknowledged"));
        assert_eq!((&one["why"], &one["note"]), (&json!("by-hand"), &json!(note)), "{name}");
        assert_eq!(fs::read(house.place(name).join("files/note")).expect("kept"), b"before");
    }
    let names = house.names();
    assert_eq!(names, house.on_disk(), "what lies there is known, and what is known lies there");
    let stays = |one: &Value| removed.iter().any(|(name, note)| one["name"] == **name && one["note"] == **note);
    assert!(!shown.iter().any(stays), "what was removed stays so: {removed:?} {shown:?}");
    assert!(shown.iter().all(|one| one["why"] != "found"), "of each it is known why it was taken: {shown:?}");
    for name in &names {
        house.croft(&["space", "snapshots", "remove", "s1", name]);
    }
    assert!(house.on_disk().is_empty());
}

#[tokio::test]
async fn a_space_is_kept_to_its_quota_and_what_was_deleted_makes_room() {
    let house = House::new().await;
    house.croft(&["space", "quota", "ana", "100MB"]);
    house.until("the quota", BY_ITSELF, async || house.croft(&["space", "usage", "ana"])[0]["quota"]["enforced"] == true).await;
    assert_eq!(house.file(Method::PUT, "one", noise(50_000_000)).await, 201);
    house.until("one by the clock", BY_ITSELF, async || !house.names().is_empty()).await;
    let (status, answer) = {
        // Refused by its length: nothing of it is waited for.
        let body = reqwest::Body::wrap_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let request = house.ana.bare(Method::PUT, "/dav/files/ana/two").basic_auth("ana", Some(&house.password));
        let request = request.header("content-length", 80_000_000).body(body);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    assert_eq!(status, 507, "{answer}");
    assert!(answer.contains("disk-full"), "{answer}");
    assert_eq!(house.file(Method::GET, "one", Vec::new()).await, 200, "what was there is still there");

    // Nothing is left, and the system still lets it be deleted.
    assert_eq!(house.file(Method::PUT, "three", noise(43_000_000)).await, 201);
    let charged = |usage: &Value| usage[0]["charged"].as_u64().unwrap_or_default();
    house.until("all counted", BY_ITSELF, async || charged(&house.croft(&["space", "usage", "ana"])) > 90_000_000).await;
    house
        .until("a full space", BY_ITSELF, async || {
            let name = format!("small {}", house.small.fetch_add(1, Ordering::Relaxed));
            house.file(Method::PUT, &name, noise(1_000_000)).await == 507
        })
        .await;
    let usage = house.croft(&["space", "usage", "ana"]);
    assert!(charged(&usage) < 105_000_000, "the quota is kept to: {usage} with {} small files", house.small.load(Ordering::Relaxed));
    assert_eq!(house.file(Method::DELETE, "small 0", Vec::new()).await, 204, "at the quota");
    let usage = house.croft(&["space", "usage", "ana"]);
    assert!(usage[0]["charged"].as_u64().is_some_and(|charged| charged > 90_000_000), "{usage}");
    for name in ["one", "three"] {
        assert_eq!(house.file(Method::DELETE, name, Vec::new()).await, 204, "{name}");
    }
    let trash = house.test_box.path("spaces/s1/.croft/trash");
    for deleted in fs::read_dir(trash).expect("a folder") {
        fs::remove_dir_all(deleted.expect("an entry").path()).expect("removed");
    }
    // What only snapshots hold is charged still; they make room by themselves.
    house
        .until("room", BY_ITSELF, async || {
            house.croft(&["space", "usage", "ana"])[0]["charged"].as_u64().is_some_and(|charged| charged < 60_000_000)
        })
        .await;
    let usage = house.croft(&["space", "usage", "ana"]);
    let small = house.small.load(Ordering::Relaxed) as u64;
    assert!(usage[0]["files"].as_u64().is_some_and(|files| files < (small + 1) * 1_000_000), "only the small ones: {usage}");
    // The worker is told of the room with the next look.
    house.until("an upload", BY_ITSELF, async || house.file(Method::PUT, "small", noise(1_000_000)).await == 201).await;
    assert_eq!(house.file(Method::PUT, "two", noise(30_000_000)).await, 201);
    house.croft(&["space", "quota", "ana", "none"]);
    house.until("no quota", BY_ITSELF, async || house.croft(&["space", "usage", "ana"])[0]["quota"].is_null()).await;
}
