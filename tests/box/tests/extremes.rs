//! What stock clients meet once in a while: broken wires, dying workers, wrong clocks, files that grow while they are read, and the bar of the room that is left.
#![cfg(test)]

use std::{
    env, fs,
    io::Write,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime},
};

use croft_box_tests::{Claimed, Computer, SyncClient, TestBox, Visitor, Wire, kill, tree};
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::Value;

/// Time within which a client is content again: what failed once rests for half a minute.
const SOON: Duration = Duration::from_secs(120);
/// Bytes of a file whose upload breaks off, by this variable; with `CROFT_LONG` it is 2 GiB.
const RESUMED: &str = "CROFT_RESUMED_BYTES";

fn password(test_box: &TestBox) -> String {
    test_box.croft(&["token", "new", "ana", "--name", "computers"]).expect("an app password").trim().to_owned()
}

/// Lets the client go on until it is content.
fn settle(computer: &Computer, what: &str) {
    let begun = Instant::now();
    loop {
        let (content, said) = computer.try_sync();
        if content {
            return;
        }
        assert!(begun.elapsed() < SOON, "{what}: {said}");
        std::thread::sleep(Duration::from_secs(1)); // waits: for the client's own pause
    }
}

/// Bytes of chunks that are on the box.
fn kept(test_box: &TestBox) -> u64 {
    tree(&test_box.path("spaces/s1/.croft/chunks")).values().flatten().map(|chunk| u64::try_from(chunk.len()).expect("a length")).sum()
}

/// The first chunk of 3.7.3 has 10 MB and of 3.16.7 has 100 MB; what follows is longer the faster the wire is.
fn resumed(client: SyncClient) -> usize {
    let told = env::var(RESUMED).ok().map(|bytes| bytes.parse().expect("a number of bytes"));
    let usual = if client == SyncClient::Own { 60_000_000 } else { 240_000_000 };
    told.unwrap_or(if env::var_os("CROFT_LONG").is_some() { 2 << 30 } else { usual })
}

#[test]
fn an_upload_that_was_cut_goes_on_where_it_stopped() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = password(&test_box);
    for client in SyncClient::all() {
        let wire = Wire::to(&test_box);
        let computer = Computer::at(client, &wire.origin(), &password);
        settle(&computer, "begun");
        let size = resumed(client);
        let film: Vec<u8> = (0..=250_u8).cycle().take(size).collect();
        let name = format!("{client:?}.bin");
        computer.write(&name, &film);
        let (size, _) = (u64::try_from(size).expect("a length"), wire.take_sent());
        wire.break_after(size / 5 * 4);
        assert!(!computer.try_sync().0, "{client:?}: the wire was to break");
        let (first, there) = (wire.take_sent(), kept(&test_box));
        assert!(there >= 10_000_000 && there < size, "{client:?}: {there} of {size} bytes were kept");
        wire.break_after(u64::MAX);
        settle(&computer, &name);
        let second = wire.take_sent();
        println!("{client:?}: {size} bytes: {first} sent, then it broke; {there} were kept; {second} sent afterwards");
        // Heads and what encryption adds are some thousandths.
        assert!(
            second < (size - there) / 100 * 102 + 2_000_000,
            "{client:?}: {second} bytes were sent again, of {size} with {there} there"
        );
        assert!(fs::read(test_box.path("spaces/s1/files").join(&name)).expect("read") == film, "{client:?}");
        assert_eq!(kept(&test_box), 0, "{client:?}: chunks are left over");
    }
}

#[test]
fn a_worker_that_dies_again_and_again_ends_no_upload_for_good() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = password(&test_box);
    for client in SyncClient::all() {
        let [desk, sofa] = [(); 2].map(|()| Computer::with(client, &test_box, &password));
        settle(&desk, "begun");
        // Each file sent as a whole, and one in chunks where the client does so.
        for number in 0..20_u8 {
            desk.write(&format!("{client:?}/{number}.bin"), &vec![number; 2_000_000]);
        }
        desk.write(&format!("{client:?}/film.bin"), &(0..=250_u8).cycle().take(45_000_000).collect::<Vec<_>>());
        let (begun, mut killed) = (Instant::now(), 0);
        // A client that is refused twice ends its run.
        while killed < 4 {
            let mut running = desk.begin_sync();
            while running.try_wait().expect("waited for").is_none() {
                for worker in test_box.processes().into_iter().filter(|process| process.role == "sync") {
                    kill(worker.pid, Signal::SIGKILL);
                    killed += 1;
                }
                std::thread::sleep(Duration::from_millis(400)); // waits: so that something goes on between two kills
            }
            assert!(begun.elapsed() < SOON, "{client:?}: only {killed} died");
        }
        settle(&desk, "after the kills");
        sofa.sync();
        let disk = tree(&test_box.path("spaces/s1/files"));
        assert!(desk.tree() == disk && sofa.tree() == disk, "{client:?}: {:?} {:?}", desk.tree().keys(), disk.keys());
        println!("{client:?}: equal after {killed} kills");
    }
}

#[test]
fn files_of_other_centuries_and_files_that_grow_are_the_same_everywhere() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = password(&test_box);
    let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    // 2001, 2099, and a second of 1970.
    let dates = [("old.txt", at(1_000_000_000)), ("new.txt", at(4_090_000_000)), ("first.txt", at(7))];
    for client in SyncClient::all() {
        let [desk, sofa] = [(); 2].map(|()| Computer::with(client, &test_box, &password));
        // So that never all is gone, which a client would ask a person about.
        desk.write(&format!("kept {client:?}.txt"), b"kept");
        settle(&desk, "begun");
        for (name, date) in dates {
            desk.write(name, format!("{client:?}").as_bytes());
            fs::File::options().write(true).open(desk.path(name)).expect("opened").set_modified(date).expect("dated");
        }
        settle(&desk, "dates");
        settle(&sofa, "dates");
        for (name, date) in dates {
            let seen = [sofa.path(name), test_box.path("spaces/s1/files").join(name)]
                .map(|path| fs::metadata(path).expect("there").modified().expect("a date"));
            assert_eq!(seen, [date, date], "{client:?} {name}");
        }

        // Another program appends to a file on the box while a client reads it.
        let film = test_box.path("spaces/s1/files/film.bin");
        fs::write(&film, vec![b'a'; 60_000_000]).expect("written");
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut file = fs::File::options().append(true).open(&film).expect("opened");
                while !done.load(Ordering::Relaxed) {
                    file.write_all(&[b'b'; 10_000]).expect("written");
                    std::thread::sleep(Duration::from_millis(5)); // waits: the pace of a program that writes a log
                }
            });
            let _ = sofa.try_sync();
            done.store(true, Ordering::Relaxed);
            writer.join().expect("a writer ends");
        });
        let whole = fs::read(&film).expect("read");
        if let Ok(part) = fs::read(sofa.path("film.bin")) {
            assert!(whole.starts_with(&part), "{client:?}: what was taken over is a beginning of it");
        }
        let begun = Instant::now();
        while fs::read(sofa.path("film.bin")).ok().is_none_or(|found| found != whole) {
            assert!(begun.elapsed() < SOON, "{client:?}: the file that grew does not come");
            let _ = sofa.try_sync();
            std::thread::sleep(Duration::from_secs(1)); // waits: for the worker to see what another program did
        }
        for path in ["old.txt", "new.txt", "first.txt", "film.bin"] {
            fs::remove_file(sofa.path(path)).expect("removed");
        }
        settle(&sofa, "emptied");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_none_is_refused_and_the_room_is_told() {
    let test_box = TestBox::start(Claimed::ByAna);
    let (password, visitor) = (password(&test_box), Visitor::new(&test_box));
    let ask = async |method: &str, path: &str, header: (&str, &str), body: Vec<u8>| {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = visitor.bare(method, path).basic_auth("ana", Some(&password)).header(header.0, header.1);
        let answer = request.body(body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    for garbage in ["yesterday", "-5", "1e99", "99999999999999999999", "0x10", "17 00"] {
        let path = "/remote.php/dav/files/ana/garbage.txt";
        assert_eq!(ask("PUT", path, ("x-oc-mtime", garbage), b"x".to_vec()).await.0, 400, "{garbage}");
    }
    assert!(tree(&test_box.path("spaces/s1/files")).is_empty());

    assert_eq!(ask("PUT", "/remote.php/dav/files/ana/a.bin", ("x-oc-mtime", "1700000000"), vec![7; 1_234_567]).await.0, 201);
    for line in ["/ocs/v1.php/cloud/user?format=json", "/ocs/v2.php/cloud/users/ana?format=json"] {
        let (status, text) = ask("GET", line, ("ocs-apirequest", "true"), Vec::new()).await;
        assert_eq!(status, 200, "{text}");
        let quota = serde_json::from_str::<Value>(&text).expect("JSON")["ocs"]["data"]["quota"].clone();
        let [used, free, total, limit] = ["used", "free", "total", "quota"].map(|name| quota[name].as_u64().unwrap_or_default());
        assert_eq!((used, total, limit), (1_234_567, used + free, used + free), "{quota}");
        assert!(free > 0, "{quota}");
    }
    let (_, listing) = ask(
        "PROPFIND",
        "/remote.php/dav/files/ana/",
        ("depth", "0"),
        b"<propfind xmlns='DAV:'><prop><quota-used-bytes/><quota-available-bytes/></prop></propfind>".to_vec(),
    )
    .await;
    assert!(listing.contains("<d:quota-used-bytes>1234567</d:quota-used-bytes><d:quota-available-bytes>"), "{listing}");
    // A client cannot say how much there is.
    let (_, text) = ask("GET", "/ocs/v1.php/cloud/user?format=json", ("croft-room", "1 1"), Vec::new()).await;
    assert!(text.contains("1234567"), "{text}");
}
