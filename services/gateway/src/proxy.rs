//! Passing API requests on to the role whose domain it is.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use croft_api::{call::Role, headers::MAX_API_BODY};
use croft_model::Problem;
use http::{HeaderMap, Method, Request, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::{body::Lingering, headers, limits};

/// What the gateway vouches for towards the role.
pub(crate) struct Vouched<'a> {
    pub(crate) capability: Option<&'a str>,
    pub(crate) client: &'a str,
    pub(crate) host: &'a str,
    pub(crate) request_id: &'a str,
    /// Bytes in the person's own space, and bytes that still go there.
    pub(crate) room: Option<&'a str>,
}

/// Reads the request's body whole, so that no slow client holds a connection to a role.
///
/// # Errors
/// A body that is too large, breaks off or takes too long.
pub(crate) async fn gathered(request: Request<Lingering>) -> Result<(Parts, Bytes), Problem> {
    let (head, body) = request.into_parts();
    let too_large = || Problem::new(413, "body-too-large", "The body of this request is larger than 64 KiB.");
    let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_API_BODY) {
        return Err(too_large());
    }
    match timeout(limits::API_BODY_TIME, Limited::new(body, MAX_API_BODY).collect()).await {
        Ok(Ok(body)) => Ok((head, body.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(400, "body-broken", "The body of the request could not be read whole.")),
        Err(_) => Err(Problem::new(408, "body-broken", "The body of the request did not come in time.")),
    }
}

/// A role's answer, and the generation of the settings that the supervisor gave it out of.
pub(crate) struct Passed {
    pub(crate) answer: Response,
    pub(crate) generation: Option<u64>,
}

/// Sends the request on and gives the role's answer, streamed.
///
/// # Errors
/// A role that is away.
pub(crate) async fn pass_on(role: &Role, (head, body): (Parts, Bytes), vouched: &Vouched<'_>) -> Result<Passed, Problem> {
    let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let method = if head.method == Method::HEAD { Method::GET } else { head.method };
    let mut passed =
        Request::builder().method(method).uri(path).body(Body::from(body)).map_err(|error| croft_api::problem::internal(&error))?;
    *passed.headers_mut() = headers::for_role(&head.headers, vouched);
    let (answer, body) = role.send(passed).await?.into_parts();
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answered(&answer.headers);
    let generation = answer.headers.get(croft_api::headers::GENERATION).and_then(|value| value.to_str().ok()?.parse().ok());
    Ok(Passed { answer: response, generation })
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
