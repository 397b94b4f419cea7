//! The worker's life: opening the space, accepting links, ending in order.

use std::{os::fd::OwnedFd, pin::pin, sync::Arc, time::Duration};

use croft_api::{
    bulk::limits::MAX_LINKS,
    capability::Verifier,
    inherit::{Descriptors, RunDirectory},
    lifecycle::Lifecycle,
    projection::Supervisor,
    socket::Peers,
};
use croft_files::{Dir, LinkListener};
use croft_model::{SpaceId, SpaceNumber};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    access::Gatekeeper,
    dates,
    error::SyncError,
    link,
    methods::{Ground, stranger::end_with_rights},
    news::News,
    previews::Previews,
    space::{Keeper, Shelf, Space, blocking, locks::Locks, unique},
};

/// A worker that nobody was linked to for so long ends; the next request starts it again.
const IDLE: Duration = Duration::from_secs(60);
/// Time that open streams get at an orderly end.
const DRAIN: Duration = Duration::from_secs(10);
/// Time that the first projection may take before requests are answered "not ready".
const FIRST_PROJECTION: Duration = Duration::from_secs(10);

/// A worker with its space open.
pub struct Worker {
    pub(crate) ground: Ground,
    pub(crate) gatekeeper: Gatekeeper,
    pub(crate) streams: TaskTracker,
    pub(crate) stopping: CancellationToken,
    keeper: Keeper,
}

/// Runs as the role `sync` for `space` until it is told to stop or was idle for a minute.
///
/// # Errors
/// What was handed over cannot be used, or the space cannot be opened.
pub async fn run(mut descriptors: Descriptors, space: SpaceId) -> Result<(), SyncError> {
    let lifecycle = Lifecycle::start(&mut descriptors)?;
    let stop = lifecycle.stopping();
    let verifier = Verifier::from_env(&format!("sync@{space}"))?;
    let peers = Peers::from_env()?;
    let run = descriptors.run_directory()?;
    let supervisor = Supervisor::new(run.clone());
    let mut projection = supervisor.follow(stop.clone());
    let (listener, dir, index) = (descriptors.take("bulk")?, descriptors.take("space")?, descriptors.take("index")?);
    let snapshots = descriptors.take("snapshots")?;
    let worker = Worker::open((dir, snapshots), index, space, Gatekeeper::new(verifier, space, projection.clone())).await?;
    worker.ask_for_previews_in(run);
    worker.tell_activity(supervisor);
    // Without it every request is answered "not ready", which is true but unfriendly right after a start.
    let _ = timeout(FIRST_PROJECTION, projection.wait_for(Option::is_some)).await;
    lifecycle.ready();
    let served = worker.serve(listener, &peers, stop).await;
    lifecycle.ended();
    served
}

impl Worker {
    /// Opens the space in the directory `dir`, with its snapshots beside it, with its cache in `index`.
    ///
    /// # Errors
    /// [`SyncError::Space`], or [`SyncError::Records`] when `records.redb` is torn.
    pub async fn open(
        (dir, snapshots): (OwnedFd, OwnedFd),
        index: OwnedFd,
        space: SpaceId,
        gatekeeper: Gatekeeper,
    ) -> Result<Arc<Self>, SyncError> {
        let snapshots = Dir::new(snapshots).map_err(|source| SyncError::Space { what: "the directory of the snapshots", source })?;
        let add = move |opened: &mut Space| {
            opened.room.listen(snapshots.clone());
            opened.snapshots = Some(snapshots);
        };
        Self::open_with(dir, index, space, gatekeeper, add).await
    }

    /// Opens the worker of a disk, which has nothing of its own but what it remembers in `dir` and `index`, and shows `shelf`.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub(crate) async fn open_disk(
        dir: OwnedFd,
        index: OwnedFd,
        space: SpaceId,
        gatekeeper: Gatekeeper,
        shelf: Shelf,
    ) -> Result<Arc<Self>, SyncError> {
        Self::open_with(dir, index, space, gatekeeper, move |opened: &mut Space| opened.shelf = Some(shelf)).await
    }

    async fn open_with(
        dir: OwnedFd,
        index: OwnedFd,
        space: SpaceId,
        gatekeeper: Gatekeeper,
        add: impl FnOnce(&mut Space) + Send + 'static,
    ) -> Result<Arc<Self>, SyncError> {
        let opened = tokio::task::spawn_blocking(move || {
            let failed = |source| SyncError::Space { what: "the directories that were handed over", source };
            let (dir, index) = (Dir::new(dir).map_err(failed)?, Dir::new(index).map_err(failed)?);
            let mut opened = Space::open(&dir, &index, SpaceNumber::from(space))?;
            add(&mut opened);
            Ok::<_, SyncError>((opened, Previews::open(&index)?))
        });
        let (space, previews) = opened.await.map_err(|_| SyncError::Ended)??;
        let ground = Ground {
            space: Arc::new(space),
            news: News::new(),
            previews: Arc::new(previews),
            sharers: gatekeeper.sharers(),
            activity: Arc::default(),
        };
        Ok(Arc::new(Self {
            keeper: Keeper::start(&ground.space, ground.news.clone()),
            ground,
            gatekeeper,
            streams: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }))
    }

    /// To be called once after the space was set back to an earlier state, by a snapshot or a backup: from then on its `oc:data-fingerprint` is another one,
    /// by which sync clients learn that files which are older than theirs, or gone, were not changed by anybody, and keep theirs beside them.
    ///
    /// # Errors
    /// The records cannot be written.
    pub async fn note_restored(&self) -> Result<(), SyncError> {
        let space = self.ground.space.clone();
        let noted = tokio::task::spawn_blocking(move || {
            let fingerprint = unique().map_err(|_| SyncError::Ended)?;
            space.records.set_fingerprint(fingerprint.to_string()).map_err(|source| SyncError::Records { source })
        });
        noted.await.map_err(|_| SyncError::Ended)?
    }

    /// From now on small pictures are made by the role `preview`, whose socket is in `run`; before, there are those that were kept.
    pub fn ask_for_previews_in(&self, run: RunDirectory) {
        self.ground.previews.ask_in(run);
    }

    /// From now on what becomes of links of sharing stands in the household's activity.
    pub fn tell_activity(&self, supervisor: Supervisor) {
        // Told twice, the first one is good.
        let _ = self.ground.activity.set(supervisor);
    }

    /// Serves links from `listener` by the gateway among `peers` until `stop`, or until there was none for a minute; then ends in order.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub async fn serve(self: Arc<Self>, listener: OwnedFd, peers: &Peers, stop: CancellationToken) -> Result<(), SyncError> {
        let failed = |source| SyncError::Space { what: "listening for links", source };
        let mut listener = LinkListener::new(listener).map_err(failed)?;
        let slots = Arc::new(Semaphore::new(MAX_LINKS));
        let links = TaskTracker::new();
        let ended = CancellationToken::new();
        let mut number = 0;
        // Part of this one, so that nothing holds the space when it is over.
        let (ground, stopping) = (self.ground.clone(), self.stopping.clone());
        let mut cared = pin!(async move {
            let ending = stopping.run_until_cancelled(end_with_rights(ground.clone()));
            let dates = stopping.run_until_cancelled(dates::read(ground.clone()));
            tokio::join!(care(ground.space.clone(), stopping.clone()), ending, dates)
        });
        let mut caring = true;
        loop {
            // Cancel-safe: a link that is not yet accepted stays with the socket, also beyond this process.
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                () = idle(&links, &self.ground.space.locks) => break,
                accepted = listener.accept() => accepted,
                _ = &mut cared, if caring => {
                    caring = false;
                    continue;
                }
            };
            let link = match accepted {
                Ok(link) => link,
                Err(error) => {
                    tracing::warn!(%error, "a link could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            if !link.peer().is_ok_and(|peer| peers.is(peer.uid, "gateway")) {
                tracing::warn!("a process that is not the gateway was turned away");
                continue;
            }
            let Ok(slot) = slots.clone().try_acquire_owned() else {
                tracing::warn!(limit = MAX_LINKS, "too many links");
                continue;
            };
            number += 1;
            let (worker, ended) = (self.clone(), ended.clone());
            drop(links.spawn(async move {
                // Cancel-safe: when all has ended nobody is interested in the rest of the link.
                let over = tokio::select! {
                    over = link::serve(worker, link, number) => over,
                    () = ended.cancelled() => Ok(()),
                };
                if let Err(error) = over {
                    tracing::warn!(%error, "a link broke");
                }
                drop(slot);
            }));
        }
        self.end(&links, &ended).await;
        if caring {
            // It hears of the stop.
            cared.await;
        }
        Ok(())
    }

    /// Lets open streams finish, then writes the index. Where some do not finish it stays marked as in use, because they may still change
    /// something.
    async fn end(self: Arc<Self>, links: &TaskTracker, ended: &CancellationToken) {
        self.stopping.cancel();
        self.streams.close();
        let until = Instant::now() + DRAIN;
        let drained = timeout_at(until, self.streams.wait()).await.is_ok();
        ended.cancel();
        links.close();
        links.wait().await;
        // A link that had not heard of the stop may have begun one more stream.
        if !drained || timeout_at(until, self.streams.wait()).await.is_err() {
            tracing::warn!("some requests were still open at the end; folders will look changed");
            return;
        }
        let closed = tokio::task::spawn_blocking(move || {
            let space = &self.ground.space;
            self.keeper.end();
            if let Err(error) = space.catalog.close(space) {
                tracing::warn!(%error, "the catalogue could not be written");
            }
            if !space.guard.is_settled() {
                // Then everything shall look changed at the next start.
                return Ok(());
            }
            space.index.close()
        });
        match closed.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the index could not be written; folders will look changed"),
            Err(error) => tracing::error!(%error, "closing the index broke off"),
        }
    }
}

/// Looks after the space now and again, until it is `stopping`.
async fn care(space: Arc<Space>, stopping: CancellationToken) {
    /// How often it is asked whether it is time.
    const LOOK: Duration = Duration::from_secs(3600);
    loop {
        let (caring, stop) = (space.clone(), stopping.clone());
        if let Err(error) = blocking(move || caring.look_after(jiff::Timestamp::now().as_second(), &stop)).await {
            tracing::warn!(%error, "trash and versions could not be looked after");
        }
        // Cancel-safe: nothing is lost by not sleeping.
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stopping.cancelled() => return,
        }
    }
}

/// Returns when there was no link and no lock for [`IDLE`]. Begun anew whenever a link was accepted.
async fn idle(links: &TaskTracker, locks: &Locks) {
    /// How often the links are counted.
    const LOOK: Duration = Duration::from_secs(5);
    let mut since = Instant::now();
    while since.elapsed() < IDLE {
        tokio::time::sleep(LOOK).await;
        if !links.is_empty() || locks.any() {
            since = Instant::now();
        }
    }
}
