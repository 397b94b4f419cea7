//! What is told when. Pure: the time and what stands are arguments.
//!
//! Serious warnings are told at once, once they have stood for [`SETTLE`]; light ones at nine in the morning, together. What was told is not told
//! again within a day, unless it got worse or was said to be over. When all that was told is over, that is told once.

use std::{collections::BTreeMap, time::Duration};

use croft_model::{Severity, Warning};
use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// How long something must stand before it is told: what ends by itself wakes nobody.
pub(crate) const SETTLE: SignedDuration = SignedDuration::from_secs(30);
/// How long something that was told must be gone before that is told.
const WELL: SignedDuration = SignedDuration::from_secs(60);
/// The same for what came back within a day: what comes and goes is told rarely.
const WELL_AFTER_RETURN: SignedDuration = SignedDuration::from_hours(6);
/// After a start of the supervisor nothing counts as over for so long: not every role has said yet what is not well.
pub(crate) const AFTER_START: Duration = Duration::from_secs(120);
/// What comes so often within [`OFTEN_WITHIN`] is told, however short it stands.
const OFTEN: usize = 3;
const OFTEN_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// What was gone before it was told is remembered for so long, so that its coming back is seen.
const LINGER: SignedDuration = SignedDuration::from_mins(10);
/// For so long, the same is not told twice.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Something critical is named again on the first morning after so long: a little less than a day, so that it is every morning.
const REMIND: SignedDuration = SignedDuration::from_hours(23);
/// Messages within a day, those of the morning not counted.
pub(crate) const MOST_A_DAY: usize = 12;
/// When light warnings are told, by the box's clock.
const MORNING: Time = Time::constant(9, 0, 0, 0);
/// Warnings that a message names; the rest are counted.
const MAX_ITEMS: usize = 20;
/// Warnings that are remembered. The supervisor keeps fewer.
const MAX_KNOWN: usize = 512;
/// Longest sentence of a warning that is kept, in characters.
const MAX_SENTENCE: usize = 600;
/// Warnings of this role begin so: they are about telling itself, and are not told.
pub(crate) const OWN: &str = "notify-";

/// What is remembered between two looks. Kept on disk whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Book {
    /// Warnings by code and subject.
    known: BTreeMap<String, Known>,
    /// When messages were made, within the last day.
    told: Vec<Timestamp>,
}

/// A warning, as far as telling it is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    item: Item,
    /// Since when it stands without having been said to be over.
    seen: Timestamp,
    /// Since when it does not stand any more.
    gone: Option<Timestamp>,
    /// When it was told, and how grave it was then.
    told: Option<(Timestamp, Severity)>,
    /// When it was said to be over.
    over: Option<Timestamp>,
    /// It came back within a day of that.
    returned: bool,
    /// When it came, the last [`OFTEN`] times.
    #[serde(default)]
    came: Vec<Timestamp>,
}

/// A warning in a message: the words of Repairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) code: String,
    pub(crate) subject: String,
    pub(crate) severity: Severity,
    pub(crate) title: String,
    pub(crate) meaning: String,
    pub(crate) action: String,
    pub(crate) since: Timestamp,
}

impl Item {
    fn of(warning: &Warning) -> Self {
        let short = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_SENTENCE).collect::<String>();
        Self {
            code: short(&warning.code),
            subject: short(&warning.subject),
            severity: warning.severity,
            title: short(&warning.title),
            meaning: short(&warning.meaning),
            action: short(&warning.action),
            since: warning.since,
        }
    }
}

/// Why a message is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Occasion {
    /// Something serious stands.
    Raised,
    /// The warnings of a day.
    Gathered,
    /// Everything that was told is over.
    Well,
    /// Somebody tries whether telling works.
    Test,
}

/// What is to be told, before it has an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) occasion: Occasion,
    /// What it is about, the gravest first.
    pub(crate) items: Vec<Item>,
    /// How many more there are.
    pub(crate) more: usize,
    /// Nothing follows within a day of the first of them, whatever happens.
    pub(crate) last: bool,
}

/// What is seen at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) now: Timestamp,
    /// Whose mornings.
    pub(crate) zone: &'a TimeZone,
    /// Whether every role had [`AFTER_START`] to say what is not well.
    pub(crate) everybody_spoke: bool,
    /// What people see in Repairs.
    pub(crate) standing: &'a [Warning],
    /// Whether there is anybody to tell.
    pub(crate) audience: Audience,
}

/// Whether there is anybody to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// There is.
    Somebody,
    /// Nobody is told, so nothing counts as told: who is added later hears what stands then.
    Nobody,
}

impl Book {
    /// Messages within the day before `now`.
    pub(crate) fn told_today(&self, now: Timestamp) -> usize {
        self.told.iter().filter(|at| now.duration_since(**at) < DAY).count()
    }

    /// Whether something may have to be told soon, so that it is to be looked again in seconds.
    pub(crate) fn is_astir(&self) -> bool {
        self.known.values().any(|known| match (known.gone, known.told) {
            (None, None) => true,
            (None, Some((_, severity))) => known.item.severity > severity,
            (Some(_), told) => known.over.is_none() && told.is_some_and(|(_, severity)| severity > Severity::Notice),
        })
    }

    /// Takes in what is seen, and decides what is told now.
    pub(crate) fn look(&mut self, look: Look<'_>) -> Vec<Message> {
        let now = look.now;
        // A clock that was set back must not silence the box.
        self.told.retain(|at| *at <= now && now.duration_since(*at) < DAY);
        self.see(look);
        if look.audience == Audience::Nobody {
            self.known.values_mut().for_each(|known| (known.told, known.over) = (None, None));
            return Vec::new();
        }
        let mut messages = Vec::new();
        messages.extend(self.raise(now));
        messages.extend(self.gather(look));
        messages.extend(self.end(look));
        messages
    }

    /// A message that nobody took counts as not told: its warnings are told again, as if they had come now.
    pub(crate) fn untell(&mut self, message: &Message, made: Timestamp, now: Timestamp) {
        let same = |item: &Item, known: &Known| item.code == known.item.code && item.subject == known.item.subject;
        for known in self.known.values_mut() {
            let named = message.items.iter().any(|item| same(item, known));
            match message.occasion {
                Occasion::Well if named && known.over.is_some_and(|over| over <= made) => known.over = None,
                Occasion::Raised | Occasion::Gathered => {
                    // What it only counted was told at its moment.
                    let counted = message.more > 0 && known.told.is_some_and(|(at, _)| at == made);
                    if counted || named && known.told.is_some_and(|(at, _)| at <= made) {
                        (known.told, known.seen) = (None, now);
                    }
                }
                Occasion::Well | Occasion::Test => {}
            }
        }
    }

    /// The clock was set by so much: everything keeps its distance.
    pub(crate) fn shift(&mut self, by: SignedDuration) {
        let times = self.known.values_mut().flat_map(|known| {
            let told = known.told.iter_mut().map(|(at, _)| at);
            [&mut known.seen].into_iter().chain(&mut known.gone).chain(&mut known.over).chain(told).chain(&mut known.came)
        });
        times.chain(&mut self.told).for_each(|time| *time = time.saturating_add(by).unwrap_or(*time));
    }

    fn see(&mut self, look: Look<'_>) {
        let now = look.now;
        let standing = look.standing.iter().filter(|warning| !warning.code.starts_with(OWN));
        let standing: BTreeMap<String, Item> = standing.map(|warning| (key(warning), Item::of(warning))).collect();
        for (key, known) in &mut self.known {
            known.not_after(now);
            match standing.get(key) {
                Some(item) => known.stands(item, now),
                None => known.gone = known.gone.or(Some(now)),
            }
        }
        for (key, item) in standing {
            if self.known.len() < MAX_KNOWN {
                let new = Known { item, seen: now, gone: None, told: None, over: None, returned: false, came: vec![now] };
                self.known.entry(key).or_insert(new);
            }
        }
        self.known.retain(|_, known| match (known.gone, known.over, known.told) {
            // Nobody heard of it, or it was too light for its end to be told.
            (Some(gone), _, None) => now.duration_since(gone) < if known.returned { DAY } else { LINGER },
            (Some(gone), None, Some((_, Severity::Notice))) => now.duration_since(gone) < DAY,
            (Some(_), Some(over), Some(_)) => now.duration_since(over) < DAY,
            _ => true,
        });
    }

    /// Serious ones that have stood long enough.
    fn raise(&mut self, now: Timestamp) -> Option<Message> {
        if self.told.len() >= MOST_A_DAY {
            return None;
        }
        let serious = |known: &&mut Known| known.item.severity > Severity::Notice && known.is_news(now);
        let items = tell(self.known.values_mut().filter(serious), now);
        let message = (!items.is_empty()).then(|| self.message(Occasion::Raised, items));
        self.count(&message, now);
        message
    }

    /// Light ones since the last morning, serious ones that were too many for a day, and critical ones that still stand since the day before.
    fn gather(&mut self, look: Look<'_>) -> Option<Message> {
        let (now, zone) = (look.now, look.zone);
        let due = |since: Timestamp| morning_after(since, zone).is_some_and(|morning| morning <= now);
        let news = |known: &Known| known.is_news(now) && due(known.seen);
        let reminder = |known: &Known| {
            let told = known.told.filter(|_| known.item.severity == Severity::Critical && known.gone.is_none());
            told.is_some_and(|(at, _)| at.saturating_add(REMIND).is_ok_and(&due))
        };
        if !self.known.values().any(|known| news(known) || reminder(known)) {
            return None;
        }
        let items = tell(self.known.values_mut().filter(|known| known.is_news(now) || reminder(known)), now);
        Some(self.message(Occasion::Gathered, items))
    }

    /// Everything serious that was told is over.
    fn end(&mut self, look: Look<'_>) -> Option<Message> {
        let now = look.now;
        if !look.everybody_spoke || self.told.len() >= MOST_A_DAY {
            return None;
        }
        let open = |known: &Known| known.over.is_none() && known.told.is_some_and(|(_, severity)| severity > Severity::Notice);
        let over = |known: &Known| {
            let enough = if known.returned { WELL_AFTER_RETURN } else { WELL };
            known.gone.is_some_and(|gone| now.duration_since(gone) >= enough)
        };
        // What is serious and was not told yet will be in a moment.
        if self.known.values().any(|known| known.gone.is_none() && known.item.severity > Severity::Notice) {
            return None;
        }
        let mut told = self.known.values().filter(|known| open(known)).peekable();
        told.peek()?;
        if !told.all(over) {
            return None;
        }
        let mut items = Vec::new();
        for known in self.known.values_mut().filter(|known| open(known)) {
            known.over = Some(now);
            items.push(known.item.clone());
        }
        let message = Some(self.message(Occasion::Well, items));
        self.count(&message, now);
        message
    }

    fn message(&self, occasion: Occasion, mut items: Vec<Item>) -> Message {
        items.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.since.cmp(&b.since)).then(a.code.cmp(&b.code)));
        let more = items.len().saturating_sub(MAX_ITEMS);
        items.truncate(MAX_ITEMS);
        let last = occasion != Occasion::Gathered && self.told.len() + 1 >= MOST_A_DAY;
        Message { occasion, items, more, last }
    }

    fn count(&mut self, message: &Option<Message>, now: Timestamp) {
        self.told.extend(message.iter().map(|_| now));
    }
}

impl Known {
    fn stands(&mut self, item: &Item, now: Timestamp) {
        let was_gone = self.gone.take();
        if was_gone.is_some() {
            self.came.push(now);
            self.came.drain(..self.came.len().saturating_sub(OFTEN));
        }
        if self.over.take().is_some() {
            // It was said that all is well, which is so no more.
            (self.seen, self.told, self.returned) = (now, None, true);
        } else if let (Some(gone), Some((at, _))) = (was_gone, self.told)
            && now.duration_since(gone) >= WELL
            && now.duration_since(at) >= DAY
        {
            (self.seen, self.told) = (now, None);
        } else if was_gone.is_some() && self.told.is_none() && !self.is_frequent(now) {
            self.seen = now;
        }
        self.item.clone_from(item);
    }

    /// A clock that was set back must not make anything wait for the time that it showed before.
    fn not_after(&mut self, now: Timestamp) {
        self.seen = self.seen.min(now);
        self.gone = self.gone.map(|gone| gone.min(now));
        self.over = self.over.map(|over| over.min(now));
        self.told = self.told.map(|(at, severity)| (at.min(now), severity));
        self.came.iter_mut().for_each(|came| *came = (*came).min(now));
    }

    fn is_frequent(&self, now: Timestamp) -> bool {
        self.came.len() >= OFTEN && self.came.iter().all(|came| now.duration_since(*came) < OFTEN_WITHIN)
    }

    /// Whether it stands, has stood long enough, and is not what was told last.
    fn is_news(&self, now: Timestamp) -> bool {
        let settled = now.duration_since(self.seen) >= SETTLE || self.is_frequent(now);
        self.gone.is_none() && settled && self.told.is_none_or(|(_, severity)| self.item.severity > severity)
    }
}

fn tell<'a>(news: impl Iterator<Item = &'a mut Known>, now: Timestamp) -> Vec<Item> {
    let told = news.map(|known| {
        known.told = Some((now, known.item.severity));
        known.item.clone()
    });
    told.collect()
}

fn key(warning: &Warning) -> String {
    format!("{} {}", warning.code, warning.subject)
}

/// The first morning after `time`.
fn morning_after(time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let local = time.to_zoned(zone.clone());
    let day = if local.time() < MORNING { local.date() } else { local.date().tomorrow().ok()? };
    Some(day.to_datetime(MORNING).to_zoned(zone.clone()).ok()?.timestamp())
}

/// When a message that failed `tries` times is tried again.
pub(crate) fn next_try(now: Timestamp, tries: u32) -> Timestamp {
    let minutes = 1_i64 << tries.saturating_sub(1).min(6);
    now.saturating_add(SignedDuration::from_mins(minutes.min(60))).unwrap_or(now)
}

/// How long a message is tried before it is given up.
pub(crate) const PATIENCE: SignedDuration = SignedDuration::from_hours(72);
