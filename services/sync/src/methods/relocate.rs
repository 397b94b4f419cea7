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
    judge::{
        conditions::{Present, Verdict, judge_write},
        path,
    },
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

/// Moves the entry. What it replaces goes to the trash.
pub(super) async fn relocate(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    request.access.writes()?;
    let request = Arc::new(request);
    let to = path::names(request.open.destination.as_deref().unwrap_or_default())?;
    let target = Target::of(&request, &to)?;
    let (folder, name) = split(&request.path).ok_or_else(delete::is_root)?;
    let space = &ground.space;
    let (looking, looked, leads) = (space.clone(), request.clone(), to.clone());
    let (kind, there) = blocking(move || {
        let target = Target::of(&looked, &leads)?;
        Ok((delete::kind(&looking, &looked.path)?, target.occupied(&looking)?))
    })
    .await?;
    let _tree = Tree::lock(space, kind == Kind::Dir || there == Occupied::Dir).await;
    let _names = space.lock_names((folder, name), (target.folder, target.name)).await;
    let (preparing, judged, leads) = (space.clone(), request.clone(), to.clone());
    let prepared = blocking(move || prepare(&preparing, &judged, &Target::of(&judged, &leads)?, (kind, there))).await?;
    let Prepared { change, way, status, etag, id, line } = prepared;
    let changed = way.publish(ground, (&target, change), &[folder, target.folder], &line).await?;
    space.locks.forget(&request.path);
    Ok(Answer { changed, ..Answer::empty(status, identity(&etag, id)) })
}

/// Judges under the locks that were taken for what was seen. Blocks.
fn prepare(space: &Space, request: &Request, target: &Target<'_>, seen: (Kind, Occupied)) -> Result<Prepared, Failure> {
    let (folder, name) = split(&request.path).ok_or_else(delete::is_root)?;
    let entry = space.entry(&request.path)?;
    let there = target.occupied(space)?;
    let present = Present { etag: &entry.etag, modified: entry.stat.modified_seconds() };
    if (entry.stat.kind, there) != seen || judge_write(&request.open.headers, Some(present)) != Verdict::Proceed {
        return Err(stale().into());
    }
    request.judge_locks(space, &[Touch::Entry(&request.path), target.touch()])?;
    let mut line = space.line(folder)?;
    line.extend(space.line(target.folder)?);
    let (from, to) = (space.files.dir(folder)?, space.files.dir(target.folder)?);
    let way = target.way(space, request, there, entry.stat)?;
    let change = Change::Move { from, name: name.clone(), to, new: target.name.clone(), replace: way.replace() };
    Ok(Prepared { change, way, status: Target::status(there), etag: entry.etag, id: entry.stamp.id, line })
}
