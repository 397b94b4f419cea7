//! The units of the appliance, written when its image is built.

use std::{error::Error, fs, path::Path};

/// Writes all unit files below `folder`.
pub(crate) fn write(folder: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    for (name, text) in croft_units::appliance_units(&croft_supervisor::manifests()?) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    Ok(())
}
