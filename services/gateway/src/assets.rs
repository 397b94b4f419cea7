//! The web UI out of the executable.

use axum::{body::Body, response::Response};
use croft_model::Problem;
use croft_web::Asset;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// The file at `path`, or the app's page for every path of the app.
///
/// # Errors
/// 404 for what looks like a file and is none, 405 for anything but reading.
pub(crate) fn serve(method: &Method, path: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(Problem::new(405, "method-not-allowed", "This address does not take this method."));
    }
    let asset = match croft_web::find(path) {
        Some(asset) => asset,
        None if path.starts_with("/assets/") || path.starts_with("/door/") => {
            return Err(Problem::new(404, "no-such-route", "There is nothing at this address."));
        }
        None => croft_web::INDEX,
    };
    Ok(answer(method, asset, headers))
}

/// `asset` as an answer, pressed where the client takes it, or 304 when the client has it.
pub(crate) fn answer(method: &Method, asset: &'static Asset, headers: &HeaderMap) -> Response {
    let sent = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = sent(header::IF_NONE_MATCH).split(',').any(|tag| tag.trim().trim_start_matches("W/") == asset.etag);
    let pressed =
        asset.gzip.filter(|_| sent(header::ACCEPT_ENCODING).split(',').any(|coding| coding.trim().split(';').next() == Some("gzip")));
    let bytes = pressed.unwrap_or(asset.bytes);
    let mut response = match (known, method) {
        (true, _) | (_, &Method::HEAD) => Response::new(Body::empty()),
        _ => Response::new(Body::from(bytes)),
    };
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let keep = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if pressed.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
