//! The routes of storage.

use std::sync::Arc;

use axum::{Json, extract::State};
use croft_api::{
    body::JsonBody,
    problem::ApiError,
    routes::{Needs, Routes},
    wire::install::{InstallEnd, InstallOffer, InstallWanted},
};
use croft_model::{Disk, Installation, Problem, Scope};
use http::StatusCode;
use utoipa_axum::routes;

use crate::installer::Installer;

type Answer<T> = Result<T, ApiError>;

/// Every route with its needs: what changes a disk is for whoever claims the box, the list also for owners.
#[must_use]
pub fn routes() -> Routes<Arc<Installer>> {
    let setup = Needs::Scope(Scope::Setup);
    Routes::new()
        .add(setup, routes!(offer, begin, cancel))
        .add(setup, routes!(progress))
        .add(setup, routes!(end))
        .add(Needs::Scope(Scope::Manage), routes!(disks))
}

/// Which disks there are, and whether this box can install itself onto one. For the holder of a claim ticket, as all of `install`.
#[utoipa::path(get, path = "/api/v1/install", operation_id = "install_offer", tag = "install", responses(
    (status = 200, body = InstallOffer),
    (status = 503, description = "`disks-unreadable`", body = Problem),
))]
async fn offer(State(installer): State<Arc<Installer>>) -> Answer<Json<InstallOffer>> {
    Ok(Json(installer.offer().await?))
}

/// Overwrites a disk with this system. A disk that is not empty only after its label was typed.
#[utoipa::path(post, path = "/api/v1/install", operation_id = "install_begin", tag = "install", request_body = InstallWanted, responses(
    (status = 202, body = Installation),
    (status = 404, description = "`disk-unknown`", body = Problem),
    (status = 409, description = "`disk-unfit`, `disk-changed`, `install-impossible`, `install-under-way`", body = Problem),
    (status = 422, description = "`label-wrong`", body = Problem),
))]
async fn begin(
    State(installer): State<Arc<Installer>>,
    JsonBody(wanted): JsonBody<InstallWanted>,
) -> Answer<(StatusCode, Json<Installation>)> {
    Ok((StatusCode::ACCEPTED, Json(installer.begin(wanted).await?)))
}

/// Gives up the installation that is under way.
#[utoipa::path(delete, path = "/api/v1/install", operation_id = "install_cancel", tag = "install", responses(
    (status = 202, body = Installation),
    (status = 409, description = "`nothing-to-cancel`", body = Problem),
))]
async fn cancel(State(installer): State<Arc<Installer>>) -> Answer<(StatusCode, Json<Installation>)> {
    Ok((StatusCode::ACCEPTED, Json(installer.cancel()?)))
}

/// How far the installation is, or how the last one ended.
#[utoipa::path(get, path = "/api/v1/install/progress", operation_id = "install_progress", tag = "install", responses((status = 200, body = Installation)))]
async fn progress(State(installer): State<Arc<Installer>>) -> Json<Installation> {
    Json(installer.installation())
}

/// Switches the machine off, or starts it again, once a disk holds a box.
#[utoipa::path(post, path = "/api/v1/install/end", operation_id = "install_end", tag = "install", request_body = InstallEnd, responses(
    (status = 204),
    (status = 409, description = "`install-unfinished`", body = Problem),
    (status = 503, description = "`machine-stays`", body = Problem),
))]
async fn end(State(installer): State<Arc<Installer>>, JsonBody(wanted): JsonBody<InstallEnd>) -> Answer<StatusCode> {
    installer.end(wanted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All disks of this machine.
#[utoipa::path(get, path = "/api/v1/disks", operation_id = "disks", tag = "disks", responses(
    (status = 200, body = Vec<Disk>),
    (status = 503, description = "`disks-unreadable`", body = Problem),
))]
async fn disks(State(installer): State<Arc<Installer>>) -> Answer<Json<Vec<Disk>>> {
    Ok(Json(installer.list().await?))
}
