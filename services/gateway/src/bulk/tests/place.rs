//! Under which names shared spaces stand: only the worker of the own space says it.

use super::*;

#[tokio::test]
async fn the_own_worker_says_which_name_is_a_spaces() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let mut shared = LinkListener::bind(&run.path().join("sync/s2.sock")).unwrap();
    let own = async {
        let mut worker = Scripted::accept(&mut listener).await;
        for shown in ["Family", "Family (shared)"] {
            let (stream, open) = worker.opened().await;
            assert_eq!((open.area, open.capability.as_str(), open.segments), (Area::Mounts, "for s1", Vec::new()));
            assert_eq!(open.mounts.unwrap()[0].name, "Family");
            let names = Bytes::from(serde_json::to_vec(&[shown]).unwrap());
            let count = names.len() as u64;
            worker.send(stream, vec![head(200, Some(count)), Frame::Data(names), Frame::End { count }], None).await;
        }
        // The shared space has another name here, so this is the own folder.
        let (stream, open) = worker.opened().await;
        assert_eq!((open.area, open.segments), (Area::Files, vec!["Family".into(), "x".into()]));
        worker.send(stream, vec![head(204, None), Frame::End { count: 0 }], None).await;
    };
    let other = async {
        let mut worker = Scripted::accept(&mut shared).await;
        let (stream, open) = worker.opened().await;
        assert_eq!((open.prefix.as_str(), open.segments), ("/dav/files/ana/Family", vec!["x".into()]));
        worker.send(stream, vec![head(202, None), Frame::End { count: 0 }], None).await;
    };
    let client = async {
        let first = ask(&workers, "DELETE", "/dav/files/ana/Family/x", Body::empty()).await.unwrap();
        let second = ask(&workers, "DELETE", "/dav/files/ana/Family/x", Body::empty()).await.unwrap();
        (first.status().as_u16(), second.status().as_u16())
    };
    assert_eq!(tokio::join!(client, own, other).0, (202, 204));
}

#[tokio::test]
async fn where_the_own_worker_does_not_say_nothing_is_led_to_a_space() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let shared = LinkListener::bind(&run.path().join("sync/s2.sock")).unwrap();
    let own = async {
        let mut worker = Scripted::accept(&mut listener).await;
        for answer in [vec![Frame::Abort(AbortReason::Busy)], vec![head(200, Some(2)), Frame::Data("[]".into()), Frame::End { count: 2 }]] {
            let (stream, open) = worker.opened().await;
            assert_eq!(open.area, Area::Mounts);
            worker.send(stream, answer, None).await;
        }
    };
    let client = async {
        for _ in 0..2 {
            let refused = ask(&workers, "PUT", "/dav/files/ana/family/x", Body::from("x")).await.unwrap_err();
            assert_eq!(refused.status, 503, "{refused:?}");
        }
    };
    tokio::join!(client, own);
    drop(listener);
    std::fs::remove_file(run.path().join("sync/s1.sock")).unwrap();
    let (_, unreachable) =
        (shared, Workers::new(RunDirectory::new(std::fs::File::open(run.path()).unwrap().into()), CancellationToken::new()));
    for method in ["GET", "PUT", "MKCOL", "DELETE", "PROPFIND"] {
        let refused = ask(&unreachable, method, "/dav/files/ana/Family/x", Body::empty()).await.unwrap_err();
        assert_eq!(refused.status, 503, "{method} {refused:?}");
    }
}

#[tokio::test]
async fn a_question_about_a_shared_space_does_not_reach_the_own_one() {
    let run = tempfile::tempdir().unwrap();
    let (mut listener, workers) = door(run.path());
    let mut shared = LinkListener::bind(&run.path().join("sync/s2.sock")).unwrap();
    let own = async {
        let mut worker = Scripted::accept(&mut listener).await;
        let (stream, open) = worker.opened().await;
        assert_eq!(open.area, Area::Mounts);
        let names = Bytes::from("[\"Family (shared)\"]");
        let count = names.len() as u64;
        worker.send(stream, vec![head(200, Some(count)), Frame::Data(names), Frame::End { count }], None).await;
    };
    let other = async {
        let mut worker = Scripted::accept(&mut shared).await;
        let (stream, open) = worker.opened().await;
        assert_eq!((open.area, open.segments), (Area::Guard, Vec::new()));
        worker.send(stream, vec![head(202, None), Frame::End { count: 0 }], None).await;
    };
    let below = files::Below { area: Area::Guard, prefix: "/dav/guard/ana", files: "/dav/files/ana" };
    let request = Request::delete("/dav/guard/ana/Family%20(shared)").body(Body::empty()).unwrap();
    let tree = tree();
    let asked = files::answer(&workers, &Anybody, (below, &tree), "r1", request);
    assert_eq!(tokio::join!(asked, own, other).0.unwrap().status(), 202);
}
