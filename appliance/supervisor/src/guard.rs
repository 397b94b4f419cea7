//! Guardrails: what a change may not do although the document would be valid after it. Pure.

use std::collections::BTreeMap;

use croft_model::{AppId, HostedApp, Person, PersonId, Problem, Settings, Space, SpaceId, SpaceKind};
use jiff::{SignedDuration, Timestamp};

use crate::records::Counters;

/// By which road a change comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// A patch or an imported document: a person wrote ids and times by hand.
    ByHand,
    /// An endpoint that hands out ids itself.
    Endpoint,
    /// Taking back a commit.
    Revert,
}

/// How far a time that somebody wrote by hand may be from now; more could shorten or stretch the days for which files are kept.
const HAND_SLACK: SignedDuration = SignedDuration::from_mins(5);

/// Judges the step from `before` to `after`; `known` are the ids handed out up to now.
///
/// # Errors
/// The first guardrail that the step would break, as a problem that names the key.
pub(crate) fn judge(before: &Settings, after: &Settings, way: Way, known: Counters, now: Timestamp) -> Result<(), Problem> {
    if !before.people.is_empty() && after.people.is_empty() {
        return Err(last_owner());
    }
    for (id, person) in &after.people {
        match before.people.get(id) {
            Some(was) => kept_person(*id, was, person)?,
            None => added_person(*id, way, known)?,
        }
    }
    if let Some(gone) = before.people.keys().find(|id| !after.people.contains_key(id)) {
        removed_person(*gone, way)?;
    }
    for (id, space) in &after.spaces {
        match before.spaces.get(id) {
            Some(was) => kept_space(*id, was, space, after, way, now)?,
            None => added_space(*id, way, known)?,
        }
    }
    kept_apps(&before.apps, &after.apps, way)?;
    match before.spaces.keys().find(|id| !after.spaces.contains_key(id)) {
        Some(gone) => Err(refused(format!("spaces.{gone}"), "A space cannot be taken out of the settings, only archived.")
            .hint(format!("Set spaces.{gone}.archived_at to the present time: its files are then kept for 30 days."))),
        None => Ok(()),
    }
}

/// The refusal to leave a household without anybody who may govern it.
pub(crate) fn last_owner() -> Problem {
    Problem::new(409, "last-owner", "The last owner cannot be removed: nobody could change this box any more.")
        .hint("Make somebody else an owner first.")
        .key("people")
}

fn refused(key: String, sentence: impl Into<String>) -> Problem {
    Problem::new(422, "settings-refused", sentence).key(key)
}

fn added_person(id: PersonId, way: Way, known: Counters) -> Result<(), Problem> {
    let key = format!("people.{id}");
    match way {
        Way::Endpoint | Way::Revert => Ok(()),
        Way::ByHand if id.number() >= known.person => Err(refused(key, format!("{id} is an id that was never handed out."))
            .hint("Add people with POST /api/v1/people; it makes the id and the person's own space.")),
        Way::ByHand => Err(refused(key, format!("{id} belonged to somebody who was removed, and ids are never used again."))
            .hint("Take back the removal in the history, or add a new person with POST /api/v1/people.")),
    }
}

fn kept_person(id: PersonId, was: &Person, is: &Person) -> Result<(), Problem> {
    if was.space == is.space { Ok(()) } else { Err(refused(format!("people.{id}.space"), "A person's own space cannot be exchanged.")) }
}

fn removed_person(id: PersonId, way: Way) -> Result<(), Problem> {
    let key = format!("people.{id}");
    match way {
        Way::Endpoint => Ok(()),
        Way::ByHand => {
            Err(refused(key, "A person is not removed by a patch, because the person's space must be archived in the same step.")
                .hint(format!("Use DELETE /api/v1/people/{id}.")))
        }
        Way::Revert => Err(Problem::new(
            409,
            "revert-refused",
            "The adding of a person cannot be taken back, because the person may have put files here since.",
        )
        .hint(format!("Remove the person with DELETE /api/v1/people/{id}: the files are then kept for 30 days."))
        .key(key)),
    }
}

fn added_space(id: SpaceId, way: Way, known: Counters) -> Result<(), Problem> {
    let key = format!("spaces.{id}");
    match way {
        Way::Endpoint | Way::Revert => Ok(()),
        Way::ByHand if id.number() >= known.space => Err(refused(key, format!("{id} is an id that was never handed out."))
            .hint("Add shared spaces with POST /api/v1/spaces; it makes the id.")),
        Way::ByHand => Err(refused(key, format!("{id} was used before, and ids of spaces are never used again."))),
    }
}

/// An app consists of more than its settings, so these alone neither make one nor take one away.
fn kept_apps(before: &BTreeMap<AppId, HostedApp>, after: &BTreeMap<AppId, HostedApp>, way: Way) -> Result<(), Problem> {
    if way == Way::Endpoint {
        return Ok(());
    }
    if let Some(id) = after.keys().find(|id| !before.contains_key(*id)) {
        return Err(
            refused(format!("apps.{id}"), "An app is not installed by the settings alone.").hint("Install it with `croft app install`.")
        );
    }
    if let Some(id) = before.keys().find(|id| !after.contains_key(*id)) {
        return Err(refused(format!("apps.{id}"), "An app is not taken away by the settings alone.")
            .hint(format!("Take it away with `croft app uninstall {id}`.")));
    }
    match after.iter().find(|(id, app)| before.get(*id).is_some_and(|was| was.number != app.number)) {
        Some((id, _)) => Err(refused(format!("apps.{id}.number"), "An app keeps the number that it was given.")),
        None => Ok(()),
    }
}

fn kept_space(id: SpaceId, was: &Space, is: &Space, after: &Settings, way: Way, now: Timestamp) -> Result<(), Problem> {
    if was.kind != is.kind {
        return Err(
            refused(format!("spaces.{id}.kind"), "A space stays personal or shared for good.").hint("Make a new space and move the files.")
        );
    }
    if was.disk != is.disk {
        return Err(refused(format!("spaces.{id}.disk"), "A space that shows a disk shows that one for good.")
            .hint("Use the other disk as it is, too."));
    }
    if way != Way::ByHand || was.archived_at == is.archived_at {
        return Ok(());
    }
    let key = format!("spaces.{id}.archived_at");
    match is.archived_at {
        Some(at) if now.duration_since(at).abs() > HAND_SLACK => {
            Err(refused(key, "A space is archived as of now.").hint(format!("Set it to {now}.")))
        }
        None if is.kind == SpaceKind::Personal && !after.people.values().any(|person| person.space == id) => {
            Err(refused(key, "The space of somebody who was removed comes back with the person only.")
                .hint("Take back the removal in the history."))
        }
        _ => Ok(()),
    }
}
