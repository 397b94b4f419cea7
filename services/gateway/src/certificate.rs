//! The gateway's own key and its certificate from the household's authority, renewed and exchanged while connections go on.
//!
//! The key lives in memory alone: a restart makes a new one and asks for a new certificate.

use std::{
    net::IpAddr,
    sync::{Arc, RwLock},
    time::Duration,
};

use croft_api::{
    call::Role,
    wire::trust::{CertificateRequest, IssuedCertificate},
};
use croft_model::Projection;
use http::Method;
use jiff::Timestamp;
use rcgen::{KeyPair, PublicKeyData};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::{self, sign::any_supported_type},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::GatewayError;

/// Pause before identity is asked again after it did not answer.
const RETRY: Duration = Duration::from_millis(300);
/// Pause before identity is asked again after it knew other names than the gateway.
const OTHER_NAMES: Duration = Duration::from_secs(1);
/// How often names, addresses and the remaining life are looked at: somebody waits at a new address, and it is tried for minutes only.
const LOOK: Duration = Duration::from_secs(5);
/// A certificate is renewed when less than this is left: a third of its 90 days.
const RENEW_BEFORE_SECONDS: i64 = 30 * 24 * 3600;

/// The certificate in force. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    current: Arc<RwLock<Option<Arc<CertifiedKey>>>>,
    there: watch::Receiver<bool>,
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.read().ok()?.clone()
    }
}

impl Certificate {
    /// Makes a key and keeps a certificate for it current until `stop`.
    pub(crate) fn keep(
        identity: Role,
        projection: watch::Receiver<Option<Projection>>,
        stop: CancellationToken,
    ) -> Result<Self, GatewayError> {
        let key = KeyPair::generate()?;
        let (sender, there) = watch::channel(false);
        let current = Arc::new(RwLock::new(None));
        let keeper = Keeper { identity, key, current: Arc::clone(&current), there: sender };
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = keeper.run(projection) => {}
            }
        });
        Ok(Self { current, there })
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        *self.there.borrow()
    }

    /// Waits for the first one.
    pub(crate) async fn wait(&self) {
        let _ = self.there.clone().wait_for(|there| *there).await;
    }

    /// TLS 1.2 and 1.3 with this certificate, HTTP/2 before HTTP/1.1.
    pub(crate) fn server_config(&self) -> Result<Arc<ServerConfig>, GatewayError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

struct Keeper {
    identity: Role,
    key: KeyPair,
    current: Arc<RwLock<Option<Arc<CertifiedKey>>>>,
    there: watch::Sender<bool>,
}

impl Keeper {
    async fn run(self, mut projection: watch::Receiver<Option<Projection>>) {
        let mut in_force: Option<(Names, Timestamp)> = None;
        loop {
            let names = Names::now(projection.borrow().as_ref());
            let good = in_force.as_ref().is_some_and(|(known, expires)| {
                *known == names && expires.as_second() - Timestamp::now().as_second() > RENEW_BEFORE_SECONDS
            });
            if !good {
                match self.fetch(&names).await {
                    Ok((expires, known)) => {
                        tracing::info!(%expires, "a certificate is in force");
                        // Identity may hear of other names a moment later: then it is asked again.
                        if names.hosts.as_ref().is_some_and(|hosts| *hosts != known) {
                            tokio::time::sleep(OTHER_NAMES).await;
                            continue;
                        }
                        in_force = Some((names, expires));
                    }
                    Err(reason) => {
                        tracing::debug!(reason, "no certificate yet");
                        tokio::time::sleep(RETRY).await;
                        continue;
                    }
                }
            }
            tokio::select! {
                changed = projection.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Puts a certificate into force; gives its end and its host names.
    async fn fetch(&self, names: &Names) -> Result<(Timestamp, Vec<String>), String> {
        let request =
            CertificateRequest { spki_pem: spki_pem(&self.key), names: names.addresses.iter().map(ToString::to_string).collect() };
        let issued: IssuedCertificate = self
            .identity
            .json(Method::POST, "/internal/v1/certificates", Some(&request), None)
            .await
            .map_err(|problem| problem.to_string())?;
        let certified = certified(&issued.chain_pem, &self.key).map_err(|error| error.to_string())?;
        if let Ok(mut current) = self.current.write() {
            *current = Some(Arc::new(certified));
        }
        let _ = self.there.send(true);
        Ok((issued.expires, issued.names))
    }
}

/// What a certificate depends on: a change of any asks for a new one.
#[derive(Debug, PartialEq, Eq)]
struct Names {
    hosts: Option<Vec<String>>,
    addresses: Vec<IpAddr>,
}

impl Names {
    fn now(projection: Option<&Projection>) -> Self {
        Self { hosts: projection.map(Projection::all_names), addresses: crate::hosts::own_addresses() }
    }
}

fn spki_pem(key: &KeyPair) -> String {
    use base64::Engine;
    let body = base64::prelude::BASE64_STANDARD.encode(key.subject_public_key_info());
    let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

fn certified(chain_pem: &str, key: &KeyPair) -> Result<CertifiedKey, GatewayError> {
    let unusable = |error: Box<dyn std::error::Error + Send + Sync>| GatewayError::Certificate(error);
    let chain =
        CertificateDer::pem_slice_iter(chain_pem.as_bytes()).collect::<Result<Vec<_>, _>>().map_err(|error| unusable(error.into()))?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let certified = CertifiedKey::new(chain, any_supported_type(&key)?);
    certified.keys_match().map_err(|error| unusable(error.into()))?;
    Ok(certified)
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, extract::State, routing};
    use croft_api::inherit::RunDirectory;
    use croft_model::BoxSettings;
    use rcgen::{CertificateParams, Issuer, SubjectPublicKeyInfo};
    use tokio::sync::mpsc;

    use super::*;

    /// A certificate for the box's name of before; from the second time on for the present one.
    async fn certificate(State(asked): State<mpsc::Sender<()>>, Json(request): Json<CertificateRequest>) -> Json<IssuedCertificate> {
        let host = if asked.capacity() == asked.max_capacity() { "croft.local" } else { "hollyhock.local" };
        let names = vec![host.to_owned(), "localhost".to_owned()];
        let issuer = Issuer::new(CertificateParams::default(), KeyPair::generate().expect("a key"));
        let key = SubjectPublicKeyInfo::from_pem(&request.spki_pem).expect("a public key");
        let leaf = CertificateParams::new(names.clone()).expect("names").signed_by(&key, &issuer).expect("a certificate");
        let expires = Timestamp::from_second(Timestamp::now().as_second() + 2 * RENEW_BEFORE_SECONDS).expect("a time");
        asked.send(()).await.expect("somebody listens");
        Json(IssuedCertificate { chain_pem: leaf.pem(), expires, names })
    }

    #[tokio::test]
    async fn identity_is_asked_again_while_it_knows_other_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = tokio::net::UnixListener::bind(folder.path().join("identity.sock")).expect("a socket");
        let (asked, asks) = mpsc::channel(8);
        let identity = Router::new().route("/internal/v1/certificates", routing::post(certificate)).with_state(asked);
        let serving = tokio::spawn(async move { axum::serve(listener, identity).await });
        let this_box = Some(BoxSettings { host: "hollyhock".into(), ..BoxSettings::default() });
        let (_settings, projection) = watch::channel(Some(Projection { this_box, ..Projection::default() }));
        let run = RunDirectory::new(std::fs::File::open(folder.path()).expect("the folder").into());
        let kept = Certificate::keep(Role::new(run, "identity"), projection, CancellationToken::new()).expect("a key");
        kept.wait().await;
        while asks.len() < 2 {
            tokio::task::yield_now().await;
        }
        serving.abort();
    }
}
