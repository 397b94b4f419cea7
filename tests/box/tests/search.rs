//! A search goes through all spaces of a person, and through no other.
#![cfg(test)]

use std::time::{Duration, Instant};

use croft_box_tests::{Claimed, TestBox, Visitor};
use reqwest::Method;

/// Time within which the gateway has heard of a new space.
const SOON: Duration = Duration::from_secs(20);

/// A search by name as clients for phones write it.
fn named(pattern: &str, scope: &str) -> String {
    format!(
        "<?xml version='1.0'?><d:searchrequest xmlns:d='DAV:' xmlns:oc='http://owncloud.org/ns'><d:basicsearch>\
         <d:select><d:prop><d:displayname/><oc:fileid/><d:getetag/></d:prop></d:select>\
         <d:from><d:scope><d:href>{scope}</d:href><d:depth>infinity</d:depth></d:scope></d:from>\
         <d:where><d:like><d:prop><d:displayname/></d:prop><d:literal>{pattern}</d:literal></d:like></d:where>\
         <d:orderby><d:order><d:prop><d:displayname/></d:prop><d:ascending/></d:order></d:orderby>\
         <d:limit><d:nresults>50</d:nresults></d:limit></d:basicsearch></d:searchrequest>"
    )
}

struct Program {
    visitor: Visitor,
    password: String,
}

impl Program {
    async fn ask(&self, method: &str, path: &str, body: String) -> (u16, String) {
        let request = self.visitor.bare(Method::from_bytes(method.as_bytes()).expect("a method"), path);
        let answer = request.basic_auth("ana", Some(&self.password)).body(body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    async fn found(&self, path: &str, body: String) -> Vec<String> {
        let (status, text) = self.ask("SEARCH", path, body).await;
        assert_eq!(status, 207, "{text}");
        text.split("<d:href>").skip(1).filter_map(|rest| rest.split('<').next()).map(str::to_owned).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_in_own_and_shared_spaces_by_all_addresses() {
    let test_box = TestBox::start(Claimed::ByAna);
    test_box.croft(&["space", "add", "Our house", "--member", "ana=manage"]).expect("a space");
    test_box.croft(&["person", "add", "ben", "--display-name", "Ben"]).expect("a person");
    test_box.croft(&["space", "add", "Bens", "--member", "ben=manage"]).expect("a space of somebody else");
    let password = test_box.croft(&["token", "new", "ana", "--name", "phone"]).expect("an app password");
    let ana = Program { visitor: Visitor::new(&test_box), password: password.trim().to_owned() };
    let until = Instant::now() + SOON;
    loop {
        let (status, text) = ana.ask("PUT", "/dav/files/ana/Our%20house/Plan%20of%20the%20roof.pdf", "1".into()).await;
        if status == 201 {
            break;
        }
        assert!(Instant::now() < until, "{status} {text}");
        tokio::time::sleep(Duration::from_millis(100)).await; // waits: for the settings to reach the gateway, by polling
    }
    for path in ["/dav/files/ana/plan.txt", "/dav/files/ana/other.txt"] {
        assert_eq!(ana.ask("PUT", path, "1".into()).await.0, 201);
    }
    assert_eq!(ana.ask("MKCOL", "/dav/files/ana/Plans", String::new()).await.0, 201);
    let below =
        |prefix: &str| ["Our%20house/Plan%20of%20the%20roof.pdf", "plan.txt", "Plans/"].map(|path| format!("{prefix}/{path}")).to_vec();
    for (address, prefix) in [
        ("/remote.php/dav/", "/remote.php/dav/files/ana"),
        ("/remote.php/dav", "/remote.php/dav/files/ana"),
        ("/remote.php/dav/files/ana/", "/remote.php/dav/files/ana"),
        ("/remote.php/webdav/", "/remote.php/webdav"),
        ("/dav/files/ana/", "/dav/files/ana"),
    ] {
        assert_eq!(ana.found(address, named("%plan%", "/files/ana")).await, below(prefix), "{address}");
    }
    let only = ana.found("/remote.php/dav/", named("%plan%", "/files/ana/Our%20house")).await;
    assert_eq!(only, ["/remote.php/dav/files/ana/Our%20house/Plan%20of%20the%20roof.pdf"]);
    assert_eq!(ana.found("/remote.php/dav/", named("%nothing%", "")).await, [] as [&str; 0]);
    assert_eq!(ana.ask("SEARCH", "/remote.php/dav/", "<no".into()).await.0, 400);
    assert_eq!(ana.ask("SEARCH", "/remote.php/dav/files/ben/", named("%", "")).await.0, 404);
    // What moved is found where it is, and what was deleted is not.
    let moved = ana.visitor.bare(Method::from_bytes(b"MOVE").expect("a method"), "/dav/files/ana/plan.txt");
    let moved = moved.basic_auth("ana", Some(&ana.password)).header("destination", "/dav/files/ana/Plans/a%20plan.txt");
    assert_eq!(moved.send().await.expect("an answer").status(), 201);
    assert_eq!(ana.ask("DELETE", "/dav/files/ana/Our%20house/Plan%20of%20the%20roof.pdf", String::new()).await.0, 204);
    let now = ana.found("/dav/files/ana/", named("%plan%", "")).await;
    assert_eq!(now, ["/dav/files/ana/Plans/a%20plan.txt", "/dav/files/ana/Plans/"]);
}
