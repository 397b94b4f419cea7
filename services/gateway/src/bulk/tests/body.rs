//! Bodies that come along, and those that do not.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use croft_api::bulk::{Method, Proof, Stranger};
use futures_util::stream;

use super::*;

/// Gives a capability that would be over if it were asked for before the body is there.
struct Late(Arc<AtomicBool>);

impl Capabilities for Late {
    async fn capability_for(&self, space: SpaceId) -> Result<String, Problem> {
        assert!(self.0.load(Ordering::SeqCst), "the body has not come yet");
        Ok(format!("for {space}"))
    }
}

#[tokio::test]
async fn a_capability_is_asked_for_when_the_body_is_there() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let trash = files::Below { area: Area::Trash, prefix: "/dav/trash/ana", files: "/dav/files/ana" };
    let item = "/dav/trash/ana/s1-0011223344556677.d5";
    let asked = [(ANAS, "PUT", "/dav/files/ana/x"), (ANAS, "PROPFIND", "/dav/files/ana/x"), (trash, "PROPFIND", item)];
    let worker = async {
        let mut worker = Scripted::accept(&mut listener).await;
        for _ in asked {
            let (stream, _, along) = worker.opened_with().await;
            assert_eq!(along[0], (stream, Frame::Data("hello".into())));
            worker.send(stream, vec![head(201, None), Frame::End { count: 0 }], None).await;
        }
    };
    let client = async {
        for (below, method, path) in asked {
            let late = Late(Arc::default());
            let read = late.0.clone();
            let body = Body::from_stream(stream::once(async move {
                read.store(true, Ordering::SeqCst);
                Ok::<_, std::io::Error>(Bytes::from("hello"))
            }));
            let request = Request::builder().method(method).uri(path).header("content-length", "5").body(body).unwrap();
            let answer = files::answer(&workers, &late, (below, &tree()), "r1", request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::CREATED, "{method} {path}");
        }
    };
    tokio::join!(client, worker);
}

#[tokio::test]
async fn what_no_method_reads_and_what_strangers_send_does_not_come_along() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let token = format!("1-{}", "0".repeat(32)).parse().unwrap();
    let stranger = Stranger { token, address: "10.0.0.1".parse().unwrap(), proof: Proof::None };
    let puts = Open {
        method: Method::Put,
        length: Some(1),
        request: "r1".into(),
        capability: stranger.expose(),
        area: Area::Files,
        prefix: String::new(),
        segments: vec!["x".into()],
        destination: None,
        headers: Vec::new(),
        mounts: None,
    };
    let worker = async {
        let mut worker = Scripted::accept(&mut listener).await;
        for status in [204, 404] {
            let (stream, _) = worker.opened().await;
            worker.send(stream, vec![head(status, None), Frame::End { count: 0 }], None).await;
        }
        let (stream, _) = worker.opened().await;
        worker.send(stream, vec![head(100, None)], None).await;
        let commit = Frame::Commit(Commit { count: 1, digests: Vec::new() });
        assert_eq!(worker.receive().await, [(stream, Frame::Data("x".into())), (stream, commit)]);
        // It may be there when the link dies now: it is not sent again.
    };
    let client = async {
        let read = ask(&workers, "GET", "/dav/files/ana/a", Body::from("x")).await.unwrap();
        // A link that opens nothing is refused before anything is read.
        let unread =
            workers.ask(space(1), puts.clone(), Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>())).await.unwrap();
        let unsure = workers.ask(space(1), puts.clone(), Body::from("x")).await.unwrap_err();
        (read.status().as_u16(), unread.status().as_u16(), unsure.code)
    };
    assert_eq!(tokio::join!(client, worker).0, (204, 404, "broken-off".into()));
}
