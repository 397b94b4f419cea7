//! Power cuts, while writers are at work and right after the last acknowledgement: what was acknowledged before is there, and a name that was
//! being changed is as before or as after. What it replaced is among its versions.
//!
//! The disk is a file behind a loop device, on a file system that copies a file in one moment. Each cut is such a copy, made without any
//! sync, and mounted later: what was only in memory is lost, as it would be. Files that were written without a sync beside the worker are
//! the control: the test must see that they are gone. It takes root.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the test makes and mounts disks")]

mod disk;
mod harness;

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use croft_api::bulk::Method;
use disk::{Disk, run, text};
use futures_util::future::join_all;
use harness::{Body, Gateway, Running, pattern, person};

const WRITERS: u64 = 8;
/// Names that a writer replaces in turns, beside the new ones it makes.
const REPLACED: u64 = 5;
/// Large enough that btrfs never commits by itself for lack of room.
const DISK_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// What holds the disk and its copies, of which only what is written takes room.
const HOST_BYTES: u64 = 16 * 1024 * 1024 * 1024;
/// Files written without a sync. Some may reach the disk by themselves; that all do means that nothing was lost and the test shows nothing.
const CONTROLS: usize = 200;

/// Names that are begun at least from one cut to the next, however slow the machine is.
const NAMES: usize = 60;

/// How long the writers write at least and how often the power is cut meanwhile.
fn effort() -> (Duration, u32) {
    if std::env::var_os("CROFT_LONG").is_some() { (Duration::from_secs(60), 20) } else { (Duration::from_secs(4), 4) }
}

/// What a name can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Folder,
    File { length: usize, seed: u64 },
}

/// What a name was to be, in order from [`State::Absent`], and which of it was acknowledged last.
#[derive(Debug, Clone)]
struct Life {
    states: Vec<State>,
    acknowledged: usize,
}

type Lives = BTreeMap<String, Life>;

/// A power cut: the disk of that moment, what was acknowledged before it and what was begun until then.
struct Cut {
    image: PathBuf,
    before: Lives,
    begun: Lives,
}

/// What a file system does to a new name that was never acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unacknowledged {
    /// It is there whole or not at all.
    Whole,
    /// It may be there with less than its data.
    Anything,
}

/// Does one request that makes `path` be `next`, and writes down what it was to do and that it did.
async fn make(link: &mut Gateway, lives: &Mutex<Lives>, path: &[&str], next: State) {
    let name = path.join("/");
    let fresh = || Life { states: vec![State::Absent], acknowledged: 0 };
    lives.lock().unwrap().entry(name.clone()).or_insert_with(fresh).states.push(next);
    let (method, body) = match next {
        State::Absent => (Method::Delete, Vec::new()),
        State::Folder => (Method::Mkcol, Vec::new()),
        State::File { length, seed } => (Method::Put, pattern(length, seed)),
    };
    let reply = link.ask(method, path, &[], Body::of(body)).await;
    assert!(matches!(reply.status, 201 | 204), "{name} {next:?}: {}", reply.status);
    lives.lock().unwrap().get_mut(&name).unwrap().acknowledged += 1;
}

async fn write(worker: &Running, writer: u64, lives: &Mutex<Lives>, enough: &AtomicBool) {
    let mut link = worker.link().await;
    let mut turn = 0;
    while !enough.load(Ordering::Relaxed) {
        let file = State::File { length: if turn % 32 == 31 { 300_000 } else { 4096 }, seed: writer * 1_000_003 + turn };
        let (new, folder) = (format!("w{writer}-new-{turn}"), format!("w{writer}-folder-{turn}"));
        match turn % 16 {
            4 => {
                make(&mut link, lives, &[&folder], State::Folder).await;
                make(&mut link, lives, &[&folder, "inside"], file).await;
            }
            8 => {
                make(&mut link, lives, &[&new], file).await;
                make(&mut link, lives, &[&new], State::Absent).await;
            }
            even if even % 2 == 0 => make(&mut link, lives, &[&new], file).await,
            _ => make(&mut link, lives, &[&format!("w{writer}-replaced-{}", turn % (2 * REPLACED))], file).await,
        }
        // None lasts as long as a long test.
        link.capability = worker.capability(person(1));
        turn += 1;
    }
}

/// Copies the disk as it is at one moment.
fn cut(host: &Path, number: u32, lives: &Mutex<Lives>) -> Cut {
    let image = host.join(format!("cut-{number}"));
    let before = lives.lock().unwrap().clone();
    run("cp", &["--reflink=always", text(&host.join("disk")), text(&image)]);
    let begun = lives.lock().unwrap().clone();
    Cut { image, before, begun }
}

/// Whether `path` is as `state` says.
fn is(path: &Path, state: State) -> bool {
    match state {
        State::Absent => fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound),
        State::Folder => path.is_dir(),
        State::File { length, seed } => fs::read(path).is_ok_and(|found| found == pattern(length, seed)),
    }
}

/// What the check of the file system has brought into `lost+found`: without a journal, a cut in the moment in which a folder's block becomes two takes the
/// names in one of them along, whoever synced them before.
#[derive(Debug, Default)]
struct Found {
    files: HashSet<Vec<u8>>,
    folders: usize,
}

impl Found {
    fn below(folder: &Path) -> Self {
        let mut found = Self::default();
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                let inner = Self::below(&path);
                found.files.extend(inner.files);
                found.folders += inner.folders + 1;
            } else {
                // What was never acknowledged may be there in part.
                found.files.extend(fs::read(path));
            }
        }
        found
    }

    /// Whether what `state` says is there, without its name.
    fn has(&self, state: State) -> bool {
        match state {
            State::Absent => false,
            State::Folder => self.folders > 0,
            State::File { length, seed } => self.files.contains(&pattern(length, seed)),
        }
    }
}

impl Cut {
    /// Names that are not as they may be after it.
    fn wrong(&self, files: &Path, found: &Found, unacknowledged: Unacknowledged) -> Vec<&String> {
        let wrong = |(name, life): &(&String, &Life)| {
            let acknowledged = self.before.get(*name).map_or(0, |life| life.acknowledged);
            let free = acknowledged == 0 && unacknowledged == Unacknowledged::Anything;
            !free && !life.states[acknowledged..].iter().any(|state| is(&files.join(name), *state) || found.has(*state))
        };
        self.begun.iter().filter(wrong).map(|(name, _)| name).collect()
    }
}

/// Names whose content before the last acknowledged one is not among the versions.
fn lost_versions<'a>(cut: &'a Cut, own: &Path, found: Found) -> Vec<&'a String> {
    let mut kept = found.files;
    for folder in fs::read_dir(own.join("versions")).unwrap() {
        for version in fs::read_dir(folder.unwrap().path()).unwrap() {
            kept.insert(fs::read(version.unwrap().path()).unwrap());
        }
    }
    let before = |life: &Life| life.acknowledged.checked_sub(1).map(|last| life.states[last]);
    let lost = |(_, life): &(&String, &Life)| match before(life) {
        Some(State::File { length, seed }) if life.states[life.acknowledged] != State::Absent => !kept.contains(&pattern(length, seed)),
        _ => false,
    };
    cut.before.iter().filter(lost).map(|(name, _)| name).collect()
}

async fn survives(make: &str, options: &str, unacknowledged: Unacknowledged) {
    let home = tempfile::tempdir().unwrap();
    let host = Disk::make(home.path(), "mkfs.btrfs", HOST_BYTES, "nobarrier");
    let disk = Disk::make(&host.at, make, DISK_BYTES, options);
    let worker = Running::start(&disk.at).await;
    let (lives, enough, (writing, count)) = (Mutex::new(Lives::new()), AtomicBool::new(false), effort());
    let writers: Vec<_> = (0..WRITERS).map(|writer| write(&worker, writer, &lives, &enough)).collect();
    let cutting = async {
        let mut cuts = Vec::new();
        for number in 0..=count {
            let (since, begun) = (Instant::now(), lives.lock().unwrap().len());
            while since.elapsed() < writing / (count + 1) || lives.lock().unwrap().len() < begun + NAMES {
                // waits: for the writers to be in the middle of something
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            if number < count {
                cuts.push(tokio::task::block_in_place(|| cut(&host.at, number, &lives)));
            }
        }
        enough.store(true, Ordering::Relaxed);
        cuts
    };
    let (mut cuts, _) = tokio::join!(cutting, join_all(writers));
    for index in 0..CONTROLS {
        fs::write(worker.file(&format!("control-{index}")), pattern(4096, index as u64)).unwrap();
    }
    cuts.push(cut(&host.at, count, &lives));
    worker.kill().await;
    drop(disk);

    let mut kept = 0;
    for cut in &cuts {
        if make.contains("^has_journal") {
            // As at each start after a power cut; 1 says that something was mended.
            let mended = Command::new("e2fsck").args(["-fy", text(&cut.image)]).output().unwrap().status.code();
            assert!(matches!(mended, Some(0 | 1)), "{mended:?}");
        }
        let after = Disk::mount(&cut.image, home.path().join("after"), options);
        let files = after.at.join("space/files");
        let found = if make.contains("^has_journal") { Found::below(&after.at.join("lost+found")) } else { Found::default() };
        let wrong = cut.wrong(&files, &found, unacknowledged);
        kept = (0..CONTROLS)
            .filter(|index| is(&files.join(format!("control-{index}")), State::File { length: 4096, seed: *index as u64 }))
            .count();
        let changing = cut.begun.values().filter(|life| life.acknowledged + 1 < life.states.len()).count();
        println!(
            "{make}: {} names, {changing} being changed, {} wrong, {} without their names, {kept} without a sync",
            cut.begun.len(),
            wrong.len(),
            found.files.len()
        );
        assert!(wrong.is_empty(), "{make}: wrong {wrong:?}");
        let lost = lost_versions(cut, &after.at.join("space/.croft"), found);
        assert!(lost.is_empty(), "{make}: nothing is kept of what these were before: {lost:?}");
        let worker = Running::start(&after.at).await;
        assert_eq!(worker.link().await.get(&["w0-new-0"], &[]).await.status, 200, "and the space opens again");
        worker.end().await;
    }
    assert!(cuts[0].before.len() > 50 && cuts.last().unwrap().before.len() > 100, "hardly anything was written");
    let replaced = cuts.last().unwrap().before.values().filter(|life| life.acknowledged > 1).count();
    assert!(replaced > 10, "{make}: hardly anything was replaced");
    assert!(kept < CONTROLS, "{make}: nothing at all was lost, so this shows nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn ext4_keeps_what_was_acknowledged() {
    survives("mkfs.ext4", "commit=300", Unacknowledged::Whole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn btrfs_keeps_what_was_acknowledged() {
    survives("mkfs.btrfs", "commit=300", Unacknowledged::Anything).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ext4_without_a_journal_keeps_what_was_acknowledged() {
    survives("mkfs.ext4 -O ^has_journal", "noatime", Unacknowledged::Anything).await;
}
