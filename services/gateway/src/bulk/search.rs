//! SEARCH and REPORT in a person's tree: each of its spaces is asked, and what they find becomes one answer.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use croft_api::bulk::{Area, Around, Found, Method, limits::MAX_MOUNTS};
use croft_model::{Problem, SpaceId};
use futures_util::{StreamExt, stream};
use http::{HeaderValue, Request, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    Capabilities,
    place::in_mount,
    spaces::{Question, Spaces, whole},
    upload,
    workers::broken_off,
};
use crate::household::Mount;

/// Spaces that are asked at once.
const AT_ONCE: usize = 4;
/// Bytes of what one space finds: a thousand entries with all that is known of each.
const FOUND_BYTES: usize = 8 << 20;
/// Names the shared spaces that did not answer, percent-encoded.
const MISSING: &str = "croft-missing";

/// What a space says.
enum Said {
    Found(Around, Vec<Found>),
    /// It refuses the search.
    Refused(Response),
}

/// Whether `method` searches: SEARCH, or REPORT, by which clients list their favourites.
pub(crate) fn is_one(method: &http::Method) -> bool {
    ["SEARCH", "REPORT"].contains(&method.as_str())
}

/// Answers a SEARCH or REPORT in the spaces `of` a person, whose addresses begin with `prefix`.
///
/// # Errors
/// The search is too long, or the person's own space does not answer.
pub(crate) async fn answer<B>(of: &Spaces<'_, impl Capabilities>, prefix: &str, request: Request<B>) -> Result<Response, Problem>
where
    B: http_body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    let read = upload::whole(request.into_body()).await;
    let body = read.map_err(|problem| if problem.status == 413 { too_long() } else { problem })?;
    let _place = of.workers.gather().await?;
    let tree = of.shown().await?;
    let ask = |space, mount: Option<Mount>| {
        let (prefix, body) = (in_mount(prefix, mount.as_ref()), body.clone());
        async move { (ask(of, space, prefix, body).await, mount) }
    };
    let (mut around, mut found) = match ask(tree.own, None).await.0? {
        Said::Found(around, found) => (around, found),
        Said::Refused(response) => return Ok(response),
    };
    let mut asked = Vec::new();
    for mount in tree.mounts.iter().take(MAX_MOUNTS) {
        asked.push(ask(mount.space, Some(mount.clone())));
    }
    let mut answers = stream::iter(asked).buffer_unordered(AT_ONCE);
    let mut missing = Vec::new();
    while let Some((said, mount)) = answers.next().await {
        match said {
            Ok(Said::Found(its, more)) => {
                around = its;
                found.extend(more);
                found.sort();
                found.truncate(around.limit);
            }
            // Whoever is no member any more finds nothing there.
            Ok(Said::Refused(response)) if response.status() == StatusCode::NOT_FOUND => {}
            Ok(Said::Refused(_)) | Err(_) => missing.extend(mount.map(|mount| mount.name)),
        }
    }
    let entries: String = found.into_iter().map(|(_, entry)| entry).collect();
    let mut response = Response::new(Body::from([around.open, entries, around.close].concat()));
    *response.status_mut() = StatusCode::MULTI_STATUS;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let missing: Vec<String> = missing.iter().map(|name| utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()).collect();
    if let Some(names) = HeaderValue::from_str(&missing.join(", ")).ok().filter(|_| !missing.is_empty()) {
        headers.insert(MISSING, names);
    }
    Ok(response)
}

async fn ask(of: &Spaces<'_, impl Capabilities>, space: SpaceId, prefix: String, body: Bytes) -> Result<Said, Problem> {
    let response = of.ask(space, Question { prefix, ..Question::new(Method::Search, Area::Files) }, body).await?;
    if !response.status().is_success() {
        return Ok(Said::Refused(response));
    }
    let bytes = whole(response, FOUND_BYTES).await?;
    let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let around: Around = serde_json::from_slice(lines.next().unwrap_or_default()).map_err(|_| broken_off())?;
    let found = lines.map(serde_json::from_slice).collect::<Result<Vec<Found>, _>>().map_err(|_| broken_off())?;
    Ok(Said::Found(around, found))
}

fn too_long() -> Problem {
    Problem::new(413, "search-too-long", "This search is too long.").hint("Search for less at once.")
}
