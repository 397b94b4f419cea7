//! Clients made for Nextcloud at the door: programs with app passwords, and nobody else.

use super::*;

#[tokio::test]
async fn programs_alone_come_in_by_the_dialect() {
    let house = House::new().await;
    for line in [
        "PROPFIND /remote.php/dav/files/ana/",
        "GET /remote.php/webdav/",
        "GET /remote.php/dav/",
        "GET /ocs/v2.php/cloud/user",
        "GET /ocs/v1.php/core/getapppassword",
    ] {
        for answer in [house.ask(line, &[], "").await, house.browser(line, &[], "").await] {
            assert_eq!(answer.status, 401, "{line} {}", answer.head);
            assert_eq!(answer.head.matches("www-authenticate: basic realm=\"croft\"").count(), 1, "{line} {}", answer.head);
            assert_eq!(answer.head.matches("www-authenticate").count(), 1, "no other way is offered");
        }
    }
    let program = ("Authorization", "Bearer files");
    // The worker is not there: the way led to it.
    for line in [
        "GET /remote.php/dav/files/ana/x",
        "GET /remote.php/webdav",
        "GET //remote.php/dav/files/ana//x",
        "PROPFIND /remote.php/dav/trashbin/ana/trash/",
        "GET /remote.php/dav/versions/ana/versions/68719476738/5",
        "PROPFIND /dav/trash/ana/",
    ] {
        assert_eq!(house.ask(line, &[program], "").await.status, 503, "{line}");
    }
    for line in ["GET /remote.php/dav/files/ben/x", "PROPFIND /remote.php/dav/files/nobody/", "GET /remote.php/nothing"] {
        let answer = house.ask(line, &[program], "").await;
        assert!(
            answer.status == 404 && answer.body.contains("https://hollyhock.local/remote.php/dav/files/ana/"),
            "{line} {}",
            answer.body
        );
    }
    for line in [
        "PROPFIND /remote.php/dav/trashbin/ben/trash",
        "GET /dav/trash/ben/s1-0000000000000000.d1",
        // Of a space that ana has no part in.
        "GET /remote.php/dav/trashbin/ana/trash/s99-0000000000000000.d1",
        "GET /remote.php/dav/versions/ana/versions/6803228196866/5",
        "GET /dav/versions/ana/7/5",
    ] {
        assert_eq!(house.ask(line, &[program], "").await.status, 404, "{line}");
    }
    assert_eq!(house.ask("GET /remote.php/dav/", &[program], "").await.status, 405);
    let seen = house.ask("GET /ocs/v2.php/cloud/user", &[program], "").await.json();
    assert!(seen["croft-capability"].is_string() && seen["croft-host"] == "hollyhock.local", "{seen}");
    assert_eq!(house.ask("GET /ocs/v2.php/cloud/user", &[("Authorization", "Bearer old")], "").await.refused(401), "signed-out");
}

#[tokio::test]
async fn what_is_open_makes_no_guess_by_what_is_shown() {
    let house = House::new().await;
    let before = house.behind.asked.load(Ordering::SeqCst);
    for line in ["GET /status.php", "GET /ocs/v2.php/cloud/capabilities", "POST /index.php/login/v2", "POST /index.php/login/v2/poll"] {
        let seen = house.ask(line, &[("Authorization", "Bearer old")], "").await.json();
        assert!(seen["croft-client"] == "127.0.0.1" && seen.get("croft-capability").is_none(), "{line} {seen}");
    }
    assert_eq!(house.behind.asked.load(Ordering::SeqCst), before);
    let alive = house.ask("GET /index.php/204", &[], "").await;
    assert_eq!((alive.status, alive.body.as_str()), (204, ""));
    assert_eq!(house.ask("POST /index.php/core/wipe/check", &[], "{}").await.refused(404), "no-such-route");
    let foreign = house.ask("POST /index.php/login/v2", &[("Origin", "https://evil.example")], "").await;
    assert_eq!(foreign.refused(403), "cross-origin");
}

#[tokio::test]
async fn nothing_of_the_dialect_is_answered_before_the_claim() {
    let house = House::with(BTreeMap::new()).await;
    for line in ["GET /status.php", "GET /ocs/v2.php/cloud/capabilities", "POST /index.php/login/v2", "GET /index.php/204"] {
        assert_eq!(house.ask(line, &[], "").await.refused(403), "unclaimed", "{line}");
    }
    let files = house.ask("PROPFIND /remote.php/webdav/", &[], "").await;
    assert!(files.status == 403 && files.body.contains("<s:exception>unclaimed</s:exception>"), "{}", files.body);
}

#[tokio::test]
async fn errors_about_files_are_told_as_these_clients_show_them() {
    let house = House::new().await;
    let answer = house.ask("GET /remote.php/dav/files/ben/x", &[("Authorization", "Bearer files")], "").await;
    assert!(answer.head.contains("content-type: application/xml") && answer.head.contains("sandbox"), "{}", answer.head);
    assert!(
        answer.body.contains(
            "<s:message>There is nothing at this address. Your files are at https://hollyhock.local/remote.php/dav/files/ana/</s:message>"
        ),
        "{}",
        answer.body
    );
    let refused = house.ask("PROPFIND /remote.php/webdav/", &[], "").await;
    assert!(refused.status == 401 && refused.body.contains("<s:exception>sign-in-first</s:exception>"), "{}", refused.body);
}
