//! A box tells its people: a warning that nobody looks at arrives by mail and by webhook, also after a kill, and so does its end.
//!
//! The box runs in a network namespace of the test, and whoever is told in another one: the box calls neither itself nor the loopback. It takes root.
#![cfg(test)]

#[path = "../../../services/sync/tests/disk/mod.rs"]
mod disk;

use std::{
    fs::{self, File},
    io::Write,
    os::fd::AsFd,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, TestBox, Visitor, binary, kill};
use disk::Disk;
use nix::{
    fcntl::{FallocateFlags, fallocate},
    sched::{CloneFlags, unshare},
    sys::signal::Signal,
};
use reqwest::Method;
use serde_json::{Value, json};

const GIB: u64 = 1 << 30;
/// The box, and whoever is told.
const BOX: &str = "10.77.0.1";
const PEER: &str = "10.77.0.2";
/// Warnings stand for half a minute before they are told; what is over, for a minute, and not in the first two minutes.
const PATIENCE: Duration = Duration::from_secs(240);

/// A mail server and a receiver of webhooks, with the authority that their certificate comes from.
struct Peer {
    folder: tempfile::TempDir,
    process: Child,
}

impl Peer {
    /// Begins a network namespace for this thread and all that it starts, and one beside it for the peer, with a cable in between.
    fn start() -> Self {
        unshare(CloneFlags::CLONE_NEWNET).expect("a network of its own");
        let folder = tempfile::tempdir().expect("a folder");
        let authority_key = rcgen::KeyPair::generate().expect("a key");
        let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = authority.self_signed(&authority_key).expect("an authority").pem();
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = rcgen::CertificateParams::new(vec![PEER.to_owned()]).expect("parameters");
        let certificate = certificate.signed_by(&key, &rcgen::Issuer::new(authority, authority_key)).expect("a certificate");
        for (name, content) in [("ca.pem", pem), ("cert.pem", certificate.pem()), ("key.pem", key.serialize_pem())] {
            fs::write(folder.path().join(name), content).expect("written");
        }
        fs::write(folder.path().join("peer.py"), include_str!("notify_peer.py")).expect("written");
        ip("link set lo up");
        let script = format!("ip link set lo up && exec /usr/bin/python3 {0}/peer.py {0}", folder.path().display());
        let process = Command::new("unshare").args(["--net", "sh", "-c", &script]).stdin(Stdio::null()).spawn().expect("started");
        let this = Self { folder, process };
        let inside = this.process.id();
        this.until("ready", "the peer is ready");
        ip(&format!("link add croft0 type veth peer name croft1 netns {inside}"));
        ip(&format!("addr add {BOX}/24 dev croft0"));
        ip("link set croft0 up");
        let nsenter = |arguments: &str| {
            let done = Command::new("nsenter").args(["--net", "-t", &inside.to_string(), "ip"]).args(arguments.split(' ')).status();
            assert!(done.expect("nsenter").success(), "{arguments}");
        };
        nsenter(&format!("addr add {PEER}/24 dev croft1"));
        nsenter("link set croft1 up");
        this
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Waits for a file of the peer's and reads it.
    fn until(&self, name: &str, what: &str) -> String {
        let begun = Instant::now();
        while !self.path(name).exists() {
            assert!(begun.elapsed() < PATIENCE, "{what}: {:?}", fs::read_dir(self.folder.path()).expect("a folder").collect::<Vec<_>>());
            std::thread::sleep(Duration::from_millis(100)); // waits: for another process, by polling
        }
        fs::read_to_string(self.path(name)).expect("read")
    }

    fn hook(&self, number: usize, what: &str) -> Value {
        serde_json::from_str(&self.until(&format!("hook-{number}"), what)).expect("JSON")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        kill(self.process.id(), Signal::SIGKILL);
        let _ = self.process.wait();
    }
}

fn ip(arguments: &str) {
    assert!(Command::new("ip").args(arguments.split(' ')).status().expect("ip").success(), "ip {arguments}");
}

fn answer_of(test_box: &TestBox, arguments: &[&str]) -> Value {
    let said = test_box.croft(&[&["--json"], arguments].concat()).expect("the command works");
    serde_json::from_str(&said).expect("JSON")
}

/// What a test of telling says, whether it goes well or not.
fn tested(test_box: &TestBox, name: &str) -> String {
    let output =
        Command::new(binary("croft")).arg("--home").arg(test_box.home.path()).args(["notify", "test", name]).output().expect("croft");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn set_password(test_box: &TestBox, password: &str) {
    let mut croft = Command::new(binary("croft"));
    croft.arg("--home").arg(test_box.home.path()).args(["notify", "mail", "password"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut croft = croft.spawn().expect("croft");
    croft.stdin.take().expect("piped").write_all(format!("{password}\n").as_bytes()).expect("written");
    assert!(croft.wait().expect("ended").success());
}

fn destination(test_box: &TestBox, name: &str) -> Value {
    let status = answer_of(test_box, &["notify", "status"]);
    status["destinations"].as_array().expect("a list").iter().find(|one| one["name"] == name).cloned().expect("it is there")
}

fn fill(disk: &Path) {
    let filler = File::create(disk.join("filler")).expect("made");
    fallocate(filler.as_fd(), FallocateFlags::empty(), 0, (2 * GIB + GIB / 2).try_into().expect("a length")).expect("room is taken");
}

fn no_file_holds(folder: &Path, secrets: &[&str]) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).unwrap_or_default();
        for secret in secrets {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{} holds a secret", path.display());
        }
    }
}

#[test]
fn what_nobody_looks_at_is_told_and_so_is_its_end() {
    if !nix::unistd::geteuid().is_root() {
        // Without root nobody makes networks; then only that nothing leaves a new box is seen.
        let test_box = TestBox::start(Claimed::ByAna);
        assert_eq!(answer_of(&test_box, &["notify", "status"])["destinations"], Value::Array(Vec::new()));
        return;
    }
    let peer = Peer::start();
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::make(folder.path(), "mkfs.ext4", 4 * GIB + GIB / 2, "commit=5");
    fill(&disk.at);
    let test_box = TestBox::start_in(&disk.at, Claimed::ByAna);
    assert!(test_box.croft(&["health"]).expect("said").contains("are free"), "the warning stands");
    // Noon by the box's clock, so that no morning with its light warnings comes in between. (The signs of these names are the other way round.)
    let hour = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    test_box.croft(&["settings", "set", "time.zone", &format!("\"Etc/GMT{:+}\"", hour - 12)]).expect("set");

    // Set up: the mail works, the webhook does not answer yet.
    let ca = peer.path("ca.pem");
    let mail =
        ["--server", PEER, "--user", "box@example.org", "--from", "box@example.org", "--to", "ana@example.org", "--to", "ben@example.org"];
    test_box.croft(&[&["notify", "mail", "set"][..], &mail].concat()).expect("set up");
    assert!(tested(&test_box, "mail").contains("password for the mail server is not set"));
    set_password(&test_box, "only for the box");
    let said = tested(&test_box, "mail");
    assert!(
        said.contains("failed") && said.contains("certificate of 10.77.0.2 is not believed: nobody whom the box knows vouches"),
        "{said}"
    );
    test_box.croft(&["notify", "authority", ca.to_str().expect("text")]).expect("believed");
    assert!(
        tested(&test_box, "mail").contains("password for the mail server is not set"),
        "it was set while others vouched for the server"
    );
    set_password(&test_box, "only for the box");
    let made = answer_of(&test_box, &["notify", "webhook", "add", "phone", &format!("http://{PEER}:8080/hook")]);
    let key = made["key"].as_str().expect("a key").to_owned();
    fs::write(peer.path("key"), &key).expect("written");

    // Nobody looks, and the mail comes all the same.
    let first = peer.until("mail-0", "a mail arrives");
    assert!(first.contains("To-All: ana@example.org,ben@example.org"), "{first}");
    assert!(
        first.contains("Subject: Croft: Only ")
            && first.contains("Code: pool-nearly-full")
            && first.contains("https://croft.local/repairs"),
        "{first}"
    );
    assert!(first.contains("Auto-Submitted: auto-generated") && !first.to_lowercase().contains("html"), "{first}");
    let phone = destination(&test_box, "phone");
    assert_eq!((&phone["waiting"], &phone["told"]), (&1.into(), &0.into()), "{phone}");
    assert!(phone["failing"]["why"].as_str().expect("a reason").contains("refused the connection at port 8080"), "{phone}");
    let mail = destination(&test_box, "mail");
    assert!(mail["sent_bytes"].as_u64().expect("a number") > 1000 && mail["told"] == 1, "{mail}");
    let begun = Instant::now();
    while !test_box.croft(&["health"]).expect("said").contains("The box cannot reach you at the webhook phone.") {
        assert!(begun.elapsed() < PATIENCE, "it stands in Repairs");
        std::thread::sleep(Duration::from_millis(200)); // waits: for the report of a role, by polling
    }

    // The role is killed in the middle, and nothing is lost or told twice.
    let notifier = test_box.processes().into_iter().find(|process| process.role == "notifier").expect("it runs");
    kill(notifier.pid, Signal::SIGKILL);
    let begun = Instant::now();
    while !test_box.processes().iter().any(|process| process.role == "notifier" && process.pid != notifier.pid && process.is_alive()) {
        assert!(begun.elapsed() < PATIENCE, "it is started again");
        std::thread::sleep(Duration::from_millis(50)); // waits: for a process, by polling
    }
    fs::write(peer.path("open"), "").expect("written");
    let begun = Instant::now();
    while !tested(&test_box, "phone").contains("took the message") {
        assert!(begun.elapsed() < PATIENCE, "{}", tested(&test_box, "phone"));
        std::thread::sleep(Duration::from_millis(100)); // waits: for the receiver to listen, by polling
    }
    let (test, raised) = (peer.hook(0, "the test arrives"), peer.hook(1, "what waited arrives"));
    assert_eq!((&test["valid"], &test["body"]["type"]), (&true.into(), &"test".into()), "{test}");
    assert_eq!((&raised["valid"], &raised["body"]["type"]), (&true.into(), &"warnings.raised".into()), "{raised}");
    assert_eq!(raised["body"]["data"]["warnings"][0]["code"], "pool-nearly-full");
    assert!(!peer.path("mail-1").exists(), "the mail is not sent twice");

    // No secret stands where settings stand, and none is answered.
    let (history, export) =
        (answer_of(&test_box, &["settings", "history"]).to_string(), test_box.croft(&["settings", "export"]).expect("said"));
    let status = answer_of(&test_box, &["notify", "status"]).to_string();
    for text in [&history, &export, &status] {
        assert!(!text.contains("only for the box") && !text.contains(&key), "{text}");
    }
    no_file_holds(&test_box.path("state/supervisor"), &["only for the box", &key]);

    refusals(&test_box, &peer);

    // Room again: everybody hears that all is well.
    let next = |kind: &str| (0..).find(|number| !peer.path(&format!("{kind}-{number}")).exists()).expect("a number");
    let (hook, mail) = (next("hook"), next("mail"));
    fs::remove_file(disk.at.join("filler")).expect("removed");
    let over = peer.hook(hook, "the end arrives");
    assert_eq!((&over["valid"], &over["body"]["type"]), (&true.into(), &"warnings.over".into()), "{over}");
    let well = peer.until(&format!("mail-{mail}"), "a mail about the end arrives");
    assert!(well.contains("Subject: Croft: All is well again"), "{well}");
    assert!(!test_box.croft(&["health"]).expect("said").contains("are free"));
}

/// What a test says when it goes wrong, in words that help.
fn refusals(test_box: &TestBox, peer: &Peer) {
    let set = |arguments: &[&str]| test_box.croft(&[&["notify", "mail", "set"], arguments].concat()).expect("changed");
    let check = |name: &str, part: &str| {
        let said = tested(test_box, name);
        assert!(said.contains("failed") && said.contains(part), "{part}: {said}");
    };
    set_password(test_box, "not this one");
    check("mail", "does not take this name and password (reply 535)");
    set_password(test_box, "only for the box");
    set(&["--to", "nobody@example.org"]);
    check("mail", "did not take the mail. It said: no such user here");
    set(&["--to", "ana@example.org", "--port", "25"]);
    // The password is for the port before alone.
    check("mail", "password for the mail server is not set");
    set_password(test_box, "only for the box");
    check("mail", "refused the connection at port 25");
    set(&["--port", "587"]);
    set_password(test_box, "only for the box");
    check("mail", "does not speak TLS at port 587");
    set(&["--security", "starttls"]);
    let said = tested(test_box, "mail");
    assert!(said.contains("mail: told. ") && said.contains("kept for ever"), "{said}");
    set(&["--server", "mail.croft.invalid"]);
    set_password(test_box, "only for the box");
    check("mail", "The name mail.croft.invalid was not found.");
    set(&["--server", PEER, "--port", "465", "--security", "tls"]);
    set_password(test_box, "only for the box");
    let said = tested(test_box, "mail");
    assert!(said.contains("mail: told. "), "{said}");

    let hook = |url: &str| {
        let _ = test_box.croft(&["notify", "webhook", "remove", "other"]);
        answer_of(test_box, &["notify", "webhook", "add", "other", url])["key"].as_str().expect("a key").to_owned()
    };
    for itself in [
        "http://127.0.0.1:8080/hook",
        "http://[::1]:8080/",
        "http://localhost:8080/",
        &format!("http://{BOX}:8080/"),
        "https://[::ffff:127.0.0.1]/",
    ] {
        hook(itself);
        check("other", "it is this box itself");
    }
    hook("http://1.1.1.1/");
    check("other", "is not at home, and http:// would show everybody");
    hook(&format!("http://{PEER}:8080/elsewhere"));
    check("other", "sends elsewhere (status 302), which is not followed");
    hook(&format!("http://{PEER}:8080/hook"));
    check("other", "does not let the box in");
    hook(&format!("http://{PEER}:465/"));
    check("other", PEER);
    let refused = test_box.croft(&["notify", "webhook", "add", "other", "https://elsewhere.example.org/"]).expect_err("refused");
    assert!(refused.contains("there is a webhook other already"), "{refused}");
    test_box.croft(&["notify", "webhook", "remove", "other"]).expect("removed");
    for wrong in ["ftp://example.org/", "https://ana:secret@example.org/"] {
        let refused = test_box.croft(&["notify", "webhook", "add", "other", wrong]).expect_err("refused");
        assert!(refused.contains("notify.webhooks.other.url"), "{refused}");
    }
    assert!(peer.path("hook-2").exists(), "the redirect was asked once");
}

#[tokio::test]
async fn only_owners_see_whom_the_box_tells_and_change_it() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    assert_eq!(ana.get("/api/v1/notify").await["destinations"], json!([]), "nobody is told in a new box");
    let password = json!({ "server": "mail.example.org", "port": 465, "user": "box", "password": "hush" });
    let (status, answer) = ana.send(Method::PUT, "/api/v1/notify/mail/password", &password).await;
    assert_eq!((status, &answer["code"]), (409, &json!("notify-account-differs")), "{answer}");
    let (status, answer) = ana.send(Method::POST, "/api/v1/notify/webhooks/phone/key", &json!({})).await;
    assert_eq!((status, &answer["code"]), (404, &json!("no-such-destination")), "{answer}");
    assert_eq!(ana.send(Method::POST, "/api/v1/notify/test", &json!({})).await, (200, json!([])));

    test_box.croft(&["person", "add", "bea"]).expect("added");
    let token = test_box.croft(&["token", "new", "bea", "--name", "laptop"]).expect("an app password");
    let stranger = Visitor::new(&test_box);
    for (method, path) in [
        (Method::GET, "/api/v1/notify"),
        (Method::PUT, "/api/v1/notify/mail/password"),
        (Method::POST, "/api/v1/notify/webhooks/phone/key"),
        (Method::POST, "/api/v1/notify/test"),
    ] {
        let asked = async |request: reqwest::RequestBuilder| request.json(&password).send().await.expect("an answer").status().as_u16();
        assert_eq!(asked(stranger.bare(method.clone(), path)).await, 401, "{method} {path}");
        assert_eq!(asked(stranger.bare(method.clone(), path).bearer_auth(token.trim())).await, 403, "{method} {path}");
    }

    // A destination fails; that it does is for all, and why for owners.
    let people = ana.get("/api/v1/people").await;
    let id = &people.as_array().expect("a list").iter().find(|person| person["name"] == "bea").expect("she is one of them")["id"];
    let (status, invitation) = ana.send(Method::POST, "/api/v1/invitations", &json!({ "person": id })).await;
    assert_eq!(status, 201, "{invitation}");
    let mut bea = Visitor::new(&test_box);
    let joined = json!({ "code": invitation["code"], "passphrase": "seven small boats at sea" });
    let (status, said) = bea.send(Method::POST, "/api/v1/join", &joined).await;
    assert!(status < 300, "{said}");
    bea.sign_in("bea", "seven small boats at sea").await;
    let webhooks = json!({ "phone": { "url": "https://phone.example.org/a-secret-path" } }).to_string();
    test_box.croft(&["settings", "set", "notify.webhooks", &webhooks]).expect("set");
    let begun = Instant::now();
    let failing = loop {
        let seen = bea.get("/api/v1/warnings").await;
        let seen = seen.as_array().expect("a list").clone();
        if let Some(failing) = seen.into_iter().find(|warning| warning["code"] == "notify-failing") {
            break failing;
        }
        assert!(begun.elapsed() < PATIENCE, "it stands in Repairs");
        tokio::time::sleep(Duration::from_millis(500)).await; // waits: for a minute that setting up may take, by polling
    };
    assert!(failing["lines"] == json!([]) && !failing.to_string().contains("key") && !failing.to_string().contains("secret"), "{failing}");
    let seen = ana.get("/api/v1/warnings").await;
    let failing = seen.as_array().expect("a list").iter().find(|warning| warning["code"] == "notify-failing").expect("it stands");
    assert!(failing["lines"][0].as_str().expect("a line").contains("no key yet"), "{failing}");
}
