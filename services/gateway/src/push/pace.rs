//! How often a client hears of changes: of the first at once, of those that follow it together, once a second.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

/// Time between two messages: what many changes in a row cost a client.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// Ids in one message; past this everything may have changed.
const MAX_IDS: usize = 100;

/// What has changed and was not said yet.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Instant>,
    /// Since when, and what.
    waiting: Option<(Instant, Changes)>,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Changes {
    /// The entries of these ids and nothing else.
    These(BTreeSet<u64>),
    /// Anything.
    Some,
}

/// How a client wants to hear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Wants {
    /// That something changed.
    #[default]
    News,
    /// Of what, where it is known.
    Ids,
}

impl Pace {
    /// Notes a change at `now` of the entry `id`, or of something.
    pub(super) fn changed(&mut self, id: Option<u64>, now: Instant) {
        let (since, waiting) = self.waiting.take().map_or((now, None), |(since, waiting)| (since, Some(waiting)));
        let changes = match (waiting, id) {
            (None, Some(id)) => Changes::These([id].into()),
            (Some(Changes::These(mut ids)), Some(id)) => {
                ids.insert(id);
                if ids.len() <= MAX_IDS { Changes::These(ids) } else { Changes::Some }
            }
            (Some(Changes::Some), _) | (_, None) => Changes::Some,
        };
        self.waiting = Some((since, changes));
    }

    /// When there is something to say; `None` while there is nothing.
    pub(super) fn due(&self) -> Option<Instant> {
        self.waiting.as_ref().map(|(since, _)| self.last.map_or(*since, |last| (last + PAUSE).max(*since)))
    }

    /// What is to be said at `now`, if anything.
    pub(super) fn take(&mut self, now: Instant, wants: Wants) -> Option<String> {
        let (_, changes) = self.waiting.take()?;
        self.last = Some(now);
        Some(match changes {
            Changes::These(ids) if wants == Wants::Ids => {
                let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
                format!("notify_file_id [{}]", ids.join(","))
            }
            _ => "notify_file".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_change_is_said_at_once_and_others_together_a_second_later() {
        let (mut pace, begun) = (Pace::default(), Instant::now());
        assert_eq!((pace.due(), pace.take(begun, Wants::News)), (None, None));
        pace.changed(None, begun);
        assert_eq!(pace.due(), Some(begun));
        assert_eq!(pace.take(begun, Wants::News).as_deref(), Some("notify_file"));
        assert_eq!(pace.due(), None);
        for id in 0..1000 {
            pace.changed(Some(id), begun + PAUSE / 2);
        }
        assert_eq!(pace.due(), Some(begun + PAUSE));
        pace.take(begun + PAUSE, Wants::News).expect("one message");
        assert_eq!(pace.take(begun + PAUSE, Wants::News), None);
        pace.changed(None, begun + 9 * PAUSE);
        assert_eq!(pace.due(), Some(begun + 9 * PAUSE), "long ago: at once");
    }

    #[test]
    fn ids_are_said_where_all_are_known_and_few() {
        let check = |changes: &[Option<u64>], wants, expected: &str| {
            let mut pace = Pace::default();
            changes.iter().for_each(|id| pace.changed(*id, Instant::now()));
            assert_eq!(pace.take(Instant::now(), wants).as_deref(), Some(expected), "{changes:?}");
        };
        check(&[Some(7), Some(5), Some(7)], Wants::Ids, "notify_file_id [5,7]");
        check(&[Some(7), Some(5)], Wants::News, "notify_file");
        check(&[Some(7), None], Wants::Ids, "notify_file");
        check(&[None, Some(7)], Wants::Ids, "notify_file");
        let many: Vec<_> = (0..=MAX_IDS as u64).map(Some).collect();
        check(&many, Wants::Ids, "notify_file");
    }
}
