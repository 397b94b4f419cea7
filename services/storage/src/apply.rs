//! Doing the next step of a change.

use croft_disks::{DiskError, Pool, PoolError, Scrubbed, Seen};
use croft_model::{PoolChange, Progress};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{plan::Next, records::ChangeRecord};

/// All was compared: what was wrong, and the pool before and after.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) found: Scrubbed,
    pub(crate) before: Seen,
    pub(crate) after: Seen,
}

/// Does it. `contents` is what is on the new disk now, where the step overwrites one.
///
/// # Errors
/// It could not be done, or was given up.
pub(crate) async fn apply(
    pool: &dyn Pool,
    next: Next,
    record: &ChangeRecord,
    contents: &str,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
) -> Result<Option<Compared>, PoolError> {
    match (next, record.change.overwrites()) {
        (Next::Join, Some(new)) => pool.add(&new.id, contents).await.map(drop)?,
        (Next::Rebuild(member), Some(new)) => pool.replace(member, &new.id, contents, progress, stop).await?,
        (Next::Spread(target), _) => pool.convert(target, progress, stop).await?,
        (Next::Level, _) => pool.level(progress, stop).await?,
        (Next::Leave(member), _) => pool.remove(member, progress, stop).await?,
        (Next::Compare, new) => {
            // The kernel may have ended the replacement while nobody was there to give the pool all room of the new disk.
            if let (PoolChange::Replace { member, .. }, Some(new)) = (&record.change, new) {
                pool.replace(*member, &new.id, contents, progress.clone(), stop.clone()).await?;
            }
            return compare(pool, progress, stop).await.map(Some);
        }
        (Next::Join | Next::Rebuild(_), None) | (Next::Wait(_) | Next::Done | Next::Lost, _) => {}
    }
    Ok(None)
}

/// A comparison sees only what is durable, so all is made so first.
async fn compare(pool: &dyn Pool, progress: watch::Sender<Progress>, stop: CancellationToken) -> Result<Compared, PoolError> {
    pool.sync().await?;
    let before = seen(pool).await?;
    let found = pool.scrub(progress, stop).await?;
    let after = seen(pool).await?;
    Ok(Compared { found, before, after })
}

async fn seen(pool: &dyn Pool) -> Result<Seen, PoolError> {
    let gone = || PoolError::Refused { what: "show the pool", source: std::io::ErrorKind::NotFound.into() };
    pool.look().await?.ok_or_else(gone)
}

/// What went wrong with a step of a change, in a sentence for the person.
pub(crate) fn sentence(error: &PoolError, change: &ChangeRecord, step: Next) -> String {
    let is_full = matches!(error, PoolError::Refused { source, .. } if source.kind() == std::io::ErrorKind::StorageFull);
    match error {
        _ if is_full && matches!((&change.change, step), (PoolChange::Replace { .. }, Next::Spread(_))) => {
            "The new disk has everything that the old one had. What was written while a disk was missing found no room for its other copy; \
             it gets one as soon as there is room."
                .into()
        }
        PoolError::Disk(DiskError::Gone) => "The new disk is no longer there.".into(),
        PoolError::Disk(DiskError::Changed) => "What is on the new disk changed in the last moment; nothing was written to it.".into(),
        PoolError::Disk(DiskError::TooSmall) => "The new disk is too small; nothing was written to it.".into(),
        PoolError::Disk(DiskError::Busy(_)) => "Something on this machine uses the new disk; nothing was written to it.".into(),
        PoolError::Disk(error) => format!("The new disk could not be prepared: {error}."),
        PoolError::Refused { what, source } if source.kind() == std::io::ErrorKind::StorageFull => {
            format!("There was not enough room to {what}.")
        }
        PoolError::Refused { what, source } => format!("The system could not {what}: {source}."),
        PoolError::NoMember(number) => format!("Disk {number} is no longer in the pool."),
        PoolError::Cancelled => "Something else on this machine gave it up.".into(),
    }
}
