//! The role `disk`: the worker of a disk that is used as it is. What it shows it gets from storage, once, before it is confined to that.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use croft_api::{
    capability::Verifier,
    inherit::{Descriptors, InheritError, RunDirectory},
    lifecycle::Lifecycle,
    projection::Supervisor,
    socket::Peers,
    wire::adopted::{Borrow, Lent, MAX_LENT},
};
use croft_files::{Dir, Link};
use croft_model::SpaceId;
use tokio::time::{Duration, timeout};

use crate::{access::Gatekeeper, error::SyncError, space::Shelf, worker::Worker};

/// Where storage lends disks, among the sockets.
const SOCKET: &str = "disks.sock";
/// Time for a disk to be mounted; less than a role has to be ready.
const LENDING: Duration = Duration::from_secs(12);
/// Time that the first projection may take before requests are answered "not ready".
const FIRST_PROJECTION: Duration = Duration::from_secs(10);

/// A disk that was lent, or the word that there is none, with the link by which storage takes it back.
#[derive(Debug)]
pub struct Borrowed {
    lent: Lent,
    root: Option<OwnedFd>,
    link: Option<OwnedFd>,
}

impl Borrowed {
    /// Asks storage for the disk that `space` shows. Where nobody answers, the disk is away.
    ///
    /// # Errors
    /// The role was not started as the manifest says.
    pub async fn ask(descriptors: &Descriptors, space: SpaceId) -> Result<Self, SyncError> {
        let run = descriptors.borrow("run").ok_or_else(|| InheritError::Missing("run".into()))?;
        let run = run.try_clone_to_owned().map_err(|_| SyncError::Ended)?;
        // Held open while the path through it is used.
        let run = RunDirectory::new(run);
        let path = run.socket(SOCKET);
        let asked = timeout(LENDING, async {
            let link = Link::connect(&path).await.ok()?;
            link.send(&serde_json::to_vec(&Borrow { space }).ok()?, None).await.ok()?;
            let mut buffer = vec![0; MAX_LENT];
            let received = link.receive(&mut buffer).await.ok()??;
            let lent = serde_json::from_slice(buffer.get(..received.length)?).ok()?;
            Some(Self { lent, root: received.descriptor, link: Some(link.into()) })
        });
        let away = Self { lent: Lent::Away, root: None, link: None };
        Ok(asked.await.ok().flatten().unwrap_or_else(|| {
            tracing::warn!("storage does not answer");
            away
        }))
    }

    /// The folder that the role goes on reading.
    #[must_use]
    pub fn root(&self) -> Option<BorrowedFd<'_>> {
        self.root.as_ref().map(AsFd::as_fd)
    }
}

/// Runs as the role `disk` for `space` until it is told to stop, was idle for a minute, or the disk is taken back.
///
/// # Errors
/// What was handed over cannot be used.
pub async fn run_disk(mut descriptors: Descriptors, space: SpaceId, borrowed: Borrowed) -> Result<(), SyncError> {
    let lifecycle = Lifecycle::start(&mut descriptors)?;
    let stop = lifecycle.stopping();
    // The gateway asks the worker of a space, whichever it is.
    let verifier = Verifier::from_env(&format!("sync@{space}"))?;
    let peers = Peers::from_env()?;
    let run = descriptors.run_directory()?;
    let supervisor = Supervisor::new(run.clone());
    let mut projection = supervisor.follow(stop.clone());
    let (listener, dir, index) = (descriptors.take("bulk")?, descriptors.take("space")?, descriptors.take("index")?);
    let failed = |source| SyncError::Space { what: "the disk that was lent", source };
    let shelf = match (borrowed.lent, borrowed.root) {
        (Lent::There { croft, .. }, Some(root)) => Shelf::There { root: Dir::new(root).map_err(failed)?, croft },
        (Lent::Unread { why }, _) => Shelf::Unread(why),
        (Lent::There { .. } | Lent::Away, _) => Shelf::Away,
    };
    let worker = Worker::open_disk(dir, index, space, Gatekeeper::new(verifier, space, projection.clone()), shelf).await?;
    worker.ask_for_previews_in(run);
    let _ = timeout(FIRST_PROJECTION, projection.wait_for(Option::is_some)).await;
    lifecycle.ready();
    let (ending, over) = (stop.child_token(), stop.clone());
    let taken_back = tokio::spawn({
        let ending = ending.clone();
        async move {
            // Cancel-safe: whatever comes of the link is its end.
            tokio::select! {
                () = over.cancelled() => {}
                () = taken_back(borrowed.link) => ending.cancel(),
            }
        }
    });
    let served = worker.serve(listener, &peers, ending).await;
    taken_back.abort();
    lifecycle.ended();
    served
}

/// Returns when storage takes back what it has said. Where it has said nothing it is asked again by the next worker, soon.
async fn taken_back(link: Option<OwnedFd>) {
    /// How long a worker stands for a disk of which nobody knows.
    const UNKNOWN: Duration = Duration::from_secs(5);
    let Some(link) = link.and_then(|link| Link::new(link).ok()) else {
        tokio::time::sleep(UNKNOWN).await;
        return;
    };
    let _ = link.receive(&mut [0; 16]).await;
    tracing::info!("the disk is taken back");
}
