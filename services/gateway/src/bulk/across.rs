//! COPY and MOVE from one space to another. The gateway makes the two workers a link to each other and tells each what it has to know; what is sent never
//! passes here. An original goes only when the other worker has said that all of it is there.

use std::convert::Infallible;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use croft_api::bulk::{AbortReason, Area, Commit, Head, Header, Method, Open};
use croft_files::Link;
use croft_model::{Problem, SpaceId};
use futures_util::stream::unfold;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet, time::timeout};

use super::{
    Capabilities, Workers, download,
    stream::{FromWorker, Stream},
    workers::{ANSWER_TIME, HEAD_TIME, broken_off, busy},
};

/// The type in which whoever asks for it hears how far it is: JSON, one line after the other.
const LINES: &str = "application/jsonl";
/// The gateway's own header: what stands before paths in the other space.
const BESIDE: &str = "croft-beside";
/// What of the client's conditions is about the destination, or may be.
const ABOUT_DESTINATION: [&str; 3] = ["if", "overwrite", "user-agent"];
/// Bytes of a problem; the largest has some hundreds.
const PROBLEM_BYTES: usize = 16 * 1024;

/// How far it is, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Progress {
    arrived: u64,
    whole: u64,
}

/// Both workers have judged, and the one is sending to the other.
struct Crossing {
    source: Stream,
    target: Stream,
}

/// What the workers say first.
enum Begun {
    Refused(Response),
    Goes(Crossing),
}

/// Copies or moves what `open` is about to a place in another space: its number, what stands before paths in it, the path.
pub(super) async fn answer(
    workers: &Workers,
    capabilities: &impl Capabilities,
    (from, open): (SpaceId, Open),
    (to, prefix, segments): (SpaceId, String, Vec<String>),
    sent: &HeaderMap,
) -> Result<Response, Problem> {
    let about = open.headers.iter().filter(|(name, _)| ABOUT_DESTINATION.contains(&name.as_str())).cloned();
    let headers = about.chain([(BESIDE.into(), open.prefix.clone())]).collect();
    let receives = Open {
        method: Method::Put,
        length: Some(0),
        capability: String::new(),
        area: Area::Across,
        prefix: prefix.clone(),
        segments,
        headers,
        mounts: None,
        ..open.clone()
    };
    let copies = open.method == Method::Copy;
    let mut sends = Open { area: Area::Across, ..open };
    sends.headers.push((BESIDE.into(), prefix));
    let crossing = match begin(workers, capabilities, (from, &sends), (to, receives)).await? {
        Begun::Refused(response) => return Ok(response),
        Begun::Goes(crossing) => crossing,
    };
    let (tell, progress) = watch::channel(Progress::default());
    let done = crossing.finish(tell, copies);
    if sent.get(header::ACCEPT).is_some_and(|kind| kind == LINES) { Ok(told(done, progress)) } else { done.await }
}

/// Lets both workers judge.
async fn begin(
    workers: &Workers,
    capabilities: &impl Capabilities,
    (from, sends): (SpaceId, &Open),
    (to, receives): (SpaceId, Open),
) -> Result<Begun, Problem> {
    let (one, other) = Link::pair().map_err(|error| croft_api::problem::internal(&error))?;
    let mut source = workers.begin(from, sends, one.into()).await?;
    let first = timeout(HEAD_TIME, source.next()).await.ok().flatten();
    match head(first)? {
        (judged, _) if judged.status == Head::CONTINUE => {}
        (refused, end) => return Ok(Begun::Refused(download::response(source, refused, end).await?)),
    }
    // Asked for now: the one that has judged may have waited for its disk.
    let receives = Open { capability: capabilities.capability_for(to).await?, ..receives };
    let mut target = workers.begin(to, &receives, other.into()).await?;
    let first = timeout(HEAD_TIME, target.next()).await.ok().flatten();
    match head(first)? {
        (judged, _) if judged.status == Head::PROCESSING => Ok(Begun::Goes(Crossing { source, target })),
        (refused, end) => Ok(Begun::Refused(download::response(target, refused, end).await?)),
    }
}

fn head(said: Option<FromWorker>) -> Result<(Head, Option<std::os::fd::OwnedFd>), Problem> {
    match said {
        Some(FromWorker::Head(head, end)) => Ok((head, end)),
        Some(FromWorker::Abort(AbortReason::Busy)) => Err(busy()),
        _ => Err(broken_off()),
    }
}

impl Crossing {
    /// Waits for the end. Dropped before, it ends both workers' part, and the original stays.
    async fn finish(mut self, tell: watch::Sender<Progress>, copies: bool) -> Result<Response, Problem> {
        let (answer, end) = loop {
            // Cancel-safe: what a worker says is taken whole or not at all. The one that sends says nothing before it is asked, unless it fails, and
            // then the other one only knows that something failed.
            let said = tokio::select! {
                biased;
                failed = self.source.next() => {
                    let (refused, end) = head(failed)?;
                    return download::response(self.source, refused, end).await;
                }
                said = timeout(HEAD_TIME, self.target.next()) => said.ok().flatten(),
            };
            match head(said)? {
                (sign, _) if sign.status == Head::PROCESSING => drop(tell.send_replace(Progress::of(&sign.headers))),
                answer => break answer,
            }
        };
        let arrived = (200..300).contains(&answer.status);
        let response = download::response(self.target, answer, end).await?;
        if arrived {
            self.source.commit(Bytes::new(), Commit::default()).await?;
            let (removed, end) = self.source.answer(ANSWER_TIME).await?;
            let removed = download::response(self.source, removed, end).await?;
            if !removed.status().is_success() {
                let reason = problem(removed).await;
                return Err(if copies { copied_in_part(&reason) } else { copied_not_removed(&reason) });
            }
        }
        Ok(response)
    }
}

impl Progress {
    fn of(headers: &[Header]) -> Self {
        let count = |name| headers.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
        Self { arrived: count("croft-arrived"), whole: count("croft-whole") }
    }
}

/// What is left to be told.
struct Telling {
    /// The one task that does it. Dropped, it ends.
    doing: JoinSet<Result<Response, Problem>>,
    progress: watch::Receiver<Progress>,
}

/// An answer that tells how far it is while it goes on, however slowly it is read. Whoever hangs up ends it.
fn told(done: impl Future<Output = Result<Response, Problem>> + Send + 'static, progress: watch::Receiver<Progress>) -> Response {
    let mut doing = JoinSet::new();
    doing.spawn(done);
    let lines = unfold(Some(Telling { doing, progress }), async |telling| {
        let mut telling = telling?;
        // Cancel-safe: what is done is kept until it is told; a number that is missed is followed by a later one.
        let (line, rest) = tokio::select! {
            biased;
            ended = telling.doing.join_next() => {
                let ended = ended.and_then(Result::ok).unwrap_or_else(|| Err(broken_off()));
                (line(&last(ended).await), None)
            }
            Ok(()) = telling.progress.changed() => {
                let now = *telling.progress.borrow_and_update();
                (line(&json!({"arrived": now.arrived, "whole": now.whole})), Some(telling))
            }
        };
        Some((Ok::<_, Infallible>(line), rest))
    });
    let mut response = Response::new(Body::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(LINES));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn line(what: &Value) -> Bytes {
    format!("{what}\n").into()
}

/// The last line: the status that it would have been answered with, or the problem.
async fn last(ended: Result<Response, Problem>) -> Value {
    let problem = match ended {
        Ok(response) if response.status().is_success() => return json!({"status": response.status().as_u16()}),
        Ok(response) => problem(response).await,
        Err(problem) => problem,
    };
    json!({"problem": problem})
}

/// What a worker's refusal says.
async fn problem(refused: Response) -> Problem {
    let body = Limited::new(refused.into_body(), PROBLEM_BYTES).collect().await.map(http_body_util::Collected::to_bytes);
    serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_else(|_| broken_off())
}

/// All that can be copied is at the destination, and something cannot.
fn copied_in_part(reason: &Problem) -> Problem {
    Problem::new(409, "copied-in-part", format!("It was copied, but for what cannot be. {}", reason.detail))
        .hint("What was copied is whole. Look at the rest on the computer that it comes from.")
}

/// All of it is at the destination, and the original could not be taken away.
fn copied_not_removed(reason: &Problem) -> Problem {
    Problem::new(409, "copied-not-removed", format!("It was copied, and the original stays. {}", reason.detail))
        .hint("Look at both. Delete the original if you do not need it any more.")
}
