//! What is done to the pool, in words for people. Pure.

use std::collections::BTreeMap;

use croft_model::{DiskId, PoolChange, PoolEnd, PoolStep, Projection, Protection, SpaceId, SpaceKind};

/// What a change does: `taking Samsung T7 12AB into the pool`.
pub(crate) fn of_change(change: &PoolChange, names: &BTreeMap<DiskId, String>) -> String {
    let name = |id: &DiskId| names.get(id).cloned().unwrap_or_else(|| id.to_string());
    match change {
        PoolChange::Grow { disk, .. } => format!("taking {} into the pool", name(&disk.id)),
        PoolChange::Protect { protection } => format!("keeping {}", of_protection(*protection)),
        PoolChange::Replace { member, disk } => format!("putting {} in the place of disk {member}", name(&disk.id)),
        PoolChange::Remove { member } => format!("taking disk {member} off the pool"),
        PoolChange::Scrub => "checking all files".into(),
    }
}

/// How files are kept.
const fn of_protection(protection: Protection) -> &'static str {
    match protection {
        Protection::Single => "everything once",
        Protection::Mirror => "everything twice",
        Protection::Triple => "everything three times",
    }
}

/// What a step does.
pub(crate) const fn of_step(step: PoolStep) -> &'static str {
    match step {
        PoolStep::Join => "preparing the new disk",
        PoolStep::Rebuild => "copying to the new disk",
        PoolStep::Spread => "moving data",
        PoolStep::Leave => "moving data off the disk",
        PoolStep::Compare => "comparing everything",
    }
}

/// How a change ended, as a line for the activity.
pub(crate) fn of_end(change: &str, how: &PoolEnd) -> String {
    match how {
        PoolEnd::Done => format!("Done: {change}."),
        PoolEnd::Cancelled => format!("Given up: {change}."),
        PoolEnd::Failed { reason } => format!("Failed: {change}. {reason}"),
    }
}

/// With a capital at its beginning.
pub(crate) fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A file below the pool as people name it: `Photos/2024/a.jpg`.
pub(crate) fn of_file(path: &str, household: Option<&Projection>) -> String {
    let inside = path.strip_prefix("spaces/").and_then(|rest| rest.split_once('/'));
    let found = inside.and_then(|(space, rest)| Some((space_name(space.parse().ok()?, household)?, rest)));
    match found {
        Some((space, rest)) => match rest.strip_prefix("files/") {
            Some(file) => format!("{space}/{file}"),
            None => format!("an older or deleted file of {space}"),
        },
        None => format!("the box's own {path}"),
    }
}

/// What people call a space.
pub(crate) fn space_name(id: SpaceId, household: Option<&Projection>) -> Option<String> {
    let household = household?;
    let space = household.spaces.as_ref()?.get(&id)?;
    match space.kind {
        SpaceKind::Shared | SpaceKind::Disk => Some(space.name.clone()),
        SpaceKind::Personal => {
            let people = household.people.as_ref()?;
            people.values().find(|person| person.space == id).map(|person| person.display_name.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_named_as_people_name_them() {
        let household: Projection = serde_json::from_value(json!({
            "generation": 1, "one_user": false,
            "people": { "p1": { "name": "ana", "display_name": "Ana", "role": "owner", "space": "s1" } },
            "spaces": {
                "s1": { "number": 1, "name": "ana", "kind": "personal" },
                "s2": { "number": 2, "name": "Photos", "kind": "shared" },
            },
        }))
        .unwrap();
        let check = |path: &str, expected: &str| assert_eq!(of_file(path, Some(&household)), expected, "{path}");
        check("spaces/s2/files/2024/a.jpg", "Photos/2024/a.jpg");
        check("spaces/s1/files/a.jpg", "Ana/a.jpg");
        check("spaces/s1/.croft/versions/1", "an older or deleted file of Ana");
        check("spaces/s9/files/a.jpg", "the box's own spaces/s9/files/a.jpg");
        check("state/identity/identity.redb", "the box's own state/identity/identity.redb");
        check("spaces/s1", "the box's own spaces/s1");
        assert_eq!(of_file("spaces/s2/files/a", None), "the box's own spaces/s2/files/a");
    }

    #[test]
    fn sentences_begin_with_a_capital() {
        for (sentence, expected) in [("moving data", "Moving data"), ("ärger", "Ärger"), ("", "")] {
            assert_eq!(capital(sentence), expected);
        }
    }
}
