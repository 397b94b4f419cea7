//! COPY: another entry with the same content, made aside and published whole.

use std::sync::Arc;

use croft_api::bulk::limits::MAX_SEGMENTS;
use croft_files::{Change, Dir, Kind, Name, Staged, Stat};
use croft_model::Problem;

use super::{
    Ground, Request, Tree, identity,
    target::{Occupied, Target, Way},
};
use crate::{
    error::{Failure, stale},
    exchange::Answer,
    judge::{
        conditions::{Present, Verdict, judge_write},
        path,
    },
    space::{DeadProperty, Entry, Handle, Space, blocking, etag, stamp, unique},
};

/// A copy that has no name yet where people look.
enum Aside {
    File(Staged),
    /// Under this name among the uploads.
    Dir(Name),
}

/// A copy that was made.
struct Made {
    aside: Aside,
    id: u64,
    etag: String,
    there: Occupied,
}

/// How much of a folder is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Zero,
    /// Everything in it, down to so many folders.
    Infinity(usize),
}

/// Copies a tree into the uploads.
struct Copying<'a> {
    space: &'a Space,
    /// What clients have set on the originals, by the ids of the copies.
    properties: Vec<(u64, Vec<DeadProperty>)>,
}

/// Copies the entry. What it replaces goes to the trash.
pub(super) async fn copy(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    request.access.writes()?;
    let request = Arc::new(request);
    let to = path::names(request.open.destination.as_deref().unwrap_or_default())?;
    let target = Target::of(&request, &to)?;
    let depth = match request.header("depth").map(str::trim) {
        Some("0") => Depth::Zero,
        None => Depth::Infinity(MAX_SEGMENTS),
        Some(text) if text.eq_ignore_ascii_case("infinity") => Depth::Infinity(MAX_SEGMENTS),
        Some(_) => return Err(Problem::new(400, "depth-malformed", "The header Depth is 0 or infinity.").key("Depth").into()),
    };
    let space = &ground.space;
    let (making, asked, leads) = (space.clone(), request.clone(), to.clone());
    let Made { aside, id, etag, there } = blocking(move || make(&making, &asked, &Target::of(&asked, &leads)?, depth)).await?;
    let leftover = match &aside {
        Aside::Dir(name) => Some(name.clone()),
        Aside::File(_) => None,
    };
    let published = publish(ground, &request, (&target, &to), aside, there).await;
    if let (Err(_), Some(name)) = (&published, leftover) {
        let uploads = space.uploads.clone();
        // A leftover is taken away at the next start, too.
        let _ = blocking(move || Ok(uploads.remove_tree(&name)?)).await;
    }
    let etag = if etag.is_empty() { space.index.etag(id) } else { etag };
    Ok(Answer { changed: published?, ..Answer::empty(Target::status(there), identity(&etag, id)) })
}

async fn publish(
    ground: &Ground,
    request: &Arc<Request>,
    (target, to): (&Target<'_>, &[Name]),
    aside: Aside,
    seen: Occupied,
) -> Result<Vec<croft_api::bulk::Frame>, Failure> {
    let space = &ground.space;
    let _tree = Tree::lock(space, seen == Occupied::Dir).await;
    let _name = space.lock_name(target.folder, target.name).await;
    let (preparing, judged, leads) = (space.clone(), request.clone(), to.to_vec());
    let (change, way, line) = blocking(move || prepare(&preparing, &judged, &Target::of(&judged, &leads)?, aside, seen)).await?;
    way.publish(ground, (target, change), &[target.folder], &line).await
}

/// Judges, and makes the copy aside. Blocks.
fn make(space: &Space, request: &Request, target: &Target<'_>, depth: Depth) -> Result<Made, Failure> {
    let entry = space.entry(&request.path)?;
    let there = target.occupied(space)?;
    let present = Present { etag: &entry.etag, modified: entry.stat.modified_seconds() };
    if judge_write(&request.open.headers, Some(present)) != Verdict::Proceed {
        return Err(stale().into());
    }
    request.judge_locks(space, &[target.touch()])?;
    let mut copying = Copying { space, properties: Vec::new() };
    let made = match &entry.handle {
        Handle::File(file) => {
            let (staged, id, etag) = copying.file(&entry, file)?;
            Made { aside: Aside::File(staged), id, etag, there }
        }
        Handle::Dir(dir) => {
            let name = unique()?;
            let made = copying.dir((dir, entry.stamp.id), &space.uploads, &name, depth);
            // All of it is on the disk before it gets its name.
            let made = made.and_then(|id| Ok((id, space.uploads.sync_whole()?)));
            match made {
                Ok((id, ())) => Made { aside: Aside::Dir(name), id, etag: String::new(), there },
                Err(error) => {
                    // A leftover is taken away at the next start, too.
                    let _ = space.uploads.remove_tree(&name);
                    return Err(error);
                }
            }
        }
    };
    if !copying.properties.is_empty() {
        space.records.set_properties(&copying.properties)?;
    }
    Ok(made)
}

impl Copying<'_> {
    fn file(&mut self, entry: &Entry, file: &std::fs::File) -> Result<(Staged, u64, String), Failure> {
        self.space.room.admit(entry.stat.size)?;
        let staged = self.space.stage()?;
        self.space.room.count(staged.copy(file)?);
        let (seconds, nanoseconds) = time(entry.stat);
        staged.set_modified(seconds, nanoseconds)?;
        let stamp = stamp(self.space.ids.fresh()?, staged.stat()?)?;
        if let Err(error) = staged.set_xattr(etag::ATTRIBUTE, &stamp.encode()) {
            tracing::debug!(%error, "a copy cannot carry its id");
            self.space.ids.remember(stamp);
        }
        staged.write_out()?;
        self.properties_of(entry.stamp.id, stamp.id)?;
        let etag = etag::file(stamp, staged.stat()?);
        Ok((staged, stamp.id, etag))
    }

    /// Copies the folder `from` with its id to the new name `name` in `parent`, and gives the copy's id.
    fn dir(&mut self, (from, id): (&Dir, u64), parent: &Dir, name: &Name, depth: Depth) -> Result<u64, Failure> {
        self.space.room.admit(0)?;
        let to = parent.make(name)?;
        let own = self.space.ids.of(&to, to.stat()?)?.id;
        self.properties_of(id, own)?;
        let left = match depth {
            Depth::Zero => return Ok(own),
            Depth::Infinity(0) => return Err(Problem::new(403, "too-deep", "This folder is too deep to be copied.").into()),
            Depth::Infinity(left) => left - 1,
        };
        for listed in from.list()? {
            let entry = match self.space.child(from, &listed.name) {
                Ok(entry) => entry,
                // Gone since the folder was listed, or nothing that is shown.
                Err(Failure::Files(error)) if error.is_absent() => continue,
                Err(Failure::Problem(problem)) if problem.status == 404 => continue,
                Err(error) => return Err(error),
            };
            match &entry.handle {
                Handle::Dir(below) => drop(self.dir((below, entry.stamp.id), &to, &listed.name, Depth::Infinity(left))?),
                Handle::File(file) => {
                    self.space.room.admit(entry.stat.size)?;
                    let copy = to.file_for_writing(&listed.name)?;
                    self.space.room.count(croft_files::copy(file, &copy)?);
                    let (seconds, nanoseconds) = time(entry.stat);
                    croft_files::set_modified(&copy, seconds, nanoseconds)?;
                    let own = self.space.ids.of(&copy, Stat::of(&copy)?)?.id;
                    self.properties_of(entry.stamp.id, own)?;
                }
            }
        }
        Ok(own)
    }

    fn properties_of(&mut self, original: u64, copy: u64) -> Result<(), Failure> {
        let properties = self.space.records.properties(original)?;
        if !properties.is_empty() {
            self.properties.push((copy, properties));
        }
        Ok(())
    }
}

/// Judges again, now under the lock of the destination's name. Blocks.
fn prepare(
    space: &Space,
    request: &Request,
    target: &Target<'_>,
    aside: Aside,
    seen: Occupied,
) -> Result<(Change, Way, Vec<u64>), Failure> {
    if target.occupied(space)? != seen {
        return Err(stale().into());
    }
    request.judge_locks(space, &[target.touch()])?;
    let line = space.line(target.folder)?;
    let to = space.files.dir(target.folder)?;
    let kind = match aside {
        Aside::File(_) => Kind::File,
        Aside::Dir(_) => Kind::Dir,
    };
    let way = target.way(space, request, seen, kind)?;
    let name = target.name.clone();
    let change = match (aside, &way) {
        (Aside::File(file), Way::Kept(_)) => Change::Replace { file, dir: to, name, unique: unique()? },
        (Aside::File(file), _) => Change::Create { file, dir: to, name },
        (Aside::Dir(aside), way) => Change::Move { from: space.uploads.clone(), name: aside, to, new: name, replace: way.replace() },
    };
    Ok((change, way, line))
}

/// The time of the last change in seconds and nanoseconds.
fn time(stat: Stat) -> (i64, i64) {
    let nanoseconds = i64::try_from(stat.modified_ns.rem_euclid(1_000_000_000)).unwrap_or(0);
    (stat.modified_seconds(), nanoseconds)
}
