//! Changes that a browser sends on behalf of another page are refused.
//!
//! A cookie alone never changes anything: the request must also say, in headers that pages cannot forge, that a page of the box sent it.

use croft_model::Problem;
use http::{HeaderMap, Method, header, uri::Authority};

/// Checks a request that may carry the cookie.
///
/// # Errors
/// `cross-origin` (403).
pub(crate) fn check(method: &Method, headers: &HeaderMap, host: &Authority, path: &str) -> Result<(), Problem> {
    let refused = || {
        Problem::new(403, "cross-origin", "This request was not sent by a page of this box.")
            .hint("Open the box's own address in the browser. Programs use an app password instead of a cookie.")
    };
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let (origin, site) = (text(header::ORIGIN.as_str()), text("sec-fetch-site"));
    let foreign = origin.is_some_and(|origin| !same(origin, host));
    if is_safe(method) {
        // News are read by pages of the box and by programs; a foreign page has no business with them.
        let listens = path == "/api/v1/events" || path == crate::dialect::PUSH;
        return if listens && (foreign || matches!(site, Some("cross-site" | "same-site"))) { Err(refused()) } else { Ok(()) };
    }
    let carried = headers.contains_key(header::COOKIE);
    let vouched = origin.is_some() || site == Some("same-origin");
    if foreign || site.is_some_and(|site| site != "same-origin" && site != "none") || (carried && !vouched) {
        return Err(refused());
    }
    Ok(())
}

fn same(origin: &str, host: &Authority) -> bool {
    let Some(rest) = origin.strip_prefix("https://") else { return false };
    let bare = |text: &str| text.strip_suffix(":443").unwrap_or(text).to_ascii_lowercase();
    bare(rest) == bare(host.as_str())
}

/// Methods that change nothing.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) || method.as_str() == "PROPFIND"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(method: &str, path: &str, sent: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.insert(http::HeaderName::try_from(*name).expect("a name"), value.parse().expect("a value"));
        }
        let host = "hollyhock.local:8443".parse().expect("a host");
        check(&method.parse().expect("a method"), &headers, &host, path).is_ok()
    }

    #[test]
    fn only_own_pages_change_anything_by_cookie() {
        let cookie = ("cookie", "__Host-croft=x");
        let own = ("origin", "https://hollyhock.local:8443");
        for (method, sent, accepted) in [
            ("POST", &[cookie, own][..], true),
            ("POST", &[cookie, ("sec-fetch-site", "same-origin")], true),
            ("PUT", &[cookie], false),
            ("DELETE", &[cookie, ("origin", "null")], false),
            ("MKCOL", &[cookie, ("origin", "https://hollyhock.local")], false),
            ("MKCOL", &[cookie, ("origin", "http://hollyhock.local:8443")], false),
            ("PATCH", &[cookie, own, ("sec-fetch-site", "cross-site")], false),
            ("POST", &[("origin", "https://evil.example")], false),
            ("POST", &[("sec-fetch-site", "cross-site")], false),
            ("PUT", &[], true),
            ("GET", &[cookie, ("origin", "https://evil.example")], true),
            ("PROPFIND", &[cookie], true),
        ] {
            assert_eq!(verdict(method, "/api/v1/tokens", sent), accepted, "{method} {sent:?}");
        }
        assert!(!verdict("GET", "/api/v1/events", &[cookie, ("sec-fetch-site", "cross-site")]));
        assert!(verdict("GET", "/api/v1/events", &[cookie, ("sec-fetch-site", "same-origin")]));
        assert!(!verdict("GET", "/push/ws", &[("origin", "https://evil.example")]));
        assert!(verdict("GET", "/push/ws", &[]) && verdict("GET", "/push/ws", &[own]));
    }
}
