//! JSON bodies and queries of requests, with problem documents for those that cannot be read.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
};
use croft_model::Problem;
use http::{header, request::Parts};
use serde::de::DeserializeOwned;

use crate::problem::ApiError;

/// The body as JSON. Any other content type is refused, since a form on a foreign page could send those.
#[derive(Debug, Clone, Copy)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers().get(header::CONTENT_TYPE)) {
            return Err(Problem::new(415, "not-json", "The body must be JSON, with `Content-Type: application/json`.").into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.status().as_u16();
            let code = if status == 413 { "body-too-large" } else { "body-broken" };
            Problem::new(status, code, "The body of the request could not be read whole.")
        })?;
        parse(&bytes).map(Self).map_err(ApiError)
    }
}

/// The variable parts of the path: one value, or several in a tuple.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::from_request_parts(parts, state).await;
        let path = path.map_err(|error| Problem::new(404, "no-such-thing", format!("Nothing has this id: {}.", error.body_text())))?;
        Ok(Self(path.0))
    }
}

/// The query as a typed value.
#[derive(Debug, Clone, Copy)]
pub struct TypedQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for TypedQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Query::try_from_uri(&parts.uri).map(|Query(value)| Self(value)).map_err(|error| {
            let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Problem::new(400, "query-invalid", format!("The query cannot be read: {reason}.")).into()
        })
    }
}

fn is_json(kind: Option<&http::HeaderValue>) -> bool {
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let key = error.path().to_string();
        let problem = Problem::new(400, "body-invalid", format!("The body cannot be read: {}.", error.inner()));
        if key == "." { problem } else { problem.key(key) }
    })?;
    let trailing = || Problem::new(400, "body-invalid", "Something follows after the JSON of the body.");
    reader.end().map(|()| value).map_err(|_| trailing())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_json() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("text/plain; application/json", false),
            ("", false),
        ] {
            let value = http::HeaderValue::from_static(kind);
            assert_eq!(is_json(Some(&value)), expected, "{kind:?}");
        }
        assert!(!is_json(None));
    }

    #[test]
    fn a_body_that_cannot_be_read_names_the_key() {
        let read = parse::<croft_model::Progress>;
        assert!(read(br#"{"done":1,"total":2}"#).is_ok());
        assert_eq!(read(br#"{"done":"x","total":2}"#).unwrap_err().key.as_deref(), Some("done"));
        assert_eq!(read(br#"{"done":1,"total":2} x"#).unwrap_err().code, "body-invalid");
        assert_eq!(read(b"").unwrap_err().status, 400);
    }
}
