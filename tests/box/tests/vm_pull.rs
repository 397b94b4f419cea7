//! A disk is pulled out of a running box while people write to it, and another one is put in its place: nobody sees an error, and every file that was
//! acknowledged is there, also without the disk that stayed.
#![cfg(test)]

use std::{
    fs::File,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use croft_box_tests::Machine;
use reqwest::Method;
use serde_json::Value;

/// Room of the disks in the bays: more than the data partition of the image's own has.
const BAY: u64 = 8 * 1024 * 1024 * 1024;
const LENGTH: usize = 64 * 1024;
/// Time for a change of the pool in the emulator.
const CHANGE: Duration = Duration::from_secs(900);

fn content(number: usize) -> Vec<u8> {
    let mut state = number as u64 + 1;
    let byte = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()[4]
    });
    byte.take(LENGTH).collect()
}

/// Writes file after file until `enough`, and notes which were acknowledged; the longest that anybody had to wait.
async fn write(machine: &Machine, password: &str, acknowledged: &Mutex<Vec<usize>>, enough: &AtomicBool) -> Duration {
    let ana = machine.visitor().await;
    let (mut number, mut longest) = (0, Duration::ZERO);
    while !enough.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let path = format!("/dav/files/ana/kept-{number}");
        let put = ana.bare(Method::PUT, &path).basic_auth("ana", Some(password)).body(content(number));
        let status = put.send().await.expect("an answer").status();
        assert!(status.is_success(), "{path}: {status}");
        acknowledged.lock().unwrap().push(number);
        longest = longest.max(begun.elapsed());
        number += 1;
    }
    longest
}

/// What the command line says on the box itself.
fn croft(machine: &Machine, words: &str) -> Value {
    let said = tokio::task::block_in_place(|| machine.shell(&format!("croft --json {words}")));
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("croft {words}: {error}: {said}"))
}

/// The disk with this serial number, once it is seen.
async fn disk(machine: &Machine, serial: &str) -> Value {
    let begun = Instant::now();
    loop {
        let disks = croft(machine, "disk list");
        if let Some(disk) = disks.as_array().and_then(|disks| disks.iter().find(|disk| disk["serial"] == serial)) {
            return disk.clone();
        }
        assert!(begun.elapsed() < CHANGE, "no disk {serial}: {disks}");
        tokio::time::sleep(Duration::from_secs(1)).await; // waits: for the emulated machine, by polling
    }
}

/// Waits until the pool is so, and nothing is done to it.
async fn until(machine: &Machine, state: &str) -> Value {
    let begun = Instant::now();
    loop {
        let pool = croft(machine, "pool status");
        if pool["state"] == state && pool.get("work").is_none() {
            return pool;
        }
        assert!(begun.elapsed() < CHANGE, "not {state}: {pool}");
        tokio::time::sleep(Duration::from_secs(2)).await; // waits: for the emulated machine, by polling
    }
}

async fn all_are_there(machine: &Machine, password: &str, acknowledged: &[usize]) {
    let ana = machine.visitor().await;
    for number in acknowledged {
        let get = ana.bare(Method::GET, &format!("/dav/files/ana/kept-{number}")).basic_auth("ana", Some(password));
        let found = get.send().await.expect("an answer").bytes().await.expect("a body");
        assert!(found[..] == content(*number)[..], "kept-{number} is not as it was acknowledged");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_is_pulled_out_while_people_write_and_nothing_is_lost() {
    let mut machine = Machine::new(&["--probe", "--bay", "second.raw"]);
    for name in ["second.raw", "third.raw"] {
        File::create(machine.path(name)).and_then(|file| file.set_len(BAY)).expect("a disk");
    }
    machine.boot();
    let password = machine.claim().await.app_password("writer").await;
    let second = disk(&machine, "secondraw").await;
    croft(&machine, &format!("pool grow {} --no-wait", second["id"].as_str().unwrap()));
    until(&machine, "protected").await;

    let (acknowledged, enough) = (Arc::new(Mutex::new(Vec::new())), AtomicBool::new(false));
    let count = || acknowledged.lock().unwrap().len();
    let changing = async {
        let more = async |than: usize| {
            while count() < than {
                tokio::time::sleep(Duration::from_millis(100)).await; // waits: for files to be written
            }
        };
        more(20).await;
        machine.pull_disk("second.raw");
        let pulled = count();
        let pool = until(&machine, "disk-missing").await;
        assert_eq!(pool["members"][1]["state"], "missing", "{pool}");
        more(pulled + 40).await;
        // A plug that comes and goes is not told; this one stays away.
        let begun = Instant::now();
        while !croft(&machine, "health").to_string().contains("pool-disk-missing") {
            assert!(begun.elapsed() < CHANGE, "nobody is told");
            tokio::time::sleep(Duration::from_secs(2)).await; // waits: for the emulated machine, by polling
        }
        machine.insert_disk("third.raw");
        let third = disk(&machine, "thirdraw").await;
        croft(&machine, &format!("pool replace 2 {} --no-wait", third["id"].as_str().unwrap()));
        let pool = until(&machine, "protected").await;
        assert_eq!(pool["members"][1]["disk"], third["id"], "{pool}");
        assert_eq!(pool["last"]["how"]["is"], "done", "{pool}");
        more(pulled + 60).await;
        enough.store(true, Ordering::Relaxed);
    };
    let (longest, ()) = tokio::join!(write(&machine, &password, &acknowledged, &enough), changing);
    let acknowledged = acknowledged.lock().unwrap().clone();
    println!("{} files, none refused, none had to wait longer than {} ms", acknowledged.len(), longest.as_millis());
    all_are_there(&machine, &password, &acknowledged).await;

    // And after a start with what is there now.
    machine.pull_the_plug();
    machine.rebuild(&["--probe", "--bay", "third.raw"]);
    machine.boot();
    until(&machine, "protected").await;
    all_are_there(&machine, &password, &acknowledged).await;
    tokio::task::spawn_blocking(move || machine.shut_down()).await.expect("shut down");
}
