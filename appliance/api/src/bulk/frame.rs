//! What the two sides say to each other.

use bytes::Bytes;

use super::{Stranger, limits::MAX_INLINE};

/// The request headers that reach a worker, in lower case. Everything else that a client sends stays in the gateway.
pub const REQUEST_HEADERS: [&str; 20] = [
    "content-digest",
    "content-type",
    "depth",
    "if",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "lock-token",
    "oc-checksum",
    "oc-total-length",
    "overwrite",
    "range",
    "timeout",
    "user-agent",
    "x-expected-entity-length",
    "x-nc-webdav-auto-mkcol",
    "x-oc-ctime",
    "x-oc-mtime",
];

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// First on a link, from both sides.
    Hello(Hello),
    /// A request, before its body.
    Open(Box<Open>),
    /// Asks for the body (status 100) or answers.
    Head(Head),
    /// A whole small body.
    Data(Bytes),
    /// The packet's descriptor is the end of a pipe for the body; behind OPEN, the end of a link to another worker.
    Pipe,
    /// The request's body was sent whole.
    Commit(Commit),
    /// The stream is over without success.
    Abort(AbortReason),
    /// The answer is whole: this many bytes of body.
    End {
        /// Bytes of body.
        count: u64,
    },
    /// Something below `folder` was published.
    Changed {
        /// Decoded path inside the space, without slashes at its ends; empty for the root.
        folder: String,
        /// The space's root now.
        root: Root,
    },
}

/// Opens a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Version of the format that the sender speaks.
    pub version: u16,
    /// From the worker: the root of its space.
    pub root: Option<Root>,
}

/// The root of a space at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// ETag without quotes.
    pub etag: String,
    /// File id.
    pub id: u64,
}

/// A request's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The method.
    pub method: Method,
    /// Length of the body in bytes, if the client said so.
    pub length: Option<u64>,
    /// Id of the request, for the journal.
    pub request: String,
    /// Capability for this worker, or the link by which a stranger asks ([`super::Stranger`]).
    pub capability: String,
    /// What the path is about.
    pub area: Area,
    /// What stands before the segments in addresses, percent-encoded, without a slash at its end.
    pub prefix: String,
    /// Decoded path segments inside the space.
    pub segments: Vec<String>,
    /// Where COPY and MOVE lead to: decoded path segments inside the space.
    pub destination: Option<Vec<String>>,
    /// Headers out of [`REQUEST_HEADERS`].
    pub headers: Vec<Header>,
    /// Shared spaces at the root of a person's tree, each under its own name; `None` where they do not matter.
    pub mounts: Option<Vec<MountLine>>,
}

impl Open {
    /// Whether the body comes along, unasked: it fits one DATA, so that asking for it would cost more than it does. Not where the method reads none, and
    /// not from strangers: what they send is read when it is known that their link opens something.
    #[must_use]
    pub fn comes_along(&self) -> bool {
        let fits = self.length.is_some_and(|length| (1..=MAX_INLINE as u64).contains(&length));
        fits && self.method.reads_body() && !Stranger::is_one(&self.capability)
    }
}

/// What a path in a space is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Area {
    /// People's files and folders.
    #[default]
    Files = 0,
    /// Uploads that come in chunks: `<upload>/<chunk>`. A destination still lies among the files.
    Uploads = 1,
    /// What was deleted: `<item>/<path in it>`. MOVE brings an item back to where it came from, and leads nowhere else.
    Trash = 2,
    /// Earlier contents of files: `<file id>/<version>`. MOVE makes one the content that the file has now.
    Versions = 3,
    /// Small pictures of people's files: the path is that of the file, and the header `croft-preview` says how large.
    Previews = 4,
    /// Whether much of the space is missing, and that this is right.
    Guard = 5,
    /// The shared spaces at the root: GET gives the names under which they are shown.
    Mounts = 6,
    /// Links of the space: GET lists those to what the path names and below, POST makes one to it.
    Links = 7,
    /// One link, by its key: GET tells it, POST changes it, DELETE revokes it.
    Link = 8,
    /// What the page of a link shows: GET of a folder, by the link itself.
    Page = 9,
    /// A folder as one archive: GET alone.
    Archive = 10,
    /// People's files and folders on their way to another space, which COPY and MOVE send and PUT receives over a link of their own.
    Across = 11,
    /// The room of the space: GET without a path gives a [`Taken`](super::Taken).
    Room = 12,
    /// Pictures and films of the space by time ([`Photos`](super::Photos)).
    Photos = 13,
    /// Earlier times of the space: `<time>/<path in it>`. They are only read; COPY and POST bring something of them back among the files.
    Times = 14,
    /// Disks that are used as they are: PROPFIND with mounts of a person's own space lists them; of a disk's, the path is the one on it. They are only read.
    Disks = 15,
}

impl Area {
    /// Every area.
    pub const ALL: [Self; 16] = [
        Self::Files,
        Self::Uploads,
        Self::Trash,
        Self::Versions,
        Self::Previews,
        Self::Guard,
        Self::Mounts,
        Self::Links,
        Self::Link,
        Self::Page,
        Self::Archive,
        Self::Across,
        Self::Room,
        Self::Photos,
        Self::Times,
        Self::Disks,
    ];
}

/// A header: name in lower case, value.
pub type Header = (String, String);

/// A shared space at the root of a person's tree, as far as the gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountLine {
    /// Its name in the settings.
    pub name: String,
    /// Number of the space.
    pub space: u16,
    /// The person's right there.
    pub right: croft_model::Right,
    /// Last known root.
    pub root: Option<Root>,
}

/// Methods that cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Method {
    /// GET.
    Get = 1,
    /// HEAD.
    Head = 2,
    /// PUT.
    Put = 3,
    /// DELETE.
    Delete = 4,
    /// MKCOL (RFC 4918).
    Mkcol = 5,
    /// PROPFIND (RFC 4918).
    Propfind = 6,
    /// OPTIONS.
    Options = 7,
    /// COPY (RFC 4918).
    Copy = 8,
    /// MOVE (RFC 4918).
    Move = 9,
    /// PROPPATCH (RFC 4918).
    Proppatch = 10,
    /// LOCK (RFC 4918).
    Lock = 11,
    /// UNLOCK (RFC 4918).
    Unlock = 12,
    /// SEARCH (RFC 5323), answered as lines for the gateway to merge.
    Search = 13,
    /// POST, for links alone: a small document in, one out.
    Post = 14,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 14] = [
        Self::Get,
        Self::Head,
        Self::Put,
        Self::Delete,
        Self::Mkcol,
        Self::Propfind,
        Self::Options,
        Self::Copy,
        Self::Move,
        Self::Proppatch,
        Self::Lock,
        Self::Unlock,
        Self::Search,
        Self::Post,
    ];

    /// The name in HTTP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Mkcol => "MKCOL",
            Self::Propfind => "PROPFIND",
            Self::Options => "OPTIONS",
            Self::Copy => "COPY",
            Self::Move => "MOVE",
            Self::Proppatch => "PROPPATCH",
            Self::Lock => "LOCK",
            Self::Unlock => "UNLOCK",
            Self::Search => "SEARCH",
            Self::Post => "POST",
        }
    }

    /// The method of this name in HTTP.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether it reads the body of its request.
    #[must_use]
    pub const fn reads_body(self) -> bool {
        matches!(self, Self::Put | Self::Propfind | Self::Proppatch | Self::Lock | Self::Search | Self::Post)
    }

    /// Whether a second try cannot change anything.
    #[must_use]
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Propfind | Self::Options | Self::Search)
    }
}

/// Status and headers of an answer, or with status 100 the wish for the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// Digests of the request's body that COMMIT must bring.
    pub wanted: DigestSet,
    /// Length of the answer's body in bytes, if it is known.
    pub length: Option<u64>,
    /// Headers of the answer.
    pub headers: Vec<Header>,
}

impl Head {
    /// The status that asks for the body.
    pub const CONTINUE: u16 = 100;
    /// The status that says that the work goes on, and how far it is. It may come any number of times, and may be lost.
    pub const PROCESSING: u16 = 102;
}

/// A set of digest kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DigestSet {
    /// SHA-1, for `OC-Checksum`.
    pub sha1: bool,
    /// SHA-256, for `Content-Digest` and `OC-Checksum`.
    pub sha256: bool,
}

/// The end of a request's body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// Bytes that the client sent.
    pub count: u64,
    /// The digests that were wanted.
    pub digests: Vec<Digest>,
}

/// A digest of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Its kind.
    pub kind: DigestKind,
    /// Hexadecimal, lower case.
    pub hex: String,
}

/// Kinds of digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum DigestKind {
    /// SHA-1: what sync clients send, against damage and not against malice.
    Sha1 = 1,
    /// SHA-256.
    Sha256 = 2,
}

/// Why a stream ended without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum AbortReason {
    /// The client is gone.
    Gone = 1,
    /// The body is larger than what was agreed.
    TooLarge = 2,
    /// Fewer or more bytes arrived than were sent.
    Count = 3,
    /// Something failed after the head was sent.
    Failed = 4,
    /// The process is ending.
    Stopping = 5,
    /// Too many streams are open.
    Busy = 6,
}

impl AbortReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [Self::Gone, Self::TooLarge, Self::Count, Self::Failed, Self::Stopping, Self::Busy];
}
