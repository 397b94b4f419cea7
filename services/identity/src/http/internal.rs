//! `/internal/v1`: what the other roles and the console ask on the Unix socket.

use std::{convert::Infallible, net::Ipv4Addr, time::Duration};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use croft_api::{
    body::JsonBody,
    wire::trust::{
        CapabilityRequest, CertificateRequest, Door, HouseholdCertificate, IssuedCapability, IssuedCertificate, LocalCapabilityRequest,
        Revocation,
    },
};
use futures_util::stream;
use http::header;
use jiff::Timestamp;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::Answer;
use crate::{capabilities::Caller, identity::Identity, pairing, records::DoorRecord};

/// A blank line this often, so that both sides notice a dead stream.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// A capability for what somebody showed to the gateway.
#[utoipa::path(post, path = "/internal/v1/capabilities", request_body = CapabilityRequest, responses((status = 200, body = IssuedCapability)))]
pub(super) async fn capability(
    State(identity): State<Identity>,
    JsonBody(body): JsonBody<CapabilityRequest>,
) -> Answer<Json<IssuedCapability>> {
    let client = body.client.parse().unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    let caller = identity.judge(body.credential, client).await?;
    Ok(Json(identity.issue(caller, &body.audience)?))
}

/// A capability for somebody with the rights of the machine itself, as the kernel vouches.
#[utoipa::path(post, path = "/internal/v1/capabilities/local", request_body = LocalCapabilityRequest, responses((status = 200, body = IssuedCapability)))]
pub(super) async fn local_capability(
    State(identity): State<Identity>,
    JsonBody(body): JsonBody<LocalCapabilityRequest>,
) -> Answer<Json<IssuedCapability>> {
    Ok(Json(identity.issue(Caller::console(), &body.audience)?))
}

/// A certificate for the gateway's key, under the names of the box and those of the given addresses that are at home.
#[utoipa::path(post, path = "/internal/v1/certificates", request_body = CertificateRequest, responses((status = 200, body = IssuedCertificate)))]
pub(super) async fn certificate(
    State(identity): State<Identity>,
    JsonBody(body): JsonBody<CertificateRequest>,
) -> Answer<Json<IssuedCertificate>> {
    let names = identity.household.host_names();
    Ok(Json(identity.authority.issue(&body.spki_pem, names, &body.names, Timestamp::now())?))
}

/// What is void from now on, a JSON document a line.
#[utoipa::path(get, path = "/internal/v1/revocations", responses((status = 200, content_type = "application/x-ndjson", body = Revocation)))]
pub(super) async fn revocations(State(identity): State<Identity>) -> Response {
    let listening = (identity.revocations.listen(), identity.stop.clone());
    // The first blank line says that from here on nothing is missed.
    let first = stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b"\n")) });
    let lines = stream::unfold(listening, async |(mut receiver, stop)| {
        let line = next_line(&mut receiver, &stop).await?;
        Some((Ok(line), (receiver, stop)))
    });
    let body = Body::from_stream(futures_util::StreamExt::chain(first, lines));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

async fn next_line(receiver: &mut Receiver<Revocation>, stop: &CancellationToken) -> Option<Bytes> {
    // Cancel-safe: receiving from a broadcast channel loses nothing, and the other arms keep no state.
    let revocation = tokio::select! {
        () = stop.cancelled() => return None,
        () = tokio::time::sleep(SIGN_OF_LIFE) => return Some(Bytes::from_static(b"\n")),
        received = receiver.recv() => match received {
            Ok(revocation) => revocation,
            Err(RecvError::Lagged(_)) => Revocation::All(true),
            Err(RecvError::Closed) => return None,
        },
    };
    let mut line = serde_json::to_vec(&revocation).ok()?;
    line.push(b'\n');
    Some(line.into())
}

/// The household's certificate, which the gateway hands to everybody.
#[utoipa::path(get, path = "/internal/v1/authority", responses((status = 200, body = HouseholdCertificate)))]
pub(super) async fn authority(State(identity): State<Identity>) -> Json<HouseholdCertificate> {
    let authority = &identity.authority;
    Json(HouseholdCertificate { ca_pem: authority.certificate_pem().into(), fingerprint: authority.fingerprint().into() })
}

/// What the console shows: the household's certificate, its fingerprint, and the pairing code while the box is unclaimed.
#[utoipa::path(get, path = "/internal/v1/door", responses((status = 200, body = Door)))]
pub(super) async fn door(State(identity): State<Identity>) -> Answer<Json<Door>> {
    let pairing_code = match identity.door()? {
        DoorRecord::Unclaimed { code, .. } => Some(pairing::shown(&code)),
        DoorRecord::Claimed { .. } => None,
    };
    let authority = &identity.authority;
    Ok(Json(Door { ca_pem: authority.certificate_pem().into(), fingerprint: authority.fingerprint().into(), pairing_code }))
}
