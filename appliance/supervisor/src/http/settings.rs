//! `/api/v1/settings`: the document, its history, and the ways to change it.

use std::sync::Arc;

use axum::{
    Extension, Json as Answer,
    extract::State,
    response::{IntoResponse, Response},
};
use croft_api::{
    body::{JsonBody, TypedQuery},
    paging::{Page, PageQuery},
    problem::ApiError,
    wire::settings::{ChangeQuery, Changed, Difference, DifferenceQuery, SectionValue, SettingsDocument},
};
use croft_model::{Claims, Commit, Problem, Progress, Section, TaskState, merge};
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    extract::{Id, Toml},
    on_disk,
};
use crate::{
    change::{self, Author, Proposal},
    desired::{Seen, Wish},
    error::problem,
    guard::Way,
    history,
    regulator::Regulator,
};

type Croft = State<Arc<Regulator>>;

/// The whole settings.
#[utoipa::path(get, path = "/api/v1/settings", operation_id = "settings_show", tag = "settings",
    responses((status = 200, body = SettingsDocument), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show(State(croft): Croft) -> Answer<SettingsDocument> {
    let now = croft.desired.now();
    Answer(SettingsDocument { generation: now.generation, etags: now.etags(), settings: now.settings.clone() })
}

/// One section. Its version is the `ETag`.
#[utoipa::path(get, path = "/api/v1/settings/{section}", operation_id = "settings_show_section", tag = "settings",
    params(("section" = Section, Path, description = "The section.")),
    responses((status = 200, body = SectionValue, headers(("ETag" = String, description = "Version of the section."))),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show_section(State(croft): Croft, Id(section): Id<String>) -> Result<Response, ApiError> {
    let section = read_section(&section)?;
    let now = croft.desired.now();
    let settings = now.settings.clone();
    let value = match section {
        Section::Box => SectionValue::Box(settings.this_box),
        Section::People => SectionValue::People(settings.people),
        Section::Spaces => SectionValue::Spaces(settings.spaces),
        Section::Door => SectionValue::Door(settings.door),
        Section::Network => SectionValue::Network(settings.network),
        Section::Time => SectionValue::Time(settings.time),
        Section::Snapshots => SectionValue::Snapshots(settings.snapshots),
        Section::Shares => SectionValue::Shares(settings.shares),
        Section::Notify => SectionValue::Notify(settings.notify),
        Section::Apps => SectionValue::Apps(settings.apps),
    };
    Ok(with_etag(Answer(value), &now.etag(section)))
}

/// Changes a section by an RFC 7396 merge patch. `If-Match` with the version that was read is required.
#[utoipa::path(patch, path = "/api/v1/settings/{section}", operation_id = "settings_change_section", tag = "settings",
    params(("section" = Section, Path, description = "The section."), ChangeQuery,
        ("If-Match" = String, Header, description = "The version that the change was made on, as the ETag said it.")),
    request_body(content = Object, content_type = "application/merge-patch+json", description = "RFC 7396 merge patch of the section."),
    responses((status = 200, body = Changed, headers(("ETag" = String, description = "New version of the section."))),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn change_section(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    Id(section): Id<String>,
    TypedQuery(query): TypedQuery<ChangeQuery>,
    headers: HeaderMap,
    JsonBody(patch): JsonBody<Value>,
) -> Result<Response, ApiError> {
    let section = read_section(&section)?;
    let seen = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()).ok_or_else(|| {
        Problem::new(428, "if-match-missing", "The version that this change was made on is missing.")
            .hint("Read the section and send its ETag as If-Match.")
            .key("if-match")
    })?;
    if !patch.is_object() {
        return Err(Problem::new(422, "body-invalid", "A patch of a section is a JSON object.").key(section.key()).into());
    }
    let wish = wish(&claims, query, Seen::Version(section, seen.to_owned()));
    let changed = on_disk(move || {
        let propose = |before: &change::InForce| {
            let document = before.document();
            let current = document.get(section.key()).cloned().unwrap_or_default();
            Ok((change::section(before, section, merge(&current, &patch))?, ()))
        };
        Ok(croft.desired.change(&wish, propose)?.0)
    })
    .await?;
    let etag = changed.etags.get(&section).cloned().unwrap_or_default();
    Ok(with_etag(Answer(changed), &etag))
}

/// The commits, newest first.
#[utoipa::path(get, path = "/api/v1/settings/history", operation_id = "settings_history", tag = "settings", params(PageQuery),
    responses((status = 200, body = Page<Commit>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn history(State(croft): Croft, TypedQuery(query): TypedQuery<PageQuery>) -> Result<Answer<Page<Commit>>, ApiError> {
    Ok(Answer(on_disk(move || history::page(croft.desired.store(), query)).await?))
}

/// One commit.
#[utoipa::path(get, path = "/api/v1/settings/history/{generation}", operation_id = "settings_history_entry", tag = "settings",
    params(("generation" = u64, Path, description = "The generation that the commit made.")),
    responses((status = 200, body = Commit), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn history_entry(State(croft): Croft, Id(generation): Id<u64>) -> Result<Answer<Commit>, ApiError> {
    Ok(Answer(on_disk(move || history::commit(croft.desired.store(), generation)).await?))
}

/// What changed between two generations.
#[utoipa::path(get, path = "/api/v1/settings/diff", operation_id = "settings_diff", tag = "settings", params(DifferenceQuery),
    responses((status = 200, body = Difference), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn difference(
    State(croft): Croft,
    TypedQuery(query): TypedQuery<DifferenceQuery>,
) -> Result<Answer<Difference>, ApiError> {
    let now = croft.desired.now();
    Ok(Answer(on_disk(move || history::difference(croft.desired.store(), &now, query.from, query.to)).await?))
}

/// Takes one commit back, unless something that it changed has been changed since.
#[utoipa::path(post, path = "/api/v1/settings/revert/{generation}", operation_id = "settings_revert", tag = "settings",
    params(("generation" = u64, Path, description = "The generation to take back."), ChangeQuery),
    responses((status = 200, body = Changed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn revert(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    Id(generation): Id<u64>,
    TypedQuery(query): TypedQuery<ChangeQuery>,
) -> Result<Answer<Changed>, ApiError> {
    let wish = wish(&claims, query, Seen::Whatever);
    let changed = on_disk(move || {
        let commit = history::commit(croft.desired.store(), generation)?;
        Ok(croft.desired.change(&wish, |now| Ok((history::take_back(now, &commit)?, ())))?.0)
    });
    Ok(Answer(changed.await?))
}

/// The settings as one TOML file. It holds no secrets.
#[utoipa::path(get, path = "/api/v1/settings/export", operation_id = "settings_export", tag = "settings",
    responses((status = 200, body = String, content_type = "application/toml"), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn export(State(croft): Croft) -> Result<Response, ApiError> {
    let now = croft.desired.now();
    let text = toml::to_string_pretty(&now.settings).map_err(|error| croft_api::problem::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/toml")], text).into_response())
}

/// Puts an exported file into force, in one commit. People and spaces that this box does not have are refused: the box makes their ids.
#[utoipa::path(post, path = "/api/v1/settings/import", operation_id = "settings_import", tag = "settings", params(ChangeQuery),
    request_body(content = String, content_type = "application/toml", description = "What the export gave."),
    responses((status = 200, body = Changed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn import(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    TypedQuery(query): TypedQuery<ChangeQuery>,
    Toml(text): Toml,
) -> Result<Answer<Changed>, ApiError> {
    let wish = wish(&claims, query, Seen::Whatever);
    Ok(Answer(on_disk(move || import_text(&croft, &wish, &text)).await?))
}

/// A real import is a task: it is seen, and until the commit it can be given up.
fn import_text(croft: &Regulator, wish: &Wish, text: &str) -> Result<Changed, Problem> {
    if wish.dry_run {
        return apply_import(croft, wish, text, || Ok(()));
    }
    let task = croft.tasks.begin("settings.import", "Import settings".into(), wish.author.who.clone()).map_err(problem)?;
    let cancelled = task.cancelled();
    let result = apply_import(croft, wish, text, || {
        task.progress(Progress { done: 1, total: 2 });
        if cancelled.is_cancelled() {
            Err(Problem::new(409, "task-cancelled", "The import was given up; nothing was changed."))
        } else {
            Ok(())
        }
    });
    let state = match &result {
        Ok(_) => TaskState::Done,
        Err(problem) if problem.code == "task-cancelled" => TaskState::Cancelled,
        Err(problem) => TaskState::Failed { reason: problem.detail.clone() },
    };
    if let Err(error) = task.end(state) {
        // The answer is what became of the settings.
        tracing::warn!(%error, "the end of an import cannot be noted");
    }
    result
}

fn apply_import(
    croft: &Regulator,
    wish: &Wish,
    text: &str,
    before_commit: impl FnOnce() -> Result<(), Problem>,
) -> Result<Changed, Problem> {
    let unreadable = |sentence: String| {
        Problem::new(422, "settings-invalid", format!("The file cannot be read: {sentence}.")).hint("Nothing was changed.")
    };
    let table: toml::Table = toml::from_str(text).map_err(|error| unreadable(error.message().to_owned()))?;
    let document = serde_json::to_value(table).map_err(|error| unreadable(error.to_string()))?;
    before_commit()?;
    let propose = |now: &change::InForce| {
        let (counters, way, sentence) = (now.counters, Way::ByHand, Some("Imported settings from a file.".into()));
        Ok((Proposal { document, counters, way, action: "settings.imported", sentence }, ()))
    };
    Ok(croft.desired.change(wish, propose)?.0)
}

/// A wish of the caller, as of now.
pub(super) fn wish(claims: &Claims, query: ChangeQuery, seen: Seen) -> Wish {
    Wish { author: Author { who: claims.actor(), why: query.why, at: Timestamp::now() }, seen, dry_run: query.dry_run }
}

fn read_section(text: &str) -> Result<Section, Problem> {
    text.parse().map_err(|error: croft_model::Invalid| Problem::new(404, "no-such-section", format!("{error}.")).key(text))
}

fn with_etag(answer: impl IntoResponse, etag: &str) -> Response {
    let mut response = answer.into_response();
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}
