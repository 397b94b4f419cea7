//! Requests to Podman for what bollard does not have: HTTP/1.1 over its Unix socket, each on a connection of its own.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{Method, Request, StatusCode, body::Incoming, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::UnixStream, time::timeout};

use crate::{Cause, EngineError};

/// Bytes of an answer; a thousand networks take half of it.
pub(super) const MAX_ANSWER: usize = 4 * 1024 * 1024;
/// Bytes of what went wrong that are kept.
const MAX_SAID: usize = 600;
/// The version of Podman's own API.
pub(super) const LIBPOD: &str = "/v5.0.0/libpod";
/// The version of Docker's that both have.
pub(super) const DOCKER: &str = "/v1.41";

/// What Podman answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// What Podman answered instead of doing it.
#[derive(Debug, thiserror::Error)]
#[error("the engine says ({status}): {said}")]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) said: String,
}

impl Answer {
    /// What it says, or why it refuses.
    pub(super) fn good(self) -> Result<Bytes, Refused> {
        if self.status.is_success() || self.status == StatusCode::NOT_MODIFIED {
            return Ok(self.body);
        }
        let parsed = serde_json::from_slice::<Value>(&self.body).ok();
        let said = ["message", "cause"].iter().find_map(|key| Some(parsed.as_ref()?.get(key)?.as_str()?.to_owned()));
        let said = said.unwrap_or_else(|| String::from_utf8_lossy(&self.body).into_owned());
        Err(Refused { status: self.status.as_u16(), said: plain(&said) })
    }
}

/// Words of the engine in one line without anything that moves a terminal.
pub(super) fn plain(said: &str) -> String {
    said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_SAID).collect::<String>().trim().to_owned()
}

/// Sends a request and reads the answer to its end.
pub(super) async fn ask(
    socket: &Path,
    method: Method,
    path: &str,
    body: Option<&Value>,
    (step, limit): (&'static str, Duration),
) -> Result<Answer, EngineError> {
    ask_much(socket, method, path, body, (step, limit), MAX_ANSWER).await
}

/// The same with an answer of at most `most_bytes`.
pub(super) async fn ask_much(
    socket: &Path,
    method: Method,
    path: &str,
    body: Option<&Value>,
    (step, limit): (&'static str, Duration),
    most_bytes: usize,
) -> Result<Answer, EngineError> {
    // One that is too long is the fault of what it is of; the engine answers.
    let broken = |source: Cause| if source.is::<LengthLimitError>() { EngineError::Look { source } } else { EngineError::Away { source } };
    let whole = async {
        let (status, incoming) = begin(socket, method, path, body).await?;
        let body = Limited::new(incoming, most_bytes).collect().await.map_err(broken)?;
        Ok(Answer { status, body: body.to_bytes() })
    };
    timeout(limit, whole).await.map_err(|_| EngineError::TooLong { step, limit })?
}

/// Sends a request; the answer's body comes as it is read.
pub(super) async fn begin(socket: &Path, method: Method, path: &str, body: Option<&Value>) -> Result<(StatusCode, Incoming), EngineError> {
    let away = |source: Cause| EngineError::Away { source };
    let stream = UnixStream::connect(PathBuf::from(socket)).await.map_err(|error| away(error.into()))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| away(error.into()))?;
    // It ends with the body, or when that is dropped.
    tokio::spawn(connection);
    let bytes = body.map_or_else(Bytes::new, |value| value.to_string().into());
    let request =
        Request::builder().method(method).uri(path).header(header::HOST, "engine").header(header::CONTENT_TYPE, "application/json");
    let request = request.body(Full::new(bytes)).map_err(|error| away(error.into()))?;
    let response = sender.send_request(request).await.map_err(|error| away(error.into()))?;
    let (head, incoming) = response.into_parts();
    Ok((head.status, incoming))
}

/// A value as a part of a path's query.
pub(super) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_why_in_one_line() {
        let check = |body: &'static str, expected: &str| {
            let answer = Answer { status: StatusCode::CONFLICT, body: Bytes::from_static(body.as_bytes()) };
            assert_eq!(answer.good().unwrap_err().to_string(), format!("the engine says (409): {expected}"));
        };
        check(r#"{"cause":"c","message":"in use\nby x","response":409}"#, "in use by x");
        check("nothing \u{1b}[1m like json", "nothing  [1m like json");
        assert_eq!(plain(&"x".repeat(5_000)).len(), MAX_SAID);
        assert!(Answer { status: StatusCode::NO_CONTENT, body: Bytes::new() }.good().is_ok());
    }

    #[test]
    fn a_query_says_what_was_meant() {
        assert_eq!(escaped("{\"a b\":1}&x=ä"), "%7B%22a%20b%22%3A1%7D%26x%3D%C3%A4");
    }
}
