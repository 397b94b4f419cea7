//! DELETE: a file or a whole tree goes to the trash, in one step.

use std::sync::Arc;

use croft_files::{Change, Kind, Name, Replace};
use croft_model::Problem;

use super::{Ground, Request, Tree, publish, split};
use crate::{
    error::{Failure, stale},
    exchange::Answer,
    space::{Entry, Item, Space, blocking, locks::Touch},
};

/// A deletion that is ready to be published.
struct Prepared {
    change: Change,
    /// It in the trash.
    item: Item,
    line: Vec<u64>,
}

/// Moves the entry into the trash.
pub(super) async fn delete(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    discard(ground, Arc::new(request), |_, _| Ok(())).await
}

/// The same, as long as the entry is `still` what it is taken for, which is asked when nobody else can change it any more.
pub(super) async fn discard(
    ground: &Ground,
    request: Arc<Request>,
    still: impl FnOnce(&Space, &Entry) -> Result<(), Failure> + Send + 'static,
) -> Result<Answer, Failure> {
    request.access.writes()?;
    let (folder, name) = split(&request.path).ok_or_else(is_root)?;
    let space = &ground.space;
    let (looking, looked) = (space.clone(), request.clone());
    let kind = blocking(move || kind(&looking, &looked.path)).await?;
    let _tree = Tree::lock(space, kind == Kind::Dir).await;
    let _name = space.lock_name(folder, name).await;
    let (preparing, judged) = (space.clone(), request.clone());
    let Prepared { change, item, line } = blocking(move || prepare(&preparing, &judged, kind, still)).await?;
    let changed = match publish(ground, change, &[folder], &line).await {
        Ok(changed) => changed,
        Err(error) => {
            let (space, slot) = (space.clone(), item.slot);
            // An empty one hurts nobody.
            let _ = blocking(move || {
                space.forget_trash_place(&slot);
                Ok(())
            })
            .await;
            return Err(error.into());
        }
    };
    space.locks.forget(&request.path);
    // By this it can be brought back.
    let headers = vec![("croft-trash".into(), item.address(space))];
    Ok(Answer { changed, ..Answer::empty(204, headers) })
}

/// What is at `path` now. Blocks.
pub(super) fn kind(space: &Space, path: &[Name]) -> Result<Kind, Failure> {
    let (folder, name) = split(path).ok_or_else(is_root)?;
    Ok(space.files.dir(folder)?.stat_of(name)?.kind)
}

/// Judges under the lock that was taken for an entry of `kind`, and makes a place in the trash. Blocks.
fn prepare(
    space: &Space,
    request: &Request,
    kind: Kind,
    still: impl FnOnce(&Space, &Entry) -> Result<(), Failure>,
) -> Result<Prepared, Failure> {
    let (folder, name) = split(&request.path).ok_or_else(is_root)?;
    let entry = space.entry(&request.path)?;
    if entry.stat.kind != kind {
        return Err(stale().into());
    }
    request.judge(space, Some(&entry), &[Touch::Entry(&request.path)])?;
    still(space, &entry)?;
    let line = space.line(folder)?;
    let from = space.files.dir(folder)?;
    let (item, to) = space.trash_place(&request.path, &request.access.who)?;
    Ok(Prepared { change: Change::Move { from, name: name.clone(), to, new: name.clone(), replace: Replace::No }, item, line })
}

pub(super) fn is_root() -> Problem {
    Problem::new(403, "is-the-space", "A space cannot be deleted, moved or replaced as a folder.")
        .hint("Remove it in the settings of the box.")
}
