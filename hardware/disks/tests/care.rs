//! Single disks, on real file systems over loop devices: looked into without a byte written, erased, taken back, and heard when they come.
#![cfg(test)]

mod loops;

use std::{
    fs,
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, Instant},
};

use croft_disks::{Care, DiskError, Lending, LinuxCare, Pool, PoolError, SmartAnswer, Unlent};
use croft_model::{DiskId, DiskSource, Holds, Inside, Protection, Several, Unadoptable, Unshown};
use loops::{Loops, MIB, PATIENCE, run, said, text};

fn care(loops: &Loops) -> LinuxCare {
    LinuxCare::new(loops.disks(), fs::File::open(loops.home().join("aside")).unwrap().into())
}

async fn look(loops: &Loops, number: u64) -> Inside {
    let disk = loops.disk(number).await;
    care(loops).look_inside(&disk.id, &disk.contents).await.unwrap()
}

/// Mounts a disk elsewhere for the time of `work`.
fn with_mounted(loops: &Loops, number: u64, work: impl FnOnce(&Path)) {
    let place = loops.home().join("elsewhere");
    fs::create_dir_all(&place).unwrap();
    run("mount", &[&loops.device(number), text(&place)]);
    work(&place);
    run("umount", &[text(&place)]);
}

/// Waits until no loop device lies on a disk any more.
fn is_let_go(loops: &Loops, number: u64) {
    let (device, begun) = (loops.device(number), Instant::now());
    while !run("losetup", &["--noheadings", "--output", "NAME", "--associated", &device]).trim().is_empty() {
        assert!(begun.elapsed() < PATIENCE, "the disk is still held");
        std::thread::sleep(Duration::from_millis(20)); // waits: for the kernel to end the mount, by polling
    }
}

#[tokio::test]
async fn a_disk_whose_journal_was_never_played_is_shown_and_not_a_byte_of_it_changes() {
    let loops = Loops::with(2);
    run("mkfs.ext4", &["-q", "-L", "Grandma photos", &loops.device(2)]);
    let torn = loops.home().join("torn");
    with_mounted(&loops, 2, |place| {
        fs::create_dir(place.join("2019")).unwrap();
        fs::write(place.join("2019/sea.jpg"), vec![7; 100_000]).unwrap();
        run("sync", &["--file-system", text(place)]);
        // As after a power cut.
        fs::copy(loops.image(2), &torn).unwrap();
    });
    fs::OpenOptions::new().write(true).open(loops.image(2)).unwrap().write_all_at(&fs::read(&torn).unwrap(), 0).unwrap();
    let dump = said("dumpe2fs", &["-h", &loops.device(2)]);
    assert!(String::from_utf8_lossy(&dump.stdout).contains("needs_recovery"), "the journal waits to be played");

    let inside = look(&loops, 2).await;
    let part = &inside.parts[0];
    assert_eq!((part.name.as_str(), part.file_system.as_str(), part.unshown), ("Grandma photos", "ext4", None));
    assert!(part.size.0 > 300 * MIB && part.used.0 > 100_000);
    is_let_go(&loops, 2);
    assert!(fs::read(loops.image(2)).unwrap() == fs::read(&torn).unwrap(), "it was looked at only");
    assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains(loops.device(2).as_str()));
    // It can be used as before.
    with_mounted(&loops, 2, |place| assert_eq!(fs::read(place.join("2019/sea.jpg")).unwrap(), vec![7; 100_000]));
    let inside = look(&loops, 2).await;
    let newest: Vec<&str> = inside.parts[0].newest.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!((newest, inside.parts[0].files, inside.parts[0].whole), (vec!["2019/sea.jpg"], 1, true));
}

#[tokio::test]
async fn the_pool_of_another_box_is_known_and_looked_into_when_all_of_it_is_here() {
    let loops = Loops::with(3);
    loops.write("spaces/in/s1/files/a", 20);
    loops.add(2).await.unwrap();
    loops.convert(Protection::Mirror, Protection::Mirror).await.unwrap();
    loops.unmount();
    let of = async |number| loops.disk(number).await.several;
    let whole = Some(Several { croft: true, disks: 2, here: 2 });
    assert_eq!((of(1).await, of(2).await, of(3).await), (whole, whole, None));
    let before = [1, 2].map(|number| fs::read(loops.image(number)).unwrap());
    for number in [1, 2] {
        let inside = look(&loops, number).await;
        assert_eq!(inside.parts[0].unshown, None);
        assert_eq!(inside.parts[0].newest[0].path, "spaces/in/s1/files/a");
    }
    is_let_go(&loops, 1);
    is_let_go(&loops, 2);
    assert!([1, 2].map(|number| fs::read(loops.image(number)).unwrap()) == before, "it was looked at only");
    // The kernel takes the disks under their own names again.
    loops.mount(&[1, 2], "");
    assert!(loops.reads("spaces/in/s1/files/a", 20));
    assert_eq!((of(1).await, of(2).await), (None, None), "it is this box's own");

    loops.unmount();
    run("losetup", &["--detach", loops.device(2).strip_suffix("p1").unwrap()]);
    assert_eq!(of(1).await, Some(Several { croft: false, disks: 2, here: 1 }), "the disk that says so is away");
    assert_eq!(look(&loops, 1).await.parts[0].unshown, Some(Unshown::Incomplete));
}

#[tokio::test]
async fn a_disk_that_left_the_running_pool_is_not_looked_into() {
    let loops = Loops::mirror(2).await;
    loops.pull(2);
    loops.insert(2);
    let disk = loops.disk(2).await;
    let looked = care(&loops).look_inside(&disk.id, &disk.contents).await;
    // Where the kernel calls the returned device by the name of the one that it lost, it is in use.
    assert!(
        matches!(&looked, Ok(inside) if inside.parts[0].unshown == Some(Unshown::OwnPool)) || matches!(looked, Err(DiskError::Busy(_))),
        "{looked:?}"
    );
}

#[tokio::test]
async fn what_is_damaged_locked_or_unknown_says_so() {
    let loops = Loops::with(4);
    run("mkfs.ext4", &["-q", &loops.device(2)]);
    // The head is right, and everything that it tells of is not.
    fs::OpenOptions::new().write(true).open(loops.image(2)).unwrap().write_all_at(&vec![0xff; 64 * 1024], 4096).unwrap();
    run("mkswap", &[&loops.device(3)]);
    let unshown = async |number| look(&loops, number).await.parts.iter().map(|part| part.unshown).collect::<Vec<_>>();
    assert_eq!(unshown(2).await, [Some(Unshown::Damaged)]);
    assert_eq!(unshown(3).await, [Some(Unshown::NotKnown)]);
    assert_eq!(unshown(4).await, []);
    is_let_go(&loops, 2);
}

#[tokio::test]
async fn a_disk_is_erased_and_taken_back_to_the_last_byte() {
    let loops = Loops::with(2);
    run("mkfs.ext4", &["-q", "-L", "Grandma photos", &loops.device(2)]);
    with_mounted(&loops, 2, |place| fs::write(place.join("sea.jpg"), vec![7; 100_000]).unwrap());
    let (care, image, before) = (care(&loops), fs::read(loops.image(2)).unwrap(), loops.disk(2).await);
    assert!(matches!(care.erase(&before.id, "something else").await, Err(DiskError::Changed)));
    care.erase(&before.id, &before.contents).await.unwrap();
    let erased = loops.disk(2).await;
    assert_eq!((&erased.holds, &erased.label), (&Holds::Nothing, &None));
    assert!(!said("blkid", &["--probe", &loops.device(2)]).status.success(), "nobody finds a file system");
    let kept = care.kept().await.unwrap().remove(0);
    assert!(care.is_untouched(&kept).await.unwrap());
    care.put_back(&kept, &erased.contents).await.unwrap();
    assert!(fs::read(loops.image(2)).unwrap() == image, "to the last byte");
    assert_eq!(loops.disk(2).await.contents, before.contents);

    care.erase(&before.id, &before.contents).await.unwrap();
    let kept = care.kept().await.unwrap().remove(1);
    run("mkfs.ext4", &["-q", "-L", "New", &loops.device(2)]);
    let used = loops.disk(2).await;
    let image = fs::read(loops.image(2)).unwrap();
    assert!(!care.is_untouched(&kept).await.unwrap());
    assert!(matches!(care.put_back(&kept, &used.contents).await, Err(DiskError::Written)));
    assert!(fs::read(loops.image(2)).unwrap() == image, "nothing was done");
}

#[tokio::test]
async fn a_disk_that_the_pool_used_is_not_taken_back() {
    let loops = Loops::with(2);
    run("mkfs.ext4", &["-q", "-L", "Grandma photos", &loops.device(2)]);
    loops.write("a", 2000);
    loops.add(2).await.unwrap();
    let (care, stop) = (care(&loops), tokio_util::sync::CancellationToken::new());
    let kept = care.kept().await.unwrap().remove(0);
    loops.convert(Protection::Mirror, Protection::Mirror).await.unwrap();
    loops.sync();
    loops.convert(Protection::Single, Protection::Single).await.unwrap();
    loops.pool().remove(2, loops::progress().0, stop).await.unwrap();
    assert!(!care.is_untouched(&kept).await.unwrap(), "files were on it");
}

#[tokio::test]
async fn a_disk_that_a_replacement_wrote_to_is_not_taken_back_though_it_was_given_up() {
    let loops = Loops::mirror(3).await;
    loops.write("a", 20_000);
    loops.sync();
    run("mkfs.ext4", &["-q", "-L", "Grandma photos", &loops.device(3)]);
    let (care, before) = (care(&loops), loops.disk(3).await);
    // What was kept of it before it was emptied for the pool counts as little.
    care.erase(&before.id, &before.contents).await.unwrap();
    run("mkfs.ext4", &["-q", "-L", "Grandma videos", &loops.device(3)]);
    let (new, pool, uuid, stop) = (loops.disk(3).await, loops.pool(), loops.look().await.uuid, tokio_util::sync::CancellationToken::new());
    loops.slow(1, 4 * MIB).await;
    loops.slow(2, 4 * MIB).await;
    let stopping = stop.clone();
    let replacing = tokio::spawn(async move { pool.replace(2, &new.id, &new.contents, loops::progress().0, stopping).await });
    loops.until(&uuid, "device replace").await;
    let kept = care.kept().await.unwrap();
    assert_eq!(kept.iter().map(|kept| (&kept.disk, kept.used)).collect::<Vec<_>>(), [(&before.id, true), (&before.id, true)]);
    stop.cancel();
    let ended = replacing.await.unwrap();
    assert!(matches!(ended, Err(PoolError::Cancelled)), "{ended:?}");
    let left = loops.disk(3).await;
    for kept in &kept {
        assert!(!care.is_untouched(kept).await.unwrap());
        assert!(matches!(care.put_back(kept, &left.contents).await, Err(DiskError::Written)));
    }
}

#[tokio::test]
async fn a_disk_that_is_used_is_neither_erased_nor_looked_into() {
    let loops = Loops::with(2);
    let pooled = loops.disk(1).await;
    let care = care(&loops);
    assert!(matches!(care.erase(&pooled.id, &pooled.contents).await, Err(DiskError::Busy(_))));
    assert!(matches!(care.look_inside(&pooled.id, &pooled.contents).await, Err(DiskError::Busy(_))));
    assert!(matches!(care.erase(&DiskId::of_hash(&[9; 32]), "").await, Err(DiskError::Gone)));
    assert!(care.kept().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_disk_that_comes_and_one_that_goes_are_heard_at_once() {
    let loops = Loops::with(2);
    let mut news = care(&loops).news();
    let heard = async |news: &mut tokio::sync::watch::Receiver<u64>, what: &str| {
        tokio::time::timeout(Duration::from_secs(5), news.changed())
            .await
            .unwrap_or_else(|_| panic!("nobody hears that a disk {what}"))
            .unwrap();
    };
    let device = loops.device(2);
    run("losetup", &["--detach", &device]);
    heard(&mut news, "goes").await;
    assert!(care(&loops).present().await.unwrap().iter().all(|disk| disk.name != "Loop disk 2"));
    news.mark_unchanged();
    loops.attach(2);
    heard(&mut news, "comes").await;
    let present = care(&loops).present().await.unwrap();
    let came = present.iter().find(|disk| disk.name == "Loop disk 2").expect("it is there");
    // A file is no disk that could tell how it is.
    assert!(!came.can_tell);
    assert_eq!(care(&loops).health(&came.id, None).await.unwrap(), SmartAnswer::Mute);
}

/// Lends what is on a disk.
async fn lend(loops: &Loops, number: u64) -> Result<Lending, Unlent> {
    let disk = loops.disk(number).await.id;
    let volumes = care(loops).volumes().await.unwrap();
    let volume = volumes.into_iter().find(|volume| volume.disk == disk).expect("a file system").volume.expect("it has a name");
    care(loops).lend(&DiskSource { disk, volume }).await
}

/// The content of a file below what is lent.
fn read(lending: &Lending, path: &str) -> std::io::Result<Vec<u8>> {
    use std::os::fd::AsRawFd;
    fs::read(format!("/proc/self/fd/{}/{path}", lending.root().as_raw_fd()))
}

#[tokio::test]
async fn what_is_lent_is_read_and_never_written_also_where_a_journal_waits() {
    let loops = Loops::with(3);
    run("mkfs.ext4", &["-q", "-L", "Photos", &loops.device(2)]);
    run("mkfs.xfs", &["-q", "-L", "Old", &loops.device(3)]);
    for number in [2, 3] {
        let torn = loops.home().join("torn");
        with_mounted(&loops, number, |place| fs::write(place.join("sea.jpg"), vec![7; 100_000]).unwrap());
        with_mounted(&loops, number, |place| {
            fs::write(place.join("late"), "late").unwrap();
            fs::File::open(place.join("late")).unwrap().sync_all().unwrap();
            fs::copy(loops.image(number), &torn).unwrap();
        });
        let clean = lend(&loops, number).await.unwrap();
        assert!(!clean.unfinished && clean.is_there() && !clean.croft);
        assert_eq!(read(&clean, "sea.jpg").unwrap(), vec![7; 100_000]);
        let busy = lend(&loops, number).await.err();
        assert_eq!(busy, Some(Unlent::Unread(Unadoptable::InUse)), "nobody else has it meanwhile");
        drop(clean);
        is_let_go(&loops, number);

        fs::OpenOptions::new().write(true).open(loops.image(number)).unwrap().write_all_at(&fs::read(&torn).unwrap(), 0).unwrap();
        run("blockdev", &["--flushbufs", &loops.device(number)]);
        let unfinished = lend(&loops, number).await.unwrap();
        assert!(unfinished.unfinished, "disk {number} was not switched off in order");
        assert_eq!(read(&unfinished, "sea.jpg").unwrap(), vec![7; 100_000]);
        drop(unfinished);
        is_let_go(&loops, number);
        assert!(fs::read(loops.image(number)).unwrap() == fs::read(&torn).unwrap(), "disk {number} was read only");
    }
}

#[tokio::test]
async fn the_pool_of_another_box_is_lent_without_its_secrets_and_without_a_disk_of_it() {
    let loops = Loops::with(2);
    loops.write("spaces/s1/files/a", 20);
    loops.write("state/supervisor/secret", 1);
    loops.add(2).await.unwrap();
    loops.convert(Protection::Mirror, Protection::Mirror).await.unwrap();
    loops.unmount();
    let before = [1, 2].map(|number| fs::read(loops.image(number)).unwrap());
    let whole = lend(&loops, 1).await.unwrap();
    assert!(whole.croft && whole.disks.len() == 2);
    assert!(read(&whole, "s1/files/a").is_ok() && read(&whole, "state/supervisor/secret").is_err());
    drop(whole);
    is_let_go(&loops, 1);
    is_let_go(&loops, 2);
    assert!([1, 2].map(|number| fs::read(loops.image(number)).unwrap()) == before, "it was read only");

    run("losetup", &["--detach", loops.device(2).strip_suffix("p1").unwrap()]);
    let half = lend(&loops, 1).await.unwrap();
    assert!(read(&half, "s1/files/a").is_ok());
    drop(half);
    is_let_go(&loops, 1);
    assert!(fs::read(loops.image(1)).unwrap() == before[0], "it was read only");
}

#[tokio::test]
async fn a_disk_that_is_pulled_while_it_is_read_is_not_there_any_more() {
    let loops = Loops::with(2);
    run("mkfs.ext4", &["-q", "-L", "Photos", &loops.device(2)]);
    with_mounted(&loops, 2, |place| fs::write(place.join("large"), vec![7; 64 << 20]).unwrap());
    let lending = lend(&loops, 2).await.unwrap();
    assert!(lending.is_there());
    loops.pull(2);
    assert!(!lending.is_there());
    let begun = Instant::now();
    assert!(read(&lending, "large").is_err(), "a read ends");
    assert!(begun.elapsed() < PATIENCE);
    drop(lending);
}
