//! Heads of requests and answers on their way through the door of an app.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header, uri::Authority};

use super::{stay::Visitor, visits::OURS};
use croft_model::PersonRole;

/// What is between two neighbours alone (RFC 9110, section 7.6.1), and what would make an app speak to the client's proxy.
const HOPS: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];
/// What the box alone says to an app, by how a name begins or is; and names under which apps look for the same.
const SAID_BY_THE_BOX: [&str; 12] = [
    "croft-",
    "x-croft-",
    "forwarded",
    "x-forwarded-",
    "x-original-",
    "x-real-ip",
    "x-client-ip",
    "remote-",
    "x-remote-",
    "x-auth-request-",
    "x-authentik-",
    "x-webauth-",
];

/// The head for the app: the client's, without what is the box's, and with what the box says of who asks.
pub(super) fn for_app(sent: &HeaderMap, host: &Authority, client: IpAddr, visitor: Option<&Visitor>) -> HeaderMap {
    let mut headers = kept(sent);
    // A name with an underscore is the same as one with a dash to many programs.
    let forged: Vec<HeaderName> = headers.keys().filter(|name| is_forged(name)).cloned().collect();
    for name in forged {
        headers.remove(name);
    }
    let cookies = without_ours(sent);
    headers.remove(header::COOKIE);
    if let Some(cookies) = cookies {
        headers.insert(header::COOKIE, cookies);
    }
    let (client, role) = (client.to_string(), visitor.map(|visitor| if visitor.role == PersonRole::Owner { "owner" } else { "member" }));
    let said = [
        ("host", Some(host.as_str())),
        ("x-forwarded-host", Some(host.as_str())),
        ("x-forwarded-proto", Some("https")),
        ("x-forwarded-for", Some(client.as_str())),
        ("x-real-ip", Some(client.as_str())),
        ("remote-user", visitor.map(|visitor| visitor.name.as_str())),
        ("remote-name", visitor.map(|visitor| visitor.display_name.as_str())),
        ("remote-groups", role),
    ];
    for (name, value) in said {
        // Names of people are text of all languages.
        if let Some(value) = value.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// The head for the client: the app's, without cookies that would be the box's, or another host's.
pub(super) fn for_client(sent: &HeaderMap) -> HeaderMap {
    let mut headers = kept(sent);
    headers.remove(header::SET_COOKIE);
    for cookie in sent.get_all(header::SET_COOKIE) {
        if let Some(cookie) = own_cookie(cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    headers
}

/// All but what is between neighbours, by the list and by what `Connection` names.
fn kept(sent: &HeaderMap) -> HeaderMap {
    let mut headers = sent.clone();
    let named = sent.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(','));
    for name in named.filter_map(|name| name.trim().parse::<HeaderName>().ok()) {
        headers.remove(name);
    }
    for name in &HOPS {
        headers.remove(name);
    }
    headers
}

fn is_forged(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.contains('_') || SAID_BY_THE_BOX.iter().any(|said| name.starts_with(said))
}

/// The cookies that were sent, without the box's; in one line, since an HTTP/2 client may cut it into several (RFC 9113, section 8.2.3).
fn without_ours(sent: &HeaderMap) -> Option<HeaderValue> {
    let lines = sent.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let pairs = lines.flat_map(|line| line.split(|b| *b == b';')).map(<[u8]>::trim_ascii);
    let kept: Vec<&[u8]> = pairs.filter(|pair| !pair.is_empty() && !pair.starts_with(OURS.as_bytes())).collect();
    if kept.is_empty() { None } else { HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok() }
}

/// A cookie of the app for its own host: without a domain, and never one of the box's.
fn own_cookie(cookie: &HeaderValue) -> Option<HeaderValue> {
    let mut parts = cookie.as_bytes().split(|b| *b == b';');
    let pair = parts.next()?.trim_ascii();
    // Browsers compare the prefix without regard to case.
    if pair.get(..OURS.len()).is_some_and(|start| start.eq_ignore_ascii_case(OURS.as_bytes())) {
        return None;
    }
    let is_domain = |part: &&[u8]| part.split(|b| *b == b'=').next().is_some_and(|key| key.trim_ascii().eq_ignore_ascii_case(b"domain"));
    let kept: Vec<&[u8]> = std::iter::once(pair).chain(parts.filter(|part| !is_domain(part)).map(<[u8]>::trim_ascii)).collect();
    HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn passed(pairs: &[(&'static str, &'static str)], visitor: Option<&Visitor>) -> HeaderMap {
        let host = "photos-hollyhock.local".parse().expect("a host");
        for_app(&headers(pairs), &host, "198.51.100.7".parse().expect("an address"), visitor)
    }

    #[test]
    fn nobody_says_to_an_app_who_he_is() {
        let names = [
            "remote-user",
            "remote_user",
            "remote-groups",
            "x-remote-user",
            "x-forwarded-user",
            "x-forwarded-for",
            "x-forwarded-host",
            "forwarded",
            "x-real-ip",
            "x-auth-request-user",
            "x-authentik-username",
            "x-webauth-user",
            "croft-capability",
            "x-croft-user",
            "http_x",
        ];
        let forged: Vec<_> = names.iter().map(|name| (*name, "forged")).collect();
        assert!(passed(&forged, None).values().all(|value| value != "forged"));
        let ana = Visitor { name: "ana".into(), display_name: "Ana Å".into(), role: PersonRole::Owner };
        let said = passed(&forged, Some(&ana));
        assert!(said.values().all(|value| value != "forged"));
        assert_eq!(
            (&said["remote-user"], said["remote-name"].as_bytes(), &said["remote-groups"]),
            (&HeaderValue::from_static("ana"), "Ana Å".as_bytes(), &HeaderValue::from_static("owner"))
        );
        assert_eq!(
            (&said["host"], &said["x-forwarded-for"]),
            (&HeaderValue::from_static("photos-hollyhock.local"), &HeaderValue::from_static("198.51.100.7"))
        );
        // By way of `Connection` one could ask for what the box says to be left out.
        assert_eq!(passed(&[("connection", "remote-user, x-forwarded-for")], Some(&ana))["remote-user"], "ana");
    }

    #[test]
    fn cookies_of_the_box_stay_with_the_box() {
        let check = |sent: &[&'static str], expected: Option<&'static str>| {
            let pairs: Vec<_> = sent.iter().map(|line| ("cookie", *line)).collect();
            let passed = passed(&pairs, None);
            assert_eq!(passed.get("cookie").map(|value| value.to_str().expect("text")), expected, "{sent:?}");
            assert!(passed.get_all("cookie").iter().count() <= 1);
        };
        check(&["__Host-croft=a; x=1;__Host-croft-app=b ; y=2"], Some("x=1; y=2"));
        check(&["__Host-croft-app=b", "x=1", "y=2"], Some("x=1; y=2"));
        check(&["__Host-croft=a"], None);
        check(&[], None);
    }

    #[test]
    fn an_app_sets_cookies_for_itself_alone() {
        let check = |set: &'static str, expected: Option<&'static str>| {
            let passed = for_client(&headers(&[("set-cookie", set)]));
            assert_eq!(passed.get("set-cookie").map(|value| value.to_str().expect("text")), expected, "{set}");
        };
        check("sid=1; Path=/; HttpOnly", Some("sid=1; Path=/; HttpOnly"));
        check("sid=1; Domain=.local; Path=/", Some("sid=1; Path=/"));
        check("sid=1;dOmain = local", Some("sid=1"));
        check("__Host-croft=x; Path=/", None);
        check(" __host-CROFT-app=x", None);
    }

    #[test]
    fn what_is_between_neighbours_stays_there() {
        let sent = [
            ("connection", "close, x-mine"),
            ("x-mine", "1"),
            ("keep-alive", "5"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("accept", "a"),
        ];
        let passed = passed(&sent, None);
        assert!(
            ["connection", "x-mine", "keep-alive", "te", "upgrade"].iter().all(|name| !passed.contains_key(*name))
                && passed.contains_key("accept")
        );
    }
}
