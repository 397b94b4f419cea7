//! Uploads in chunks, as sync clients make them: MKCOL begins one, PUT brings numbered chunks in any order and as often as it takes, PROPFIND says which
//! are there, MOVE of `.file` makes them one file, DELETE gives up. What is there outlives the worker, so a client goes on where it stopped.

use std::{fs::File, os::unix::fs::FileExt, sync::Arc};

use croft_api::bulk::{Commit, Digest, DigestKind, Method};
use croft_files::{Change, Dir, Kind, Name, Staged};
use croft_model::Problem;

use super::{
    Ground, Request, address, identity, propfind,
    put::{self, LARGE, Published, Upload},
};
use crate::{
    error::{Failure, not_found},
    exchange::{Answer, Body, Exchange},
    judge::{checksum, path},
    space::{Assembled, Space, blocking, unique},
};

/// The name under which all chunks together are moved.
const WHOLE: &str = ".file";
/// Chunks of one upload.
const MAX_CHUNKS: usize = 10_000;
/// Uploads of one person that are under way in a space.
const MAX_UPLOADS: usize = 500;
/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;
/// Bytes of an upload's name.
const MAX_ID: usize = 128;

/// A chunk that is there.
struct Chunk {
    name: Name,
    size: u64,
    modified: i64,
}

/// Handles a request about uploads.
pub(super) async fn handle(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    request.access.writes()?;
    let (id, rest) = request.path.split_first().ok_or_else(not_found)?;
    let own = folder_name(&request, id)?;
    match (request.open.method, rest) {
        (Method::Mkcol, []) => begin(ground, &request, own).await,
        (Method::Put, [chunk]) => {
            let chunk = number(chunk)?;
            receive(ground, &request, (own, chunk), exchange).await
        }
        (Method::Propfind, []) => list(ground, &request, own, exchange).await,
        (Method::Delete, []) => cancel(ground, own).await,
        (Method::Get, [whole]) if whole.as_str() == WHOLE => whole_of(ground, &request, own).await,
        (Method::Move, [whole]) if whole.as_str() == WHOLE => assemble(ground, request, own).await,
        _ => Err(Problem::new(405, "method-not-allowed", "An upload does not take this method here.").into()),
    }
}

/// The folder of the upload `id`: nobody gets into another person's.
fn folder_name(request: &Request, id: &Name) -> Result<Name, Problem> {
    let id = id.as_str();
    let plain = id.len() <= MAX_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let name = Name::new(format!("{}-{id}", request.access.person)).ok().filter(|_| plain);
    name.ok_or_else(|| {
        Problem::new(400, "upload-malformed", format!("An upload's name is up to {MAX_ID} letters, digits, `-`, `_` and `.`."))
    })
}

/// The name of a chunk on the disk: its number, so long that the order of names is that of numbers.
fn number(name: &Name) -> Result<Name, Problem> {
    let digits = name.as_str();
    let plain = (1..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    Name::new(format!("{digits:0>20}"))
        .ok()
        .filter(|_| plain)
        .ok_or_else(|| Problem::new(400, "chunk-malformed", "A chunk's name is a number of at most 20 digits."))
}

async fn begin(ground: &Ground, request: &Request, own: Name) -> Result<Answer, Failure> {
    let total = total(request)?;
    let space = ground.space.clone();
    blocking(move || {
        if uploads_of_person(&space, &own)? >= MAX_UPLOADS {
            space.forget_old_uploads()?;
        }
        if uploads_of_person(&space, &own)? >= MAX_UPLOADS {
            return Err(Problem::new(503, "too-many-uploads", format!("A person has at most {MAX_UPLOADS} uploads under way in a space."))
                .hint("Let others come to their end. One that nobody goes on with is given up after a week.")
                .retry_after(600)
                .into());
        }
        space.admit(total.unwrap_or(0))?;
        space.chunks.make(&own).map_err(|error| {
            if error.is_taken() { Problem::new(405, "name-taken", "There is such an upload already.").into() } else { Failure::from(error) }
        })?;
        space.chunks.sync()?;
        space.records.forget_assembled(&own)?;
        Ok(Answer::empty(201, Vec::new()))
    })
    .await
}

/// How many uploads the person of the upload `own` has under way. Blocks.
fn uploads_of_person(space: &Space, own: &Name) -> Result<usize, Failure> {
    let person = |name: &Name| name.as_str().split_once('-').map(|(person, _)| person.to_owned());
    Ok(space.chunks.list()?.iter().filter(|upload| person(&upload.name) == person(own)).count())
}

async fn receive(ground: &Ground, request: &Request, (own, chunk): (Name, Name), exchange: &mut Exchange) -> Result<Answer, Failure> {
    let expected = checksum::expected(&request.open.headers)?;
    let length = request.open.length;
    let space = &ground.space;
    let (looking, asked) = (space.clone(), own.clone());
    let staged = blocking(move || {
        let folder = open(&looking, &asked)?;
        if folder.list()?.len() >= MAX_CHUNKS {
            return Err(Problem::new(400, "too-many-chunks", format!("An upload has at most {MAX_CHUNKS} chunks.")).into());
        }
        looking.admit(length.unwrap_or(0))?;
        looking.stage()
    })
    .await?;
    let (staged, count, commit) = put::receive((space, &request.access), staged, length, &expected, exchange).await?;
    put::whole(length, count, &expected, &commit)?;
    // Nobody puts the upload together or gives it up meanwhile.
    let _upload = space.lock_upload(&own).await;
    let opening = space.clone();
    let change =
        blocking(move || Ok(Change::Replace { file: staged, dir: open(&opening, &own)?, name: chunk, unique: unique()?, keep: None }))
            .await?;
    space.publisher.publish(change).await?;
    Ok(Answer::empty(201, Vec::new()))
}

async fn list(ground: &Ground, request: &Request, own: Name, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let body = exchange.document(request.open.length).await?;
    let href = address(&request.open.prefix, request.path.iter().map(Name::as_str));
    let deep = request.header("depth").is_some_and(|depth| depth.trim() == "1");
    let space = ground.space.clone();
    blocking(move || {
        let folder = open(&space, &own)?;
        let chunks = if deep { chunks(&folder)? } else { Vec::new() };
        // Under a name that clients can read as a number, whichever they gave it.
        let lines: Vec<_> = chunks
            .iter()
            .map(|chunk| {
                let digits = chunk.name.as_str().trim_start_matches('0');
                (format!("{digits:0>5}"), chunk.size, chunk.modified)
            })
            .collect();
        propfind::of_upload(&body, &href, folder.stat()?.modified_seconds(), &lines)
    })
    .await
}

async fn cancel(ground: &Ground, own: Name) -> Result<Answer, Failure> {
    let _upload = ground.space.lock_upload(&own).await;
    let space = ground.space.clone();
    blocking(move || {
        open(&space, &own)?;
        forget(&space, &own)?;
        Ok(Answer::empty(204, Vec::new()))
    })
    .await
}

/// Takes an upload away: in one step, so that there is never a part of one. Blocks.
fn forget(space: &Space, own: &Name) -> Result<(), Failure> {
    let gone = unique()?;
    space.chunks.move_to(own, &space.uploads, &gone)?;
    space.chunks.sync()?;
    // What is left over goes at the next start.
    Ok(space.uploads.remove_tree(&gone)?)
}

/// All chunks one after the other, for a file that goes to another space.
async fn whole_of(ground: &Ground, request: &Request, own: Name) -> Result<Answer, Failure> {
    let total = total(request)?;
    let space = ground.space.clone();
    blocking(move || {
        let folder = open(&space, &own)?;
        let mut chunks = chunks(&folder)?.into_iter();
        let count: u64 = chunks.as_slice().iter().map(|chunk| chunk.size).sum();
        if total.is_some_and(|total| total != count) {
            return Err(put::incomplete().into());
        }
        let mut reading: Option<(File, u64)> = None;
        let pieces = move || loop {
            if let Some((file, at)) = &mut reading {
                let mut piece = vec![0; PIECE];
                let read = file.read_at(&mut piece, *at).map_err(Failure::Read)?;
                if read > 0 {
                    *at += read as u64;
                    piece.truncate(read);
                    return Ok(Some(piece));
                }
            }
            let Some(chunk) = chunks.next() else { return Ok(None) };
            reading = Some((folder.file(&chunk.name)?, 0));
        };
        Ok(Answer { status: 200, headers: Vec::new(), body: Body::Pieces(Box::new(pieces)), changed: Vec::new() })
    })
    .await
}

/// Makes one file of the chunks, under the name that the request leads to.
async fn assemble(ground: &Ground, mut request: Request, own: Name) -> Result<Answer, Failure> {
    ground.space.guard.judge()?;
    let total = total(&request)?;
    // From here on it is an upload to that path; conditions are about what is there.
    request.path = path::names(request.open.destination.as_deref().unwrap_or_default())?;
    let upload = Arc::new(Upload::new(ground, request)?);
    let space = &ground.space;
    let _place = space.copying()?;
    let _own = space.lock_upload(&own).await;
    let (looking, asked, looked) = (space.clone(), upload.clone(), own.clone());
    if let Some(answer) = blocking(move || answered_before(&looking, &asked.request, &looked)).await? {
        return Ok(answer);
    }
    upload.make_folders(ground).await?;
    let (putting, judged, folder) = (space.clone(), upload.clone(), own.clone());
    let (staged, count) = blocking(move || {
        let staged = judged.accept(None)?;
        let count = put_together(&putting, &open(&putting, &folder)?, &staged, (total, &judged.expected))?;
        Ok((staged, count))
    })
    .await?;
    let path = path::text(&upload.request.path);
    let Published { etag, id, answer } = upload.publish(ground, staged, count).await?;
    let at = jiff::Timestamp::now().as_second();
    let (forgetting, became) = (space.clone(), Assembled { path, etag, id, status: answer.status, at });
    let forgotten = blocking(move || {
        // As long as the chunks are there the client may ask again and nothing is lost; afterwards by this.
        forgetting.records.remember_assembled(&own, &became)?;
        forget(&forgetting, &own)
    });
    // What is left over goes after a week.
    if let Err(error) = forgotten.await {
        tracing::warn!(%error, "the chunks of an upload cannot be removed");
    }
    Ok(answer)
}

/// The answer of before to a client that has lost it: the upload is gone, and the file that it became is still where it was put, as it was put there.
/// Blocks.
fn answered_before(space: &Space, request: &Request, own: &Name) -> Result<Option<Answer>, Failure> {
    let chunks_are_gone = open(space, own).is_err_and(|error| matches!(error, Failure::Problem(problem) if problem.status == 404));
    let now = jiff::Timestamp::now().as_second();
    let became = if chunks_are_gone { space.records.assembled(own, now)? } else { None };
    let Some(became) = became.filter(|became| became.path == path::text(&request.path)) else { return Ok(None) };
    if !space.entry(&request.path).is_ok_and(|entry| entry.etag == became.etag) {
        return Ok(None);
    }
    let mut headers = identity(&became.etag, became.id);
    if request.header("x-oc-mtime").is_some() {
        headers.push(("x-oc-mtime".into(), "accepted".into()));
    }
    Ok(Some(Answer::empty(became.status, headers)))
}

/// Copies all chunks of `folder` into `staged`, in order, and compares what that makes. Blocks.
fn put_together(space: &Space, folder: &Dir, staged: &Staged, (total, expected): (Option<u64>, &[Digest])) -> Result<u64, Failure> {
    let chunks = chunks(folder)?;
    let count: u64 = chunks.iter().map(|chunk| chunk.size).sum();
    if total.is_some_and(|total| total != count) {
        return Err(put::incomplete().into());
    }
    space.admit(count)?;
    for chunk in &chunks {
        space.room.count(staged.copy(&folder.file(&chunk.name)?)?);
    }
    if staged.stat()?.size != count {
        return Err(put::incomplete().into());
    }
    if !expected.is_empty() {
        let digests = expected.iter().map(|digest| digest_of(staged.file(), digest.kind)).collect::<Result<_, _>>()?;
        checksum::compare(expected, &Commit { count, digests })?;
    }
    if count > LARGE {
        staged.write_out()?;
    }
    Ok(count)
}

fn digest_of(file: &File, kind: DigestKind) -> Result<Digest, Failure> {
    use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
    let mut context = Context::new(match kind {
        DigestKind::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
        DigestKind::Sha256 => &SHA256,
    });
    let (mut buffer, mut at) = (vec![0; 1024 * 1024], 0);
    loop {
        let read = file.read_at(&mut buffer, at).map_err(Failure::Read)?;
        if read == 0 {
            return Ok(Digest { kind, hex: hex::encode(context.finish()) });
        }
        context.update(&buffer[..read]);
        at += read as u64;
    }
}

/// The folder of an upload. Blocks.
fn open(space: &Space, own: &Name) -> Result<Dir, Failure> {
    space.chunks.dir(std::slice::from_ref(own)).map_err(|error| {
        if error.is_absent() {
            Problem::new(404, "upload-unknown", "There is no such upload.")
                .hint("Begin it again; one that nobody goes on with is given up after a week.")
                .into()
        } else {
            error.into()
        }
    })
}

/// The chunks of an upload, in order. Blocks.
fn chunks(folder: &Dir) -> Result<Vec<Chunk>, Failure> {
    let mut chunks = Vec::new();
    for listed in folder.list()? {
        let stat = folder.stat_of(&listed.name)?;
        if stat.kind == Kind::File {
            chunks.push(Chunk { name: listed.name, size: stat.size, modified: stat.modified_seconds() });
        }
    }
    chunks.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(chunks)
}

/// The size of the whole, as the client says it.
fn total(request: &Request) -> Result<Option<u64>, Problem> {
    let wrong = || Problem::new(400, "length-malformed", "The header OC-Total-Length is no number of bytes.").key("OC-Total-Length");
    request.header("oc-total-length").map(|text| text.trim().parse().map_err(|_| wrong())).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_numbers_of_any_style() {
        let check = |name: &str, expected: Option<&str>| {
            let found = number(&Name::new(name).unwrap()).ok();
            assert_eq!(found.as_ref().map(Name::as_str), expected, "{name}");
        };
        check("1", Some("00000000000000000001"));
        check("00001", Some("00000000000000000001"));
        check("0000000000000000", Some("00000000000000000000"));
        check("99999999999999999999", Some("99999999999999999999"));
        for wrong in ["123456789012345678901", "1a", "-1", ".file", "١"] {
            check(wrong, None);
        }
    }
    croft_fuzz::target! {
        /// A chunk is called by its number alone, and the order of names is that of numbers.
        fn chunk_names(input) {
            let names = std::str::from_utf8(input).unwrap_or_default().lines().filter_map(|text| Name::new(text).ok());
            let mut chunks = Vec::new();
            for name in names {
                match number(&name) {
                    Ok(own) => {
                        assert_eq!(own.as_str().len(), 20);
                        assert_eq!(number(&own).unwrap(), own);
                        chunks.push((name.as_str().parse::<u128>().unwrap(), own));
                    }
                    Err(problem) => assert_eq!(problem.code, "chunk-malformed"),
                }
            }
            chunks.sort();
            assert!(chunks.is_sorted_by_key(|(_, name)| name));
        }
    }
}
