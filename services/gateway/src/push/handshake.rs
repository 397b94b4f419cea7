//! The opening handshake of a WebSocket (RFC 6455, section 4.2), over HTTP/1.1.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use axum::{body::Body, response::Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use croft_api::problem;
use croft_model::Problem;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version, header};

/// What a key is hashed with (RFC 6455, section 1.3).
const PROTOCOL_ID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The one version there is.
const VERSION: &str = "13";
/// Bytes of a client's key.
const KEY_BYTES: usize = 16;

/// A handshake that can be accepted.
#[derive(Debug)]
pub(super) struct Handshake {
    accept: HeaderValue,
}

impl Handshake {
    /// The handshake in the head of `request`.
    pub(super) fn of<B>(request: &Request<B>) -> Result<Self, Problem> {
        let headers = request.headers();
        let asks = request.method() == Method::GET
            && request.version() == Version::HTTP_11
            && names(headers, header::CONNECTION, "upgrade")
            && names(headers, header::UPGRADE, "websocket")
            && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == VERSION);
        let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).filter(|_| asks);
        let key = key.filter(|key| BASE64_STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == KEY_BYTES));
        let accept = key.and_then(|key| {
            let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{PROTOCOL_ID}").as_bytes());
            HeaderValue::from_str(&BASE64_STANDARD.encode(hash)).ok()
        });
        accept.map(|accept| Self { accept }).ok_or_else(|| {
            Problem::new(426, "websocket-expected", "This address takes WebSocket connections alone.")
                .hint("It is for sync clients. Files are at `/remote.php/dav/files/NAME/`.")
        })
    }

    /// The answer to it.
    pub(super) fn accepted(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        insert_switch(response.headers_mut());
        response.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        response
    }
}

/// The answer to something that is no handshake: it says what would be one.
pub(super) fn refused(problem: &Problem) -> Response {
    let mut response = problem::answer(problem);
    insert_switch(response.headers_mut());
    response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
    response
}

fn insert_switch(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}

/// Whether the list in the header `name` has `token` in it.
fn names(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name);
    values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(changed: (&'static str, &'static str), accepted: bool) {
        let mut request = Request::builder().uri("/push/ws").body(()).expect("a request");
        let good = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", VERSION),
            // The example of RFC 6455, section 1.3.
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        for (name, value) in good.into_iter().chain([changed]) {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        let found = Handshake::of(&request).map(|handshake| handshake.accept);
        assert_eq!(found.as_ref().is_ok_and(|accept| accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), accepted, "{changed:?} {found:?}");
    }

    #[test]
    fn a_handshake_is_read_as_the_rfc_has_it() {
        check(("x", "y"), true);
        check(("upgrade", "WebSocket"), true);
        for broken in [
            ("connection", "close"),
            ("upgrade", "h2c"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", "dGhlIHNhbXBsZQ=="),
            ("sec-websocket-key", "x"),
            ("sec-websocket-key", ""),
        ] {
            check(broken, false);
        }
    }

    #[test]
    fn only_a_get_over_the_first_version_of_http_can_switch() {
        for (method, version) in [(Method::POST, Version::HTTP_11), (Method::GET, Version::HTTP_2), (Method::GET, Version::HTTP_10)] {
            let request = Request::builder()
                .method(method)
                .version(version)
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", VERSION)
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            let problem = Handshake::of(&request.body(()).expect("a request")).expect_err("no handshake");
            let answer = refused(&problem);
            assert_eq!((answer.status().as_u16(), &answer.headers()["upgrade"]), (426, &HeaderValue::from_static("websocket")));
        }
    }
}
