//! Clients that were given an address above or beside the files.

use super::*;

const PROGRAM: (&str, &str) = ("Authorization", "Bearer files");

#[tokio::test]
async fn folders_above_the_files_lead_to_ones_own() {
    let house = House::new().await;
    for (path, child) in [
        ("/", "/dav/"),
        ("/dav", "/dav/files/"),
        ("/dav/", "/dav/files/"),
        ("/dav/files", "/dav/files/ana/"),
        ("/dav/files/", "/dav/files/ana/"),
        ("/remote.php/dav/", "/remote.php/dav/files/"),
        ("/remote.php/dav/files", "/remote.php/dav/files/ana/"),
    ] {
        let line = format!("PROPFIND {path}");
        let stranger = house.ask(&line, &[("Depth", "1")], "").await;
        assert!(stranger.status == 401 && stranger.head.contains("www-authenticate: basic"), "{path} {}", stranger.head);
        assert!(!stranger.body.contains("ana"), "{}", stranger.body);
        let listing = house.ask(&line, &[PROGRAM, ("Depth", "1")], "").await;
        assert!(listing.status == 207 && listing.head.contains("dav: 1, 2, 3"), "{path} {}", listing.head);
        assert!(listing.body.contains(&format!("<d:href>{child}</d:href>")), "{path} {}", listing.body);
        let alone = house.ask(&line, &[PROGRAM, ("Depth", "0")], "").await;
        assert_eq!(alone.body.matches("<d:response>").count(), 1, "{path} {}", alone.body);
        for headers in [&[PROGRAM][..], &[PROGRAM, ("Depth", "infinity")]] {
            let endless = house.ask(&line, headers, "").await;
            assert!(endless.status == 403 && endless.body.contains("propfind-finite-depth"), "{path} {}", endless.body);
        }
        assert_eq!(house.ask(&line, &[PROGRAM, ("Depth", "2")], "").await.status, 400);
        let probed = house.ask(&format!("OPTIONS {path}"), &[], "").await;
        assert!(probed.status == 200 && probed.head.contains("dav: 1, 2, 3"), "{path} {}", probed.head);
        assert!(probed.head.contains("ms-author-via: dav") && !probed.head.contains("access-control"), "{}", probed.head);
    }
    assert!(house.browser("PROPFIND /dav/files/", &[("Depth", "1")], "").await.body.contains("/dav/files/ana/"));
}

#[tokio::test]
async fn a_wrong_address_is_answered_by_the_right_one() {
    let house = House::new().await;
    let own = "https://hollyhock.local/dav/files/ana/";
    for line in
        ["PROPFIND /webdav", "PROPFIND /webdav/x", "PROPFIND /dav/files/ben/", "GET /dav/files/nobody/x", "PUT /dav/x", "GET /dav/ana/x"]
    {
        let (told, stranger) = (house.ask(line, &[PROGRAM], "").await, house.ask(line, &[], "").await);
        assert!(told.status == 404 && told.body.contains(own), "{line} {} {}", told.status, told.body);
        assert_eq!(stranger.refused(401), "sign-in-first", "{line}");
    }
    let foreign = ["ben", "nobody"].map(|name| format!("GET /dav/files/{name}/x"));
    let [there, absent] = [house.ask(&foreign[0], &[PROGRAM], "").await, house.ask(&foreign[1], &[PROGRAM], "").await];
    assert_eq!((there.status, there.body), (absent.status, absent.body), "nobody learns who is here");
    for line in ["PUT /dav/files/", "MKCOL /dav", "GET /dav/", "DELETE /dav/files"] {
        let refused = house.ask(line, &[PROGRAM], "").await;
        assert!(refused.body.contains(own) && refused.refused(405) == "method-not-allowed", "{line} {}", refused.body);
    }
    // The pages of the box are read as ever.
    assert!(house.ask("GET /", &[], "").await.status == 200 && house.ask("GET /webdav", &[], "").await.status == 200);
    assert_eq!(house.ask("POST /", &[], "{}").await.refused(405), "method-not-allowed");
    let unclaimed = House::with(BTreeMap::new()).await;
    for line in ["PROPFIND /", "PROPFIND /dav/", "OPTIONS /dav/", "PROPFIND /webdav"] {
        assert_eq!(unclaimed.ask(line, &[], "").await.refused(403), "unclaimed", "{line}");
    }
}
