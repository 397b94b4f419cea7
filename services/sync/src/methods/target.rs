//! Where COPY and MOVE put things, and what becomes of what is there.

use croft_api::bulk::Frame;
use croft_files::{Change, FilesError, Kind, Name, Replace, Stat};
use croft_model::Problem;

use super::{Ground, Request, delete, publish, put, split};
use crate::{
    error::Failure,
    judge::path,
    space::{Space, blocking, locks::Touch},
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
    /// The file that is there has a second name in the trash, in this place, so that there is never none at the destination.
    Kept(Name),
    /// What is there moves to the trash first, to this place.
    First(Name, Change),
}

impl Target {
    /// Judges where `request` leads to.
    pub(super) fn of(request: &Request) -> Result<Self, Problem> {
        let path = path::names(request.open.destination.as_deref().unwrap_or_default())?;
        let (folder, name) = split(&path).ok_or_else(delete::is_root)?;
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
        let overwrite = match request.header("overwrite").map(str::trim) {
            None | Some("T" | "t") => true,
            Some("F" | "f") => false,
            Some(_) => return Err(Problem::new(400, "overwrite-malformed", "The header Overwrite is T or F.").key("Overwrite")),
        };
        Ok(Self { folder: folder.to_vec(), name: name.clone(), path, overwrite })
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

    /// Makes a place in the trash for what gives way to what `comes`. Blocks.
    pub(super) fn way(&self, space: &Space, request: &Request, there: Occupied, comes: Stat) -> Result<Way, Failure> {
        if there == Occupied::No {
            return Ok(Way::Free);
        }
        let (slot, place) = space.trash_place(&self.path, &request.access.who)?;
        let folder = space.files.dir(&self.folder)?;
        let keeps = there == Occupied::File && comes.kind == Kind::File && folder.stat_of(&self.name)?.inode != comes.inode;
        if keeps && folder.link_file(&self.name, &place, &self.name).is_ok() {
            place.sync()?;
            return Ok(Way::Kept(slot));
        }
        let (name, new) = (self.name.clone(), self.name.clone());
        Ok(Way::First(slot, Change::Move { from: folder, name, to: place, new, replace: Replace::No }))
    }

    /// The answer's status.
    pub(super) fn status(there: Occupied) -> u16 {
        if there == Occupied::No { 201 } else { 204 }
    }
}

impl Way {
    /// Whether what comes takes the place of a file.
    pub(super) fn replace(&self) -> Replace {
        if matches!(self, Self::Kept(_)) { Replace::Yes } else { Replace::No }
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
            Self::Kept(slot) => {
                let published = publish(ground, change, folders, line).await;
                if published.is_err() {
                    let (space, folder, name) = (space.clone(), target.folder.clone(), target.name.clone());
                    // A leftover is one more name of what is there.
                    let _ = blocking(move || forget_second_name(&space, &folder, &name, &slot)).await;
                }
                published.map_err(taken_or)
            }
            Self::First(slot, cleared) => {
                let back = cleared.back();
                if let Err(error) = publish(ground, cleared, &[&target.folder], line).await {
                    space.forget_trash_place(slot).await;
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

/// Takes the second name away again, while the first is there.
fn forget_second_name(space: &Space, folder: &[Name], name: &Name, slot: &Name) -> Result<(), Failure> {
    let place = space.trash.dir(std::slice::from_ref(slot))?;
    if space.files.dir(folder)?.stat_of(name)?.inode == place.stat_of(name)?.inode {
        place.remove_tree(name)?;
        space.trash.remove_empty(slot)?;
    }
    Ok(())
}

fn taken_or(error: FilesError) -> Failure {
    if error.is_taken() { put::taken().into() } else { error.into() }
}
