//! What btrfs does that nobody expects, each shown to be so and what is done against it; damage above and below a mounted pool; disks that vanish,
//! shrink and come back. The findings: `docs/decisions/pool.md`.
#![cfg(test)]

mod loops;

use std::{fs, io::Write, os::unix::fs::FileExt, time::Instant};

use croft_disks::{Pool, PoolError, Usage, forget, kept as kept_aside};
use croft_model::{Holds, Protection};
use loops::{BLOCK, Loops, MIB, PATIENCE, SIZE, kept, run, said, text};

use Protection::{Mirror, Single};

#[tokio::test]
async fn degraded_replace_leaves_single_chunks() {
    let loops = Loops::mirror(3).await;
    loops.write("before", 1000);
    loops.unmount();
    loops.mount(&[1], "degraded");
    let missing = loops.member(2).await;
    assert_eq!((missing.disk, missing.stale), (Some(loops.id(2).await), true), "it is here, but not used");
    loops.write("without", 1000);
    loops.sync();
    loops.replace(2, 3).await.unwrap();
    let seen = loops.look().await;
    let ways: Vec<_> = [Usage::Data, Usage::Metadata, Usage::System].into_iter().flat_map(|usage| kept(&seen, usage)).collect();
    assert!(ways.contains(&Some(Single)), "the trap: {ways:?}");
    assert_eq!(loops.member(2).await.disk, Some(loops.id(3).await));

    loops.convert(Mirror, Mirror).await.unwrap();
    let seen = loops.look().await;
    for usage in [Usage::Data, Usage::Metadata, Usage::System] {
        assert_eq!(kept(&seen, usage), [Some(Mirror)], "{usage:?}");
    }
    loops.unmount();
    loops.mount(&[3], "degraded,ro");
    assert!(loops.reads("before", 1000) && loops.reads("without", 1000), "the new disk alone has everything");
}

#[tokio::test]
async fn replace_needs_unallocated_room() {
    let loops = Loops::mirror(3).await;
    fill(&loops, "much");
    loops.unmount();
    loops.mount(&[1], "degraded");
    let before = loops.look().await;
    let free: u64 = before.members.iter().filter(|member| member.number == 1).map(|member| member.size.0 - member.used.0).sum();
    assert!(free < 16 * MIB, "the one that is left is given away: {free}");
    let refused = loops.replace(2, 3).await;
    assert!(matches!(&refused, Err(PoolError::Refused { source, .. }) if source.raw_os_error() == Some(28)), "the trap: {refused:?}");
    let seen = loops.look().await;
    assert_eq!((seen.busy, seen.members.len()), (None, 2), "nothing is left half done");

    // With room, the same works.
    fs::remove_file(loops.at("much")).unwrap();
    loops.sync();
    let begun = Instant::now();
    while loops.member(1).await.used.0 > SIZE / 2 {
        assert!(begun.elapsed() < PATIENCE, "the room is never given back");
        // It wakes the kernel's cleaner.
        loops.pool().sync().await.unwrap();
    }
    loops.replace(2, 3).await.unwrap();
    loops.convert(Mirror, Mirror).await.unwrap();
    assert!(!loops.member(2).await.stale);
}

/// Writes until nothing fits.
fn fill(loops: &Loops, name: &str) {
    let mut file = fs::File::create(loops.at(name)).unwrap();
    let mut written = 0_u64;
    while file.write_all(&vec![u8::try_from(written % 251).unwrap(); 1024 * 1024]).and_then(|()| file.sync_data()).is_ok() {
        written += 1;
        assert!(written < 2 * SIZE / MIB, "it never is full");
    }
}

#[tokio::test]
async fn stale_disk_is_let_in_silently() {
    let loops = Loops::mirror(2).await;
    loops.write("old", 500);
    loops.sync();
    loops.unmount();
    loops.mount(&[1], "degraded");
    loops.write("new", 500);
    loops.sync();
    let away = loops.member(2).await;
    assert_eq!((away.disk.clone(), away.stale), (Some(loops.id(2).await), true), "as long as it is not mounted, it is seen to be behind");
    loops.unmount();

    // The trap: mounted with the others, it is let in without a word, and its superblock is as new as theirs.
    loops.mount(&[1, 2], "");
    loops.sync();
    loops.write("more", 1);
    loops.sync();
    let member = loops.member(2).await;
    assert!(!member.stale && member.errors.none(), "the kernel says nothing: {member:?}");
    // What is on it is old all the same, until all was compared.
    let compared = loops.scrub().await.unwrap();
    assert!(compared.mended > 0 && compared.lost == 0, "{compared:?}");
    loops.unmount();
    loops.mount(&[2], "degraded,ro");
    assert!(loops.reads("old", 500) && loops.reads("new", 500));
}

#[tokio::test]
async fn a_scan_makes_a_stale_disk_look_present() {
    let loops = Loops::mirror(2).await;
    loops.unmount();
    loops.mount(&[1], "degraded");
    loops.write("new", 500);
    loops.sync();
    // As udev does with every disk that is plugged in.
    run("btrfs", &["device", "scan", &loops.device(2)]);
    let uuid = loops.look().await.uuid;
    let missing = fs::read_to_string(format!("/sys/fs/btrfs/{uuid}/devinfo/2/missing")).unwrap();
    assert_eq!(missing.trim(), "0", "the trap: the kernel says that it is there, and does not use it");
    assert!(loops.member(2).await.stale);
    let compared = loops.scrub().await.unwrap();
    assert_eq!((compared.mended, compared.lost), (0, 0), "what is not used is not compared");
    loops.replace(2, 2).await.unwrap();
    loops.convert(Mirror, Mirror).await.unwrap();
    assert!(!loops.member(2).await.stale);
    loops.unmount();
    loops.mount(&[2], "degraded,ro");
    assert!(loops.reads("new", 500));
}

#[tokio::test]
async fn a_stale_disk_is_made_a_member_again_by_replacing_it_by_itself() {
    let loops = Loops::mirror(2).await;
    loops.write("old", 500);
    loops.unmount();
    loops.mount(&[1], "degraded");
    loops.write("new", 500);
    loops.sync();
    assert!(loops.member(2).await.stale);
    loops.replace(2, 2).await.unwrap();
    loops.convert(Mirror, Mirror).await.unwrap();
    let member = loops.member(2).await;
    assert_eq!((member.disk, member.stale), (Some(loops.id(2).await), false));
    assert_eq!(loops.scrub().await.unwrap().mended, 0, "there is nothing to mend");
    loops.unmount();
    loops.mount(&[2], "degraded,ro");
    assert!(loops.reads("old", 500) && loops.reads("new", 500));
}

#[tokio::test]
async fn scrub_skips_what_is_only_in_the_log() {
    let loops = Loops::mirror(2).await;
    loops.sync();
    // No commit by itself while this looks.
    run("mount", &["-o", "remount,commit=300", text(&loops.at(""))]);
    let file = fs::File::create(loops.at("logged")).unwrap();
    file.write_all_at(&loops::contents("logged", 2000), 0).unwrap();
    file.sync_all().unwrap();
    let compared = run("btrfs", &["scrub", "start", "-B", "-R", text(&loops.at(""))]);
    let counted: u64 = compared.lines().find_map(|line| line.trim().strip_prefix("data_bytes_scrubbed: ")).unwrap().trim().parse().unwrap();
    assert_eq!(counted, 0, "the trap: {compared}");
    let compared = loops.scrub().await.unwrap();
    assert!(compared.read.0 >= 2 * 2000 * BLOCK as u64, "{compared:?}");
}

#[tokio::test]
async fn missing_stays_0_on_unplug() {
    let loops = Loops::mirror(3).await;
    loops.write("before", 500);
    loops.sync();
    loops.pull(2);
    loops.write("without", 500);
    loops.sync();
    let uuid = loops.look().await.uuid;
    let missing = fs::read_to_string(format!("/sys/fs/btrfs/{uuid}/devinfo/2/missing")).unwrap();
    assert_eq!(missing.trim(), "0", "the trap: the kernel goes on believing in it");
    let member = loops.member(2).await;
    assert_eq!((member.disk, member.stale), (None, false));
    assert!(member.errors.write > 0 || member.errors.flush > 0, "{:?}", member.errors);
    assert!(loops.reads("before", 500) && loops.reads("without", 500), "nobody else notices");

    // It comes back in another socket, with what it had.
    loops.insert(2);
    let member = loops.member(2).await;
    assert_eq!((member.disk, member.stale), (Some(loops.id(2).await), true));
    loops.replace(2, 2).await.unwrap();
    loops.convert(Mirror, Mirror).await.unwrap();
    assert_eq!((loops.member(2).await.stale, loops.scrub().await.unwrap().lost), (false, 0));
    loops.unmount();
    loops.mount(&[2], "degraded,ro");
    assert!(loops.reads("before", 500) && loops.reads("without", 500));
}

#[tokio::test]
async fn a_disk_that_was_pulled_out_is_replaced_by_another_while_people_write() {
    let loops = Loops::mirror(3).await;
    loops.write("before", 500);
    loops.pull(2);
    let writing = async {
        for number in 0..20 {
            loops.write(&format!("meanwhile/{number}"), 100);
            tokio::task::yield_now().await;
        }
    };
    let (replaced, ()) = tokio::join!(loops.replace(2, 3), writing);
    replaced.unwrap();
    loops.convert(Mirror, Mirror).await.unwrap();
    loops.pool().forget_errors(2).await.unwrap();
    let member = loops.member(2).await;
    assert!(!member.stale && member.errors.none(), "{member:?}");
    assert_eq!(loops.scrub().await.unwrap().lost, 0);
    loops.unmount();
    loops.mount(&[3], "degraded,ro");
    assert!(loops.reads("before", 500) && (0..20).all(|number| loops.reads(&format!("meanwhile/{number}"), 100)));
}

#[tokio::test]
async fn a_disk_that_is_missing_is_taken_out() {
    let loops = Loops::mirror(3).await;
    loops.add(3).await.unwrap();
    loops.write("a", 500);
    loops.unmount();
    loops.mount(&[1, 3], "degraded");
    loops.pool().remove(2, loops::progress().0, tokio_util::sync::CancellationToken::new()).await.unwrap();
    let seen = loops.look().await;
    assert_eq!(seen.members.iter().map(|member| member.number).collect::<Vec<_>>(), [1, 3]);
    assert!(seen.members.iter().all(|member| !member.stale));
    loops.convert(Mirror, Mirror).await.unwrap();
    loops.unmount();
    loops.mount(&[3], "degraded,ro");
    assert!(loops.reads("a", 500));
}

#[tokio::test]
async fn a_disk_that_shrinks_makes_errors_and_is_not_believed() {
    let loops = Loops::mirror(2).await;
    loops.write("a", 5000);
    loops.sync();
    // The one without a partition table, in which the kernel would go on believing.
    fs::OpenOptions::new().write(true).open(loops.image(1)).unwrap().set_len(20 * MIB).unwrap();
    run("losetup", &["--set-capacity", &loops.device(1)]);
    assert!(loops.reads("a", 5000));
    loops.write("b", 5000);
    loops.sync();
    let member = loops.member(1).await;
    assert!(member.errors.write > 0, "{:?}", member.errors);
    assert!(loops.reads("a", 5000) && loops.reads("b", 5000));
    assert!(!loops.look().await.read_only);
}

#[tokio::test]
async fn one_wrong_copy_is_mended_whether_mounted_or_not() {
    let loops = Loops::mirror(2).await;
    loops.write("a", 2000);
    loops.write("b", 2000);
    loops.sync();
    assert_eq!(loops.corrupt(2, "a", 100..400), 300);
    loops.unmount();
    assert_eq!(loops.corrupt(2, "b", 0..50), 50);
    loops.mount(&[1, 2], "");
    let compared = loops.scrub().await.unwrap();
    assert_eq!((compared.mended, compared.lost, compared.files.len()), (350, 0, 0), "{compared:?}");
    assert_eq!(loops.member(2).await.errors.corruption, 350);
    loops.pool().forget_errors(2).await.unwrap();
    assert!(loops.member(2).await.errors.none());
    assert_eq!(loops.scrub().await.unwrap().mended, 0);
    loops.unmount();
    loops.mount(&[2], "degraded,ro");
    assert!(loops.reads("a", 2000) && loops.reads("b", 2000));
}

#[tokio::test]
async fn scrub_names_every_lost_file() {
    let loops = Loops::mirror(2).await;
    run("btrfs", &["subvolume", "create", text(&loops.at("spaces"))]);
    fs::create_dir(loops.at("spaces/in")).unwrap();
    run("btrfs", &["subvolume", "create", text(&loops.at("spaces/in/s1"))]);
    for name in ["whole", "half", "spaces/in/s1/files/lost é.jpg", "spaces/in/s1/only in the snapshot", "many"] {
        loops.write(name, 1000);
    }
    run("btrfs", &["subvolume", "snapshot", "-r", text(&loops.at("spaces/in/s1")), text(&loops.at("old"))]);
    fs::remove_file(loops.at("spaces/in/s1/only in the snapshot")).unwrap();
    loops.sync();
    // One copy of this, both of those.
    loops.corrupt(1, "half", 0..10);
    for number in [1, 2] {
        assert_eq!(loops.corrupt(number, "spaces/in/s1/files/lost é.jpg", 7..8), 1);
        assert_eq!(loops.corrupt(number, "spaces/in/s1/only in the snapshot", 9..10), 1);
        // So many that the kernel's log leaves most of them out.
        assert_eq!(loops.corrupt(number, "many", 0..1000), 1000);
    }
    let compared = loops.scrub().await.unwrap();
    assert_eq!(compared.files, ["many", "old/only in the snapshot", "spaces/in/s1/files/lost é.jpg"]);
    assert_eq!((compared.lost, compared.mended), (1002, 10));
    assert!(loops.reads("whole", 1000) && loops.reads("half", 1000) && !loops.reads("many", 1000));
}

#[tokio::test]
async fn what_the_pool_was_given_is_kept_aside_and_not_written_over_what_it_wrote() {
    let loops = Loops::with(2);
    run("mkfs.ext4", &["-q", "-L", "Grandma photos", &loops.device(2)]);
    let before = loops.disk(2).await;
    assert!(!matches!(before.holds, Holds::Nothing));
    let wrong = loops.pool().add(&before.id, "what is not there").await;
    assert!(matches!(wrong, Err(PoolError::Disk(croft_disks::DiskError::Changed))), "{wrong:?}");
    loops.add(2).await.unwrap();
    let aside = loops.aside();
    let kept = kept_aside(std::os::fd::AsFd::as_fd(&aside)).unwrap();
    assert_eq!((kept.len(), &kept[0].disk, kept[0].size.0), (1, &before.id, SIZE));
    let used = loops.disks().put_back(&aside, &kept[0], &loops.disk(2).await.contents).await;
    assert!(matches!(used, Err(croft_disks::DiskError::Busy(_))), "{used:?}");

    loops.pool().remove(2, loops::progress().0, tokio_util::sync::CancellationToken::new()).await.unwrap();
    let image = fs::read(loops.image(2)).unwrap();
    let given = loops.disks().put_back(&aside, &kept[0], &loops.disk(2).await.contents).await;
    assert!(matches!(given, Err(croft_disks::DiskError::Written)), "{given:?}");
    assert!(fs::read(loops.image(2)).unwrap() == image, "nothing was written");
    forget(std::os::fd::AsFd::as_fd(&aside), &kept[0]).unwrap();
    assert!(kept_aside(std::os::fd::AsFd::as_fd(&aside)).unwrap().is_empty());
}

#[tokio::test]
async fn a_disk_that_somebody_uses_is_left_alone() {
    let loops = Loops::with(2);
    run("mkfs.ext4", &["-q", &loops.device(2)]);
    let disk = loops.disk(2).await;
    let elsewhere = loops.home().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    run("mount", &[&loops.device(2), text(&elsewhere)]);
    let refused = loops.pool().add(&disk.id, &disk.contents).await;
    run("umount", &[text(&elsewhere)]);
    assert!(matches!(refused, Err(PoolError::Disk(croft_disks::DiskError::Busy(_)))), "{refused:?}");
    assert_eq!(said("blkid", &["--probe", &loops.device(2)]).status.code(), Some(0), "it still has its file system");
}

#[tokio::test]
async fn a_box_of_loop_disks_sees_no_other_disk() {
    let (one, other) = (Loops::with(1), Loops::with(2));
    let names = async |loops: &Loops| -> Vec<String> {
        let disks = croft_disks::Disks::look(&loops.disks()).await.unwrap();
        disks.into_iter().map(|disk| disk.name).collect()
    };
    assert_eq!(names(&one).await, ["Loop disk 1"]);
    let mut two = names(&other).await;
    two.sort();
    assert_eq!(two, ["Loop disk 1", "Loop disk 2"]);
}
