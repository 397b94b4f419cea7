//! The image in an emulator with a pool of two disks: it starts without the second one, with all files, and with both again.
#![cfg(test)]

use std::fs::File;

use croft_box_tests::Machine;
use reqwest::{Method, StatusCode};

/// Where the pool is mounted.
const POOL: &str = "/var/lib/croft";
/// Room of the second disk: as much as the data partition of the first.
const SECOND: u64 = 8 * 1024 * 1024 * 1024;
const CONTENT: &[u8] = b"kept twice";

async fn file_is_there(machine: &Machine, password: &str) {
    let ana = machine.visitor().await;
    let answer = ana.bare(Method::GET, "/dav/files/ana/kept.txt").basic_auth("ana", Some(password)).send().await.expect("an answer");
    assert_eq!((answer.status(), &answer.bytes().await.expect("a body")[..]), (StatusCode::OK, CONTENT));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_starts_without_one_of_two_disks() {
    let (alone, both) = (["--probe"], ["--probe", "--other-disk", "second.raw"]);
    let mut machine = Machine::new(&both);
    File::create(machine.home.path().join("second.raw")).and_then(|file| file.set_len(SECOND)).expect("a disk");
    machine.boot();
    let password = machine.claim().await.app_password("writer").await;
    let second = "/dev/disk/by-id/*secondraw*";
    let _ = machine.shell(&format!(
        "btrfs device add -f {second} {POOL} && btrfs balance start -f -dconvert=raid1 -mconvert=raid1 -sconvert=raid1 {POOL}"
    ));
    let ana = machine.visitor().await;
    let put = ana.bare(Method::PUT, "/dav/files/ana/kept.txt").basic_auth("ana", Some(&password)).body(CONTENT);
    assert_eq!(put.send().await.expect("an answer").status(), StatusCode::CREATED);
    machine.pull_the_plug();
    machine.boot();
    file_is_there(&machine, &password).await;
    assert!(!machine.whole_console().contains("a disk of the pool is missing"), "{}", machine.whole_console());

    machine.pull_the_plug();
    machine.rebuild(&alone);
    machine.boot();
    machine.wait_for_console("a disk of the pool is missing; starting without it");
    file_is_there(&machine, &password).await;
    let ana = machine.visitor().await;
    let put = ana.bare(Method::PUT, "/dav/files/ana/later.txt").basic_auth("ana", Some(&password)).body(CONTENT);
    assert_eq!(put.send().await.expect("an answer").status(), StatusCode::CREATED);

    machine.pull_the_plug();
    machine.rebuild(&both);
    machine.boot();
    file_is_there(&machine, &password).await;
    // What the second disk has missed is found and mended; a block that is wrong in both copies ends this with an error.
    let _ = machine.shell(&format!("sync && btrfs scrub start -B {POOL}"));
    tokio::task::spawn_blocking(move || machine.shut_down()).await.expect("shut down");
}
