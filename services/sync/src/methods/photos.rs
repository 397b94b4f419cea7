//! Pictures and films of the space by time, for the gateway, which merges what the spaces of a person have.

use croft_api::{
    bulk::{Method, Photos, Shot},
    wire::photos::{PhotoMonth, PhotoRow, Timeline},
};
use croft_files::Name;
use croft_model::Problem;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{Ground, Request, pairs};
use crate::{
    error::Failure,
    exchange::{Answer, Body, Exchange},
    judge::path,
    previews,
    space::{Space, blocking, clock, wall_of},
};

/// Rows of one answer.
const MAX_ROWS: usize = 500;

/// Answers what the header asks.
pub(super) async fn photos(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let asked = request.header(Photos::HEADER).and_then(Photos::parse).ok_or_else(malformed)?;
    let space = ground.space.clone();
    match (request.open.method, asked) {
        (Method::Get, Photos::Months { zone }) => blocking(move || json(&months(&space, &zone)?)).await,
        (Method::Get, Photos::Shots { month, until, zone }) => {
            blocking(move || {
                let timeline = space.timeline(&zone)?;
                let bytes: Vec<u8> = timeline.latest(month, until).iter().flat_map(|shot| Shot::encode(*shot)).collect();
                Ok(answer("application/octet-stream", bytes))
            })
            .await
        }
        (Method::Search, Photos::Rows { zone }) => {
            let ids: Vec<u64> = serde_json::from_slice(&exchange.document(request.open.length).await?).map_err(|_| malformed())?;
            if ids.len() > MAX_ROWS {
                return Err(malformed().into());
            }
            let clock = clock(&zone);
            let rows = move || ids.into_iter().filter_map(|id| row(&space, id, &clock).transpose()).collect::<Result<Vec<_>, Failure>>();
            blocking(move || json(&rows()?)).await
        }
        _ => Err(Problem::new(405, "method-not-allowed", "The timeline of a space is only read.").into()),
    }
}

fn months(space: &Space, zone: &str) -> Result<Timeline, Failure> {
    let timeline = space.timeline(zone)?;
    let months = timeline.months().map(|(month, photos)| PhotoMonth { month: month.to_string(), photos: photos as u64 });
    Ok(Timeline { months: months.collect(), unread: timeline.unread, missing: Vec::new() })
}

/// The photo `id` as it is now, by `clock`; `None` when it is nowhere any more. Blocks.
fn row(space: &Space, id: u64, clock: &TimeZone) -> Result<Option<PhotoRow>, Failure> {
    let Some(place) = space.path_of(id)? else { return Ok(None) };
    let (Ok(entry), Some(name)) = (space.entry(&place), place.last().map(Name::as_str)) else { return Ok(None) };
    if entry.dir().is_some() {
        return Ok(None);
    }
    Ok(Some(PhotoRow {
        id,
        path: path::text(&place),
        etag: entry.etag,
        size_bytes: entry.stat.size,
        modified: entry.stat.modified_seconds(),
        taken: space.taken(id, entry.stat)?.map(|taken| civil(wall_of(taken, clock))),
        preview: previews::may_be(name, entry.stat.size),
    }))
}

/// What the clock on the wall showed, as ISO 8601 has it.
fn civil(wall: i64) -> String {
    TimeZone::UTC.to_datetime(Timestamp::from_second(wall).unwrap_or_default()).to_string()
}

fn json(value: &impl Serialize) -> Result<Answer, Failure> {
    let bytes = serde_json::to_vec(value).map_err(|_| Failure::Broken("texts and numbers are JSON"))?;
    Ok(answer("application/json", bytes))
}

fn answer(kind: &str, bytes: Vec<u8>) -> Answer {
    let headers = pairs(&[("content-type", kind), ("cache-control", "no-store")]);
    Answer { status: 200, headers, body: Body::Bytes(bytes.into()), changed: Vec::new() }
}

fn malformed() -> Problem {
    Problem::new(400, "photos-malformed", "This is no question about photos.")
        .hint("Ask for a month as `2026-05`, from where on, and at most 500 photos.")
}
