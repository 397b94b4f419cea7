//! How the disks are: each is asked at the start, when it comes, and every six hours; one after the other, and none is woken.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use croft_disks::{Care, DiskError, Present, SmartAnswer};
use croft_model::{DiskHealth, DiskId, Silence, Warning};
use croft_telemetry::error_chain;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    ailments,
    error::StorageError,
    history,
    records::{HealthRecord, Records},
};

/// How often each disk is asked: what it counts changes slowly, and each question is a little work for it.
pub(crate) const EVERY: Duration = Duration::from_secs(6 * 60 * 60);
/// Disks of which it is remembered how they were, also while they are away.
const MAX_KNOWN: usize = 200;

/// Who asks the disks.
pub(crate) struct Doctor {
    care: Arc<dyn Care>,
    records: Records,
    every: Duration,
    state: Mutex<State>,
    /// Something new is known.
    pub(crate) news: Notify,
    stop: CancellationToken,
}

#[derive(Default)]
struct State {
    present: Vec<Present>,
    known: BTreeMap<DiskId, HealthRecord>,
    /// Why a disk that was asked since the start told nothing; none where it did.
    asked: BTreeMap<DiskId, Option<Silence>>,
}

impl Doctor {
    /// Asks the disks that `care` knows, each after so long again.
    ///
    /// # Errors
    /// What is remembered cannot be read.
    pub(crate) fn new(care: Arc<dyn Care>, records: Records, every: Duration, stop: CancellationToken) -> Result<Self, StorageError> {
        let state = Mutex::new(State { known: records.health()?, ..State::default() });
        Ok(Self { care, records, every, state, news: Notify::new(), stop })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks until the role ends.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut told = self.care.news();
        let mut due = tokio::time::Instant::now();
        while !self.stop.is_cancelled() {
            let all = tokio::time::Instant::now() >= due;
            if all {
                due = tokio::time::Instant::now() + self.every;
            }
            self.round(all).await;
            // Cancel-safe: what changes in between is seen at the next look at the number.
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep_until(due) => {}
                Ok(()) = told.changed() => {}
            }
        }
    }

    /// Asks all disks, or those that have come since the last round.
    async fn round(&self, all: bool) {
        let present = match self.care.present().await {
            Ok(present) => present,
            Err(error) => {
                tracing::warn!(error = error_chain(&error), "the disks cannot be listed to ask how they are");
                return;
            }
        };
        let wanted: Vec<Present> = {
            let mut state = self.state();
            state.present.clone_from(&present);
            state.asked.retain(|id, _| present.iter().any(|disk| disk.id == *id));
            present.into_iter().filter(|disk| all || !state.asked.contains_key(&disk.id)).collect()
        };
        for disk in wanted {
            if self.stop.is_cancelled() {
                return;
            }
            self.ask(&disk).await;
            self.news.notify_one();
        }
    }

    async fn ask(&self, disk: &Present) {
        let before = self.state().known.get(&disk.id).cloned();
        let known = before.as_ref().map(|record| record.way);
        let answer = if disk.can_tell { self.care.health(&disk.id, known).await } else { Ok(SmartAnswer::Mute) };
        let silence = match answer {
            Ok(SmartAnswer::Told(reading, way)) => {
                let record = history::remember(before, reading, way);
                if let Err(error) = self.records.keep_health(disk.id.clone(), record.clone(), MAX_KNOWN).await {
                    tracing::error!(error = error_chain(&error), disk = %disk.id, "what a disk tells of itself cannot be kept");
                }
                self.state().known.insert(disk.id.clone(), record);
                None
            }
            Ok(SmartAnswer::Asleep) => Some(Silence::Asleep),
            Ok(SmartAnswer::Mute) => Some(Silence::Mute),
            Err(error) => {
                self.note(disk, &error);
                Some(Silence::Trouble)
            }
        };
        self.state().asked.insert(disk.id.clone(), silence);
    }

    fn note(&self, disk: &Present, error: &DiskError) {
        tracing::warn!(error = error_chain(error), disk = %disk.id, "a disk cannot be asked how it is");
    }

    /// How a disk is, by what it told last.
    pub(crate) fn health(&self, disk: &DiskId) -> DiskHealth {
        let state = self.state();
        let silence = state.asked.get(disk).copied().unwrap_or(Some(Silence::NotYet));
        let told = state.known.get(disk).map(|record| DiskHealth::judged(record.last, history::earlier(record).as_ref()));
        told.unwrap_or_default().heard(silence, Timestamp::now())
    }

    /// What is not well with disks that are there.
    pub(crate) fn warnings(&self, now: Timestamp) -> Vec<Warning> {
        let present = self.state().present.clone();
        present.iter().flat_map(|disk| ailments::warnings(disk, &self.health(&disk.id), now)).collect()
    }
}
