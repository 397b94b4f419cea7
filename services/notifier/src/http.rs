//! The routes of the notifier: how telling goes, its secrets, and the test. Owners only.

use std::time::Duration;

use axum::{Extension, Json, Router, extract::State};
use croft_api::{
    body::{Id, JsonBody},
    problem::ApiError,
    routes::{Needs, Routes},
    wire::{
        notify::{DestinationStatus, Failing, MailPassword, NotifyStatus, NotifyTest, SecretState, TestOutcome, Tested, WebhookKey},
        trust::AuditLine,
    },
};
use croft_model::{Claims, Problem, Scope, Secret};
use futures_util::future::join_all;
use http::StatusCode;
use jiff::Timestamp;
use tokio::time::timeout;
use utoipa_axum::routes;

use crate::{
    deliver::{self, Destination, MAIL, Parcel},
    desk::{Desk, new_id},
    plan::{MOST_A_DAY, Message, Occasion},
};

/// How long a test waits for the other side; shorter than whoever passes the answer on.
const TEST: Duration = Duration::from_secs(20);
/// How long a request waits for the settings that it speaks of.
const SETTINGS: Duration = Duration::from_secs(5);

type Answer<T> = Result<T, ApiError>;

/// Every route with its needs.
#[must_use]
pub fn routes() -> Routes<Desk> {
    let manage = Needs::Scope(Scope::Manage);
    Routes::new().add(manage, routes!(status)).add(manage, routes!(set_password)).add(manage, routes!(new_key)).add(manage, routes!(test))
}

/// The routes with their state.
pub(crate) fn router(desk: Desk) -> Router {
    routes().build(desk)
}

/// Whom the box tells of warnings, how that goes, and what left for them.
#[utoipa::path(get, path = "/api/v1/notify", operation_id = "notify_show", tag = "notify",
    responses((status = 200, body = NotifyStatus), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn status(State(desk): State<Desk>) -> Json<NotifyStatus> {
    let (kept, settings) = (desk.kept(), desk.settings().unwrap_or_default());
    let authority = settings.authority.as_deref();
    let destinations = Destination::all(&settings).into_iter().map(|(name, destination)| {
        let tally = kept.tallies.get(&name).cloned().unwrap_or_default();
        let waiting = kept.queue.values().filter(|waiting| waiting.to == name).count();
        let secret = match (destination.wants_secret(), desk.has_secret(&name, &destination, authority)) {
            (false, _) => SecretState::NotNeeded,
            (true, true) => SecretState::Set,
            (true, false) => SecretState::NotSet,
        };
        DestinationStatus {
            address: destination.address(),
            secret,
            waiting: waiting.try_into().unwrap_or(u32::MAX),
            told: tally.told,
            dropped: tally.dropped,
            sent_bytes: tally.sent_bytes,
            last_told: tally.last_told,
            failing: tally.failing.map(|(at, why)| Failing { at, why }),
            name,
        }
    });
    let told_today = kept.book.told_today(Timestamp::now()).try_into().unwrap_or(u32::MAX);
    Json(NotifyStatus { destinations: destinations.collect(), told_today, most_a_day: MOST_A_DAY.try_into().unwrap_or(u32::MAX) })
}

/// Sets the password for the mail server in the settings. It is never shown, and sent to that server for that name alone.
#[utoipa::path(put, path = "/api/v1/notify/mail/password", operation_id = "notify_set_password", tag = "notify", request_body = MailPassword,
    responses((status = 204, description = "It is kept."), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn set_password(
    State(desk): State<Desk>,
    Extension(claims): Extension<Claims>,
    JsonBody(body): JsonBody<MailPassword>,
) -> Answer<StatusCode> {
    if body.password.expose().is_empty() || body.password.expose().chars().any(char::is_control) {
        return Err(Problem::new(422, "body-invalid", "A password is one line of 1 to 1024 bytes.").key("password").into());
    }
    let wanted = deliver::account(&body.server, body.port, &body.user, body.authority.as_deref());
    let is_it = |destination: &Destination, authority: Option<&str>| {
        matches!(destination, Destination::Mail(_)) && destination.bound_to(authority) == wanted
    };
    found(&desk, |name, destination, authority| name == MAIL && is_it(destination, authority)).await.ok_or_else(|| {
        Problem::new(409, "notify-account-differs", "The settings name another mail server, name to sign in with or authority.")
            .hint("Save the settings of the mail first, then set the password for them.")
    })?;
    desk.0.records.keep(MAIL.into(), wanted, &body.password).await.map_err(Problem::from)?;
    note(&desk, &claims, "notify.password-set", format!("Set the password for mail at {}.", body.server)).await;
    desk.try_again().await;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes the key of a webhook, which this answer alone shows; the one before is void.
#[utoipa::path(post, path = "/api/v1/notify/webhooks/{name}/key", operation_id = "notify_new_key", tag = "notify",
    params(("name" = String, Path, description = "The webhook's name in the settings.")),
    responses((status = 200, body = WebhookKey), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn new_key(State(desk): State<Desk>, Extension(claims): Extension<Claims>, Id(name): Id<String>) -> Answer<Json<WebhookKey>> {
    let webhook = found(&desk, |known, destination, _| known == name && matches!(destination, Destination::Webhook(_))).await;
    let (name, webhook) = webhook.ok_or_else(|| no_such_destination(&name))?;
    let key: Secret = deliver::new_key().map_err(Problem::from)?;
    desk.0.records.keep(name.clone(), webhook.bound_to(None), &key).await.map_err(Problem::from)?;
    note(&desk, &claims, "notify.key-made", format!("Made a new key for the webhook {name}.")).await;
    desk.try_again().await;
    Ok(Json(WebhookKey { key }))
}

/// Sends a test at once, and says how that went.
#[utoipa::path(post, path = "/api/v1/notify/test", operation_id = "notify_test", tag = "notify", request_body = NotifyTest,
    responses((status = 200, body = Vec<Tested>), (status = "default", body = Problem, content_type = "application/problem+json")))]
async fn test(State(desk): State<Desk>, JsonBody(body): JsonBody<NotifyTest>) -> Answer<Json<Vec<Tested>>> {
    let settings = desk.settings().unwrap_or_default();
    let mut destinations = Destination::all(&settings);
    if let Some(wanted) = &body.destination {
        destinations.retain(|(name, _)| name == wanted);
        if destinations.is_empty() {
            return Err(no_such_destination(wanted).into());
        }
    }
    let message = Message { occasion: Occasion::Test, items: Vec::new(), more: 0, last: false };
    let (id, made) = (new_id(), Timestamp::now());
    let tests = destinations.iter().map(async |(name, destination)| {
        let parcel = Parcel { id: &id, made, message: &message };
        let told = Box::pin(desk.tell((name, destination), settings.authority.as_deref(), parcel, TEST)).await;
        let outcome = if told.is_ok() { TestOutcome::Told } else { TestOutcome::Failed };
        Tested { name: name.clone(), outcome, said: told.unwrap_or_else(|failure| failure.to_string()) }
    });
    let tested = join_all(tests).await;
    if tested.iter().any(|tested| tested.outcome == TestOutcome::Told) {
        desk.try_again().await;
    }
    Ok(Json(tested))
}

/// The destination that `is_it`, as soon as the settings have it: what was saved a moment ago may still be on its way here.
async fn found(desk: &Desk, is_it: impl Fn(&str, &Destination, Option<&str>) -> bool) -> Option<(String, Destination)> {
    let look = || {
        let settings = desk.settings().unwrap_or_default();
        Destination::all(&settings).into_iter().find(|(name, destination)| is_it(name, destination, settings.authority.as_deref()))
    };
    let mut projection = desk.0.projection.clone();
    let waited = timeout(SETTINGS, async {
        loop {
            projection.mark_unchanged();
            if let Some(found) = look() {
                return Some(found);
            }
            projection.changed().await.ok()?;
        }
    });
    waited.await.ok().flatten()
}

fn no_such_destination(name: &str) -> Problem {
    Problem::new(404, "no-such-destination", format!("The box tells nobody called `{}`.", crate::words::line(name, 40)))
        .hint("`croft notify status` lists whom it tells.")
}

/// A line for the activity. The secret is kept whether it is taken or not.
async fn note(desk: &Desk, claims: &Claims, action: &str, sentence: String) {
    let line = AuditLine { who: claims.actor(), action: action.into(), sentence };
    if let Err(problem) = desk.0.supervisor.audit(&line).await {
        tracing::warn!(%problem, action, "a line of the activity was not taken");
    }
}
