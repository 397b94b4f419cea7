//! Where COPY and MOVE put things, and what becomes of what is there.

use croft_api::bulk::Frame;
use croft_files::{Change, Kind, Name, Operation, Replace};
use croft_model::Problem;

use super::{Ground, Request, delete, publish, put, split};
use crate::{
    error::Failure,
    space::{Space, blocking, locks::Touch},
};

/// A destination that was judged as far as it can be without a look at the disk.
pub(super) struct Target<'a> {
    pub(super) path: &'a [Name],
    pub(super) folder: &'a [Name],
    pub(super) name: &'a Name,
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

impl<'a> Target<'a> {
    /// Judges where `request` leads to.
    pub(super) fn of(request: &'a Request, path: &'a [Name]) -> Result<Self, Problem> {
        let (folder, name) = split(path).ok_or_else(delete::is_root)?;
        if request.path.is_empty() {
            return Err(delete::is_root());
        }
        if path.starts_with(&request.path) {
            return Err(Problem::new(403, "into-itself", "Nothing can be put into itself.")
                .hint("Choose another folder.")
                .key("Destination"));
        }
        if request.path.starts_with(path) {
            return Err(Problem::new(409, "onto-own-folder", "This would replace the folder that it lies in.")
                .hint("Choose another name.")
                .key("Destination"));
        }
        let overwrite = match request.header("overwrite").map(str::trim) {
            None | Some("T" | "t") => true,
            Some("F" | "f") => false,
            Some(_) => return Err(Problem::new(400, "overwrite-malformed", "The header Overwrite is T or F.").key("Overwrite")),
        };
        Ok(Self { path, folder, name, overwrite })
    }

    /// What is there now, if its folder is there and it may be replaced. Blocks.
    pub(super) fn occupied(&self, space: &Space) -> Result<Occupied, Failure> {
        let folder =
            space.files.dir(self.folder).map_err(|error| if error.is_absent() { put::no_folder().into() } else { Failure::from(error) })?;
        let there = match folder.stat_of(self.name) {
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
        Touch::Entry(self.path)
    }

    /// Makes a place in the trash for what gives way to something of the kind `comes`. Blocks.
    pub(super) fn way(&self, space: &Space, request: &Request, there: Occupied, comes: Kind) -> Result<Way, Failure> {
        if there == Occupied::No {
            return Ok(Way::Free);
        }
        let (slot, place) = space.trash_place(self.path, &request.access.who)?;
        let folder = space.files.dir(self.folder)?;
        if there == Occupied::File && comes == Kind::File && folder.link_file(self.name, &place, self.name).is_ok() {
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

    /// Publishes `change` on this way.
    pub(super) async fn publish(
        self,
        ground: &Ground,
        (target, change): (&Target<'_>, Change),
        folders: &[&[Name]],
        line: &[u64],
    ) -> Result<Vec<Frame>, Failure> {
        let slot = match self {
            Self::First(slot, cleared) => {
                let going = publish(ground, cleared, &[target.folder], line).await;
                if let Err(error) = going {
                    let trash = ground.space.trash.clone();
                    // Only when it is empty: after a flush that failed, the entry is in it.
                    let _ = blocking(move || Ok(trash.remove_empty(&slot)?)).await;
                    return Err(error.into());
                }
                ground.space.locks.forget(target.path);
                None
            }
            Self::Kept(slot) => Some(slot),
            Self::Free => None,
        };
        let published = publish(ground, change, folders, line).await;
        match (&published, slot) {
            (Ok(_), _) => ground.space.locks.forget(target.path),
            // After a flush that failed the second name may be the only one.
            (Err(error), Some(slot)) if error.operation() != Operation::Sync => {
                let (trash, name) = (ground.space.trash.clone(), target.name.clone());
                let _ = blocking(move || {
                    trash.dir(std::slice::from_ref(&slot))?.remove_tree(&name)?;
                    Ok(trash.remove_empty(&slot)?)
                })
                .await;
            }
            (Err(_), _) => {}
        }
        published.map_err(|error| if error.is_taken() { put::taken().into() } else { error.into() })
    }
}
