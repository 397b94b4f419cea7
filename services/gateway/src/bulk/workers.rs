//! Links to workers, one for each space that is in use.

use std::{
    collections::HashMap,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::response::Response;
use bytes::Bytes;
use croft_api::{
    bulk::{AbortReason, Area, Method, Open, Root},
    inherit::RunDirectory,
};
use croft_model::{Problem, SpaceId};
use http_body::Body;
use tokio::{
    sync::{Semaphore, SemaphorePermit, broadcast},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    download,
    link::{ClientLink, LinkError},
    stream::{Along, FromWorker, Stream},
    upload::{self, Received},
};
use crate::events::FolderChanged;

/// Changed folders that a slow listener may be behind by.
const MAX_BEHIND: usize = 256;
/// Searches and listings of the trash that are gathered at once.
const GATHERED: usize = 4;
/// Time for a link, with the wait for others who make it: a worker starts, opens its space and greets.
const LINK_TIME: Duration = Duration::from_secs(30);
/// Time within which a worker must have judged a request; a sleeping disk takes some ten seconds.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(60);
/// Time for an answer once the body is there: the slowest disk's flush behind a large file.
pub(super) const ANSWER_TIME: Duration = Duration::from_secs(600);

/// The workers as the gateway knows them.
pub struct Workers {
    run: RunDirectory,
    stop: CancellationToken,
    links: Mutex<HashMap<SpaceId, Slot>>,
    /// Places for what is gathered from all spaces of a person: it is in memory as a whole.
    gathering: Semaphore,
    news: Arc<News>,
}

/// The link to one worker, locked while it is being made.
type Slot = Arc<tokio::sync::Mutex<Option<Arc<ClientLink>>>>;

/// What workers say without being asked.
pub(super) struct News {
    changes: broadcast::Sender<FolderChanged>,
    roots: Mutex<HashMap<SpaceId, Root>>,
}

impl Workers {
    /// Connects to workers in `run` when they are needed, until `stop`.
    #[must_use]
    pub fn new(run: RunDirectory, stop: CancellationToken) -> Self {
        let news = News { changes: broadcast::channel(MAX_BEHIND).0, roots: Mutex::default() };
        Self { run, stop, links: Mutex::default(), gathering: Semaphore::new(GATHERED), news: Arc::new(news) }
    }

    /// Folders in which something changed, from now on.
    pub fn changes(&self) -> broadcast::Receiver<FolderChanged> {
        self.news.changes.subscribe()
    }

    /// A place to gather from many spaces.
    pub(super) async fn gather(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.gathering.acquire().await.map_err(|_| Problem::unavailable("The box"))
    }

    /// The last known root of `space`; asked of its worker when nothing is known.
    pub(super) async fn root(&self, space: SpaceId) -> Option<Root> {
        if self.news.root(space).is_none()
            && let Err(problem) = self.link(space).await
        {
            tracing::debug!(%space, %problem, "nothing is known of a shared space");
        }
        self.news.root(space)
    }

    /// Wakes the worker of `space`, or keeps it awake for a while longer, so that what changes there is heard of.
    pub(crate) async fn keep_awake(&self, space: SpaceId) {
        match self.link(space).await {
            Ok(link) => link.keep(),
            Err(problem) => tracing::debug!(%space, %problem, "a space cannot be listened to"),
        }
    }

    /// Sends a request with its body to the worker of `space`, and gives its answer.
    ///
    /// # Errors
    /// The worker is not there, ends before it answers, or the body is not what was agreed.
    pub async fn ask<B>(&self, space: SpaceId, open: Open, body: B) -> Result<Response, Problem>
    where
        B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
    {
        if open.comes_along() {
            let whole = upload::whole(body).await?;
            return match self.open(space, &open, Some(&whole)).await? {
                (stream, First::Answer(head, descriptor)) => download::response(stream, head, descriptor).await,
                (_, First::Body(..)) => Err(broken_off()),
            };
        }
        let (mut stream, first) = self.open(space, &open, None).await?;
        let (head, descriptor) = match first {
            First::Answer(head, descriptor) => (head, descriptor),
            First::Body(wanted, pipe) => {
                let sent = match pipe {
                    Some(end) => upload::through_pipe(&mut stream, body, end, wanted).await?,
                    None => upload::inline(&mut stream, body).await?,
                };
                match sent {
                    Received::Whole => stream.answer(ANSWER_TIME).await?,
                    Received::Answered(head, descriptor) => (head, descriptor),
                }
            }
        };
        download::response(stream, head, descriptor).await
    }

    /// Opens a stream whose worker gets the end of a link to another one with it.
    pub(super) async fn begin(&self, space: SpaceId, open: &Open, handed: OwnedFd) -> Result<Stream, Problem> {
        for _ in 0..2 {
            let link = self.link(space).await?;
            match Stream::open(link.clone(), open, Along::Link(handed.as_fd())).await {
                Ok(stream) => return Ok(stream),
                Err(LinkError::Format(_)) => return Err(too_long()),
                // Nothing went out: another link does as well.
                Err(_) => link.close(),
            }
        }
        Err(broken_off())
    }

    /// Opens a stream and waits until the worker has judged. A link that turns out to be dead is replaced once, as long as nothing can have happened twice.
    async fn open(&self, space: SpaceId, open: &Open, body: Option<&Bytes>) -> Result<(Stream, First), Problem> {
        // With its body a request may have been done when the link dies; to do it twice is harmless unless it has conditions, which hold once.
        let once = body.is_some() && open.headers.iter().any(|(name, _)| name.starts_with("if"));
        let repeatable = open.method.is_safe() || (open.method == Method::Put && !once);
        for last_try in [false, true] {
            let link = self.link(space).await?;
            let mut stream = match Stream::open(link.clone(), open, body.map_or(Along::Nothing, Along::Body)).await {
                Ok(stream) => stream,
                // This request alone is at fault; the link is everybody's.
                Err(LinkError::Format(_)) => return Err(too_long()),
                Err(_) => {
                    link.close();
                    continue;
                }
            };
            // What is copied, put together or removed for good is so before it is answered.
            let copies = open.method == Method::Copy || (matches!(open.method, Method::Move | Method::Delete) && open.area != Area::Files);
            let patience = if copies || body.is_some() { ANSWER_TIME } else { HEAD_TIME };
            match timeout(patience, stream.next()).await {
                Ok(Some(FromWorker::Head(head, descriptor))) if head.status == croft_api::bulk::Head::CONTINUE => {
                    return Ok((stream, First::Body(head.wanted, descriptor)));
                }
                Ok(Some(FromWorker::Head(head, descriptor))) => return Ok((stream, First::Answer(head, descriptor))),
                Ok(Some(FromWorker::Abort(AbortReason::Busy))) => {
                    return Err(busy());
                }
                // It is ending and has not begun: its successor will.
                Ok(Some(FromWorker::Abort(AbortReason::Stopping))) if !last_try => link.close(),
                Ok(None) if repeatable && !last_try => link.close(),
                Ok(_) | Err(_) => return Err(broken_off()),
            }
        }
        Err(broken_off())
    }

    /// The link to the worker of `space`, made when there is none, within [`LINK_TIME`].
    async fn link(&self, space: SpaceId) -> Result<Arc<ClientLink>, Problem> {
        // Cancel-safe: a link that is given up half-made is closed, and the next one who asks begins anew.
        timeout(LINK_TIME, self.linked(space)).await.unwrap_or_else(|_| {
            tracing::warn!(%space, "a worker did not greet in time");
            Err(Problem::unavailable("This space"))
        })
    }

    async fn linked(&self, space: SpaceId) -> Result<Arc<ClientLink>, Problem> {
        let slot = {
            let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(links.entry(space).or_default())
        };
        // Held while connecting, so that many requests at once make one link.
        let mut slot = slot.lock().await;
        if let Some(link) = slot.as_ref().filter(|link| !link.is_closed()) {
            return Ok(Arc::clone(link));
        }
        let path = self.run.socket(&format!("sync/{space}.sock"));
        let link = ClientLink::connect(&path, space, Arc::clone(&self.news), self.stop.clone()).await.map_err(|error| {
            tracing::warn!(%space, %error, "a worker cannot be reached");
            Problem::unavailable("This space")
        })?;
        *slot = Some(Arc::clone(&link));
        Ok(link)
    }
}

/// What a worker says first.
enum First {
    /// It wants the body, through a pipe or in one frame.
    Body(croft_api::bulk::DigestSet, Option<std::os::fd::OwnedFd>),
    /// It answers without.
    Answer(croft_api::bulk::Head, Option<std::os::fd::OwnedFd>),
}

impl News {
    pub(super) fn changed(&self, space: SpaceId, folder: String, root: Root) {
        self.know(space, root);
        // Nobody listens: nobody needs to know.
        let _ = self.changes.send(FolderChanged { space, folder });
    }

    pub(super) fn know(&self, space: SpaceId, root: Root) {
        self.roots.lock().unwrap_or_else(PoisonError::into_inner).insert(space, root);
    }

    fn root(&self, space: SpaceId) -> Option<Root> {
        self.roots.lock().unwrap_or_else(PoisonError::into_inner).get(&space).cloned()
    }
}

/// The worker has as many streams as it takes.
pub(super) fn busy() -> Problem {
    Problem::new(503, "busy", "The space has too much to do right now.").hint("Try again in a moment.").retry_after(5)
}

/// What a packet does not take.
fn too_long() -> Problem {
    Problem::new(431, "request-too-long", "The address or the headers of this request are too long.").hint("Use shorter names.")
}

/// The worker is gone in the middle of a request.
pub(super) fn broken_off() -> Problem {
    Problem::new(503, "broken-off", "The space did not finish this request.")
        .hint("Look whether the change is there, then try again.")
        .retry_after(2)
}
