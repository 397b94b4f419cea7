//! What is known of the roles: what the settings want to run, and what the units said.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use croft_model::{Event, Manifest, RoleState, RoleStatus, Serves, SpaceKind, Start};
use croft_reconcile::{Ending, Judge, Verdict};
use croft_units::{Exit, News, UnitEvent};
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};

use crate::{change::InForce, events::Events, manifests::SUPERVISOR, plan::Seen};

/// One unit as it is known.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) rank: usize,
    pub(crate) on_demand: bool,
    pub(crate) wanted: bool,
    pub(crate) after: Vec<String>,
    pub(crate) state: RoleState,
    pub(crate) since: Timestamp,
    pub(crate) restarts: u32,
    pub(crate) judge: Judge,
    pub(crate) not_before: Option<Instant>,
    pub(crate) untold_loop: bool,
    /// Its last end, for the warning.
    pub(crate) last_end: String,
}

/// Everything that is known of the units.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) units: BTreeMap<String, Known>,
    statuses: watch::Sender<Vec<RoleStatus>>,
    events: Events,
}

/// What arrives between two rounds.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    arrived: Mutex<Arrived>,
    /// Something has arrived, or the wish has changed.
    pub(crate) news: Notify,
}

/// The unit events and the calls since the last round.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) events: Vec<UnitEvent>,
    pub(crate) called: BTreeSet<String>,
}

impl Inbox {
    /// Somebody waits at the unit's socket.
    pub(crate) fn call(&self, unit: &str) {
        self.lock().called.insert(unit.into());
        self.news.notify_one();
    }

    /// Whether somebody is known to wait at the unit's socket.
    pub(crate) fn is_called(&self, unit: &str) -> bool {
        self.lock().called.contains(unit)
    }

    /// The unit was started and takes the calls itself.
    pub(crate) fn answered(&self, unit: &str) {
        self.lock().called.remove(unit);
    }

    /// The events since the last time.
    pub(crate) fn take_events(&self) -> Vec<UnitEvent> {
        std::mem::take(&mut self.lock().events)
    }

    /// Takes in what the units say until they say no more.
    pub(crate) async fn fill(self: Arc<Self>, mut events: mpsc::Receiver<UnitEvent>) {
        while let Some(event) = events.recv().await {
            if let News::Status(line) = &event.news {
                tracing::debug!(unit = event.unit, line, "a role says what it does");
            } else {
                self.push(event);
            }
        }
    }

    /// Takes in one thing that a unit said.
    pub(crate) fn push(&self, event: UnitEvent) {
        self.lock().events.push(event);
        self.news.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arrived> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    pub(crate) fn new(events: Events) -> (Self, watch::Receiver<Vec<RoleStatus>>) {
        let (statuses, receiver) = watch::channel(Vec::new());
        (Self { units: BTreeMap::new(), statuses, events }, receiver)
    }

    /// Takes over which units the settings want; gives those that are no more.
    pub(crate) fn want(&mut self, manifests: &[Manifest], settings: &InForce) -> Vec<String> {
        let wanted = wanted(manifests, settings);
        for (unit, known) in &mut self.units {
            known.wanted = wanted.contains_key(unit);
        }
        let stays = |known: &Known| known.wanted || matches!(known.state, RoleState::Starting | RoleState::Ready | RoleState::Stopping);
        let gone = self.units.extract_if(.., |_, known| !stays(known)).map(|(unit, _)| unit).collect();
        for (unit, (rank, manifest)) in wanted {
            self.units.entry(unit).or_insert_with(|| Known::new(rank, manifest));
        }
        gone
    }

    /// Takes over what a unit said.
    pub(crate) fn hear(&mut self, event: UnitEvent, now: Instant) {
        let Some(known) = self.units.get_mut(&event.unit) else { return };
        match event.news {
            News::Ready => {
                tracing::info!(unit = event.unit, "ready");
                known.judge.ready(now);
                known.enter(RoleState::Ready);
            }
            News::Exited(exit) => known.ended(&event.unit, exit, now),
            News::WatchdogMissed => tracing::warn!(unit = event.unit, "no sign of life in time; it is ended"),
            News::Status(_) => {}
        }
    }

    /// The units as the planner sees them, in the order of starts.
    pub(crate) fn seen(&self, inbox: &Inbox) -> Vec<Seen> {
        let mut seen: Vec<Seen> = self.units.iter().map(|(unit, known)| known.seen(unit, inbox.is_called(unit))).collect();
        seen.sort_by_key(|unit| unit.rank);
        seen
    }

    /// Publishes how the roles stand, where that has changed.
    pub(crate) fn publish(&self) {
        let mut ordered: Vec<_> = self.units.iter().collect();
        ordered.sort_by_key(|(_, known)| known.rank);
        let statuses: Vec<RoleStatus> = ordered.into_iter().map(|(unit, known)| known.status(unit)).collect();
        let before = self.statuses.send_replace(statuses.clone());
        for role in statuses.into_iter().filter(|status| !before.contains(status)) {
            self.events.tell(Event::Role { role });
        }
    }
}

impl Known {
    fn new(rank: usize, manifest: &Manifest) -> Self {
        let on_demand = manifest.start == Start::Demand;
        Self {
            rank,
            on_demand,
            wanted: true,
            after: manifest.after.iter().map(ToString::to_string).collect(),
            state: if on_demand { RoleState::Waiting } else { RoleState::Stopped },
            since: Timestamp::now(),
            restarts: 0,
            judge: Judge::default(),
            not_before: None,
            untold_loop: false,
            last_end: String::new(),
        }
    }

    pub(crate) fn enter(&mut self, state: RoleState) {
        if self.state != state {
            self.state = state;
            self.since = Timestamp::now();
        }
    }

    /// Judges an end.
    pub(crate) fn ended(&mut self, unit: &str, exit: Exit, now: Instant) {
        let (ending, words) = match exit {
            // Nobody asked a role that belongs to the box to end.
            Exit::Orderly if self.state != RoleState::Stopping && !self.on_demand => (Ending::Fault, "ended by itself".to_owned()),
            Exit::Orderly => {
                tracing::info!(unit, "ended in order");
                return self.enter(if self.on_demand { RoleState::Waiting } else { RoleState::Stopped });
            }
            Exit::Fault(words) => (Ending::Fault, words),
            Exit::Outside(signal) => (Ending::Outside, format!("was ended from outside by signal {signal}")),
        };
        tracing::warn!(unit, words, "a role ended");
        self.last_end = words;
        self.restarts = self.restarts.saturating_add(1);
        let (state, at) = match self.judge.ended(ending, now) {
            Verdict::Again(at) => (RoleState::Restarting, at),
            Verdict::Looping(at) => {
                self.untold_loop = true;
                (RoleState::Looping, at)
            }
        };
        self.not_before = Some(at);
        self.enter(state);
    }

    fn seen(&self, unit: &str, called: bool) -> Seen {
        Seen {
            unit: unit.into(),
            rank: self.rank,
            wanted: self.wanted,
            on_demand: self.on_demand,
            called,
            after: self.after.clone(),
            state: self.state,
            not_before: self.not_before,
            untold_loop: self.untold_loop,
            settles_at: self.judge.settles_at(),
        }
    }

    fn status(&self, unit: &str) -> RoleStatus {
        RoleStatus { name: unit.into(), state: self.state, since: self.since, restarts: self.restarts }
    }
}

/// Every unit that should be there, with its place in the order of starts.
fn wanted<'a>(manifests: &'a [Manifest], settings: &InForce) -> BTreeMap<String, (usize, &'a Manifest)> {
    let mut wanted = BTreeMap::new();
    for (rank, manifest) in manifests.iter().enumerate().filter(|(_, manifest)| manifest.name.as_str() != SUPERVISOR) {
        if manifest.per_space {
            let served = |kind| if kind == SpaceKind::Disk { Serves::Disks } else { Serves::Files };
            let spaces = &settings.settings.spaces;
            let live = spaces.iter().filter(|(_, space)| space.archived_at.is_none() && served(space.kind) == manifest.serves);
            wanted.extend(live.map(|(id, _)| (format!("{}@{id}", manifest.name), (rank, manifest))));
        } else {
            wanted.insert(manifest.name.to_string(), (rank, manifest));
        }
    }
    wanted
}
