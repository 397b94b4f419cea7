//! What is not well with spaces and their snapshots, and what the activity says of them.

use croft_disks::{SeenSpace, SpaceGround};
use croft_model::{Actor, Bytes, Severity, SnapshotName, Space, SpaceId, Warning};
use jiff::Timestamp;

use super::{SnapshotKeeper, plan::Pressure};

/// What is known of a space.
struct Known<'a> {
    id: SpaceId,
    name: String,
    space: &'a Space,
    seen: Option<&'a SeenSpace>,
    pressure: Pressure,
    /// The pool counts.
    counts: bool,
    failing: Option<&'a str>,
    now: Timestamp,
}

impl SnapshotKeeper {
    /// Every warning about spaces that stands.
    pub(super) fn warnings(&self, spaces: &[(SpaceId, Space)]) -> Vec<Warning> {
        let names: Vec<String> = spaces.iter().map(|(id, _)| self.name(*id)).collect();
        let (now, state) = (self.now(), self.state());
        let live = spaces.iter().zip(names).filter(|((_, space), _)| space.archived_at.is_none());
        let known = live.map(|((id, space), name)| {
            let seen = state.seen.get(id);
            let pressure = seen.map_or(Pressure::None, |seen| self.pressure(space, seen));
            let failing = state.failing.get(id).map(String::as_str);
            Known { id: *id, name, space, seen, pressure, counts: state.counts, failing, now }
        });
        known.flat_map(|known| known.warnings()).collect()
    }
}

impl Known<'_> {
    fn warnings(&self) -> Vec<Warning> {
        [self.room(), self.not_kept(), self.failing(), self.folder()].into_iter().flatten().collect()
    }

    fn warning(&self, code: &str, severity: Severity, title: String, meaning: &str, action: &str) -> Warning {
        Warning {
            code: code.into(),
            subject: self.id.to_string(),
            severity,
            title,
            meaning: meaning.into(),
            action: action.into(),
            lines: Vec::new(),
            depends_on: None,
            since: self.now,
        }
    }

    fn room(&self) -> Option<Warning> {
        let severity = match self.pressure {
            Pressure::None => return None,
            Pressure::Near => Severity::Degraded,
            Pressure::Full => Severity::Critical,
        };
        let (charged, quota) = (self.seen?.charged?, self.space.quota?);
        let left = Bytes(quota.0.saturating_sub(charged.0));
        let title = format!("{} has {left} left of its {quota}.", self.name);
        let meaning = "Soon nothing can be uploaded or changed there any more. Older states that were taken by the clock make room.";
        let action = "Delete what nobody needs and empty the trash, remove snapshots that somebody took by hand, or give it more (`croft space quota`).";
        Some(self.warning("space-nearly-full", severity, title, meaning, action))
    }

    fn not_kept(&self) -> Option<Warning> {
        let is_known = self.seen.is_some_and(|seen| matches!(seen.ground, SpaceGround::Subvolume { .. }));
        (is_known && !self.counts && self.space.quota.is_some()).then(|| {
            let title = format!("Nobody keeps {} to its quota.", self.name);
            let meaning = "The system of this box cannot count what a space takes, so it may take more.";
            self.warning(
                "quota-not-kept",
                Severity::Notice,
                title,
                meaning,
                "Take the quota away (`croft space quota`), or update the system.",
            )
        })
    }

    fn failing(&self) -> Option<Warning> {
        let said = self.failing?;
        let title = format!("The earlier states of {} cannot be looked after.", self.name);
        let meaning = "What is deleted or overwritten there now can be brought back from older versions and the trash only.";
        let action = "The box tries again by itself. If this stays, look at the other warnings and at `croft logs --role storage`.";
        Some(Warning { lines: vec![said.into()], ..self.warning("snapshots-failing", Severity::Degraded, title, meaning, action) })
    }

    fn folder(&self) -> Option<Warning> {
        (self.seen?.ground == SpaceGround::Folder).then(|| {
            let title = format!("No earlier states of {} are kept.", self.name);
            let meaning = "It was made as a plain folder, of which the system can keep none, and it has no quota.";
            let action = "Make a new shared space and move the files there, if you want both.";
            self.warning("snapshots-impossible", Severity::Notice, title, meaning, action)
        })
    }
}

/// Somebody took one, as a line for the activity.
pub(super) fn taken(by: &Actor, space: &str) -> String {
    format!("{by} kept how {space} is now.")
}

/// Somebody removed one.
pub(super) fn removed(by: &Actor, space: &str, name: SnapshotName) -> String {
    format!("{by} removed the state of {space} of {}.", name.time().strftime("%F %R UTC"))
}

/// Some made room.
pub(super) fn early(space: &str, count: usize) -> String {
    match count {
        1 => format!("An older state of {space} made room before its time."),
        _ => format!("{count} older states of {space} made room before their time."),
    }
}
