//! Images out of a registry: whole or not at all.

use std::time::{Duration, Instant};

use croft_containers::{Digest, Engine, EngineError, ImageReference, Pulled};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::world::World;

#[tokio::test]
async fn a_pull_tells_how_far_it_is_and_gives_the_digest() {
    let world = World::new();
    let mut image = world.busybox().ballast(12 << 20, 7);
    image.user = "service".into();
    image.volumes = vec!["/data".into()];
    image.health = Some(vec!["CMD-SHELL".into(), "true".into()]);
    let digest: Digest = world.registry.push("photos", "1.2", &image).parse().unwrap();
    // The engine tells bytes once a second.
    let way = world.registry.slow(4 << 20);
    let by_tag: ImageReference = format!("127.0.0.1:{}/photos:1.2", way.port).parse().unwrap();
    let (sender, mut receiver) = watch::channel(Pulled::default());
    let telling = tokio::spawn(async move {
        let mut all = vec![];
        while receiver.changed().await.is_ok() {
            all.push(*receiver.borrow_and_update());
        }
        all
    });
    assert_eq!(world.podman.pull(&by_tag, sender, CancellationToken::new()).await.unwrap(), digest);
    let told = telling.await.unwrap();
    let last = told.last().unwrap();
    assert_eq!((last.layers_done, last.layers_total), (3, 3), "two layers and what the image says of itself: {told:?}");
    assert!(last.bytes_total > 12 << 20 && last.bytes_done == last.bytes_total, "{last:?}");
    assert!(told.iter().any(|told| told.bytes_done > 0 && told.bytes_done < told.bytes_total), "{told:?}");
    assert!(told.is_sorted_by_key(|told| told.bytes_done), "{told:?}");
    let seen = world.podman.image(&digest).await.unwrap().unwrap();
    assert_eq!((seen.user.as_str(), seen.ports, seen.volumes), ("service", vec!["8080/tcp".into()], vec!["/data".into()]));
    assert_eq!(seen.health.map(|health| (health.test, health.retries)), Some((vec!["CMD-SHELL".into(), "true".into()], 3)));
    assert!(seen.size.0 > 12 << 20);
}

#[tokio::test]
async fn a_broken_pull_is_an_error_and_leaves_nothing() {
    let mut world = World::new();
    let digest: Digest = world.registry.push("photos", "1", &world.busybox().ballast(32 << 20, 9)).parse().unwrap();
    let cut = world.registry.cut_after(20 << 20);
    let broken: ImageReference = format!("127.0.0.1:{}/photos@{digest}", cut.port).parse().unwrap();
    let pull =
        async |image: &ImageReference, stop: CancellationToken| world.podman.pull(image, watch::channel(Pulled::default()).0, stop).await;
    let error = pull(&broken, CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, EngineError::Pull { .. }), "{error:?}");
    assert_eq!(world.podman.look().await.unwrap().images, []);
    assert_eq!(world.podman.image(&digest).await.unwrap(), None);

    // Given up by whoever asked for it: before, and on the way, where the engine lets go of the registry.
    let stop = CancellationToken::new();
    stop.cancel();
    assert!(matches!(pull(&broken, stop).await.unwrap_err(), EngineError::Cancelled));
    let slow = world.registry.slow(2 << 20);
    let slowly: ImageReference = format!("127.0.0.1:{}/photos@{digest}", slow.port).parse().unwrap();
    let stop = CancellationToken::new();
    let (sender, mut receiver) = watch::channel(Pulled::default());
    let told = async {
        receiver.changed().await.unwrap();
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(world.podman.pull(&slowly, sender, stop.clone()), told);
    assert!(matches!(ended.unwrap_err(), EngineError::Cancelled));
    let begun = Instant::now();
    loop {
        let before = slow.left();
        tokio::time::sleep(Duration::from_millis(500)).await; // waits: for bytes that would still come
        if slow.left() == before {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(8), "it goes on, though nobody wants it");
    }
    assert_eq!(world.podman.look().await.unwrap().images, []);

    // The same again over a way that holds.
    cut.pass(u64::MAX);
    assert_eq!(pull(&broken, CancellationToken::new()).await.unwrap(), digest);
    world.registry.kill();
    let missing: ImageReference = world.registry.name("photos:2").parse().unwrap();
    let error =
        tokio::time::timeout(Duration::from_secs(60), pull(&missing, CancellationToken::new())).await.expect("it ends").unwrap_err();
    assert!(matches!(error, EngineError::Pull { .. }), "{error:?}");
}

#[tokio::test]
async fn an_update_is_another_digest_of_the_same_name() {
    let world = World::new();
    let first = world.have("photos", &world.busybox().page("one")).await;
    let second = world.have("photos", &world.busybox().page("two")).await;
    assert_ne!(first.digest(), second.digest());
    let held = world.podman.look().await.unwrap().images;
    assert_eq!(held.len(), 2, "{held:?}");
    world.podman.remove_image(first.digest().unwrap()).await.unwrap();
    let held = world.podman.look().await.unwrap().images;
    assert!(held.len() == 1 && held[0].digests.contains(second.digest().unwrap()), "{held:?}");
}
