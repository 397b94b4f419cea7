//! The manifests of the roles, embedded and proved against each other.

use std::collections::BTreeSet;

use croft_model::{Invalid, Manifest, RoleName};

use crate::SupervisorError;

/// In the order in which the roles are started, as far as `after` leaves one open; stopped in the opposite one.
const TEXTS: [&str; 9] = [
    include_str!("../roles/supervisor.toml"),
    include_str!("../roles/identity.toml"),
    include_str!("../roles/storage.toml"),
    include_str!("../roles/preview.toml"),
    include_str!("../roles/notifier.toml"),
    include_str!("../roles/apps.toml"),
    include_str!("../roles/sync.toml"),
    include_str!("../roles/disk.toml"),
    include_str!("../roles/gateway.toml"),
];

/// Whoever has the rights of the machine itself; may stand in `accepts_from` but is no role.
pub(crate) const CONSOLE: &str = "console";
/// The role that this crate is.
pub(crate) const SUPERVISOR: &str = "supervisor";

/// All roles of this release.
///
/// # Errors
/// A manifest that cannot be read, or one that contradicts another.
pub fn manifests() -> Result<Vec<Manifest>, SupervisorError> {
    let manifests = TEXTS.into_iter().map(toml::from_str).collect::<Result<Vec<Manifest>, _>>()?;
    prove(&manifests)?;
    Ok(manifests)
}

fn prove(manifests: &[Manifest]) -> Result<(), Invalid> {
    let mut names = BTreeSet::new();
    if let Some(twice) = manifests.iter().find(|manifest| !names.insert(manifest.name.as_str())) {
        return Err(Invalid::new(format!("{}.name", twice.name), "is taken by another role"));
    }
    let (mut numbers, mut domains, mut seen) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for manifest in manifests {
        let key = |field: &str| format!("{}.{field}", manifest.name);
        seen.insert(&manifest.name);
        if !numbers.insert(manifest.number) {
            return Err(Invalid::new(key("number"), "is taken by another role"));
        }
        if let Some(domain) = manifest.domains.iter().find(|domain| !domains.insert(domain.as_str())) {
            return Err(Invalid::new(key("domains"), format!("names {domain}, which another role answers")));
        }
        let known = |name: &&RoleName| !names.contains(name.as_str()) && name.as_str() != CONSOLE;
        if let Some(stranger) = manifest.accepts_from.iter().chain(&manifest.after).find(known) {
            return Err(Invalid::new(key("accepts_from"), format!("names {stranger}, which is no role")));
        }
        if let Some(late) = manifest.after.iter().find(|name| !seen.contains(name)) {
            return Err(Invalid::new(key("after"), format!("names {late}, which is started later")));
        }
        for (name, directory) in &manifest.directories {
            mode(&directory.mode).ok_or_else(|| Invalid::new(key(&format!("directories.{name}.mode")), "must be octal, like 0700"))?;
        }
        if manifest.watchdog_seconds == 0 || manifest.stop_seconds == 0 {
            return Err(Invalid::new(key("watchdog_seconds"), "and stop_seconds must be at least 1"));
        }
    }
    Ok(())
}

/// Permission bits out of octal text.
pub(crate) fn mode(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifests_agree_with_each_other() {
        assert_eq!(manifests().expect("they agree").len(), TEXTS.len());
    }

    #[test]
    fn contradictions_are_found() {
        let check = |change: fn(&mut Vec<Manifest>), key: &str| {
            let mut all = manifests().expect("they agree");
            change(&mut all);
            assert_eq!(prove(&all).map_err(|error| error.key), Err(key.into()));
        };
        check(|all| all[1].number = 0, "identity.number");
        check(|all| all[8].name = all[1].name.clone(), "identity.name");
        check(|all| all[8].domains.push("claim".into()), "gateway.domains");
        check(|all| all[6].accepts_from.push("nobody".parse().expect("a name")), "sync.accepts_from");
        check(|all| all[1].after.push("gateway".parse().expect("a name")), "identity.after");
        check(|all| all[6].directories.get_mut("space").expect("there").mode = "rwx".into(), "sync.directories.space.mode");
        check(|all| all[6].stop_seconds = 0, "sync.watchdog_seconds");
    }
}
