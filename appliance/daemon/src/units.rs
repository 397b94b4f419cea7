//! The units of the appliance, written when its image is built.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use croft_units::{appliance_units, whole_unit};

/// Which files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// As the image carries them: the supervisor's unit, and drop-ins for units that it makes.
    Image,
    /// Each role as one whole unit, for `systemd-analyze`.
    Whole,
}

/// Writes all unit files below `folder`.
pub(crate) fn write(folder: &Path, form: Form) -> Result<(), Box<dyn Error + Send + Sync>> {
    let manifests = croft_supervisor::manifests()?;
    let mut files: BTreeMap<String, String> = appliance_units(&manifests);
    files.insert(croft_smb::UNIT.into(), croft_smb::unit_file());
    files.insert(croft_smb::DISCOVERY_UNIT.into(), croft_smb::discovery_unit_file());
    if form == Form::Whole {
        files.retain(|name, _| name.ends_with(".service"));
        let made = manifests.iter().filter(|manifest| !files.contains_key(&format!("croft-{}.service", manifest.name)));
        let made: Vec<_> = made.map(|manifest| (format!("croft-{}.service", manifest.name), whole_unit(manifest))).collect();
        files.extend(made);
    }
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    Ok(())
}
