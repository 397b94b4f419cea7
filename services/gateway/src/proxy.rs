//! Passing API requests on to the role whose domain it is.

use axum::{body::Body, response::Response};
use croft_api::{call::Role, headers::MAX_API_BODY};
use croft_model::Problem;
use http::{HeaderMap, Method, Request, header};
use http_body_util::Limited;

use crate::{
    body::{Lingering, Paced},
    headers,
};

/// What the gateway vouches for towards the role.
pub(crate) struct Vouched<'a> {
    pub(crate) capability: Option<&'a str>,
    pub(crate) client: &'a str,
    pub(crate) request_id: &'a str,
}

/// Sends the request on and gives the role's answer, both streamed.
///
/// # Errors
/// A body that is too large, or a role that is away.
pub(crate) async fn pass_on(role: &Role, request: Request<Lingering>, vouched: &Vouched<'_>) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_API_BODY) {
        return Err(Problem::new(413, "body-too-large", "The body of this request is larger than 64 KiB."));
    }
    let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let method = if head.method == Method::HEAD { Method::GET } else { head.method };
    let mut passed = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::new(Limited::new(Paced::new(body), MAX_API_BODY)))
        .map_err(|error| croft_api::problem::internal(&error))?;
    *passed.headers_mut() = headers::for_role(&head.headers, vouched.capability, vouched.client, vouched.request_id);
    let (answer, body) = role.send(passed).await?.into_parts();
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answered(&answer.headers);
    Ok(response)
}

fn answered(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in &headers::ANSWERED {
        for value in headers.get_all(name) {
            kept.append(name, value.clone());
        }
    }
    kept
}
