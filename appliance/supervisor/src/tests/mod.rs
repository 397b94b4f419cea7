//! The supervisor from outside: real requests over a real Unix socket, with capabilities signed as identity signs them.

mod household;
mod network;
mod power;
mod roles;
mod settings;
mod shares;
mod start;
mod watching;

use std::{
    collections::BTreeMap,
    fs::File,
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::body::Body;
use croft_api::{
    call::Role,
    capability::{Minter, Verifier},
    headers,
    inherit::RunDirectory,
    routes::Gate,
    socket::{self, Peers},
};
use croft_boot::{Boot, FakeBoot};
use croft_model::{Claims, Event, PersonId, PersonRole, Principal, Problem, Scope};
use croft_network::{FakeNetwork, Network};
use croft_smb::{FakeSmb, Smb};
use croft_store::{Options, Store, crash::Disk};
use croft_units::{FakeUnits, Home, UnitEvent, Units, sockets};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    apply::Roles,
    change::Trials,
    desired::Desired,
    events::{Events, Listener},
    http as routes,
    manifests::manifests,
    observe::{Inbox, Table},
    power::PowerSwitch,
    regulator::Regulator,
    shares::Shares,
    tasks::Tasks,
    warnings::Warnings,
};

/// Seed of the key by which these tests sign.
const SEED: [u8; 32] = [7; 32];

/// A supervisor whose roles are pretended and whose disk is in memory.
pub(super) struct TestBox {
    pub(super) croft: Arc<Regulator>,
    pub(super) units: Arc<FakeUnits>,
    pub(super) boot: Arc<FakeBoot>,
    pub(super) smb: Arc<FakeSmb>,
    pub(super) disk: Disk,
    pub(super) roles: Option<Roles>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) ending: CancellationToken,
    unit_events: Option<mpsc::UnboundedReceiver<UnitEvent>>,
    role: Role,
    _folder: tempfile::TempDir,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum As {
    Ana,
    Member,
    Console,
    Nobody,
}

/// An answer, read whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl TestBox {
    /// A box that nobody has claimed.
    pub(super) async fn new() -> Self {
        Self::on(Disk::new()).await
    }

    /// A box claimed by Ana (`p1`, `s1`).
    pub(super) async fn claimed() -> Self {
        Self::new().await.claim().await
    }

    /// The box, claimed by Ana.
    pub(super) async fn claim(self) -> Self {
        let this = self;
        let owner = json!({ "name": "ana", "display_name": "Ana", "box_name": "Our house" });
        this.ask(As::Nobody, Method::PUT, "/internal/v1/owner", owner).await.expect(200);
        this
    }

    /// A box with what lies on `disk`, on a machine that looks after its own network.
    pub(super) async fn on(disk: Disk) -> Self {
        Self::with(disk, None, Trials::Never).await
    }

    /// A box with what lies on `disk`, on this machine; new addresses are tried like this.
    pub(super) async fn with(disk: Disk, network: Option<Arc<FakeNetwork>>, trials: Trials) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Arc::new(Home::open(folder.path()).expect("a home"));
        let run = Arc::new(home.directory("run", 0o711, None).expect("run"));
        let store = Store::open_on(&disk, Options::new("supervisor")).expect("a store");
        let (events, (units, unit_events)) = (Events::new(), FakeUnits::new());
        let (units, boot, smb) = (Arc::new(units), Arc::new(FakeBoot::new()), Arc::new(FakeSmb::new()));
        let (table, statuses) = Table::new(events.clone());
        let croft = Arc::new(Regulator {
            desired: Desired::open(store.clone(), events.clone(), trials).expect("settings"),
            tasks: Arc::new(Tasks::open(store, events.clone(), Timestamp::now()).expect("tasks")),
            warnings: Warnings::new(events.clone()),
            events,
            roles: statuses,
            units: Arc::clone(&units) as Arc<dyn Units>,
            network: network.clone().map(|network| network as Arc<dyn Network>),
            fingerprint: watch::Sender::new(None),
            power: PowerSwitch::new(Arc::clone(&boot) as Arc<dyn Boot>),
            shares: Shares::new(Arc::clone(&smb) as Arc<dyn Smb>),
            home,
            manifests: manifests().expect("manifests").into(),
            one_user: true,
            started: Timestamp::now(),
            stop: CancellationToken::new(),
        });
        let key = Minter::from_seed(&SEED).expect("a seed").public_key_hex();
        let user = Home::user();
        let gate = Gate {
            verifier: Verifier::new(&key, "supervisor").expect("a key"),
            peers: Peers::parse(&format!("identity={user},gateway={user}")).expect("peers"),
        };
        let listener = sockets::open(run.as_fd(), "supervisor.sock", sockets::Kind::Stream).expect("a socket");
        let listener = tokio::net::UnixListener::from_std(listener.into()).expect("a listener");
        tokio::spawn(socket::serve(listener, routes::router(Arc::clone(&croft)), gate, croft.stop.clone()));
        let (inbox, ending) = (Arc::new(Inbox::default()), CancellationToken::new());
        let null = || Arc::new(File::open("/dev/null").expect("opened").into());
        std::fs::write(folder.path().join("run/capability.seed"), SEED).expect("written");
        let roles = Roles {
            croft: Arc::clone(&croft),
            table,
            inbox: Arc::clone(&inbox),
            ending: ending.clone(),
            capability_key: key,
            sockets: BTreeMap::new(),
            listeners: [("https".to_owned(), null()), ("http".to_owned(), null())].into(),
            run: Arc::clone(&run),
            waits: BTreeMap::new(),
        };
        let role = Role::new(RunDirectory::new(run.try_clone().expect("a copy")), "supervisor");
        Self { croft, units, boot, smb, disk, roles: Some(roles), inbox, ending, unit_events: Some(unit_events), role, _folder: folder }
    }

    /// Sends a request with a JSON body (none for null).
    pub(super) async fn ask(&self, who: As, method: Method, path: &str, body: Value) -> Answer {
        self.send(who, method, path, &[("content-type", "application/json")], if body.is_null() { String::new() } else { body.to_string() })
            .await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(As::Ana, Method::GET, path, Value::Null).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(As::Ana, Method::POST, path, body).await
    }

    /// Patches a section at its present version.
    pub(super) async fn patch(&self, section: &str, patch: Value) -> Answer {
        self.patch_with(section, "", patch).await
    }

    pub(super) async fn patch_with(&self, section: &str, query: &str, patch: Value) -> Answer {
        let path = format!("/api/v1/settings/{section}");
        let etag = self.get(&path).await.header("etag");
        let headers = [("content-type", "application/merge-patch+json"), ("if-match", etag.as_str())];
        self.send(As::Ana, Method::PATCH, &format!("{path}{query}"), &headers, patch.to_string()).await
    }

    pub(super) async fn send(&self, who: As, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "croft");
        if let Some(capability) = capability(who) {
            request = request.header(headers::CAPABILITY, capability);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.role.send(request.body(Body::from(body)).expect("a request")).await.expect("an answer");
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.expect("whole").to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer { status: head.status, headers: head.headers, body }
    }

    /// Opens a stream and gives its body.
    pub(super) async fn stream(&self, who: As, path: &str) -> hyper::body::Incoming {
        let mut request = Request::builder().uri(path).header(header::HOST, "croft");
        if let Some(capability) = capability(who) {
            request = request.header(headers::CAPABILITY, capability);
        }
        let answer = self.role.send(request.body(Body::empty()).expect("a request")).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.into_body()
    }

    pub(super) fn listen(&self) -> Listener {
        self.croft.events.listen().expect("a place")
    }

    /// Keeps the roles from now on, as the real supervisor does.
    pub(super) fn keep_roles(&mut self) -> tokio::task::JoinHandle<()> {
        let (roles, inbox) = (self.roles.take().expect("once"), Arc::clone(&self.inbox));
        let mut events = self.unit_events.take().expect("once");
        let (sender, receiver) = mpsc::channel(64);
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        });
        tokio::spawn(Arc::clone(&self.inbox).fill(receiver));
        tokio::spawn(async move { croft_reconcile::run(roles, &inbox.news).await })
    }

    /// Puts what the pretended units have said so far into the inbox.
    pub(super) fn pass_on_events(&mut self) {
        let events = self.unit_events.as_mut().expect("not kept by a task");
        while let Ok(event) = events.try_recv() {
            self.inbox.push(event);
        }
    }
}

impl Answer {
    /// The body, when the status is this one.
    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self.body
    }

    /// The problem, when it has this status and code.
    #[track_caller]
    pub(super) fn refused(self, status: u16, code: &str) -> Problem {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem: Problem = serde_json::from_value(self.expect(status)).expect("a problem");
        assert_eq!((problem.code.as_str(), problem.status), (code, status), "{problem:?}");
        problem
    }

    pub(super) fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }
}

/// The next event that `pick` takes.
pub(super) async fn heard<T>(listener: &mut Listener, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
    let search = async {
        loop {
            let event = listener.next().await.expect("the box runs");
            if let Some(found) = pick(&event) {
                return found;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), search).await.expect("heard in time")
}

fn capability(who: As) -> Option<String> {
    static SESSIONS: AtomicU32 = AtomicU32::new(1);
    let person = |number, name: &str, role| Principal::Person { id: PersonId::from_number(number), name: name.into(), role };
    let (who, scopes) = match who {
        As::Ana => (person(1, "ana", PersonRole::Owner), Scope::of_session(PersonRole::Owner)),
        As::Member => (person(2, "bea", PersonRole::Member), Scope::of_session(PersonRole::Member)),
        As::Console => (Principal::Console, [Scope::Account, Scope::Manage].into()),
        As::Nobody => return None,
    };
    let session = Some(croft_model::SessionId::from_number(SESSIONS.fetch_add(1, Ordering::Relaxed).into()));
    let claims = Claims { who, session, scopes, audience: "supervisor".into(), expires: Timestamp::now().as_second() + 50 };
    Some(Minter::from_seed(&SEED).expect("a seed").mint(&claims))
}
