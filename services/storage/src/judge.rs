//! Whether a disk may be overwritten. Pure: what is wanted and what is there are arguments.

use croft_api::wire::install::InstallWanted;
use croft_disks::DiskError;
use croft_model::{Disk, DiskId, Holds, NewDisk, PartKind, Problem, Unfit};

use crate::records::ChangeRecord;

/// The disk that is wanted, if everything about it is as the person saw it and they said that they mean it.
///
/// # Errors
/// No such disk, one that is unfit or has changed, or a label that was not typed.
pub(crate) fn judge<'a>(disks: &'a [Disk], wanted: &InstallWanted) -> Result<&'a Disk, Problem> {
    let disk = as_shown(disks, &wanted.disk, &wanted.contents, &[])?;
    typed(disk.label.as_deref(), wanted.label.as_deref())?;
    Ok(disk)
}

/// The disk of this id, if it holds what was shown. What makes it unfit for an installation may be `harmless` for something else.
///
/// # Errors
/// No such disk, or one that is unfit or has changed.
pub(crate) fn as_shown<'a>(disks: &'a [Disk], id: &DiskId, contents: &str, harmless: &[Unfit]) -> Result<&'a Disk, Problem> {
    let unknown =
        || Problem::new(404, "disk-unknown", "This disk is not here, or no longer.").hint("Look at the list of disks again.").key("disk");
    // A twin of the running disk has its id: no request can mean it.
    let disk = disks.iter().filter(|disk| disk.id == *id).min_by_key(|disk| !disk.runs_from).ok_or_else(unknown)?;
    if let Some(unfit) = disk.unfit.filter(|unfit| !harmless.contains(unfit)) {
        return Err(Problem::new(409, "disk-unfit", why(unfit)).hint("Choose another disk.").key("disk"));
    }
    if disk.contents != contents {
        return Err(changed());
    }
    Ok(disk)
}

/// What is on the new disk of a change that goes on, if it may be overwritten still: what was shown, or what the change itself has left of it.
///
/// # Errors
/// No such disk, or one that holds something else.
pub(crate) fn still(disks: &[Disk], record: &ChangeRecord, new: &NewDisk) -> Result<String, Problem> {
    let shown = as_shown(disks, &new.id, &new.contents, &[Unfit::TooSmall]).map(|disk| disk.contents.clone());
    shown.or_else(|problem| {
        let left = |disk: &&Disk| disk.id == new.id && disk.unfit.is_none_or(|unfit| unfit == Unfit::TooSmall) && is_bare(&disk.holds);
        disks.iter().find(left).filter(|_| record.emptied).map(|disk| disk.contents.clone()).ok_or(problem)
    })
}

/// Whether there is no file system on a disk that anybody could read.
fn is_bare(holds: &Holds) -> bool {
    match holds {
        Holds::Nothing | Holds::Bytes => true,
        Holds::Parts { parts } => parts.iter().all(|part| part.file_system.is_empty()),
    }
}

/// Whether there is more on a disk than one part.
pub(crate) fn holds_more(holds: &Holds) -> bool {
    matches!(holds, Holds::Parts { parts } if parts.len() > 1)
}

/// Whether a disk was made ready for a pool, and nothing came of it.
pub(crate) fn is_ready(holds: &Holds) -> bool {
    matches!(holds, Holds::Parts { parts } if matches!(parts.as_slice(), [part] if part.kind == PartKind::Croft && part.file_system.is_empty()))
}

/// The label of a disk, if it has one, was typed.
///
/// # Errors
/// It was not.
pub(crate) fn typed(label: Option<&str>, typed: Option<&str>) -> Result<(), Problem> {
    match (label, typed) {
        (None, _) => Ok(()),
        (Some(label), Some(typed)) if typed.trim() == label => Ok(()),
        (Some(label), _) => {
            let sentence = format!("The disk is not empty. It is overwritten only after its label was typed: {label}");
            Err(Problem::new(422, "label-wrong", sentence)
                .hint("Type the label as it is shown, if all that is on the disk may be lost.")
                .key("label"))
        }
    }
}

/// The disk is not as it was when the person decided.
pub(crate) fn changed() -> Problem {
    Problem::new(409, "disk-changed", "What is on the disk has changed since you saw it.")
        .hint("Look at the list of disks again.")
        .key("contents")
}

fn why(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::RunsFrom => "The box runs from this disk.",
        Unfit::TooSmall => "This disk is too small for Croft.",
        Unfit::ReadOnly => "This disk cannot be written.",
        Unfit::InUse => "Something on this machine uses this disk.",
        Unfit::Unreadable => "This disk could not be read.",
        Unfit::Twin => "Two disks here say that they are this one, so they cannot be told apart. Pull one of them out.",
    }
}

/// What went wrong with an installation, in a sentence for the person.
pub(crate) fn sentence(error: &DiskError) -> String {
    match error {
        DiskError::Gone => "The disk is no longer there.".into(),
        DiskError::Changed => "What is on the disk changed in the last moment; nothing was written.".into(),
        DiskError::Busy(_) => "Something on this machine uses the disk; nothing was written.".into(),
        DiskError::NotAnImage => "This box was not started from an image, so there is nothing to copy.".into(),
        DiskError::TooSmall => "The disk is too small; nothing was written.".into(),
        DiskError::Stalled(time) => format!("The disk did nothing for {} seconds. It may be broken, or was pulled out.", time.as_secs()),
        DiskError::Differs(what) => format!("The disk did not keep what was written: {what}. It may be broken."),
        DiskError::Failed { program: "veritysetup", .. } => "The disk did not keep what was written: the system. It may be broken.".into(),
        DiskError::Failed { said, .. } => format!("The disk could not be written: {said}"),
        DiskError::Read { what, .. } => format!("The copy could not be made: {what} cannot be read."),
        other => format!("The copy could not be made: {other}."),
    }
}

#[cfg(test)]
mod tests {
    use croft_model::{Actor, Bus, Bytes, Part, PartKind, PoolChange, Protection};
    use jiff::Timestamp;

    use super::*;

    fn disk(number: u8, label: Option<&str>) -> Disk {
        Disk {
            id: DiskId::of_hash(&[number; 32]),
            name: "Disk".into(),
            serial: number.to_string(),
            size: Bytes(8_000_000_000),
            bus: Bus::Nvme,
            removable: false,
            runs_from: false,
            holds: if label.is_some() { Holds::Bytes } else { Holds::Nothing },
            label: label.map(str::to_owned),
            contents: "c".into(),
            half_installed: false,
            plug: croft_model::Plug::Unknown,
            several: None,
            unfit: None,
        }
    }

    #[test]
    fn only_what_the_person_saw_and_meant_is_overwritten() {
        let stick = Disk { runs_from: true, unfit: Some(Unfit::RunsFrom), ..disk(1, None) };
        let twin = Disk { unfit: None, ..disk(1, None) };
        let small = Disk { unfit: Some(Unfit::TooSmall), ..disk(4, None) };
        let disks = [twin, stick, disk(2, None), disk(3, Some("Photos")), small];
        let check = |number: u8, contents: &str, label: Option<&str>, expected: Option<&str>| {
            let wanted = InstallWanted { disk: DiskId::of_hash(&[number; 32]), contents: contents.into(), label: label.map(str::to_owned) };
            assert_eq!(judge(&disks, &wanted).err().map(|problem| problem.code).as_deref(), expected, "{wanted:?}");
        };
        check(2, "c", None, None);
        check(2, "c", Some("anything"), None);
        check(2, "other", None, Some("disk-changed"));
        check(3, "c", None, Some("label-wrong"));
        check(3, "c", Some(""), Some("label-wrong"));
        check(3, "c", Some("photos"), Some("label-wrong"));
        check(3, "c", Some("Photos2"), Some("label-wrong"));
        check(3, "c", Some(" Photos "), None);
        check(3, "other", Some("Photos"), Some("disk-changed"));
        check(4, "c", None, Some("disk-unfit"));
        check(1, "c", None, Some("disk-unfit"));
        check(9, "c", None, Some("disk-unknown"));
    }

    #[test]
    fn a_change_goes_on_only_with_the_disk_that_it_was_about() {
        let new = NewDisk { id: DiskId::of_hash(&[3; 32]), contents: "c".into(), label: Some("Photos".into()) };
        let begun = |emptied| ChangeRecord {
            number: 1,
            change: PoolChange::Grow { disk: new.clone(), protection: None },
            protection: Protection::Mirror,
            disks: 2,
            by: Actor::Console,
            since: Timestamp::UNIX_EPOCH,
            emptied,
            leveled: false,
            compared: false,
            cancelling: false,
        };
        let parts = |file_system: &str| Holds::Parts {
            parts: vec![Part { kind: PartKind::Files, name: String::new(), file_system: file_system.into(), size: Bytes(1), used: None }],
        };
        let check = |contents: &str, holds: Holds, unfit: Option<Unfit>, expected: [bool; 2]| {
            let disks = [Disk { contents: contents.into(), holds, unfit, ..disk(3, Some("Photos")) }];
            let found = [false, true].map(|emptied| still(&disks, &begun(emptied), &new).is_ok_and(|found| found == contents));
            assert_eq!(found, expected, "{disks:?}");
        };
        check("c", Holds::Bytes, None, [true, true]);
        check("c", Holds::Bytes, Some(Unfit::TooSmall), [true, true]);
        check("c", Holds::Bytes, Some(Unfit::InUse), [false, false]);
        check("other", Holds::Nothing, None, [false, true]);
        check("other", parts(""), None, [false, true]);
        check("other", parts("ext4"), None, [false, false]);
        check("other", Holds::Nothing, Some(Unfit::InUse), [false, false]);
        assert_eq!(still(&[], &begun(true), &new).unwrap_err().code, "disk-unknown");
    }
}
