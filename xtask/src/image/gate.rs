//! The sandboxes of the roles and of the image's own units, rated by systemd itself: an image with one that may more than it should is not made.

use std::{fs, path::Path};

use miette::IntoDiagnostic;

use crate::{run, tools_root::ToolsRoot, tree::Tree};

/// The worst that a role may be rated, in tenths of systemd's scale from 0 (nothing is exposed) to 10. The gateway talks to strangers, and storage has to
/// have disks in its hands.
const LIMITS: [(&str, u32); 2] = [("gateway", 15), ("storage", 35)];
/// Every other role, and whatever else of ours runs beside them.
const LIMIT: u32 = 25;
/// The units that the image brings beside the roles.
const OURS: &str = "image-build/root/usr/lib/systemd/system";

/// Rates every role's unit, and those of the image.
pub(super) fn check(tree: &Tree, built: &Path, work: &Path, tools: &ToolsRoot) -> miette::Result<()> {
    let folder = work.join("units");
    let _ = fs::remove_dir_all(&folder);
    run::read(run::program(tree, built.join("croftd")).args(["units", "--form", "whole"]).arg(&folder))?;
    for entry in fs::read_dir(tree.path(OURS)).into_diagnostic()? {
        let path = entry.into_diagnostic()?.path();
        if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|extension| extension == "service")) {
            fs::copy(&path, folder.join(name)).into_diagnostic()?;
        }
    }
    for entry in fs::read_dir(&folder).into_diagnostic()? {
        let name = entry.into_diagnostic()?.file_name().to_string_lossy().into_owned();
        let limit = limit(&name).to_string();
        let threshold = format!("--threshold={limit}");
        let unit = format!("units/{name}");
        let rated = run::read(&mut tools.command(work, &["systemd-analyze", "security", "--offline=yes", "--no-pager", &threshold, &unit]));
        rated.map_err(|error| {
            let help = format!("its unit is in {}; mend its walls in hardware/units/src/unit_file.rs, or in {OURS}", folder.display());
            miette::miette!(help = help, "{name} may more than {limit} tenths of exposure allow:\n{error}")
        })?;
    }
    Ok(())
}

/// The limit of a unit: `croft-gateway.service`.
fn limit(unit: &str) -> u32 {
    let role = unit.trim_start_matches("croft-").trim_end_matches(".service");
    LIMITS.iter().find(|(name, _)| *name == role).map_or(LIMIT, |(_, limit)| *limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_stand_before_the_gateway_and_disks_are_in_storages_hands() {
        let check = |unit: &str, expected: u32| assert_eq!(limit(unit), expected, "{unit}");
        check("croft-gateway.service", 15);
        check("croft-storage.service", 35);
        check("croft-identity.service", 25);
        check("croft-supervisor.service", 25);
    }
}
