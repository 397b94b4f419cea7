//! Favourites as clients for phones set and list them, in one's own space and in a shared one.
#![cfg(test)]

use croft_box_tests::{Claimed, TestBox, Visitor};
use reqwest::Method;
use serde_json::json;

const NAMESPACES: &str = "xmlns:d='DAV:' xmlns:oc='http://owncloud.org/ns'";

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_marks_is_listed_wherever_it_is() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let (status, space) = ana.send(Method::POST, "/api/v1/spaces", &json!({"name": "Family", "members": {"p1": "manage"}})).await;
    assert_eq!(status, 201, "{space}");
    let password = ana.app_password("phone").await;
    let phone = Visitor::new(&test_box);
    let ask = async |method: &str, path: &str, body: String| {
        let request = phone.bare(Method::from_bytes(method.as_bytes()).expect("a method"), &format!("/remote.php/dav/files/ana/{path}"));
        // As phones send photos: into folders that may not be there.
        let answer = request.header("X-NC-WebDAV-Auto-Mkcol", "1").basic_auth("ana", Some(&password)).body(body).send();
        let answer = answer.await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    for path in ["2026/11/one.jpg", "2026/11/two.jpg", "Family/all.jpg"] {
        assert_eq!(ask("PUT", path, "a photo".into()).await.0, 201, "{path}");
    }
    assert_eq!(ask("PUT", "family/2026/x.jpg", "a photo".into()).await.0, 403, "some computer takes it for the shared space");
    let mark = |value: u8| {
        format!("<d:propertyupdate {NAMESPACES}><d:set><d:prop><oc:favorite>{value}</oc:favorite></d:prop></d:set></d:propertyupdate>")
    };
    let report = format!(
        "<oc:filter-files {NAMESPACES}><d:prop><d:getetag/><oc:favorite/></d:prop>\
         <oc:filter-rules><oc:favorite>1</oc:favorite></oc:filter-rules></oc:filter-files>"
    );
    let listed = async || {
        let (status, text) = ask("REPORT", "", report.clone()).await;
        assert_eq!(status, 207, "{text}");
        let mut paths: Vec<String> =
            text.split("<d:href>").skip(1).map(|rest| rest.split('<').next().expect("a path").to_owned()).collect();
        paths.sort();
        paths
    };
    assert_eq!(listed().await, [] as [&str; 0]);
    for path in ["2026/11/one.jpg", "Family/all.jpg"] {
        let (status, text) = ask("PROPPATCH", path, mark(1)).await;
        assert!(status == 207 && text.contains("200 OK"), "{text}");
    }
    assert_eq!(listed().await, ["/remote.php/dav/files/ana/2026/11/one.jpg", "/remote.php/dav/files/ana/Family/all.jpg"]);
    ask("PROPPATCH", "2026/11/one.jpg", mark(0)).await;
    assert_eq!(listed().await, ["/remote.php/dav/files/ana/Family/all.jpg"]);
    assert_eq!(ask("REPORT", "", "<d:sync-collection xmlns:d='DAV:'/>".into()).await.0, 400);
}
