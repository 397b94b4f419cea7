//! Putting an app down, and taking it away. Each step is durable before the next; a role that ends in between goes on, or leaves nothing behind.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use croft_api::wire::apps::{AppFailure, AppGone, AppNumber, AppWish, AppWork};
use croft_catalog::AppSpec;
use croft_containers::{EngineError, ImageReference};
use croft_model::{AppId, Progress};
use http::Method;
use jiff::Timestamp;
use tokio::{sync::watch, time::timeout};

use crate::{
    error::AppsError,
    judge::{self, Filled},
    keeper::{Keeper, sentence},
    records::{AppRecord, Phase},
    secrets,
};

/// What must stay free on the disk beside an app's images; nobody knows their size before they have come.
pub(crate) const ROOM: u64 = 2 * 1024 * 1024 * 1024;
/// The numbers of networks.
const NETWORKS: std::ops::RangeInclusive<u8> = 1..=254;
/// Time for the settings that have the app to come back.
const SETTINGS: Duration = Duration::from_secs(10);

/// What somebody wants installed, judged.
pub(crate) struct Order {
    pub(crate) spec: AppSpec,
    pub(crate) id: AppId,
    pub(crate) source: String,
    pub(crate) filled: Filled,
    /// Who asks, in words.
    pub(crate) by: String,
}

/// Why an install ended.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Apps(#[from] AppsError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("there is no room for it: {free_mib} MiB are free, and 2 GiB must stay")]
    Room { free_mib: u64 },
    #[error("all 254 networks are in use")]
    Networks,
    #[error("the supervisor does not take it: {0}")]
    Settings(String),
    #[error("the image {image} has a name that the engine does not know")]
    Name { image: String },
    #[error("it was broken off because the box ended")]
    Ended,
}

/// Installs an app, or an app's other version, and tells how it goes on. The caller has claimed the app by [`begin`].
pub(crate) async fn install(claim: Claim, order: Order) {
    let (keeper, id) = (Arc::clone(&claim.keeper), order.id.clone());
    let ended = put_in(&keeper, order).await;
    let mut state = keeper.state();
    match ended {
        Ok(()) => drop(state.failed.remove(&id)),
        Err(failed) => {
            tracing::warn!(%id, error = croft_telemetry::error_chain(&failed), "an app was not installed");
            state.failed.insert(id, AppFailure { kind: "install".into(), at: Timestamp::now(), why: sentence(&failed) });
        }
    }
    drop(state);
    drop(claim);
}

/// An app that is worked on: nobody else works on it until this is dropped, which it is also when whoever asked goes away.
pub(crate) struct Claim {
    keeper: Arc<Keeper>,
    id: AppId,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut state = self.keeper.state();
        state.work.remove(&self.id);
        state.reserved.remove(&self.id);
        drop(state);
        self.keeper.wake.notify_one();
    }
}

/// Claims an app for one piece of work; none when there is one already.
pub(crate) fn begin(keeper: &Arc<Keeper>, id: &AppId, kind: &str, step: &str) -> Option<Claim> {
    let mut state = keeper.state();
    if state.work.contains_key(id) {
        return None;
    }
    state.work.insert(id.clone(), AppWork { kind: kind.into(), step: step.into(), progress: None });
    state.failed.remove(id);
    state.trouble.remove(id);
    Some(Claim { keeper: Arc::clone(keeper), id: id.clone() })
}

fn tell(keeper: &Keeper, id: &AppId, step: String, progress: Option<Progress>) {
    if let Some(work) = keeper.state().work.get_mut(id) {
        (work.step, work.progress) = (step, progress);
    }
}

async fn put_in(keeper: &Keeper, order: Order) -> Result<(), Failed> {
    let Order { spec, id, source, filled, by } = order;
    let free = keeper.shelf.room().map_err(AppsError::from)?;
    if free < ROOM {
        return Err(Failed::Room { free_mib: free / 1024 / 1024 });
    }
    let before = keeper.state().kept.get(&id).cloned();
    let mut digests = BTreeMap::new();
    let mut fetched: BTreeMap<String, croft_containers::Digest> = BTreeMap::new();
    for (service, part) in &spec.services {
        let text = part.image.to_string();
        let digest = match fetched.get(&text) {
            Some(digest) => digest.clone(),
            None => fetch(keeper, &id, &text).await?,
        };
        fetched.insert(text, digest.clone());
        digests.insert(service.clone(), digest);
    }
    tell(keeper, &id, "Puts it down.".into(), None);
    let network = match before.as_ref().filter(|before| before.phase != Phase::Left) {
        Some(before) => before.network,
        None => reserve_network(keeper, &id).ok_or(Failed::Networks)?,
    };
    let mut known = before.as_ref().map(|before| before.secrets.clone()).unwrap_or_default();
    known.extend(filled.passwords);
    let secrets = secrets::complete(&spec, &known).map_err(AppsError::from)?;
    let name = spec.about.name.to_string();
    let is_installed = before.as_ref().is_some_and(|before| before.phase == Phase::Installed);
    let phase = if is_installed { Phase::Installed } else { Phase::Coming };
    let mut folders = before.as_ref().map(|before| before.folders.clone()).unwrap_or_default();
    folders.extend(judge::folders(&spec));
    let kept = before.clone().filter(|_| is_installed).map(Box::new);
    let record = AppRecord { phase, spec, source, digests, network, secrets, folders, before: kept, since: Timestamp::now() };
    keeper.put(&id, Some(record.clone())).await?;
    let wish = AppWish { by, app: id.clone(), name: name.chars().take(64).collect(), values: filled.values };
    let put: Result<AppNumber, _> = keeper.supervisor.role().json(Method::POST, "/internal/v1/apps", Some(&wish), None).await;
    if let Err(problem) = put {
        // Nothing has become of it: as it was before.
        let after = match before {
            Some(before) => before,
            None => AppRecord { phase: Phase::Left, before: None, ..record },
        };
        keeper.put(&id, Some(after)).await?;
        return Err(Failed::Settings(problem.to_string()));
    }
    keeper.put(&id, Some(AppRecord { phase: Phase::Installed, before: None, ..record })).await?;
    // Until then it would look as if somebody had taken it out of the settings.
    let mut projection = keeper.projection.clone();
    let has_it = projection.wait_for(|now| now.as_ref().and_then(|now| now.apps.as_ref()).is_some_and(|apps| apps.contains_key(&id)));
    // Cancel-safe: the next start finds both as they are.
    tokio::select! {
        () = keeper.stop.cancelled() => {}
        _ = has_it => {}
    }
    Ok(())
}

/// Fetches an image, and tells how far it is.
async fn fetch(keeper: &Keeper, id: &AppId, text: &str) -> Result<croft_containers::Digest, Failed> {
    let image: ImageReference = text.parse().map_err(|_| Failed::Name { image: text.to_owned() })?;
    tell(keeper, id, format!("Fetches {text}."), None);
    if let Some(digest) = image.digest()
        && keeper.engine.image(digest).await?.is_some()
    {
        return Ok(digest.clone());
    }
    let (progress, mut far) = watch::channel(croft_containers::Pulled::default());
    let stop = keeper.stop.child_token();
    let pull = keeper.engine.pull(&image, progress, stop);
    let telling = async {
        while far.changed().await.is_ok() {
            let far = *far.borrow_and_update();
            let (done, total) =
                if far.bytes_total > 0 { (far.bytes_done, far.bytes_total) } else { (far.layers_done.into(), far.layers_total.into()) };
            tell(keeper, id, format!("Fetches {text}."), (total > 0).then_some(Progress { done, total }));
        }
        std::future::pending::<()>().await;
    };
    // Cancel-safe: only the pull ends it.
    tokio::select! {
        pulled = pull => match pulled {
            Err(EngineError::Cancelled) => Err(Failed::Ended),
            pulled => Ok(pulled?),
        },
        () = telling => Err(Failed::Ended),
    }
}

/// A number for the network of an app, which nobody else gets meanwhile.
fn reserve_network(keeper: &Keeper, id: &AppId) -> Option<u8> {
    let mut state = keeper.state();
    let kept = state.kept.values().filter(|record| record.phase != Phase::Left).map(|record| record.network);
    let taken: Vec<u8> = kept.chain(state.reserved.values().copied()).collect();
    // Nor one that is still being taken down.
    let seen = state.seen.iter().flat_map(|seen| &seen.networks).filter_map(|network| network.number);
    let busy: Vec<u32> = seen.map(|number| number.0).collect();
    let number = NETWORKS.into_iter().find(|number| !taken.contains(number) && !busy.contains(&u32::from(*number)))?;
    state.reserved.insert(id.clone(), number);
    Some(number)
}

/// Takes an app away. What it kept stays, and its secrets with it.
pub(crate) async fn uninstall(keeper: Arc<Keeper>, id: AppId, by: String) -> Result<(), croft_model::Problem> {
    let record = keeper.state().kept.get(&id).cloned();
    if let Some(record) = record {
        keeper.put(&id, Some(AppRecord { phase: Phase::Leaving, ..record })).await?;
    }
    let gone = AppGone { by, app: id.clone() };
    let removed: Result<serde_json::Value, _> =
        keeper.supervisor.role().json(Method::POST, "/internal/v1/apps/remove", Some(&gone), None).await;
    match removed {
        Ok(_) => {}
        Err(problem) if problem.code == "no-such-app" => {}
        Err(problem) => return Err(problem),
    }
    let mut projection = keeper.projection.clone();
    let over = projection.wait_for(|now| now.as_ref().and_then(|now| now.apps.as_ref()).is_some_and(|apps| !apps.contains_key(&id)));
    let _ = timeout(SETTINGS, over).await;
    keeper.wake.notify_one();
    Ok(())
}
