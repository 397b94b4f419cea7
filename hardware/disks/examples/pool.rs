//! A process that changes a pool and may be killed meanwhile: what `tests/pool_killed.rs` starts.
//!
//! Its words: the folder with the loop disks' files, where the pool is mounted, where is kept what disks held, and the change:
//! `mirror`, `scrub`, `remove NUMBER`, or `replace NUMBER DISK CONTENTS`.

use std::{error::Error, fs::File, path::Path};

use croft_disks::{LinuxDisks, LinuxPool, Pool, Target};
use croft_model::{Progress, Protection};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [disks, at, aside, change @ ..] = words.as_slice() else { return Err("too few words".into()) };
    let pool = LinuxPool::new(File::open(at)?.into(), File::open(aside)?.into(), LinuxDisks::of_loops(Path::new(disks)));
    let (progress, _told) = watch::channel(Progress { done: 0, total: 0 });
    let stop = CancellationToken::new();
    match change {
        ["mirror"] => pool.convert(Target { data: Protection::Mirror, metadata: Protection::Mirror }, progress, stop).await?,
        ["scrub"] => pool.scrub(progress, stop).await.map(drop)?,
        ["remove", member] => pool.remove(member.parse()?, progress, stop).await?,
        ["replace", member, disk, contents] => pool.replace(member.parse()?, &disk.parse()?, contents, progress, stop).await?,
        _ => return Err("an unknown change".into()),
    }
    Ok(())
}
