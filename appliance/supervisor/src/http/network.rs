//! `/api/v1/network`: how the box stands in the network, and what becomes of an address on trial.

use std::sync::Arc;

use axum::{Extension, Json as Answer, extract::State};
use croft_api::{
    body::TypedQuery,
    problem::{self, ApiError},
    wire::{
        network::{NetworkStatus, Trial},
        settings::{ChangeQuery, Changed},
    },
};
use croft_model::{Claims, NetworkSettings, Problem, Settings};
use jiff::Timestamp;

use super::{on_disk, settings::wish};
use crate::{change::Proposal, desired::Seen, guard::Way, regulator::Regulator};

type Croft = State<Arc<Regulator>>;

/// How the box stands in the network: its interfaces with their addresses, and an address on trial.
#[utoipa::path(get, path = "/api/v1/network", operation_id = "network_show", tag = "network",
    responses((status = 200, body = NetworkStatus), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show(State(croft): Croft) -> Result<Answer<NetworkStatus>, ApiError> {
    Ok(Answer(status(&croft).await?))
}

/// Keeps the address that is on trial. Ask for it at the new address: that it arrives is the proof.
#[utoipa::path(post, path = "/api/v1/network/confirm", operation_id = "network_confirm", tag = "network",
    responses((status = 200, body = NetworkStatus), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn confirm(State(croft): Croft, Extension(claims): Extension<Claims>) -> Result<Answer<NetworkStatus>, ApiError> {
    let wish = wish(&claims, ChangeQuery::default(), Seen::Whatever);
    let desired = Arc::clone(&croft);
    on_disk(move || desired.desired.confirm(&wish.author)).await?;
    Ok(Answer(status(&croft).await?))
}

/// Lets the router give the address again, at once and without a trial.
#[utoipa::path(post, path = "/api/v1/network/reset", operation_id = "network_reset", tag = "network", params(ChangeQuery),
    responses((status = 200, body = Changed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn reset(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    TypedQuery(query): TypedQuery<ChangeQuery>,
) -> Result<Answer<Changed>, ApiError> {
    let wish = wish(&claims, query, Seen::Whatever);
    let changed = on_disk(move || {
        let automatic = |now: &crate::change::InForce| {
            let settings = Settings { network: NetworkSettings::default(), ..now.settings.clone() };
            let document = serde_json::to_value(&settings).map_err(|error| problem::internal(&error))?;
            let sentence = Some("Let the router give the address again.".into());
            Ok((Proposal { document, counters: now.counters, way: Way::Endpoint, action: "network.reset", sentence }, ()))
        };
        let changed = croft.desired.change(&wish, automatic)?.0;
        if !wish.dry_run {
            // The router's address may itself have been on trial: then the settings were like that already.
            croft.desired.settle(&wish.author)?;
        }
        Ok(changed)
    });
    Ok(Answer(changed.await?))
}

async fn status(croft: &Regulator) -> Result<NetworkStatus, Problem> {
    let interfaces = match &croft.network {
        Some(network) => network.interfaces().await.map_err(|error| problem::internal(&error))?,
        None => Vec::new(),
    };
    let now = croft.desired.now();
    let trial = now.trial.as_ref().filter(|trial| !trial.over).map(|trial| {
        let left = trial.until.duration_since(Timestamp::now()).as_secs();
        Trial { until: trial.until, seconds_left: u64::try_from(left).unwrap_or_default(), before: trial.before.clone() }
    });
    Ok(NetworkStatus { managed: croft.network.is_some(), host: now.settings.this_box.host.clone(), interfaces, trial })
}
