//! Starting the gateway, and ending it in order.

use std::{collections::BTreeMap, sync::Arc};

use croft_api::{call::Role, capability::Verifier, inherit::Descriptors, lifecycle::Lifecycle, projection::Supervisor};
use croft_telemetry::Metrics;
use tokio_rustls::TlsAcceptor;

use crate::{
    apps::Apps,
    bulk::Workers,
    certificate::Certificate,
    error::GatewayError,
    front::{Calls, Counts, Front},
    guests::Guests,
    limits::TIMES,
    listener::{self, Door},
    plain::Plain,
    push::Push,
    sign_in::SignIn,
};

/// Who answers what, put together by the daemon from the roles' manifests.
#[derive(Debug, Clone)]
pub struct Routing {
    /// The role of each domain of `/api/v1/<domain>`.
    pub domains: BTreeMap<String, &'static str>,
    /// The assembled description of the API, as JSON.
    pub openapi: &'static str,
}

/// Runs the gateway until it is told to end.
///
/// # Errors
/// It was not started as its manifest says, or no TLS can be set up.
pub async fn run(mut descriptors: Descriptors, routing: Routing) -> Result<(), GatewayError> {
    let lifecycle = Lifecycle::start(&mut descriptors)?;
    let stop = lifecycle.stopping();
    let run = descriptors.run_directory()?;
    let (https, http) = (descriptors.tcp_listener("https")?, descriptors.tcp_listener("http")?);
    let https_port = https.local_addr().map_or(443, |address| address.port());
    let projection = Supervisor::new(run.clone()).follow(stop.clone());
    let (identity, supervisor) = (Role::new(run.clone(), "identity"), Role::new(run.clone(), "supervisor"));
    let certificate = Certificate::keep(identity.clone(), projection.clone(), stop.clone())?;
    let metrics = Metrics::new();
    let sign_in = SignIn::start(identity.clone(), &metrics, stop.clone());
    let verifier = Verifier::from_env("gateway")?;
    let workers = Arc::new(Workers::new(run.clone(), stop.clone()));
    let push = Push::start(sign_in.clone(), verifier.clone(), Arc::clone(&workers), projection.clone(), stop.clone());
    let front = Arc::new(Front {
        domains: routing.domains.into_iter().map(|(domain, role)| (domain, Role::new(run.clone(), role))).collect(),
        openapi: routing.openapi,
        sign_in,
        verifier,
        workers,
        push: push.clone(),
        apps: Apps::new(run.clone(), stop.clone()),
        calls: Calls::default(),
        guests: Guests::default(),
        counts: Counts::new(&metrics),
        certificate: certificate.clone(),
        projection: projection.clone(),
        stop: stop.clone(),
        identity: identity.clone(),
        supervisor,
        metrics,
    });
    let plain = Plain { identity, projection, https_port };
    let plainly = tokio::spawn(listener::serve(Door { listener: http, tls: None, times: TIMES }, plain, stop.clone()));
    tokio::select! {
        () = stop.cancelled() => {}
        () = certificate.wait() => {
            lifecycle.ready();
            let tls = TlsAcceptor::from(certificate.server_config()?);
            listener::serve(Door { listener: https, tls: Some(tls), times: TIMES }, front, stop.clone()).await;
        }
    }
    push.ended().await;
    lifecycle.ended();
    if let Err(error) = plainly.await {
        tracing::warn!(%error, "the plain port did not end in order");
    }
    Ok(())
}
