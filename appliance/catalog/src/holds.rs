//! What holds of every app that is taken, whatever a stranger wrote: the fuzz targets of the four readers.

use crate::{AppSpec, FilesInMemory, Network, Outcome, Permission, Service, Source, compose, read};

/// Between the files of one input of a fuzz target. The first line of each is its name.
const SEAM: &str = "=====\n";

/// The files of an input, for each kind.
const CASAOS: &[&str] = &["Apps/App/docker-compose.yml"];
const UMBREL: &[&str] = &["app/umbrel-app.yml", "app/docker-compose.yml", "app/exports.sh", "app/hooks/pre-start"];
const RUNTIPI: &[&str] = &["apps/app/config.json", "apps/app/docker-compose.json"];
const COMPOSE: &[&str] = &["app/compose.yml", "app/croft.toml", "app/.env", "app/web.env"];

/// The files that an input is; the names are those that the readers know.
fn files(input: &[u8], names: &[&str]) -> FilesInMemory {
    let text = String::from_utf8_lossy(input).into_owned();
    names.iter().zip(text.split(SEAM)).map(|(name, text)| ((*name).to_owned(), text.to_owned())).collect()
}

/// Reads an input as the files `names` of one app, and judges what comes of it. Says how many apps were taken.
fn judge(input: &[u8], names: &[&str]) -> usize {
    let Ok(catalogue) = read(&files(input, names)) else { return 0 };
    let taken = catalogue.apps.iter().filter(|app| !matches!(app.outcome, Outcome::Refused(_))).count();
    for app in catalogue.apps {
        match app.outcome {
            Outcome::Imported(spec) => {
                assert!(spec.remarks.is_empty());
                holds(&spec);
            }
            Outcome::Remarks(spec) => {
                assert!(!spec.remarks.is_empty());
                holds(&spec);
            }
            Outcome::Refused(reasons) => assert!(!reasons.is_empty() && reasons.iter().all(|reason| !reason.sentence.is_empty())),
        }
    }
    taken
}

/// A plan is complete, is read as it is written, and does nothing that its permissions do not say.
fn holds(spec: &AppSpec) {
    assert!(spec.undeclared().is_empty());
    assert!(!spec.services.is_empty());
    assert_eq!(&serde_json::from_value::<AppSpec>(serde_json::to_value(spec).unwrap()).unwrap(), spec);
    assert!(spec.door.as_ref().is_none_or(|door| spec.services.contains_key(&door.service)));
    for port in &spec.ports {
        assert!(asks(spec, |one| matches!(one, Permission::LanPort { port: asked, .. } if *asked == port.port)));
    }
    for service in spec.services.values() {
        says(spec, service);
        assert!(service.after.keys().all(|other| spec.services.contains_key(other)));
    }
}

fn says(spec: &AppSpec, service: &Service) {
    assert!(!service.privileged || spec.permissions.contains(&Permission::Privileged));
    assert!(!service.gpu || spec.permissions.contains(&Permission::Gpu));
    assert!(service.network != Network::Host || spec.permissions.contains(&Permission::HostNetwork));
    for wall in &service.unconfined {
        assert!(spec.permissions.contains(&Permission::Unconfined { wall: *wall }));
    }
    for name in service.cap_add.iter().filter(|name| name.starts_with("SYS_A") || name.starts_with("NET_A") || name.as_str() == "ALL") {
        assert!(spec.permissions.contains(&Permission::Capability { name: name.clone() }));
    }
    for device in &service.devices {
        assert!(device.path.as_str().starts_with("/dev/") && !compose::is_guarded(device.path.as_str()));
        assert!(asks(spec, |one| matches!(one, Permission::Device { path } if *path == device.path)));
    }
    for mount in &service.mounts {
        let up = |path: &str| path.split('/').any(|part| part == "..");
        assert!(mount.target.as_str().starts_with('/') && !up(mount.target.as_str()));
        match &mount.source {
            Source::AppData { path } => assert!(!up(path.as_str()) && !path.as_str().starts_with('/')),
            Source::Exported { path, variable } => {
                assert!(!up(path.as_str()));
                assert!(spec.evaluate.as_ref().is_some_and(|evaluate| evaluate.variables.contains(variable)));
            }
            Source::Space { which, path } => {
                assert!(!up(path.as_str()));
                let read_only = mount.read_only;
                assert!(spec.permissions.contains(&Permission::Spaces { class: *which, read_only }));
            }
            Source::Host { path } => {
                assert!(!compose::is_guarded(path.as_str()) && !up(path.as_str()) && !path.as_str().starts_with("/@"));
                assert!(spec.permissions.contains(&Permission::HostPath { path: path.clone(), read_only: mount.read_only }));
            }
            Source::Temporary { .. } => {}
        }
    }
}

fn asks(spec: &AppSpec, is: impl Fn(&Permission) -> bool) -> bool {
    spec.permissions.iter().any(is)
}

croft_fuzz::target! {
    /// Whatever an app of CasaOS has in its compose file.
    fn casaos_apps(input) {
        judge(input, CASAOS);
    }
}

croft_fuzz::target! {
    /// Whatever an app of Umbrel has in its files.
    fn umbrel_apps(input) {
        judge(input, UMBREL);
    }
}

croft_fuzz::target! {
    /// Whatever an app of Runtipi has in its files.
    fn runtipi_apps(input) {
        judge(input, RUNTIPI);
    }
}

croft_fuzz::target! {
    /// Whatever a compose file and the files beside it have in them.
    fn compose_apps(input) {
        judge(input, COMPOSE);
    }
}

#[test]
fn the_corpora_have_apps_that_are_taken() {
    assert_eq!(judge(include_bytes!("../fuzz/casaos_apps/seed-00"), CASAOS), 1);
    assert_eq!(judge(include_bytes!("../fuzz/casaos_apps/seed-01"), CASAOS), 1);
    assert_eq!(judge(include_bytes!("../fuzz/umbrel_apps/seed-01"), UMBREL), 1);
    assert_eq!(judge(include_bytes!("../fuzz/runtipi_apps/seed-00"), RUNTIPI), 1);
    assert_eq!(judge(include_bytes!("../fuzz/compose_apps/seed-00"), COMPOSE), 1);
}
