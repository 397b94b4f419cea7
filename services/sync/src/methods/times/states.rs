//! In which states a file was, as far as earlier times show it.

use std::collections::HashSet;

use croft_model::Problem;
use serde::Serialize;

use super::{
    super::{pairs, trash::present},
    Ground, Request,
};
use crate::{
    error::{Failure, not_found},
    exchange::{Answer, Body},
    judge::path,
    space::{Entry, Handle, Space, Time, blocking},
};

/// Times that are looked at: an hour each for weeks.
const MAX_LOOKED: usize = 2_000;

/// A state of a file that it has not now.
#[derive(Debug, Serialize)]
struct State {
    /// The latest time at which it was so, as addresses have it.
    time: String,
    /// The same in Unix seconds.
    at: i64,
    /// When the content was written, in Unix seconds.
    modified: i64,
    /// Bytes.
    size: u64,
}

#[derive(Debug, Serialize)]
struct States {
    states: Vec<State>,
}

/// What tells one state from another.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Content {
    Known(String),
    /// Where the file carries no id.
    Alike(u64, i128),
}

/// The states of the file at `segments`, the latest first. Only the path counts: where the file was moved, its states before are at the former path.
pub(super) async fn states(ground: &Ground, request: &Request, segments: &[String]) -> Result<Answer, Failure> {
    if !request.path.is_empty() {
        return Err(Problem::new(405, "method-not-allowed", "A file's states are those of all times.").into());
    }
    let (space, path) = (ground.space.clone(), path::names(segments)?);
    if path.is_empty() {
        return Err(not_found().into());
    }
    let states = blocking(move || {
        let mut seen = HashSet::new();
        if let Some(now) = present(space.entry(&path))? {
            seen.extend(contents(&now));
        }
        let mut states = Vec::new();
        for time in space.times()?.into_iter().take(MAX_LOOKED) {
            states.extend(state(&space, time, &path, &mut seen)?);
        }
        Ok(States { states })
    })
    .await?;
    let body = serde_json::to_vec(&states).map_err(|_| Failure::Broken("states are JSON"))?;
    let headers = pairs(&[("content-type", "application/json"), ("cache-control", "no-store")]);
    Ok(Answer { status: 200, headers, body: Body::Bytes(body.into()), changed: Vec::new() })
}

/// The state at `time`, if there was a file and none of those that were `seen` is the same.
fn state(space: &Space, time: Time, path: &[croft_files::Name], seen: &mut HashSet<Content>) -> Result<Option<State>, Failure> {
    let Some(entry) = present(space.past(time, path))?.filter(|entry| matches!(entry.handle, Handle::File(_))) else { return Ok(None) };
    let [known, alike] = contents(&entry);
    // One that carries an id is told by it alone.
    let content = if entry.stamp.id == 0 { alike } else { known };
    let (modified, size) = (entry.stat.modified_seconds(), entry.stat.size);
    Ok(seen.insert(content).then(|| State { time: time.address(), at: time.seconds(), modified, size }))
}

fn contents(entry: &Entry) -> [Content; 2] {
    [Content::Known(entry.etag.clone()), Content::Alike(entry.stat.size, entry.stat.modified_ns)]
}
