//! What the keeper does by itself in a turn: it looks, ends what was begun, takes what is due, and thins.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use croft_disks::{Left, SeenSpace, Snapshots, SpaceGround};
use croft_model::{Bytes, PersonId, Serve, SnapshotName, SnapshotSchedule, SnapshotWhy, Space, SpaceId, SpaceKind};
use croft_telemetry::error_chain;
use tokio::time::{Instant, sleep};

use super::{
    SnapshotKeeper, Trouble, health,
    plan::{self, Pressure},
    records::SnapshotRecord,
    wish::neighbours,
};

/// Snapshots that make room in one turn; more wait for the next.
const MOST_EARLY: usize = 64;
/// Snapshots that make room in one turn where the room of removed ones does not come.
const MOST_HELD: usize = 2;
/// How long it is waited for the next removed one to be cleaned away, and how often it is looked.
const CLEANING: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl SnapshotKeeper {
    /// Does what there is to do.
    pub(super) async fn turn(&self) {
        let Some(volumes) = self.volumes.clone() else { return };
        let Some(mut spaces) = self.household.borrow().as_ref().and_then(|household| household.spaces.clone()) else { return };
        // A disk that is used as it is has no files here.
        spaces.retain(|_, space| space.kind != SpaceKind::Disk);
        let now = self.now();
        if !self.state().trust.look(now, self.began.elapsed()) {
            tracing::debug!(%now, "the clock has jumped: no snapshot goes by its age for a day");
        }
        let rooms = self.rooms();
        let has_quota = !rooms.is_empty() || spaces.values().any(|space| space.quota.is_some());
        if let Err(error) = self.count(&*volumes, has_quota).await {
            tracing::warn!(error = error_chain(&error), "what spaces take cannot be counted");
        }
        for (id, space) in &spaces {
            if self.pool.stop.is_cancelled() {
                return;
            }
            let _one = self.working.lock().await;
            let cared = self.care(&*volumes, *id, space).await;
            if let Err(error) = &cared {
                tracing::warn!(space = %id, error = error_chain(error), "the snapshots of a space cannot be looked after");
            }
            let failing = cared.err().map(|error| error_chain(&error));
            match failing {
                Some(said) => drop(self.state().failing.insert(*id, said)),
                None => drop(self.state().failing.remove(id)),
            }
        }
        for (person, quota) in rooms {
            if let Err(error) = self.keep_room(&*volumes, person, quota).await {
                tracing::warn!(%person, error = error_chain(&error), "the room for the backups of somebody's Macs cannot be kept to its size");
            }
        }
        let live: Vec<(SpaceId, Space)> = spaces.into_iter().collect();
        if let Err(error) = self.make_room(&*volumes, &live).await {
            tracing::warn!(error = error_chain(&error), "no room can be made of older states");
        }
        let warnings = self.warnings(&live);
        self.pool.tell_of_spaces(warnings);
    }

    /// Lets the pool count from the first quota on: Linux before 6.7 mounts no pool that counts.
    async fn count(&self, volumes: &dyn Snapshots, has_quota: bool) -> Result<(), Trouble> {
        if !self.state().counts {
            let counts = if has_quota { volumes.count().await? } else { volumes.is_counting().await? };
            self.state().counts = counts;
        }
        Ok(())
    }

    /// Looks at a space anew. None where there is nothing to keep of it.
    pub(super) async fn look(&self, volumes: &dyn Snapshots, space: SpaceId) -> Result<Option<SeenSpace>, Trouble> {
        let seen = volumes.look(space).await?;
        let mut state = self.state();
        state.is_btrfs = Some(seen.is_some());
        match &seen {
            Some(seen) => drop(state.seen.insert(space, seen.clone())),
            None => drop(state.seen.remove(&space)),
        }
        Ok(seen.filter(|seen| matches!(seen.ground, SpaceGround::Subvolume { .. })))
    }

    /// Everything about one space. For who holds `working`.
    async fn care(&self, volumes: &dyn Snapshots, id: SpaceId, space: &Space) -> Result<(), Trouble> {
        let Some(seen) = self.look(volumes, id).await? else { return Ok(()) };
        self.settle(volumes, id, &seen).await?;
        let counts = self.state().counts;
        if counts {
            self.keep_to_quota(volumes, id, space, &seen).await?;
        }
        // What was put away changes no more.
        let by_time = space.snapshots == SnapshotSchedule::On && space.archived_at.is_none();
        if by_time {
            self.by_time(volumes, id, space, &seen).await?;
        }
        if self.state().trust.is_given() {
            let over: Vec<SnapshotName> = plan::over(&self.record(id).held(), self.now()).into_iter().collect();
            self.let_go(volumes, id, &over).await?;
        }
        self.look(volumes, id).await.map(drop)
    }

    /// Lets the kernel and the space's worker keep it to its quota.
    async fn keep_to_quota(&self, volumes: &dyn Snapshots, id: SpaceId, space: &Space, seen: &SeenSpace) -> Result<(), Trouble> {
        let limit = space.quota.map(|quota| plan::limit(seen.charged.unwrap_or_default(), quota));
        if seen.limit != limit {
            volumes.limit(id, limit).await?;
        }
        self.tell_worker(volumes, id, space).await
    }

    /// The rooms for backups that are served, with their sizes.
    fn rooms(&self) -> Vec<(PersonId, Bytes)> {
        let household = self.household.borrow();
        let shares = household.as_ref().and_then(|household| household.shares.as_ref()).filter(|shares| shares.serve == Serve::On);
        let rooms = shares.into_iter().flat_map(|shares| &shares.time_machine);
        rooms.map(|(person, times)| (*person, Bytes(u64::from(times.quota_gib) << 30))).collect()
    }

    /// Lets the kernel keep a room for backups to its size, of which a Mac is told: one that does not keep to it fills no disk.
    async fn keep_room(&self, volumes: &dyn Snapshots, person: PersonId, quota: Bytes) -> Result<(), Trouble> {
        let counts = self.state().counts;
        if let Some(seen) = volumes.room(person).await?.filter(|_| counts) {
            let limit = plan::limit(seen.charged.unwrap_or_default(), quota);
            if seen.limit != Some(limit) {
                volumes.limit_room(person, limit).await?;
            }
        }
        Ok(())
    }

    /// Tells the space's worker what is left. It counts what arrives from then on, so all that arrived before is brought into the counts first.
    async fn tell_worker(&self, volumes: &dyn Snapshots, id: SpaceId, space: &Space) -> Result<(), Trouble> {
        let Some(quota) = space.quota else { return Ok(volumes.tell(id, None).await?) };
        volumes.settle().await?;
        let Some(SeenSpace { ground: SpaceGround::Subvolume { changed }, charged, .. }) = self.look(volumes, id).await? else {
            return Ok(());
        };
        let bytes = Bytes(quota.0.saturating_sub(charged.unwrap_or_default().0));
        Ok(volumes.tell(id, Some(Left { changed, bytes })).await?)
    }

    /// Takes what is due, and thins.
    async fn by_time(&self, volumes: &dyn Snapshots, id: SpaceId, space: &Space, seen: &SeenSpace) -> Result<(), Trouble> {
        let (schedule, now) = (self.schedule(), self.now());
        let held = self.record(id).held();
        // One that would make room at once is none.
        let has_room = self.pressure(space, seen).max(self.pool_pressure()) < Pressure::Full;
        if schedule.is_due(&held, now)
            && has_room
            && !is_kept(seen)
            && let Some(name) = self.free_name(id)
        {
            self.take(volumes, id, name, SnapshotRecord::new(SnapshotWhy::Schedule)).await?;
            tracing::debug!(space = %id, %name, "a snapshot was taken");
        }
        if self.state().trust.is_given() {
            let gone: Vec<SnapshotName> = schedule.thinned(&self.record(id).held(), now).into_iter().collect();
            self.let_go(volumes, id, &gone).await?;
        }
        Ok(())
    }

    /// Brings together what is there and what is known of it: ends what was begun before somebody ended this process, and takes over what nobody knows.
    pub(super) async fn settle(&self, volumes: &dyn Snapshots, id: SpaceId, seen: &SeenSpace) -> Result<(), Trouble> {
        let there: BTreeSet<SnapshotName> = seen.snapshots.iter().map(|snapshot| snapshot.name).collect();
        let record = self.record(id);
        let begun: Vec<SnapshotName> =
            record.snapshots.iter().filter(|(name, record)| record.removing && there.contains(name)).map(|(name, _)| *name).collect();
        self.let_go(volumes, id, &begun).await?;
        self.keep(id, |record| {
            record.snapshots.retain(|name, _| there.contains(name));
            for name in there.iter().filter(|name| !begun.contains(name)) {
                record.snapshots.entry(*name).or_insert(SnapshotRecord::new(SnapshotWhy::Found));
            }
        })
        .await?;
        Ok(())
    }

    /// Lets older states go where there is no room, one after the other, and waits for the room of each: what was removed is counted until it is cleaned away.
    async fn make_room(&self, volumes: &dyn Snapshots, spaces: &[(SpaceId, Space)]) -> Result<(), Trouble> {
        let mut made: BTreeMap<SpaceId, usize> = BTreeMap::new();
        let (mut most, mut is_held) = (MOST_EARLY, false);
        let mut useless = BTreeSet::new();
        while made.values().sum::<usize>() < most && !self.pool.stop.is_cancelled() {
            if self.early(spaces, &useless).is_none() {
                break;
            }
            if !is_held && !self.cleaned(volumes).await? {
                // A file that somebody has open holds one for as long, and all others shall not wait for it.
                is_held = true;
                most = most.min(made.values().sum::<usize>().saturating_add(MOST_HELD));
            }
            // What was cleaned away since may be enough.
            let Some((id, name)) = self.early(spaces, &useless) else { break };
            if !self.frees(volumes, id, name).await {
                useless.insert((id, name));
                continue;
            }
            let _one = self.working.lock().await;
            self.look(volumes, id).await?;
            self.pool.look().await;
            if self.early(spaces, &useless) == Some((id, name)) {
                self.let_go(volumes, id, &[name]).await?;
                *made.entry(id).or_default() += 1;
            } else {
                // Another turn sees to it, if it has to.
                useless.insert((id, name));
            }
        }
        if !made.is_empty() && !is_held {
            self.cleaned(volumes).await?;
        }
        for (id, count) in made {
            tracing::info!(space = %id, count, "older states made room");
            self.pool.note("snapshots.early", health::early(&self.name(id), count));
            let space = spaces.iter().find(|(space, _)| *space == id).map(|(_, space)| space);
            let counts = self.state().counts;
            if let (Some(_), Some(space), true) = (self.look(volumes, id).await?, space, counts) {
                self.tell_worker(volumes, id, space).await?;
            }
        }
        Ok(())
    }

    /// The one that makes room next, but for some.
    fn early(&self, spaces: &[(SpaceId, Space)], but: &BTreeSet<(SpaceId, SnapshotName)>) -> Option<(SpaceId, SnapshotName)> {
        let all = spaces.iter().flat_map(|(id, space)| self.early_of(*id, space).into_iter().map(|name| (name, *id)));
        all.filter(|(name, id)| !but.contains(&(*id, *name))).min().map(|(name, id)| (id, name))
    }

    /// Those of a space that may make room.
    fn early_of(&self, id: SpaceId, space: &Space) -> Vec<SnapshotName> {
        let (schedule, now, of_pool) = (self.schedule(), self.now(), self.pool_pressure());
        let state = self.state();
        let (Some(seen), Some(record)) = (state.seen.get(&id), state.records.get(&id)) else { return Vec::new() };
        schedule.early(&record.held(), self.pressure(space, seen).max(of_pool), now)
    }

    /// Whether the removal of one frees anything, should all go that may make room: what it holds is in none that stays.
    async fn frees(&self, volumes: &dyn Snapshots, id: SpaceId, name: SnapshotName) -> bool {
        let (schedule, now) = (self.schedule(), self.now());
        let between = {
            let state = self.state();
            let (Some(seen), Some(record)) = (state.seen.get(&id), state.records.get(&id)) else { return false };
            let held = record.held();
            let go: BTreeSet<SnapshotName> = schedule.early(&held, Pressure::Full, now).into_iter().collect();
            neighbours(seen, name, |other| held.contains_key(&other) && !go.contains(&other))
        };
        let Some(between) = between else { return false };
        let known = self.state().frees.get(&(id, name)).filter(|(known, _)| *known == between).map(|(_, frees)| *frees);
        if let Some(frees) = known {
            return frees;
        }
        let _counting = self.counting.lock().await;
        let frees = match volumes.alone(id, between.0, name, between.1.ok()).await {
            Ok(alone) => alone != Some(Bytes(0)),
            Err(error) => {
                tracing::warn!(space = %id, %name, error = error_chain(&error), "what the removal of a snapshot frees cannot be told");
                return false;
            }
        };
        let mut state = self.state();
        let there: BTreeSet<SnapshotName> =
            state.seen.get(&id).map(|seen| seen.snapshots.iter().map(|snapshot| snapshot.name).collect()).unwrap_or_default();
        state.frees.retain(|(space, name), _| *space != id || there.contains(name));
        state.frees.insert((id, name), (between, frees));
        frees
    }

    /// Waits until what was removed takes no room any more, as long as it becomes less.
    async fn cleaned(&self, volumes: &dyn Snapshots) -> Result<bool, Trouble> {
        let (mut since, mut least) = (Instant::now(), usize::MAX);
        loop {
            let left = volumes.uncleaned().await?;
            if left == 0 {
                return Ok(true);
            }
            if left < least {
                (since, least) = (Instant::now(), left);
            }
            if since.elapsed() > CLEANING || self.pool.stop.is_cancelled() {
                return Ok(false);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// How little is left of a space's quota.
    pub(super) fn pressure(&self, space: &Space, seen: &SeenSpace) -> Pressure {
        match (seen.charged, space.quota) {
            (Some(charged), Some(quota)) => plan::quota_pressure(charged, quota),
            _ => Pressure::None,
        }
    }

    fn pool_pressure(&self) -> Pressure {
        self.pool.room().map_or(Pressure::None, |room| plan::pool_pressure(room.free, room.usable))
    }
}

/// Whether a snapshot keeps the very state that is there now.
fn is_kept(seen: &SeenSpace) -> bool {
    let SpaceGround::Subvolume { changed } = seen.ground else { return false };
    seen.snapshots.iter().any(|snapshot| snapshot.changed == changed)
}
