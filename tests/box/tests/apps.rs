//! Apps on a whole box: real containers out of a real registry, reached by their own door, and back after whatever happens. It takes root.
#![cfg(test)]

use std::{
    fs,
    time::{Duration, Instant},
};

use croft_app_tests::{Inside, Registry, busybox};
use croft_box_tests::{Claimed, TestBox, Visitor, kill};
use nix::sys::signal::Signal;
use reqwest::{Certificate, Client, Method, Response, header, redirect};
use serde_json::{Value, json};

/// Time for what the box does by itself.
const SOON: Duration = Duration::from_secs(60);
/// The first port of the registries of these tests.
const PORT: u16 = 5100;

/// A box with an engine and a registry beside it.
struct House {
    // In this order they go.
    registry: Registry,
    test_box: TestBox,
}

impl House {
    fn new(number: u16) -> Self {
        let test_box = TestBox::start_with_apps(Claimed::ByAna);
        let inside = Inside::of(&test_box.path("run/engine"));
        let registry = Registry::start(&inside, test_box.home.path(), PORT + number);
        Self { registry, test_box }
    }

    fn inside(&self) -> Inside {
        Inside::of(&self.test_box.path("run/engine"))
    }

    /// Puts the app's image into the registry: its page tells `version`, and who asks.
    fn push(&self, name: &str, version: &str) {
        let who = "#!/bin/sh\necho Content-Type: text/plain\necho\nenv\n";
        let image = busybox(&self.inside()).page(&format!("version {version}"));
        let image = image.script("www/cgi-bin/who", who).command(&["httpd", "-f", "-p", "8080", "-h", "/www"]);
        self.registry.push(name, version, &image);
    }

    /// The specification of an app with a page and something that it keeps, in a file.
    fn spec(&self, id: &str, image: &str) -> String {
        let web = json!({
            "image": image,
            "environment": { "SECRET": "${KEY}" },
            "mounts": [{ "class": "app-data", "path": "data", "target": "/data" }],
            "health": { "by": "program", "argv": ["/bin/wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"], "interval_seconds": 1 },
        });
        let spec = json!({
            "id": id, "kind": "compose", "about": { "name": format!("The {id}"), "version": "1" }, "services": { "web": web },
            "door": { "service": "web", "port": 8080, "path": "/" },
            "secrets": [{ "key": "KEY", "label": "A value", "encoding": "hex", "length": 32, "shown": true }],
        });
        let path = self.test_box.path(&format!("{id}.json"));
        fs::write(&path, spec.to_string()).expect("written");
        path.to_str().expect("text").to_owned()
    }

    fn croft(&self, arguments: &[&str]) -> Value {
        let said = self.test_box.croft(&[arguments, &["--json"]].concat()).unwrap_or_else(|said| panic!("{arguments:?}: {said}"));
        serde_json::from_str(&said).unwrap_or(Value::Null)
    }

    /// What is said instead of doing it, in one line.
    fn refused(&self, arguments: &[&str]) -> String {
        let said = self.test_box.croft(arguments).expect_err("refused");
        said.split_whitespace().filter(|word| !matches!(*word, "│" | "×")).collect::<Vec<_>>().join(" ")
    }

    fn app(&self, id: &str) -> Option<Value> {
        self.croft(&["app", "list"])["apps"].as_array().expect("a list").iter().find(|app| app["id"] == *id).cloned()
    }

    fn until(&self, what: &str, fits: impl Fn() -> bool) {
        let begun = Instant::now();
        while !fits() {
            assert!(begun.elapsed() < SOON, "{what} never comes: {}", self.croft(&["app", "list"]));
            std::thread::sleep(Duration::from_millis(200)); // waits: for what the box does by itself, by polling
        }
    }

    fn podman(&self, words: &[&str]) -> String {
        self.inside().read(&[&["podman"], words].concat())
    }

    /// A line of the shell in a container.
    fn sh(&self, container: &str, line: &str) -> std::process::Output {
        self.inside().output(&["podman", "exec", container, "/bin/sh", "-c", line])
    }

    fn kill_role(&self, role: &str) {
        let process = self.test_box.processes().into_iter().find(|process| process.role == role);
        kill(process.expect("it runs").pid, Signal::SIGKILL);
    }

    /// Whether a session of ana's browser can be had: right after a start identity may not be there yet.
    async fn ana(&self) -> Visitor {
        Visitor::ana(&self.test_box).await
    }
}

/// A browser at the origin of an app, which goes where it is led.
struct Browser {
    client: Client,
    origin: String,
    app: String,
    session: String,
    visit: Option<String>,
}

impl Browser {
    fn new(test_box: &TestBox, ana: &Visitor, id: &str) -> Self {
        let port = test_box.origin.rsplit(':').next().expect("a port").to_owned();
        let host = format!("{id}.localhost");
        let client = Client::builder()
            .tls_certs_only([Certificate::from_pem(&fs::read(test_box.path("ca.pem")).expect("a certificate")).expect("a certificate")])
            .resolve(&host, format!("127.0.0.1:{port}").parse().expect("an address"))
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(60));
        let session = ana.cookie().expect("signed in").to_owned();
        Self {
            client: client.build().expect("a client"),
            origin: test_box.origin.clone(),
            app: format!("https://{host}:{port}"),
            session,
            visit: None,
        }
    }

    /// Asks for a page of the app, by way of the box where it is led there.
    async fn get(&mut self, path: &str) -> (u16, String) {
        let mut address = format!("{}{path}", self.app);
        let mut way = None;
        for _ in 0..6 {
            let mut request = self.client.request(Method::GET, &address).header(header::ACCEPT, "text/html");
            let cookies =
                if address.starts_with(&self.app) { self.visit.iter().chain(&way).cloned().collect() } else { vec![self.session.clone()] };
            if !cookies.is_empty() {
                request = request.header(header::COOKIE, cookies.join("; "));
            }
            let answer = request.send().await.expect("an answer");
            for (name, kept) in [("__Host-croft-way=", &mut way), ("__Host-croft-app=", &mut self.visit)] {
                if let Some(set) = set(&answer, name) {
                    *kept = Some(set);
                }
            }
            let status = answer.status().as_u16();
            let Some(place) = answer.headers().get(header::LOCATION).map(|place| place.to_str().expect("text").to_owned()) else {
                return (status, answer.text().await.expect("a body"));
            };
            let here = if address.starts_with(&self.app) { &self.app } else { &self.origin };
            address = if place.starts_with('/') { format!("{here}{place}") } else { place };
        }
        panic!("it is led in a ring: {address}");
    }

    /// The page, as soon as it is there.
    async fn page(&mut self, path: &str) -> String {
        let begun = Instant::now();
        loop {
            let (status, text) = self.get(path).await;
            if status == 200 {
                return text;
            }
            assert!(begun.elapsed() < SOON, "{status} {text}");
            tokio::time::sleep(Duration::from_millis(100)).await; // waits: for an app to listen, by polling
        }
    }
}

fn set(answer: &Response, name: &str) -> Option<String> {
    let lines = answer.headers().get_all(header::SET_COOKIE).iter().map(|line| line.to_str().expect("text"));
    lines.into_iter().find(|line| line.starts_with(name)).and_then(|line| line.split(';').next()).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_is_installed_reached_stopped_and_taken_away() {
    let house = House::new(0);
    house.push("photos", "1");
    let spec = house.spec("photos", &house.registry.name("photos:1"));
    let would = house.croft(&["app", "install", &spec, "--dry-run"]);
    assert!(would["refused"].is_null() && house.app("photos").is_none(), "{would}");
    let installed = house.croft(&["app", "install", &spec]);
    assert_eq!((installed["state"].as_str(), installed["wanted"]["way_out"].as_str()), (Some("running"), Some("closed")), "{installed}");
    assert!(installed["services"][0]["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "by its digest: {installed}");

    // By its own door, after the box has asked who it is.
    let ana = house.ana().await;
    let mut browser = Browser::new(&house.test_box, &ana, "photos");
    assert!(browser.page("/").await.contains("version 1"));
    let said = browser.page("/cgi-bin/who").await;
    assert!(said.contains("HTTP_REMOTE_USER=ana") && !said.contains("__Host-croft"), "{said}");

    // The value that was made for it is its own, and shown to an owner alone.
    let secret = house.croft(&["app", "secrets", "photos"])["secrets"][0]["value"].as_str().expect("a value").to_owned();
    assert!(secret.len() == 32 && said.contains(&format!("SECRET={secret}")));
    assert!(!house.croft(&["settings", "show"]).to_string().contains(&secret), "no secret stands in the settings");

    // Nothing leaves, and its root is nobody outside.
    assert!(!house.sh("croft-photos.web", "wget -T 3 -q -O- http://192.0.2.1/").status.success());
    assert!(!house.sh("croft-photos.web", "nslookup example.org").status.success());
    assert!(!house.sh("croft-photos.web", "wget -T 3 -q -O- http://10.213.1.1:9999/").status.success());
    let map = house.sh("croft-photos.web", "cat /proc/self/uid_map");
    let map = String::from_utf8_lossy(&map.stdout).into_owned();
    assert!(map.split_whitespace().nth(1).is_some_and(|outside| outside != "0"), "{map}");
    house.until("what was turned back is counted", || house.app("photos").is_some_and(|app| app["traffic"]["denied"].as_u64() > Some(0)));

    // What it keeps lies in its own folder.
    assert!(house.sh("croft-photos.web", "echo kept > /data/album").status.success());
    assert_eq!(fs::read_to_string(house.test_box.path("apps/photos/data/data/album")).expect("kept"), "kept\n");

    // Stopped it says so, and its page does, too.
    house.croft(&["app", "stop", "photos"]);
    house.until("it stops", || house.app("photos").is_some_and(|app| app["services"][0]["state"] == "absent"));
    let (status, text) = browser.get("/").await;
    assert!(status == 503 && text.contains("The photos is stopped."), "{status} {text}");
    house.croft(&["app", "start", "photos"]);
    assert!(browser.page("/").await.contains("version 1"));

    // Taken away it is gone but for what it kept; installed again it finds that, with the same secret.
    house.croft(&["app", "uninstall", "photos"]);
    house.until("it goes", || house.app("photos").is_none());
    assert_eq!(house.podman(&["ps", "--all", "--quiet"]).trim(), "");
    assert!(browser.get("/").await.0 == 421, "its name is nobody's");
    house.croft(&["app", "install", &spec]);
    assert_eq!(house.croft(&["app", "secrets", "photos"])["secrets"][0]["value"], *secret);
    assert_eq!(String::from_utf8_lossy(&house.sh("croft-photos.web", "cat /data/album").stdout), "kept\n");

    let activity = house.test_box.croft(&["activity"]).expect("lines");
    for sentence in ["Began to install the app The photos.", "Took the app The photos away."] {
        assert!(activity.contains(sentence), "{activity}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_comes_back_after_whatever_happens() {
    let mut house = House::new(1);
    house.push("photos", "1");
    let spec = house.spec("photos", &house.registry.name("photos:1"));
    house.croft(&["app", "install", &spec]);
    let ana = house.ana().await;
    let mut browser = Browser::new(&house.test_box, &ana, "photos");
    assert!(browser.page("/").await.contains("version 1"));
    // Removed by hand.
    house.podman(&["rm", "--force", "croft-photos.web"]);
    assert!(browser.page("/").await.contains("version 1"));
    // The role is killed: the app runs on, and its door opens again.
    house.kill_role("apps");
    assert!(browser.page("/").await.contains("version 1"));
    let containers = house.podman(&["ps", "--quiet"]);
    assert_eq!(containers.lines().count(), 1, "{containers}");
    // Ended by itself, again and again: it is tried, and told.
    house.podman(&["kill", "croft-photos.web"]);
    assert!(browser.page("/").await.contains("version 1"));
    // The box ends and starts: so do its apps, without the registry.
    house.registry.kill();
    house.test_box.stop();
    house.test_box.start_again();
    let ana = house.ana().await;
    let mut browser = Browser::new(&house.test_box, &ana, "photos");
    assert!(browser.page("/").await.contains("version 1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_install_that_is_killed_anywhere_leaves_all_or_nothing() {
    let house = House::new(2);
    house.push("photos", "1");
    let spec = house.spec("photos", &house.registry.name("photos:1"));
    let mut ended = Vec::new();
    for milliseconds in [0, 40, 80, 120, 160, 200, 260, 320, 400, 500, 700, 1000, 2000, 5000, 10_000] {
        if milliseconds > 1000 && ended.contains(&true) {
            // The later moments are for a machine that is busy.
            break;
        }
        house.croft(&["app", "install", &spec, "--no-wait"]);
        std::thread::sleep(Duration::from_millis(milliseconds)); // waits: for a later step of the install each time
        house.kill_role("apps");
        let settled = || {
            let Ok(said) = house.test_box.croft(&["app", "list", "--json"]) else { return false };
            let list: Value = serde_json::from_str(&said).expect("JSON");
            let apps = list["apps"].as_array().expect("a list");
            list["engine"]["is"] == "ready" && apps.iter().all(|app| app["state"] == "running")
        };
        house.until("it settles", settled);
        let is_there = house.app("photos").is_some();
        let wanted = !house.croft(&["settings", "show", "apps"])["photos"].is_null();
        assert_eq!(is_there, wanted, "settings and engine say the same after {milliseconds} ms");
        assert_eq!(house.podman(&["ps", "--all", "--quiet"]).lines().count(), usize::from(is_there), "after {milliseconds} ms");
        ended.push(is_there);
        if is_there {
            house.croft(&["app", "uninstall", "photos"]);
            house.until("it goes", || house.app("photos").is_none());
        }
    }
    // Both ends were seen, so the moments were spread over the install.
    assert!(ended.contains(&true) && ended.contains(&false), "{ended:?}");
    house.croft(&["app", "install", &spec]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_had_is_refused_and_what_fails_is_told() {
    let house = House::new(3);
    house.push("photos", "1");
    // An image that nobody has.
    let missing = house.spec("nothing", &house.registry.name("nothing:1"));
    let said = house.refused(&["app", "install", &missing]);
    assert!(said.contains("could not be pulled"), "{said}");
    assert!(house.app("nothing").expect("it is shown")["failed"]["why"].as_str().expect("a sentence").contains("manifest unknown"));
    house.croft(&["app", "uninstall", "nothing"]);
    assert!(house.app("nothing").is_none());
    // What no wall holds.
    let text = fs::read_to_string(house.spec("photos", &house.registry.name("photos:1"))).expect("read");
    let mut spec: Value = serde_json::from_str(&text).expect("JSON");
    spec["permissions"] = json!([{ "kind": "privileged" }]);
    let path = house.test_box.path("privileged.json");
    fs::write(&path, spec.to_string()).expect("written");
    let said = house.refused(&["app", "install", path.to_str().expect("text")]);
    assert!(said.contains("no wall holds"), "{said}");
    // What has to be granted first.
    spec["permissions"] = json!([{ "kind": "capability", "name": "NET_RAW" }]);
    spec["services"]["web"]["cap_add"] = json!(["NET_RAW"]);
    fs::write(&path, spec.to_string()).expect("written");
    let said = house.refused(&["app", "install", path.to_str().expect("text")]);
    assert!(said.contains("--grant capability"), "{said}");
    house.croft(&["app", "install", path.to_str().expect("text"), "--grant", "capability"]);
    // One that ends at once is tried less and less often, and told with its last words.
    let image = busybox(&house.inside()).command(&["/bin/sh", "-c", "echo I cannot go on; exit 3"]);
    house.registry.push("broken", "1", &image);
    let broken = house.spec("broken", &house.registry.name("broken:1"));
    house.croft(&["app", "install", &broken, "--no-wait"]);
    let told = || {
        let warnings = house.croft(&["health"]);
        let warnings = warnings.as_array().cloned().or_else(|| warnings["warnings"].as_array().cloned()).unwrap_or_default();
        warnings.iter().any(|warning| {
            warning["code"] == "app-failing" && warning["subject"] == "broken" && warning["lines"].to_string().contains("I cannot go on")
        })
    };
    house.until("people are told", told);
    let log = house.test_box.croft(&["app", "logs", "broken", "--search", "CANNOT"]).expect("lines");
    assert!(log.contains("I cannot go on"), "{log}");
    // The other one runs.
    assert_eq!(house.app("photos").expect("there")["state"], "running");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apps_do_not_reach_each_other_nor_the_box_and_nobody_reaches_past_the_door() {
    let house = House::new(4);
    house.push("photos", "1");
    house.push("notes", "1");
    for id in ["photos", "notes"] {
        let spec = house.spec(id, &house.registry.name(&format!("{id}:1")));
        house.croft(&["app", "install", &spec]);
    }
    let address = |id: &str| {
        let text =
            house.podman(&["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", &format!("croft-{id}.web")]);
        text.trim().to_owned()
    };
    let (photos, notes) = (address("photos"), address("notes"));
    assert_ne!(photos, notes);
    let reaches = |from: &str, to: &str| house.sh(&format!("croft-{from}.web"), &format!("wget -T 3 -q -O- http://{to}/")).status.success();
    assert!(reaches("photos", &format!("{photos}:8080")) && !reaches("photos", &format!("{notes}:8080")));
    let gateway = |of: &str| format!("{}.1", of.rsplit_once('.').expect("an address").0);
    // A service of the machine that listens everywhere.
    let mut listener = house.inside().command("busybox").args(["httpd", "-f", "-p", "0.0.0.0:8088", "-h", "/"]).spawn().expect("it starts");
    house.until("it listens", || house.inside().connect("127.0.0.1:8088".parse().expect("an address")).is_ok());
    assert!(!reaches("photos", &format!("{}:8088", gateway(&photos))) && !reaches("photos", &format!("{}:8088", gateway(&notes))));
    let _ = listener.kill();
    let _ = listener.wait();
    // Nothing of an app listens on an address of the machine but the networks' own DNS.
    let listening = house.inside().read(&["ss", "-H", "-l", "-n", "-t", "-u"]);
    let others: Vec<&str> = listening
        .lines()
        .filter_map(|line| line.split_whitespace().nth(4))
        .filter(|place| !place.ends_with(":53") && !place.starts_with("127.0.0.1:") && !place.ends_with(":8088"))
        .collect();
    assert!(others.is_empty(), "{listening}");
    // Open, it has a way out, and neither to the other app nor to the machine.
    house.croft(&["app", "way", "photos", "open"]);
    house.until("its way is open", || {
        house.app("photos").is_some_and(|app| app["wanted"]["way_out"] == "open" && app["state"] == "running")
    });
    assert!(!reaches("photos", &format!("{notes}:8080")) && !reaches("photos", &format!("{}:8088", gateway(&photos))));
}
