//! When the space's pictures and films were taken, as far as it was read of them: a part of the catalogue, made again with it.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use croft_api::preview::Taken;
use croft_files::Stat;

use super::{Seen, Space, Visit, rows::Row, unknown};
use crate::{
    error::Failure,
    space::{Entry, Handle},
};

/// Version of what reads the dates. It rises with a release that reads more of them: what is known of an older one is read anew.
pub(super) const TAKEN_VERSION: u8 = 1;
/// Media types of files that may say when they were taken.
const TYPES: [&str; 9] =
    ["image/avif", "image/heic", "image/heif", "image/jpeg", "image/png", "image/tiff", "image/webp", "video/mp4", "video/quicktime"];

/// A photo of whose content nobody knows yet when it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Unread {
    pub(crate) id: u64,
    row: Row,
}

/// What was read of a photo.
pub(crate) type Read = (Unread, Option<Taken>);

impl Unread {
    /// By this the newest comes first.
    fn key(&self) -> (std::cmp::Reverse<Option<i64>>, u64) {
        (std::cmp::Reverse(self.row.seen("").modified), self.id)
    }
}

impl Space {
    /// Shows everything that was seen with when it was taken; and what may say so, was not read yet and still is to be. Blocks.
    pub(super) fn each_dated(&self, mut visit: impl FnMut(&Seen<'_>, Option<Unread>) -> Result<(), Failure>) -> Result<(), Failure> {
        self.catalog.settle(self)?;
        let Some(rows) = &self.catalog.rows else { return Err(unknown().into()) };
        let given_up = self.catalog.given_up.lock().unwrap_or_else(PoisonError::into_inner).clone();
        rows.each_dated(
            |name, row| may_say(&row.seen(name)),
            |name, row, dated| {
                let mut seen = row.seen(name);
                let known = dated.and_then(|dated| row.taken(dated));
                seen.taken = known.flatten();
                let unread = (known.is_none() && may_say(&seen)).then(|| Unread { id: row.id, row: row.clone() });
                visit(&seen, unread.filter(|unread| !given_up.contains(unread)))
            },
        )
    }

    /// The same without the rows. Blocks.
    pub(crate) fn each_seen_dated(&self, visit: Visit<'_>) -> Result<(), Failure> {
        self.each_dated(|seen, _| visit(seen))
    }

    /// The newest `most` photos of which nobody knows yet when they were taken. Blocks.
    pub(crate) fn unread(&self, most: usize) -> Result<Vec<Unread>, Failure> {
        let mut found: Vec<Unread> = Vec::new();
        let keep = |found: &mut Vec<Unread>| {
            found.sort_unstable_by_key(Unread::key);
            found.truncate(most);
        };
        self.each_dated(|_, unread| {
            found.extend(unread);
            if found.len() >= 4 * most {
                keep(&mut found);
            }
            Ok(())
        })?;
        keep(&mut found);
        Ok(found)
    }

    /// The photo, opened, if it still is what was seen. Blocks.
    pub(crate) fn open_unread(&self, unread: &Unread) -> Result<Option<Arc<std::fs::File>>, Failure> {
        let Some(path) = self.path_of(unread.id)? else { return Ok(None) };
        match self.entry(&path) {
            Ok(Entry { handle: Handle::File(file), stat, .. }) if unread.row.is(stat) => Ok(Some(file)),
            _ => Ok(None),
        }
    }

    /// Passes this content of a photo over until the worker starts again.
    pub(crate) fn give_up(&self, photo: Unread) {
        self.catalog.given_up.lock().unwrap_or_else(PoisonError::into_inner).insert(photo);
        self.catalog.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Keeps what was read. Blocks.
    pub(crate) fn keep_dates(&self, read: &[Read]) -> Result<(), Failure> {
        let Some(rows) = &self.catalog.rows else { return Ok(()) };
        let dates: Vec<_> = read.iter().map(|(unread, taken)| (unread.id, unread.row.dated(*taken))).collect();
        let _one = self.catalog.lock();
        rows.keep_dates(&dates)?;
        self.catalog.unsaved.store(true, Ordering::Release);
        self.catalog.generation.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// When the entry `id`, which is `stat` now, was taken, where that is known. Blocks.
    pub(crate) fn taken(&self, id: u64, stat: Stat) -> Result<Option<Taken>, Failure> {
        let Some(rows) = &self.catalog.rows else { return Ok(None) };
        Ok(rows.date(id)?.and_then(|dated| Row::of(id, stat).taken(&dated)).flatten())
    }

    /// A number that is another one when something was written into the catalogue.
    pub(crate) fn catalog_generation(&self) -> u64 {
        self.catalog.generation.load(Ordering::Acquire)
    }
}

fn may_say(seen: &Seen<'_>) -> bool {
    seen.size.is_some_and(|size| size > 0) && seen.content_type().is_some_and(|kind| TYPES.contains(&kind))
}

#[cfg(test)]
mod tests {
    use croft_files::Name;
    use croft_store::{Options, Store};

    use super::{
        super::rows::{Batch, Rows},
        *,
    };

    #[test]
    fn a_date_is_that_of_one_content_and_goes_with_its_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let dir = croft_files::Dir::new(std::fs::File::open(file.path().parent().unwrap()).unwrap().into()).unwrap();
        let name = Name::new(file.path().file_name().unwrap().to_str().unwrap()).unwrap();
        let row = || Row::of(7, dir.stat_of(&name).unwrap());
        let rows = Rows::new(Store::open(tempfile::tempfile().unwrap(), Options::new("catalog")).unwrap());
        let mut batch = Batch::default();
        batch.put((1, "a.jpg".into()), row());
        rows.write(&batch).unwrap();
        assert_eq!(rows.date(7).unwrap(), None);
        for taken in [None, Some(Taken::Moment(5))] {
            rows.keep_dates(&[(7, row().dated(taken))]).unwrap();
            let dated = rows.date(7).unwrap().unwrap();
            assert_eq!(row().taken(&dated), Some(taken));
            let mut shown = Vec::new();
            let show = |name: &str, _: &Row, dated: Option<&_>| {
                shown.push((name.to_owned(), dated.cloned()));
                Ok(())
            };
            rows.each_dated(|_, _| true, show).unwrap();
            assert_eq!(shown, [("a.jpg".to_owned(), Some(dated))]);
        }
        let before = rows.date(7).unwrap().unwrap();
        std::fs::write(file.path(), "other content").unwrap();
        assert_eq!(row().taken(&before), None, "of other content nobody knows");
        let mut gone = Batch::default();
        gone.gone((1, "a.jpg".into()));
        rows.write(&gone).unwrap();
        assert_eq!(rows.date(7).unwrap(), None);
        rows.keep_dates(&[(7, before)]).unwrap();
        assert_eq!(rows.date(7).unwrap(), None, "of what is gone nothing is kept");
    }
}
