//! What the keeper does in a turn: the next step of what is under way, as often as there is one.

use std::convert::Infallible;

use croft_disks::{Holder, PoolError, Seen, SeenMember};
use croft_model::{Actor, PoolChange, PoolEnd, PoolStep, Problem, Progress};
use croft_telemetry::error_chain;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{AtWork, Keeper, ROLE, over};
use crate::{
    apply::{Compared, apply, sentence},
    change::{Case, gives_way},
    error::StorageError,
    judge,
    observe::Looked,
    plan::{self, Next},
    records::{ChangeRecord, Doubt, PoolRecord, Why},
    room::{self, Held, target},
    words,
};

/// After something that the box began by itself did not come to its end, it does not begin that for so long.
const REST: SignedDuration = SignedDuration::from_hours(24);

/// How a turn ended.
#[derive(PartialEq, Eq)]
enum Turn {
    /// There may be more to do.
    On,
    /// There is nothing to do now.
    Rest,
}

impl Keeper {
    /// Does what there is to do.
    pub(super) async fn turn(&self) {
        self.look().await;
        if let Err(error) = self.begin_what_is_due().await {
            tracing::error!(error = error_chain(&error), "what the pool needs cannot be begun");
        }
        let mut done = None;
        while let Some((change, seen)) = self.under_way() {
            if self.stop.is_cancelled() {
                return;
            }
            match self.go_on(&change, seen, &mut done).await {
                Ok(Turn::On) => {}
                Ok(Turn::Rest) => return,
                Err(error) => {
                    tracing::error!(error = error_chain(&error), "a change of the pool cannot be kept in the store; it is tried again");
                    return;
                }
            }
        }
    }

    fn under_way(&self) -> Option<(ChangeRecord, Seen)> {
        let state = self.state();
        match (&state.looked, &state.record) {
            (Some(Looked::There(seen)), Some(PoolRecord { change: Some(change), .. })) => Some((change.clone(), seen.clone())),
            _ => None,
        }
    }

    /// Begins what the box does by itself.
    async fn begin_what_is_due(&self) -> Result<(), StorageError> {
        let _one = self.writing.lock().await;
        let due = {
            let state = self.state();
            let (Some(Looked::There(seen)), Some(record)) = (&state.looked, &state.record) else { return Ok(()) };
            let case = Case { record, seen, disks: &state.disks };
            let judge = |change: PoolChange| match case.judge(&change) {
                Ok(judged) => Some((change, judged)),
                Err(problem) => {
                    tracing::debug!(%problem, change = change.word(), "what the pool needs is not safe now");
                    None
                }
            };
            plan::due(record, seen, &state.disks, Timestamp::now()).into_iter().find_map(judge)
        };
        let Some((change, judged)) = due else { return Ok(()) };
        tracing::info!(change = change.word(), "the box begins something by itself");
        self.start(change, Actor::Role { name: ROLE.into() }, &judged).await
    }

    /// Does the next step of a change. `last` is the one that was done before, and what the pool was like then: done in vain, it is not done again.
    async fn go_on(&self, change: &ChangeRecord, seen: Seen, last: &mut Option<(Next, Seen)>) -> Result<Turn, StorageError> {
        let next = plan::next(change, &seen);
        let step = match (next, next.step()) {
            (Next::Done, _) | (_, None) if next != Next::Lost => return self.end(change, PoolEnd::Done).await,
            (_, None) => return self.end(change, failed("The disk that it is about is no longer in the pool.")).await,
            _ if change.cancelling => return self.give_up(change, &seen).await,
            (Next::Wait(_), _) => return Ok(Turn::Rest),
            (_, Some(step)) => step,
        };
        if last.take().is_some_and(|(before, then)| before == next && same(&then, &seen)) {
            return self.end(change, failed("The step was done, and nothing had changed afterwards.")).await;
        }
        let contents = match self.contents(change, next, &seen).await? {
            Ok(contents) => contents,
            // The disk is not there, or not yet: it may come.
            Err(problem) if problem.status == 404 || problem.status == 503 => return Ok(Turn::Rest),
            Err(problem) => return self.end(change, failed(&problem.detail)).await,
        };
        let Some(done) = self.work(change, next, step, &contents).await else { return Ok(Turn::Rest) };
        let replaced = !self.state().is_under_way(change);
        match done {
            Ok(Some(compared)) => self.settle(change, compared).await?,
            Ok(None) if next == Next::Level => {
                let _one = self.writing.lock().await;
                self.keep(|record| mark(record, change, |change| change.leveled = true)).await?;
            }
            Ok(None) => *last = Some((next, seen)),
            Err(_) if replaced => {}
            Err(PoolError::Cancelled) if self.stop.is_cancelled() => return Ok(Turn::Rest),
            Err(PoolError::Cancelled) if self.state().record.as_ref().is_some_and(PoolRecord::is_cancelling) => {}
            Err(error) => {
                tracing::error!(error = error_chain(&error), "a change of the pool has failed");
                return self.end(change, failed(&sentence(&error, change, next))).await;
            }
        }
        self.look().await;
        Ok(Turn::On)
    }

    /// What is on the new disk now, for steps that overwrite one; noted before that it is about to be emptied.
    async fn contents(&self, change: &ChangeRecord, next: Next, seen: &Seen) -> Result<Result<String, Problem>, StorageError> {
        let Some(new) = change.change.overwrites().filter(|_| matches!(next, Next::Join | Next::Rebuild(_))) else {
            return Ok(Ok(String::new()));
        };
        if seen.busy == Some(Holder::Replace) {
            // The kernel is at it already.
            return Ok(Ok(new.contents.clone()));
        }
        let disks = match self.installer.list().await {
            Ok(disks) => disks,
            Err(problem) => return Ok(Err(problem)),
        };
        let contents = judge::still(&disks, change, new);
        let _one = self.writing.lock().await;
        self.state().disks = disks;
        if contents.is_ok() {
            self.keep(|record| mark(record, change, |change| change.emptied = true)).await?;
        }
        Ok(contents)
    }

    /// Does a step, and looks meanwhile. None when the role ends, and the kernel goes on.
    async fn work(&self, change: &ChangeRecord, next: Next, step: PoolStep, contents: &str) -> Option<Result<Option<Compared>, PoolError>> {
        let Ok(pool) = &self.pool else { return None };
        // The kernel goes on by itself with a disk that is replaced; given up, all that was copied would be for nothing.
        let outlives = matches!(next, Next::Rebuild(_));
        let stop = if outlives { CancellationToken::new() } else { self.stop.child_token() };
        let (sender, progress) = watch::channel(Progress { done: 0, total: 0 });
        {
            // Who wants it given up finds the step here, or is found here.
            let _one = self.writing.lock().await;
            let mut state = self.state();
            if !state.is_under_way(change) || state.record.as_ref().is_some_and(PoolRecord::is_cancelling) {
                return Some(Err(PoolError::Cancelled));
            }
            state.at_work = Some(AtWork { step, progress, first: None, stop: stop.clone() });
        }
        // Cancel-safe: what the kernel does is seen at the next look.
        let done = tokio::select! {
            done = apply(&**pool, next, change, contents, sender, stop) => Some(done),
            () = self.stop.cancelled(), if outlives => None,
            never = self.watch() => match never {},
        };
        self.state().at_work = None;
        done
    }

    async fn watch(&self) -> Infallible {
        loop {
            tokio::time::sleep(self.every).await;
            self.look().await;
        }
    }

    /// Takes what a comparison found, and trusts the disks again that were right in everything.
    async fn settle(&self, change: &ChangeRecord, compared: Compared) -> Result<(), StorageError> {
        let Compared { found, before, after } = compared;
        if found.read.0 == 0 && Held::of(&before).data > 0 {
            return self.end(change, failed("Nothing was read, though there are files.")).await.map(drop);
        }
        let answered = |member: &&SeenMember| !room::is_present(member) || found.compared.contains(&member.number);
        if let Some(silent) = before.members.iter().chain(&after.members).find(|member| !answered(member)) {
            return self
                .end(change, failed(&format!("Disk {} did not answer in time, so not everything was compared.", silent.number)))
                .await
                .map(drop);
        }
        let _one = self.writing.lock().await;
        let Some(known) = self.state().record.as_ref().map(|record| record.members.clone()) else { return Ok(()) };
        let mut verdict = plan::verdict(&known, found, &before, &after, Timestamp::now());
        for member in verdict.forget {
            let Ok(pool) = &self.pool else { return Ok(()) };
            let counted = after.members.iter().find(|seen| seen.number == member).map(|seen| seen.errors);
            match pool.forget_errors(member).await {
                Ok(forgotten) if Some(forgotten) == counted => continue,
                Ok(_) => tracing::warn!(member, "a disk made one more error in the last moment, so it stays in doubt"),
                Err(error) => {
                    tracing::warn!(error = error_chain(&error), member, "the errors of a disk cannot be forgotten, so it stays in doubt")
                }
            }
            verdict.members.extend(known.get(&member).map(|known| (member, known.clone())));
        }
        tracing::info!(mended = verdict.checked.mended, lost = verdict.checked.lost, read = %verdict.checked.read, "all data was compared");
        self.keep(|record| {
            mark(record, change, |change| change.compared = true);
            (record.members, record.checked) = (verdict.members, Some(verdict.checked));
        })
        .await
    }

    /// Gives up, also what the kernel goes on with by itself.
    async fn give_up(&self, change: &ChangeRecord, seen: &Seen) -> Result<Turn, StorageError> {
        let under = match (seen.busy, &change.change) {
            (Some(Holder::Balance), _) => Some(Next::Spread(target(change.protection, change.disks))),
            (Some(Holder::Replace), PoolChange::Replace { member, .. }) => Some(Next::Rebuild(*member)),
            (Some(Holder::Remove), PoolChange::Remove { member }) => Some(Next::Leave(*member)),
            _ => None,
        };
        if let (Ok(pool), Some(under)) = (&self.pool, under) {
            // It is joined first, since only who takes part can end it: once it tells how far it is.
            let stop = CancellationToken::new();
            let (progress, mut told) = watch::channel(Progress { done: 0, total: 0 });
            let contents = change.change.overwrites().map(|new| new.contents.as_str()).unwrap_or_default();
            let joined = apply(&**pool, under, change, contents, progress, stop.clone());
            let (ended, ()) = tokio::join!(joined, async {
                let _ = told.changed().await;
                stop.cancel();
            });
            if let Err(error) = ended {
                tracing::debug!(%error, "what the kernel did is given up");
            }
            self.look().await;
        }
        self.end(change, PoolEnd::Cancelled).await
    }

    /// A change is over, if it is still the one that is under way.
    async fn end(&self, change: &ChangeRecord, how: PoolEnd) -> Result<Turn, StorageError> {
        let _one = self.writing.lock().await;
        if !self.state().is_under_way(change) {
            return Ok(Turn::On);
        }
        tracing::info!(change = change.change.word(), ?how, "a change of the pool is over");
        let now = Timestamp::now();
        let said = words::of_change(&change.change, &self.state().names());
        let to_compare = match &self.state().looked {
            Some(Looked::There(seen)) => seen.members.iter().find(|member| change.is_to_compare(member)).map(|member| member.number),
            _ => None,
        };
        let ended = over(change.clone(), how.clone(), now);
        self.keep(|record| {
            record.change = None;
            record.ended = Some(ended);
            let doubt = to_compare.and_then(|number| record.members.get_mut(&number)).map(|member| &mut member.doubt);
            doubt.map(|doubt| doubt.get_or_insert(Doubt { why: Why::Away, since: now, tries: 0, tried: None }));
            match how {
                PoolEnd::Done => record.protection = change.protection,
                _ if gives_way(change) => drop(now.checked_add(REST).map(|until| record.rests.insert(change.change.word().into(), until))),
                _ => {}
            }
        })
        .await?;
        self.told_of_end();
        self.note("pool.end", words::of_end(&said, &how));
        Ok(Turn::On)
    }
}

/// Notes something of a change, if it is still the one that is under way.
fn mark(record: &mut PoolRecord, of: &ChangeRecord, mark: impl FnOnce(&mut ChangeRecord)) {
    if let Some(change) = record.change.as_mut().filter(|change| change.number == of.number) {
        mark(change);
    }
}

/// Whether two looks show the same of what changes move.
fn same(one: &Seen, other: &Seen) -> bool {
    let places = |seen: &Seen| -> Vec<_> { seen.members.iter().map(|member| (member.number, member.disk.clone(), member.used)).collect() };
    one.groups == other.groups && places(one) == places(other)
}

fn failed(reason: &str) -> PoolEnd {
    PoolEnd::Failed { reason: reason.into() }
}
