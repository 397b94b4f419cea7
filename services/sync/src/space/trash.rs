//! What was deleted: `.croft/trash/<16 hex digits>/<name>`, with a row in the records that says from where, when and by whom.

use std::collections::HashMap;

use croft_files::{Dir, Kind, Name, Stat};

use super::{Entry, Space, records::Trashed, unique};
use crate::{
    error::{Failure, not_found},
    judge::path,
};

/// Digits of a place in the trash.
const DIGITS: usize = 16;

/// A deleted entry.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Its place in the trash.
    pub(crate) slot: Name,
    /// Its name.
    pub(crate) name: Name,
    /// Decoded path inside the space that it came from.
    pub(crate) path: String,
    /// When, in Unix seconds.
    pub(crate) deleted: i64,
    /// Who deleted it; nobody knows when the row is missing.
    pub(crate) who: String,
}

impl Item {
    /// Its name in addresses: `s7-0123456789abcdef.d1700000000`. The space is in it, since a person's trash is that of several.
    pub(crate) fn address(&self, space: &Space) -> String {
        format!("s{}-{}.d{}", space.number.0, self.slot, self.deleted)
    }
}

impl Space {
    /// A place in the trash for what `who` takes from `path`, on the disk before anything is in it. Blocks.
    pub(crate) fn trash_place(&self, path: &[Name], who: &str) -> Result<(Item, Dir), Failure> {
        let name = path.last().cloned().ok_or(Failure::Broken("a space is no entry"))?;
        let (slot, deleted) = (unique()?, jiff::Timestamp::now().as_second());
        let item = Item { slot, name, path: path::text(path), deleted, who: who.to_owned() };
        self.records.trash(&item.slot, &Trashed { path: item.path.clone(), deleted, who: item.who.clone() })?;
        let place = self.trash.make(&item.slot)?;
        if let Err(error) = self.trash.sync() {
            // Nothing is in it yet, and an empty one hurts nobody.
            let _ = self.trash.remove_empty(&item.slot);
            return Err(error.into());
        }
        Ok((item, place))
    }

    /// Gives up a place in the trash, if it is empty: after a flush that failed, the entry may be in it. A row that stays hurts nobody. Blocks.
    pub(crate) fn forget_trash_place(&self, slot: &Name) {
        if self.trash.remove_empty(slot).is_ok() {
            let _ = self.records.forget_trashed(std::slice::from_ref(slot));
        }
    }

    /// All that was deleted, the latest first. Blocks.
    pub(crate) fn trashed(&self) -> Result<Vec<Item>, Failure> {
        let mut rows: HashMap<String, Trashed> = self.records.all_trashed()?.into_iter().collect();
        let mut items = Vec::new();
        for listed in self.trash.list()? {
            let row = rows.remove(listed.name.as_str());
            items.extend(self.item(listed.name, row)?);
        }
        items.sort_by(|one, other| (other.deleted, &other.slot).cmp(&(one.deleted, &one.slot)));
        Ok(items)
    }

    /// The deleted entry of this name in addresses. Blocks.
    pub(crate) fn trash_item(&self, address: &str) -> Result<Item, Failure> {
        let digits = address.strip_prefix(&format!("s{}-", self.number.0)).and_then(|rest| rest.split('.').next());
        let is_slot = |digits: &&str| digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let slot = digits.filter(is_slot).and_then(|digits| Name::new(digits).ok()).ok_or_else(not_found)?;
        let row = self.records.trashed(&slot)?;
        self.item(slot, row)?.ok_or_else(|| not_found().into())
    }

    /// What lies in a place of the trash, if anything does.
    fn item(&self, slot: Name, row: Option<Trashed>) -> Result<Option<Item>, Failure> {
        let place = match self.trash.dir(std::slice::from_ref(&slot)) {
            Ok(place) => place,
            Err(error) if error.is_absent() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Some(name) = place.list()?.into_iter().next().map(|listed| listed.name) else { return Ok(None) };
        let (path, deleted, who) = match row {
            Some(row) => (row.path, row.deleted, row.who),
            None => (name.to_string(), place.stat()?.modified_seconds(), String::new()),
        };
        Ok(Some(Item { slot, name, path, deleted, who }))
    }

    /// The entry at `path` in the deleted `item`; none is the item itself. Blocks.
    pub(crate) fn trashed_entry(&self, item: &Item, path: &[Name]) -> Result<Entry, Failure> {
        let mut whole = vec![item.slot.clone(), item.name.clone()];
        whole.extend_from_slice(path);
        let (name, parent) = whole.split_last().ok_or_else(not_found)?;
        self.child(&self.trash.dir(parent)?, name)
    }

    /// Bytes of a deleted entry. Blocks.
    pub(crate) fn trashed_size(&self, item: &Item) -> Result<u64, Failure> {
        let entry = match self.trashed_entry(item, &[]) {
            Ok(entry) => entry,
            Err(Failure::Files(error)) if error.is_absent() || error.is_refused() => return Ok(0),
            Err(Failure::Problem(problem)) if problem.status == 404 => return Ok(0),
            Err(error) => return Err(error),
        };
        match entry.dir() {
            Some(dir) => self.size_of(dir, entry.stamp.id),
            None => Ok(entry.stat.size),
        }
    }

    /// Removes deleted entries for good, with the earlier contents of the files in them. They are gone for everybody at once and on the disk; their
    /// bytes go one by one. Blocks.
    pub(crate) fn purge(&self, slots: &[Name]) -> Result<(), Failure> {
        let mut going = Vec::new();
        for slot in slots {
            let aside = unique()?;
            match self.trash.move_to(slot, &self.uploads, &aside) {
                Ok(()) => going.push(aside),
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.trash.sync()?;
        self.records.forget_trashed(slots)?;
        for aside in going {
            // What is left over goes at the next start.
            let place = self.uploads.dir(std::slice::from_ref(&aside))?;
            self.forget_versions_below(&place)?;
            self.uploads.remove_tree(&aside)?;
        }
        Ok(())
    }

    fn forget_versions_below(&self, dir: &Dir) -> Result<(), Failure> {
        for listed in dir.list()? {
            match dir.stat_of(&listed.name)?.kind {
                Kind::Dir => self.forget_versions_below(&dir.dir(std::slice::from_ref(&listed.name))?)?,
                Kind::File => {
                    let Ok(file) = dir.file(&listed.name) else { continue };
                    let stat = Stat::of(&file)?;
                    // A file of several names lives on.
                    if let Some(stamp) = self.ids.known(&file, stat)?.filter(|_| stat.names == 1) {
                        self.forget_versions(stamp.id)?;
                    }
                }
                Kind::Other => {}
            }
        }
        Ok(())
    }
}
