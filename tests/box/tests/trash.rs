//! Trash and versions as clients made for Nextcloud reach them, and as the web UI does.
#![cfg(test)]

use croft_box_tests::{Claimed, TestBox, Visitor};
use reqwest::Method;
use serde_json::json;

const FIND: &str = "<d:propfind xmlns:d=\"DAV:\" xmlns:oc=\"http://owncloud.org/ns\" xmlns:nc=\"http://nextcloud.org/ns\"><d:prop>\
    <nc:trashbin-filename/><nc:trashbin-original-location/><nc:trashbin-deletion-time/><oc:fileid/><d:getcontentlength/></d:prop></d:propfind>";

/// A program with an app password of Ana's.
struct Program {
    visitor: Visitor,
    password: String,
    origin: String,
}

impl Program {
    /// Status and body of an answer.
    async fn ask(&self, method: &str, path: &str, to: Option<&str>, body: &str) -> (u16, String) {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request =
            self.visitor.bare(method.clone(), path).basic_auth("ana", Some(&self.password)).header("depth", "1").body(body.to_owned());
        if let (Method::PUT, Some(first)) = (method, body.bytes().next()) {
            // Each content has a second of its own, by which its version is called.
            request = request.header("x-oc-mtime", (1_600_000_000 + u64::from(first)).to_string());
        }
        if let Some(to) = to {
            request = request.header("destination", format!("{}{to}", self.origin));
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    /// What a listing has as values of a property, sorted.
    async fn values(&self, path: &str, property: &str) -> Vec<String> {
        let (status, listing) = self.ask("PROPFIND", path, None, FIND).await;
        assert_eq!(status, 207, "{path} {listing}");
        let begin = format!("<{property}>");
        let parts = listing.split(&begin).skip(1);
        let mut values: Vec<String> = parts.map(|rest| rest.split('<').next().expect("a value").to_owned()).collect();
        values.sort();
        values
    }
}

#[tokio::test]
async fn what_is_deleted_or_replaced_is_found_by_clients_and_comes_back() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let (status, space) = ana.send(Method::POST, "/api/v1/spaces", &json!({"name": "Family", "members": {"p1": "manage"}})).await;
    assert_eq!(status, 201, "{space}");
    let program =
        Program { password: ana.app_password("program").await, visitor: Visitor::new(&test_box), origin: test_box.origin.clone() };
    let files = "/remote.php/dav/files/ana";
    let trash = "/remote.php/dav/trashbin/ana/trash";
    let (_, said) = program.ask("GET", "/ocs/v2.php/cloud/capabilities?format=json", None, "").await;
    assert!(said.contains("\"undelete\":true") && said.contains("\"versioning\":true"), "{said}");

    for (path, content) in [("letter.txt", "dear ben"), ("Family/list.txt", "milk"), ("film", "one"), ("film", "two")] {
        let (status, said) = program.ask("PUT", &format!("{files}/{path}"), None, content).await;
        assert!(matches!(status, 201 | 204), "{path} {said}");
    }
    // One trash of all that is hers to change.
    for path in ["letter.txt", "Family/list.txt"] {
        assert_eq!(program.ask("DELETE", &format!("{files}/{path}"), None, "").await.0, 204, "{path}");
    }
    assert_eq!(program.values(trash, "nc:trashbin-original-location").await, ["Family/list.txt", "letter.txt"]);
    assert_eq!(program.values(trash, "nc:trashbin-filename").await, ["letter.txt", "list.txt"]);
    let items: Vec<String> = program.values(trash, "d:href").await.into_iter().filter(|href| !href.ends_with('/')).collect();
    assert_eq!(items.len(), 2);
    for item in &items {
        let to = "/remote.php/dav/trashbin/ana/restore/whatever";
        assert_eq!(program.ask("MOVE", item, Some(&format!("{files}/elsewhere")), "").await.0, 502, "it goes where it came from");
        assert_eq!(program.ask("MOVE", item, Some(to), "").await.0, 201, "{item}");
        assert_eq!(program.ask("MOVE", item, Some(to), "").await.0, 404, "{item}");
    }
    assert_eq!(program.ask("GET", &format!("{files}/Family/list.txt"), None, "").await, (200, "milk".into()));
    assert_eq!(program.ask("GET", &format!("{files}/letter.txt"), None, "").await, (200, "dear ben".into()));
    for path in ["letter.txt", "Family/list.txt"] {
        assert_eq!(program.ask("DELETE", &format!("{files}/{path}"), None, "").await.0, 204, "{path}");
    }
    assert_eq!(program.ask("DELETE", trash, None, "").await.0, 204);
    assert_eq!(program.values(trash, "nc:trashbin-filename").await, [""; 0]);
    assert!(test_box.path("spaces/s2/.croft/trash").read_dir().expect("a folder").next().is_none());

    // Versions, by the id that the listing of the folder says.
    let id = program.values(&format!("{files}/film"), "oc:fileid").await.remove(0);
    let versions = format!("/remote.php/dav/versions/ana/versions/{id}");
    let list: Vec<String> = program.values(&versions, "d:href").await.into_iter().filter(|href| !href.ends_with('/')).collect();
    let [version] = list.as_slice() else { panic!("{list:?}") };
    assert!(version.rsplit('/').next().is_some_and(|name| name.parse::<i64>().is_ok()), "{version}");
    assert_eq!(program.ask("GET", version, None, "").await, (200, "one".into()));
    assert_eq!(program.ask("MOVE", version, Some("/remote.php/dav/versions/ana/restore/target"), "").await.0, 204);
    assert_eq!(program.ask("GET", &format!("{files}/film"), None, "").await, (200, "one".into()));
    assert_eq!(program.values(&versions, "d:href").await.len(), 3, "what was the content is kept");
    assert_eq!(program.values(&format!("{files}/film"), "oc:fileid").await, [id.as_str()]);

    // The web UI reaches the same by its cookie, and nobody else does.
    let path = format!("/dav/versions/ana/{id}/{}", version.rsplit('/').next().expect("a name"));
    let page = ana.request(Method::GET, &path);
    assert_eq!(page.send().await.expect("an answer").text().await.expect("a body"), "one");
    assert_eq!(ana.request(Method::DELETE, "/dav/trash/ana/").send().await.expect("an answer").status(), 204);
    assert_eq!(ana.request(Method::DELETE, "/dav/trash/ben/").send().await.expect("an answer").status(), 404);
    let foreign = ana
        .bare(Method::DELETE, "/dav/trash/ana/")
        .header("cookie", ana.cookie().expect("a cookie"))
        .header("origin", "https://evil.example");
    assert_eq!(foreign.send().await.expect("an answer").status(), 403, "no other page empties the trash");
}
