//! What holds of every engine: real Podman, and the one in memory.

use croft_containers::{ContainerState, Digest, Engine, EngineError, FakeEngine, Grace, ImageReference, SeenImage};
use croft_model::Bytes;
use std::time::Duration;

use crate::world::{World, network, pull, wish};

/// A container's life, each step twice: a step that was done is done.
async fn lives(engine: &dyn Engine, image: &ImageReference) {
    let digest = image.digest().unwrap();
    let missing = |error: EngineError| assert!(matches!(error, EngineError::Missing { .. }), "{error:?}");
    missing(engine.create(&wish("photos", "web", &image.clone().pinned(other()))).await.unwrap_err());
    pull(engine, image).await;
    pull(engine, image).await;
    assert!(engine.image(digest).await.unwrap().is_some());
    assert!(engine.image(&other()).await.unwrap().is_none());

    let (app, photos) = ("photos".parse().unwrap(), network("photos", 7));
    engine.make_network(&photos).await.unwrap();
    assert!(matches!(engine.make_network(&photos).await.unwrap_err(), EngineError::Taken { what: "network" }));
    let wish = wish("photos", "web", image);
    let id = engine.create(&wish).await.unwrap();
    assert!(matches!(engine.create(&wish).await.unwrap_err(), EngineError::Taken { what: "container" }));

    let seen = engine.look().await.unwrap();
    let [container] = &seen.containers[..] else { panic!("{seen:?}") };
    assert_eq!((container.id.clone(), container.plan.as_str(), &container.state), (id.clone(), "plan-1", &ContainerState::Created));
    assert_eq!((container.app.clone(), container.service.as_str(), container.image.as_ref()), (wish.app.clone(), "web", Some(digest)));
    let [found] = &seen.networks[..] else { panic!("{seen:?}") };
    assert_eq!((found.number, &found.resolving, found.subnets.len()), (Some(photos.number), &photos.resolving, 2));
    assert!(seen.images.iter().any(|held| held.digests.contains(digest) && held.containers == 1), "{seen:?}");

    engine.start(&id).await.unwrap();
    engine.start(&id).await.unwrap();
    let running = engine.look().await.unwrap().containers.remove(0);
    assert!(matches!(running.state, ContainerState::Running { .. }), "{running:?}");
    assert!(photos.subnet.contains(&running.addresses[0].to_string().parse::<std::net::Ipv4Addr>().unwrap()), "{running:?}");
    assert!(engine.remove_network(&app).await.is_err(), "a container is on it");
    assert!(matches!(engine.remove_image(digest).await.unwrap_err(), EngineError::RemoveImage { .. }));

    let grace = Grace::new(Duration::from_secs(1));
    engine.stop(&id, grace).await.unwrap();
    engine.stop(&id, grace).await.unwrap();
    let stopped = engine.look().await.unwrap().containers.remove(0);
    assert!(matches!(stopped.state, ContainerState::Exited { .. }) && stopped.addresses.is_empty(), "{stopped:?}");
    engine.remove(&id).await.unwrap();
    engine.remove(&id).await.unwrap();
    missing(engine.start(&id).await.unwrap_err());
    engine.remove_network(&app).await.unwrap();
    engine.remove_network(&app).await.unwrap();
    engine.remove_image(digest).await.unwrap();
    engine.remove_image(digest).await.unwrap();
    let left = engine.look().await.unwrap();
    assert!(left.containers.is_empty() && left.networks.is_empty() && left.images.is_empty(), "{left:?}");
}

fn other() -> Digest {
    format!("sha256:{}", "0a".repeat(32)).parse().unwrap()
}

#[tokio::test]
async fn a_container_lives_in_podman() {
    let world = World::new();
    let digest = world.registry.push("web", "1", &world.busybox()).parse().unwrap();
    let image: ImageReference = world.registry.name("web:1").parse().unwrap();
    lives(&world.podman, &image.pinned(digest)).await;
}

#[tokio::test]
async fn a_container_lives_in_memory() {
    let engine = FakeEngine::default();
    let digest: Digest = format!("sha256:{}", "1f".repeat(32)).parse().unwrap();
    let image: ImageReference = "registry.example/web:1".parse().unwrap();
    let seen = SeenImage { size: Bytes(1), user: String::new(), ports: vec![], volumes: vec![], health: None };
    engine.publish(&image, &digest, seen);
    lives(&engine, &image.pinned(digest)).await;
    assert_eq!(engine.calls().iter().filter(|call| call.starts_with("start ")).count(), 3);
}
