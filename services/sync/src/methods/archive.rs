//! A folder as one archive: ZIP without compression, made while it is sent. Nothing of it lies on the disk, and a piece of it in memory.

use std::{
    collections::{HashSet, VecDeque},
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    sync::{Arc, Mutex, PoisonError},
};

use croft_api::bulk::Method;
use croft_files::{Dir, Kind, Name};
use croft_model::Problem;
use jiff::{Timestamp, tz::TimeZone};
use percent_encoding::utf8_percent_encode;
use tokio::sync::OwnedSemaphorePermit;
use zip::{
    DateTime, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use super::{Ground, Request, get, pairs, stranger};
use crate::{
    error::Failure,
    exchange::{Answer, Body},
    space::{Entry, Handle, Space, blocking},
};

/// Bytes read at once, and of a piece: what a DATA frame takes goes in one.
const PIECE: usize = 60 * 1024;
/// Entries of an archive, and bytes of their paths: its end, which names all of them, is kept in memory.
const MAX_ENTRIES: usize = 50_000;
const MAX_PATHS: usize = 8 * 1024 * 1024;
/// Folders in each other, each with a descriptor.
const MAX_DEPTH: usize = 64;
/// Length from which the format of old does not do.
const LARGE: u64 = 0xffff_0000;

/// What is in a folder, each name as it is and as it is called in the archive.
type Names = VecDeque<(Name, String)>;

/// An archive on its way.
struct Archive {
    space: Arc<Space>,
    /// None once its end was written.
    writer: Option<ZipWriter<StreamWriter<Pieces>>>,
    pieces: Pieces,
    /// Folders that are being walked, from the first one down, each with its path in the archive and what is still to come.
    folders: Vec<(Dir, String, Names)>,
    /// The file that is being read, and from where to where.
    file: Option<(Arc<File>, u64, u64)>,
    taken: Taken,
    #[expect(dead_code, reason = "held, not read")]
    places: Vec<OwnedSemaphorePermit>,
}

/// What an archive holds so far.
#[derive(Default)]
struct Taken {
    entries: usize,
    /// Bytes of all paths.
    paths: usize,
}

impl Taken {
    /// Counts an entry of this path length; refuses one too many.
    fn count(&mut self, path: usize) -> Result<(), Problem> {
        self.entries += 1;
        self.paths += path;
        if self.entries <= MAX_ENTRIES && self.paths <= MAX_PATHS { Ok(()) } else { Err(too_large()) }
    }

    /// Counts all that is in `dir`, at `depth` and with a path of `length` bytes, before a byte is sent. Blocks.
    fn survey(&mut self, dir: &Dir, depth: usize, length: usize) -> Result<(), Failure> {
        if depth >= MAX_DEPTH {
            return Err(too_large().into());
        }
        for listed in dir.list()? {
            let length = length + 1 + listed.name.as_str().len();
            self.count(length)?;
            if listed.kind == Some(Kind::Dir) {
                match dir.dir(std::slice::from_ref(&listed.name)) {
                    Ok(below) => self.survey(&below, depth + 1, length)?,
                    Err(error) if error.is_absent() => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}

/// What was written and not yet sent.
#[derive(Clone, Default)]
struct Pieces(Arc<Mutex<Vec<u8>>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pieces {
    fn length(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The folder at the path of `request` as an archive.
pub(super) async fn archive(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    if request.open.method != Method::Get {
        return Err(Problem::new(405, "method-not-allowed", "An archive is only read.").into());
    }
    let guest = request.access.guest.clone();
    let below = super::path::text(request.shown());
    let space = ground.space.clone();
    let of_guests = guest.as_ref().map(|_| &space.archiving_for_guests);
    let places = of_guests.into_iter().chain([&space.archiving]).map(|places| {
        Arc::clone(places).try_acquire_owned().map_err(|_| {
            Problem::new(503, "busy", "The space makes as many archives as it can already.").hint("Try again in a moment.").retry_after(10)
        })
    });
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let (mut archive, id, name) = blocking(move || {
        let entry = space.entry(&request.path)?;
        stranger::still_opens(&request.access, &space)?;
        let Handle::Dir(dir) = entry.handle else {
            return Err(Problem::new(405, "is-a-file", "Only a folder becomes an archive.").hint("Download the file.").into());
        };
        let name = request.path.last().map_or_else(|| request.access.space.clone(), ToString::to_string);
        Taken::default().survey(&dir, 1, name.len())?;
        Ok((Archive::new(space, places, dir, &name)?, entry.stamp.id, name))
    })
    .await?;
    if let Some(guest) = guest {
        stranger::downloaded(ground, &guest, below, id).await?;
    }
    let mut headers = pairs(&get::DEFUSED[..3]);
    headers.push(("content-type".into(), "application/zip".into()));
    headers.push(("content-disposition".into(), format!("attachment; filename*=UTF-8''{}.zip", utf8_percent_encode(&name, get::PLAIN))));
    let body = Body::Pieces(Box::new(move || archive.piece()));
    Ok(Answer { status: 200, headers, body, changed: Vec::new() })
}

impl Archive {
    fn new(space: Arc<Space>, places: Vec<OwnedSemaphorePermit>, dir: Dir, name: &str) -> Result<Self, Failure> {
        let pieces = Pieces::default();
        let writer = Some(ZipWriter::new_stream(pieces.clone()));
        let mut this = Self { space, writer, pieces, folders: Vec::new(), file: None, taken: Taken::default(), places };
        this.enter(dir, plain(name))?;
        Ok(this)
    }

    /// The next piece, or `None` after the last. Blocks.
    fn piece(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        while self.pieces.length() < PIECE && self.writer.is_some() {
            self.step()?;
        }
        let piece = self.pieces.take();
        Ok((!piece.is_empty()).then_some(piece))
    }

    /// Reads on in a file, or begins the next entry, or ends.
    fn step(&mut self) -> Result<(), Failure> {
        if let Some((file, at, end)) = self.file.take() {
            return self.read_on(file, at, end);
        }
        let Some((dir, path, names)) = self.folders.last_mut() else {
            let writer = self.writer.take().ok_or(Failure::Broken("an archive ends once"))?;
            return writer.finish().map(drop).map_err(unwritten);
        };
        let Some((name, called)) = names.pop_front() else {
            self.folders.pop();
            return Ok(());
        };
        let path = format!("{path}/{called}");
        match self.space.child(dir, &name) {
            Ok(entry) => self.begin(entry, path),
            // Gone since its folder was listed, or nothing that is shown.
            Err(Failure::Files(error)) if error.is_absent() => Ok(()),
            Err(Failure::Problem(problem)) if problem.status == 404 => Ok(()),
            // An archive that lacks something in silence would be taken for all.
            Err(error) => Err(error),
        }
    }

    fn begin(&mut self, entry: Entry, path: String) -> Result<(), Failure> {
        // It may have grown since it was surveyed.
        self.taken.count(path.len())?;
        let modified = entry.stat.modified_seconds();
        match entry.handle {
            Handle::Dir(dir) => self.enter(dir, path),
            Handle::File(file) => {
                let options = SimpleFileOptions::default().last_modified_time(time(modified)).large_file(entry.stat.size >= LARGE);
                self.writer()?.start_file(path, options).map_err(unwritten)?;
                self.file = Some((file, 0, entry.stat.size));
                Ok(())
            }
        }
    }

    fn enter(&mut self, dir: Dir, path: String) -> Result<(), Failure> {
        if self.folders.len() >= MAX_DEPTH {
            return Err(too_large().into());
        }
        let shown = dir.list()?.into_iter().filter(|listed| listed.kind != Some(Kind::Other));
        let mut names: Vec<Name> = shown.map(|listed| listed.name).collect();
        names.sort();
        self.writer()?.add_directory(path.as_str(), SimpleFileOptions::default()).map_err(unwritten)?;
        self.folders.push((dir, path, called(names)));
        Ok(())
    }

    /// No further than the length that the file had, which the archive has said.
    fn read_on(&mut self, file: Arc<File>, at: u64, end: u64) -> Result<(), Failure> {
        let length = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, at).map_err(Failure::Read)?;
        self.writer()?.write_all(&bytes).map_err(Failure::Read)?;
        let at = at + length as u64;
        self.file = (at < end).then_some((file, at, end));
        Ok(())
    }

    fn writer(&mut self) -> Result<&mut ZipWriter<StreamWriter<Pieces>>, Failure> {
        self.writer.as_mut().ok_or(Failure::Broken("an archive ends once"))
    }
}

/// A name that is one on every computer: some take `\` for the border of a folder.
fn plain(name: &str) -> String {
    name.replace('\\', "_")
}

/// Each of the `names` with what it is called in an archive: no two in a folder are called alike.
fn called(names: Vec<Name>) -> Names {
    let mut taken: HashSet<String> = names.iter().map(ToString::to_string).filter(|name| plain(name) == *name).collect();
    let mut call = |name: &Name| {
        let wanted = plain(name.as_str());
        if wanted == name.as_str() {
            return wanted;
        }
        let free = (1_usize..).map(|number| if number == 1 { wanted.clone() } else { format!("{wanted} ({number})") });
        let called = free.into_iter().find(|called| !taken.contains(called)).unwrap_or_default();
        taken.insert(called.clone());
        called
    };
    names
        .into_iter()
        .map(|name| {
            let called = call(&name);
            (name, called)
        })
        .collect()
}

fn too_large() -> Problem {
    Problem::new(409, "archive-too-large", "This folder holds more than one archive takes.").hint("Download the folders in it one by one.")
}

fn time(seconds: i64) -> DateTime {
    let at = Timestamp::from_second(seconds).unwrap_or_default().to_zoned(TimeZone::UTC);
    let part = |part: i8| u8::try_from(part).unwrap_or_default();
    let year = u16::try_from(at.year()).unwrap_or_default();
    DateTime::from_date_and_time(year, part(at.month()), part(at.day()), part(at.hour()), part(at.minute()), part(at.second()))
        .unwrap_or_default()
}

fn unwritten(error: zip::result::ZipError) -> Failure {
    Failure::Read(io::Error::other(error))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_names_of_a_folder_are_called_alike() {
        let names = ["a (2)", "a\\b", "a_b", "a_b (2)", "b"].map(|name| Name::new(name).unwrap());
        let called: Vec<String> = called(names.into()).into_iter().map(|(_, called)| called).collect();
        assert_eq!(called, ["a (2)", "a_b (3)", "a_b", "a_b (2)", "b"]);
    }

    #[test]
    fn an_archive_has_so_many_entries_and_so_long_paths() {
        let full = |entries: usize, path: usize| {
            let mut taken = Taken::default();
            (0..entries).all(|_| taken.count(path).is_ok())
        };
        assert!(full(MAX_ENTRIES, 100) && !full(MAX_ENTRIES + 1, 100));
        assert!(full(MAX_PATHS / 4096, 4096) && !full(MAX_PATHS / 4096 + 1, 4096));
    }
    croft_fuzz::target! {
        /// Each name of a folder, one a line, stands in its archive once and as one part of a path; none climbs out of where it is unpacked.
        fn archived_names(input) {
            let names: BTreeSet<Name> = String::from_utf8_lossy(input).lines().filter_map(|text| Name::new(text).ok()).collect();
            let called = called(names.into_iter().collect());
            let pieces = Pieces::default();
            let mut writer = ZipWriter::new_stream(pieces.clone());
            for (_, name) in &called {
                writer.start_file(format!("folder/{name}"), SimpleFileOptions::default()).unwrap();
            }
            drop(writer.finish().unwrap());
            let archive = zip::ZipArchive::new(io::Cursor::new(pieces.take())).unwrap();
            let found: BTreeSet<_> = archive.file_names().collect::<Result<_, _>>().unwrap();
            assert_eq!(found.len(), called.len());
            for name in found {
                let inside = name.strip_prefix("folder/").unwrap();
                assert!(!["", ".", ".."].contains(&inside) && !inside.contains(['/', '\\', '\0']), "{inside:?}");
            }
        }
    }
}
