//! An engine with a registry beside it, and how tests wish.

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use croft_app_tests::{Image, Registry, TestEngine, busybox};
use croft_containers::{
    ContainerId, ContainerWish, Engine, ExecEnd, ImageReference, NetworkNumber, NetworkWish, NftWall, Podman, Pulled, Resolving,
    SeenContainer,
};
use croft_model::Bytes;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Time for what takes a moment.
const SOON: Duration = Duration::from_secs(20);

pub(crate) struct World {
    // In this order they go.
    pub(crate) registry: Registry,
    pub(crate) podman: Podman,
    pub(crate) wall: NftWall,
    pub(crate) engine: TestEngine,
}

impl World {
    pub(crate) fn new() -> Self {
        let engine = TestEngine::start();
        let registry = Registry::start(&engine.inside(), engine.home(), 5000);
        let podman = Podman::of_developer(&engine.folder());
        let wall = NftWall::new(podman.place());
        Self { registry, podman, wall, engine }
    }

    pub(crate) fn busybox(&self) -> Image {
        busybox(&self.engine.inside())
    }

    /// Pushes an image and pulls it; as it is held.
    pub(crate) async fn have(&self, name: &str, image: &Image) -> ImageReference {
        let digest = self.registry.push(name, "1", image).parse().unwrap();
        let reference: ImageReference = self.registry.name(name).parse().unwrap();
        let reference = reference.pinned(digest);
        pull(&self.podman, &reference).await;
        reference
    }

    /// Makes and starts a container.
    pub(crate) async fn run(&self, wish: &ContainerWish) -> ContainerId {
        let id = self.podman.create(wish).await.unwrap();
        self.podman.start(&id).await.unwrap();
        id
    }

    /// The address of a container.
    pub(crate) async fn address(&self, id: &ContainerId) -> IpAddr {
        self.seen(id).await.addresses[0]
    }

    pub(crate) async fn seen(&self, id: &ContainerId) -> SeenContainer {
        let seen = self.podman.look().await.unwrap();
        seen.containers.into_iter().find(|container| container.id == *id).expect("it is there")
    }

    /// Runs a line of the shell in a container.
    pub(crate) async fn sh(&self, id: &ContainerId, line: &str) -> ExecEnd {
        let argv = ["/bin/sh", "-c", line].map(str::to_owned);
        self.podman.exec(id, &argv, SOON).await.unwrap()
    }

    /// Whether a line of the shell succeeds in a container.
    pub(crate) async fn can(&self, id: &ContainerId, line: &str) -> bool {
        self.sh(id, line).await.code == 0
    }

    /// Asks a server in the engine's network for its page.
    pub(crate) async fn page(&self, address: IpAddr) -> String {
        let begun = Instant::now();
        let mut stream = loop {
            match self.podman.connect(SocketAddr::new(address, 8080)).await {
                Ok(stream) => break stream,
                Err(error) => assert!(begun.elapsed() < SOON, "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await; // waits: for a server in a container to listen, by polling
        };
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    pub(crate) async fn until(&self, id: &ContainerId, fits: impl Fn(&SeenContainer) -> bool) -> SeenContainer {
        let begun = Instant::now();
        loop {
            let seen = self.seen(id).await;
            if fits(&seen) {
                return seen;
            }
            assert!(begun.elapsed() < SOON, "{seen:?}");
            tokio::time::sleep(Duration::from_millis(200)).await; // waits: for a container, by polling
        }
    }
}

pub(crate) async fn pull(engine: &dyn Engine, image: &ImageReference) -> Pulled {
    let (sender, receiver) = watch::channel(Pulled::default());
    engine.pull(image, sender, CancellationToken::new()).await.unwrap();
    *receiver.borrow()
}

pub(crate) fn wish(app: &str, service: &str, image: &ImageReference) -> ContainerWish {
    let name = format!("{app}-{service}").parse().unwrap();
    let mut wish = ContainerWish::new(name, app.parse().unwrap(), service.parse().unwrap(), image.clone());
    wish.plan = "plan-1".into();
    wish.limits.memory = Bytes(64 << 20);
    wish
}

pub(crate) fn network(app: &str, number: u32) -> NetworkWish {
    NetworkWish {
        app: app.parse().unwrap(),
        number: NetworkNumber(number),
        subnet: format!("10.90.{number}.0/24").parse().unwrap(),
        subnet6: Some(format!("fd00:90:{number}::/64").parse().unwrap()),
        resolving: Resolving::Closed,
    }
}
