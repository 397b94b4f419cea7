//! What is told when, minute by minute.

use croft_model::{Severity, Warning};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::prelude::*;

use crate::plan::{AFTER_START, Audience, Book, Look, MOST_A_DAY, Message, Occasion, next_try};

/// A household whose clock can be turned.
struct House {
    book: Book,
    now: Timestamp,
    zone: TimeZone,
    started: Timestamp,
    standing: Vec<Warning>,
    audience: Audience,
    told: Vec<(SignedDuration, Message)>,
}

impl House {
    /// At noon in Berlin.
    fn new() -> Self {
        let now = "2026-12-01T11:00:00Z".parse().expect("a time");
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let started = now - SignedDuration::from_hours(1);
        Self { book: Book::default(), now, zone, started, standing: Vec::new(), audience: Audience::Somebody, told: Vec::new() }
    }

    fn look(&mut self) {
        let noon: Timestamp = "2026-12-01T11:00:00Z".parse().expect("a time");
        let everybody_spoke = self.now.duration_since(self.started) >= SignedDuration::try_from(AFTER_START).expect("short");
        let look = Look { now: self.now, zone: &self.zone, everybody_spoke, standing: &self.standing, audience: self.audience };
        let told = self.book.look(look);
        self.told.extend(told.into_iter().map(|message| (self.now.duration_since(noon), message)));
    }

    /// It is kept as it will be read.
    fn is_kept(&self) {
        let kept = serde_json::to_string(&self.book).expect("JSON");
        assert_eq!(serde_json::from_str::<Book>(&kept).expect("read back"), self.book);
    }

    fn pass(&mut self, seconds: i64) {
        self.pass_by(seconds, 10);
    }

    /// The same, with a look at every so many seconds.
    fn pass_by(&mut self, seconds: i64, step: i64) {
        let end = self.now + SignedDuration::from_secs(seconds);
        while self.now < end {
            self.now += SignedDuration::from_secs((end.duration_since(self.now).as_secs()).min(step));
            self.look();
        }
    }

    fn stand(&mut self, code: &str, severity: Severity) {
        self.end(code);
        self.standing.push(Warning {
            code: code.into(),
            subject: "x".into(),
            severity,
            title: format!("{code} stands."),
            meaning: "It means something.".into(),
            action: "Do something.".into(),
            lines: vec!["a line of a log".into()],
            depends_on: None,
            since: self.now,
        });
        self.look();
    }

    fn end(&mut self, code: &str) {
        self.standing.retain(|warning| warning.code != code);
        self.look();
        self.is_kept();
    }

    /// What was told so far: occasion, codes, and after how many seconds.
    fn told(&mut self) -> Vec<(Occasion, Vec<String>, i64)> {
        let codes = |message: &Message| message.items.iter().map(|item| item.code.clone()).collect();
        std::mem::take(&mut self.told).iter().map(|(at, message)| (message.occasion, codes(message), at.as_secs())).collect()
    }
}

fn codes(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

#[test]
fn serious_ones_are_told_at_once_together_and_their_end_once() {
    let mut house = House::new();
    house.stand("disk-failing", Severity::Critical);
    house.stand("pool-doubt", Severity::Degraded);
    house.pass(20);
    assert_eq!(house.told(), []);
    house.pass(40);
    assert_eq!(house.told(), [(Occasion::Raised, codes(&["disk-failing", "pool-doubt"]), 30)]);
    house.pass(3600);
    house.end("disk-failing");
    house.pass(3600);
    assert_eq!(house.told(), [], "one of them stands");
    house.end("pool-doubt");
    house.pass(120);
    assert_eq!(house.told(), [(Occasion::Well, codes(&["disk-failing", "pool-doubt"]), 7320)]);
    house.pass(3 * 86_400);
    assert_eq!(house.told(), []);
}

#[test]
fn what_ends_by_itself_and_what_is_its_own_wakes_nobody() {
    let mut house = House::new();
    for _ in 0..10 {
        for _ in 0..2 {
            house.stand("role-crash-loop", Severity::Critical);
            house.pass(20);
            house.end("role-crash-loop");
            house.pass(20);
        }
        house.pass(3600);
    }
    house.stand("notify-failing", Severity::Critical);
    house.pass(86_400);
    assert_eq!(house.told(), []);
}

#[test]
fn what_flaps_faster_than_it_settles_is_told_once() {
    let mut house = House::new();
    for _ in 0..50 {
        house.stand("role-crash-loop", Severity::Critical);
        house.pass(20);
        house.end("role-crash-loop");
        house.pass(20);
    }
    assert_eq!(house.told(), [(Occasion::Raised, codes(&["role-crash-loop"]), 80)], "at the third time");
    house.pass(86_400);
    assert_eq!(house.told().iter().map(|(occasion, ..)| *occasion).collect::<Vec<_>>(), [Occasion::Well]);
}

#[test]
fn what_nobody_took_is_told_again() {
    let mut house = House::new();
    house.stand("disk-failing", Severity::Critical);
    house.pass(60);
    let (_, message) = house.told.remove(0);
    let made = house.now - SignedDuration::from_secs(30);
    house.pass(3600);
    house.book.untell(&message, made, house.now);
    house.pass(60);
    assert_eq!(house.told(), [(Occasion::Raised, codes(&["disk-failing"]), 3690)]);
    // What was told once more since then is told.
    house.book.untell(&message, made, house.now);
    house.pass(3600);
    assert_eq!(house.told(), []);
    // With nobody to tell, nothing counts as told.
    house.audience = Audience::Nobody;
    house.pass(60);
    house.audience = Audience::Somebody;
    house.pass(60);
    assert_eq!(house.told().iter().map(|(occasion, ..)| *occasion).collect::<Vec<_>>(), [Occasion::Raised]);
}

#[test]
fn a_clock_that_is_set_makes_nothing_over() {
    let mut house = House::new();
    house.stand("disk-failing", Severity::Critical);
    house.pass(60);
    assert_eq!(house.told().len(), 1);
    house.end("disk-failing");
    house.pass(20);
    let year = SignedDuration::from_hours(24 * 365);
    (house.now, house.started) = (house.now + year, house.started + year);
    house.book.shift(year);
    house.pass(20);
    house.stand("disk-failing", Severity::Critical);
    house.pass(3600);
    assert_eq!(house.told(), [], "it was gone for less than a minute, and told less than a day ago");
}

#[test]
fn the_same_is_told_again_when_it_got_worse() {
    let mut house = House::new();
    house.stand("pool-nearly-full", Severity::Degraded);
    house.pass(60);
    house.stand("pool-nearly-full", Severity::Critical);
    house.pass(60);
    house.stand("pool-nearly-full", Severity::Degraded);
    house.pass(3600);
    house.stand("pool-nearly-full", Severity::Critical);
    house.pass(3600);
    let told = house.told();
    assert_eq!(told.iter().map(|(_, _, at)| *at).collect::<Vec<_>>(), [30, 60], "{told:?}");
}

#[test]
fn light_ones_come_in_the_morning_once() {
    let mut house = House::new();
    house.stand("pool-not-protected", Severity::Notice);
    house.pass(7200);
    house.stand("snapshots-impossible", Severity::Notice);
    house.pass(2 * 86_400);
    // Nine in the morning is 21 hours after noon.
    assert_eq!(house.told(), [(Occasion::Gathered, codes(&["pool-not-protected", "snapshots-impossible"]), 21 * 3600)]);
    house.end("pool-not-protected");
    house.end("snapshots-impossible");
    house.pass(86_400);
    assert_eq!(house.told(), [], "nobody is told that it ended");
}

#[test]
fn what_is_critical_is_named_again_every_morning() {
    let mut house = House::new();
    house.stand("pool-disk-missing", Severity::Critical);
    house.pass(2 * 86_400 + 3600);
    let told = house.told();
    assert_eq!(told.iter().map(|(occasion, ..)| *occasion).collect::<Vec<_>>(), [Occasion::Raised, Occasion::Gathered], "{told:?}");
    assert_eq!(told[1].2, 45 * 3600, "the first morning is not a day later");
    house.pass(3 * 86_400);
    assert_eq!(house.told().iter().map(|(.., at)| *at).collect::<Vec<_>>(), [69 * 3600, 93 * 3600, 117 * 3600]);
}

#[test]
fn what_comes_and_goes_is_told_rarely() {
    let mut house = House::new();
    for _ in 0..(86_400 / 240) {
        house.stand("pool-disk-missing", Severity::Critical);
        house.pass(120);
        house.end("pool-disk-missing");
        house.pass(120);
    }
    let told = house.told();
    let occasions: Vec<Occasion> = told.iter().map(|(occasion, ..)| *occasion).collect();
    assert_eq!(occasions, [Occasion::Raised, Occasion::Well, Occasion::Raised], "{told:?}");
    house.pass(6 * 3600);
    assert_eq!(house.told().iter().map(|(occasion, ..)| *occasion).collect::<Vec<_>>(), [Occasion::Well]);
}

#[test]
fn a_flood_is_held_back_and_gathered() {
    let mut house = House::new();
    for number in 0..40 {
        house.stand(&format!("storm-{number}"), Severity::Critical);
        house.pass(60);
    }
    let told = std::mem::take(&mut house.told);
    assert_eq!(told.len(), MOST_A_DAY);
    assert_eq!(told.iter().map(|(_, message)| message.last).collect::<Vec<_>>(), [[false; MOST_A_DAY - 1].as_slice(), &[true]].concat());
    house.pass(21 * 3600);
    let (at, message) = house.told.remove(0);
    assert_eq!((message.occasion, message.items.len(), message.more, at.as_hours()), (Occasion::Gathered, 20, 8, 21));
    assert!(house.told.is_empty());
}

#[test]
fn who_is_added_later_hears_what_stands_then() {
    let mut house = House::new();
    house.audience = Audience::Nobody;
    house.stand("disk-failing", Severity::Critical);
    house.pass(86_400);
    assert_eq!(house.told(), []);
    house.audience = Audience::Somebody;
    house.pass(10);
    assert_eq!(house.told(), [(Occasion::Raised, codes(&["disk-failing"]), 86_410)]);
}

#[test]
fn after_a_start_nothing_is_over_before_everybody_has_spoken() {
    let mut house = House::new();
    house.stand("disk-failing", Severity::Critical);
    house.pass(60);
    assert_eq!(house.told().len(), 1);
    house.started = house.now;
    house.end("disk-failing");
    house.pass(110);
    house.stand("disk-failing", Severity::Critical);
    house.pass(3600);
    assert_eq!(house.told(), [], "it stood all the while");
}

#[test]
fn a_clock_that_is_set_back_silences_nobody() {
    let mut house = House::new();
    house.stand("disk-failing", Severity::Critical);
    house.pass(20);
    house.now -= SignedDuration::from_hours(24 * 365);
    house.started = house.now - SignedDuration::from_hours(1);
    house.pass(60);
    assert_eq!(house.told().len(), 1);
    house.now -= SignedDuration::from_hours(24 * 365);
    house.started = house.now - SignedDuration::from_hours(1);
    house.end("disk-failing");
    house.pass(70);
    assert_eq!(house.told().iter().map(|(occasion, ..)| *occasion).collect::<Vec<_>>(), [Occasion::Well]);
}

#[test]
fn tries_become_rarer_up_to_an_hour() {
    let start = Timestamp::UNIX_EPOCH;
    let minutes = |tries| next_try(start, tries).duration_since(start).as_mins();
    assert_eq!([1, 2, 3, 4, 6, 7, 8, u32::MAX].map(minutes), [1, 2, 4, 8, 32, 60, 60, 60]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_comes_and_goes_the_flood_is_bounded_and_nothing_that_stays_is_missed(
        steps in proptest::collection::vec((0..6_usize, 0..4_usize, 5..4000_i64), 1..40),
    ) {
        let mut house = House::new();
        for (which, what, seconds) in steps {
            let code = format!("w{which}");
            match what {
                0 => house.end(&code),
                1 => house.stand(&code, Severity::Notice),
                2 => house.stand(&code, Severity::Degraded),
                _ => house.stand(&code, Severity::Critical),
            }
            house.pass_by(seconds, 20);
        }
        // A day of quiet: everything that stands and was never told is told by then.
        house.pass_by(2 * 86_400, 60);
        for warning in house.standing.clone() {
            let named = house.told.iter().any(|(_, message)| message.occasion != Occasion::Well && message.items.iter().any(|item| item.code == warning.code));
            prop_assert!(named, "{} was never told", warning.code);
        }
        let times: Vec<i64> = house.told.iter().filter(|(_, message)| message.occasion != Occasion::Gathered).map(|(at, _)| at.as_secs()).collect();
        for (index, first) in times.iter().enumerate() {
            let within = times[index..].iter().filter(|at| **at - first < 86_400).count();
            prop_assert!(within <= MOST_A_DAY, "{within} within a day");
        }
        let wells = house.told.iter().filter(|(_, message)| message.occasion == Occasion::Well).count();
        let raised = house.told.iter().filter(|(_, message)| message.occasion != Occasion::Well).count();
        prop_assert!(wells <= raised);
    }
}
