//! Earlier contents of a file, by its id: PROPFIND lists them, GET reads one, MOVE makes one the content that the file has now, DELETE removes one.

use std::sync::Arc;

use croft_api::bulk::Method;
use croft_files::Name;
use croft_model::{Problem, SpaceNumber};

use super::{
    Ground, Request, address, get,
    propfind::{self, Depth, Document, Query, Subject},
    put::{LARGE, Upload},
};
use crate::{
    content_type,
    error::{Failure, not_found},
    exchange::{Answer, Exchange},
    space::{Entry, Handle, Space, Version, blocking, etag},
};

/// Handles a request about versions.
pub(super) async fn handle(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let (id, rest) = request.path.split_first().ok_or_else(not_found)?;
    let id = file_id(ground.space.number, id)?;
    if request.access.writes().is_err() {
        // Who may only read has nothing of what was deleted.
        let space = ground.space.clone();
        blocking(move || space.place_of(id)).await?.ok_or_else(not_found)?;
    }
    match (request.open.method, rest) {
        (Method::Propfind, [] | [_]) => list(ground, request, id, exchange).await,
        (Method::Get, [_]) => read(ground, request, id).await,
        (Method::Head, [_]) => read(ground, request, id).await.map(Answer::without_body),
        (Method::Move, [version]) => {
            let version = version.clone();
            restore(ground, request, (id, version)).await
        }
        (Method::Delete, [version]) => {
            request.access.writes()?;
            let (space, version) = (ground.space.clone(), version.clone());
            blocking(move || {
                let (version, ..) = space.version(id, version.as_str())?;
                space.forget_version(id, &version)?;
                Ok(Answer::empty(204, Vec::new()))
            })
            .await
        }
        _ => Err(Problem::new(405, "method-not-allowed", "Versions do not take this method here.").into()),
    }
}

/// The id of a file of this space.
fn file_id(space: SpaceNumber, text: &Name) -> Result<u64, Problem> {
    let id: u64 = text.as_str().parse().map_err(|_| not_found())?;
    if SpaceNumber::of_file(id) == Some(space) { Ok(id) } else { Err(not_found()) }
}

async fn list(ground: &Ground, request: Request, id: u64, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let depth = propfind::depth(&request)?;
    let body = exchange.document(request.open.length).await?;
    let space = ground.space.clone();
    blocking(move || {
        let mut document = Document::new(Query::of_few(&body)?);
        let name = file_name(&space, id)?;
        if let [_, version] = request.path.as_slice() {
            let (version, ..) = space.version(id, version.as_str())?;
            if let Some(subject) = subject(&space, &request, (id, &name), &version, version.name.as_str())? {
                document.add(&subject);
            }
            return Ok(document.answer());
        }
        let href = address(&request.open.prefix, request.path.iter().map(Name::as_str));
        let versions = space.versions_of(id)?;
        let modified = versions.first().map_or(0, |version| version.replaced);
        document.add(&Subject { href: format!("{href}/"), modified: Some(modified), ..Subject::default() });
        for (index, version) in versions.iter().enumerate().filter(|_| depth == Depth::One) {
            // Clients know a version by the second in which it was written; where there are two of one second, the older keeps its long name.
            let newer = versions[..index].iter().any(|newer| newer.modified == version.modified);
            let shown = if newer { version.name.to_string() } else { version.modified.to_string() };
            if let Some(subject) = subject(&space, &request, (id, &name), version, &shown)? {
                document.add(&subject);
            }
        }
        Ok(document.answer())
    })
    .await
}

/// The name that the file has, if it is there. Blocks.
fn file_name(space: &Space, id: u64) -> Result<Name, Failure> {
    let path = space.place_of(id)?.and_then(|path| path.last().cloned());
    Ok(path.unwrap_or(Name::literal("version")))
}

fn subject(space: &Space, request: &Request, (id, name): (u64, &Name), version: &Version, shown: &str) -> Result<Option<Subject>, Failure> {
    let Some(stat) = space.version_stat(id, version)? else { return Ok(None) };
    let folder = request.path.first().map_or("", Name::as_str);
    Ok(Some(Subject {
        href: address(&request.open.prefix, [folder, shown]),
        name: name.to_string(),
        etag: etag::version(id, stat),
        id,
        letters: "G".into(),
        file: Some((stat.size, content_type::of(name.as_str()))),
        modified: Some(version.modified),
        ..Subject::default()
    }))
}

async fn read(ground: &Ground, request: Request, id: u64) -> Result<Answer, Failure> {
    let space = ground.space.clone();
    blocking(move || {
        let (_, file, stat) = space.version(id, request.path.last().map_or("", Name::as_str))?;
        let stamp = etag::Stamp { id, inode: stat.inode, nonce: 0 };
        let entry = Entry { handle: Handle::File(Arc::new(file)), stat, stamp, etag: etag::version(id, stat) };
        get::content(&request, &file_name(&space, id)?, entry)
    })
    .await
}

async fn restore(ground: &Ground, request: Request, (id, version): (u64, Name)) -> Result<Answer, Failure> {
    request.access.writes()?;
    ground.space.guard.judge()?;
    let space = &ground.space;
    let looking = space.clone();
    let path = blocking(move || looking.place_of(id)).await?.ok_or_else(nowhere)?;
    let (opening, sought) = (space.clone(), version);
    let (version, file, stat) = blocking(move || opening.version(id, sought.as_str())).await?;
    let upload = Arc::new(Upload::of_version(ground, request.about(path), (id, version.modified))?);
    let _place = space.copying()?;
    let (counting, judged) = (space.clone(), upload.clone());
    let (staged, count) = blocking(move || {
        let staged = judged.accept(Some(stat.size))?;
        let count = staged.copy(&file)?;
        counting.room.count(count);
        if count > LARGE {
            staged.write_out()?;
        }
        Ok((staged, count))
    })
    .await?;
    Ok(upload.publish(ground, staged, count).await?.answer)
}

fn nowhere() -> Problem {
    Problem::new(404, "file-gone", "The file that this is an earlier content of is not there any more.")
        .hint("Bring it back from the trash first, or download the version.")
}
