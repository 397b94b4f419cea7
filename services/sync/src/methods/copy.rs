//! COPY: another entry with the same content, made aside and published whole.

use std::sync::Arc;

use croft_api::bulk::{Area, Frame, limits::MAX_SEGMENTS};
use croft_files::{Change, Dir, Name, Staged, Stat};
use croft_model::Problem;

use super::{
    Ground, Request, Tree, identity,
    target::{Occupied, Target, Way},
    times,
};
use crate::{
    error::{Failure, stale},
    exchange::Answer,
    space::{DeadProperty, Entry, Handle, Marked, Space, Sums, blocking, etag, unique},
};

/// A copy that has no name yet where people look.
pub(super) enum Aside {
    File(Staged),
    /// Under this name among the uploads.
    Dir(Name),
}

/// A copy that was made.
pub(super) struct Made {
    pub(super) aside: Aside,
    pub(super) id: u64,
    /// Of a file; a folder's stands in the index.
    pub(super) file: Option<(Marked, String)>,
}

/// What clients have set on originals, by the ids of the copies, until it is written.
#[derive(Default)]
pub(super) struct Properties {
    gathered: Vec<(u64, Vec<DeadProperty>)>,
    bytes: usize,
    /// Copies that have such properties.
    pub(super) written: Vec<u64>,
}

/// Bytes of properties that are gathered before they are written.
const GATHERED: usize = 256 * 1024;

/// How much of a folder is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Zero,
    /// Everything in it, down to so many folders.
    Infinity(usize),
}

/// Copies a tree into the uploads.
struct Copying<'a> {
    space: &'a Space,
    properties: Properties,
    from: Origin,
}

/// From where something is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Now,
    /// An earlier time. What clients have set on something is as it is now, and so no part of what it was.
    Then,
}

/// Copies the entry. A file that it replaces becomes a version of it; anything else goes to the trash.
pub(super) async fn copy(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    request.access.writes()?;
    let target = Arc::new(Target::of(&request)?);
    let request = Arc::new(request);
    let depth = Depth::of(&request, MAX_SEGMENTS.saturating_sub(target.path.len()))?;
    let space = &ground.space;
    let _place = space.copying()?;
    let (making, asked, leads) = (space.clone(), request.clone(), target.clone());
    let (made, there, written) = blocking(move || make(&making, &asked, &leads, depth)).await?;
    place(ground, (&request, &target), made, (there, written)).await
}

/// Publishes what was made for what was seen at the destination; gives it up, with its properties that were `written`, where that fails.
pub(super) async fn place(
    ground: &Ground,
    (request, target): (&Arc<Request>, &Arc<Target>),
    Made { aside, id, file }: Made,
    (there, written): (Occupied, Vec<u64>),
) -> Result<Answer, Failure> {
    let space = &ground.space;
    let leftover = match &aside {
        Aside::Dir(name) => Some(name.clone()),
        Aside::File(_) => None,
    };
    let published = publish(ground, request, target, (aside, id, there)).await;
    if published.is_err() {
        let giving_up = space.clone();
        let _ = blocking(move || give_up(&giving_up, leftover.as_ref(), &written)).await;
    }
    let etag = file.as_ref().map_or_else(|| space.index.etag(id), |(_, etag)| etag.clone());
    if let (Ok(_), Some((marked, _))) = (&published, file) {
        space.published(marked);
    }
    Ok(Answer { changed: published?, ..Answer::empty(Target::status(there), identity(&etag, id)) })
}

impl Depth {
    /// As `request` says it; `room` is for so many folders below each other.
    pub(super) fn of(request: &Request, room: usize) -> Result<Self, Problem> {
        match request.header("depth").map(str::trim) {
            Some("0") => Ok(Self::Zero),
            None => Ok(Self::Infinity(room)),
            Some(text) if text.eq_ignore_ascii_case("infinity") => Ok(Self::Infinity(room)),
            Some(_) => Err(Problem::new(400, "depth-malformed", "The header Depth is 0 or infinity.").key("Depth")),
        }
    }

    /// The same for what is in it.
    pub(super) fn below(self) -> Result<Option<Self>, Problem> {
        match self {
            Self::Zero => Ok(None),
            Self::Infinity(0) => Err(too_deep()),
            Self::Infinity(left) => Ok(Some(Self::Infinity(left - 1))),
        }
    }
}

pub(super) fn too_deep() -> Problem {
    Problem::new(403, "too-deep", "This folder is too deep to be copied.")
}

async fn publish(
    ground: &Ground,
    request: &Arc<Request>,
    target: &Arc<Target>,
    (aside, id, seen): (Aside, u64, Occupied),
) -> Result<Vec<Frame>, Failure> {
    let space = &ground.space;
    let _tree = Tree::lock(space, seen == Occupied::Dir).await;
    let _name = space.lock_name(&target.folder, &target.name).await;
    let (preparing, judged, leads) = (space.clone(), request.clone(), target.clone());
    let (change, way, line) = blocking(move || prepare(&preparing, &judged, &leads, (aside, id, seen))).await?;
    way.publish(ground, (target, change), &[&target.folder], &line).await
}

/// Judges, and makes the copy aside. Blocks.
fn make(space: &Space, request: &Request, target: &Target, depth: Depth) -> Result<(Made, Occupied, Vec<u64>), Failure> {
    let from = if request.open.area == Area::Times { Origin::Then } else { Origin::Now };
    let entry = from.entry(space, request)?;
    let there = target.occupied(space)?;
    request.judge(space, Some(&entry), &[target.touch()])?;
    let mut copying = Copying { space, properties: Properties::default(), from };
    let name = unique()?;
    let made = copying.entry(&entry, &name, depth).and_then(|made| {
        copying.properties.write(space)?;
        Ok(made)
    });
    match made {
        Ok(made) => Ok((made, there, copying.properties.written)),
        Err(error) => {
            let leftover = entry.dir().map(|_| &name);
            let _ = give_up(space, leftover, &copying.properties.written);
            Err(error)
        }
    }
}

/// Takes away what was made and is not published. What stays goes at the next start. Blocks.
pub(super) fn give_up(space: &Space, leftover: Option<&Name>, written: &[u64]) -> Result<(), Failure> {
    if let Some(name) = leftover {
        space.uploads.remove_tree(name)?;
    }
    let none: Vec<_> = written.iter().map(|id| (*id, Vec::new())).collect();
    Ok(space.records.set_properties(&none)?)
}

impl Origin {
    fn entry(self, space: &Space, request: &Request) -> Result<Entry, Failure> {
        match self {
            Self::Now => space.entry(&request.path),
            Self::Then => times::entry(space, request),
        }
    }

    fn child(self, space: &Space, parent: &Dir, name: &Name) -> Result<Entry, Failure> {
        match self {
            Self::Now => space.child(parent, name),
            Self::Then => space.past_child(parent, name),
        }
    }
}

impl Copying<'_> {
    /// Copies `entry`, a folder to `name` among the uploads; all of it is on the disk then.
    fn entry(&mut self, entry: &Entry, name: &Name, depth: Depth) -> Result<Made, Failure> {
        let file = match &entry.handle {
            Handle::File(file) => file,
            Handle::Dir(dir) => {
                let id = self.dir((dir, entry.stamp.id), &self.space.uploads, name, depth)?;
                self.space.uploads.sync_whole()?;
                return Ok(Made { aside: Aside::Dir(name.clone()), id, file: None });
            }
        };
        self.space.admit(entry.stat.size)?;
        let staged = self.space.stage()?;
        self.space.room.count(staged.copy(file)?);
        let (seconds, nanoseconds) = time(entry.stat);
        staged.set_modified(seconds, nanoseconds)?;
        let marked = self.space.mark(&staged, self.space.ids.fresh()?)?;
        let etag = etag::file(marked.stamp, staged.stat()?);
        if let Some(sums) = sums(entry)? {
            sums.write(&staged, &etag)?;
        }
        staged.write_out()?;
        let id = marked.stamp.id;
        self.properties_of(entry.stamp.id, id)?;
        Ok(Made { aside: Aside::File(staged), id, file: Some((marked, etag)) })
    }

    /// Copies the folder `from` with its id to the new name `name` in `parent`, and gives the copy's id.
    fn dir(&mut self, (from, id): (&Dir, u64), parent: &Dir, name: &Name, depth: Depth) -> Result<u64, Failure> {
        self.space.admit(0)?;
        let to = parent.make(name)?;
        let own = self.space.ids.of(&to, to.stat()?)?.id;
        self.properties_of(id, own)?;
        let Some(depth) = depth.below()? else { return Ok(own) };
        for listed in from.list()? {
            let Some(entry) = shown(self.from.child(self.space, from, &listed.name))? else { continue };
            match &entry.handle {
                Handle::Dir(below) => drop(self.dir((below, entry.stamp.id), &to, &listed.name, depth)?),
                Handle::File(file) => {
                    self.space.admit(entry.stat.size)?;
                    let copy = to.new_file(&listed.name)?;
                    self.space.room.count(croft_files::copy(file, &copy)?);
                    let (seconds, nanoseconds) = time(entry.stat);
                    croft_files::set_modified(&copy, seconds, nanoseconds)?;
                    let stat = Stat::of(&copy)?;
                    let own = self.space.ids.of(&copy, stat)?;
                    if let Some(sums) = sums(&entry)? {
                        sums.write(&copy, &etag::file(own, stat))?;
                    }
                    self.properties_of(entry.stamp.id, own.id)?;
                }
            }
        }
        Ok(own)
    }

    fn properties_of(&mut self, original: u64, copy: u64) -> Result<(), Failure> {
        match self.from {
            Origin::Now => self.properties.add(self.space, copy, self.space.records.properties(original)?),
            Origin::Then => Ok(()),
        }
    }
}

impl Properties {
    /// Takes those of `copy`. Blocks.
    pub(super) fn add(&mut self, space: &Space, copy: u64, properties: Vec<DeadProperty>) -> Result<(), Failure> {
        if properties.is_empty() {
            return Ok(());
        }
        self.bytes += properties.iter().map(|property| property.xml.len()).sum::<usize>();
        self.gathered.push((copy, properties));
        if self.bytes > GATHERED { self.write(space) } else { Ok(()) }
    }

    /// Writes those that were gathered. Blocks.
    pub(super) fn write(&mut self, space: &Space) -> Result<(), Failure> {
        let gathered = std::mem::take(&mut self.gathered);
        self.bytes = 0;
        if gathered.is_empty() {
            return Ok(());
        }
        self.written.extend(gathered.iter().map(|(copy, _)| *copy));
        Ok(space.records.set_properties(&gathered)?)
    }
}

/// An entry of a folder that was listed; `None` where it is gone since, or nothing that is shown.
pub(super) fn shown(child: Result<Entry, Failure>) -> Result<Option<Entry>, Failure> {
    match child {
        Ok(entry) => Ok(Some(entry)),
        Err(Failure::Files(error)) if error.is_absent() => Ok(None),
        Err(Failure::Problem(problem)) if problem.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

/// Judges again, now under the lock of the destination's name. Blocks.
fn prepare(
    space: &Space,
    request: &Request,
    target: &Target,
    (aside, id, seen): (Aside, u64, Occupied),
) -> Result<(Change, Way, Vec<u64>), Failure> {
    if target.occupied(space)? != seen {
        return Err(stale().into());
    }
    // What comes from another space has its original there.
    let original = match request.open.area {
        Area::Across => None,
        Area::Times => Some(times::entry(space, request)?),
        _ => Some(space.entry(&request.path)?),
    };
    request.judge(space, original.as_ref(), &[target.touch()])?;
    let line = space.line(&target.folder)?;
    let to = space.files.dir(&target.folder)?;
    let comes = match &aside {
        Aside::File(staged) => staged.stat()?,
        Aside::Dir(name) => space.uploads.stat_of(name)?,
    };
    let way = target.way(space, request, seen, (comes, id))?;
    let name = target.name.clone();
    let change = match (aside, &way) {
        (Aside::File(file), Way::Over(_)) => Change::Replace { file, dir: to, name, unique: unique()?, keep: None },
        (Aside::File(file), _) => Change::Create { file, dir: to, name },
        (Aside::Dir(aside), way) => Change::Move { from: space.uploads.clone(), name: aside, to, new: name, replace: way.replace() },
    };
    Ok((change, way, line))
}

/// The checksums of a file that was just copied, unless it was changed meanwhile. Blocks.
pub(super) fn sums(original: &Entry) -> Result<Option<Sums>, Failure> {
    let Handle::File(file) = &original.handle else { return Ok(None) };
    let unchanged = etag::file(original.stamp, Stat::of(file)?) == original.etag;
    Ok(original.sums().filter(|_| unchanged))
}

/// The time of the last change in seconds and nanoseconds.
pub(super) fn time(stat: Stat) -> (i64, i64) {
    let nanoseconds = i64::try_from(stat.modified_ns.rem_euclid(1_000_000_000)).unwrap_or(0);
    (stat.modified_seconds(), nanoseconds)
}
