//! Looking back: commits, differences between generations, and the proposal that takes a commit back.

use croft_api::{
    paging::{Page, PageQuery},
    wire::settings::Difference,
};
use croft_model::{Commit, PatchConflict, Problem, merge, revert};
use croft_store::{Order, Store};
use serde_json::Value;

use crate::{
    change::{self, InForce, Proposal},
    error::problem,
    guard::Way,
    records::HISTORY,
};

/// Commits that are walked through for one difference; further apart, an export is the better tool.
const MAX_WALK: usize = 10_000;

/// A page of commits, newest first.
pub(crate) fn page(store: &Store, query: PageQuery) -> Result<Page<Commit>, Problem> {
    let limit = query.limit();
    let read = store.read().map_err(problem)?;
    let mut rows = read.range(&HISTORY, ..query.before.unwrap_or(u64::MAX), Order::Descending, limit + 1).map_err(problem)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows.last().filter(|_| more).map(|(generation, _)| *generation);
    Ok(Page { items: rows.into_iter().map(|(_, record)| record.0).collect(), next_before })
}

/// The commit that made `generation`.
pub(crate) fn commit(store: &Store, generation: u64) -> Result<Commit, Problem> {
    let found = store.read().and_then(|read| read.get(&HISTORY, &generation)).map_err(problem)?;
    found.map(|record| record.0).ok_or_else(|| no_generation(generation))
}

/// What lies between two generations.
pub(crate) fn difference(store: &Store, now: &InForce, from: u64, to: Option<u64>) -> Result<Difference, Problem> {
    let to = to.unwrap_or(now.generation);
    for generation in [from, to] {
        if generation > now.generation {
            return Err(no_generation(generation));
        }
    }
    let before = document_at(store, now, from)?;
    let after = document_at(store, now, to)?;
    Ok(Difference { from, to, changes: change::differences(&before, &after) })
}

/// The proposal that takes `commit` back from the settings in force.
///
/// # Errors
/// `revert-conflict` with the key that somebody has changed since.
pub(crate) fn take_back(now: &InForce, commit: &Commit) -> Result<Proposal, Problem> {
    let mut document = now.document();
    for (section, change) in &commit.changes {
        let current = document.get(section.key()).cloned().unwrap_or_default();
        let reverted = revert(&current, &change.patch, &change.inverse).map_err(|PatchConflict { key }| {
            let key = format!("{section}.{key}");
            Problem::new(
                409,
                "revert-conflict",
                format!("{key} has been changed since generation {}, so that cannot simply be taken back.", commit.generation),
            )
            .hint("Take back the later change first, or set the value by hand.")
            .key(key)
        })?;
        put(&mut document, section.key(), reverted);
    }
    let sentence = format!("Took back generation {}.", commit.generation);
    Ok(Proposal { document, counters: now.counters, way: Way::Revert, action: "settings.reverted", sentence: Some(sentence) })
}

/// The document as it was at `generation`: the present one with all later commits undone.
fn document_at(store: &Store, now: &InForce, generation: u64) -> Result<Value, Problem> {
    let mut document = now.document();
    let read = store.read().map_err(problem)?;
    let later = read.range(&HISTORY, generation + 1.., Order::Descending, MAX_WALK + 1).map_err(problem)?;
    if later.len() > MAX_WALK {
        return Err(Problem::new(422, "too-far-back", format!("Generation {generation} is more than {MAX_WALK} changes ago.")).key("from"));
    }
    for (made, record) in later {
        // A commit that came in between reading the settings and reading the history is not in the document.
        for (section, change) in record.0.changes.iter().filter(|_| made <= now.generation) {
            let current = document.get(section.key()).cloned().unwrap_or_default();
            put(&mut document, section.key(), merge(&current, &change.inverse));
        }
    }
    Ok(document)
}

fn put(document: &mut Value, key: &str, value: Value) {
    if let Value::Object(sections) = document {
        sections.insert(key.into(), value);
    }
}

fn no_generation(generation: u64) -> Problem {
    Problem::new(404, "no-such-generation", format!("There is no generation {generation} of the settings."))
}
