//! Problem documents as answers of axum handlers.

use axum::response::{IntoResponse, Response};
use croft_model::Problem;
use http::{HeaderValue, StatusCode, header};

/// An error of a handler: a [`Problem`] that knows how to become an answer.
#[derive(Debug)]
pub struct ApiError(pub Problem);

impl<T: Into<Problem>> From<T> for ApiError {
    fn from(problem: T) -> Self {
        Self(problem.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        answer(&self.0)
    }
}

/// `problem` as an answer with its status, `Content-Type: application/problem+json` and, where it has one, `Retry-After`.
#[must_use]
pub fn answer(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Writes the chain of causes of `error` to the journal and gives the problem that the other side may see.
#[must_use]
pub fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        chain = format!("{chain}: {next}");
        cause = next.source();
    }
    tracing::error!(error = %chain, "a request failed inside");
    Problem::internal()
}
