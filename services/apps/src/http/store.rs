//! The routes of catalogues and of the store. Owners hand catalogues over; everybody of the household reads the store.

use std::collections::BTreeMap;

use axum::{Extension, Json, extract::State};
use croft_api::{
    body::{Id, JsonBody, TypedQuery},
    wire::catalogs::{CatalogApps, CatalogList, CatalogView, MAX_AT_ONCE, SealCatalog, StoreEntry, StorePage, StoreQuery},
};
use croft_catalog::AppSpec;
use croft_model::{AppId, Claims, Problem};
use http::StatusCode;
use jiff::Timestamp;

use super::{Answer, Desk, architecture, note, spec_invalid};
use crate::{keeper::Keeper, records::Phase};

/// Longest words on where a catalogue came from.
const SOURCE: usize = 200;

/// The catalogues of the box.
#[utoipa::path(get, path = "/api/v1/catalogs", operation_id = "catalogs_list", tag = "catalogs",
    responses((status = 200, body = CatalogList), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(State(Desk(keeper)): State<Desk>) -> Json<CatalogList> {
    Json(CatalogList { catalogs: keeper.shop.catalogs() })
}

/// Hands apps of a catalogue's edition over. They are shown when it is sealed.
#[utoipa::path(put, path = "/api/v1/catalogs/{catalog}/apps", operation_id = "catalogs_put", tag = "catalogs", request_body = CatalogApps,
    params(("catalog" = String, Path, description = "Its name on this box: a-z, 0-9 and `-`.")),
    responses((status = 204, description = "They are kept."), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn put(
    State(Desk(keeper)): State<Desk>,
    Id(catalog): Id<String>,
    JsonBody(body): JsonBody<CatalogApps>,
) -> Answer<StatusCode> {
    if body.specs.len() > MAX_AT_ONCE {
        return Err(Problem::new(422, "body-invalid", format!("At most {MAX_AT_ONCE} apps are taken at once.")).key("specs").into());
    }
    let specs: Result<Vec<AppSpec>, Problem> =
        body.specs.into_iter().map(|spec| serde_path_to_error::deserialize(spec).map_err(|error| spec_invalid(&error, "specs"))).collect();
    keeper.shop.put(&catalog, &body.edition, specs?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows an edition of a catalogue in place of the one before.
#[utoipa::path(post, path = "/api/v1/catalogs/{catalog}/seal", operation_id = "catalogs_seal", tag = "catalogs", request_body = SealCatalog,
    params(("catalog" = String, Path, description = "Its name on this box.")),
    responses((status = 200, body = CatalogView), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn seal(
    State(Desk(keeper)): State<Desk>,
    Extension(claims): Extension<Claims>,
    Id(catalog): Id<String>,
    JsonBody(body): JsonBody<SealCatalog>,
) -> Answer<Json<CatalogView>> {
    let source = body.source.chars().filter(|c| !c.is_control()).take(SOURCE).collect();
    let sealed = keeper.shop.seal(&catalog, &body.edition, source, Timestamp::now()).await?;
    note(&keeper, &claims, "catalog.added", format!("Added the catalogue {} with {} apps.", sealed.name, sealed.apps)).await;
    Ok(Json(sealed))
}

/// Removes a catalogue. Apps that were installed from it stay.
#[utoipa::path(delete, path = "/api/v1/catalogs/{catalog}", operation_id = "catalogs_remove", tag = "catalogs",
    params(("catalog" = String, Path, description = "Its name on this box.")),
    responses((status = 204, description = "It is gone."), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(
    State(Desk(keeper)): State<Desk>,
    Extension(claims): Extension<Claims>,
    Id(catalog): Id<String>,
) -> Answer<StatusCode> {
    keeper.shop.remove(&catalog).await?;
    note(&keeper, &claims, "catalog.removed", format!("Removed the catalogue {catalog}.")).await;
    Ok(StatusCode::NO_CONTENT)
}

/// A page of the apps of all catalogues.
#[utoipa::path(get, path = "/api/v1/catalogs/apps", operation_id = "store_list", tag = "catalogs", params(StoreQuery),
    responses((status = 200, body = StorePage), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn page(State(Desk(keeper)): State<Desk>, TypedQuery(query): TypedQuery<StoreQuery>) -> Json<StorePage> {
    Json(keeper.shop.page(&query, &installed(&keeper), architecture()))
}

/// All about an app of a catalogue.
#[utoipa::path(get, path = "/api/v1/catalogs/{catalog}/apps/{app}", operation_id = "store_show", tag = "catalogs",
    params(("catalog" = String, Path, description = "The catalogue."), ("app" = String, Path, description = "The app.")),
    responses((status = 200, body = StoreEntry), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show(State(Desk(keeper)): State<Desk>, Id((catalog, app)): Id<(String, AppId)>) -> Answer<Json<StoreEntry>> {
    Ok(Json(keeper.shop.entry(&catalog, &app, &installed(&keeper), architecture())?))
}

/// Which version of which app is installed.
fn installed(keeper: &Keeper) -> BTreeMap<AppId, String> {
    let state = keeper.state();
    let installed = state.kept.iter().filter(|(_, record)| record.phase == Phase::Installed);
    installed.map(|(id, record)| (id.clone(), record.spec.about.version.to_string())).collect()
}
