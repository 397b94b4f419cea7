//! Tasks: work that takes longer than a moment, with its progress.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Actor, TaskId};

/// A piece of work that somebody can watch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// The id.
    pub id: TaskId,
    /// Stable code of the kind of work: `settings.import`.
    pub kind: String,
    /// What is being done, in a sentence.
    pub title: String,
    /// Who asked for it.
    pub who: Actor,
    /// Where it stands.
    pub state: TaskState,
    /// How far it is, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// When it began.
    pub started: Timestamp,
    /// When it last moved.
    pub updated: Timestamp,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum TaskState {
    /// At work.
    Running,
    /// Put aside by an orderly shutdown; it goes on at the next start.
    Parked,
    /// Finished.
    Done,
    /// Given up at somebody's wish; nothing half-done stays.
    Cancelled,
    /// Ended by an error.
    Failed {
        /// What went wrong, in a sentence.
        reason: String,
    },
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all.
    pub total: u64,
}
