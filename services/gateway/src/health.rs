//! Whether the box answers, for people and for whatever watches it.

use axum::{body::Body, response::Response};
use croft_api::call::Role;
use croft_model::Problem;
use http::{HeaderValue, Request, StatusCode, header};

use crate::headers::RESOURCE_POLICY;

/// `ok`, or the code of what is missing. No login and no details: strangers read it too.
pub(crate) async fn answer(certificate: bool, projection: bool, identity: &Role, supervisor: &Role) -> Response {
    let missing = if !certificate {
        Some("certificate-missing")
    } else if !projection || !listens(supervisor).await {
        Some("supervisor-away")
    } else if !listens(identity).await {
        Some("identity-away")
    } else {
        None
    };
    let mut response = Response::new(Body::from(missing.unwrap_or("ok")));
    *response.status_mut() = if missing.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    // The page of the plain port asks it, to see whether the household's certificate is trusted.
    response.headers_mut().insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

/// Whether a role answers at all; 404 is an answer.
async fn listens(role: &Role) -> bool {
    let request = Request::builder().uri("/").header(header::HOST, "croft").body(Body::empty());
    let Ok(request) = request else { return false };
    tokio::time::timeout(std::time::Duration::from_secs(2), role.send(request)).await.is_ok_and(|answer: Result<_, Problem>| answer.is_ok())
}
