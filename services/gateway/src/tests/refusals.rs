//! What the door refuses, and the headers that it lets nobody forge.

use super::*;

#[tokio::test]
async fn an_unclaimed_box_serves_nothing_but_the_claim() {
    let house = House::with(BTreeMap::new()).await;
    for line in [
        "GET /api/v1/status",
        "POST /api/v1/session",
        "GET /metrics",
        "PROPFIND /dav/files/ana/",
        "GET /api/v1/events",
        "GET /api/v1/nothing",
        "GET /api/v1/disks",
        "GET /api/v1/installed",
        "GET /api/v1/claimed",
    ] {
        assert_eq!(house.ask(line, &[], "").await.refused(403), "unclaimed", "{line}");
    }
    for line in ["GET /api/v1/claim", "POST /api/v1/claim/code", "GET /ca.crt", "GET /"] {
        assert_eq!(house.ask(line, &[], "").await.status, 200, "{line}");
    }
}

#[tokio::test]
async fn foreign_hosts_and_foreign_pages_are_turned_away() {
    let house = House::new().await;
    for host in ["evil.example", "hollyhock.local.evil.example", "192.0.2.1", ""] {
        for path in ["/", "/api/v1/status", "/dav/files/ana/", "/healthz"] {
            let answer = house.ask(&format!("GET {path}"), &[("Host", host)], "").await;
            assert!([400, 421].contains(&answer.status), "{host} {path} {}", answer.head);
        }
    }
    let own = ("Origin", "https://hollyhock.local");
    assert_eq!(house.browser("POST /api/v1/session", &[own], "{}").await.status, 200);
    for origin in ["https://evil.example", "null", "http://hollyhock.local", "https://hollyhock.local:8443"] {
        assert_eq!(house.browser("POST /api/v1/session", &[("Origin", origin)], "{}").await.refused(403), "cross-origin");
    }
    assert_eq!(house.browser("DELETE /api/v1/session", &[], "").await.refused(403), "cross-origin");
}

#[tokio::test]
async fn nobody_poses_as_somebody_by_a_header() {
    let house = House::new().await;
    let minted = house.behind.minter.mint(&Claims {
        who: Principal::Console,
        session: None,
        scopes: Scope::ALL.into(),
        audience: "supervisor".into(),
        expires: jiff::Timestamp::now().as_second() + 50,
    });
    let spellings = [
        "Croft-Capability",
        "croft_capability",
        "CROFT-CAPABILITY",
        "Croft-Client",
        "croft_client",
        "Croft-Host",
        "Croft-Request",
        "X-Forwarded-For",
        "X_Forwarded_For",
        "X-Forwarded-Host",
        "Forwarded",
        "X-Real-IP",
        "x_real_ip",
        "Remote-User",
        "Remote_User",
        "X-Remote-User",
        "X-Croft-User",
        "X-Auth-User",
        "X-Original-URL",
    ];
    for name in spellings {
        for value in [minted.as_str(), "127.0.0.1"] {
            let seen = house.ask("GET /api/v1/status", &[(name, value)], "").await.json();
            let seen = seen.as_object().unwrap();
            assert!(seen.values().all(|seen| seen != &minted), "{name}");
            assert!(!seen.contains_key("croft-capability"), "{name}");
            assert_eq!((&seen["croft-client"], &seen["croft-host"]), (&json!("127.0.0.1"), &json!("hollyhock.local")));
            assert_ne!(seen["croft-request"], value);
            let names = ["host", "croft-client", "croft-host", "croft-request"];
            assert!(seen.keys().all(|name| names.contains(&name.as_str())), "{name}: {seen:?}");
        }
    }
    let seen = house.browser("GET /api/v1/status", &[("Authorization", "Bearer files")], "").await.json();
    assert!(seen.get("cookie").is_none() && seen.get("authorization").is_none());
}

#[tokio::test]
async fn what_is_inside_stays_inside() {
    let house = House::new().await;
    for path in [
        "/internal/v1/door",
        "/api/v1/internal/v1/door",
        "/api/v1/../../internal/v1/door",
        "/api/internal/v1/door",
        "//internal/v1/door",
        "/api/v1/%2e%2e/internal/v1/door",
    ] {
        let answer = house.browser(&format!("GET {path}"), &[], "").await;
        assert!(answer.body != "secret" && [200, 400, 404].contains(&answer.status), "{path} {}", answer.head);
    }
    assert_eq!(house.ask("GET /internal/v1/door", &[], "").await.refused(404), "no-such-route");
    assert_eq!(house.ask("GET /api/v1/nothing", &[], "").await.refused(404), "no-such-route");
    assert_eq!(house.ask("GET /api/v1/away", &[], "").await.refused(503), "not-ready");
    assert_eq!(house.ask("POST /", &[], "{}").await.refused(405), "method-not-allowed");
}

#[tokio::test]
async fn every_answer_carries_the_protecting_headers() {
    let house = House::new().await;
    for (line, policy) in [
        ("GET /", "script-src 'self'"),
        ("GET /api/v1/status", "script-src 'self'"),
        ("GET /healthz", "frame-ancestors 'none'"),
        ("GET /nothing.js", "default-src 'none'"),
        ("GET /dav/files/ana/x.html", "sandbox"),
    ] {
        let head = house.ask(line, &[], "").await.head;
        for header in [
            policy,
            "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "croft-request: ",
            "cache-control: no-",
        ] {
            assert!(head.contains(header), "{line} {header}\n{head}");
        }
        assert!(!head.contains("unsafe-inline") && !head.contains("unsafe-eval") && !head.contains("access-control"), "{head}");
    }
    let unsigned = house.ask("PROPFIND /dav/files/ana/", &[], "").await;
    assert!(unsigned.status == 401 && unsigned.head.contains("www-authenticate: basic realm"));
    assert!(!house.ask("GET /metrics", &[], "").await.head.contains("www-authenticate"));
}
