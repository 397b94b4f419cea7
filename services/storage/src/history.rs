//! What is remembered of a disk's readings, and with which of them the last is compared. Pure.

use croft_disks::SmartWay;
use croft_model::DiskReading;

use crate::records::HealthRecord;

/// A reading is compared with the oldest one of the week before it.
const WEEK: i64 = 7 * DAY;
/// One reading a day is kept for that, and as many as that is.
const APART: i64 = 20 * 60 * 60;
const MAX_PAST: usize = 10;
const DAY: i64 = 24 * 60 * 60;

/// What is remembered after a reading.
pub(crate) fn remember(before: Option<HealthRecord>, reading: DiskReading, way: SmartWay) -> HealthRecord {
    let mut past = before.map(|record| record.past).unwrap_or_default();
    let age = |of: &DiskReading| reading.at.as_second().saturating_sub(of.at.as_second());
    // A clock that was wrong once must not keep a reading for ever.
    past.retain(|old| (0..=WEEK).contains(&age(old)));
    if past.last().is_none_or(|last| age(last) >= APART) {
        past.push(reading);
    }
    let first = past.len().saturating_sub(MAX_PAST);
    past.drain(..first);
    HealthRecord { way, last: reading, past }
}

/// The reading with which the last one is compared.
pub(crate) fn earlier(record: &HealthRecord) -> Option<DiskReading> {
    record.past.first().copied().filter(|first| first.at < record.last.at)
}

#[cfg(test)]
mod tests {
    use croft_model::{Sectors, nothing};
    use jiff::Timestamp;

    use super::*;

    fn reading(hour: i64, reallocated: u64) -> DiskReading {
        let sectors = Sectors { reallocated: Some(reallocated), ..Sectors::default() };
        DiskReading { sectors, ..nothing(Timestamp::from_second(hour * 3600).unwrap()) }
    }

    #[test]
    fn a_reading_is_compared_with_one_of_a_week_ago() {
        let mut record = None;
        assert!(earlier(&remember(None, reading(0, 1), SmartWay::Sat)).is_none());
        for hour in (0..24 * 30).step_by(6) {
            let now = remember(record, reading(hour, hour.unsigned_abs()), SmartWay::Sat);
            assert!(now.past.len() <= MAX_PAST);
            if let Some(before) = earlier(&now) {
                let hours = (now.last.at.as_second() - before.at.as_second()) / 3600;
                assert!(hours <= 7 * 24 && (hour < 7 * 24 || hours > 6 * 24), "{hour}: {hours}");
                assert_eq!(before.sectors.reallocated, Some((hour - hours).unsigned_abs()));
            }
            record = Some(now);
        }
    }

    #[test]
    fn a_disk_that_was_away_for_long_and_a_clock_that_went_back_begin_anew() {
        let old = remember(None, reading(24 * 100, 5), SmartWay::Sat);
        for hour in [24 * 200, 24 * 50] {
            let now = remember(Some(old.clone()), reading(hour, 9), SmartWay::Nvme);
            assert_eq!((earlier(&now), now.past.len(), now.way), (None, 1, SmartWay::Nvme), "{hour}");
        }
    }
}
