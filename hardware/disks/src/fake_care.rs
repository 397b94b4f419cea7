//! Care of disks that are only pretended, for tests of those above.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use croft_model::{Bus, Disk, DiskId, DiskSource, Holds, Inside, Unadoptable};
use futures_util::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::{Care, DiskError, Disks, FakeDisks, Kept, Lending, Present, SmartAnswer, SmartWay, Unlent, Volume};

/// Care of [`FakeDisks`]. Clones share what they know.
#[derive(Clone)]
pub struct FakeCare {
    disks: FakeDisks,
    world: Arc<Mutex<World>>,
    news: Arc<watch::Sender<u64>>,
}

#[derive(Default)]
struct World {
    answers: BTreeMap<DiskId, SmartAnswer>,
    asked: Vec<(DiskId, Option<SmartWay>)>,
    inside: BTreeMap<DiskId, Inside>,
    /// What is kept, with the disk as it was and as it was left.
    kept: Vec<(Kept, Disk, String)>,
    /// File systems, each with the folder that stands for what is in it.
    volumes: Vec<(Volume, PathBuf)>,
    /// Whether what is lent of a disk is still there.
    lent: BTreeMap<DiskId, Arc<AtomicBool>>,
    /// How often the file systems were listed, and which disks are too slow to be mounted.
    listed: u64,
    slow: Vec<DiskId>,
    fails: Option<DiskError>,
    keeps_all: bool,
}

impl FakeCare {
    /// Care of these disks.
    #[must_use]
    pub fn new(disks: FakeDisks) -> Self {
        Self { disks, world: Arc::default(), news: Arc::new(watch::channel(0).0) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the disk answers this.
    pub fn answers(&self, disk: &DiskId, answer: SmartAnswer) {
        self.world().answers.insert(disk.clone(), answer);
    }

    /// Which disks were asked how they are, and in which way.
    #[must_use]
    pub fn asked(&self) -> Vec<(DiskId, Option<SmartWay>)> {
        self.world().asked.clone()
    }

    /// This is in the disk.
    pub fn holds(&self, disk: &DiskId, inside: Inside) {
        self.world().inside.insert(disk.clone(), inside);
    }

    /// These file systems are there, each with the folder that stands for what is in it.
    pub fn has_volumes(&self, volumes: Vec<(Volume, PathBuf)>) {
        self.world().volumes = volumes;
    }

    /// What was lent of a disk is there no longer, as after it was pulled out. Nobody is told.
    pub fn pull(&self, disk: &DiskId) {
        if let Some(there) = self.world().lent.remove(disk) {
            there.store(false, Ordering::Relaxed);
        }
    }

    /// From now on mounting this disk does not end.
    pub fn slows(&self, disk: &DiskId) {
        self.world().slow.push(disk.clone());
    }

    /// How often the file systems of all disks were listed.
    #[must_use]
    pub fn listed(&self) -> u64 {
        self.world().listed
    }

    /// What is done next to a disk ends with this.
    pub fn fail(&self, error: DiskError) {
        self.world().fails = Some(error);
    }

    /// The kernel tells that something has changed.
    pub fn tell(&self) {
        self.news.send_modify(|number| *number += 1);
    }

    /// From now on nothing that is kept can be removed.
    pub fn keeps_all(&self) {
        self.world().keeps_all = true;
    }

    async fn disk(&self, id: &DiskId, contents: &str) -> Result<(Vec<Disk>, usize), DiskError> {
        let disks = self.disks.look().await?;
        let at = disks.iter().position(|disk| disk.id == *id).ok_or(DiskError::Gone)?;
        if let Some(error) = self.world().fails.take() {
            return Err(error);
        }
        if disks.get(at).is_none_or(|disk| disk.contents != contents) { Err(DiskError::Changed) } else { Ok((disks, at)) }
    }
}

impl Care for FakeCare {
    fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    fn present(&self) -> BoxFuture<'_, Result<Vec<Present>, DiskError>> {
        let of = |disk: Disk| Present { id: disk.id, name: disk.name, serial: disk.serial, can_tell: disk.bus != Bus::Virtual };
        async move { Ok(self.disks.look().await?.into_iter().map(of).collect()) }.boxed()
    }

    fn health<'a>(&'a self, disk: &'a DiskId, known: Option<SmartWay>) -> BoxFuture<'a, Result<SmartAnswer, DiskError>> {
        async move {
            let mut world = self.world();
            world.asked.push((disk.clone(), known));
            Ok(world.answers.get(disk).copied().unwrap_or(SmartAnswer::Mute))
        }
        .boxed()
    }

    fn look_inside<'a>(&'a self, disk: &'a DiskId, contents: &'a str) -> BoxFuture<'a, Result<Inside, DiskError>> {
        async move {
            self.disk(disk, contents).await?;
            Ok(self.world().inside.get(disk).cloned().unwrap_or(Inside { parts: Vec::new() }))
        }
        .boxed()
    }

    fn volumes(&self) -> BoxFuture<'_, Result<Vec<Volume>, DiskError>> {
        async move {
            self.world().listed += 1;
            let here: Vec<DiskId> = self.disks.look().await?.into_iter().map(|disk| disk.id).collect();
            Ok(self.world().volumes.iter().map(|(volume, _)| volume.clone()).filter(|volume| here.contains(&volume.disk)).collect())
        }
        .boxed()
    }

    fn lend<'a>(&'a self, source: &'a DiskSource) -> BoxFuture<'a, Result<Lending, Unlent>> {
        async move {
            let here: Vec<DiskId> = self.disks.look().await.map_err(|_| Unlent::Away)?.into_iter().map(|disk| disk.id).collect();
            let found = self.world().volumes.iter().find(|(volume, _)| volume.is(source) && here.contains(&volume.disk)).cloned();
            let (volume, folder) = found.ok_or(Unlent::Away)?;
            if self.world().slow.contains(&volume.disk) {
                return std::future::pending().await;
            }
            if let Some(why) = volume.unfit {
                return Err(Unlent::Unread(why));
            }
            let root = File::open(folder).map_err(|_| Unlent::Unread(Unadoptable::Damaged))?;
            let there = Arc::clone(self.world().lent.entry(volume.disk.clone()).or_insert_with(|| Arc::new(AtomicBool::new(true))));
            Ok(Lending::pretended(root.into(), vec![volume.disk], there, Box::new(())))
        }
        .boxed()
    }

    fn erase<'a>(&'a self, disk: &'a DiskId, contents: &'a str) -> BoxFuture<'a, Result<(), DiskError>> {
        async move {
            let (mut disks, at) = self.disk(disk, contents).await?;
            let Some(erased) = disks.get_mut(at) else { return Err(DiskError::Gone) };
            let before = erased.clone();
            (erased.holds, erased.label, erased.contents) = (Holds::Nothing, None, "erased".into());
            let kept = Kept {
                disk: disk.clone(),
                at: Timestamp::now(),
                size: before.size,
                pieces: Vec::new(),
                sha256: String::new(),
                left: Vec::new(),
                used: false,
            };
            self.world().kept.push((kept, before, "erased".into()));
            self.disks.change(disks);
            Ok(())
        }
        .boxed()
    }

    fn kept(&self) -> BoxFuture<'_, Result<Vec<Kept>, DiskError>> {
        async move { Ok(self.world().kept.iter().map(|(kept, ..)| kept.clone()).collect()) }.boxed()
    }

    fn is_untouched<'a>(&'a self, kept: &'a Kept) -> BoxFuture<'a, Result<bool, DiskError>> {
        async move {
            let disks = self.disks.look().await?;
            let now = disks.iter().find(|disk| disk.id == kept.disk).ok_or(DiskError::Gone)?;
            Ok(self.world().kept.iter().any(|(known, _, left)| known == kept && *left == now.contents))
        }
        .boxed()
    }

    fn put_back<'a>(&'a self, kept: &'a Kept, contents: &'a str) -> BoxFuture<'a, Result<(), DiskError>> {
        async move {
            let (mut disks, at) = self.disk(&kept.disk, contents).await?;
            if !self.is_untouched(kept).await? {
                return Err(DiskError::Written);
            }
            let before = self.world().kept.iter().find(|(known, ..)| known == kept).map(|(_, before, _)| before.clone());
            if let (Some(place), Some(before)) = (disks.get_mut(at), before) {
                *place = before;
            }
            self.disks.change(disks);
            Ok(())
        }
        .boxed()
    }

    fn forget<'a>(&'a self, kept: &'a Kept) -> BoxFuture<'a, Result<(), DiskError>> {
        async move {
            let mut world = self.world();
            if world.keeps_all {
                return Err(DiskError::Write { what: "what is kept of disks".into(), source: io::ErrorKind::PermissionDenied.into() });
            }
            world.kept.retain(|(known, ..)| known != kept);
            Ok(())
        }
        .boxed()
    }
}
