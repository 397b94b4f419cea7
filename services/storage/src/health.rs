//! What is not well with the pool, and what to do about it. Pure.

use croft_disks::{Seen, SeenMember};
use croft_model::{Bytes, Disk, Holds, PoolState, Severity, Warning};
use jiff::Timestamp;

use crate::{
    observe,
    plan::{has_passed, is_lacking, stays},
    records::{Doubt, PoolRecord, Why},
    room, state,
};

/// A disk is missed after so many seconds: a USB adapter that starts again is back by then.
const GRACE: i64 = 60;
/// The pool is nearly full when less than one of so many parts can still be written …
const LOW: u64 = 10;
/// … and full when less than one of these.
const FULL: u64 = 40;
/// Files that a warning names.
const MAX_FILES: usize = 40;
/// Bytes of a block in which data is compared.
const BLOCK: u64 = 4096;

/// All that is known of a pool.
pub(crate) struct Known<'a> {
    pub(crate) record: &'a PoolRecord,
    pub(crate) seen: &'a Seen,
    pub(crate) disks: &'a [Disk],
    pub(crate) now: Timestamp,
}

/// Every warning that stands. Files are named by `name`.
pub(crate) fn warnings(known: &Known<'_>, name: impl Fn(&str) -> String) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = known.seen.members.iter().filter_map(|member| known.disk(member)).collect();
    warnings.extend([known.read_only(), known.protection(), known.room(), known.reserve(), known.new_disk()].into_iter().flatten());
    warnings.extend(known.files(name));
    warnings
}

/// Nothing can be said of the pool.
pub(crate) fn unreadable(now: Timestamp) -> Warning {
    Warning {
        code: "pool-unreadable".into(),
        subject: String::new(),
        severity: Severity::Critical,
        title: "The disks cannot be looked at.".into(),
        meaning: "Whether everything is well with them is not known. Files go on being served.".into(),
        action: "Restart the box. If it comes again, look at `croft logs --role storage`.".into(),
        lines: Vec::new(),
        depends_on: None,
        since: now,
    }
}

impl Known<'_> {
    fn warning(&self, code: &str, severity: Severity, title: String, meaning: &str, action: &str) -> Warning {
        Warning {
            code: code.into(),
            subject: String::new(),
            severity,
            title,
            meaning: meaning.into(),
            action: action.into(),
            lines: Vec::new(),
            depends_on: None,
            since: self.now,
        }
    }

    /// What is wrong with a disk of the pool.
    fn disk(&self, member: &SeenMember) -> Option<Warning> {
        let doubt = self.record.members.get(&member.number)?.doubt?;
        let name = self.record.name(member.number);
        if !room::is_present(member) && !has_passed(doubt.since, self.now, GRACE) {
            return None;
        }
        let warning = match (&member.disk, member.stale) {
            (None, _) => self.missing(&name, member),
            (Some(_), true) if member.alone.0 > 0 => self.warning(
                "pool-disk-missing",
                Severity::Critical,
                format!("{name} came back, and is not used yet."),
                "Files that lie on this disk alone cannot be read until it is used again.",
                "Restart the box.",
            ),
            (Some(_), true) => self.warning(
                "pool-disk-missing",
                Severity::Degraded,
                format!("{name} came back, and what was written meanwhile is not on it."),
                "Nothing is lost. Until all was written to it, the death of another disk takes files along.",
                "The box writes it by itself. If this stays for a day, replace the disk.",
            ),
            (Some(_), false) => self.failing(&name, doubt)?,
        };
        Some(Warning { subject: member.number.to_string(), since: doubt.since, ..warning })
    }

    fn missing(&self, name: &str, member: &SeenMember) -> Warning {
        let (meaning, action) = if member.alone.0 > 0 {
            (
                "Files that lie on this disk cannot be read until it is back.",
                "Connect it again. If it is dead, bring those files back from a backup.",
            )
        } else {
            (
                "Nothing is lost and nothing stops. Until it is replaced, the death of another disk takes files along.",
                "Connect it again. If it is dead, put in another disk of at least the same size and replace it (`croft pool replace`).",
            )
        };
        self.warning("pool-disk-missing", Severity::Critical, format!("{name} is missing."), meaning, action)
    }

    fn failing(&self, name: &str, doubt: Doubt) -> Option<Warning> {
        let (severity, action) = match (stays(&doubt), doubt.why) {
            (true, _) => (Severity::Critical, "Put in another disk of at least the same size and replace it (`croft pool replace`)."),
            (false, Why::Errors) => {
                (Severity::Degraded, "The box compares everything by itself. If this comes again, replace the disk (`croft pool replace`).")
            }
            // What it missed is on it, and is being compared.
            (false, Why::Away) => return None,
        };
        let meaning = "What lies on it may be wrong or may not be read. Where there is a second copy, that one is used.";
        Some(self.warning("pool-disk-failing", severity, format!("{name} made errors."), meaning, action))
    }

    fn read_only(&self) -> Option<Warning> {
        self.seen.read_only.then(|| {
            self.warning(
                "pool-read-only",
                Severity::Critical,
                "Nothing can be written any more.".into(),
                "Files can be read. The system has stopped writing, so that nothing gets worse.",
                "Restart the box. If it comes again, look which disk makes errors and replace it.",
            )
        })
    }

    /// Files could lie twice, or should.
    fn protection(&self) -> Option<Warning> {
        let state = state::state(self.record, self.seen);
        let quiet = self.record.change.is_none();
        if quiet && state == PoolState::Doubtful && is_lacking(self.seen, self.record.protection) {
            return Some(self.warning(
                "pool-not-protected",
                Severity::Degraded,
                "Some files have fewer copies than they should.".into(),
                "If a disk dies now, those that lie on it alone are lost.",
                "The box makes the copies by itself. If this stays, there is no room for them: delete what nobody needs, or add a disk.",
            ));
        }
        let spare = |disk: &&Disk| disk.unfit.is_none() && !disk.removable && disk.holds == Holds::Nothing;
        let could = self.seen.members.len() > 1 || self.disks.iter().any(|disk| spare(&disk));
        (quiet && state == PoolState::Unprotected && could).then(|| {
            let action = if self.seen.members.len() > 1 {
                "Keep everything twice: `croft pool protect mirror`.".to_owned()
            } else {
                let spare = self.disks.iter().find(spare).map(observe::name).unwrap_or_default();
                format!("Take {spare} into the pool, and everything is kept twice: `croft pool grow`.")
            };
            let meaning = "If a disk dies, the files on it are lost.";
            self.warning("pool-not-protected", Severity::Notice, "Each file lies on one disk only.".into(), meaning, &action)
        })
    }

    fn room(&self) -> Option<Warning> {
        let room = room::room(self.seen, self.record.protection);
        let below = |part: u64| room.free.0 < room.usable.0 / part;
        below(LOW).then(|| {
            let severity = if below(FULL) { Severity::Critical } else { Severity::Degraded };
            let title = format!("Only {} of {} are free.", room.free, room.usable);
            let meaning = "Soon nothing can be uploaded or changed any more.";
            self.warning("pool-nearly-full", severity, title, meaning, "Delete what nobody needs, or add a disk.")
        })
    }

    /// A repair needs room, which is more than what files need.
    fn reserve(&self) -> Option<Warning> {
        (!room::has_reserve(self.seen, self.record.protection)).then(|| Warning {
            depends_on: Some("pool-nearly-full".into()),
            ..self.warning(
                "pool-needs-room",
                Severity::Degraded,
                "The disks are given out to the last piece.".into(),
                "A disk that dies could not be replaced, since a repair needs some room to begin.",
                "Delete what nobody needs and empty the trash, or add a disk.",
            )
        })
    }

    /// The new disk of a change was pulled out before it was in the pool.
    fn new_disk(&self) -> Option<Warning> {
        let new = self.record.change.as_ref()?.change.overwrites()?;
        let is_there =
            self.disks.iter().any(|disk| disk.id == new.id) || self.seen.members.iter().any(|member| member.disk.as_ref() == Some(&new.id));
        (!is_there && self.seen.busy.is_none()).then(|| Warning {
            subject: new.id.to_string(),
            ..self.warning(
                "pool-disk-missing",
                Severity::Degraded,
                "The new disk is not there.".into(),
                "It was to come into the pool, and the change waits for it.",
                "Connect it again, or give the change up (`croft pool cancel`).",
            )
        })
    }

    fn files(&self, name: impl Fn(&str) -> String) -> Option<Warning> {
        let checked = self.record.checked.as_ref().filter(|checked| checked.lost > 0)?;
        let mut lines: Vec<String> = checked.files.iter().take(MAX_FILES).map(|file| name(file)).collect();
        if checked.files.len() > MAX_FILES {
            lines.push(format!("and {} more", checked.files.len() - MAX_FILES));
        }
        let title = match checked.files.len() {
            0 => format!("{} could not be read in any copy.", Bytes(checked.lost.saturating_mul(BLOCK))),
            1 => "A file is damaged.".into(),
            files => format!("{files} files are damaged."),
        };
        let meaning = "Parts of them are wrong in every copy that there is. All others were compared and are right.";
        let action = "Bring back an older version or a backup of each, or delete it. Then check again: `croft pool scrub`.";
        Some(Warning { lines, since: checked.at, ..self.warning("pool-damaged-files", Severity::Critical, title, meaning, action) })
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
