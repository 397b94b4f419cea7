//! Who is at the door: the credential that a request shows, and the capabilities that identity gives for it.
//!
//! The gateway decides nothing about people. It keeps what identity gave for a few seconds, forgets it when identity says so, and forgets
//! everything when identity cannot be heard.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use croft_api::{
    call::Role,
    lines::Lines,
    wire::trust::{CapabilityRequest, Credential, IssuedCapability, Revocation},
};
use croft_model::{MAX_CAPABILITY_SECONDS, Problem, Secret};
use croft_telemetry::Counter;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use jiff::Timestamp;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::limits;

/// Name of the session cookie; the prefix makes browsers refuse it from anywhere but this host, over HTTPS (RFC 6265bis).
const COOKIE: &str = "__Host-croft";
/// Capabilities that are about to end are fetched anew, so that none ends on its way.
const SPARE_SECONDS: i64 = 10;
/// Pause before identity's revocations are asked for again.
const RETRY: Duration = Duration::from_millis(250);

/// A credential as it was shown.
#[derive(Clone)]
pub(crate) struct Shown {
    credential: Credential,
    key: [u8; 32],
    /// True for a browser's cookie, whose end is no error of the request.
    pub(crate) by_cookie: bool,
}

impl Shown {
    /// The credential in `headers`: `Authorization` before the cookie.
    ///
    /// # Errors
    /// An `Authorization` that cannot be read.
    pub(crate) fn in_headers(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        if let Some(shown) = Self::of_program(headers)? {
            return Ok(Some(shown));
        }
        Ok(cookie(headers, COOKIE).filter(|token| !token.is_empty()).and_then(|token| {
            Some(Self { credential: Credential::Cookie { value: secret(token)? }, key: key(&format!("cookie {token}")), by_cookie: true })
        }))
    }

    /// An app password with the name of its person, as shown outside of headers. Kept like the same by HTTP Basic, whose names have no colon.
    pub(crate) fn of_name(name: &str, password: &str) -> Option<Self> {
        if name.contains(':') || name.len() + password.len() > limits::CREDENTIAL_BYTES {
            return None;
        }
        let key = key(&format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}"))));
        Some(Self { credential: Credential::AppPassword { name: name.into(), value: secret(password)? }, key, by_cookie: false })
    }

    /// The credential in `Authorization` alone: for addresses that are no browser's, so that no page can make one use them.
    ///
    /// # Errors
    /// An `Authorization` that cannot be read.
    pub(crate) fn of_program(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let wrong = || {
                Problem::new(401, "credential-unreadable", "The sign-in that was sent cannot be read.")
                    .hint("Send an app password by HTTP Basic or as a Bearer token.")
            };
            let text = value.to_str().ok().filter(|text| text.len() <= 2 * limits::CREDENTIAL_BYTES).ok_or_else(wrong)?;
            let (scheme, rest) = text.split_once(' ').ok_or_else(wrong)?;
            let credential = match scheme.to_ascii_lowercase().as_str() {
                "bearer" => Credential::Bearer { value: secret(rest.trim()).ok_or_else(wrong)? },
                "basic" => {
                    let decoded =
                        BASE64_STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
                    let (name, value) = decoded.split_once(':').ok_or_else(wrong)?;
                    Credential::AppPassword { name: name.into(), value: secret(value).ok_or_else(wrong)? }
                }
                _ => return Err(wrong()),
            };
            return Ok(Some(Self { credential, key: key(text), by_cookie: false }));
        }
        Ok(None)
    }
}

/// The cookie of this name. Others beside it, which need be no ASCII, are not read.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let mut pairs = lines.flat_map(|line| line.split(|b| *b == b';')).map(<[u8]>::trim_ascii);
    pairs.find_map(|pair| std::str::from_utf8(pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?).ok())
}

fn secret(text: &str) -> Option<Secret> {
    Secret::try_from(text.to_owned()).ok()
}

fn key(text: &str) -> [u8; 32] {
    digest(&SHA256, text.as_bytes()).as_ref().try_into().unwrap_or([0; 32])
}

/// Capabilities from identity, kept while they hold. Clones share them.
#[derive(Clone)]
pub(crate) struct SignIn {
    identity: Role,
    kept: Arc<Kept>,
    asked: Counter,
    answered: Counter,
}

struct Kept {
    entries: Mutex<HashMap<([u8; 32], String), IssuedCapability>>,
    /// Counts revocations, so that an answer that was under way during one is not kept.
    epoch: AtomicU64,
    /// True while revocations can be heard.
    heard: AtomicBool,
    /// Passes revocations on to answers that last.
    said: broadcast::Sender<Revocation>,
}

impl Default for Kept {
    fn default() -> Self {
        let said = broadcast::Sender::new(limits::REVOCATIONS);
        Self { entries: Mutex::default(), epoch: AtomicU64::default(), heard: AtomicBool::default(), said }
    }
}

impl SignIn {
    /// Starts to listen for revocations until `stop`.
    pub(crate) fn start(identity: Role, metrics: &croft_telemetry::Metrics, stop: CancellationToken) -> Self {
        let kept = Arc::new(Kept::default());
        let (role, heard) = (identity.clone(), Arc::clone(&kept));
        tokio::spawn(async move {
            // Cancel-safe: a broken stream forgets everything and begins anew.
            tokio::select! {
                () = stop.cancelled() => {}
                () = listen(&role, &heard) => {}
            }
        });
        let asked = metrics.counter("croft_capabilities_asked_total", "Capabilities that were asked of identity.", &[]);
        let answered = metrics.counter("croft_capabilities_kept_total", "Requests that were served with a kept capability.", &[]);
        Self { identity, kept, asked, answered }
    }

    /// What becomes void from now on.
    pub(crate) fn revocations(&self) -> broadcast::Receiver<Revocation> {
        self.kept.said.subscribe()
    }

    /// A capability for `audience`.
    ///
    /// # Errors
    /// What identity answers: 401, 429, or 503 while it is away.
    pub(crate) async fn capability(&self, shown: &Shown, audience: &str, client: IpAddr) -> Result<IssuedCapability, Problem> {
        let slot = (shown.key, audience.to_owned());
        if let Some(issued) = self.kept.find(&slot) {
            self.answered.increment();
            return Ok(issued);
        }
        self.asked.increment();
        let epoch = self.kept.epoch.load(Ordering::SeqCst);
        let request = CapabilityRequest { credential: shown.credential.clone(), audience: audience.into(), client: client.to_string() };
        let issued: IssuedCapability = self.identity.json(Method::POST, "/internal/v1/capabilities", Some(&request), None).await?;
        self.kept.keep(slot, &issued, epoch);
        Ok(issued)
    }
}

impl Kept {
    fn find(&self, slot: &([u8; 32], String)) -> Option<IssuedCapability> {
        let now = Timestamp::now().as_second();
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(slot).filter(|issued| good(issued, now)).cloned()
    }

    fn keep(&self, slot: ([u8; 32], String), issued: &IssuedCapability, epoch: u64) {
        let now = Timestamp::now().as_second();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.heard.load(Ordering::SeqCst) || self.epoch.load(Ordering::SeqCst) != epoch {
            return;
        }
        if entries.len() >= limits::CAPABILITIES {
            entries.retain(|_, issued| good(issued, now));
        }
        if entries.len() < limits::CAPABILITIES {
            entries.insert(slot, issued.clone());
        }
    }

    fn forget(&self, revocation: &Revocation) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        self.epoch.fetch_add(1, Ordering::SeqCst);
        match revocation {
            Revocation::Session(session) => entries.retain(|_, issued| issued.session != Some(*session)),
            Revocation::Person(person) => entries.retain(|_, issued| issued.person != Some(*person)),
            Revocation::All(_) => entries.clear(),
        }
        drop(entries);
        // Nobody who listens is fine.
        let _ = self.said.send(revocation.clone());
    }
}

/// Whether a capability still holds for a while. One that seems to hold for longer than any may was made before the clock was set back:
/// roles refuse it.
fn good(issued: &IssuedCapability, now: i64) -> bool {
    (SPARE_SECONDS + 1..=MAX_CAPABILITY_SECONDS).contains(&(issued.expires - now))
}

/// Waits until what earned `issued` is void, or until nobody can tell whether it is.
pub(crate) async fn revoked(mut revocations: broadcast::Receiver<Revocation>, issued: IssuedCapability) {
    loop {
        match revocations.recv().await {
            Ok(Revocation::Session(session)) if issued.session != Some(session) => {}
            Ok(Revocation::Person(person)) if issued.person != Some(person) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

async fn listen(identity: &Role, kept: &Kept) {
    loop {
        hear(identity, kept).await;
        kept.heard.store(false, Ordering::SeqCst);
        kept.forget(&Revocation::All(true));
        tokio::time::sleep(RETRY).await;
    }
}

async fn hear(identity: &Role, kept: &Kept) {
    let request = Request::builder().uri("/internal/v1/revocations").header(header::HOST, "croft").body(Body::empty());
    let Ok(request) = request else { return };
    let Ok(answer) = identity.send(request).await else { return };
    if !answer.status().is_success() {
        return;
    }
    kept.heard.store(true, Ordering::SeqCst);
    // An answer that was asked for before may have missed a revocation: it is not kept.
    kept.forget(&Revocation::All(true));
    let mut lines = Lines::new(answer.into_body(), limits::CREDENTIAL_BYTES);
    while let Some(line) = lines.next().await {
        // What cannot be understood might be any revocation.
        kept.forget(&serde_json::from_slice(&line).unwrap_or(Revocation::All(true)));
    }
}

#[cfg(test)]
mod tests {
    use croft_model::{PersonId, SessionId};

    use super::*;

    fn issued(session: u64, person: u32) -> IssuedCapability {
        IssuedCapability {
            capability: secret("text").expect("short"),
            expires: Timestamp::now().as_second() + 60,
            session: Some(SessionId::from_number(session)),
            person: Some(PersonId::from_number(person)),
        }
    }

    #[test]
    fn revocations_reach_what_is_kept_and_what_is_under_way() {
        let kept = Kept { heard: true.into(), ..Kept::default() };
        let slot = |number: u8| ([number; 32], "supervisor".to_owned());
        for (number, person) in [(1, 1), (2, 1), (3, 2)] {
            kept.keep(slot(number), &issued(number.into(), person), 0);
        }
        kept.forget(&Revocation::Session(SessionId::from_number(1)));
        assert!(kept.find(&slot(1)).is_none() && kept.find(&slot(2)).is_some());
        kept.forget(&Revocation::Person(PersonId::from_number(1)));
        assert!(kept.find(&slot(2)).is_none() && kept.find(&slot(3)).is_some());
        // Asked for before the revocations, answered after them: not kept.
        kept.keep(slot(4), &issued(4, 2), 0);
        assert!(kept.find(&slot(4)).is_none());
        // Not kept while nobody can say that it is void.
        kept.heard.store(false, Ordering::SeqCst);
        kept.keep(slot(5), &issued(5, 2), 2);
        assert!(kept.find(&slot(5)).is_none());
    }

    #[test]
    fn what_was_made_before_the_clock_went_back_is_asked_for_anew() {
        for (left, expected) in [(0, false), (10, false), (11, true), (60, true), (61, false), (3600, false)] {
            assert_eq!(good(&IssuedCapability { expires: 1000 + left, ..issued(1, 1) }, 1000), expected, "{left}");
        }
    }

    #[tokio::test]
    async fn an_answer_from_before_the_stream_was_heard_is_not_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = tokio::net::UnixListener::bind(folder.path().join("identity.sock")).expect("a socket");
        let run = croft_api::inherit::RunDirectory::new(std::fs::File::open(folder.path()).expect("the folder").into());
        let kept = Kept::default();
        let epoch = kept.epoch.load(Ordering::SeqCst);
        let identity = Role::new(run, "identity");
        let answering = async {
            let (mut stream, _) = listener.accept().await.expect("a call");
            tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await.expect("its head");
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n").await.expect("an answer");
        };
        tokio::join!(hear(&identity, &kept), answering);
        assert!(kept.heard.load(Ordering::SeqCst));
        kept.keep(([1; 32], "supervisor".into()), &issued(1, 1), epoch);
        assert!(kept.find(&([1; 32], "supervisor".into())).is_none());
    }

    #[tokio::test]
    async fn an_answer_that_lasts_ends_with_what_earned_it() {
        for (revocation, ends) in [
            (Revocation::Session(SessionId::from_number(1)), true),
            (Revocation::Session(SessionId::from_number(2)), false),
            (Revocation::Person(PersonId::from_number(1)), true),
            (Revocation::Person(PersonId::from_number(2)), false),
            (Revocation::All(true), true),
        ] {
            let kept = Kept::default();
            let mut lasts = Box::pin(revoked(kept.said.subscribe(), issued(1, 1)));
            kept.forget(&revocation);
            let ended = futures_util::poll!(&mut lasts).is_ready();
            assert_eq!(ended, ends, "{revocation:?}");
        }
    }

    #[test]
    fn credentials_are_read_strictly() {
        let read = |name: header::HeaderName, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a header"));
            Shown::in_headers(&headers).map(|shown| shown.map(|shown| shown.by_cookie))
        };
        assert_eq!(read(header::COOKIE, "a=b; __Host-croft=token; c=d"), Ok(Some(true)));
        assert_eq!(read(header::COOKIE, "a=Zo\u{eb}; __Host-croft=token"), Ok(Some(true)));
        assert_eq!(read(header::COOKIE, "__Host-croft="), Ok(None));
        assert_eq!(read(header::COOKIE, "__Host-croftx=token"), Ok(None));
        assert_eq!(read(header::AUTHORIZATION, "Basic YW5hOnNlY3JldA=="), Ok(Some(false)));
        assert_eq!(read(header::AUTHORIZATION, "bearer token"), Ok(Some(false)));
        for wrong in ["Basic", "Basic !!!!", "Basic YW5h", "Digest x", "", &format!("Bearer {}", "x".repeat(1500))] {
            assert!(read(header::AUTHORIZATION, wrong).is_err(), "{wrong}");
        }
    }
}
