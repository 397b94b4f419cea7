//! Push for clients of the dialect: a WebSocket (RFC 6455) on which they hear that something in their person's tree has changed, so that they
//! need not ask every minute.
//!
//! | part | does |
//! |---|---|
//! | `handshake` | the switch from HTTP/1.1, within which nothing is known of who asks |
//! | `session` | who it is, what they hear, and when it ends |
//! | `pace` | how often something is said |
//! | `tokens` | what a client may show once in place of its app password |
//! | `present` | who listens, and that the workers of their spaces stay awake |
//!
//! What is said, and why so: `docs/decisions/dialect.md`.

mod handshake;
mod pace;
mod present;
mod session;
mod tokens;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::response::{IntoResponse, Response};
use croft_api::{capability::Verifier, wire::trust::IssuedCapability};
use croft_model::{PersonId, Problem, Projection};
use http::{HeaderValue, Method, Request, header};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use self::{handshake::Handshake, present::Presence, session::Session, tokens::Tokens};
use crate::{
    body::Lingering,
    bulk::Workers,
    crowd::{Crowd, Place},
    events, limits,
    listener::Connection,
    sign_in::{Shown, SignIn},
};

/// Bytes of a message that a client sends. The longest is an app password.
const MESSAGE_BYTES: usize = 2 * limits::CREDENTIAL_BYTES;
/// Bytes that are read from a connection at once. Messages are short, and quiet connections many.
const READ_BYTES: usize = 2 * 1024;
/// Bytes that may wait for a client that is slow; it hears once a second at most, and is given up after a minute.
const WAITING_BYTES: usize = 16 * 1024;
/// Time in which connections say goodbye when the box stops.
const GOODBYE: Duration = Duration::from_secs(3);

/// What all connections share. Clones are the same.
#[derive(Clone)]
pub(crate) struct Push(Arc<Shared>);

struct Shared {
    judge: Judge,
    workers: Arc<Workers>,
    projection: watch::Receiver<Option<Projection>>,
    tokens: Tokens,
    crowd: Crowd,
    present: Presence,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Tells who hears of files by what was shown.
#[derive(Clone)]
struct Judge {
    sign_in: SignIn,
    verifier: Verifier,
}

impl Judge {
    /// The person who hears of files, and the capability that says so.
    async fn reader(&self, shown: &Shown, client: IpAddr) -> Result<(PersonId, IssuedCapability), Problem> {
        let issued = self.sign_in.capability(shown, "gateway", client).await?;
        let claims = self.verifier.verify(issued.capability.expose(), Timestamp::now().as_second())?;
        let person = events::reader(&claims).ok_or_else(|| {
            Problem::new(403, "not-allowed", "This sign-in is not good for files.").hint("Make an app password for files.")
        })?;
        Ok((person, issued))
    }
}

impl Push {
    /// Starts to keep the workers of those awake who listen, until `stop`.
    pub(crate) fn start(
        sign_in: SignIn,
        verifier: Verifier,
        workers: Arc<Workers>,
        projection: watch::Receiver<Option<Projection>>,
        stop: CancellationToken,
    ) -> Self {
        let shared = Arc::new(Shared {
            judge: Judge { sign_in, verifier },
            workers,
            projection,
            tokens: Tokens::default(),
            crowd: Crowd::new(limits::PUSH),
            present: Presence::default(),
            tasks: TaskTracker::new(),
            stop,
        });
        let keeping = shared.clone();
        shared.tasks.spawn(async move { keeping.present.keep_awake(&keeping.workers, &keeping.projection, &keeping.stop).await });
        Self(shared)
    }

    /// Waits, for a moment, until all connections have ended after the stop.
    pub(crate) async fn ended(&self) {
        self.0.tasks.close();
        if tokio::time::timeout(GOODBYE, self.0.tasks.wait()).await.is_err() {
            tracing::info!("some push connections were still open at the stop");
        }
    }

    /// Switches to a WebSocket. `place` is a stranger's, held until it is known who it is.
    ///
    /// # Errors
    /// What was sent is no handshake.
    pub(crate) fn connect(&self, client: IpAddr, mut request: Request<Lingering>, place: Place) -> Result<Response, Problem> {
        let handshake = match Handshake::of(&request) {
            Ok(handshake) => handshake,
            Err(problem) => return Ok(handshake::refused(&problem)),
        };
        let connection = request.extensions().get::<Connection>().cloned();
        let upgrade = hyper::upgrade::on(&mut request);
        let shared = self.0.clone();
        let serving = async move {
            // The connection counts as one as long as it lasts.
            let _connection = connection;
            match tokio::time::timeout(limits::PUSH_SIGN_IN, upgrade).await {
                Ok(Ok(upgraded)) => {
                    let config = WebSocketConfig::default()
                        .read_buffer_size(READ_BYTES)
                        .write_buffer_size(0)
                        .max_write_buffer_size(WAITING_BYTES)
                        .max_message_size(Some(MESSAGE_BYTES))
                        .max_frame_size(Some(MESSAGE_BYTES));
                    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
                    Session::new(&shared, client, socket).run(place).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "no WebSocket came about"),
                Err(_) => tracing::debug!("the switch to a WebSocket took too long"),
            }
        };
        drop(self.0.tasks.spawn(serving.instrument(tracing::info_span!("push", %client))));
        Ok(handshake.accepted())
    }

    /// A token that stands for the credential of `request` once.
    ///
    /// # Errors
    /// The credential is not good for files.
    pub(crate) async fn token(&self, client: IpAddr, method: &Method, shown: Shown) -> Result<Response, Problem> {
        let (person, _) = self.0.judge.reader(&shown, client).await?;
        if *method != Method::POST {
            return Err(Problem::new(405, "method-not-allowed", "A token is asked for with POST."));
        }
        let token = self.0.tokens.make(person, shown, Instant::now())?;
        let mut response = token.into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        Ok(response)
    }
}
