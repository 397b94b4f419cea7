//! What a pool can do, on a real btrfs over loop devices: each change once, looked at and read back.
#![cfg(test)]

mod loops;

use std::time::Duration;

use croft_disks::{DiskError, Holder, Pool, PoolError, Target, Usage};
use croft_model::{Progress, Protection, Unfit};
use loops::{Loops, MIB, ROOMY, SIZE, kept, progress, run, text};
use tokio_util::sync::CancellationToken;

use Protection::{Mirror, Single, Triple};

/// What the kernel has no word for.
const SCRUB: &str = "scrub";
/// Bytes a second at which something lasts long enough to be given up.
const SLOW: u64 = 8 * MIB;

#[tokio::test]
async fn a_pool_begins_with_one_disk() {
    let loops = Loops::with(1);
    let seen = loops.look().await;
    let said = run("btrfs", &["filesystem", "show", text(&loops.at(""))]);
    assert!(said.contains(&seen.uuid), "{said}");
    let disk = loops.disk(1).await;
    assert_eq!(seen.members.len(), 1);
    let member = &seen.members[0];
    assert_eq!((member.number, member.disk.as_ref(), member.stale, member.size.0), (1, Some(&disk.id), false, SIZE));
    assert!(member.used.0 > 0 && member.errors.none());
    assert_eq!(disk.unfit, Some(Unfit::InUse));
    assert_eq!(
        (kept(&seen, Usage::Data), kept(&seen, Usage::Metadata), kept(&seen, Usage::System)),
        (vec![Some(Single)], vec![None], vec![None])
    );
    assert_eq!((seen.busy, seen.read_only), (None, false));
    loops.unmount();
    loops.mount(&[1], "ro");
    assert!(loops.look().await.read_only);
}

#[tokio::test]
async fn elsewhere_there_is_none() {
    let loops = Loops::with(1);
    loops.unmount();
    assert_eq!(loops.pool().look().await.unwrap(), None);
}

#[tokio::test]
async fn a_disk_is_taken_in_and_everything_gets_a_second_copy() {
    let loops = Loops::with(2);
    loops.write("a", 20_000);
    loops.sync();
    assert_eq!(loops.add(2).await.unwrap(), 2);
    let disk = loops.disk(2).await;
    assert_eq!(disk.unfit, Some(Unfit::InUse), "the list of mounts tells only one disk of a pool");
    let member = loops.member(2).await;
    assert_eq!((member.disk.as_ref(), member.stale, member.used.0), (Some(&disk.id), false, 0));
    assert!(member.size.0 > SIZE - 2 * MIB);
    let again = loops.pool().add(&disk.id, "what was there before").await.unwrap();
    assert_eq!(again, 2, "asked once more by somebody who did not hear the answer");

    let all = {
        let (progress, mut told) = progress();
        let pool = loops.pool();
        let listening = async {
            let mut all = Vec::new();
            while told.changed().await.is_ok() {
                all.push(*told.borrow_and_update());
            }
            all
        };
        let converting = pool.convert(Target { data: Mirror, metadata: Mirror }, progress, CancellationToken::new());
        let (ended, all) = tokio::join!(converting, listening);
        ended.unwrap();
        all
    };
    let last = all.last().unwrap();
    assert!(last.done == last.total && last.total > 80_000_000, "{all:?}");
    assert!(all.windows(2).all(|two| two[0].done <= two[1].done && two[0].total == two[1].total), "{all:?}");
    let seen = loops.look().await;
    for usage in [Usage::Data, Usage::Metadata, Usage::System] {
        assert_eq!(kept(&seen, usage), [Some(Mirror)], "{usage:?}");
    }
    assert_eq!(loops.convert(Mirror, Mirror).await.unwrap(), Progress { done: 0, total: 0 }, "there is nothing left to do");

    // Either disk alone has everything.
    for alone in [1, 2] {
        loops.unmount();
        loops.mount(&[alone], "degraded,ro");
        assert!(loops.reads("a", 20_000), "{alone}");
    }
}

#[tokio::test]
async fn three_disks_keep_three_copies_of_metadata_or_of_all() {
    let loops = Loops::mirror(3).await;
    loops.write("a", 1000);
    loops.add(3).await.unwrap();
    loops.convert(Mirror, Triple).await.unwrap();
    let seen = loops.look().await;
    assert_eq!(
        (kept(&seen, Usage::Data), kept(&seen, Usage::Metadata), kept(&seen, Usage::System)),
        (vec![Some(Mirror)], vec![Some(Triple)], vec![Some(Triple)])
    );
    loops.convert(Triple, Triple).await.unwrap();
    assert_eq!(kept(&loops.look().await, Usage::Data), [Some(Triple)]);
    loops.convert(Single, Mirror).await.unwrap();
    let seen = loops.look().await;
    assert_eq!((kept(&seen, Usage::Data), kept(&seen, Usage::Metadata)), (vec![Some(Single)], vec![Some(Mirror)]));
    assert!(loops.reads("a", 1000));
}

#[tokio::test]
async fn a_disk_that_is_there_is_replaced_by_a_larger_one_which_is_used_whole() {
    let loops = Loops::new(&[SIZE, SIZE, SIZE + 200 * MIB, SIZE - 100 * MIB]);
    loops.add(2).await.unwrap();
    loops.convert(Mirror, Mirror).await.unwrap();
    loops.write("a", 10_000);
    loops.sync();

    let before = loops.disk(4).await;
    let smaller = loops.replace(2, 4).await;
    assert!(matches!(smaller, Err(PoolError::Disk(DiskError::TooSmall))), "{smaller:?}");
    assert_eq!(loops.disk(4).await.contents, before.contents, "a disk that is too small is not emptied");
    assert!(matches!(loops.replace(9, 3).await, Err(PoolError::NoMember(9))));

    let ended = loops.replace(2, 3).await.unwrap();
    assert!(ended.done == ended.total && ended.total > 40_000_000, "{ended:?}");
    let member = loops.member(2).await;
    assert_eq!((member.disk, member.stale), (Some(loops.id(3).await), false));
    assert!(member.size.0 > SIZE + 198 * MIB, "{}", member.size);
    assert_ne!(loops.disk(2).await.unfit, Some(Unfit::InUse), "the old one is free");
    loops.unmount();
    loops.mount(&[3], "degraded,ro");
    assert!(loops.reads("a", 10_000));
}

#[tokio::test]
async fn a_disk_is_taken_out_and_given_back() {
    let loops = Loops::mirror(3).await;
    loops.write("a", 10_000);
    loops.sync();
    loops.add(3).await.unwrap();
    let (progress, told) = progress();
    loops.pool().remove(2, progress, CancellationToken::new()).await.unwrap();
    let told = *told.borrow();
    assert!(told.done == told.total && told.total > 40_000_000, "{told:?}");
    let numbers: Vec<u64> = loops.look().await.members.iter().map(|member| member.number).collect();
    assert_eq!(numbers, [1, 3]);
    assert_ne!(loops.disk(2).await.unfit, Some(Unfit::InUse));
    let probed = loops::said("blkid", &["--probe", &loops.device(2)]);
    assert!(!String::from_utf8_lossy(&probed.stdout).contains("btrfs"), "it has no file system");
    loops.unmount();
    loops.mount(&[3], "degraded,ro");
    assert!(loops.reads("a", 10_000));
    let gone = loops.pool().remove(2, loops::progress().0, CancellationToken::new()).await;
    assert!(matches!(gone, Err(PoolError::NoMember(2))), "{gone:?}");
}

#[tokio::test]
async fn the_last_disk_that_a_protection_needs_stays() {
    let loops = Loops::mirror(2).await;
    let refused = loops.pool().remove(2, progress().0, CancellationToken::new()).await;
    assert!(matches!(refused, Err(PoolError::Refused { .. })), "{refused:?}");
    assert_eq!(loops.look().await.members.len(), 2);
    assert!(!loops.member(2).await.stale);
}

/// Begins something, waits until the kernel does it, and gives it up.
async fn give_up(loops: &Loops, operation: &str, begin: impl AsyncFnOnce(CancellationToken) -> Result<(), PoolError>) {
    let stop = CancellationToken::new();
    let uuid = loops.look().await.uuid;
    let giving_up = async {
        if operation == SCRUB {
            // waits: for the thread of the comparison to have called the kernel, which tells nobody else of it.
            tokio::time::sleep(Duration::from_millis(500)).await;
        } else {
            loops.until(&uuid, operation).await;
        }
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(begin(stop.clone()), giving_up);
    assert!(matches!(ended, Err(PoolError::Cancelled)), "{operation}: {ended:?}");
    assert_eq!(loops.look().await.busy, None);
}

#[tokio::test]
async fn each_change_can_be_given_up_and_be_done_later() {
    let loops = Loops::new(&[ROOMY, ROOMY, ROOMY + 50 * MIB]);
    loops.write("a", 50_000);
    loops.sync();
    loops.add(2).await.unwrap();
    let pool = loops.pool();
    let mirror = Target { data: Mirror, metadata: Mirror };
    give_up(&loops, "balance", async |stop| pool.convert(mirror, progress().0, stop).await).await;
    loops.convert(Mirror, Mirror).await.unwrap();

    loops.slow(1, SLOW).await;
    loops.slow(2, SLOW).await;
    give_up(&loops, SCRUB, async |stop| pool.scrub(progress().0, stop).await.map(|_| ())).await;
    let disk = loops.disk(3).await;
    give_up(&loops, "device replace", async |stop| pool.replace(1, &disk.id, &disk.contents, progress().0, stop).await).await;
    assert_eq!(loops.member(1).await.disk, Some(loops.id(1).await), "all is as it was");
    loops.slow(1, 0).await;
    loops.slow(2, 0).await;
    loops.replace(1, 3).await.unwrap();
    assert_eq!(loops.scrub().await.unwrap().lost, 0);

    loops.add(1).await.unwrap();
    give_up(&loops, "device remove", async |stop| pool.remove(2, progress().0, stop).await).await;
    loops.pool().remove(2, progress().0, CancellationToken::new()).await.unwrap();
    let seen = loops.look().await;
    assert_eq!((seen.members.len(), kept(&seen, Usage::Data)), (2, vec![Some(Mirror)]));
    assert!(loops.reads("a", 50_000));
}

#[tokio::test]
async fn a_wish_that_comes_before_the_beginning_is_heard() {
    let loops = Loops::with(2);
    let stop = CancellationToken::new();
    stop.cancel();
    let ended = loops.pool().convert(Target { data: Single, metadata: Single }, progress().0, stop).await;
    assert!(matches!(ended, Err(PoolError::Cancelled)), "{ended:?}");
}

#[tokio::test]
async fn nothing_is_emptied_while_something_else_is_done() {
    let loops = Loops::mirror_of(4, ROOMY).await;
    loops.write("a", 30_000);
    loops.sync();
    loops.slow(1, SLOW).await;
    loops.slow(2, SLOW).await;
    let (three, four) = (loops.disk(3).await, loops.disk(4).await);
    let (pool, stop) = (loops.pool(), CancellationToken::new());
    let uuid = loops.look().await.uuid;
    let beside = async {
        loops.until(&uuid, "device replace").await;
        assert_eq!(loops.look().await.busy, Some(Holder::Replace));
        let refused = loops.pool().add(&four.id, &four.contents).await;
        assert!(
            matches!(&refused, Err(PoolError::Refused { source, .. }) if source.kind() == std::io::ErrorKind::ResourceBusy),
            "{refused:?}"
        );
        assert_eq!(loops.disk(4).await.contents, four.contents);
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(pool.replace(2, &three.id, &three.contents, progress().0, stop.clone()), beside);
    assert!(matches!(ended, Err(PoolError::Cancelled)), "{ended:?}");
}
