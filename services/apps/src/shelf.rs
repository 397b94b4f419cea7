//! What apps keep: a folder each, made for the user who writes there.
//!
//! Only the innermost folders are mounted, so that no app can lay a link on the way to one.

use std::{
    io::Write,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::{PermissionsExt, fchown},
    },
    path::{Path, PathBuf},
};

use croft_catalog::{DataPath, ServiceName};
use croft_files::{BadName, Dir, FilesError, Name};
use croft_model::AppId;

use crate::error::AppsError;

/// Where an app's data lies in its folder, and where files that come with its manifest do.
const DATA: Name = Name::literal("data");
const WRITTEN: Name = Name::literal("written");
/// Folders on the way are passed through.
const ABOVE: u32 = 0o711;
/// What is mounted; the user namespace and the wall above it keep others out.
const MOUNTED: u32 = 0o755;

/// The folder of all apps.
#[derive(Clone)]
pub(crate) struct Shelf {
    dir: Dir,
    path: PathBuf,
}

impl Shelf {
    /// The folder behind this descriptor, which the engine reaches at `path`.
    pub(crate) fn new(descriptor: OwnedFd, path: PathBuf) -> Result<Self, FilesError> {
        Ok(Self { dir: Dir::new(descriptor)?, path })
    }

    /// Where the engine reaches it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that are free there.
    pub(crate) fn room(&self) -> Result<u64, FilesError> {
        Ok(self.dir.room()?.available)
    }

    /// Makes the folder of an app's data at `path`, for this user; one that is there stays as it is. Blocks.
    pub(crate) fn folder(&self, app: &AppId, path: &DataPath, owner: u32) -> Result<(), AppsError> {
        let mut dir = self.of(app)?;
        let parts = path.as_str().split('/').filter(|part| !matches!(*part, "" | ".")).map(name);
        let parts: Vec<Name> = std::iter::once(Ok(DATA)).chain(parts).collect::<Result<_, _>>()?;
        for (at, part) in parts.iter().enumerate() {
            let innermost = at + 1 == parts.len();
            if !innermost {
                dir = passage(&dir, part)?;
                continue;
            }
            if dir.stat_of(part).is_err_and(|error| error.is_absent()) {
                // Under another name until it is whole, so that none stays that belongs to nobody.
                let coming = name(&format!(".coming-{part}"))?;
                let made = dir.make_or_open(&coming, MOUNTED)?;
                set_mode(&made, MOUNTED)?;
                fchown(made.as_fd(), Some(owner), Some(owner))?;
                made.sync()?;
                dir.move_to(&coming, &dir, part)?;
                dir.sync()?;
            }
            // A directory it is, and no link that somebody laid there.
            dir.dir(std::slice::from_ref(part))?;
        }
        Ok(())
    }

    /// Puts a file down that comes with an app's manifest, and gives where the engine reaches it. Blocks.
    pub(crate) fn write(&self, app: &AppId, (service, number): (&ServiceName, usize), content: &str, mode: u32) -> Result<(), AppsError> {
        let dir = passage(&self.of(app)?, &WRITTEN)?;
        let name = name(&written_name(service, number))?;
        if let Ok(known) = dir.file(&name)
            && std::io::read_to_string(known).is_ok_and(|known| known == content)
        {
            return Ok(());
        }
        if dir.stat_of(&name).is_ok() {
            dir.remove_tree(&name)?;
        }
        let mut file = dir.new_file(&name)?;
        file.write_all(content.as_bytes())?;
        file.set_permissions(std::fs::Permissions::from_mode(mode & 0o777))?;
        file.sync_all()?;
        dir.sync()?;
        Ok(())
    }

    fn of(&self, app: &AppId) -> Result<Dir, AppsError> {
        passage(&self.dir, &name(app.as_str())?)
    }
}

/// A directory on the way, whatever the mask of new files says.
fn passage(above: &Dir, name: &Name) -> Result<Dir, AppsError> {
    let dir = above.make_or_open(name, ABOVE)?;
    set_mode(&dir, ABOVE)?;
    Ok(dir)
}

fn set_mode(dir: &Dir, mode: u32) -> Result<(), AppsError> {
    let file = std::fs::File::from(dir.as_fd().try_clone_to_owned()?);
    Ok(file.set_permissions(std::fs::Permissions::from_mode(mode))?)
}

/// Where the engine reaches an app's data.
pub(crate) fn data_path(apps: &Path, app: &AppId, path: &DataPath) -> PathBuf {
    let mut place = apps.join(app.as_str()).join(DATA.as_str());
    place.extend(path.as_str().split('/').filter(|part| !matches!(*part, "" | ".")));
    place
}

/// Where the engine reaches a file that comes with an app's manifest.
pub(crate) fn written_path(apps: &Path, app: &AppId, (service, number): (&ServiceName, usize)) -> PathBuf {
    apps.join(app.as_str()).join(WRITTEN.as_str()).join(written_name(service, number))
}

fn written_name(service: &ServiceName, number: usize) -> String {
    format!("{service}-{number}")
}

fn name(text: &str) -> Result<Name, AppsError> {
    Name::new(text.to_owned()).map_err(|bad: BadName| AppsError::Write(std::io::Error::other(bad.to_string())))
}
