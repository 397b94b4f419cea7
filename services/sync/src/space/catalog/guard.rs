//! The guard: when a great part of a space is gone and nobody deleted it here, nothing is answered until somebody says that it is right.
//! Clients would else take it for deletions and delete their copies, too.

use std::sync::{Mutex, MutexGuard, PoisonError};

use croft_model::Problem;
use serde::Serialize;

/// Below this nobody is asked: a person can look through so much.
pub(super) const MIN: u64 = 100;
/// A great part: one in so many.
const PART: u64 = 3;

/// What is missing, in entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    /// So many are gone.
    pub(crate) gone: u64,
    /// Of so many that were there.
    pub(crate) of: u64,
}

/// The guard of a space.
#[derive(Debug, Default)]
pub(crate) struct Guard(Mutex<State>);

#[derive(Debug, Clone, Copy, Default)]
struct State {
    missing: Option<Missing>,
    accepted: bool,
    /// Until all was looked at once: after a start where nobody knows what clients have seen.
    unsure: bool,
    /// Whether changes were found that nobody was told of.
    held: bool,
}

impl Guard {
    /// Closes the space until all of it was looked at.
    pub(crate) fn wait_for_pass(&self) {
        self.lock().unsure = true;
    }

    /// Changes were found and not told, since nobody has judged them yet.
    pub(super) fn hold(&self) {
        self.lock().held = true;
    }

    /// Whether there are such changes; they are told from now on.
    pub(super) fn take_held(&self) -> bool {
        std::mem::take(&mut self.lock().held)
    }

    /// Whether clients may find folders as they saw them after another start: nothing is untold, and all was looked at.
    pub(crate) fn is_settled(&self) -> bool {
        let state = self.lock();
        !state.held && !state.unsure
    }

    /// Whether `gone` of `of` entries may be taken out by whoever has not looked at all of the space. What is held is not his to judge.
    pub(super) fn lets_part_pass(&self, gone: u64, of: u64) -> bool {
        let state = self.lock();
        state.missing.is_none() && !state.held && !is_much(gone, of)
    }

    /// Whether nothing is left to judge: changes may be told as they are found.
    pub(super) fn is_calm(&self) -> bool {
        self.is_settled() && self.missing().is_none()
    }

    /// Whether it is right, or little enough, that `gone` of all `of` entries are gone; closes the space else, and opens it where all is well.
    pub(super) fn lets_pass(&self, gone: u64, of: u64) -> bool {
        let mut state = self.lock();
        state.unsure = false;
        if is_much(gone, of) && !state.accepted {
            if state.missing.is_none() {
                tracing::warn!(gone, of, "a great part of the space is gone; its doors are closed until somebody says that this is right");
            }
            state.missing = Some(Missing { gone, of });
            return false;
        }
        *state = State { held: state.held, ..State::default() };
        true
    }

    /// Refuses while somebody is to be asked.
    pub(crate) fn judge(&self) -> Result<(), Problem> {
        let State { missing, unsure, .. } = *self.lock();
        let Some(Missing { gone, of }) = missing else {
            return if unsure { Err(Problem::unavailable("This space")) } else { Ok(()) };
        };
        Err(Problem::new(
            503,
            "much-is-missing",
            format!("{gone} of {of} files and folders of this space are gone, and nobody deleted them through the box."),
        )
        .hint("Clients wait, so that they delete nothing. Look whether a disk is missing; if it is right, say so on the page of the files.")
        .retry_after(60))
    }

    /// What is missing, while somebody is to be asked.
    pub(crate) fn missing(&self) -> Option<Missing> {
        self.lock().missing
    }

    /// Somebody says that it is right; says whether there was a question.
    pub(crate) fn accept(&self) -> bool {
        let mut state = self.lock();
        state.accepted = state.missing.is_some();
        state.accepted
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_much(gone: u64, of: u64) -> bool {
    gone >= MIN && gone.saturating_mul(PART) > of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_great_part_is_asked_about_until_it_is_accepted_or_back() {
        for (gone, of, much) in
            [(0, 0, false), (99, 99, false), (100, 100, true), (100, 299, true), (100, 300, false), (5000, 100_000, false)]
        {
            assert_eq!(is_much(gone, of), much, "{gone} of {of}");
        }
        let guard = Guard::default();
        guard.wait_for_pass();
        assert!(guard.judge().is_err() && guard.lets_part_pass(0, 300) && guard.judge().is_err(), "all is to be looked at");
        assert!(guard.lets_pass(0, 300) && guard.judge().is_ok());
        assert!(!guard.accept(), "nothing was asked");
        assert!(!guard.lets_pass(200, 300));
        assert_eq!(guard.judge().unwrap_err().code, "much-is-missing");
        assert!(guard.lets_pass(0, 300) && guard.judge().is_ok(), "it is back");
        assert!(!guard.lets_part_pass(200, 300) && guard.judge().is_ok(), "a part closes nothing");
        assert!(!guard.lets_pass(200, 300));
        assert!(!guard.lets_part_pass(0, 300) && guard.judge().is_err(), "nor opens");
        assert!(guard.accept() && guard.judge().is_err(), "until it was taken out");
        assert!(guard.lets_pass(200, 300) && guard.judge().is_ok());
        assert!(!guard.lets_pass(90 + 10, 100), "the next time is asked about again");
    }
}
