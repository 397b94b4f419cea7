//! What people want of snapshots: to see them, to take one, to remove one, and to know what a space takes.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use croft_disks::{Measured, SeenSpace, Snapshots, SpaceGround};
use croft_model::{
    Actor, Bytes, MAX_SNAPSHOT_NOTE, Problem, Quota, Snapshot, SnapshotList, SnapshotName, SnapshotOrder, SnapshotReason, SnapshotWhy,
    Space, SpaceId, SpaceUsage,
};
use croft_telemetry::error_chain;
use tokio::time::{Instant, timeout_at};

use super::{
    Counted, Neighbours, SnapshotKeeper, Trouble, health,
    plan::{self, MAX_WANTED},
    records::SnapshotRecord,
};

/// So many times as long as files were counted they are not counted again: a fiftieth of a core at the most.
const REST: u32 = 50;
/// How long whoever wants to know what a space takes waits for its files to be counted; what is not known by then is absent, and known later.
const COUNTING: Duration = Duration::from_secs(10);
/// Where they could not be counted, they rest so long at the least.
const LEAST_REST: Duration = Duration::from_secs(300);
/// How long whoever wants a list waits for what each snapshot alone holds; what is not known by then is known the next time.
const PATIENCE: Duration = Duration::from_secs(2);

impl SnapshotKeeper {
    /// The snapshots of a space, newest first.
    pub(super) async fn list(self: &Arc<Self>, id: SpaceId, space: &Space) -> Result<SnapshotList, Problem> {
        let (volumes, record) = {
            let _one = self.working.lock().await;
            (self.seen_now(id).await?, self.record(id))
        };
        let snapshots = record.snapshots.iter().rev().filter(|(_, record)| !record.removing);
        let mut snapshots: Vec<Snapshot> = snapshots.map(|(name, record)| shown(*name, record)).collect();
        if let Some(volumes) = volumes {
            let until = Instant::now() + PATIENCE;
            for snapshot in &mut snapshots {
                snapshot.exclusive = self.alone(&volumes, id, snapshot.name, until).await;
            }
        }
        Ok(SnapshotList { space: id, impossible: self.impossible(id), schedule: space.snapshots, snapshots })
    }

    /// Takes one for somebody; only says which it would be where `really` is not so.
    pub(super) async fn want(&self, id: SpaceId, order: SnapshotOrder, by: Actor, really: Really) -> Result<Snapshot, Problem> {
        let note = note(&order.note)?;
        let _one = self.working.lock().await;
        let volumes = self.seen_now(id).await?;
        let volumes = volumes.filter(|_| self.impossible(id).is_none()).ok_or_else(|| self.none(id))?;
        let held = self.record(id).held();
        if order.why == SnapshotReason::ByHand && plan::wanted(&held) >= MAX_WANTED {
            let sentence = format!("There are {MAX_WANTED} snapshots of this space already that only a person removes.");
            return Err(Problem::new(409, "snapshots-too-many", sentence).hint("Remove one that nobody needs any more."));
        }
        let name = self.free_name(id).ok_or_else(unreadable)?;
        let why = match order.why {
            SnapshotReason::ByHand => SnapshotWhy::ByHand,
            SnapshotReason::BeforeRestore => SnapshotWhy::BeforeRestore,
        };
        let record = SnapshotRecord { by: Some(by.clone()), note, ..SnapshotRecord::new(why) };
        let taken = shown(name, &record);
        if really == Really::Yes {
            self.take(&*volumes, id, name, record).await.map_err(failed)?;
            tracing::info!(space = %id, %name, %by, "a snapshot was taken");
            self.pool.note("snapshot.taken", health::taken(&by, &self.name(id)));
            let gone: Vec<SnapshotName> = plan::surplus(&self.record(id).held()).into_iter().collect();
            self.let_go(&*volumes, id, &gone).await?;
        }
        Ok(taken)
    }

    /// Removes one for somebody; only says which it would be where `really` is not so.
    pub(super) async fn unwant(self: &Arc<Self>, id: SpaceId, name: SnapshotName, by: &Actor, really: Really) -> Result<Snapshot, Problem> {
        let volumes = {
            let _one = self.working.lock().await;
            self.seen_now(id).await?.ok_or_else(|| self.none(id))?
        };
        let exclusive = self.alone(&volumes, id, name, Instant::now() + PATIENCE).await;
        let _one = self.working.lock().await;
        let unknown = || {
            Problem::new(404, "no-such-snapshot", "There is no such snapshot of this space, or no longer.")
                .hint("`croft space snapshots list` names all that there are.")
        };
        let record = self.record(id).snapshots.get(&name).filter(|record| !record.removing).cloned().ok_or_else(unknown)?;
        let mut gone = shown(name, &record);
        gone.exclusive = exclusive;
        if really == Really::Yes {
            self.remove(&*volumes, id, &[name]).await.map_err(failed)?;
            tracing::info!(space = %id, %name, %by, "a snapshot was removed");
            self.pool.note("snapshot.removed", health::removed(by, &self.name(id), name));
        }
        Ok(gone)
    }

    /// What a space takes.
    pub(super) async fn usage(self: &Arc<Self>, id: SpaceId, space: &Space) -> Result<SpaceUsage, Problem> {
        let volumes = {
            let _one = self.working.lock().await;
            self.seen_now(id).await?
        };
        let (seen, counts) = {
            let state = self.state();
            (state.seen.get(&id).cloned(), state.counts)
        };
        let mut usage = SpaceUsage {
            space: id,
            files: None,
            versions: None,
            snapshots: None,
            charged: seen.as_ref().and_then(|seen| seen.charged),
            quota: space.quota.map(|limit| Quota { limit, enforced: counts }),
            impossible: self.impossible(id),
        };
        let Some((volumes, SpaceGround::Subvolume { changed })) = volumes.zip(seen.map(|seen| seen.ground)) else { return Ok(usage) };
        if let Some(measured) = self.measured(&volumes, id, changed).await {
            (usage.files, usage.versions) = (Some(measured.files), Some(measured.own));
            usage.snapshots =
                usage.charged.map(|charged| Bytes(charged.0.saturating_sub(measured.counted.0).saturating_add(measured.held.0)));
        }
        Ok(usage)
    }

    /// What a snapshot alone holds. It is looked for where that is not known and there is time; how long it takes depends on what changed since the one
    /// before, and for the first one on all files. It goes on when nobody waits any more, and what it finds is known then.
    async fn alone(self: &Arc<Self>, volumes: &Arc<dyn Snapshots>, id: SpaceId, name: SnapshotName, until: Instant) -> Option<Bytes> {
        let between = neighbours(self.state().seen.get(&id)?, name, |_| true)?;
        let known = || self.state().alone.get(&(id, name)).filter(|(known, _)| *known == between).map(|(_, alone)| *alone);
        if let Some(alone) = known() {
            return alone;
        }
        // Nobody begins a second one beside it, however many ask.
        let counting = timeout_at(until, Arc::clone(&self.counting).lock_owned()).await.ok()?;
        if let Some(alone) = known() {
            return alone;
        }
        let (this, volumes) = (Arc::clone(self), Arc::clone(volumes));
        let looking = tokio::spawn(async move {
            let _counting = counting;
            // One that was removed meanwhile is a neighbour no longer.
            let alone = volumes.alone(id, between.0, name, between.1.ok()).await.ok().flatten();
            let mut state = this.state();
            let seen = state.seen.get(&id).map(|seen| seen.snapshots.iter().map(|snapshot| snapshot.name).collect());
            let there: BTreeSet<SnapshotName> = seen.unwrap_or_default();
            state.alone.retain(|(space, name), _| *space != id || there.contains(name));
            if there.contains(&name) {
                state.alone.insert((id, name), (between, alone));
            }
            alone
        });
        timeout_at(until, looking).await.ok()?.ok()?
    }

    /// What the files of a space take now, or took a moment ago where they change all the time. None where that is not known, or not yet: it goes on when
    /// nobody waits any more, and what it finds is known then.
    async fn measured(self: &Arc<Self>, volumes: &Arc<dyn Snapshots>, id: SpaceId, changed: u64) -> Option<Measured> {
        let known = || {
            let state = self.state();
            let known = state.measured.get(&id).filter(|known| known.changed == changed || Instant::now() < known.rests);
            known.filter(|known| known.measured.is_some() || Instant::now() < known.rests).map(|known| known.measured)
        };
        if let Some(measured) = known() {
            return measured;
        }
        let until = Instant::now() + COUNTING;
        let counting = timeout_at(until, Arc::clone(&self.counting).lock_owned()).await.ok()?;
        if let Some(measured) = known() {
            return measured;
        }
        let (this, volumes) = (Arc::clone(self), Arc::clone(volumes));
        let measuring = tokio::spawn(async move {
            let (_counting, begun) = (counting, Instant::now());
            let measured = volumes.measure(id).await.unwrap_or_else(|error| {
                tracing::warn!(space = %id, error = error_chain(&error), "the files of a space cannot be counted");
                None
            });
            let took = begun.elapsed() * REST;
            let rests = Instant::now() + if measured.is_some() { took } else { took.max(LEAST_REST) };
            this.state().measured.insert(id, Counted { changed, measured, rests });
            measured
        });
        timeout_at(until, measuring).await.ok()?.ok()?
    }

    /// Looks at a space anew, and at what is kept of it. For who holds `working`.
    async fn seen_now(&self, id: SpaceId) -> Result<Option<Arc<dyn Snapshots>>, Problem> {
        let Some(volumes) = self.volumes.clone() else { return Ok(None) };
        if let Some(seen) = self.look(&*volumes, id).await.map_err(failed)? {
            self.settle(&*volumes, id, &seen).await.map_err(failed)?;
        }
        Ok(Some(volumes))
    }

    /// None can be taken of this space.
    fn none(&self, id: SpaceId) -> Problem {
        let sentence = self.impossible(id).map_or_else(|| "No snapshot of this space can be taken.".into(), |none| none.sentence);
        Problem::new(409, "snapshots-impossible", sentence).hint("On the appliance every space that is made keeps its earlier states.")
    }
}

/// Whether something is done, or only said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Really {
    /// It is done.
    Yes,
    /// It is only said what would be.
    DryRun,
}

/// The states between which a snapshot lies, of those that count, in the order in which they were kept.
pub(super) fn neighbours(seen: &SeenSpace, name: SnapshotName, counts: impl Fn(SnapshotName) -> bool) -> Option<Neighbours> {
    let SpaceGround::Subvolume { changed } = seen.ground else { return None };
    let made = seen.snapshots.iter().find(|snapshot| snapshot.name == name)?.made;
    let others = || seen.snapshots.iter().filter(|snapshot| counts(snapshot.name));
    let before = others().filter(|snapshot| snapshot.made < made).max_by_key(|snapshot| snapshot.made);
    let after = others().filter(|snapshot| snapshot.made > made).min_by_key(|snapshot| snapshot.made);
    Some((before.map(|before| before.name), after.map(|after| after.name).ok_or(changed)))
}

fn shown(name: SnapshotName, record: &SnapshotRecord) -> Snapshot {
    let until = (record.why == SnapshotWhy::BeforeRestore).then(|| name.time().checked_add(plan::BEFORE_RESTORE).ok()).flatten();
    Snapshot { name, at: name.time(), why: record.why, by: record.by.clone(), note: record.note.clone(), until, exclusive: None }
}

/// What people read beside a snapshot.
fn note(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() <= MAX_SNAPSHOT_NOTE && !text.chars().any(char::is_control) {
        Ok(text.into())
    } else {
        let sentence = format!("A note has at most {MAX_SNAPSHOT_NOTE} characters, all of one line.");
        Err(Problem::new(422, "note-invalid", sentence).hint("Write less.").key("note"))
    }
}

fn failed(error: Trouble) -> Problem {
    match error {
        Trouble::Store(error) => error.into(),
        Trouble::Volume(error) => {
            tracing::error!(error = error_chain(&error), "the snapshots of a space cannot be looked after");
            unreadable()
        }
    }
}

fn unreadable() -> Problem {
    Problem::new(503, "snapshots-unreadable", "The earlier states of this space cannot be looked after now.")
        .hint("Look at `croft logs --role storage`.")
}
