//! Records for sync clients: favourites, the fingerprint of a space that was set back, and what uploads in chunks became.

use std::collections::BTreeSet;

use croft_files::Name;
use croft_model::PersonId;
use croft_store::{Order, StoreError, Table, first_version};
use serde::{Deserialize, Serialize};

use super::Records;

/// Entries of a space that anybody has marked: more than somebody marks by hand.
const MAX_FAVORITES: u64 = 10_000;
/// Uploads that are remembered after they became files, for at most [`REMEMBERED_SECONDS`].
const MAX_ASSEMBLED: usize = 1000;
/// A day: a client that lost an answer asks again within minutes, and one that was switched off in the morning.
const REMEMBERED_SECONDS: i64 = 24 * 3600;

/// Who has marked an entry as a favourite.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Favorites(Vec<PersonId>);

/// What changes when the space was set back to an earlier state.
#[derive(Debug, Serialize, Deserialize)]
struct Fingerprint(String);

/// A file that an upload in chunks became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Assembled {
    /// Decoded path inside the space.
    pub(crate) path: String,
    /// The ETag that it got.
    pub(crate) etag: String,
    /// Its id.
    pub(crate) id: u64,
    /// The status of the answer.
    pub(crate) status: u16,
    /// Unix time in seconds.
    pub(crate) at: i64,
}

first_version!(Favorites, Fingerprint, Assembled);

const FAVORITES: Table<u64, Favorites> = Table::new("favorites");
const FINGERPRINT: Table<u8, Fingerprint> = Table::new("fingerprint");
const ASSEMBLED: Table<String, Assembled> = Table::new("assembled");

impl Records {
    /// Whether `person` has marked the entry `id`.
    pub(crate) fn is_favorite(&self, id: u64, person: PersonId) -> Result<bool, StoreError> {
        Ok(self.0.read()?.get(&FAVORITES, &id)?.is_some_and(|marked| marked.0.contains(&person)))
    }

    /// The entries that `person` has marked.
    pub(crate) fn favorites_of(&self, person: PersonId) -> Result<BTreeSet<u64>, StoreError> {
        let most = usize::try_from(MAX_FAVORITES).unwrap_or(usize::MAX);
        let all = self.0.read()?.range(&FAVORITES, .., Order::Ascending, most)?;
        Ok(all.into_iter().filter(|(_, marked)| marked.0.contains(&person)).map(|(id, _)| id).collect())
    }

    /// Marks the entry `id` for `person`, or takes the mark away, durably. False when there are too many of them.
    pub(crate) fn set_favorite(&self, id: u64, person: PersonId, marked: bool) -> Result<bool, StoreError> {
        let known = self.is_favorite(id, person)?;
        if known == marked {
            return Ok(true);
        }
        if marked && self.0.read()?.count(&FAVORITES)? >= MAX_FAVORITES {
            return Ok(false);
        }
        let mut write = self.0.write()?;
        let mut people = write.get(&FAVORITES, &id)?.unwrap_or_default().0;
        people.retain(|one| *one != person);
        if marked {
            people.push(person);
        }
        if people.is_empty() {
            write.remove(&FAVORITES, &id)?;
        } else {
            write.put(&FAVORITES, &id, &Favorites(people))?;
        }
        write.commit()?;
        Ok(true)
    }

    /// What sync clients compare to learn that the space was set back: empty until it was.
    pub(crate) fn fingerprint(&self) -> Result<String, StoreError> {
        Ok(self.0.read()?.get(&FINGERPRINT, &0)?.map_or_else(String::new, |fingerprint| fingerprint.0))
    }

    /// Gives the space, durably, a fingerprint that it never had.
    pub(crate) fn set_fingerprint(&self, fingerprint: String) -> Result<(), StoreError> {
        let mut write = self.0.write()?;
        write.put(&FINGERPRINT, &0, &Fingerprint(fingerprint))?;
        write.commit()
    }

    /// What the upload `own` became, if that is not long ago.
    pub(crate) fn assembled(&self, own: &Name, now: i64) -> Result<Option<Assembled>, StoreError> {
        let found = self.0.read()?.get(&ASSEMBLED, &own.to_string())?;
        Ok(found.filter(|assembled| now - assembled.at < REMEMBERED_SECONDS))
    }

    /// Remembers, durably, what the upload `own` became; forgets what is long ago, and the oldest where there are too many.
    pub(crate) fn remember_assembled(&self, own: &Name, assembled: &Assembled) -> Result<(), StoreError> {
        let mut write = self.0.write()?;
        let mut known = write.range(&ASSEMBLED, .., Order::Ascending, 2 * MAX_ASSEMBLED)?;
        known.sort_by_key(|(_, known)| known.at);
        let spare = (known.len() + 1).saturating_sub(MAX_ASSEMBLED);
        for (at, (key, known)) in known.iter().enumerate() {
            if at < spare || assembled.at - known.at >= REMEMBERED_SECONDS {
                write.remove(&ASSEMBLED, key)?;
            }
        }
        write.put(&ASSEMBLED, &own.to_string(), assembled)?;
        write.commit()
    }

    /// Forgets what the upload `own` became: it is another one from now on.
    pub(crate) fn forget_assembled(&self, own: &Name) -> Result<(), StoreError> {
        if self.0.read()?.get(&ASSEMBLED, &own.to_string())?.is_none() {
            return Ok(());
        }
        let mut write = self.0.write()?;
        write.remove(&ASSEMBLED, &own.to_string())?;
        write.commit()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use croft_files::Dir;

    use super::*;

    fn records(folder: &std::path::Path) -> Records {
        Records::open(&Dir::new(File::open(folder).unwrap().into()).unwrap()).unwrap()
    }

    #[test]
    fn uploads_are_remembered_for_a_day_and_not_endlessly_many() {
        let folder = tempfile::tempdir().unwrap();
        let records = records(folder.path());
        let own = |number: i64| Name::new(format!("p1-{number}")).unwrap();
        let became = |at: i64| Assembled { path: "a".into(), etag: "e".into(), id: 7, status: 201, at };
        for at in 0..5 {
            records.remember_assembled(&own(at), &became(at)).unwrap();
        }
        assert_eq!(records.assembled(&own(4), 4 + REMEMBERED_SECONDS - 1).unwrap(), Some(became(4)));
        assert_eq!(records.assembled(&own(4), 4 + REMEMBERED_SECONDS).unwrap(), None);
        records.remember_assembled(&own(9), &became(2 + REMEMBERED_SECONDS)).unwrap();
        assert_eq!(records.0.read().unwrap().count(&ASSEMBLED).unwrap(), 3, "those of yesterday are gone");
        let mut write = records.0.write().unwrap();
        for number in 0..i64::try_from(MAX_ASSEMBLED).unwrap() {
            write.put(&ASSEMBLED, &own(number).to_string(), &became(REMEMBERED_SECONDS + number)).unwrap();
        }
        write.commit().unwrap();
        records.remember_assembled(&own(5000), &became(2 * REMEMBERED_SECONDS - 1)).unwrap();
        assert_eq!(records.0.read().unwrap().count(&ASSEMBLED).unwrap(), MAX_ASSEMBLED as u64);
        assert_eq!(records.assembled(&own(0), REMEMBERED_SECONDS).unwrap(), None, "the oldest");
        records.forget_assembled(&own(5000)).unwrap();
        assert_eq!(records.assembled(&own(5000), REMEMBERED_SECONDS).unwrap(), None);
    }

    #[test]
    fn marks_are_each_persons_and_not_endlessly_many() {
        let folder = tempfile::tempdir().unwrap();
        let records = records(folder.path());
        let [ana, ben] = [1, 2].map(PersonId::from_number);
        assert!(records.set_favorite(7, ana, true).unwrap() && records.set_favorite(7, ben, true).unwrap());
        assert!(records.set_favorite(7, ana, false).unwrap());
        assert_eq!((records.is_favorite(7, ana).unwrap(), records.is_favorite(7, ben).unwrap()), (false, true));
        assert_eq!((records.favorites_of(ana).unwrap(), records.favorites_of(ben).unwrap()), ([].into(), [7].into()));
        let mut write = records.0.write().unwrap();
        for id in 100..100 + MAX_FAVORITES {
            write.put(&FAVORITES, &id, &Favorites(vec![ben])).unwrap();
        }
        write.commit().unwrap();
        assert!(!records.set_favorite(8, ana, true).unwrap(), "there are too many");
        assert!(records.set_favorite(7, ben, false).unwrap() && records.set_favorite(7, ben, false).unwrap());
    }
}
