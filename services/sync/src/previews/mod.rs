//! Small pictures of the space's files: kept in a cache beside the index, made by the role `preview` out of a descriptor.

mod ask;
mod cache;

use std::{
    fs::File,
    sync::{Arc, OnceLock},
    time::Duration,
};

use croft_api::{
    inherit::RunDirectory,
    preview::{Ask, DECODER_VERSION, MAX_FILE_BYTES, Refused, Shape, Taken},
};
use croft_files::Dir;
use croft_model::Problem;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

use self::cache::Cache;
use crate::{
    content_type,
    error::{Failure, SyncError},
    space::{Space, blocking},
};

/// What the gateway says of the picture that is wanted: `WIDTH HEIGHT fit` or `WIDTH HEIGHT cover`, and where there is no path the file's id
/// behind it. No client's header has this name.
pub(crate) const WANTED: &str = "croft-preview";
/// Sides of the boxes that are filled: few, so that most wishes meet a picture that is there. A tile of a grid, and a screen.
const SIDES: [u16; 2] = [256, 1024];
/// Questions of this space at once; with two, other spaces have their turn.
const PLACES: usize = 2;
/// Questions that wait for a place. More are busy at once, so that they leave the worker's streams to others.
const WAITING: usize = 48;
/// How long a client waits, the queue included. A page of pictures asks for some dozens at once.
const PATIENCE: Duration = Duration::from_secs(25);
/// Media types that are asked for. Which picture it is, its bytes say to the decoder.
const TYPES: [&str; 9] =
    ["image/avif", "image/bmp", "image/gif", "image/heic", "image/heif", "image/jpeg", "image/png", "image/tiff", "image/webp"];

/// Media types of films, of which little is read however long they are.
const FILMS: [&str; 2] = ["video/mp4", "video/quicktime"];

/// How long it may take to read when a file was taken, in seconds.
const READING_SECONDS: u8 = 20;

/// Why nobody read when a file was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRead {
    /// Others come first.
    Busy,
    /// It did not come to an end: the file is too much, or the box has a fault.
    Trouble,
    /// There is nobody who reads.
    Nobody,
}

/// Small pictures of one space.
#[derive(Debug)]
pub(crate) struct Previews {
    cache: Arc<Cache>,
    role: OnceLock<RunDirectory>,
    places: Semaphore,
    waiting: Semaphore,
}

/// A small picture that a client wants, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    side: u16,
    shape: Shape,
}

/// Whether there may be a small picture of a file with this name and length.
pub(crate) fn may_be(name: &str, bytes: u64) -> bool {
    let kind = content_type::of(name);
    bytes > 0 && (FILMS.contains(&kind) || bytes <= MAX_FILE_BYTES && TYPES.contains(&kind))
}

/// There is none of this file.
pub(crate) fn none() -> Problem {
    Problem::new(404, "no-preview", "There is no small picture of this file.").hint("Open the file itself.")
}

fn busy() -> Problem {
    Problem::new(503, "preview-busy", "The small picture of this file is not there yet: others come first.")
        .hint("Try again in a moment; the file itself can be opened meanwhile.")
        .retry_after(5)
}

impl Wanted {
    /// What the gateway's words mean: the smallest box that is kept and holds the one that is wanted, else the largest.
    pub(crate) fn parse(words: &str) -> Option<(Self, Option<u64>)> {
        let mut words = words.split(' ');
        let (width, height): (u32, u32) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let shape = match words.next()? {
            "fit" => Shape::Fit,
            "cover" => Shape::Cover,
            _ => return None,
        };
        let id = words.next().map(str::parse).transpose().ok()?;
        if words.next().is_some() {
            return None;
        }
        let side = SIDES.into_iter().find(|side| u32::from(*side) >= width.max(height)).unwrap_or(SIDES[SIDES.len() - 1]);
        Some((Self { side, shape }, id))
    }

    /// The small picture of the content `etag` as this release makes it, as ETag and as name in the cache.
    pub(crate) fn key(self, etag: &str) -> String {
        let shape = if self.shape == Shape::Fit { 'f' } else { 'c' };
        format!("{etag}-{}{shape}{DECODER_VERSION}", self.side)
    }
}

impl Previews {
    /// Small pictures that are kept in `index`. Blocks.
    pub(crate) fn open(index: &Dir) -> Result<Self, SyncError> {
        let cache = Cache::open(index).map_err(|source| SyncError::Space { what: "opening the cache of small pictures", source })?;
        Ok(Self { cache: Arc::new(cache), role: OnceLock::new(), places: Semaphore::new(PLACES), waiting: Semaphore::new(WAITING) })
    }

    /// From now on the role `preview` is asked, by its socket in `run`.
    pub(crate) fn ask_in(&self, run: RunDirectory) {
        // Once a worker's life; a second time says the same.
        let _ = self.role.set(run);
    }

    /// The small picture `wanted` of `file`, whose content is `etag`.
    pub(crate) async fn get(&self, space: &Arc<Space>, file: Arc<File>, wanted: Wanted, etag: &str) -> Result<Vec<u8>, Failure> {
        let key = wanted.key(etag);
        if let Some(known) = self.known(&key).await? {
            return known.map_err(|_| none().into());
        }
        let role = self.role.get().ok_or_else(|| Problem::unavailable("Small pictures"))?;
        let until = Instant::now() + PATIENCE;
        let _place = self.place(until).await?;
        // Another client may have wanted the same.
        if let Some(known) = self.known(&key).await? {
            return known.map_err(|_| none().into());
        }
        let left = until.saturating_duration_since(Instant::now());
        let patience_seconds = u8::try_from(left.as_secs()).unwrap_or(u8::MAX).max(1);
        let ask = Ask { shape: wanted.shape, width: wanted.side, height: wanted.side, patience_seconds };
        let answer = match ask::ask(role, &file, ask).await {
            Ok(Err(Refused::Busy)) => return Err(busy().into()),
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(%error, "the role preview does not answer");
                return Err(Problem::unavailable("Small pictures").into());
            }
        };
        let (cache, space) = (Arc::clone(&self.cache), Arc::clone(space));
        blocking(move || {
            cache.keep(&key, answer.as_deref().map_err(|refused| *refused), &space.room);
            answer.map_err(|_| none().into())
        })
        .await
    }

    /// When `file` was taken, as it says itself. Where all places are taken it is busy: what somebody waits for comes first.
    pub(crate) async fn taken(&self, file: &File) -> Result<Option<Taken>, NotRead> {
        let role = self.role.get().ok_or(NotRead::Nobody)?;
        let _place = self.places.try_acquire().map_err(|_| NotRead::Busy)?;
        match ask::ask_taken(role, file, READING_SECONDS).await {
            Ok(Ok(taken)) => Ok(taken),
            Ok(Err(Refused::Busy)) => Err(NotRead::Trouble),
            // Whatever is wrong with the file, it says nothing.
            Ok(Err(_)) => Ok(None),
            Err(error) => {
                tracing::warn!(%error, "the role preview does not answer");
                Err(if matches!(error, ask::NoAnswer::Absent(_)) { NotRead::Nobody } else { NotRead::Trouble })
            }
        }
    }

    /// A place to ask from, once one is free and where few enough wait before.
    async fn place(&self, until: Instant) -> Result<SemaphorePermit<'_>, Problem> {
        let _waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        timeout_at(until, self.places.acquire()).await.map_err(|_| busy())?.map_err(|_| busy())
    }

    async fn known(&self, key: &str) -> Result<Option<Result<Vec<u8>, Refused>>, Failure> {
        let (cache, key) = (Arc::clone(&self.cache), key.to_owned());
        blocking(move || Ok(cache.find(&key))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_finds_a_full_queue_does_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let index = Dir::new(File::open(folder.path()).unwrap().into()).unwrap();
        let previews = Arc::new(Previews::open(&index).unwrap());
        let until = Instant::now() + PATIENCE;
        let both = (previews.place(until).await.unwrap(), previews.place(until).await.unwrap());
        let wait = || {
            let previews = Arc::clone(&previews);
            tokio::spawn(async move { previews.place(until).await.map(drop) })
        };
        let queue: Vec<_> = (0..WAITING).map(|_| wait()).collect();
        while previews.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(previews.place(until).await.is_err() && Instant::now() < until, "at once");
        drop(both);
        for waited in queue {
            waited.await.unwrap().unwrap();
        }
        assert_eq!((previews.waiting.available_permits(), previews.places.available_permits()), (WAITING, PLACES));
    }

    #[test]
    fn wishes_meet_few_boxes() {
        let check = |words: &str, expected: Option<&str>| {
            assert_eq!(Wanted::parse(words).map(|(wanted, id)| format!("{} {id:?}", wanted.key("e"))).as_deref(), expected, "{words}")
        };
        check("1 1 fit", Some("e-256f2 None"));
        check("256 64 cover", Some("e-256c2 None"));
        check("64 257 fit", Some("e-1024f2 None"));
        check("4294967295 1 fit", Some("e-1024f2 None"));
        check("64 64 fit 68719476738", Some("e-256f2 Some(68719476738)"));
        for wrong in ["", "1 1", "1 1 fill", "1 x fit", "-1 1 fit", "1 1 fit fit", "1 1 fit 7 7", "1  1 fit", "4294967296 1 fit"] {
            check(wrong, None);
        }
    }

    #[test]
    fn pictures_have_small_ones_and_nothing_else_has() {
        for (name, bytes, expected) in [
            ("a.JPG", 1, true),
            ("a.webp", MAX_FILE_BYTES, true),
            ("IMG_1.HEIC", 1, true),
            ("a.avif", 1, true),
            ("a.MOV", MAX_FILE_BYTES + 1, true),
            ("a.mp4", 0, false),
            ("a.mkv", 1, false),
            ("a.jpg", MAX_FILE_BYTES + 1, false),
            ("a.jpg", 0, false),
            ("a.svg", 1, false),
            ("a.html", 1, false),
            ("jpg", 1, false),
        ] {
            assert_eq!(may_be(name, bytes), expected, "{name} {bytes}");
        }
    }
}
