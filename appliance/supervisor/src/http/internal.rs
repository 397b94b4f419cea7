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
    wire::{
        adopted::{AdoptWish, AdoptedSpaces, ReleaseWish},
        apps::{AppGone, AppNumber, AppWish},
        trust::{AuditLine, FirstOwner, OwnerMade},
    },
};
use croft_model::{Actor, Problem, Projection, Report, Standing};
use futures_util::stream;
use http::{StatusCode, header};
use jiff::Timestamp;
use tokio::sync::watch;

use super::on_disk;
use crate::{
    adopted, apps,
    audit::{MAX_SENTENCE, NewLine},
    change::{Author, InForce},
    desired::{Seen, Wish},
    error::problem,
    household, projection,
    regulator::Regulator,
};

/// Pause after which a quiet stream sends a blank line, so that both sides notice a broken one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The role that tells people of warnings.
const NOTIFIER: &str = "notifier";

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

/// What is not well: one JSON document a line, at once and after each change.
#[utoipa::path(get, path = "/internal/v1/warnings", responses((status = 200)))]
pub(super) async fn warnings(State(croft): Croft, Extension(peer): Extension<Peer>) -> Result<Response, ApiError> {
    if caller(&croft, peer)? != NOTIFIER {
        return Err(Problem::new(403, "peer-refused", "Only the role that tells people may call this.").into());
    }
    let seen = croft.warnings.follow();
    let lines = stream::unfold((croft, seen, Look::First), async |(croft, mut seen, look)| {
        if let Look::Next = look {
            let stop = croft.stop.clone();
            // Cancel-safe: a change that is not yet seen stays marked in the channel.
            tokio::select! {
                () = stop.cancelled() => return None,
                changed = seen.changed() => changed.ok()?,
                () = tokio::time::sleep(KEEP_ALIVE) => return Some((Ok::<_, Infallible>(Bytes::from_static(b"\n")), (croft, seen, Look::Next))),
            }
        }
        let mut warnings = seen.borrow_and_update().clone();
        // Lines of logs are for owners, and this role has a network.
        warnings.iter_mut().for_each(|warning| warning.lines.clear());
        let standing = Standing { started: croft.started, warnings };
        let mut line = serde_json::to_string(&standing).ok()?;
        line.push('\n');
        Some((Ok(Bytes::from(line)), (croft, seen, Look::Next)))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

/// Whether a stream has begun.
enum Look {
    First,
    Next,
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
    croft.events.disks(report.disks);
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

/// Uses file systems of disks as they are. Storage has judged who asks, and that they are there.
#[utoipa::path(post, path = "/internal/v1/adopted", responses((status = 200)))]
pub(super) async fn adopt(
    State(croft): Croft,
    Extension(peer): Extension<Peer>,
    JsonBody(asked): JsonBody<AdoptWish>,
) -> Result<Answer<AdoptedSpaces>, ApiError> {
    let wish = of_role("storage", &croft, peer, &asked.by)?;
    let spaces = on_disk(move || Ok(croft.desired.change(&wish, |now| adopted::adopt(now, &asked))?.1));
    Ok(Answer(AdoptedSpaces { spaces: spaces.await? }))
}

/// Uses them no longer.
#[utoipa::path(post, path = "/internal/v1/adopted/release", responses((status = 204)))]
pub(super) async fn release(
    State(croft): Croft,
    Extension(peer): Extension<Peer>,
    JsonBody(asked): JsonBody<ReleaseWish>,
) -> Result<StatusCode, ApiError> {
    let wish = of_role("storage", &croft, peer, &asked.by)?;
    let at = wish.author.at;
    on_disk(move || croft.desired.change(&wish, |now| Ok((adopted::release(now, &asked, at)?, ()))).map(drop)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An app that is now installed, or changed. The role has judged who asks.
#[utoipa::path(post, path = "/internal/v1/apps", responses((status = 200)))]
pub(super) async fn app_installed(
    State(croft): Croft,
    Extension(peer): Extension<Peer>,
    JsonBody(asked): JsonBody<AppWish>,
) -> Result<Answer<AppNumber>, ApiError> {
    let wish = of_role("apps", &croft, peer, &asked.by)?;
    let number = on_disk(move || Ok(croft.desired.change(&wish, |now| apps::put(now, &asked))?.1));
    Ok(Answer(AppNumber { number: number.await? }))
}

/// An app that is no longer.
#[utoipa::path(post, path = "/internal/v1/apps/remove", responses((status = 204)))]
pub(super) async fn app_removed(
    State(croft): Croft,
    Extension(peer): Extension<Peer>,
    JsonBody(asked): JsonBody<AppGone>,
) -> Result<StatusCode, ApiError> {
    let wish = of_role("apps", &croft, peer, &asked.by)?;
    on_disk(move || croft.desired.change(&wish, |now| Ok((apps::remove(now, &asked)?, ()))).map(drop)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A change that a role makes for somebody whom it has judged. It speaks for itself, since only identity knows who somebody is.
fn of_role(role: &str, croft: &Regulator, peer: Peer, by: &str) -> Result<Wish, Problem> {
    let unit = caller(croft, peer)?;
    if unit != role {
        return Err(Problem::new(403, "peer-refused", format!("Only the role {role} may call this.")));
    }
    let by: String = by.chars().filter(|c| !c.is_control()).take(MAX_SENTENCE).collect();
    let author = Author { who: Actor::Role { name: unit }, why: format!("{by} asked for it."), at: Timestamp::now() };
    Ok(Wish { author, seen: Seen::Whatever, dry_run: false })
}

/// The unit that the peer is.
fn caller(croft: &Regulator, peer: Peer) -> Result<String, Problem> {
    let unit = peer.pid.and_then(|pid| croft.units.unit_of(pid)).filter(|unit| croft.runs_as(unit, peer.uid));
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
