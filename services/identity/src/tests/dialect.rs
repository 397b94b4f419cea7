//! What clients made for Nextcloud ask, as they ask it.

use super::*;

/// An answer as a client sees it.
struct Seen {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} {}", self.status, self.text))
    }

    /// Status in HTTP and in the envelope, which must say the same of good and bad.
    fn statuses(&self) -> (u16, u64) {
        let meta = &self.json()["ocs"]["meta"];
        assert_eq!(meta["status"] == "ok", [100, 200].contains(&meta["statuscode"].as_u64().unwrap()), "{meta}");
        assert!(meta["message"].is_string());
        (self.status, meta["statuscode"].as_u64().unwrap())
    }

    fn data(&self) -> Value {
        self.json()["ocs"]["data"].clone()
    }
}

/// One request of a client at `hollyhock.local`, as the gateway passes it on.
async fn ask(home: &Home, line: &str, headers: &[(&str, &str)], body: &str) -> Seen {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("croft-client", "192.168.1.9")
        .header("croft-host", "hollyhock.local:8443")
        .header("user-agent", "mirall/3.7.3");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let role = Role::new(RunDirectory::new(home.directory()), "identity");
    let (head, answer) = role.send(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap().into_parts();
    let bytes = answer.collect().await.unwrap().to_bytes();
    Seen { status: head.status.as_u16(), headers: head.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

/// A claimed box, and the capability of one of ana's app passwords for files.
async fn at_home() -> (Home, String, Credential) {
    let home = Home::new().await;
    let (token, _) = home.claim().await;
    let browser = home.capability(&token).await;
    let made = home.call(Method::POST, "/api/v1/tokens", Some(&browser), json!({ "name": "laptop" })).await.expect(201);
    let password = Credential::Bearer { value: secret(made["secret"].as_str().unwrap()) };
    let issued = home.judge(password.clone(), "identity").await.expect(200);
    (home, issued["capability"].as_str().unwrap().to_owned(), password)
}

#[tokio::test]
async fn a_stranger_learns_what_kind_of_server_it_is() {
    let home = Home::new().await;
    home.told.projection.send_modify(|projection| {
        projection.generation += 1;
        projection.this_box = Some(BoxSettings { name: "Elm & Ash".into(), ..BoxSettings::default() });
    });
    home.settled().await;
    let state = ask(&home, "GET /status.php", &[], "").await.json();
    assert_eq!((&state["installed"], &state["maintenance"], &state["version"]), (&json!(true), &json!(false), &json!("31.0.0.18")));
    let seen = ask(&home, "GET /ocs/v1.php/cloud/capabilities?format=json", &[], "").await;
    assert_eq!(seen.statuses(), (200, 100));
    let data = seen.data();
    assert!(["major", "minor", "micro"].iter().all(|part| data["version"][part].is_u64()), "{data}");
    let can = &data["capabilities"];
    assert_eq!(can["core"]["status"], state);
    assert_eq!((&can["theming"]["name"], &can["theming"]["url"]), (&json!("Elm & Ash"), &json!("https://hollyhock.local:8443")));
    assert_eq!((&can["files_sharing"]["public"]["enabled"], &can["checksums"]["preferredUploadType"]), (&json!(true), &json!("SHA1")));
    assert_eq!((&can["dav"]["chunking"], &can["files"]["bigfilechunking"]), (&json!("1.0"), &json!(true)));
    assert_eq!(
        can["notify_push"],
        json!({ "type": ["files"], "endpoints": {
            "websocket": "wss://hollyhock.local:8443/push/ws", "pre_auth": "https://hollyhock.local:8443/apps/notify_push/pre_auth",
        } })
    );
    for absent in ["notifications", "activity", "end-to-end-encryption"] {
        assert!(can.get(absent).is_none(), "{absent} is promised and not there");
    }
    let xml = ask(&home, "GET /ocs/v2.php/cloud/capabilities", &[], "").await;
    assert_eq!(xml.headers["content-type"], "application/xml; charset=utf-8");
    assert!(xml.text.contains("<status>ok</status>") && xml.text.contains("<name>Elm &amp; Ash</name>"), "{}", xml.text);
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let home = Home::new().await;
    let line = "GET /ocs/v2.php/cloud/capabilities?format=json";
    let seen = ask(&home, line, &[], "").await;
    let tag = seen.headers["etag"].to_str().unwrap();
    let again = ask(&home, line, &[("if-none-match", tag)], "").await;
    assert_eq!((again.status, again.text.as_str(), again.headers["etag"].to_str().unwrap()), (304, "", tag));
    assert_eq!(ask(&home, line, &[("if-none-match", "\"other\"")], "").await.status, 200);
}

#[tokio::test]
async fn a_client_learns_who_it_is_and_nobody_else() {
    let (home, capability, _) = at_home().await;
    let signed_in = [("croft-capability", capability.as_str()), ("accept", "application/json")];
    let user = ask(&home, "GET /ocs/v1.php/cloud/user", &signed_in, "").await;
    assert_eq!(user.statuses(), (200, 100));
    let data = user.data();
    assert_eq!((&data["id"], &data["display-name"], &data["quota"]["quota"]), (&json!("ana"), &json!("Ana"), &json!(-3)));
    for (said, quota) in [
        ("600 400", json!({ "free": 400, "used": 600, "total": 1000, "relative": 60, "quota": 1000 })),
        ("0 0", json!({ "free": 0, "used": 0, "total": 0, "relative": 0, "quota": 0 })),
        ("many", json!({ "free": -3, "used": 0, "total": -3, "relative": 0, "quota": -3 })),
    ] {
        let with_room = [signed_in[0], signed_in[1], ("croft-room", said)];
        assert_eq!(ask(&home, "GET /ocs/v2.php/cloud/user", &with_room, "").await.data()["quota"], quota, "{said}");
    }
    let named = ask(&home, "GET /ocs/v2.php/cloud/users/ana", &signed_in, "").await;
    assert_eq!((named.statuses(), named.data()), ((200, 200), data));
    assert_eq!(ask(&home, "GET /ocs/v2.php/cloud/users/ben", &signed_in, "").await.statuses(), (404, 404));
    for (line, statuses) in [
        ("GET /ocs/v2.php/core/getapppassword", (403, 403)),
        ("GET /ocs/v2.php/core/navigation/apps", (200, 200)),
        ("GET /ocs/v1.php/config", (200, 100)),
        ("GET /ocs/v2.php/apps/terms_of_service/terms", (404, 404)),
        ("GET /ocs/v1.php/apps/notifications/api/v2/notifications", (200, 998)),
    ] {
        assert_eq!(ask(&home, line, &signed_in, "").await.statuses(), statuses, "{line}");
    }
    assert_eq!(ask(&home, "GET /ocs/v2.php/apps/files/api/v1/directEditing", &signed_in, "").await.data()["editors"], json!({}));
    let stranger = ask(&home, "GET /ocs/v1.php/cloud/user?format=json", &[], "").await;
    assert_eq!(stranger.statuses(), (401, 997));
    assert_eq!(ask(&home, "GET /ocs/v3.php/cloud/user", &signed_in, "").await.json()["code"], "no-such-route");
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_app_password_away() {
    let (home, capability, password) = at_home().await;
    let mut revocations = super::journey::Lines::listen(&home).await;
    let left = ask(&home, "DELETE /ocs/v2.php/core/apppassword?format=json", &[("croft-capability", &capability)], "").await;
    assert_eq!(left.statuses(), (200, 200));
    assert!(revocations.next().await["session"].is_string());
    assert_eq!(home.judge(password, "sync@s1").await.refused(401), "app-password-wrong");
}

#[tokio::test]
async fn a_device_is_granted_an_app_password_once() {
    let home = Home::new().await;
    let (token, _) = home.claim().await;
    let browser = home.capability(&token).await;
    let asked = ask(&home, "POST /index.php/login/v2", &[], "").await.json();
    assert_eq!(asked["poll"]["endpoint"], "https://hollyhock.local:8443/index.php/login/v2/poll");
    let code = asked["login"].as_str().unwrap().strip_prefix("https://hollyhock.local:8443/grant#").unwrap();
    let form = format!("token={}", asked["poll"]["token"].as_str().unwrap());
    let poll = async || ask(&home, "POST /index.php/login/v2/poll", &[("content-type", "application/x-www-form-urlencoded")], &form).await;
    assert_eq!((poll().await.status, poll().await.json()["code"].clone()), (404, json!("not-granted")));

    let path = format!("/api/v1/grants/{code}");
    let shown = home.call(Method::GET, &path, Some(&browser), Value::Null).await.expect(200);
    assert_eq!((&shown["device"], &shown["address"]), (&json!("mirall/3.7.3"), &json!("192.168.1.9")));
    home.call(Method::POST, &path, Some(&browser), Value::Null).await.expect(204);
    assert_eq!(home.call(Method::POST, &path, Some(&browser), Value::Null).await.refused(404), "grant-over");
    let granted = poll().await.json();
    assert_eq!((&granted["server"], &granted["loginName"]), (&json!("https://hollyhock.local:8443"), &json!("ana")));
    assert_eq!(poll().await.status, 404, "once");
    let password = Credential::AppPassword { name: "ana".into(), value: secret(granted["appPassword"].as_str().unwrap()) };
    home.judge(password.clone(), "sync@s1").await.expect(200);

    let list = home.call(Method::GET, "/api/v1/tokens", Some(&browser), Value::Null).await.expect(200);
    assert_eq!((&list[0]["name"], &list[0]["scopes"]), (&json!("mirall/3.7.3"), &json!(["files"])));
    let revoke = format!("/api/v1/tokens/{}", list[0]["id"].as_str().unwrap());
    home.call(Method::DELETE, &revoke, Some(&browser), Value::Null).await.expect(204);
    assert_eq!(home.judge(password, "sync@s1").await.refused(401), "app-password-wrong");
    assert_eq!(home.audited(), ["claim.finished", "app-password.made", "app-password.removed"]);
}

#[tokio::test]
async fn a_device_that_is_refused_gets_nothing_and_wrong_bodies_are_told() {
    let home = Home::new().await;
    let (token, _) = home.claim().await;
    let browser = home.capability(&token).await;
    let asked = ask(&home, "POST /index.php/login/v2", &[], "").await.json();
    let path = format!("/api/v1/grants/{}", asked["login"].as_str().unwrap().split('#').nth(1).unwrap());
    assert_eq!(home.call(Method::GET, "/api/v1/grants/x", Some(&browser), Value::Null).await.refused(404), "grant-over");
    home.call(Method::DELETE, &path, Some(&browser), Value::Null).await.expect(204);
    assert_eq!(home.call(Method::POST, &path, Some(&browser), Value::Null).await.refused(404), "grant-over");
    for body in ["", "{\"token\":\"x\"}", "tokens=x", "token=a b", "\u{fc}"] {
        let seen = ask(&home, "POST /index.php/login/v2/poll", &[], body).await;
        assert_eq!((seen.status, seen.json()["code"].clone()), (400, json!("body-invalid")), "{body:?}");
    }
    assert_eq!(ask(&home, "POST /index.php/login/v2/poll?token=x", &[], "a=b&token=x%2Dy").await.status, 404);
    assert_eq!(ask(&home, "POST /index.php/login/v2/poll", &[], &"x".repeat(70_000)).await.status, 400);
}

#[tokio::test]
async fn an_app_password_grants_no_more_than_it_may() {
    let home = Home::new().await;
    let (token, _) = home.claim().await;
    let browser = home.capability(&token).await;
    let made = json!({ "name": "script", "scopes": ["account"] });
    let made = home.call(Method::POST, "/api/v1/tokens", Some(&browser), made).await.expect(201);
    let issued = home.judge(Credential::Bearer { value: secret(made["secret"].as_str().unwrap()) }, "identity").await.expect(200);
    let asked = ask(&home, "POST /index.php/login/v2", &[], "").await.json();
    let path = format!("/api/v1/grants/{}", asked["login"].as_str().unwrap().split('#').nth(1).unwrap());
    assert_eq!(home.call(Method::POST, &path, issued["capability"].as_str(), Value::Null).await.refused(403), "not-allowed");
}
