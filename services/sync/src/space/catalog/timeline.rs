//! The pictures and films of a space by the time they were taken, else by that of their file: one pass over the catalogue, kept in memory until something is written there.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use croft_api::{
    bulk::{Month, Shot},
    preview::Taken,
};
use jiff::{
    Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};

use super::{Seen, Space};
use crate::error::Failure;

/// Seconds of the first day of the year 1, and of the last of 9998: what a clock on the wall may show.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_370_764_799;

/// Photos by what the clock on the wall showed, the latest first: 16 bytes each.
#[derive(Debug)]
pub(crate) struct Timeline {
    shots: Vec<Shot>,
    /// Each month, and where it begins.
    months: Vec<(Month, usize)>,
    /// Photos of which nobody knows yet when they were taken.
    pub(crate) unread: u64,
}

/// A timeline, what it was made of, and by the clock of which zone.
#[derive(Debug)]
pub(super) struct Kept {
    generation: u64,
    zone: String,
    timeline: Arc<Timeline>,
}

impl Timeline {
    fn of(mut shots: Vec<Shot>, unread: u64) -> Self {
        shots.sort_unstable_by_key(|shot| shot.key());
        let mut months: Vec<(Month, usize)> = Vec::new();
        for (at, shot) in shots.iter().enumerate() {
            let Some(month) = month_of(shot.wall) else { continue };
            if months.last().is_none_or(|(last, _)| *last != month) {
                months.push((month, at));
            }
        }
        Self { shots, months, unread }
    }

    /// How many photos each month has, the latest month first.
    pub(crate) fn months(&self) -> impl Iterator<Item = (Month, usize)> {
        let ends = self.months.iter().skip(1).map(|(_, begin)| *begin).chain([self.shots.len()]);
        self.months.iter().zip(ends).map(|((month, begin), end)| (*month, end - begin))
    }

    /// The latest photos of a month, `until` at most.
    pub(crate) fn latest(&self, month: Month, until: usize) -> &[Shot] {
        let Some(at) = self.months.iter().position(|(known, _)| *known == month) else { return &[] };
        let (begin, end) = (self.months[at].1, self.months.get(at + 1).map_or(self.shots.len(), |(_, begin)| *begin));
        &self.shots[begin..end.min(begin.saturating_add(until))]
    }
}

impl Space {
    /// The timeline by the clock of `zone`, an IANA name; of one that is not known, by UTC. Blocks.
    pub(crate) fn timeline(&self, zone: &str) -> Result<Arc<Timeline>, Failure> {
        self.catalog.settle(self)?;
        // Held meanwhile: whoever asks for the same waits for it.
        let mut kept = self.catalog.timeline.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.catalog.generation.load(Ordering::Acquire);
        let clock = clock(zone);
        // As the clock knows itself: names of no zone are all one.
        let zone = clock.iana_name().unwrap_or("UTC");
        if let Some(kept) = kept.as_ref().filter(|kept| kept.generation == generation && kept.zone == zone) {
            return Ok(Arc::clone(&kept.timeline));
        }
        let (mut shots, mut unread) = (Vec::new(), 0);
        self.each_dated(|seen, waiting| {
            unread += u64::from(waiting.is_some());
            shots.extend(wall(seen, &clock).map(|wall| Shot { wall, id: seen.id }));
            Ok(())
        })?;
        let timeline = Arc::new(Timeline::of(shots, unread));
        *kept = Some(Kept { generation, zone: zone.to_owned(), timeline: Arc::clone(&timeline) });
        Ok(timeline)
    }
}

/// What the clock on the wall showed, of a picture or film.
fn wall(seen: &Seen<'_>, clock: &TimeZone) -> Option<i64> {
    let modified = seen.modified.filter(|_| seen.is_photo())?;
    Some(wall_of(seen.taken.unwrap_or(Taken::Moment(modified)), clock))
}

/// The same of when something was taken: what a camera showed stays as it stands, wherever that was.
pub(crate) fn wall_of(taken: Taken, clock: &TimeZone) -> i64 {
    let wall = match taken {
        Taken::Wall { seconds, .. } => seconds,
        Taken::Moment(seconds) => {
            let offset = Timestamp::from_second(seconds).map_or(0, |at| clock.to_offset(at).seconds());
            seconds.saturating_add(offset.into())
        }
    };
    wall.clamp(FIRST, LAST)
}

/// The clock of `zone`, an IANA name; of one that is not known, UTC.
pub(crate) fn clock(zone: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(zone).unwrap_or(TimeZone::UTC)
}

fn month_of(wall: i64) -> Option<Month> {
    let date = TimeZone::UTC.to_datetime(Timestamp::from_second(wall).ok()?).date();
    Month::new(date.year().into(), date.month().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 January 2026 in UTC.
    const NEW_YEAR: i64 = 1_767_225_600;

    fn seen(name: &str, modified: i64) -> Seen<'_> {
        Seen { id: 1, name, folder: false, size: Some(1), modified: Some(modified), taken: None }
    }

    #[test]
    fn the_clock_of_the_zone_says_which_month_it_was() {
        for (zone, hours) in [("UTC", 0), ("Europe/Berlin", 1), ("America/New_York", -5), ("Nowhere/Else", 0)] {
            let clock = clock(zone);
            assert_eq!(wall(&seen("a.jpg", NEW_YEAR), &clock), Some(NEW_YEAR + hours * 3600), "{zone}");
        }
        let taken = |taken| Seen { taken: Some(taken), ..seen("a.jpg", 0) };
        let berlin = clock("Europe/Berlin");
        assert_eq!(wall(&taken(Taken::Moment(NEW_YEAR)), &berlin), Some(NEW_YEAR + 3600));
        for ahead_minutes in [None, Some(540)] {
            assert_eq!(wall(&taken(Taken::Wall { seconds: NEW_YEAR, ahead_minutes }), &berlin), Some(NEW_YEAR), "as it stands");
        }
        for (name, expected) in [("a.mp4", true), ("a.HEIC", true), ("a.txt", false), ("jpg", false)] {
            assert_eq!(wall(&seen(name, 0), &TimeZone::UTC).is_some(), expected, "{name}");
        }
        assert_eq!(wall(&Seen { folder: true, modified: None, ..seen("a.jpg", 0) }, &TimeZone::UTC), None);
        for far in [i64::MIN, FIRST, LAST, i64::MAX] {
            let wall = wall(&seen("a.jpg", far), &TimeZone::UTC).unwrap();
            assert!(month_of(wall).is_some(), "{far}");
        }
    }

    #[test]
    fn photos_are_in_their_months_the_latest_first() {
        let shot = |wall, id| Shot { wall, id };
        let (old, new) = (shot(NEW_YEAR - 1, 1), [shot(NEW_YEAR + 5, 4), shot(NEW_YEAR, 2), shot(NEW_YEAR, 3)]);
        let timeline = Timeline::of(vec![new[2], old, new[0], new[1]], 0);
        let months: Vec<(String, usize)> = timeline.months().map(|(month, count)| (month.to_string(), count)).collect();
        assert_eq!(months, [("2026-01".to_owned(), 3), ("2025-12".to_owned(), 1)]);
        let latest = |month: &str, until| timeline.latest(Month::parse(month).unwrap(), until).to_vec();
        assert_eq!(latest("2026-01", 9), new);
        assert_eq!(latest("2026-01", 2), new[..2]);
        assert_eq!(latest("2025-12", usize::MAX), [old]);
        assert_eq!(latest("2025-11", 9), []);
        assert_eq!(Timeline::of(Vec::new(), 0).months().count(), 0);
    }
}
