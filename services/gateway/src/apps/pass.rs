//! Passing a request through the door of an app, and its answer back.

use std::{
    collections::HashMap,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{body::Body, response::Response};
use croft_api::{
    inherit::RunDirectory,
    wire::apps::{DOORS, Knock, MAX_KNOCK, Opened},
};
use croft_files::Link;
use croft_model::AppId;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Version, header};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    AtApp, AtDoor, heads,
    joined::joined,
    stay::{Rightful, Stay},
};
use crate::{
    body::{Lingering, Paced},
    limits,
};

/// Time for a connection into an app's network.
const CONNECT: Duration = Duration::from_secs(10);
/// Time for the head of an answer: some pages of apps wait for news that long.
const HEAD: Duration = Duration::from_secs(300);
/// Connections to one app that are kept for the next request, and how long: less than most servers keep theirs.
const KEPT: usize = 16;
const KEPT_FOR: Duration = Duration::from_secs(20);

/// Connections to apps.
pub(super) struct Passage {
    run: RunDirectory,
    stop: CancellationToken,
    idle: Arc<Mutex<HashMap<AppId, Vec<Idle>>>>,
}

struct Idle {
    sender: SendRequest<Body>,
    since: Instant,
}

impl Passage {
    pub(super) fn new(run: RunDirectory, stop: CancellationToken) -> Self {
        Self { run, stop, idle: Arc::default() }
    }

    /// The app's answer.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn pass(&self, door: &AtDoor<'_>, stay: Stay, mut request: Request<Lingering>) -> Result<Response, Opened> {
        let upgrade = asked_upgrade(&request).map(|kind| (kind, hyper::upgrade::on(&mut request)));
        let (mut head, body) = request.into_parts();
        let mut headers = heads::for_app(&head.headers, door.host, door.client, stay.visitor());
        if let Some((kind, _)) = &upgrade {
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, kind.clone());
        }
        let path = head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        // The form of a request to the server itself (RFC 9112, section 3.2.1), whatever the client's was.
        head.uri = path.parse().map_err(|_| Opened::Refused)?;
        (head.headers, head.version) = (headers, Version::HTTP_11);
        head.extensions.clear();
        let passed = Request::from_parts(head, Body::new(Paced::new(body)));
        let (sender, answer) = self.send(door.app, passed).await?;
        let (told, body) = answer.into_parts();
        if told.status == StatusCode::SWITCHING_PROTOCOLS {
            return switched(told, body, upgrade, (stay, self.stop.clone())).ok_or(Opened::Refused);
        }
        self.keep(door.app, sender);
        let mut response = Response::new(Body::new(Rightful::new(body, stay)));
        *response.status_mut() = told.status;
        *response.headers_mut() = heads::for_client(&told.headers);
        response.extensions_mut().insert(AtApp::Theirs);
        Ok(response)
    }

    /// Sends a request over a kept connection, or over a new one.
    async fn send(&self, app: &AppId, mut request: Request<Body>) -> Result<(SendRequest<Body>, http::Response<Incoming>), Opened> {
        while let Some(mut sender) = self.take(app) {
            match timeout(HEAD, sender.try_send_request(request)).await {
                Ok(Ok(answer)) => return Ok((sender, answer)),
                // It was closed before anything of the request was sent: the next one gets it.
                Ok(Err(mut failed)) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(silent(app, failed.error())),
                },
                Err(elapsed) => return Err(silent(app, &elapsed)),
            }
        }
        let mut sender = self.connect(app).await?;
        match timeout(HEAD, sender.send_request(request)).await {
            Ok(Ok(answer)) => Ok((sender, answer)),
            Ok(Err(error)) => Err(silent(app, &error)),
            Err(elapsed) => Err(silent(app, &elapsed)),
        }
    }

    async fn connect(&self, app: &AppId) -> Result<SendRequest<Body>, Opened> {
        let stream = timeout(CONNECT, self.knock(app)).await.map_err(|elapsed| silent(app, &elapsed))??;
        let shaken = http1::Builder::new().max_buf_size(limits::APP_BUFFER).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| silent(app, &error))?;
        // Its owner is the sender: it ends with that one, or with what it has become.
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "a connection to an app ended early");
            }
        });
        Ok(sender)
    }

    /// Asks the role `apps` for a connection.
    async fn knock(&self, app: &AppId) -> Result<TcpStream, Opened> {
        let failed = |error: &dyn std::error::Error| {
            tracing::debug!(%app, %error, "the role for apps cannot be reached");
            Opened::Starting
        };
        let link = Link::connect(&self.run.socket(DOORS)).await.map_err(|error| failed(&error))?;
        let knock = serde_json::to_vec(&Knock { app: app.clone() }).map_err(|error| failed(&error))?;
        link.send(&knock, None).await.map_err(|error| failed(&error))?;
        let mut buffer = vec![0; MAX_KNOCK];
        let received = link.receive(&mut buffer).await.map_err(|error| failed(&error))?.ok_or(Opened::Starting)?;
        let opened = serde_json::from_slice(buffer.get(..received.length).unwrap_or_default()).map_err(|error| failed(&error))?;
        match (opened, received.descriptor) {
            (Opened::Open { tls: false }, Some(descriptor)) => stream(descriptor).map_err(|error| failed(&error)),
            // An app that encrypts inside of its own network is asked in no other way yet.
            (Opened::Open { .. }, _) => Err(Opened::Refused),
            (other, _) => Err(other),
        }
    }

    fn take(&self, app: &AppId) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(app)?;
        kept.retain(|one| one.since.elapsed() < KEPT_FOR && !one.sender.is_closed());
        // Those whose answer is still being read are not ready.
        let at = kept.iter().rposition(|one| one.sender.is_ready())?;
        Some(kept.swap_remove(at).sender)
    }

    fn keep(&self, app: &AppId, sender: SendRequest<Body>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of apps that nobody asks any more go with the next that is kept.
        idle.retain(|_, kept| {
            kept.retain(|one| one.since.elapsed() < KEPT_FOR && !one.sender.is_closed());
            !kept.is_empty()
        });
        let kept = idle.entry(app.clone()).or_default();
        if kept.len() < KEPT {
            kept.push(Idle { sender, since: Instant::now() });
        }
    }
}

fn stream(descriptor: OwnedFd) -> std::io::Result<TcpStream> {
    let stream = std::net::TcpStream::from(descriptor);
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    TcpStream::from_std(stream)
}

fn silent(app: &AppId, error: &dyn std::error::Error) -> Opened {
    tracing::debug!(%app, %error, "an app did not answer");
    Opened::Refused
}

/// What the client wants its connection to become; only HTTP/1.1 asks like this.
fn asked_upgrade<B>(request: &Request<B>) -> Option<HeaderValue> {
    let names = |name: header::HeaderName, word: &str| {
        request
            .headers()
            .get_all(name)
            .iter()
            .any(|line| line.to_str().is_ok_and(|line| line.split(',').any(|part| part.trim().eq_ignore_ascii_case(word))))
    };
    let is_one = request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && names(header::CONNECTION, "upgrade")
        && names(header::UPGRADE, "websocket");
    is_one.then(|| HeaderValue::from_static("websocket"))
}

/// Joins both sides of a connection that becomes a WebSocket; none when nobody asked for that.
fn switched(
    told: http::response::Parts,
    body: Incoming,
    upgrade: Option<(HeaderValue, hyper::upgrade::OnUpgrade)>,
    (stay, stop): (Stay, CancellationToken),
) -> Option<Response> {
    let (kind, client) = upgrade?;
    let said = told.headers.get(header::UPGRADE)?;
    if !said.as_bytes().eq_ignore_ascii_case(kind.as_bytes()) {
        return None;
    }
    let mut headers: HeaderMap = heads::for_client(&told.headers);
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, kind);
    let app = hyper::upgrade::on(http::Response::from_parts(told, body));
    // Not kept: it ends with either side, with the right to it, and with the gateway at the latest.
    tokio::spawn(async move {
        let (Ok(client), Ok(app)) = tokio::join!(client, app) else { return };
        // Cancel-safe: each of them waits for an end.
        let over = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = stay.over() => {}
            }
        };
        joined(TokioIo::new(client), TokioIo::new(app), limits::WEB_SOCKET_QUIET, over).await;
    });
    let mut response = Response::new(Body::empty());
    (*response.status_mut(), *response.headers_mut()) = (StatusCode::SWITCHING_PROTOCOLS, headers);
    response.extensions_mut().insert(AtApp::Theirs);
    Some(response)
}
