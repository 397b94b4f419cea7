//! What was sent, so that it can be told later whether the original is still that.

use std::hash::{BuildHasher, RandomState};

use croft_files::{Dir, FilesError, Kind, Name, Stat};
use croft_model::Problem;

use super::Count;
use crate::error::Failure;

/// A sum over all entries below a path: their names, which ones they are, sizes and times. The order in which they are listed does not matter.
#[derive(Debug, Default)]
pub(super) struct Tally {
    hasher: RandomState,
    sum: u64,
    pub(super) count: Count,
    /// How many entries cannot be sent.
    left: u64,
    /// What one of them is called.
    one_left: Option<String>,
}

impl Tally {
    /// Adds the entry `name` in the folder at `place`, and gives its own place.
    pub(super) fn add(&mut self, place: u64, name: &Name, stat: &Stat) -> u64 {
        let place = self.hasher.hash_one((place, name, stat.inode));
        if stat.kind == Kind::Dir {
            self.count.folders += 1;
            self.sum = self.sum.wrapping_add(place);
        } else {
            self.count.files += 1;
            self.count.bytes = self.count.bytes.saturating_add(stat.size);
            self.sum = self.sum.wrapping_add(self.hasher.hash_one((place, stat.size, stat.modified_ns)));
        }
        place
    }

    /// Counts an entry that cannot be sent: a link or a device, or one whose name is not UTF-8.
    pub(super) fn leave_out(&mut self, name: &str) {
        self.left += 1;
        self.one_left.get_or_insert_with(|| name.to_owned());
    }

    /// Why the original must stay, where not all of it could be sent.
    pub(super) fn left_out(&self) -> Option<Problem> {
        let one = self.one_left.as_ref()?;
        let sentence = match self.left {
            1 => format!(
                "\u{201c}{one}\u{201d} in it cannot go to another space. It is a link or a device, or its name is not readable text."
            ),
            many => format!(
                "{many} entries in it, \u{201c}{one}\u{201d} among them, cannot go to another space. They are links or devices, or their names are not readable text."
            ),
        };
        Some(Problem::new(409, "not-all-was-sent", sentence).hint("Give them names that can be read, or do without them."))
    }

    /// Whether `name` in `parent` is still all that was added. Blocks.
    pub(super) fn still_holds(&self, parent: &Dir, name: &Name) -> Result<bool, Failure> {
        let mut now = Self { hasher: self.hasher.clone(), ..Self::default() };
        now.add_all(parent, name, 0)?;
        Ok(now.sum == self.sum && now.count == self.count && now.left == self.left)
    }

    fn add_all(&mut self, parent: &Dir, name: &Name, place: u64) -> Result<(), FilesError> {
        let stat = match parent.stat_of(name) {
            Ok(stat) if stat.kind != Kind::Other => stat,
            Ok(_) => {
                self.leave_out(name.as_str());
                return Ok(());
            }
            Err(error) if error.is_absent() => return Ok(()),
            Err(error) => return Err(error),
        };
        let place = self.add(place, name, &stat);
        if stat.kind == Kind::Dir {
            let dir = parent.dir(std::slice::from_ref(name))?;
            let listing = dir.listing()?;
            listing.unnamed.iter().for_each(|name| self.leave_out(name));
            for listed in listing.entries {
                self.add_all(&dir, &listed.name, place)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn a_tree_is_the_same_until_anything_in_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, name) = (folder.path().join("tree"), Name::new("tree").unwrap());
        let changes: [(&str, &dyn Fn()); 6] = [
            ("nothing", &|| {}),
            ("another content", &|| fs::write(tree.join("a/b"), "changed").unwrap()),
            ("another file", &|| fs::write(tree.join("more"), "").unwrap()),
            ("another name", &|| fs::rename(tree.join("c"), tree.join("d")).unwrap()),
            ("a folder more", &|| fs::create_dir(tree.join("e")).unwrap()),
            ("gone", &|| fs::remove_dir_all(&tree).unwrap()),
        ];
        for (what, change) in changes {
            fs::create_dir_all(tree.join("a")).unwrap();
            for path in ["a/b", "c"] {
                fs::write(tree.join(path), path).unwrap();
            }
            let parent = Dir::new(File::open(folder.path()).unwrap().into()).unwrap();
            let mut tally = Tally::default();
            tally.add_all(&parent, &name, 0).unwrap();
            change();
            assert_eq!(tally.still_holds(&parent, &name).unwrap(), what == "nothing", "{what}");
        }
    }
}
