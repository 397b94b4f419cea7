//! What is the case, from looks that succeed or fail. Pure: the time is an argument.

use std::time::{Duration, Instant};

use croft_model::Power;

use super::{keys::Acts, sight::Sight};

/// A look may fail for so long without a word about it: a part of the box starts again, or is busy.
const HICCUP: Duration = Duration::from_secs(15);
/// Time for a start, the first with its formatting included; after it something is wrong.
const START: Duration = Duration::from_secs(5 * 60);
/// Time for the machine's end to begin after the box took the order.
const LEAVING: Duration = Duration::from_secs(90);

/// What the console tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scene {
    /// The box has not answered yet.
    Starting,
    /// It answers.
    Here(Sight),
    /// It answered a moment ago.
    Quiet,
    /// It has not answered for so long that somebody must act.
    Silent,
    /// It took an order to end.
    Going(Power),
    /// The console itself is ended, which happens with the box alone.
    Ending,
}

/// What is known, and since when.
#[derive(Debug)]
pub(crate) struct Watch {
    /// When it last answered, or when the console began.
    since: Instant,
    sight: Option<Sight>,
    going: Option<(Power, Instant)>,
}

impl Watch {
    /// Nothing is known yet.
    pub(crate) fn new(now: Instant) -> Self {
        Self { since: now, sight: None, going: None }
    }

    /// A look succeeded.
    pub(crate) fn saw(&mut self, sight: Sight, now: Instant) {
        (self.sight, self.since) = (Some(sight), now);
        // It was not carried out, and what comes later has nothing to do with it.
        self.going = self.going.filter(|(_, told)| now.duration_since(*told) < LEAVING);
    }

    /// The box took an order to end.
    pub(crate) fn ends(&mut self, how: Power, now: Instant) {
        self.going = Some((how, now));
    }

    /// What is the case at `now`.
    pub(crate) fn scene(&self, now: Instant) -> Scene {
        let silence = now.duration_since(self.since);
        match (&self.sight, self.going) {
            // A box that answers for so long did not end after all; a warning says why.
            (_, Some((how, told))) if now.duration_since(told) < LEAVING || silence > HICCUP => Scene::Going(how),
            (Some(sight), _) if silence <= HICCUP => Scene::Here(sight.clone()),
            _ if silence > START => Scene::Silent,
            (Some(_), _) => Scene::Quiet,
            (None, _) => Scene::Starting,
        }
    }
}

impl Scene {
    /// Whether the box can do what keys ask for.
    pub(crate) fn acts(&self) -> Acts {
        match self {
            Self::Here(_) => Acts::Yes,
            Self::Starting | Self::Quiet | Self::Silent => Acts::Later,
            Self::Going(_) | Self::Ending => Acts::No,
        }
    }

    /// Headline, and what it means; none when the box itself is shown.
    pub(crate) fn words(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Here(_) => None,
            Self::Starting => Some((
                "The box starts.",
                "The first start takes a few minutes, because the disk is made ready. This page changes by itself; there is nothing to do.",
            )),
            Self::Quiet => Some((
                "The box does not answer at the moment.",
                "It is asked again every few seconds, and this page comes back by itself. Nothing that was saved is lost.",
            )),
            Self::Silent => Some((
                "The box does not answer.",
                "Restart it: press Ctrl, Alt and Del together on a keyboard at the box, or press its power button for a moment, wait until it is off, and \
                 switch it on. Nothing that was saved is lost. If this page is here again after that, the guide of the image says what else can be done.",
            )),
            Self::Going(Power::Restart) => {
                Some(("The box restarts.", "What is under way ends first. In a few minutes this page is back. Leave the power on."))
            }
            Self::Going(Power::ShutDown) => Some((
                "The box shuts down.",
                "Wait until its light is off before you pull the plug. To start it again, press its power button.",
            )),
            Self::Ending => {
                Some(("The box ends.", "It restarts or shuts down. Leave the power on until its light is off or this page is back."))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::console::sight::tests::fresh;

    #[test]
    fn a_page_is_never_stale() {
        let begun = Instant::now();
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        let mut watch = Watch::new(begun);
        assert_eq!(watch.scene(at(299)), Scene::Starting);
        assert_eq!(watch.scene(at(301)), Scene::Silent);
        watch.saw(fresh(), at(400));
        assert_eq!(watch.scene(at(415)), Scene::Here(fresh()), "one look may fail");
        assert_eq!(watch.scene(at(416)), Scene::Quiet);
        assert_eq!(watch.scene(at(701)), Scene::Silent);
        watch.saw(fresh(), at(800));
        assert_eq!(watch.scene(at(801)), Scene::Here(fresh()));
    }

    #[test]
    fn a_box_that_was_told_to_end_says_so_until_it_evidently_does_not() {
        let begun = Instant::now();
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        let mut watch = Watch::new(begun);
        watch.saw(fresh(), at(10));
        watch.ends(Power::ShutDown, at(12));
        watch.saw(fresh(), at(14));
        assert_eq!(watch.scene(at(15)), Scene::Going(Power::ShutDown), "it still answers while it ends");
        assert_eq!(watch.scene(at(500)), Scene::Going(Power::ShutDown), "silence is what was asked for");
        watch.saw(fresh(), at(500));
        assert_eq!(watch.scene(at(501)), Scene::Here(fresh()));
    }

    #[test]
    fn only_a_box_that_answers_is_asked_for_something() {
        assert_eq!(Scene::Here(fresh()).acts(), Acts::Yes);
        for scene in [Scene::Starting, Scene::Quiet, Scene::Silent, Scene::Going(Power::Restart), Scene::Ending] {
            assert_ne!(scene.acts(), Acts::Yes);
            assert!(scene.words().is_some_and(|(headline, rest)| !headline.is_empty() && !rest.is_empty()));
        }
    }
}
