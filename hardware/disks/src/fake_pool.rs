//! A pool that is only pretended, for tests of those above. What lies where is kept piece by piece, so that a test can see that nothing was lost.
//!
//! It does what btrfs does, also where that is a trap: with too few disks it writes one copy, a disk that was away comes back as if nothing had been,
//! a comparison sees only what was made durable, and room that no second disk has cannot be used by a mirror.

mod world;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use croft_model::{Bus, Bytes, Disk, DiskId, Holds, MemberErrors, Part, PartKind, Progress, Protection, Unfit};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::world::{Held, PIECE, Under, World, copies_of};
use crate::{DiskError, Disks, FakeDisks, Pool, PoolError, Scrubbed, Seen, Target, Usage};

/// Blocks of a piece that are counted when a copy of it is wrong.
const BLOCKS: u64 = 10;

/// The calls of the trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FakeCall {
    /// [`Pool::look`].
    Look,
    /// [`Pool::add`].
    Add,
    /// [`Pool::replace`].
    Replace,
    /// [`Pool::convert`].
    Convert,
    /// [`Pool::level`].
    Level,
    /// [`Pool::remove`].
    Remove,
    /// [`Pool::sync`].
    Sync,
    /// [`Pool::scrub`].
    Scrub,
    /// [`Pool::forget_errors`].
    Forget,
}

/// A pool of a test. Clones share it.
#[derive(Clone)]
pub struct FakePool {
    world: Arc<Mutex<World>>,
    disks: FakeDisks,
    /// How many points may be passed; long calls have one before each piece.
    pass: Arc<watch::Sender<u64>>,
}

impl FakePool {
    /// A pool on these of the disks, numbered from 1 and kept so, with `data` bytes of files. The disks are marked as in use.
    #[must_use]
    pub fn new(disks: &FakeDisks, on: &[DiskId], target: Target, data: Bytes) -> Self {
        let pool = Self { world: Arc::default(), disks: disks.clone(), pass: Arc::new(watch::Sender::new(u64::MAX)) };
        for (number, id) in (1..).zip(on) {
            let size = pool.disk(id).map_or(0, |disk| disk.size.0);
            pool.world().members.insert(number, Held::new(id.clone(), size));
            pool.mark(id, take);
        }
        {
            let mut world = pool.world();
            for usage in [Usage::Metadata, Usage::System] {
                world.allocate(usage, copies_of(target, usage), PIECE / 8);
            }
        }
        pool.world().kept = Some(target.data);
        pool.write(data);
        pool.world().unsynced = false;
        pool
    }

    /// Eight disks in the states that matter, and a mirror on four of them. 1: the box starts from it, its last part is in the pool. 2: well. 3: made
    /// errors. 4: gone. Outside of the pool 5: empty. 6: with photos. 7: too small. 8: one that cannot be told from another.
    #[must_use]
    pub fn of_eight() -> (FakeDisks, Self) {
        const GB: u64 = 1_000_000_000;
        let photos = Holds::Parts { parts: vec![part(PartKind::Files, "Photos", "ntfs", 64 * GB)] };
        let starts =
            Holds::Parts { parts: vec![part(PartKind::Boot, "", "vfat", GB), part(PartKind::Croft, "croft-data", "btrfs", 63 * GB)] };
        let fresh = |number: u8| disk(number, 64 * GB, Holds::Nothing);
        let one = Disk { runs_from: true, ..disk(1, 64 * GB, starts) };
        let small = Disk { unfit: Some(Unfit::TooSmall), bus: Bus::Usb, removable: true, ..disk(7, GB / 2, Holds::Nothing) };
        let twin = Disk { unfit: Some(Unfit::Twin), ..fresh(8) };
        let others = [fresh(2), fresh(3), fresh(4), fresh(5), disk(6, 64 * GB, photos), small, twin];
        let disks = FakeDisks::new([one].into_iter().chain(others).collect());
        let on: Vec<DiskId> = (1..=4).map(id).collect();
        let target = Target { data: Protection::Mirror, metadata: Protection::Triple };
        let pool = Self::new(&disks, &on, target, Bytes(20 * GB));
        pool.mark(&on[0], |disk| disk.unfit = Some(Unfit::RunsFrom));
        pool.errors(3, MemberErrors { read: 3, ..MemberErrors::default() });
        pool.vanish(4);
        (disks, pool)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call of this kind fails with this.
    pub fn fail(&self, call: FakeCall, error: PoolError) {
        self.world().fails.insert(call, error);
    }

    /// From now on only so many points are passed; then calls stand still. With `u64::MAX` they go on.
    pub fn pass(&self, points: u64) {
        let passed = self.world().passed;
        self.pass.send_replace(passed.saturating_add(points));
    }

    /// Whether a call stands still, or would at the next point.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.world().passed >= *self.pass.borrow()
    }

    /// The process that called has ended in the middle, and the kernel has given up what it did for it.
    pub fn given_up(&self) {
        let under = self.world().busy.take();
        if let Some(Under::Replace(_, disk)) = under {
            self.mark(&disk, free);
        }
    }

    /// The data lies on another file system than btrfs.
    pub fn lies_elsewhere(&self) {
        self.world().elsewhere = true;
    }

    /// The kernel has given up writing.
    pub fn gives_up_writing(&self) {
        self.world().read_only = true;
    }

    /// A disk has made errors.
    pub fn errors(&self, member: u64, errors: MemberErrors) {
        if let Some(held) = self.world().members.get_mut(&member) {
            held.errors = errors;
        }
    }

    /// A disk does not answer while all is compared.
    pub fn is_silent(&self, member: u64, silent: bool) {
        let mut world = self.world();
        if silent {
            world.silent.insert(member);
        } else {
            world.silent.remove(&member);
        }
    }

    /// A copy of the first piece of files on a disk is wrong. On all of its disks, the piece is lost.
    pub fn spoil(&self, member: u64) {
        let mut world = self.world();
        if let Some(piece) = world.pieces.iter_mut().find(|piece| piece.usage == Usage::Data && piece.on.contains(&member)) {
            piece.wrong.insert(member);
        }
    }

    /// A disk is pulled out.
    pub fn vanish(&self, member: u64) {
        let disks = self.list();
        let mut world = self.world();
        let Some(held) = world.members.get_mut(&member) else { return };
        held.errors.write += 1;
        held.haunts = true;
        held.away = disks.iter().find(|disk| disk.id == held.disk).cloned();
        let left = disks.into_iter().filter(|disk| disk.id != held.disk).collect();
        self.disks.change(left);
    }

    /// A disk that was pulled out is put in again, with what it held then. The kernel goes on without it.
    pub fn come_back(&self, member: u64) {
        let mut disks = self.list();
        let mut world = self.world();
        let Some(held) = world.members.get_mut(&member) else { return };
        held.stale = true;
        let back = held.away.take();
        drop(world);
        disks.extend(back.map(|mut disk| {
            disk.unfit = None;
            disk
        }));
        self.disks.change(disks);
    }

    /// The machine was started again: the kernel uses each disk that is there, also with what is old on it, and says nothing.
    pub fn restart(&self) {
        let mut world = self.world();
        let back: Vec<DiskId> = world.members.values().filter(|held| held.stale).map(|held| held.disk.clone()).collect();
        world.members.values_mut().for_each(|held| (held.stale, held.haunts) = (false, false));
        drop(world);
        back.iter().for_each(|id| self.mark(id, take));
    }

    /// Files of so many bytes are written, and one is changed, so that disks that are away have an old copy of it. Where there are too few disks, what is new
    /// has one copy, as btrfs does it.
    pub fn write(&self, bytes: Bytes) {
        let mut world = self.world();
        let there = world.members.values().filter(|held| held.there()).count();
        let kept = world.kept.filter(|kept| kept.copies() <= there).or(Some(Protection::Single));
        let mut left = bytes.0;
        while left > 0 && world.allocate(Usage::Data, kept, left.min(PIECE)) {
            left = left.saturating_sub(PIECE);
        }
        let away: BTreeSet<u64> = world.members.iter().filter(|(_, held)| !held.there()).map(|(number, _)| *number).collect();
        if let Some(piece) = world.pieces.iter_mut().find(|piece| piece.on.iter().any(|number| away.contains(number))) {
            let old: Vec<u64> = piece.on.iter().copied().filter(|number| away.contains(number)).collect();
            piece.wrong.extend(old);
        }
        world.unsynced = true;
    }

    /// What was called, looks left out.
    #[must_use]
    pub fn calls(&self) -> Vec<FakeCall> {
        self.world().calls.iter().copied().filter(|call| *call != FakeCall::Look).collect()
    }

    /// Whether each piece can be read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let world = self.world();
        world.pieces.iter().all(|piece| !world.good(piece).is_empty())
    }

    /// How many disks may die, at the least, before something is lost: one less than the good copies of the piece that has the fewest.
    #[must_use]
    pub fn bears(&self) -> usize {
        let world = self.world();
        world.pieces.iter().map(|piece| world.good(piece).len()).min().unwrap_or_default().saturating_sub(1)
    }

    fn list(&self) -> Vec<Disk> {
        // Pretended disks answer at once.
        self.disks.look().now_or_never().and_then(Result::ok).unwrap_or_default()
    }

    fn disk(&self, id: &DiskId) -> Option<Disk> {
        self.list().into_iter().find(|disk| disk.id == *id)
    }

    fn mark(&self, id: &DiskId, change: impl Fn(&mut Disk)) {
        let mut disks = self.list();
        disks.iter_mut().filter(|disk| disk.id == *id).for_each(change);
        self.disks.change(disks);
    }

    /// Notes a call, and fails it where a test wants that.
    fn called(&self, call: FakeCall) -> Result<(), PoolError> {
        let mut world = self.world();
        world.calls.push(call);
        world.fails.remove(&call).map_or(Ok(()), Err)
    }

    /// A point at which a test may hold the work, and a person give it up.
    async fn point(&self, stop: &CancellationToken) -> Result<(), PoolError> {
        let mut pass = self.pass.subscribe();
        let passed = self.world().passed;
        // Cancel-safe: waiting keeps no state.
        tokio::select! {
            biased;
            () = stop.cancelled() => return Err(PoolError::Cancelled),
            _ = pass.wait_for(|pass| passed < *pass) => {}
        }
        self.world().passed += 1;
        Ok(())
    }

    /// Makes a disk empty that is as it was seen.
    fn empty(&self, id: &DiskId, contents: &str) -> Result<u64, PoolError> {
        let found = self.disk(id).ok_or(DiskError::Gone)?;
        let unfit = found.unfit.is_some_and(|unfit| unfit != Unfit::TooSmall);
        if found.contents != contents || unfit {
            return Err(DiskError::Changed.into());
        }
        self.mark(id, free);
        Ok(found.size.0)
    }

    async fn replaced(
        &self,
        member: u64,
        disk: &DiskId,
        contents: &str,
        progress: &watch::Sender<Progress>,
        stop: &CancellationToken,
    ) -> Result<(), PoolError> {
        let under = self.world().busy.clone();
        if !matches!(under, Some(Under::Replace(..)))
            && self.world().members.get(&member).is_some_and(|held| held.there() && held.disk == *disk)
        {
            return Ok(());
        }
        let (member, disk) = match under {
            Some(Under::Replace(member, disk)) => (member, disk),
            _ => {
                self.empty(disk, contents)?;
                self.point(&CancellationToken::new()).await?;
                self.world().busy = Some(Under::Replace(member, disk.clone()));
                (member, disk.clone())
            }
        };
        self.mark(&disk, take);
        let total = self.world().pieces.iter().filter(|piece| piece.on.contains(&member)).count() as u64 * PIECE;
        for done in 0..=total / PIECE {
            progress.send_replace(Progress { done: done * PIECE, total });
            if let Err(error) = self.point(stop).await {
                self.mark(&disk, free);
                self.world().busy = None;
                return Err(error);
            }
        }
        let size = self.disk(&disk).map_or(0, |disk| disk.size.0);
        let mut world = self.world();
        world.busy = None;
        let copied: Vec<usize> = (0..world.pieces.len()).filter(|at| !world.good(&world.pieces[*at]).is_empty()).collect();
        for at in copied {
            world.pieces[at].wrong.remove(&member);
        }
        let left = world.members.insert(member, Held::new(disk, size));
        world.unsynced = true;
        drop(world);
        if let Some(left) = left.filter(|left| left.there()) {
            self.mark(&left.disk, free);
        }
        Ok(())
    }

    async fn converted(&self, target: Target, progress: &watch::Sender<Progress>, stop: &CancellationToken) -> Result<(), PoolError> {
        self.world().busy = Some(Under::Balance);
        let total = self.world().off(target).count() as u64;
        let mut done = 0;
        loop {
            let Some(at) = self.world().off(target).next() else { break };
            progress.send_replace(Progress { done: done * PIECE, total: total.max(done) * PIECE });
            if let Err(error) = self.point(stop).await {
                self.world().busy = None;
                return Err(error);
            }
            let mut world = self.world();
            let wanted = copies_of(target, world.pieces[at].usage);
            if let Err(error) = world.rewrite(at, wanted) {
                world.busy = None;
                return Err(error);
            }
            done += 1;
        }
        self.point(&CancellationToken::new()).await?;
        let mut world = self.world();
        (world.busy, world.kept) = (None, Some(target.data));
        Ok(())
    }

    async fn leveled(&self, progress: &watch::Sender<Progress>, stop: &CancellationToken) -> Result<(), PoolError> {
        self.world().busy = Some(Under::Balance);
        let mut done = 0;
        loop {
            let Some((at, from, to)) = self.world().lopsided() else { break };
            progress.send_replace(Progress { done, total: done + PIECE });
            if let Err(error) = self.point(stop).await {
                self.world().busy = None;
                return Err(error);
            }
            let mut world = self.world();
            world.pieces[at].on.iter_mut().filter(|on| **on == from).for_each(|on| *on = to);
            world.unsynced = true;
            done += PIECE;
        }
        self.world().busy = None;
        Ok(())
    }

    async fn removed(&self, member: u64, progress: &watch::Sender<Progress>, stop: &CancellationToken) -> Result<(), PoolError> {
        if !self.world().members.contains_key(&member) {
            return Err(PoolError::NoMember(member));
        }
        self.world().busy = Some(Under::Remove);
        let total = self.world().pieces.iter().filter(|piece| piece.on.contains(&member)).count() as u64 * PIECE;
        let mut done = 0;
        loop {
            let Some(at) = self.world().pieces.iter().position(|piece| piece.on.contains(&member)) else { break };
            progress.send_replace(Progress { done, total });
            let moved = match self.point(stop).await {
                Ok(()) => self.world().move_off(at, member),
                Err(error) => Err(error),
            };
            if let Err(error) = moved {
                self.world().busy = None;
                return Err(error);
            }
            done += PIECE;
        }
        self.point(&CancellationToken::new()).await?;
        let mut world = self.world();
        world.busy = None;
        let left = world.members.remove(&member);
        drop(world);
        if let Some(left) = left.filter(|left| left.there()) {
            self.mark(&left.disk, free);
        }
        Ok(())
    }

    async fn scrubbed(&self, progress: &watch::Sender<Progress>, stop: &CancellationToken) -> Result<Scrubbed, PoolError> {
        let total = if self.world().unsynced { 0 } else { self.world().pieces.iter().map(|piece| piece.on.len() as u64 * PIECE).sum() };
        progress.send_replace(Progress { done: 0, total });
        self.point(stop).await?;
        progress.send_replace(Progress { done: total / 2, total });
        self.point(stop).await?;
        let mut world = self.world();
        let compared =
            world.members.iter().filter(|(number, held)| held.there() && !world.silent.contains(number)).map(|(number, _)| *number);
        let mut found = Scrubbed { compared: compared.collect(), read: Bytes(total), mended: 0, lost: 0, files: Vec::new() };
        for at in 0..if total == 0 { 0 } else { world.pieces.len() } {
            let piece = world.pieces[at].clone();
            let lost = world.good(&piece).is_empty();
            let wrong: Vec<u64> =
                piece.wrong.iter().copied().filter(|number| world.members.get(number).is_some_and(|held| held.there())).collect();
            for number in &wrong {
                if let Some(held) = world.members.get_mut(number) {
                    held.errors.corruption += BLOCKS;
                }
            }
            if lost && !wrong.is_empty() {
                found.lost += BLOCKS;
                found.files.push(format!("spaces/s1/files/{at}.jpg"));
            } else {
                found.mended += wrong.len() as u64 * BLOCKS;
                world.pieces[at].wrong.retain(|number| !wrong.contains(number));
            }
        }
        Ok(found)
    }
}

impl Pool for FakePool {
    fn look(&self) -> BoxFuture<'_, Result<Option<Seen>, PoolError>> {
        async move {
            self.called(FakeCall::Look)?;
            let world = self.world();
            Ok((!world.elsewhere).then(|| world.seen()))
        }
        .boxed()
    }

    fn add<'a>(&'a self, disk: &'a DiskId, contents: &'a str) -> BoxFuture<'a, Result<u64, PoolError>> {
        async move {
            let never = CancellationToken::new();
            self.point(&never).await?;
            self.called(FakeCall::Add)?;
            let size = self.empty(disk, contents)?;
            self.point(&never).await?;
            let mut world = self.world();
            let number = world.members.last_key_value().map_or(1, |(number, _)| number + 1);
            world.members.insert(number, Held::new(disk.clone(), size));
            drop(world);
            self.mark(disk, take);
            Ok(number)
        }
        .boxed()
    }

    fn replace<'a>(
        &'a self,
        member: u64,
        disk: &'a DiskId,
        contents: &'a str,
        progress: watch::Sender<Progress>,
        stop: CancellationToken,
    ) -> BoxFuture<'a, Result<(), PoolError>> {
        async move {
            self.called(FakeCall::Replace)?;
            self.replaced(member, disk, contents, &progress, &stop).await
        }
        .boxed()
    }

    fn convert(&self, target: Target, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<(), PoolError>> {
        async move {
            self.called(FakeCall::Convert)?;
            self.converted(target, &progress, &stop).await
        }
        .boxed()
    }

    fn level(&self, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<(), PoolError>> {
        async move {
            self.called(FakeCall::Level)?;
            self.leveled(&progress, &stop).await
        }
        .boxed()
    }

    fn remove(&self, member: u64, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<(), PoolError>> {
        async move {
            self.called(FakeCall::Remove)?;
            self.removed(member, &progress, &stop).await
        }
        .boxed()
    }

    fn sync(&self) -> BoxFuture<'_, Result<(), PoolError>> {
        async move {
            self.point(&CancellationToken::new()).await?;
            self.called(FakeCall::Sync)?;
            self.world().unsynced = false;
            Ok(())
        }
        .boxed()
    }

    fn scrub(&self, progress: watch::Sender<Progress>, stop: CancellationToken) -> BoxFuture<'_, Result<Scrubbed, PoolError>> {
        async move {
            self.called(FakeCall::Scrub)?;
            self.scrubbed(&progress, &stop).await
        }
        .boxed()
    }

    fn forget_errors(&self, member: u64) -> BoxFuture<'_, Result<MemberErrors, PoolError>> {
        async move {
            self.point(&CancellationToken::new()).await?;
            self.called(FakeCall::Forget)?;
            let mut world = self.world();
            Ok(std::mem::take(&mut world.members.get_mut(&member).ok_or(PoolError::NoMember(member))?.errors))
        }
        .boxed()
    }
}

/// A disk goes into a pool.
fn take(disk: &mut Disk) {
    disk.unfit = Some(if disk.runs_from { Unfit::RunsFrom } else { Unfit::InUse });
    disk.contents = format!("in the pool {}", disk.serial);
}

/// A disk comes out of a pool, or is on its way into one, with nothing on it.
fn free(disk: &mut Disk) {
    (disk.unfit, disk.label, disk.holds) = (None, None, Holds::Nothing);
    disk.contents = format!("nothing {}", disk.serial);
}

fn id(number: u8) -> DiskId {
    DiskId::of_hash(&[number; 32])
}

fn part(kind: PartKind, name: &str, file_system: &str, size: u64) -> Part {
    Part { kind, name: name.into(), file_system: file_system.into(), size: Bytes(size), used: None }
}

fn disk(number: u8, size: u64, holds: Holds) -> Disk {
    let (name, serial) = ("Disk".to_owned(), format!("S{number:04}"));
    Disk {
        id: id(number),
        size: Bytes(size),
        bus: Bus::Sata,
        removable: false,
        runs_from: false,
        label: croft_model::label_of(&holds, &name, &serial),
        contents: format!("contents {number}"),
        half_installed: false,
        plug: croft_model::Plug::Unknown,
        several: None,
        unfit: None,
        holds,
        name,
        serial,
    }
}
