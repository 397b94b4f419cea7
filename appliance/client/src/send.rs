//! Sending one request and reading its answer.

use std::{
    collections::HashMap,
    fs::File,
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::Path,
    time::Duration,
};

use croft_api::{
    call::Role,
    headers,
    inherit::RunDirectory,
    wire::trust::{IssuedCapability, LocalCapabilityRequest},
};
use croft_model::Problem;
use http::{Method, header};
use reqwest::{Certificate, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};

use crate::{ClientError, Door, door::Token};

/// Time for one whole answer; the box answers at once or says that it takes longer (tasks).
const TIMEOUT: Duration = Duration::from_secs(60);
/// Domains of the API that identity, storage, the notifier and the role for apps answer, as their manifests have them; the supervisor answers the others.
const IDENTITY: [&str; 9] = ["claim", "session", "sessions", "tokens", "grants", "passphrase", "invitations", "join", "recovery"];
const STORAGE: [&str; 5] = ["install", "disks", "pool", "snapshots", "usage"];
const NOTIFIER: [&str; 1] = ["notify"];
const APPS: [&str; 2] = ["apps", "catalogs"];

/// A client of one box.
#[derive(Debug)]
pub struct Client {
    way: Way,
}

#[derive(Debug)]
enum Way {
    Sockets {
        supervisor: reqwest::Client,
        identity: reqwest::Client,
        storage: reqwest::Client,
        notifier: reqwest::Client,
        apps: reqwest::Client,
        run: RunDirectory,
    },
    Https {
        http: reqwest::Client,
        origin: String,
        token: Token,
    },
}

/// A request before it knows its way.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: HashMap<header::HeaderName, String>,
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(method: Method, path: &'a str) -> Self {
        Self { method, path, query: Vec::new(), headers: HashMap::new(), body: None }
    }

    pub(crate) fn query(mut self, key: &'static str, value: impl ToString) -> Self {
        self.query.push((key, value.to_string()));
        self
    }

    pub(crate) fn header(mut self, name: header::HeaderName, value: String) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn body(mut self, kind: &'static str, bytes: Vec<u8>) -> Self {
        self.body = Some((kind, bytes));
        self
    }

    pub(crate) fn json<B: Serialize>(self, body: &B) -> Result<Self, ClientError> {
        let call = format!("{} {}", self.method, self.path);
        let bytes = serde_json::to_vec(body).map_err(|source| ClientError::Unexpected { call, source: source.into() })?;
        Ok(self.body("application/json", bytes))
    }
}

impl Client {
    /// A client of the box behind `door`. Nothing is sent yet.
    ///
    /// # Errors
    /// The home has no box, the address is none, the certificate cannot be read.
    pub fn new(door: Door) -> Result<Self, ClientError> {
        let way = match door {
            Door::Home(home) => sockets(&home)?,
            Door::Address { origin, token, authority } => https(origin, token, authority.as_deref())?,
        };
        Ok(Self { way })
    }

    /// Where the box is, if it is asked over the network with somebody's app password.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        match &self.way {
            Way::Https { origin, .. } => Some(origin),
            Way::Sockets { .. } => None,
        }
    }

    /// Sends `call` and reads the answer as JSON; no content reads as `null`.
    pub(crate) async fn json<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, ClientError> {
        let name = format!("{} {}", call.method, call.path);
        let bytes = self.send(call).await?.bytes().await.map_err(ClientError::Unreachable)?;
        let bytes: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        serde_json::from_slice(bytes).map_err(|source| ClientError::Unexpected { call: name, source: source.into() })
    }

    /// Sends `call` and gives the answer if it is a success.
    ///
    /// # Errors
    /// The box cannot be reached, or refused: then with its problem document.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Response, ClientError> {
        let request = match &self.way {
            Way::Https { http, origin, token } => {
                http.request(call.method.clone(), format!("{origin}{}", call.path)).bearer_auth(token.expose())
            }
            Way::Sockets { supervisor, identity, storage, notifier, apps, run } => {
                let domain = call.path.trim_start_matches("/api/v1/").split(['/', '?']).next().unwrap_or_default();
                let (http, audience) = match domain {
                    domain if IDENTITY.contains(&domain) => (identity, "identity"),
                    domain if STORAGE.contains(&domain) => (storage, "storage"),
                    domain if NOTIFIER.contains(&domain) => (notifier, "notifier"),
                    domain if APPS.contains(&domain) => (apps, "apps"),
                    _ => (supervisor, "supervisor"),
                };
                let capability = console_capability(run, audience).await?;
                http.request(call.method.clone(), format!("http://croft{}", call.path)).header(headers::CAPABILITY, capability)
            }
        };
        let answer = dress(request, &call).send().await.map_err(ClientError::Unreachable)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.map_err(ClientError::Unreachable)?;
        Err(ClientError::Refused(serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            Problem::new(
                status,
                "unreadable",
                format!("The box refused {} {} with status {status} and no explanation.", call.method, call.path),
            )
        })))
    }
}

fn dress(mut request: RequestBuilder, call: &Call<'_>) -> RequestBuilder {
    if !call.query.is_empty() {
        request = request.query(&call.query);
    }
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    if let Some((kind, bytes)) = &call.body {
        request = request.header(header::CONTENT_TYPE, *kind).body(bytes.clone());
    }
    request
}

fn sockets(home: &Path) -> Result<Way, ClientError> {
    let no_box = |reason: String| ClientError::NoBox { home: home.display().to_string(), reason };
    let run = File::open(home.join("run")).map_err(|error| no_box(error.to_string()))?;
    let run = RunDirectory::new(OwnedFd::from(run));
    // A socket that nobody listens on is what a box leaves behind when it ends.
    if let Err(error) = UnixStream::connect(run.socket("supervisor.sock")) {
        return Err(no_box(error.to_string()));
    }
    let client = |socket: &str| {
        reqwest::Client::builder().unix_socket(run.socket(socket)).timeout(TIMEOUT).build().map_err(|error| no_box(error.to_string()))
    };
    let (supervisor, identity) = (client("supervisor.sock")?, client("identity.sock")?);
    let (storage, notifier, apps) = (client("storage.sock")?, client("notifier.sock")?, client("apps.sock")?);
    Ok(Way::Sockets { supervisor, identity, storage, notifier, apps, run })
}

fn https(origin: String, token: Token, authority: Option<&Path>) -> Result<Way, ClientError> {
    let origin = origin.trim_end_matches('/').to_owned();
    if !origin.starts_with("https://") {
        return Err(ClientError::Address(origin));
    }
    let mut http = reqwest::Client::builder().timeout(TIMEOUT).https_only(true);
    if let Some(path) = authority {
        let wrong = |reason: String| ClientError::Certificate { path: path.display().to_string(), reason };
        let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| wrong(error.to_string()))?;
        http = http.tls_certs_only([certificate]);
    }
    let http = http.build().map_err(|_| ClientError::Address(origin.clone()))?;
    Ok(Way::Https { http, origin, token })
}

/// Asks identity for the console's capability; the kernel vouches for who asks.
async fn console_capability(run: &RunDirectory, audience: &str) -> Result<String, ClientError> {
    let ask = LocalCapabilityRequest { audience: audience.into() };
    let issued: IssuedCapability = Role::new(run.clone(), "identity")
        .json(Method::POST, "/internal/v1/capabilities/local", Some(&ask), None)
        .await
        .map_err(ClientError::Refused)?;
    Ok(issued.capability.expose().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{APPS, IDENTITY, NOTIFIER, STORAGE};

    #[test]
    fn roles_answer_the_domains_of_their_manifests() {
        let check = |manifest: &str, expected: &[&str]| {
            let domains = manifest.lines().find_map(|line| line.strip_prefix("domains = ")).expect("a line with the domains");
            assert_eq!(serde_json::from_str::<Vec<&str>>(domains).expect("a list on one line"), expected);
        };
        check(include_str!("../../supervisor/roles/identity.toml"), &IDENTITY);
        check(include_str!("../../supervisor/roles/storage.toml"), &STORAGE);
        check(include_str!("../../supervisor/roles/notifier.toml"), &NOTIFIER);
        check(include_str!("../../supervisor/roles/apps.toml"), &APPS);
    }
}
