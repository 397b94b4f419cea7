//! `/internal/v1`: what roles ask and tell. Who asks is known from the process at the other end of the socket.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension, Json as Answer,
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use croft_api::{
    body::JsonBody,
    problem::ApiError,
    socket::Peer,
    wire::trust::{AuditLine, FirstOwner, OwnerMade},
};
use croft_model::{Actor, Problem, Projection, Report};
use futures_util::stream;
use http::{StatusCode, header};
use jiff::Timestamp;
use tokio::sync::watch;

use super::on_disk;
use crate::{
    audit::{MAX_SENTENCE, NewLine},
    change::{Author, InForce},
    desired::{Seen, Wish},
    error::problem,
    household, projection,
    regulator::Regulator,
};

/// Pause after which a quiet stream sends a blank line, so that both sides notice a broken one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

type Croft = State<Arc<Regulator>>;

/// The role's part of the settings: one JSON document a line, at once and after each change.
#[utoipa::path(get, path = "/internal/v1/projection", responses((status = 200)))]
pub(super) async fn projection(State(croft): Croft, Extension(peer): Extension<Peer>) -> Result<Response, ApiError> {
    let unit = caller(&croft, peer)?;
    let settings = croft.desired.follow();
    let follower = Follower { croft, unit, settings, last: None };
    let lines = stream::unfold(follower, async |mut follower| {
        let line = follower.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(line)), follower))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

/// What a role says of its domain.
#[utoipa::path(put, path = "/internal/v1/report", responses((status = 204)))]
pub(super) async fn report(
    State(croft): Croft,
    Extension(peer): Extension<Peer>,
    JsonBody(report): JsonBody<Report>,
) -> Result<StatusCode, ApiError> {
    let unit = caller(&croft, peer)?;
    croft.warnings.replace(&unit, report.warnings);
    if !report.tasks.is_empty() {
        on_disk(move || croft.tasks.reported(&unit, report.tasks).map_err(problem)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a line to the audit log.
#[utoipa::path(post, path = "/internal/v1/audit", responses((status = 204)))]
pub(super) async fn audit(
    State(croft): Croft,
    Extension(peer): Extension<Peer>,
    JsonBody(line): JsonBody<AuditLine>,
) -> Result<StatusCode, ApiError> {
    let unit = caller(&croft, peer)?;
    let words =
        line.action.split('.').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'_'));
    if !words || line.action.len() > 64 {
        return Err(Problem::new(422, "body-invalid", "An action is words of a-z with dots between.").key("action").into());
    }
    tracing::debug!(unit, action = line.action, "a role adds to the audit log");
    let sentence = line.sentence.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_SENTENCE).collect();
    // Only identity knows who somebody is; another role speaks for itself.
    let who = if unit == "identity" { line.who } else { Actor::Role { name: unit } };
    let line = NewLine { at: Timestamp::now(), who, action: line.action, sentence, generation: None };
    on_disk(move || croft.desired.note(line).map_err(problem)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes the first owner, within the claim.
#[utoipa::path(put, path = "/internal/v1/owner", responses((status = 200)))]
pub(super) async fn owner(State(croft): Croft, JsonBody(owner): JsonBody<FirstOwner>) -> Result<Answer<OwnerMade>, ApiError> {
    let who = Actor::Role { name: "identity".into() };
    let author = Author { who, why: "The box was claimed.".into(), at: Timestamp::now() };
    let wish = Wish { author, seen: Seen::Whatever, dry_run: false };
    let made = on_disk(move || {
        let propose =
            |now: &InForce| household::first_owner(now, &owner).map(|(proposal, person, space)| (proposal, OwnerMade { person, space }));
        Ok(croft.desired.change(&wish, propose)?.1)
    });
    Ok(Answer(made.await?))
}

/// The unit that the peer is.
fn caller(croft: &Regulator, peer: Peer) -> Result<String, Problem> {
    let unit = peer.pid.and_then(|pid| croft.units.unit_of(pid)).filter(|unit| croft.user_of(unit) == Some(peer.uid));
    unit.ok_or_else(|| Problem::new(403, "peer-refused", "Only a role that the supervisor has started may call this."))
}

struct Follower {
    croft: Arc<Regulator>,
    unit: String,
    settings: watch::Receiver<Arc<InForce>>,
    last: Option<Projection>,
}

impl Follower {
    /// The next line; nothing when the box ends.
    async fn next(&mut self) -> Option<String> {
        loop {
            let now = Arc::clone(&self.settings.borrow_and_update());
            let cut = projection::cut(&self.croft.manifests, &self.unit, &now, self.croft.one_user)?;
            // A change elsewhere is still a new generation, which the role reports as in force.
            if self.last.as_ref() != Some(&cut) {
                let mut line = serde_json::to_string(&cut).ok()?;
                line.push('\n');
                self.last = Some(cut);
                return Some(line);
            }
            let stop = self.croft.stop.clone();
            // Cancel-safe: a change that is not yet seen stays marked in the channel.
            tokio::select! {
                () = stop.cancelled() => return None,
                changed = self.settings.changed() => changed.ok()?,
                () = tokio::time::sleep(KEEP_ALIVE) => return Some("\n".into()),
            }
        }
    }
}
