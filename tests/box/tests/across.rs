//! From one space to another: what people, programs and stock clients move and copy, and what is left when any process dies meanwhile.
#![cfg(test)]

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, Computer, Rclone, SyncClient, TestBox, Tree, Visitor, cadaver, kill, tree};
use nix::sys::signal::Signal;
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// Time within which something that was given up is gone, or a killed process is back.
const SOON: Duration = Duration::from_secs(90);

/// A box on which ana has two shared spaces, s2 `Family` and s3 `Club`.
struct Home {
    test_box: TestBox,
    ana: Visitor,
    password: String,
}

impl Home {
    async fn start() -> Self {
        let test_box = TestBox::start(Claimed::ByAna);
        let ana = Visitor::ana(&test_box).await;
        for name in ["Family", "Club"] {
            let (status, space) = ana.send(Method::POST, "/api/v1/spaces", &json!({"name": name, "members": {"p1": "manage"}})).await;
            assert_eq!(status, 201, "{space}");
        }
        let password = ana.app_password("program").await;
        // Each worker makes the folders of its space when it starts.
        for path in ["", "Family", "Club"] {
            let request = ana.request(Method::from_bytes(b"PROPFIND").expect("a method"), &format!("/dav/files/ana/{path}"));
            assert_eq!(request.header("depth", "0").send().await.expect("an answer").status().as_u16(), 207, "{path}");
        }
        Self { test_box, ana, password }
    }

    /// A path among the files of a space.
    fn disk(&self, space: &str, path: &str) -> PathBuf {
        self.test_box.path(&format!("spaces/{space}/files/{path}"))
    }

    /// Moves or copies between two places in ana's tree.
    async fn ask(&self, method: &str, from: &str, to: &str) -> Result<Response, reqwest::Error> {
        let address = |path: &str| format!("/remote.php/dav/files/ana/{path}");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.ana.bare(method, &address(from)).basic_auth("ana", Some(&self.password));
        request.header("destination", format!("{}{}", self.test_box.origin, address(to))).send().await
    }

    async fn status(&self, method: &str, from: &str, to: &str) -> u16 {
        let answer = self.ask(method, from, to).await.expect("an answer");
        let status = answer.status().as_u16();
        if status >= 400 {
            println!("{method} {from} to {to}: {status} {}", answer.text().await.expect("a body"));
        }
        status
    }

    /// Deletes what may be there.
    async fn delete(&self, path: &str) {
        let begun = Instant::now();
        loop {
            let request = self.ana.bare(Method::DELETE, &format!("/remote.php/dav/files/ana/{path}"));
            match request.basic_auth("ana", Some(&self.password)).send().await.map_or(0, |answer| answer.status().as_u16()) {
                204 | 404 => return,
                status => assert!(begun.elapsed() < SOON, "{path}: {status}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await; // waits: for a killed process to be started again
        }
    }

    /// What is being received aside in a space.
    fn aside(&self, space: &str) -> usize {
        fs::read_dir(self.test_box.path(&format!("spaces/{space}/.croft/uploads"))).map_or(0, Iterator::count)
    }
}

fn write(root: &Path, file: &str, content: &[u8]) {
    fs::create_dir_all(root.join(file).parent().expect("a folder")).expect("made");
    fs::write(root.join(file), content).expect("written");
}

/// A tree of some folders and `files` files in `root`, of which the first is large.
fn plant(root: &Path, files: usize, large: usize) -> Tree {
    for number in 0..files {
        let size = if number == 0 { large } else { number * 13 };
        let content: Vec<u8> = (0..=250_u8).cycle().skip(number % 250).take(size).collect();
        write(root, &format!("{}/a {number}.bin", number % 7), &content);
    }
    fs::create_dir_all(root.join("empty")).expect("made");
    hand_over(root);
    tree(root)
}

/// Gives a tree to the user of the space that it lies in.
fn hand_over(root: &Path) {
    let space = fs::metadata(root.parent().expect("a folder")).expect("there");
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        chown(&path, Some(space.uid()), Some(space.gid())).expect("handed over");
        if path.is_dir() {
            open.extend(fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        }
    }
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < SOON, "{what}: it does not come");
        tokio::time::sleep(Duration::from_millis(5)).await; // waits: for the box, by polling
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_folders_go_from_each_space_to_each() {
    let home = Home::start().await;
    let planted = plant(&home.disk("s1", "tree"), 40, 3_000_000);
    for (from, to, (left, arrived)) in [
        ("tree", "Family/tree", (("s1", "tree"), ("s2", "tree"))),
        ("Family/tree", "Club/other%20name", (("s2", "tree"), ("s3", "other name"))),
        ("Club/other%20name", "back", (("s3", "other name"), ("s1", "back"))),
    ] {
        assert_eq!(home.status("MOVE", from, to).await, 201, "{from}");
        assert!(!home.disk(left.0, left.1).exists() && tree(&home.disk(arrived.0, arrived.1)) == planted, "{from}");
    }
    assert_eq!(home.status("COPY", "back", "Family/copy").await, 201);
    assert!(tree(&home.disk("s1", "back")) == planted && tree(&home.disk("s2", "copy")) == planted);
    let moved = home.ask("MOVE", "back/0/a%200.bin", "Family/film.bin").await.expect("an answer");
    assert!(moved.headers().contains_key("oc-fileid") && moved.headers().contains_key("etag"), "{:?}", moved.headers());
    assert_eq!(Some(fs::read(home.disk("s2", "film.bin")).expect("read")), planted["0/a 0.bin"]);

    // A shared space itself goes nowhere and gives way to nothing.
    for (from, to, status) in [("Family", "x", 403), ("Family", "Club/x", 403), ("back", "Family", 403), ("", "Family/x", 403)] {
        assert_eq!(home.status("MOVE", from, to).await, status, "{from} to {to}");
    }
    assert_eq!(home.status("MOVE", "back", "Nothing/x").await, 409);

    // Who wants to hear how far it is does, as far as the end.
    let address = format!("{}/dav/files/ana/Family/told", home.test_box.origin);
    let request = home.ana.request(Method::from_bytes(b"MOVE").expect("a method"), "/dav/files/ana/back");
    let said = request.header("destination", address).header("accept", "application/jsonl").send().await.expect("an answer");
    assert_eq!(said.status().as_u16(), 200);
    let text = said.text().await.expect("lines");
    let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last, json!({"status": 201}), "{text}");
    assert!(home.disk("s2", "told/1/a 1.bin").exists() && !home.disk("s1", "back").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_keeps_the_original() {
    let home = Home::start().await;
    let planted = plant(&home.disk("s1", "tree"), 3000, 200_000_000);
    assert_eq!(home.status("COPY", "tree/1", "Family/awake").await, 201);
    let mut given_up = 0;
    for round in 0..5 {
        let to = format!("Family/round{round}");
        let asked = home.ask("MOVE", "tree", &to);
        let seen = until("the copy begins", || home.aside("s2") > 0);
        // The first whose end comes decides; the request is dropped with its connection.
        tokio::select! {
            answer = asked => assert_eq!(answer.expect("an answer").status().as_u16(), 201),
            () = seen => given_up += 1,
        }
        until("what was begun is taken away", || home.aside("s2") == 0).await;
        if home.disk("s2", &format!("round{round}")).exists() {
            assert!(tree(&home.disk("s2", &format!("round{round}"))) == planted);
            break;
        }
        assert!(tree(&home.disk("s1", "tree")) == planted, "the original stays");
    }
    assert!(given_up > 0, "nobody hung up in time");
}

/// Kills of each process at moments that are spread over a move.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_dies_one_of_the_two_is_whole_and_never_a_part_is_seen() {
    let home = Home::start().await;
    let rounds: u32 = if std::env::var_os("CROFT_LONG").is_some() { 120 } else { 24 };
    let planted = plant(&home.disk("s1", "measured"), 400, 10_000_000);
    let begun = Instant::now();
    assert_eq!(home.status("MOVE", "measured", "Family/measured").await, 201);
    let whole = begun.elapsed();
    println!("a move of {} entries took {whole:?}", planted.len());
    let (mut killed, mut acknowledged, mut broken) = (0, 0, 0);
    for round in 0..rounds {
        let name = format!("round{round}");
        let (source, target) = (home.disk("s1", &name), home.disk("s2", &name));
        plant(&source, 400, 10_000_000);
        // So that both workers are there to be killed.
        assert_eq!(home.status("COPY", &format!("{name}/1"), &format!("Family/awake{round}")).await, 201);
        let role = ["sync", "gateway", "sync", "supervisor"][usize::try_from(round % 4).expect("small")];
        let victims: Vec<_> = home.test_box.processes().into_iter().filter(|process| process.role == role).collect();
        let over = AtomicBool::new(false);
        let (answer, ()) = tokio::join!(
            async {
                let to = format!("Family/{name}");
                let answer = tokio::time::timeout(SOON, home.ask("MOVE", &name, &to)).await;
                over.store(true, Ordering::Relaxed);
                answer.ok().and_then(Result::ok).map(|answer| answer.status().as_u16())
            },
            async {
                // Of two workers the older one, so that each end dies in turn.
                let victim = victims.iter().min_by_key(|victim| victim.pid).expect("it runs");
                tokio::time::sleep(whole * (round % 12) / 14).await; // waits: for a moment in the middle of the move
                if !over.load(Ordering::Relaxed) {
                    killed += 1;
                }
                kill(victim.pid, Signal::SIGKILL);
            }
        );
        let (left, arrived) = (source.exists(), target.exists());
        assert!(left || arrived, "{name}: {role}: both are gone");
        assert!(!left || tree(&source) == planted, "{name}: {role}: a part of the original");
        assert!(!arrived || tree(&target) == planted, "{name}: {role}: a part is seen");
        match answer {
            Some(201) => {
                acknowledged += 1;
                assert!(arrived && !left, "{name}: {role}: it was acknowledged");
            }
            _ => broken += 1,
        }
        // By itself it is all well again, and what was half made is gone.
        let begun = Instant::now();
        loop {
            let answer = home.ask("COPY", &format!("Family/awake{round}"), &format!("awake{round}")).await;
            let said = match answer {
                Ok(answer) if answer.status().is_success() => break,
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(error) => format!("{error:?}"),
            };
            assert!(begun.elapsed() < SOON, "{name}: {role}: the box does not come back: {said}");
            tokio::time::sleep(Duration::from_millis(50)).await; // waits: for a killed process to be started again
        }
        until(&format!("{name}: {role}: {answer:?}: what was half made is taken away"), || home.aside("s2") == 0).await;
        // Through the box, which would take it for a disk that is not there if all this were suddenly gone.
        for path in [name.clone(), format!("Family/{name}")] {
            home.delete(&path).await;
        }
    }
    println!("{killed} of {rounds} died in the middle: {acknowledged} moves were acknowledged, {broken} broke off");
    assert!(killed > rounds / 6 && broken > 0, "the kills came too late: {killed} of {rounds}, {broken}");
}

/// What a person does in the folder of a stock client.
#[tokio::test(flavor = "multi_thread")]
async fn stock_clients_move_between_spaces() {
    let home = Home::start().await;
    for client in SyncClient::all() {
        let [desk, sofa] = [(); 2].map(|()| Computer::with(client, &home.test_box, &home.password));
        let all = || {
            let mut all = tree(&home.disk("s1", ""));
            for (name, space) in [("Family", "s2"), ("Club", "s3")] {
                all.insert(name.into(), None);
                all.extend(tree(&home.disk(space, "")).into_iter().map(|(path, content)| (format!("{name}/{path}"), content)));
            }
            all
        };
        desk.sync();
        desk.write("letter.txt", format!("dear {client:?}").as_bytes());
        desk.write("deep/a/b.txt", b"b");
        desk.write("deep/film.bin", &vec![7; 12_000_000]);
        desk.write("Family/list.txt", b"milk");
        desk.sync();
        sofa.sync();
        for (from, to) in [
            ("letter.txt", "Family/letter.txt"),
            ("deep", "Family/deep"),
            ("Family/list.txt", "Club/list.txt"),
            ("Family/deep", "deep again"),
        ] {
            fs::rename(desk.path(from), desk.path(to)).expect("renamed");
            let asked = desk.sync();
            println!("{client:?}: {from} to {to}: {asked:?}");
            desk.sync();
            sofa.sync();
            assert!(desk.tree() == all(), "{client:?} {from}: {:?} {:?}", desk.tree().keys(), all().keys());
            assert!(sofa.tree() == all(), "{client:?} {from}: {:?} {:?}", sofa.tree().keys(), all().keys());
            assert!(all().contains_key(to) && !all().contains_key(from), "{client:?} {from}: {:?}", all().keys());
        }
        for path in ["deep again", "Family/letter.txt", "Club/list.txt"] {
            let path = desk.path(path);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("removed");
        }
        desk.sync();
    }

    let planted = plant(&home.disk("s1", "tree"), 20, 2_000_000);
    for (vendor, from, to) in [("nextcloud", "tree", "Club/t"), ("other", "Club/t", "Family/t")] {
        Rclone::new(&home.test_box, &home.password, vendor).run(&["moveto", &format!("box:{from}"), &format!("box:{to}")]);
    }
    assert!(tree(&home.disk("s2", "t")) == planted && !home.disk("s1", "tree").exists() && !home.disk("s3", "t").exists());

    let folder = tempfile::tempdir().expect("a folder");
    let said = cadaver(&home.test_box, &home.password, folder.path(), "move Family/t by-hand\ncopy by-hand Club/copy\nquit\n");
    assert!(tree(&home.disk("s1", "by-hand")) == planted && tree(&home.disk("s3", "copy")) == planted, "{said}");
}
