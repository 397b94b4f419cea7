//! The registry of tasks: what is at work, kept over restarts.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use croft_model::{Actor, Event, Problem, Progress, Task, TaskId, TaskState};
use croft_store::{Order, Store, StoreError};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    error::problem,
    events::Events,
    records::{RoleTask, TASKS, TaskRecord},
};

/// Tasks that are kept; the oldest ended ones go first.
const MAX_KEPT: usize = 200;

/// All tasks.
#[derive(Debug)]
pub(crate) struct Tasks {
    store: Store,
    events: Events,
    known: Mutex<BTreeMap<TaskId, Entry>>,
}

#[derive(Debug)]
struct Entry {
    task: Task,
    source: Source,
}

/// Who does the work.
#[derive(Debug, Clone)]
enum Source {
    /// This process; it stops at the token.
    Here(CancellationToken),
    /// A role, which numbers its tasks itself.
    Role(RoleTask),
    /// Nobody now: it was here before the last start.
    Before,
}

/// A task at work in this process. Dropped without an end, it counts as failed.
#[derive(Debug)]
pub(crate) struct Handle {
    tasks: Arc<Tasks>,
    id: TaskId,
    cancel: CancellationToken,
}

impl Tasks {
    /// Takes up the tasks of the last run. Those that were at work here when it was killed have failed; a role's and parked ones wait for who does them.
    pub(crate) fn open(store: Store, events: Events, now: Timestamp) -> Result<Self, StoreError> {
        let rows = store.read()?.range(&TASKS, .., Order::Ascending, usize::MAX)?;
        let tasks = Self { store, events, known: Mutex::default() };
        for (_, TaskRecord { mut task, role }) in rows {
            if task.state == TaskState::Running {
                let stopped = || TaskState::Failed { reason: "The box stopped in between.".into() };
                task.state = if role.is_some() { TaskState::Parked } else { stopped() };
                task.updated = now;
                tasks.save(&task, role.clone(), None)?;
            }
            tasks.lock().insert(task.id, Entry { task, source: role.map_or(Source::Before, Source::Role) });
        }
        Ok(tasks)
    }

    /// Begins a task in this process.
    pub(crate) fn begin(self: &Arc<Self>, kind: &str, title: String, who: Actor) -> Result<Handle, StoreError> {
        let now = Timestamp::now();
        let cancel = CancellationToken::new();
        let mut known = self.lock();
        let id = next_id(&known);
        let task = Task { id, kind: kind.into(), title, who, state: TaskState::Running, progress: None, started: now, updated: now };
        self.put(&mut known, task, Source::Here(cancel.clone()))?;
        Ok(Handle { tasks: Arc::clone(self), id, cancel })
    }

    /// Takes over what a role says of its tasks.
    pub(crate) fn reported(&self, role: &str, reported: Vec<Task>) -> Result<(), StoreError> {
        let mut known = self.lock();
        for mut task in reported.into_iter().take(MAX_KEPT) {
            let theirs = RoleTask { name: role.into(), id: task.id };
            let ours = known.iter().find(|(_, entry)| matches!(&entry.source, Source::Role(source) if *source == theirs));
            let (id, same) = ours.map_or_else(|| (next_id(&known), false), |(id, entry)| (*id, same(&entry.task, &task)));
            if !same {
                task.id = id;
                self.put(&mut known, task, Source::Role(theirs))?;
            }
        }
        Ok(())
    }

    /// All tasks, newest first.
    pub(crate) fn list(&self) -> Vec<Task> {
        self.lock().values().rev().map(|entry| entry.task.clone()).collect()
    }

    /// Asks a task to give up.
    pub(crate) fn cancel(&self, id: TaskId) -> Result<(), Problem> {
        let mut known = self.lock();
        let entry = known.get_mut(&id).ok_or_else(|| Problem::new(404, "no-such-task", format!("There is no task {id}.")))?;
        match (&entry.task.state, &entry.source) {
            (TaskState::Running, Source::Here(token)) => {
                token.cancel();
                Ok(())
            }
            (TaskState::Parked, Source::Here(_) | Source::Before) => {
                let task = Task { state: TaskState::Cancelled, updated: Timestamp::now(), ..entry.task.clone() };
                self.put(&mut known, task, Source::Before).map_err(problem)
            }
            (TaskState::Running | TaskState::Parked, _) => {
                Err(Problem::new(409, "task-not-here", format!("{id} is done by a part of the box that cannot give it up.")))
            }
            _ => Err(Problem::new(409, "task-ended", format!("{id} has already ended."))),
        }
    }

    /// Puts every task of this process aside, for an orderly stop.
    pub(crate) fn park(&self) -> Result<(), StoreError> {
        let mut known = self.lock();
        let parked = |task: &Task| Task { state: TaskState::Parked, updated: Timestamp::now(), ..task.clone() };
        let running = known.values().filter(|entry| entry.task.state == TaskState::Running);
        let running: Vec<(Task, Source)> = running.map(|entry| (parked(&entry.task), entry.source.clone())).collect();
        for (task, source) in running {
            let source = if matches!(source, Source::Role(_)) { source } else { Source::Before };
            self.put(&mut known, task, source)?;
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<TaskId, Entry>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a task, on disk when its state changed, and tells of it.
    fn put(&self, known: &mut BTreeMap<TaskId, Entry>, task: Task, source: Source) -> Result<(), StoreError> {
        let moved_only = known.get(&task.id).is_some_and(|entry| entry.task.state == task.state);
        if !moved_only {
            let surplus = (known.len() >= MAX_KEPT && !known.contains_key(&task.id)).then(|| oldest_ended(known)).flatten();
            let role = if let Source::Role(role) = &source { Some(role.clone()) } else { None };
            self.save(&task, role, surplus)?;
            if let Some(id) = surplus {
                known.remove(&id);
            }
        }
        known.insert(task.id, Entry { task: task.clone(), source });
        self.events.tell(Event::Task { task });
        Ok(())
    }

    fn save(&self, task: &Task, role: Option<RoleTask>, surplus: Option<TaskId>) -> Result<(), StoreError> {
        let mut write = self.store.write()?;
        write.put(&TASKS, &task.id.number(), &TaskRecord { task: task.clone(), role })?;
        if let Some(id) = surplus {
            write.remove(&TASKS, &id.number())?;
        }
        write.commit()
    }

    fn end(&self, id: TaskId, state: TaskState) -> Result<(), StoreError> {
        let mut known = self.lock();
        let Some(entry) = known.get(&id).filter(|entry| entry.task.state == TaskState::Running) else { return Ok(()) };
        let task = Task { state, updated: Timestamp::now(), ..entry.task.clone() };
        self.put(&mut known, task, Source::Before)
    }
}

impl Handle {
    /// Cancelled when somebody wants the task to give up.
    pub(crate) fn cancelled(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Says how far it is. Only in memory: progress is no settings and no history.
    pub(crate) fn progress(&self, progress: Progress) {
        let mut known = self.tasks.lock();
        if let Some(entry) = known.get_mut(&self.id) {
            entry.task.progress = Some(progress);
            entry.task.updated = Timestamp::now();
            self.tasks.events.tell(Event::Task { task: entry.task.clone() });
        }
    }

    /// Ends it.
    pub(crate) fn end(self, state: TaskState) -> Result<(), StoreError> {
        self.tasks.end(self.id, state)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let state = TaskState::Failed { reason: "It broke off inside the box.".into() };
        if let Err(error) = self.tasks.end(self.id, state) {
            tracing::warn!(%error, task = %self.id, "the end of a task could not be kept");
        }
    }
}

fn next_id(known: &BTreeMap<TaskId, Entry>) -> TaskId {
    TaskId::from_number(known.last_key_value().map_or(1, |(id, _)| id.number() + 1))
}

fn oldest_ended(known: &BTreeMap<TaskId, Entry>) -> Option<TaskId> {
    let ended = |entry: &Entry| !matches!(entry.task.state, TaskState::Running | TaskState::Parked);
    known.iter().find(|(_, entry)| ended(entry)).map(|(id, _)| *id)
}

fn same(ours: &Task, theirs: &Task) -> bool {
    ours.state == theirs.state && ours.progress == theirs.progress && ours.title == theirs.title
}
