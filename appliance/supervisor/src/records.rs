//! The tables of the supervisor's store, and the settings as they lie there.

use std::collections::BTreeMap;

use croft_model::{AuditEntry, Commit, NetworkSettings, PersonId, Section, Task, TaskId};
use croft_store::{Record, Table, first_version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The settings in force. The document is kept as JSON, so that one from another schema can be looked at before it is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CurrentRecord {
    /// Generation of the document.
    pub(crate) generation: u64,
    /// Generation at which each section last changed.
    pub(crate) versions: BTreeMap<Section, u64>,
    /// The next ids.
    pub(crate) counters: Counters,
    /// The document.
    pub(crate) document: Value,
}

/// The next ids to hand out. They only ever grow, whatever is removed or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counters {
    /// Number of the next person.
    pub(crate) person: u32,
    /// Number of the next space.
    pub(crate) space: u16,
    /// Number of the next app.
    #[serde(default = "first")]
    pub(crate) app: u16,
}

impl Default for Counters {
    fn default() -> Self {
        Self { person: 1, space: 1, app: first() }
    }
}

fn first() -> u16 {
    1
}

/// A commit of the history.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CommitRecord(pub(crate) Commit);

/// A line of the audit log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct AuditRecord(pub(crate) AuditEntry);

/// A task.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TaskRecord {
    /// It.
    pub(crate) task: Task,
    /// The role that does it; none where this process does.
    pub(crate) role: Option<RoleTask>,
}

/// A task as the role counts it that does it: by this it is known again after either of the two has started anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoleTask {
    /// The role.
    pub(crate) name: String,
    /// Its own number of the task.
    pub(crate) id: TaskId,
}

/// The shape of [`TaskRecord`] that did not know who does it; those that a role did are told anew by it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TaskRecordV1(Task);

impl Record for TaskRecord {
    const VERSION: u16 = 2;
    type Previous = TaskRecordV1;

    fn upgrade(TaskRecordV1(task): TaskRecordV1) -> Self {
        Self { task, role: None }
    }
}

/// A new address that nobody has confirmed yet. It is written with the settings that brought it, so no start finds one without the other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TrialRecord {
    /// Generation of the settings that brought it.
    pub(crate) generation: u64,
    /// What to go back to.
    pub(crate) before: NetworkSettings,
    /// When it was to end.
    pub(crate) until: Timestamp,
}

/// A device that may use its person's network drives.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeviceRecord {
    /// Whose it is.
    pub(crate) person: PersonId,
    /// What it is called.
    pub(crate) name: String,
    /// The name to sign in with, made of the person's name of that day.
    pub(crate) account: String,
    /// What it signs in by: the hash of a random password.
    pub(crate) password: [u8; 16],
    /// When it was made.
    pub(crate) created: Timestamp,
}

first_version!(CurrentRecord, CommitRecord, AuditRecord, TaskRecordV1, TrialRecord, DeviceRecord);

/// The one record of [`CURRENT`] and of [`TRIAL`].
pub(crate) const THE_ONE: u8 = 0;
/// The settings in force.
pub(crate) const CURRENT: Table<u8, CurrentRecord> = Table::new("settings");
/// Commits by generation.
pub(crate) const HISTORY: Table<u64, CommitRecord> = Table::new("history");
/// Lines of the audit log by number.
pub(crate) const AUDIT: Table<u64, AuditRecord> = Table::new("audit");
/// The trial of an address, while there is one.
pub(crate) const TRIAL: Table<u8, TrialRecord> = Table::new("network-trial");
/// Devices by number.
pub(crate) const DEVICES: Table<u16, DeviceRecord> = Table::new("devices");
/// Tasks by number.
pub(crate) const TASKS: Table<u64, TaskRecord> = Table::new("tasks");
