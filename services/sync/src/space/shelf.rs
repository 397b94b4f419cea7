//! What a worker shows of a disk that is used as it is. Nothing of it is believed: its entries have no ids here, its links lead nowhere, and what is no
//! file and no folder is not there.

use std::time::{Duration, Instant};

use croft_files::{Dir, Kind, Listing, Name, Opened, Stat};
use croft_model::{Problem, SpaceId, Unadoptable};

use super::{Entry, FILES, Handle, etag, etag::Stamp};
use crate::error::{Failure, not_found};

/// Entries that are in memory together: those of one folder, or what is left of all those that a walk has open.
const MAX_ENTRIES: usize = 200_000;
/// Entries that are counted before something is copied, and the time for that: it only tells how much there is.
const MAX_COUNTED: u64 = 200_000;
const COUNTING: Duration = Duration::from_secs(5);

/// A disk, or why there is none.
#[derive(Debug)]
pub(crate) enum Shelf {
    There {
        root: Dir,
        /// Whether its topmost folder is the one with the spaces of a Croft box, of which the files are shown.
        croft: bool,
    },
    Away,
    Unread(Unadoptable),
}

impl Shelf {
    /// The entry at `path`. Blocks.
    pub(crate) fn entry(&self, path: &[Name]) -> Result<Entry, Failure> {
        let (root, croft) = self.root()?;
        let way = if croft { inside_space(path)? } else { path.to_vec() };
        match way.split_last() {
            None => foreign(root.entry(&[]).map_err(absent_or)?),
            Some((name, [])) => one(root, name),
            Some((name, parent)) => one(&root.dir(parent).map_err(absent_or)?, name),
        }
    }

    /// The entry `name` in the folder at `path`, which is `parent`. Blocks.
    pub(crate) fn child(&self, path: &[Name], parent: &Dir, name: &Name) -> Result<Entry, Failure> {
        if path.is_empty() && self.root()?.1 { self.entry(std::slice::from_ref(name)) } else { one(parent, name) }
    }

    /// What is in the folder at `path`, which is `dir`. Blocks.
    pub(crate) fn listing(&self, path: &[Name], dir: &Dir) -> Result<Listing, Failure> {
        self.listing_beside(0, path, dir)
    }

    /// The same for who holds `held` entries of other folders already. Blocks.
    pub(crate) fn listing_beside(&self, held: usize, path: &[Name], dir: &Dir) -> Result<Listing, Failure> {
        let of_spaces = path.is_empty() && self.root()?.1;
        let mut listing = dir.listing_of(MAX_ENTRIES.saturating_sub(held)).map_err(unread)?.ok_or_else(too_large)?;
        if of_spaces {
            listing.entries.retain(|listed| listed.name.as_str().parse::<SpaceId>().is_ok());
            listing.unnamed.clear();
        }
        Ok(listing)
    }

    /// About how many bytes are in `entry`, which is the entry at `path`. Blocks.
    pub(crate) fn size(&self, path: &[Name], entry: &Entry) -> Result<u64, Failure> {
        let Some(dir) = entry.dir() else { return Ok(entry.stat.size) };
        let (begun, mut counted, mut sum) = (Instant::now(), 0_u64, 0_u64);
        let mut open = vec![(dir.clone(), self.listing(path, dir)?.entries.into_iter())];
        while let Some((dir, left)) = open.last_mut() {
            let Some(listed) = left.next() else {
                open.pop();
                continue;
            };
            counted += 1;
            if counted > MAX_COUNTED || begun.elapsed() > COUNTING {
                break;
            }
            let Ok(stat) = dir.stat_of(&listed.name) else { continue };
            match stat.kind {
                Kind::File => sum = sum.saturating_add(stat.size),
                Kind::Dir if open.len() < croft_api::bulk::limits::MAX_SEGMENTS => {
                    let room = MAX_ENTRIES.saturating_sub(open.iter().map(|(_, left)| left.len()).sum());
                    let below = open.last().and_then(|(dir, _)| dir.dir(std::slice::from_ref(&listed.name)).ok());
                    let listing = below.and_then(|below| Some((below.clone(), below.listing_of(room).ok()??.entries.into_iter())));
                    open.extend(listing);
                }
                Kind::Dir | Kind::Other => {}
            }
        }
        Ok(sum)
    }

    fn root(&self) -> Result<(&Dir, bool), Problem> {
        match self {
            Self::There { root, croft } => Ok((root, *croft)),
            Self::Away => Err(away()),
            Self::Unread(why) => Err(unreadable(*why)),
        }
    }
}

/// Where the files of a space of another box lie: `s1/a` is `s1/files/a`, and nothing else of it is shown.
fn inside_space(path: &[Name]) -> Result<Vec<Name>, Problem> {
    let Some((space, rest)) = path.split_first() else { return Ok(Vec::new()) };
    space.as_str().parse::<SpaceId>().map_err(|_| not_found())?;
    Ok([space.clone(), FILES].into_iter().chain(rest.iter().cloned()).collect())
}

/// The entry `name`. It is looked at before it is opened: pipes and devices of strangers are not opened at all.
fn one(parent: &Dir, name: &Name) -> Result<Entry, Failure> {
    if parent.stat_of(name).map_err(absent_or)?.kind == Kind::Other {
        return Err(not_found().into());
    }
    foreign(parent.entry(std::slice::from_ref(name)).map_err(absent_or)?)
}

fn foreign((opened, stat): (Opened, Stat)) -> Result<Entry, Failure> {
    // Whatever it carries was written by somebody else.
    let stamp = Stamp { id: 0, inode: stat.inode, nonce: 0 };
    match opened {
        Opened::Dir(dir) => Ok(Entry { etag: etag::past_folder(stat), handle: Handle::Dir(dir), stat, stamp }),
        Opened::File(file) => Ok(Entry { etag: etag::file(stamp, stat), handle: Handle::File(file.into()), stat, stamp }),
        Opened::Other => Err(not_found().into()),
    }
}

fn absent_or(error: croft_files::FilesError) -> Failure {
    if error.is_absent() || error.is_refused() { error.into() } else { unread(error) }
}

/// The disk does not give it back.
fn unread(error: croft_files::FilesError) -> Failure {
    if error.is_absent() || error.is_refused() {
        return error.into();
    }
    tracing::warn!(%error, "a disk cannot be read");
    failed().into()
}

/// What is said when a disk that was there does not answer as it should.
pub(crate) fn failed() -> Problem {
    Problem::new(503, "disk-read-failed", "The disk does not give this back. It was pulled out, or it is broken there.")
        .hint("Plug the disk in again. If it comes again, copy what can be read and do not rely on the disk.")
}

fn away() -> Problem {
    Problem::new(503, "disk-away", "This disk is not plugged in.").hint("Plug it in; it is there again within seconds.").retry_after(5)
}

fn unreadable(why: Unadoptable) -> Problem {
    let sentence = match why {
        Unadoptable::InUse => "Something else on the box uses this disk.",
        Unadoptable::Incomplete => "Too many of the disks that belong together are missing.",
        Unadoptable::Slow => "This disk did not answer in time.",
        _ => "This disk is plugged in, but cannot be read.",
    };
    Problem::new(503, "disk-unreadable", sentence).hint("An owner sees why on the page of the disks.").retry_after(30)
}

fn too_large() -> Problem {
    Problem::new(
        403,
        "folder-too-large",
        format!("This folder, with what is left of those it lies in, has more than {MAX_ENTRIES} entries, which is more than the box reads at once."),
    )
    .hint("Look at it on the computer that the disk comes from.")
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        os::unix::{ffi::OsStrExt, fs::symlink},
    };

    use super::*;

    fn names(text: &[&str]) -> Vec<Name> {
        text.iter().map(|name| Name::new(*name).unwrap()).collect()
    }

    fn shelf(folder: &std::path::Path, croft: bool) -> Shelf {
        Shelf::There { root: Dir::new(File::open(folder).unwrap().into()).unwrap(), croft }
    }

    fn code(found: Result<Entry, Failure>) -> String {
        found.map_or_else(|failure| failure.problem().unwrap().code, |_| "found".into())
    }

    #[test]
    fn nothing_of_a_disk_leads_out_of_it() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("secret"), "x").unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/c"), "12345").unwrap();
        symlink(outside.path(), folder.path().join("out")).unwrap();
        symlink("a", folder.path().join("in")).unwrap();
        std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
        let shelf = shelf(folder.path(), false);
        for (path, expected) in [
            (&["a"][..], "found"),
            (&["a", "b", "c"], "found"),
            (&["out"], "not-found"),
            (&["out", "secret"], "not-found"),
            (&["in"], "not-found"),
            (&["in", "b"], "not-found"),
            (&["socket"], "not-found"),
            (&["a", "b", "c", "d"], "not-found"),
            (&["none"], "not-found"),
        ] {
            assert_eq!(code(shelf.entry(&names(path))), expected, "{path:?}");
        }
        let root = shelf.entry(&[]).unwrap();
        assert_eq!((shelf.size(&[], &root).unwrap(), root.stamp.id), (5, 0));
        let listing = shelf.listing(&[], root.dir().unwrap()).unwrap();
        assert_eq!((listing.entries.len(), listing.unnamed.len()), (4, 1));
        // What other folders hold in memory counts.
        assert!(shelf.listing_beside(MAX_ENTRIES - 5, &[], root.dir().unwrap()).is_ok());
        let refused = shelf.listing_beside(MAX_ENTRIES - 4, &[], root.dir().unwrap()).unwrap_err();
        assert_eq!(refused.problem().unwrap().code, "folder-too-large");
    }

    #[test]
    fn of_another_box_the_files_of_spaces_are_shown_and_none_of_its_secrets() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["s1/files/photos", "s1/.croft/trash", "s2/files", "lost+found"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        let shelf = shelf(folder.path(), true);
        for (path, expected) in [
            (&["s1"][..], "found"),
            (&["s1", "photos"], "found"),
            (&["s1", ".croft"], "not-found"),
            (&["s1", "files"], "not-found"),
            (&["lost+found"], "not-found"),
        ] {
            assert_eq!(code(shelf.entry(&names(path))), expected, "{path:?}");
        }
        let root = shelf.entry(&[]).unwrap();
        let mut listed: Vec<_> =
            shelf.listing(&[], root.dir().unwrap()).unwrap().entries.into_iter().map(|listed| listed.name.to_string()).collect();
        listed.sort();
        assert_eq!(listed, ["s1", "s2"]);
        let inside = shelf.child(&[], root.dir().unwrap(), &names(&["s1"])[0]).unwrap();
        assert_eq!(inside.dir().unwrap().list().unwrap()[0].name.as_str(), "photos");
    }

    #[test]
    fn a_disk_that_is_not_there_says_so() {
        assert_eq!(code(Shelf::Away.entry(&[])), "disk-away");
        assert_eq!(code(Shelf::Unread(Unadoptable::Damaged).entry(&names(&["a"]))), "disk-unreadable");
    }
}
