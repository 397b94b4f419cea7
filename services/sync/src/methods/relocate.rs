//! MOVE: an entry gets another name or folder in one step, and stays who it is.

use std::sync::Arc;

use croft_files::{Change, Kind};

use super::{
    Ground, Request, Tree, delete, identity, split,
    target::{Occupied, Target, Way},
};
use crate::{
    error::{Failure, stale},
    exchange::Answer,
    space::{Space, blocking, locks::Touch},
};

/// A move that is ready to be published.
struct Prepared {
    change: Change,
    way: Way,
    status: u16,
    etag: String,
    id: u64,
    line: Vec<u64>,
}

/// Moves the entry. A file that it replaces becomes a version of it; anything else goes to the trash.
pub(super) async fn relocate(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    request.access.writes()?;
    let target = Arc::new(Target::of(&request)?);
    let request = Arc::new(request);
    let (folder, name) = split(&request.path).ok_or_else(delete::is_root)?;
    let space = &ground.space;
    let (looking, looked, leads) = (space.clone(), request.clone(), target.clone());
    let seen = blocking(move || Ok((delete::kind(&looking, &looked.path)?, leads.occupied(&looking)?))).await?;
    let _tree = Tree::lock(space, seen.0 == Kind::Dir || seen.1 == Occupied::Dir).await;
    let _names = space.lock_names((folder, name), (&target.folder, &target.name)).await;
    let (preparing, judged, leads) = (space.clone(), request.clone(), target.clone());
    let prepared = blocking(move || prepare(&preparing, &judged, &leads, seen)).await?;
    let Prepared { change, way, status, etag, id, line } = prepared;
    let changed = way.publish(ground, (&target, change), &[folder, &target.folder], &line).await?;
    space.locks.forget(&request.path);
    Ok(Answer { changed, ..Answer::empty(status, identity(&etag, id)) })
}

/// Judges under the locks that were taken for what was seen. Blocks.
fn prepare(space: &Space, request: &Request, target: &Target, seen: (Kind, Occupied)) -> Result<Prepared, Failure> {
    let (folder, name) = split(&request.path).ok_or_else(delete::is_root)?;
    let entry = space.entry(&request.path)?;
    let there = target.occupied(space)?;
    if (entry.stat.kind, there) != seen {
        return Err(stale().into());
    }
    request.judge(space, Some(&entry), &[Touch::Entry(&request.path), target.touch()])?;
    let mut line = space.line(folder)?;
    line.extend(space.line(&target.folder)?);
    let (from, to) = (space.files.dir(folder)?, space.files.dir(&target.folder)?);
    let way = target.way(space, request, there, (entry.stat, entry.stamp.id))?;
    let change = Change::Move { from, name: name.clone(), to, new: target.name.clone(), replace: way.replace() };
    Ok(Prepared { change, way, status: Target::status(there), etag: entry.etag, id: entry.stamp.id, line })
}
