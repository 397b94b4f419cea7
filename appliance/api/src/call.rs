//! Calling another role: HTTP/1.1 on its Unix socket, one connection a call.

use std::time::Duration;

use axum::body::Body;
use croft_model::Problem;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::UnixStream;

use crate::{headers, inherit::RunDirectory};

/// Time within which a role must have answered with its head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest answer that is read whole, in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Another role, by its socket.
#[derive(Debug, Clone)]
pub struct Role {
    run: RunDirectory,
    name: &'static str,
}

impl Role {
    /// The role `name`, at `run/<name>.sock`.
    #[must_use]
    pub fn new(run: RunDirectory, name: &'static str) -> Self {
        Self { run, name }
    }

    /// The role's name, which is also the audience of its capabilities.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Sends a request and gives the answer as soon as its head is there.
    ///
    /// # Errors
    /// `not-ready` when the role does not listen, ends in between or takes too long.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Problem> {
        let unavailable = |error: &dyn std::error::Error| {
            tracing::debug!(role = self.name, %error, "a role cannot be reached");
            Problem::unavailable(&format!("The part of the box called {}", self.name))
        };
        let path = self.run.socket(&format!("{}.sock", self.name));
        let stream = UnixStream::connect(path).await.map_err(|error| unavailable(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| unavailable(&error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a call to a role ended early");
            }
        });
        match tokio::time::timeout(HEAD_TIMEOUT, sender.send_request(request)).await {
            Ok(answer) => answer.map_err(|error| unavailable(&error)),
            Err(elapsed) => Err(unavailable(&elapsed)),
        }
    }

    /// Sends `body` as JSON and reads the answer as JSON.
    ///
    /// # Errors
    /// The role's own problem document, or `not-ready`.
    pub async fn json<B: Serialize, A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
        capability: Option<&str>,
    ) -> Result<A, Problem> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "croft");
        if let Some(capability) = capability {
            request = request.header(headers::CAPABILITY, capability);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(serde_json::to_vec(body).map_err(|error| crate::problem::internal(&error))?)
            }
            None => Body::empty(),
        };
        let request = request.body(body).map_err(|error| crate::problem::internal(&error))?;
        let (head, answer) = self.send(request).await?.into_parts();
        let bytes = Limited::new(answer, MAX_ANSWER).collect().await.map_err(|error| {
            tracing::debug!(role = self.name, %error, "an answer broke off");
            Problem::unavailable(&format!("The part of the box called {}", self.name))
        })?;
        let bytes = bytes.to_bytes();
        if head.status.is_success() {
            let bytes: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
            serde_json::from_slice(bytes).map_err(|error| crate::problem::internal(&error))
        } else {
            Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| Problem::internal()))
        }
    }
}
