//! One file gets the content that it had.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use croft_files::{Name, Staged, copy_in_steps};

use super::{
    super::{
        copy::{sums, time},
        put::{LARGE, Upload},
    },
    Ground, Request,
    back::Mode,
    then as was_then,
};
use crate::{
    error::{Failure, not_found},
    space::{Entry, Handle, Space, Time, blocking},
};

/// Bytes that are compared in one go.
const COMPARED: usize = 256 * 1024;

/// A file whose content comes back.
pub(super) struct Content {
    pub(super) ground: Ground,
    /// About its path, then and now.
    pub(super) asked: Request,
    pub(super) time: Time,
    /// Where the file is with which it is compared.
    pub(super) now: Option<Vec<Name>>,
    /// The file that is there now; none where there is nothing.
    pub(super) present: Option<u64>,
    /// Whether it could be the content that the file has.
    pub(super) compares: bool,
    pub(super) mode: Mode,
    /// Whether nobody waits for it any more.
    pub(super) given_up: Arc<AtomicBool>,
}

/// What was done, or would be, with how many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Nothing,
    Returned(u64),
    Changed(u64),
}

impl Content {
    /// Stages the content as it was and publishes it.
    pub(super) async fn bring_back(self) -> Result<Done, Failure> {
        let Self { ground, asked, time: then, now, present, compares, mode, given_up } = self;
        let (space, path) = (ground.space.clone(), asked.path.clone());
        let stop = given_up.clone();
        let was = blocking(move || {
            let was = was_then(&space, then, &path)?;
            let same = compares && is_same(&space, &was, now.as_deref().unwrap_or(&path), &stop)?;
            Ok((!same).then_some(was))
        });
        let Some(was) = was.await? else { return Ok(Done::Nothing) };
        let done = if present.is_some() { Done::Changed(was.stat.size) } else { Done::Returned(was.stat.size) };
        if mode == Mode::Look {
            return Ok(done);
        }
        let upload = Arc::new(Upload::of_time(&ground, asked, (time(was.stat), sums(&was)?), present)?);
        let (space, judged) = (ground.space.clone(), upload.clone());
        let (staged, count) = blocking(move || stage(&space, &judged, &was, &given_up)).await?;
        upload.publish(&ground, staged, count).await?;
        Ok(done)
    }
}

fn stage(space: &Space, upload: &Upload, was: &Entry, given_up: &AtomicBool) -> Result<(Staged, u64), Failure> {
    let file = content(was)?;
    let staged = upload.accept(Some(was.stat.size))?;
    let mut counted = 0;
    let count = copy_in_steps(file, staged.file(), |count| {
        space.room.count(count - counted);
        counted = count;
        go_on(given_up)
    })?;
    if count > LARGE {
        staged.write_out()?;
    }
    Ok((staged, count))
}

/// Whether the file at `now` has the content of `was`; one that cannot be read has not. Blocks.
fn is_same(space: &Space, was: &Entry, now: &[Name], given_up: &AtomicBool) -> Result<bool, Failure> {
    let now = space.entry(now)?;
    let (one, other) = (content(was)?, content(&now)?);
    if was.stat.size != now.stat.size {
        return Ok(false);
    }
    let (mut first, mut second) = (vec![0; COMPARED], vec![0; COMPARED]);
    let mut at = 0;
    while at < was.stat.size {
        go_on(given_up)?;
        let length = usize::try_from(was.stat.size - at).unwrap_or(COMPARED).min(COMPARED);
        one.read_exact_at(&mut first[..length], at).map_err(Failure::Read)?;
        if other.read_exact_at(&mut second[..length], at).is_err() || first[..length] != second[..length] {
            return Ok(false);
        }
        at += length as u64;
    }
    Ok(true)
}

fn content(entry: &Entry) -> Result<&File, Failure> {
    match &entry.handle {
        Handle::File(file) => Ok(file),
        Handle::Dir(_) => Err(not_found().into()),
    }
}

fn go_on(given_up: &AtomicBool) -> Result<(), Failure> {
    if given_up.load(Ordering::Acquire) { Err(Failure::Gone) } else { Ok(()) }
}
