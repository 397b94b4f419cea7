//! Judging something that ends: when to start it again, and when that has become a loop.

use std::time::{Duration, Instant};

/// An end this soon after becoming ready counts as if it had never been ready.
const SOON: Duration = Duration::from_secs(10);
/// So many ends by its own fault, without readiness or soon after it, are a crash loop.
const LOOP: u32 = 5;
/// Pause between the tries of a crash loop. They never cease: the cause may pass.
const LOOP_PAUSE: Duration = Duration::from_secs(60);
/// Ready for so long, it is out of the loop.
const SETTLED: Duration = Duration::from_secs(60);
/// Pause after the first end by its own fault; doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By its own fault.
    Fault,
    /// By somebody else's doing, which says nothing about it.
    Outside,
}

/// What to do about an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Start it again at this time.
    Again(Instant),
    /// It is in a crash loop; one more try at this time.
    Looping(Instant),
}

/// The memory of one thing that is started again and again. Pure: the time is an argument.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judge {
    /// Ends by its own fault that came soon, in a row.
    faults: u32,
    ready_since: Option<Instant>,
}

impl Judge {
    /// It is ready.
    pub fn ready(&mut self, now: Instant) {
        self.ready_since = Some(now);
    }

    /// It has ended.
    pub fn ended(&mut self, ending: Ending, now: Instant) -> Verdict {
        let soon = self.ready_since.take().is_none_or(|since| now.saturating_duration_since(since) < SOON);
        match ending {
            Ending::Outside => return Verdict::Again(now),
            Ending::Fault if soon => self.faults = self.faults.saturating_add(1),
            Ending::Fault => self.faults = 0,
        }
        if self.looping() {
            return Verdict::Looping(now + LOOP_PAUSE);
        }
        Verdict::Again(now + FIRST_PAUSE * 2_u32.saturating_pow(self.faults.saturating_sub(1)))
    }

    /// Whether it is in a crash loop.
    #[must_use]
    pub fn looping(&self) -> bool {
        self.faults >= LOOP
    }

    /// When to call [`Judge::settle`], if it is in a loop and ready now.
    #[must_use]
    pub fn settles_at(&self) -> Option<Instant> {
        self.ready_since.filter(|_| self.looping()).map(|since| since + SETTLED)
    }

    /// Forgets the loop when it has stayed ready for long enough; true when that has just happened.
    pub fn settle(&mut self, now: Instant) -> bool {
        let settled = self.settles_at().is_some_and(|at| now >= at);
        if settled {
            self.faults = 0;
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends, each with the seconds that it had been ready before, and what the last verdict says: seconds to wait, and whether it loops.
    fn check(ends: &[(Ending, Option<u64>)], expected: (f64, bool)) {
        let mut judge = Judge::default();
        let mut now = Instant::now();
        let mut last = None;
        for (ending, ready) in ends {
            if let Some(seconds) = ready {
                judge.ready(now);
                now += Duration::from_secs(*seconds);
            }
            let (at, looping) = match judge.ended(*ending, now) {
                Verdict::Again(at) => (at, false),
                Verdict::Looping(at) => (at, true),
            };
            last = Some(((at - now).as_secs_f64(), looping));
            now = at;
        }
        assert_eq!(last, Some(expected), "{ends:?}");
    }

    #[test]
    fn five_quick_faults_are_a_loop_and_nothing_else_is() {
        use Ending::{Fault, Outside};
        check(&[(Fault, None)], (0.2, false));
        check(&[(Fault, None); 4], (1.6, false));
        check(&[(Fault, None); 5], (60.0, true));
        check(&[(Fault, None); 9], (60.0, true));
        check(&[(Fault, Some(9)); 5], (60.0, true));
        check(&[(Fault, Some(10)); 5], (0.2, false));
        check(&[(Outside, None); 50], (0.0, false));
        check(&[(Fault, None), (Fault, None), (Outside, None), (Fault, None), (Fault, Some(3)), (Fault, None)], (60.0, true));
        check(&[(Fault, None), (Fault, None), (Fault, Some(11)), (Fault, None), (Fault, None)], (0.4, false));
    }

    #[test]
    fn a_minute_of_readiness_ends_the_loop() {
        let mut judge = Judge::default();
        let now = Instant::now();
        for _ in 0..LOOP {
            judge.ended(Ending::Fault, now);
        }
        assert_eq!((judge.looping(), judge.settles_at()), (true, None));
        judge.ready(now);
        assert_eq!(judge.settles_at(), Some(now + SETTLED));
        assert!(!judge.settle(now + SETTLED - Duration::from_secs(1)));
        assert!(judge.settle(now + SETTLED));
        assert!(!judge.looping());
    }
}
