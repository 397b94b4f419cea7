//! The door on a real socket, between a stranger and stand-ins for the roles behind it.

mod apps;
mod dialect;
mod directions;
mod push;
mod refusals;
mod sign_in;
mod strangers;

use std::{
    collections::BTreeMap,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, body::Body, extract::State, response::IntoResponse, routing};
use croft_api::{
    call::Role,
    capability::{Minter, Verifier},
    inherit::RunDirectory,
    routes::Gate,
    socket::{self, Peers},
    wire::trust::{CapabilityRequest, Credential, HouseholdCertificate, IssuedCapability, Revocation},
};
use croft_model::{BoxSettings, Claims, Person, PersonId, PersonRole, Principal, Problem, Projection, Scope, Secret, SessionId, SpaceId};
use croft_telemetry::Metrics;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixListener},
    sync::{broadcast, watch},
};
use tokio_util::sync::CancellationToken;

use crate::{
    apps::Apps,
    bulk::Workers,
    certificate::Certificate,
    front::{Calls, Counts, Front},
    guests::Guests,
    limits::Times,
    listener::{self, Door},
    push::Push,
    sign_in::SignIn,
};

const SEED: [u8; 32] = [7; 32];
/// The one session token that the stand-in for identity knows.
const TOKEN: &str = "ana's token";
/// Short, so that what must run out of time does so at once.
const TIMES: Times = Times { handshake: Duration::from_millis(200), head: Duration::from_millis(200) };

/// A gateway with stand-ins behind it.
struct House {
    port: u16,
    stop: CancellationToken,
    behind: Behind,
    settings: watch::Sender<Option<Projection>>,
    _folder: tempfile::TempDir,
}

/// What the stand-ins share.
#[derive(Clone)]
struct Behind {
    minter: Arc<Minter>,
    revocations: broadcast::Sender<Revocation>,
    asked: Arc<AtomicUsize>,
    /// Calls that reached a stand-in to sign in.
    called: Arc<AtomicUsize>,
    /// Ana has signed out.
    ended: Arc<AtomicBool>,
}

/// An answer as it came over the socket.
struct Answered {
    status: u16,
    /// In lower case.
    head: String,
    /// As it came.
    raw: String,
    body: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}\n{}", self.head, self.body))
    }

    fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

impl House {
    /// A claimed box whose owner is ana.
    async fn new() -> Self {
        let ana = Person { name: "ana".into(), display_name: "Ana".into(), role: PersonRole::Owner, space: SpaceId::from_number(1) };
        Self::with([(PersonId::from_number(1), ana)].into()).await
    }

    async fn with(people: BTreeMap<PersonId, Person>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let uid = std::fs::metadata(folder.path()).unwrap().uid();
        let behind = Behind {
            minter: Arc::new(Minter::from_seed(&SEED).unwrap()),
            revocations: broadcast::Sender::new(8),
            asked: Arc::default(),
            called: Arc::default(),
            ended: Arc::default(),
        };
        let stop = CancellationToken::new();
        for role in ["identity", "supervisor"] {
            let listener = UnixListener::bind(folder.path().join(format!("{role}.sock"))).unwrap();
            let verifier = Verifier::new(&behind.minter.public_key_hex(), role).unwrap();
            let gate = Gate { verifier, peers: Peers::parse(&format!("gateway={uid}")).unwrap() };
            tokio::spawn(socket::serve(listener, stand_in(behind.clone()), gate, stop.clone()));
        }
        let run = RunDirectory::new(OwnedFd::from(std::fs::File::open(folder.path()).unwrap()));
        let this_box = Some(BoxSettings { host: "hollyhock".into(), ..BoxSettings::default() });
        let (settings, projection) = watch::channel(Some(Projection { people: Some(people), this_box, ..Projection::default() }));
        let front = front(&run, &behind, projection, &stop);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(listener::serve(Door { listener, tls: None, times: TIMES }, Arc::new(front), stop.clone()));
        Self { port, stop, behind, settings, _folder: folder }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    /// Sends one request; `Host` is the box's name unless `headers` name one.
    async fn ask(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let mut request = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += "Host: hollyhock.local\r\n";
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            request += &format!("Content-Length: {}\r\nContent-Type: application/json\r\n", body.len());
        }
        let mut stream = self.connect().await;
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).await.unwrap();
        answered(&text)
    }

    /// The same by ana's browser.
    async fn browser(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let cookie = format!("__Host-croft={TOKEN}");
        let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("Cookie", cookie.as_str())]).collect();
        self.ask(line, &headers, body).await
    }

    /// Waits until the gateway hears revocations, so that what it is given is kept.
    async fn hears(&self) {
        while self.behind.revocations.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
        self.browser("GET /api/v1/status", &[], "").await;
        while {
            let before = self.behind.asked.load(Ordering::SeqCst);
            self.browser("GET /api/v1/status", &[], "").await;
            self.behind.asked.load(Ordering::SeqCst) != before
        } {}
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn answered(text: &[u8]) -> Answered {
    let text = String::from_utf8_lossy(text);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answered { status, head: head.to_ascii_lowercase(), raw: head.to_owned(), body: body.to_owned() }
}

fn front(run: &RunDirectory, behind: &Behind, projection: watch::Receiver<Option<Projection>>, stop: &CancellationToken) -> Front {
    let (identity, supervisor) = (Role::new(run.clone(), "identity"), Role::new(run.clone(), "supervisor"));
    let metrics = Metrics::new();
    let sign_in = SignIn::start(identity.clone(), &metrics, stop.clone());
    let verifier = Verifier::new(&behind.minter.public_key_hex(), "gateway").unwrap();
    let workers = Arc::new(Workers::new(run.clone(), stop.clone()));
    let domains = [("status", "supervisor"), ("events", "supervisor"), ("session", "identity"), ("claim", "identity"), ("away", "mesh")];
    Front {
        domains: domains.into_iter().map(|(domain, role)| (domain.to_owned(), Role::new(run.clone(), role))).collect(),
        openapi: "{}",
        push: Push::start(sign_in.clone(), verifier.clone(), Arc::clone(&workers), projection.clone(), stop.clone()),
        sign_in,
        verifier,
        certificate: Certificate::keep(identity.clone(), projection.clone(), stop.clone()).unwrap(),
        workers,
        apps: Apps::new(run.clone(), stop.clone()),
        guests: Guests::default(),
        calls: Calls::default(),
        counts: Counts::new(&metrics),
        projection,
        stop: stop.clone(),
        identity,
        supervisor,
        metrics,
    }
}

fn stand_in(behind: Behind) -> Router {
    Router::new()
        .route("/internal/v1/capabilities", routing::post(capability))
        .route("/internal/v1/revocations", routing::get(revocations))
        .route(
            "/internal/v1/authority",
            routing::get(async || Json(HouseholdCertificate { ca_pem: "pem".into(), fingerprint: "AB".into() })),
        )
        .route("/internal/v1/door", routing::get(async || "secret"))
        .route("/api/v1/events", routing::get(events))
        .route("/api/v1/status/changed", routing::get(async || [(croft_api::headers::GENERATION, "1")]))
        .fallback(echo)
        .with_state(behind)
}

/// Answers with the headers that arrived.
async fn echo(State(behind): State<Behind>, uri: http::Uri, headers: HeaderMap) -> Json<Value> {
    if uri.path() == "/api/v1/session" {
        behind.called.fetch_add(1, Ordering::SeqCst);
    }
    Json(headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect::<serde_json::Map<_, _>>().into())
}

async fn events() -> impl IntoResponse {
    let first = futures_util::stream::once(async { Ok::<_, std::convert::Infallible>("data: 1\n\n") });
    let body = Body::from_stream(futures_util::StreamExt::chain(first, futures_util::stream::pending()));
    ([("content-type", "text/event-stream")], body)
}

async fn revocations(State(behind): State<Behind>) -> Body {
    let lines = tokio_stream::wrappers::BroadcastStream::new(behind.revocations.subscribe());
    let lines = futures_util::StreamExt::map(lines, |line| {
        Ok::<_, std::convert::Infallible>(format!("{}\n", serde_json::to_string(&line.unwrap()).unwrap()))
    });
    Body::from_stream(futures_util::StreamExt::chain(futures_util::stream::once(async { Ok("\n".to_owned()) }), lines))
}

/// Knows ana by her token, and by `files` and `metrics` as app passwords of those scopes.
async fn capability(
    State(behind): State<Behind>,
    Json(asked): Json<CapabilityRequest>,
) -> Result<Json<IssuedCapability>, croft_api::problem::ApiError> {
    behind.asked.fetch_add(1, Ordering::SeqCst);
    let shown = match &asked.credential {
        Credential::Cookie { value } => format!("cookie {}", value.expose()),
        Credential::AppPassword { value, .. } | Credential::Bearer { value } => value.expose().to_owned(),
    };
    let scopes = match shown.as_str() {
        "cookie ana's token" if !behind.ended.load(Ordering::SeqCst) => Scope::of_session(PersonRole::Owner),
        "files" => [Scope::Files].into(),
        "metrics" => [Scope::Metrics].into(),
        _ => return Err(Problem::new(401, "signed-out", "No.").into()),
    };
    let (id, session) = (PersonId::from_number(1), SessionId::from_number(1));
    let expires = jiff::Timestamp::now().as_second() + 60;
    let who = Principal::Person { id, name: "ana".into(), role: PersonRole::Owner };
    let claims = Claims { who, session: Some(session), scopes, audience: asked.audience, expires };
    let capability = Secret::try_from(behind.minter.mint(&claims)).unwrap();
    Ok(Json(IssuedCapability { capability, expires, session: Some(session), person: Some(id) }))
}
