//! The status of the box, and the warnings about the ground that it stands on.

use std::{sync::Arc, time::Duration};

use croft_model::{Bytes, Ground, Problem, Severity, SpaceKind, Status, Unavailable, Warning};
use croft_units::Room;
use jiff::Timestamp;

use crate::{manifests::SUPERVISOR, regulator::Regulator};

/// The pool is nearly full below this share of its size …
const LOW_PERCENT: u64 = 10;
/// … or below this many bytes: an update and a day of photos.
const LOW_BYTES: u64 = 2 << 30;
/// How often the room is looked at.
const LOOK: Duration = Duration::from_secs(30);
/// Code of the warning.
const NEARLY_FULL: &str = "pool-nearly-full";

/// The box at a glance.
///
/// # Errors
/// The kernel does not say how much room there is.
pub(crate) fn status(croft: &Regulator) -> Result<Status, Problem> {
    let now = croft.desired.now();
    let room = croft.home.room().map_err(|error| croft_api::problem::internal(&error))?;
    let warnings = croft.warnings.list();
    Ok(Status {
        box_name: now.settings.this_box.name.clone(),
        host: now.settings.this_box.host.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        started: croft.started,
        generation: now.generation,
        people: now.settings.people.len(),
        spaces: now.settings.spaces.values().filter(|space| space.archived_at.is_none() && space.kind != SpaceKind::Disk).count(),
        one_user: croft.one_user,
        pool: pool(room),
        roles: croft.roles.borrow().clone(),
        gravest: warnings.iter().map(|warning| warning.severity).max(),
        warnings: warnings.len(),
    })
}

/// Looks at the room again and again until the box ends.
pub(crate) async fn watch_room(croft: Arc<Regulator>) {
    loop {
        match croft.home.room() {
            Ok(room) => match nearly_full(&room, Timestamp::now()) {
                Some(warning) => croft.warnings.raise(SUPERVISOR, warning),
                None => croft.warnings.clear(SUPERVISOR, NEARLY_FULL, ""),
            },
            Err(error) => tracing::warn!(%error, "the room of the pool cannot be read"),
        }
        // Cancel-safe: nothing is held over the pause.
        tokio::select! {
            () = croft.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// The warning about a pool with this room, if it deserves one.
fn nearly_full(room: &Room, now: Timestamp) -> Option<Warning> {
    let low = room.free < LOW_BYTES || room.free < room.total / 100 * LOW_PERCENT;
    low.then(|| Warning {
        code: NEARLY_FULL.into(),
        subject: String::new(),
        severity: if room.free < LOW_BYTES / 4 { Severity::Critical } else { Severity::Degraded },
        title: format!("Only {} of {} are free.", Bytes(room.free), Bytes(room.total)),
        meaning: "Soon nothing can be uploaded or changed any more.".into(),
        action: "Delete what nobody needs, or add a disk.".into(),
        lines: Vec::new(),
        depends_on: None,
        since: now,
    })
}

fn pool(room: Room) -> Ground {
    let reason = |what: &str| format!("The pool is a folder on {}; {what} need a pool of its own on btrfs.", room.file_system);
    let unavailable = [("snapshots", "snapshots"), ("scrub", "regular checks of all data"), ("quotas", "limits for each space")];
    Ground {
        kind: "folder".into(),
        file_system: room.file_system.into(),
        total: Bytes(room.total),
        free: Bytes(room.free),
        unavailable: unavailable.map(|(feature, what)| Unavailable { feature: feature.into(), reason: reason(what) }).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_nearly_full_by_share_or_by_size() {
        const GIB: u64 = 1 << 30;
        let check = |free: u64, total: u64, expected: Option<Severity>| {
            let room = Room { file_system: "ext4", total, free };
            assert_eq!(nearly_full(&room, Timestamp::UNIX_EPOCH).map(|warning| warning.severity), expected, "{free} of {total}");
        };
        check(500 * GIB, 1000 * GIB, None);
        check(100 * GIB, 1000 * GIB, None);
        check(99 * GIB, 1000 * GIB, Some(Severity::Degraded));
        check(3 * GIB, 10 * GIB, None);
        check(2 * GIB - 1, 8 * GIB, Some(Severity::Degraded));
        check(GIB / 4, 1000 * GIB, Some(Severity::Critical));
    }
}
