//! A disk that is full in the middle of an upload by a stock client. It takes root, which alone can mount a small disk.
#![cfg(test)]

#[path = "../../../services/sync/tests/disk/mod.rs"]
mod disk;

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, Computer, SyncClient, TestBox, tree};
use disk::Disk;

const MIB: usize = 1024 * 1024;
/// The system's own reserve of 64 MiB and what databases take leave some 400.
const DISK: usize = 640 * MIB;
/// Time within which a client is content again: what failed once rests for half a minute and longer.
const SOON: Duration = Duration::from_secs(180);

/// Writes to `path` until no more than `left` is free.
fn fill(disk: &Path, path: &Path, left: usize) {
    let (mut file, zeros) = (File::create(path).expect("made"), vec![0; MIB]);
    while nix::sys::statvfs::statvfs(disk).is_ok_and(|room| room.blocks_available() * room.fragment_size() > left as u64) {
        file.write_all(&zeros).and_then(|()| file.sync_data()).expect("written");
    }
}

fn goes_on(make: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::make(folder.path(), make, DISK as u64, "commit=300");
    let test_box = TestBox::start_in(&disk.at, Claimed::ByAna);
    let password = test_box.croft(&["token", "new", "ana", "--name", "computers"]).expect("an app password").trim().to_owned();
    let on_box = || tree(&test_box.path("spaces/s1/files"));
    for client in SyncClient::all() {
        let [desk, sofa] = [(); 2].map(|()| Computer::with(client, &test_box, &password));
        let (film, note) = (format!("{client:?}.bin"), format!("{client:?}.txt"));
        desk.write(&note, b"before");
        desk.sync();
        // 25 MiB go in before the reserve is touched, and the film has more: in chunks with the one client, as a whole with the other.
        fill(&disk.at, &disk.at.join("filler"), 64 * MIB + 25 * MIB);
        let content: Vec<u8> = (0..=250_u8).cycle().take(70 * MIB).collect();
        desk.write(&film, &content);
        let (content_with_it, said) = desk.try_sync();
        assert!(!content_with_it, "{make} {client:?}: {said}");
        assert!(
            !on_box().contains_key(&film) && desk.tree()[&film].as_deref() == Some(&content[..]),
            "{make} {client:?}: no part of it is seen"
        );
        assert_eq!(on_box()[&note].as_deref(), Some(&b"before"[..]), "{make} {client:?}");

        fs::remove_file(disk.at.join("filler")).expect("removed");
        let begun = Instant::now();
        while !desk.try_sync().0 {
            assert!(begun.elapsed() < SOON, "{make} {client:?}: {}", desk.try_sync().1);
            std::thread::sleep(Duration::from_secs(1)); // waits: for the client's own pause
        }
        sofa.sync();
        assert!(desk.tree() == on_box() && sofa.tree() == on_box(), "{make} {client:?}: {:?} {:?}", desk.tree().keys(), on_box().keys());
        println!("{make} {client:?}: equal {:?} after there was room again", begun.elapsed());
        fs::remove_file(desk.path(&film)).expect("removed");
        desk.sync();
        // What lies in the trash would make room for the next.
        for deleted in fs::read_dir(test_box.path("spaces/s1/.croft/trash")).expect("a folder") {
            fs::remove_dir_all(deleted.expect("an entry").path()).expect("removed");
        }
    }
}

#[test]
fn a_stock_client_goes_on_when_a_full_ext4_has_room_again() {
    goes_on("mkfs.ext4");
}

#[test]
fn a_stock_client_goes_on_when_a_full_btrfs_has_room_again() {
    goes_on("mkfs.btrfs");
}
