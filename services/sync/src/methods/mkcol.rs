//! MKCOL: a new folder.

use std::sync::Arc;

use croft_api::bulk::Frame;
use croft_files::{Change, Name, Replace};
use croft_model::Problem;

use super::{Ground, Request, identity, publish, split};
use crate::{
    error::{Failure, no_folder},
    exchange::Answer,
    news::News,
    space::{Space, blocking, locks::Touch, unique},
};

/// Folders that one upload may make on its way: those of a year, a month and a day, and many more.
const MAX_MADE: usize = 32;

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

/// Makes the folders on the way to the file at the path of `request` that are not there. Each is there whole before the next, and stays when the file then
/// fails.
pub(super) async fn make_folders(ground: &Ground, request: &Arc<Request>) -> Result<(), Failure> {
    let (folder, _) = split(&request.path).ok_or_else(exists)?;
    let (looking, asked) = (ground.space.clone(), request.clone());
    let there = blocking(move || {
        let (folder, _) = split(&asked.path).ok_or_else(exists)?;
        let there = deepest(&looking, folder)?;
        if there < folder.len() {
            // There is no such file, so conditions can be judged before anything is made.
            asked.judge(&looking, None, &[])?;
        }
        Ok(there)
    })
    .await?;
    if folder.len() - there > MAX_MADE {
        return Err(no_folder().into());
    }
    // Nobody answers with what was made on the way, so every link is told.
    let ground = Ground { news: ground.news.of_link(News::NO_LINK), ..ground.clone() };
    for depth in there + 1..=folder.len() {
        match make(&ground, request.about(folder[..depth].to_vec())).await {
            Ok(_) => {}
            // Somebody else made it meanwhile; if it is no folder, the next step says so.
            Err(Failure::Problem(problem)) if problem.code == exists().code => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// How many names of `path` lead to folders that are there. Blocks.
fn deepest(space: &Space, path: &[Name]) -> Result<usize, Failure> {
    for depth in (1..=path.len()).rev() {
        match space.files.dir(&path[..depth]) {
            Ok(_) => return Ok(depth),
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(0)
}

fn prepare(space: &Space, request: &Request) -> Result<(Change, u64, Vec<u64>), Failure> {
    let (folder, name) = split(&request.path).ok_or_else(exists)?;
    let to = space.folder(folder)?;
    if to.stat_of(name).is_ok() {
        return Err(exists().into());
    }
    request.judge(space, None, &[Touch::Entry(&request.path)])?;
    space.admit_for(&request.access, 0)?;
    let line = space.line(folder)?;
    let aside = unique()?;
    let made = space.uploads.make(&aside)?;
    let id = space.ids.of(&made, made.stat()?)?.id;
    Ok((Change::Move { from: space.uploads.clone(), name: aside, to, new: name.clone(), replace: Replace::No }, id, line))
}

fn exists() -> Problem {
    Problem::new(405, "name-taken", "There is something of this name already.").hint("Choose another name.")
}
