//! Programs and the dialect's clients, which use links and make them.

use std::{fs, process::Command};

use croft_box_tests::kill;
use nix::sys::signal::Signal;
use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::{Home, address};

#[tokio::test]
async fn programs_use_a_link_and_it_outlives_a_killed_worker() {
    let home = Home::new().await;
    let link = home.link("holiday", json!({"kind": "edit"})).await;
    kill(home.worker(), Signal::SIGKILL);
    let token = link["token"].as_str().expect("a token");
    let begun = std::time::Instant::now();
    while home.read(&format!("/s/{token}/beach.txt")).await.0 != 200 {
        assert!(begun.elapsed().as_secs() < 20, "the link does not come back");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await; // waits: for the next worker, by polling
    }
    let ca = home.test_box.path("ca.pem");
    let curl = |arguments: &[&str]| {
        let output = Command::new("curl").arg("-sS").arg("--cacert").arg(&ca).args(arguments).output().expect("curl");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let webdav = format!("{}/public.php/webdav", home.test_box.origin);
    let user = format!("{token}:");
    assert_eq!(curl(&["-u", &user, &format!("{webdav}/beach.txt")]), (true, "sand".into()));
    let (_, listing) = curl(&["-u", &user, "-X", "PROPFIND", "-H", "Depth: 1", &webdav]);
    assert!(listing.contains("/public.php/webdav/day%201/") && !listing.contains("holiday/") && !listing.contains("favorite"), "{listing}");
    assert!(curl(&["-f", "-u", &user, "-T", ca.to_str().expect("a path"), &format!("{webdav}/ca.pem")]).0);
    assert_eq!(home.file("holiday/ca.pem"), fs::read_to_string(&ca).ok());
    let from = home.test_box.path("upload");
    fs::create_dir_all(from.join("deep")).expect("a folder");
    fs::write(from.join("deep/big"), vec![9; 300_000]).expect("a file");
    let rclone = |arguments: &[&str]| {
        let mut command = Command::new("rclone");
        command.arg("--config=/dev/null").arg("--ca-cert").arg(&ca).args(arguments);
        let remote = [("URL", webdav.as_str()), ("USER", token), ("VENDOR", "other")];
        let output = command
            .env("RCLONE_CONFIG_LINK_TYPE", "webdav")
            .envs(remote.map(|(name, value)| (format!("RCLONE_CONFIG_LINK_{name}"), value)));
        let output = output.output().expect("rclone");
        assert!(output.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    rclone(&["copy", from.to_str().expect("a path"), "link:copied"]);
    assert_eq!(fs::read(home.test_box.path("spaces/s1/files/holiday/copied/deep/big")).expect("a file").len(), 300_000);
    assert!(rclone(&["lsf", "-R", "link:"]).contains("copied/deep/big"));
    let activity = home.ana.get("/api/v1/activity").await.to_string();
    assert!(activity.contains("link.made") && !activity.contains(token) && !activity.contains("holiday"), "{activity}");
    assert!(!curl(&["-f", "-u", "nobody:", &webdav]).0 && !curl(&["-f", &webdav]).0);
}

#[tokio::test]
async fn clients_of_the_dialect_and_the_command_line_make_and_end_links() {
    let home = Home::new().await;
    let password = home.ana.app_password("phone").await;
    let shares = "/ocs/v2.php/apps/files_sharing/api/v1/shares";
    let ask = async |method: Method, path: &str, form: &str| {
        let request = home.stranger.bare(method, path).basic_auth("ana", Some(&password)).header("ocs-apirequest", "true");
        let request = request.header(header::ACCEPT, "application/json");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned());
        let answer = request.send().await.expect("an answer");
        let (status, text) = (answer.status().as_u16(), answer.text().await.expect("a body"));
        (status, serde_json::from_str::<Value>(&text).unwrap_or(Value::String(text)))
    };
    let (status, made) = ask(Method::POST, shares, "path=%2Fholiday&shareType=3&permissions=1&expireDate=2099-12-31&password=a+b").await;
    assert_eq!((status, &made["ocs"]["meta"]["statuscode"]), (400, &json!(400)), "ten years at most: {made}");
    let (status, made) = ask(Method::POST, shares, "path=%2Fholiday&shareType=3&permissions=1&password=a+b&label=Mia").await;
    let share = &made["ocs"]["data"];
    assert_eq!(
        (status, &share["path"], &share["permissions"], &share["label"]),
        (200, &json!("/holiday"), &json!(1), &json!("Mia")),
        "{made}"
    );
    let url = share["url"].as_str().expect("an address").to_owned();
    let page = url.strip_prefix(&home.test_box.origin).expect("of this box").to_owned();
    assert_eq!(home.ask("GET", &page).await.status(), 401);
    let one = format!("{shares}/{}", share["id"].as_str().expect("an id"));
    let (status, changed) = ask(Method::PUT, &one, "password=&permissions=15").await;
    assert_eq!((status, &changed["ocs"]["data"]["permissions"]), (200, &json!(15)), "{changed}");
    assert_eq!(home.ask("GET", &page).await.status(), 200);
    for (query, count) in
        [("?path=/holiday", 1), ("?path=/&subfiles=true", 1), ("", 1), ("?path=/secret.txt", 0), ("?shared_with_me=true", 0)]
    {
        let (status, list) = ask(Method::GET, &format!("{shares}{query}"), "").await;
        assert_eq!((status, list["ocs"]["data"].as_array().map(Vec::len)), (200, Some(count)), "{query} {list}");
    }
    for kind in ["0", "1", "4", "6"] {
        let (status, refused) = ask(Method::POST, shares, &format!("path=/holiday&shareType={kind}&shareWith=ben")).await;
        let said = refused["ocs"]["meta"]["message"].as_str().unwrap_or_default();
        assert!(status == 403 && said.contains("shared space"), "{refused}");
    }
    let (_, nobody) = ask(Method::GET, "/ocs/v2.php/apps/files_sharing/api/v1/sharees?search=b&itemType=file", "").await;
    assert_eq!((&nobody["ocs"]["data"]["users"], &nobody["ocs"]["data"]["exact"]["users"]), (&json!([]), &json!([])));
    assert_eq!(home.stranger.bare(Method::GET, shares).send().await.expect("an answer").status(), 401);
    assert_eq!(home.ana.request(Method::GET, shares).send().await.expect("an answer").status(), 401, "a cookie opens none of it");
    assert_eq!(ask(Method::DELETE, &one, "").await.0, 200);
    assert_eq!(home.ask("GET", &page).await.status(), 404);
    let (_, can) = ask(Method::GET, "/ocs/v2.php/cloud/capabilities", "").await;
    assert_eq!(can["ocs"]["data"]["capabilities"]["files_sharing"]["public"]["enabled"], true);

    let croft = |arguments: &[&str]| {
        let ca = home.test_box.path("ca.pem");
        let way = ["--box", &home.test_box.origin, "--token", &password, "--ca", ca.to_str().expect("a path"), "--json"];
        let output = Command::new(croft_box_tests::binary("croft")).args(way).arg("link").args(arguments).output().expect("croft is built");
        assert!(output.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    let made = croft(&["make", "holiday/beach.txt", "--days", "1", "--downloads", "3"]);
    assert_eq!(home.read(&format!("{}/beach.txt", address(&made))).await, (200, "sand".into()));
    assert_eq!(croft(&["list", "holiday"])[0]["downloaded"], 1);
    croft(&["revoke", made["id"].as_str().expect("an id")]);
    home.opens_nothing(&address(&made)).await;
    assert!(home.test_box.croft(&["link", "list"]).expect_err("nobody's").contains("--token"));
}
