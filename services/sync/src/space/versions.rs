//! Earlier contents of files: `.croft/versions/<file id>/<modified>-<replaced>-<8 hex digits>`, in seconds and in milliseconds since 1970. Behind the
//! digits stands `g` where the content came by a link, `r` where what replaced it did, and `b` where what replaced it was brought back.

use std::fs::File;

use croft_files::{Dir, FilesError, Keep, Kind, Name, Stat, Unkept};

use super::{Entry, MODE, Space, random};
use crate::{
    error::{Failure, not_found},
    judge::{
        path,
        thinning::{Judged, superfluous},
    },
};

/// The extended attribute of a file's folder of versions: the path at which the file was when the last of them was made.
const PATH: &std::ffi::CStr = c"user.croft.path";

/// Seconds for which an empty folder of versions stays.
const FRESH: i64 = 3600;

/// Digits that make a version's name its own; behind them stand the marks.
const DIGITS: usize = 8;
/// The content came by a link.
const OF_GUEST: char = 'g';
/// What replaced it came by a link.
const BY_GUEST: char = 'r';
/// What replaced it was brought back: an earlier content of the file.
const BY_RETURN: char = 'b';

/// How something takes the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// Somebody of the household wrote it.
    Written,
    /// It came by a link.
    ByGuest,
    /// It was there before and is brought back.
    BroughtBack,
}

/// An earlier content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// Its name on the disk.
    pub(crate) name: Name,
    /// When it was written, in Unix seconds.
    pub(crate) modified: i64,
    /// When something else took its place, in Unix seconds.
    pub(crate) replaced: i64,
    /// The same in milliseconds, for the order of those of one second.
    replaced_ms: i64,
    of_guest: bool,
    by_guest: bool,
    by_return: bool,
}

impl Version {
    fn of(name: Name) -> Option<Self> {
        let mut parts = name.as_str().splitn(3, '-');
        let mut number = || parts.next()?.parse::<i64>().ok();
        let (modified, replaced_ms) = (number()?, number()?);
        let marks = parts.next().and_then(|rest| rest.get(DIGITS..)).unwrap_or_default();
        let [of_guest, by_guest, by_return] = [OF_GUEST, BY_GUEST, BY_RETURN].map(|mark| marks.contains(mark));
        Some(Self { modified, replaced: replaced_ms.div_euclid(1000), replaced_ms, of_guest, by_guest, by_return, name })
    }
}

impl Space {
    /// A place for the content of `entry`, the file at `path`, as an earlier one of the file `id`; none where it is not lost or is nothing: an empty
    /// file, or one that has another name. Makes room among those that are there. Blocks.
    pub(crate) fn keep(&self, entry: &Entry, id: u64, path: &[Name], replaced: Replaced) -> Result<Option<Keep>, Failure> {
        if entry.stat.size == 0 || entry.stat.names != 1 {
            return Ok(None);
        }
        let now = jiff::Timestamp::now();
        let dir = self.versions.make_or_open(&folder(id)?, MODE)?;
        let before = self.thin(&dir, now.as_second())?;
        // Only a help where the catalogue does not know the file yet.
        let _ = dir.set_xattr(PATH, path::text(path).as_bytes());
        let modified = entry.stat.modified_seconds().max(0);
        let of_guest = before.is_some_and(|last| last.by_guest);
        let marks = [(of_guest, OF_GUEST), (replaced == Replaced::ByGuest, BY_GUEST), (replaced == Replaced::BroughtBack, BY_RETURN)];
        let marks: String = marks.into_iter().filter_map(|(is, mark)| is.then_some(mark)).collect();
        let name = named(format!("{modified}-{}-{}{marks}", now.as_millisecond(), random::<4>()?))?;
        Ok(Some(Keep { parent: self.versions.clone(), dir, name, unkept: Unkept::Goes }))
    }

    /// The earlier contents of the file `id`, from new to old. Blocks.
    pub(crate) fn versions_of(&self, id: u64) -> Result<Vec<Version>, Failure> {
        match self.version_folder(id)? {
            Some(dir) => Ok(versions(&dir)?.into_iter().rev().collect()),
            None => Ok(Vec::new()),
        }
    }

    /// One of them, by its name on the disk, or by the time at which it was written: of two of one second that means the newer. Blocks.
    pub(crate) fn version(&self, id: u64, name: &str) -> Result<(Version, File, Stat), Failure> {
        let modified = name.parse::<i64>().ok();
        let is_meant = |version: &Version| version.name.as_str() == name || Some(version.modified) == modified;
        let version = self.versions_of(id)?.into_iter().find(is_meant).ok_or_else(not_found)?;
        let file = self.version_folder(id)?.ok_or_else(not_found)?.file(&version.name)?;
        let stat = Stat::of(&file)?;
        if stat.kind == Kind::File { Ok((version, file, stat)) } else { Err(not_found().into()) }
    }

    /// Size and attributes of a version; none where it is gone meanwhile. Blocks.
    pub(crate) fn version_stat(&self, id: u64, version: &Version) -> Result<Option<Stat>, Failure> {
        match self.version_folder(id)?.map(|dir| dir.stat_of(&version.name)).transpose() {
            Ok(stat) => Ok(stat.filter(|stat| stat.kind == Kind::File)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes one of them for good. Blocks.
    pub(crate) fn forget_version(&self, id: u64, version: &Version) -> Result<(), Failure> {
        let dir = self.version_folder(id)?.ok_or_else(not_found)?;
        dir.remove_tree(&version.name)?;
        Ok(dir.sync()?)
    }

    /// Removes all earlier contents of the file `id`, which is going for good. Blocks.
    pub(crate) fn forget_versions(&self, id: u64) -> Result<(), Failure> {
        match self.versions.remove_tree(&folder(id)?) {
            Err(error) if error.is_absent() => Ok(()),
            removed => Ok(removed?),
        }
    }

    /// Hands the earlier contents of the file `old`, which is no more, to the file `new`, which took its place. Blocks.
    pub(crate) fn hand_on(&self, old: u64, new: u64) -> Result<(), Failure> {
        let Some(from) = self.version_folder(old)? else { return Ok(()) };
        let to = self.versions.make_or_open(&folder(new)?, MODE)?;
        for version in versions(&from)? {
            from.move_to(&version.name, &to, &version.name)?;
        }
        Ok(self.versions.remove_empty(&folder(old)?)?)
    }

    /// Where the file `id` is, if it can be found: as the catalogue has it, or where it was when something took its place. Blocks.
    pub(crate) fn place_of(&self, id: u64) -> Result<Option<Vec<Name>>, Failure> {
        if let Some(path) = self.path_of(id)? {
            return Ok(Some(path));
        }
        let Some(dir) = self.version_folder(id)? else { return Ok(None) };
        let text = dir.xattr(PATH)?.and_then(|bytes| String::from_utf8(bytes).ok());
        let segments: Vec<String> = text.unwrap_or_default().split('/').map(Into::into).collect();
        let Ok(path) = path::names(&segments) else { return Ok(None) };
        match self.entry(&path) {
            Ok(entry) if entry.stamp.id == id => Ok(Some(path)),
            Ok(_) => Ok(None),
            Err(Failure::Files(error)) if error.is_absent() => Ok(None),
            Err(Failure::Problem(problem)) if problem.status == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ids of all files that have earlier contents. Blocks.
    pub(crate) fn kept_ids(&self) -> Result<Vec<u64>, Failure> {
        Ok(self.versions.list()?.iter().filter_map(|listed| listed.name.as_str().parse().ok()).collect())
    }

    /// Removes what is superfluous by now among the earlier contents of the file `id`, and gives what stays with its sizes. Blocks.
    pub(crate) fn thin_out(&self, id: u64, now: i64) -> Result<Vec<(Version, u64)>, Failure> {
        let Some(dir) = self.version_folder(id)? else { return Ok(Vec::new()) };
        self.thin(&dir, now)?;
        let mut left = Vec::new();
        for version in versions(&dir)? {
            match dir.stat_of(&version.name) {
                Ok(stat) => left.push((version, stat.size)),
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(error.into()),
            }
        }
        // A new one is about to get its first version.
        if left.is_empty() && now - dir.stat()?.modified_seconds() > FRESH {
            let _ = self.versions.remove_empty(&folder(id)?);
        }
        Ok(left)
    }

    /// Removes what is superfluous; gives the last one that was there.
    fn thin(&self, dir: &Dir, now: i64) -> Result<Option<Version>, Failure> {
        let mut there = versions(dir)?;
        let judged = |version: &Version| Judged { replaced: version.replaced, of_guest: version.of_guest, by_return: version.by_return };
        let judged: Vec<Judged> = there.iter().map(judged).collect();
        for index in superfluous(&judged, now) {
            match dir.remove_tree(&there[index].name) {
                Err(error) if !error.is_absent() => return Err(error.into()),
                _ => {}
            }
        }
        Ok(there.pop())
    }

    fn version_folder(&self, id: u64) -> Result<Option<Dir>, Failure> {
        match self.versions.dir(&[folder(id)?]) {
            Ok(dir) => Ok(Some(dir)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// What is in the folder of a file's versions, from old to new.
fn versions(dir: &Dir) -> Result<Vec<Version>, FilesError> {
    let mut found: Vec<Version> = dir.list()?.into_iter().filter_map(|listed| Version::of(listed.name)).collect();
    found.sort_by(|one, other| (one.replaced_ms, &one.name).cmp(&(other.replaced_ms, &other.name)));
    Ok(found)
}

fn folder(id: u64) -> Result<Name, Failure> {
    named(id.to_string())
}

fn named(text: String) -> Result<Name, Failure> {
    Name::new(text).map_err(|_| Failure::Broken("digits are a name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_on_the_disk_says_when() {
        let check = |text: &str, expected: Option<(i64, i64)>| {
            let found = Version::of(Name::new(text).unwrap());
            assert_eq!(found.map(|version| (version.modified, version.replaced)), expected, "{text}");
        };
        check("1700000000-1700000009123-0a1b2c3d", Some((1_700_000_000, 1_700_000_009)));
        check("0-5000-x-y", Some((0, 5)));
        let marks = |text: &str| {
            Version::of(Name::new(text).unwrap()).map(|version| (version.of_guest, version.by_guest, version.by_return)).unwrap()
        };
        assert_eq!(marks("1-5000-0a1b2c3d"), (false, false, false));
        assert_eq!(marks("1-5000-0a1b2c3dr"), (false, true, false));
        assert_eq!(marks("1-5000-0a1b2c3dgr"), (true, true, false));
        assert_eq!(marks("1-5000-0a1b2c3bgb"), (true, false, true));
        for foreign in ["1700000000", "a-b-c", "-1", "1-", "1-x", "99999999999999999999-1-a"] {
            check(foreign, None);
        }
    }
}
