//! MKCOL: a new folder.

use std::sync::Arc;

use croft_api::bulk::Frame;
use croft_files::{Change, Replace};
use croft_model::Problem;

use super::{Ground, Request, identity, publish, split};
use crate::{
    error::Failure,
    exchange::Answer,
    space::{Space, blocking, locks::Touch, unique},
};

/// Makes the folder with its id aside and moves it into place.
pub(super) async fn mkcol(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    request.access.writes()?;
    if request.open.length != Some(0) {
        return Err(Problem::new(415, "body-not-understood", "A new folder takes no body.").into());
    }
    let space = ground.space.clone();
    let (id, changed) = make(ground, request).await?;
    Ok(Answer { changed, ..Answer::empty(201, identity(&space.index.etag(id), id)) })
}

/// Makes the folder at the path of `request`, and gives its id.
pub(super) async fn make(ground: &Ground, request: Request) -> Result<(u64, Vec<Frame>), Failure> {
    let request = Arc::new(request);
    let (folder, name) = split(&request.path).ok_or_else(exists)?;
    let space = &ground.space;
    let _tree = space.tree.read().await;
    let _name = space.lock_name(folder, name).await;
    let (preparing, asked) = (space.clone(), request.clone());
    let (change, id, line) = blocking(move || prepare(&preparing, &asked)).await?;
    let aside = match &change {
        Change::Move { name, .. } => name.clone(),
        _ => return Err(Failure::Broken("a folder is moved into place")),
    };
    let changed = match publish(ground, change, &[folder], &line).await {
        Ok(changed) => changed,
        Err(error) => {
            let uploads = space.uploads.clone();
            // A leftover is taken away at the next start, too.
            let _ = blocking(move || Ok(uploads.remove_tree(&aside)?)).await;
            return Err(if error.is_taken() { exists().into() } else { error.into() });
        }
    };
    Ok((id, changed))
}

fn prepare(space: &Space, request: &Request) -> Result<(Change, u64, Vec<u64>), Failure> {
    let (folder, name) = split(&request.path).ok_or_else(exists)?;
    let to = space.folder(folder)?;
    if to.stat_of(name).is_ok() {
        return Err(exists().into());
    }
    request.judge(space, None, &[Touch::Entry(&request.path)])?;
    space.admit(0)?;
    let line = space.line(folder)?;
    let aside = unique()?;
    let made = space.uploads.make(&aside)?;
    let id = space.ids.of(&made, made.stat()?)?.id;
    Ok((Change::Move { from: space.uploads.clone(), name: aside, to, new: name.clone(), replace: Replace::No }, id, line))
}

fn exists() -> Problem {
    Problem::new(405, "name-taken", "There is something of this name already.").hint("Choose another name.")
}
