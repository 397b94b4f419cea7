//! DELETE: a file or a whole tree goes to the trash, in one step.

use std::sync::Arc;

use croft_files::{Change, Name};
use croft_model::Problem;

use super::{Ground, Request, split};
use crate::{
    error::{Failure, stale},
    exchange::Answer,
    judge::{
        conditions::{Present, Verdict, judge_write},
        path,
    },
    space::{Space, Trashed, blocking, unique},
};

/// Moves the entry into the trash.
pub(super) async fn delete(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    request.access.writes()?;
    let request = Arc::new(request);
    let (folder, name) = split(&request.path).ok_or_else(is_root)?;
    let space = &ground.space;
    // Whoever publishes into a tree holds the lock for reading, so nothing is acknowledged inside a tree that is on its way out.
    let _tree = space.tree.write().await;
    let _name = space.lock_name(folder, name).await;
    let (preparing, judged) = (space.clone(), request.clone());
    let (change, line) = blocking(move || prepare(&preparing, &judged)).await?;
    space.publisher.publish(change).await?;
    space.index.bump(&line);
    let changed = ground.news.changed(space, folder);
    Ok(Answer { changed: Some(changed), ..Answer::empty(204, Vec::new()) })
}

fn prepare(space: &Arc<Space>, request: &Request) -> Result<(Change, Vec<u64>), Failure> {
    let (folder, name) = split(&request.path).ok_or_else(is_root)?;
    let entry = space.entry(&request.path)?;
    let present = Present { etag: &entry.etag, modified: entry.stat.modified_seconds() };
    if judge_write(&request.open.headers, Some(present)) != Verdict::Proceed {
        return Err(stale().into());
    }
    let line = space.line(folder)?;
    let key = unique()?;
    let deleted = jiff::Timestamp::now().as_second();
    space.records.trash(&key, &Trashed { path: path::text(&request.path), deleted, who: request.access.who.clone() })?;
    let to = space.trash.make(&key)?;
    space.trash.sync()?;
    Ok((Change::Move { from: space.files.dir(folder)?, name: Name::clone(name), to, new: name.clone() }, line))
}

fn is_root() -> Problem {
    Problem::new(403, "is-the-space", "A space cannot be deleted as a folder.").hint("Remove it in the settings of the box.")
}
