//! Telling the supervisor: warnings, the work and how far it is, lines for the activity.

use std::{sync::Arc, time::Duration};

use croft_api::projection::Supervisor;
use croft_model::{PoolEnd, Report, Task, TaskId, TaskState};
use jiff::Timestamp;

use crate::{
    doctor::Doctor,
    health::{self, Known},
    keeper::{Keeper, State},
    observe::Looked,
    records::{ChangeRecord, EndedRecord},
    words,
};

/// How often it is told how far the work is.
const AT_WORK: Duration = Duration::from_secs(2);
/// How often everything is told where nothing has changed: a supervisor that started again knows no warning.
const AT_REST: Duration = Duration::from_secs(10);

/// After so many looks in a row that failed, people are told.
const UNREADABLE: u32 = 3;

/// Tells until the role ends.
pub(crate) async fn run(keeper: Arc<Keeper>, doctor: Arc<Doctor>, supervisor: Supervisor) {
    while !keeper.stop.is_cancelled() {
        tell(&keeper, &doctor, &supervisor).await;
        let works = keeper.state().work(Timestamp::now()).is_some();
        // Cancel-safe: what is to be told in between is kept as a permit.
        tokio::select! {
            () = keeper.stop.cancelled() => {}
            () = keeper.to_tell.notified() => {}
            () = tokio::time::sleep(if works { AT_WORK } else { AT_REST }) => {}
        }
    }
    tell(&keeper, &doctor, &supervisor).await;
}

async fn tell(keeper: &Keeper, doctor: &Doctor, supervisor: &Supervisor) {
    let (report, told) = (report(keeper, doctor, Timestamp::now()), keeper.state().untold.len());
    match supervisor.report(&report).await {
        Ok(()) => drop(keeper.state().untold.drain(..told)),
        Err(problem) => tracing::debug!(%problem, "the supervisor does not take storage's report"),
    }
    loop {
        let Some(line) = keeper.state().lines.front().cloned() else { return };
        if let Err(problem) = supervisor.audit(&line).await {
            tracing::debug!(%problem, "the supervisor does not take a line of the activity");
            return;
        }
        keeper.state().lines.pop_front_if(|first| *first == line);
    }
}

/// What there is to tell now.
pub(crate) fn report(keeper: &Keeper, doctor: &Doctor, now: Timestamp) -> Report {
    let state = keeper.state();
    let mut tasks: Vec<Task> = state.untold.iter().map(|ended| ended_task(ended, &state)).collect();
    let mut warnings = doctor.warnings(now);
    if let (Some(Looked::There(seen)), Some(record)) = (&state.looked, &state.record) {
        let known = Known { record, seen, disks: &state.disks, now };
        warnings.extend(health::warnings(&known, |file| keeper.name_of(file)));
        // Told again each time: it may have ended just before the role did.
        tasks.extend(record.ended.as_ref().filter(|_| state.untold.is_empty()).map(|ended| ended_task(ended, &state)));
        tasks.extend(record.change.as_ref().map(|change| task(change, &state, now)));
    }
    if state.failed >= UNREADABLE {
        warnings.push(health::unreadable(now));
    }
    warnings.extend(state.of_spaces.iter().cloned());
    Report { generation: 0, status: serde_json::Value::Null, warnings, tasks, disks: keeper.disks_number() }
}

fn task(change: &ChangeRecord, state: &State, now: Timestamp) -> Task {
    let work = state.work(now);
    let title = words::capital(&words::of_change(&change.change, &state.names()));
    Task {
        id: TaskId::from_number(change.number),
        kind: format!("pool.{}", change.change.word()),
        title: work.as_ref().map_or(title.clone(), |work| format!("{title}: {}", words::of_step(work.step))),
        who: change.by.clone(),
        state: TaskState::Running,
        progress: work.and_then(|work| work.progress),
        started: change.since,
        updated: now,
    }
}

fn ended_task(ended: &EndedRecord, state: &State) -> Task {
    Task {
        id: TaskId::from_number(ended.number),
        kind: format!("pool.{}", ended.change.word()),
        title: words::capital(&words::of_change(&ended.change, &state.names())),
        who: ended.by.clone(),
        state: match &ended.how {
            PoolEnd::Done => TaskState::Done,
            PoolEnd::Cancelled => TaskState::Cancelled,
            PoolEnd::Failed { reason } => TaskState::Failed { reason: reason.clone() },
        },
        progress: None,
        started: ended.since,
        updated: ended.at,
    }
}
