//! Apps as people see them. Pure but for the lock on what is known.

use std::collections::BTreeMap;

use croft_api::wire::apps::{AppPermission, AppService, AppState, AppTraffic, AppView};
use croft_catalog::{AppSpec, Permission};
use croft_containers::{ContainerState, SeenContainer};
use croft_model::{AppId, HostedApp};

use crate::{
    keeper::{Keeper, State, TRIES},
    plan::Health,
    records::{AppRecord, Phase},
};

/// Every app that is installed or on its way, by id.
pub(crate) fn all(keeper: &Keeper) -> Vec<AppView> {
    let (hosted, host) = (keeper.hosted().unwrap_or_default(), keeper.box_names().0);
    let state = keeper.state();
    let shown = |id: &AppId, record: &AppRecord| {
        hosted.contains_key(id) || state.work.contains_key(id) || matches!(record.phase, Phase::Installed | Phase::Leaving)
    };
    let mut views: BTreeMap<AppId, AppView> = state
        .kept
        .iter()
        .filter(|(id, record)| shown(id, record))
        .map(|(id, record)| (id.clone(), one(&state, (id, record), hosted.get(id), &host)))
        .collect();
    for (id, name) in &state.names {
        if !views.contains_key(id) && (state.work.contains_key(id) || state.failed.contains_key(id)) {
            views.insert(id.clone(), coming(&state, id, name));
        }
    }
    views.into_values().collect()
}

/// An app of which nothing is kept yet: its images are being fetched, or did not come.
fn coming(state: &State, id: &AppId, name: &str) -> AppView {
    AppView {
        id: id.clone(),
        name: name.to_owned(),
        tagline: String::new(),
        version: String::new(),
        source: String::new(),
        wanted: None,
        state: AppState::Installing,
        services: Vec::new(),
        hosts: Vec::new(),
        permissions: Vec::new(),
        work: state.work.get(id).cloned(),
        failed: state.failed.get(id).cloned(),
        trouble: None,
        traffic: AppTraffic::default(),
        since: state.failed.get(id).map_or_else(jiff::Timestamp::now, |failed| failed.at),
    }
}

/// One app.
pub(crate) fn of(keeper: &Keeper, id: &AppId) -> Option<AppView> {
    all(keeper).into_iter().find(|app| app.id == *id)
}

fn one(state: &State, (id, record): (&AppId, &AppRecord), hosted: Option<&HostedApp>, box_host: &str) -> AppView {
    let seen: BTreeMap<&str, &SeenContainer> = state
        .seen
        .iter()
        .flat_map(|seen| &seen.containers)
        .filter(|container| container.app.as_str() == id.as_str())
        .map(|container| (container.service.as_str(), container))
        .collect();
    let services: Vec<AppService> = record
        .spec
        .services
        .iter()
        .map(|(name, part)| {
            let container = seen.get(name.as_str()).copied();
            AppService {
                name: name.to_string(),
                image: part.image.to_string(),
                digest: record.digests.get(name).map(ToString::to_string).unwrap_or_default(),
                state: word(container, state).into(),
                restarts: container.map_or(0, |container| restarts(container, state)),
            }
        })
        .collect();
    let wanted = hosted.filter(|_| record.phase == Phase::Installed);
    AppView {
        id: id.clone(),
        name: hosted.map_or_else(|| record.spec.about.name.to_string(), |hosted| hosted.name.clone()),
        tagline: record.spec.about.tagline.to_string(),
        version: record.spec.about.version.to_string(),
        source: record.source.clone(),
        state: whole(state, (id, record), wanted, &services),
        services,
        hosts: if record.spec.door.is_some() { vec![id.host(box_host), id.local_host()] } else { Vec::new() },
        permissions: permissions(&record.spec),
        work: state.work.get(id).cloned(),
        failed: state.failed.get(id).cloned(),
        trouble: state.trouble.get(id).map(|trouble| trouble.why.clone()),
        traffic: state.traffic.get(id).copied().unwrap_or_else(AppTraffic::default),
        since: record.since,
        wanted: wanted.cloned(),
    }
}

/// What an app asks for, with what it means.
pub(crate) fn permissions(spec: &AppSpec) -> Vec<AppPermission> {
    spec.permissions
        .iter()
        .map(|permission: &Permission| AppPermission { word: permission.word().into(), means: permission.sentence() })
        .collect()
}

fn whole(state: &State, (id, record): (&AppId, &AppRecord), wanted: Option<&HostedApp>, services: &[AppService]) -> AppState {
    if record.phase != Phase::Installed || wanted.is_none() {
        return if record.phase == Phase::Leaving { AppState::Stopped } else { AppState::Installing };
    }
    if wanted.is_some_and(|wanted| !wanted.running) {
        return AppState::Stopped;
    }
    let is_done = |service: &AppService| {
        let once =
            record.spec.services.iter().any(|(name, part)| name.as_str() == service.name && part.restart == croft_catalog::Restart::Never);
        matches!(service.state.as_str(), "running" | "healthy") || (once && service.state == "ended")
    };
    let fails = services.iter().any(|service| service.state == "unhealthy" || (service.restarts >= TRIES && !is_done(service)));
    if fails || state.trouble.contains_key(id) {
        AppState::Failing
    } else if services.iter().all(is_done) {
        AppState::Running
    } else {
        AppState::Starting
    }
}

fn word(container: Option<&SeenContainer>, state: &State) -> &'static str {
    let Some(container) = container else { return "absent" };
    match &container.state {
        ContainerState::Running { .. } => match state.health.get(&container.id) {
            Some(Health::Well) => "healthy",
            Some(Health::Ill) => "unhealthy",
            Some(Health::Unknown) => "starting",
            Some(Health::Never) | None => "running",
        },
        ContainerState::Created | ContainerState::Changing => "starting",
        ContainerState::Exited { .. } | ContainerState::Broken => "ended",
    }
}

/// How often it was started again: by the engine, and by the role beyond its first start.
pub(crate) fn restarts(container: &SeenContainer, state: &State) -> u32 {
    let own = state.tries.get(&container.id).map_or(0, |tries| tries.count.saturating_sub(1));
    own.saturating_add(u32::try_from(container.restarts).unwrap_or(u32::MAX))
}
