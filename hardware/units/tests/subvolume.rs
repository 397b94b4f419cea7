//! Subvolumes on a real btrfs, which takes root to mount.
#![cfg(test)]

use std::{fs, os::unix::fs::MetadataExt, path::Path, process::Command};

use croft_units::Home;

/// A mounted btrfs on a file. Dropped, it is unmounted, also when the test fails.
struct Disk<'a>(&'a Path);

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().expect(program);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The root of every subvolume has this number (btrfs(5), `BTRFS_FIRST_FREE_OBJECTID`).
const ROOT_OF_A_SUBVOLUME: u64 = 256;

#[test]
fn a_space_is_a_subvolume_on_btrfs_and_a_folder_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let (image, at) = (folder.path().join("disk"), folder.path().join("mounted"));
    fs::File::create(&image).and_then(|file| file.set_len(256 << 20)).expect("made");
    fs::create_dir(&at).expect("made");
    run("mkfs.btrfs", &["-q", image.to_str().expect("text")]);
    run("mount", &["-o", "loop", image.to_str().expect("text"), at.to_str().expect("text")]);
    let _disk = Disk(&at);
    {
        let home = Home::open(&at).expect("a home");
        home.directory("spaces/s1/files", 0o700, None).expect("a folder of before");
        for _ in 0..2 {
            home.subvolume("spaces/s2", 0o700, Some(400_002)).expect("made, then opened");
            home.subvolume("spaces/s1", 0o700, None).expect("opened as it is");
        }
    }
    let of = |name: &str| fs::metadata(at.join("spaces").join(name)).expect("there");
    assert_eq!((of("s2").ino(), of("s2").uid(), of("s2").mode() & 0o777), (ROOT_OF_A_SUBVOLUME, 400_002, 0o700));
    assert_ne!(of("s1").dev(), of("s2").dev(), "each has a device number of its own");
    assert_ne!(of("s1").ino(), ROOT_OF_A_SUBVOLUME, "what is there stays what it is");

    let plain = tempfile::tempdir_in("/dev/shm").expect("a folder on tmpfs");
    Home::open(plain.path()).expect("a home").subvolume("spaces/s1", 0o700, None).expect("a folder");
    assert!(plain.path().join("spaces/s1").is_dir());
}
