//! What an app asks for, and why it cannot be had on this box. Pure.

use std::collections::{BTreeMap, BTreeSet};

use croft_catalog::{AppSpec, DataPath, Network, Permission, Setting, SettingKind, Source, Variable};

/// All of it: what a box does not do, and what nobody says.
pub(crate) fn all_refusals(spec: &AppSpec, architecture: &str) -> Vec<String> {
    let mut reasons = refusals(spec, architecture);
    reasons.extend(unknown_names(spec));
    reasons
}

use crate::wishes::CAPABILITIES;

/// What was filled in, by who may see it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    /// For the settings.
    pub(crate) values: BTreeMap<String, String>,
    /// For the secrets.
    pub(crate) passwords: BTreeMap<String, String>,
}

/// Why an app cannot be installed here, each reason a sentence; none when it can.
pub(crate) fn refusals(spec: &AppSpec, architecture: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    let name = &spec.about.name;
    if spec.services.is_empty() {
        reasons.push(format!("{name} consists of nothing that could run."));
    }
    if !spec.about.architectures.is_empty() && !spec.about.architectures.iter().any(|one| one.as_str() == architecture) {
        reasons.push(format!("{name} is not made for this processor ({architecture})."));
    }
    if let Some(evaluate) = &spec.evaluate
        && (evaluate.exports.is_some() || !evaluate.templates.is_empty() || !evaluate.hooks.is_empty() || !evaluate.variables.is_empty())
    {
        reasons.push(format!("{name} brings scripts along, which this box does not run yet."));
    }
    if !spec.depends_on_apps.is_empty() {
        let others: Vec<&str> = spec.depends_on_apps.iter().map(croft_model::AppId::as_str).collect();
        reasons.push(format!("{name} needs other apps ({}), which this box does not join yet.", others.join(", ")));
    }
    if !spec.scaffold.is_empty() {
        reasons.push(format!("{name} begins with files of its catalogue, which this box does not copy yet."));
    }
    for (service, part) in &spec.services {
        if matches!(part.network, Network::Of { .. }) {
            reasons.push(format!("The part {service} shares the network of another part, which this box does not do yet."));
        }
        for mount in &part.mounts {
            match &mount.source {
                Source::Space { .. } => {
                    reasons.push(format!("The part {service} wants files of the household, which this box does not lend yet."))
                }
                Source::Exported { .. } => reasons.push(format!("The part {service} wants a folder that a script names.")),
                Source::AppData { .. } | Source::Host { .. } | Source::Temporary { .. } => {}
            }
        }
    }
    for permission in &spec.permissions {
        match permission {
            Permission::Privileged | Permission::HostNetwork => {
                reasons.push(format!("{name} asks for what no wall holds ({}), which this box does not give.", permission.word()));
            }
            Permission::Unconfined { .. } | Permission::HostPath { .. } | Permission::Gpu | Permission::Device { .. } => {
                reasons.push(format!("{name} asks for {}, which this box does not give yet.", permission.word()));
            }
            Permission::Capability { .. } | Permission::Spaces { .. } | Permission::LanPort { .. } => {}
        }
    }
    reasons.extend(nested(spec, &BTreeSet::new()));
    reasons.extend(hidden(spec));
    reasons.dedup();
    reasons
}

/// Folders of which one lies in another: who writes to the outer one could lay a link where the inner one is mounted, also long before that one is wished.
pub(crate) fn nested(spec: &AppSpec, known: &BTreeSet<DataPath>) -> Option<String> {
    let own = folders(spec);
    let ended = |path: &DataPath| if path.as_str() == "." { String::new() } else { format!("{path}/") };
    let mut all: Vec<String> = own.iter().chain(known).map(ended).collect();
    all.sort();
    all.dedup();
    let pair = all.iter().find_map(|outer| Some((outer, all.iter().find(|inner| *inner != outer && inner.starts_with(outer.as_str()))?)));
    let (outer, inner) = pair?;
    let called = |folder: &str| if folder.is_empty() { "of all its data".to_owned() } else { folder.trim_end_matches('/').to_owned() };
    Some(format!("It mounts the folder {} and {} inside of it, which this box does not do yet.", called(outer), called(inner)))
}

/// The folders of its data that an app mounts.
pub(crate) fn folders(spec: &AppSpec) -> BTreeSet<DataPath> {
    let mounts = spec.services.values().flat_map(|part| &part.mounts);
    let own = mounts.filter_map(|mount| match &mount.source {
        Source::AppData { path } => Some(path.clone()),
        _ => None,
    });
    own.collect()
}

/// What the parts of an app do that its own list of permissions does not say: who grants the list must have seen all of it.
fn hidden(spec: &AppSpec) -> Vec<String> {
    let mut reasons = Vec::new();
    for (name, part) in &spec.services {
        let mut wants: Vec<Permission> = Vec::new();
        wants.extend(part.privileged.then_some(Permission::Privileged));
        wants.extend((part.network == Network::Host).then_some(Permission::HostNetwork));
        wants.extend(part.gpu.then_some(Permission::Gpu));
        wants.extend(part.devices.iter().map(|device| Permission::Device { path: device.path.clone() }));
        wants.extend(part.unconfined.iter().map(|wall| Permission::Unconfined { wall: *wall }));
        let beyond = part.cap_add.iter().filter(|capability| !CAPABILITIES.contains(&capability.as_str()));
        wants.extend(beyond.map(|capability| Permission::Capability { name: capability.clone() }));
        for mount in &part.mounts {
            match &mount.source {
                Source::Host { path } => wants.push(Permission::HostPath { path: path.clone(), read_only: mount.read_only }),
                Source::Space { which, .. } => wants.push(Permission::Spaces { class: *which, read_only: mount.read_only }),
                Source::AppData { .. } | Source::Exported { .. } | Source::Temporary { .. } => {}
            }
        }
        let says = |wanted: &Permission| spec.permissions.iter().any(|said| covers(said, wanted));
        if let Some(unsaid) = wants.iter().find(|wanted| !says(wanted)) {
            reasons.push(format!("The part {name} takes what its list of permissions does not say ({}).", unsaid.word()));
        }
        if let Some(key) = part.sysctls.keys().find(|key| !is_own_switch(key)) {
            reasons.push(format!("The part {name} changes a switch of the kernel that is not its own ({key})."));
        }
    }
    reasons
}

/// Whether a permission that was said is at least what is wanted.
fn covers(said: &Permission, wanted: &Permission) -> bool {
    match (said, wanted) {
        (Permission::HostPath { path, read_only }, Permission::HostPath { path: wanted, read_only: looks }) => {
            path == wanted && (!read_only || *looks)
        }
        (Permission::Spaces { class, read_only }, Permission::Spaces { class: wanted, read_only: looks }) => {
            class == wanted && (!read_only || *looks)
        }
        (said, wanted) => said == wanted,
    }
}

/// Switches of the kernel that each network or IPC namespace has for itself.
fn is_own_switch(key: &str) -> bool {
    key.starts_with("net.")
        || key.starts_with("kernel.shm")
        || key.starts_with("kernel.msg")
        || key == "kernel.sem"
        || key.starts_with("fs.mqueue.")
}

/// The permissions that were not granted.
pub(crate) fn ungranted<'a>(spec: &'a AppSpec, granted: &[String]) -> Vec<&'a Permission> {
    spec.permissions.iter().filter(|permission| !granted.iter().any(|word| word == permission.word())).collect()
}

/// What was filled in, by its key; or what is wrong with it, with the key.
pub(crate) fn filled(
    spec: &AppSpec,
    values: &BTreeMap<String, String>,
    known: &BTreeMap<String, String>,
) -> Result<Filled, (String, String)> {
    if let Some(unknown) = values.keys().find(|key| !spec.settings.iter().any(|setting| setting.key.as_str() == key.as_str())) {
        return Err((unknown.clone(), format!("{} does not ask for this.", spec.about.name)));
    }
    let mut filled = Filled::default();
    for setting in &spec.settings {
        let key = setting.key.as_str().to_owned();
        let value = values.get(&key).filter(|value| !value.is_empty());
        match value {
            Some(value) => {
                fits(setting, value).map_err(|why| (key.clone(), why))?;
                let kept = if setting.kind == SettingKind::Password { &mut filled.passwords } else { &mut filled.values };
                kept.insert(key, value.clone());
            }
            None if setting.required && setting.default.is_none() && !known.contains_key(&key) => {
                return Err((key, format!("{} must be filled in.", setting.label)));
            }
            None => {}
        }
    }
    Ok(filled)
}

fn fits(setting: &Setting, value: &str) -> Result<(), String> {
    let label = &setting.label;
    if !setting.choices.is_empty() && !setting.choices.iter().any(|choice| choice.value.as_str() == value) {
        return Err(format!("{label} is one of the values that the app names."));
    }
    let (number, count) = (value.parse::<i64>().ok(), i64::try_from(value.chars().count()).unwrap_or(i64::MAX));
    let (measured, what) = match setting.kind {
        SettingKind::Number => (number.ok_or_else(|| format!("{label} is a number."))?, "a number"),
        SettingKind::Switch if !matches!(value, "true" | "false") => return Err(format!("{label} is `true` or `false`.")),
        SettingKind::Ip if value.parse::<std::net::IpAddr>().is_err() => return Err(format!("{label} is an IP address.")),
        _ => (count, "a text"),
    };
    match (setting.min, setting.max) {
        (Some(min), _) if measured < min => Err(format!("{label} is {what} of at least {min}.")),
        (_, Some(max)) if measured > max => Err(format!("{label} is {what} of at most {max}.")),
        _ => Ok(()),
    }
}

/// Whether everything that the app's texts name is known.
pub(crate) fn unknown_names(spec: &AppSpec) -> Option<String> {
    let names: Vec<String> = spec.undeclared().into_iter().map(|name| Variable::Declared(name.clone()).to_string()).collect();
    (!names.is_empty()).then(|| format!("Nobody says what {} is.", names.join(", ")))
}
