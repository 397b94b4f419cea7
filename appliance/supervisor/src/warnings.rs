//! The registry of health warnings: what is not as it should be, for as long as it is so.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use croft_model::{Event, Warning};
use tokio::sync::watch;

use crate::events::Events;

/// Warnings that one source may have at a time; more tell nobody anything.
const MAX_PER_SOURCE: usize = 64;
/// Lines that a warning may carry.
const MAX_LINES: usize = 50;

/// Who says it, the code, and what it is about.
type Key = (String, String, String);

/// All warnings that stand.
#[derive(Debug)]
pub(crate) struct Warnings {
    standing: Mutex<BTreeMap<Key, Warning>>,
    /// What people see of them.
    seen: watch::Sender<Vec<Warning>>,
    events: Events,
}

impl Warnings {
    pub(crate) fn new(events: Events) -> Self {
        Self { standing: Mutex::default(), seen: watch::Sender::default(), events }
    }

    /// Replaces everything that `source` has said. A warning that stood before keeps its `since`.
    pub(crate) fn replace(&self, source: &str, warnings: Vec<Warning>) {
        self.update(|standing| {
            let mut old = BTreeMap::new();
            standing.retain(|key, warning| {
                let keep = key.0 != source;
                if !keep {
                    old.insert(key.clone(), warning.clone());
                }
                keep
            });
            for warning in warnings.into_iter().take(MAX_PER_SOURCE) {
                insert(standing, &old, source, warning);
            }
        });
    }

    /// Says one more thing, or says it anew.
    pub(crate) fn raise(&self, source: &str, warning: Warning) {
        self.update(|standing| {
            let old = standing.clone();
            insert(standing, &old, source, warning);
        });
    }

    /// Takes one thing back.
    pub(crate) fn clear(&self, source: &str, code: &str, subject: &str) {
        self.update(|standing| {
            standing.remove(&(source.into(), code.into(), subject.into()));
        });
    }

    /// What people see: the gravest first, without those that another one explains.
    pub(crate) fn list(&self) -> Vec<Warning> {
        visible(&self.standing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Follows what people see.
    pub(crate) fn follow(&self) -> watch::Receiver<Vec<Warning>> {
        self.seen.subscribe()
    }

    fn update(&self, change: impl FnOnce(&mut BTreeMap<Key, Warning>)) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = visible(&standing);
        change(&mut standing);
        let after = visible(&standing);
        if before != after {
            self.seen.send_replace(after.clone());
            self.events.tell(Event::Warnings { warnings: after });
        }
    }
}

fn insert(standing: &mut BTreeMap<Key, Warning>, old: &BTreeMap<Key, Warning>, source: &str, mut warning: Warning) {
    let key = (source.to_owned(), warning.code.clone(), warning.subject.clone());
    warning.lines.truncate(MAX_LINES);
    if let Some(known) = old.get(&key) {
        warning.since = known.since;
    }
    standing.insert(key, warning);
}

fn visible(standing: &BTreeMap<Key, Warning>) -> Vec<Warning> {
    let explained = |warning: &Warning| {
        warning.depends_on.as_ref().is_some_and(|code| *code != warning.code && standing.keys().any(|(_, standing, _)| standing == code))
    };
    // Two who say the same are heard once: the graver one, else the first.
    let mut list: Vec<Warning> = Vec::new();
    for warning in standing.values().filter(|warning| !explained(warning)) {
        match list.iter_mut().find(|known| known.code == warning.code && known.subject == warning.subject) {
            Some(known) if known.severity >= warning.severity => {}
            Some(known) => known.clone_from(warning),
            None => list.push(warning.clone()),
        }
    }
    list.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.since.cmp(&b.since)).then(a.code.cmp(&b.code)));
    list
}

#[cfg(test)]
mod tests {
    use croft_model::Severity;
    use jiff::Timestamp;

    use super::*;

    fn warning(code: &str, severity: Severity, second: i64, depends_on: Option<&str>) -> Warning {
        Warning {
            code: code.into(),
            subject: String::new(),
            severity,
            title: String::new(),
            meaning: String::new(),
            action: String::new(),
            lines: Vec::new(),
            depends_on: depends_on.map(Into::into),
            since: Timestamp::from_second(second).expect("a time"),
        }
    }

    fn codes(warnings: &Warnings) -> Vec<(String, i64)> {
        warnings.list().into_iter().map(|warning| (warning.code, warning.since.as_second())).collect()
    }

    #[test]
    fn the_gravest_is_first_and_what_another_explains_is_hidden() {
        let warnings = Warnings::new(Events::new());
        warnings.replace("sync", vec![warning("slow", Severity::Notice, 5, None), warning("no-space", Severity::Critical, 6, None)]);
        warnings.raise("gateway", warning("no-files", Severity::Critical, 1, Some("no-space")));
        assert_eq!(codes(&warnings), [("no-space".into(), 6), ("slow".into(), 5)]);
        warnings.replace("sync", vec![warning("slow", Severity::Notice, 9, None)]);
        assert_eq!(codes(&warnings), [("no-files".into(), 1), ("slow".into(), 5)], "since is kept");
        warnings.clear("gateway", "no-files", "");
        warnings.replace("sync", Vec::new());
        assert!(codes(&warnings).is_empty());
        assert_eq!(*warnings.follow().borrow(), warnings.list(), "who follows sees the same");
    }

    #[test]
    fn two_who_say_the_same_are_heard_once() {
        let warnings = Warnings::new(Events::new());
        warnings.raise("storage", warning("nearly-full", Severity::Degraded, 2, None));
        warnings.raise("supervisor", warning("nearly-full", Severity::Degraded, 1, None));
        assert_eq!(codes(&warnings), [("nearly-full".into(), 2)]);
        warnings.raise("supervisor", warning("nearly-full", Severity::Critical, 3, None));
        assert_eq!(codes(&warnings), [("nearly-full".into(), 1)]);
        warnings.raise("supervisor", Warning { subject: "s1".into(), ..warning("nearly-full", Severity::Notice, 4, None) });
        assert_eq!(codes(&warnings), [("nearly-full".into(), 1), ("nearly-full".into(), 4)]);
        warnings.clear("supervisor", "nearly-full", "");
        assert_eq!(codes(&warnings), [("nearly-full".into(), 2), ("nearly-full".into(), 4)]);
    }
}
