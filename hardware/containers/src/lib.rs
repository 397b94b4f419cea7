//! The containers of apps, their networks, and the wall around those.
//!
//! **Owns** the trait [`Engine`] with its implementations: [`Podman`] (its API on a Unix socket) and [`FakeEngine`] (tests of those above); the words in
//! which a container is wished ([`ContainerWish`], [`NetworkWish`]) and seen ([`Seen`]); the trait [`Wall`] with [`NftWall`] and [`FakeWall`].
//! **Needs** root, and an engine that somebody else starts: systemd on the appliance, `cargo xtask up --apps` elsewhere, which says by [`ENGINE`] where.
//! **Emits** how far a pull is, on the channel that it is started with; what a container says; and that something happened, never what.
//! **Never** decides which containers there are: whoever calls looks, decides, and calls for one step. It publishes no port of the machine.

mod engine;
mod fake;
mod names;
mod nobody;
mod place;
mod podman;
mod seen;
mod wall;
mod wish;

pub use engine::{Cause, ENGINE, Engine, EngineError};
pub use fake::{FakeEngine, FakeWall};
pub use names::{AppName, ContainerId, ContainerName, Digest, ImageReference, NameError, ServiceName};
pub use nobody::Nobody;
pub use place::Place;
pub use podman::Podman;
pub use seen::{
    ContainerState, ExecEnd, Health, HeldImage, LogPiece, LogsWish, Pulled, Seen, SeenContainer, SeenImage, SeenNetwork, Stats, Voice,
};
pub use wall::{Gate, Meter, Meters, NftWall, Wall, WallError, Way};
pub use wish::{
    Access, ContainerWish, Device, Grace, Ids, Init, Limits, Mount, NetworkNumber, NetworkWish, Networking, Resolving, Restart, Root,
    Terminal, Trust, Ulimit, UserNamespace,
};
