//! Who listens. The workers of their spaces are kept awake, since a worker that sleeps hears of no change.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use croft_model::{PersonId, Projection, SpaceId};
use futures_util::future::join_all;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{bulk::Workers, household};

/// Connections of one person: their devices with room.
const MAX_OF_PERSON: usize = 32;
/// Workers that are kept awake, each of which takes about 4 MiB: the spaces of a household. What changes in others is heard of while their
/// workers are awake for another reason, and every change that goes through the box itself wakes one.
const MAX_AWAKE: usize = 24;
/// Time between two looks, shorter than a link without a request lasts.
const LOOK: Duration = Duration::from_secs(60);

/// How many connections each person has.
#[derive(Debug, Default)]
pub(super) struct Presence(Arc<State>);

#[derive(Debug, Default)]
struct State {
    counts: Mutex<BTreeMap<PersonId, usize>>,
    changed: Notify,
}

/// A person's place among those who listen, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Present {
    state: Arc<State>,
    person: PersonId,
}

impl Presence {
    /// A place for `person`, if they have not all of theirs.
    pub(super) fn enter(&self, person: PersonId) -> Option<Present> {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(person).or_default();
        if *count >= MAX_OF_PERSON {
            return None;
        }
        *count += 1;
        self.0.changed.notify_one();
        Some(Present { state: Arc::clone(&self.0), person })
    }

    /// Keeps the workers of those who listen awake, until `stop`.
    pub(super) async fn keep_awake(&self, workers: &Workers, projection: &watch::Receiver<Option<Projection>>, stop: &CancellationToken) {
        loop {
            let spaces = projection.borrow().as_ref().map(|projection| self.spaces(projection)).unwrap_or_default();
            // Cancel-safe: a link that is half-made is given up, and nothing is lost by a look that comes too early.
            tokio::select! {
                () = stop.cancelled() => return,
                _ = join_all(spaces.into_iter().map(|space| workers.keep_awake(space))) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.changed.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// The spaces of those who listen: first their own, then those that they share, at most [`MAX_AWAKE`].
    fn spaces(&self, projection: &Projection) -> Vec<SpaceId> {
        let people: Vec<PersonId> = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        let trees: Vec<_> = people.into_iter().filter_map(|person| household::tree_of(projection, person)).collect();
        let shared = trees.iter().flat_map(|tree| &tree.mounts).map(|mount| mount.space);
        let mut spaces = Vec::new();
        for space in trees.iter().map(|tree| tree.own).chain(shared) {
            if spaces.len() < MAX_AWAKE && !spaces.contains(&space) {
                spaces.push(space);
            }
        }
        spaces
    }
}

impl Present {
    /// The person's tree is another one from now on.
    pub(super) fn tree_changed(&self) {
        self.state.changed.notify_one();
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut counts = self.state.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use croft_model::{Person, PersonRole, Right, SnapshotSchedule, Space, SpaceKind, SpaceNumber};

    use super::*;

    fn projection(shared: u16) -> Projection {
        let ana = Person { name: "ana".into(), display_name: "Ana".into(), role: PersonRole::Owner, space: SpaceId::from_number(1) };
        let space = |number: u16| Space {
            number: SpaceNumber(number),
            name: format!("space {number}"),
            kind: SpaceKind::Shared,
            members: [(PersonId::from_number(1), Right::Read)].into(),
            archived_at: None,
            snapshots: SnapshotSchedule::On,
            quota: None,
            disk: None,
        };
        Projection {
            people: Some([(PersonId::from_number(1), ana)].into()),
            spaces: Some((2..2 + shared).map(|number| (SpaceId::from_number(number), space(number))).collect()),
            ..Projection::default()
        }
    }

    #[test]
    fn the_spaces_of_those_who_listen_are_awake_and_not_endlessly_many() {
        let present = Presence::default();
        assert_eq!(present.spaces(&projection(1)), []);
        let places: Vec<_> = (0..MAX_OF_PERSON).filter_map(|_| present.enter(PersonId::from_number(1))).collect();
        assert!(places.len() == MAX_OF_PERSON && present.enter(PersonId::from_number(1)).is_none());
        assert!(present.enter(PersonId::from_number(2)).is_some(), "each has their own");
        assert_eq!(present.spaces(&projection(1)), [1, 2].map(SpaceId::from_number));
        assert_eq!(present.spaces(&projection(100)).len(), MAX_AWAKE);
        drop(places);
        assert_eq!(present.spaces(&projection(1)), []);
    }
}
