//! The entries of a listing, piece by piece: a large folder is never in memory as a document.

use std::{collections::VecDeque, sync::Arc};

use croft_api::{bulk::MountLine, preview::Taken};
use croft_files::{Dir, Kind, Name};

use super::{
    Depth,
    property::{Property, Subject},
    query::Query,
    render,
};
use crate::{
    access::{Root, mount_letters},
    content_type,
    error::Failure,
    methods::{Request, address, stranger},
    space::{Entry, Space, etag},
};

/// Bytes after which a piece is handed on, below what fits a DATA frame.
const PIECE: usize = 48 * 1024;
/// Room for the last entry of a piece, which may be longer.
const ENTRY: usize = 4 * 1024;

/// A listing on its way.
pub(super) struct Listing {
    space: Arc<Space>,
    request: Request,
    query: Query,
    /// The address of what is listed, without a slash at its end.
    base: String,
    steps: VecDeque<Step>,
    /// What is listed, held open where it is a folder.
    folder: Option<Dir>,
    depth: Depth,
    sized: bool,
    available: bool,
    locks: bool,
    sums: bool,
    favorites: bool,
    dates: bool,
    /// The space's, where it was asked for.
    fingerprint: Option<String>,
    dead: bool,
    /// When what is listed itself changed, in Unix seconds.
    modified: i64,
}

/// Entries one by one, wherever in the space they are.
pub(in crate::methods) struct Entries(Listing);

impl Entries {
    /// Those for `request`, with what `query` asks for. Blocks.
    pub(in crate::methods) fn new(space: Arc<Space>, request: Request, query: Query) -> Result<Self, Failure> {
        let root = space.entry(&[])?;
        Listing::new(space, request, query, Depth::Zero, root).map(Self)
    }

    /// The response about the entry `id`, in a multistatus; `None` when there is none any more. Blocks.
    pub(in crate::methods) fn of(&mut self, id: u64) -> Result<Option<String>, Failure> {
        let listing = &self.0;
        let Some(path) = listing.space.path_of(id)? else { return Ok(None) };
        let (Ok(entry), Some(name)) = (listing.space.entry(&path), path.last()) else { return Ok(None) };
        let href = address(&listing.request.open.prefix, path.iter().map(Name::as_str));
        let mut out = String::new();
        render::response(&mut out, &listing.subject(&path, href, name.as_str(), &entry, Root::No)?, &listing.query);
        Ok(Some(out))
    }
}

enum Step {
    Open,
    Itself(Box<Entry>),
    Child(Name),
    Mount(MountLine),
    Close,
}

impl Listing {
    /// A listing of `entry`, which is what `request` names. Blocks.
    pub(super) fn new(space: Arc<Space>, request: Request, query: Query, depth: Depth, entry: Entry) -> Result<Self, Failure> {
        // What people have set, and what is behind the household's doors, is no stranger's business.
        let household = request.access.guest.is_none();
        let known = if household { query.known() } else { query.known().into_iter().filter(|property| property.is_public()).collect() };
        let modified = entry.stat.modified_seconds();
        Ok(Self {
            sums: known.contains(&Property::Checksums),
            favorites: known.contains(&Property::Favorite),
            dates: known.contains(&Property::PhotoTime),
            fingerprint: known.contains(&Property::DataFingerprint).then(|| space.records.fingerprint()).transpose()?,
            sized: household && query.needs_size(),
            available: known.contains(&Property::QuotaAvailable),
            locks: known.contains(&Property::LockDiscovery),
            dead: household && query.asks_for_dead(),
            modified,
            base: address(&request.open.prefix, request.shown().iter().map(Name::as_str)),
            folder: entry.dir().cloned(),
            space,
            steps: VecDeque::from([Step::Open, Step::Itself(Box::new(entry))]),
            depth,
            request,
            query,
        })
    }

    /// The next piece of the document, or `None` after the last. Blocks.
    pub(super) fn piece(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut out = String::with_capacity(PIECE + ENTRY);
        while out.len() < PIECE {
            let Some(step) = self.steps.pop_front() else { break };
            match step {
                Step::Open => out.push_str(&render::open()),
                Step::Close => out.push_str(render::CLOSE),
                Step::Itself(entry) => {
                    self.add_rest(&entry)?;
                    let subject = self.itself(&entry)?;
                    render::response(&mut out, &subject, &self.query);
                }
                Step::Child(name) => {
                    if let Some(subject) = self.child(&name)? {
                        render::response(&mut out, &subject, &self.query);
                    }
                }
                Step::Mount(mount) => render::response(&mut out, &self.mount(&mount), &self.query),
            }
        }
        Ok((!out.is_empty()).then(|| out.into_bytes()))
    }

    /// Adds what follows the entry itself: with Depth 1 mounts and the names in the folder, then the end.
    fn add_rest(&mut self, entry: &Entry) -> Result<(), Failure> {
        if let Some(dir) = entry.dir().filter(|_| self.depth == Depth::One) {
            let listed = dir.list()?;
            if let Some(mounts) = &mut self.request.open.mounts {
                // By the names that are listed: no entry is there twice, and none is left out.
                self.space.name_mounts_beside(listed.iter().map(|listed| &listed.name), mounts)?;
                self.steps.extend(mounts.iter().cloned().map(Step::Mount));
            }
            let mut names: Vec<Name> =
                listed.into_iter().filter(|listed| listed.kind != Some(Kind::Other)).map(|listed| listed.name).collect();
            names.sort();
            self.steps.extend(names.into_iter().map(Step::Child));
        } else if let Some(mounts) = &mut self.request.open.mounts {
            self.space.name_mounts(mounts)?;
        }
        self.steps.push_back(Step::Close);
        Ok(())
    }

    fn itself(&self, entry: &Entry) -> Result<Subject, Failure> {
        let path = &self.request.path;
        let root = if self.request.shown().is_empty() { Root::Yes } else { Root::No };
        let name = path.last().map_or(self.request.access.space.as_str(), Name::as_str);
        let mut subject = self.subject(path, self.href(None), name, entry, root)?;
        if let Some(mounts) = &self.request.open.mounts {
            let lines: Vec<_> = mounts.iter().map(|mount| (mount, self.mount_root(mount).0)).collect();
            let parts = lines.iter().map(|(mount, etag)| [mount.name.as_str(), etag.as_str(), mount_letters(mount.right)]);
            subject.etag = etag::composed(&entry.etag, parts);
        }
        Ok(subject)
    }

    /// The entry `name`; `None` when it is gone since the folder was listed, or is nothing that is shown.
    fn child(&self, name: &Name) -> Result<Option<Subject>, Failure> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let entry = match self.space.child(folder, name) {
            Ok(entry) => entry,
            Err(Failure::Files(error)) if error.is_absent() => return Ok(None),
            Err(Failure::Files(error)) if error.is_refused() => return self.closed(folder, name).map(Some),
            Err(Failure::Problem(problem)) if problem.status == 404 => return Ok(None),
            Err(error) => return Err(error),
        };
        stranger::still_opens(&self.request.access, &self.space)?;
        let mut path = Vec::new();
        if self.locks {
            path.extend(self.request.path.iter().chain([name]).cloned());
        }
        self.subject(&path, self.href(Some(name.as_str())), name.as_str(), &entry, Root::No).map(Some)
    }

    /// An entry that the system does not let the worker open: left out, it would look deleted.
    fn closed(&self, folder: &Dir, name: &Name) -> Result<Subject, Failure> {
        let stat = folder.stat_of(name)?;
        let stamp = self.space.ids.of_closed(stat)?;
        let (etag, letters) = (self.space.index.etag(stamp.id), self.request.access.letters(stat.kind, Root::No));
        let href = self.href(Some(name.as_str()));
        let known =
            Subject { name: name.to_string(), id: stamp.id, letters, modified: Some(stat.modified_seconds()), ..Subject::default() };
        Ok(match stat.kind {
            Kind::Dir => Subject { href: format!("{href}/"), etag, ..known },
            _ => Subject { href, etag: etag::file(stamp, stat), file: Some((stat.size, content_type::of(name.as_str()))), ..known },
        })
    }

    /// What is known of `entry`; its `path` matters where locks were asked for.
    fn subject(&self, path: &[Name], href: String, name: &str, entry: &Entry, root: Root) -> Result<Subject, Failure> {
        let mut subject = Subject {
            name: name.to_owned(),
            etag: entry.etag.clone(),
            id: entry.stamp.id,
            letters: self.request.access.letters(entry.stat.kind, root),
            modified: Some(entry.stat.modified_seconds()),
            fingerprint: self.fingerprint.clone(),
            ..Subject::default()
        };
        if self.locks {
            subject.locks = self.space.locks.on(path);
            subject.prefix.clone_from(&self.request.open.prefix);
        }
        if self.sums {
            subject.sums = entry.sums();
        }
        if self.dates && entry.dir().is_none() {
            subject.taken = self.space.taken(entry.stamp.id, entry.stat)?.map(Taken::unix);
        }
        if self.favorites {
            subject.favorite = Some(self.space.records.is_favorite(entry.stamp.id, self.request.access.person)?);
        }
        if self.dead {
            subject.dead = self.space.records.properties(entry.stamp.id)?;
        }
        match entry.dir() {
            Some(dir) => {
                subject.href = format!("{href}/");
                if self.sized {
                    subject.size = Some(self.space.size_of(dir, entry.stamp.id)?);
                }
                if self.available {
                    subject.available = Some(self.space.room.free(dir.room()?)?);
                }
            }
            None => {
                subject.href = href;
                subject.file = Some((entry.stat.size, content_type::of(name)));
            }
        }
        Ok(subject)
    }

    fn mount(&self, mount: &MountLine) -> Subject {
        let (etag, id) = self.mount_root(mount);
        Subject {
            href: format!("{}/", self.href(Some(&mount.name))),
            name: mount.name.clone(),
            etag,
            id,
            letters: mount_letters(mount.right).into(),
            // Its own time is not known here, and sync clients pass over a folder that has none.
            modified: Some(self.modified),
            ..Subject::default()
        }
    }

    /// The last known ETag of a mount and the id of its root. One that nobody has seen yet gets an ETag that none will ever have.
    fn mount_root(&self, mount: &MountLine) -> (String, u64) {
        let id = croft_model::SpaceNumber(mount.space).file_id(1).unwrap_or(1);
        match self.space.index.mount(mount.space, mount.root.as_ref()) {
            Some(root) => (root.etag, root.id),
            None => (etag::folder(0, id, 0), id),
        }
    }

    /// The address of what is listed, or of `child` in it, without a slash at its end.
    fn href(&self, child: Option<&str>) -> String {
        address(&self.base, child)
    }
}
