//! Identity behind its real socket, with a small supervisor beside it.

mod dialect;
mod household;
mod journey;
mod refusals;

use std::{
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    sync::{Arc, Mutex},
};

use axum::{Json, Router, body::Body, extract::State, routing};
use croft_api::{
    call::Role,
    capability::{Minter, Verifier},
    inherit::RunDirectory,
    projection::Supervisor,
    routes::Gate,
    socket::{self, Peers},
    wire::{
        claim::{ClaimTicket, RecoveryKit},
        trust::{AuditLine, Credential, Door, FirstOwner, IssuedCapability, OwnerMade},
    },
};
use croft_model::{BoxSettings, Person, PersonId, PersonRole, Projection, Report, Secret, SpaceId};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::{net::UnixListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    audit::Audit,
    http::{router, routes},
    identity::{Identity, Parts},
    passphrases::Passphrases,
    run,
};

const SEED: [u8; 32] = [7; 32];
const PASSPHRASE: &str = "correct horse battery";

/// What the supervisor of these tests knows and was told.
#[derive(Clone)]
struct Told {
    projection: watch::Sender<Projection>,
    audit: Arc<Mutex<Vec<AuditLine>>>,
    /// The generation that identity has put into force.
    reported: watch::Sender<u64>,
}

/// A box of two roles in a folder of its own.
struct Home {
    folder: tempfile::TempDir,
    told: Told,
    peers: String,
    supervisor_stop: CancellationToken,
    identity: Option<(CancellationToken, JoinHandle<()>)>,
}

/// What was answered: status, headers, JSON.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    json: Value,
}

impl Answered {
    /// The JSON, when the status is this one.
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        self.json
    }

    /// The code of the problem, when the status is this one.
    fn refused(self, status: u16) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.expect(status)["code"].as_str().unwrap().to_owned()
    }

    /// The session token in the cookie.
    fn token(&self) -> String {
        let cookie = self.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=7776000"), "{cookie}");
        cookie.strip_prefix("__Host-croft=").unwrap().split(';').next().unwrap().to_owned()
    }
}

impl Home {
    async fn new() -> Self {
        Self::with(Some([].into())).await
    }

    async fn with(people: Option<std::collections::BTreeMap<PersonId, Person>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let uid = std::fs::metadata(folder.path()).unwrap().uid();
        let peers = format!("gateway={uid},supervisor={uid},console={uid}");
        let this_box = Some(BoxSettings::default());
        let projection = Projection { generation: 1, people, this_box, ..Projection::default() };
        let told = Told { projection: watch::Sender::new(projection), audit: Arc::default(), reported: watch::Sender::default() };
        let mut home = Self { folder, told, peers, supervisor_stop: CancellationToken::new(), identity: None };
        let listener = UnixListener::bind(home.folder.path().join("supervisor.sock")).unwrap();
        tokio::spawn(socket::serve(listener, supervisor(home.told.clone()), home.gate("supervisor"), home.supervisor_stop.clone()));
        home.start();
        home
    }

    fn gate(&self, audience: &str) -> Gate {
        let key = Minter::from_seed(&SEED).unwrap().public_key_hex();
        Gate { verifier: Verifier::new(&key, audience).unwrap(), peers: Peers::parse(&self.peers).unwrap() }
    }

    fn directory(&self) -> OwnedFd {
        std::fs::File::open(self.folder.path()).unwrap().into()
    }

    fn start(&mut self) {
        let stop = CancellationToken::new();
        let supervisor = Supervisor::new(RunDirectory::new(self.directory()));
        let (audit, _) = Audit::start(supervisor.clone(), stop.clone());
        let parts = Parts {
            state: self.directory(),
            minter: Minter::from_seed(&SEED).unwrap(),
            passphrases: Passphrases::cheap(),
            projection: supervisor.follow(stop.clone()),
            supervisor,
            audit,
            stop: stop.clone(),
        };
        let identity = Identity::open(parts).unwrap();
        let path = self.folder.path().join("identity.sock");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(path).unwrap();
        let (gate, ended) = (self.gate("identity"), stop.clone());
        let serving = tokio::spawn(async move {
            let people = tokio::spawn(run::follow_people(identity.clone()));
            socket::serve(listener, router(identity), gate, ended).await;
            people.await.unwrap();
        });
        self.identity = Some((stop, serving));
    }

    /// Ends identity and starts it again on the same store.
    async fn restart(&mut self) {
        let (stop, serving) = self.identity.take().unwrap();
        stop.cancel();
        serving.await.unwrap();
        self.start();
    }

    async fn call(&self, method: Method, path: &str, capability: Option<&str>, body: Value) -> Answered {
        let client = ("croft-client", "192.168.1.7:5000");
        let headers: Vec<_> = [client].into_iter().chain(capability.map(|capability| ("croft-capability", capability))).collect();
        self.send(method, path, &headers, body).await
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Value) -> Answered {
        let role = Role::new(RunDirectory::new(self.directory()), "identity");
        let mut request =
            Request::builder().method(method).uri(path).header("content-type", "application/json").header("user-agent", "a browser");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let (head, body) = role.send(request.body(body).unwrap()).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answered { status: head.status, headers: head.headers, json: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    /// What a client at another address is answered.
    async fn call_from(&self, client: &str, path: &str, body: Value) -> Answered {
        self.send(Method::POST, path, &[("croft-client", client)], body).await
    }

    async fn post(&self, path: &str, body: Value) -> Answered {
        self.call(Method::POST, path, None, body).await
    }

    async fn door(&self) -> Door {
        serde_json::from_value(self.call(Method::GET, "/internal/v1/door", None, Value::Null).await.expect(200)).unwrap()
    }

    async fn ticket(&self) -> String {
        let code = self.door().await.pairing_code.unwrap();
        let answer = self.post("/api/v1/claim/code", json!({ "code": code })).await.expect(200);
        serde_json::from_value::<ClaimTicket>(answer).unwrap().ticket.expose().to_owned()
    }

    async fn kit(&self, ticket: &str) -> RecoveryKit {
        let body = json!({ "ticket": ticket, "box_name": "Hollyhock", "name": "ana", "display_name": "Ana", "passphrase": PASSPHRASE });
        serde_json::from_value(self.post("/api/v1/claim/person", body).await.expect(200)).unwrap()
    }

    /// Claims the box for ana; gives her session's token and the words of her kit.
    async fn claim(&self) -> (String, Vec<String>) {
        let ticket = self.ticket().await;
        let kit = self.kit(&ticket).await;
        let answer = self.post("/api/v1/claim/finish", json!({ "ticket": ticket, "answers": answers(&kit) })).await;
        let token = answer.token();
        answer.expect(201);
        (token, kit.words)
    }

    async fn judge(&self, credential: Credential, audience: &str) -> Answered {
        self.post("/internal/v1/capabilities", json!({ "credential": credential, "audience": audience, "client": "192.168.1.7" })).await
    }

    /// The capability for identity that a session's token earns.
    async fn capability(&self, token: &str) -> String {
        let issued = self.judge(cookie(token), "identity").await.expect(200);
        serde_json::from_value::<IssuedCapability>(issued).unwrap().capability.expose().to_owned()
    }

    async fn console(&self) -> String {
        let issued = self.post("/internal/v1/capabilities/local", json!({ "audience": "identity" })).await.expect(200);
        serde_json::from_value::<IssuedCapability>(issued).unwrap().capability.expose().to_owned()
    }

    async fn sign_in(&self, name: &str, passphrase: &str) -> Answered {
        self.post("/api/v1/session", json!({ "name": name, "passphrase": passphrase })).await
    }

    /// Waits until identity has put the settings into force.
    async fn settled(&self) {
        let generation = self.told.projection.borrow().generation;
        self.told.reported.subscribe().wait_for(|reported| *reported == generation).await.unwrap();
    }

    /// Puts other people into the settings.
    fn people(&self, change: impl FnOnce(&mut std::collections::BTreeMap<PersonId, Person>)) {
        self.told.projection.send_modify(|projection| {
            projection.generation += 1;
            change(projection.people.get_or_insert_default());
        });
    }

    fn audited(&self) -> Vec<String> {
        self.told.audit.lock().unwrap().iter().map(|line| line.action.clone()).collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.supervisor_stop.cancel();
        if let Some((stop, _)) = &self.identity {
            stop.cancel();
        }
    }
}

fn cookie(token: &str) -> Credential {
    Credential::Cookie { value: secret(token) }
}

fn secret(text: &str) -> Secret {
    Secret::try_from(text.to_owned()).unwrap()
}

fn answers(kit: &RecoveryKit) -> Value {
    kit.ask.iter().map(|place| (place.to_string(), json!(kit.words[usize::from(*place) - 1]))).collect::<serde_json::Map<_, _>>().into()
}

fn person(name: &str, role: PersonRole, space: u16) -> Person {
    Person { name: name.into(), display_name: name.to_uppercase(), role, space: SpaceId::from_number(space) }
}

fn supervisor(told: Told) -> Router {
    Router::new()
        .route("/internal/v1/projection", routing::get(projection))
        .route("/internal/v1/report", routing::put(report))
        .route("/internal/v1/audit", routing::post(audit))
        .route("/internal/v1/owner", routing::put(owner))
        .with_state(told)
}

async fn projection(State(told): State<Told>) -> Body {
    let lines = tokio_stream::wrappers::WatchStream::new(told.projection.subscribe());
    Body::from_stream(futures_util::StreamExt::map(lines, |projection| {
        Ok::<_, std::convert::Infallible>(format!("{}\n", serde_json::to_string(&projection).unwrap()))
    }))
}

async fn report(State(told): State<Told>, Json(report): Json<Report>) -> StatusCode {
    told.reported.send_replace(report.generation);
    StatusCode::NO_CONTENT
}

async fn audit(State(told): State<Told>, Json(line): Json<AuditLine>) -> StatusCode {
    told.audit.lock().unwrap().push(line);
    StatusCode::NO_CONTENT
}

/// Makes the owner, the same one however often it is asked.
async fn owner(State(told): State<Told>, Json(owner): Json<FirstOwner>) -> Json<OwnerMade> {
    told.projection.send_modify(|projection| {
        projection.generation += 1;
        let owner = Person { name: owner.name, display_name: owner.display_name, role: PersonRole::Owner, space: SpaceId::from_number(1) };
        projection.people = Some([(PersonId::from_number(1), owner)].into());
    });
    Json(OwnerMade { person: PersonId::from_number(1), space: SpaceId::from_number(1) })
}
