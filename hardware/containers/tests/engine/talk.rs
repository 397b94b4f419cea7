//! What containers say and take, programs in them, and that something happened.

use std::time::{Duration, Instant};

use croft_containers::{Engine, EngineError, ExecEnd, LogsWish, Voice};
use futures_util::{StreamExt, TryStreamExt};

use crate::world::{World, network, wish};

#[tokio::test]
async fn what_a_container_says_is_heard() {
    let world = World::new();
    let image = world.have("talks", &world.busybox()).await;
    world.podman.make_network(&network("talks", 1)).await.unwrap();
    let mut wish = wish("talks", "web", &image);
    let line = "echo one; echo two >&2; sleep 1; echo three; exit 3";
    wish.command = Some(["/bin/sh", "-c", line].map(str::to_owned).to_vec());
    let mut events = world.podman.events().await.unwrap();
    let id = world.run(&wish).await;
    let follow = LogsWish { follow: true, since: None, tail: 100 };
    let said = async |wish: &LogsWish| -> Vec<(Voice, String, bool)> {
        let stream = world.podman.logs(&id, wish).await.unwrap();
        let pieces =
            stream.map_ok(|piece| (piece.voice, String::from_utf8_lossy(&piece.bytes).trim_end().to_owned(), piece.time.is_some()));
        tokio::time::timeout(Duration::from_secs(20), pieces.try_collect()).await.expect("it ends with the container").unwrap()
    };
    let mut all = said(&follow).await;
    all.sort_by_key(|(voice, ..)| *voice == Voice::Err);
    let expected = [(Voice::Out, "one"), (Voice::Out, "three"), (Voice::Err, "two")].map(|(voice, text)| (voice, text.to_owned(), true));
    assert_eq!(all, expected);
    assert_eq!(said(&LogsWish { follow: false, since: None, tail: 1 }).await, [(Voice::Out, "three".to_owned(), true)]);
    let later = Some("2100-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(said(&LogsWish { follow: false, since: later, tail: 100 }).await, []);
    let heard = tokio::time::timeout(Duration::from_secs(20), events.next()).await.expect("something happened");
    assert_eq!(heard, Some(()));
    let nobody = "0a".repeat(32).parse().unwrap();
    let missing = world.podman.logs(&nobody, &follow).await.err();
    assert!(matches!(missing, Some(EngineError::Missing { .. })), "{missing:?}");
}

#[tokio::test]
async fn programs_run_in_a_container_for_a_while() {
    let world = World::new();
    let image = world.have("runs", &world.busybox()).await;
    world.podman.make_network(&network("runs", 1)).await.unwrap();
    let mut wish = wish("runs", "web", &image);
    wish.user = Some("1000".into());
    let id = world.run(&wish).await;
    let end = world.sh(&id, "id -u; echo err >&2; exit 4").await;
    assert_eq!(end.code, 4);
    let text = String::from_utf8_lossy(&end.output).into_owned();
    assert!(text.contains("1000\n") && text.contains("err\n"), "{text}");
    let much = world.sh(&id, "dd if=/dev/zero bs=1M count=3 2>/dev/null").await;
    assert_eq!((much.code, much.output.len()), (0, ExecEnd::MAX_BYTES));
    let begun = Instant::now();
    let argv = ["/bin/sleep", "61"].map(str::to_owned);
    let late = world.podman.exec(&id, &argv, Duration::from_millis(500)).await;
    assert!(matches!(late, Err(EngineError::TooLong { .. })) && begun.elapsed() < Duration::from_secs(10), "{late:?}");
    let begun = Instant::now();
    while world.can(&id, "grep -qx sleep /proc/[0-9]*/comm").await {
        assert!(begun.elapsed() < Duration::from_secs(10), "what was late lives on");
    }
    assert_eq!(world.podman.exec(&id, &["/bin/nothing".to_owned()], Duration::from_secs(5)).await.map(|end| end.code).unwrap_or(127), 127);
    let stats = world.podman.stats(&id).await.unwrap();
    assert!(stats.memory.0 > 0 && stats.processes >= 1 && stats.cpu_nanoseconds > 0, "{stats:?}");
}

#[tokio::test]
async fn a_program_in_a_container_is_no_news() {
    let world = World::new();
    let image = world.have("checked", &world.busybox()).await;
    world.podman.make_network(&network("checked", 1)).await.unwrap();
    let id = world.run(&wish("checked", "web", &image)).await;
    let mut events = world.podman.events().await.unwrap();
    assert!(world.can(&id, "true").await);
    let heard = tokio::time::timeout(Duration::from_secs(3), events.next()).await;
    assert!(heard.is_err(), "a test of health wakes whoever asks it");
    world.podman.remove(&id).await.unwrap();
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), events.next()).await.expect("it is gone"), Some(()));
}
