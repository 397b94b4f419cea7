//! People and spaces: the proposals of the endpoints that hand out ids. Pure.

use croft_api::wire::{
    household::{NewPerson, NewSpace},
    trust::FirstOwner,
};
use croft_model::{Person, PersonId, PersonRole, Problem, Right, Settings, SnapshotSchedule, Space, SpaceId, SpaceKind, SpaceNumber};
use jiff::Timestamp;

use crate::{
    change::{InForce, Proposal},
    guard::{self, Way},
    records::Counters,
};

/// A new person with a space of their own, in one change.
pub(crate) fn add_person(before: &InForce, new: &NewPerson) -> Result<(Proposal, PersonId), Problem> {
    let (mut settings, mut counters) = (before.settings.clone(), before.counters);
    let display_name = new.display_name.clone().unwrap_or_else(|| new.name.clone());
    let sentence = format!("Added {display_name} to the household.");
    let person = Person { name: new.name.clone(), display_name, role: new.role, space: SpaceId::from_number(counters.space) };
    let id = insert_person(&mut settings, &mut counters, person)?;
    Ok((propose(&settings, counters, "person.added", sentence)?, id))
}

/// The household without the person; the person's space is archived.
pub(crate) fn remove_person(before: &InForce, id: PersonId, now: Timestamp) -> Result<Proposal, Problem> {
    let mut settings = before.settings.clone();
    let person = settings.people.remove(&id).ok_or_else(|| no_person(id))?;
    if !settings.people.values().any(|left| left.role == PersonRole::Owner) {
        return Err(guard::last_owner());
    }
    for space in settings.spaces.values_mut() {
        space.members.remove(&id);
    }
    for app in settings.apps.values_mut() {
        app.people.remove(&id);
    }
    if let Some(space) = settings.spaces.get_mut(&person.space) {
        space.archived_at = Some(now);
    }
    propose(&settings, before.counters, "person.removed", format!("Removed {}. The files are kept for 30 days.", person.display_name))
}

/// A new shared space.
pub(crate) fn add_space(before: &InForce, new: &NewSpace) -> Result<(Proposal, SpaceId), Problem> {
    if !new.members.values().any(|right| *right == Right::Manage) {
        return Err(Problem::new(422, "settings-refused", "Somebody must have the right `manage` in a new space.").key("members"));
    }
    let (mut settings, mut counters) = (before.settings.clone(), before.counters);
    let space = Space {
        number: SpaceNumber(counters.space),
        name: new.name.clone(),
        kind: SpaceKind::Shared,
        members: new.members.clone(),
        archived_at: None,
        snapshots: SnapshotSchedule::On,
        quota: None,
        disk: None,
    };
    let id = insert_space(&mut settings, &mut counters, space)?;
    Ok((propose(&settings, counters, "space.added", format!("Added the shared space {}.", new.name))?, id))
}

/// The first owner. While a claim is under way it can be asked for again, with other names as well.
pub(crate) fn first_owner(before: &InForce, owner: &FirstOwner) -> Result<(Proposal, PersonId, SpaceId), Problem> {
    let (mut settings, mut counters) = (before.settings.clone(), before.counters);
    settings.this_box.name.clone_from(&owner.box_name);
    let id = match settings.people.len() {
        0 => {
            let space = SpaceId::from_number(counters.space);
            let person = Person { name: owner.name.clone(), display_name: owner.display_name.clone(), role: PersonRole::Owner, space };
            insert_person(&mut settings, &mut counters, person)?
        }
        1 => rename_only_person(&mut settings, owner)?,
        _ => return Err(Problem::new(409, "already-claimed", "This box has a household already.")),
    };
    let space = settings.people.get(&id).map(|person| person.space).ok_or_else(Problem::internal)?;
    let sentence = format!("{} claimed the box.", owner.display_name);
    Ok((propose(&settings, counters, "claim.owner", sentence)?, id, space))
}

/// The problem of an id that is nobody's.
pub(crate) fn no_person(id: PersonId) -> Problem {
    Problem::new(404, "no-such-person", format!("{id} is nobody of this household."))
}

fn rename_only_person(settings: &mut Settings, owner: &FirstOwner) -> Result<PersonId, Problem> {
    let (id, person) = settings.people.iter_mut().next().ok_or_else(Problem::internal)?;
    person.name.clone_from(&owner.name);
    person.display_name.clone_from(&owner.display_name);
    if let Some(space) = settings.spaces.get_mut(&person.space) {
        space.name.clone_from(&owner.name);
    }
    Ok(*id)
}

fn insert_person(settings: &mut Settings, counters: &mut Counters, person: Person) -> Result<PersonId, Problem> {
    let id = PersonId::from_number(counters.person);
    counters.person = counters.person.checked_add(1).ok_or_else(used_up)?;
    let space = Space {
        number: SpaceNumber(counters.space),
        name: person.name.clone(),
        kind: SpaceKind::Personal,
        members: [(id, Right::Manage)].into(),
        archived_at: None,
        snapshots: SnapshotSchedule::On,
        quota: None,
        disk: None,
    };
    insert_space(settings, counters, space)?;
    settings.people.insert(id, person);
    Ok(id)
}

/// Gives a space the next id.
pub(crate) fn insert_space(settings: &mut Settings, counters: &mut Counters, space: Space) -> Result<SpaceId, Problem> {
    let id = SpaceId::from_number(counters.space);
    counters.space = counters.space.checked_add(1).ok_or_else(used_up)?;
    settings.spaces.insert(id, space);
    Ok(id)
}

pub(crate) fn used_up() -> Problem {
    Problem::new(409, "ids-used-up", "This box has handed out all the ids that it has; they are never used again.")
}

/// The proposal of an endpoint.
pub(crate) fn propose(settings: &Settings, counters: Counters, action: &'static str, sentence: String) -> Result<Proposal, Problem> {
    let document = serde_json::to_value(settings).map_err(|error| croft_api::problem::internal(&error))?;
    Ok(Proposal { document, counters, way: Way::Endpoint, action, sentence: Some(sentence) })
}
