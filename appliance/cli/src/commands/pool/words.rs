//! The pool in sentences.

use croft_model::{
    Bytes, DiskId, DiskView, Member, MemberState, Pool, PoolAbsent, PoolPlan, PoolState, PoolStep, PoolView, PoolWork, Protection,
};

use crate::say::table;

/// The pool, and what is being done to it.
pub(super) fn status(view: &PoolView, disks: &[DiskView]) -> String {
    let pool = match view {
        PoolView::Absent { reason: PoolAbsent::OtherFileSystem } => {
            return "This box lies on a file system that is not btrfs. It has no pool that Croft could look after.".into();
        }
        PoolView::Absent { reason: PoolAbsent::NoRoot } => return "This box does not run as root, so it cannot look after disks.".into(),
        PoolView::Present(pool) => pool,
    };
    let mut lines =
        vec![state(pool), format!("{} of {} are used, {} can still be written.", pool.room.used, pool.room.usable, pool.room.free)];
    if let Some(work) = &pool.work {
        lines.push(progress(work));
    }
    lines.push(match &pool.checked {
        None => "The files were never compared with their checksums.".into(),
        Some(checked) => {
            let found = match (checked.mended, checked.lost) {
                (0, 0) => "all was right".to_owned(),
                (mended, 0) => format!("{mended} blocks were mended"),
                (_, lost) => format!("{lost} blocks are damaged in every copy: see `croft health`"),
            };
            format!("All files were compared on {}: {found}.", checked.at.strftime("%F"))
        }
    });
    lines.push(String::new());
    lines.push(table(["NUMBER", "DISK", "NAME", "SIZE", "USED", "STATE"], pool.members.iter().map(|member| row(member, disks))));
    lines.join("\n")
}

fn row(member: &Member, disks: &[DiskView]) -> [String; 6] {
    let name = member.disk.as_ref().map(|id| name(id, disks)).unwrap_or_default();
    let state = match member.state {
        MemberState::Well => "well".into(),
        MemberState::Missing => "missing".into(),
        MemberState::Doubtful if member.errors.none() => "to be compared".into(),
        MemberState::Doubtful => {
            let errors = member.errors;
            let all = errors.write + errors.read + errors.flush + errors.corruption + errors.generation;
            format!("to be compared, {all} errors")
        }
    };
    let id = member.disk.as_ref().map(ToString::to_string).unwrap_or_default();
    [member.number.to_string(), id, name, member.size.to_string(), member.used.to_string(), state]
}

fn name(id: &DiskId, disks: &[DiskView]) -> String {
    disks.iter().find(|view| view.disk.id == *id).map_or_else(|| id.to_string(), |view| view.disk.name.clone())
}

/// How the pool is, in a sentence.
pub(super) fn state(pool: &Pool) -> String {
    match (pool.state, pool.protection) {
        (PoolState::Protected, Protection::Triple) => "Any two disks may die: nothing is lost.".into(),
        (PoolState::Protected, _) => "Any one disk may die: nothing is lost.".into(),
        (PoolState::Unprotected, _) => "Not protected: if a disk dies, the files on it are lost.".into(),
        (PoolState::Doubtful, _) => "Not protected until a repair: a copy of something is missing, or a disk made errors.".into(),
        (PoolState::DiskMissing, _) => "A disk is missing: see `croft health`.".into(),
        (PoolState::ReadOnly, _) => "Nothing can be written: see `croft health`.".into(),
    }
}

/// How far a change is.
pub(super) fn progress(work: &PoolWork) -> String {
    let mut words = step(work.step).to_owned();
    if let Some(progress) = work.progress.filter(|progress| progress.total > 0) {
        let percent = u128::from(progress.done.min(progress.total)) * 100 / u128::from(progress.total);
        words = format!("{words}: {percent} % of {}", Bytes(progress.total));
    }
    if let Some(seconds) = work.seconds_left {
        words = format!("{words}, about {} left", about(seconds));
    }
    if work.cancelling { format!("{words} (is being given up).") } else { format!("{words}.") }
}

fn step(step: PoolStep) -> &'static str {
    match step {
        PoolStep::Join => "Preparing the new disk",
        PoolStep::Rebuild => "Copying to the new disk",
        PoolStep::Spread => "Moving data",
        PoolStep::Leave => "Moving data off the disk",
        PoolStep::Compare => "Comparing everything",
    }
}

/// What a change would do.
pub(super) fn plan(plan: &PoolPlan, disks: &[DiskView]) -> String {
    let new = plan.overwrites.as_ref().map(|id| name(id, disks)).unwrap_or_default();
    let steps = plan.steps.iter().enumerate().map(|(at, step)| {
        let words = match step {
            PoolStep::Join => format!("{new} is emptied and taken in."),
            PoolStep::Rebuild => format!("{new} is emptied, and what the old disk holds, or held, is written to it."),
            PoolStep::Spread => "Data is moved until each piece has its copies on the right disks.".into(),
            PoolStep::Leave => "Data is moved off the disk, which is given back.".into(),
            PoolStep::Compare => "Everything is read and compared with its checksums.".into(),
        };
        format!("  {}. {words}", at + 1)
    });
    let mut lines = vec!["What happens to the data:".to_owned()];
    lines.extend(steps);
    lines.push(if plan.protection_before == plan.protection_after {
        format!("Each file is kept {}, as now.", times(plan.protection_after))
    } else {
        format!("Each file is kept {} instead of {}.", times(plan.protection_after), times(plan.protection_before))
    });
    lines.push(if plan.usable_before == plan.usable_after {
        format!("Room for files: {}, as now.", plan.usable_after)
    } else {
        format!("Room for files: {} instead of {}.", plan.usable_after, plan.usable_before)
    });
    lines.push(format!("It takes about {}, in which everything goes on working.", about(plan.seconds)));
    lines.push("A power cut or a restart only delays it: the box goes on where it was.".into());
    if plan.can_be_cancelled {
        lines.push("It can be given up at any time: `croft pool cancel`.".into());
    }
    if plan.overwrites.is_some() {
        lines.push(match &plan.label {
            Some(label) => format!("All that is on {new} is lost. To allow that, add: --label '{label}'"),
            None => format!("{new} is empty: nothing is lost."),
        });
    }
    lines.join("\n")
}

fn times(protection: Protection) -> &'static str {
    match protection {
        Protection::Single => "once",
        Protection::Mirror => "twice",
        Protection::Triple => "three times",
    }
}

/// So many seconds as people say them.
fn about(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let count = |unit: u64| (seconds + unit / 2) / unit;
    match seconds.saturating_mul(2) {
        twice if twice < 3 * MINUTE => "a minute".into(),
        twice if twice < 3 * HOUR => format!("{} minutes", count(MINUTE)),
        twice if twice < 3 * DAY => format!("{} hours", count(HOUR)),
        _ => format!("{} days", count(DAY)),
    }
}

#[cfg(test)]
mod tests {
    use croft_model::{PoolChange, Progress};
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        for (seconds, expected) in [
            (0, "a minute"),
            (89, "a minute"),
            (90, "2 minutes"),
            (3600, "60 minutes"),
            (5399, "90 minutes"),
            (5400, "2 hours"),
            (86_400, "24 hours"),
            (130_000, "2 days"),
            (400_000, "5 days"),
        ] {
            assert_eq!(about(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn a_plan_says_what_happens_to_the_data() {
        let change = PoolPlan {
            steps: vec![PoolStep::Join, PoolStep::Spread],
            protection_before: Protection::Single,
            protection_after: Protection::Mirror,
            usable_before: Bytes(4_000_000_000_000),
            usable_after: Bytes(4_000_000_000_000),
            seconds: 9 * 60 * 60,
            overwrites: Some(DiskId::of_hash(&[1; 32])),
            label: Some("Photos".into()),
            can_be_cancelled: true,
            proof: None,
        };
        insta::assert_snapshot!(plan(&change, &[]));
    }

    #[test]
    fn progress_is_a_sentence() {
        let work = |progress, seconds_left, cancelling| PoolWork {
            change: PoolChange::Scrub,
            step: PoolStep::Compare,
            progress,
            since: Timestamp::UNIX_EPOCH,
            seconds_left,
            cancelling,
        };
        let check = |work: PoolWork, expected: &str| assert_eq!(progress(&work), expected);
        check(work(None, None, false), "Comparing everything.");
        let half = Some(Progress { done: 1_000_000_000, total: 2_000_000_000 });
        check(work(half, None, false), "Comparing everything: 50 % of 2.0 GB.");
        check(work(half, Some(7200), true), "Comparing everything: 50 % of 2.0 GB, about 2 hours left (is being given up).");
        check(work(Some(Progress { done: 0, total: 0 }), None, false), "Comparing everything.");
    }
}
