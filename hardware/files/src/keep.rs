//! Where a file that is replaced lives on: under a second name, without a copy.

use std::fs::File;

use crate::{Dir, FilesError, Name, Operation};

/// What becomes of a file that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unkept {
    /// It is replaced all the same.
    Goes,
    /// It stays, and what would replace it fails with [`Operation::Keep`].
    Stays,
}

/// A place for a file that is about to be replaced.
#[derive(Debug, Clone)]
pub struct Keep {
    /// The folder that `dir` is in: `dir` may be new there.
    pub parent: Dir,
    /// Where.
    pub dir: Dir,
    /// Under which name, which must be free.
    pub name: Name,
    /// What becomes of the file where there is no second name for it.
    pub unkept: Unkept,
}

impl Keep {
    /// Gives the file `name` in `from` its second name; `false` where the file system gives none, or not one more, and the file goes all the same.
    ///
    /// # Errors
    /// The disk is full, or [`Operation::Keep`].
    pub fn take(&self, from: &Dir, name: &Name) -> Result<bool, FilesError> {
        match from.link_file(name, &self.dir, &self.name) {
            Ok(()) => Ok(true),
            Err(error) if error.is_full() => Err(error),
            Err(error) if self.unkept == Unkept::Stays => Err(error.while_doing(Operation::Keep)),
            Err(_) => Ok(false),
        }
    }

    /// Takes the second name away again.
    pub fn give_up(&self) {
        // A leftover is one more name of what is still there.
        let _ = self.dir.remove_tree(&self.name);
    }

    /// Brings the second name to the disk.
    ///
    /// # Errors
    /// [`crate::Operation::Sync`].
    pub fn sync(&self) -> Result<(), FilesError> {
        self.dir.sync()?;
        self.parent.sync()
    }

    /// What is kept.
    pub(crate) fn file(&self) -> Result<File, FilesError> {
        self.dir.file(&self.name)
    }
}
