//! Podman, by its socket: bollard for what Docker has as well, and Podman's own API for networks, logs and what happens.

mod create;
mod exec;
mod image;
mod logs;
mod look;
mod networks;
#[cfg(test)]
mod stub;
mod wire;

pub(crate) use create::check;

use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use bollard::{
    API_DEFAULT_VERSION, Docker,
    query_parameters::{RemoveContainerOptionsBuilder, StatsOptionsBuilder, StopContainerOptionsBuilder},
};
use croft_model::Bytes;
use futures_util::{StreamExt, future::BoxFuture, stream::BoxStream};
use http_body_util::BodyExt;
use hyper::Method;
use serde_json::json;
use tokio::{
    sync::{OnceCell, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    AppName, Cause, ContainerId, ContainerWish, Digest, ENGINE, Engine, EngineError, ExecEnd, Grace, ImageReference, LogPiece, LogsWish,
    NetworkWish, Pulled, Resolving, Seen, SeenImage, Stats, place::Place,
};

/// The label of whose a container or network is.
pub(crate) const APP: &str = "croft.app";
/// The label of a container's service.
pub(crate) const SERVICE: &str = "croft.service";
/// The label of the wish that a container was made from.
pub(crate) const PLAN: &str = "croft.plan";
/// Where the appliance's engine listens.
const SOCKET: &str = "/run/podman/podman.sock";
/// Time for a step that only changes what the engine knows.
const STEP: Duration = Duration::from_secs(60);
/// Time for a container to be made and started: a large image is laid out, and users are given out, file by file where the kernel cannot map them.
const SLOW_STEP: Duration = Duration::from_secs(300);
/// Time that a stop may take beyond the container's own.
const STOP_MARGIN: Duration = Duration::from_secs(60);
/// Time for a connection into a network of this machine.
const CONNECT: Duration = Duration::from_secs(5);

/// What changes what a look shows, in Podman's words; a lack of memory is a `died`. A program in a container is not among it (`exec`, `exec_died`): the
/// role's own tests of health would wake it.
const NEWS: [&str; 6] = ["create", "start", "died", "kill", "stop", "remove"];

/// Podman.
#[derive(Debug)]
pub struct Podman {
    socket: PathBuf,
    place: Place,
    /// Made with the first request, since it asks the engine for its version.
    docker: OnceCell<Docker>,
}

impl Podman {
    /// The engine that listens on `socket`, in the machine's own namespaces.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned(), place: Place::machine(), docker: OnceCell::new() }
    }

    /// A developer's engine in `folder`, as `cargo xtask up --apps` makes it.
    #[must_use]
    pub fn of_developer(folder: &Path) -> Self {
        Self { socket: folder.join("podman.sock"), place: Place::of_developer(folder), docker: OnceCell::new() }
    }

    /// The engine of this process: a developer's where [`ENGINE`] names it, else the appliance's.
    #[must_use]
    pub fn from_env() -> Self {
        std::env::var_os(ENGINE).map_or_else(|| Self::new(Path::new(SOCKET)), |folder| Self::of_developer(Path::new(&folder)))
    }

    /// Where its networks are, for the wall.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place.clone()
    }

    async fn docker(&self) -> Result<&Docker, EngineError> {
        let connected = self.docker.get_or_try_init(async || {
            let path = self.socket.to_str().ok_or_else(|| Cause::from("the path of the socket is no text"))?;
            let docker = Docker::connect_with_unix(path, SLOW_STEP.as_secs(), API_DEFAULT_VERSION)?;
            let docker = timeout(STEP, docker.negotiate_version()).await.map_err(|_| Cause::from("it gave no version"))??;
            Ok::<_, Cause>(docker)
        });
        connected.await.map_err(|source| EngineError::Away { source })
    }
}

impl Engine for Podman {
    fn look(&self) -> BoxFuture<'_, Result<Seen, EngineError>> {
        Box::pin(look::look(self))
    }

    fn pull<'a>(
        &'a self,
        image: &'a ImageReference,
        progress: watch::Sender<Pulled>,
        stop: CancellationToken,
    ) -> BoxFuture<'a, Result<Digest, EngineError>> {
        Box::pin(async move {
            tokio::select! {
                () = stop.cancelled() => Err(EngineError::Cancelled),
                pulled = image::pull(self, image, &progress) => pulled,
            }
        })
    }

    fn image<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<SeenImage>, EngineError>> {
        Box::pin(image::seen(self, digest))
    }

    fn remove_image<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<(), EngineError>> {
        Box::pin(image::remove(self, digest))
    }

    fn make_network<'a>(&'a self, wish: &'a NetworkWish) -> BoxFuture<'a, Result<(), EngineError>> {
        Box::pin(networks::make(&self.socket, wish))
    }

    fn resolve<'a>(&'a self, app: &'a AppName, by: &'a Resolving) -> BoxFuture<'a, Result<(), EngineError>> {
        Box::pin(networks::resolve(&self.socket, app, by))
    }

    fn remove_network<'a>(&'a self, app: &'a AppName) -> BoxFuture<'a, Result<(), EngineError>> {
        Box::pin(networks::remove(&self.socket, app))
    }

    fn create<'a>(&'a self, wish: &'a ContainerWish) -> BoxFuture<'a, Result<ContainerId, EngineError>> {
        Box::pin(create::create(self, wish))
    }

    fn start<'a>(&'a self, container: &'a ContainerId) -> BoxFuture<'a, Result<(), EngineError>> {
        Box::pin(async move {
            let docker = self.docker().await?;
            let started = docker.start_container(container.as_str(), None::<bollard::query_parameters::StartContainerOptions>);
            within("start a container", SLOW_STEP, started, |source| EngineError::Start { source }).await
        })
    }

    fn stop<'a>(&'a self, container: &'a ContainerId, grace: Grace) -> BoxFuture<'a, Result<(), EngineError>> {
        Box::pin(async move {
            let seconds = i32::try_from(grace.time().as_secs()).unwrap_or(i32::MAX);
            let options = StopContainerOptionsBuilder::default().t(seconds).build();
            // bollard's own limit would end it before the container's grace has.
            let docker = self.docker().await?.clone().with_timeout(grace.time() + STOP_MARGIN);
            let stopped = docker.stop_container(container.as_str(), Some(options));
            within("stop a container", grace.time() + STOP_MARGIN, stopped, |source| EngineError::Stop { source }).await
        })
    }

    fn remove<'a>(&'a self, container: &'a ContainerId) -> BoxFuture<'a, Result<(), EngineError>> {
        Box::pin(async move {
            // With the volumes that it got of its image: what is to be kept is mounted.
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            let docker = self.docker().await?;
            let removed = docker.remove_container(container.as_str(), Some(options));
            match within("remove a container", SLOW_STEP, removed, |source| EngineError::Remove { source }).await {
                Err(EngineError::Missing { .. }) => Ok(()),
                ended => ended,
            }
        })
    }

    fn logs<'a>(
        &'a self,
        container: &'a ContainerId,
        wish: &'a LogsWish,
    ) -> BoxFuture<'a, Result<BoxStream<'static, Result<LogPiece, EngineError>>, EngineError>> {
        Box::pin(logs::logs(&self.socket, container, wish))
    }

    fn exec<'a>(&'a self, container: &'a ContainerId, argv: &'a [String], limit: Duration) -> BoxFuture<'a, Result<ExecEnd, EngineError>> {
        Box::pin(exec::exec(self, container, argv, limit))
    }

    fn stats<'a>(&'a self, container: &'a ContainerId) -> BoxFuture<'a, Result<Stats, EngineError>> {
        Box::pin(async move {
            let options = StatsOptionsBuilder::default().stream(false).one_shot(true).build();
            let mut stream = Box::pin(self.docker().await?.stats(container.as_str(), Some(options)));
            let first = async { stream.next().await.unwrap_or(Err(bollard::errors::Error::RequestTimeoutError)) };
            let seen = within("read what a container takes", STEP, first, |source| EngineError::Stats { source }).await?;
            Ok(stats(&seen))
        })
    }

    fn events(&self) -> BoxFuture<'_, Result<BoxStream<'static, ()>, EngineError>> {
        Box::pin(async move {
            let path = format!(
                "{}/events?stream=true&filters={}",
                wire::LIBPOD,
                wire::escaped(&json!({ "type": ["container"], "event": NEWS }).to_string())
            );
            let begun = timeout(STEP, wire::begin(&self.socket, Method::GET, &path, None)).await;
            let (status, body) = begun.map_err(|_| EngineError::TooLong { step: "listen", limit: STEP })??;
            if !status.is_success() {
                return Err(EngineError::Events { source: format!("the engine answered {status}").into() });
            }
            // What it says is not read: that it says something is all there is to know. The stream ends where the connection does.
            let frames = body.into_data_stream().take_while(|frame| std::future::ready(frame.is_ok()));
            Ok(frames.map(|_| ()).boxed())
        })
    }

    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, Result<TcpStream, EngineError>> {
        Box::pin(async move {
            let connected = timeout(CONNECT, self.place.connect(to)).await;
            let connected = connected.map_err(io::Error::from).and_then(|connected| connected);
            connected.map_err(|source| EngineError::Connect { to, source })
        })
    }
}

/// Waits for a step of bollard's; what went wrong is what it means to whoever called.
async fn within<T>(
    step: &'static str,
    limit: Duration,
    work: impl Future<Output = Result<T, bollard::errors::Error>>,
    failed: impl FnOnce(Cause) -> EngineError,
) -> Result<T, EngineError> {
    timeout(limit, work).await.map_err(|_| EngineError::TooLong { step, limit })?.map_err(|error| meaning(error, failed))
}

fn meaning(error: bollard::errors::Error, failed: impl FnOnce(Cause) -> EngineError) -> EngineError {
    use bollard::errors::Error;
    match error {
        Error::DockerResponseServerError { status_code: 404, message } if message.contains("image") => {
            EngineError::Missing { what: "image" }
        }
        Error::DockerResponseServerError { status_code: 404, message } if message.contains("network") => {
            EngineError::Missing { what: "network" }
        }
        Error::DockerResponseServerError { status_code: 404, .. } => EngineError::Missing { what: "container" },
        Error::DockerResponseServerError { status_code, message } => {
            failed(wire::Refused { status: status_code, said: wire::plain(&message) }.into())
        }
        Error::RequestTimeoutError => EngineError::TooLong { step: "answer", limit: SLOW_STEP },
        Error::SocketNotFoundError(_) | Error::HyperLegacyError { .. } | Error::IOError { .. } => {
            EngineError::Away { source: error.into() }
        }
        error => failed(error.into()),
    }
}

fn stats(seen: &bollard::models::ContainerStatsResponse) -> Stats {
    let io = seen.blkio_stats.as_ref().and_then(|io| io.io_service_bytes_recursive.as_deref()).unwrap_or_default();
    let moved = |name: &str| {
        let entries = io.iter().filter(|entry| entry.op.as_deref().is_some_and(|op| op.eq_ignore_ascii_case(name)));
        Bytes(entries.filter_map(|entry| entry.value).fold(0, u64::saturating_add))
    };
    Stats {
        cpu_nanoseconds: seen.cpu_stats.as_ref().and_then(|cpu| cpu.cpu_usage.as_ref()?.total_usage).unwrap_or_default(),
        memory: Bytes(seen.memory_stats.as_ref().and_then(|memory| memory.usage).unwrap_or_default()),
        processes: seen.pids_stats.as_ref().and_then(|pids| pids.current).unwrap_or_default(),
        read: moved("read"),
        written: moved("write"),
    }
}
