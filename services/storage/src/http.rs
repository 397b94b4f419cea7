//! The routes of storage.

mod disks;

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{FromRef, State},
};
use croft_api::{
    body::JsonBody,
    problem::{ApiError, internal},
    proof::Destructive,
    routes::{Gate, Needs, Routes},
    wire::install::{InstallEnd, InstallOffer, InstallWanted},
};
use croft_model::{Claims, Installation, Pool, PoolChange, PoolPlan, PoolView, Problem, Scope, ToProve};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use utoipa_axum::routes;

use crate::{
    adopt::Adopter,
    eraser::Eraser,
    installer::Installer,
    keeper::Keeper,
    snapshot::{self, SnapshotKeeper},
};

type Answer<T> = Result<T, ApiError>;

/// Everything behind the routes.
#[derive(Clone)]
pub struct Storage {
    pub(crate) installer: Arc<Installer>,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) eraser: Arc<Eraser>,
    pub(crate) snapshots: Arc<SnapshotKeeper>,
    pub(crate) adopter: Arc<Adopter>,
}

impl FromRef<Storage> for Arc<Adopter> {
    fn from_ref(storage: &Storage) -> Self {
        Arc::clone(&storage.adopter)
    }
}

impl FromRef<Storage> for Arc<Eraser> {
    fn from_ref(storage: &Storage) -> Self {
        Arc::clone(&storage.eraser)
    }
}

impl FromRef<Storage> for Arc<Installer> {
    fn from_ref(storage: &Storage) -> Self {
        Arc::clone(&storage.installer)
    }
}

impl FromRef<Storage> for Arc<Keeper> {
    fn from_ref(storage: &Storage) -> Self {
        Arc::clone(&storage.keeper)
    }
}

impl FromRef<Storage> for Arc<SnapshotKeeper> {
    fn from_ref(storage: &Storage) -> Self {
        Arc::clone(&storage.snapshots)
    }
}

/// Every route with its needs: installing is for whoever claims the box, the disks and the pool are for owners, snapshots for everybody by their
/// right in the space.
#[must_use]
pub fn routes() -> Routes<Storage> {
    let (setup, manage) = (Needs::Scope(Scope::Setup), Needs::Scope(Scope::Manage));
    snapshot::http::add(Routes::new())
        .add(setup, routes!(offer, begin, cancel))
        .add(setup, routes!(progress))
        .add(setup, routes!(end))
        .add(manage, routes!(disks::list))
        .add(manage, routes!(disks::plan))
        .add(manage, routes!(disks::erase))
        .add(manage, routes!(disks::restore))
        .add(manage, routes!(disks::look))
        .add(manage, routes!(disks::adopted))
        .add(manage, routes!(disks::adopt_plan))
        .add(manage, routes!(disks::adopt, disks::release))
        .add(manage, routes!(pool))
        .add(manage, routes!(plan))
        .add(manage, routes!(change, give_up))
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
    (status = 409, description = "`disk-adopted`, `disk-unfit`, `disk-changed`, `install-impossible`, `install-under-way`", body = Problem),
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

/// The disks that hold the household's data together, how safe it lies there, and what is being done to them.
#[utoipa::path(get, path = "/api/v1/pool", operation_id = "pool", tag = "pool", responses(
    (status = 200, body = PoolView),
    (status = 503, description = "`pool-unreadable`, `not-ready`", body = Problem),
))]
async fn pool(State(keeper): State<Arc<Keeper>>) -> Answer<Json<PoolView>> {
    Ok(Json(keeper.view()?))
}

/// What a change would do to the pool, or why it would not be safe. Nothing is begun.
#[utoipa::path(post, path = "/api/v1/pool/plan", operation_id = "pool_plan", tag = "pool", request_body = PoolChange, responses(
    (status = 200, body = PoolPlan),
    (status = 404, description = "`disk-unknown`, `pool-no-such-disk`", body = Problem),
    (status = 409, description = "`disk-adopted`, `disk-changed`, `disk-too-small`, `disk-unfit`, `install-under-way`, `pool-absent`, `pool-boot-disk`, `pool-change-under-way`, `pool-disk-missing`, `pool-doubtful`, `pool-last-disk`, `pool-no-room`, `pool-nothing-to-do`, `pool-read-only`, `pool-too-few-disks`, `pool-too-many-disks`", body = Problem),
    (status = 503, description = "`disks-unreadable`, `pool-unreadable`", body = Problem),
))]
async fn plan(State(keeper): State<Arc<Keeper>>, JsonBody(change): JsonBody<PoolChange>) -> Answer<Json<PoolPlan>> {
    Ok(Json(keeper.plan(&change).await?))
}

/// Begins a change of the pool. What overwrites a disk, takes one off or keeps fewer copies wants a proof in `croft-proof`, which the plan
/// and the refusal `proof-missing` describe; and the label of a disk that is not empty.
#[utoipa::path(post, path = "/api/v1/pool/changes", operation_id = "pool_change", tag = "pool", request_body = PoolChange, responses(
    (status = 202, body = Pool),
    (status = 403, description = "`proof-missing`, `proof-refused`", body = Problem),
    (status = 404, description = "`disk-unknown`, `pool-no-such-disk`", body = Problem),
    (status = 409, description = "as of `/api/v1/pool/plan`", body = Problem),
    (status = 422, description = "`label-wrong`", body = Problem),
    (status = 503, description = "`disks-unreadable`, `pool-unreadable`", body = Problem),
))]
async fn change(
    State(keeper): State<Arc<Keeper>>,
    Extension(gate): Extension<Arc<Gate>>,
    Extension(claims): Extension<Claims>,
    sent: HeaderMap,
    JsonBody(change): JsonBody<PoolChange>,
) -> Answer<(StatusCode, Json<Pool>)> {
    // In a task of its own, since what was begun is to be known also when whoever asked has hung up.
    let beginning = tokio::spawn(async move {
        let proved = |plan: &PoolPlan| match &plan.proof {
            None => Ok(()),
            Some(ToProve { operation, target }) => {
                gate.verifier.destroys(&claims, &sent, Destructive { operation, target }, Timestamp::now().as_second())
            }
        };
        keeper.begin(change, claims.actor(), proved).await
    });
    Ok((StatusCode::ACCEPTED, Json(beginning.await.map_err(|error| internal(&error))??)))
}

/// Gives up the change that is under way. The pool stays as safe as it was before.
#[utoipa::path(delete, path = "/api/v1/pool/changes", operation_id = "pool_give_up", tag = "pool", responses(
    (status = 202, body = Pool),
    (status = 409, description = "`nothing-to-cancel`", body = Problem),
))]
async fn give_up(State(keeper): State<Arc<Keeper>>) -> Answer<(StatusCode, Json<Pool>)> {
    let giving_up = tokio::spawn(async move { keeper.cancel().await });
    Ok((StatusCode::ACCEPTED, Json(giving_up.await.map_err(|error| internal(&error))??)))
}
