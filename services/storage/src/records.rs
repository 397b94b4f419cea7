//! What storage keeps: what is being done to the pool, what the owner wants of it, and which of its disks have to be compared.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::OpenOptionsExt,
    },
    sync::Arc,
};

use croft_disks::{SeenMember, SmartWay};
use croft_model::{Actor, Checked, DiskId, DiskReading, PoolChange, PoolEnd, Protection};
use croft_store::{Options, Order, Record, Store, Table, first_version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{age::AgeRecord, error::StorageError};

/// The one key of the one record.
const ONLY: u8 = 0;
const POOL: Table<u8, PoolRecord> = Table::new("pool");
const AGE: Table<u8, AgeRecord> = Table::new("kept-age");
const HEALTH: Table<String, HealthRecord> = Table::new("disk-health");

/// Disks whose health is read; fewer are kept.
const MAX_HEALTH: usize = 1000;

/// All that is kept of a pool. It is written whole, so that no two facts of it contradict each other after a power cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PoolRecord {
    /// UUID of the pool that all this is about; another pool is begun with anew.
    pub(crate) uuid: String,
    /// How safe the owner wants files to lie: what the last change to the end made of it.
    pub(crate) protection: Protection,
    /// When it was first seen: a pool that was never checked is due so long after.
    pub(crate) known_since: Timestamp,
    /// Number of the next change.
    pub(crate) next: u64,
    /// What is being done.
    pub(crate) change: Option<ChangeRecord>,
    /// What was done last.
    pub(crate) ended: Option<EndedRecord>,
    /// The last check of everything.
    pub(crate) checked: Option<Checked>,
    /// Its disks, as they were last seen.
    pub(crate) members: BTreeMap<u64, MemberRecord>,
    /// Until when a change is not begun by itself, by its word, because the last time it did not come to its end.
    #[serde(default)]
    pub(crate) rests: BTreeMap<String, Timestamp>,
}

/// A change that was begun. How far it is, is seen from the pool; here stands what cannot be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangeRecord {
    /// Its number; never used again.
    pub(crate) number: u64,
    /// What was asked for.
    pub(crate) change: PoolChange,
    /// How safe files shall lie at its end.
    pub(crate) protection: Protection,
    /// On how many disks.
    pub(crate) disks: usize,
    /// Who asked.
    pub(crate) by: Actor,
    /// When.
    pub(crate) since: Timestamp,
    /// The new disk may have been emptied already, so that it is no longer as it was shown.
    pub(crate) emptied: bool,
    /// Data was moved from full disks to emptier ones.
    pub(crate) leveled: bool,
    /// All was compared, after everything else was done.
    pub(crate) compared: bool,
    /// Somebody wants it to be given up.
    pub(crate) cancelling: bool,
}

/// A change that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndedRecord {
    /// Its number.
    pub(crate) number: u64,
    /// What was asked for.
    pub(crate) change: PoolChange,
    /// Who asked.
    pub(crate) by: Actor,
    /// When.
    pub(crate) since: Timestamp,
    /// When it ended.
    pub(crate) at: Timestamp,
    /// How.
    pub(crate) how: PoolEnd,
}

/// A disk of the pool, as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberRecord {
    /// What people know it by: maker, model and the end of its serial number.
    pub(crate) name: String,
    /// Which disk it is, or was when it was last there.
    #[serde(default)]
    pub(crate) disk: Option<DiskId>,
    /// When it came back without what was written meanwhile; none while it is away or has it.
    #[serde(default)]
    pub(crate) back: Option<Timestamp>,
    /// Why it has to be compared; none when it is well.
    pub(crate) doubt: Option<Doubt>,
}

/// Why what lies on a disk is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Doubt {
    /// Why.
    pub(crate) why: Why,
    /// Since when.
    pub(crate) since: Timestamp,
    /// How often all was compared since, and something was wrong each time.
    pub(crate) tries: u32,
    /// When that last was.
    pub(crate) tried: Option<Timestamp>,
}

/// Why what lies on a disk is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Why {
    /// It made errors.
    Errors,
    /// It was away: what was written meanwhile is not on it.
    Away,
}

/// What a disk told of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HealthRecord {
    /// How it is talked to.
    pub(crate) way: SmartWay,
    /// The last reading.
    pub(crate) last: DiskReading,
    /// Readings of the week before, the oldest first.
    pub(crate) past: Vec<DiskReading>,
}

first_version!(PoolRecord);
first_version!(HealthRecord);

impl ChangeRecord {
    /// Whether this is the disk that has come in the place of another, and was not compared yet.
    pub(crate) fn is_to_compare(&self, member: &SeenMember) -> bool {
        let PoolChange::Replace { member: number, disk } = &self.change else { return false };
        !self.compared && member.number == *number && member.disk.as_ref() == Some(&disk.id)
    }
}

impl PoolRecord {
    /// Whether what is being done is to be given up.
    pub(crate) fn is_cancelling(&self) -> bool {
        self.change.as_ref().is_some_and(|change| change.cancelling)
    }

    /// What people know a disk of the pool by.
    pub(crate) fn name(&self, member: u64) -> String {
        let name = self.members.get(&member).map(|member| member.name.as_str()).filter(|name| !name.is_empty());
        name.map_or_else(|| format!("Disk {member}"), |name| format!("Disk {member} ({name})"))
    }
}

/// Storage's store.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    store: Store,
    /// Held over a writing, also one on which nobody waits any more: what is kept last was the last to be said.
    order: Arc<Mutex<()>>,
}

impl Records {
    /// Opens `storage.redb` in the directory `state`, readable by this user alone.
    pub(crate) fn open(state: &OwnedFd) -> Result<Self, StorageError> {
        let path = format!("/proc/self/fd/{}/storage.redb", state.as_raw_fd());
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(StorageError::OpenStore)?;
        Ok(Self { store: Store::open(file, Options::new("storage"))?, order: Arc::default() })
    }

    /// The store itself, for what else lies in it.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// What is kept.
    pub(crate) fn read(&self) -> Result<Option<PoolRecord>, StorageError> {
        Ok(self.store.read()?.get(&POOL, &ONLY)?)
    }

    /// Keeps this; durable when it returns.
    pub(crate) async fn keep(&self, record: PoolRecord) -> Result<(), StorageError> {
        self.put(&POOL, record).await
    }

    /// For how long ends of disks were seen to be kept.
    pub(crate) fn age(&self) -> Result<Option<AgeRecord>, StorageError> {
        Ok(self.store.read()?.get(&AGE, &ONLY)?)
    }

    /// Keeps that; durable when it returns.
    pub(crate) async fn keep_age(&self, record: AgeRecord) -> Result<(), StorageError> {
        self.put(&AGE, record).await
    }

    async fn put<T: Record + Send + 'static>(&self, table: &'static Table<u8, T>, record: T) -> Result<(), StorageError> {
        let store = self.store.clone();
        let order = Arc::clone(&self.order).lock_owned().await;
        let kept = tokio::task::spawn_blocking(move || {
            let _order = order;
            let mut write = store.write()?;
            write.put(table, &ONLY, &record)?;
            write.commit()
        });
        Ok(kept.await??)
    }

    /// What disks told of themselves. What belongs to none is left out.
    pub(crate) fn health(&self) -> Result<BTreeMap<DiskId, HealthRecord>, StorageError> {
        let all = self.store.read()?.range(&HEALTH, .., Order::Ascending, MAX_HEALTH)?;
        Ok(all.into_iter().filter_map(|(id, record)| Some((id.parse().ok()?, record))).collect())
    }

    /// Keeps what a disk told; durable when it returns. Of so many disks at most: the one that was asked longest ago goes.
    pub(crate) async fn keep_health(&self, disk: DiskId, record: HealthRecord, most: usize) -> Result<(), StorageError> {
        let store = self.store.clone();
        let order = Arc::clone(&self.order).lock_owned().await;
        let kept = tokio::task::spawn_blocking(move || {
            let _order = order;
            let mut write = store.write()?;
            write.put(&HEALTH, &disk.to_string(), &record)?;
            let mut all = write.range(&HEALTH, .., Order::Ascending, MAX_HEALTH)?;
            all.sort_by_key(|(_, record)| std::cmp::Reverse(record.last.at));
            for (id, _) in all.iter().skip(most) {
                write.remove(&HEALTH, id)?;
            }
            write.commit()
        });
        Ok(kept.await??)
    }
}

#[cfg(test)]
mod tests {
    use croft_store::Trouble;

    use super::*;

    /// What a later release might write.
    #[derive(Serialize, Deserialize)]
    struct Later {}
    impl Record for Later {
        const VERSION: u16 = 2;
        type Previous = PoolRecord;
        fn upgrade(_: PoolRecord) -> Self {
            Self {}
        }
    }

    #[test]
    fn what_a_newer_release_wrote_is_refused() {
        const LATER: Table<u8, Later> = Table::new("pool");
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(&std::fs::File::open(folder.path()).unwrap().into()).unwrap();
        assert_eq!(records.read().unwrap(), None);
        let mut write = records.store.write().unwrap();
        write.put(&LATER, &ONLY, &Later {}).unwrap();
        write.commit().unwrap();
        let Err(StorageError::Store(refused)) = records.read() else { panic!("it should be refused") };
        assert!(matches!(refused.trouble(), Trouble::Future { found: 2, known: 1 }), "{refused}");
    }
}
