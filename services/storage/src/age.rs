//! How long something has been kept, counted in steps of a clock that may jump: a box without a battery wakes up in another year. Pure.

use std::collections::BTreeMap;

use croft_store::first_version;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A step of the clock that is longer is none of time.
const LONGEST_STEP: SignedDuration = SignedDuration::from_hours(24);
/// Shorter steps wait for the next one, so that they are not all written down.
const SHORTEST_STEP: SignedDuration = SignedDuration::from_mins(10);

/// For how long each of some things was seen to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgeRecord {
    /// What the clock said last.
    pub(crate) at: Timestamp,
    /// Seconds by name.
    pub(crate) seconds: BTreeMap<String, i64>,
}

first_version!(AgeRecord);

/// What is known when the clock says `now` and things of these names are kept; none where that is nothing new.
pub(crate) fn step(before: Option<&AgeRecord>, names: &[String], now: Timestamp) -> Option<AgeRecord> {
    let Some(before) = before else {
        let seconds = names.iter().map(|name| (name.clone(), 0)).collect();
        return (!names.is_empty()).then_some(AgeRecord { at: now, seconds });
    };
    let gone = now.duration_since(before.at);
    let is_same = names.len() == before.seconds.len() && names.iter().all(|name| before.seconds.contains_key(name));
    if is_same && (names.is_empty() || (SignedDuration::ZERO..SHORTEST_STEP).contains(&gone)) {
        return None;
    }
    let gone = if (SignedDuration::ZERO..=LONGEST_STEP).contains(&gone) { gone.as_secs() } else { 0 };
    let seconds = |name: &String| before.seconds.get(name).map_or(0, |seconds| seconds.saturating_add(gone));
    Some(AgeRecord { at: now, seconds: names.iter().map(|name| (name.clone(), seconds(name))).collect() })
}

/// Whether something was seen to be kept for so long.
pub(crate) fn is_older(record: Option<&AgeRecord>, name: &str, than: SignedDuration) -> bool {
    record.and_then(|record| record.seconds.get(name)).is_some_and(|seconds| *seconds >= than.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
    }

    /// Whether `a`, kept since the first of these hours, is older than a week at the last one.
    fn is_over(hours: impl IntoIterator<Item = i64>) -> bool {
        let (names, mut record) = (["a".to_owned()], None);
        for hour in hours {
            record = step(record.as_ref(), &names, at(hour)).or(record);
        }
        is_older(record.as_ref(), "a", WEEK)
    }

    #[test]
    fn a_week_is_over_when_it_was_seen_to_pass() {
        assert!(is_over((0..=168).step_by(6)) && !is_over((0..168).step_by(6)));
        assert!(is_over((0..=168).step_by(24)), "it is on for a moment each day");
        // The clock is set, forwards, backwards, and from another age.
        assert!(!is_over([0, 1, 400_000, 400_001, 400_002]));
        assert!(!is_over([0, 400_000, 0, 400_000, 0, 400_000]));
        assert!(!is_over((0..100).step_by(6).chain([-400_000]).chain((-399_994..-399_940).step_by(6))));
        assert!(is_over((0..100).step_by(6).chain([-400_000]).chain((-399_994..-399_900).step_by(6))), "what had passed still counts");
    }

    #[test]
    fn short_steps_add_up_and_nothing_is_written_for_each() {
        let names = ["a".to_owned()];
        let minute = |count: i64| at(0) + SignedDuration::from_mins(count);
        let first = step(None, &names, minute(0)).unwrap();
        assert!((0..10).all(|count| step(Some(&first), &names, minute(count)).is_none()));
        assert_eq!(step(Some(&first), &names, minute(11)).unwrap().seconds["a"], 660);
        let both = step(Some(&first), &["a".into(), "b".into()], minute(5)).unwrap();
        assert_eq!((both.seconds["a"], both.seconds["b"]), (300, 0));
        let none = step(Some(&both), &[], minute(6)).unwrap();
        assert!(none.seconds.is_empty() && step(Some(&none), &[], at(50)).is_none() && step(None, &[], at(0)).is_none());
    }
}
