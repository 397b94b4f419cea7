//! `/api/v1/passphrase`, `/api/v1/invitations`, `/api/v1/join`, `/api/v1/recovery`: the ways to set a passphrase; `/api/v1/session/proof`: typing it once more.

use axum::{Json, extract::State, response::Response};
use croft_api::{
    body::JsonBody,
    wire::account::{ChangePassphrase, Invitation, Invite, Join, Prove, Proved, Recovery, Session},
};
use croft_model::{Problem, Secret};
use http::StatusCode;
use jiff::Timestamp;

use super::{Answer, Anybody, Caller, Client, signed_in};
use crate::{error::IdentityError, identity::Identity, invitations, records::CREDENTIALS};

/// Changes the caller's passphrase. Every other browser is signed out; this one gets a new cookie.
#[utoipa::path(post, path = "/api/v1/passphrase", operation_id = "change_passphrase", tag = "passphrase", request_body = ChangePassphrase, responses(
    (status = 200, body = Session),
    (status = 403, description = "`passphrase-wrong`", body = Problem),
    (status = 422, description = "`passphrase-unfit`", body = Problem),
    (status = 429, description = "`too-many-guesses`", body = Problem),
))]
pub(super) async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    client: Client,
    JsonBody(body): JsonBody<ChangePassphrase>,
) -> Answer<Response> {
    signed_in(StatusCode::OK, identity.change_passphrase(caller.id, &body.old, &body.new, client.address, client.origin()).await?)
}

/// Proves that the caller means what cannot be undone: the passphrase is typed once more, for one operation on one thing. What the proof is needed for
/// says so by the refusal `proof-missing`.
#[utoipa::path(post, path = "/api/v1/session/proof", operation_id = "prove", tag = "session", request_body = Prove, responses(
    (status = 201, body = Proved),
    (status = 403, description = "`passphrase-wrong`", body = Problem),
    (status = 422, description = "`proof-unfit`", body = Problem),
    (status = 429, description = "`too-many-guesses`", body = Problem),
))]
pub(super) async fn prove(
    State(identity): State<Identity>,
    caller: Caller,
    client: Client,
    JsonBody(body): JsonBody<Prove>,
) -> Answer<(StatusCode, Json<Proved>)> {
    Ok((StatusCode::CREATED, Json(identity.prove(caller.id, body, client.address).await?)))
}

/// Invites a person of the household to choose a passphrase; an invitation made before is void.
#[utoipa::path(post, path = "/api/v1/invitations", operation_id = "invite", tag = "invitations", request_body = Invite, responses(
    (status = 201, body = Invitation),
    (status = 404, description = "`no-such-person`", body = Problem),
    (status = 409, description = "`owner-has-passphrase`", body = Problem),
))]
pub(super) async fn invite(
    State(identity): State<Identity>,
    Anybody(claims): Anybody,
    JsonBody(body): JsonBody<Invite>,
) -> Answer<(StatusCode, Json<Invitation>)> {
    let id = body.person;
    let person = identity.household.arrived(id).await?;
    let credential = identity.records.read()?.get(&CREDENTIALS, &id.number()).map_err(IdentityError::from)?;
    invitations::may_invite(person.role, credential.as_ref())?;
    let (this, who) = (identity.clone(), claims.actor());
    let sentence = format!("{} was invited to choose a passphrase.", person.display_name);
    let tell = move |_: &_| this.audit.say(who, "invitation.made", sentence);
    let (code, expires) =
        identity.records.change_and_tell::<_, IdentityError>(move |write| invitations::make(write, id, Timestamp::now()), tell).await?;
    let code = Secret::try_from(code).map_err(|_| Problem::internal())?;
    Ok((StatusCode::CREATED, Json(Invitation { code, expires })))
}

/// Chooses a passphrase by invitation, and signs in.
#[utoipa::path(post, path = "/api/v1/join", operation_id = "join", tag = "join", request_body = Join, responses(
    (status = 201, body = Session),
    (status = 401, description = "`invitation-wrong`", body = Problem),
    (status = 409, description = "`owner-has-passphrase`", body = Problem),
    (status = 422, description = "`passphrase-unfit`", body = Problem),
    (status = 429, description = "`too-many-guesses`", body = Problem),
))]
pub(super) async fn join(State(identity): State<Identity>, client: Client, JsonBody(body): JsonBody<Join>) -> Answer<Response> {
    signed_in(StatusCode::CREATED, identity.join(&body.code, &body.passphrase, client.address, client.origin()).await?)
}

/// Resets an owner's passphrase with the recovery kit, and signs in; every other browser of the owner is signed out.
#[utoipa::path(post, path = "/api/v1/recovery", operation_id = "recover", tag = "recovery", request_body = Recovery, responses(
    (status = 200, body = Session),
    (status = 401, description = "`recovery-kit-wrong`", body = Problem),
    (status = 422, description = "`passphrase-unfit`", body = Problem),
    (status = 429, description = "`too-many-guesses`", body = Problem),
))]
pub(super) async fn recover(State(identity): State<Identity>, client: Client, JsonBody(body): JsonBody<Recovery>) -> Answer<Response> {
    signed_in(StatusCode::OK, identity.recover(&body.words, &body.name, &body.passphrase, client.address, client.origin()).await?)
}
