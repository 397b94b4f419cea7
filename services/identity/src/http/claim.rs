//! `/api/v1/claim`: the first run.

use axum::{Json, extract::State, response::Response};
use croft_api::{
    body::JsonBody,
    wire::{
        account::Session,
        claim::{ClaimCode, ClaimFinish, ClaimPerson, ClaimState, ClaimStatus, ClaimTicket, RecoveryKit},
    },
};
use croft_model::{Problem, Secret};
use http::StatusCode;

use super::{Answer, Client, signed_in};
use crate::{identity::Identity, records::DoorRecord};

/// Whether the box has an owner, and the fingerprint to compare with the console.
#[utoipa::path(get, path = "/api/v1/claim", operation_id = "claim_status", tag = "claim", responses((status = 200, body = ClaimStatus)))]
pub(super) async fn status(State(identity): State<Identity>) -> Answer<Json<ClaimStatus>> {
    let state = match identity.door()? {
        DoorRecord::Unclaimed { .. } => ClaimState::Unclaimed,
        DoorRecord::Claimed { .. } => ClaimState::Claimed,
    };
    let fingerprint = identity.authority.fingerprint().to_owned();
    Ok(Json(ClaimStatus { state, box_name: identity.household.this_box().name, fingerprint }))
}

/// First step: the pairing code. Five tries of an address, then one a minute.
#[utoipa::path(post, path = "/api/v1/claim/code", operation_id = "claim_code", tag = "claim", request_body = ClaimCode, responses(
    (status = 200, body = ClaimTicket),
    (status = 401, description = "`pairing-code-wrong`", body = Problem),
    (status = 410, description = "`already-claimed`", body = Problem),
    (status = 429, description = "`too-many-guesses`", body = Problem),
))]
pub(super) async fn code(
    State(identity): State<Identity>,
    client: Client,
    JsonBody(body): JsonBody<ClaimCode>,
) -> Answer<Json<ClaimTicket>> {
    let ticket = identity.claim_code(body.code.expose().to_owned(), client.address).await?;
    Ok(Json(ClaimTicket { ticket: Secret::try_from(ticket).map_err(|_| Problem::internal())? }))
}

/// Second step: who owns the box. Answers with the recovery kit, shown this once; done again it makes another one.
#[utoipa::path(post, path = "/api/v1/claim/person", operation_id = "claim_person", tag = "claim", request_body = ClaimPerson, responses(
    (status = 200, body = RecoveryKit),
    (status = 401, description = "`ticket-over`", body = Problem),
    (status = 410, description = "`already-claimed`", body = Problem),
    (status = 422, description = "`claim-invalid`, `passphrase-unfit`", body = Problem),
))]
pub(super) async fn person(State(identity): State<Identity>, JsonBody(body): JsonBody<ClaimPerson>) -> Answer<Json<RecoveryKit>> {
    Ok(Json(identity.claim_person(body).await?))
}

/// Last step: words of the kit asked back. Signs the owner in.
#[utoipa::path(post, path = "/api/v1/claim/finish", operation_id = "claim_finish", tag = "claim", request_body = ClaimFinish, responses(
    (status = 201, body = Session),
    (status = 401, description = "`ticket-over`", body = Problem),
    (status = 410, description = "`already-claimed`", body = Problem),
    (status = 422, description = "`kit-answer-wrong`", body = Problem),
))]
pub(super) async fn finish(State(identity): State<Identity>, client: Client, JsonBody(body): JsonBody<ClaimFinish>) -> Answer<Response> {
    signed_in(StatusCode::CREATED, identity.claim_finish(body.ticket.expose(), &body.answers, client.origin()).await?)
}
