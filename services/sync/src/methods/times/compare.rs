//! What was in a folder beside what is: opened, and judged name by name.

use croft_files::{Dir, Kind, Name};

use super::{super::trash::present, then as was_then};
use crate::{
    error::{Failure, not_found},
    judge::back::{self, Deed, Seen, decide},
    space::{Entry, Space, Time},
};

/// A name that was judged.
pub(super) struct Judged {
    pub(super) name: Name,
    pub(super) deed: Deed,
    pub(super) kind: Kind,
    pub(super) size: u64,
    /// The file that is there now.
    pub(super) present: Option<u64>,
    /// Where what was there is now, and who that is.
    pub(super) elsewhere: Option<(Vec<Name>, u64)>,
}

/// What is in a folder now and was not then.
#[derive(Debug, Default)]
pub(super) struct Newer {
    /// Names with ids.
    pub(super) made: Vec<(Name, u64)>,
    /// Folders that were there and are, in which there may be more.
    pub(super) folders: Vec<Name>,
}

/// Judges names that were in a folder. Blocks.
pub(super) fn judge(
    (space, time): (&Space, Time),
    (then, now): (&[Name], Option<&[Name]>),
    scope: &[Name],
    names: Vec<Name>,
) -> Result<Vec<Judged>, Failure> {
    let past = was_then(space, time, then)?;
    let past = past.dir().ok_or_else(not_found)?;
    let there = now.map(|now| space.files.dir(now)).transpose();
    let there = match there {
        Ok(there) => there,
        Err(error) if error.is_absent() => None,
        Err(error) => return Err(error.into()),
    };
    let mut all = Vec::new();
    for name in names {
        let Some((was, entry)) = seen((past, &name), space.past_child(past, &name))? else { continue };
        let is = there.as_ref().map(|there| seen((there, &name), space.child(there, &name))).transpose()?.flatten();
        let elsewhere = match (&entry, &is) {
            (Some(entry), None) => elsewhere(space, time, (scope, &joined(then, &name)), entry)?,
            _ => None,
        };
        let deed = decide(Some(&was), is.as_ref().map(|(seen, _)| seen), elsewhere.is_some(), back::Newer::Stays);
        let present = is.and_then(|(_, entry)| entry).map(|entry| entry.stamp.id);
        all.push(Judged { name, deed, kind: was.kind, size: was.size, present, elsewhere });
    }
    Ok(all)
}

/// Where in the part of the space that is brought back what was `entry` is now, if nothing was there then and it can go from there to `path`. Blocks.
fn elsewhere(space: &Space, time: Time, (scope, path): (&[Name], &[Name]), entry: &Entry) -> Result<Option<(Vec<Name>, u64)>, Failure> {
    let id = entry.stamp.id;
    if id == 0 || (entry.dir().is_none() && entry.stat.names != 1) {
        return Ok(None);
    }
    let Some(from) = space.path_of(id)? else { return Ok(None) };
    let within = from.starts_with(scope) && from.len() > scope.len() && !path.starts_with(&from);
    let was_there = match space.past(time, &from) {
        Err(Failure::Files(error)) if error.is_damaged() => true,
        entry => present(entry)?.is_some(),
    };
    if !within || was_there {
        return Ok(None);
    }
    let Some(is) = readable(space.entry(&from))? else { return Ok(None) };
    Ok((is.stat.kind == entry.stat.kind).then_some((from, id)))
}

/// What is there and can be read.
fn readable(entry: Result<Entry, Failure>) -> Result<Option<Entry>, Failure> {
    match entry {
        Err(Failure::Files(error)) if error.is_damaged() => Ok(None),
        entry => present(entry),
    }
}

/// What was opened as `name` in `dir`; one without an entry is nothing that people's trees are made of, or cannot be read. `None` where there is nothing.
fn seen((dir, name): (&Dir, &Name), opened: Result<Entry, Failure>) -> Result<Option<(Seen, Option<Entry>)>, Failure> {
    let other = || Some((Seen { kind: Kind::Other, size: 0, etag: String::new() }, None));
    match opened {
        Ok(entry) => Ok(Some((Seen { kind: entry.stat.kind, size: entry.stat.size, etag: entry.etag.clone() }, Some(entry)))),
        Err(Failure::Files(error)) if error.is_refused() || error.is_damaged() => Ok(other()),
        // A link leads nowhere, and is there.
        Err(Failure::Files(error)) if error.is_absent() => match dir.stat_of(name) {
            Ok(_) => Ok(other()),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) if error.is_damaged() => Ok(other()),
            Err(error) => Err(error.into()),
        },
        Err(Failure::Problem(problem)) if problem.status == 404 => Ok(other()),
        Err(error) => Err(error),
    }
}

/// The names in the folder `now`, the last of them first. Blocks.
pub(super) fn names(space: &Space, now: &[Name]) -> Result<Vec<Name>, Failure> {
    let Some(is) = present(space.entry(now))? else { return Ok(Vec::new()) };
    let Some(is) = is.dir() else { return Ok(Vec::new()) };
    let mut names: Vec<Name> = is.list()?.into_iter().map(|listed| listed.name).collect();
    names.sort_by(|one, other| other.cmp(one));
    Ok(names)
}

/// Which of the `names` in a folder are newer than it was. Blocks.
pub(super) fn newer((space, time): (&Space, Time), then: &[Name], now: &[Name], names: Vec<Name>) -> Result<Newer, Failure> {
    let (was, Some(is)) = (was_then(space, time, then)?, present(space.entry(now))?) else { return Ok(Newer::default()) };
    let (Some(was), Some(is)) = (was.dir(), is.dir()) else { return Ok(Newer::default()) };
    let mut newer = Newer::default();
    for name in names {
        let before = match was.stat_of(&name) {
            Ok(stat) => Some(stat.kind),
            Err(error) if error.is_absent() => None,
            // It was there, whatever it was.
            Err(error) if error.is_damaged() => Some(Kind::Other),
            Err(error) => return Err(error.into()),
        };
        let Some(entry) = readable(space.child(is, &name))? else { continue };
        match (before, entry.stat.kind) {
            (None, _) => newer.made.push((name, entry.stamp.id)),
            (Some(Kind::Dir), Kind::Dir) => newer.folders.push(name),
            _ => {}
        }
    }
    Ok(newer)
}

/// The path of an entry of `folder`.
pub(super) fn joined(folder: &[Name], name: &Name) -> Vec<Name> {
    folder.iter().chain([name]).cloned().collect()
}
