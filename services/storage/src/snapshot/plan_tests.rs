//! The plan of snapshots: by tables, by arbitrary input, and by years that pass.

use proptest::prelude::*;

use super::*;

use SnapshotWhy::{BeforeRestore, ByHand, Found, Schedule as ByTime};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Later than all that is tried, twice.
const LATEST: i64 = 4_102_444_800;
const LATE: &str = "2100-01-01T00:00:00Z";

fn schedule(keeps: [u16; 4], zone: &str) -> Schedule {
    let [hourly, daily, weekly, monthly] = keeps;
    let zone = if zone == "UTC" { TimeZone::UTC } else { TimeZone::get(zone).unwrap() };
    Schedule { keeps: SnapshotSettings { hourly, daily, weekly, monthly }, zone }
}

fn usual(zone: &str) -> Schedule {
    Schedule { keeps: SnapshotSettings::default(), ..schedule([0; 4], zone) }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn held(times: &[(&str, SnapshotWhy)]) -> Held {
    times.iter().map(|(time, why)| (SnapshotName::at(at(time)), *why)).collect()
}

#[test]
fn one_is_due_once_in_each_hour_whatever_the_clock_does() {
    let check = |schedule: &Schedule, before: &[&str], now: &str, expected: bool| {
        let before: Vec<_> = before.iter().map(|time| (*time, ByTime)).collect();
        assert_eq!(schedule.is_due(&held(&before), at(now)), expected, "{before:?} {now}");
    };
    let utc = usual("UTC");
    check(&utc, &[], "2026-12-01T01:43:00Z", true);
    check(&utc, &["2026-12-01T01:00:00Z"], "2026-12-01T01:59:59Z", false);
    check(&utc, &["2026-12-01T01:59:59Z"], "2026-12-01T02:00:00Z", true);
    // Back by hours: they had theirs.
    check(&utc, &["2026-12-01T01:10:00Z", "2026-12-01T02:10:00Z", "2026-12-01T03:10:00Z"], "2026-12-01T01:30:00Z", false);
    // One from a future that was none does not stop all others until then.
    check(&utc, &["2036-01-01T00:00:00Z"], "2026-12-01T01:30:00Z", true);
    // The night on which an hour comes twice.
    check(&usual("Europe/Berlin"), &["2026-10-25T00:30:00Z"], "2026-10-25T01:30:00Z", true);
    let daily = schedule([0, 7, 0, 0], "Europe/Berlin");
    check(&daily, &["2026-12-01T01:00:00Z"], "2026-12-01T22:59:00Z", false);
    check(&daily, &["2026-12-01T01:00:00Z"], "2026-12-01T23:00:00Z", true);
    check(&schedule([0; 4], "UTC"), &[], "2026-12-01T01:43:00Z", false);
    // What somebody took is not the schedule's.
    assert!(utc.is_due(&held(&[("2026-12-01T01:43:00Z", ByHand), ("2026-12-01T01:44:00Z", BeforeRestore)]), at("2026-12-01T01:50:00Z")));
}

#[test]
fn days_weeks_and_months_are_those_of_the_calendar_at_home() {
    let check = |schedule: &Schedule, times: &[&str], expected: &[&str]| {
        let all: Vec<_> = times.iter().map(|time| (*time, ByTime)).collect();
        let gone: Vec<String> = schedule.thinned(&held(&all), at(LATE)).iter().map(|name| name.time().to_string()).collect();
        assert_eq!(gone, expected, "{times:?}");
    };
    // 23:30 and 00:30 at home are two days, and one in London.
    let times = ["2026-11-30T22:30:00Z", "2026-11-30T23:30:00Z"];
    check(&schedule([0, 5, 0, 0], "Europe/Berlin"), &times, &[]);
    check(&schedule([0, 5, 0, 0], "UTC"), &times, &["2026-11-30T22:30:00Z"]);
    // A week begins on Monday, and belongs to one year.
    let turn = ["2026-12-28T12:00:00Z", "2027-01-03T12:00:00Z", "2027-01-04T12:00:00Z"];
    check(&schedule([0, 0, 5, 0], "UTC"), &turn, &["2026-12-28T12:00:00Z"]);
    check(&schedule([0, 0, 0, 5], "UTC"), &turn, &["2027-01-03T12:00:00Z"]);
    // The latest that there are, not the latest that there could be.
    check(
        &schedule([0, 2, 0, 0], "UTC"),
        &["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"],
        &["2024-01-01T00:00:00Z"],
    );
    check(&schedule([0; 4], "UTC"), &["2024-01-01T00:00:00Z", "2024-01-01T00:30:00Z"], &[]);
}

#[test]
fn what_somebody_wanted_stays() {
    let all = held(&[
        ("2026-01-01T00:00:00Z", ByHand),
        ("2026-01-01T00:00:01Z", BeforeRestore),
        ("2026-01-01T00:00:02Z", Found),
        ("2026-01-01T00:00:03Z", ByTime),
        ("2026-01-01T00:00:04Z", ByTime),
    ]);
    let name = |second: i64| SnapshotName::at(at("2026-01-01T00:00:00Z") + SignedDuration::from_secs(second));
    assert_eq!(usual("UTC").thinned(&all, at(LATE)), [name(3)].into());
    assert_eq!(wanted(&all), 2);
    assert_eq!(surplus(&all), [].into());
    assert_eq!(over(&all, at("2026-01-31T00:00:01Z")), [].into());
    assert_eq!(over(&all, at("2026-01-31T00:00:02Z")), [name(1)].into());
}

#[test]
fn room_is_made_by_older_states_but_not_by_the_last_of_each_day_of_a_week() {
    let name = |hour: i64| SnapshotName::at(at("2026-01-01T12:00:00Z") + SignedDuration::from_hours(hour));
    let utc = usual("UTC");
    let mut all: Held = (0..10).flat_map(|day| [name(24 * day), name(24 * day + 1)]).map(|name| (name, ByTime)).collect();
    all.extend([(name(3), ByHand), (name(30), BeforeRestore), (name(50), Found)]);
    let now = name(24 * 10).time();
    assert_eq!(utc.early(&all, Pressure::None, now), []);
    let expected: Vec<SnapshotName> = [0, 1, 24, 25, 48, 49, 72, 96, 120, 144, 168, 192, 216].map(name).to_vec();
    assert_eq!(utc.early(&all, Pressure::Near, now), expected);
    assert_eq!(utc.early(&all, Pressure::Full, now), expected);
    // Seven days in which there is one, however long ago.
    assert_eq!(utc.early(&all, Pressure::Full, at(LATE)), expected);
    // By a clock that went back, what is later is nobody's.
    assert_eq!(utc.early(&all, Pressure::Full, name(24).time()), [name(0)]);
}

#[test]
fn room_is_little_or_gone() {
    let quota = |charged: u64| quota_pressure(Bytes(charged), Bytes(1000));
    assert_eq!(
        [quota(0), quota(900), quota(901), quota(980), quota(981), quota(2000)],
        [Pressure::None, Pressure::None, Pressure::Near, Pressure::Near, Pressure::Full, Pressure::Full]
    );
    let pool = |free: u64| pool_pressure(Bytes(free), Bytes(1000));
    assert_eq!(
        [pool(100), pool(50), pool(49), pool(25), pool(24), pool(0)],
        [Pressure::None, Pressure::None, Pressure::Near, Pressure::Near, Pressure::Full, Pressure::Full]
    );
}

#[test]
fn a_name_is_free_or_there_is_none() {
    let now = at("2026-12-01T01:43:36Z");
    assert_eq!(free_name(&Held::new(), now), Some(SnapshotName::at(now)));
    let all: Held = (0..TRIES).map(|second| (SnapshotName::at(now + SignedDuration::from_secs(second)), ByTime)).collect();
    assert_eq!(free_name(&all, now), None);
    let most: Held = all.into_iter().take(3).collect();
    assert_eq!(free_name(&most, now), Some(SnapshotName::at(now + SignedDuration::from_secs(3))));
}

/// A box that runs for so many hours from a time on, looks in each and thins. Gives what is left.
fn lived(schedule: &Schedule, from: i64, hours: i64, changes: impl Fn(i64) -> bool) -> Held {
    let mut all = Held::new();
    for hour in 0..hours {
        let now = Timestamp::from_second(from + hour * HOUR + 600).unwrap();
        if changes(hour) && schedule.is_due(&all, now) {
            all.insert(SnapshotName::at(now), ByTime);
        }
        for gone in schedule.thinned(&all, at(LATE)) {
            all.remove(&gone);
        }
    }
    all
}

#[test]
fn after_a_year_there_are_hours_days_weeks_and_months() {
    let berlin = usual("Europe/Berlin");
    let begin = at("2026-01-01T00:00:00Z").as_second();
    let all = lived(&berlin, begin, 400 * 24, |_| true);
    let count = |period| all.keys().map(|name| berlin.stretch(period, name.time())).collect::<BTreeSet<_>>().len();
    assert!(count(Period::Hour) >= 24 && count(Period::Day) >= 14 && count(Period::Week) >= 8 && count(Period::Month) >= 6, "{all:?}");
    assert!(all.len() <= 24 + 14 + 8 + 6, "{}", all.len());
    // A step at a time or all at once: the same stays, as far as the steps could know it.
    assert!(berlin.thinned(&all, at(LATE)).is_empty());
    let last = all.keys().next_back().unwrap().time().as_second();
    assert_eq!(last, begin + (400 * 24 - 1) * HOUR + 600);
    for hours in 0..24 {
        assert!(all.contains_key(&SnapshotName::at(Timestamp::from_second(last - hours * HOUR).unwrap())));
    }
}

#[test]
fn a_quiet_space_keeps_its_old_states() {
    let utc = usual("UTC");
    // Something changed in the first week only.
    let all = lived(&utc, at("2026-01-05T00:00:00Z").as_second(), 365 * 24, |hour| hour < 7 * 24);
    assert_eq!(all.len(), 24 + 6, "the last day's hours, and the days before");
}

fn any_held() -> impl Strategy<Value = Held> {
    let why = prop_oneof![6 => Just(ByTime), 1 => Just(ByHand), 1 => Just(BeforeRestore), 1 => Just(Found)];
    // Some close together, some far apart.
    let time = prop_oneof![1_700_000_000_i64..1_700_000_000 + 3 * DAY, 1_600_000_000_i64..1_900_000_000];
    proptest::collection::btree_map(time.prop_map(|second| SnapshotName::at(Timestamp::from_second(second).unwrap())), why, 0..120)
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let zone = prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("Asia/Kathmandu"), Just("Pacific/Apia"), Just("America/St_Johns")];
    (proptest::array::uniform4(0_u16..30), zone).prop_map(|(keeps, zone)| schedule(keeps, zone))
}

#[test]
fn of_those_before_a_restore_the_oldest_makes_room() {
    let name = |second: i64| SnapshotName::at(at("2026-01-01T00:00:00Z") + SignedDuration::from_secs(second));
    let mut all: Held = (0..100).map(|second| (name(second), BeforeRestore)).collect();
    all.insert(name(-1), ByHand);
    assert_eq!((surplus(&all), wanted(&all)), ([].into(), 1));
    all.extend([(name(100), BeforeRestore), (name(101), BeforeRestore)]);
    assert_eq!((surplus(&all), wanted(&all)), ([name(0), name(1)].into(), 1));
}

#[test]
fn the_limit_of_the_kernel_leaves_room_for_deletions() {
    let mib = |count: u64| Bytes(count * 1024 * 1024);
    assert_eq!(limit(mib(0), mib(100)), mib(164));
    assert_eq!(limit(mib(100), mib(100)), mib(164));
    assert_eq!(limit(mib(500), mib(100)), mib(564), "a quota below what is used");
    assert_eq!(limit(Bytes(u64::MAX), mib(100)), Bytes(u64::MAX));
}

#[test]
fn a_clock_that_jumped_is_believed_a_day_later() {
    let begin = at("2026-01-01T00:00:00Z");
    let mut trust = Trust::default();
    let mut check = |clock: i64, runs: i64, expected: bool| {
        let runs = Duration::from_secs(runs.unsigned_abs());
        assert_eq!(trust.look(begin + SignedDuration::from_secs(clock), runs), expected, "{clock} {runs:?}");
    };
    check(0, 5, true);
    check(30, 35, true);
    // The machine slept, or somebody corrected it.
    check(DAY, 65, true);
    check(10 * DAY, 95, false);
    check(10 * DAY + 30, 125, false);
    check(10 * DAY + 60, 155, false);
    check(11 * DAY, 95 + DAY - 1, false);
    check(11 * DAY + 30, 95 + DAY, true);
    check(30, 125 + DAY, true);
}

proptest! {
    #[test]
    fn a_clock_that_jumps_forward_removes_nothing_for_it(all in any_held(), schedule in any_schedule(), now in 1_600_000_000_i64..1_900_000_000, jump in DAY + 1..400_000_000) {
        let time = |second: i64| Timestamp::from_second(second).unwrap();
        let gone = schedule.thinned(&all, time(now));
        prop_assert!(gone.iter().all(|name| name.time() <= time(now)));
        let mut past = all.clone();
        past.retain(|name, _| name.time() <= time(now));
        prop_assert_eq!(&gone, &schedule.thinned(&past, time(LATEST)), "what is later counts for nothing");
        let mut trust = Trust::default();
        prop_assert!(trust.look(time(now), Duration::ZERO));
        // In each turn of the day after it.
        for turn in 0..24_u32 {
            let runs = Duration::from_secs(30) + Duration::from_secs(3600) * turn;
            prop_assert!(!trust.look(time(now + 31 + jump) + SignedDuration::try_from(runs).unwrap(), runs));
        }
    }

    #[test]
    fn of_the_latest_stretches_of_each_kind_the_last_state_stays(all in any_held(), schedule in any_schedule()) {
        let gone = schedule.thinned(&all, at(LATE));
        let stay: Vec<SnapshotName> = scheduled(&all).filter(|name| !gone.contains(name)).collect();
        prop_assert!(gone.iter().all(|name| all.get(name) == Some(&ByTime)), "nobody else's goes");
        if schedule.is_off() {
            prop_assert!(gone.is_empty());
            return Ok(());
        }
        let most: usize = schedule.kinds().map(|(_, count)| count).sum();
        prop_assert!(stay.len() <= most);
        prop_assert_eq!(stay.last().copied(), scheduled(&all).last(), "the last one stays");
        for (period, count) in schedule.kinds() {
            let stretches: BTreeSet<i64> = scheduled(&all).map(|name| schedule.stretch(period, name.time())).collect();
            for stretch in stretches.iter().rev().take(count) {
                let of = |name: &SnapshotName| schedule.stretch(period, name.time()) == *stretch;
                let last = scheduled(&all).filter(of).last();
                prop_assert!(last.is_some_and(|last| stay.contains(&last)), "{:?} {}", period, stretch);
            }
        }
        // Each that stays is the last of a stretch: nothing is kept for no reason.
        for name in &stay {
            let is_last = |(period, _): (Period, usize)| {
                let this = schedule.stretch(period, name.time());
                scheduled(&all).filter(|other| schedule.stretch(period, other.time()) == this).last() == Some(*name)
            };
            prop_assert!(schedule.kinds().any(is_last));
        }
    }

    #[test]
    fn what_was_thinned_once_is_thin(all in any_held(), schedule in any_schedule()) {
        let mut left = all.clone();
        let gone = schedule.thinned(&all, at(LATE));
        left.retain(|name, _| !gone.contains(name));
        prop_assert!(schedule.thinned(&left, at(LATE)).is_empty());
    }

    #[test]
    fn a_clock_that_jumps_takes_one_an_hour_and_never_two(jumps in proptest::collection::vec(-5_000_000_i64..5_000_000, 1..60)) {
        let schedule = usual("Europe/Berlin");
        let (mut all, mut now, mut hours) = (Held::new(), 1_790_000_000_i64, BTreeSet::new());
        for jump in jumps {
            now += jump;
            let time = Timestamp::from_second(now).unwrap();
            let is_new = hours.insert(now.div_euclid(HOUR));
            prop_assert_eq!(schedule.is_due(&all, time), is_new);
            all.insert(SnapshotName::at(time), ByTime);
        }
    }

    #[test]
    fn room_is_made_from_the_oldest_on_and_never_of_what_somebody_wanted(all in any_held(), zone in any_schedule(), now in 1_600_000_000_i64..1_900_000_000) {
        let now = Timestamp::from_second(now).unwrap();
        let mut left = all.clone();
        let mut gone = Vec::new();
        while let Some(name) = zone.early(&left, Pressure::Full, now).first().copied() {
            prop_assert_eq!(left.remove(&name), Some(ByTime));
            prop_assert!(name.time() <= now);
            gone.push(name);
        }
        prop_assert!(gone.is_sorted());
        let days = |held: &Held| {
            let days = scheduled(held).filter(|name| name.time() <= now).map(|name| (zone.stretch(Period::Day, name.time()), name));
            let last: BTreeMap<_, _> = days.collect();
            last.into_iter().rev().take(SPARED_DAYS).collect::<Vec<_>>()
        };
        prop_assert_eq!(days(&left), days(&all), "the last states of a week");
        prop_assert_eq!(left.values().filter(|why| **why != ByTime).count(), all.values().filter(|why| **why != ByTime).count());
    }
}
