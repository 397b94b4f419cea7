//! From a wish to a commit: parse, validate, guard, find the difference. Pure; the time is an argument.

use std::collections::BTreeMap;

use croft_model::{Actor, Change, Commit, Invalid, Problem, Section, Settings, diff, inverse_of, parse_section, parse_settings, validate};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    guard::{self, Way},
    records::{Counters, CurrentRecord, TrialRecord},
    trial::{self, Trial},
};

/// Longest reason that is kept, in characters: a few sentences.
const MAX_WHY: usize = 500;
/// Changed keys that a line of the audit log names.
const NAMED_KEYS: usize = 4;

/// The settings that hold now.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct InForce {
    /// Generation of the document; 0 before the first commit.
    pub(crate) generation: u64,
    /// Generation at which each section last changed.
    pub(crate) versions: BTreeMap<Section, u64>,
    /// The next ids.
    pub(crate) counters: Counters,
    /// The document.
    pub(crate) settings: Settings,
    /// The new address that nobody has confirmed yet.
    pub(crate) trial: Option<Trial>,
}

/// Who wants a change, why and when.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub(crate) who: Actor,
    pub(crate) why: String,
    pub(crate) at: Timestamp,
}

/// A document that somebody wants to be in force.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) document: Value,
    pub(crate) counters: Counters,
    pub(crate) way: Way,
    /// Code for the audit log.
    pub(crate) action: &'static str,
    /// Sentence for the audit log; made from the keys when absent.
    pub(crate) sentence: Option<String>,
}

/// Whether a new address is tried before it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trials {
    /// It is, for so long.
    Last(SignedDuration),
    /// It is not: the machine looks after its own address.
    Never,
}

/// The commit that makes a proposal true.
#[derive(Debug)]
pub(crate) struct Next {
    pub(crate) in_force: InForce,
    pub(crate) commit: Commit,
    pub(crate) action: &'static str,
    pub(crate) sentence: String,
}

impl InForce {
    /// What a writer of `section` sends as `If-Match`.
    pub(crate) fn etag(&self, section: Section) -> String {
        format!("\"{section}-{}\"", self.versions.get(&section).copied().unwrap_or_default())
    }

    /// The versions of all sections.
    pub(crate) fn etags(&self) -> BTreeMap<Section, String> {
        Section::ALL.into_iter().map(|section| (section, self.etag(section))).collect()
    }

    /// The document as JSON.
    pub(crate) fn document(&self) -> Value {
        serde_json::to_value(&self.settings).unwrap_or_default()
    }

    /// As it lies in the store.
    pub(crate) fn record(&self) -> CurrentRecord {
        CurrentRecord { generation: self.generation, versions: self.versions.clone(), counters: self.counters, document: self.document() }
    }

    /// From the store.
    ///
    /// # Errors
    /// A schema from the future, or a document that this release cannot read.
    pub(crate) fn read(record: CurrentRecord, trial: Option<TrialRecord>) -> Result<Self, Invalid> {
        let settings = parse_settings(record.document)?;
        let trial = trial.map(Trial::read);
        Ok(Self { generation: record.generation, versions: record.versions, counters: record.counters, settings, trial })
    }
}

/// The proposal to put `value` in the place of a section.
///
/// # Errors
/// The value cannot be read as that section.
pub(crate) fn section(before: &InForce, section: Section, value: Value) -> Result<Proposal, Problem> {
    let mut settings = before.settings.clone();
    parse_section(&mut settings, section, value)?;
    Ok(Proposal {
        document: serde_json::to_value(&settings).map_err(|error| croft_api::problem::internal(&error))?,
        counters: before.counters,
        way: Way::ByHand,
        action: "settings.changed",
        sentence: None,
    })
}

/// The commit for `proposal`, or nothing when everything is like that already.
///
/// # Errors
/// The problem that names the key at fault; nothing was changed.
pub(crate) fn plan(before: &InForce, proposal: Proposal, author: &Author, trials: Trials) -> Result<Option<Next>, Problem> {
    if author.why.chars().count() > MAX_WHY {
        return Err(Problem::new(422, "why-too-long", format!("A reason has at most {MAX_WHY} characters.")).key("why"));
    }
    let settings = parse_settings(proposal.document)?;
    guard::judge(&before.settings, &settings, proposal.way, before.counters, author.at)?;
    validate(&settings)?;
    let generation = before.generation + 1;
    let trial = match trials {
        Trials::Last(length) => {
            let until = author.at.saturating_add(length).unwrap_or(author.at);
            trial::after((&before.settings, before.trial.as_ref()), &settings, (generation, proposal.way), until)
        }
        Trials::Never => None,
    };
    let mut next = InForce { generation, versions: before.versions.clone(), counters: proposal.counters, settings, trial };
    let changes = differences(&before.document(), &next.document());
    if changes.is_empty() {
        return Ok(None);
    }
    for section in changes.keys() {
        next.versions.insert(*section, next.generation);
    }
    let sentence = proposal.sentence.unwrap_or_else(|| format!("Changed {}.", keys(&changes)));
    let commit = Commit { generation: next.generation, at: author.at, who: author.who.clone(), why: author.why.clone(), changes };
    Ok(Some(Next { in_force: next, commit, action: proposal.action, sentence }))
}

/// What lies between two documents, section by section.
pub(crate) fn differences(before: &Value, after: &Value) -> BTreeMap<Section, Change> {
    let part = |document: &Value, section: Section| document.get(section.key()).cloned().unwrap_or_default();
    Section::ALL
        .into_iter()
        .filter_map(|section| {
            let (old, new) = (part(before, section), part(after, section));
            (old != new).then(|| {
                let patch = diff(&old, &new);
                let inverse = inverse_of(&old, &patch);
                (section, Change { patch, inverse })
            })
        })
        .collect()
}

/// The first few dotted keys that changed.
fn keys(changes: &BTreeMap<Section, Change>) -> String {
    let mut keys = Vec::new();
    for (section, change) in changes {
        leaves(section.key(), &change.patch, &mut keys);
    }
    let more = keys.len().saturating_sub(NAMED_KEYS);
    keys.truncate(NAMED_KEYS);
    let named = keys.join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

fn leaves(path: &str, patch: &Value, keys: &mut Vec<String>) {
    match patch {
        Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                leaves(&format!("{path}.{key}"), value, keys);
            }
        }
        _ => keys.push(path.into()),
    }
}
