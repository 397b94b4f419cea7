//! The routes about snapshots and about what spaces take.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use croft_api::{
    body::{Id, JsonBody, TypedQuery},
    problem::{ApiError, internal},
    proof::Destructive,
    routes::{Gate, Needs, Routes},
};
use croft_model::{Claims, Problem, Scope, Snapshot, SnapshotList, SnapshotName, SnapshotOrder, SpaceId, SpaceUsage};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::{
    SnapshotKeeper,
    access::{Wish, space},
    wish::Really,
};
use crate::http::Storage;

type Answer<T> = Result<T, ApiError>;

/// Whether something is only tried.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Try {
    /// Only say what would be.
    #[serde(default)]
    dry_run: bool,
}

impl Try {
    fn really(self) -> Really {
        if self.dry_run { Really::DryRun } else { Really::Yes }
    }
}

/// Adds them: for everybody who is signed in, each by the right in the space.
pub(crate) fn add(routes: Routes<Storage>) -> Routes<Storage> {
    let signed_in = Needs::Scope(Scope::Account);
    routes.add(signed_in, routes!(list, take)).add(signed_in, routes!(remove)).add(signed_in, routes!(usage))
}

/// The snapshots of a space, newest first. For its members and owners of the box.
#[utoipa::path(get, path = "/api/v1/snapshots/{space}", operation_id = "snapshots_list", tag = "snapshots",
    params(("space" = SpaceId, Path, description = "The space.")), responses(
    (status = 200, body = SnapshotList),
    (status = 404, description = "`no-such-space`", body = Problem),
    (status = 503, description = "`snapshots-unreadable`", body = Problem),
))]
async fn list(
    State(keeper): State<Arc<SnapshotKeeper>>,
    Extension(claims): Extension<Claims>,
    Id(id): Id<SpaceId>,
) -> Answer<Json<SnapshotList>> {
    let space = space(&claims, keeper.household.borrow().as_ref(), id, Wish::See)?;
    Ok(Json(keeper.list(id, &space).await?))
}

/// Keeps how a space is now. For members with the right to write and owners of the box. It is durable when the answer comes, with all that was
/// acknowledged before.
#[utoipa::path(post, path = "/api/v1/snapshots/{space}", operation_id = "snapshots_take", tag = "snapshots",
    params(("space" = SpaceId, Path, description = "The space."), Try), request_body = SnapshotOrder, responses(
    (status = 201, body = Snapshot),
    (status = 200, body = Snapshot, description = "What would be taken."),
    (status = 403, description = "`not-allowed`", body = Problem),
    (status = 404, description = "`no-such-space`", body = Problem),
    (status = 409, description = "`snapshots-impossible`, `snapshots-too-many`", body = Problem),
    (status = 422, description = "`note-invalid`", body = Problem),
    (status = 503, description = "`snapshots-unreadable`", body = Problem),
))]
async fn take(
    State(keeper): State<Arc<SnapshotKeeper>>,
    Extension(claims): Extension<Claims>,
    Id(id): Id<SpaceId>,
    TypedQuery(query): TypedQuery<Try>,
    JsonBody(order): JsonBody<SnapshotOrder>,
) -> Answer<(StatusCode, Json<Snapshot>)> {
    space(&claims, keeper.household.borrow().as_ref(), id, Wish::Take)?;
    // In a task of its own, since what was begun comes to its end also when whoever asked has hung up.
    let taking = tokio::spawn(async move { keeper.want(id, order, claims.actor(), query.really()).await });
    let taken = taking.await.map_err(|error| internal(&error))??;
    Ok((if query.dry_run { StatusCode::OK } else { StatusCode::CREATED }, Json(taken)))
}

/// Removes a snapshot. What only it holds is lost, so it wants a proof in `croft-proof` of `snapshot.remove` and `SPACE NAME`. For owners of the box.
#[utoipa::path(delete, path = "/api/v1/snapshots/{space}/{name}", operation_id = "snapshots_remove", tag = "snapshots",
    params(("space" = SpaceId, Path, description = "The space."), ("name" = SnapshotName, Path, description = "The snapshot."), Try), responses(
    (status = 200, body = Snapshot),
    (status = 403, description = "`not-allowed`, `proof-missing`, `proof-refused`", body = Problem),
    (status = 404, description = "`no-such-space`, `no-such-snapshot`", body = Problem),
    (status = 409, description = "`snapshots-impossible`", body = Problem),
    (status = 503, description = "`snapshots-unreadable`", body = Problem),
))]
async fn remove(
    State(keeper): State<Arc<SnapshotKeeper>>,
    Extension(gate): Extension<Arc<Gate>>,
    Extension(claims): Extension<Claims>,
    Id((id, name)): Id<(SpaceId, SnapshotName)>,
    TypedQuery(query): TypedQuery<Try>,
    sent: HeaderMap,
) -> Answer<Json<Snapshot>> {
    space(&claims, keeper.household.borrow().as_ref(), id, Wish::Remove)?;
    if !query.dry_run {
        // It is asked for last: who would be refused anyhow types no passphrase.
        keeper.unwant(id, name, &claims.actor(), Really::DryRun).await?;
        let wanted = Destructive { operation: "snapshot.remove", target: &format!("{id} {name}") };
        gate.verifier.destroys(&claims, &sent, wanted, Timestamp::now().as_second())?;
    }
    let removing = tokio::spawn(async move { keeper.unwant(id, name, &claims.actor(), query.really()).await });
    Ok(Json(removing.await.map_err(|error| internal(&error))??))
}

/// What a space takes: its files now, its older versions and trash, its snapshots. All files are looked at where something has changed, which takes a
/// second or so for each million. For its members and owners of the box.
#[utoipa::path(get, path = "/api/v1/usage/{space}", operation_id = "usage_show", tag = "snapshots",
    params(("space" = SpaceId, Path, description = "The space.")), responses(
    (status = 200, body = SpaceUsage),
    (status = 404, description = "`no-such-space`", body = Problem),
    (status = 503, description = "`snapshots-unreadable`", body = Problem),
))]
async fn usage(
    State(keeper): State<Arc<SnapshotKeeper>>,
    Extension(claims): Extension<Claims>,
    Id(id): Id<SpaceId>,
) -> Answer<Json<SpaceUsage>> {
    let space = space(&claims, keeper.household.borrow().as_ref(), id, Wish::See)?;
    Ok(Json(keeper.usage(id, &space).await?))
}
