//! The process that changes a pool is killed in the middle, by the one signal that nobody can catch. Whoever looks then is told the truth, and asking
//! for the same again ends well.
#![cfg(test)]

mod loops;

use std::{
    io::ErrorKind,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use croft_disks::{Holder, Pool, PoolError, Target, Usage};
use croft_model::Protection;
use loops::{LARGE, Loops, MIB, PATIENCE, ROOMY, kept, progress, run, text};
use tokio_util::sync::CancellationToken;

use Protection::{Mirror, Single};

/// What the kernel has no word for.
const SCRUB: &str = "scrub";
/// Bytes a second at which something lasts long enough to be killed.
const SLOW: u64 = 8 * MIB;

/// The example `pool`, which cargo builds beside these tests.
fn program() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    here.parent().and_then(|deps| deps.parent()).unwrap().join("examples/pool")
}

/// Starts a change, kills its process while the kernel is at it, and waits until the process is gone.
async fn kill(loops: &Loops, change: &[&str], operation: &str) {
    let uuid = loops.look().await.uuid;
    let folder = |name: &str| loops.home().join(name);
    let mut command = Command::new(program());
    let mut child = command.arg(folder("disks")).arg(loops.at("")).arg(folder("aside")).args(change).spawn().unwrap();
    if operation == SCRUB {
        // waits: for the thread of the comparison to have called the kernel, which tells nobody else of it.
        tokio::time::sleep(Duration::from_millis(700)).await;
    } else {
        loops.until(&uuid, operation).await;
    }
    assert_eq!(child.try_wait().unwrap(), None, "it ended before it was killed");
    child.kill().unwrap();
    let begun = Instant::now();
    child.wait().unwrap();
    assert!(begun.elapsed() < PATIENCE, "the kernel keeps the process");
}

#[tokio::test]
async fn a_move_of_data_goes_on_where_it_was() {
    let loops = Loops::new(&[LARGE, LARGE]);
    loops.write("a", 50_000);
    loops.sync();
    loops.add(2).await.unwrap();
    kill(&loops, &["mirror"], "balance").await;
    let seen = loops.look().await;
    assert!([None, Some(Holder::Balance)].contains(&seen.busy), "{seen:?}");
    assert!(kept(&seen, Usage::Data).contains(&Some(Single)) || kept(&seen, Usage::Data) == [Some(Mirror)], "{seen:?}");
    loops.convert(Mirror, Mirror).await.unwrap();
    let seen = loops.look().await;
    assert_eq!((seen.busy, kept(&seen, Usage::Data), kept(&seen, Usage::System)), (None, vec![Some(Mirror)], vec![Some(Mirror)]));
    loops.unmount();
    loops.mount(&[2], "degraded,ro");
    assert!(loops.reads("a", 50_000));
}

/// Begins a move of data and starts the machine anew meanwhile, which then mounts with these options.
async fn move_over_a_restart(options: &str) -> Loops {
    let loops = Loops::new(&[LARGE, LARGE]);
    loops.write("a", 50_000);
    loops.sync();
    loops.add(2).await.unwrap();
    let (pool, uuid) = (loops.pool(), loops.look().await.uuid);
    let target = Target { data: Mirror, metadata: Mirror };
    let moving = tokio::spawn(async move { pool.convert(target, progress().0, CancellationToken::new()).await });
    loops.until(&uuid, "balance").await;
    // What a power cut leaves behind, too: the pool says of itself that it is being moved.
    run("btrfs", &["balance", "pause", text(&loops.at(""))]);
    let ended = moving.await.unwrap();
    assert!(matches!(ended, Err(PoolError::Refused { .. })), "nobody wished it: {ended:?}");
    loops.unmount();
    loops.mount(&[1, 2], options);
    loops
}

#[tokio::test]
async fn a_move_of_data_survives_the_machine() {
    // With the option the kernel leaves it paused; without, it goes on by itself.
    for options in ["skip_balance", ""] {
        let loops = move_over_a_restart(options).await;
        let busy = loops.look().await.busy;
        assert!(busy == Some(Holder::Balance) || (busy.is_none() && options.is_empty()), "{options}: {busy:?}");
        loops.convert(Mirror, Mirror).await.unwrap();
        let seen = loops.look().await;
        assert_eq!((seen.busy, kept(&seen, Usage::Data), kept(&seen, Usage::System)), (None, vec![Some(Mirror)], vec![Some(Mirror)]));
        assert!(loops.reads("a", 50_000));
    }
}

#[tokio::test]
async fn a_replacement_is_waited_for_or_begun_anew() {
    let loops = Loops::mirror_of(3, ROOMY).await;
    loops.write("a", 30_000);
    loops.sync();
    loops.slow(2, SLOW).await;
    loops.slow(1, SLOW).await;
    let disk = loops.disk(3).await;
    kill(&loops, &["replace", "2", &disk.id.to_string(), &disk.contents], "device replace").await;
    loops.slow(2, 0).await;
    loops.slow(1, 0).await;
    let seen = loops.look().await;
    let member = seen.members.iter().find(|member| member.number == 2).unwrap();
    let (two, three) = (loops.id(2).await, loops.id(3).await);
    match seen.busy {
        // The kernel goes on, or has ended meanwhile.
        Some(Holder::Replace) => assert_eq!(member.disk, Some(two)),
        None => assert!(member.disk == Some(two) || member.disk == Some(three.clone()), "{member:?}"),
        other => panic!("{other:?}"),
    }
    loops.replace(2, 3).await.unwrap();
    let member = loops.member(2).await;
    assert_eq!((member.disk, member.stale, loops.look().await.busy), (Some(three), false, None));
    assert_eq!(loops.scrub().await.unwrap().lost, 0);
    loops.unmount();
    loops.mount(&[3], "degraded,ro");
    assert!(loops.reads("a", 30_000));
}

#[tokio::test]
async fn a_replacement_survives_the_machine() {
    let loops = replace_over_a_restart(&[1, 2, 3], "").await;
    // The kernel takes the replacement up again a moment after it has mounted the pool; until that moment it only refuses, and one asks again.
    let mut asked = loops.replace(2, 3).await;
    let until = Instant::now() + PATIENCE;
    while matches!(&asked, Err(PoolError::Refused { source, .. }) if source.kind() == ErrorKind::ResourceBusy) && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50)).await; // waits: for the kernel to say that it goes on
        asked = loops.replace(2, 3).await;
    }
    asked.unwrap();
    let member = loops.member(2).await;
    assert_eq!((member.disk, member.stale), (Some(loops.id(3).await), false));
    assert_eq!(loops.scrub().await.unwrap().lost, 0);
    loops.unmount();
    loops.mount(&[3], "degraded,ro");
    assert!(loops.reads("a", 30_000));
}

/// Begins to replace a disk and starts the machine anew meanwhile, which then finds only these disks.
async fn replace_over_a_restart(numbers: &[u64], options: &str) -> Loops {
    let loops = Loops::mirror_of(3, ROOMY).await;
    loops.write("a", 30_000);
    loops.sync();
    loops.slow(1, SLOW).await;
    loops.slow(2, SLOW).await;
    let disk = loops.disk(3).await;
    let pool = loops.pool();
    let replacing = tokio::spawn(async move { pool.replace(2, &disk.id, &disk.contents, progress().0, CancellationToken::new()).await });
    let uuid = loops.look().await.uuid;
    loops.until(&uuid, "device replace").await;
    // As an orderly end of the machine does, which leaves it to the next start.
    run("mount", &["-o", "remount,ro", text(&loops.at(""))]);
    let _ = replacing.await.unwrap();
    loops.unmount();
    loops.mount(numbers, options);
    loops
}

#[tokio::test]
async fn a_replacement_whose_new_disk_is_gone_is_ended_and_the_disk_is_in_nobodys_way() {
    let loops = replace_over_a_restart(&[1, 2], "degraded").await;
    assert_eq!(loops.look().await.busy, Some(Holder::Replace), "it is told, though the kernel does nothing");
    let (three, one) = (loops.id(3).await, loops.disk(1).await);
    let refused = loops.pool().add(&one.id, &one.contents).await;
    assert!(refused.is_ok() || matches!(refused, Err(PoolError::Refused { .. })), "{refused:?}");
    loops.pool().replace(2, &three, "whatever it was", progress().0, CancellationToken::new()).await.unwrap();
    let seen = loops.look().await;
    assert_eq!((seen.busy, seen.members.len()), (None, 2));
    assert_eq!(loops.member(2).await.disk, Some(loops.id(2).await), "nothing was begun in its stead");
    // With the mark that it has from then, the kernel would not mount the pool.
    let marked = || String::from_utf8_lossy(&loops::said("blkid", &["--probe", &loops.device(3)]).stdout).contains("btrfs");
    assert!(!marked(), "a look has taken it away");
    loops.unmount();
    loops.mount(&[1, 2], "");
    assert!(loops.reads("a", 30_000));
    loops.replace(2, 3).await.unwrap();
    assert_eq!(loops.scrub().await.unwrap().lost, 0);
}

#[tokio::test]
async fn a_killed_process_lets_go_of_all_it_had_open() {
    let loops = Loops::mirror_of(3, ROOMY).await;
    loops.write("a", 30_000);
    loops.sync();
    loops.slow(1, SLOW).await;
    loops.slow(2, SLOW).await;
    let disk = loops.disk(3).await;
    let uuid = loops.look().await.uuid;
    let folder = |name: &str| loops.home().join(name);
    let (mut reader, writer) = std::io::pipe().unwrap();
    // What it inherits stands for its store: the end of the pipe is seen when nobody has it open any more.
    let mut command = Command::new(program());
    command.arg(folder("disks")).arg(loops.at("")).arg(folder("aside")).args(["replace", "2", &disk.id.to_string(), &disk.contents]);
    let mut child = command.stdin(std::process::Stdio::null()).stderr(writer).spawn().unwrap();
    drop(command);
    loops.until(&uuid, "device replace").await;
    child.kill().unwrap();
    let begun = Instant::now();
    std::io::Read::read_to_end(&mut reader, &mut Vec::new()).unwrap();
    println!("let go after {} ms, while the kernel does {:?}", begun.elapsed().as_millis(), loops.look().await.busy);
    child.wait().unwrap();
}

#[tokio::test]
async fn a_removal_is_begun_anew() {
    let loops = Loops::new(&[LARGE, LARGE, LARGE]);
    loops.write("a", 60_000);
    loops.sync();
    loops.add(2).await.unwrap();
    loops.add(3).await.unwrap();
    kill(&loops, &["remove", "1"], "device remove").await;
    let seen = loops.look().await;
    assert!([2, 3].contains(&seen.members.len()) && [None, Some(Holder::Remove)].contains(&seen.busy), "{seen:?}");
    if seen.members.len() == 3 {
        let again = loops.pool().remove(1, progress().0, CancellationToken::new()).await;
        again.unwrap();
    }
    let numbers: Vec<u64> = loops.look().await.members.iter().map(|member| member.number).collect();
    assert_eq!(numbers, [2, 3]);
    assert!(loops.reads("a", 60_000));
}

#[tokio::test]
async fn a_comparison_is_in_nobodys_way() {
    let loops = Loops::mirror_of(2, LARGE).await;
    loops.write("a", 20_000);
    loops.sync();
    loops.slow(1, SLOW).await;
    kill(&loops, &["scrub"], SCRUB).await;
    loops.slow(1, 0).await;
    assert_eq!(loops.look().await.busy, None);
    let compared = loops.scrub().await.unwrap();
    assert!(compared.lost == 0 && compared.read.0 > 160_000_000, "{compared:?}");
}
