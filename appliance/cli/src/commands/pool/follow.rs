//! Following a change of the pool to its end.

use std::{io::Write, time::Duration};

use croft_client::Client;
use croft_model::{Pool, PoolEnd, PoolView, PoolWork};

use super::words;
use crate::{commands::CommandError, say::Say};

/// Of a step, it is told anew after so many of a hundred parts.
const PARTS: u64 = 10;

/// Says how far it is until it is over.
pub(super) async fn to_the_end(client: &Client, say: &Say, begun: Pool, look: Duration) -> Result<(), CommandError> {
    let mut pool = begun;
    let Some(mine) = pool.work.clone() else { return Ok(()) };
    let mut told = None;
    while let Some(work) = pool.work.as_ref().filter(|work| work.since == mine.since && work.change == mine.change) {
        let now = stage(work);
        if told.as_ref() != Some(&now) && !say.is_json() {
            // Whoever reads may have gone away; the change goes on.
            let _ = writeln!(std::io::stdout(), "{}", words::progress(work));
        }
        told = Some(now);
        tokio::time::sleep(look).await;
        match client.pool().await? {
            PoolView::Present(now) => pool = now,
            PoolView::Absent { .. } => return Err(CommandError::Wrong("the pool is gone: see `croft pool status`".into())),
        }
    }
    match pool.last.as_ref().filter(|last| last.change == mine.change).map(|last| &last.how) {
        Some(PoolEnd::Failed { reason }) => Err(CommandError::Wrong(format!("it has failed: {reason}"))),
        Some(PoolEnd::Cancelled) => Err(CommandError::Wrong("it was given up; the pool is as safe as before".into())),
        Some(PoolEnd::Done) | None => {
            say.print(&pool, |pool| format!("Done. {}", words::state(pool)));
            Ok(())
        }
    }
}

/// What of the progress is worth a new line.
fn stage(work: &PoolWork) -> (croft_model::PoolStep, bool, u64) {
    let part = work.progress.filter(|progress| progress.total > 0);
    let part =
        part.map_or(0, |progress| u64::try_from(u128::from(progress.done) * 100 / u128::from(progress.total)).unwrap_or(100) / PARTS);
    (work.step, work.cancelling, part)
}
