//! What storage keeps of snapshots: why each was taken, which cannot be seen of it.

use std::{collections::BTreeMap, sync::Arc};

use croft_model::{Actor, SnapshotName, SnapshotWhy, SpaceId};
use croft_store::{Order, Store, Table, first_version};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::plan::Held;
use crate::{error::StorageError, records::Records};

const SPACES: Table<u16, SpaceRecord> = Table::new("snapshots");

/// All that is kept of the snapshots of a space.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpaceRecord {
    pub(crate) snapshots: BTreeMap<SnapshotName, SnapshotRecord>,
}

/// A snapshot that is there, is about to be taken, or is being removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SnapshotRecord {
    /// Why it was taken.
    pub(crate) why: SnapshotWhy,
    /// Who wanted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Actor>,
    /// What people read beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) note: String,
    /// Whether it is to go: that was said before it began, so it comes to its end.
    #[serde(default)]
    pub(crate) removing: bool,
}

first_version!(SpaceRecord);

impl SpaceRecord {
    /// Those that stay, and why each was taken.
    pub(crate) fn held(&self) -> Held {
        self.snapshots.iter().filter(|(_, record)| !record.removing).map(|(name, record)| (*name, record.why)).collect()
    }
}

impl SnapshotRecord {
    /// One of which nothing else is known.
    pub(crate) const fn new(why: SnapshotWhy) -> Self {
        Self { why, by: None, note: String::new(), removing: false }
    }
}

/// The part of storage's store that is about snapshots.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotRecords {
    store: Store,
    /// Held over a writing, also one on which nobody waits any more: what is kept last was the last to be said.
    order: Arc<Mutex<()>>,
}

impl SnapshotRecords {
    /// In the store of `records`.
    pub(crate) fn of(records: &Records) -> Self {
        Self { store: records.store().clone(), order: Arc::default() }
    }

    /// What is kept, by space.
    pub(crate) fn read(&self) -> Result<BTreeMap<SpaceId, SpaceRecord>, StorageError> {
        let all = self.store.read()?.range(&SPACES, .., Order::Ascending, usize::from(u16::MAX))?;
        Ok(all.into_iter().map(|(number, record)| (SpaceId::from_number(number), record)).collect())
    }

    /// Keeps this of a space; durable when it returns.
    pub(crate) async fn keep(&self, space: SpaceId, record: SpaceRecord) -> Result<(), StorageError> {
        let store = self.store.clone();
        let order = Arc::clone(&self.order).lock_owned().await;
        let kept = tokio::task::spawn_blocking(move || {
            let _order = order;
            let mut write = store.write()?;
            write.put(&SPACES, &space.number(), &record)?;
            write.commit()
        });
        Ok(kept.await??)
    }
}
