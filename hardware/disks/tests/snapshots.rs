//! Snapshots and quotas on a real btrfs over a loop device, and the same of the pretended one.
#![cfg(test)]

mod loops;

use std::{
    fs::{self, File},
    io::{self, Write},
    os::{
        fd::AsRawFd,
        unix::fs::{MetadataExt, PermissionsExt, chown},
    },
    time::{Duration, Instant},
};

use croft_disks::{FakeSnapshots, LEFT, Left, LinuxSnapshots, SeenRoom, SeenSpace, Snapshots, SpaceGround};
use croft_model::{Bytes, PersonId, SnapshotName, SpaceId};
use jiff::Timestamp;
use loops::{LARGE, Loops, MIB, PATIENCE, run, said, text};
use nix::libc;

/// The user of the space.
const USER: u32 = 400_001;
/// What btrfs notes down about few files.
const LITTLE: u64 = MIB;

fn space() -> SpaceId {
    SpaceId::from_number(1)
}

fn name(second: i64) -> SnapshotName {
    SnapshotName::at(Timestamp::from_second(1_796_089_416 + second).unwrap())
}

/// A pool with the folders of a box, and one space in it.
fn pool() -> (Loops, LinuxSnapshots) {
    let loops = Loops::new(&[LARGE]);
    for folder in ["spaces", "snapshots", "times"] {
        fs::create_dir(loops.at(folder)).unwrap();
    }
    run("btrfs", &["-q", "subvolume", "create", text(&loops.at("spaces/s1"))]);
    fs::create_dir_all(loops.at("spaces/s1/files")).unwrap();
    fs::create_dir_all(loops.at("spaces/s1/.croft/versions")).unwrap();
    chown(loops.at("spaces/s1"), Some(USER), Some(USER)).unwrap();
    let snapshots = of(&loops);
    (loops, snapshots)
}

fn of(loops: &Loops) -> LinuxSnapshots {
    let folder = |name: &str| File::open(loops.at(name)).unwrap().into();
    LinuxSnapshots::new(folder("spaces"), folder("snapshots"), folder("times"))
}

/// Writes a file that no compression makes smaller.
fn write(loops: &Loops, path: &str, mib: usize) -> io::Result<()> {
    let mut file = File::create(loops.at(path))?;
    let mut noise = vec![0; usize::try_from(MIB).unwrap()];
    aws_lc_rs::rand::fill(&mut noise).unwrap();
    for _ in 0..mib {
        file.write_all(&noise)?;
    }
    file.sync_all()
}

async fn look(snapshots: &impl Snapshots) -> SeenSpace {
    snapshots.look(space()).await.unwrap().expect("btrfs")
}

fn changed(seen: &SeenSpace) -> u64 {
    match seen.ground {
        SpaceGround::Subvolume { changed } => changed,
        other => panic!("{other:?}"),
    }
}

/// Waits until what was removed takes no room.
async fn cleaned(snapshots: &LinuxSnapshots) {
    let begun = Instant::now();
    while snapshots.uncleaned().await.unwrap() > 0 {
        assert!(begun.elapsed() < PATIENCE, "the kernel does not clean");
        tokio::time::sleep(Duration::from_millis(100)).await; // waits: for the kernel's cleaner, by polling
    }
}

/// What holds of spaces that are real, and of those that are only pretended.
async fn promises(snapshots: &impl Snapshots, change: impl Fn(), settle: impl AsyncFn()) {
    let empty = look(snapshots).await;
    assert_eq!((empty.snapshots.len(), empty.charged, empty.limit), (0, None, None), "nobody counts yet");
    assert!(!snapshots.is_counting().await.unwrap());
    assert!(snapshots.count().await.unwrap() && snapshots.count().await.unwrap(), "twice is as good as once");
    change();
    settle().await;
    let before = look(snapshots).await;
    assert!(changed(&before) > changed(&empty));

    snapshots.take(space(), name(2)).await.unwrap();
    snapshots.take(space(), name(1)).await.unwrap();
    assert!(snapshots.take(space(), name(1)).await.is_err(), "a name is given once");
    settle().await;
    let kept = look(snapshots).await;
    assert_eq!(kept.snapshots.iter().map(|snapshot| snapshot.name).collect::<Vec<_>>(), [name(1), name(2)]);
    assert!(kept.snapshots.iter().all(|snapshot| snapshot.changed == changed(&kept)), "taking one is no change: {kept:?}");
    change();
    settle().await;
    let after = look(snapshots).await;
    assert!(after.snapshots.iter().all(|snapshot| snapshot.changed < changed(&after)));
    assert!(after.charged > kept.charged, "{kept:?} {after:?}");

    assert!(snapshots.is_counting().await.unwrap());
    snapshots.limit(space(), Some(Bytes(500 * MIB))).await.unwrap();
    settle().await;
    assert_eq!(look(snapshots).await.limit, Some(Bytes(500 * MIB)));
    snapshots.limit(space(), None).await.unwrap();
    settle().await;
    assert_eq!(look(snapshots).await.limit, None);

    for _ in 0..2 {
        snapshots.remove(space(), name(1)).await.unwrap();
    }
    assert_eq!(look(snapshots).await.snapshots.iter().map(|snapshot| snapshot.name).collect::<Vec<_>>(), [name(2)]);
    let measured = snapshots.measure(space()).await.unwrap().unwrap();
    assert!(measured.files.0 > 0 && measured.counted.0 >= measured.files.0, "{measured:?}");

    let nowhere = SpaceId::from_number(9);
    assert_eq!(snapshots.look(nowhere).await.unwrap().unwrap().ground, SpaceGround::Missing);
    assert!(snapshots.take(nowhere, name(1)).await.is_err());
    assert!(snapshots.measure(nowhere).await.unwrap().is_none());
    snapshots.remove(nowhere, name(1)).await.unwrap();
}

#[tokio::test]
async fn a_real_space_keeps_its_promises() {
    let (loops, snapshots) = pool();
    let change = || {
        let files = fs::read_dir(loops.at("spaces/s1/files")).unwrap().count();
        write(&loops, &format!("spaces/s1/files/{files}"), 2).unwrap();
    };
    promises(&snapshots, change, async || loops.sync()).await;
}

#[tokio::test]
async fn a_pretended_space_keeps_its_promises() {
    let snapshots = FakeSnapshots::new(&[space()]);
    let change = || {
        let _ = snapshots.write(space(), MIB);
    };
    promises(&snapshots, change, async || {}).await;
}

#[tokio::test]
async fn a_snapshot_is_the_space_as_it_was_for_its_user_alone_and_nobody_writes_to_it() {
    let (loops, snapshots) = pool();
    // Not made durable by anybody.
    fs::write(loops.at("spaces/s1/files/note"), "before").unwrap();
    snapshots.take(space(), name(0)).await.unwrap();
    fs::write(loops.at("spaces/s1/files/note"), "after").unwrap();
    let (folder, at) = (fs::metadata(loops.at("snapshots/s1")).unwrap(), format!("snapshots/s1/{}", name(0)));
    assert_eq!((folder.uid(), folder.gid(), folder.permissions().mode() & 0o7777), (USER, USER, 0o700));
    assert_eq!(fs::read(loops.at(&format!("{at}/files/note"))).unwrap(), b"before");
    assert_eq!(fs::metadata(loops.at(&at)).unwrap().uid(), USER);
    let refused = fs::write(loops.at(&format!("{at}/files/note")), "x").unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ReadOnlyFilesystem);
    assert_eq!(at, "snapshots/s1/@GMT-2026.12.01-01.43.36");

    // One that the worker had made stays the worker's, also if somebody has changed it.
    fs::set_permissions(loops.at("snapshots/s1"), fs::Permissions::from_mode(0o777)).unwrap();
    chown(loops.at("snapshots/s1"), Some(0), Some(0)).unwrap();
    snapshots.take(space(), name(1)).await.unwrap();
    let folder = fs::metadata(loops.at("snapshots/s1")).unwrap();
    assert_eq!((folder.uid(), folder.permissions().mode() & 0o7777), (USER, 0o700));
}

#[tokio::test]
async fn only_snapshots_of_this_very_space_are_seen_and_no_link_is_followed() {
    let (loops, snapshots) = pool();
    snapshots.take(space(), name(0)).await.unwrap();
    let place = |second: i64| loops.at(&format!("snapshots/s1/{}", name(second)));
    fs::create_dir(place(1)).unwrap();
    std::os::unix::fs::symlink(place(0), place(2)).unwrap();
    run("btrfs", &["-q", "subvolume", "create", text(&place(3))]);
    run("btrfs", &["-q", "subvolume", "snapshot", text(&loops.at("spaces/s1")), text(&place(4))]);
    run("btrfs", &["-q", "subvolume", "snapshot", "-r", text(&place(3)), text(&place(5))]);
    fs::write(place(6), "x").unwrap();
    fs::create_dir(loops.at("snapshots/s1/@GMT-2026.12.01-01.43.36x")).unwrap();
    assert_eq!(look(&snapshots).await.snapshots.iter().map(|snapshot| snapshot.name).collect::<Vec<_>>(), [name(0)]);
    for second in [1, 2, 6] {
        assert!(snapshots.remove(space(), name(second)).await.is_err(), "what is no subvolume is not removed");
    }
    assert!(place(0).exists() && place(1).exists());

    fs::rename(loops.at("snapshots/s1"), loops.at("elsewhere")).unwrap();
    std::os::unix::fs::symlink(loops.at("elsewhere"), loops.at("snapshots/s1")).unwrap();
    assert!(snapshots.look(space()).await.is_err() && snapshots.take(space(), name(9)).await.is_err());
    assert!(snapshots.remove(space(), name(0)).await.is_err());
}

#[tokio::test]
async fn a_plain_folder_and_another_file_system_are_told_apart() {
    let (loops, snapshots) = pool();
    fs::create_dir(loops.at("spaces/s2")).unwrap();
    let plain = SpaceId::from_number(2);
    assert_eq!(snapshots.look(plain).await.unwrap().unwrap().ground, SpaceGround::Folder);
    assert!(snapshots.take(plain, name(0)).await.is_err() && snapshots.measure(plain).await.unwrap().is_none());
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let folder = || File::open(elsewhere.path()).unwrap().into();
    let snapshots = LinuxSnapshots::new(folder(), folder(), folder());
    assert_eq!(snapshots.look(plain).await.unwrap(), None);
    assert!(!snapshots.count().await.unwrap());
}

#[tokio::test]
async fn what_only_a_snapshot_holds_is_charged_to_the_space_until_it_is_removed() {
    let (loops, snapshots) = pool();
    snapshots.count().await.unwrap();
    write(&loops, "spaces/s1/files/film", 100).unwrap();
    write(&loops, "spaces/s1/.croft/versions/1", 10).unwrap();
    snapshots.take(space(), name(0)).await.unwrap();
    snapshots.limit(space(), Some(Bytes(150 * MIB))).await.unwrap();
    let full = write(&loops, "spaces/s1/files/more", 60).unwrap_err();
    assert_eq!(full.raw_os_error(), Some(nix::errno::Errno::EDQUOT as i32));
    fs::remove_file(loops.at("spaces/s1/files/more")).unwrap();
    fs::remove_file(loops.at("spaces/s1/files/film")).unwrap();
    loops.sync();

    let charged = look(&snapshots).await.charged.unwrap();
    let measured = snapshots.measure(space()).await.unwrap().unwrap();
    assert!((110 * MIB..111 * MIB).contains(&charged.0), "it was deleted, but a snapshot holds it: {charged:?}");
    assert_eq!((measured.files.0, measured.own.0), (0, 10 * MIB));
    let only_snapshots = charged.0 - measured.counted.0 + measured.held.0;
    assert!(only_snapshots.abs_diff(100 * MIB) < LITTLE, "{only_snapshots} {measured:?}");
    write(&loops, "spaces/s1/files/more", 60).unwrap_err();
    fs::remove_file(loops.at("spaces/s1/files/more")).unwrap();

    snapshots.remove(space(), name(0)).await.unwrap();
    cleaned(&snapshots).await;
    let charged = look(&snapshots).await.charged.unwrap();
    assert!(charged.0 < 11 * MIB, "{charged:?}");
    write(&loops, "spaces/s1/files/more", 60).unwrap();
}

#[tokio::test]
async fn a_room_for_backups_is_kept_to_its_size() {
    let (loops, snapshots) = pool();
    let (ana, ben) = (PersonId::from_number(1), PersonId::from_number(2));
    assert_eq!(snapshots.room(ana).await.unwrap(), None);
    run("btrfs", &["-q", "subvolume", "create", text(&loops.at("times/p1"))]);
    fs::create_dir(loops.at("times/p2")).unwrap();
    assert_eq!(snapshots.room(ana).await.unwrap(), Some(SeenRoom { charged: None, limit: None }), "nothing is counted");
    assert_eq!(snapshots.room(ben).await.unwrap(), None, "a plain folder");
    snapshots.count().await.unwrap();
    snapshots.limit_room(ana, Bytes(50 * MIB)).await.unwrap();
    assert!(snapshots.limit_room(ben, Bytes(50 * MIB)).await.is_err());
    write(&loops, "times/p1/band", 40).unwrap();
    let full = write(&loops, "times/p1/more", 20).unwrap_err();
    assert_eq!(full.raw_os_error(), Some(nix::errno::Errno::EDQUOT as i32));
    let seen = snapshots.room(ana).await.unwrap().unwrap();
    assert!(seen.charged.is_some_and(|charged| charged.0 >= 40 * MIB) && seen.limit == Some(Bytes(50 * MIB)), "{seen:?}");
    write(&loops, "spaces/s1/files/film", 20).unwrap();
}

#[tokio::test]
async fn a_worker_learns_what_is_left_by_an_attribute_of_the_folder_of_snapshots() {
    let (loops, snapshots) = pool();
    let text = || {
        let (folder, mut value) = (File::open(loops.at("snapshots/s1")).unwrap(), [0_u8; 100]);
        // SAFETY: the descriptor is open, the name ends in zero, and the buffer is as long as said.
        #[expect(unsafe_code, reason = "fgetxattr has no safe wrapper in nix")]
        let length = unsafe { libc::fgetxattr(folder.as_raw_fd(), LEFT.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
        String::from_utf8(value[..usize::try_from(length).unwrap_or_default()].to_vec()).unwrap()
    };
    snapshots.tell(space(), None).await.unwrap();
    assert_eq!(text(), "");
    for (changed, bytes) in [(7, 100), (7, 100), (12, u64::MAX), (13, 0)] {
        snapshots.tell(space(), Some(Left { changed, bytes: Bytes(bytes) })).await.unwrap();
        assert_eq!(text(), format!("{changed} {bytes}"));
    }
    snapshots.tell(space(), None).await.unwrap();
    assert_eq!(text(), "");
    assert_eq!(fs::metadata(loops.at("snapshots/s1")).unwrap().uid(), USER);
}

#[tokio::test]
async fn a_file_that_somebody_has_open_holds_a_removed_snapshot() {
    let (loops, snapshots) = pool();
    snapshots.count().await.unwrap();
    write(&loops, "spaces/s1/files/film", 5).unwrap();
    for second in [0, 1] {
        snapshots.take(space(), name(second)).await.unwrap();
        fs::write(loops.at("spaces/s1/files/note"), second.to_string()).unwrap();
    }
    let held = File::open(loops.at(&format!("snapshots/s1/{}/files/film", name(0)))).unwrap();
    for second in [0, 1] {
        snapshots.remove(space(), name(second)).await.unwrap();
    }
    assert!(snapshots.uncleaned().await.unwrap() > 0);
    assert_eq!(look(&snapshots).await.snapshots, []);
    drop(held);
    loops.sync();
    cleaned(&snapshots).await;
}

#[tokio::test]
async fn what_was_there_before_the_pool_counted_is_not_charged_and_known_to_be_so() {
    let (loops, snapshots) = pool();
    write(&loops, "spaces/s1/files/old", 20).unwrap();
    loops.sync();
    snapshots.count().await.unwrap();
    write(&loops, "spaces/s1/files/new", 5).unwrap();
    loops.sync();
    let (seen, measured) = (look(&snapshots).await, snapshots.measure(space()).await.unwrap().unwrap());
    assert!(seen.charged.unwrap().0.abs_diff(5 * MIB) < LITTLE, "{seen:?}");
    assert_eq!(measured.files.0, 25 * MIB);
    assert!(measured.counted.0.abs_diff(5 * MIB) < LITTLE, "{measured:?}");
}

#[tokio::test]
async fn quotas_that_make_snapshots_slow_are_left_alone_and_not_believed() {
    let (loops, snapshots) = pool();
    run("btrfs", &["quota", "enable", text(&loops.at(""))]);
    assert!(!snapshots.count().await.unwrap());
    let seen = look(&snapshots).await;
    assert_eq!((seen.charged, seen.limit), (None, None));
}

#[tokio::test]
async fn a_snapshot_survives_the_machine() {
    let (loops, snapshots) = pool();
    fs::write(loops.at("spaces/s1/files/note"), "before").unwrap();
    snapshots.take(space(), name(0)).await.unwrap();
    // What a power cut leaves: the image as it is now, without anything that would still be written at an end in order.
    let image = loops.home().join("after.img");
    run("cp", &["--sparse=always", text(&loops.image(1)), text(&image)]);
    let at = loops.home().join("after");
    fs::create_dir(&at).unwrap();
    // The same file system twice is more than the kernel takes, so the copy gets a name of its own.
    let renamed = said("btrfstune", &["-f", "-m", text(&image)]);
    assert!(renamed.status.success(), "{}", String::from_utf8_lossy(&renamed.stderr));
    run("mount", &["-o", "loop,ro,rescue=nologreplay", text(&image), text(&at)]);
    let read = fs::read(at.join(format!("snapshots/s1/{}/files/note", name(0))));
    run("umount", &[text(&at)]);
    assert_eq!(read.unwrap(), b"before");
}

#[tokio::test]
async fn what_a_snapshot_alone_holds_is_what_its_removal_frees() {
    let (loops, snapshots) = pool();
    snapshots.count().await.unwrap();
    let remove = |path: &str| fs::remove_file(loops.at(path)).unwrap();
    for small in 0..2000 {
        fs::write(loops.at(&format!("spaces/s1/files/small {small}")), small.to_string()).unwrap();
    }
    write(&loops, "spaces/s1/files/a", 10).unwrap();
    // By a clock that went back meanwhile.
    snapshots.take(space(), name(9)).await.unwrap();
    remove("spaces/s1/files/a");
    write(&loops, "spaces/s1/files/b", 20).unwrap();
    write(&loops, "spaces/s1/files/c", 7).unwrap();
    snapshots.take(space(), name(1)).await.unwrap();
    remove("spaces/s1/files/b");
    fs::rename(loops.at("spaces/s1/files/c"), loops.at("spaces/s1/.croft/versions/c")).unwrap();
    write(&loops, "spaces/s1/files/d", 3).unwrap();
    snapshots.take(space(), name(2)).await.unwrap();
    remove("spaces/s1/files/d");
    loops.sync();

    let made = |seen: &SeenSpace, of: SnapshotName| seen.snapshots.iter().find(|snapshot| snapshot.name == of).unwrap().made;
    let seen = look(&snapshots).await;
    assert!(made(&seen, name(9)) < made(&seen, name(1)) && made(&seen, name(1)) < made(&seen, name(2)), "{seen:?}");
    let alone = async |before: Option<i64>, this: i64, after: Option<i64>| {
        let alone = snapshots.alone(space(), before.map(name), name(this), after.map(name)).await.unwrap();
        alone.unwrap().0 / MIB
    };
    assert_eq!([alone(None, 9, Some(1)).await, alone(Some(9), 1, Some(2)).await, alone(Some(1), 2, None).await], [10, 20, 3]);
    remove("spaces/s1/.croft/versions/c");
    loops.sync();
    assert_eq!(alone(Some(1), 2, None).await, 3, "two states hold it");

    for (gone, frees) in [(1, 20), (9, 10), (2, 10)] {
        let before = look(&snapshots).await.charged.unwrap().0;
        snapshots.remove(space(), name(gone)).await.unwrap();
        cleaned(&snapshots).await;
        let freed = before - look(&snapshots).await.charged.unwrap().0;
        assert!(freed.abs_diff(frees * MIB) < LITTLE, "{gone}: {freed}");
    }
    assert!(snapshots.alone(space(), None, name(1), None).await.is_err());
}
