//! The names of shared spaces at the root of a person's own: never one that an own entry has, on any computer.
//!
//! A name that was changed stays changed, also when the entry that had it first is gone: a client that has not heard of that yet would else
//! send what belongs to the entry into the shared space.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use croft_api::bulk::MountLine;
use croft_files::{Dir, FilesError, Name};
use croft_model::{folded, shown_names};

use super::records::{Records, Renamed};
use crate::error::Failure;

/// A root that changed less than this before it was listed is listed again: the clock of its changes ticks too coarsely to show the next one.
const SETTLED_NS: i128 = 2_000_000_000;

/// What is known of names at the root.
#[derive(Debug, Default)]
pub(crate) struct Mounts {
    /// Held while names are given, so that a number of a name is given once.
    naming: Mutex<()>,
    taken: Mutex<Option<Taken>>,
}

/// The names of the own entries at one time of the root.
#[derive(Debug, Clone)]
struct Taken {
    modified_ns: i128,
    inode: u64,
    folded: Arc<HashSet<String>>,
}

impl Mounts {
    /// Gives each of `mounts` the name under which it is shown, beside the entries that are in `root` now. Blocks.
    pub(super) fn name(&self, root: &Dir, records: &Records, mounts: &mut [MountLine]) -> Result<(), Failure> {
        let taken = if mounts.is_empty() { Arc::default() } else { self.taken(root)? };
        self.name_beside(&taken, records, mounts)
    }

    /// The same beside the entries `listed`. Blocks.
    pub(super) fn name_beside_listed<'a>(
        &self,
        listed: impl Iterator<Item = &'a Name>,
        records: &Records,
        mounts: &mut [MountLine],
    ) -> Result<(), Failure> {
        let taken = if mounts.is_empty() { HashSet::new() } else { listed.map(|name| folded(name.as_str())).collect() };
        self.name_beside(&taken, records, mounts)
    }

    fn name_beside(&self, taken: &HashSet<String>, records: &Records, mounts: &mut [MountLine]) -> Result<(), Failure> {
        let _naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: BTreeMap<u16, Renamed> = records.renamed()?;
        let names = plan(mounts, taken, &kept);
        let renamed = mounts.iter().zip(&names).filter(|(mount, shown)| mount.name != **shown);
        let wanted: BTreeMap<u16, Renamed> =
            renamed.map(|(mount, shown)| (mount.space, Renamed { name: mount.name.clone(), shown: shown.clone() })).collect();
        // Before anybody hears of a name it is on the disk.
        if wanted != kept {
            records.set_renamed(&wanted)?;
        }
        for (mount, shown) in mounts.iter_mut().zip(names) {
            mount.name = shown;
        }
        Ok(())
    }

    /// The folded names of the entries of `root`. They are remembered as long as it does not change.
    fn taken(&self, root: &Dir) -> Result<Arc<HashSet<String>>, FilesError> {
        let stat = root.stat()?;
        let known = self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| (known.modified_ns, known.inode) == (stat.modified_ns, stat.inode)) {
            return Ok(known.folded);
        }
        let now = jiff::Timestamp::now().as_nanosecond();
        let folded: Arc<HashSet<String>> = Arc::new(root.list()?.iter().map(|listed| folded(listed.name.as_str())).collect());
        let settled = (SETTLED_NS..).contains(&(now - stat.modified_ns));
        let remembered = settled.then(|| Taken { modified_ns: stat.modified_ns, inode: stat.inode, folded: Arc::clone(&folded) });
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = remembered;
        Ok(folded)
    }
}

/// The names of `mounts`, in their order, where own entries have the names `taken` and the changed ones in `kept` stay.
fn plan(mounts: &[MountLine], taken: &HashSet<String>, kept: &BTreeMap<u16, Renamed>) -> Vec<String> {
    let is_free = |name: &str| !taken.contains(&folded(name));
    let mut used = HashSet::new();
    let stays = |mount: &MountLine| {
        let kept = kept.get(&mount.space).filter(|kept| kept.name == mount.name && is_free(&kept.shown))?;
        used.insert(folded(&kept.shown)).then(|| kept.shown.clone())
    };
    let mut names: Vec<Option<String>> = mounts.iter().map(stays).collect();
    // No space is moved aside to the name of another.
    let own: HashSet<String> = mounts.iter().map(|mount| folded(&mount.name)).collect();
    for (mount, name) in mounts.iter().zip(&mut names) {
        if name.is_none() {
            let in_the_way = |shown: &String| *shown != mount.name && own.contains(&folded(shown));
            let fits = |shown: &String| is_free(shown) && !used.contains(&folded(shown)) && !in_the_way(shown);
            *name = shown_names(&mount.name).find(fits);
            used.extend(name.as_deref().map(folded));
        }
    }
    // There is always a free number.
    names.into_iter().zip(mounts).map(|(name, mount)| name.unwrap_or_else(|| mount.name.clone())).collect()
}

#[cfg(test)]
mod tests {
    use croft_model::Right;
    use proptest::prelude::*;

    use super::*;

    fn mounts(names: &[&str]) -> Vec<MountLine> {
        (2..).zip(names).map(|(space, name)| MountLine { name: (*name).into(), space, right: Right::Write, root: None }).collect()
    }

    fn set(names: &[&str]) -> HashSet<String> {
        names.iter().map(|name| folded(name)).collect()
    }

    fn kept(of: &[(u16, &str, &str)]) -> BTreeMap<u16, Renamed> {
        of.iter().map(|(space, name, shown)| (*space, Renamed { name: (*name).into(), shown: (*shown).into() })).collect()
    }

    #[test]
    fn a_taken_name_is_changed_and_stays_changed() {
        let check = |spaces: &[&str], taken: &[&str], before: &[(u16, &str, &str)], expected: &[&str]| {
            assert_eq!(plan(&mounts(spaces), &set(taken), &kept(before)), expected, "{spaces:?} {taken:?} {before:?}");
        };
        check(&["Family"], &["own"], &[], &["Family"]);
        check(&["Family"], &["Family"], &[], &["Family (shared)"]);
        check(&["B\u{fc}ro"], &["bu\u{308}ro"], &[], &["B\u{fc}ro (shared)"]);
        check(&["Family"], &["Family", "FAMILY (SHARED)"], &[], &["Family (shared 2)"]);
        check(&["Family", "Family (shared)"], &["Family"], &[], &["Family (shared 2)", "Family (shared)"]);
        check(&["Family"], &[], &[(2, "Family", "Family (shared)")], &["Family (shared)"]);
        check(&["Family"], &["Family (shared)"], &[(2, "Family", "Family (shared)")], &["Family"]);
        check(&["Home"], &[], &[(2, "Family", "Family (shared)")], &["Home"]);
        check(&["Home", "Family (shared)"], &[], &[(2, "Home", "Family (shared)")], &["Family (shared)", "Family (shared) (shared)"]);
    }

    proptest! {
        #[test]
        fn names_are_all_different_and_none_is_taken(
            spaces in prop::collection::btree_set("[aA](| \\(shared\\)| \\(shared 2\\))", 0..4),
            taken in prop::collection::vec("[aA](| \\(shared( 2)?\\))", 0..4),
            before in prop::collection::vec((2_u16..6, "[aA]", "[aA] \\(shared( 2)?\\)"), 0..3),
        ) {
            let spaces: Vec<&str> = spaces.iter().map(String::as_str).collect();
            let taken = taken.iter().map(|name| folded(name)).collect();
            let before = before.into_iter().map(|(space, name, shown)| (space, Renamed { name, shown })).collect();
            let names = plan(&mounts(&spaces), &taken, &before);
            let different: HashSet<String> = names.iter().map(|name| folded(name)).collect();
            prop_assert_eq!(different.len(), names.len());
            for (name, space) in names.iter().zip(&spaces) {
                prop_assert!(!taken.contains(&folded(name)), "{name} is taken");
                prop_assert!(name == space || croft_model::may_be_shown(name, space), "{name} is not of {space}");
            }
            let again: BTreeMap<u16, Renamed> = mounts(&spaces).iter().zip(&names).filter(|(mount, shown)| mount.name != **shown)
                .map(|(mount, shown)| (mount.space, Renamed { name: mount.name.clone(), shown: shown.clone() })).collect();
            prop_assert_eq!(plan(&mounts(&spaces), &taken, &again), names, "names stay");
        }
    }
}
