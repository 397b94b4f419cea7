//! Hints: what the system tells of changes while they happen, folder by folder. A hint says where to look and no more; what it leads to is decided by a look
//! at the entry, and by a pass over all files where anything is missing.
//!
//! They count only while they are whole: while each folder that a pass has read is watched, and nothing was lost. Else nothing is looked at for them, and
//! passes come around as they do without.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use croft_files::{Dir, FilesError, Name, Told, Watch, Watches};
use tokio::{runtime::Handle, task::JoinHandle};

use super::notes::Notes;

/// Folders that are watched: at 1 300 bytes in the kernel and less than 64 bytes here a quarter of the memory that a worker may have.
const MAX_WATCHES: usize = 48 * 1024;
/// Names that are kept until they are looked at; what is more is found by a pass.
const MAX_NAMES: usize = 65_536;
/// Time that the first hint waits for others.
const GATHER: Duration = Duration::from_millis(500);
/// Time that the system gathers before it is asked again, so that a file which is written without end is heard of now and then, not at each write.
const REST: Duration = Duration::from_millis(50);

/// Names that may have changed, by the ids of their folders.
pub(super) type Heard = BTreeMap<u64, BTreeSet<Name>>;

/// How much of what others change is heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    /// Nobody listens.
    Nothing,
    /// Something happened that a pass over all is to find or to judge: so since then, and `last` something was heard.
    Part { since: Instant, last: Instant },
    /// All of it.
    All,
}

/// Why nothing is heard any more, or not of every folder.
#[derive(Debug, thiserror::Error)]
pub(super) enum Deaf {
    /// Also where the user has as many watches as the system allows.
    #[error("the system does not tell what changes")]
    System(#[from] FilesError),
    #[error("the space has too many folders for that")]
    Folders,
    #[error("the task that listens has broken off")]
    Ended,
}

/// What was heard in a space, and where is listened.
#[derive(Debug)]
pub(super) struct Hints {
    watches: Watches,
    state: Mutex<State>,
    notes: Arc<Notes>,
}

#[derive(Debug)]
struct State {
    folders: HashMap<Watch, Folder>,
    /// The number of the last pass over all.
    pass: u32,
    heard: Heard,
    names: usize,
    /// When what was heard is to be looked at.
    due: Option<Instant>,
    /// The first moment for that.
    rested: Instant,
    /// Since when a pass over all is to come first.
    missed: Option<Instant>,
    /// When something was heard last.
    last: Instant,
    /// Why nothing is heard any more.
    deaf: Option<Deaf>,
    /// At most so many folders.
    max_watches: usize,
}

/// A watched folder.
#[derive(Debug, Clone, Copy)]
struct Folder {
    id: u64,
    /// The last pass over all that read it.
    pass: u32,
}

/// Hints and the task that listens for them; it ends with this.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) hints: Arc<Hints>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Begins to listen, to no folder as yet; says by `notes` when there is something to look at.
    pub(super) fn start(notes: &Arc<Notes>, runtime: &Handle) -> Result<Self, Deaf> {
        let _within = runtime.enter();
        let hints = Arc::new(Hints::new(Arc::clone(notes), MAX_WATCHES)?);
        Ok(Self { task: runtime.spawn(Ear(Arc::clone(&hints)).listen()), hints })
    }

    /// Why nothing is heard any more, if that is so: it is to be dropped then.
    pub(super) fn deaf(&self) -> Option<Deaf> {
        self.hints.lock().deaf.take()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Who listens. However that ends, nobody goes on to count on it.
struct Ear(Arc<Hints>);

impl Ear {
    async fn listen(self) {
        loop {
            match self.0.watches.told().await {
                Ok(told) => self.0.take_in(told),
                Err(error) => return self.0.lock().fail(error.into()),
            }
            tokio::time::sleep(REST).await;
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.0.lock().fail(Deaf::Ended);
        self.0.notes.rouse();
    }
}

impl Hints {
    pub(super) fn new(notes: Arc<Notes>, max_watches: usize) -> Result<Self, Deaf> {
        let now = Instant::now();
        let state = State {
            folders: HashMap::new(),
            pass: 0,
            heard: Heard::new(),
            names: 0,
            due: None,
            rested: now,
            missed: Some(now),
            last: now,
            deaf: None,
            max_watches,
        };
        Ok(Self { watches: Watches::new()?, state: Mutex::new(state), notes })
    }

    /// Takes in what the system told.
    fn take_in(&self, told: Vec<Told>) {
        let mut state = self.lock();
        state.last = Instant::now();
        let quiet = state.due.is_none() && state.missed.is_none();
        for told in told {
            match told {
                // Of one that is not watched any more nothing is to be known.
                Told::Entry(watch, name) => {
                    if let Some(folder) = state.folders.get(&watch).copied() {
                        state.hear(folder.id, name);
                    }
                }
                Told::Ended(watch) => drop(state.folders.remove(&watch)),
                Told::Lost => state.miss(),
            }
        }
        let tell = quiet && (state.due.is_some() || state.missed.is_some());
        drop(state);
        if tell {
            self.notes.rouse();
        }
    }

    /// How much is heard now.
    pub(super) fn hearing(&self) -> Hearing {
        let state = self.lock();
        state.missed.map_or(Hearing::All, |since| Hearing::Part { since, last: state.last })
    }

    /// When what was heard is to be looked at; `None` while there is nothing.
    pub(super) fn due(&self) -> Option<Instant> {
        self.lock().due
    }

    /// What is to be looked at now.
    pub(super) fn take(&self, now: Instant) -> Heard {
        let mut state = self.lock();
        if state.due.is_none_or(|due| now < due) {
            return Heard::new();
        }
        (state.due, state.names) = (None, 0);
        std::mem::take(&mut state.heard)
    }

    /// `name` in the folder `id` is to be looked at once more.
    pub(super) fn hear(&self, id: u64, name: Name) {
        self.lock().hear(id, name);
    }

    /// Nothing is looked at before `until`.
    pub(super) fn rest(&self, until: Instant) {
        let mut state = self.lock();
        state.rested = until;
        state.due = state.due.map(|due| due.max(until));
    }

    /// From now on only a pass over all says what is there.
    pub(super) fn miss(&self) {
        self.lock().miss();
    }

    /// A pass over all begins: it finds what was heard of until now.
    pub(super) fn begin_pass(&self) {
        let mut state = self.lock();
        state.pass = state.pass.wrapping_add(1);
        state.forget();
        state.missed = state.missed.filter(|_| state.deaf.is_some());
    }

    /// It has read all. Folders that it did not come by have gone away.
    pub(super) fn end_pass(&self) {
        let mut state = self.lock();
        let pass = state.pass;
        self.keep(&mut state, |folder| folder.pass == pass);
    }

    /// Watches `dir`, the folder `id`, which is about to be read. Says whether it was not watched before.
    pub(super) fn watch(&self, dir: &Dir, id: u64) -> bool {
        // Held meanwhile, so that nobody hears of a watch that is not known yet.
        let mut state = self.lock();
        let deaf = match self.watches.add(dir) {
            Ok(watch) if state.folders.len() < state.max_watches || state.folders.contains_key(&watch) => {
                let folder = Folder { id, pass: state.pass };
                return state.folders.insert(watch, folder).is_none_or(|before| before.id != id);
            }
            Ok(_) => Deaf::Folders,
            Err(error) => error.into(),
        };
        state.fail(deaf);
        drop(state);
        self.notes.rouse();
        true
    }

    /// Watches these folders no more: they are not in the space.
    pub(super) fn leave(&self, ids: &BTreeSet<u64>) {
        if !ids.is_empty() {
            self.keep(&mut self.lock(), |folder| !ids.contains(&folder.id));
        }
    }

    fn keep(&self, state: &mut State, keep: impl Fn(&Folder) -> bool) {
        state.folders.retain(|watch, folder| {
            let kept = keep(folder);
            if !kept {
                self.watches.end(*watch);
            }
            kept
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hear(&mut self, id: u64, name: Name) {
        if self.missed.is_some() {
            // A pass over all comes first, and finds it.
            return;
        }
        self.names += usize::from(self.heard.entry(id).or_default().insert(name));
        if self.names > MAX_NAMES {
            return self.miss();
        }
        let due = (Instant::now() + GATHER).max(self.rested);
        self.due.get_or_insert(due);
    }

    fn miss(&mut self) {
        self.missed.get_or_insert_with(Instant::now);
        self.forget();
    }

    fn forget(&mut self) {
        (self.names, self.due) = (0, None);
        self.heard.clear();
    }

    /// From now on nothing is heard, or not of every folder.
    fn fail(&mut self, deaf: Deaf) {
        self.miss();
        self.deaf.get_or_insert(deaf);
    }
}

#[cfg(test)]
#[path = "hints_tests.rs"]
mod tests;
