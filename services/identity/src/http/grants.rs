//! `/api/v1/grants`: the page on which a person grants a device what it asks for.

use std::time::Instant;

use axum::{
    Json,
    extract::{Path, State},
};
use croft_api::wire::account::AskedGrant;
use croft_model::{Problem, Scope};
use http::StatusCode;

use super::{Answer, Caller};
use crate::identity::Identity;

/// The device that waits for an app password.
#[utoipa::path(get, path = "/api/v1/grants/{code}", operation_id = "asked_grant", tag = "grants", params(("code" = String, Path)), responses(
    (status = 200, body = AskedGrant),
    (status = 404, description = "`grant-over`", body = Problem),
))]
pub(super) async fn asked(State(identity): State<Identity>, _: Caller, Path(code): Path<String>) -> Answer<Json<AskedGrant>> {
    Ok(Json(identity.grants.asked(&code, Instant::now())?))
}

/// Grants the device an app password of the caller's, for files.
#[utoipa::path(post, path = "/api/v1/grants/{code}", operation_id = "grant", tag = "grants", params(("code" = String, Path)), responses(
    (status = 204),
    (status = 403, description = "`not-allowed`", body = Problem),
    (status = 404, description = "`grant-over`", body = Problem),
    (status = 409, description = "`too-many-app-passwords`", body = Problem),
))]
pub(super) async fn grant(State(identity): State<Identity>, caller: Caller, Path(code): Path<String>) -> Answer<StatusCode> {
    if !caller.claims.allows(Scope::Files) {
        return Err(Problem::new(403, "not-allowed", "An app password cannot make one that can do more than itself.").into());
    }
    let person = identity.household.person(caller.id)?.ok_or_else(Problem::internal)?;
    identity.grant(&code, &caller.claims, (caller.id, person)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends the device away.
#[utoipa::path(delete, path = "/api/v1/grants/{code}", operation_id = "refuse_grant", tag = "grants", params(("code" = String, Path)), responses(
    (status = 204),
    (status = 404, description = "`grant-over`", body = Problem),
))]
pub(super) async fn refuse(State(identity): State<Identity>, _: Caller, Path(code): Path<String>) -> Answer<StatusCode> {
    identity.grants.asked(&code, Instant::now())?;
    identity.grants.refuse(&code, Instant::now());
    Ok(StatusCode::NO_CONTENT)
}
