//! One link with a gateway: greeting, streams, news.

use std::{
    collections::HashMap,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use croft_api::bulk::{
    AbortReason, Frame, Hello, Open, Stranger, decode, encode,
    limits::{MAX_PACKET, MAX_STREAMS, VERSION},
};
use croft_files::Link;
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::timeout,
};
use tracing::Instrument;

use crate::{
    error::Failure,
    exchange::{Answer, Exchange, Inbound, MAX_INBOUND},
    methods::{self, Ground, stranger},
    news::changed,
    worker::Worker,
};

/// Time that the other side has for its HELLO.
const GREETING: Duration = Duration::from_secs(10);

/// A link is over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error(transparent)]
    Files(#[from] croft_files::FilesError),
    #[error("the gateway broke the format")]
    Format(#[from] croft_api::bulk::BadPacket),
    #[error("the gateway broke the format: {0}")]
    Order(&'static str),
}

type Streams = Arc<Mutex<HashMap<u32, mpsc::Sender<Inbound>>>>;

/// A link being served.
struct Session {
    worker: Arc<Worker>,
    ground: Ground,
    link: Arc<Link>,
    streams: Streams,
    last: u32,
}

/// Serves `link` until it ends. Streams that are open then see that the client is gone.
pub(crate) async fn serve(worker: Arc<Worker>, link: Link, number: u64) -> Result<(), Ended> {
    let mut news = worker.ground.news.listen();
    let ground = Ground { news: worker.ground.news.of_link(number), ..worker.ground.clone() };
    let mut session = Session { worker, ground, link: Arc::new(link), streams: Streams::default(), last: 0 };
    let mut buffer = vec![0; MAX_PACKET];
    session.greet(&mut buffer).await?;
    loop {
        // Cancel-safe: a message is taken from the socket by one call or not at all, a piece of news likewise.
        tokio::select! {
            received = session.link.receive(&mut buffer) => {
                let Some(mut received) = received? else { return Ok(()) };
                let mut frames = decode(Bytes::copy_from_slice(&buffer[..received.length]))?.into_iter().peekable();
                while let Some((stream, frame)) = frames.next() {
                    let pipe = frames.next_if(|(same, next)| *same == stream && *next == Frame::Pipe).is_some();
                    let handed = received.descriptor.take_if(|_| pipe);
                    session.take(stream, frame, handed).await?;
                }
            }
            item = news.recv() => match item {
                Ok(item) if item.link == number => {}
                Ok(item) => session.link.send(&item.packet, None).await?,
                Err(RecvError::Lagged(_)) => {
                    let frame = changed(&session.ground.space, String::new());
                    session.link.send(&encode(&[(0, frame)])?, None).await?;
                }
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Streams know by the end of their channel that the gateway is gone, and each holds the map to take itself out.
        lock(&self.streams).clear();
    }
}

impl Session {
    async fn greet(&self, buffer: &mut [u8]) -> Result<(), Ended> {
        let hello = Hello { version: VERSION, root: Some(self.ground.space.root()) };
        self.link.send(&encode(&[(0, Frame::Hello(hello))])?, None).await?;
        let received = timeout(GREETING, self.link.receive(buffer)).await.map_err(|_| Ended::Order("no HELLO came"))??;
        let Some(received) = received else { return Err(Ended::Order("no HELLO came")) };
        match decode(Bytes::copy_from_slice(&buffer[..received.length]))?.as_slice() {
            [(0, Frame::Hello(Hello { version: VERSION, .. }))] => Ok(()),
            [(0, Frame::Hello(_))] => Err(Ended::Order("HELLO names another version")),
            _ => Err(Ended::Order("the first packet is no HELLO")),
        }
    }

    async fn take(&mut self, stream: u32, frame: Frame, handed: Option<OwnedFd>) -> Result<(), Ended> {
        let inbound = match frame {
            Frame::Open(open) => return self.open(stream, *open, handed).await,
            Frame::Data(bytes) => Inbound::Data(bytes),
            Frame::Commit(commit) => Inbound::Commit(commit),
            Frame::Abort(_) => Inbound::Abort,
            _ => return Err(Ended::Order("a frame that only workers send")),
        };
        let sender = lock(&self.streams).get(&stream).cloned();
        match sender.map(|sender| sender.try_send(inbound)) {
            Some(Err(mpsc::error::TrySendError::Full(_))) => Err(Ended::Order("too many frames on a stream")),
            // The stream has ended here and the gateway did not know yet.
            _ => Ok(()),
        }
    }

    async fn open(&mut self, stream: u32, open: Open, handed: Option<OwnedFd>) -> Result<(), Ended> {
        if stream <= self.last {
            return Err(Ended::Order("a stream's number was used before"));
        }
        self.last = stream;
        let refused = if self.worker.stopping.is_cancelled() {
            Some(AbortReason::Stopping)
        } else if lock(&self.streams).len() >= MAX_STREAMS {
            Some(AbortReason::Busy)
        } else {
            None
        };
        if let Some(reason) = refused {
            self.link.send(&encode(&[(stream, Frame::Abort(reason))])?, None).await?;
            return Ok(());
        }
        let (sender, receiver) = mpsc::channel(MAX_INBOUND);
        lock(&self.streams).insert(stream, sender);
        let exchange = Exchange::new((stream, &open), self.link.clone(), receiver, handed);
        let span = tracing::info_span!("bulk", request = %open.request, method = open.method.name());
        let (worker, ground, streams) = (self.worker.clone(), self.ground.clone(), self.streams.clone());
        let work = async move {
            run(&worker, &ground, open, exchange).await;
            lock(&streams).remove(&stream);
        };
        drop(self.worker.streams.spawn(work.instrument(span)));
        Ok(())
    }
}

/// One request from its judgement to its answer.
async fn run(worker: &Worker, ground: &Ground, open: Open, mut exchange: Exchange) {
    let now = jiff::Timestamp::now().as_second();
    let head_only = open.method == croft_api::bulk::Method::Head;
    let by_link = Stranger::is_one(&open.capability);
    let admitted = match by_link {
        true => stranger::admit(ground, &open, now).await,
        false => worker.gatekeeper.admit(&open.capability, now).map_err(Into::into),
    };
    let mut guest = None;
    let handled = match admitted {
        Ok(access) => {
            guest.clone_from(&access.guest);
            methods::handle(ground, access, open, &mut exchange).await
        }
        Err(problem) => Err(problem),
    };
    let answer = match handled {
        Ok(answer) => answer,
        // A refusal has nothing that a link which ended meanwhile would hold back.
        Err(failure) => return refuse(ground, exchange, failure, (head_only, by_link)).await,
    };
    let Some(guest) = guest else { return exchange.answer(&ground.space.pipes, answer).await };
    let broken_off = exchange.broken_off();
    // Cancel-safe: what is left of an answer by a link that was revoked is nobody's.
    tokio::select! {
        biased;
        () = guest.cut.cancelled() => broken_off.await,
        () = exchange.answer(&ground.space.pipes, answer) => {}
    }
}

/// Says why a request was refused; with its code in a header where HEAD asked by a link.
async fn refuse(ground: &Ground, exchange: Exchange, failure: Failure, (head_only, by_link): (bool, bool)) {
    let Some(problem) = failure.problem() else { return };
    let code = (croft_api::headers::PROBLEM.to_owned(), problem.code.clone());
    let mut answer = Answer::from(problem);
    if head_only {
        answer = answer.without_body();
        // The gateway counts by it who tries what opens nothing, and tells it nobody.
        answer.headers.extend(by_link.then_some(code));
    }
    exchange.answer(&ground.space.pipes, answer).await;
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
