//! An engine's socket that answers as a test says, for what real Podman cannot be brought to.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::UnixListener, task::JoinHandle};

use super::Podman;

const NAME: &str = "podman.sock";

pub(super) struct Stub {
    folder: tempfile::TempDir,
    task: JoinHandle<()>,
}

impl Stub {
    /// Answers each request by its method and path, as `DELETE /v5/images/a`, with a status and a text.
    pub(super) fn start(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(NAME)).unwrap();
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                let service = service_fn(move |request: Request<Incoming>| {
                    let (status, text) = answer(&format!("{} {}", request.method(), request.uri()));
                    let answer = Response::builder().status(status).header("content-type", "application/json");
                    std::future::ready(Ok::<_, Infallible>(answer.body(Full::new(Bytes::from(text))).unwrap()))
                });
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { folder, task }
    }

    pub(super) fn podman(&self) -> Podman {
        Podman::new(&self.folder.path().join(NAME))
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}
