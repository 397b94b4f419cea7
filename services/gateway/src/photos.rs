//! Domain `photos` of the API: the timeline of the one who asks. The gateway answers it, since photos lie in several spaces and no role knows all of those.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use croft_api::{
    bulk::{Month, ZONE_BYTES},
    wire::photos::{PhotoMonth, PhotoPage, PhotoRow, Timeline},
};
use croft_model::Problem;
use http::{HeaderValue, Method, Uri, header};
use utoipa::OpenApi;

use crate::bulk::{Capabilities, photos::Photos, preview::pairs};

/// Where they are.
const ROOT: &str = "/api/v1/photos";
/// Photos of one page, at most and where no number is named.
const MAX_LIMIT: usize = 500;
const LIMIT: usize = 100;
/// Photos of a month that can be counted through.
const MAX_OFFSET: usize = 200_000;

/// The description of the domain.
#[derive(OpenApi)]
#[openapi(paths(timeline, page), components(schemas(Timeline, PhotoMonth, PhotoPage, PhotoRow)))]
struct Description;

pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Whether `path` is an address of photos.
pub(crate) fn is_about(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a call about the photos `of` a person.
pub(crate) async fn answer<C: Capabilities>(of: &Photos<'_, C>, method: &Method, uri: &Uri) -> Result<Response, Problem> {
    let month = uri.path().strip_prefix(ROOT).unwrap_or_default().trim_start_matches('/');
    let mut answer = match (method, month) {
        (&Method::GET, "") => timeline(of, uri).await?,
        (&Method::GET, month) => page(of, month, uri).await?,
        _ => return Err(Problem::new(405, "method-not-allowed", "This address does not take this method.")),
    };
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// How many pictures and films each month has, the latest month first.
#[utoipa::path(get, path = "/api/v1/photos", operation_id = "photos_timeline", tag = "photos",
    params(("zone" = Option<String>, Query, description = "The IANA name of the time zone by whose clock months begin; UTC without one.")),
    responses((status = 200, body = Timeline), (status = 401, body = Problem)))]
async fn timeline<C: Capabilities>(of: &Photos<'_, C>, uri: &Uri) -> Result<Response, Problem> {
    Ok(Json(of.timeline(zone(uri)?).await?).into_response())
}

/// A part of a month, the latest photos first.
#[utoipa::path(get, path = "/api/v1/photos/{month}", operation_id = "photos_page", tag = "photos",
    params(("month" = String, Path, description = "Year and month: `2026-05`."),
        ("offset" = Option<u32>, Query, description = "Photos of the month that are passed over."),
        ("limit" = Option<u32>, Query, description = "Photos at most; 500 are the most."),
        ("zone" = Option<String>, Query, description = "The same as of the timeline.")),
    responses((status = 200, body = PhotoPage), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn page<C: Capabilities>(of: &Photos<'_, C>, month: &str, uri: &Uri) -> Result<Response, Problem> {
    let month = Month::parse(month).ok_or_else(malformed)?;
    let part = (number(uri, "offset", 0..=MAX_OFFSET)?.unwrap_or(0), number(uri, "limit", 1..=MAX_LIMIT)?.unwrap_or(LIMIT));
    Ok(Json(of.page(month, part, zone(uri)?).await?).into_response())
}

fn number(uri: &Uri, name: &str, within: std::ops::RangeInclusive<usize>) -> Result<Option<usize>, Problem> {
    let Some(text) = pairs(uri).remove(name) else { return Ok(None) };
    text.parse().ok().filter(|number| within.contains(number)).map(Some).ok_or_else(|| malformed().key(name))
}

/// The time zone that is named; whether there is one of that name the worker knows.
fn zone(uri: &Uri) -> Result<String, Problem> {
    let zone = pairs(uri).remove("zone").unwrap_or_else(|| "UTC".to_owned());
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+/".contains(&byte);
    if (1..=ZONE_BYTES).contains(&zone.len()) && zone.bytes().all(good) { Ok(zone) } else { Err(malformed().key("zone")) }
}

fn malformed() -> Problem {
    Problem::new(400, "photos-malformed", "This is no question about photos.")
        .hint("Ask for a month as `2026-05`, from where on, and at most 500 photos.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_which_part_and_by_which_clock() {
        let check = |query: &str, expected: Option<(Option<usize>, &str)>| {
            let uri: Uri = format!("{ROOT}/2026-05?{query}").parse().unwrap();
            let read = number(&uri, "limit", 1..=MAX_LIMIT).and_then(|limit| Ok((limit, zone(&uri)?)));
            assert_eq!(read.ok(), expected.map(|(limit, zone)| (limit, zone.to_owned())), "{query}");
        };
        check("", Some((None, "UTC")));
        check("limit=500&zone=Europe%2FBerlin", Some((Some(500), "Europe/Berlin")));
        check("zone=Etc/GMT%2B5", Some((None, "Etc/GMT+5")));
        for wrong in ["limit=501", "limit=0", "limit=-1", "limit=x", "zone=", "zone=a%20b", "zone=a%0ab"] {
            check(wrong, None);
        }
        assert!(zone(&format!("/?zone={}", "a".repeat(ZONE_BYTES + 1)).parse().unwrap()).is_err());
        assert!(is_about(ROOT) && is_about("/api/v1/photos/2026-05") && !is_about("/api/v1/photosx"));
    }
}
