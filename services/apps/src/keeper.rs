//! What goes on: the role looks, has it decided what is next, does it, and looks again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use croft_api::{
    projection::Supervisor,
    wire::apps::{AppFailure, AppGone, AppTraffic, AppWork, EngineState},
};
use croft_catalog::ServiceName;
use croft_containers::{ContainerId, ContainerState, Digest, Engine, EngineError, Gate, Grace, NetworkNumber, Seen, Wall};
use croft_model::{AppId, HostedApp, Projection};
use croft_telemetry::error_chain;
use futures_util::{StreamExt, stream};
use http::Method;
use jiff::Timestamp;
use tokio::{
    sync::{Notify, watch},
    task::{JoinSet, spawn_blocking},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::AppsError,
    plan::{self, Health, Step, Wanted},
    records::{AppRecord, Kept, Phase, Records},
    shelf::Shelf,
    store::Shop,
    wishes::{self, Ground, Wishes},
};

/// How often it is looked where nothing happens: the engine's news may miss something.
const LOOK: Duration = Duration::from_secs(10);
/// The same where there are no apps: a small box has better things to do.
const IDLE: Duration = Duration::from_secs(60);
/// How often an engine that is away is asked.
const AWAY: Duration = Duration::from_secs(3);
/// Steps that are done side by side: to end takes seconds, and most of it is waiting.
const AT_ONCE: usize = 4;
/// The first pause after which something that failed is tried again; it doubles, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A part that ran for so long had started well.
const SETTLED: Duration = Duration::from_secs(60);
/// Time for an image that was removed by hand to be fetched anew.
const PULL: Duration = Duration::from_secs(30 * 60);
/// Starts in a row, none of which settled, after which people are told.
pub(crate) const TRIES: u32 = 4;
/// Between a step and the next look, so that something that never comes about does not keep a processor busy.
const BETWEEN: Duration = Duration::from_millis(50);
/// Time zone until the settings have come.
const UTC: &str = "UTC";

/// Everything that the role holds.
pub(crate) struct Keeper {
    pub(crate) records: Records,
    pub(crate) shop: Shop,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) wall: Arc<dyn Wall>,
    pub(crate) shelf: Shelf,
    pub(crate) supervisor: Supervisor,
    pub(crate) projection: watch::Receiver<Option<Projection>>,
    pub(crate) stop: CancellationToken,
    /// Something changed that is worth a look.
    pub(crate) wake: Notify,
    /// The same for the walls, which wait for nothing else.
    pub(crate) wake_walls: Notify,
    /// Held while the wall is changed.
    pub(crate) walls: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// What is known at the moment.
pub(crate) struct State {
    pub(crate) kept: Kept,
    pub(crate) seen: Option<Seen>,
    pub(crate) engine: EngineState,
    pub(crate) health: BTreeMap<ContainerId, Health>,
    pub(crate) tries: BTreeMap<ContainerId, Tries>,
    /// What is being done to apps, by people's wish.
    pub(crate) work: BTreeMap<AppId, AppWork>,
    pub(crate) failed: BTreeMap<AppId, AppFailure>,
    /// What apps are called that have not come so far as to be kept.
    pub(crate) names: BTreeMap<AppId, String>,
    /// What keeps an app from being as it shall, and when it is tried again.
    pub(crate) trouble: BTreeMap<AppId, Trouble>,
    pub(crate) traffic: BTreeMap<AppId, AppTraffic>,
    /// Numbers of networks that were given out and are not kept yet.
    pub(crate) reserved: BTreeMap<AppId, u8>,
    /// Apps of which a step is being done.
    busy: BTreeSet<AppId>,
    /// Since when the engine answers.
    since: Timestamp,
    /// Images that could not be removed, which are not tried again.
    pub(crate) kept_images: BTreeSet<Digest>,
    /// The wall as it was put up last.
    pub(crate) gates: Option<BTreeMap<NetworkNumber, Gate>>,
}

/// Starts of a container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tries {
    pub(crate) count: u32,
    until: Instant,
}

/// A step that failed.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) why: String,
    pub(crate) since: Timestamp,
    count: u32,
    until: Instant,
}

impl Keeper {
    /// A keeper of what `records` have.
    pub(crate) fn new(
        records: Records,
        (engine, wall): (Arc<dyn Engine>, Arc<dyn Wall>),
        shelf: Shelf,
        supervisor: Supervisor,
        stop: CancellationToken,
    ) -> Result<Arc<Self>, AppsError> {
        let (kept, shop) = (records.load()?, Shop::open(records.store())?);
        let projection = supervisor.follow(stop.clone());
        let state = State {
            kept,
            seen: None,
            engine: EngineState::Away { why: "It was not asked yet.".into() },
            health: BTreeMap::new(),
            tries: BTreeMap::new(),
            work: BTreeMap::new(),
            failed: BTreeMap::new(),
            names: BTreeMap::new(),
            trouble: BTreeMap::new(),
            traffic: BTreeMap::new(),
            reserved: BTreeMap::new(),
            busy: BTreeSet::new(),
            since: Timestamp::now(),
            kept_images: BTreeSet::new(),
            gates: None,
        };
        Ok(Arc::new(Self {
            records,
            shop,
            engine,
            wall,
            shelf,
            supervisor,
            projection,
            stop,
            wake: Notify::new(),
            wake_walls: Notify::new(),
            walls: tokio::sync::Mutex::new(()),
            state: Mutex::new(state),
        }))
    }

    /// What is known. Never held while waiting.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is wanted of each app; none until the settings have come.
    pub(crate) fn hosted(&self) -> Option<BTreeMap<AppId, HostedApp>> {
        self.projection.borrow().as_ref()?.apps.clone()
    }

    /// The box's host label and its time zone.
    pub(crate) fn box_names(&self) -> (String, String) {
        let projection = self.projection.borrow();
        let host = projection.as_ref().and_then(|now| Some(now.this_box.as_ref()?.host.clone())).unwrap_or_else(|| "croft".into());
        let zone = projection.as_ref().and_then(|now| Some(now.time.as_ref()?.zone.clone())).unwrap_or_else(|| UTC.into());
        (host, zone)
    }

    /// What an app consists of; a sentence where that cannot be said.
    pub(crate) fn wishes(&self, id: &AppId, record: &AppRecord, hosted: &HostedApp) -> Result<Wishes, String> {
        let (host, zone) = self.box_names();
        wishes::of(id, record, hosted, &Ground { apps: self.shelf.path(), box_host: &host, zone: &zone })
    }

    /// Puts a record down, durably, and knows it from then on.
    pub(crate) async fn put(&self, id: &AppId, record: Option<AppRecord>) -> Result<(), AppsError> {
        self.records.put(id, record.clone()).await?;
        let mut state = self.state();
        match record {
            Some(record) => state.kept.insert(id.clone(), record),
            None => state.kept.remove(id),
        };
        drop(state);
        self.wake.notify_one();
        self.wake_walls.notify_one();
        Ok(())
    }

    /// Keeps apps as they shall be until the role ends.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut projection = self.projection.clone();
        let (mut events, mut tasks) = (None, JoinSet::new());
        while !self.stop.is_cancelled() {
            self.round(&mut tasks).await;
            if events.is_none() {
                events = self.engine.events().await.ok();
            }
            let pause = self.pause();
            let heard = async {
                match &mut events {
                    Some(events) => events.next().await,
                    None => std::future::pending().await,
                }
            };
            // Cancel-safe: what is missed is seen at the next look.
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.wake.notified() => {}
                _ = projection.changed() => {}
                Some(_) = tasks.join_next() => {}
                heard = heard => if heard.is_none() { events = None },
                () = tokio::time::sleep(pause) => {}
            }
            // Whatever woke it, more of the same is seen at once.
            tokio::time::sleep(BETWEEN).await;
        }
        tasks.shutdown().await;
    }

    /// Until the next look where nothing happens.
    pub(crate) fn pause(&self) -> Duration {
        let state = self.state();
        let has_apps = !state.work.is_empty() || state.kept.values().any(|record| record.phase != Phase::Left);
        match (&state.engine, has_apps) {
            (_, false) => IDLE,
            (EngineState::Ready { .. }, true) => LOOK,
            (EngineState::Away { .. }, true) => AWAY,
        }
    }

    /// One look, and the steps that follow from it, those of each app as a task: one that takes its time keeps nobody else waiting.
    async fn round(self: &Arc<Self>, tasks: &mut JoinSet<()>) {
        if let Err(error) = self.settle_phases().await {
            tracing::warn!(error = error_chain(&error), "what is kept of apps is not as the settings say");
        }
        // What was being done while it looked, it saw half of.
        let moving: BTreeSet<AppId> = {
            let state = self.state();
            state.work.keys().chain(&state.busy).cloned().collect()
        };
        match self.engine.look().await {
            Ok(seen) => self.saw(seen),
            Err(error) => {
                tracing::debug!(error = error_chain(&error), "the engine cannot be looked at");
                let mut state = self.state();
                state.engine = EngineState::Away { why: sentence(&error) };
                state.seen = None;
                return;
            }
        }
        // Without walls nothing is begun.
        if let Err(error) = self.put_up_walls().await {
            tracing::error!(error = error_chain(&error), "the wall around apps cannot be put up");
            self.state().engine = EngineState::Away { why: "The wall around apps cannot be put up, so none is started.".into() };
            return;
        }
        let mut by_app: BTreeMap<Option<AppId>, Vec<Step>> = BTreeMap::new();
        for step in self.decide(moving) {
            by_app.entry(app_of(&step)).or_default().push(step);
        }
        let is_quiet = {
            let state = self.state();
            by_app.is_empty() && state.work.is_empty() && state.busy.is_empty()
        };
        if is_quiet {
            self.clear_images().await;
        }
        for (app, steps) in by_app {
            self.state().busy.extend(app.clone());
            let this = Arc::clone(self);
            tasks.spawn(async move {
                stream::iter(steps).for_each_concurrent(AT_ONCE, |step| this.step(step)).await;
                if let Some(app) = &app {
                    this.state().busy.remove(app);
                }
            });
        }
    }

    fn saw(&self, seen: Seen) {
        let mut state = self.state();
        let now = Timestamp::now();
        let there: BTreeSet<ContainerId> = seen.containers.iter().map(|container| container.id.clone()).collect();
        let settled = |id: &ContainerId| {
            seen.containers.iter().any(|container| {
                container.id == *id
                    && matches!(container.state, ContainerState::Running { since } if now.duration_since(since).unsigned_abs() > SETTLED)
            })
        };
        state.tries.retain(|id, _| there.contains(id) && !settled(id));
        state.health.retain(|id, _| there.contains(id));
        if !matches!(state.engine, EngineState::Ready { .. }) {
            tracing::info!("the engine answers");
            state.since = now;
        }
        state.engine = EngineState::Ready { version: String::new() };
        state.seen = Some(seen);
    }

    /// What is next, of all apps but those that were `moving` while it was looked.
    fn decide(&self, moving: BTreeSet<AppId>) -> Vec<Step> {
        let Some(hosted) = self.hosted() else { return Vec::new() };
        let kept = self.state().kept.clone();
        let mut wishes = BTreeMap::new();
        for (id, record) in &kept {
            if let (Phase::Installed, Some(hosted)) = (record.phase, hosted.get(id)) {
                match self.wishes(id, record, hosted) {
                    Ok(wished) => drop(wishes.insert(id.clone(), wished)),
                    Err(why) => self.stumble(id, why),
                }
            }
        }
        let apps = kept
            .iter()
            .map(|(id, record)| {
                let running = hosted.get(id).is_some_and(|app| app.running);
                (id.clone(), Wanted { phase: record.phase, running, wishes: wishes.get(id), services: &record.spec.services })
            })
            .collect();
        let (mut state, now) = (self.state(), Instant::now());
        let state = &mut *state;
        let Some(seen) = &state.seen else { return Vec::new() };
        let resting = state.tries.iter().filter(|(_, tries)| tries.until > now).map(|(id, _)| id.clone()).collect();
        let troubled = state.trouble.iter().filter(|(_, trouble)| trouble.until > now).map(|(id, _)| id.clone());
        let at_work: BTreeSet<AppId> = state.work.keys().chain(&state.busy).cloned().chain(troubled).chain(moving).collect();
        let known = plan::Known { seen, health: &state.health, resting: &resting, since: state.since, at_work: &at_work };
        let steps = plan::steps(&apps, &known);
        // What nothing is left to do for is over.
        let due: BTreeSet<AppId> = steps.iter().filter_map(app_of).collect();
        let unsaid = |id: &AppId| {
            kept.get(id).is_some_and(|record| record.phase == Phase::Installed) && hosted.contains_key(id) && !wishes.contains_key(id)
        };
        state.trouble.retain(|id, _| at_work.contains(id) || due.contains(id) || unsaid(id));
        steps
    }

    async fn step(&self, step: Step) {
        let app = app_of(&step);
        tracing::info!(?step, "next");
        match self.done(step).await {
            Ok(()) => {
                if let Some(app) = app {
                    self.state().trouble.remove(&app);
                }
            }
            Err(error) => {
                tracing::warn!(app = app.as_ref().map(AppId::as_str), error = error_chain(&error), "a step failed");
                if let Some(app) = app {
                    self.stumble(&app, sentence(&error));
                }
            }
        }
    }

    /// Notes what keeps an app, and that it is tried later.
    fn stumble(&self, app: &AppId, why: String) {
        let mut state = self.state();
        let known = state.trouble.get(app).cloned();
        if let Some(trouble) = state.trouble.get_mut(app).filter(|trouble| trouble.until > Instant::now()) {
            // It is known, and rests.
            trouble.why = why;
            return;
        }
        let count = known.as_ref().map_or(0, |trouble| trouble.count) + 1;
        let since = known.map_or_else(Timestamp::now, |trouble| trouble.since);
        state.trouble.insert(app.clone(), Trouble { why, since, count, until: Instant::now() + pause(count) });
    }

    async fn done(&self, step: Step) -> Result<(), AppsError> {
        match step {
            Step::MakeNetwork { app } => {
                let Some(wishes) = self.wished(&app) else { return Ok(()) };
                self.put_up_walls().await?;
                Ok(self.engine.make_network(&wishes.network).await?)
            }
            Step::Resolve { app } => {
                let Some(wishes) = self.wished(&app) else { return Ok(()) };
                Ok(self.engine.resolve(&wishes.network.app, &wishes.network.resolving).await?)
            }
            Step::Create { app, service } => self.create(&app, &service).await,
            Step::Start { container, .. } => {
                {
                    let mut state = self.state();
                    let count = state.tries.get(&container).map_or(0, |tries| tries.count) + 1;
                    state.tries.insert(container.clone(), Tries { count, until: Instant::now() + pause(count) });
                    state.health.remove(&container);
                }
                Ok(self.engine.start(&container).await?)
            }
            Step::Stop { app, service, container } => {
                let grace = app.zip(service).map_or(Grace::new(wishes::GRACE), |(app, service)| self.grace(&app, service.as_str()));
                Ok(self.engine.stop(&container, grace).await?)
            }
            Step::Remove { container, .. } => Ok(self.engine.remove(&container).await?),
            Step::RemoveNetwork { name } => Ok(self.engine.remove_network(&name).await?),
            Step::Gone { app } => {
                let record = self.state().kept.get(&app).cloned();
                let Some(record) = record.filter(|record| record.phase == Phase::Leaving) else { return Ok(()) };
                self.put(&app, Some(AppRecord { phase: Phase::Left, since: Timestamp::now(), ..record })).await
            }
        }
    }

    async fn create(&self, app: &AppId, service: &ServiceName) -> Result<(), AppsError> {
        let record = self.state().kept.get(app).cloned();
        let hosted = self.hosted().and_then(|hosted| hosted.get(app).cloned());
        let Some((record, hosted)) = record.zip(hosted) else { return Ok(()) };
        let Ok(wishes) = self.wishes(app, &record, &hosted) else { return Ok(()) };
        let Some(wish) = wishes.containers.get(service) else { return Ok(()) };
        self.put_down(app, &record, &hosted).await?;
        let made = match self.engine.create(wish).await {
            // The image was removed by hand: it is fetched again, by its digest.
            Err(EngineError::Missing { what: "image" }) => {
                let (progress, _) = watch::channel(Default::default());
                let pull = self.engine.pull(&wish.image, progress, self.stop.child_token());
                let late = EngineError::TooLong { step: "fetch the image anew", limit: PULL };
                tokio::time::timeout(PULL, pull).await.map_err(|_| late)??;
                self.engine.create(wish).await
            }
            made => made,
        };
        match made {
            Ok(_) => Ok(()),
            // Also where it is there already, made by a call whose answer was lost: the next look shows it.
            Err(error) => Err(error.into()),
        }
    }

    /// Makes what an app mounts.
    pub(crate) async fn put_down(&self, app: &AppId, record: &AppRecord, hosted: &HostedApp) -> Result<(), AppsError> {
        let (host, zone) = self.box_names();
        let written =
            wishes::written(app, record, hosted, &Ground { apps: self.shelf.path(), box_host: &host, zone: &zone }).unwrap_or_default();
        let (shelf, app, folders) = (self.shelf.clone(), app.clone(), wishes::folders(&record.spec));
        spawn_blocking(move || {
            for (path, owner) in folders {
                shelf.folder(&app, &path, owner)?;
            }
            written.iter().try_for_each(|(service, number, content, mode)| shelf.write(&app, (service, *number), content, *mode))
        })
        .await?
    }

    /// How long a part of an app may take to end.
    pub(crate) fn grace(&self, app: &AppId, service: &str) -> Grace {
        let state = self.state();
        let part = state.kept.get(app).and_then(|record| record.spec.services.iter().find(|(name, _)| name.as_str() == service));
        Grace::new(part.map_or(wishes::GRACE, |(_, part)| wishes::grace(part)))
    }

    fn wished(&self, app: &AppId) -> Option<Wishes> {
        let record = self.state().kept.get(app).cloned()?;
        let hosted = self.hosted()?.get(app).cloned()?;
        self.wishes(app, &record, &hosted).ok()
    }

    /// Brings what is kept and what the settings say together, where a step of an install or uninstall was the last one before an end.
    async fn settle_phases(&self) -> Result<(), AppsError> {
        let Some(hosted) = self.hosted() else { return Ok(()) };
        let kept: Vec<(AppId, AppRecord)> = {
            let state = self.state();
            state.kept.iter().filter(|(id, _)| !state.work.contains_key(*id)).map(|(id, record)| (id.clone(), record.clone())).collect()
        };
        for (id, record) in kept {
            // An install over it came to no end: it is what it was.
            if let (Phase::Installed, Some(before)) = (record.phase, &record.before) {
                tracing::info!(%id, "an app is what it was before an install that did not end");
                self.put(&id, Some(AppRecord { folders: record.folders.clone(), ..(**before).clone() })).await?;
                continue;
            }
            let phase = match (record.phase, hosted.contains_key(&id)) {
                (Phase::Coming, true) => Phase::Installed,
                // It came no further: what it kept before stays.
                (Phase::Coming, false) => Phase::Left,
                (Phase::Installed, false) => Phase::Leaving,
                (Phase::Leaving, true) => {
                    let gone = AppGone { by: "The role for apps".into(), app: id.clone() };
                    let removed: Result<serde_json::Value, _> =
                        self.supervisor.role().json(Method::POST, "/internal/v1/apps/remove", Some(&gone), None).await;
                    if let Err(problem) = removed {
                        tracing::warn!(%id, %problem, "an app cannot be taken out of the settings");
                    }
                    continue;
                }
                (Phase::Installed, true) | (Phase::Leaving | Phase::Left, false) => continue,
                // Somebody took the removal back, or the store is older than the settings.
                (Phase::Left, true) => continue,
            };
            tracing::info!(%id, ?phase, "an app goes on where it was");
            self.put(&id, Some(AppRecord { phase, ..record })).await?;
        }
        Ok(())
    }
}

fn pause(count: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(count.saturating_sub(1))).min(LONGEST_PAUSE)
}

fn app_of(step: &Step) -> Option<AppId> {
    match step {
        Step::MakeNetwork { app } | Step::Resolve { app } | Step::Create { app, .. } | Step::Start { app, .. } | Step::Gone { app } => {
            Some(app.clone())
        }
        Step::Stop { app, .. } | Step::Remove { app, .. } => app.clone(),
        Step::RemoveNetwork { name } => name.as_str().parse().ok(),
    }
}

/// An error as a sentence for people, with what lies under it.
pub(crate) fn sentence(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = error_chain(error).to_string();
    let mut letters = chain.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
