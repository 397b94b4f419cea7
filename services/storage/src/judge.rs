//! Whether a disk may be overwritten. Pure: what is wanted and what is there are arguments.

use croft_api::wire::install::InstallWanted;
use croft_disks::DiskError;
use croft_model::{Disk, Problem, Unfit};

/// The disk that is wanted, if everything about it is as the person saw it and they said that they mean it.
///
/// # Errors
/// No such disk, one that is unfit or has changed, or a label that was not typed.
pub(crate) fn judge<'a>(disks: &'a [Disk], wanted: &InstallWanted) -> Result<&'a Disk, Problem> {
    let unknown =
        || Problem::new(404, "disk-unknown", "This disk is not here, or no longer.").hint("Look at the list of disks again.").key("disk");
    // A twin of the running disk has its id: no request can mean it.
    let disk = disks.iter().filter(|disk| disk.id == wanted.disk).min_by_key(|disk| !disk.runs_from).ok_or_else(unknown)?;
    if let Some(unfit) = disk.unfit {
        return Err(Problem::new(409, "disk-unfit", why(unfit)).hint("Choose another disk.").key("disk"));
    }
    if disk.contents != wanted.contents {
        return Err(changed());
    }
    match (&disk.label, &wanted.label) {
        (None, _) => Ok(disk),
        (Some(label), Some(typed)) if typed.trim() == label => Ok(disk),
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
    use croft_model::{Bus, Bytes, DiskId, Holds};

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
}
