//! A real worker in this process, and a gateway that does what the test wants.

#![expect(dead_code, reason = "each test file uses its own part of the harness")]

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{Read, Write},
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use croft_api::{
    bulk::{AbortReason, Area, Commit, Digest, Frame, Head, Hello, Method, MountLine, Open, decode, encode, limits},
    capability::{Minter, Verifier},
    socket::Peers,
};
use croft_files::{Link, LinkListener};
use croft_model::{
    Claims, PersonId, PersonRole, Principal, Projection, Right, Scope, SnapshotSchedule, Space, SpaceId, SpaceKind, SpaceNumber,
};
use croft_sync::{Gatekeeper, SyncError, Worker};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The space under test.
pub(crate) const SPACE: u16 = 7;

/// A running worker on a folder.
pub(crate) struct Running {
    pub(crate) folder: PathBuf,
    pub(crate) minter: Minter,
    pub(crate) projection: watch::Sender<Option<Projection>>,
    /// The worker itself, for what no link asks of it.
    pub(crate) worker: Arc<Worker>,
    stop: CancellationToken,
    served: JoinHandle<Result<(), SyncError>>,
}

/// A person's id, for [`Running::capability`].
pub(crate) fn person(number: u32) -> PersonId {
    PersonId::from_number(number)
}

/// p1 manages, p2 writes, p3 reads, p4 is a stranger.
fn members(kind: SpaceKind) -> Projection {
    let members = [(person(1), Right::Manage), (person(2), Right::Write), (person(3), Right::Read)].into();
    let space = Space {
        number: SpaceNumber(SPACE),
        name: "Family".into(),
        kind,
        members,
        archived_at: None,
        snapshots: SnapshotSchedule::On,
        quota: None,
        disk: None,
    };
    Projection { generation: 1, spaces: Some([(SpaceId::from_number(SPACE), space)].into()), ..Projection::default() }
}

impl Running {
    /// Starts a worker on `folder`, which it fills with what is missing.
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::start_as(folder, SpaceKind::Personal).await.unwrap()
    }

    pub(crate) async fn start_as(folder: &Path, kind: SpaceKind) -> Result<Self, SyncError> {
        for name in ["space", "snapshots", "index"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        let minter = Minter::from_seed(&[7; 32]).unwrap();
        let id = SpaceId::from_number(SPACE);
        let verifier = Verifier::new(&minter.public_key_hex(), &format!("sync@{id}")).unwrap();
        let (projection, seen) = watch::channel(Some(members(kind)));
        let open = |name: &str| OwnedFd::from(File::open(folder.join(name)).unwrap());
        let worker = Worker::open((open("space"), open("snapshots")), open("index"), id, Gatekeeper::new(verifier, id, seen)).await?;
        let socket = folder.join("s");
        let _ = fs::remove_file(&socket);
        let listener: OwnedFd = LinkListener::bind(&socket).unwrap().into();
        let uid = fs::metadata(&socket).map(|socket| std::os::unix::fs::MetadataExt::uid(&socket)).unwrap();
        let peers = Peers::parse(&format!("gateway={uid}")).unwrap();
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let serving = worker.clone();
        let served = tokio::spawn(async move { serving.serve(listener, &peers, stopping).await });
        Ok(Self { folder: folder.to_owned(), minter, projection, worker, stop, served })
    }

    /// Ends the worker as SIGTERM would.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
    }

    /// Ends it as SIGKILL would, as far as one process can.
    pub(crate) async fn kill(self) {
        self.served.abort();
        let _ = self.served.await;
        drop(self.worker);
        // Its links end a moment later, and with them all that it holds.
        let records = File::open(self.folder.join("space/.croft/records.redb")).unwrap();
        while records.try_lock().is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await; // waits: for its links to end, by polling
        }
        records.unlock().unwrap();
    }

    pub(crate) async fn link(&self) -> Gateway {
        Gateway::connect(&self.folder.join("s"), self.capability(person(1))).await
    }

    pub(crate) fn capability(&self, id: PersonId) -> String {
        self.mint(|claims| claims.who = Principal::Person { id, name: "somebody".into(), role: PersonRole::Member })
    }

    pub(crate) fn mint(&self, change: impl FnOnce(&mut Claims)) -> String {
        let mut claims = Claims {
            who: Principal::Console,
            session: None,
            scopes: [Scope::Files].into(),
            audience: format!("sync@s{SPACE}"),
            expires: jiff::Timestamp::now().as_second() + 50,
        };
        change(&mut claims);
        self.minter.mint(&claims)
    }

    /// A path below `files/`.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.folder.join("space/files").join(path)
    }

    /// Names in `.croft/NAME`.
    pub(crate) fn own(&self, name: &str) -> Vec<String> {
        let list = fs::read_dir(self.folder.join("space/.croft").join(name)).unwrap();
        list.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// The earlier contents of the file with this header `oc-fileid`, from old to new.
    pub(crate) fn versions(&self, long_id: &str) -> Vec<PathBuf> {
        let id = number(long_id);
        let Ok(list) = fs::read_dir(self.folder.join("space/.croft/versions").join(id.to_string())) else { return Vec::new() };
        let mut found: Vec<_> = list.map(|entry| entry.unwrap().path()).collect();
        // By the time at which they were replaced, which stands second.
        found.sort_by_key(|path| path.file_name().unwrap().to_str().unwrap().split('-').nth(1).unwrap().to_owned());
        found
    }
}

/// The number in a header `oc-fileid`.
pub(crate) fn number(long_id: &str) -> u64 {
    long_id.strip_suffix("croft").unwrap().parse().unwrap()
}

/// The other end of a link.
pub(crate) struct Gateway {
    pub(crate) link: Arc<Link>,
    pub(crate) hello: Hello,
    pub(crate) capability: String,
    pub(crate) mounts: Option<Vec<MountLine>>,
    /// What paths are about.
    pub(crate) area: Area,
    /// Where the next request leads to.
    pub(crate) destination: Option<Vec<String>>,
    /// What stands before paths in addresses.
    pub(crate) prefix: String,
    /// What goes with the next OPEN: the end of a link to another worker.
    pub(crate) handed: Option<OwnedFd>,
    /// Folders of CHANGED, as they came.
    pub(crate) changed: Vec<String>,
    next: u32,
    /// Streams whose body comes along with OPEN.
    along: HashSet<u32>,
    buffer: Vec<u8>,
}

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) length: Option<u64>,
    pub(crate) body: Vec<u8>,
}

/// What the test sends as a body.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    /// The length as OPEN says it.
    pub(crate) length: Option<u64>,
    /// The count as COMMIT says it.
    pub(crate) count: Option<u64>,
    pub(crate) digests: Vec<Digest>,
}

impl Body {
    pub(crate) fn of(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self { length: Some(bytes.len() as u64), count: None, digests: Vec::new(), bytes }
    }

    /// Of a length that nobody knows before.
    pub(crate) fn chunked(bytes: impl Into<Vec<u8>>) -> Self {
        Self { length: None, ..Self::of(bytes) }
    }
}

/// A frame with the descriptor of its packet.
pub(crate) type Arrived = (u32, Frame, Option<OwnedFd>);

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Code of a problem document.
    pub(crate) fn code(&self) -> String {
        serde_json::from_slice::<serde_json::Value>(&self.body).unwrap()["code"].as_str().unwrap().to_owned()
    }
}

impl Gateway {
    pub(crate) async fn connect(socket: &Path, capability: String) -> Self {
        let link = Arc::new(Link::connect(socket).await.unwrap());
        let hello = Frame::Hello(Hello { version: limits::VERSION, root: None });
        link.send(&encode(&[(0, hello)]).unwrap(), None).await.unwrap();
        let mut this = Self {
            link,
            hello: Hello { version: 0, root: None },
            capability,
            mounts: None,
            area: Area::Files,
            destination: None,
            prefix: "/dav/files/ana".into(),
            handed: None,
            changed: Vec::new(),
            next: 1,
            along: HashSet::new(),
            buffer: vec![0; limits::MAX_PACKET],
        };
        let Some(mut first) = this.receive().await else { panic!("no HELLO") };
        let Some((0, Frame::Hello(hello), None)) = first.pop() else { panic!("no HELLO") };
        this.hello = hello;
        this
    }

    /// The frames of the next packet; `None` when the worker closed the link.
    pub(crate) async fn receive(&mut self) -> Option<Vec<Arrived>> {
        let received = self.link.receive(&mut self.buffer).await.ok()??;
        let mut descriptor = received.descriptor;
        let frames = decode(Bytes::copy_from_slice(&self.buffer[..received.length])).unwrap();
        Some(
            frames
                .into_iter()
                .map(|(stream, frame)| {
                    let own = if frame == Frame::Pipe { descriptor.take() } else { None };
                    (stream, frame, own)
                })
                .collect(),
        )
    }

    pub(crate) async fn send(&self, stream: u32, frames: Vec<Frame>) {
        let frames: Vec<_> = frames.into_iter().map(|frame| (stream, frame)).collect();
        self.link.send(&encode(&frames).unwrap(), None).await.unwrap();
    }

    /// Sends OPEN on a new stream.
    pub(crate) async fn open(&mut self, method: Method, path: &[&str], headers: &[(&str, &str)], length: Option<u64>) -> u32 {
        let stream = self.next;
        self.next += 1;
        let open = Open {
            method,
            length,
            request: "test".into(),
            capability: self.capability.clone(),
            area: self.area,
            prefix: self.prefix.clone(),
            segments: path.iter().map(ToString::to_string).collect(),
            destination: self.destination.take(),
            headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            mounts: self.mounts.clone(),
        };
        if open.comes_along() {
            self.along.insert(stream);
        }
        let mut packet = vec![(stream, Frame::Open(Box::new(open)))];
        let handed = self.handed.take();
        packet.extend(handed.as_ref().map(|_| (stream, Frame::Pipe)));
        self.link.send(&encode(&packet).unwrap(), handed.as_ref().map(AsFd::as_fd)).await.unwrap();
        stream
    }

    /// Opens a stream of a request that two spaces have a part in, with the link that was handed to it.
    pub(crate) async fn across(&mut self, method: Method, path: &[&str], headers: &[(&str, &str)]) -> u32 {
        self.area = Area::Across;
        let stream = self.open(method, path, headers, Some(0)).await;
        self.area = Area::Files;
        stream
    }

    /// Waits for the status with which a worker says that a request may go on, or for its refusal.
    pub(crate) async fn judged(&mut self, stream: u32, expected: u16) -> Result<(), Reply> {
        loop {
            let frames = self.receive().await.expect("the worker is there");
            let mut own = frames.into_iter().filter(|(on, ..)| *on == stream).map(|(_, frame, _)| frame);
            match (own.next(), own.next()) {
                (Some(Frame::Head(head)), _) if head.status == expected => return Ok(()),
                (Some(Frame::Head(Head { status, headers, length, .. })), Some(Frame::Data(body))) => {
                    return Err(Reply { status, headers, length, body: body.to_vec() });
                }
                (None, _) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// A whole request.
    pub(crate) async fn ask(&mut self, method: Method, path: &[&str], headers: &[(&str, &str)], body: Body) -> Reply {
        let stream = self.open(method, path, headers, body.length).await;
        self.finish(stream, body).await.expect("an answer")
    }

    pub(crate) async fn get(&mut self, path: &[&str], headers: &[(&str, &str)]) -> Reply {
        self.ask(Method::Get, path, headers, Body::of("")).await
    }

    pub(crate) async fn put(&mut self, path: &[&str], headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Reply {
        self.ask(Method::Put, path, headers, Body::of(body)).await
    }

    /// Follows a stream to its end; `None` when it was aborted.
    pub(crate) async fn finish(&mut self, stream: u32, body: Body) -> Option<Reply> {
        let mut reply = Reply { status: 0, headers: Vec::new(), length: None, body: Vec::new() };
        let mut reading: Option<JoinHandle<Vec<u8>>> = None;
        if self.along.remove(&stream) {
            self.give(stream, &body, None).await;
        }
        loop {
            let mut frames = self.receive().await?.into_iter().peekable();
            while let Some((on, frame, _)) = frames.next() {
                if let Frame::Changed { folder, .. } = frame {
                    self.changed.push(folder);
                    continue;
                }
                if on != stream {
                    continue;
                }
                match frame {
                    Frame::Head(head) => {
                        let pipe = frames.next_if(|(_, next, _)| *next == Frame::Pipe).map(|(_, _, end)| end.expect("a descriptor"));
                        if head.status == Head::PROCESSING {
                            continue;
                        }
                        if head.status == Head::CONTINUE {
                            self.give(stream, &body, pipe).await;
                            continue;
                        }
                        (reply.status, reply.headers, reply.length) = (head.status, head.headers, head.length);
                        reading = pipe.map(|end| tokio::task::spawn_blocking(move || read_all(end)));
                    }
                    Frame::Data(bytes) => reply.body = bytes.to_vec(),
                    Frame::End { count } => {
                        if let Some(reading) = reading.take() {
                            reply.body = reading.await.unwrap();
                        }
                        assert_eq!(count, reply.body.len() as u64, "END counts what came");
                        return Some(reply);
                    }
                    Frame::Abort(reason) => {
                        assert_ne!(reason, AbortReason::Gone);
                        return None;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    /// Sends the body, in the way that the worker asked for.
    async fn give(&self, stream: u32, body: &Body, pipe: Option<OwnedFd>) {
        let commit = Frame::Commit(Commit { count: body.count.unwrap_or(body.bytes.len() as u64), digests: body.digests.clone() });
        let mut frames = Vec::new();
        match pipe {
            Some(end) => {
                let bytes = body.bytes.clone();
                // A worker that stops reading closes its end: what then fails here is its answer's business.
                let _ = tokio::task::spawn_blocking(move || blocking(end).write_all(&bytes)).await.unwrap();
            }
            None if !body.bytes.is_empty() => frames.push(Frame::Data(body.bytes.clone().into())),
            None => {}
        }
        frames.push(commit);
        self.send(stream, frames).await;
    }
}

/// The passed end of a pipe as a file that waits.
pub(crate) fn blocking(end: OwnedFd) -> File {
    let sender = tokio::net::unix::pipe::Sender::from_owned_fd_unchecked(end).unwrap();
    File::from(sender.into_blocking_fd().unwrap())
}

fn read_all(end: OwnedFd) -> Vec<u8> {
    let receiver = tokio::net::unix::pipe::Receiver::from_owned_fd_unchecked(end).unwrap();
    let mut bytes = Vec::new();
    File::from(receiver.into_blocking_fd().unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Bytes that are nowhere the same.
pub(crate) fn pattern(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect()
}
