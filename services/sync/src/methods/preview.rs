//! A small picture of a file.

use croft_api::bulk::Method;
use croft_files::Name;
use croft_model::Problem;

use super::{Ground, Request, pairs};
use crate::{
    error::{Failure, stale},
    exchange::{Answer, Body, Exchange},
    judge::conditions::{Present, Verdict, judge_read},
    previews::{self, WANTED, Wanted},
    space::{Entry, Handle, blocking},
};

/// What every answer says: it is a picture, whatever the decoder wrote, and for the one who asked. The content is named by the ETag, so for an
/// hour nobody needs to ask again.
const HEADERS: [(&str, &str); 4] = [
    ("content-security-policy", "sandbox; default-src 'none'"),
    ("x-content-type-options", "nosniff"),
    ("cache-control", "private, max-age=3600"),
    ("content-type", "image/jpeg"),
];

/// Answers with a small picture.
pub(super) async fn preview(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let head_only = match request.open.method {
        Method::Get => false,
        Method::Head => true,
        _ => return Err(Problem::new(405, "method-not-allowed", "A small picture is only read.").into()),
    };
    let (wanted, id) = request
        .header(WANTED)
        .and_then(Wanted::parse)
        .ok_or_else(|| Problem::new(400, "preview-malformed", "A small picture has a width and a height.").hint("Ask for `size=256`."))?;
    let space = ground.space.clone();
    let path = request.path.clone();
    let (entry, name) = blocking(move || {
        let path = match id {
            Some(id) if path.is_empty() => space.path_of(id)?.ok_or_else(previews::none)?,
            _ => path,
        };
        Ok((space.entry(&path)?, path.last().cloned()))
    })
    .await?;
    let name = name.ok_or_else(previews::none)?;
    let answer = picture(ground, &request, exchange, (wanted, entry, &name)).await?;
    Ok(if head_only { answer.without_body() } else { answer })
}

/// Answers with a small picture of `entry`, which is called `name`.
pub(super) async fn picture(
    ground: &Ground,
    request: &Request,
    exchange: &mut Exchange,
    (wanted, entry, name): (Wanted, Entry, &Name),
) -> Result<Answer, Failure> {
    let Handle::File(file) = entry.handle else { return Err(previews::none().into()) };
    if !previews::may_be(name.as_str(), entry.stat.size) {
        return Err(previews::none().into());
    }
    let tag = wanted.key(&entry.etag);
    let mut headers = pairs(&HEADERS);
    headers.push(("etag".into(), format!("\"{tag}\"")));
    match judge_read(&request.open.headers, Present { etag: &tag, modified: entry.stat.modified_seconds() }) {
        Verdict::Proceed => {}
        Verdict::NotModified => return Ok(Answer { body: Body::None(None), ..Answer::empty(304, headers) }),
        Verdict::Failed => return Err(stale().into()),
    }
    // A page that was left takes its questions along.
    let picture = exchange.unless_gone(ground.previews.get(&ground.space, file, wanted, &entry.etag)).await?;
    Ok(Answer { status: 200, headers, body: Body::Bytes(picture.into()), changed: Vec::new() })
}
