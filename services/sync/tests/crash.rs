//! A power cut right after the last acknowledgement: every acknowledged file must be whole.
//!
//! The disk is a file behind a loop device. When the last answer has come, the file is copied as it is, without any sync, and the copy is
//! mounted: what was only in memory is lost, as it would be. Files that were written without a sync beside the worker are the control: the
//! test must see that they are gone. It takes root.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the test makes and mounts disks")]

mod disk;
mod harness;

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use disk::{Disk, run, text};
use futures_util::future::join_all;
use harness::{Running, pattern};

const WRITERS: u64 = 8;
const WRITING: Duration = Duration::from_secs(4);
/// Names that a writer replaces in turns, beside the new ones it makes.
const REPLACED: u64 = 5;
/// Large enough that btrfs never commits by itself for lack of room.
const DISK_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Files written without a sync. Some may reach the disk by themselves; that all do means that nothing was lost and the test shows nothing.
const CONTROLS: usize = 200;

/// What one writer had acknowledged, by name.
async fn write(worker: &Running, writer: u64) -> BTreeMap<String, Vec<u8>> {
    let mut link = worker.link().await;
    let mut acknowledged = BTreeMap::new();
    let (begin, mut turn) = (Instant::now(), 0);
    while begin.elapsed() < WRITING {
        let name = if turn % 2 == 0 { format!("w{writer}-new-{turn}") } else { format!("w{writer}-replaced-{}", turn % (2 * REPLACED)) };
        let length = if turn % 32 == 31 { 300_000 } else { 4096 };
        let bytes = pattern(length, writer * 1_000_003 + turn);
        let reply = link.put(&[&name], &[], bytes.clone()).await;
        assert!(matches!(reply.status, 201 | 204), "{}", reply.status);
        acknowledged.insert(name, bytes);
        turn += 1;
    }
    acknowledged
}

async fn survives(make: &str, options: &str) {
    let home = tempfile::tempdir().unwrap();
    let disk = Disk::make(home.path(), make, DISK_BYTES, options);
    let worker = Running::start(&disk.at).await;
    let writers: Vec<_> = (0..WRITERS).map(|writer| write(&worker, writer)).collect();
    let mut acknowledged = BTreeMap::new();
    for one in join_all(writers).await {
        acknowledged.extend(one);
    }
    for index in 0..CONTROLS {
        fs::write(worker.file(&format!("control-{index}")), pattern(4096, index as u64)).unwrap();
    }
    let copy = home.path().join("copy");
    run("cp", &["--sparse=always", text(&home.path().join("disk")), text(&copy)]);
    worker.kill().await;
    drop(disk);

    let after = Disk::mount(&copy, home.path().join("after"), options);
    let files = after.at.join("space/files");
    let whole = |name: &str, bytes: &[u8]| fs::read(files.join(name)).is_ok_and(|found| found == bytes);
    let lost: Vec<_> = acknowledged.iter().filter(|(name, bytes)| !whole(name, bytes)).map(|(name, _)| name).collect();
    let kept = (0..CONTROLS).filter(|index| whole(&format!("control-{index}"), &pattern(4096, *index as u64))).count();
    println!("{make}: {} acknowledged files, {} lost; {kept} of {CONTROLS} files without a sync kept", acknowledged.len(), lost.len());
    assert!(acknowledged.len() > 50, "hardly anything was written");
    assert!(lost.is_empty(), "{make}: lost {lost:?}");
    assert!(kept < CONTROLS, "{make}: nothing at all was lost, so this shows nothing");
    let worker = Running::start(&after.at).await;
    let name = acknowledged.keys().next().unwrap();
    assert_eq!(worker.link().await.get(&[name], &[]).await.body, acknowledged[name], "and the space opens again");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ext4_keeps_what_was_acknowledged() {
    survives("mkfs.ext4", "commit=300").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn btrfs_keeps_what_was_acknowledged() {
    survives("mkfs.btrfs", "commit=300").await;
}
