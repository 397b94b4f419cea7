//! The thread that keeps the catalogue: notes soon after they were made, all files again and again at a pace that costs little.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{Catalog, Space, notes::Notes, now, pass::Pass};
use crate::{error::Failure, news::News};

/// Before the first pass, so that the requests that woke the worker come first.
const START: Duration = Duration::from_secs(1);
/// Between two passes at least and at most; in between, so many times as long as one takes: fewer for a while after something was found.
const OFTEN: Duration = Duration::from_secs(2);
const SELDOM: Duration = Duration::from_secs(15 * 60);
const PACE: u32 = 50;
const PACE_OF_CHANGE: u32 = 10;
const WHILE: Duration = Duration::from_secs(5 * 60);
/// How long what was written may wait to be made durable.
const SAVE: Duration = Duration::from_secs(60);

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
        let waiting = Arc::clone(&notes);
        let thread = std::thread::Builder::new().name("catalog".into()).spawn(move || run(&waiting, &weak, &news));
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

fn run(notes: &Notes, space: &Weak<Space>, news: &News) {
    let (mut next, mut saved, mut failed) = (Instant::now() + START, Instant::now(), false);
    let mut changed = None;
    if space.upgrade().is_some_and(|space| space.guard.judge().is_err()) {
        // Somebody waits for it.
        next = Instant::now();
    }
    while notes.wait(next, failed) {
        let Some(space) = space.upgrade() else { return };
        let catalog = &space.catalog;
        let done = catalog.settle(&space).and_then(|()| catalog.read_trees(&space, news));
        let (now, hinted) = (Instant::now(), notes.take_hint());
        let passed = if now >= next || hinted { catalog.read_all(&space, news) } else { Ok(false) };
        if passed.as_ref().is_ok_and(|found| *found) {
            changed = Some(Instant::now());
        }
        if now >= next || passed.is_err() {
            let pace = if changed.is_some_and(|changed: Instant| changed.elapsed() < WHILE) { PACE_OF_CHANGE } else { PACE };
            next = Instant::now() + (now.elapsed() * pace).clamp(OFTEN, SELDOM);
        }
        let kept = if saved.elapsed() >= SAVE { catalog.save() } else { Ok(()) };
        if saved.elapsed() >= SAVE {
            saved = Instant::now();
        }
        let done = done.and(passed.map(|_| ())).and(kept);
        failed = done.is_err();
        if let Err(error) = done {
            tracing::warn!(%error, "the catalogue of the space is behind");
            // A disk that is full or failing is not asked all the time.
            next = Instant::now() + SAVE;
        }
    }
}

impl Catalog {
    /// Reads all files soon, whatever the pace: something may have changed.
    pub(crate) fn look_again(&self) {
        self.notes.hint();
    }

    /// Reads all files; says whether something had changed. Blocks.
    fn read_all(&self, space: &Arc<Space>, news: &News) -> Result<bool, Failure> {
        let Some(rows) = &self.rows else { return Ok(false) };
        let complete = rows.is_complete()?;
        let outcome = Pass::new(space, news, rows, (!complete).then_some(self.opened)).read(&[])?;
        if outcome.whole && !complete {
            rows.complete()?;
        }
        Ok(outcome.found)
    }

    /// Reads the folders that came as a whole: a copy, or one that moved here. Blocks.
    fn read_trees(&self, space: &Arc<Space>, news: &News) -> Result<(), Failure> {
        let Some(rows) = &self.rows else { return Ok(()) };
        let trees = std::mem::take(&mut *self.trees.lock().unwrap_or_else(PoisonError::into_inner));
        for path in trees {
            match Pass::new(space, news, rows, Some(now())).read(&path) {
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
