//! Which earlier contents of a file are kept: many of the last minutes, fewer of what is older.

/// Seconds in which every change is kept.
const ALL: i64 = 2 * MINUTE;
/// Up to an age there is one in each of these spans, the last of it. The spans are those of the clock, so that judging often thins no more than once.
const TIERS: [(i64, i64); 4] = [(HOUR, MINUTE), (DAY, HOUR), (30 * DAY, DAY), (LONGEST, 7 * DAY)];
/// Older than that nothing is kept.
const LONGEST: i64 = 365 * DAY;
/// Versions of one file. The tiers alone leave some 160; what is over pushes out others of the last minutes alone.
const MOST: usize = 200;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Which of the versions that were replaced at these times, in Unix seconds from old to new, may go at `now`.
pub(crate) fn superfluous(replaced: &[i64], now: i64) -> Vec<usize> {
    let mut going: Vec<usize> = (0..replaced.len())
        .filter(|&index| match span(now - replaced[index]) {
            Span::Each => false,
            Span::None => true,
            Span::One(length) => replaced.get(index + 1).is_some_and(|next| next.div_euclid(length) == replaced[index].div_euclid(length)),
        })
        .collect();
    let over = (replaced.len() - going.len()).saturating_sub(MOST);
    going.extend((0..replaced.len()).filter(|&index| matches!(span(now - replaced[index]), Span::Each)).take(over));
    going
}

/// How many are kept at an age.
enum Span {
    Each,
    One(i64),
    None,
}

fn span(age: i64) -> Span {
    if age <= ALL {
        return Span::Each;
    }
    TIERS.iter().find(|(until, _)| age <= *until).map_or(Span::None, |(_, length)| Span::One(*length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 2_000_000_000;

    fn kept(replaced: &[i64], now: i64) -> Vec<i64> {
        let going = superfluous(replaced, now);
        (0..replaced.len()).filter(|index| !going.contains(index)).map(|index| replaced[index]).collect()
    }

    #[test]
    fn what_is_older_is_kept_more_rarely() {
        let check = |ages: &[i64], expected: &[i64]| {
            let times: Vec<i64> = ages.iter().map(|age| NOW - age).collect();
            let left: Vec<i64> = kept(&times, NOW).iter().map(|time| NOW - time).collect();
            assert_eq!(left, expected, "{ages:?}");
        };
        check(&[], &[]);
        check(&[3, 2, 1, 0, 0], &[3, 2, 1, 0, 0]);
        check(&[-500], &[-500]);
        // NOW lies 20 seconds behind a minute, and 33 minutes behind an hour.
        check(&[201, 200, 199, 197, 1], &[201, 197, 1]);
        check(&[3 * HOUR + 20, 3 * HOUR + 10, 2 * HOUR, 1], &[3 * HOUR + 10, 2 * HOUR, 1]);
        check(&[400 * DAY, 364 * DAY, 1], &[364 * DAY, 1]);
    }

    #[test]
    fn a_flood_pushes_out_only_itself() {
        let mut times: Vec<i64> = (1..40).rev().map(|week| NOW - week * 8 * DAY).collect();
        times.extend((0..1000).map(|index| NOW - 100 + index / 10));
        let left = kept(&times, NOW);
        assert_eq!(left.len(), MOST);
        assert_eq!(left[..39], times[..39]);
        assert_eq!(left[39..], times[times.len() - (MOST - 39)..]);
    }

    proptest! {
        #[test]
        fn judging_often_thins_no_more_than_once(ages in prop::collection::vec(0..400 * DAY, 0..60), later in 0..40 * DAY) {
            let mut times: Vec<i64> = ages.iter().map(|age| NOW - age).collect();
            times.sort_unstable();
            let once = kept(&times, NOW);
            prop_assert_eq!(kept(&once, NOW), once.clone());
            // Nothing that one look at the later time would keep is lost by one before it.
            prop_assert_eq!(kept(&once, NOW + later), kept(&times, NOW + later));
            if let Some(last) = times.last().filter(|last| NOW - **last <= LONGEST) {
                prop_assert!(once.contains(last));
            }
        }
    }
}
