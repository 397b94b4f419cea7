//! The thread that keeps the catalogue: notes soon after they were made, hints likewise, all files again and again at a pace that costs little.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

use super::{
    Catalog, Space,
    hints::{Deaf, Hearing, Hints, Listener},
    notes::Notes,
    now,
    pass::Pass,
};
use crate::{error::Failure, news::News};

/// Before the first pass, so that the requests that woke the worker come first.
const START: Duration = Duration::from_secs(1);
/// Between two passes at least and at most; in between, so many times as long as one takes: fewer for a while after something was found.
const OFTEN: Duration = Duration::from_secs(2);
const SELDOM: Duration = Duration::from_secs(15 * 60);
const PACE: u32 = 50;
const PACE_OF_CHANGE: u32 = 10;
const WHILE: Duration = Duration::from_secs(5 * 60);
/// How long nothing may have been heard before a pass that judges what is missing: while somebody deletes it would judge each part by itself.
const CALM: Duration = Duration::from_secs(1);
/// How long what was written may wait to be made durable.
const SAVE: Duration = Duration::from_secs(60);
/// Entries from which on hints are listened to. Through fewer a pass comes around within seconds, which needs no watches.
const MANY: u64 = 5_000;

/// The thread; ends with this.
#[derive(Debug)]
pub(crate) struct Keeper {
    notes: Arc<Notes>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Keeper {
    /// Starts to keep the catalogue of `space`; what it finds is told by `news`.
    pub(crate) fn start(space: &Arc<Space>, news: News) -> Self {
        let (notes, weak) = (Arc::clone(&space.catalog.notes), Arc::downgrade(space));
        let rounds = Rounds::new(Arc::clone(&notes), news, Handle::current());
        let thread = std::thread::Builder::new().name("catalog".into()).spawn(move || rounds.run(&weak));
        if let Err(error) = &thread {
            tracing::error!(%error, "the catalogue of the space cannot be kept");
        }
        Self { notes, thread: Mutex::new(thread.ok()) }
    }

    /// Ends the thread and waits for it. Blocks.
    pub(crate) fn end(&self) {
        self.notes.end();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the catalogue broke off");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the thread does, and when.
struct Rounds {
    notes: Arc<Notes>,
    news: News,
    ears: Ears,
    next: Next,
    /// When a pass found something last.
    found: Option<Instant>,
    saved: Instant,
}

/// When all files are read next.
enum Next {
    At(Instant),
    /// As long after the last pass as its length and the hints ask for.
    After {
        end: Instant,
        took: Duration,
    },
}

/// Who listens to what others change.
enum Ears {
    /// Nobody, as long as there are few files.
    Closed(Handle),
    Open(Listener),
    /// Nobody, for the life of the worker.
    Deaf,
}

impl Rounds {
    fn new(notes: Arc<Notes>, news: News, runtime: Handle) -> Self {
        let now = Instant::now();
        Self { notes, news, ears: Ears::Closed(runtime), next: Next::At(now + START), found: None, saved: now }
    }

    fn run(mut self, space: &Weak<Space>) {
        if space.upgrade().is_some_and(|space| space.guard.judge().is_err()) {
            // Somebody waits for it.
            self.next = Next::At(Instant::now());
        }
        let mut failed = false;
        while self.wait(failed) {
            let Some(space) = space.upgrade() else { return };
            let done = self.round(&space);
            failed = done.is_err();
            if let Err(error) = done {
                tracing::warn!(%error, "the catalogue of the space is behind");
                // A disk that is full or failing is not asked all the time.
                self.next = Next::At(Instant::now() + SAVE);
            }
            if let Some(hints) = self.ears.hints().filter(|_| failed || !space.guard.is_calm()) {
                hints.miss();
            }
        }
    }

    /// Waits until there is something to do. False at the end.
    fn wait(&self, failed: bool) -> bool {
        let look = self.ears.hints().and_then(Hints::due);
        self.notes.wait(look.map_or(self.pass(), |look| look.min(self.pass())), failed)
    }

    /// When the next pass begins.
    fn pass(&self) -> Instant {
        match self.next {
            Next::At(at) => at,
            Next::After { end, took } => {
                let found_lately = self.found.is_some_and(|found| found.elapsed() < WHILE);
                after(end, took, found_lately, self.ears.hearing())
            }
        }
    }

    fn round(&mut self, space: &Arc<Space>) -> Result<(), Failure> {
        let catalog = &space.catalog;
        self.ears.check();
        let hints = self.ears.hints();
        let mut done = catalog.settle(space).and_then(|()| catalog.read_trees(space, &self.news, hints));
        if let Some(hints) = hints {
            done = done.and_then(|()| catalog.look(space, &self.news, hints));
        }
        let (begin, again) = (Instant::now(), self.notes.take_again());
        if begin >= self.pass() || again {
            self.ears.open(&self.notes, catalog);
            let passed = catalog.read_all(space, &self.news, self.ears.hints());
            self.next = Next::After { end: Instant::now(), took: begin.elapsed() };
            if passed.as_ref().is_ok_and(|found| *found) {
                self.found = Some(Instant::now());
            }
            done = done.and(passed.map(|_| ()));
        }
        if self.saved.elapsed() >= SAVE {
            done = done.and(catalog.save());
            self.saved = Instant::now();
        }
        done
    }
}

impl Ears {
    fn hints(&self) -> Option<&Hints> {
        match self {
            Self::Open(listener) => Some(&listener.hints),
            Self::Closed(_) | Self::Deaf => None,
        }
    }

    fn hearing(&self) -> Hearing {
        self.hints().map_or(Hearing::Nothing, Hints::hearing)
    }

    /// Opens them for the pass that comes, where there is much.
    fn open(&mut self, notes: &Arc<Notes>, catalog: &Catalog) {
        if let Self::Closed(runtime) = self
            && catalog.has(MANY)
        {
            *self = Listener::start(notes, runtime).map_or_else(Self::deaf, Self::Open);
        }
    }

    /// Closes them for good where they do not hear everything.
    fn check(&mut self) {
        if let Self::Open(listener) = self
            && let Some(deaf) = listener.deaf()
        {
            *self = Self::deaf(deaf);
        }
    }

    fn deaf(why: Deaf) -> Self {
        let error = &why as &(dyn std::error::Error + 'static);
        tracing::warn!(
            error,
            "what others change in the space is found by passes over all files alone, which takes longer the more there are"
        );
        Self::Deaf
    }
}

/// When the pass after one begins that came to its `end`.
fn after(end: Instant, took: Duration, found_lately: bool, hearing: Hearing) -> Instant {
    let rest = |pace| (took * pace).clamp(OFTEN, SELDOM);
    match hearing {
        Hearing::Nothing => end + rest(if found_lately { PACE_OF_CHANGE } else { PACE }),
        Hearing::Part { since, last } => (last + CALM).min(since + rest(PACE)).max(end + rest(PACE_OF_CHANGE)),
        Hearing::All => end + SELDOM,
    }
}

impl Catalog {
    /// Reads all files soon, whatever the pace: something may have changed.
    pub(crate) fn look_again(&self) {
        self.notes.look_again();
    }

    /// Reads all files; says whether something had changed. Blocks.
    pub(super) fn read_all(&self, space: &Arc<Space>, news: &News, hints: Option<&Hints>) -> Result<bool, Failure> {
        let Some(rows) = &self.rows else { return Ok(false) };
        let complete = rows.is_complete()?;
        hints.inspect(|hints| hints.begin_pass());
        let outcome = Pass::new(space, news, rows, hints).since((!complete).then_some(self.opened)).read(&[])?;
        if outcome.whole {
            hints.inspect(|hints| hints.end_pass());
        }
        if outcome.whole && !complete {
            rows.complete()?;
        }
        Ok(outcome.found)
    }

    /// Looks at what was heard of; what that does not settle is left to a pass over all. Blocks.
    pub(super) fn look(&self, space: &Arc<Space>, news: &News, hints: &Hints) -> Result<(), Failure> {
        let Some(rows) = &self.rows else { return Ok(()) };
        let begin = Instant::now();
        let heard = hints.take(begin);
        if heard.is_empty() {
            return Ok(());
        }
        let settled = space.guard.is_calm() && Pass::new(space, news, rows, Some(hints)).look(&heard)?;
        if !settled {
            hints.miss();
        }
        hints.rest(Instant::now() + begin.elapsed() * PACE_OF_CHANGE);
        Ok(())
    }

    /// Reads the folders that came as a whole: a copy, or one that moved here. Blocks.
    pub(super) fn read_trees(&self, space: &Arc<Space>, news: &News, hints: Option<&Hints>) -> Result<(), Failure> {
        let Some(rows) = &self.rows else { return Ok(()) };
        let trees = std::mem::take(&mut *self.trees.lock().unwrap_or_else(PoisonError::into_inner));
        for path in trees {
            match Pass::new(space, news, rows, hints).since(Some(now())).read(&path) {
                // It may have gone on.
                Err(Failure::Files(error)) if error.is_absent() => {}
                other => {
                    other?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_are_rare_only_while_everything_is_heard_and_judge_what_somebody_has_done_with() {
        let end = Instant::now();
        let (quick, long, endless) = (Duration::from_millis(1), Duration::from_secs(6), Duration::from_secs(3600));
        let part = |since: u64, last: u64| {
            let after = |seconds| end + Duration::from_secs(seconds);
            Hearing::Part { since: after(since), last: after(last) }
        };
        for (took, found_lately, hearing, expected) in [
            (quick, false, Hearing::Nothing, OFTEN),
            (long, false, Hearing::Nothing, long * PACE),
            (long, true, Hearing::Nothing, long * PACE_OF_CHANGE),
            (endless, true, Hearing::Nothing, SELDOM),
            (long, true, Hearing::All, SELDOM),
            (quick, false, Hearing::All, SELDOM),
            // Soon after the last one it waits for its pace, later on for calm, and for that no longer than it would without hints.
            (long, false, part(1, 1), long * PACE_OF_CHANGE),
            (long, false, part(500, 510), Duration::from_secs(510) + CALM),
            (long, false, part(500, 5000), Duration::from_secs(500) + long * PACE),
        ] {
            assert_eq!(after(end, took, found_lately, hearing) - end, expected, "{took:?} {hearing:?}");
        }
    }
}
