//! Reading requests beyond JSON: bodies in TOML.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
pub(super) use croft_api::body::Id;
use croft_api::problem::ApiError;
use croft_model::Problem;
use http::header;

/// A body in TOML, as text.
pub(super) struct Toml(pub(super) String);

impl<S: Send + Sync> FromRequest<S> for Toml {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        // Other types could be sent by forms of foreign pages without asking first.
        let sent = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if sent.split(';').next().unwrap_or_default().trim() != "application/toml" {
            return Err(Problem::new(415, "not-toml", "The body must be TOML, with `Content-Type: application/toml`.").into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| match error.status().as_u16() {
            413 => Problem::new(413, "body-too-large", format!("A body may have {} bytes.", croft_api::headers::MAX_API_BODY)),
            _ => Problem::new(400, "body-broken", "The body of the request could not be read whole."),
        })?;
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| Problem::new(400, "body-invalid", "The body is not text in UTF-8."))?;
        Ok(Self(text))
    }
}
