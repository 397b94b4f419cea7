//! Earlier times of the space, which are read as any tree of files: `<time>/<path>`. COPY brings a file or folder back as it was; POST makes a place what it
//! was ([`back`]), or tells in which states a file was ([`states`]). Whoever may not write has nothing of it, as of all that was deleted; nobody changes what
//! was.

mod back;
mod compare;
mod content;
mod listing;
mod states;

use croft_api::bulk::Method;
use croft_files::Name;
use croft_model::Problem;
use serde::Deserialize;

use super::{CLASSES, Ground, Request, copy, get, pairs, preview, trash::present};
use crate::{
    error::{Failure, not_found},
    exchange::{Answer, Exchange},
    judge::back::Newer,
    previews::{WANTED, Wanted},
    space::{Entry, Space, Time, blocking},
};

/// What OPTIONS names.
const METHODS: &str = "OPTIONS, GET, HEAD, PROPFIND, COPY, POST";

/// What POST asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Wish {
    /// To be told how a place differs from what it was.
    Compare {
        /// Whether what was made since would go to the trash.
        #[serde(default)]
        discard_newer: bool,
    },
    /// To have the place as it was.
    BringBack {
        /// Whether what was made since goes to the trash.
        #[serde(default)]
        discard_newer: bool,
    },
    /// To be told in which states the file at a path was.
    States {
        /// The path inside the space, name by name.
        path: Vec<String>,
    },
}

/// Handles a request about earlier times. Whoever may not write sees nothing of them.
pub(super) async fn handle(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    request.access.writes()?;
    match request.open.method {
        Method::Options => Ok(Answer::empty(200, pairs(&[("dav", CLASSES), ("allow", METHODS), ("ms-author-via", "DAV")]))),
        Method::Propfind => listing::propfind(ground, request, exchange).await,
        Method::Get => read(ground, request, exchange).await,
        Method::Head => read(ground, request, exchange).await.map(Answer::without_body),
        Method::Copy if request.open.destination.is_some() => {
            ground.space.guard.judge()?;
            copy::copy(ground, request).await
        }
        Method::Post => {
            let wish = wish(&exchange.document(request.open.length).await?)?;
            match wish {
                Wish::Compare { discard_newer } => back::answer(ground, request, (back::Mode::Look, newer(discard_newer))).await,
                Wish::BringBack { discard_newer } => back::answer(ground, request, (back::Mode::Do, newer(discard_newer))).await,
                Wish::States { path } => states::states(ground, &request, &path).await,
            }
        }
        _ => Err(unchangeable().into()),
    }
}

/// What `request` names, as it was. Blocks.
pub(super) fn entry(space: &Space, request: &Request) -> Result<Entry, Failure> {
    let (time, path) = place(&request.path)?;
    space.past(time, path)
}

/// What was at `path` at a `time` that is perhaps gone meanwhile, which is another thing than that nothing was there. Blocks.
fn then(space: &Space, time: Time, path: &[Name]) -> Result<Entry, Failure> {
    match space.past(time, path) {
        Err(error) if present(space.past(time, &[]))?.is_none() => {
            tracing::debug!(%error, "an earlier time is gone");
            Err(time_gone().into())
        }
        found => found,
    }
}

/// The time that a path begins with, and the path inside it.
fn place(path: &[Name]) -> Result<(Time, &[Name]), Problem> {
    let (time, path) = path.split_first().ok_or_else(not_found)?;
    Ok((Time::of_address(time.as_str()).ok_or_else(not_found)?, path))
}

/// A file as it was, or a small picture of it.
async fn read(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    if let Some((wanted, _)) = request.header(WANTED).and_then(Wanted::parse) {
        let (space, name) = (ground.space.clone(), request.path.last().cloned().ok_or_else(not_found)?);
        let path = request.path.clone();
        let was = blocking(move || {
            let (time, path) = place(&path)?;
            space.past(time, path)
        });
        return preview::picture(ground, &request, exchange, (wanted, was.await?, &name)).await;
    }
    let space = ground.space.clone();
    blocking(move || {
        let name = request.path.last().ok_or_else(get::is_folder)?;
        get::content(&request, name, entry(&space, &request)?)
    })
    .await
}

fn newer(discard: bool) -> Newer {
    if discard { Newer::Goes } else { Newer::Stays }
}

fn wish(body: &[u8]) -> Result<Wish, Problem> {
    serde_json::from_slice(body).map_err(|_| {
        Problem::new(400, "wish-malformed", "The body says nothing that can be done with an earlier time.")
            .hint("Send JSON: {\"do\": \"compare\"} or {\"do\": \"bring-back\"}.")
    })
}

fn time_gone() -> Problem {
    Problem::new(410, "time-gone", "The box no longer keeps this time. What was brought back so far stays.").hint("Choose another time.")
}

fn unchangeable() -> Problem {
    Problem::new(403, "earlier-time", "What was at an earlier time cannot be changed.")
        .hint("Copy it to a place among the files, then change it there.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_one_of_three() {
        let check = |text: &str, expected: Option<Wish>| assert_eq!(wish(text.as_bytes()).ok(), expected, "{text}");
        check(r#"{"do": "compare"}"#, Some(Wish::Compare { discard_newer: false }));
        check(r#"{"do": "bring-back", "discard_newer": true}"#, Some(Wish::BringBack { discard_newer: true }));
        check(r#"{"do": "states", "path": ["a"]}"#, Some(Wish::States { path: vec!["a".into()] }));
        for wrong in ["", "{}", "[]", r#"{"do": "delete"}"#, r#"{"do": "states"}"#, r#"{"do": "compare", "newer": 1}"#] {
            check(wrong, None);
        }
    }

    croft_fuzz::target! {
        /// Whatever is wished, and of whatever time, is judged.
        fn wishes_of_times(input) {
            if let Ok(Wish::States { path }) = wish(input) {
                let _ = crate::judge::path::names(&path);
            }
        }
    }
}
