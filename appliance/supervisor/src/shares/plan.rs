//! What is to be served, out of the settings and the devices; and what may become a device.

use std::collections::BTreeMap;

use croft_model::{Holding, Person, PersonId, Problem, Right, Settings, network_drives};
use croft_smb::{Account, Folder, NtHash, Share, Wanted, account_name};
use jiff::Timestamp;

use crate::records::DeviceRecord;

/// Devices that a person may have.
pub(crate) const MAX_DEVICES: usize = 32;

/// Largest number of a device: with [`croft_smb::DEVICE_USERS`] below what systemd gives to containers (524288).
const MAX_NUMBER: u16 = 50_000;

/// Devices by number.
pub(crate) type Devices = BTreeMap<u16, DeviceRecord>;

/// What is to be served; none while nothing is.
pub(super) fn wanted(settings: &Settings, devices: &Devices) -> Option<Wanted> {
    if settings.shares.serve == croft_model::Serve::Off {
        return None;
    }
    let live = || devices.iter().filter(|(_, device)| settings.people.contains_key(&device.person));
    let accounts = live().map(|(number, device)| Account {
        name: device.account.clone(),
        number: *number,
        password: NtHash::from_bytes(device.password),
    });
    let shares = network_drives(settings).into_iter().filter_map(|drive| {
        let (space, folder) = match drive.holds {
            Holding::Space { space } => (space, Folder::Space(space)),
            Holding::TimeMachine { person, quota_bytes } => (settings.people.get(&person)?.space, Folder::TimeMachine(person, quota_bytes)),
        };
        let of = |wanted: Right| {
            let may = live().filter(|(_, device)| drive.people.get(&device.person) == Some(&wanted));
            may.map(|(_, device)| device.account.clone()).collect()
        };
        let space = settings.spaces.get(&space)?.number;
        Some(Share { name: drive.name.clone(), folder, space, readers: of(Right::Read), writers: of(Right::Write) })
    });
    Some(Wanted { host: settings.this_box.host.clone(), accounts: accounts.collect(), shares: shares.collect(), read_only: false })
}

/// A new device of `person` under the next number.
///
/// # Errors
/// The name does not fit or is taken, or the person has too many.
pub(super) fn add(
    devices: &Devices,
    (id, person): (PersonId, &Person),
    name: &str,
    password: &str,
    now: Timestamp,
) -> Result<(u16, DeviceRecord), Problem> {
    let most = croft_smb::MAX_ACCOUNT.saturating_sub(person.name.len() + 1);
    if most == 0 {
        let words = format!(
            "The name {} is too long to have a device: with it and a dash an account has {} letters at most.",
            person.name,
            croft_smb::MAX_ACCOUNT
        );
        return Err(Problem::new(422, "person-name-too-long", words).hint("Give the person a shorter name."));
    }
    let account = account_name(&person.name, name).ok_or_else(|| {
        Problem::new(422, "device-name-unfit", format!("The name of a device has 1 to {most} of a-z, 0-9 and `-`, not `-` at the ends."))
            .hint("A short word is best, since it is typed at the device: laptop.")
            .key("name")
    })?;
    if devices.values().any(|device| device.account == account) {
        return Err(Problem::new(409, "device-exists", format!("There is a device {account} already."))
            .hint("Remove it first, or take another name.")
            .key("name"));
    }
    if devices.values().filter(|device| device.person == id).count() >= MAX_DEVICES {
        return Err(Problem::new(409, "too-many-devices", format!("{MAX_DEVICES} devices are the most a person can have."))
            .hint("Remove those that are not used any more."));
    }
    // A page that was not read anew means another device by a number used again; so that comes last.
    let next = devices.last_key_value().map_or(1, |(number, _)| number.saturating_add(1));
    let mut numbers = (next..=MAX_NUMBER).chain(1..=MAX_NUMBER);
    let number = numbers.find(|number| !devices.contains_key(number)).ok_or_else(Problem::internal)?;
    let password = NtHash::of(password).to_bytes();
    Ok((number, DeviceRecord { person: id, name: name.into(), account, password, created: now }))
}

#[cfg(test)]
mod tests {
    use croft_model::{PersonRole, Serve, ShareSettings, SnapshotSchedule, Space, SpaceId, SpaceKind, SpaceNumber, TimeMachine};

    use super::*;

    fn household() -> Settings {
        let mut settings = Settings { shares: ShareSettings { serve: Serve::On, ..ShareSettings::default() }, ..Settings::default() };
        for (number, name) in [(1, "ana"), (2, "ben")] {
            let (person, space) = (PersonId::from_number(number.into()), SpaceId::from_number(number));
            settings.people.insert(person, Person { name: name.into(), display_name: name.into(), role: PersonRole::Owner, space });
            let members = [(person, Right::Manage)].into();
            let space_of = Space {
                number: SpaceNumber(number),
                name: name.into(),
                kind: SpaceKind::Personal,
                members,
                archived_at: None,
                snapshots: SnapshotSchedule::default(),
                quota: None,
                disk: None,
            };
            settings.spaces.insert(space, space_of);
        }
        let members = [(PersonId::from_number(1), Right::Share), (PersonId::from_number(2), Right::Read)].into();
        let photos = Space {
            number: SpaceNumber(3),
            name: "Photos".into(),
            kind: SpaceKind::Shared,
            members,
            archived_at: None,
            snapshots: SnapshotSchedule::default(),
            quota: None,
            disk: None,
        };
        settings.spaces.insert(SpaceId::from_number(3), photos);
        settings.shares.time_machine.insert(PersonId::from_number(2), TimeMachine { quota_gib: 100 });
        settings
    }

    fn devices(settings: &Settings) -> Devices {
        let mut devices = Devices::new();
        for (person, name) in [(1, "laptop"), (2, "pc"), (1, "tv")] {
            let id = PersonId::from_number(person);
            let (number, device) = add(&devices, (id, &settings.people[&id]), name, "secret", Timestamp::UNIX_EPOCH).expect("fits");
            devices.insert(number, device);
        }
        devices
    }

    #[test]
    fn a_device_sees_what_its_person_may_and_no_more() {
        let mut settings = household();
        let devices = devices(&settings);
        let seen = |settings: &Settings| -> Vec<String> {
            let shares = wanted(settings, &devices).map(|wanted| wanted.shares).unwrap_or_default();
            shares.iter().map(|s| format!("{} {} r={} w={}", s.name, s.space.0, s.readers.join(","), s.writers.join(","))).collect()
        };
        assert_eq!(
            seen(&settings),
            [
                "ana 1 r= w=ana-laptop,ana-tv",
                "ben 2 r= w=ben-pc",
                "Photos 3 r=ben-pc w=ana-laptop,ana-tv",
                "Time Machine ben 2 r= w=ben-pc"
            ]
        );
        settings.people.remove(&PersonId::from_number(2));
        assert!(!seen(&settings).concat().contains("ben-pc"));
        assert_eq!(wanted(&settings, &devices).expect("on").accounts.len(), 2);
        settings.shares.serve = Serve::Off;
        assert_eq!(wanted(&settings, &devices), None);
    }

    #[test]
    fn names_fit_are_taken_once_and_are_not_without_end() {
        let settings = household();
        let (id, devices) = (PersonId::from_number(1), devices(&settings));
        let code = |devices: &Devices, name: &str| {
            add(devices, (id, &settings.people[&id]), name, "secret", Timestamp::UNIX_EPOCH).map(|(number, _)| number).map_err(|p| p.code)
        };
        for (name, expected) in [
            ("phone", Ok(4)),
            ("laptop", Err("device-exists")),
            ("Phone", Err("device-name-unfit")),
            ("", Err("device-name-unfit")),
            ("a\nroot", Err("device-name-unfit")),
        ] {
            assert_eq!(code(&devices, name), expected.map_err(Into::into), "{name:?}");
        }
        let mut many = devices.clone();
        for number in 10..10 + 30 {
            many.insert(number, DeviceRecord { account: format!("ana-{number}"), ..devices[&1].clone() });
        }
        assert_eq!(code(&many, "phone"), Err("too-many-devices".into()));
        let mut gap = devices;
        gap.remove(&2);
        assert_eq!(code(&gap, "phone"), Ok(4), "a number is not used again while there are others");
        gap.insert(super::MAX_NUMBER, DeviceRecord { account: "ana-last".into(), ..gap[&1].clone() });
        assert_eq!(code(&gap, "phone"), Ok(2));
        let long = Person { name: "a".repeat(31), ..settings.people[&id].clone() };
        let refused = add(&gap, (id, &long), "x", "secret", Timestamp::UNIX_EPOCH).map(|(number, _)| number);
        assert_eq!(refused.map_err(|problem| problem.code), Err("person-name-too-long".into()));
    }
}
