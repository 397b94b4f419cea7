//! A shared space and an own entry of one name, in whatever order they come: nothing is hidden, and no client takes anything away.
#![cfg(test)]

use std::{
    fs,
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, Computer, TestBox, Visitor, tree};
use reqwest::{Method, header};
use serde_json::{Value, json};

/// Time within which the gateway has heard of a change.
const SOON: Duration = Duration::from_secs(20);

/// A program with an app password.
struct Program<'a> {
    visitor: Visitor,
    name: &'a str,
    password: String,
}

impl<'a> Program<'a> {
    fn of(test_box: &TestBox, name: &'a str) -> Self {
        let password = test_box.croft(&["token", "new", name, "--name", "program"]).expect("an app password");
        Self { visitor: Visitor::new(test_box), name, password: password.trim().to_owned() }
    }

    /// Status and body of a request in the person's tree.
    async fn ask(&self, method: &str, path: &str, leads: Option<&str>) -> (u16, String) {
        let address = format!("/dav/files/{}/{path}", self.name);
        let mut request = self.visitor.bare(Method::from_bytes(method.as_bytes()).expect("a method"), &address);
        if let Some(leads) = leads {
            request = request.header("destination", format!("{}/dav/files/{}/{leads}", self.visitor.origin, self.name));
        }
        let request =
            request.basic_auth(self.name, Some(&self.password)).header("depth", if method == "PROPFIND" { "1" } else { "infinity" });
        let answer = request.body("").send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    /// What is at the root, as addresses.
    async fn root(&self) -> Vec<String> {
        let (status, listing) = self.ask("PROPFIND", "", None).await;
        assert_eq!(status, 207, "{listing}");
        let prefix = format!("/dav/files/{}/", self.name);
        let hrefs = listing.split("<d:href>").skip(2).filter_map(|rest| rest.split('<').next()?.strip_prefix(&prefix));
        hrefs.map(str::to_owned).collect()
    }
}

/// What `look` finds, once it is what was expected or has had its time: the gateway hears of what the console changes a moment later.
async fn soon<T: PartialEq>(look: impl AsyncFn() -> T, expected: &T) -> T {
    let begun = Instant::now();
    loop {
        let found = look().await;
        if found == *expected || begun.elapsed() > SOON {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await; // waits: for the settings to reach the gateway, by polling
    }
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

/// Changes the section `spaces`.
async fn change_spaces(ana: &Visitor, patch: Value) {
    let read = ana.request(Method::GET, "/api/v1/settings/spaces").send().await.expect("an answer");
    let etag = read.headers().get(header::ETAG).expect("a version").clone();
    let request = ana.request(Method::PATCH, "/api/v1/settings/spaces").header(header::IF_MATCH, etag);
    let answer = request.header(header::CONTENT_TYPE, "application/merge-patch+json").body(patch.to_string()).send().await;
    assert!(answer.expect("an answer").status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_with_the_name_of_an_own_folder_takes_nothing_off_a_computer() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let password = ana.app_password("computers").await;
    let [desk, sofa] = [(); 2].map(|()| Computer::new(&test_box, &password));
    let own = || tree(&test_box.path("spaces/s1/files"));
    let family = || tree(&test_box.path("spaces/s2/files"));
    desk.write("Family/diary.txt", b"mine alone");
    desk.sync();
    sofa.sync();
    let (status, space) = ana.send(Method::POST, "/api/v1/spaces", &json!({"name": "family", "members": {"p1": "manage"}})).await;
    assert_eq!(status, 201, "{space}");

    desk.sync();
    assert_eq!(desk.tree()["Family/diary.txt"].as_deref(), Some(&b"mine alone"[..]), "what was there stays");
    assert!(desk.tree().contains_key("family (shared)"), "{:?}", desk.tree().keys());
    desk.write("family (shared)/list.txt", b"milk");
    desk.write("Family/more.txt", b"mine, too");
    desk.sync();
    sofa.sync();
    assert_eq!(sofa.tree(), desk.tree());
    assert_eq!(family().into_keys().collect::<Vec<_>>(), ["list.txt"]);
    assert_eq!(own().into_keys().collect::<Vec<_>>(), ["Family", "Family/diary.txt", "Family/more.txt"]);

    // The sofa has not heard that the folder is gone: what it still has does not reach the others.
    fs::remove_dir_all(desk.path("Family")).expect("removed");
    desk.sync();
    assert!(!own().contains_key("Family"));
    sofa.write("Family/secret.txt", b"for nobody else");
    sofa.sync();
    assert_eq!(family().into_keys().collect::<Vec<_>>(), ["list.txt"], "nothing private is shared");
    assert_eq!(own()["Family/secret.txt"].as_deref(), Some(&b"for nobody else"[..]));

    // The other order: a folder gets the name of the space.
    change_spaces(&ana, json!({"s2": {"name": "Team"}})).await;
    sofa.sync();
    assert!(sofa.tree().contains_key("Team/list.txt"), "{:?}", sofa.tree().keys());
    sofa.write("TEAM/plan.txt", b"a folder in another case");
    let (content, said) = sofa.try_sync();
    assert_eq!(sofa.tree()["TEAM/plan.txt"].as_deref(), Some(&b"a folder in another case"[..]), "{content} {said}");
    assert_eq!((own().contains_key("TEAM"), family().into_keys().collect::<Vec<_>>()), (false, vec!["list.txt".to_owned()]));
    fs::rename(sofa.path("TEAM"), sofa.path("Club")).expect("renamed");
    sofa.sync();
    assert_eq!(own()["Club/plan.txt"].as_deref(), Some(&b"a folder in another case"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_door_brings_two_under_one_name() {
    let test_box = TestBox::start(Claimed::ByAna);
    let croft = |arguments: &[&str]| test_box.croft(arguments).expect("the command succeeds");
    croft(&["person", "add", "ben", "--display-name", "Ben"]);
    let (ana, ben) = (Program::of(&test_box, "ana"), Program::of(&test_box, "ben"));
    for folder in ["Choir", "Choir%20(SHARED)", "x"] {
        assert_eq!(ben.ask("MKCOL", folder, None).await.0, 201);
    }
    assert_eq!(ben.ask("PUT", "Choir/mine", None).await.0, 201);
    croft(&["space", "add", "Choir", "--member", "ana=manage"]);
    let expected = names(&["Choir/"]);
    assert_eq!(soon(|| ana.root(), &expected).await, expected);
    for (method, path, leads, status) in [
        ("MKCOL", "Choir", None, 405),
        ("PUT", "Choir", None, 405),
        ("MKCOL", "choir", None, 403),
        ("PUT", "CHOIR", None, 403),
        ("LOCK", "CHOIR", None, 403),
    ] {
        let (found, told) = ana.ask(method, path, leads).await;
        assert!(found == status && told.contains("name-of-a-space"), "{method} {path} {found} {told}");
    }
    assert_eq!(ana.ask("MKCOL", "x", None).await.0, 201);
    assert_eq!(ana.ask("PUT", "Choir/song", None).await.0, 201);
    for (method, path, leads) in [
        ("MOVE", "x", "Choir"),
        ("COPY", "x", "cHOIR"),
        ("MOVE", "x", "choir"),
        ("MOVE", "Choir/song", "Choir"),
        ("COPY", "Choir/song", "choir"),
    ] {
        let (found, told) = ana.ask(method, path, Some(leads)).await;
        assert!(found == 403 && told.contains("name-of-a-space"), "{method} {path} {leads} {found} {told}");
    }
    assert_eq!(ana.root().await, ["Choir/", "x/"]);

    // Somebody becomes a member later, and has the name already, and the next one, too.
    croft(&["settings", "set", "spaces.s3.members.p2", "write"]);
    let expected = names(&["Choir%20%28shared%202%29/", "Choir/", "Choir%20%28SHARED%29/", "x/"]);
    assert_eq!(soon(|| ben.root(), &expected).await, expected);
    assert_eq!(ben.ask("GET", "Choir/mine", None).await.0, 200);
    assert_eq!(ben.ask("GET", "Choir%20(shared%202)/song", None).await.0, 200);
    assert_eq!(ben.ask("GET", "Choir/song", None).await.0, 404);
    // By another program, behind the box's back.
    fs::rename(test_box.path("spaces/s2/files/x"), test_box.path("spaces/s2/files/choir (shared 2)")).expect("renamed");
    assert_eq!(ben.ask("GET", "Choir%20(shared%202)/song", None).await.0, 404);
    assert_eq!(ben.ask("GET", "Choir%20(shared%203)/song", None).await.0, 200);
    assert_eq!(ben.ask("MKCOL", "Choir%20(shared%203)/new", None).await.0, 201);
    assert!(test_box.path("spaces/s3/files/new").is_dir());
    // The settings know nothing of it.
    assert!(croft(&["space", "list"]).contains("Choir"));
    croft(&["settings", "set", "spaces.s3.name", "Singers"]);
    assert_eq!(soon(async || ben.ask("GET", "Singers/song", None).await.0, &200).await, 200);
}
