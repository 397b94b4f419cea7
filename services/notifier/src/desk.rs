//! The desk: follows settings and warnings, keeps what is to be told, and has it delivered until it is taken or given up.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use croft_api::{projection::Supervisor, random};
use croft_model::{NotifySettings, Projection, Report, Standing};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::{
    sync::{Notify, watch},
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    deliver::{self, Destination, Parcel},
    dial::Sent,
    error::NotifierError,
    failure::Failure,
    health,
    plan::{AFTER_START, Audience, Look, Message, PATIENCE, next_try},
    records::{Kept, Records, Waiting},
    words::Sender,
};

/// How long one message may take.
const DELIVERY: Duration = Duration::from_secs(45);
/// How often it is looked while something may have to be told soon.
const ASTIR: Duration = Duration::from_secs(2);
/// How often otherwise. The supervisor is told as often: one that started again knows no warning.
const AT_REST: Duration = Duration::from_secs(10);
/// Messages that wait for one destination; of more the oldest is given up.
const MAX_WAITING: usize = 64;
/// How long a destination may be without its secret before that is a warning: setting it up takes two steps.
const SETTING_UP: Duration = Duration::from_secs(60);
/// How long a change waits to be written down before it goes on from memory: a disk that hangs must not keep the box from telling.
const KEEPING: Duration = Duration::from_secs(3);
/// By more than this, a clock is not slow or fast, but was set.
const SET: SignedDuration = SignedDuration::from_secs(5);

/// The desk of the role. Cheap to clone.
#[derive(Clone)]
pub struct Desk(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) records: Records,
    pub(crate) projection: watch::Receiver<Option<Projection>>,
    pub(crate) warnings: watch::Receiver<Option<Standing>>,
    pub(crate) supervisor: Supervisor,
    state: Mutex<State>,
    /// How often the state was changed, and which of these changes was written down or tried to be.
    changes: watch::Sender<u64>,
    written: watch::Sender<u64>,
    /// Something is to be done at once.
    news: Notify,
    pub(crate) stop: CancellationToken,
}

struct State {
    now: Kept,
    clock: Clock,
    /// What the destinations were when it was last looked.
    settings: Option<NotifySettings>,
    /// Destinations without their secret, and since when.
    unready: BTreeMap<String, Instant>,
}

/// The clock of the wall beside one that nobody sets.
struct Clock {
    read: (Timestamp, Instant),
    /// The start of the supervisor that is known, and since when everybody has been able to speak: since then, or since the clock was set.
    started: Option<Timestamp>,
    since: Instant,
}

impl Clock {
    fn new() -> Self {
        Self { read: (Timestamp::now(), Instant::now()), started: None, since: Instant::now() }
    }

    /// Reads both; gives by how much the clock was set since it was read last, if it was.
    fn read(&mut self, wall: Timestamp, steady: Instant) -> Option<SignedDuration> {
        let (wall_before, steady_before) = std::mem::replace(&mut self.read, (wall, steady));
        let passed = SignedDuration::try_from(steady.saturating_duration_since(steady_before)).unwrap_or(SignedDuration::MAX);
        let set = wall.duration_since(wall_before).saturating_sub(passed);
        let was_set = set.abs() >= SET;
        if was_set {
            self.since = steady;
        }
        was_set.then_some(set)
    }

    /// Whether everybody had the time to speak since the supervisor started.
    fn everybody_spoke(&mut self, started: Timestamp, steady: Instant) -> bool {
        if self.started.replace(started) != Some(started) {
            self.since = steady;
        }
        steady.saturating_duration_since(self.since) >= AFTER_START
    }
}

impl Desk {
    pub(crate) fn new(
        records: Records,
        projection: watch::Receiver<Option<Projection>>,
        warnings: watch::Receiver<Option<Standing>>,
        supervisor: Supervisor,
        stop: CancellationToken,
    ) -> Result<Self, NotifierError> {
        let kept = records.load()?;
        let state = Mutex::new(State { now: kept, clock: Clock::new(), settings: None, unready: BTreeMap::new() });
        let (changes, written, news) = (watch::Sender::new(0), watch::Sender::new(0), Notify::new());
        Ok(Self(Arc::new(Inner { records, projection, warnings, supervisor, state, changes, written, news, stop })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept now.
    pub(crate) fn kept(&self) -> Kept {
        self.state().now.clone()
    }

    /// The section `notify`, once it has come.
    pub(crate) fn settings(&self) -> Option<NotifySettings> {
        self.0.projection.borrow().as_ref()?.notify.clone()
    }

    /// How the box names itself.
    pub(crate) fn sender(&self) -> Sender {
        let projection = self.0.projection.borrow();
        let this_box = projection.as_ref().and_then(|projection| projection.this_box.clone()).unwrap_or_default();
        let zone = projection.as_ref().and_then(|projection| TimeZone::get(&projection.time.as_ref()?.zone).ok());
        Sender { name: this_box.name, host: this_box.host, zone: zone.unwrap_or(TimeZone::UTC) }
    }

    /// Tries everything that waits anew, at once.
    pub(crate) async fn try_again(&self) {
        let now = Timestamp::now();
        self.change(|kept| kept.queue.values_mut().for_each(|waiting| waiting.next = now)).await;
        self.0.news.notify_one();
    }

    /// Changes what is kept. It holds from then on in any case; it is waited a moment until it is written down, or cannot be.
    pub(crate) async fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        let value = {
            let mut state = self.state();
            let mut after = state.now.clone();
            let value = change(&mut after);
            state.now = after;
            value
        };
        self.0.changes.send_modify(|changes| *changes += 1);
        let number = *self.0.changes.borrow();
        let mut written = self.0.written.subscribe();
        let waited = timeout(KEEPING, written.wait_for(|written| *written >= number)).await;
        if waited.is_err() {
            tracing::warn!("the disk is too slow for what is to be told; it is told from memory");
        }
        value
    }

    /// Writes down what is kept, whenever it has changed, one state after the other and whoever waits for it. What the disk does not take is written
    /// with the next change.
    pub(crate) async fn write_down(self) {
        let (mut changes, mut on_disk) = (self.0.changes.subscribe(), None);
        loop {
            let number = *changes.borrow_and_update();
            let now = self.kept();
            if on_disk.as_ref() != Some(&now) {
                on_disk = match self.0.records.save(now.clone()).await {
                    Ok(()) => Some(now),
                    Err(error) => {
                        tracing::warn!(%error, "what is to be told cannot be kept; it is told from memory");
                        None
                    }
                };
            }
            self.0.written.send_replace(number);
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Works until the role ends.
    pub(crate) async fn work(self) {
        let (mut projection, mut warnings) = (self.0.projection.clone(), self.0.warnings.clone());
        let mut told: Option<(Instant, Report)> = None;
        let mut under_way = UnderWay::default();
        loop {
            projection.mark_unchanged();
            warnings.mark_unchanged();
            self.look().await;
            self.deliver(&mut under_way);
            self.report(&mut told).await;
            // Cancel-safe: changes stay marked in their channels, a call is kept as a permit, and an ended task waits in its set.
            // What is under way when it stops waits, and is sent again with the same id.
            tokio::select! {
                () = self.0.stop.cancelled() => return,
                _ = projection.changed() => {}
                _ = warnings.changed() => {}
                Some(_) = under_way.tasks.join_next() => {}
                () = self.0.news.notified() => {}
                () = tokio::time::sleep(self.pause()) => {}
            }
        }
    }

    fn pause(&self) -> Duration {
        if self.state().now.book.is_astir() { ASTIR } else { AT_REST }
    }

    /// Sees what stands, and puts into the queue what is to be told.
    async fn look(&self) {
        let Some(settings) = self.settings() else { return };
        let destinations: Vec<String> = Destination::all(&settings).into_iter().map(|(name, _)| name).collect();
        let changed = self.state().settings.replace(settings.clone()).is_some_and(|before| before != settings);
        match timeout(KEEPING, self.0.records.keep_only(&destinations)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "secrets of destinations that are gone cannot be removed"),
            Err(_) => tracing::warn!("secrets of destinations that are gone cannot be removed: the disk is too slow"),
        }
        let (standing, zone) = (self.0.warnings.borrow().clone(), self.sender().zone);
        let (now, steady) = (Timestamp::now(), Instant::now());
        let (set, everybody_spoke) = {
            let clock = &mut self.state().clock;
            let set = clock.read(now, steady);
            (set, standing.as_ref().is_some_and(|standing| clock.everybody_spoke(standing.started, steady)))
        };
        self.change(|kept| {
            if let Some(by) = set {
                shift(kept, by);
            }
            not_after(kept, now);
            kept.tallies.retain(|name, _| destinations.contains(name));
            let gone = kept.queue.iter().filter(|(_, waiting)| !destinations.contains(&waiting.to)).map(|(number, _)| *number);
            gone.collect::<Vec<_>>().into_iter().for_each(|number| drop(take_out(kept, number, now)));
            if changed {
                kept.queue.values_mut().for_each(|waiting| waiting.next = now);
            }
            if let Some(Standing { warnings, .. }) = standing {
                let audience = if destinations.is_empty() { Audience::Nobody } else { Audience::Somebody };
                let messages = kept.book.look(Look { now, zone: &zone, everybody_spoke, standing: &warnings, audience });
                messages.into_iter().for_each(|message| enqueue(kept, &message, &destinations, now));
            }
        })
        .await;
    }

    /// Has delivered what is due, each destination's in order; no destination waits for another.
    fn deliver(&self, under_way: &mut UnderWay) {
        let Some(settings) = self.settings() else { return };
        let authority = settings.authority.clone();
        let destinations: BTreeMap<String, Destination> = Destination::all(&settings).into_iter().collect();
        under_way.busy.retain(|name, (destination, believed, task)| {
            if destinations.get(name) != Some(destination) || *believed != authority {
                task.abort();
            }
            !task.is_finished()
        });
        for (name, destination) in destinations {
            if !under_way.busy.contains_key(&name) && self.due(&name).is_some() {
                let (desk, to, believed) = (self.clone(), (name.clone(), destination.clone()), authority.clone());
                let task = under_way.tasks.spawn(async move { desk.deliver_to(&to.0, &to.1, believed.as_deref()).await });
                under_way.busy.insert(name, (destination, authority.clone(), task));
            }
        }
    }

    /// The first message for a destination, if it is time for it.
    fn due(&self, name: &str) -> Option<(u64, Waiting)> {
        let state = self.state();
        let first = state.now.queue.iter().find(|(_, waiting)| waiting.to == name);
        first.filter(|(_, waiting)| waiting.next <= Timestamp::now()).map(|(number, waiting)| (*number, waiting.clone()))
    }

    async fn deliver_to(&self, name: &str, destination: &Destination, authority: Option<&str>) {
        for _ in 0..MAX_WAITING {
            let Some((number, waiting)) = self.due(name) else { return };
            let parcel = Parcel { id: &waiting.id, made: waiting.made, message: &waiting.message };
            let told = Box::pin(self.tell((name, destination), authority, parcel, DELIVERY)).await;
            let now = Timestamp::now();
            self.change(|kept| if told.is_ok() { taken(kept, number, &waiting.id) } else { failed(kept, number, &waiting.id, now) }).await;
            if told.is_err() {
                return;
            }
        }
    }

    /// Tells one message once, and notes how it went.
    pub(crate) async fn tell(
        &self,
        (name, destination): (&str, &Destination),
        authority: Option<&str>,
        parcel: Parcel<'_>,
        patience: Duration,
    ) -> Result<String, Failure> {
        let sent = Sent::default();
        let told = deliver::attempt(&self.0.records, (name, destination), authority, parcel, &self.sender(), (patience, &sent)).await;
        let now = Timestamp::now();
        match &told {
            Ok(_) => tracing::info!(destination = name, bytes = sent.bytes(), "somebody was told"),
            Err(failure) => tracing::warn!(destination = name, error = %failure, "somebody could not be told"),
        }
        self.change(|kept| {
            let tally = kept.tallies.entry(name.to_owned()).or_default();
            tally.sent_bytes = tally.sent_bytes.saturating_add(sent.bytes());
            match &told {
                Ok(_) => {
                    tally.told = tally.told.saturating_add(1);
                    (tally.last_told, tally.failing, tally.gave_up) = (Some(now), None, None);
                }
                Err(failure) => tally.failing = Some((now, failure.to_string())),
            }
        })
        .await;
        told
    }

    /// Whether the secret of a destination is kept.
    pub(crate) fn has_secret(&self, name: &str, destination: &Destination, authority: Option<&str>) -> bool {
        self.0.records.secret(name, &destination.bound_to(authority)).is_some()
    }

    /// Tells the supervisor what is not well with telling, when that has changed, and now and then.
    async fn report(&self, told: &mut Option<(Instant, Report)>) {
        let generation = self.0.projection.borrow().as_ref().map(|projection| projection.generation).unwrap_or_default();
        let (settings, now) = (self.settings().unwrap_or_default(), Timestamp::now());
        let kept = self.kept();
        let mut warnings = Vec::new();
        let mut unready = BTreeMap::new();
        for (name, destination) in Destination::all(&settings) {
            let lacks = destination.wants_secret() && !self.has_secret(&name, &destination, settings.authority.as_deref());
            let since = *self.state().unready.get(&name).unwrap_or(&Instant::now());
            let why = (lacks && since.elapsed() >= SETTING_UP).then(|| destination.without_secret().to_string());
            if lacks {
                unready.insert(name.clone(), since);
            }
            let waiting = kept.queue.values().filter(|waiting| waiting.to == name).count();
            let tally = kept.tallies.get(&name).cloned().unwrap_or_default();
            warnings.extend(health::warnings(&health::Known { name: &name, tally: &tally, waiting, unready: why }, now));
        }
        self.state().unready = unready;
        let report = Report { generation, warnings, ..Report::default() };
        let same = |before: &Report| before.generation == report.generation && alike(&before.warnings, &report.warnings);
        if told.as_ref().is_some_and(|(at, before)| at.elapsed() < AT_REST && same(before)) {
            return;
        }
        match self.0.supervisor.report(&report).await {
            Ok(()) => *told = Some((Instant::now(), report)),
            Err(problem) => tracing::debug!(%problem, "the supervisor does not take the notifier's report"),
        }
    }
}

/// Whether two lists say the same, whenever it was.
fn alike(one: &[croft_model::Warning], other: &[croft_model::Warning]) -> bool {
    let words = |list: &[croft_model::Warning]| -> Vec<String> {
        list.iter().map(|warning| format!("{}\n{}\n{}", warning.code, warning.subject, warning.lines.join("\n"))).collect()
    };
    words(one) == words(other)
}

/// A name for a message, which no other has.
pub(crate) fn new_id() -> String {
    // Without randomness nobody is told twice either: the time is as good for that.
    random::bytes::<16>()
        .map_or_else(|_| format!("msg_{}", Timestamp::now().as_nanosecond()), |bytes| format!("msg_{}", hex::encode(bytes)))
}

fn enqueue(kept: &mut Kept, message: &Message, destinations: &[String], now: Timestamp) {
    let id = new_id();
    for to in destinations {
        let number = kept.queue.last_key_value().map_or(1, |(last, _)| last.saturating_add(1));
        kept.queue.insert(
            number,
            Waiting { to: to.clone(), id: id.clone(), made: now, message: message.clone(), taken: false, tries: 0, next: now },
        );
        while kept.queue.values().filter(|waiting| waiting.to == *to).count() > MAX_WAITING {
            let oldest = kept.queue.iter().find(|(_, waiting)| waiting.to == *to).map(|(number, _)| *number);
            oldest.into_iter().for_each(|number| drop_one(kept, number, now));
        }
    }
}

/// A destination took a message.
fn taken(kept: &mut Kept, number: u64, id: &str) {
    // Not another that came to this place since.
    kept.queue.retain(|place, waiting| *place != number || waiting.id != id);
    kept.queue.values_mut().filter(|waiting| waiting.id == id).for_each(|waiting| waiting.taken = true);
}

/// A destination did not take a message, which is given up after days of that: after a try, so that a box that was off for days tries once.
fn failed(kept: &mut Kept, number: u64, id: &str, now: Timestamp) {
    let Some(waiting) = kept.queue.get_mut(&number).filter(|waiting| waiting.id == id) else { return };
    waiting.tries = waiting.tries.saturating_add(1);
    waiting.next = next_try(now, waiting.tries);
    if now.duration_since(waiting.made) >= PATIENCE {
        drop_one(kept, number, now);
    }
}

/// A clock that was set back must not make a message wait for the time that it showed before.
fn not_after(kept: &mut Kept, now: Timestamp) {
    for waiting in kept.queue.values_mut() {
        waiting.made = waiting.made.min(now);
        waiting.next = waiting.next.min(next_try(now, u32::MAX));
    }
}

/// The clock was set by so much: everything keeps its distance.
fn shift(kept: &mut Kept, by: SignedDuration) {
    kept.book.shift(by);
    for time in kept.queue.values_mut().flat_map(|waiting| [&mut waiting.made, &mut waiting.next]) {
        *time = time.saturating_add(by).unwrap_or(*time);
    }
}

fn drop_one(kept: &mut Kept, number: u64, now: Timestamp) {
    if let Some(waiting) = take_out(kept, number, now) {
        let tally = kept.tallies.entry(waiting.to).or_default();
        tally.dropped = tally.dropped.saturating_add(1);
        tally.gave_up = Some(now);
    }
}

/// Takes a message out of the queue that its destination did not take; what nobody took and nobody will counts as not told.
fn take_out(kept: &mut Kept, number: u64, now: Timestamp) -> Option<Waiting> {
    let waiting = kept.queue.remove(&number)?;
    if !waiting.taken && !kept.queue.values().any(|other| other.id == waiting.id) {
        kept.book.untell(&waiting.message, waiting.made, now);
    }
    Some(waiting)
}

/// Deliveries that are under way, one for each destination at most.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    busy: BTreeMap<String, (Destination, Option<String>, AbortHandle)>,
}

#[cfg(test)]
mod tests {
    use croft_model::{Severity, Warning};

    use super::*;
    use crate::plan::Occasion;

    fn message() -> Message {
        Message { occasion: Occasion::Test, items: Vec::new(), more: 0, last: false }
    }

    #[test]
    fn what_nobody_takes_is_given_up_and_counted() {
        let (mut kept, start) = (Kept::default(), Timestamp::UNIX_EPOCH);
        let both = ["mail".to_owned(), "phone".to_owned()];
        enqueue(&mut kept, &message(), &both, start);
        assert_eq!(kept.queue.values().map(|waiting| waiting.id.clone()).collect::<std::collections::BTreeSet<_>>().len(), 1, "one id");
        for _ in 0..MAX_WAITING {
            enqueue(&mut kept, &message(), &both[..1], start);
        }
        assert_eq!((kept.queue.len(), kept.tallies["mail"].dropped), (MAX_WAITING + 1, 1));
        let later = start + PATIENCE;
        // Nothing is given up before a try.
        not_after(&mut kept, later);
        assert_eq!(kept.queue.len(), MAX_WAITING + 1);
        let all: Vec<(u64, Waiting)> = kept.queue.clone().into_iter().collect();
        for (number, waiting) in &all {
            failed(&mut kept, *number, &waiting.id, later - SignedDuration::from_secs(1));
        }
        assert_eq!((kept.queue.len(), kept.tallies["mail"].dropped), (MAX_WAITING + 1, 1), "not yet");
        for (number, waiting) in &all {
            failed(&mut kept, *number, &waiting.id, later);
        }
        let dropped = |name: &str| kept.tallies[name].dropped;
        assert_eq!((kept.queue.len(), dropped("mail"), dropped("phone")), (0, 1 + MAX_WAITING as u64, 1));
        enqueue(&mut kept, &message(), &both[1..], later);
        not_after(&mut kept, start);
        assert!(kept.queue.values().all(|waiting| waiting.made <= start && waiting.next <= next_try(start, 9)), "the clock was set back");
    }

    #[test]
    fn what_no_destination_took_is_not_told() {
        let warning = Warning {
            code: "disk-failing".into(),
            subject: "x".into(),
            severity: Severity::Critical,
            title: "-".into(),
            meaning: "-".into(),
            action: "-".into(),
            lines: Vec::new(),
            depends_on: None,
            since: Timestamp::UNIX_EPOCH,
        };
        // How many messages follow when the first one is taken or not by one destination, and then given up by the other.
        let check = |taken_by_mail: bool, expected: usize| {
            let (mut kept, mut now) = (Kept::default(), Timestamp::UNIX_EPOCH);
            let both = ["mail".to_owned(), "phone".to_owned()];
            let mut look = |kept: &mut Kept, seconds: i64| {
                now += SignedDuration::from_secs(seconds);
                let standing = std::slice::from_ref(&warning);
                let look = Look { now, zone: &TimeZone::UTC, everybody_spoke: true, standing, audience: Audience::Somebody };
                (kept.book.look(look), now)
            };
            look(&mut kept, 0);
            let (messages, at) = look(&mut kept, 30);
            assert_eq!(messages.len(), 1);
            enqueue(&mut kept, &messages[0], &both, at);
            let id = kept.queue[&1].id.clone();
            if taken_by_mail {
                taken(&mut kept, 1, &id);
            } else {
                drop_one(&mut kept, 1, at);
            }
            assert_eq!(kept.queue.len(), 1);
            assert_eq!(look(&mut kept, 60).0.len(), 0, "the other may still take it");
            drop_one(&mut kept, 2, at);
            assert_eq!(look(&mut kept, 60).0.len(), expected, "{taken_by_mail}");
        };
        check(true, 0);
        check(false, 1);
    }

    #[test]
    fn a_clock_that_is_set_is_seen_and_makes_everybody_speak_again() {
        let (wall, steady) = (Timestamp::UNIX_EPOCH, Instant::now());
        let mut clock = Clock { read: (wall, steady), started: None, since: steady };
        let after = |seconds: u64| steady + Duration::from_secs(seconds);
        assert!(!clock.everybody_spoke(wall, after(0)));
        assert!(clock.everybody_spoke(wall, after(120)));
        assert_eq!(clock.read(wall + SignedDuration::from_secs(121), after(120)), None, "a clock may be a little fast");
        let year = SignedDuration::from_hours(24 * 365);
        assert_eq!(clock.read(wall + SignedDuration::from_secs(131) + year, after(130)), Some(year));
        assert!(!clock.everybody_spoke(wall, after(249)));
        assert!(clock.everybody_spoke(wall, after(250)));
        assert_eq!(clock.read(wall, after(250)), Some(-year - SignedDuration::from_secs(251)));
        assert!(!clock.everybody_spoke(wall, after(369)));
        assert!(!clock.everybody_spoke(wall + year, after(371)), "the supervisor started again");
    }
}
