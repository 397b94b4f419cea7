//! Watching the box: status, activity, tasks, warnings, logs and the event stream.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension, Json as Answer,
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use croft_api::{
    body::TypedQuery,
    paging::{Page, PageQuery},
    problem::ApiError,
    wire::watch::{LogLine, LogQuery},
};
use croft_model::{AuditEntry, Claims, Event, Principal, Problem, Scope, Status, Task, TaskId, Warning};
use futures_util::{Stream, stream};
use http::StatusCode;
use tokio::time::Instant;

use super::{extract::Id, on_disk};
use crate::{audit, error::problem, events::Listener, regulator::Regulator};

/// Lines when nobody says how many.
const DEFAULT_LINES: usize = 200;
/// Most lines of an answer.
const MAX_LINES: usize = 2000;
/// Pause after which a quiet stream says that it lives; shorter than the patience of anything in between.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The server of network drives is no role, and its lines are read as those of one.
const SHARES: &str = "shares";
/// Longest stream. The browser connects again by itself, with a capability of then: so nobody whose rights ended listens for longer.
const LONGEST_STREAM: Duration = Duration::from_secs(15 * 60);

type Croft = State<Arc<Regulator>>;

/// The box at a glance.
#[utoipa::path(get, path = "/api/v1/status", operation_id = "status", tag = "status",
    responses((status = 200, body = Status), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn status(State(croft): Croft) -> Result<Answer<Status>, ApiError> {
    Ok(Answer(on_disk(move || crate::health::status(&croft)).await?))
}

/// The audit log, newest first.
#[utoipa::path(get, path = "/api/v1/activity", operation_id = "activity_list", tag = "activity", params(PageQuery),
    responses((status = 200, body = Page<AuditEntry>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn activity(State(croft): Croft, TypedQuery(query): TypedQuery<PageQuery>) -> Result<Answer<Page<AuditEntry>>, ApiError> {
    Ok(Answer(on_disk(move || audit::page(croft.desired.store(), query).map_err(problem)).await?))
}

/// Tasks, newest first: all of them for owners, otherwise the asker's own.
#[utoipa::path(get, path = "/api/v1/tasks", operation_id = "tasks_list", tag = "tasks",
    responses((status = 200, body = Vec<Task>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn tasks(State(croft): Croft, Extension(claims): Extension<Claims>) -> Answer<Vec<Task>> {
    Answer(croft.tasks.list().into_iter().filter(|task| may_see_task(&claims, task)).collect())
}

/// Asks a task to give up.
#[utoipa::path(delete, path = "/api/v1/tasks/{id}", operation_id = "tasks_cancel", tag = "tasks",
    params(("id" = String, Path, description = "The task's id.")),
    responses((status = 204, description = "It was asked."), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn cancel_task(State(croft): Croft, Id(id): Id<TaskId>) -> Result<StatusCode, ApiError> {
    on_disk(move || croft.tasks.cancel(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All warnings that stand, the gravest first. The lines of logs in them are for owners.
#[utoipa::path(get, path = "/api/v1/warnings", operation_id = "warnings_list", tag = "warnings",
    responses((status = 200, body = Vec<Warning>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn warnings(State(croft): Croft, Extension(claims): Extension<Claims>) -> Answer<Vec<Warning>> {
    Answer(for_reader(&claims, croft.warnings.list()))
}

/// The latest lines of the roles, oldest first.
#[utoipa::path(get, path = "/api/v1/logs", operation_id = "logs_show", tag = "logs", params(LogQuery),
    responses((status = 200, body = Vec<LogLine>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn logs(State(croft): Croft, TypedQuery(query): TypedQuery<LogQuery>) -> Result<Answer<Vec<LogLine>>, ApiError> {
    let count = query.lines.unwrap_or(DEFAULT_LINES).min(MAX_LINES);
    let units = match query.role {
        Some(role) if croft.knows_unit(&role) || role == SHARES => vec![role],
        Some(role) => {
            return Err(Problem::new(404, "no-such-role", format!("Nothing called `{role}` runs on this box.")).key("role").into());
        }
        None => croft.roles.borrow().iter().map(|status| status.name.clone()).chain([SHARES.into()]).collect(),
    };
    let mut lines = Vec::new();
    for unit in units {
        let of_unit = croft.units.lines(&unit, count).await;
        lines.extend(of_unit.into_iter().map(|line| LogLine { at: line.at, role: unit.clone(), text: line.text }));
    }
    lines.sort_by_key(|line| line.at);
    let surplus = lines.len().saturating_sub(count);
    Ok(Answer(lines.split_off(surplus)))
}

/// News of the box as server-sent events, named by their kind. After `missed`, and whenever the stream begins anew, read what you show again.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "events", tag = "events",
    responses((status = 200, body = Event, content_type = "text/event-stream"), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn events(State(croft): Croft, Extension(claims): Extension<Claims>) -> Result<Response, ApiError> {
    let listener = croft.events.listen().ok_or_else(|| {
        Problem::new(503, "too-many-listeners", "Too many pages listen to this box already.").hint("Close some of them.").retry_after(30)
    })?;
    let stream = news(Ear { listener, claims, croft, end: Instant::now() + LONGEST_STREAM });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

struct Ear {
    listener: Listener,
    claims: Claims,
    croft: Arc<Regulator>,
    end: Instant,
}

fn news(ear: Ear) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    stream::unfold(ear, async |mut ear| {
        loop {
            let stop = ear.croft.stop.clone();
            // Cancel-safe: an event that is not taken is lost with the stream, and the next stream begins with reading anew.
            let event = tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep_until(ear.end) => return None,
                event = ear.listener.next() => event?,
            };
            if gone(&ear.claims, &ear.croft) {
                return None;
            }
            if let Some(event) = may_hear(&ear.claims, &event) {
                let data = serde_json::to_string(&event).unwrap_or_default();
                return Some((Ok(sse::Event::default().event(event.name()).data(data)), ear));
            }
        }
    })
}

/// Whether the listener has left the household, or is no longer what the capability says.
fn gone(claims: &Claims, croft: &Regulator) -> bool {
    match &claims.who {
        Principal::Person { id, role, .. } => croft.desired.now().settings.people.get(id).is_none_or(|person| person.role != *role),
        Principal::Console | Principal::Claimant { .. } => false,
    }
}

/// The event as this listener may hear it.
fn may_hear(claims: &Claims, event: &Event) -> Option<Event> {
    if claims.allows(Scope::Manage) {
        return Some(event.clone());
    }
    match event {
        Event::Settings { .. } | Event::Missed => Some(event.clone()),
        Event::Task { task } => may_see_task(claims, task).then(|| event.clone()),
        Event::Warnings { warnings } => Some(Event::Warnings { warnings: for_reader(claims, warnings.clone()) }),
        Event::Activity { .. } | Event::Role { .. } | Event::Disks | Event::Files { .. } => None,
    }
}

fn may_see_task(claims: &Claims, task: &Task) -> bool {
    claims.allows(Scope::Manage) || task.who == claims.actor()
}

fn for_reader(claims: &Claims, mut warnings: Vec<Warning>) -> Vec<Warning> {
    if !claims.allows(Scope::Manage) {
        for warning in &mut warnings {
            warning.lines.clear();
        }
    }
    warnings
}
