//! The audit log: who did what, only ever added to.

use croft_api::paging::{Page, PageQuery};
use croft_model::{Actor, AuditEntry};
use croft_store::{Order, Store, StoreError, Write};
use jiff::Timestamp;

use crate::records::{AUDIT, AuditRecord};

/// Longest sentence that a role may add, in characters.
pub(crate) const MAX_SENTENCE: usize = 500;

/// A line before it has its number.
#[derive(Debug, Clone)]
pub(crate) struct NewLine {
    pub(crate) at: Timestamp,
    pub(crate) who: Actor,
    pub(crate) action: String,
    pub(crate) sentence: String,
    pub(crate) generation: Option<u64>,
}

/// Adds a line within a transaction, so that it is there exactly when what it tells of is.
pub(crate) fn add(write: &mut Write, line: NewLine) -> Result<AuditEntry, StoreError> {
    let last = write.range(&AUDIT, .., Order::Descending, 1)?;
    let number = last.first().map_or(1, |(number, _)| number + 1);
    let NewLine { at, who, action, sentence, generation } = line;
    let record = AuditRecord(AuditEntry { number, at, who, action, sentence, generation });
    write.put(&AUDIT, &number, &record)?;
    Ok(record.0)
}

/// A page of the log, newest first.
pub(crate) fn page(store: &Store, query: PageQuery) -> Result<Page<AuditEntry>, StoreError> {
    let limit = query.limit();
    let mut rows = store.read()?.range(&AUDIT, ..query.before.unwrap_or(u64::MAX), Order::Descending, limit + 1)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows.last().filter(|_| more).map(|(number, _)| *number);
    Ok(Page { items: rows.into_iter().map(|(_, record)| record.0).collect(), next_before })
}
