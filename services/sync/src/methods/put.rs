//! PUT: received without a name, compared, published, on the disk, acknowledged. In this order and no other.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use croft_api::bulk::{Commit, Digest, Frame, limits::MAX_INLINE};
use croft_files::{Change, Dir, FilesError, Keep, Name, Operation, Staged, Unkept};
use croft_model::Problem;
use tokio::{sync::oneshot, task::spawn_blocking};

use super::{Ground, Request, identity, mkcol, publish, split, stranger, told};
use crate::{
    access::Access,
    error::{Failure, no_folder, stale},
    exchange::{Answer, Exchange},
    judge::checksum,
    space::{Entry, Marked, Replaced, Space, Sums, blocking, etag, locks::Touch, unique},
};

/// Files above this are brought to the device before they wait for their name, so that they do not hold up the flush of small ones.
pub(super) const LARGE: u64 = 1024 * 1024;

/// An upload from the moment that its head was accepted.
pub(super) struct Upload {
    space: Arc<Space>,
    /// Whose path is where it goes.
    pub(super) request: Arc<Request>,
    folder: Vec<Name>,
    name: Name,
    modified: Option<(i64, i64)>,
    only: Only,
    /// Digests that the content must have, and has when it is published.
    pub(super) expected: Vec<Digest>,
}

/// What must be where an upload goes.
enum Only {
    /// Anything that the request's conditions allow.
    Allowed,
    /// This file, to which an earlier content comes back.
    File(u64),
    /// Nothing.
    New,
}

/// What was published.
pub(super) struct Published {
    pub(super) etag: String,
    pub(super) id: u64,
    pub(super) answer: Answer,
}

/// What is known of a change that is ready to be published.
struct Prepared {
    status: u16,
    etag: String,
    marked: Marked,
    line: Vec<u64>,
}

/// A file.
pub(super) async fn put(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let length = request.open.length;
    let announced = length.or_else(|| request.header("x-expected-entity-length")?.parse().ok());
    let upload = Arc::new(Upload::new(ground, request)?);
    upload.make_folders(ground).await?;
    if is_small(length) {
        let (body, commit) = stranger::while_open(&upload.request.access, length, exchange.receive_inline()).await?;
        return Ok(upload.publish_small(ground, body, commit).await?.answer);
    }
    let judged = upload.clone();
    let staged = blocking(move || judged.accept(announced)).await?;
    let received = receive((&upload.space, &upload.request.access), staged, length, &upload.expected, exchange);
    let (staged, count, commit) = stranger::while_open(&upload.request.access, length, received).await?;
    whole(length, count, &upload.expected, &commit)?;
    Ok(upload.publish(ground, staged, count).await?.answer)
}

impl Upload {
    /// An upload to the path of `request`.
    pub(super) fn new(ground: &Ground, request: Request) -> Result<Self, Problem> {
        request.access.writes()?;
        let (folder, name) = split(&request.path).ok_or_else(is_folder)?;
        let modified = request.header("x-oc-mtime").map(modified).transpose()?;
        let expected = checksum::expected(&request.open.headers)?;
        Ok(Self {
            space: ground.space.clone(),
            folder: folder.to_vec(),
            name: name.clone(),
            modified,
            only: Only::Allowed,
            expected,
            request: Arc::new(request),
        })
    }

    /// An upload that takes the place of nothing, whatever the client says.
    pub(super) fn only_new(ground: &Ground, request: Request) -> Result<Self, Problem> {
        Ok(Self { only: Only::New, ..Self::new(ground, request)? })
    }

    /// The content that the file `id`, at the path of `request`, had when it was `modified`.
    pub(super) fn of_version(ground: &Ground, request: Request, (id, modified): (u64, i64)) -> Result<Self, Problem> {
        Ok(Self { modified: Some((modified, 0)), only: Only::File(id), ..Self::new(ground, request)? })
    }

    /// The content that was at the path of `request` when it was `modified`, with its checksums; in place of the file `present`, or of nothing.
    pub(super) fn of_time(
        ground: &Ground,
        request: Request,
        (modified, sums): ((i64, i64), Option<Sums>),
        present: Option<u64>,
    ) -> Result<Self, Problem> {
        let only = present.map_or(Only::New, Only::File);
        let sums = sums.map(|sums| checksum::expected(&[("oc-checksum".into(), sums.as_str().into())])).transpose()?;
        Ok(Self { modified: Some(modified), only, expected: sums.unwrap_or_default(), ..Self::new(ground, request)? })
    }

    /// Makes the folders that it goes to, where the client wants that and they are not there.
    pub(super) async fn make_folders(&self, ground: &Ground) -> Result<(), Failure> {
        if self.request.header("x-nc-webdav-auto-mkcol").is_some_and(|value| value.trim() == "1") {
            mkcol::make_folders(ground, &self.request).await?;
        }
        Ok(())
    }

    /// Judges before a byte of the body is asked for. Blocks.
    pub(super) fn accept(&self, announced: Option<u64>) -> Result<Staged, Failure> {
        self.present()?;
        self.accept_any(announced)
    }

    /// The same, whatever is there. Blocks.
    pub(super) fn accept_any(&self, announced: Option<u64>) -> Result<Staged, Failure> {
        self.space.admit_for(&self.request.access, announced.unwrap_or(0))?;
        self.space.stage()
    }

    /// The file that is there now, if conditions and kinds allow to replace it. Blocks.
    fn present(&self) -> Result<Option<Entry>, Failure> {
        self.present_in(&self.space.folder(&self.folder)?)
    }

    fn present_in(&self, parent: &Dir) -> Result<Option<Entry>, Failure> {
        let entry = match self.space.child(parent, &self.name) {
            Ok(entry) => Some(entry),
            Err(Failure::Files(error)) if error.is_absent() => None,
            Err(error) => return Err(error),
        };
        if entry.as_ref().is_some_and(|entry| entry.dir().is_some()) {
            return Err(is_folder().into());
        }
        let there = entry.as_ref().map(|entry| entry.stamp.id);
        match self.only {
            Only::Allowed => {}
            Only::File(id) if there == Some(id) => {}
            Only::New if there.is_none() => {}
            Only::File(_) | Only::New => return Err(stale().into()),
        }
        let path = &self.request.path;
        let touch = if entry.is_some() { Touch::Content(path) } else { Touch::Entry(path) };
        self.request.judge(&self.space, entry.as_ref(), &[touch])?;
        Ok(entry)
    }

    /// Gives the received content its name.
    pub(super) async fn publish(self: Arc<Self>, ground: &Ground, staged: Staged, count: u64) -> Result<Published, Failure> {
        let _tree = self.space.tree.read().await;
        let _name = self.space.lock_name(&self.folder, &self.name).await;
        let upload = self.clone();
        let (change, prepared) = blocking(move || upload.prepare(|| Ok(staged))).await?;
        let changed = publish(ground, change, &[&self.folder], &prepared.line).await;
        self.published(prepared, changed, count)
    }

    /// Publishes a body that arrived whole: judged, written and prepared in one go, since each hop to another thread costs more than that.
    async fn publish_small(self: Arc<Self>, ground: &Ground, body: Bytes, commit: Commit) -> Result<Published, Failure> {
        let _tree = self.space.tree.read().await;
        let _name = self.space.lock_name(&self.folder, &self.name).await;
        let (answer, waiter) = oneshot::channel();
        let (upload, count) = (self.clone(), commit.count);
        // What it says comes through the channel; whoever is gone by then does not need it.
        drop(spawn_blocking(move || match upload.prepare_small(&body, commit) {
            Ok((change, prepared)) => {
                // Not before: what is refused was perhaps changed behind the box's back, and that stays news.
                let noted = upload.space.catalog.note(&[&upload.folder], std::slice::from_ref(&upload.name));
                upload.space.publisher.submit(change, move |published| drop(answer.send(Ok((prepared, published, noted)))));
            }
            Err(error) => drop(answer.send(Err(error))),
        }));
        let (prepared, published, _noted) = waiter.await.map_err(|_| Failure::Broken("an upload broke off"))??;
        let changed = told(ground, published, &[&self.folder], &prepared.line);
        self.published(prepared, changed, count)
    }

    /// The answer once it is published.
    fn published(&self, prepared: Prepared, changed: Result<Vec<Frame>, FilesError>, count: u64) -> Result<Published, Failure> {
        let Prepared { status, etag, marked, .. } = prepared;
        let changed = changed.map_err(|error| match error {
            error if error.is_taken() => taken().into(),
            error if error.operation() == Operation::Keep => unkept().into(),
            error => Failure::from(error),
        })?;
        self.space.published(marked);
        tracing::debug!(count, status, "a file was published");
        let mut headers = identity(&etag, marked.stamp.id);
        if self.modified.is_some() {
            headers.push(("x-oc-mtime".into(), "accepted".into()));
        }
        Ok(Published { etag, id: marked.stamp.id, answer: Answer { changed, ..Answer::empty(status, headers) } })
    }

    /// Compares a body that arrived whole and prepares it. Blocks.
    fn prepare_small(&self, body: &[u8], commit: Commit) -> Result<(Change, Prepared), Failure> {
        let count = body.len() as u64;
        whole(self.request.open.length, count, &self.expected, &Commit { digests: checksum::of(body, &self.expected), ..commit })?;
        self.prepare(|| {
            let staged = self.accept_any(Some(count))?;
            self.space.fill(&staged, body)?;
            Ok(staged)
        })
    }

    /// How it takes the place of what is there.
    fn replaced(&self) -> Replaced {
        match self.only {
            Only::File(_) => Replaced::BroughtBack,
            _ if self.request.access.guest.is_some() => Replaced::ByGuest,
            _ => Replaced::Written,
        }
    }

    /// Checks the conditions under the lock of the name, and gives the content its id and times. Blocks.
    fn prepare(&self, staged: impl FnOnce() -> Result<Staged, Failure>) -> Result<(Change, Prepared), Failure> {
        let (dir, line) = self.space.way(&self.folder).map_err(absent_folder)?;
        let present = self.present_in(&dir)?;
        let staged = staged()?;
        if let Some((seconds, nanoseconds)) = self.modified {
            staged.set_modified(seconds, nanoseconds)?;
        }
        let id = match &present {
            // A file of several names keeps its id under the others.
            Some(entry) if entry.stat.names == 1 => entry.stamp.id,
            _ => self.space.ids.fresh()?,
        };
        let marked = self.space.mark(&staged, id)?;
        let etag = etag::file(marked.stamp, staged.stat()?);
        if let Some(sums) = Sums::of(&self.expected) {
            sums.write(&staged, &etag)?;
        }
        let name = self.name.clone();
        let (change, status) = match present {
            Some(entry) => {
                let replaced = self.replaced();
                let unkept = if replaced == Replaced::BroughtBack { Unkept::Stays } else { Unkept::Goes };
                let keep = self.space.keep(&entry, id, &self.request.path, replaced)?.map(|keep| Keep { unkept, ..keep });
                (Change::Replace { file: staged, dir, name, unique: unique()?, keep }, 204)
            }
            None => (Change::Create { file: staged, dir, name }, 201),
        };
        Ok((change, Prepared { status, etag, marked, line }))
    }
}

/// Whether a body of this length comes in one frame.
fn is_small(length: Option<u64>) -> bool {
    length.is_some_and(|length| length <= MAX_INLINE as u64)
}

fn absent_folder(error: Failure) -> Failure {
    match error {
        Failure::Files(error) if error.is_absent() => no_folder().into(),
        error => error,
    }
}

/// Refuses what did not arrive as it was sent.
pub(super) fn whole(length: Option<u64>, count: u64, expected: &[Digest], commit: &Commit) -> Result<(), Problem> {
    if commit.count != count || length.is_some_and(|length| length != count) {
        return Err(incomplete());
    }
    checksum::compare(expected, commit)
}

/// Asks for the body and brings it into `staged`.
pub(super) async fn receive(
    (space, access): (&Arc<Space>, &Access),
    staged: Staged,
    length: Option<u64>,
    expected: &[Digest],
    exchange: &mut Exchange,
) -> Result<(Staged, u64, Commit), Failure> {
    let wanted = checksum::wanted(expected);
    if is_small(length) {
        let (body, commit) = exchange.receive_inline().await?;
        let (count, expected, space) = (body.len() as u64, expected.to_vec(), space.clone());
        let (staged, commit) = blocking(move || {
            space.fill(&staged, &body)?;
            Ok((staged, Commit { digests: checksum::of(&body, &expected), ..commit }))
        })
        .await?;
        return Ok((staged, count, commit));
    }
    let pipes = &space.pipes;
    let (intake, end) = exchange.unless_gone(async { Ok(pipes.intake().await?) }).await?;
    exchange.ask(wanted, end).await?;
    let (here, file, access) = (space.clone(), staged.file().clone(), access.clone());
    let counted = Arc::new(AtomicU64::new(0));
    let so_far = Arc::clone(&counted);
    let admit = move |count: u64, coming: u64| {
        here.room.count(count - so_far.swap(count, Ordering::AcqRel));
        here.admit_for(&access, length.map_or(coming, |length| coming.min(length.saturating_sub(count))))
    };
    let count = exchange.unless_gone(intake.into_file(file, admit)).await?;
    // It is asked before each burst; so the last one is not counted yet.
    space.room.count(count - counted.load(Ordering::Acquire));
    let commit = exchange.commit().await?;
    if count <= LARGE {
        return Ok((staged, count, commit));
    }
    let staged = blocking(move || {
        staged.write_out()?;
        Ok(staged)
    });
    Ok((staged.await?, count, commit))
}

/// Seconds and nanoseconds of `X-OC-Mtime`; some phones send a fraction.
pub(super) fn modified(text: &str) -> Result<(i64, i64), Problem> {
    let wrong = || Problem::new(400, "time-malformed", "The header X-OC-Mtime is no time in seconds since 1970.").key("X-OC-Mtime");
    let (seconds, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let nanoseconds: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    // What ext4 can hold ends in the year 2446.
    let seconds: i64 = seconds.parse().ok().filter(|seconds| (0..=15_032_385_535).contains(seconds)).ok_or_else(wrong)?;
    Ok((seconds, nanoseconds.parse().map_err(|_| wrong())?))
}

pub(super) fn is_folder() -> Problem {
    Problem::new(405, "is-a-folder", "There is a folder of this name.").hint("Choose another name for the file.")
}

pub(super) fn taken() -> Problem {
    Problem::new(409, "name-taken", "Something else got this name meanwhile.").hint("Read the folder again, then decide.")
}

fn unkept() -> Problem {
    Problem::new(409, "cannot-be-kept", "What is there now cannot be kept as a version, so nothing was brought back in its place.")
        .hint("Copy what is there to another name, then delete it and try again.")
}

pub(super) fn incomplete() -> Problem {
    Problem::new(400, "body-incomplete", "The file did not arrive whole. Nothing was changed.").hint("Send it again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_with_or_without_a_fraction() {
        let check = |text: &str, expected: Option<(i64, i64)>| assert_eq!(modified(text).ok(), expected, "{text:?}");
        check("1700000000", Some((1_700_000_000, 0)));
        check("0", Some((0, 0)));
        check(" 1700000000.25 ", Some((1_700_000_000, 250_000_000)));
        check("1700000000.1234567891", Some((1_700_000_000, 123_456_789)));
        for wrong in ["", "-1", "now", "1e9", "1.-5", "99999999999999999999", "15032385536"] {
            check(wrong, None);
        }
    }
}
