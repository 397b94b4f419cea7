//! Where COPY and MOVE put things, and what becomes of what is there.

use croft_api::bulk::{Area, Frame};
use croft_files::{Change, Dir, FilesError, Keep, Kind, Name, Replace, Stat};
use croft_model::Problem;

use super::{Ground, Request, delete, publish, put, split};
use crate::{
    error::Failure,
    judge::path,
    space::{self, Item, Space, blocking, locks::Touch},
};

/// A destination that was judged as far as it can be without a look at the disk.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) path: Vec<Name>,
    pub(super) folder: Vec<Name>,
    pub(super) name: Name,
    overwrite: bool,
}

/// What is at the destination and gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occupied {
    No,
    File,
    Dir,
}

/// How the destination becomes free.
pub(super) enum Way {
    /// Nothing is there.
    Free,
    /// A file takes the place of a file, which has a second name among the versions, so that there is never none at the destination.
    Over(Replaced),
    /// What is there moves to the trash first, to this place.
    First(Item, Change),
}

/// A file that another one replaces.
pub(super) struct Replaced {
    /// Its second name; none where its content is not lost.
    keep: Option<Keep>,
    id: u64,
    /// The one that has its versions from then on.
    heir: u64,
}

impl Target {
    /// Judges where `request` leads to.
    pub(super) fn of(request: &Request) -> Result<Self, Problem> {
        let path = path::names(request.open.destination.as_deref().unwrap_or_default())?;
        let (folder, name) = split(&path).ok_or_else(delete::is_root)?;
        if request.open.area == Area::Times {
            // It lies elsewhere, wherever it goes.
            return Ok(Self { folder: folder.to_vec(), name: name.clone(), overwrite: overwrite(request)?, path });
        }
        if request.path.is_empty() {
            return Err(delete::is_root());
        }
        if path.starts_with(&request.path) {
            return Err(Problem::new(403, "into-itself", "Nothing can be put into itself.")
                .hint("Choose another folder.")
                .key("Destination"));
        }
        if request.path.starts_with(&path) {
            return Err(Problem::new(409, "onto-own-folder", "This would replace the folder that it lies in.")
                .hint("Choose another name.")
                .key("Destination"));
        }
        Ok(Self { folder: folder.to_vec(), name: name.clone(), overwrite: overwrite(request)?, path })
    }

    /// The path of `request`, to which something comes from another space.
    pub(super) fn from_across(request: &Request) -> Result<Self, Problem> {
        let (folder, name) = split(&request.path).ok_or_else(delete::is_root)?;
        Ok(Self { folder: folder.to_vec(), name: name.clone(), overwrite: overwrite(request)?, path: request.path.clone() })
    }

    /// What is there now, if its folder is there and it may be replaced. Blocks.
    pub(super) fn occupied(&self, space: &Space) -> Result<Occupied, Failure> {
        let there = match space.folder(&self.folder)?.stat_of(&self.name) {
            Ok(stat) if stat.kind == Kind::Dir => Occupied::Dir,
            Ok(stat) if stat.kind == Kind::File => Occupied::File,
            Ok(_) => return Err(put::taken().into()),
            Err(error) if error.is_absent() => Occupied::No,
            Err(error) => return Err(error.into()),
        };
        if there != Occupied::No && !self.overwrite {
            return Err(Problem::new(412, "name-taken", "There is something of this name already.").hint("Choose another name.").into());
        }
        Ok(there)
    }

    /// The change that locks are asked about.
    pub(super) fn touch(&self) -> Touch<'_> {
        Touch::Entry(&self.path)
    }

    /// Makes a place for what gives way to what `comes` with this id. Blocks.
    pub(super) fn way(&self, space: &Space, request: &Request, there: Occupied, (comes, heir): (Stat, u64)) -> Result<Way, Failure> {
        if there == Occupied::No {
            return Ok(Way::Free);
        }
        let folder = space.files.dir(&self.folder)?;
        if there == Occupied::File
            && comes.kind == Kind::File
            && let Some(replaced) = self.replaced(space, &folder, request, (comes, heir))?
        {
            return Ok(Way::Over(replaced));
        }
        let (item, place) = space.trash_place(&self.path, &request.access.who)?;
        let (name, new) = (self.name.clone(), self.name.clone());
        Ok(Way::First(item, Change::Move { from: folder, name, to: place, new, replace: Replace::No }))
    }

    /// The file that is there, kept; none where it cannot be, or is the one that comes.
    fn replaced(&self, space: &Space, folder: &Dir, request: &Request, (comes, heir): (Stat, u64)) -> Result<Option<Replaced>, Failure> {
        let entry = space.child(folder, &self.name)?;
        if entry.stat.inode == comes.inode {
            return Ok(None);
        }
        let how = if request.open.area == Area::Times { space::Replaced::BroughtBack } else { space::Replaced::Written };
        let keep = space.keep(&entry, heir, &self.path, how)?;
        if let Some(keep) = &keep {
            if !keep.take(folder, &self.name)? {
                return Ok(None);
            }
            keep.sync()?;
        }
        Ok(Some(Replaced { keep, id: entry.stamp.id, heir }))
    }

    /// The answer's status.
    pub(super) fn status(there: Occupied) -> u16 {
        if there == Occupied::No { 201 } else { 204 }
    }
}

impl Way {
    /// Whether what comes takes the place of a file.
    pub(super) fn replace(&self) -> Replace {
        if matches!(self, Self::Over(_)) { Replace::Yes } else { Replace::No }
    }

    /// Publishes `change` on this way. What gave way comes back when it fails.
    pub(super) async fn publish(
        self,
        ground: &Ground,
        (target, change): (&Target, Change),
        folders: &[&[Name]],
        line: &[u64],
    ) -> Result<Vec<Frame>, Failure> {
        let space = &ground.space;
        match self {
            Self::Free => publish(ground, change, folders, line).await.map_err(taken_or),
            Self::Over(Replaced { keep, id, heir }) => {
                let published = publish(ground, change, folders, line).await;
                let (space, folder, name) = (space.clone(), target.folder.clone(), target.name.clone());
                let failed = published.is_err();
                let after = blocking(move || match keep {
                    Some(keep) if failed => forget_second_name(&space, &folder, &name, &keep),
                    _ if failed => Ok(()),
                    _ => space.hand_on(id, heir),
                });
                // A leftover is one more name of what is there; versions that stay behind are thinned out in time.
                if let Err(error) = after.await {
                    tracing::warn!(%error, "versions of a file that was replaced stay behind");
                }
                published.map_err(taken_or)
            }
            Self::First(item, cleared) => {
                let back = cleared.back();
                if let Err(error) = publish(ground, cleared, &[&target.folder], line).await {
                    let space = space.clone();
                    // An empty one hurts nobody.
                    let _ = blocking(move || {
                        space.forget_trash_place(&item.slot);
                        Ok(())
                    })
                    .await;
                    return Err(error.into());
                }
                let published = publish(ground, change, folders, line).await;
                match (&published, back) {
                    (Ok(_), _) => space.locks.forget_below(&target.path),
                    (Err(_), Some(back)) => {
                        if let Err(error) = publish(ground, back, &[&target.folder], line).await {
                            tracing::warn!(%error, "what gave way to a change that failed stays in the trash");
                        }
                    }
                    (Err(_), None) => {}
                }
                published.map_err(taken_or)
            }
        }
    }
}

/// Whether what is at the destination may be replaced.
fn overwrite(request: &Request) -> Result<bool, Problem> {
    match request.header("overwrite").map(str::trim) {
        None | Some("T" | "t") => Ok(true),
        Some("F" | "f") => Ok(false),
        Some(_) => Err(Problem::new(400, "overwrite-malformed", "The header Overwrite is T or F.").key("Overwrite")),
    }
}

/// Takes the second name away again, while the first is there.
fn forget_second_name(space: &Space, folder: &[Name], name: &Name, keep: &Keep) -> Result<(), Failure> {
    if space.files.dir(folder)?.stat_of(name)?.inode == keep.dir.stat_of(&keep.name)?.inode {
        keep.give_up();
    }
    Ok(())
}

fn taken_or(error: FilesError) -> Failure {
    if error.is_taken() { put::taken().into() } else { error.into() }
}
