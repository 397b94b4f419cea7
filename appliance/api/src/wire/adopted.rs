//! Disks that are used as they are: what storage asks of the supervisor, and what it tells their workers.

use croft_model::{DiskSource, PersonId, SpaceId, Unadoptable};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /internal/v1/adopted`: storage has judged who asks, and that the file systems are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptWish {
    /// Who asks, in words.
    pub by: String,
    /// The file systems.
    pub volumes: Vec<NamedVolume>,
    /// Who may read them; all owners when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<PersonId>>,
}

/// A file system with the name that it shall have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedVolume {
    /// The name.
    pub name: String,
    /// Which one.
    pub source: DiskSource,
}

/// Body of `POST /internal/v1/adopted/release`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseWish {
    /// Who asks, in words.
    pub by: String,
    /// The spaces that shall show nothing any more.
    pub spaces: Vec<SpaceId>,
}

/// Which spaces show what was wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdoptedSpaces {
    /// In the order of the wish.
    pub spaces: Vec<SpaceId>,
}

/// What a worker of a disk says to storage, once: which space it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Borrow {
    /// The space.
    pub space: SpaceId,
}

/// What storage answers. The link stays open as long as that holds, and its end is the end of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase", deny_unknown_fields)]
pub enum Lent {
    /// The topmost folder goes along, for reading.
    There {
        /// Whether changes lie in its journal that reached no other place.
        unfinished: bool,
        /// Whether it is the folder with the spaces of a Croft box.
        croft: bool,
    },
    /// The disk is not plugged in, or nobody wants it any more.
    Away,
    /// It cannot be read.
    Unread {
        /// Why.
        why: Unadoptable,
    },
}

/// Bytes of the longest message of the two.
pub const MAX_LENT: usize = 512;
