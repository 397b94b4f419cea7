//! The next steps: from what is wanted, kept, and seen. Pure.
//!
//! Each look gives a list of steps that do not depend on each other; what follows from them comes after the next look. So a role that ends anywhere goes
//! on where things are, and a container that somebody removed by hand comes back.

use std::collections::{BTreeMap, BTreeSet};

use croft_catalog::{After, Restart, ServiceName};
use croft_containers::{AppName, ContainerId, ContainerState, Seen, SeenContainer};
use croft_model::AppId;
use jiff::Timestamp;

use crate::{records::Phase, wishes::Wishes};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Makes the network.
    MakeNetwork { app: AppId },
    /// Has other servers, or none, answer an app's questions for names.
    Resolve { app: AppId },
    /// Makes a container.
    Create { app: AppId, service: ServiceName },
    /// Starts one.
    Start { app: AppId, service: ServiceName, container: ContainerId },
    /// Ends one, in its time.
    Stop { app: Option<AppId>, service: Option<ServiceName>, container: ContainerId },
    /// Removes one.
    Remove { app: Option<AppId>, container: ContainerId },
    /// Removes the network of an app that is no longer.
    RemoveNetwork { name: AppName },
    /// Nothing of the app is left but what it keeps.
    Gone { app: AppId },
}

/// How a container is, as far as it can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Nobody has asked yet, or found out whether it can be asked.
    Unknown,
    /// It cannot be asked.
    Never,
    /// It said that it is well.
    Well,
    /// It has not, often enough.
    Ill,
}

/// An app, as it is wanted and kept.
pub(crate) struct Wanted<'a> {
    pub(crate) phase: Phase,
    /// Whether it shall run.
    pub(crate) running: bool,
    /// What it consists of; none when that cannot be said, and then nothing is begun.
    pub(crate) wishes: Option<&'a Wishes>,
    pub(crate) services: &'a BTreeMap<ServiceName, croft_catalog::Service>,
}

/// What is known beside.
pub(crate) struct Known<'a> {
    pub(crate) seen: &'a Seen,
    /// How containers are that can be asked.
    pub(crate) health: &'a BTreeMap<ContainerId, Health>,
    /// Those that are not tried now, because it failed a moment ago.
    pub(crate) resting: &'a BTreeSet<ContainerId>,
    /// Since when the engine is known to run: what ended before ended with the machine, or by the role's own wish.
    pub(crate) since: Timestamp,
    /// Apps that somebody works on: nothing of them is touched.
    pub(crate) at_work: &'a BTreeSet<AppId>,
}

/// The steps that can be done now.
pub(crate) fn steps(apps: &BTreeMap<AppId, Wanted<'_>>, known: &Known<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for container in &known.seen.containers {
        let id = container.app.as_str().parse::<AppId>().ok();
        if id.as_ref().is_some_and(|id| known.at_work.contains(id)) {
            continue;
        }
        let app = id.as_ref().and_then(|id| apps.get(id)).filter(|app| app.phase == Phase::Installed);
        // Those of an app that leaves end in their order.
        let leaves = id.as_ref().and_then(|id| apps.get(id)).is_some_and(|app| app.phase == Phase::Leaving);
        if !leaves && app.is_none_or(|app| !belongs(app, container)) {
            steps.push(away(id, container));
        }
    }
    for (id, app) in apps.iter().filter(|(id, _)| !known.at_work.contains(*id)) {
        match app.phase {
            Phase::Installed => steps.extend(of_app(id, app, known)),
            Phase::Leaving if known.seen.containers.iter().any(|container| container.app.as_str() == id.as_str()) => {
                let own = known.seen.containers.iter().filter(|container| container.app.as_str() == id.as_str());
                steps.extend(stops(id, app, &own.map(|container| (container.service.as_str(), container)).collect()));
            }
            Phase::Leaving if !known.seen.containers.iter().any(|container| container.app.as_str() == id.as_str()) => {
                let network = known.seen.networks.iter().find(|network| network.app.as_str() == id.as_str());
                steps.push(
                    network.map_or_else(|| Step::Gone { app: id.clone() }, |network| Step::RemoveNetwork { name: network.app.clone() }),
                );
            }
            Phase::Leaving | Phase::Coming | Phase::Left => {}
        }
    }
    let nobodys = known.seen.networks.iter().filter(|network| {
        let id = network.app.as_str().parse::<AppId>().ok();
        let is_known = id.is_some_and(|id| known.at_work.contains(&id) || apps.get(&id).is_some_and(|app| app.phase != Phase::Left));
        !is_known && !known.seen.containers.iter().any(|container| container.app == network.app)
    });
    steps.extend(nobodys.map(|network| Step::RemoveNetwork { name: network.app.clone() }));
    steps
}

/// Whether a container is a part of the app as it is now.
fn belongs(app: &Wanted<'_>, container: &SeenContainer) -> bool {
    // Where nobody can say what the app is, it stays as it is.
    let Some(wishes) = app.wishes else { return true };
    let wish = wishes.containers.iter().find(|(name, _)| name.as_str() == container.service.as_str());
    wish.is_some_and(|(_, wish)| wish.plan == container.plan) && container.state != ContainerState::Broken
}

fn away(id: Option<AppId>, container: &SeenContainer) -> Step {
    match container.state {
        ContainerState::Running { .. } | ContainerState::Changing => {
            Step::Stop { app: id, service: container.service.as_str().parse().ok(), container: container.id.clone() }
        }
        ContainerState::Created | ContainerState::Exited { .. } | ContainerState::Broken => {
            Step::Remove { app: id, container: container.id.clone() }
        }
    }
}

fn of_app(id: &AppId, app: &Wanted<'_>, known: &Known<'_>) -> Vec<Step> {
    let Some(wishes) = app.wishes else { return Vec::new() };
    let own: BTreeMap<&str, &SeenContainer> = known
        .seen
        .containers
        .iter()
        .filter(|container| container.app.as_str() == id.as_str() && belongs(app, container))
        .map(|container| (container.service.as_str(), container))
        .collect();
    if !app.running {
        return stops(id, app, &own);
    }
    let network = known.seen.networks.iter().find(|network| network.app.as_str() == id.as_str());
    let Some(network) = network else { return vec![Step::MakeNetwork { app: id.clone() }] };
    let mut steps = Vec::new();
    if network.resolving != wishes.network.resolving {
        steps.push(Step::Resolve { app: id.clone() });
    }
    // One that is to be made anew is first of all taken away.
    let is_there = |name: &ServiceName| {
        known.seen.containers.iter().any(|container| container.app.as_str() == id.as_str() && container.service.as_str() == name.as_str())
    };
    for name in wishes.containers.keys().filter(|name| !is_there(name)) {
        steps.push(Step::Create { app: id.clone(), service: name.clone() });
    }
    for (name, service) in app.services {
        let Some(container) = own.get(name.as_str()) else { continue };
        let may_start = match &container.state {
            ContainerState::Created => true,
            ContainerState::Exited { code, at, .. } => {
                // What others wait for the end of is done once. What else ended with the machine goes on.
                let once = app.services.values().any(|other| other.after.get(name) == Some(&After::Completed));
                let with_the_machine = !once && at.is_some_and(|at| at < known.since);
                match service.restart {
                    Restart::Always => !once || *code != 0,
                    Restart::OnFailure => *code != 0 || with_the_machine,
                    Restart::Never => with_the_machine,
                }
            }
            ContainerState::Running { .. } | ContainerState::Changing | ContainerState::Broken => false,
        };
        let ready =
            service.after.iter().all(|(other, after)| own.get(other.as_str()).is_some_and(|other| fulfils(other, *after, known.health)));
        if may_start && ready && !known.resting.contains(&container.id) {
            steps.push(Step::Start { app: id.clone(), service: name.clone(), container: container.id.clone() });
        }
    }
    steps
}

fn fulfils(container: &SeenContainer, after: After, health: &BTreeMap<ContainerId, Health>) -> bool {
    let runs = matches!(container.state, ContainerState::Running { .. });
    match after {
        After::Started => runs,
        // What cannot be asked is as well as it runs; of what nobody has asked yet, nobody knows.
        After::Healthy => runs && matches!(health.get(&container.id), Some(Health::Well | Health::Never)),
        After::Completed => matches!(container.state, ContainerState::Exited { code: 0, .. }),
    }
}

/// Ends what runs, first those for which nothing else waits, and removes what has ended: made anew, it starts whatever it does when it ends by itself.
fn stops(id: &AppId, app: &Wanted<'_>, own: &BTreeMap<&str, &SeenContainer>) -> Vec<Step> {
    let runs = |name: &str| {
        own.get(name).is_some_and(|container| matches!(container.state, ContainerState::Running { .. } | ContainerState::Changing))
    };
    let needed = |name: &ServiceName| app.services.iter().any(|(other, service)| runs(other.as_str()) && service.after.contains_key(name));
    let running: Vec<&ServiceName> = app.services.keys().filter(|name| runs(name.as_str())).collect();
    let unknown = own.values().filter(|container| {
        runs(container.service.as_str()) && !app.services.keys().any(|name| name.as_str() == container.service.as_str())
    });
    let unknown: Vec<Step> = unknown.map(|container| away(Some(id.clone()), container)).collect();
    let free: Vec<&&ServiceName> = running.iter().filter(|name| !needed(name)).collect();
    // In a ring all end at once.
    let now: Vec<&ServiceName> = if free.is_empty() { running.clone() } else { free.into_iter().copied().collect() };
    let stop = |name: &&ServiceName| {
        let container = own.get(name.as_str())?.id.clone();
        Some(Step::Stop { app: Some(id.clone()), service: Some((*name).clone()), container })
    };
    let over = own
        .values()
        .filter(|container| matches!(container.state, ContainerState::Created | ContainerState::Exited { .. } | ContainerState::Broken));
    let remove = over.map(|container| Step::Remove { app: Some(id.clone()), container: container.id.clone() });
    now.iter().filter_map(stop).chain(remove).chain(unknown).collect()
}
