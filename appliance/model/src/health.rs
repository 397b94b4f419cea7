//! How a disk is, by what it tells of itself, and what that means. Pure: the readings come as arguments.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// So many sectors, written off or not readable any more within the span that is compared, are more than wear.
const MANY_SECTORS: u64 = 100;
/// Percent of its written life after which a disk is to be replaced soon, and after which its maker vouches for nothing.
const WORN_PERCENT: u16 = 90;
const SPENT_PERCENT: u16 = 100;
/// Degrees above which a disk with a motor ages fast, and one without slows itself down; makers permit 60 and 70.
const HOT_SPINNING: i16 = 55;
const HOT: i16 = 68;
/// Hours of a year, and years of turning after which disks fail more often each year.
const YEAR_HOURS: u64 = 8766;
const OLD_YEARS: u64 = 5;

/// So long a reading says that nothing speaks against a disk: it is asked every six hours, unless it sleeps.
const STANDS: SignedDuration = SignedDuration::from_hours(24);
const STANDS_ASLEEP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How much a disk is to be trusted. What is worse comes later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It does not say whether it is well, was not asked yet, or told it too long ago.
    #[default]
    Unknown,
    /// It says so itself, and nothing speaks against it.
    Well,
    /// It works, and has worked for long.
    Old,
    /// Something is not as it should be: plan to replace it, or cool it.
    Watch,
    /// Replace it now.
    Failing,
}

/// Why a disk is trusted less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum HealthReason {
    /// The disk itself says that it fails.
    OwnVerdict,
    /// It lost more sectors for good: it could not read what they held.
    LosingData {
        /// How many.
        sectors: u64,
        /// Since this reading.
        since: Timestamp,
    },
    /// It wrote off more sectors, and uses spare ones in their place.
    WritingOff {
        /// How many.
        sectors: u64,
        /// Since this reading.
        since: Timestamp,
    },
    /// It cannot read so many sectors now, or could not once.
    Unreadable {
        /// How many.
        sectors: u64,
    },
    /// It wrote off so many sectors in its life, and no more of late.
    WrittenOff {
        /// How many.
        sectors: u64,
    },
    /// It has been written to so much of what it was made for.
    Worn {
        /// Percent; may be more than a hundred.
        percent: u16,
    },
    /// It is too hot.
    Hot {
        /// Degrees Celsius.
        celsius: i16,
    },
    /// It has turned for so long.
    Old {
        /// Whole years of being on.
        years: u64,
    },
}

impl HealthReason {
    /// How bad that is.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::OwnVerdict | Self::LosingData { .. } => Verdict::Failing,
            Self::WritingOff { sectors, .. } if sectors >= MANY_SECTORS => Verdict::Failing,
            Self::Worn { percent } if percent >= SPENT_PERCENT => Verdict::Failing,
            Self::WritingOff { .. } | Self::Unreadable { .. } | Self::Worn { .. } | Self::Hot { .. } => Verdict::Watch,
            Self::WrittenOff { .. } | Self::Old { .. } => Verdict::Old,
        }
    }
}

/// Sectors that are not as they were made; none where the disk does not count them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sectors {
    /// Cannot be read now, and wait to be written anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
    /// Written off, with spare ones in their place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reallocated: Option<u64>,
    /// Could not be read; what they held was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncorrectable: Option<u64>,
}

/// What a disk told of itself. What it does not tell is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiskReading {
    /// When it was asked.
    pub at: Timestamp,
    /// Its own verdict: whether it holds itself for well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// Hours that it was on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub powered_hours: Option<u64>,
    /// Degrees Celsius.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub celsius: Option<i16>,
    /// How much was written of what it was made for, in percent; may be more than a hundred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worn_percent: Option<u16>,
    /// Whether it has a motor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spins: Option<bool>,
    /// Its sectors.
    #[serde(default)]
    pub sectors: Sectors,
}

/// Why nothing is known of a disk's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Silence {
    /// It was not asked yet.
    NotYet,
    /// It, or the adapter between, tells nothing: most sticks, cards and disks of virtual machines.
    Mute,
    /// It sleeps, and is not woken for that.
    Asleep,
    /// It could not be asked.
    Trouble,
}

/// How a disk is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiskHealth {
    /// How much it is to be trusted.
    pub verdict: Verdict,
    /// Why, the gravest first; empty where nothing speaks against it.
    pub reasons: Vec<HealthReason>,
    /// What it told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<DiskReading>,
    /// Why it told nothing when it was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
}

impl Default for DiskHealth {
    fn default() -> Self {
        Self { verdict: Verdict::Unknown, reasons: Vec::new(), reading: None, silence: Some(Silence::NotYet) }
    }
}

impl DiskHealth {
    /// What a reading means beside an `earlier` one, if there is one.
    #[must_use]
    pub fn judged(reading: DiskReading, earlier: Option<&DiskReading>) -> Self {
        let reasons = reasons(&reading, earlier);
        let otherwise = if reading.passed == Some(true) { Verdict::Well } else { Verdict::Unknown };
        let verdict = reasons.iter().map(|reason| reason.verdict()).max().unwrap_or(otherwise);
        Self { verdict, reasons, reading: Some(reading), silence: None }
    }

    /// The same at `now`, when the disk told nothing new for this reason. What spoke against it still does; that it is well is known no longer when it
    /// could not be asked, or was heard too long ago.
    #[must_use]
    pub fn heard(self, silence: Option<Silence>, now: Timestamp) -> Self {
        let stands = match silence {
            Some(Silence::Trouble) => None,
            Some(Silence::Asleep) => Some(STANDS_ASLEEP),
            None | Some(Silence::NotYet | Silence::Mute) => Some(STANDS),
        };
        let age = self.reading.map(|reading| now.duration_since(reading.at).abs());
        let is_known = age.zip(stands).is_some_and(|(age, stands)| age <= stands);
        let verdict = if is_known || self.verdict >= Verdict::Watch { self.verdict } else { Verdict::Unknown };
        Self { verdict, silence, ..self }
    }
}

/// The reading of a disk that tells nothing.
#[must_use]
pub const fn nothing(at: Timestamp) -> DiskReading {
    let sectors = Sectors { pending: None, reallocated: None, uncorrectable: None };
    DiskReading { at, passed: None, powered_hours: None, celsius: None, worn_percent: None, spins: None, sectors }
}

fn reasons(now: &DiskReading, earlier: Option<&DiskReading>) -> Vec<HealthReason> {
    // A counter that went back was set to nothing, or is another disk's.
    let more = |count: fn(&Sectors) -> Option<u64>| {
        let (before, since) = earlier.and_then(|earlier| Some((count(&earlier.sectors)?, earlier.at)))?;
        Some((count(&now.sectors)?.checked_sub(before).filter(|more| *more > 0)?, since))
    };
    let mut reasons = Vec::new();
    reasons.extend((now.passed == Some(false)).then_some(HealthReason::OwnVerdict));
    let lost = more(|sectors| sectors.uncorrectable);
    reasons.extend(lost.map(|(sectors, since)| HealthReason::LosingData { sectors, since }));
    let written_off = more(|sectors| sectors.reallocated);
    reasons.extend(written_off.map(|(sectors, since)| HealthReason::WritingOff { sectors, since }));
    let unread = now.sectors.pending.max(now.sectors.uncorrectable.filter(|_| lost.is_none())).filter(|sectors| *sectors > 0);
    reasons.extend(unread.map(|sectors| HealthReason::Unreadable { sectors }));
    reasons.extend(now.worn_percent.filter(|percent| *percent >= WORN_PERCENT).map(|percent| HealthReason::Worn { percent }));
    let most = if now.spins == Some(true) { HOT_SPINNING } else { HOT };
    reasons.extend(now.celsius.filter(|celsius| *celsius >= most).map(|celsius| HealthReason::Hot { celsius }));
    let stays = now.sectors.reallocated.filter(|sectors| *sectors > 0 && written_off.is_none());
    reasons.extend(stays.map(|sectors| HealthReason::WrittenOff { sectors }));
    let years = now.powered_hours.map(|hours| hours / YEAR_HOURS).filter(|years| *years >= OLD_YEARS);
    reasons.extend(years.map(|years| HealthReason::Old { years }));
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.verdict()));
    reasons
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    fn reading(day: i64, pending: u64, reallocated: u64, uncorrectable: u64) -> DiskReading {
        let sectors = Sectors { pending: Some(pending), reallocated: Some(reallocated), uncorrectable: Some(uncorrectable) };
        DiskReading { passed: Some(true), powered_hours: Some(100), celsius: Some(35), sectors, ..nothing(at(day)) }
    }

    #[test]
    fn each_fact_has_its_verdict() {
        use HealthReason::{Hot, LosingData, Old, OwnVerdict, Unreadable, Worn, WritingOff, WrittenOff};
        let check = |now: DiskReading, earlier: Option<DiskReading>, verdict: Verdict, expected: &[HealthReason]| {
            let found = DiskHealth::judged(now, earlier.as_ref());
            assert_eq!((found.verdict, found.reasons.as_slice()), (verdict, expected), "{now:?} after {earlier:?}");
        };
        let (well, since) = (reading(8, 0, 0, 0), at(1));
        check(nothing(at(8)), None, Verdict::Unknown, &[]);
        check(DiskReading { spins: Some(true), ..nothing(at(8)) }, None, Verdict::Unknown, &[]);
        check(well, None, Verdict::Well, &[]);
        check(DiskReading { passed: None, ..well }, None, Verdict::Unknown, &[]);
        check(DiskReading { passed: Some(false), ..well }, None, Verdict::Failing, &[OwnVerdict]);
        let before = Some(reading(1, 0, 8, 0));
        check(reading(8, 0, 8, 0), before, Verdict::Old, &[WrittenOff { sectors: 8 }]);
        check(reading(8, 0, 32, 0), before, Verdict::Watch, &[WritingOff { sectors: 24, since }]);
        check(reading(8, 0, 32, 0), None, Verdict::Old, &[WrittenOff { sectors: 32 }]);
        check(reading(8, 0, 108, 0), before, Verdict::Failing, &[WritingOff { sectors: 100, since }]);
        check(reading(8, 0, 4, 0), before, Verdict::Old, &[WrittenOff { sectors: 4 }]);
        check(
            reading(8, 3, 8, 2),
            before,
            Verdict::Failing,
            &[LosingData { sectors: 2, since }, Unreadable { sectors: 3 }, WrittenOff { sectors: 8 }],
        );
        check(reading(8, 0, 0, 2), None, Verdict::Watch, &[Unreadable { sectors: 2 }]);
        check(DiskReading { worn_percent: Some(89), ..well }, None, Verdict::Well, &[]);
        check(DiskReading { worn_percent: Some(90), ..well }, None, Verdict::Watch, &[Worn { percent: 90 }]);
        check(DiskReading { worn_percent: Some(130), ..well }, None, Verdict::Failing, &[Worn { percent: 130 }]);
        check(DiskReading { celsius: Some(60), ..well }, None, Verdict::Well, &[]);
        check(DiskReading { celsius: Some(60), spins: Some(true), ..well }, None, Verdict::Watch, &[Hot { celsius: 60 }]);
        check(DiskReading { powered_hours: Some(5 * YEAR_HOURS - 1), ..well }, None, Verdict::Well, &[]);
        check(DiskReading { powered_hours: Some(6 * YEAR_HOURS), ..well }, None, Verdict::Old, &[Old { years: 6 }]);
    }

    #[test]
    fn what_was_heard_long_ago_calls_no_disk_well() {
        let well = DiskHealth::judged(reading(10, 0, 0, 0), None);
        let worn = DiskHealth::judged(DiskReading { worn_percent: Some(95), ..reading(10, 0, 0, 0) }, None);
        let check = |silence: Option<Silence>, day: i64, expected: Verdict| {
            let found = well.clone().heard(silence, at(day));
            assert_eq!((found.verdict, found.silence, found.reading), (expected, silence, well.reading), "{silence:?} on day {day}");
            let found = worn.clone().heard(silence, at(day));
            assert_eq!((found.verdict, found.reasons.len()), (Verdict::Watch, 1), "{silence:?} on day {day}");
        };
        for silence in [None, Some(Silence::NotYet), Some(Silence::Mute)] {
            check(silence, 10, Verdict::Well);
            check(silence, 11, Verdict::Well);
            check(silence, 12, Verdict::Unknown);
            check(silence, 8, Verdict::Unknown);
        }
        check(Some(Silence::Asleep), 17, Verdict::Well);
        check(Some(Silence::Asleep), 18, Verdict::Unknown);
        check(Some(Silence::Trouble), 10, Verdict::Unknown);
        assert_eq!(DiskHealth::default().heard(None, at(1)).verdict, Verdict::Unknown);
    }

    proptest! {
        /// Whatever a disk says, the verdict is that of its gravest reason, and a disk that says of itself that it fails is never held for better.
        #[test]
        fn the_verdict_is_the_gravest_reason(
            counts in any::<[Option<u64>; 6]>(), passed in any::<Option<bool>>(), hours in any::<Option<u64>>(),
            celsius in any::<Option<i16>>(), worn in any::<Option<u16>>(), spins in any::<Option<bool>>(),
        ) {
            let sectors = |from: usize| Sectors { pending: counts[from], reallocated: counts[from + 1], uncorrectable: counts[from + 2] };
            let now = DiskReading { at: at(9), passed, powered_hours: hours, celsius, worn_percent: worn, spins, sectors: sectors(0) };
            let found = DiskHealth::judged(now, Some(&DiskReading { sectors: sectors(3), ..nothing(at(1)) }));
            let gravest = found.reasons.iter().map(|reason| reason.verdict()).max();
            prop_assert!(gravest.is_none_or(|gravest| gravest == found.verdict));
            prop_assert_eq!(found.reasons.first().map(|reason| reason.verdict()), gravest);
            prop_assert!(passed != Some(false) || found.verdict == Verdict::Failing);
            prop_assert!(found.verdict != Verdict::Well || (found.reasons.is_empty() && passed == Some(true)));
        }
    }
}
