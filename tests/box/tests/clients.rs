//! Clients that others made, as Debian has them: `nextcloudcmd` keeps two folders of one person and the box the same.

use std::fs;

use croft_box_tests::{Claimed, Computer, TestBox, Visitor, tree};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn two_computers_and_the_box_become_the_same() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = test_box.croft(&["token", "new", "ana", "--name", "computers"]).expect("an app password");
    let [desk, sofa] = [(); 2].map(|()| Computer::new(&test_box, password.trim()));
    let disk = || tree(&test_box.path("spaces/s1/files"));
    let all_equal = |what: &str| {
        assert!(desk.tree() == disk(), "{what}: the desk has {:?}, the box {:?}", desk.tree().keys(), disk().keys());
        assert!(sofa.tree() == disk(), "{what}: the sofa has {:?}, the box {:?}", sofa.tree().keys(), disk().keys());
    };

    desk.write("hello.txt", b"Hello, house.\n");
    desk.write("empty", b"");
    desk.write("B\u{fc}ro & co/50% \u{1f98a}/#1 ?.txt", b"odd names");
    desk.write("deep/a/b/c/d.bin", &vec![7; 9_000_000]);
    desk.write("plan.txt", b"a plan");
    fs::create_dir(desk.path("nothing in it")).expect("made");
    desk.sync();
    sofa.sync();
    all_equal("made");
    assert_eq!(disk().len(), 12);

    desk.write("hello.txt", b"Hello, house, from the desk.\n");
    fs::remove_dir_all(desk.path("deep/a")).expect("removed");
    sofa.write("deep/new.txt", b"from the sofa");
    fs::remove_file(sofa.path("empty")).expect("removed");
    for computer in [&desk, &sofa, &desk] {
        computer.sync();
    }
    all_equal("changed and deleted on both sides");
    assert_eq!(disk()["hello.txt"].as_deref(), Some(&b"Hello, house, from the desk.\n"[..]));
    assert!(!disk().contains_key("empty") && !disk().contains_key("deep/a/b") && disk().contains_key("deep/new.txt"));

    desk.sync();
    let asked = desk.sync();
    let about_files: Vec<&String> = asked.iter().filter(|line| line.contains("/remote.php/")).collect();
    assert_eq!(about_files, ["PROPFIND /remote.php/dav/files/ana/"], "nothing has changed: {asked:?}");

    desk.write("plan.txt", b"the plan of the desk");
    sofa.write("plan.txt", b"what the sofa plans");
    desk.sync();
    sofa.sync();
    assert_eq!(disk()["plan.txt"].as_deref(), Some(&b"the plan of the desk"[..]), "who was first stays");
    assert_eq!(sofa.tree()["plan.txt"], disk()["plan.txt"]);
    let copies: Vec<String> = sofa.tree().into_keys().filter(|name| name.starts_with("plan (conflicted copy")).collect();
    let [copy] = copies.as_slice() else { panic!("{copies:?}") };
    assert_eq!(fs::read(sofa.path(copy)).expect("read"), b"what the sofa plans", "nothing is lost");
    fs::rename(sofa.path(copy), sofa.path("plan of the sofa.txt")).expect("renamed");
    sofa.sync();
    desk.sync();
    all_equal("a conflict that was settled");
    assert_eq!(disk()["plan of the sofa.txt"].as_deref(), Some(&b"what the sofa plans"[..]));
}

/// Past 10 MB this client sends chunks; and it tells the box of a new name instead of sending the file again.
#[tokio::test(flavor = "multi_thread")]
async fn large_files_come_in_chunks_and_new_names_without_the_files() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let (status, space) = ana.send(Method::POST, "/api/v1/spaces", &json!({"name": "Family", "members": {"p1": "manage"}})).await;
    assert_eq!(status, 201, "{space}");
    let password = ana.app_password("computers").await;
    let [desk, sofa] = [(); 2].map(|()| Computer::new(&test_box, &password));
    let disk = || {
        let mut all = tree(&test_box.path("spaces/s1/files"));
        let family = tree(&test_box.path("spaces/s2/files"));
        all.insert("Family".into(), None);
        all.extend(family.into_iter().map(|(path, content)| (format!("Family/{path}"), content)));
        all
    };
    let film: Vec<u8> = (0..=250_u8).cycle().take(25_000_001).collect();
    desk.sync();
    desk.write("deep/film.bin", &film);
    desk.write("Family/holiday.bin", &film[1..12_000_000]);
    desk.write("Family/list.txt", b"milk");
    let asked = desk.sync();
    assert!(asked.iter().any(|line| line.starts_with("MKCOL /remote.php/dav/uploads/ana/")), "in chunks: {asked:?}");
    sofa.sync();
    assert!(desk.tree() == disk() && sofa.tree() == disk(), "{:?} {:?} {:?}", desk.tree().keys(), sofa.tree().keys(), disk().keys());
    assert!(disk()["deep/film.bin"].as_deref() == Some(&film[..]) && disk()["Family/holiday.bin"].as_deref() == Some(&film[1..12_000_000]));

    desk.write("deep/film.bin", &film[1..]);
    desk.write("Family/holiday.bin", &film[2..12_000_000]);
    desk.sync();
    sofa.sync();
    assert!(desk.tree() == disk() && sofa.tree() == disk(), "changed: {:?} {:?}", sofa.tree().keys(), disk().keys());
    assert!(
        disk()["deep/film.bin"].as_deref() == Some(&film[1..]) && disk()["Family/holiday.bin"].as_deref() == Some(&film[2..12_000_000])
    );

    fs::rename(desk.path("deep"), desk.path("shelf")).expect("renamed");
    fs::rename(desk.path("Family/list.txt"), desk.path("Family/LIST.txt")).expect("renamed");
    let asked = desk.sync();
    let moves: Vec<&String> = asked.iter().filter(|line| line.starts_with("MOVE ")).collect();
    assert_eq!(moves.len(), 2, "{asked:?}");
    assert!(!asked.iter().any(|line| line.contains("/uploads/")), "nothing is sent again: {asked:?}");
    let asked = sofa.sync();
    assert!(desk.tree() == disk() && sofa.tree() == disk(), "{:?} {:?} {:?}", desk.tree().keys(), sofa.tree().keys(), disk().keys());
    assert!(!asked.iter().any(|line| line.contains("film.bin")), "nothing is read again: {asked:?}");
    for space in ["s1", "s2"] {
        let left = fs::read_dir(test_box.path(&format!("spaces/{space}/.croft/chunks"))).expect("a folder").count();
        assert_eq!(left, 0, "chunks of {space}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_asks_for_its_app_password_and_loses_it() {
    let test_box = TestBox::start(Claimed::ByAna);
    let (ana, device) = (Visitor::ana(&test_box).await, Visitor::new(&test_box));
    let asked = device.bare(Method::POST, "/index.php/login/v2").header("user-agent", "Ana's phone").send().await.expect("an answer");
    let asked: Value = asked.json().await.expect("JSON");
    let path = |address: &Value| address.as_str().expect("an address").strip_prefix(&test_box.origin).expect("of the box").to_owned();
    let poll = async || {
        let form = format!("token={}", asked["poll"]["token"].as_str().expect("a token"));
        let kind = "application/x-www-form-urlencoded";
        device
            .bare(Method::POST, &path(&asked["poll"]["endpoint"]))
            .header("content-type", kind)
            .body(form)
            .send()
            .await
            .expect("an answer")
    };
    let page = path(&asked["login"]);
    let code = page.strip_prefix("/grant#").expect("the page");
    let grant = format!("/api/v1/grants/{code}");
    assert_eq!(poll().await.status(), StatusCode::NOT_FOUND);
    assert_eq!(device.bare(Method::POST, &grant).send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ana.get(&grant).await["device"], "Ana's phone");
    let foreign = ana.bare(Method::POST, &grant).header("cookie", ana.cookie().expect("a cookie")).header("origin", "https://evil.example");
    assert_eq!(foreign.send().await.expect("an answer").status(), StatusCode::FORBIDDEN, "no other page grants anything");
    let granted = ana.request(Method::POST, &grant).send().await.expect("an answer");
    assert_eq!(granted.status(), StatusCode::NO_CONTENT);
    let given: Value = poll().await.json().await.expect("JSON");
    assert_eq!((&given["server"], &given["loginName"]), (&json!(test_box.origin), &json!("ana")));
    assert_eq!(poll().await.status(), StatusCode::NOT_FOUND, "it is given once");

    let phone = Computer::new(&test_box, given["appPassword"].as_str().expect("an app password"));
    phone.write("photo.jpg", b"a photo");
    phone.sync();
    assert_eq!(phone.tree(), tree(&test_box.path("spaces/s1/files")));
    let list = ana.get("/api/v1/tokens").await;
    assert_eq!((list.as_array().map(Vec::len), &list[0]["name"]), (Some(1), &json!("Ana's phone")));
    let revoke = format!("/api/v1/tokens/{}", list[0]["id"].as_str().expect("an id"));
    assert_eq!(ana.request(Method::DELETE, &revoke).send().await.expect("an answer").status(), StatusCode::NO_CONTENT);
    let before = phone.tree();
    let (content, said) = phone.try_sync();
    assert!(!content, "shut out: {said}");
    assert_eq!(phone.tree(), before, "who is shut out loses nothing that is there");
}

#[tokio::test]
async fn the_tree_is_the_same_under_each_of_its_addresses() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = test_box.croft(&["token", "new", "ana", "--name", "program"]).expect("an app password");
    let program = Visitor::new(&test_box);
    let ask = async |method: &str, path: &str| {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = program.bare(method, path).basic_auth("ana", Some(password.trim())).header("depth", "1");
        let answer = request.body("").send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    assert_eq!(ask("MKCOL", "/remote.php/dav/files/ana/Letters").await.0, 201);
    assert_eq!(ask("PUT", "/remote.php/webdav//Letters//a%20b").await.0, 201);
    for (address, root) in [
        ("/remote.php/dav/files/ana/Letters", "/remote.php/dav/files/ana"),
        ("/remote.php/dav/files/ana//Letters//", "/remote.php/dav/files/ana"),
        ("/remote.php/webdav/Letters/", "/remote.php/webdav"),
        ("/dav/files/ana/Letters/", "/dav/files/ana"),
    ] {
        let (status, listing) = ask("PROPFIND", address).await;
        assert_eq!(status, 207, "{address} {listing}");
        let hrefs: Vec<&str> = listing.split("<d:href>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
        assert_eq!(hrefs, [format!("{root}/Letters/"), format!("{root}/Letters/a%20b")], "{address}");
    }
    let (status, told) = ask("PUT", "/remote.php/dav/files/ana/Nowhere/x").await;
    assert!(status == 409 && told.contains("<s:exception>folder-missing</s:exception>"), "{status} {told}");
    let (status, told) = ask("PUT", "/dav/files/ana/Nowhere/x").await;
    assert!(status == 409 && told.contains("\"code\":\"folder-missing\""), "{status} {told}");
    assert_eq!(ask("PROPFIND", "/remote.php/dav/files/ben/").await.0, 404);
}
