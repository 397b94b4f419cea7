//! Which earlier contents of a file are kept: many of the last minutes, fewer of what is older.

/// Seconds in which every change is kept.
const ALL: i64 = 2 * MINUTE;
/// Up to an age there is one in each of these spans, the last of it. The spans are those of the clock, so that judging often thins no more than once.
const TIERS: [(i64, i64); 4] = [(HOUR, MINUTE), (DAY, HOUR), (30 * DAY, DAY), (LONGEST, 7 * DAY)];
/// Older than that nothing is kept.
const LONGEST: i64 = 365 * DAY;
/// Versions of one file. The tiers alone leave some 160; what is over pushes out others of the last minutes alone.
const MOST: usize = 200;
/// Versions of one file for which no other stands, since something was brought back in their place; the latest of such.
const MOST_SINGLE: usize = 50;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What is known of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judged {
    /// When it was replaced, in Unix seconds.
    pub(crate) replaced: i64,
    /// Whether it came by a link. Such a one pushes out its like alone, and nothing that the household wrote.
    pub(crate) of_guest: bool,
    /// Whether something was brought back in its place. What is written afterwards goes on from that, so it stands for nothing of this one.
    pub(crate) by_return: bool,
}

/// Which of the `versions`, from old to new, may go at `now`.
pub(crate) fn superfluous(versions: &[Judged], now: i64) -> Vec<usize> {
    let each = |version: &Judged| matches!(span(now - version.replaced), Span::Each);
    let single: Vec<usize> = (0..versions.len()).rev().filter(|&index| versions[index].by_return).take(MOST_SINGLE).collect();
    let mut going: Vec<usize> = (0..versions.len())
        .filter(|&index| match span(now - versions[index].replaced) {
            Span::Each => false,
            Span::None => true,
            Span::One(_) if single.contains(&index) => false,
            Span::One(length) => is_followed(versions[index], &versions[index + 1..], length),
        })
        .collect();
    let over = (versions.len() - going.len()).saturating_sub(MOST);
    let of = |guest: bool| (0..versions.len()).filter(move |&index| each(&versions[index]) && versions[index].of_guest == guest);
    going.extend(of(true).chain(of(false)).take(over));
    going
}

/// Whether one of those behind stands for `version` in its span of `length` seconds.
fn is_followed(version: Judged, behind: &[Judged], length: i64) -> bool {
    let span = |version: &Judged| version.replaced.div_euclid(length);
    behind.iter().take_while(|next| span(next) == span(&version)).any(|next| version.of_guest || !next.of_guest)
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

    fn left(versions: &[Judged], now: i64) -> Vec<Judged> {
        let going = superfluous(versions, now);
        (0..versions.len()).filter(|index| !going.contains(index)).map(|index| versions[index]).collect()
    }

    fn kept(replaced: &[i64], now: i64) -> Vec<i64> {
        let versions: Vec<Judged> = replaced.iter().map(|&replaced| Judged { replaced, of_guest: false, by_return: false }).collect();
        left(&versions, now).into_iter().map(|version| version.replaced).collect()
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
    fn nothing_stands_for_what_something_was_brought_back_in_place_of() {
        let at = |age: i64, by_return: bool| Judged { replaced: NOW - age, of_guest: false, by_return };
        // All in one hour, and in one day: the state before something was brought back, and what was written afterwards.
        let versions = [at(DAY + 120, false), at(DAY + 110, true), at(DAY + 100, false), at(DAY + 90, false)];
        assert_eq!(left(&versions, NOW), [versions[1], versions[3]]);
        assert_eq!(left(&versions, NOW + 300 * DAY), [versions[1], versions[3]]);
        assert!(left(&versions, NOW + LONGEST).is_empty());
        let many: Vec<Judged> = (0..200).map(|index| at(2 * DAY - index, true)).collect();
        assert_eq!(left(&many, NOW), many[200 - MOST_SINGLE..]);
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

    #[test]
    fn what_comes_by_a_link_pushes_out_nothing_of_the_household() {
        let of = |of_guest: bool| move |age: i64| Judged { replaced: NOW - age, of_guest, by_return: false };
        let (ours, theirs) = (of(false), of(true));
        // Replaced by a guest, who then replaces their own within the same minute, hour and day.
        let versions = [ours(3 * HOUR + 30), theirs(3 * HOUR + 20), theirs(3 * HOUR + 10), theirs(5)];
        assert_eq!(left(&versions, NOW), [versions[0], versions[2], versions[3]]);
        let mut flood = vec![ours(110), ours(100)];
        flood.extend((0..1000).map(|index| theirs(99 - index / 11)));
        let stayed = left(&flood, NOW);
        assert_eq!((stayed.len(), &stayed[..2]), (MOST, &flood[..2]));
    }

    proptest! {
        #[test]
        fn judging_often_thins_no_more_than_once(
            versions in prop::collection::vec((0..400 * DAY, any::<bool>()), 0..60),
            later in 0..40 * DAY,
        ) {
            let mut versions: Vec<Judged> =
                versions.into_iter().map(|(age, of_guest)| Judged { replaced: NOW - age, of_guest, by_return: false }).collect();
            versions.sort_by_key(|version| version.replaced);
            let once = left(&versions, NOW);
            prop_assert_eq!(left(&once, NOW), once.clone());
            // Nothing that one look at the later time would keep is lost by one before it.
            prop_assert_eq!(left(&once, NOW + later), left(&versions, NOW + later));
            if let Some(last) = versions.last().filter(|last| NOW - last.replaced <= LONGEST) {
                prop_assert!(once.contains(last));
            }
            // Guests or none, the household's own are kept alike.
            let ours: Vec<Judged> = versions.iter().copied().filter(|version| !version.of_guest).collect();
            prop_assert_eq!(left(&ours, NOW), once.into_iter().filter(|version| !version.of_guest).collect::<Vec<_>>());
        }
    }
}
