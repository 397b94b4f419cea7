//! The routes of apps. Everybody of the household sees them; owners change them.

mod store;

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::State,
    response::{IntoResponse, Response},
};
use croft_api::{
    body::{Id, JsonBody, TypedQuery},
    problem::ApiError,
    routes::{Needs, Routes},
    wire::{
        apps::{AppLine, AppList, AppLog, AppLogQuery, AppSecret, AppSecrets, AppView, InstallApp, InstallPlan, InstallQuery},
        trust::AuditLine,
    },
};
use croft_catalog::AppSpec;
use croft_containers::{LogsWish, SeenContainer};
use croft_model::{AppId, Claims, Problem, Scope};
use futures_util::StreamExt;
use http::StatusCode;
use tokio::time::{Duration, timeout};
use utoipa_axum::routes;

use crate::{
    health,
    install::{self, Order},
    judge,
    keeper::Keeper,
    records::Phase,
    view,
};

/// Lines of a log where nothing is said, and the most.
const LINES: u32 = 200;
const MOST_LINES: u32 = 2000;
/// Time to read a log in.
const READING: Duration = Duration::from_secs(10);

/// What the routes work with.
#[derive(Clone)]
pub struct Desk(pub(crate) Arc<Keeper>);

type Answer<T> = Result<T, ApiError>;

/// Every route with its needs.
#[must_use]
pub fn routes() -> Routes<Desk> {
    let (account, manage) = (Needs::Scope(Scope::Account), Needs::Scope(Scope::Manage));
    Routes::new()
        .add(account, routes!(list))
        .add(manage, routes!(install_app))
        .add(account, routes!(show))
        .add(manage, routes!(uninstall))
        .add(manage, routes!(restart))
        .add(manage, routes!(log))
        .add(manage, routes!(secrets))
        .add(account, routes!(store::list))
        .add(account, routes!(store::page))
        .add(account, routes!(store::show))
        .add(manage, routes!(store::put))
        .add(manage, routes!(store::seal))
        .add(manage, routes!(store::remove))
}

/// The routes with their state.
pub(crate) fn router(desk: Desk) -> Router {
    routes().build(desk)
}

/// The apps of the box, and whether apps can run here.
#[utoipa::path(get, path = "/api/v1/apps", operation_id = "apps_list", tag = "apps",
    responses((status = 200, body = AppList), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn list(State(Desk(keeper)): State<Desk>, Extension(claims): Extension<Claims>) -> Json<AppList> {
    let mut apps = view::all(&keeper);
    apps.iter_mut().for_each(|app| for_reader(app, &claims));
    let engine = keeper.state().engine.clone();
    Json(AppList { engine, apps })
}

/// Installs an app, or says what that would mean. The answer comes at once; how far it is stands with the app.
#[utoipa::path(post, path = "/api/v1/apps", operation_id = "apps_install", tag = "apps", request_body = InstallApp, params(InstallQuery),
    responses((status = 200, description = "What would be done.", body = InstallPlan), (status = 202, description = "It has begun.", body = InstallPlan),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn install_app(
    State(Desk(keeper)): State<Desk>,
    Extension(claims): Extension<Claims>,
    TypedQuery(query): TypedQuery<InstallQuery>,
    JsonBody(asked): JsonBody<InstallApp>,
) -> Answer<Response> {
    let spec: AppSpec = serde_path_to_error::deserialize(asked.spec).map_err(|error| spec_invalid(&error, "spec"))?;
    let id = spec.id.clone();
    let refused = judge::all_refusals(&spec, architecture());
    let plan = InstallPlan {
        app: id.clone(),
        name: spec.about.name.to_string(),
        permissions: view::permissions(&spec),
        images: spec.services.values().map(|part| part.image.to_string()).collect(),
        refused,
    };
    if query.dry_run {
        return Ok(Json(plan).into_response());
    }
    if let Some(reason) = plan.refused.first() {
        return Err(Problem::new(422, "app-refused", reason.clone()).hint("`croft app show` tells all reasons.").into());
    }
    if let Some(permission) = judge::ungranted(&spec, &asked.granted).first() {
        return Err(Problem::new(
            409,
            "app-permission-needed",
            format!("{} asks for more than its own network and data. {}", plan.name, permission.sentence()),
        )
        .hint(format!("Grant it with `--grant {}` if it shall have that.", permission.word()))
        .key("granted")
        .into());
    }
    let before = keeper.state().kept.get(&id).cloned();
    let source: String = asked.source.chars().filter(|c| !c.is_control()).take(200).collect();
    if let Some(before) = &before {
        if !asked.replace && before.source != source {
            let from = if before.source.is_empty() { "a specification" } else { before.source.as_str() };
            return Err(Problem::new(
                409,
                "app-other-source",
                format!("What the box has of {id} came from {from}, and this comes from elsewhere."),
            )
            .hint("It would get the data and the secrets of the other. If it shall: `--replace`.")
            .key("source")
            .into());
        }
        if let Some(reason) = judge::nested(&spec, &before.folders) {
            return Err(Problem::new(422, "app-refused", reason)
                .hint("An app cannot mount a folder within one that it had before.")
                .into());
        }
    }
    let known = before.map(|before| before.secrets).unwrap_or_default();
    let filled = judge::filled(&spec, &asked.values, &known).map_err(|(key, why)| {
        Problem::new(422, "app-value-refused", why).hint("`croft app show` tells what is to be filled in.").key(key)
    })?;
    if keeper.hosted().is_none() {
        return Err(Problem::unavailable("The settings").into());
    }
    let claim = install::begin(&keeper, &id, "install", "Begins.").ok_or_else(|| at_work(&id))?;
    keeper.state().names.insert(id.clone(), plan.name.clone());
    note(&keeper, &claims, "app.install", format!("Began to install the app {}.", plan.name)).await;
    let order = Order { spec, id, source, filled, by: claims.actor().to_string() };
    tokio::spawn(install::install(claim, order));
    Ok((StatusCode::ACCEPTED, Json(plan)).into_response())
}

/// One app.
#[utoipa::path(get, path = "/api/v1/apps/{app}", operation_id = "apps_show", tag = "apps",
    params(("app" = String, Path, description = "The app.")),
    responses((status = 200, body = AppView), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn show(State(Desk(keeper)): State<Desk>, Extension(claims): Extension<Claims>, Id(app): Id<AppId>) -> Answer<Json<AppView>> {
    let mut view = view::of(&keeper, &app).ok_or_else(|| no_app(&app))?;
    for_reader(&mut view, &claims);
    Ok(Json(view))
}

/// What owners filled in and decided of others is theirs to read.
fn for_reader(app: &mut AppView, claims: &Claims) {
    if !claims.allows(Scope::Manage)
        && let Some(wanted) = &mut app.wanted
    {
        wanted.values.clear();
        wanted.people.clear();
    }
}

/// Takes an app away. What it has kept stays, and an install of the same app finds it again.
#[utoipa::path(delete, path = "/api/v1/apps/{app}", operation_id = "apps_uninstall", tag = "apps",
    params(("app" = String, Path, description = "The app.")),
    responses((status = 204, description = "It is on its way."), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn uninstall(State(Desk(keeper)): State<Desk>, Extension(claims): Extension<Claims>, Id(app): Id<AppId>) -> Answer<StatusCode> {
    let is_there = keeper.hosted().is_some_and(|hosted| hosted.contains_key(&app)) || view::of(&keeper, &app).is_some();
    if !is_there {
        return Err(no_app(&app).into());
    }
    let claim = install::begin(&keeper, &app, "uninstall", "Takes it away.").ok_or_else(|| at_work(&app))?;
    // What had failed is over, too.
    keeper.state().names.remove(&app);
    let ended = install::uninstall(Arc::clone(&keeper), app, claims.actor().to_string()).await;
    drop(claim);
    ended?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all parts of an app and starts them again.
#[utoipa::path(post, path = "/api/v1/apps/{app}/restart", operation_id = "apps_restart", tag = "apps",
    params(("app" = String, Path, description = "The app.")),
    responses((status = 204, description = "It is starting."), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn restart(State(Desk(keeper)): State<Desk>, Extension(claims): Extension<Claims>, Id(app): Id<AppId>) -> Answer<StatusCode> {
    let parts = containers(&keeper, &app)?;
    let claim = install::begin(&keeper, &app, "restart", "Ends it and starts it again.").ok_or_else(|| at_work(&app))?;
    note(&keeper, &claims, "app.restart", format!("Restarted the app {app}.")).await;
    tokio::spawn(async move {
        for part in parts {
            // Removed it is made anew, and started whatever it does when it ends by itself.
            let ended = match keeper.engine.stop(&part.id, keeper.grace(&app, part.service.as_str())).await {
                Ok(()) => keeper.engine.remove(&part.id).await,
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                tracing::warn!(%app, error = croft_telemetry::error_chain(&error), "a part of an app did not end");
            }
        }
        drop(claim);
    });
    Ok(StatusCode::NO_CONTENT)
}

/// The last lines that an app wrote.
#[utoipa::path(get, path = "/api/v1/apps/{app}/log", operation_id = "apps_log", tag = "apps",
    params(("app" = String, Path, description = "The app."), AppLogQuery),
    responses((status = 200, body = AppLog), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn log(State(Desk(keeper)): State<Desk>, Id(app): Id<AppId>, TypedQuery(query): TypedQuery<AppLogQuery>) -> Answer<Json<AppLog>> {
    let mut parts = containers(&keeper, &app)?;
    if let Some(service) = &query.service {
        parts.retain(|part| part.service.as_str() == service);
    }
    let tail = query.tail.unwrap_or(LINES).min(MOST_LINES);
    let searched = query.search.as_deref().map(str::to_lowercase);
    // What is searched is searched in all that is kept of it.
    let wish = LogsWish { follow: false, since: None, tail: if searched.is_some() { MOST_LINES } else { tail } };
    let mut lines = Vec::new();
    for part in parts {
        let read = async {
            let said = keeper.engine.logs(&part.id, &wish).await?;
            Ok::<_, croft_containers::EngineError>(
                said.take(MOST_LINES as usize).filter_map(|piece| std::future::ready(piece.ok())).collect::<Vec<_>>().await,
            )
        };
        let pieces = timeout(READING, read).await.map_err(|_| Problem::unavailable("What runs apps"))?;
        let pieces = pieces.map_err(crate::AppsError::from).map_err(Problem::from)?;
        lines.extend(pieces.iter().map(|piece| AppLine {
            at: piece.time,
            service: part.service.to_string(),
            text: health::line(&piece.bytes),
        }));
    }
    lines.retain(|line| searched.as_ref().is_none_or(|searched| line.text.to_lowercase().contains(searched)));
    lines.sort_by_key(|line| line.at);
    let surplus = lines.len().saturating_sub(tail as usize);
    lines.drain(..surplus);
    Ok(Json(AppLog { lines }))
}

/// The values of an app that a person needs to sign in to it.
#[utoipa::path(get, path = "/api/v1/apps/{app}/secrets", operation_id = "apps_secrets", tag = "apps",
    params(("app" = String, Path, description = "The app.")),
    responses((status = 200, body = AppSecrets), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn secrets(State(Desk(keeper)): State<Desk>, Id(app): Id<AppId>) -> Answer<Json<AppSecrets>> {
    let record = keeper.state().kept.get(&app).cloned().filter(|record| record.phase == Phase::Installed).ok_or_else(|| no_app(&app))?;
    let shown = record.spec.secrets.iter().filter(|secret| secret.shown).filter_map(|secret| {
        let label = if secret.label.is_empty() { secret.key.to_string() } else { secret.label.to_string() };
        Some(AppSecret { label, value: record.secrets.get(secret.key.as_str())?.clone() })
    });
    Ok(Json(AppSecrets { secrets: shown.collect() }))
}

/// The containers of an app that is installed.
fn containers(keeper: &Keeper, app: &AppId) -> Result<Vec<SeenContainer>, Problem> {
    let state = keeper.state();
    if !state.kept.get(app).is_some_and(|record| record.phase == Phase::Installed) {
        return Err(no_app(app));
    }
    let seen = state.seen.as_ref().ok_or_else(|| Problem::unavailable("What runs apps"))?;
    Ok(seen.containers.iter().filter(|part| part.app.as_str() == app.as_str()).cloned().collect())
}

fn spec_invalid(error: &serde_path_to_error::Error<serde_json::Error>, key: &str) -> Problem {
    Problem::new(422, "app-spec-invalid", format!("The specification of the app cannot be read: {}.", error.inner()))
        .hint("`croft app check DIR` says which apps of a folder can be installed.")
        .key(format!("{key}.{}", error.path()))
}

fn no_app(app: &AppId) -> Problem {
    Problem::new(404, "no-such-app", format!("There is no app {app} on this box.")).hint("`croft app list` shows those that are installed.")
}

fn at_work(app: &AppId) -> Problem {
    Problem::new(409, "app-at-work", format!("Something is being done to the app {app} already.")).hint("Wait until that has ended.")
}

async fn note(keeper: &Keeper, claims: &Claims, action: &str, sentence: String) {
    let line = AuditLine { who: claims.actor(), action: action.into(), sentence };
    if let Err(problem) = keeper.supervisor.audit(&line).await {
        tracing::warn!(%problem, action, "a line of the activity was not taken");
    }
}

/// The processor, as catalogues call it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
