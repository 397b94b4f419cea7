//! Parsing and pure validation of settings: text becomes types here, once, and each error names its key.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Right, SCHEMA, Section, Settings, SpaceKind};

/// Endings that the household's certificate is constrained to (RFC 5280 section 4.2.1.10); names outside could not be served without a warning.
pub const PERMITTED_SUFFIXES: [&str; 5] = ["local", "localhost", "home.arpa", "internal", "lan"];

/// Further names a box may have. A certificate with more is refused by some clients.
const MAX_EXTRA_NAMES: usize = 16;
/// People of a household; more is another kind of product.
const MAX_PEOPLE: usize = 256;
/// Spaces that stand in the settings at a time.
const MAX_SPACES: usize = 1024;
/// Shared spaces in one person's tree: as many as a listing of its root carries.
pub const MAX_MOUNTS: usize = 96;

/// A value that cannot be settings, with the key at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {reason}")]
pub struct Invalid {
    /// Dotted path of the key: `people.p1.name`.
    pub key: String,
    /// What is wrong and what would be right; reads on from the key.
    pub reason: String,
}

impl Invalid {
    /// An error about `key`.
    pub fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key: key.into(), reason: reason.into() }
    }
}

/// Reads the whole document, from this schema or an earlier one.
///
/// # Errors
/// A schema from the future, an unknown key, a value of the wrong type; not yet the rules of [`validate`].
pub fn parse_settings(value: Value) -> Result<Settings, Invalid> {
    let schema = value
        .get("schema")
        .and_then(Value::as_u64)
        .ok_or_else(|| Invalid::new("schema", format!("is missing: this release writes schema = {SCHEMA}")))?;
    if schema > u64::from(SCHEMA) {
        return Err(Invalid::new(
            "schema",
            format!("is {schema}, from a newer release; this one understands up to {SCHEMA}. Update the box first"),
        ));
    }
    read("", value)
}

/// Reads one section out of its JSON value into the document.
///
/// # Errors
/// An unknown key or a value of the wrong type, named with the section in front.
pub fn parse_section(settings: &mut Settings, section: Section, value: Value) -> Result<(), Invalid> {
    let key = section.key();
    match section {
        Section::Box => settings.this_box = read(key, value)?,
        Section::People => settings.people = read(key, value)?,
        Section::Spaces => settings.spaces = read(key, value)?,
        Section::Door => settings.door = read(key, value)?,
        Section::Network => settings.network = read(key, value)?,
        Section::Time => settings.time = read(key, value)?,
        Section::Snapshots => settings.snapshots = read(key, value)?,
        Section::Shares => settings.shares = read(key, value)?,
        Section::Notify => settings.notify = read(key, value)?,
        Section::Apps => settings.apps = read(key, value)?,
    }
    Ok(())
}

fn read<T: DeserializeOwned>(prefix: &str, value: Value) -> Result<T, Invalid> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "" } else { path.as_str() };
        let key = [prefix, path].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".");
        let key = if key.is_empty() { "settings".into() } else { key };
        Invalid::new(key, format!("cannot be read: {}", error.inner()))
    })
}

/// The rules between values. Pure: the same document gives the same verdict everywhere.
///
/// # Errors
/// The first rule that is broken.
pub fn validate(settings: &Settings) -> Result<(), Invalid> {
    label("box.name", &settings.this_box.name)?;
    host(&settings.this_box.host)?;
    if !["en", "de"].contains(&settings.this_box.language.as_str()) {
        return Err(Invalid::new("box.language", "must be `en` or `de`"));
    }
    validate_people(settings)?;
    validate_spaces(settings)?;
    validate_door(settings)?;
    crate::network::validate(&settings.network)?;
    crate::clock::validate(&settings.time)?;
    crate::snapshot::validate(&settings.snapshots)?;
    crate::share::validate(&settings.shares)?;
    crate::notify::validate(&settings.notify)?;
    crate::app::validate(&settings.apps, &settings.this_box.host, |person| settings.people.contains_key(&person))
}

fn validate_people(settings: &Settings) -> Result<(), Invalid> {
    at_most("people", settings.people.len(), MAX_PEOPLE)?;
    let mut names = BTreeSet::new();
    let mut owns = BTreeSet::new();
    for (id, person) in &settings.people {
        let key = format!("people.{id}");
        person_name(&format!("{key}.name"), &person.name)?;
        label(&format!("{key}.display_name"), &person.display_name)?;
        if !names.insert(&person.name) {
            return Err(Invalid::new(format!("{key}.name"), format!("`{}` is taken by somebody else", person.name)));
        }
        if !owns.insert(person.space) {
            return Err(Invalid::new(format!("{key}.space"), format!("{} is another person's own space", person.space)));
        }
        let space = settings
            .spaces
            .get(&person.space)
            .ok_or_else(|| Invalid::new(format!("{key}.space"), format!("{} does not exist", person.space)))?;
        if space.kind != SpaceKind::Personal || space.right_of(*id) != Some(Right::Manage) {
            return Err(Invalid::new(format!("{key}.space"), "must be a personal space in which the person has the right `manage`"));
        }
    }
    let owners = settings.people.values().any(|person| person.role == crate::PersonRole::Owner);
    if !settings.people.is_empty() && !owners {
        return Err(Invalid::new("people", "must keep at least one owner"));
    }
    Ok(())
}

fn validate_spaces(settings: &Settings) -> Result<(), Invalid> {
    at_most("spaces", settings.spaces.len(), MAX_SPACES)?;
    let (mut names, mut mounts) = (BTreeSet::new(), BTreeMap::new());
    let (mut disk_names, mut sources) = (BTreeSet::new(), BTreeSet::new());
    for (id, space) in &settings.spaces {
        let key = format!("spaces.{id}");
        if space.number.0 != id.number() {
            return Err(Invalid::new(format!("{key}.number"), format!("must be {}, as in the id", id.number())));
        }
        folder_name(&format!("{key}.name"), &space.name)?;
        crate::snapshot::validate_quota(&format!("{key}.quota"), space.quota)?;
        let live = space.archived_at.is_none();
        if live && space.kind == SpaceKind::Shared && !names.insert(space.name.to_lowercase()) {
            return Err(Invalid::new(format!("{key}.name"), format!("`{}` is the name of another shared space", space.name)));
        }
        if space.disk.is_some() != (space.kind == SpaceKind::Disk) {
            return Err(Invalid::new(format!("{key}.disk"), "is there for a space of the kind `disk`, and for no other"));
        }
        if let Some(source) = space.disk.as_ref().filter(|_| live) {
            if !disk_names.insert(space.name.to_lowercase()) {
                return Err(Invalid::new(
                    format!("{key}.name"),
                    format!("`{}` is the name of another disk that is used as it is", space.name),
                ));
            }
            if !sources.insert(source) {
                return Err(Invalid::new(format!("{key}.disk"), "is shown by another space"));
            }
            if let Some((member, _)) = space.members.iter().find(|(_, right)| **right != Right::Read) {
                return Err(Invalid::new(
                    format!("{key}.members.{member}"),
                    "must be `read`: nothing is written to a disk that is used as it is",
                ));
            }
        }
        if let Some(stranger) = space.members.keys().find(|member| live && !settings.people.contains_key(member)) {
            return Err(Invalid::new(format!("{key}.members.{stranger}"), "is nobody of this household"));
        }
        for member in space.members.keys().filter(|_| live && space.kind != SpaceKind::Personal) {
            let count = mounts.entry(member).or_insert(0_usize);
            *count += 1;
            at_most(&format!("{key}.members.{member}"), *count, MAX_MOUNTS)?;
        }
        let others = space.members.keys().filter(|m| settings.people.get(m).is_none_or(|p| p.space != *id)).count();
        if live && space.kind == SpaceKind::Personal && others > 0 {
            return Err(Invalid::new(format!("{key}.members"), "of a personal space is its person alone; make a shared space instead"));
        }
    }
    Ok(())
}

fn validate_door(settings: &Settings) -> Result<(), Invalid> {
    let door = &settings.door;
    at_most("door.extra_names", door.extra_names.len(), MAX_EXTRA_NAMES)?;
    for (index, name) in door.extra_names.iter().enumerate() {
        let key = format!("door.extra_names.{index}");
        let labels = name.split('.').all(is_host_label) && name.len() <= 253;
        let permitted = PERMITTED_SUFFIXES.iter().any(|suffix| name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')));
        if !labels || !permitted {
            return Err(Invalid::new(key, format!("`{name}` must be a host name that ends in .{}", PERMITTED_SUFFIXES.join(", ."))));
        }
    }
    if !(1..=90).contains(&door.session_idle_days) {
        return Err(Invalid::new("door.session_idle_days", "must be from 1 to 90"));
    }
    Ok(())
}

fn at_most(key: &str, count: usize, limit: usize) -> Result<(), Invalid> {
    if count <= limit { Ok(()) } else { Err(Invalid::new(key, format!("has {count} entries; at most {limit} are possible"))) }
}

pub(crate) fn label(key: &str, text: &str) -> Result<(), Invalid> {
    let fits = (1..=64).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Invalid::new(key, "must be 1 to 64 characters, without control characters or spaces at the ends")) }
}

fn host(text: &str) -> Result<(), Invalid> {
    if is_host_label(text) && text != "localhost" {
        Ok(())
    } else {
        Err(Invalid::new("box.host", "must be 1 to 63 of a-z, 0-9 and `-`, not `-` at the ends"))
    }
}

fn is_host_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn person_name(key: &str, text: &str) -> Result<(), Invalid> {
    let fits = text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits { Ok(()) } else { Err(Invalid::new(key, "must be 1 to 32 of a-z, 0-9 and `-`, a letter first")) }
}

fn folder_name(key: &str, text: &str) -> Result<(), Invalid> {
    let fits = (1..=100).contains(&text.len())
        && text.trim() == text
        && text != "."
        && text != ".."
        && !text.contains(['/', '\\'])
        && !text.chars().any(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(Invalid::new(key, "must be 1 to 100 bytes and a folder's name: no slash, no control characters, no spaces at the ends"))
    }
}
