//! What the space does by itself: it empties the trash of what is old, thins out versions, and makes room for an upload out of both.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use croft_files::Name;
use tokio_util::sync::CancellationToken;

use super::{Space, reserve, trash::Item, uploads, versions::Version};
use crate::{
    access::Access,
    error::{Failure, full},
};

/// Seconds that a deleted entry can be brought back.
const TRASH_SECONDS: i64 = 30 * DAY;
/// Seconds between two rounds.
const ROUND: i64 = DAY;
/// Seconds after which a row of the trash without an entry is no deletion on its way.
const STALE: i64 = 3600;
/// Bytes of the disk that strangers' uploads leave free, beside the reserve.
const HOUSEHOLDS_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// The part of the disk that versions may take: one in so many.
const SHARE: u64 = 4;
/// Bytes that are freed beyond what an upload needs, so that each of its pieces does not go through everything again.
const SPARE_BYTES: u64 = 256 * 1024 * 1024;
const DAY: i64 = 24 * 3600;
/// How long it is not looked for more after nothing was left that could go.
const NOTHING_LEFT: Duration = Duration::from_secs(30);

/// What can be removed to make room.
enum Old {
    Trashed(Name),
    Version(u64, Version),
}

impl Space {
    /// Refuses with "disk full" when writing `bytes` more would touch the reserve; before, the oldest of trash and versions make room, if there is enough of
    /// them. Blocks.
    pub(crate) fn admit(&self, bytes: u64) -> Result<(), Failure> {
        match self.room.admit(bytes) {
            Err(Failure::Problem(problem)) if problem.status == 507 => self.make_room(bytes),
            judged => judged,
        }
    }

    /// The same for what comes with `access`: from somebody with a link nothing is taken that is kept for the household, and nothing makes room for it. Blocks.
    pub(crate) fn admit_for(&self, access: &Access, bytes: u64) -> Result<(), Failure> {
        if access.guest.is_some() { self.room.admit_above(bytes, HOUSEHOLDS_BYTES) } else { self.admit(bytes) }
    }

    fn make_room(&self, bytes: u64) -> Result<(), Failure> {
        // Of a quota, nothing becomes free of what snapshots hold as well.
        self.room.keep_to_quota(bytes)?;
        let Ok(mut last) = self.emptying.try_lock() else { return Err(full().into()) };
        if last.is_some_and(|last| last.elapsed() < NOTHING_LEFT) {
            return Err(full().into());
        }
        self.files.sync_whole()?;
        let Err(full) = self.room.admit(bytes) else { return Ok(()) };
        let room = self.files.room()?;
        let lacking = reserve(room).saturating_add(bytes).saturating_sub(room.available);
        let mut old = self.oldest()?;
        let all = old.iter().fold(0_u64, |sum, (_, size, _)| sum.saturating_add(*size));
        if all < lacking {
            // Whoever announces more than the disk takes shall not empty the trash by it.
            if all == 0 {
                *last = Some(Instant::now());
            }
            return Err(full);
        }
        old.sort_by_key(|(time, ..)| *time);
        tracing::info!(lacking, "the oldest of trash and versions make room");
        let (mut freed, goal) = (0_u64, lacking.saturating_add(SPARE_BYTES));
        for (_, size, one) in old {
            if freed >= goal {
                self.files.sync_whole()?;
                if self.room.admit(bytes).is_ok() {
                    return Ok(());
                }
                // Blocks that are shared with other files were not freed by it.
                freed = 0;
            }
            self.remove_old(&one)?;
            freed = freed.saturating_add(size);
        }
        self.files.sync_whole()?;
        self.room.admit(bytes)
    }

    /// All that can go, each with the time from which it is old and its size.
    fn oldest(&self) -> Result<Vec<(i64, u64, Old)>, Failure> {
        let mut old = Vec::new();
        for item in self.trashed()? {
            old.push((item.deleted, self.trashed_size(&item)?, Old::Trashed(item.slot)));
        }
        let now = jiff::Timestamp::now().as_second();
        for id in self.kept_ids()? {
            let left = self.thin_out(id, now)?;
            old.extend(left.into_iter().map(|(version, size)| (version.replaced, size, Old::Version(id, version))));
        }
        Ok(old)
    }

    fn remove_old(&self, one: &Old) -> Result<(), Failure> {
        match one {
            Old::Trashed(slot) => {
                // Somebody is bringing it back.
                let Some(_slot) = self.try_lock_upload(slot) else { return Ok(()) };
                self.purge(std::slice::from_ref(slot))
            }
            Old::Version(id, version) => match self.forget_version(*id, version) {
                Err(Failure::Files(error)) if error.is_absent() => Ok(()),
                Err(Failure::Problem(problem)) if problem.status == 404 => Ok(()),
                removed => removed,
            },
        }
    }

    /// Does what is to be done once a day, if it is time, until `stop`. Blocks.
    pub(crate) fn look_after(self: &Arc<Self>, now: i64, stop: &CancellationToken) -> Result<(), Failure> {
        // A clock that was set back does not keep it from being done.
        if (0..ROUND).contains(&(now - self.records.looked_after()?)) {
            return Ok(());
        }
        self.empty_old_trash(now, stop)?;
        self.thin_all(now, stop)?;
        uploads::forget_old(&self.chunks, now)?;
        if !stop.is_cancelled() {
            self.records.set_looked_after(now)?;
        }
        Ok(())
    }

    fn empty_old_trash(&self, now: i64, stop: &CancellationToken) -> Result<(), Failure> {
        let there = self.trashed()?;
        let old = |item: &&Item| now - item.deleted > TRASH_SECONDS;
        for item in there.iter().filter(old).take_while(|_| !stop.is_cancelled()) {
            self.remove_old(&Old::Trashed(item.slot.clone()))?;
        }
        let rows = self.records.all_trashed()?;
        let gone = |(key, row): &&(String, _)| is_stale(row, now) && !there.iter().any(|item| item.slot.as_str() == key);
        let gone: Vec<Name> = rows.iter().filter(gone).filter_map(|(key, _)| Name::new(key.as_str()).ok()).collect();
        for slot in &gone {
            // Only an empty one goes.
            let _ = self.trash.remove_empty(slot);
        }
        if gone.is_empty() { Ok(()) } else { Ok(self.records.forget_trashed(&gone)?) }
    }

    fn thin_all(&self, now: i64, stop: &CancellationToken) -> Result<(), Failure> {
        let mut all = Vec::new();
        for id in self.kept_ids()? {
            if stop.is_cancelled() {
                return Ok(());
            }
            all.extend(self.thin_out(id, now)?.into_iter().map(|(version, size)| (id, version, size)));
        }
        let (mut sum, most) = (all.iter().map(|(.., size)| size).sum::<u64>(), self.files.room()?.total / SHARE);
        all.sort_by_key(|(_, version, _)| version.replaced);
        for (id, version, size) in all {
            if sum <= most || stop.is_cancelled() {
                break;
            }
            self.remove_old(&Old::Version(id, version))?;
            sum = sum.saturating_sub(size);
        }
        Ok(())
    }
}

fn is_stale(row: &super::records::Trashed, now: i64) -> bool {
    now - row.deleted > STALE
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        path::Path,
    };

    use croft_files::{Dir, Stat};
    use croft_model::SpaceNumber;

    use super::*;

    const NOW: i64 = 2_000_000_000;

    fn space(folder: &Path) -> Arc<Space> {
        let dir = |path: &Path| Dir::new(File::open(path).unwrap().into()).unwrap();
        fs::create_dir_all(folder.join("index")).unwrap();
        Arc::new(Space::open(&dir(folder), &dir(&folder.join("index")), SpaceNumber(7)).unwrap())
    }

    /// A deleted file, gone for so many seconds at [`NOW`].
    fn trash(space: &Space, name: &'static str, age: i64) -> Name {
        let (item, place) = space.trash_place(&[Name::literal(name)], "ana").unwrap();
        place.file_for_writing(&item.name).unwrap();
        let row = super::super::records::Trashed { path: name.into(), deleted: NOW - age, who: "ana".into() };
        space.records.trash(&item.slot, &row).unwrap();
        item.slot
    }

    #[test]
    fn what_is_old_goes_once_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let space = space(folder.path());
        let (old, new) = (trash(&space, "old", 31 * DAY), trash(&space, "new", 29 * DAY));
        let (empty, _) = space.trash_place(&[Name::literal("empty")], "ana").unwrap();
        let row = super::super::records::Trashed { path: "empty".into(), deleted: NOW - DAY, who: "ana".into() };
        space.records.trash(&empty.slot, &row).unwrap();
        let versions = folder.path().join(".croft/versions/481036337155");
        fs::create_dir(&versions).unwrap();
        for replaced in [NOW - 400 * DAY, NOW - 300 * DAY, NOW - 1] {
            fs::write(versions.join(format!("5-{replaced}000-a")), "x").unwrap();
        }
        let running = CancellationToken::new();
        space.look_after(NOW, &running).unwrap();
        let left: Vec<Name> = space.trashed().unwrap().into_iter().map(|item| item.slot).collect();
        assert_eq!(left, std::slice::from_ref(&new));
        let rows: Vec<String> = space.records.all_trashed().unwrap().into_iter().map(|(key, _)| key).collect();
        assert_eq!(rows, [new.to_string()], "{old} and {} are forgotten", empty.slot);
        assert_eq!(fs::read_dir(&versions).unwrap().count(), 2);
        trash(&space, "late", 31 * DAY);
        space.look_after(NOW + DAY - 1, &running).unwrap();
        assert_eq!(space.trashed().unwrap().len(), 2, "not yet");
        space.look_after(NOW + DAY, &running).unwrap();
        assert_eq!(space.trashed().unwrap().len(), 1);
    }

    #[test]
    fn a_stop_is_heard_and_the_rest_is_done_later() {
        let folder = tempfile::tempdir().unwrap();
        let space = space(folder.path());
        trash(&space, "old", 31 * DAY);
        let stopped = CancellationToken::new();
        stopped.cancel();
        space.look_after(NOW, &stopped).unwrap();
        assert_eq!(space.trashed().unwrap().len(), 1);
        space.look_after(NOW, &CancellationToken::new()).unwrap();
        assert_eq!(space.trashed().unwrap().len(), 0);
    }

    #[test]
    fn versions_go_with_the_file_that_goes_for_good_and_not_with_one_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let space = space(folder.path());
        let slots = [trash(&space, "gone", 1), trash(&space, "stays", 1)];
        let mut ids = Vec::new();
        for (slot, name) in slots.iter().zip(["gone", "stays"]) {
            let path = folder.path().join(format!(".croft/trash/{slot}/{name}"));
            let file = File::open(&path).unwrap();
            ids.push(space.ids.of(&file, Stat::of(&file).unwrap()).unwrap().id);
            let versions = folder.path().join(format!(".croft/versions/{}", ids.last().unwrap()));
            fs::create_dir(&versions).unwrap();
            fs::write(versions.join("5-5-a"), "x").unwrap();
        }
        fs::hard_link(folder.path().join(format!(".croft/trash/{}/stays", slots[1])), folder.path().join("files/stays")).unwrap();
        space.purge(&slots).unwrap();
        assert_eq!(space.kept_ids().unwrap(), [ids[1]]);
    }
}
