//! Which folders are served to Windows, macOS and Linux as network drives, and under which names.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Bytes, Invalid, PersonId, Right, Settings, SpaceId, SpaceKind};

/// Smallest room for the backups of a person's Macs, in GiB: less holds not one of them.
const MIN_QUOTA_GIB: u32 = 16;
/// Largest such room, in GiB.
const MAX_QUOTA_GIB: u32 = 1 << 20;
/// Entries that a map of the section may have.
const MAX_ENTRIES: usize = 1024;

/// Section `shares`. Devices with their passwords are no settings: the box keeps them beside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareSettings {
    /// Whether anything is served. Off in a new box: nothing answers then.
    #[serde(default)]
    pub serve: Serve,
    /// Spaces that are not to be as all others, which are served while `serve` is on.
    #[serde(default)]
    pub spaces: BTreeMap<SpaceId, Serve>,
    /// People whose Macs keep their backups here.
    #[serde(default)]
    pub time_machine: BTreeMap<PersonId, TimeMachine>,
}

/// Whether something is served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Serve {
    /// It is.
    On,
    /// It is not.
    #[default]
    Off,
}

/// Where the Macs of a person keep their backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeMachine {
    /// The most that they take, in GiB, 16 to 1048576. A Mac removes its oldest backups when it is reached.
    pub quota_gib: u32,
}

/// A network drive as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetworkDrive {
    /// The name behind the box's: `\\mybox\NAME`.
    pub name: String,
    /// What lies behind it.
    #[serde(flatten)]
    pub holds: Holding,
    /// Who may use it, and with what right; `read` or `write`.
    #[serde(skip)]
    pub people: BTreeMap<PersonId, Right>,
}

/// What lies behind a network drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holding {
    /// The files of a space.
    Space {
        /// The space.
        space: SpaceId,
    },
    /// The backups of somebody's Macs.
    TimeMachine {
        /// Whose.
        person: PersonId,
        /// The most that they take.
        quota_bytes: Bytes,
    },
}

/// The rules of the section. Ids of what is gone meanwhile mean nothing and are no mistake.
pub(crate) fn validate(shares: &ShareSettings) -> Result<(), Invalid> {
    for (key, count) in [("shares.spaces", shares.spaces.len()), ("shares.time_machine", shares.time_machine.len())] {
        if count > MAX_ENTRIES {
            return Err(Invalid::new(key, format!("has {count} entries; at most {MAX_ENTRIES} are possible")));
        }
    }
    match shares.time_machine.iter().find(|(_, times)| !(MIN_QUOTA_GIB..=MAX_QUOTA_GIB).contains(&times.quota_gib)) {
        Some((person, _)) => Err(Invalid::new(
            format!("shares.time_machine.{person}.quota_gib"),
            format!("must be from {MIN_QUOTA_GIB} to {MAX_QUOTA_GIB} (GiB)"),
        )),
        None => Ok(()),
    }
}

/// All network drives of a household, each under a name of its own; none while nothing is served.
#[must_use]
pub fn network_drives(settings: &Settings) -> Vec<NetworkDrive> {
    if settings.shares.serve == Serve::Off {
        return Vec::new();
    }
    let mut taken = BTreeSet::new();
    let mut drives = Vec::new();
    // A person's own drive has the name that they sign in with.
    let owners: BTreeMap<SpaceId, &str> = settings.people.values().map(|person| (person.space, person.name.as_str())).collect();
    // The oldest choose first, and what is not served keeps its name too: a name never comes to mean another folder because somebody came, went or
    // switched a drive off, since programs that mirror would delete there.
    for (id, space) in settings.spaces.iter().filter(|(_, space)| space.kind != SpaceKind::Disk) {
        let name = own_name(&mut taken, &drive_name(owners.get(id).copied().unwrap_or(&space.name)), &id.to_string());
        if settings.shares.spaces.get(id) == Some(&Serve::Off) || space.archived_at.is_some() {
            continue;
        }
        let people = space.members.iter().map(|(person, right)| (*person, (*right).min(Right::Write))).collect();
        drives.push(NetworkDrive { name, holds: Holding::Space { space: *id }, people });
    }
    for (id, times) in &settings.shares.time_machine {
        let Some(person) = settings.people.get(id) else { continue };
        let quota_bytes = Bytes(u64::from(times.quota_gib) << 30);
        let name = own_name(&mut taken, &format!("Time Machine {}", person.name), &id.to_string());
        drives.push(NetworkDrive { name, holds: Holding::TimeMachine { person: *id, quota_bytes }, people: [(*id, Right::Write)].into() });
    }
    drives
}

/// A folder's name as one of a drive: letters, digits and signs that mean nothing to Windows, to a URL or to whoever serves it.
fn drive_name(name: &str) -> String {
    const MAX: usize = 64;
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() || " -_.".contains(c) { c } else { '_' }).take(MAX).collect();
    let plain = plain.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").trim_matches([' ', '.']).to_owned();
    let meant = ["", "global", "globals", "homes", "printers", "print", "ipc", "admin"];
    if meant.contains(&folded_drive_name(&plain).as_str()) { format!("{plain}_") } else { plain }
}

/// What is the same of two names that a server of network drives may take for one: letters of whatever case, and no blanks.
#[must_use]
pub fn folded_drive_name(name: &str) -> String {
    // Up and down again, letter by letter: σ and ς, s and ſ have only the large letter in common.
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// The name, or one with the id behind it where another drive has it.
fn own_name(taken: &mut BTreeSet<String>, name: &str, id: &str) -> String {
    let mut own = name.to_owned();
    while !taken.insert(folded_drive_name(&own)) {
        own = format!("{own} {id}");
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Person, PersonRole, SnapshotSchedule, Space, SpaceNumber};

    fn settings(spaces: &[(u16, &str)]) -> Settings {
        let mut settings = Settings { shares: ShareSettings { serve: Serve::On, ..ShareSettings::default() }, ..Settings::default() };
        let ana = PersonId::from_number(1);
        let person = Person { name: "ana".into(), display_name: "Ana".into(), role: PersonRole::Owner, space: SpaceId::from_number(1) };
        settings.people.insert(ana, person);
        for (number, name) in [(1, "ana")].iter().chain(spaces) {
            let kind = if *number == 1 { SpaceKind::Personal } else { SpaceKind::Shared };
            let members = [(ana, Right::Manage)].into();
            let space = Space {
                number: SpaceNumber(*number),
                name: (*name).into(),
                kind,
                members,
                archived_at: None,
                snapshots: SnapshotSchedule::default(),
                quota: None,
                disk: None,
            };
            settings.spaces.insert(SpaceId::from_number(*number), space);
        }
        settings
    }

    fn names(settings: &Settings) -> Vec<String> {
        network_drives(settings).into_iter().map(|drive| drive.name).collect()
    }

    #[test]
    fn each_drive_has_a_name_of_its_own_whatever_strangers_called_their_spaces() {
        for (spaces, expected) in [
            (vec![(2, "Photos")], vec!["ana", "Photos"]),
            (vec![(2, "Ana")], vec!["ana", "Ana s2"]),
            (vec![(2, "a&b"), (3, "a?b"), (4, "a_b s3")], vec!["ana", "a_b", "a_b s3", "a_b s3 s4"]),
            (vec![(2, "homes"), (3, "[x]"), (4, "...")], vec!["ana", "homes_", "_x_", "_"]),
            (vec![(2, "Globals"), (3, "glo bal"), (4, "GLOBAL")], vec!["ana", "Globals_", "glo bal_", "GLOBAL_ s4"]),
            (vec![(2, "Photos 1"), (3, "Photos  1"), (4, "Photos1")], vec!["ana", "Photos 1", "Photos 1 s3", "Photos1 s4"]),
            (vec![(2, "ΑΣ"), (3, "ας"), (4, "ασ")], vec!["ana", "ΑΣ", "ας s3", "ασ s4"]),
        ] {
            assert_eq!(names(&settings(&spaces)), expected, "{spaces:?}");
        }
    }

    #[test]
    fn nothing_is_served_that_is_off_or_put_away_and_rights_are_two() {
        let mut settings = settings(&[(2, "Photos")]);
        let ana = PersonId::from_number(1);
        assert_eq!(network_drives(&settings)[1].people, [(ana, Right::Write)].into());
        settings.spaces.get_mut(&SpaceId::from_number(2)).expect("there").members.insert(ana, Right::Read);
        assert_eq!(network_drives(&settings)[1].people, [(ana, Right::Read)].into());
        settings.shares.spaces.insert(SpaceId::from_number(2), Serve::Off);
        assert_eq!(names(&settings), ["ana"]);
        settings.shares.time_machine.insert(ana, TimeMachine { quota_gib: 100 });
        settings.shares.time_machine.insert(PersonId::from_number(9), TimeMachine { quota_gib: 100 });
        assert_eq!(names(&settings), ["ana", "Time Machine ana"]);
        settings.spaces.get_mut(&SpaceId::from_number(1)).expect("there").archived_at = Some(jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(names(&settings), ["Time Machine ana"]);
        settings.shares.serve = Serve::Off;
        assert!(names(&settings).is_empty());
    }

    #[test]
    fn a_name_stays_with_its_folder_whoever_comes_and_goes() {
        let mut settings = settings(&[(2, "Photos"), (3, "photos")]);
        assert_eq!(names(&settings), ["ana", "Photos", "photos s3"]);
        settings.shares.spaces.insert(SpaceId::from_number(2), Serve::Off);
        assert_eq!(names(&settings), ["ana", "photos s3"]);
        settings.spaces.get_mut(&SpaceId::from_number(2)).expect("there").archived_at = Some(jiff::Timestamp::UNIX_EPOCH);
        settings.shares.spaces.clear();
        assert_eq!(names(&settings), ["ana", "photos s3"]);
        // Somebody who is called as a folder is already.
        let space = SpaceId::from_number(4);
        let own =
            Space { number: SpaceNumber(4), name: "x".into(), archived_at: None, ..settings.spaces[&SpaceId::from_number(2)].clone() };
        settings.spaces.insert(space, own);
        let person = Person { name: "photos".into(), display_name: "P".into(), role: PersonRole::Member, space };
        settings.people.insert(PersonId::from_number(2), person);
        assert_eq!(names(&settings), ["ana", "photos s3", "photos s4"]);
    }

    #[test]
    fn a_quota_has_bounds() {
        for (quota_gib, fits) in [(15, false), (16, true), (1 << 20, true), ((1 << 20) + 1, false)] {
            let time_machine = [(PersonId::from_number(1), TimeMachine { quota_gib })].into();
            assert_eq!(validate(&ShareSettings { time_machine, ..ShareSettings::default() }).is_ok(), fits, "{quota_gib}");
        }
    }
}
