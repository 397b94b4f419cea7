//! What the role keeps: what each app consists of, and its secrets.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::OpenOptions,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::OpenOptionsExt,
    },
};

use croft_catalog::{AppSpec, DataPath, ServiceName};
use croft_containers::Digest;
use croft_model::AppId;
use croft_store::{Options, Order, Store, Table, first_version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::error::AppsError;

const APPS: Table<String, AppRecord> = Table::new("apps");
/// Rows that are read: the apps that a box may have, and as many that were taken away and left what they kept.
const MAX_ROWS: usize = 4096;

/// An app that is installed, is being so, or was.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AppRecord {
    /// Where its life is.
    pub(crate) phase: Phase,
    pub(crate) spec: AppSpec,
    /// Where it came from, in words.
    pub(crate) source: String,
    /// What its images were when they were fetched.
    pub(crate) digests: BTreeMap<ServiceName, Digest>,
    /// The third byte of its network's addresses, given to one app at a time.
    pub(crate) network: u8,
    /// Random values, and passwords that somebody filled in. They stand here alone, and stay with what the app keeps.
    pub(crate) secrets: BTreeMap<String, String>,
    /// Every folder of its data that was ever mounted: no later one may lie within one of these, where the app could have laid a link, nor around one.
    pub(crate) folders: BTreeSet<DataPath>,
    /// What it was before, until the settings have what it is now.
    pub(crate) before: Option<Box<AppRecord>>,
    /// When it became this.
    pub(crate) since: Timestamp,
}

/// Where the life of an app is. Each step of an install or an uninstall is made durable before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// Put down here, and not yet in the settings.
    Coming,
    /// In the settings, too.
    Installed,
    /// On its way out of the settings, then of the engine.
    Leaving,
    /// Taken away. What it kept is there still, and its secrets with it, so that it can come back.
    Left,
}

first_version!(AppRecord);

/// Everything that is kept, by app.
pub(crate) type Kept = BTreeMap<AppId, AppRecord>;

/// The role's store.
#[derive(Clone)]
pub(crate) struct Records(Store);

impl Records {
    /// Opens `apps.redb` in the directory `state`, readable by this user alone.
    pub(crate) fn open(state: &OwnedFd) -> Result<Self, AppsError> {
        let path = format!("/proc/self/fd/{}/apps.redb", state.as_raw_fd());
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        Ok(Self(Store::open(file.map_err(AppsError::OpenStore)?, Options::new("apps"))?))
    }

    /// The store itself, for tables of others.
    pub(crate) fn store(&self) -> Store {
        self.0.clone()
    }

    /// Everything. Blocks.
    pub(crate) fn load(&self) -> Result<Kept, AppsError> {
        let rows = self.0.read()?.range(&APPS, .., Order::Ascending, MAX_ROWS)?;
        Ok(rows.into_iter().filter_map(|(id, record)| Some((id.parse().ok()?, record))).collect())
    }

    /// Puts the record of an app down; with none it is forgotten. Durable when it returns.
    pub(crate) async fn put(&self, id: &AppId, record: Option<AppRecord>) -> Result<(), AppsError> {
        let (store, id) = (self.0.clone(), id.to_string());
        let written = spawn_blocking(move || {
            let mut write = store.write()?;
            match &record {
                Some(record) => write.put(&APPS, &id, record)?,
                None => drop(write.remove(&APPS, &id)?),
            }
            write.commit()
        });
        Ok(written.await??)
    }
}
