//! Apps out of folders, as their specifications.

use std::path::Path;

use croft_catalog::{AppSpec, Catalogue, Outcome, ReadApp};
use serde_json::Value;

use super::folder::Folder;
use crate::{commands::CommandError, say::clean};

/// Ids that are named when it is not said which app is meant.
const NAMED: usize = 12;

/// The catalogue in a folder.
pub(super) fn catalogue(dir: &Path) -> Result<Catalogue, CommandError> {
    let wrong = |error: &dyn std::fmt::Display| CommandError::Wrong(clean(&format!("{} cannot be read: {error}", dir.display())));
    let folder = Folder::open(dir).map_err(|error| wrong(&error))?;
    croft_catalog::read(&folder).map_err(|error| wrong(&error))
}

/// One app of a folder; which one has to be said where there are several.
pub(super) fn one(from: &Path, app: Option<&str>) -> Result<Value, CommandError> {
    let catalogue = catalogue(from)?;
    let found = match (app, catalogue.apps.as_slice()) {
        (Some(id), apps) => apps
            .iter()
            .find(|app| app.id.as_str() == id)
            .ok_or_else(|| CommandError::Wrong(format!("there is no app {} in it", clean(id))))?,
        (None, [only]) => only,
        (None, apps) => {
            let named: Vec<String> = apps.iter().take(NAMED).map(|app| clean(app.id.as_str())).collect();
            let more = if apps.len() > NAMED { " …" } else { "" };
            return Err(CommandError::Wrong(format!(
                "there are {} apps in it, say which by --app: {}{more}",
                apps.len(),
                named.join(", ")
            )));
        }
    };
    match spec(found) {
        Ok(spec) => serde_json::to_value(spec).map_err(|error| CommandError::Wrong(error.to_string())),
        Err(reasons) => Err(CommandError::Wrong(format!("{} cannot be had: {}", clean(found.id.as_str()), clean(&reasons)))),
    }
}

/// The specification of an app that was read, or why there is none.
pub(super) fn spec(app: &ReadApp) -> Result<&AppSpec, String> {
    match &app.outcome {
        Outcome::Imported(spec) | Outcome::Remarks(spec) => Ok(spec),
        Outcome::Refused(reasons) => Err(reasons.iter().map(|reason| reason.sentence.as_str()).collect::<Vec<_>>().join(" ")),
    }
}
