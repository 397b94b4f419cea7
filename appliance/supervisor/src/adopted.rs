//! Disks that are used as they are: the proposals that storage makes for an owner. Pure.

use croft_api::wire::adopted::{AdoptWish, ReleaseWish};
use croft_model::{DiskSource, PersonRole, Problem, Right, Settings, SnapshotSchedule, Space, SpaceId, SpaceKind, SpaceNumber};
use jiff::Timestamp;

use crate::{
    change::{InForce, Proposal},
    household::{insert_space, propose},
};

/// Names that are tried beside one that is taken.
const TRIES: u32 = 100;

/// A space for each file system that is wanted. One that had a space before gets that one again, so that its id is not used up.
pub(crate) fn adopt(before: &InForce, wish: &AdoptWish) -> Result<(Proposal, Vec<SpaceId>), Problem> {
    let (mut settings, mut counters) = (before.settings.clone(), before.counters);
    let members = match &wish.members {
        Some(members) => members.clone(),
        None => settings.people.iter().filter(|(_, person)| person.role == PersonRole::Owner).map(|(id, _)| *id).collect(),
    };
    if members.is_empty() {
        return Err(Problem::new(422, "adopt-nobody", "Somebody must be able to see the disk.")
            .hint("Name a member of the household.")
            .key("members"));
    }
    let (mut ids, mut names) = (Vec::new(), Vec::new());
    for volume in &wish.volumes {
        let known = settings
            .spaces
            .iter()
            .find(|(_, space)| space.disk.as_ref() == Some(&volume.source))
            .map(|(id, space)| (*id, space.archived_at));
        if let Some((id, None)) = known {
            ids.push(id);
            continue;
        }
        let name = free_name(&settings, &volume.name)?;
        names.push(name.clone());
        let id = match known {
            Some((id, _)) => id,
            None => {
                let space = empty(counters.space, volume.source.clone());
                insert_space(&mut settings, &mut counters, space)?
            }
        };
        if let Some(space) = settings.spaces.get_mut(&id) {
            (space.name, space.archived_at) = (name, None);
            space.members = members.iter().map(|person| (*person, Right::Read)).collect();
        }
        ids.push(id);
    }
    let sentence = format!("Uses the disk {} as it is, read-only.", names.join(", "));
    Ok((propose(&settings, counters, "disk.adopt", sentence)?, ids))
}

/// The settings in which these disks are used no longer.
pub(crate) fn release(before: &InForce, wish: &ReleaseWish, now: Timestamp) -> Result<Proposal, Problem> {
    let mut settings = before.settings.clone();
    let mut names = Vec::new();
    for id in &wish.spaces {
        let space = settings.spaces.get_mut(id).filter(|space| space.kind == SpaceKind::Disk && space.archived_at.is_none());
        let space = space
            .ok_or_else(|| Problem::new(404, "disk-not-adopted", "This disk is not used as it is.").hint("Nothing has to be done."))?;
        space.archived_at = Some(now);
        space.members.clear();
        names.push(space.name.clone());
    }
    propose(&settings, before.counters, "disk.release", format!("Uses the disk {} no longer.", names.join(", ")))
}

fn empty(number: u16, source: DiskSource) -> Space {
    Space {
        number: SpaceNumber(number),
        name: String::new(),
        kind: SpaceKind::Disk,
        members: [].into(),
        archived_at: None,
        // It has none of its own.
        snapshots: SnapshotSchedule::Off,
        quota: None,
        disk: Some(source),
    }
}

/// `wanted`, or with a number behind it where another disk has that name.
fn free_name(settings: &Settings, wanted: &str) -> Result<String, Problem> {
    let taken = |name: &str| {
        let lower = name.to_lowercase();
        settings
            .spaces
            .values()
            .any(|space| space.kind == SpaceKind::Disk && space.archived_at.is_none() && space.name.to_lowercase() == lower)
    };
    let numbered = |number: u32| if number == 1 { wanted.to_owned() } else { format!("{wanted} {number}") };
    (1..=TRIES).map(numbered).find(|name| !taken(name)).ok_or_else(|| {
        Problem::new(409, "adopt-name-taken", "Too many disks that are used as they are have this name.")
            .hint("Choose another name.")
            .key("name")
    })
}

#[cfg(test)]
mod tests {
    use croft_api::wire::adopted::NamedVolume;
    use croft_model::{DiskId, Person, PersonId};

    use super::*;

    fn source(number: u8) -> DiskSource {
        DiskSource { disk: DiskId::of_hash(&[number; 32]), volume: format!("0000-000{number}").parse().expect("a volume") }
    }

    fn household() -> InForce {
        let mut now = InForce::default();
        let person = |number, role| {
            (
                PersonId::from_number(number),
                Person { name: format!("p{number}"), display_name: "P".into(), role, space: SpaceId::from_number(1) },
            )
        };
        now.settings.people = [person(1, PersonRole::Owner), person(2, PersonRole::Member)].into();
        now.counters.space = 5;
        now
    }

    fn after(before: &InForce, proposal: Proposal) -> InForce {
        InForce { settings: serde_json::from_value(proposal.document).expect("settings"), counters: proposal.counters, ..before.clone() }
    }

    fn wish(volumes: &[(&str, u8)], members: Option<&[u32]>) -> AdoptWish {
        AdoptWish {
            by: "Ana".into(),
            volumes: volumes.iter().map(|(name, number)| NamedVolume { name: (*name).into(), source: source(*number) }).collect(),
            members: members.map(|members| members.iter().map(|number| PersonId::from_number(*number)).collect()),
        }
    }

    #[test]
    fn a_disk_gets_a_space_that_it_keeps() {
        let now = household();
        let (proposal, ids) = adopt(&now, &wish(&[("Photos", 1), ("photos", 2)], Some(&[2]))).expect("adopted");
        assert_eq!(ids, [SpaceId::from_number(5), SpaceId::from_number(6)]);
        let now = after(&now, proposal);
        let named: Vec<_> = ids.iter().map(|id| now.settings.spaces[id].name.as_str()).collect();
        assert_eq!(named, ["Photos", "photos 2"]);
        assert_eq!(now.settings.spaces[&ids[0]].members, [(PersonId::from_number(2), Right::Read)].into());
        // Wanted twice it stays what it is.
        let (proposal, again) = adopt(&now, &wish(&[("Other", 1)], None)).expect("adopted");
        assert_eq!((after(&now, proposal).settings.spaces.clone(), again), (now.settings.spaces.clone(), vec![ids[0]]));

        let released =
            after(&now, release(&now, &ReleaseWish { by: "Ana".into(), spaces: vec![ids[0]] }, Timestamp::UNIX_EPOCH).expect("released"));
        let gone = &released.settings.spaces[&ids[0]];
        assert!(gone.archived_at.is_some() && gone.members.is_empty());
        let twice = release(&released, &ReleaseWish { by: "Ana".into(), spaces: vec![ids[0]] }, Timestamp::UNIX_EPOCH);
        assert_eq!(twice.err().map(|problem| problem.code), Some("disk-not-adopted".into()));
        // It comes back under its old id, for the owners where nobody is named.
        let (proposal, back) = adopt(&released, &wish(&[("Photos", 1)], None)).expect("adopted");
        let back_again = after(&released, proposal);
        assert_eq!((back, back_again.counters.space), (vec![ids[0]], 7));
        assert_eq!(back_again.settings.spaces[&ids[0]].members, [(PersonId::from_number(1), Right::Read)].into());
    }

    #[test]
    fn nothing_else_is_released_and_nobody_is_not_somebody() {
        let now = household();
        assert_eq!(adopt(&now, &wish(&[("a", 1)], Some(&[]))).err().map(|problem| problem.code), Some("adopt-nobody".into()));
        let personal = ReleaseWish { by: "Ana".into(), spaces: vec![SpaceId::from_number(1)] };
        assert_eq!(release(&now, &personal, Timestamp::UNIX_EPOCH).err().map(|problem| problem.code), Some("disk-not-adopted".into()));
    }
}
