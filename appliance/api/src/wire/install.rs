//! Domains `install` and `disks`: which disks there are, and the box copying itself onto one of them before it is claimed.

use croft_model::{Disk, DiskId, Installation, Power};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /api/v1/install`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstallOffer {
    /// Whether this box can copy itself: it was started from an image.
    pub possible: bool,
    /// Whether it makes sense to ask: it runs from a disk that is made to be pulled out, and there is a disk for it.
    pub offered: bool,
    /// All disks, the one that the box runs from among them.
    pub disks: Vec<Disk>,
    /// The installation that is under way, or the last one since the box started.
    pub installation: Installation,
}

/// Body of `POST /api/v1/install`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallWanted {
    /// The disk that will be overwritten.
    pub disk: DiskId,
    /// Its `contents` as they were shown.
    #[schema(max_length = 64)]
    pub contents: String,
    /// Its `label`, typed by the person; not needed for an empty disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// Body of `POST /api/v1/install/end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallEnd {
    /// What the machine does.
    pub how: Power,
}
