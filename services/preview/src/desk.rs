//! Questions of workers: who may ask, how many at once, and how long anybody waits.

use std::{os::fd::OwnedFd, sync::Arc, time::Duration};

use croft_api::{
    inherit::Descriptors,
    lifecycle::Lifecycle,
    preview::{ASK_BYTES, MAX_PICTURE_BYTES, PIECE_BYTES, Question, Refused, encode_answer},
    socket::Peers,
};
use croft_decoders::{DecoderError, Input, Program, Unfit};
use croft_files::{FilesError, Link, LinkListener};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{decoder, error::PreviewError};

/// Bytes of a file, whatever it is: as many as any film has, of which little is read. Of other files the decoder takes less.
const MAX_BYTES: u64 = 1 << 40;
/// Decoders at once: one for each core of a small machine.
const PLACES: usize = 2;
/// Questions at once, with those that wait. Each worker asks two, so only a box with many busy spaces comes here.
const MAX_LINKS: usize = 64;
/// Time that a link has for its question.
const QUESTION: Duration = Duration::from_secs(5);
/// Time that the one who asked has to take the answer.
const ANSWER: Duration = Duration::from_secs(10);
/// The longest that one file is looked at.
const DEADLINE: Duration = Duration::from_secs(20);
/// Nobody asked for so long: the role ends, and the next question starts it again.
const IDLE: Duration = Duration::from_secs(60);
/// How often it is looked whether anybody asks.
const LOOK: Duration = Duration::from_secs(5);
/// Time that open questions get at an orderly end.
const DRAIN: Duration = Duration::from_secs(5);

/// Where workers ask.
#[derive(Clone)]
pub struct Desk {
    places: Arc<Semaphore>,
    program: Arc<dyn Fn(Question) -> Program + Send + Sync>,
}

/// Why an exchange with a worker ended without an answer.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Link(#[from] FilesError),
    #[error("a worker broke the format")]
    Format(#[from] croft_api::preview::BadWords),
    #[error("a worker broke the format: {0}")]
    Order(&'static str),
    #[error("a worker did not speak or listen in time")]
    Silent(#[from] tokio::time::error::Elapsed),
}

/// Runs as the role `preview` until it is told to stop or nobody asked for a minute.
///
/// # Errors
/// It was started wrongly.
pub async fn run(mut descriptors: Descriptors) -> Result<(), PreviewError> {
    let lifecycle = Lifecycle::start(&mut descriptors)?;
    let peers = Peers::from_env()?;
    let listener = descriptors.take("calls")?;
    lifecycle.ready();
    let served = Desk::default().serve(listener, &peers, lifecycle.stopping()).await;
    lifecycle.ended();
    served
}

impl Default for Desk {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(PLACES)), program: Arc::new(decoder::program) }
    }
}

impl Desk {
    /// A desk whose decoders are another program.
    #[cfg(test)]
    fn with_program(program: impl Fn(Question) -> Program + Send + Sync + 'static) -> Self {
        Self { program: Arc::new(program), ..Self::default() }
    }

    /// Answers the workers among `peers` until `stop`, or until nobody asked for a minute.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub async fn serve(self, listener: OwnedFd, peers: &Peers, stop: CancellationToken) -> Result<(), PreviewError> {
        let mut listener = LinkListener::new(listener).map_err(PreviewError::Listen)?;
        let slots = Arc::new(Semaphore::new(MAX_LINKS));
        let links = TaskTracker::new();
        loop {
            // Cancel-safe: a link that is not yet accepted stays with the socket, also beyond this process.
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                () = idle(&links) => break,
                accepted = listener.accept() => accepted,
            };
            let link = match accepted {
                Ok(link) => link,
                Err(error) => {
                    tracing::warn!(%error, "a link could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            if !link.peer().is_ok_and(|peer| peers.is(peer.uid, "sync")) {
                tracing::warn!("a process that is no worker was turned away");
                continue;
            }
            // Closed without a word, it is as busy.
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
            let desk = self.clone();
            drop(links.spawn(async move {
                if let Err(error) = desk.attend(&link).await {
                    tracing::debug!(%error, "a question was not answered");
                }
                drop(slot);
            }));
        }
        links.close();
        // Decoders that are still at work end with their tasks.
        let _ = timeout(DRAIN, links.wait()).await;
        Ok(())
    }

    /// One link, one question, one answer.
    async fn attend(&self, link: &Link) -> Result<(), Ended> {
        let mut buffer = [0; ASK_BYTES + 1];
        let received = timeout(QUESTION, link.receive(&mut buffer)).await??.ok_or(Ended::Order("it left without a question"))?;
        let question = Question::decode(buffer.get(..received.length).unwrap_or_default())?;
        let file = received.descriptor.ok_or(Ended::Order("a question without a file"))?;
        // Cancel-safe: whoever leaves, or says more than one thing, takes the decoder along.
        let answer = tokio::select! {
            answer = self.answer(file, question) => answer,
            _ = link.receive(&mut buffer) => return Err(Ended::Order("it left before the answer")),
        };
        timeout(ANSWER, send(link, answer)).await??;
        Ok(())
    }

    async fn answer(&self, file: OwnedFd, question: Question) -> Result<Vec<u8>, Refused> {
        let until = Instant::now() + question.patience();
        let input = Input::new(file, MAX_BYTES).map_err(|unfit| match unfit {
            Unfit::TooLarge => Refused::TooLarge,
            // No worker hands over such a descriptor, whatever the file is.
            Unfit::Kind | Unfit::Mode => {
                tracing::error!(error = %unfit, "a worker handed over what cannot be looked at");
                Refused::Busy
            }
        })?;
        let _place = timeout_at(until, self.places.acquire()).await.map_err(|_| Refused::Busy)?.map_err(|_| Refused::Busy)?;
        let left = until.saturating_duration_since(Instant::now()).min(DEADLINE);
        match croft_decoders::run(&(self.program)(question), input, MAX_PICTURE_BYTES as u64, left).await {
            Ok((ended, written)) => decoder::meaning(ended, written),
            // The box was slow, or had little time left: neither says anything about the file.
            Err(error @ DecoderError::TooSlow(_)) => {
                tracing::warn!(%error, "a decoder was ended");
                Err(Refused::Busy)
            }
            Err(error) => {
                tracing::error!(error = croft_telemetry::error_chain(&error), "a decoder gave no answer");
                Err(Refused::Busy)
            }
        }
    }
}

async fn send(link: &Link, answer: Result<Vec<u8>, Refused>) -> Result<(), FilesError> {
    let length = answer.as_ref().map(|picture| u32::try_from(picture.len()).unwrap_or(u32::MAX)).map_err(|refused| *refused);
    link.send(&encode_answer(length), None).await?;
    for piece in answer.unwrap_or_default().chunks(PIECE_BYTES) {
        link.send(piece, None).await?;
    }
    Ok(())
}

/// Returns when there was no link for [`IDLE`]. Begun anew whenever a link was accepted.
async fn idle(links: &TaskTracker) {
    let mut since = Instant::now();
    while since.elapsed() < IDLE {
        tokio::time::sleep(LOOK).await;
        if !links.is_empty() {
            since = Instant::now();
        }
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
