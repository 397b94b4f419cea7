//! One connection: signing in, hearing of changes, and its end.

use std::{future::pending, net::IpAddr, pin::pin, time::Duration};

use croft_api::wire::trust::{IssuedCapability, Revocation};
use croft_model::{PersonId, Projection, SpaceId, SpaceNumber};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Bytes, Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{
    Shared,
    pace::{Pace, Wants},
    present::Present,
};
use crate::{
    crowd::Place,
    events::FolderChanged,
    household::{self, Tree},
    limits,
    sign_in::{Shown, revoked},
};

/// Frames that a client may send before it has signed in.
const MAX_FIRST: usize = 8;
/// Frames that a client may send between two of our pings: its answer, a wish, and pings of its own.
const MAX_FRAMES: usize = 64;
/// Time for a client's own goodbye.
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// A connection before and while it is served.
pub(super) struct Session<'a, S> {
    shared: &'a Shared,
    client: IpAddr,
    socket: WebSocketStream<S>,
}

/// Somebody who has signed in.
struct Reader {
    person: PersonId,
    issued: IssuedCapability,
    /// Heard from before the sign-in was judged, so that none falls between.
    revocations: broadcast::Receiver<Revocation>,
    present: Present,
    _place: Place,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client closed it, or is not there any more.
    Gone,
    /// What was shown is wrong.
    Refused,
    /// What was shown is void from now on.
    Void,
    /// The client sends what it should not.
    Broken,
    /// There are enough connections, or the box cannot tell right now.
    Later,
    /// The box stops.
    Stopping,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Session<'a, S> {
    pub(super) fn new(shared: &'a Shared, client: IpAddr, socket: WebSocketStream<S>) -> Self {
        Self { shared, client, socket }
    }

    /// Serves the connection until its end. `place` is a stranger's.
    pub(super) async fn run(mut self, place: Place) {
        let stop = self.shared.stop.clone();
        // Cancel-safe: what is half signed in at the stop is nobody.
        let signed_in = tokio::select! {
            () = stop.cancelled() => Err(End::Stopping),
            signed_in = timeout(limits::PUSH_SIGN_IN, self.sign_in()) => signed_in.unwrap_or(Err(End::Refused)),
        };
        drop(place);
        let end = match signed_in {
            Ok(reader) => self.tell(reader).await,
            Err(end) => end,
        };
        tracing::debug!(?end, "a push connection ends");
        self.close(end).await;
    }

    /// Takes name and app password, or nothing and a token, in two messages.
    async fn sign_in(&mut self) -> Result<Reader, End> {
        let (name, secret) = (self.first_text().await?, self.first_text().await?);
        let shown =
            if name.is_empty() { self.shared.tokens.take(&secret, std::time::Instant::now()) } else { Shown::of_name(&name, &secret) };
        let shown = shown.ok_or(End::Refused)?;
        let revocations = self.shared.judge.sign_in.revocations();
        let (person, issued) = match self.shared.judge.reader(&shown, self.client).await {
            Ok(reader) => reader,
            Err(problem) if problem.status == 401 || problem.status == 403 => return Err(End::Refused),
            Err(_) => return Err(End::Later),
        };
        let place = self.shared.crowd.enter(self.client).ok_or(End::Later)?;
        let present = self.shared.present.enter(person).ok_or(End::Later)?;
        Ok(Reader { person, issued, revocations, present, _place: place })
    }

    async fn first_text(&mut self) -> Result<String, End> {
        for _ in 0..MAX_FIRST {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_) | Message::Frame(_))) => return Err(End::Broken),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
            }
        }
        Err(End::Broken)
    }

    /// Says what changes, until the end.
    async fn tell(&mut self, reader: Reader) -> End {
        let Reader { person, issued, revocations, present, _place } = reader;
        // From before the client hears that it is signed in: of whatever comes after that, it hears.
        let mut folders = self.shared.workers.changes();
        let mut projection = self.shared.projection.clone();
        let mut tree = tree(&mut projection, person);
        if self.say("authenticated".into()).await.is_err() {
            return End::Gone;
        }
        let mut void = pin!(revoked(revocations, issued));
        let mut pings = interval(limits::PUSH_PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        let (mut pace, mut wants) = (Pace::default(), Wants::default());
        let (mut heard, mut frames) = (Instant::now(), 0_usize);
        while tree.is_some() {
            let due = pace.due();
            // Cancel-safe: the socket keeps what it has read of a message, channels and clocks lose nothing.
            tokio::select! {
                () = self.shared.stop.cancelled() => return End::Stopping,
                () = &mut void => return End::Void,
                message = self.socket.next() => {
                    (heard, frames) = (Instant::now(), frames + 1);
                    match message {
                        Some(Ok(Message::Text(text))) if text.as_str() == "listen notify_file_id" => wants = Wants::Ids,
                        // Wishes of a later kind are no fault.
                        Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                    }
                    if frames > MAX_FRAMES {
                        return End::Broken;
                    }
                }
                changed = folders.recv() => match changed {
                    Ok(changed) if reads(&projection, person, changed.space) => pace.changed(id(&changed), Instant::now()),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => pace.changed(None, Instant::now()),
                    Err(RecvError::Closed) => return End::Stopping,
                },
                settings = projection.changed() => {
                    if settings.is_err() {
                        return End::Stopping;
                    }
                    let now = self::tree(&mut projection, person);
                    if now != tree {
                        present.tree_changed();
                        pace.changed(now.as_ref().and_then(|tree| root(tree.own)), Instant::now());
                        tree = now;
                    }
                }
                () = at(due) => {
                    if let Some(text) = pace.take(Instant::now(), wants) && self.say(text).await.is_err() {
                        return End::Gone;
                    }
                }
                _ = pings.tick() => {
                    if heard.elapsed() > limits::PUSH_QUIET || self.socket.send(Message::Ping(Bytes::new())).await.is_err() {
                        return End::Gone;
                    }
                    frames = 0;
                }
            }
        }
        End::Void
    }

    async fn say(&mut self, text: String) -> Result<(), End> {
        self.socket.send(Message::text(text)).await.map_err(|_| End::Gone)
    }

    async fn close(mut self, end: End) {
        let (code, reason) = match end {
            End::Gone => return,
            End::Refused => (CloseCode::Policy, "the sign-in was refused"),
            End::Void => (CloseCode::Policy, "the sign-in is void"),
            End::Broken => (CloseCode::Policy, "these messages are not expected"),
            End::Later => (CloseCode::Again, "try again later"),
            End::Stopping => (CloseCode::Away, "the box stops"),
        };
        let goodbye = async {
            if end == End::Refused {
                self.say("err: Invalid credentials".into()).await?;
            }
            let frame = CloseFrame { code, reason: reason.into() };
            self.socket.close(Some(frame)).await.map_err(|_| End::Gone)?;
            // Closed before the client has read it, the connection could take the last message with it.
            for _ in 0..MAX_FRAMES {
                if !matches!(self.socket.next().await, Some(Ok(_))) {
                    break;
                }
            }
            Ok::<_, End>(())
        };
        // A client that does not answer is left alone.
        let _ = timeout(CLOSE_TIME, goodbye).await;
    }
}

/// The tree of `person`, of whom nothing is left where there is none.
fn tree(projection: &mut watch::Receiver<Option<Projection>>, person: PersonId) -> Option<Tree> {
    projection.borrow_and_update().as_ref().and_then(|projection| household::tree_of(projection, person))
}

fn reads(projection: &watch::Receiver<Option<Projection>>, person: PersonId, space: SpaceId) -> bool {
    projection.borrow().as_ref().is_some_and(|projection| household::may_read(projection, person, space))
}

/// The id of what changed, where it is known: every space's root is its first entry.
fn id(changed: &FolderChanged) -> Option<u64> {
    changed.folder.is_empty().then(|| root(changed.space)).flatten()
}

fn root(space: SpaceId) -> Option<u64> {
    SpaceNumber::from(space).file_id(1)
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
