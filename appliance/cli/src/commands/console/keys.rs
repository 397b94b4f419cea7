//! What keys do: the first asks, a second one confirms, and whatever takes too long is taken back. Pure: the time is an argument.

use std::time::{Duration, Instant};

use croft_model::Power;

/// Time to answer a question.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time that a person needs at least to read a question. What comes sooner is a machine that talks to the serial line, or a cat.
const TOO_QUICK: Duration = Duration::from_millis(400);
/// How long an outcome stays.
const STAYS: Duration = Duration::from_secs(30);

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Restart or shut down.
    Power(Power),
    /// Take the address from the router again.
    ResetNetwork,
}

/// A key, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character.
    Char(char),
    /// Enter, arrows, and all the rest.
    Other,
}

/// What is to be done after a key or a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing, and nothing looks different.
    Nothing,
    /// It looks different, or somebody wants to see it again.
    Show,
    /// What was asked for and confirmed.
    Do(Ask),
}

/// Where the keys stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Nothing was asked for.
    Resting,
    /// A question stands since then.
    Asking(Ask, Instant),
    /// What was confirmed is under way.
    Busy(Ask),
    /// How it went, since then.
    Told(String, Instant),
}

impl Keys {
    /// Takes a key. While the box cannot act none begins a question.
    pub(crate) fn press(&mut self, key: Key, acts: Acts, now: Instant) -> Step {
        match self {
            Self::Asking(ask, since) => {
                let (ask, read) = (*ask, now.duration_since(*since) >= TOO_QUICK);
                if read && acts == Acts::Yes && matches!(key, Key::Char('y' | 'Y')) {
                    *self = Self::Busy(ask);
                    return Step::Do(ask);
                }
                *self = Self::Resting;
                Step::Show
            }
            Self::Busy(_) => Step::Nothing,
            Self::Resting | Self::Told(..) => {
                *self = match question(key).filter(|_| acts == Acts::Yes) {
                    Some(ask) => Self::Asking(ask, now),
                    None => Self::Resting,
                };
                Step::Show
            }
        }
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, now: Instant) -> Step {
        let over = match self {
            Self::Asking(_, since) => now.duration_since(*since) >= PATIENCE,
            Self::Told(_, since) => now.duration_since(*since) >= STAYS,
            Self::Resting | Self::Busy(_) => false,
        };
        if over {
            *self = Self::Resting;
            return Step::Show;
        }
        Step::Nothing
    }

    /// Says how it went.
    pub(crate) fn tell(&mut self, outcome: String, now: Instant) {
        *self = Self::Told(outcome, now);
    }

    /// What stands at the foot: what it is about, and what can be pressed.
    pub(crate) fn words(&self, acts: Acts) -> [String; 2] {
        let keys = match acts {
            Acts::Yes => "s  shut down      r  restart      n  reset the network",
            Acts::Later => "Keys work as soon as the box answers.",
            Acts::No => "",
        };
        match self {
            Self::Resting => [String::new(), keys.into()],
            Self::Told(outcome, _) => [outcome.clone(), keys.into()],
            Self::Busy(_) => ["It is being done ...".into(), String::new()],
            Self::Asking(ask, _) => {
                let (question, verb) = match ask {
                    Ask::Power(Power::ShutDown) => {
                        ("Shut down? Transfers end, and the box stays off until it is switched on.", "shut down")
                    }
                    Ask::Power(Power::Restart) => ("Restart? Transfers end, and the box is back in a few minutes.", "restart"),
                    Ask::ResetNetwork => ("Reset the network? A fixed address is given up for one from the router.", "reset the network"),
                };
                [question.into(), format!("Press y to {verb}, any other key to go back.")]
            }
        }
    }
}

/// Whether the box can do what keys ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acts {
    /// It answers.
    Yes,
    /// It starts, or does not answer.
    Later,
    /// It ends.
    No,
}

fn question(key: Key) -> Option<Ask> {
    match key {
        Key::Char('s' | 'S') => Some(Ask::Power(Power::ShutDown)),
        Key::Char('r' | 'R') => Some(Ask::Power(Power::Restart)),
        Key::Char('n' | 'N') => Some(Ask::ResetNetwork),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RESTART: Ask = Ask::Power(Power::Restart);
    const SHUT_DOWN: Ask = Ask::Power(Power::ShutDown);

    /// Presses keys, each so many milliseconds after the one before; gives what was done.
    fn pressed(keys: &[(char, u64)], acts: Acts) -> (Vec<Ask>, Keys) {
        let (mut desk, mut now) = (Keys::Resting, Instant::now());
        let mut done = Vec::new();
        for (key, pause) in keys {
            now += Duration::from_millis(*pause);
            desk.wait(now);
            if let Step::Do(ask) = desk.press(Key::Char(*key), acts, now) {
                done.push(ask);
            }
        }
        (done, desk)
    }

    #[test]
    fn only_a_second_key_that_a_person_pressed_confirms() {
        let check = |keys: &[(char, u64)], expected: &[Ask]| assert_eq!(pressed(keys, Acts::Yes).0, expected, "{keys:?}");
        check(&[('s', 0), ('y', 1000)], &[SHUT_DOWN]);
        check(&[('R', 0), ('Y', 1000)], &[RESTART]);
        check(&[('n', 0), ('y', 1000)], &[Ask::ResetNetwork]);
        check(&[('y', 0), ('s', 1000)], &[]);
        check(&[('s', 0), ('n', 1000), ('y', 1000)], &[]);
        check(&[('s', 0), ('x', 1000), ('y', 1000)], &[]);
        // Nobody is there any more.
        check(&[('s', 0), ('y', 20_000)], &[]);
        check(&[('s', 0), ('y', 19_000)], &[SHUT_DOWN]);
        // A machine that says "system" on the serial line.
        check(&[('s', 0), ('y', 1), ('s', 1), ('t', 1), ('e', 1), ('m', 1), ('y', 1000)], &[]);
        // What is under way is asked for once.
        check(&[('s', 0), ('y', 1000), ('r', 1000), ('y', 1000)], &[SHUT_DOWN]);
    }

    #[test]
    fn a_box_that_does_not_answer_is_asked_for_nothing() {
        for acts in [Acts::Later, Acts::No] {
            assert_eq!(pressed(&[('s', 0), ('y', 1000)], acts), (Vec::new(), Keys::Resting));
        }
        let (mut desk, now) = (Keys::Asking(RESTART, Instant::now()), Instant::now() + Duration::from_secs(1));
        assert_eq!(desk.press(Key::Char('y'), Acts::Later, now), Step::Show, "it went away under the question");
        assert_eq!(desk, Keys::Resting);
    }

    #[test]
    fn an_outcome_stays_for_a_while_or_until_a_key() {
        let (mut desk, now) = (Keys::Busy(Ask::ResetNetwork), Instant::now());
        desk.tell("Done.".into(), now);
        assert_eq!(desk.words(Acts::Yes)[0], "Done.");
        assert_eq!(desk.wait(now + Duration::from_secs(29)), Step::Nothing);
        assert_eq!(desk.press(Key::Other, Acts::Yes, now), Step::Show);
        assert_eq!(desk, Keys::Resting);
        desk.tell("Done.".into(), now);
        assert_eq!(desk.wait(now + Duration::from_secs(30)), Step::Show);
        assert_eq!(desk, Keys::Resting);
    }

    #[test]
    fn questions_are_one_line_of_the_screen() {
        for ask in [RESTART, SHUT_DOWN, Ask::ResetNetwork] {
            assert!(Keys::Asking(ask, Instant::now()).words(Acts::Yes).iter().all(|line| line.len() <= 78), "{ask:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_done_without_a_y_that_came_late_enough(keys in proptest::collection::vec((any::<char>(), 0..400_u64), 0..50)) {
            prop_assert_eq!(pressed(&keys, Acts::Yes).0, Vec::new());
        }
    }
}
