//! What is not well with a single disk, as warnings. Pure.

use croft_disks::Present;
use croft_model::{DiskHealth, HealthReason, Severity, Verdict, Warning};
use jiff::Timestamp;

use crate::observe::name_of;

/// The warnings about a disk: one a code.
pub(crate) fn warnings(disk: &Present, health: &DiskHealth, now: Timestamp) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = Vec::new();
    for reason in &health.reasons {
        let Some(warning) = warning(disk, *reason, now) else { continue };
        match warnings.iter_mut().find(|known| known.code == warning.code) {
            // The gravest came first, and the others stand below it.
            Some(known) => known.lines.push(warning.title),
            None => warnings.push(warning),
        }
    }
    warnings
}

fn warning(disk: &Present, reason: HealthReason, now: Timestamp) -> Option<Warning> {
    let name = name_of(&disk.name, &disk.serial);
    let (code, title, action) = match reason {
        HealthReason::OwnVerdict => ("disk-failing", format!("{name} says of itself that it fails."), REPLACE),
        HealthReason::LosingData { sectors, since } => {
            ("disk-failing", format!("{name} has lost {} since {}.", counted(sectors), day(since)), REPLACE)
        }
        HealthReason::WritingOff { sectors, since } => {
            let code = if reason.verdict() == Verdict::Failing { "disk-failing" } else { "disk-losing-sectors" };
            (code, format!("{name} has written off {} since {}.", counted(sectors), day(since)), PLAN)
        }
        HealthReason::Unreadable { sectors } => ("disk-losing-sectors", format!("{name} cannot read {}.", counted(sectors)), PLAN),
        HealthReason::Worn { percent } => ("disk-worn", format!("{name} has been written to {percent} % of what it was made for."), PLAN),
        HealthReason::Hot { celsius } => (
            "disk-hot",
            format!("{name} is {celsius} °C hot."),
            "Give it air: free the slots of its case, clean the fan, take it out of the sun.",
        ),
        // That it is old, or was repaired once, stands on the page of the disks; nothing has to be done.
        HealthReason::WrittenOff { .. } | HealthReason::Old { .. } => return None,
    };
    let severity = if reason.verdict() == Verdict::Failing { Severity::Critical } else { Severity::Degraded };
    let meaning = match code {
        "disk-failing" => "It may stop at any time. What lies on it alone is lost then.",
        "disk-losing-sectors" => "Parts of it go bad. More such disks fail within months than others.",
        "disk-worn" => "It may stop taking what is written to it; reading goes on longest.",
        _ => "Heat makes disks slow, and old before their time.",
    };
    Some(Warning {
        code: code.into(),
        subject: disk.id.to_string(),
        severity,
        title,
        meaning: meaning.into(),
        action: action.into(),
        lines: Vec::new(),
        depends_on: None,
        since: now,
    })
}

const REPLACE: &str = "Put in another disk of at least the same size and replace it now (`croft pool replace`); copy away what is on it if it is not in the pool.";
const PLAN: &str = "Plan to replace it. Nothing has to be done today, if everything is kept twice.";

fn counted(sectors: u64) -> String {
    if sectors == 1 { "a sector".into() } else { format!("{sectors} sectors") }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use croft_model::{DiskId, DiskReading, Sectors, nothing};

    use super::*;

    #[test]
    fn every_warning_says_what_it_means_and_what_to_do() {
        let disk = Present { id: DiskId::of_hash(&[1; 32]), name: "WDC Red Plus".into(), serial: "WD-C4C0A1".into(), can_tell: true };
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let sectors = |pending, reallocated, uncorrectable| Sectors {
            pending: Some(pending),
            reallocated: Some(reallocated),
            uncorrectable: Some(uncorrectable),
        };
        let told = |reading: DiskReading| {
            let earlier = DiskReading { sectors: sectors(0, 8, 0), ..nothing(at(20_000)) };
            let warnings = warnings(&disk, &DiskHealth::judged(reading, Some(&earlier)), at(20_007));
            assert!(
                warnings
                    .iter()
                    .all(|warning| !warning.meaning.is_empty() && !warning.action.is_empty() && warning.subject == disk.id.to_string())
            );
            warnings
                .into_iter()
                .map(|warning| format!("{} {:?}: {} {:?}", warning.code, warning.severity, warning.title, warning.lines))
                .collect::<Vec<_>>()
        };
        let well = nothing(at(20_007));
        let check = |reading: DiskReading, expected: &[&str]| assert_eq!(told(reading), expected);
        check(DiskReading { powered_hours: Some(90_000), sectors: sectors(0, 8, 0), ..well }, &[]);
        check(
            DiskReading { sectors: sectors(0, 32, 0), ..well },
            &["disk-losing-sectors Degraded: WDC Red Plus C0A1 has written off 24 sectors since 2024-10-04. []"],
        );
        check(
            DiskReading { passed: Some(false), celsius: Some(71), sectors: sectors(1, 8, 2), ..well },
            &[
                "disk-failing Critical: WDC Red Plus C0A1 says of itself that it fails. [\"WDC Red Plus C0A1 has lost 2 sectors since 2024-10-04.\"]",
                "disk-losing-sectors Degraded: WDC Red Plus C0A1 cannot read a sector. []",
                "disk-hot Degraded: WDC Red Plus C0A1 is 71 °C hot. []",
            ],
        );
        check(
            DiskReading { worn_percent: Some(101), ..well },
            &["disk-worn Critical: WDC Red Plus C0A1 has been written to 101 % of what it was made for. []"],
        );
    }
}
