//! GET and HEAD.

use std::{fs::File, io, os::unix::fs::FileExt};

use croft_api::bulk::{Header, limits::MAX_INLINE};
use croft_files::{Name, read_remembered};
use croft_model::Problem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Ground, Request, http_date, identity, pairs};
use crate::{
    content_type,
    error::{Failure, not_found, stale},
    exchange::{Answer, Body},
    judge::{
        conditions::{Present, Verdict, judge_read, range_holds},
        range::{Part, part},
    },
    space::{Entry, Handle, Space, Sums, blocking},
};

/// What stays as it is in `filename*` (RFC 8187).
pub(super) const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
/// A file of a person is never a page of the box: it is saved, not shown, and could not run scripts if it were shown.
pub(super) const DEFUSED: [(&str, &str); 4] = [
    ("content-security-policy", "sandbox; default-src 'none'"),
    ("x-content-type-options", "nosniff"),
    ("cache-control", "private, no-cache"),
    ("accept-ranges", "bytes"),
];

/// A file or a part of it. What is in memory is answered without a hop to a thread that may wait for the disk.
pub(super) async fn get(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    // Of a guest's link it is looked up first whether it still opens.
    if request.access.guest.is_none()
        && let Some(answer) = remembered(&ground.space, &request)
    {
        return answer;
    }
    let space = ground.space.clone();
    blocking(move || answer(&space, &request)).await
}

fn answer(space: &Space, request: &Request) -> Result<Answer, Failure> {
    let name = request.path.last().ok_or_else(is_folder)?;
    let entry = space.entry(&request.path)?;
    super::stranger::still_opens(&request.access, space)?;
    content(request, name, entry)
}

/// The answer, where nothing of it has to be read from the disk.
fn remembered(space: &Space, request: &Request) -> Option<Result<Answer, Failure>> {
    let (entry, name) = (space.remembered_file(&request.path)?, request.path.last()?);
    let mut answer = match head(request, name, entry) {
        Ok(answer) => answer,
        Err(error) => return Some(Err(error)),
    };
    if let Some((file, offset, mut bytes)) = small(&answer.body) {
        if !read_remembered(file, &mut bytes, offset).ok()? {
            return None;
        }
        answer.body = Body::Bytes(bytes.into());
    }
    Some(Ok(answer))
}

/// The answer with the content of `entry`, which is called `name`, or a part of it. Blocks.
pub(super) fn content(request: &Request, name: &Name, entry: Entry) -> Result<Answer, Failure> {
    let mut answer = head(request, name, entry)?;
    if let Some((file, offset, mut bytes)) = small(&answer.body) {
        file.read_exact_at(&mut bytes, offset).map_err(unread)?;
        answer.body = Body::Bytes(bytes.into());
    }
    Ok(answer)
}

/// Where the bytes of a body that goes along with the head are to be read, and room for them.
fn small(body: &Body) -> Option<(&File, u64, Vec<u8>)> {
    let Body::File { file, offset, length } = body else { return None };
    let length = usize::try_from(*length).ok().filter(|length| *length <= MAX_INLINE)?;
    Some((file, *offset, vec![0; length]))
}

/// The answer whose body is not read yet.
fn head(request: &Request, name: &Name, Entry { handle, stat, stamp, etag }: Entry) -> Result<Answer, Failure> {
    let Handle::File(file) = handle else { return Err(is_folder().into()) };
    let mut headers = identity(&etag, stamp.id);
    // Of the whole, also where a part is asked for.
    headers.extend(Sums::read(&file, &etag).map(|sums| ("oc-checksum".into(), sums.as_str().into())));
    headers.push(("last-modified".into(), http_date(stat.modified_seconds())));
    headers.extend(pairs(&DEFUSED));
    let present = Present { etag: &etag, modified: stat.modified_seconds() };
    match judge_read(&request.open.headers, present) {
        Verdict::Proceed => {}
        Verdict::NotModified => return Ok(Answer { body: Body::None(None), ..Answer::empty(304, headers) }),
        Verdict::Failed => return Err(stale().into()),
    }
    headers.push(("content-type".into(), content_type::of(name.as_str()).into()));
    headers.push(("content-disposition".into(), format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name.as_str(), PLAIN))));
    let range = request.header("range").filter(|_| range_holds(&request.open.headers, present));
    let (status, offset, length) = match part(range, stat.size) {
        Part::Whole => (200, 0, stat.size),
        Part::Range { first, length } => {
            headers.push(("content-range".into(), format!("bytes {first}-{}/{}", first + length - 1, stat.size)));
            (206, first, length)
        }
        Part::Unsatisfiable => return Ok(unsatisfiable(stat.size)),
    };
    Ok(Answer { status, headers, body: Body::File { file, offset, length }, changed: Vec::new() })
}

/// A file that was cut meanwhile has no such bytes any more: the client asks again. All else is the disk's fault and nobody's absence.
fn unread(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::UnexpectedEof { not_found().into() } else { Failure::Read(error) }
}

pub(super) fn is_folder() -> Problem {
    Problem::new(405, "is-a-folder", "This is a folder, not a file.").hint("List it with PROPFIND.")
}

fn unsatisfiable(size: u64) -> Answer {
    let mut answer = Answer::from(Problem::new(416, "range-outside", "The file has no such part."));
    let range: Header = ("content-range".into(), format!("bytes */{size}"));
    answer.headers.push(range);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_is_not_said_to_be_absent() {
        let check = |kind: io::ErrorKind, status: u16| assert_eq!(unread(kind.into()).problem().unwrap().status, status, "{kind}");
        check(io::ErrorKind::UnexpectedEof, 404);
        check(io::ErrorKind::Other, 500);
        check(io::ErrorKind::StaleNetworkFileHandle, 500);
    }
}
