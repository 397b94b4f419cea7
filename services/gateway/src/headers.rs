//! Headers that protect people's browsers, and headers of strangers that go no further.

use axum::response::Response;
use croft_api::headers::{CAPABILITY, CLIENT, HOST, PROOF, REQUEST, ROOM};
use croft_model::Problem;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use crate::{guests, limits, proxy::Vouched};

/// What the box's own pages may do: load what the box serves, talk to the box, nothing inline, no frame around them.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; \
     media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// What people's files may do when a browser shows them: nothing.
const FILE_POLICY: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'none'; sandbox; frame-ancestors 'none'";
/// What the page of the plain port may do: as the others, and ask whether the encrypted door answers.
const PLAIN_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src https:; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Who may load an answer into a page of another origin.
pub(crate) const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Which of the box's answers it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A page, or something that pages load or call.
    Page,
    /// A person's file or folder, or something for programs alone.
    File,
    /// Something of the plain port.
    Plain,
    /// A page for strangers with a link.
    Link,
}

/// Puts the protecting headers on an answer.
pub(crate) fn protect(response: &mut Response, kind: Kind, request_id: &str) {
    let policy = match kind {
        Kind::Page => PAGE_POLICY,
        Kind::File => FILE_POLICY,
        Kind::Plain => PLAIN_POLICY,
        Kind::Link => guests::policy(),
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // An answer may be more open by itself, as that of `/healthz` is.
    headers.entry(RESOURCE_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    if kind != Kind::Plain && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static(REQUEST), id);
    }
}

/// Refuses heads that are larger than anybody needs. The connection's buffer is larger, since bodies go through it, too.
///
/// # Errors
/// `head-too-large` (431).
pub(crate) fn check_size(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let address = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() + address;
    if bytes <= limits::HEAD_BYTES {
        return Ok(());
    }
    Err(Problem::new(431, "head-too-large", "The address and headers of this request are larger than 32 KiB.")
        .hint("Delete this site's cookies, then try again."))
}

/// Request headers that are passed on to a role. A list of what is good is the only one that no spelling gets around.
const PASSED_ON: [HeaderName; 9] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::USER_AGENT,
    HeaderName::from_static("last-event-id"),
    // It stands for itself: the role that destroys verifies it.
    HeaderName::from_static(PROOF),
];

/// The headers with which a role is called: what is passed on of the client's, and what the gateway itself vouches for.
pub(crate) fn for_role(sent: &HeaderMap, vouched: &Vouched<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in &PASSED_ON {
        if let Some(value) = sent.get(name) {
            headers.insert(name, value.clone());
        }
    }
    headers.insert(header::HOST, HeaderValue::from_static("croft"));
    let own = [
        (CAPABILITY, vouched.capability),
        (CLIENT, Some(vouched.client)),
        (HOST, Some(vouched.host)),
        (REQUEST, Some(vouched.request_id)),
        (ROOM, vouched.room),
    ];
    for (name, value) in own {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// Headers of a role's answer that reach the client.
pub(crate) const ANSWERED: [HeaderName; 8] = [
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    header::SET_COOKIE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_bounded() {
        let check = |bytes: usize| {
            let mut headers = HeaderMap::new();
            headers.insert("x", HeaderValue::from_bytes(&vec![b'a'; bytes]).expect("letters"));
            check_size(&Uri::from_static("/"), &headers).err().map(|problem| problem.status)
        };
        assert_eq!((check(32_000), check(33_000)), (None, Some(431)));
    }

    #[test]
    fn what_a_stranger_claims_goes_no_further() {
        let mut sent = HeaderMap::new();
        let poses = [
            "croft-capability",
            "croft-client",
            "croft-host",
            "croft-request",
            "croft-room",
            "x-forwarded-for",
            "forwarded",
            "x-real-ip",
            "remote-user",
            "remote_user",
            "x-remote-user",
            "cookie",
            "authorization",
        ];
        for name in poses {
            sent.insert(HeaderName::from_static(name), HeaderValue::from_static("forged"));
        }
        sent.insert(header::IF_MATCH, HeaderValue::from_static("\"box-3\""));
        let vouched = Vouched { capability: None, client: "198.51.100.7", host: "hollyhock.local", request_id: "r1", room: None };
        let passed = for_role(&sent, &vouched);
        assert!(passed.values().all(|value| value != "forged"), "{passed:?}");
        assert_eq!(
            (&passed[CLIENT], &passed[HOST]),
            (&HeaderValue::from_static("198.51.100.7"), &HeaderValue::from_static("hollyhock.local"))
        );
        assert_eq!(passed[header::IF_MATCH], "\"box-3\"");
        assert!(!passed.contains_key(CAPABILITY));
    }
}
