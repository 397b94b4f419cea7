//! The routes of single disks.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use croft_api::{body::JsonBody, problem::internal, proof::Destructive, routes::Gate};
use croft_model::{AdoptDisk, AdoptPlan, Adopted, Claims, DiskId, DiskView, DiskWork, EraseDisk, ErasePlan, Inside, Problem, SeenDisk};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::Answer;
use crate::{adopt::Adopter, eraser::Eraser};

/// All disks of this machine, with how each is, where it is plugged in, what is on it, and what can be taken back.
#[utoipa::path(get, path = "/api/v1/disks", operation_id = "disks", tag = "disks", responses(
    (status = 200, body = Vec<DiskView>),
    (status = 503, description = "`disks-unreadable`", body = Problem),
))]
pub(super) async fn list(State(eraser): State<Arc<Eraser>>) -> Answer<Json<Vec<DiskView>>> {
    Ok(Json(eraser.list().await?))
}

/// What erasing a disk would do, or why it cannot be erased. Nothing is begun.
#[utoipa::path(post, path = "/api/v1/disks/{id}/erase/plan", operation_id = "disk_erase_plan", tag = "disks", request_body = SeenDisk,
    params(("id" = DiskId, Path, description = "The disk.")), responses(
    (status = 200, body = ErasePlan),
    (status = 404, description = "`disk-unknown`", body = Problem),
    (status = 409, description = "`disk-changed`, `disk-empty`, `disk-unfit`, `install-under-way`, `pool-change-under-way`", body = Problem),
    (status = 503, description = "`disks-unreadable`", body = Problem),
))]
pub(super) async fn plan(
    State(eraser): State<Arc<Eraser>>,
    Path(id): Path<String>,
    JsonBody(seen): JsonBody<SeenDisk>,
) -> Answer<Json<ErasePlan>> {
    Ok(Json(eraser.plan(&disk(&id)?, &seen).await?))
}

/// Erases a disk: both of its ends are kept for a week, and then wiped. Wants the label of the disk, and a proof in `croft-proof`, which the plan
/// and the refusal `proof-missing` describe. Where it takes long, the answer has no end yet; the list has it then.
#[utoipa::path(post, path = "/api/v1/disks/{id}/erase", operation_id = "disk_erase", tag = "disks", request_body = EraseDisk,
    params(("id" = DiskId, Path, description = "The disk.")), responses(
    (status = 202, body = DiskWork),
    (status = 403, description = "`proof-missing`, `proof-refused`", body = Problem),
    (status = 404, description = "`disk-unknown`", body = Problem),
    (status = 409, description = "as of `/api/v1/disks/{id}/erase/plan`, and `disk-work-under-way`", body = Problem),
    (status = 422, description = "`label-wrong`", body = Problem),
    (status = 503, description = "`disks-unreadable`", body = Problem),
))]
pub(super) async fn erase(
    State(eraser): State<Arc<Eraser>>,
    Extension(gate): Extension<Arc<Gate>>,
    Extension(claims): Extension<Claims>,
    Path(id): Path<String>,
    sent: HeaderMap,
    JsonBody(wanted): JsonBody<EraseDisk>,
) -> Answer<(StatusCode, Json<DiskWork>)> {
    let id = disk(&id)?;
    // In a task of its own, since what was begun is to be known also when whoever asked has hung up.
    let beginning = tokio::spawn(async move {
        let proved = |plan: &ErasePlan| {
            let (operation, target) = (&plan.proof.operation, &plan.proof.target);
            gate.verifier.destroys(&claims, &sent, Destructive { operation, target }, Timestamp::now().as_second())
        };
        eraser.erase(&id, wanted, claims.actor(), proved).await
    });
    Ok((StatusCode::ACCEPTED, Json(beginning.await.map_err(|error| internal(&error))??)))
}

/// Takes back the erasing of a disk to which nothing was written since. Where it takes long, the answer has no end yet; the list has it then.
#[utoipa::path(post, path = "/api/v1/disks/{id}/restore", operation_id = "disk_restore", tag = "disks", request_body = SeenDisk,
    params(("id" = DiskId, Path, description = "The disk.")), responses(
    (status = 202, body = DiskWork),
    (status = 404, description = "`disk-unknown`, `disk-nothing-kept`", body = Problem),
    (status = 409, description = "`disk-changed`, `disk-unfit`, `disk-work-under-way`, `disk-written-since`, `install-under-way`, `pool-change-under-way`", body = Problem),
    (status = 503, description = "`disks-unreadable`", body = Problem),
))]
pub(super) async fn restore(
    State(eraser): State<Arc<Eraser>>,
    Extension(claims): Extension<Claims>,
    Path(id): Path<String>,
    JsonBody(seen): JsonBody<SeenDisk>,
) -> Answer<(StatusCode, Json<DiskWork>)> {
    let id = disk(&id)?;
    let beginning = tokio::spawn(async move { eraser.restore(&id, seen, claims.actor()).await });
    Ok((StatusCode::ACCEPTED, Json(beginning.await.map_err(|error| internal(&error))??)))
}

/// What is in the file systems of a disk that nothing uses: how much, what lies at the top, and the newest files. Nothing is written to it.
#[utoipa::path(post, path = "/api/v1/disks/{id}/look", operation_id = "disk_look", tag = "disks", request_body = SeenDisk,
    params(("id" = DiskId, Path, description = "The disk.")), responses(
    (status = 200, body = Inside),
    (status = 404, description = "`disk-unknown`", body = Problem),
    (status = 409, description = "`disk-changed`, `disk-unfit`, `disk-work-under-way`, `install-under-way`, `pool-change-under-way`", body = Problem),
    (status = 503, description = "`disks-unreadable`, `disk-slow`", body = Problem),
))]
pub(super) async fn look(
    State(eraser): State<Arc<Eraser>>,
    Path(id): Path<String>,
    JsonBody(seen): JsonBody<SeenDisk>,
) -> Answer<Json<Inside>> {
    Ok(Json(eraser.look(&disk(&id)?, &seen).await?))
}

/// All disks that are used as they are, also those that are not plugged in.
#[utoipa::path(get, path = "/api/v1/disks/adopted", operation_id = "disks_adopted", tag = "disks", responses(
    (status = 200, body = Vec<Adopted>),
))]
pub(super) async fn adopted(State(adopter): State<Arc<Adopter>>) -> Json<Vec<Adopted>> {
    Json(adopter.all())
}

/// What would be read of a disk that is used as it is, or why it cannot be. Nothing is begun, and nothing is written to it.
#[utoipa::path(post, path = "/api/v1/disks/{id}/adopt/plan", operation_id = "disk_adopt_plan", tag = "disks", request_body = AdoptDisk,
    params(("id" = DiskId, Path, description = "The disk.")), responses(
    (status = 200, body = AdoptPlan),
    (status = 404, description = "`disk-unknown`", body = Problem),
    (status = 409, description = "`disk-adopted`, `disk-changed`, `disk-unfit`, `disk-unreadable`, `install-under-way`, `pool-change-under-way`", body = Problem),
    (status = 422, description = "`adopt-name-invalid`", body = Problem),
    (status = 503, description = "`disks-unreadable`", body = Problem),
))]
pub(super) async fn adopt_plan(
    State(adopter): State<Arc<Adopter>>,
    Path(id): Path<String>,
    JsonBody(wanted): JsonBody<AdoptDisk>,
) -> Answer<Json<AdoptPlan>> {
    Ok(Json(adopter.plan(&disk(&id)?, &wanted).await?))
}

/// Uses a disk as it is: what is on it is read in Files, and nothing is written to it. It comes back whenever the disk is plugged in, until it is released.
#[utoipa::path(post, path = "/api/v1/disks/{id}/adopt", operation_id = "disk_adopt", tag = "disks", request_body = AdoptDisk,
    params(("id" = DiskId, Path, description = "The disk.")), responses(
    (status = 200, body = Vec<Adopted>),
    (status = 404, description = "`disk-unknown`", body = Problem),
    (status = 409, description = "as of `/api/v1/disks/{id}/adopt/plan`, and `adopt-name-taken`", body = Problem),
    (status = 422, description = "`adopt-name-invalid`, `adopt-nobody`, `settings-invalid`", body = Problem),
    (status = 503, description = "`disks-unreadable`", body = Problem),
))]
pub(super) async fn adopt(
    State(adopter): State<Arc<Adopter>>,
    Extension(claims): Extension<Claims>,
    Path(id): Path<String>,
    JsonBody(wanted): JsonBody<AdoptDisk>,
) -> Answer<Json<Vec<Adopted>>> {
    let id = disk(&id)?;
    // In a task of its own, since what was begun is to be known also when whoever asked has hung up.
    let adopting = tokio::spawn(async move { adopter.adopt(&id, wanted, &claims).await });
    Ok(Json(adopting.await.map_err(|error| internal(&error))??))
}

/// Uses a disk as it is no longer. It may be plugged out, or erased, afterwards.
#[utoipa::path(delete, path = "/api/v1/disks/{id}/adopt", operation_id = "disk_release", tag = "disks",
    params(("id" = DiskId, Path, description = "The disk.")), responses(
    (status = 204),
    (status = 404, description = "`disk-unknown`, `disk-not-adopted`", body = Problem),
))]
pub(super) async fn release(
    State(adopter): State<Arc<Adopter>>,
    Extension(claims): Extension<Claims>,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let id = disk(&id)?;
    let releasing = tokio::spawn(async move { adopter.release(&id, &claims).await });
    releasing.await.map_err(|error| internal(&error))??;
    Ok(StatusCode::NO_CONTENT)
}

/// The id in an address.
fn disk(id: &str) -> Result<DiskId, Problem> {
    id.parse().map_err(|_| {
        Problem::new(404, "disk-unknown", "This disk is not here, or no longer.").hint("Look at the list of disks again.").key("disk")
    })
}
