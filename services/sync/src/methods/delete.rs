//! DELETE: a file or a whole tree goes to the trash, in one step.

use std::sync::Arc;

use croft_files::{Change, Kind, Name};
use croft_model::Problem;
use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};

use super::{Ground, Request, publish, split};
use crate::{
    error::{Failure, stale},
    exchange::Answer,
    judge::{
        conditions::{Present, Verdict, judge_write},
        path,
    },
    space::{Space, Trashed, blocking, unique},
};

/// The lock of the tree: a file leaves it beside other changes, a folder alone.
enum Tree<'a> {
    Shared(#[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'a, ()>),
    Alone(#[expect(dead_code, reason = "held, not read")] RwLockWriteGuard<'a, ()>),
}

/// A deletion that is ready to be published.
struct Prepared {
    change: Change,
    /// Its place in the trash.
    slot: Name,
    line: Vec<u64>,
}

/// Moves the entry into the trash.
pub(super) async fn delete(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    request.access.writes()?;
    let request = Arc::new(request);
    let (folder, name) = split(&request.path).ok_or_else(is_root)?;
    let space = &ground.space;
    let (looking, looked) = (space.clone(), request.clone());
    let kind = blocking(move || kind(&looking, &looked.path)).await?;
    let _tree = match kind {
        // Whoever publishes into a tree holds the lock for reading, so nothing is acknowledged inside a tree that is on its way out.
        Kind::Dir => Tree::Alone(space.tree.write().await),
        Kind::File | Kind::Other => Tree::Shared(space.tree.read().await),
    };
    let _name = space.lock_name(folder, name).await;
    let (preparing, judged) = (space.clone(), request.clone());
    let Prepared { change, slot, line } = blocking(move || prepare(&preparing, &judged, kind)).await?;
    let changed = match publish(ground, change, folder, &line).await {
        Ok(changed) => changed,
        Err(error) => {
            let trash = space.trash.clone();
            // Only when it is empty: after a flush that failed, the entry is in it.
            let _ = blocking(move || Ok(trash.remove_empty(&slot)?)).await;
            return Err(error.into());
        }
    };
    Ok(Answer { changed: Some(changed), ..Answer::empty(204, Vec::new()) })
}

/// What is at `path` now. Blocks.
fn kind(space: &Space, path: &[Name]) -> Result<Kind, Failure> {
    let (folder, name) = split(path).ok_or_else(is_root)?;
    Ok(space.files.dir(folder)?.stat_of(name)?.kind)
}

/// Judges under the lock that was taken for an entry of `kind`, and makes a place in the trash. Blocks.
fn prepare(space: &Space, request: &Request, kind: Kind) -> Result<Prepared, Failure> {
    let (folder, name) = split(&request.path).ok_or_else(is_root)?;
    let entry = space.entry(&request.path)?;
    if entry.stat.kind != kind {
        return Err(stale().into());
    }
    let present = Present { etag: &entry.etag, modified: entry.stat.modified_seconds() };
    if judge_write(&request.open.headers, Some(present)) != Verdict::Proceed {
        return Err(stale().into());
    }
    let line = space.line(folder)?;
    let from = space.files.dir(folder)?;
    let slot = unique()?;
    let deleted = jiff::Timestamp::now().as_second();
    space.records.trash(&slot, &Trashed { path: path::text(&request.path), deleted, who: request.access.who.clone() })?;
    let to = space.trash.make(&slot)?;
    if let Err(error) = space.trash.sync() {
        // Nothing is in it yet, and an empty one hurts nobody.
        let _ = space.trash.remove_empty(&slot);
        return Err(error.into());
    }
    Ok(Prepared { change: Change::Move { from, name: name.clone(), to, new: name.clone() }, slot, line })
}

fn is_root() -> Problem {
    Problem::new(403, "is-the-space", "A space cannot be deleted as a folder.").hint("Remove it in the settings of the box.")
}
