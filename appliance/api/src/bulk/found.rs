//! What a worker finds, as lines of JSON: first what stands around the entries, then each entry with its key.

use serde::{Deserialize, Serialize};

/// What stands around the entries of an answer to SEARCH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Around {
    /// Begins the multistatus.
    pub open: String,
    /// Ends it.
    pub close: String,
    /// Entries at most.
    pub limit: usize,
}

/// The key by which an entry is sorted, in hexadecimal, and the entry as XML.
pub type Found = (String, String);
