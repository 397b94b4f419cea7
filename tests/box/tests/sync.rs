//! Two computers and one tree, with each version of the stock client: what people do to folders, and what goes wrong beneath them.
#![cfg(test)]

use std::{
    collections::BTreeSet,
    env, fs,
    io::Write,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, Computer, SyncClient, TestBox, Tree, Visitor, kill, tree};
use nix::sys::signal::Signal;
use proptest::{prelude::*, test_runner::TestRunner};
use reqwest::Method;
use serde_json::json;

/// Syncs of each computer within which they must have become the same.
const ROUNDS: usize = 4;
/// What is left where everything else is deleted.
const KEPT: &str = "kept.txt";
/// Time within which a process of the box must be there.
const SOON: Duration = Duration::from_secs(30);

/// A box with two computers of one client.
struct Home<'a> {
    test_box: &'a TestBox,
    desk: Computer,
    sofa: Computer,
}

fn is_long() -> bool {
    env::var_os("CROFT_LONG").is_some()
}

impl<'a> Home<'a> {
    fn new(test_box: &'a TestBox, password: &str, client: SyncClient) -> Self {
        let [desk, sofa] = [(); 2].map(|()| Computer::with(client, test_box, password));
        Self { test_box, desk, sofa }
    }

    fn disk(&self) -> Tree {
        tree(&self.test_box.path("spaces/s1/files"))
    }

    /// Lets both become as the box is, and gives what all three have.
    fn settle(&self, what: &str) -> Tree {
        for _ in 0..ROUNDS {
            for (computer, whose) in [(&self.desk, "desk"), (&self.sofa, "sofa")] {
                // What one run does not finish it says, and the next one does.
                let _ = computer.try_sync();
                keep_copies(computer, whose);
            }
            if self.desk.tree() == self.disk() && self.sofa.tree() == self.disk() {
                self.desk.sync();
                self.sofa.sync();
                return self.disk();
            }
        }
        let [desk, sofa, disk] = [self.desk.tree(), self.sofa.tree(), self.disk()].map(|tree| tree.into_keys().collect::<Vec<_>>());
        panic!("{what}: they do not become the same\ndesk {desk:?}\nsofa {sofa:?}\nbox {disk:?}");
    }

    /// Empties everything but one file: a client from which all was deleted waits for a person to say that it was meant.
    fn empty(&self) {
        self.desk.write(KEPT, b"");
        self.settle("before it is emptied");
        for name in self.desk.tree().into_keys().filter(|name| !name.contains('/') && name != KEPT) {
            remove(&self.desk, &name);
        }
        assert_eq!(self.settle("emptied").into_keys().collect::<Vec<_>>(), [KEPT]);
    }
}

/// Gives copies of conflicts names of their own, as people do who want both; until then the client keeps them where they arose.
fn keep_copies(computer: &Computer, whose: &str) {
    for name in computer.tree().into_keys().filter(|name| name.contains("(conflicted copy")) {
        rename(computer, &name, &name.replace("(conflicted copy", &format!("(of the {whose}")));
    }
}

fn remove(computer: &Computer, path: &str) {
    let path = computer.path(path);
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("removed");
}

fn rename(computer: &Computer, from: &str, to: &str) {
    fs::rename(computer.path(from), computer.path(to)).expect("renamed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_do_to_folders_is_the_same_everywhere() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = test_box.croft(&["token", "new", "ana", "--name", "computers"]).expect("an app password");
    for client in SyncClient::all() {
        let home = Home::new(&test_box, password.trim(), client);
        people(&home, client);
        growing(&home, client);
        many(&home, client);
        home.empty();
    }
}

/// Names of all kinds, edits, moves, another case, deletions, a conflict.
fn people(home: &Home<'_>, client: SyncClient) {
    let (desk, sofa) = (&home.desk, &home.sofa);
    let deep = (0..30).map(|level| format!("level {level}")).collect::<Vec<_>>().join("/");
    let long = format!("{}.txt", "l\u{f6}ng ".repeat(30));
    desk.write(&format!("{deep}/bottom.txt"), b"deep");
    desk.write(&long, b"long");
    desk.write("B\u{fc}ro/\u{1f98a} \u{65e5}\u{672c} #1 50%.txt", b"composed");
    desk.write("Bu\u{308}cher/a.txt", b"decomposed");
    desk.write("a.txt", b"first");
    let all = home.settle("made");
    assert!(all.contains_key(&format!("{deep}/bottom.txt")) && all.contains_key(&long), "{client:?} {:?}", all.keys());
    assert!(all.contains_key("Bu\u{308}cher/a.txt"), "names stay as they were sent: {:?}", all.keys());

    desk.write("a.txt", b"second, and longer");
    rename(desk, "B\u{fc}ro", "Archive");
    rename(sofa, "level 0/level 1", "taken out");
    assert_eq!(home.settle("changed and moved")["a.txt"].as_deref(), Some(&b"second, and longer"[..]));
    rename(desk, "a.txt", "A.txt");
    rename(sofa, "Archive", "archive");
    let all = home.settle("another case");
    assert!(all.contains_key("A.txt") && !all.contains_key("a.txt") && all.contains_key("archive") && !all.contains_key("Archive"));

    remove(desk, "taken out");
    sofa.write("A.txt", b"the sofa wrote this");
    desk.write("A.txt", b"the desk wrote that!");
    let all = home.settle("a conflict");
    assert_eq!(all["A.txt"].as_deref(), Some(&b"the desk wrote that!"[..]), "{client:?}: who came first stays");
    assert!(all.values().flatten().any(|text| text == b"the sofa wrote this"), "{client:?}: nothing is lost: {:?}", all.keys());
    assert!(!all.contains_key("taken out"));
    home.empty();
}

/// A file that somebody writes while it is sent.
fn growing(home: &Home<'_>, client: SyncClient) {
    home.desk.write("log.txt", &vec![b'a'; 3_000_000]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut file = fs::File::options().append(true).open(home.desk.path("log.txt")).expect("opened");
            while !done.load(Ordering::Relaxed) {
                file.write_all(&[b'b'; 10_000]).expect("written");
                std::thread::sleep(Duration::from_millis(5)); // waits: the pace of a program that writes a log
            }
        });
        let _ = home.desk.try_sync();
        done.store(true, Ordering::Relaxed);
        writer.join().expect("a writer ends");
    });
    // Whatever was taken over is a beginning of it, in one piece.
    if let Some(Some(sent)) = home.disk().get("log.txt") {
        assert!(fs::read(home.desk.path("log.txt")).expect("read").starts_with(sent), "{client:?}");
    }
    // What failed rests for half a minute, unless it changes once more; clients compare times in seconds.
    std::thread::sleep(Duration::from_millis(1100)); // waits: for another second of the file's time
    let mut whole = fs::read(home.desk.path("log.txt")).expect("read");
    whole.extend(b"the end");
    home.desk.write("log.txt", &whole);
    assert!(home.settle("a file that grew")["log.txt"].as_deref() == Some(&whole[..]), "{client:?}");
}

/// A folder of small files that is moved while a part of it changes.
fn many(home: &Home<'_>, client: SyncClient) {
    let count = if is_long() { 10_000 } else { 1_000 };
    for number in 0..count {
        home.desk.write(&format!("many/{}/{number}.txt", number % 10), format!("number {number}").as_bytes());
    }
    let begun = Instant::now();
    home.desk.sync();
    home.sofa.sync();
    println!("{client:?}: {count} files there and back in {:?}", begun.elapsed());
    assert_eq!(home.settle("many").values().flatten().count(), count + 2);
    rename(&home.desk, "many", "moved");
    home.sofa.write("many/3/3.txt", b"changed meanwhile");
    home.sofa.write("many/new.txt", b"new");
    let all = home.settle("moved and changed");
    let texts: BTreeSet<Vec<u8>> = all.into_values().flatten().collect();
    assert!(texts.contains(&b"changed meanwhile"[..]) && texts.contains(&b"new"[..]), "{client:?}");
    assert!((0..count).filter(|number| *number != 3).all(|number| texts.contains(format!("number {number}").as_bytes())), "{client:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_beneath_an_upload_or_a_space_stops_nothing_else() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let (status, space) = ana.send(Method::POST, "/api/v1/spaces", &json!({"name": "Family", "members": {"p1": "manage"}})).await;
    assert_eq!(status, 201, "{space}");
    let password = ana.app_password("computers").await;
    // Both versions at once, each with files of its own, so that their pauses are waited for once.
    let computers: Vec<(Computer, u8, String)> = SyncClient::all()
        .into_iter()
        .zip(1..)
        .map(|(client, number)| (Computer::with(client, &test_box, &password), number, format!("{client:?}")))
        .collect();
    // Above 100 MB the newer version sends chunks.
    let film = |number: u8| (number..=250).collect::<Vec<u8>>().repeat(110_000_000 / 240);
    let own = |name: &str| fs::read(test_box.path("spaces/s1/files").join(name)).ok();
    let family = |name: &str| fs::read(test_box.path("spaces/s2/files").join(name)).ok();
    for (computer, number, name) in &computers {
        computer.sync();
        computer.write(&format!("{name}.bin"), &film(*number));
        computer.write(&format!("Family/{name}.txt"), name.as_bytes());
    }
    let kill_workers = || {
        let workers: Vec<_> = test_box.processes().into_iter().filter(|process| process.role == "sync").collect();
        workers.iter().for_each(|worker| kill(worker.pid, Signal::SIGKILL));
        assert!(!workers.is_empty());
    };

    // The workers die as often as somebody begins to send a film.
    let (begun, chunks, mut uploads) = (Instant::now(), test_box.path("spaces/s1/.croft/chunks"), BTreeSet::new());
    for (computer, _, name) in &computers {
        let (before, mut running) = (uploads.len(), computer.begin_sync());
        while running.try_wait().expect("waited for").is_none() {
            for upload in fs::read_dir(&chunks).expect("a folder") {
                if uploads.insert(upload.expect("an entry").file_name()) {
                    kill_workers();
                }
            }
            assert!(begun.elapsed() < SOON * 4, "{name} does not end");
            std::thread::sleep(Duration::from_millis(5)); // waits: for the client, by polling
        }
        assert!(uploads.len() > before, "{name} sends no film");
    }
    for (_, number, name) in &computers {
        assert!(own(&format!("{name}.bin")).is_none_or(|found| found == film(*number)), "{name}: never a part of it");
    }
    println!("the workers died after {:?}", begun.elapsed());
    // A file that failed once rests for half a minute before the client sends it again.
    for (computer, number, name) in &computers {
        while !computer.try_sync().0 {
            assert!(begun.elapsed() < SOON * 4, "{name}: {}", computer.try_sync().1);
            std::thread::sleep(Duration::from_secs(1)); // waits: for the client's own pause
        }
        assert!(own(&format!("{name}.bin")).is_some_and(|found| found == film(*number)), "{name}: whole in the end");
        assert_eq!(family(&format!("{name}.txt")).as_deref(), Some(name.as_bytes()));
    }

    println!("all was whole after {:?}", begun.elapsed());
    // A shared space whose worker cannot start: its records are torn, and ids must not be guessed.
    let records = test_box.path("spaces/s2/.croft/records.redb");
    let sound = fs::read(&records).expect("read");
    kill_workers();
    fs::write(&records, [7; 9000]).expect("written");
    for (computer, _, name) in &computers {
        computer.write(&format!("notes of {name}"), b"go on");
        let before = computer.tree();
        let (content, said) = computer.try_sync();
        assert!(own(&format!("notes of {name}")).is_some(), "{name}: the own files go on: {content} {said}");
        let after = computer.tree();
        assert!(before.iter().all(|(path, text)| after.get(path) == Some(text)), "{name}: nothing is taken away: {:?}", after.keys());
    }
    println!("the own files went on after {:?}", begun.elapsed());
    fs::write(&records, sound).expect("written");
    let begun = Instant::now();
    for (computer, number, name) in &computers {
        let mut tries = *number;
        while family(&format!("{name}.txt")).is_none_or(|found| found != [tries]) {
            assert!(begun.elapsed() < SOON * 4, "{name}: the space does not come back: {}", computer.try_sync().1);
            tries += 1;
            // What is changed anew, the client tries at once.
            computer.write(&format!("Family/{name}.txt"), &[tries]);
            let _ = computer.try_sync();
            std::thread::sleep(Duration::from_secs(1)); // waits: for the worker's next start
        }
    }
    println!("the space was back after {:?}", begun.elapsed());
}

/// Something that somebody does to a folder. What is not possible where it is done is left out.
#[derive(Debug, Clone)]
enum Deed {
    Write(&'static str, &'static str),
    Make(&'static str),
    Remove(&'static str),
    RemoveFile(&'static str, &'static str),
    MoveFile(&'static str, &'static str, &'static str, &'static str),
    Move(&'static str, &'static str),
}

const FOLDERS: [&str; 6] = [".", "one", "one/two", "\u{fc}ber", "one/three", "four"];
const FILES: [&str; 4] = ["a", "b b", "\u{e9}", "A"];

fn deed() -> impl Strategy<Value = Deed> {
    let (folder, file) = (|| prop::sample::select(&FOLDERS[..]), || prop::sample::select(&FILES[..]));
    let made = || prop::sample::select(&FOLDERS[1..]);
    prop_oneof![
        6 => (folder(), file()).prop_map(|(folder, file)| Deed::Write(folder, file)),
        3 => made().prop_map(Deed::Make),
        1 => made().prop_map(Deed::Remove),
        2 => (folder(), file()).prop_map(|(folder, file)| Deed::RemoveFile(folder, file)),
        3 => (folder(), file(), folder(), file()).prop_map(|(from, file, to, name)| Deed::MoveFile(from, file, to, name)),
        2 => (made(), made()).prop_map(|(from, to)| Deed::Move(from, to)),
    ]
}

/// Does it. Each content has a length of its own, since clients compare times in seconds.
fn act(computer: &Computer, deed: &Deed, length: &mut usize) {
    let file = |folder: &str, file: &str| computer.path(folder).join(file);
    match deed {
        Deed::Write(folder, name) if computer.path(folder).is_dir() => {
            *length += 1;
            fs::write(file(folder, name), vec![b'x'; *length]).expect("written");
        }
        Deed::Make(folder) => drop(fs::create_dir_all(computer.path(folder))),
        Deed::Remove(folder) => drop(fs::remove_dir_all(computer.path(folder))),
        Deed::RemoveFile(folder, name) => drop(fs::remove_file(file(folder, name))),
        Deed::MoveFile(from, name, to, new) => drop(fs::rename(file(from, name), file(to, new))),
        Deed::Move(from, to) if !computer.path(to).exists() => drop(fs::rename(computer.path(from), computer.path(to))),
        Deed::Write(..) | Deed::Move(..) => {}
    }
}

#[test]
fn whatever_is_done_on_two_computers_they_and_the_box_become_the_same() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = test_box.croft(&["token", "new", "ana", "--name", "computers"]).expect("an app password");
    for client in SyncClient::all() {
        let config = ProptestConfig {
            cases: if is_long() { 60 } else { 2 },
            // Each step of making a failure smaller takes seconds.
            max_shrink_iters: if is_long() { 100 } else { 10 },
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let day = prop::collection::vec((prop::collection::vec(deed(), 0..6), prop::collection::vec(deed(), 0..6)), 1..5);
        let ran = TestRunner::new(config).run(&day, |rounds| {
            let home = Home::new(&test_box, password.trim(), client);
            home.empty();
            let mut length = 0;
            for (number, (at_desk, at_sofa)) in rounds.iter().enumerate() {
                let before = home.disk();
                at_desk.iter().for_each(|deed| act(&home.desk, deed, &mut length));
                // In every second round one of them rests, and what the other has is what all must have.
                let alone = number % 2 == 0;
                if !alone {
                    at_sofa.iter().for_each(|deed| act(&home.sofa, deed, &mut length));
                }
                let (desk, sofa) = (home.desk.tree(), home.sofa.tree());
                let after = home.settle(&format!("{client:?} {rounds:?}"));
                prop_assert!(!alone || after == desk, "{:?} is not what the desk had, {:?}", after.keys(), desk.keys());
                // Nothing that was written is lost, whoever came first.
                let written = desk.iter().chain(&sofa).filter(|(path, content)| before.get(*path) != Some(content));
                let there: BTreeSet<&Vec<u8>> = after.values().flatten().collect();
                let old: BTreeSet<&Vec<u8>> = before.values().flatten().collect();
                for content in written.filter_map(|(_, content)| content.as_ref()).filter(|content| !old.contains(content)) {
                    prop_assert!(there.contains(content), "{} bytes that were written are lost", content.len());
                }
            }
            Ok(())
        });
        ran.unwrap_or_else(|error| panic!("{client:?}: {error}"));
    }
}
