//! Disks that are used as they are, in a whole box on loop disks: read in the place of their own, copied from, never written, and gone when they are pulled.
//! It takes root.
#![cfg(test)]

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, Rclone, TestBox, Visitor, binary};
use reqwest::Method;
use serde_json::{Value, json};

/// More than a mount, an end of one, or the start of a worker takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A box whose second disk is somebody's from elsewhere.
struct House {
    test_box: TestBox,
    ana: Visitor,
    password: String,
}

impl House {
    /// With `mkfs` on the second disk, which `fill` fills.
    async fn new(mkfs: &[&str], fill: impl FnOnce(&Path)) -> Self {
        let test_box = TestBox::start_with_disks(Claimed::ByAna, "2x1G");
        let ana = Visitor::ana(&test_box).await;
        let password = ana.app_password("files").await;
        let house = Self { test_box, ana, password };
        let device = house.device();
        let (program, arguments) = mkfs.split_first().expect("a program");
        run(program, &[arguments, &[device.as_str()]].concat());
        let place = tempfile::tempdir().expect("a folder");
        run("mount", &[&device, text(place.path())]);
        fill(place.path());
        run("umount", &[text(place.path())]);
        house
    }

    fn image(&self, kind: &str) -> PathBuf {
        let mut folder = self.test_box.home.path().as_os_str().to_owned();
        folder.push(".disks");
        PathBuf::from(folder).join(format!("2.{kind}"))
    }

    fn device(&self) -> String {
        let list = run("losetup", &["--noheadings", "--output", "NAME", "--associated", text(&self.image("img"))]);
        list.trim().to_owned()
    }

    fn croft(&self, arguments: &[&str]) -> Value {
        let said = self.test_box.croft(&[arguments, &["--json"]].concat()).unwrap_or_else(|said| panic!("{arguments:?}: {said}"));
        serde_json::from_str(&said).expect("JSON")
    }

    fn adopt(&self) -> Value {
        self.croft(&["disk", "adopt", "Loop disk 2", "--member", "ana"])
    }

    /// What GET, or another method, at an address below `/dav/` answers: the status, and the body as text.
    async fn dav(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.ana.bare(method, &format!("/dav/{path}")).basic_auth("ana", Some(&self.password));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), String::from_utf8_lossy(&answer.bytes().await.unwrap_or_default()).into_owned())
    }

    async fn until(&self, what: &str, fits: impl AsyncFn() -> bool) {
        let begun = Instant::now();
        while !fits().await {
            assert!(begun.elapsed() < PATIENCE, "{what} never comes");
            tokio::time::sleep(Duration::from_millis(100)).await; // waits: for what the box does by itself, by polling
        }
    }

    fn pull(&self, what: &str) {
        run(text(&binary("xtask")), &["disk", what, "2", "--home", text(self.test_box.home.path())]);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

fn run(program: &str, arguments: &[&str]) -> String {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program).args(arguments).env("PATH", path).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Files of somebody else's computer, some of them closed to everybody but their user, and much that is no file.
fn grandmas(place: &Path) {
    fs::create_dir_all(place.join("2019/summer")).expect("made");
    fs::write(place.join("2019/summer/sea.txt"), "the sea").expect("written");
    fs::write(place.join("2019/large"), vec![7; 3_000_000]).expect("written");
    fs::write(place.join("secret"), "of user 1234").expect("written");
    std::os::unix::fs::chown(place.join("secret"), Some(1234), Some(1234)).expect("given away");
    fs::set_permissions(place.join("secret"), fs::Permissions::from_mode(0o600)).expect("closed");
    fs::set_permissions(place.join("2019"), fs::Permissions::from_mode(0o700)).expect("closed");
    std::os::unix::fs::chown(place.join("2019"), Some(1234), Some(1234)).expect("given away");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_is_read_copied_from_and_never_written() {
    let house = House::new(&["mkfs.ext4", "-q", "-L", "Grandma photos"], |place| {
        grandmas(place);
        std::os::unix::fs::symlink("/etc", place.join("2019/etc")).expect("a link");
        run("mknod", &[text(&place.join("2019/disk")), "b", "7", "0"]);
        run("mkfifo", &[text(&place.join("2019/pipe"))]);
        fs::write(place.join("2019").join(std::ffi::OsStr::from_bytes(b"\xff\xfe")), "x").expect("written");
    })
    .await;
    let before = fs::read(house.image("img")).expect("the disk");
    let plan = house.croft(&["disk", "adopt", "Loop disk 2", "--dry-run"]);
    assert_eq!((&plan["volumes"][0]["name"], &plan["volumes"][0]["file_system"]), (&json!("Grandma photos"), &json!("ext4")));
    assert_eq!(house.croft(&["disk", "adopted"]), json!([]), "it was only asked");

    let adopted = house.adopt();
    assert_eq!((&adopted[0]["name"], &adopted[0]["state"]), (&json!("Grandma photos"), &json!({ "is": "there", "unfinished": false })));
    let (status, list) = house.dav("PROPFIND", "disks/ana/", &[("depth", "1")]).await;
    assert!(status == 207 && list.contains("/dav/disks/ana/Grandma%20photos/"), "{list}");
    // Whoever had a file on another computer, it is read here; and it is nobody's tree.
    assert_eq!(house.dav("GET", "disks/ana/Grandma%20photos/secret", &[]).await, (200, "of user 1234".into()));
    let (_, tree) = house.dav("PROPFIND", "files/ana/", &[("depth", "1")]).await;
    assert!(!tree.contains("Grandma"), "sync clients see nothing of it: {tree}");
    let (status, folder) = house.dav("PROPFIND", "disks/ana/Grandma%20photos/2019/", &[("depth", "1")]).await;
    assert!(status == 207 && folder.contains("summer/") && folder.contains("large"), "{folder}");
    for hidden in ["etc", "disk", "pipe"] {
        assert!(!folder.contains(&format!("2019/{hidden}")), "{hidden} in {folder}");
        assert_eq!(house.dav("GET", &format!("disks/ana/Grandma%20photos/2019/{hidden}"), &[]).await.0, 404, "{hidden}");
    }
    assert_eq!(house.dav("GET", "disks/ana/Grandma%20photos/2019/etc/passwd", &[]).await.0, 404);
    assert_eq!(house.dav("GET", "disks/ana/Grandma%20photos/secret", &[("range", "bytes=3-6")]).await, (206, "user".into()));

    for (method, path) in
        [("PUT", "new"), ("DELETE", "secret"), ("MKCOL", "folder"), ("MOVE", "secret"), ("PROPPATCH", "secret"), ("LOCK", "secret")]
    {
        let moved = [("destination", "/dav/files/ana/moved")];
        let (status, said) = house.dav(method, &format!("disks/ana/Grandma%20photos/{path}"), &moved).await;
        assert!(status == 403 && said.contains("disk-read-only"), "{method}: {status} {said}");
    }
    // Into the space: what can come along does, and what cannot is told.
    let to = [("destination", "/dav/files/ana/old"), ("accept", "application/jsonl")];
    let (status, lines) = house.dav("COPY", "disks/ana/Grandma%20photos/2019", &to).await;
    assert!(status == 200 && lines.contains("copied-in-part"), "{lines}");
    let (status, lines) = house.dav("COPY", "disks/ana/Grandma%20photos/2019/summer", &[("destination", "/dav/files/ana/summer")]).await;
    assert_eq!(status, 201, "{lines}");
    let files = house.test_box.path("spaces/s1/files");
    assert_eq!(fs::read(files.join("old/large")).expect("there").len(), 3_000_000);
    for path in ["old/summer/sea.txt", "summer/sea.txt"] {
        assert_eq!(fs::read_to_string(files.join(path)).expect("there"), "the sea");
    }
    assert!(!files.join("old/etc").exists() && !files.join("old/disk").exists());

    // Nothing is done to a disk that is used, and after the release all is as before, to the last byte.
    let refused = house.test_box.croft(&["disk", "erase", "Loop disk 2", "--label", "Grandma photos"]).expect_err("refused");
    assert!(refused.contains("disk release"), "{refused}");
    house.croft(&["disk", "release", "Grandma photos"]);
    assert_eq!(house.dav("GET", "disks/ana/Grandma%20photos/secret", &[]).await.0, 404);
    house
        .until("the end of the mount", async || run("losetup", &["--noheadings", "--associated", &house.device()]).trim().is_empty())
        .await;
    assert!(fs::read(house.image("img")).expect("the disk") == before, "not a byte was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_comes_back_when_it_is_plugged_in_and_when_the_box_starts() {
    let mut house = House::new(&["mkfs.ext4", "-q", "-L", "Photos"], grandmas).await;
    let adopted = house.adopt();
    let read = async |house: &House| house.dav("GET", "disks/ana/Photos/2019/summer/sea.txt", &[]).await;
    assert_eq!(read(&house).await, (200, "the sea".into()));

    house.pull("pull");
    let begun = Instant::now();
    house.until("the news that it is away", async || read(&house).await.1.contains("disk-away")).await;
    assert!(begun.elapsed() < Duration::from_secs(30), "nobody waits for a disk that is gone");
    assert_eq!(house.croft(&["disk", "adopted"])[0]["state"], json!({ "is": "away" }));
    house.pull("insert");
    house.until("the disk", async || read(&house).await == (200, "the sea".into())).await;

    // Each role may be killed, and the box be started anew.
    for role in ["storage", "disk"] {
        for process in house.test_box.processes().into_iter().filter(|process| process.role == role) {
            croft_box_tests::kill(process.pid, nix::sys::signal::Signal::SIGKILL);
        }
        house.until("the disk after a kill", async || read(&house).await == (200, "the sea".into())).await;
    }
    house.test_box.stop();
    house.test_box.start_again();
    house.until("the disk after a start", async || read(&house).await == (200, "the sea".into())).await;
    assert_eq!(house.croft(&["disk", "adopted"])[0]["space"], adopted[0]["space"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_see_nothing_of_a_disk_that_is_not_theirs() {
    let house = House::new(&["mkfs.ext4", "-q", "-L", "Photos"], grandmas).await;
    let (status, ben) = house.ana.send(Method::POST, "/api/v1/people", &json!({ "name": "ben", "role": "member" })).await;
    assert_eq!(status, 201, "{ben}");
    let invitation = house.ana.send(Method::POST, "/api/v1/invitations", &json!({ "person": "p2" })).await.1;
    let mut visitor = Visitor::new(&house.test_box);
    let joined = json!({ "code": invitation["code"], "passphrase": "seven small boats at sea" });
    let (status, said) = visitor.send(Method::POST, "/api/v1/join", &joined).await;
    assert!(status < 300, "{said}");
    visitor.sign_in("ben", "seven small boats at sea").await;
    let password = visitor.app_password("files").await;
    house.adopt();
    let as_ben = async |method: &str, path: &str| {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = visitor.bare(method, &format!("/dav/{path}")).basic_auth("ben", Some(&password)).header("depth", "1");
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.unwrap_or_default())
    };
    let (status, list) = as_ben("PROPFIND", "disks/ben/").await;
    assert!(status == 207 && !list.contains("Photos"), "{list}");
    for path in ["disks/ben/Photos/secret", "disks/ana/Photos/secret", "disks/ben/Photos/"] {
        let (status, said) = as_ben("GET", path).await;
        assert!(matches!(status, 403 | 404) && !said.contains("1234"), "{path}: {status} {said}");
    }
    assert_eq!(visitor.send(Method::POST, "/api/v1/disks/disk-0000000000000000/adopt", &json!({ "contents": "" })).await.0, 403);
    // Once it is theirs as well, they read it.
    let space = house.croft(&["disk", "adopted"])[0]["space"].as_str().expect("a space").to_owned();
    let patch = json!({ space: { "members": { "p2": "read" } } });
    let changed = house.ana.request(Method::PATCH, "/api/v1/settings/spaces").header("if-match", "*").json(&patch).send().await;
    assert_eq!(changed.expect("an answer").status(), 200);
    house.until("the right", async || as_ben("GET", "disks/ben/Photos/secret").await == (200, "of user 1234".into())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_file_systems_are_read_by_a_program_of_others() {
    for mkfs in [&["mkfs.xfs", "-q", "-L", "Old"][..], &["mkfs.btrfs", "-q", "-L", "Old"]] {
        let house = House::new(mkfs, grandmas).await;
        let before = fs::read(house.image("img")).expect("the disk");
        assert_eq!(house.adopt()[0]["state"], json!({ "is": "there", "unfinished": false }), "{mkfs:?}");
        let rclone = Rclone::new(&house.test_box, &house.password, "other");
        let (well, said) = rclone.at("/dav/disks/ana/Old", &["cat", "box:2019/summer/sea.txt"]);
        assert!(well && said.contains("the sea"), "{mkfs:?}: {said}");
        house.croft(&["disk", "release", "Old"]);
        house
            .until("the end of the mount", async || run("losetup", &["--noheadings", "--associated", &house.device()]).trim().is_empty())
            .await;
        assert!(fs::read(house.image("img")).expect("the disk") == before, "{mkfs:?}: not a byte was written");
    }
}
