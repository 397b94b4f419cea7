//! The life of the role: start, the keeper beside the servers, orderly end. Apps run on when it ends.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use croft_api::{
    capability::Verifier,
    inherit::Descriptors,
    lifecycle::Lifecycle,
    projection::Supervisor,
    routes::Gate,
    socket::{self, Peers},
};
use croft_containers::{ENGINE, NftWall, Nobody, Place, Podman};
use tokio_util::sync::CancellationToken;

use crate::{
    checks, door,
    error::AppsError,
    health,
    http::{Desk, router},
    keeper::Keeper,
    records::Records,
    shelf::Shelf,
};

/// The box's folder on the appliance.
const APPLIANCE: &str = "/var/lib/croft";
/// What apps keep, in the box's folder.
const APPS: &str = "apps";
/// Pause before it is tried again to answer names.
const AGAIN: Duration = Duration::from_secs(2);

/// Runs the role for apps until it is told to stop.
///
/// # Errors
/// It was started wrongly, or its store cannot be used.
pub async fn run(mut descriptors: Descriptors) -> Result<(), AppsError> {
    let lifecycle = Lifecycle::start(&mut descriptors)?;
    let stop = lifecycle.stopping();
    let listener = descriptors.unix_listener("api")?;
    let doors = descriptors.take("doors")?;
    let gate = Gate { verifier: Verifier::from_env("apps")?, peers: Peers::from_env()? };
    let supervisor = Supervisor::new(descriptors.run_directory()?);
    let records = Records::open(&descriptors.take("state")?)?;
    let shelf = Shelf::new(descriptors.take("apps")?, folder())?;
    let podman = Arc::new(Podman::from_env());
    let place = podman.place();
    let wall = Arc::new(NftWall::new(place.clone()));
    let keeper = Keeper::new(records, (podman, wall), shelf, supervisor, stop.clone())?;
    let work = [
        tokio::spawn(Arc::clone(&keeper).run()),
        tokio::spawn(Arc::clone(&keeper).keep_walls()),
        tokio::spawn(checks::run(Arc::clone(&keeper))),
        tokio::spawn(health::run(Arc::clone(&keeper))),
        tokio::spawn(answer_names(place, stop.clone())),
        tokio::spawn(door::serve(Arc::clone(&keeper), doors, gate.peers.clone())),
    ];
    lifecycle.ready();
    socket::serve(listener, router(Desk(keeper)), gate, stop).await;
    lifecycle.ended();
    for task in work {
        task.await?;
    }
    Ok(())
}

/// Has questions of closed apps for names answered at once, from when the engine is there on.
async fn answer_names(place: Place, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match Nobody::start(&place).await {
            Ok(_answering) => return stop.cancelled().await,
            Err(error) => tracing::debug!(%error, "nobody answers closed apps yet; they wait longer"),
        }
        // Cancel-safe: nothing is lost by waiting less.
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Where the engine reaches the folder of all apps: it gets paths, since it has no descriptors of ours. A developer's engine lies in `run/engine` of its box.
fn folder() -> PathBuf {
    let engine = std::env::var_os(ENGINE).map(PathBuf::from);
    let home = engine.as_deref().and_then(Path::parent).and_then(Path::parent).unwrap_or(Path::new(APPLIANCE));
    home.join(APPS)
}
