//! Requests for what was deleted or replaced. A person has one trash: their own space's and those of the shared spaces that they may write to.

use axum::{body::Body as AnyBody, response::Response};
use bytes::Bytes;
use croft_api::bulk::{Area, Method, Open};
use croft_model::{Problem, Right, SpaceId, SpaceNumber};
use http::{HeaderValue, Request, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Limited};

use super::{
    Capabilities, Workers,
    files::{Below, headers, length},
    path, upload,
};
use crate::household::Tree;

/// Bytes of the listing of one space's trash: a worker names 2 000 items at most.
const LISTING_BYTES: usize = 4 * 1024 * 1024;
/// What stands before the first entry of a listing, and behind the last one, as workers write it.
const ENTRY: &str = "<d:response>";
const END: &str = "</d:multistatus>";

/// Answers a request for something in the trash or among versions.
pub(super) async fn answer<B>(
    workers: &Workers,
    capabilities: &impl Capabilities,
    (below, tree, method, segments): (Below<'_>, &Tree, Method, Vec<String>),
    id: &str,
    request: Request<B>,
) -> Result<Response, Problem>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    if method == Method::Move {
        // Where it says is not where it goes: that is known from what is brought back.
        path::destination(&request, below.files)?;
    }
    let (head, body) = request.into_parts();
    let length = length(&head.headers, &body);
    let body = upload::before_open(method, length, body).await?;
    let open = Open {
        method,
        length,
        request: id.to_owned(),
        capability: String::new(),
        area: below.area,
        prefix: below.prefix.to_owned(),
        segments,
        destination: None,
        headers: headers(&head.headers),
        mounts: None,
    };
    let space = match open.segments.first() {
        Some(first) => space_of(below.area, first).filter(|space| tree.has(*space)).ok_or_else(not_found)?,
        None if below.area == Area::Trash && matches!(method, Method::Propfind | Method::Delete) => {
            return all(workers, capabilities, tree, open, body).await;
        }
        None => tree.own,
    };
    let capability = capabilities.capability_for(space).await?;
    workers.ask(space, Open { capability, ..open }, body).await
}

/// The space that an item of the trash or a file belongs to, as its name or id says.
fn space_of(area: Area, first: &str) -> Option<SpaceId> {
    match area {
        Area::Trash => first.split_once('-')?.0.parse().ok(),
        _ => SpaceNumber::of_file(first.parse().ok()?).map(|number| SpaceId::from_number(number.0)),
    }
}

/// The whole trash: that of the own space, and of each shared one. One that does not answer is left out of a listing; a deletion goes on with the
/// others, and says what failed.
async fn all<B>(workers: &Workers, capabilities: &impl Capabilities, tree: &Tree, open: Open, body: B) -> Result<Response, Problem>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    let asked = upload::whole(body).await?;
    let _place = workers.gather().await?;
    let shared = tree.mounts.iter().filter(|mount| mount.right >= Right::Write).map(|mount| mount.space);
    let ask = async |space| {
        let capability = capabilities.capability_for(space).await?;
        let open = Open { capability, length: Some(asked.len() as u64), ..open.clone() };
        workers.ask(space, open, AnyBody::from(asked.clone())).await
    };
    let own = ask(tree.own).await;
    if open.method == Method::Delete {
        let mut whole = own;
        for space in shared {
            let answer = ask(space).await;
            if whole.as_ref().is_ok_and(|whole| whole.status().is_success()) {
                whole = answer;
            }
        }
        return whole;
    }
    let own = own?;
    if own.status() != StatusCode::MULTI_STATUS {
        return Ok(own);
    }
    let (mut head, body) = own.into_parts();
    let mut whole = text(body).await?;
    for space in shared {
        let added = match ask(space).await {
            Ok(answer) if answer.status() == StatusCode::MULTI_STATUS => {
                text(answer.into_body()).await.and_then(|text| add(&mut whole, &text))
            }
            Ok(_) => Err(broken()),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = added {
            tracing::warn!(%space, %problem, "the trash of a shared space is left out");
        }
    }
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    Ok(Response::from_parts(head, whole.into()))
}

/// A listing as text.
async fn text(body: AnyBody) -> Result<String, Problem> {
    let bytes = Limited::new(body, LISTING_BYTES).collect().await.map_err(|_| broken())?.to_bytes();
    String::from_utf8(bytes.into()).map_err(|_| broken())
}

/// Adds the entries of a listing to another one. The first of each is the trash itself.
fn add(whole: &mut String, listing: &str) -> Result<(), Problem> {
    let end = whole.rfind(END).ok_or_else(broken)?;
    let entries = listing.match_indices(ENTRY).nth(1).map_or(listing.len(), |(at, _)| at);
    let rest = &listing[entries..];
    let rest = &rest[..rest.rfind(END).unwrap_or(0)];
    whole.insert_str(end, rest);
    Ok(())
}

fn not_found() -> Problem {
    Problem::new(404, "not-found", "There is no such file or folder.")
}

fn broken() -> Problem {
    super::workers::broken_off()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_an_id_says_whose_it_is() {
        let check = |area, text: &str, expected: Option<u16>| assert_eq!(space_of(area, text).map(SpaceId::number), expected, "{text}");
        check(Area::Trash, "s7-0011223344556677.d5", Some(7));
        check(Area::Versions, "481036337154", Some(7));
        for wrong in ["", "s7", "7-0", "s0-0", "s70000-0", "x-1"] {
            check(Area::Trash, wrong, None);
        }
        for wrong in ["", "7", "-1", "18446744073709551615", "s7"] {
            check(Area::Versions, wrong, None);
        }
    }

    #[test]
    fn listings_become_one_with_the_first_as_its_head() {
        let listing = |names: &[&str]| {
            let entries: String = names.iter().map(|name| format!("<d:response>{name}</d:response>\n")).collect();
            format!("<d:multistatus>\n{entries}</d:multistatus>\n")
        };
        let mut whole = listing(&["trash", "a"]);
        for (more, expected) in [(&["trash"][..], &["trash", "a"][..]), (&["trash", "b", "c"], &["trash", "a", "b", "c"])] {
            add(&mut whole, &listing(more)).unwrap();
            assert_eq!(whole, listing(expected));
        }
    }
}
