//! The trait on the engine: each call is one step, and can be repeated.

use std::{net::SocketAddr, time::Duration};

use futures_util::{future::BoxFuture, stream::BoxStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    AppName, ContainerId, ContainerWish, Digest, ExecEnd, Grace, ImageReference, LogPiece, LogsWish, NameError, NetworkWish, Pulled,
    Resolving, Seen, SeenImage, Stats,
};

/// Names the folder of a developer's engine to whoever uses it: `podman.sock` is its API, `network` its network namespace.
pub const ENGINE: &str = "CROFT_ENGINE";

/// What lies under something that failed.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Something could not be done with the engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine does not answer.
    #[error("the engine of apps does not answer")]
    Away {
        /// Why.
        source: Cause,
    },
    /// It took too long.
    #[error("the engine took longer than {} s to {step}", limit.as_secs())]
    TooLong {
        /// To do what.
        step: &'static str,
        /// The time that it had.
        limit: Duration,
    },
    /// There is no such thing.
    #[error("there is no such {what}")]
    Missing {
        /// `container`, `image`, `network`.
        what: &'static str,
    },
    /// Something of this name is there already.
    #[error("there is such a {what} already")]
    Taken {
        /// `container`, `network`.
        what: &'static str,
    },
    /// A wish cannot be had, whatever the engine would say.
    #[error("{what} cannot be used: {why}")]
    Wish {
        /// What of it.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// A name that the engine gave is none.
    #[error("the engine gave a name that is none")]
    Name(#[from] NameError),
    /// The state cannot be read.
    #[error("containers, networks and images cannot be looked at")]
    Look {
        /// Why.
        source: Cause,
    },
    /// An image did not come whole; nothing of it was kept.
    #[error("the image {image} could not be pulled")]
    Pull {
        /// Which.
        image: String,
        /// Why.
        source: Cause,
    },
    /// A registry would be asked without encryption, and is not on this machine.
    #[error("the registry {registry} is asked by HTTPS only")]
    Plain {
        /// Which.
        registry: String,
    },
    /// An image says more of itself than answers about its containers can carry. It is not kept.
    #[error("the image says too much of itself: its labels, environment and commands have more than {most_bytes} bytes")]
    Wordy {
        /// So many it may have.
        most_bytes: usize,
    },
    /// An image could not be looked at.
    #[error("the image cannot be looked at")]
    Image {
        /// Why.
        source: Cause,
    },
    /// An image could not be removed.
    #[error("the image could not be removed")]
    RemoveImage {
        /// Why.
        source: Cause,
    },
    /// A network could not be made.
    #[error("the network of {app} could not be made")]
    MakeNetwork {
        /// Whose.
        app: AppName,
        /// Why.
        source: Cause,
    },
    /// Who answers names could not be changed.
    #[error("who answers names for {app} could not be changed")]
    Resolve {
        /// For whom.
        app: AppName,
        /// Why.
        source: Cause,
    },
    /// A network could not be removed.
    #[error("the network of {app} could not be removed")]
    RemoveNetwork {
        /// Whose.
        app: AppName,
        /// Why.
        source: Cause,
    },
    /// A container could not be made.
    #[error("the container {name} could not be made")]
    Create {
        /// Which.
        name: String,
        /// Why.
        source: Cause,
    },
    /// A container did not start.
    #[error("the container could not be started")]
    Start {
        /// Why.
        source: Cause,
    },
    /// A container did not stop.
    #[error("the container could not be stopped")]
    Stop {
        /// Why.
        source: Cause,
    },
    /// A container could not be removed.
    #[error("the container could not be removed")]
    Remove {
        /// Why.
        source: Cause,
    },
    /// What a container said cannot be read.
    #[error("what the container said cannot be read")]
    Logs {
        /// Why.
        source: Cause,
    },
    /// A program could not be run in a container.
    #[error("the program could not be run in the container")]
    Exec {
        /// Why.
        source: Cause,
    },
    /// What a container takes cannot be read.
    #[error("what the container takes cannot be read")]
    Stats {
        /// Why.
        source: Cause,
    },
    /// What happens cannot be heard.
    #[error("what happens to containers cannot be heard")]
    Events {
        /// Why.
        source: Cause,
    },
    /// Nobody took the connection.
    #[error("{to} did not take a connection")]
    Connect {
        /// Who.
        to: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Somebody wished it.
    #[error("it was given up")]
    Cancelled,
}

/// An engine of containers. The one who calls is the only one who changes anything; it looks, decides on a step, calls, and looks again. A call that was
/// dropped or killed on the way may have been carried out or not, which the next look shows.
pub trait Engine: Send + Sync {
    /// What there is now.
    fn look(&self) -> BoxFuture<'_, Result<Seen, EngineError>>;

    /// Fetches an image and gives the digest that it is held by: the one that it was asked by, or of what the tag leads to now. Ends soon after `stop` is
    /// cancelled. What did not come whole is not there, nor one that is [`EngineError::Wordy`].
    fn pull<'a>(
        &'a self,
        image: &'a ImageReference,
        progress: watch::Sender<Pulled>,
        stop: CancellationToken,
    ) -> BoxFuture<'a, Result<Digest, EngineError>>;

    /// The image of this digest, where it is here.
    fn image<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<SeenImage>, EngineError>>;

    /// Removes an image, with all its names. One that is not here is removed. One of which there are containers is refused.
    fn remove_image<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<(), EngineError>>;

    /// Makes the network of an app. The wall is to know it before.
    fn make_network<'a>(&'a self, wish: &'a NetworkWish) -> BoxFuture<'a, Result<(), EngineError>>;

    /// Changes who answers an app's questions for names outside, while its containers run.
    fn resolve<'a>(&'a self, app: &'a AppName, by: &'a Resolving) -> BoxFuture<'a, Result<(), EngineError>>;

    /// Removes the network of an app. One that is not there is removed. One with containers is refused.
    fn remove_network<'a>(&'a self, app: &'a AppName) -> BoxFuture<'a, Result<(), EngineError>>;

    /// Makes a container.
    fn create<'a>(&'a self, wish: &'a ContainerWish) -> BoxFuture<'a, Result<ContainerId, EngineError>>;

    /// Starts a container. One that runs is started.
    fn start<'a>(&'a self, container: &'a ContainerId) -> BoxFuture<'a, Result<(), EngineError>>;

    /// Asks a container to end, and kills it after `grace`. One that does not run is stopped.
    fn stop<'a>(&'a self, container: &'a ContainerId, grace: Grace) -> BoxFuture<'a, Result<(), EngineError>>;

    /// Removes a container with what it wrote beside its mounts; one that runs is killed. One that is not there is removed.
    fn remove<'a>(&'a self, container: &'a ContainerId) -> BoxFuture<'a, Result<(), EngineError>>;

    /// What a container says. The stream ends with the container where it follows, else with what there is.
    fn logs<'a>(
        &'a self,
        container: &'a ContainerId,
        wish: &'a LogsWish,
    ) -> BoxFuture<'a, Result<BoxStream<'static, Result<LogPiece, EngineError>>, EngineError>>;

    /// Runs a program in a container, as its user. One that takes longer than `limit` is killed.
    fn exec<'a>(&'a self, container: &'a ContainerId, argv: &'a [String], limit: Duration) -> BoxFuture<'a, Result<ExecEnd, EngineError>>;

    /// What a container takes at the moment.
    fn stats<'a>(&'a self, container: &'a ContainerId) -> BoxFuture<'a, Result<Stats, EngineError>>;

    /// Gives something each time when something happened to a container: then look. It may miss things, and its end means only that.
    fn events(&self) -> BoxFuture<'_, Result<BoxStream<'static, ()>, EngineError>>;

    /// A connection into the network of an app, made where the engine's networks are. Its descriptor can be given to another process.
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, Result<std::net::TcpStream, EngineError>>;
}
