//! What a stranger tries at the door, and the answer.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use croft_box_tests::{Claimed, PASSPHRASE, TestBox, Visitor};
use reqwest::{Method, header};
use serde_json::{Value, json};

/// Addresses that nobody may use without signing in.
const GUARDED: [(&str, &str); 9] = [
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/settings"),
    ("PATCH", "/api/v1/settings/box"),
    ("GET", "/api/v1/people"),
    ("POST", "/api/v1/tokens"),
    ("GET", "/api/v1/events"),
    ("GET", "/api/v1/logs"),
    ("GET", "/metrics"),
    ("GET", "/dav/files/ana/"),
];

/// Headers by which strangers have posed as somebody elsewhere.
const POSES: [(&str, &str); 14] = [
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Real-IP", "127.0.0.1"),
    ("Forwarded", "for=127.0.0.1"),
    ("X-Forwarded-Host", "localhost"),
    ("X-Forwarded-User", "ana"),
    ("X-Remote-User", "ana"),
    ("Remote-User", "ana"),
    ("REMOTE_USER", "ana"),
    ("X_Forwarded_User", "ana"),
    ("X-Webauth-User", "ana"),
    ("Croft-Client", "127.0.0.1"),
    ("Croft_Capability", "eyJ3aG8iOnsia2luZCI6ImNvbnNvbGUifX0.AAAA"),
    ("Croft-Capability", "eyJ3aG8iOnsia2luZCI6ImNvbnNvbGUifX0.AAAA"),
    ("Authorization", "Bearer null"),
];

#[tokio::test]
async fn strangers_are_turned_away_whatever_they_claim() {
    let test_box = TestBox::start(Claimed::ByAna);
    let stranger = Visitor::new(&test_box);
    // Before the guesses below: they make everybody at this address wait.
    let ana = Visitor::ana(&test_box).await;
    for (method, path) in GUARDED {
        let method: Method = method.parse().expect("a method");
        let answer = stranger.request(method.clone(), path).send().await.expect("an answer");
        assert_eq!(answer.status(), 401, "{method} {path}");
        for (name, value) in POSES {
            let answer = stranger.request(method.clone(), path).header(name, value).send().await.expect("an answer");
            assert!([401, 429].contains(&answer.status().as_u16()), "{method} {path} with {name}: {value}: {}", answer.status());
        }
    }
    cookies_and_passwords_of_nobody(&stranger).await;
    hosts(&stranger).await;
    inner_addresses(&stranger).await;
    ways_out_of_a_tree(&test_box, &ana).await;
    other_origins(&ana).await;
    the_passphrase_is_no_app_password(&stranger).await;
    headers_of_every_answer(&stranger).await;
}

async fn cookies_and_passwords_of_nobody(stranger: &Visitor) {
    for cookie in ["__Host-croft=", "__Host-croft=username=ana", "__Host-croft=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let answer = stranger.bare(Method::GET, "/api/v1/status").header(header::COOKIE, cookie).send().await.expect("an answer");
        assert_eq!(answer.status(), 401, "{cookie}");
    }
    for (name, password) in [("ana", ""), ("", ""), ("messagebus", ""), ("root", "root"), ("ana", "ana")] {
        let answer = stranger.bare(Method::GET, "/dav/files/ana/").basic_auth(name, Some(password)).send().await.expect("an answer");
        assert!([401, 429].contains(&answer.status().as_u16()), "{name}:{password} got {}", answer.status());
        assert!(answer.headers().contains_key(header::WWW_AUTHENTICATE) || answer.status() == 429);
    }
}

async fn hosts(stranger: &Visitor) {
    for host in ["evil.example", "localhost.evil.example", "croft.local.evil.example", "192.0.2.1"] {
        let answer = stranger.bare(Method::GET, "/").header(header::HOST, host).send().await.expect("an answer");
        assert_eq!(answer.status(), 421, "Host: {host}");
    }
}

async fn inner_addresses(stranger: &Visitor) {
    for path in
        ["/internal/v1/capabilities/local", "/internal/v1/door", "/api/v1/../../internal/v1/door", "/api/v1/%2e%2e/internal/v1/door"]
    {
        for method in [Method::GET, Method::POST] {
            let answer = stranger.request(method.clone(), path).json(&json!({"audience": "supervisor"})).send().await.expect("an answer");
            let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
            let (status, body) = (answer.status().as_u16(), answer.text().await.unwrap_or_default());
            let page = status == 200 && kind.starts_with("text/html");
            assert!(
                (page || status >= 400) && !body.contains("capability\"") && !body.contains("pairing_code"),
                "{method} {path}: {status} {body}"
            );
        }
    }
}

/// Addresses are sent as they stand here: the ordinary client would tidy them first.
async fn ways_out_of_a_tree(test_box: &TestBox, ana: &Visitor) {
    let password = ana.app_password("paths").await;
    std::fs::write(test_box.path("secret.txt"), "secret").expect("written");
    for path in [
        "/dav/files/ana/../../secret.txt",
        "/dav/files/ana/%2e%2e/%2e%2e/secret.txt",
        "/dav/files/ana/..%2f..%2fsecret.txt",
        "/dav/files/ana/a/%2E%2E/%2E%2E/secret.txt",
        "/dav/files/ana/%00",
        "/dav/files/ana/.croft/records.redb",
        "/dav/files/%2e%2e/secret.txt",
        "/dav/files/ben/",
        "/dav/files/p1/",
    ] {
        let output = std::process::Command::new("curl")
            .args(["--silent", "--path-as-is", "--cacert"])
            .arg(test_box.path("ca.pem"))
            .args(["--user", &format!("ana:{password}"), "--write-out", "\n%{http_code}", &format!("{}{path}", test_box.origin)])
            .output()
            .expect("curl is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').expect("a status");
        assert!(["400", "403", "404"].contains(&status), "{path}: {text}");
        assert!(!body.contains("secret\n") && body != "secret", "{path} gave {body}");
    }
}

async fn other_origins(ana: &Visitor) {
    let cookie = ana.cookie().expect("signed in").to_owned();
    let change = |origin: Option<&str>, site: Option<&str>| {
        let mut request = ana.bare(Method::POST, "/api/v1/tokens").header(header::COOKIE, &cookie).json(&json!({"name": "forged"}));
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(site) = site {
            request = request.header("Sec-Fetch-Site", site);
        }
        request.send()
    };
    for (origin, site) in [
        (None, None),
        (Some("https://evil.example"), None),
        (Some("null"), None),
        (Some("https://evil.example"), Some("same-origin")),
        (None, Some("cross-site")),
        (None, Some("same-site")),
    ] {
        let answer = change(origin, site).await.expect("an answer");
        assert_eq!(answer.status(), 403, "Origin {origin:?}, Sec-Fetch-Site {site:?}");
        let problem: Value = answer.json().await.expect("a problem document");
        assert_eq!(problem["code"], "cross-origin");
    }
    let own = change(Some(&ana.origin), Some("same-origin")).await.expect("an answer");
    assert_eq!(own.status(), 201);
}

async fn the_passphrase_is_no_app_password(stranger: &Visitor) {
    let answer = stranger.bare(Method::GET, "/dav/files/ana/").basic_auth("ana", Some(PASSPHRASE)).send().await.expect("an answer");
    assert!([401, 429].contains(&answer.status().as_u16()), "{}", answer.status());
}

async fn headers_of_every_answer(stranger: &Visitor) {
    for path in ["/", "/healthz", "/api/v1/claim", "/api/v1/status", "/nowhere/at/all"] {
        let answer = stranger.bare(Method::GET, path).send().await.expect("an answer");
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert!(!header("croft-request").is_empty(), "{path}");
        assert!(header("server").is_empty() && header("x-powered-by").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn an_unclaimed_box_serves_nothing_but_the_claim() {
    let test_box = TestBox::start(Claimed::Not);
    let stranger = Visitor::new(&test_box);
    let claim: Value = stranger.get("/api/v1/claim").await;
    assert_eq!(claim["state"], "unclaimed");
    for path in ["/api/v1/status", "/api/v1/settings", "/api/v1/people", "/dav/files/ana/", "/metrics"] {
        let answer = stranger.request(Method::GET, path).send().await.expect("an answer");
        assert_eq!(answer.status(), 403, "{path}");
        let problem: Value = answer.json().await.expect("a problem document");
        assert_eq!(problem["code"], "unclaimed", "{path}");
    }
    let (status, _) = stranger.send(Method::POST, "/api/v1/session", &json!({"name": "ana", "passphrase": PASSPHRASE})).await;
    assert_eq!(status, 403);
    the_plain_port(&test_box).await;
    // Five guesses are free, then the next must wait.
    for guess in 0..5 {
        let (status, problem) = stranger.send(Method::POST, "/api/v1/claim/code", &json!({"code": format!("0000-000{guess}")})).await;
        assert_eq!((status, &problem["code"]), (401, &json!("pairing-code-wrong")), "guess {guess}: {problem}");
    }
    let code = std::fs::read_to_string(test_box.path("pairing-code")).expect("the pairing code");
    let (status, problem) = stranger.send(Method::POST, "/api/v1/claim/code", &json!({"code": code.trim()})).await;
    assert_eq!(status, 429, "{problem}");
    assert!(problem["retry_after_seconds"].as_u64().is_some_and(|seconds| (1..=60).contains(&seconds)), "{problem}");
}

async fn the_plain_port(test_box: &TestBox) {
    let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let page = plain.get(&test_box.plain).send().await.expect("the page");
    assert_eq!(page.status(), 200);
    let page = page.text().await.expect("a page");
    let pem = std::fs::read(test_box.path("ca.pem")).expect("the certificate");
    let served = plain.get(format!("{}/ca.crt", test_box.plain)).send().await.expect("the certificate").bytes().await.expect("bytes");
    let fingerprint = croft_box_tests::fingerprint(&pem);
    assert_eq!(croft_box_tests::fingerprint(&served), fingerprint, "the page hands out another certificate");
    let shown: String = page.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    assert!(shown.contains(&fingerprint), "the page does not show the fingerprint {fingerprint}");
    assert!(!page.contains("type=\"password\""), "no passphrase crosses HTTP");
    for path in ["/api/v1/claim", "/api/v1/session", "/dav/files/ana/", "/healthz"] {
        for method in [Method::GET, Method::POST] {
            let answer = plain.request(method.clone(), format!("{}{path}", test_box.plain)).send().await.expect("an answer");
            assert!(answer.status().is_client_error() || answer.status().is_redirection(), "{method} {path}: {}", answer.status());
        }
    }
}
