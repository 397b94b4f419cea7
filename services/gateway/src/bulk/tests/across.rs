//! Moves between spaces, whose workers say how far they are to somebody who may not listen.

use std::time::Duration;

use tokio::time::timeout;

use super::{
    super::stream::{FromWorker, Stream},
    *,
};

/// More than anything here takes, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than wait for a stream.
const SIGNS: usize = 30;

fn sign() -> Vec<Frame> {
    let headers = vec![("croft-arrived".into(), "1".into()), ("croft-whole".into(), "2".into())];
    vec![Frame::Head(Head { status: Head::PROCESSING, wanted: DigestSet::default(), length: None, headers })]
}

async fn signs(worker: &Scripted, stream: u32) {
    for _ in 0..SIGNS {
        worker.send(stream, sign(), None).await;
    }
}

/// The end of `stream`, read after all else; how many signs were kept.
async fn read(mut stream: Stream) -> (usize, u16, Bytes, u64) {
    let (mut kept, mut status, mut body) = (0, 0, Bytes::new());
    loop {
        match timeout(PATIENCE, stream.next()).await.unwrap() {
            Some(FromWorker::Head(head, _)) if head.status == Head::PROCESSING => kept += 1,
            Some(FromWorker::Head(head, _)) => status = head.status,
            Some(FromWorker::Data(bytes)) => body = bytes,
            Some(FromWorker::End(count)) => return (kept, status, body, count),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn signs_that_nobody_takes_leave_room_for_the_answer() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let (_beside, handed) = Link::pair().unwrap();
    let open = Open {
        method: croft_api::bulk::Method::Put,
        length: Some(0),
        request: "r1".into(),
        capability: "for s1".into(),
        area: Area::Across,
        prefix: String::new(),
        segments: vec!["x".into()],
        destination: None,
        headers: Vec::new(),
        mounts: None,
    };
    let worker = async {
        let mut worker = Scripted::accept(&mut listener).await;
        let (stream, ..) = worker.opened_with().await;
        signs(&worker, stream).await;
        worker.send(stream, vec![head(201, Some(2)), Frame::Data("{}".into()), Frame::End { count: 2 }], None).await;
        // By its answer all that was sent before is known to have arrived.
        let (next, _) = worker.opened().await;
        worker.send(next, vec![head(204, None), Frame::End { count: 0 }], None).await;
        worker
    };
    let client = async {
        let stream = workers.begin(space(1), &open, handed.into()).await.unwrap();
        let other = timeout(PATIENCE, ask(&workers, "DELETE", "/dav/files/ana/a", Body::empty())).await.unwrap();
        assert_eq!(other.unwrap().status(), StatusCode::NO_CONTENT, "the link is still everybody's");
        read(stream).await
    };
    let ((kept, status, body, count), _worker) = tokio::join!(client, worker);
    assert_eq!((status, body, count), (201, Bytes::from("{}"), 2));
    assert!((1..SIGNS).contains(&kept), "{kept}");
}

/// Asks for a move into `Family` that tells how far it is.
async fn moves(workers: &Workers) -> axum::response::Response {
    let request = Request::builder()
        .method("MOVE")
        .uri("/dav/files/ana/a")
        .header("destination", "/dav/files/ana/Family/a")
        .header("accept", "application/jsonl")
        .body(Body::empty())
        .unwrap();
    files::answer(workers, &Anybody, (ANAS, &tree()), "r1", request).await.unwrap()
}

/// Lets the one that sends judge; gives its stream.
async fn judges(worker: &mut Scripted) -> u32 {
    let (stream, open) = worker.opened().await;
    assert_eq!(open.area, Area::Mounts);
    let names = Bytes::from_static(b"[\"Family\"]");
    let count = names.len() as u64;
    worker.send(stream, vec![head(200, Some(count)), Frame::Data(names), Frame::End { count }], None).await;
    let (stream, open, _) = worker.opened_with().await;
    assert_eq!((open.area, open.capability.as_str()), (Area::Across, "for s1"));
    worker.send(stream, vec![head(100, None)], None).await;
    stream
}

#[tokio::test]
async fn a_move_goes_on_though_nobody_reads_how_far_it_is_and_ends_with_who_hangs_up() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let mut shared = LinkListener::bind(&run.path().join("sync/s2.sock")).unwrap();
    let (moved, all_moved) = tokio::sync::oneshot::channel();
    let source = async {
        let mut worker = Scripted::accept(&mut listener).await;
        let stream = judges(&mut worker).await;
        let said = timeout(PATIENCE, worker.receive()).await.expect("a word that all is there");
        assert_eq!(said, [(stream, Frame::Commit(Commit::default()))]);
        worker.send(stream, vec![head(204, None), Frame::End { count: 0 }], None).await;
        moved.send(()).unwrap();
        let stream = judges(&mut worker).await;
        assert_eq!(timeout(PATIENCE, worker.receive()).await.unwrap(), [(stream, Frame::Abort(AbortReason::Gone))]);
    };
    let target = async {
        let mut worker = Scripted::accept(&mut shared).await;
        let (stream, open, _) = worker.opened_with().await;
        assert_eq!((open.area, open.capability.as_str()), (Area::Across, "for s2"));
        signs(&worker, stream).await;
        worker.send(stream, vec![head(201, None), Frame::End { count: 0 }], None).await;
        let (stream, ..) = worker.opened_with().await;
        worker.send(stream, sign(), None).await;
        assert_eq!(timeout(PATIENCE, worker.receive()).await.unwrap(), [(stream, Frame::Abort(AbortReason::Gone))]);
    };
    let client = async {
        let told = moves(&workers).await;
        all_moved.await.unwrap();
        drop(moves(&workers).await);
        // Only now somebody reads.
        String::from_utf8(told.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
    };
    let (told, ..) = tokio::join!(client, source, target);
    assert_eq!(told.lines().last(), Some("{\"status\":201}"), "{told}");
}
