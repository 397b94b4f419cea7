//! Bringing back that somebody or something ends early, and what it leaves because it cannot have it.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use croft_api::bulk::{AbortReason, Area, Commit, Frame, Method};
use croft_model::{Right, SpaceId};
use serde_json::Value;

use super::{
    BRING_BACK, COMPARE, DISCARD, DISK_NAME, TIME, back, btrfs, count,
    disk::{self, Disk},
    harness::{Body, Gateway, Running, SPACE, pattern, person},
    keep_a_copy, snapshot, then, tree,
};

/// A space with `count` files, of which each was changed or deleted since.
async fn many(folder: &Path, count: usize) -> (Running, BTreeMap<String, Vec<u8>>, BTreeMap<String, Vec<u8>>) {
    fs::create_dir_all(folder.join("space/files")).unwrap();
    for index in 0..count {
        let dir = folder.join(format!("space/files/{}", index % 7));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(index.to_string()), format!("then {index}")).unwrap();
    }
    keep_a_copy(folder, DISK_NAME);
    let before = tree(&folder.join("space/files"));
    for index in 0..count {
        let path = folder.join(format!("space/files/{}/{index}", index % 7));
        if index % 2 == 0 { fs::write(path, format!("now, {index}")).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    let after = tree(&folder.join("space/files"));
    (Running::start(folder).await, before, after)
}

fn is_between(now: &BTreeMap<String, Vec<u8>>, before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> usize {
    for (path, content) in now {
        assert!(Some(content) == before.get(path) || Some(content) == after.get(path), "{path}: {}", String::from_utf8_lossy(content));
    }
    before.iter().filter(|(path, content)| now.get(*path) == Some(content)).count()
}

/// So many that somebody can come in between, also where each is back within a millisecond.
const MANY: usize = 4000;

/// Waits until some of those that were deleted are back. Looks at names alone, which takes less time than what it waits for.
async fn some_are_back(files: &Path) {
    let is_back = |index: &usize| files.join(format!("{}/{index}", index % 7)).exists();
    while (1..MANY).step_by(2).filter(is_back).take(20).count() < 20 {
        tokio::time::sleep(Duration::from_millis(2)).await; // waits: until some are back, by polling
    }
}

/// Asks for something of the whole space at `TIME` and leaves the answer open; gives the stream.
async fn begin(link: &mut Gateway, wish: &'static str) -> u32 {
    link.area = Area::Times;
    let count = wish.len() as u64;
    let stream = link.open(Method::Post, &[TIME], &[], Some(count)).await;
    link.send(stream, vec![Frame::Data(wish.into()), Frame::Commit(Commit { count, digests: Vec::new() })]).await;
    stream
}

/// Waits until nobody brings anything back: the file at `path` comes back then.
async fn free(link: &mut Gateway, path: &[&str]) {
    while then(link, Method::Post, path, &[], BRING_BACK).await.status == 503 {
        tokio::time::sleep(Duration::from_millis(10)).await; // waits: until it has heard, by polling
    }
}

/// Folders of CHANGED on a link of its own, each with the ETag that the root had then.
async fn listen(worker: &Running) -> Arc<Mutex<Vec<(String, String)>>> {
    let (mut link, heard) = (worker.link().await, Arc::new(Mutex::new(Vec::new())));
    let hearing = heard.clone();
    // It ends with the link, and that with the worker.
    drop(tokio::spawn(async move {
        while let Some(frames) = link.receive().await {
            for (_, frame, _) in frames {
                if let Frame::Changed { folder, root } = frame {
                    hearing.lock().unwrap().push((folder, root.etag));
                }
            }
        }
    }));
    heard
}

// On one thread, as the role runs.
#[tokio::test]
async fn who_hangs_up_ends_it_between_two_files_and_who_begins_again_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (worker, before, after) = many(folder.path(), MANY).await;
    let heard = listen(&worker).await;
    let mut link = worker.link().await;
    let stream = begin(&mut link, BRING_BACK).await;
    let files = worker.file("");
    some_are_back(&files).await;
    // One at a time, which keeps nobody from looking.
    let mut second = worker.link().await;
    assert_eq!(then(&mut second, Method::Post, &[TIME], &[], BRING_BACK).await.status, 503);
    assert_eq!(then(&mut second, Method::Post, &[TIME], &[], COMPARE).await.status, 200);
    link.send(stream, vec![Frame::Abort(AbortReason::Gone)]).await;
    drop(link);
    let mut link = worker.link().await;
    free(&mut link, &[TIME, "0", "0"]).await;
    let now = tree(&files);
    is_between(&now, &before, &after);

    // Those that were on their way to the disk arrive all the same, and everybody hears of each.
    let mut back_so_far: Vec<String> = Vec::new();
    for (path, content) in before.iter().filter(|(path, content)| now.get(*path) == Some(content) && after.get(*path) != Some(content)) {
        assert!(!content.is_empty());
        back_so_far.push(path.split('/').next().unwrap().to_owned());
    }
    let root = link.ask(Method::Propfind, &[], &[("depth", "0")], Body::of("")).await.text().to_owned();
    let mut lacking = Vec::new();
    for _ in 0..30 {
        let (mut folders, etags): (Vec<_>, HashSet<_>) = heard.lock().unwrap().iter().cloned().unzip();
        lacking.clone_from(&back_so_far);
        lacking.retain(|folder| folders.iter().position(|told| told == folder).map(|at| folders.swap_remove(at)).is_none());
        // The first pass tells of folders, too.
        if lacking.is_empty() && etags.len() >= back_so_far.len() && etags.iter().any(|etag| root.contains(etag)) {
            break;
        }
        lacking.push("or the state of the root".into());
        tokio::time::sleep(Duration::from_millis(10)).await; // waits: until news that were sent have come, by polling
    }
    assert!(lacking.is_empty(), "not told: {lacking:?}");

    let rest = back(&mut link, &[TIME], COMPARE).await;
    let left = rest["returned"].as_u64().unwrap() + rest["changed"].as_u64().unwrap();
    assert!(left > 0, "it was over before anybody hung up");
    let done = back(&mut link, &[TIME], BRING_BACK).await;
    let brought = done["returned"].as_u64().unwrap() + done["changed"].as_u64().unwrap();
    assert!(brought == left && done["left"] == 0, "{rest} {done}");
    assert!(tree(&files) == before);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_each_file_is_as_then_or_as_now() {
    let folder = tempfile::tempdir().unwrap();
    let (worker, before, after) = many(folder.path(), MANY).await;
    let mut link = worker.link().await;
    begin(&mut link, BRING_BACK).await;
    let files = worker.file("");
    some_are_back(&files).await;
    drop(link);
    worker.kill().await;
    assert!(is_between(&tree(&files), &before, &after) < before.len());
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    while then(&mut link, Method::Post, &[TIME], &[], COMPARE).await.status == 503 {
        tokio::time::sleep(Duration::from_millis(20)).await; // waits: for the first pass after an end that was none, by polling
    }
    back(&mut link, &[TIME], BRING_BACK).await;
    assert!(tree(&files) == before);
    assert!(worker.own("uploads").is_empty());
    worker.end().await;
}

/// How it ends when `happens` while files come back, and how many are back by then.
async fn broken_off(happens: impl FnOnce(&Running, &Path)) -> (String, usize) {
    let folder = tempfile::tempdir().unwrap();
    let (worker, before, after) = many(folder.path(), 1500).await;
    let mut link = Gateway::connect(&folder.path().join("s"), worker.capability(person(2))).await;
    let running = tokio::spawn(async move { then(&mut link, Method::Post, &[TIME], &[], BRING_BACK).await });
    let files = worker.file("");
    while is_between(&tree(&files), &before, &after) < 40 {
        tokio::time::sleep(Duration::from_millis(2)).await; // waits: until some are back, by polling
    }
    happens(&worker, folder.path());
    let reply = running.await.unwrap();
    let last: Value = serde_json::from_str(reply.text().lines().last().unwrap()).unwrap();
    let back = is_between(&tree(&files), &before, &after);
    worker.end().await;
    (last["problem"]["code"].as_str().unwrap_or_else(|| panic!("{last}")).to_owned(), back)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_the_right_to_write_and_with_the_time() {
    let (code, back) = broken_off(|worker, _| {
        worker.projection.send_modify(|projection| {
            let spaces = projection.as_mut().and_then(|projection| projection.spaces.as_mut()).unwrap();
            spaces.get_mut(&SpaceId::from_number(SPACE)).unwrap().members.insert(person(2), Right::Read);
        });
    })
    .await;
    assert!(code == "read-only" && back < 1500, "{code} {back}");
    let (code, back) = broken_off(|_, folder| {
        fs::rename(folder.join("snapshots").join(DISK_NAME), folder.join("gone")).unwrap();
    })
    .await;
    assert!(code == "time-gone" && back < 1500, "{code} {back}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_since_goes_in_steps_and_not_without_end() {
    let home = tempfile::tempdir().unwrap();
    let disk = btrfs(home.path());
    let files = disk.at.join("space/files");
    fs::create_dir_all(disk.at.join("snapshots").join(DISK_NAME).join("files/dir")).unwrap();
    fs::create_dir_all(files.join("dir")).unwrap();
    for index in 0..1010 {
        fs::write(files.join("dir").join(format!("{index:04}")), "new").unwrap();
    }
    let worker = Running::start(&disk.at).await;
    let mut link = worker.link().await;
    let names = ["newer", "discarded", "most_discarded"];
    assert_eq!(count(&back(&mut link, &[TIME], COMPARE).await, &names), [1010, 0, 1000]);
    assert_eq!(count(&back(&mut link, &[TIME], "{\"do\": \"compare\", \"discard_newer\": true}").await, &names), [10, 1000, 1000]);
    let stream = begin(&mut link, DISCARD).await;
    while worker.own("trash").len() < 10 {
        tokio::time::sleep(Duration::from_millis(2)).await; // waits: until some are gone, by polling
    }
    link.send(stream, vec![Frame::Abort(AbortReason::Gone)]).await;
    drop(link);
    let mut link = worker.link().await;
    free(&mut link, &[TIME, "dir"]).await;
    let (gone, stays) = (worker.own("trash").len(), fs::read_dir(files.join("dir")).unwrap().count());
    assert!(gone < 900 && gone + stays == 1010, "{gone} {stays}");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_kept_or_is_a_link_is_left_and_all_else_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let disk = btrfs(home.path());
    let worker = Running::start(&disk.at).await;
    let mut link = worker.link().await;
    let content = |seed| pattern(64 * 1024, seed);
    for (name, seed) in [("past", 1), ("present", 2), ("whole", 3), ("linked", 4)] {
        link.put(&[name], &[], content(seed)).await;
    }
    snapshot(&disk, DISK_NAME);
    for (name, seed) in [("past", 5), ("present", 6), ("whole", 7)] {
        link.put(&[name], &[], content(seed)).await;
    }
    worker.end().await;
    fs::remove_file(disk.at.join("space/files/linked")).unwrap();
    symlink("/etc/passwd", disk.at.join("space/files/linked")).unwrap();
    let at = disk.at.clone();
    drop(disk);
    // The drive gives back something else than was written: of one file as it was, of another as it is.
    let image = home.path().join("disk");
    let mut bytes = fs::read(&image).unwrap();
    let (blocks, mut spoiled) = ([content(1)[..4096].to_vec(), content(6)[..4096].to_vec()], 0);
    for block in bytes.chunks_mut(4096).filter(|block| blocks.iter().any(|sought| sought == block)) {
        block[7] ^= 1;
        spoiled += 1;
    }
    assert!(spoiled >= 2);
    fs::write(&image, bytes).unwrap();
    let disk = Disk::mount(&image, at, "commit=300");
    let worker = Running::start(&disk.at).await;
    let mut link = worker.link().await;
    fs::read(disk.at.join("snapshots").join(DISK_NAME).join("files/past")).unwrap_err();
    fs::read(worker.file("present")).unwrap_err();
    for _ in 0..2 {
        let done = back(&mut link, &[TIME], BRING_BACK).await;
        assert_eq!(count(&done, &["returned", "left"]), [0, 2], "{done}");
    }
    assert!(link.get(&["present"], &[]).await.body == content(2) && link.get(&["whole"], &[]).await.body == content(3));
    assert!(link.get(&["past"], &[]).await.body == content(5));
    assert_eq!(fs::read_link(worker.file("linked")).unwrap(), Path::new("/etc/passwd"));
    worker.end().await;

    // Versions would lie on another file system, which takes no second name.
    let versions = disk.at.join("space/.croft/versions");
    disk::run("mount", &["-t", "tmpfs", "none", disk::text(&versions)]);
    let mounted = Disk { at: versions };
    let worker = Running::start(&disk.at).await;
    let mut link = worker.link().await;
    link.put(&["whole"], &[], "now").await;
    let done = back(&mut link, &[TIME, "whole"], BRING_BACK).await;
    assert_eq!((count(&done, &["changed", "left"]), done["one_left"].as_str()), (vec![0, 1], Some("whole")), "{done}");
    assert_eq!(link.get(&["whole"], &[]).await.text(), "now");
    worker.end().await;
    drop(mounted);
}
