//! Domain `photos`: pictures and films of all spaces of a person, by time. The gateway serves it, out of what the workers of those spaces say.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many photos there are, month by month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Timeline {
    /// Months with photos, the latest first.
    pub months: Vec<PhotoMonth>,
    /// Photos of which nobody has read yet when they were taken: until then they have the time of their file.
    pub unread: u64,
    /// Shared spaces that did not answer; their photos are not counted.
    pub missing: Vec<String>,
}

/// A month of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PhotoMonth {
    /// Year and month: `2026-05`.
    pub month: String,
    /// Pictures and films of it.
    pub photos: u64,
}

/// A part of a month, the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PhotoPage {
    /// Its photos, each at its place; null where one is gone since it was counted, or cannot be opened.
    pub photos: Vec<Option<PhotoRow>>,
    /// Shared spaces that did not answer; their photos have no place in the month meanwhile.
    pub missing: Vec<String>,
}

/// A picture or film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PhotoRow {
    /// Its file id.
    pub id: u64,
    /// Where it is, in the tree of the one who asks: `Family/holiday/a.jpg`.
    pub path: String,
    /// The ETag of its content, without quotes.
    pub etag: String,
    /// Its size.
    pub size_bytes: u64,
    /// When the file was changed, in Unix seconds.
    pub modified: i64,
    /// When it was taken, as the clock on the wall showed it there: `2026-05-03T14:05:06`; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<String>,
    /// Whether the box may make a small picture of it.
    pub preview: bool,
}
