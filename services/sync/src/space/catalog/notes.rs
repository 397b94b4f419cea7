//! Own changes that are under way or not yet written down: what a pass finds of them is no news.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use croft_files::Name;

use crate::judge::path;

/// Notes that are kept; what is changed past this is found by the next pass.
const MAX_NOTES: usize = 65_536;
/// Time that the first note waits for others.
const GATHER: Duration = Duration::from_millis(500);

/// An entry that may have changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Note {
    /// Path of its folder.
    pub(super) folder: String,
    pub(super) name: Name,
}

impl Note {
    pub(super) fn new(folder: &[Name], name: &Name) -> Self {
        Self { folder: path::text(folder), name: name.clone() }
    }
}

/// How often an entry was noted, and how many of these changes are under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    under_way: u32,
    ever: u64,
}

/// The notes of a space.
#[derive(Debug, Default)]
pub(super) struct Notes {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    notes: HashMap<Note, Count>,
    again: bool,
    roused: bool,
    ended: bool,
    /// Whether somebody waits for the first note; while more are gathered nobody needs to be woken for each.
    awaited: bool,
}

/// Changes that are under way until this is dropped.
#[derive(Debug)]
pub(crate) struct Noted {
    notes: Arc<Notes>,
    under_way: Vec<Note>,
}

impl Drop for Noted {
    fn drop(&mut self) {
        let mut state = self.notes.lock();
        for note in &self.under_way {
            if let Some(count) = state.notes.get_mut(note) {
                count.under_way -= 1;
            }
        }
        if state.awaited {
            self.notes.wake.notify_all();
        }
    }
}

impl Notes {
    pub(super) fn begin(self: &Arc<Self>, mut under_way: Vec<Note>) -> Noted {
        let mut state = self.lock();
        under_way.retain(|note| {
            let fits = state.notes.len() < MAX_NOTES || state.notes.contains_key(note);
            if fits {
                let count = state.notes.entry(note.clone()).or_default();
                count.under_way += 1;
                count.ever += 1;
            }
            fits
        });
        drop(state);
        Noted { notes: Arc::clone(self), under_way }
    }

    /// Whether the entry was changed here and that is not written down.
    pub(super) fn has(&self, note: &Note) -> bool {
        self.lock().notes.contains_key(note)
    }

    /// Those of which no change is under way.
    pub(super) fn over(&self) -> Vec<(Note, Count)> {
        let state = self.lock();
        state.notes.iter().filter(|(_, count)| count.under_way == 0).map(|(note, count)| (note.clone(), *count)).collect()
    }

    /// Forgets those that were written down, unless there was another change since.
    pub(super) fn forget(&self, written: &[(Note, Count)]) {
        let mut state = self.lock();
        for (note, count) in written {
            if state.notes.get(note) == Some(count) {
                state.notes.remove(note);
            }
        }
    }

    /// Says that all is to be looked at again.
    pub(super) fn look_again(&self) {
        self.lock().again = true;
        self.wake.notify_all();
    }

    /// Whether that was said since it was last asked.
    pub(super) fn take_again(&self) -> bool {
        std::mem::take(&mut self.lock().again)
    }

    /// Ends a wait that is not patient: until when to wait may be another answer by now.
    pub(super) fn rouse(&self) {
        self.lock().roused = true;
        self.wake.notify_all();
    }

    /// Waits until all is to be looked at again or, unless `patient`, for notes, gathers more of these, and returns; at the latest at `until`. False at
    /// the end.
    pub(super) fn wait(&self, until: Instant, patient: bool) -> bool {
        let mut state = self.lock();
        let mut first = None;
        while !state.ended {
            let now = Instant::now();
            if !patient && first.is_none() && state.notes.values().any(|count| count.under_way == 0) {
                first = Some(now + GATHER);
            }
            let until = first.map_or(until, |first| first.min(until));
            if now >= until || state.again || (!patient && std::mem::take(&mut state.roused)) {
                return true;
            }
            state.awaited = !patient && first.is_none();
            state = self.wake.wait_timeout(state, until - now).unwrap_or_else(PoisonError::into_inner).0;
            state.awaited = false;
        }
        false
    }

    /// Ends all waiting.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.wake.notify_all();
    }

    /// Whether the end was said.
    pub(super) fn ended(&self) -> bool {
        self.lock().ended
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_own_until_it_is_written_down() {
        let notes: Arc<Notes> = Arc::default();
        let note = || Note::new(&[Name::literal("a")], &Name::literal("b"));
        let first = notes.begin(vec![note()]);
        assert!(notes.has(&note()) && notes.over().is_empty());
        let second = notes.begin(vec![note()]);
        drop(first);
        assert!(notes.over().is_empty(), "one of two is still under way");
        drop(second);
        let over = notes.over();
        assert_eq!(over.len(), 1);
        let third = notes.begin(vec![note()]);
        notes.forget(&over);
        assert!(notes.has(&note()), "it changed again since");
        drop(third);
        notes.forget(&notes.over());
        assert!(!notes.has(&note()));
    }
}
