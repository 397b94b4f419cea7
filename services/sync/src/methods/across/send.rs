//! The end that has the original.

use std::{fs::File, os::fd::AsFd, sync::Arc};

use croft_api::bulk::{Method, limits::MAX_SEGMENTS};
use croft_files::{Dir, Link, Listed, Listing, Name};
use tokio::sync::mpsc;

use super::{AHEAD, Message, tally::Tally};
use crate::{
    error::{Failure, stale},
    exchange::{Answer, Exchange},
    methods::{
        Ground, Request,
        copy::{self, Depth},
        delete, split,
    },
    space::{Entry, Handle, Space, blocking, locks::Touch},
};

/// A message with the file that goes with it.
type Packet = (Message, Option<Arc<File>>);

/// Sends an entry to another worker. What was moved goes to the trash once the gateway says that all of it is there.
pub(super) async fn send(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let moves = request.open.method == Method::Move;
    let (_, name) = split(&request.path).ok_or_else(delete::is_root)?;
    let name = name.clone();
    let depth = if moves {
        request.access.writes()?;
        Depth::Infinity(MAX_SEGMENTS)
    } else {
        Depth::of(&request, MAX_SEGMENTS)?
    };
    let request = Arc::new(request);
    let (judging, judged) = (ground.space.clone(), request.clone());
    blocking(move || {
        let touches = if moves { vec![Touch::Entry(&judged.path)] } else { Vec::new() };
        judged.judge(&judging, Some(&original(&judging, &judged.path)?), &touches)
    })
    .await?;
    let link = exchange.beside()?;
    exchange.go_on().await?;
    let space = ground.space.clone();
    let place = exchange.unless_gone(space.turn_to_send()).await?;
    let sent = exchange.unless_gone(stream(ground.space.clone(), &request, (name.clone(), depth), &link)).await?;
    drop(place);
    // Where the other end is gone the gateway knows why, and ends this one.
    exchange.commit().await?;
    let tally = sent.ok_or(Failure::Broken("what was not sent whole cannot be there"))?;
    // A copy of what others may have put there says as well what of it did not come along.
    if let Some(problem) = tally.left_out().filter(|_| moves || ground.space.shelf.is_some()) {
        return Err(problem.into());
    }
    if !moves {
        return Ok(Answer::empty(204, Vec::new()));
    }
    let path = request.path.clone();
    let still = move |space: &Space, _: &Entry| {
        let (folder, name) = split(&path).ok_or_else(delete::is_root)?;
        if tally.still_holds(&space.files.dir(folder)?, name)? { Ok(()) } else { Err(stale().into()) }
    };
    delete::discard(ground, request, still).await
}

/// What lies at `path`: among the files, or on the disk that this worker shows. Blocks.
fn original(space: &Space, path: &[Name]) -> Result<Entry, Failure> {
    if space.shelf.is_some() { space.on_shelf(path) } else { space.entry(path) }
}

/// Sends all of it; `None` where the other end is gone.
async fn stream(space: Arc<Space>, request: &Arc<Request>, (name, depth): (Name, Depth), link: &Link) -> Result<Option<Tally>, Failure> {
    let (out, mut packets) = mpsc::channel(AHEAD);
    let asked = request.clone();
    let walking = blocking(move || {
        let entry = original(&space, &asked.path)?;
        let bytes = match (&space.shelf, entry.dir()) {
            (Some(shelf), _) => shelf.size(&asked.path, &entry)?,
            (None, Some(dir)) => space.size_of(dir, entry.stamp.id)?,
            (None, None) => entry.stat.size,
        };
        let mut sending = Sending { space: &space, out, tally: Tally::default(), held: 0 };
        sending.say(Message::Whole { bytes }, None)?;
        sending.whole((&entry, &name), depth)?;
        sending.say(Message::End(sending.tally.count), None)?;
        Ok(sending.tally)
    });
    let pump = async move {
        while let Some((message, file)) = packets.recv().await {
            match link.send(&message.encode()?, file.as_ref().map(|file| file.as_fd())).await {
                Ok(()) => {}
                Err(error) if error.is_closed() => return Ok::<_, Failure>(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    };
    let (walked, pumped) = tokio::join!(walking, pump);
    match (walked, pumped?) {
        (_, false) => Ok(None),
        (walked, true) => walked.map(Some),
    }
}

/// A folder that is being sent.
struct Level {
    dir: Dir,
    /// As [`Tally::add`] gave it.
    place: u64,
    /// What of it is still to be sent.
    left: std::vec::IntoIter<Listed>,
}

/// A walk through what is sent.
struct Sending<'a> {
    space: &'a Space,
    out: mpsc::Sender<Packet>,
    tally: Tally,
    /// How many entries of folders on the way down are still to be sent.
    held: usize,
}

impl Sending<'_> {
    fn say(&self, message: Message, file: Option<Arc<File>>) -> Result<(), Failure> {
        self.out.blocking_send((message, file)).map_err(|_| Failure::Gone)
    }

    /// Sends `entry`, called `name`, with all that is in it.
    fn whole(&mut self, (entry, name): (&Entry, &Name), depth: Depth) -> Result<(), Failure> {
        // The folders on the way down.
        let mut open = Vec::from_iter(self.one((entry, name), 0, depth)?);
        while let Some(level) = open.last_mut() {
            let Some(listed) = level.left.next() else {
                self.say(Message::Up, None)?;
                open.pop();
                continue;
            };
            let Some(below) = copy::shown(self.child(&level.dir, &listed.name))? else {
                // Gone meanwhile, or nothing that is shown. From a disk, which nobody writes to, nothing goes.
                if self.space.shelf.is_some() || level.dir.stat_of(&listed.name).is_ok() {
                    self.tally.leave_out(listed.name.as_str());
                }
                continue;
            };
            let place = level.place;
            if open.len() > MAX_SEGMENTS {
                return Err(copy::too_deep().into());
            }
            if below.dir().is_some() {
                self.held = open.iter().map(|level| level.left.len()).sum();
            }
            open.extend(self.one((&below, &listed.name), place, depth)?);
        }
        Ok(())
    }

    /// The entry `name` in `parent`, a folder below what is sent.
    fn child(&self, parent: &Dir, name: &Name) -> Result<Entry, Failure> {
        match &self.space.shelf {
            Some(shelf) => shelf.child(std::slice::from_ref(name), parent, name),
            None => self.space.child(parent, name),
        }
    }

    /// What lies in a folder.
    fn listing(&self, dir: &Dir) -> Result<Listing, Failure> {
        match &self.space.shelf {
            // Never the topmost folder of a disk, which nobody can send.
            Some(shelf) => shelf.listing_beside(self.held, &[Name::literal("below")], dir),
            None => Ok(dir.listing()?),
        }
    }

    /// Sends one entry, which lies in the folder at `place`; a folder gives what lies in it.
    fn one(&mut self, (entry, name): (&Entry, &Name), place: u64, depth: Depth) -> Result<Option<Level>, Failure> {
        let place = self.tally.add(place, name, &entry.stat);
        let level = match &entry.handle {
            Handle::File(file) => {
                let (modified_seconds, modified_nanoseconds) = copy::time(entry.stat);
                // Those that a disk brings along are somebody else's word.
                let sums = if self.space.shelf.is_some() { None } else { copy::sums(entry)? };
                let sums = sums.map(|sums| sums.as_str().to_owned());
                let (name, size) = (name.to_string(), entry.stat.size);
                self.say(Message::File { name, size, modified_seconds, modified_nanoseconds, sums }, Some(file.clone()))?;
                None
            }
            Handle::Dir(dir) => {
                self.say(Message::Folder { name: name.to_string() }, None)?;
                let listing = if depth == Depth::Zero { Listing::default() } else { self.listing(dir)? };
                listing.unnamed.iter().for_each(|name| self.tally.leave_out(name));
                Some(Level { dir: dir.clone(), place, left: listing.entries.into_iter() })
            }
        };
        self.properties_of(entry)?;
        Ok(level)
    }

    fn properties_of(&self, entry: &Entry) -> Result<(), Failure> {
        for property in self.space.records.properties(entry.stamp.id)? {
            self.say(Message::Property { xml: property.xml }, None)?;
        }
        Ok(())
    }
}
