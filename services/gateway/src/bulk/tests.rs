//! The gateway's side against a worker that does what the test wants.

mod across;
mod body;
mod place;

use std::{
    io::Read,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use axum::body::Body;
use bytes::Bytes;
use croft_api::{
    bulk::{AbortReason, Area, Commit, DigestKind, DigestSet, Frame, Head, Hello, MountLine, Open, Root, decode, encode, limits},
    inherit::RunDirectory,
};
use croft_files::{Link, LinkListener, Pipes};
use croft_model::{Problem, Right, SpaceId};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Capabilities, Workers, files};
use crate::household::{Mount, Tree};

struct Anybody;

impl Capabilities for Anybody {
    async fn capability_for(&self, space: SpaceId) -> Result<String, Problem> {
        Ok(format!("for {space}"))
    }
}

fn space(number: u16) -> SpaceId {
    SpaceId::from_number(number)
}

/// Where ana's files lie.
const ANAS: files::Below<'static> = files::Below { area: Area::Files, prefix: "/dav/files/ana", files: "/dav/files/ana" };

fn tree() -> Tree {
    Tree { own: space(1), mounts: vec![Mount { name: "Family".into(), space: space(2), right: Right::Write }], disks: Vec::new() }
}

fn root(etag: &str) -> Root {
    Root { etag: etag.into(), id: 1 }
}

/// The worker's end of a link.
struct Scripted {
    link: Link,
    buffer: Vec<u8>,
}

impl Scripted {
    async fn accept(listener: &mut LinkListener) -> Self {
        let mut this = Self { link: listener.accept().await.unwrap(), buffer: vec![0; limits::MAX_PACKET] };
        assert!(matches!(this.receive().await.as_slice(), [(0, Frame::Hello(_))]));
        this.send(0, vec![Frame::Hello(Hello { version: limits::VERSION, root: Some(root("first")) })], None).await;
        this
    }

    async fn receive(&mut self) -> Vec<(u32, Frame)> {
        match self.link.receive(&mut self.buffer).await.unwrap() {
            Some(received) => decode(Bytes::copy_from_slice(&self.buffer[..received.length])).unwrap(),
            None => Vec::new(),
        }
    }

    async fn opened(&mut self) -> (u32, Open) {
        let (stream, open, rest) = self.opened_with().await;
        assert_eq!(rest, []);
        (stream, open)
    }

    /// The same with what comes along.
    async fn opened_with(&mut self) -> (u32, Open, Vec<(u32, Frame)>) {
        let mut frames = self.receive().await.into_iter();
        match frames.next() {
            Some((stream, Frame::Open(open))) => (stream, *open, frames.collect()),
            other => panic!("{other:?}"),
        }
    }

    async fn send(&self, stream: u32, frames: Vec<Frame>, end: Option<OwnedFd>) {
        let packet: Vec<_> = frames.into_iter().map(|frame| (stream, frame)).collect();
        self.link.send(&encode(&packet).unwrap(), end.as_ref().map(AsFd::as_fd)).await.unwrap();
    }
}

fn head(status: u16, length: Option<u64>) -> Frame {
    Frame::Head(Head { status, wanted: DigestSet { sha1: true, sha256: true }, length, headers: vec![("etag".into(), "\"e\"".into())] })
}

/// A listener for `space` in `run`, and workers that reach it.
fn door(run: &Path) -> (LinkListener, Workers) {
    std::fs::create_dir_all(run.join("sync")).unwrap();
    let listener = LinkListener::bind(&run.join("sync/s1.sock")).unwrap();
    let run = RunDirectory::new(std::fs::File::open(run).unwrap().into());
    (listener, Workers::new(run, CancellationToken::new()))
}

async fn ask(workers: &Workers, method: &str, path: &str, body: Body) -> Result<axum::response::Response, Problem> {
    let request = Request::builder().method(method).uri(path).body(body).unwrap();
    files::answer(workers, &Anybody, (ANAS, &tree()), "r1", request).await
}

#[tokio::test]
async fn a_piece_of_a_file_is_no_file() {
    let run = tempfile::tempdir().unwrap();
    let (_listener, workers) = door(run.path());
    let request = Request::put("/dav/files/ana/a-chunking-1-2-0").header("OC-Chunked", "1").body(Body::from("half")).unwrap();
    let refused = files::answer(&workers, &Anybody, (ANAS, &tree()), "r1", request).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (501, "pieces-unknown"));
}

#[tokio::test]
async fn a_small_body_comes_along_and_is_not_asked_for() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let mut changes = workers.changes();
    let worker = async {
        let mut worker = Scripted::accept(&mut listener).await;
        let (stream, open, frames) = worker.opened_with().await;
        assert_eq!((open.capability.as_str(), open.length, open.segments), ("for s1", Some(5), vec!["a b".into(), "c".into()]));
        assert_eq!((open.prefix.as_str(), open.mounts), ("/dav/files/ana", None));
        let commit = Frame::Commit(Commit { count: 5, digests: Vec::new() });
        assert_eq!(frames, [(stream, Frame::Data("hello".into())), (stream, commit)]);
        let changed = Frame::Changed { folder: "a b".into(), root: root("second") };
        worker
            .link
            .send(&encode(&[(0, changed), (stream, head(201, Some(0))), (stream, Frame::End { count: 0 })]).unwrap(), None)
            .await
            .unwrap();
        worker
    };
    let (answer, _worker) = tokio::join!(ask(&workers, "PUT", "/dav/files/ana/a%20b/c", Body::from("hello")), worker);
    let answer = answer.unwrap();
    assert_eq!((answer.status(), answer.headers()["etag"].to_str().unwrap()), (StatusCode::CREATED, "\"e\""));
    assert_eq!(changes.recv().await.unwrap().folder, "a b");
    assert_eq!(workers.root(space(1)).await, Some(root("second")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_flows_through_the_pipe_and_an_early_answer_stops_it() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let pipes = Pipes::new(4, limits::PIPE_BYTES, limits::IDLE_BODY);
    let body: Vec<u8> = (0..3_000_000_u32).map(|index| index.to_le_bytes()[1]).collect();
    let sent = body.clone();
    let worker = async {
        let mut worker = Scripted::accept(&mut listener).await;
        let (stream, _) = worker.opened().await;
        let (intake, end) = pipes.intake().await.unwrap();
        worker.send(stream, vec![head(100, None), Frame::Pipe], Some(end)).await;
        let file = std::sync::Arc::new(tempfile::tempfile().unwrap());
        let count = intake.into_file(file.clone(), |_, _| Ok::<_, croft_files::FilesError>(())).await.unwrap();
        let mut found = Vec::new();
        std::io::Seek::rewind(&mut &*file).unwrap();
        (&*file).read_to_end(&mut found).unwrap();
        assert!(found == sent);
        let said = worker.receive().await;
        let [(_, Frame::Commit(commit))] = said.as_slice() else { panic!("{said:?}") };
        assert_eq!((commit.count, commit.digests[0].kind), (count, DigestKind::Sha1));
        assert_eq!(
            commit.digests[0].hex,
            digest(&SHA1_FOR_LEGACY_USE_ONLY, &sent).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        );
        assert_eq!(commit.digests[1].kind, DigestKind::Sha256);
        worker.send(stream, vec![head(204, Some(0)), Frame::End { count: 0 }], None).await;
        // The disk is full: the worker closes its end and answers.
        let (stream, _) = worker.opened().await;
        let (intake, end) = pipes.intake().await.unwrap();
        worker.send(stream, vec![head(100, None), Frame::Pipe], Some(end)).await;
        drop(intake);
        worker.send(stream, vec![head(507, Some(0)), Frame::End { count: 0 }], None).await;
        worker
    };
    let client = async {
        let first = ask(&workers, "PUT", "/dav/files/ana/a", Body::from(body.clone())).await.unwrap();
        let second = ask(&workers, "PUT", "/dav/files/ana/a", Body::from(body.clone())).await.unwrap();
        (first.status().as_u16(), second.status().as_u16())
    };
    assert_eq!(tokio::join!(client, worker).0, (204, 507));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_open_their_streams_in_order() {
    const CLIENTS: u32 = 16;
    const ROUNDS: u32 = 200;
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let workers = std::sync::Arc::new(workers);
    let clients = (0..CLIENTS).map(|_| {
        let workers = std::sync::Arc::clone(&workers);
        tokio::spawn(async move {
            for _ in 0..ROUNDS {
                ask(&workers, "DELETE", "/dav/files/ana/a", Body::empty()).await.unwrap();
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut worker = Scripted::accept(&mut listener).await;
    for number in 1..=CLIENTS * ROUNDS {
        let (stream, _) = worker.opened().await;
        assert_eq!(stream, number);
        worker.send(stream, vec![head(204, None), Frame::End { count: 0 }], None).await;
    }
    for client in clients {
        client.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_whole_only_when_the_worker_says_so() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let pipes = Pipes::new(4, limits::PIPE_BYTES, limits::IDLE_BODY);
    let worker = async {
        let mut worker = Scripted::accept(&mut listener).await;
        for (count, last) in
            [(100_000, Frame::End { count: 100_000 }), (50_000, Frame::Abort(AbortReason::Failed)), (50_000, Frame::End { count: 100_000 })]
        {
            let (stream, _) = worker.opened().await;
            let (mut outflow, end) = pipes.outflow().await.unwrap();
            worker.send(stream, vec![head(200, Some(100_000)), Frame::Pipe], Some(end)).await;
            outflow.write(&vec![7; count]).await.unwrap();
            drop(outflow);
            worker.send(stream, vec![last], None).await;
        }
        // Dies in the middle.
        let (stream, _) = worker.opened().await;
        let (mut outflow, end) = pipes.outflow().await.unwrap();
        worker.send(stream, vec![head(200, Some(100_000)), Frame::Pipe], Some(end)).await;
        outflow.write(&[7; 100]).await.unwrap();
    };
    let client = async {
        let mut whole = Vec::new();
        for _ in 0..4 {
            let answer = ask(&workers, "GET", "/dav/files/ana/a", Body::empty()).await.unwrap();
            assert_eq!(answer.headers()["content-length"], "100000");
            whole.push(answer.into_body().collect().await.is_ok());
        }
        whole
    };
    assert_eq!(tokio::join!(client, worker).0, [true, false, false, false]);
}

#[tokio::test]
async fn a_client_that_goes_away_is_an_abort() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let pipes = Pipes::new(4, limits::PIPE_BYTES, limits::IDLE_BODY);
    let (pieces, body) = mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    let body = Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(body));
    pieces.send(Ok(Bytes::from_static(b"half"))).await.unwrap();
    pieces.send(Err(std::io::Error::other("the client is gone"))).await.unwrap();
    let worker = async {
        let mut worker = Scripted::accept(&mut listener).await;
        let (stream, open) = worker.opened().await;
        assert_eq!(open.length, None);
        let (_intake, end) = pipes.intake().await.unwrap();
        worker.send(stream, vec![head(100, None), Frame::Pipe], Some(end)).await;
        // The ABORT is sent when the stream is dropped, beside what comes next on the link.
        let mut both = worker.receive().await;
        both.extend(worker.receive().await);
        assert!(both.contains(&(stream, Frame::Abort(AbortReason::Gone))), "{both:?}");
        // A small body that grows past its frame is refused by the gateway.
        let stream = both.into_iter().find_map(|(stream, frame)| matches!(frame, Frame::Open(_)).then_some(stream)).unwrap();
        worker.send(stream, vec![head(100, None)], None).await;
        assert_eq!(worker.receive().await, [(stream, Frame::Abort(AbortReason::Gone))]);
    };
    let client = async {
        let gone = ask(&workers, "PUT", "/dav/files/ana/a", body).await.unwrap_err();
        let large = ask(&workers, "PROPFIND", "/dav/files/ana/a", Body::from(vec![b'x'; 70_000])).await.unwrap_err();
        (gone.code, large.status)
    };
    assert_eq!(tokio::join!(client, worker).0, ("body-incomplete".into(), 413));
}

#[tokio::test]
async fn the_largest_body_that_comes_along_comes_behind_its_head() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let whole = vec![b'x'; limits::MAX_INLINE];
    let worker = async {
        let mut worker = Scripted::accept(&mut listener).await;
        let (stream, _) = worker.opened().await;
        let frames = worker.receive().await;
        assert!(matches!(frames.as_slice(), [(_, Frame::Data(data)), (_, Frame::Commit(_))] if *data == whole));
        worker.send(stream, vec![head(201, Some(0)), Frame::End { count: 0 }], None).await;
        // Done perhaps, when the link dies: what was asked on a condition is not asked again.
        let _ = worker.opened_with().await;
    };
    let client = async {
        let put = ask(&workers, "PUT", "/dav/files/ana/a", Body::from(whole.clone())).await.unwrap();
        let request = Request::put("/dav/files/ana/b").header("if-none-match", "*").body(Body::from("x")).unwrap();
        let unsure = files::answer(&workers, &Anybody, (ANAS, &tree()), "r2", request).await.unwrap_err();
        (put.status().as_u16(), unsure.code)
    };
    assert_eq!(tokio::join!(client, worker).0, (201, "broken-off".into()));
}

#[tokio::test]
async fn a_dead_link_is_replaced_once_and_only_where_nothing_can_happen_twice() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let worker = async {
        for (last, method) in [(Frame::Abort(AbortReason::Stopping), "stopping"), (Frame::Pipe, "dies")] {
            let mut ending = Scripted::accept(&mut listener).await;
            let (stream, _) = ending.opened().await;
            if method == "stopping" {
                ending.send(stream, vec![last], None).await;
            }
            drop(ending);
            let mut next = Scripted::accept(&mut listener).await;
            let (stream, _) = next.opened().await;
            next.send(stream, vec![head(204, None), Frame::End { count: 0 }], None).await;
            drop(next);
        }
        let mut dying = Scripted::accept(&mut listener).await;
        dying.opened().await;
    };
    let client = async {
        let stopping = ask(&workers, "DELETE", "/dav/files/ana/a", Body::empty()).await.unwrap().status();
        let died = ask(&workers, "GET", "/dav/files/ana/a", Body::empty()).await;
        let unsure = ask(&workers, "MKCOL", "/dav/files/ana/a", Body::empty()).await;
        (stopping, died.map(|answer| answer.status()), unsure.map(|_| ()).unwrap_err().code)
    };
    let (stopping, died, unsure) = tokio::join!(client, worker).0;
    assert_eq!((stopping.as_u16(), died.unwrap().as_u16(), unsure.as_str()), (204, 204, "broken-off"));
}

#[tokio::test]
async fn the_root_shows_what_is_known_of_shared_spaces() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let mut shared = LinkListener::bind(&run.path().join("sync/s2.sock")).unwrap();
    let own = async {
        let mut worker = Scripted::accept(&mut listener).await;
        let (stream, open) = worker.opened().await;
        worker.send(stream, vec![head(207, Some(0)), Frame::End { count: 0 }], None).await;
        open
    };
    let asked = tokio::join!(ask(&workers, "PROPFIND", "/dav/files/ana/", Body::empty()), own, Scripted::accept(&mut shared));
    assert_eq!(asked.0.unwrap().status(), StatusCode::MULTI_STATUS);
    let mount = MountLine { name: "Family".into(), space: 2, right: Right::Write, root: Some(root("first")) };
    assert_eq!(asked.1.mounts, Some(vec![mount]));
    for (path, code) in
        [("/dav/files/ana/../bob/x", "name-invalid"), ("/dav/files/bob/x", "not-found"), ("/dav/files/anabel/x", "not-found")]
    {
        assert_eq!(ask(&workers, "GET", path, Body::empty()).await.unwrap_err().code, code, "{path}");
    }
    assert_eq!(ask(&workers, "REPORT", "/dav/files/ana/x", Body::empty()).await.unwrap_err().status, 405);
}

#[tokio::test]
async fn an_over_long_request_is_refused_alone() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let (judged, judging) = tokio::sync::oneshot::channel();
    let worker = async {
        let mut worker = Scripted::accept(&mut listener).await;
        let (stream, _) = worker.opened().await;
        judging.await.unwrap();
        worker.send(stream, vec![head(204, None), Frame::End { count: 0 }], None).await;
        // The next packet is the next request: the refused ones left neither an OPEN nor an ABORT.
        let (next, _) = worker.opened().await;
        worker.send(next, vec![head(204, None), Frame::End { count: 0 }], None).await;
    };
    let client = async {
        let under_way = ask(&workers, "DELETE", "/dav/files/ana/a", Body::empty());
        let refused = async {
            for path in ["/a".repeat(300), format!("/{}", "a".repeat(250)).repeat(20), format!("/{}", "a".repeat(40_000))] {
                let problem = ask(&workers, "GET", &format!("/dav/files/ana{path}"), Body::empty()).await.unwrap_err();
                assert_eq!((problem.status, problem.code.as_str()), (431, "request-too-long"));
            }
            judged.send(()).unwrap();
        };
        assert_eq!(tokio::join!(under_way, refused).0.unwrap().status(), 204);
        ask(&workers, "DELETE", "/dav/files/ana/a", Body::empty()).await.unwrap().status()
    };
    assert_eq!(tokio::join!(client, worker).0, 204);
}
