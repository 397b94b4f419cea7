//! The routes of the supervisor. Each says what it needs and describes itself for OpenAPI.

mod extract;
mod household;
mod internal;
mod network;
mod power;
mod settings;
mod shares;
mod watch;
mod wifi;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use croft_api::{
    headers,
    routes::{Needs, Routes},
};
use croft_model::{Problem, Scope};
use http::HeaderValue;
use utoipa_axum::routes;

use crate::regulator::Regulator;

/// All routes of the supervisor.
#[must_use]
pub fn routes() -> Routes<Arc<Regulator>> {
    let manage = Needs::Scope(Scope::Manage);
    let account = Needs::Scope(Scope::Account);
    Routes::new()
        .add(account, routes!(watch::status))
        .add(manage, routes!(settings::show))
        .add(manage, routes!(settings::show_section, settings::change_section))
        .add(manage, routes!(settings::history))
        .add(manage, routes!(settings::history_entry))
        .add(manage, routes!(settings::difference))
        .add(manage, routes!(settings::revert))
        .add(manage, routes!(settings::export))
        .add(manage, routes!(settings::import))
        .add(account, routes!(household::list_people))
        .add(manage, routes!(household::add_person))
        .add(manage, routes!(household::remove_person))
        .add(account, routes!(household::list_spaces))
        .add(manage, routes!(household::add_space))
        .add(manage, routes!(watch::activity))
        .add(account, routes!(watch::tasks))
        .add(manage, routes!(watch::cancel_task))
        .add(account, routes!(watch::warnings))
        .add(manage, routes!(watch::logs))
        .add(account, routes!(watch::events))
        .add(account, routes!(network::show))
        .add(manage, routes!(network::confirm))
        .add(manage, routes!(network::reset))
        .add(manage, routes!(power::order))
        .add(manage, routes!(wifi::list))
        .add(manage, routes!(wifi::join))
        .add(manage, routes!(wifi::forget))
        .add(account, routes!(shares::show))
        .add(account, routes!(shares::add_device))
        .add(account, routes!(shares::remove_device))
        // Which role it is, is asked of the process at the other end: see `internal::Caller`.
        .add(Needs::Nothing, routes!(internal::projection))
        .add(Needs::Nothing, routes!(internal::warnings))
        .add(Needs::Nothing, routes!(internal::report))
        .add(Needs::Nothing, routes!(internal::audit))
        .add(Needs::Nothing, routes!(internal::adopt))
        .add(Needs::Nothing, routes!(internal::release))
        .add(Needs::Nothing, routes!(internal::app_installed))
        .add(Needs::Nothing, routes!(internal::app_removed))
        .add(Needs::Peer("identity"), routes!(internal::owner))
}

/// What the socket serves: the routes, each answer with the generation that is in force. A change is answered when network drives have followed it:
/// whoever was told that somebody may no more can rely on it.
pub(crate) fn router(croft: Arc<Regulator>) -> Router {
    routes().build(Arc::clone(&croft)).layer(middleware::from_fn_with_state(croft, with_generation))
}

async fn with_generation(State(croft): State<Arc<Regulator>>, request: Request, next: Next) -> Response {
    let before = croft.desired.now().generation;
    let reads = request.method().is_safe();
    let mut answer = next.run(request).await;
    if !reads && croft.desired.now().generation != before {
        crate::shares::at_once(&croft).await;
    }
    answer.headers_mut().insert(headers::GENERATION, HeaderValue::from(croft.desired.now().generation));
    answer
}

/// Runs what waits for the disk where it keeps no request waiting.
///
/// # Errors
/// What `work` gives, or `internal` when it broke.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| croft_api::problem::internal(&error))?
}
