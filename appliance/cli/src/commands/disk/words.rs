//! Disks in sentences.

use croft_model::{
    AdoptPlan, Adopted, AdoptedState, Bus, Disk, DiskHealth, DiskView, ErasePlan, HealthReason, Holds, Inside, InsideEntry, InsidePart,
    Part, Plug, Silence, Unadoptable, Unfit, Unshown, Verdict,
};
use jiff::Timestamp;

use crate::say::{clean, table};

/// A line of the list.
pub(super) fn row(view: &DiskView) -> [String; 7] {
    let disk = &view.disk;
    [
        disk.id.to_string(),
        disk.name.clone(),
        disk.serial.clone(),
        disk.size.to_string(),
        verdict(&view.health).into(),
        place(disk),
        holds(view),
    ]
}

/// All about one disk.
pub(super) fn disk(view: &DiskView) -> String {
    let disk = &view.disk;
    let mut rows = vec![
        ["name".into(), disk.name.clone()],
        ["id".into(), disk.id.to_string()],
        ["serial number".into(), disk.serial.clone()],
        ["size".into(), disk.size.to_string()],
        ["plugged in".into(), place(disk)],
        ["health".into(), health(&view.health)],
    ];
    rows.extend(silence(&view.health).map(|silence| ["last asked".into(), silence.to_owned()]));
    rows.extend(view.health.reasons.iter().skip(1).map(|reason| ["and".into(), sentence(*reason)]));
    if let Some(reading) = &view.health.reading {
        let mut add = |about: &str, is: Option<String>| rows.extend(is.map(|is| [about.to_owned(), is]));
        add("temperature", reading.celsius.map(|celsius| format!("{celsius} °C")));
        add("age", reading.powered_hours.map(age));
        add("worn", reading.worn_percent.map(|percent| format!("{percent} %")));
        add("sectors written off", reading.sectors.reallocated.map(|count| count.to_string()));
        add("sectors that cannot be read", reading.sectors.pending.map(|count| count.to_string()));
        add("sectors lost", reading.sectors.uncorrectable.map(|count| count.to_string()));
        add("told", Some(reading.at.strftime("%F %R").to_string()));
    }
    match &disk.holds {
        _ if view.member.is_some() || disk.several.is_some() => rows.push(["holds".into(), holds(view)]),
        Holds::Nothing => rows.push(["holds".into(), "nothing".into()]),
        Holds::Bytes => rows.push(["holds".into(), "something that cannot be read here".into()]),
        Holds::Parts { parts } => rows.extend(parts.iter().map(|part| ["holds".into(), part_words(part)])),
    }
    if let Some(label) = &disk.label {
        rows.push(["label to type".into(), label.clone()]);
    }
    rows.extend(view.adopted.iter().map(|adopted| [format!("used as {}", adopted.name), state(adopted.state).into()]));
    if let Some(kept) = &view.kept {
        let day = |at: Timestamp| at.strftime("%F").to_string();
        let how = if kept.untouched {
            format!("can be taken back until {}", day(kept.until))
        } else {
            "was written to since, so it cannot be taken back".into()
        };
        rows.push([format!("erased {}", day(kept.at)), how]);
    }
    if let Some(unfit) = disk.unfit.filter(|_| view.member.is_none()) {
        rows.push(["cannot be used".into(), why(unfit).into()]);
    }
    table(["ABOUT", "IS"], rows)
}

/// What erasing a disk would do.
pub(super) fn plan(view: &DiskView, plan: &ErasePlan) -> String {
    let mut lines = vec![format!("Erasing {} would take away:", clean(&view.disk.name))];
    lines.extend(match &plan.lost {
        Holds::Nothing => vec!["  nothing".into()],
        Holds::Bytes => vec!["  something that cannot be read here".into()],
        Holds::Parts { parts } if parts.is_empty() => vec!["  an empty partition table".into()],
        Holds::Parts { parts } => parts.iter().map(|part| format!("  {}", clean(&part_words(part)))).collect(),
    });
    lines.push(format!("It can be taken back until {}, as long as nothing is written to the disk.", plan.until.strftime("%F")));
    lines.push("The bytes of the files stay on the disk until they are written over: who is given it can look for them.".into());
    lines.push(format!("Nothing was done. To do it: croft disk erase {} --label \"{}\"", view.disk.id, clean(&plan.label)));
    lines.join("\n")
}

/// What using a disk as it is would do.
pub(super) fn adopt_plan(view: &DiskView, plan: &AdoptPlan) -> String {
    let mut lines = vec![format!("Of {} would be read, and nothing would be written to it:", clean(&view.disk.name))];
    lines.extend(plan.volumes.iter().map(|volume| format!("  {} ({}), {}", clean(&volume.name), clean(&volume.file_system), volume.size)));
    let left = |part: &croft_model::LeftVolume| {
        let name = if part.name.is_empty() { &part.file_system } else { &part.name };
        format!("  {}: {}", clean(name), unadoptable(part.why))
    };
    if !plan.left.is_empty() {
        lines.push("These would be left alone:".into());
        lines.extend(plan.left.iter().map(left));
    }
    lines.push(format!("Nothing was done. To do it: croft disk adopt {}", view.disk.id));
    lines.join("\n")
}

/// What is used as it is.
pub(super) fn adopted(adopted: &[Adopted]) -> String {
    if adopted.is_empty() {
        return "No disk is used as it is.".into();
    }
    table(["NAME", "DISK", "STATE"], adopted.iter().map(|one| [one.name.clone(), one.disk.to_string(), state(one.state).into()]))
}

/// The same, just after that was wanted.
pub(super) fn adopted_now(all: &[Adopted]) -> String {
    format!("{}\nIt is found in Files under Disks, and by WebDAV below /dav/disks/. Nothing is written to it.", adopted(all))
}

/// What was, or would be, released.
pub(super) fn released(released: &[Adopted], dry_run: bool) -> String {
    let names = released.iter().map(|one| clean(&one.name)).collect::<Vec<_>>().join(", ");
    if dry_run {
        format!("{names} would be used no longer. Nothing was done.")
    } else {
        format!("{names} is used no longer. Nothing on the disk has changed.")
    }
}

const fn state(state: AdoptedState) -> &'static str {
    match state {
        AdoptedState::There { unfinished: false } => "read",
        AdoptedState::There { unfinished: true } => "read; what was written last may be missing: it was not switched off in order",
        AdoptedState::Away => "not plugged in",
        AdoptedState::Unread { why } => unadoptable(why),
    }
}

const fn unadoptable(why: Unadoptable) -> &'static str {
    match why {
        Unadoptable::NotKnown => "this box cannot read this kind of file system",
        Unadoptable::Locked => "closed without its key",
        Unadoptable::Spanned => "a part of something that spans disks in a way that this box does not know",
        Unadoptable::Incomplete => "too many disks of it are missing",
        Unadoptable::Damaged => "it cannot be read, and may be damaged",
        Unadoptable::Nameless => "it carries nothing by which it could be known again",
        Unadoptable::InUse => "something on this machine uses it",
        Unadoptable::OwnPool => "it belongs to the pool of this box",
        Unadoptable::Slow => "it did not answer in time",
    }
}

/// What is in a disk.
pub(super) fn inside(inside: &Inside) -> String {
    if inside.parts.is_empty() {
        return "There is no file system on this disk.".into();
    }
    inside.parts.iter().map(part_inside).collect::<Vec<_>>().join("\n\n")
}

fn part_inside(part: &InsidePart) -> String {
    let name = if part.name.is_empty() { part.file_system.clone() } else { format!("{} ({})", part.name, part.file_system) };
    let name = clean(&name);
    if let Some(why) = part.unshown {
        return format!("{name}: {}", unshown(why));
    }
    let files = if part.files == 1 { "a file".to_owned() } else { format!("{} files", part.files) };
    let seen = if part.whole { files } else { format!("more than {files}") };
    let mut lines = vec![format!("{name}: {} of {} used, {seen}", part.used, part.size)];
    let entry = |entry: &InsideEntry| {
        let modified = entry.modified.map(|at| at.strftime("%F").to_string()).unwrap_or_default();
        let size = if entry.folder { "folder".into() } else { entry.size.to_string() };
        [entry.path.clone(), size, modified]
    };
    if !part.top.is_empty() {
        lines.push(table(["AT THE TOP", "SIZE", "CHANGED"], part.top.iter().map(entry)));
    }
    if !part.newest.is_empty() {
        lines.push(table(["NEWEST FILES", "SIZE", "CHANGED"], part.newest.iter().map(entry)));
    }
    lines.join("\n")
}

const fn unshown(why: Unshown) -> &'static str {
    match why {
        Unshown::Locked => "closed without its key",
        Unshown::Spanned => "a part of something that spans disks in a way that this box does not know",
        Unshown::NotKnown => "this box cannot read this kind of file system",
        Unshown::Incomplete => "other disks of it are missing",
        Unshown::OwnPool => "it belongs to the pool of this box, and was away",
        Unshown::Damaged => "it cannot be read, and may be damaged",
    }
}

fn holds(view: &DiskView) -> String {
    let disk = &view.disk;
    if let Some(number) = view.member {
        let pool = format!("part of the pool (disk {number})");
        return if disk.runs_from { format!("this box, and {pool}") } else { pool };
    }
    match (&disk.holds, disk.several) {
        _ if disk.runs_from => "this box".into(),
        (_, Some(several)) if several.croft => format!("the pool of another box, {} of {} disks are here", several.here, several.disks),
        (_, Some(several)) => format!("a file system of {} disks, {} are here", several.disks, several.here),
        (Holds::Nothing, _) => "nothing".into(),
        (Holds::Bytes, _) => "something that cannot be read here".into(),
        (Holds::Parts { parts }, _) if parts.is_empty() => "an empty partition table".into(),
        (Holds::Parts { parts }, _) => parts.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}

/// What a part is called, or what it is.
fn name(part: &Part) -> String {
    match (part.name.as_str(), part.file_system.as_str()) {
        ("", "") => format!("{:?}", part.kind).to_lowercase(),
        ("", file_system) => file_system.to_owned(),
        (name, _) => name.to_owned(),
    }
}

fn part_words(part: &Part) -> String {
    let used = part.used.map(|used| format!(", {used} used")).unwrap_or_default();
    let kind = Some(part.file_system.as_str()).filter(|kind| !kind.is_empty()).unwrap_or("unknown");
    format!("{} ({kind}), {}{used}", name(part), part.size)
}

const fn verdict(health: &DiskHealth) -> &'static str {
    match (health.verdict, health.silence) {
        (Verdict::Unknown, Some(Silence::NotYet)) => "not asked yet",
        (Verdict::Unknown, Some(Silence::Asleep)) => "asleep",
        (Verdict::Unknown, Some(Silence::Trouble)) => "does not answer",
        (Verdict::Unknown, _) => "not known",
        (Verdict::Well, _) => "well",
        (Verdict::Old, _) => "old",
        (Verdict::Watch, _) => "watch it",
        (Verdict::Failing, _) => "failing",
    }
}

fn health(health: &DiskHealth) -> String {
    match (health.reasons.first(), health.verdict) {
        (Some(reason), _) => sentence(*reason),
        (None, Verdict::Unknown) => "whether it is well is not known".into(),
        (None, _) => "well".into(),
    }
}

/// Why it told nothing when it was asked last.
fn silence(health: &DiskHealth) -> Option<&'static str> {
    Some(match health.silence? {
        Silence::NotYet => "it was not asked since the box started",
        Silence::Mute => "it tells nothing of its health",
        Silence::Asleep => "it sleeps, and is not woken for that",
        Silence::Trouble => "it did not answer: see `croft logs --role storage`",
    })
}

fn sentence(reason: HealthReason) -> String {
    let sectors = |count: u64| if count == 1 { "a sector".to_owned() } else { format!("{count} sectors") };
    let day = |at: Timestamp| at.strftime("%F").to_string();
    match reason {
        HealthReason::OwnVerdict => "it says of itself that it fails: replace it now".into(),
        HealthReason::LosingData { sectors: count, since } => {
            format!("it has lost {} since {}: replace it now", sectors(count), day(since))
        }
        HealthReason::WritingOff { sectors: count, since } => {
            format!("it has written off {} since {}: plan to replace it", sectors(count), day(since))
        }
        HealthReason::Unreadable { sectors: count } => format!("it cannot read {}: plan to replace it", sectors(count)),
        HealthReason::WrittenOff { sectors: count } => format!("it has written off {} in its life, and no more of late", sectors(count)),
        HealthReason::Worn { percent } => format!("it has been written to {percent} % of what it was made for: plan to replace it"),
        HealthReason::Hot { celsius } => format!("it is {celsius} °C hot: give it air"),
        HealthReason::Old { years } => format!("it was on for {years} years"),
    }
}

/// Hours of being on, as people say them.
fn age(hours: u64) -> String {
    match hours {
        0..=47 => format!("{hours} hours of being on"),
        48..=17_531 => format!("{} days of being on", hours / 24),
        _ => format!("{} years of being on", hours / 8766),
    }
}

fn place(disk: &Disk) -> String {
    match &disk.plug {
        Plug::Usb { bus, ports } => {
            let hubs: String = ports.iter().skip(1).map(|port| format!(", port {port} of the hub there")).collect();
            format!("USB port {} of controller {bus}{hubs}", ports.first().copied().unwrap_or_default())
        }
        Plug::Sata { port } => format!("SATA port {port}"),
        Plug::Slot { address } => format!("slot {address} (M.2)"),
        Plug::Card { .. } => "card slot".into(),
        Plug::Virtual => "virtual".into(),
        Plug::Unknown => bus(disk.bus).into(),
    }
}

const fn bus(bus: Bus) -> &'static str {
    match bus {
        Bus::Usb => "USB",
        Bus::Nvme => "NVMe",
        Bus::Sata => "SATA",
        Bus::Card => "a card slot",
        Bus::Virtual => "a virtual machine",
        Bus::Other => "something else",
    }
}

const fn why(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::RunsFrom => "the box runs from it",
        Unfit::TooSmall => "it is too small for a box",
        Unfit::ReadOnly => "it cannot be written",
        Unfit::InUse => "something on this machine uses it",
        Unfit::Unreadable => "it could not be read",
        Unfit::Twin => "another disk here says that it is this one",
    }
}

#[cfg(test)]
mod tests {
    use croft_model::{Bytes, DiskId, DiskReading, PartKind, Sectors, Several, nothing};

    use super::*;

    fn view(holds: Holds) -> DiskView {
        let disk = Disk {
            id: DiskId::of_hash(&[1; 32]),
            name: "WDC Red Plus".into(),
            serial: "WD-C4C0A1".into(),
            size: Bytes(4_000_000_000_000),
            bus: Bus::Sata,
            plug: Plug::Sata { port: 3 },
            removable: false,
            runs_from: false,
            several: None,
            label: croft_model::label_of(&holds, "WDC Red Plus", "WD-C4C0A1"),
            holds,
            contents: "c".into(),
            half_installed: false,
            unfit: None,
        };
        DiskView { disk, health: DiskHealth::default(), member: None, adopted: Vec::new(), kept: None, work: None }
    }

    #[test]
    fn a_disk_says_what_it_holds_and_for_whom() {
        let part = Part { kind: PartKind::Unknown, name: String::new(), file_system: String::new(), size: Bytes(5), used: None };
        let plain = view(Holds::Parts { parts: vec![part.clone()] });
        let check = |view: &DiskView, expected: &str| assert_eq!(holds(view), expected);
        check(&plain, "unknown");
        check(&DiskView { member: Some(2), ..plain.clone() }, "part of the pool (disk 2)");
        let of =
            |croft| DiskView { disk: Disk { several: Some(Several { croft, disks: 2, here: 1 }), ..plain.disk.clone() }, ..plain.clone() };
        check(&of(true), "the pool of another box, 1 of 2 disks are here");
        check(&of(false), "a file system of 2 disks, 1 are here");
        check(&view(Holds::Nothing), "nothing");
        check(&view(Holds::Parts { parts: vec![Part { file_system: "ntfs".into(), ..part }] }), "ntfs");
    }

    #[test]
    fn a_failing_disk_is_shown_whole() {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let sectors = |count| Sectors { reallocated: Some(count), pending: Some(3), uncorrectable: Some(0) };
        let earlier = DiskReading { sectors: sectors(8), ..nothing(at(20_000)) };
        let now =
            DiskReading { celsius: Some(41), powered_hours: Some(31_744), passed: Some(true), sectors: sectors(32), ..nothing(at(20_007)) };
        let kept = croft_model::KeptEnds { at: at(20_001), until: at(20_008), untouched: true };
        let failing = DiskView { health: DiskHealth::judged(now, Some(&earlier)), kept: Some(kept), ..view(Holds::Bytes) };
        insta::assert_snapshot!(disk(&failing));
    }

    #[test]
    fn a_disk_that_answers_no_more_is_not_called_well() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let told = DiskHealth::judged(DiskReading { passed: Some(true), ..nothing(at) }, None);
        let quiet = DiskView { health: told.clone().heard(Some(Silence::Trouble), at), ..view(Holds::Nothing) };
        let said = disk(&quiet);
        for words in ["whether it is well is not known", "it did not answer", "2027-01-15"] {
            assert!(said.contains(words), "{said}");
        }
        assert_eq!(verdict(&quiet.health), "does not answer");
        assert_eq!((verdict(&told), silence(&told)), ("well", None));
    }

    #[test]
    fn places_are_words() {
        let check = |plug: Plug, expected: &str| {
            let disk = Disk { plug, ..view(Holds::Nothing).disk };
            assert_eq!(place(&disk), expected);
        };
        check(Plug::Usb { bus: 2, ports: vec![1] }, "USB port 1 of controller 2");
        check(Plug::Usb { bus: 2, ports: vec![1, 4] }, "USB port 1 of controller 2, port 4 of the hub there");
        check(Plug::Slot { address: "03:00.0".into() }, "slot 03:00.0 (M.2)");
        check(Plug::Unknown, "SATA");
    }
}
