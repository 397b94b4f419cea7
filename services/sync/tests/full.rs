//! Disks that refuse. A full one, before an upload and in the middle of one: a sentence says so, what was there stays, and so does the reserve;
//! before, the trash makes room.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the test makes and mounts disks")]

mod disk;
mod harness;

use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use croft_api::bulk::{Area, Head, Method};
use croft_files::{Dir, Link};
use disk::Disk;
use harness::{Body, Running, pattern, person};

const MIB: usize = 1024 * 1024;
const DISK: usize = 224 * MIB;
/// The reserve of 64 MiB, without what a file system takes for itself meanwhile.
const LEAST_MIB: u64 = 60;

/// Writes to `path` until nothing more goes.
fn fill(path: &Path) {
    let (mut file, zeros) = (File::create(path).unwrap(), vec![0; MIB]);
    while file.write_all(&zeros).and_then(|()| file.sync_data()).is_ok() {}
}

async fn refuses(make: &str) {
    let home = tempfile::tempdir().unwrap();
    let disk = Disk::make(home.path(), make, DISK as u64, "commit=300");
    let worker = Running::start(&disk.at).await;
    let mut link = worker.link().await;
    let old = pattern(MIB, 1);
    assert_eq!(link.put(&["photo"], &[], old.clone()).await.status, 201);

    // Longer than the disk, and nobody knows before.
    let (watched, over) = (Dir::new(File::open(&disk.at).unwrap().into()).unwrap(), Arc::new(AtomicBool::new(false)));
    let ended = over.clone();
    let watching = std::thread::spawn(move || {
        let mut least = u64::MAX;
        while !ended.load(Ordering::Relaxed) {
            // waits: between two looks, so that the upload has the processor
            std::thread::sleep(Duration::from_millis(2));
            least = least.min(watched.room().unwrap().available);
        }
        least / MIB as u64
    });
    let endless = link.ask(Method::Put, &["photo"], &[], Body::chunked(pattern(DISK, 2))).await;
    over.store(true, Ordering::Relaxed);
    assert_eq!((endless.status, endless.code().as_str()), (507, "disk-full"), "{make}");
    let least = watching.join().unwrap();
    assert!(least >= LEAST_MIB, "{make}: only {least} MiB were left");
    link.capability = worker.capability(person(1));
    // The last room goes while an upload is under way that was let in.
    let body = Body::of(pattern(32 * MIB, 3));
    let stream = link.open(Method::Put, &["photo"], &[], body.length).await;
    fill(&disk.at.join("other"));
    let late = link.finish(stream, body).await.expect("an answer");
    assert_eq!((late.status, late.code().as_str()), (507, "disk-full"), "{make}");
    // Nothing is let in any more.
    assert_eq!(link.put(&["new"], &[], pattern(MIB, 4)).await.code(), "disk-full", "{make}");
    assert_eq!(link.get(&["new"], &[]).await.status, 404);
    assert!(link.get(&["photo"], &[]).await.body == old, "{make}: the old version is whole");

    std::fs::remove_file(disk.at.join("other")).unwrap();
    link.capability = worker.capability(person(1));
    let new = pattern(MIB, 5);
    assert_eq!(link.put(&["photo"], &[], new.clone()).await.status, 204, "{make}: there is room again");
    assert!(link.get(&["photo"], &[]).await.body == new);
    worker.end().await;
    assert!(std::fs::read_dir(disk.at.join("space/.croft/uploads")).unwrap().next().is_none(), "{make}: nothing is left over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_ext4_refuses() {
    refuses("mkfs.ext4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_btrfs_refuses() {
    refuses("mkfs.btrfs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_is_refused_leaves_nothing_in_the_trash() {
    let home = tempfile::tempdir().unwrap();
    let worker = Running::start(home.path()).await;
    std::fs::create_dir(worker.file("mounted")).unwrap();
    // No system call moves the place where something is mounted.
    let disk = Disk::make(home.path(), "mkfs.ext4", DISK as u64, "commit=300");
    let mounted = Disk::mount(&home.path().join("disk"), worker.file("mounted"), "commit=300");
    assert_eq!(worker.link().await.ask(Method::Delete, &["mounted"], &[], Body::of("")).await.status, 500);
    assert!(worker.own("trash").is_empty());
    drop((mounted, disk));
    worker.end().await;
}

async fn makes_room(make: &str) {
    let home = tempfile::tempdir().unwrap();
    let disk = Disk::make(home.path(), make, DISK as u64, "commit=300");
    let worker = Running::start(&disk.at).await;
    let mut link = worker.link().await;
    // So large that they go into the room two by two.
    let mut items = Vec::new();
    for seed in 0..2 {
        assert_eq!(link.put(&["film"], &[], pattern(40 * MIB, seed)).await.status, 201, "{make}");
        let deleted = link.ask(Method::Delete, &["film"], &[], Body::of("")).await;
        items.push(deleted.header("croft-trash").to_owned());
    }
    link.put(&["keep"], &[], "kept").await;
    link.capability = worker.capability(person(1));
    let before = worker.own("trash").len();
    assert_ne!(before, 0);
    // More than would ever fit empties nothing.
    let stream = link.open(Method::Put, &["huge"], &[], Some(1 << 40)).await;
    assert_eq!(link.finish(stream, Body::of("")).await.unwrap().code(), "disk-full");
    assert_eq!(worker.own("trash").len(), before, "{make}");
    // What is needed is taken from the trash, and no more is refused than before.
    assert_eq!(link.put(&["new"], &[], pattern(70 * MIB, 7)).await.status, 201, "{make}: the trash makes room");
    assert_eq!(link.get(&["keep"], &[]).await.text(), "kept");
    link.area = Area::Trash;
    assert_eq!(link.get(&[&items[0]], &[]).await.status, 404, "{make}: the oldest went");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_makes_room_on_ext4() {
    makes_room("mkfs.ext4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_makes_room_on_btrfs() {
    makes_room("mkfs.btrfs").await;
}

/// What goes to another space on the same disk takes no room there.
#[tokio::test(flavor = "multi_thread")]
async fn between_spaces_btrfs_shares_blocks() {
    let home = tempfile::tempdir().unwrap();
    let disk = Disk::make(home.path(), "mkfs.btrfs", DISK as u64, "commit=300");
    let mut workers = Vec::new();
    for name in ["one", "other"] {
        let folder = disk.at.join(name);
        disk::run("btrfs", &["subvolume", "create", disk::text(&folder)]);
        workers.push(Running::start(&folder).await);
    }
    let (mut source, mut target) = (workers[0].link().await, workers[1].link().await);
    let film = pattern(12 * MIB, 9);
    assert_eq!(source.put(&["film"], &[], film.clone()).await.status, 201);
    let watched = Dir::new(File::open(&disk.at).unwrap().into()).unwrap();
    let available = || {
        watched.sync_whole().unwrap();
        watched.room().unwrap().available / MIB as u64
    };
    let before = available();
    let (one, two) = Link::pair().unwrap();
    (source.handed, target.handed) = (Some(one.into()), Some(two.into()));
    let sent = source.across(Method::Copy, &["film"], &[]).await;
    source.judged(sent, Head::CONTINUE).await.unwrap();
    let received = target.across(Method::Put, &["film"], &[]).await;
    assert_eq!(target.finish(received, Body::of("")).await.unwrap().status, 201);
    assert!(target.get(&["film"], &[]).await.body == film);
    assert!(before - available() < 3, "{before} MiB were free, and now {}", available());
    for worker in workers {
        worker.end().await;
    }
}
