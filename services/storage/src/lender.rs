//! Disks that are used as they are: mounted for reading while somebody wants them and they are here, and lent to the workers that show them.
//!
//! What is wanted stands in the settings, as spaces of the kind `disk`. This role mounts and hands on a folder; it reads nothing of it, since names and
//! bytes of strangers are for a worker that has no right on anything else. A link to a worker holds as long as what was said over it does.

use std::{
    collections::BTreeMap,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use croft_api::{
    socket::Peers,
    wire::adopted::{Borrow, Lent, MAX_LENT},
};
use croft_disks::{Care, Lending, Unlent, Volume};
use croft_files::{Link, LinkListener};
use croft_model::{Adopted, AdoptedState, DiskId, DiskSource, Projection, SpaceId, SpaceKind, Unadoptable};
use croft_telemetry::error_chain;
use tokio::{
    sync::{OnceCell, Semaphore, watch},
    task::{JoinSet, spawn_blocking},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{adoption::Adoption, keeper::Keeper};

/// How often it is looked whether disks that are lent are still there; nothing is read from them for it.
const LOOK: Duration = Duration::from_secs(2);
/// For so long after the kernel has told of a disk it is looked for what is away, and so often: a disk starts turning, and then somebody finds out what is on it.
const COMING: Duration = Duration::from_secs(60);
const TRY_SOON: Duration = Duration::from_secs(4);
/// How often it is looked for what is away where the kernel tells of nothing. It reads from other disks, and wakes them.
const TRY_AGAIN: Duration = Duration::from_secs(30);
/// The longest pause after which it is tried again to read what could not be read; it doubles from [`TRY_AGAIN`] on.
const TRY_SELDOM: Duration = Duration::from_secs(60 * 60);
/// How often, and after which pause, a disk is tried again that is in use: a worker that ends needs a moment.
const PATIENCE: u32 = 6;
const PAUSE: Duration = Duration::from_millis(500);
/// Time that a worker waits for its disk to be mounted, as right after the start.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// Workers that are linked at once; each disk has one.
const MAX_LINKS: usize = 256;
/// Time for a worker to say which one it is.
const GREETING: Duration = Duration::from_secs(5);

/// Everything about disks that are used as they are.
pub(crate) struct Lender {
    care: Arc<dyn Care>,
    keeper: Arc<Keeper>,
    household: watch::Receiver<Option<Projection>>,
    /// What there is, by the space that shows it. Whoever is linked hears of each change.
    shelves: watch::Sender<Shelves>,
    adoption: Arc<Adoption>,
    told: Mutex<Told>,
    stop: CancellationToken,
}

/// What the kernel tells of disks.
#[derive(Clone, Copy)]
struct Told {
    /// When it told of one last, and how often it has.
    at: Instant,
    number: u64,
    /// Whether it tells.
    hears: bool,
}

/// By space what is wanted, and what there is of it.
type Shelves = BTreeMap<SpaceId, Shelf>;

/// One file system that is wanted.
#[derive(Clone)]
struct Shelf {
    source: DiskSource,
    name: String,
    members: Vec<croft_model::PersonId>,
    state: Result<Arc<Lending>, Unlent>,
    /// Whether it was looked at all, so that the state says something.
    looked: bool,
    /// The attempt that is being made to lend it, by its number.
    attempt: Option<u64>,
    /// When the last one ended, after which news, and how many have failed since there were any.
    tried: Option<(Instant, u64)>,
    failed: u32,
}

impl Lender {
    /// Lends what the settings want of the disks of `care`.
    pub(crate) fn new(
        care: Arc<dyn Care>,
        keeper: Arc<Keeper>,
        adoption: Arc<Adoption>,
        household: watch::Receiver<Option<Projection>>,
        stop: CancellationToken,
    ) -> Self {
        let told = Mutex::new(Told { at: Instant::now(), number: 0, hears: true });
        Self { care, keeper, household, shelves: watch::channel(Shelves::new()).0, adoption, told, stop }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is used as it is, by the disk that it is on, or was on last.
    pub(crate) fn adopted(&self) -> Vec<(Vec<DiskId>, Adopted)> {
        let shown = |(space, shelf): (&SpaceId, &Shelf)| {
            let state = match &shelf.state {
                Ok(lending) => AdoptedState::There { unfinished: lending.unfinished },
                Err(Unlent::Away) => AdoptedState::Away,
                Err(Unlent::Unread(why)) => AdoptedState::Unread { why: *why },
            };
            let disks = shelf.state.as_ref().map_or_else(|_| vec![shelf.source.disk.clone()], |lending| lending.disks.clone());
            let disk = shelf.source.disk.clone();
            let adopted = Adopted { space: *space, disk, name: shelf.name.clone(), members: shelf.members.clone(), state };
            (disks, adopted)
        };
        self.shelves.borrow().iter().map(shown).collect()
    }

    /// What is used as it is of this disk.
    pub(crate) fn adopted_of(&self, disk: &DiskId) -> Vec<Adopted> {
        // Also by the one that it was chosen by, which may be gone while others of the same pool are there.
        let is_of = |(disks, adopted): &(Vec<DiskId>, Adopted)| adopted.disk == *disk || disks.contains(disk);
        self.adopted().into_iter().filter(is_of).map(|(_, adopted)| adopted).collect()
    }

    /// The file systems on all disks.
    pub(crate) async fn volumes(&self) -> Result<Vec<Volume>, croft_disks::DiskError> {
        self.care.volumes().await
    }

    /// Waits until what the settings want shows at these spaces, or no longer does.
    pub(crate) async fn settled(&self, spaces: &[SpaceId], wanted: bool) {
        let mut shelves = self.shelves.subscribe();
        let all = |shelves: &Shelves| spaces.iter().all(|space| shelves.get(space).is_some_and(|shelf| shelf.looked) == wanted);
        // It comes about anyhow; whoever waits only sees it later.
        let _ = timeout(Duration::from_secs(8), shelves.wait_for(all)).await;
    }

    /// Mounts and unmounts until the role ends.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut news = self.care.news();
        let mut household = self.household.clone();
        let (mut hears, mut follows) = (true, true);
        // Each is mounted by itself: a disk that does not answer keeps nobody else waiting.
        let mut attempts = JoinSet::new();
        let mut number = 0;
        while !self.stop.is_cancelled() {
            number += 1;
            let listed = Arc::new(OnceCell::new());
            for (space, source) in self.look(number) {
                let (this, listed) = (Arc::clone(&self), Arc::clone(&listed));
                attempts.spawn(async move { this.attempt(space, source, number, listed).await });
            }
            // Cancel-safe: a number that has changed, and settings that have, are seen at the next look.
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
                Some(_) = attempts.join_next() => {}
                heard = news.changed(), if hears => {
                    hears = heard.is_ok();
                    let mut told = self.told();
                    *told = Told { at: Instant::now(), number: told.number + 1, hears };
                }
                changed = household.changed(), if follows => follows = changed.is_ok(),
            }
        }
        attempts.shutdown().await;
        // Nothing is lent by a role that ends.
        self.shelves.send_replace(Shelves::new());
    }

    /// Ends what is wanted no longer or is gone, and says what shall be lent. Reads from no disk.
    fn look(&self, number: u64) -> Vec<(SpaceId, DiskSource)> {
        let Some(wanted) = wanted(self.household.borrow().as_ref()) else { return Vec::new() };
        let (told, now) = (*self.told(), Instant::now());
        let (mut due, mut over) = (Vec::new(), Vec::new());
        self.publish(|shelves| {
            let mut before = std::mem::take(shelves);
            for (space, wished) in wanted {
                let is_same = before.get(&space).is_some_and(|known| known.source == wished.source);
                let mut shelf = match before.remove(&space) {
                    Some(known) if is_same => Shelf { name: wished.name, members: wished.members, ..known },
                    known => {
                        over.extend(known.and_then(|known| known.state.ok()).map(|lending| (space, lending)));
                        wished
                    }
                };
                if shelf.state.as_ref().is_ok_and(|lending| !lending.is_there()) {
                    // First of all it is let go: it may be mounted a moment later.
                    over.extend(std::mem::replace(&mut shelf.state, Err(Unlent::Away)).ok().map(|lending| (space, lending)));
                    shelf.tried = None;
                }
                if shelf.attempt.is_none() && shelf.is_due(told, now) {
                    shelf.attempt = Some(number);
                    due.push((space, shelf.source.clone()));
                }
                shelves.insert(space, shelf);
            }
            over.extend(before.into_iter().filter_map(|(space, known)| Some((space, known.state.ok()?))));
            over.iter().for_each(|(space, lending)| self.adoption.ends(*space, lending.hold()));
        });
        if !over.is_empty() {
            // Unmounting waits for the disk.
            drop(spawn_blocking(move || drop(over)));
        }
        due
    }

    /// Changes what there is, and tells people of it where they see that.
    fn publish(&self, change: impl FnOnce(&mut Shelves)) {
        let is_new = self.shelves.send_if_modified(|shelves| {
            let before = said(shelves);
            change(shelves);
            said(shelves) != before
        });
        if is_new {
            tracing::info!("what is lent of disks has changed");
            self.keeper.disks_changed();
        }
    }

    /// Tries to lend, and says what came of it, unless it is wanted no longer. Those that begin at once list the file systems once.
    async fn attempt(&self, space: SpaceId, source: DiskSource, number: u64, listed: Arc<OnceCell<Option<Vec<Volume>>>>) {
        let told = self.told().number;
        let volumes = listed.get_or_init(async || self.care.volumes().await.ok()).await;
        // Where they cannot be listed it may be there.
        let is_listed = volumes.as_ref().is_none_or(|volumes| volumes.iter().any(|volume| volume.is(&source)));
        let mut lent = if is_listed { self.lend(&source).await } else { Err(Unlent::Away) };
        self.publish(|shelves| {
            let Some(shelf) = shelves.get_mut(&space).filter(|shelf| shelf.attempt == Some(number)) else { return };
            if let Ok(lending) = &lent {
                self.adoption.lends(space, lending.disks.clone(), shelf.name.clone());
            }
            let again = matches!(lent, Err(Unlent::Unread(_))) && shelf.tried.is_some_and(|(_, after)| after == told);
            shelf.failed = if again { shelf.failed.saturating_add(1) } else { 0 };
            (shelf.looked, shelf.attempt, shelf.tried) = (true, None, Some((Instant::now(), told)));
            shelf.state = std::mem::replace(&mut lent, Err(Unlent::Away));
        });
    }

    async fn lend(&self, source: &DiskSource) -> Result<Arc<Lending>, Unlent> {
        let mut lent = self.care.lend(source).await;
        for _ in 0..PATIENCE {
            if !matches!(lent, Err(Unlent::Unread(Unadoptable::InUse))) {
                break;
            }
            // The worker that had it is just ending.
            tokio::time::sleep(PAUSE).await;
            lent = self.care.lend(source).await;
        }
        lent.map(Arc::new).inspect_err(|unlent| tracing::info!(?unlent, disk = %source.disk, "a disk is not lent"))
    }

    /// Lends to workers until the role ends.
    pub(crate) async fn serve(self: Arc<Self>, listener: OwnedFd, peers: Peers) {
        let mut listener = match LinkListener::new(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(error = error_chain(&error), "disks cannot be lent");
                return;
            }
        };
        let (mut links, slots) = (JoinSet::new(), Arc::new(Semaphore::new(MAX_LINKS)));
        loop {
            // Cancel-safe: a link that is not yet accepted stays with the socket; one that has ended is collected later.
            let accepted = tokio::select! {
                () = self.stop.cancelled() => break,
                accepted = listener.accept() => accepted,
                Some(_) = links.join_next() => continue,
            };
            let link = match accepted {
                Ok(link) => link,
                Err(error) => {
                    tracing::warn!(error = error_chain(&error), "a link could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Some(uid) = link.peer().ok().map(|peer| peer.uid).filter(|uid| peers.is(*uid, "disk")) else {
                tracing::warn!("a process that is no worker of a disk was turned away");
                continue;
            };
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
            let (this, peers) = (Arc::clone(&self), peers.clone());
            links.spawn(async move {
                this.serve_one(&link, |space| peers.is_instance(uid, "disk", u32::from(space.number()))).await;
                drop(slot);
            });
        }
        links.shutdown().await;
    }

    /// Lends to one worker, which may have what `is_its_own`, for as long as that holds.
    async fn serve_one(&self, link: &Link, is_its_own: impl Fn(SpaceId) -> bool) {
        let mut buffer = vec![0; MAX_LENT];
        let Ok(Ok(Some(received))) = timeout(GREETING, link.receive(&mut buffer)).await else { return };
        let Ok(Borrow { space }) = serde_json::from_slice(buffer.get(..received.length).unwrap_or_default()) else { return };
        if !is_its_own(space) {
            tracing::warn!(%space, "a worker asked for another one's disk");
            return;
        }
        let mut shelves = self.shelves.subscribe();
        // Where nobody wants it, this is over after the time.
        let _ = timeout(FIRST_LOOK, shelves.wait_for(|shelves| shelves.get(&space).is_some_and(|shelf| shelf.looked))).await;
        let state = shelves.borrow_and_update().get(&space).map(|shelf| shelf.state.clone());
        let state = state.unwrap_or(Err(Unlent::Away));
        let answer = match &state {
            Ok(lending) => Lent::There { unfinished: lending.unfinished, croft: lending.croft },
            Err(Unlent::Away) => Lent::Away,
            Err(Unlent::Unread(why)) => Lent::Unread { why: *why },
        };
        let Ok(answer) = serde_json::to_vec(&answer) else { return };
        let root = state.as_ref().ok().map(|lending| lending.root());
        if link.send(&answer, root).await.is_err() {
            return;
        }
        let same = move |shelves: &Shelves| match (shelves.get(&space).map(|shelf| &shelf.state), &state) {
            (Some(Ok(now)), Ok(then)) => Arc::ptr_eq(now, then),
            (Some(Err(now)), Err(then)) => now == then,
            (None, Err(then)) => *then == Unlent::Away,
            _ => false,
        };
        // Cancel-safe: either end is the end of the link.
        tokio::select! {
            _ = shelves.wait_for(|shelves| !same(shelves)) => {}
            _ = link.receive(&mut buffer) => {}
        }
    }
}

impl Shelf {
    /// Whether it is to be tried now to lend it.
    fn is_due(&self, told: Told, now: Instant) -> bool {
        let (Err(unlent), Some((tried, after))) = (&self.state, self.tried) else { return self.state.is_err() };
        let since = now.saturating_duration_since(tried);
        let is_coming = now.saturating_duration_since(told.at) < COMING;
        match unlent {
            _ if after != told.number => true,
            Unlent::Away => (is_coming && since >= TRY_SOON) || (!told.hears && since >= TRY_AGAIN),
            // Each time something is read of a disk that may be dying.
            Unlent::Unread(_) => since >= TRY_AGAIN.saturating_mul(2_u32.saturating_pow(self.failed)).min(TRY_SELDOM),
        }
    }
}

/// What the settings want; none while nobody knows.
fn wanted(projection: Option<&Projection>) -> Option<Shelves> {
    let spaces = projection?.spaces.as_ref()?;
    let live = spaces.iter().filter(|(_, space)| space.kind == SpaceKind::Disk && space.archived_at.is_none());
    let shelf = |(id, space): (&SpaceId, &croft_model::Space)| {
        let members = space.members.keys().copied().collect();
        let (source, name, state) = (space.disk.clone()?, space.name.clone(), Err(Unlent::Away));
        Some((*id, Shelf { source, name, members, state, looked: false, attempt: None, tried: None, failed: 0 }))
    };
    Some(live.filter_map(shelf).collect())
}

/// What people see of something: its name, who sees it, whether anybody has looked, and why it is not there.
type Said = (SpaceId, String, Vec<croft_model::PersonId>, bool, Option<Unlent>);

/// What people would see change.
fn said(shelves: &Shelves) -> Vec<Said> {
    let one = |(space, shelf): (&SpaceId, &Shelf)| {
        (*space, shelf.name.clone(), shelf.members.clone(), shelf.looked, shelf.state.as_ref().err().copied())
    };
    shelves.iter().map(one).collect()
}
