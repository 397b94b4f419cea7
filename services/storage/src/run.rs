//! The life of the role: start, the tasks beside the server, orderly end.

use std::{os::fd::AsFd, sync::Arc, time::Duration};

use croft_api::{
    capability::Verifier,
    inherit::Descriptors,
    lifecycle::Lifecycle,
    projection::Supervisor,
    routes::Gate,
    socket::{self, Peers},
};
use croft_boot::SystemdBoot;
use croft_disks::{Care, LinuxCare, LinuxDisks, LinuxPool, LinuxSnapshots, Pool, Snapshots, clear_aside};
use croft_model::PoolAbsent;
use jiff::Timestamp;

use crate::{
    adopt::Adopter,
    adoption::Adoption,
    doctor::{Doctor, EVERY},
    eraser::Eraser,
    error::StorageError,
    http::{Storage, routes},
    installer::Installer,
    keeper::{Keeper, LOOK},
    lender::Lender,
    records::Records,
    snapshot::{self, SnapshotKeeper},
    tell,
};

/// How long the last word to the supervisor may take.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Runs storage until it is told to stop.
///
/// # Errors
/// It was started wrongly, or its store cannot be used.
pub async fn run(mut descriptors: Descriptors) -> Result<(), StorageError> {
    let lifecycle = Lifecycle::start(&mut descriptors)?;
    let stop = lifecycle.stopping();
    let listener = descriptors.unix_listener("api")?;
    let peers = Peers::from_env()?;
    // Workers of disks get what they read at a socket of its own, and have nothing to ask here.
    let gate = Gate { verifier: Verifier::from_env("storage")?, peers: peers.clone().without("disk") };
    let disks_listener = descriptors.take("disks")?;
    let supervisor = Supervisor::new(descriptors.run_directory()?);
    let disks = LinuxDisks::of_this_machine();
    let (state, aside) = (descriptors.take("state")?, descriptors.take("aside")?);
    if let Err(error) = clear_aside(aside.as_fd()) {
        tracing::warn!(%error, "what a power cut left of what was kept of disks cannot be removed");
    }
    let care: Arc<dyn Care> = Arc::new(LinuxCare::new(disks.clone(), aside.try_clone().map_err(StorageError::OpenStore)?));
    let records = Records::open(&state)?;
    let (kept, aged) = (records.clone(), records.clone());
    let household = supervisor.follow(stop.clone());
    let adoption = Arc::new(Adoption::new(Arc::clone(&care), household.clone()));
    let installer = Arc::new(Installer::new(Arc::new(disks.clone()), Arc::new(SystemdBoot), Arc::clone(&adoption), stop.clone()));
    let places = LinuxSnapshots::new(descriptors.take("spaces")?, descriptors.take("snapshots")?, descriptors.take("times")?);
    let volumes = LinuxSnapshots::is_possible().then(|| Arc::new(places) as Arc<dyn Snapshots>);
    // What the role keeps lies in the pool like everything of the box.
    let pool: Result<Arc<dyn Pool>, _> =
        if LinuxPool::is_possible() { Ok(Arc::new(LinuxPool::new(state, aside, disks))) } else { Err(PoolAbsent::NoRoot) };
    let keeper = Arc::new(Keeper::new(pool, Arc::clone(&installer), records, household.clone(), LOOK, stop.clone())?);
    let doctor = Arc::new(Doctor::new(Arc::clone(&care), kept, EVERY, stop.clone())?);
    let lender = Arc::new(Lender::new(Arc::clone(&care), Arc::clone(&keeper), Arc::clone(&adoption), household.clone(), stop.clone()));
    let of_eraser = (Arc::clone(&installer), Arc::clone(&keeper), Arc::clone(&lender), Arc::clone(&doctor));
    let eraser = Arc::new(Eraser::new(care, of_eraser, aged, stop.clone())?);
    let adopter = Arc::new(Adopter::new(Arc::clone(&eraser), Arc::clone(&lender), adoption, supervisor.clone()));
    let lending = (tokio::spawn(Arc::clone(&lender).run()), tokio::spawn(lender.serve(disks_listener, peers)));
    let clock = Arc::new(Timestamp::now);
    let snapshots = Arc::new(SnapshotKeeper::new(volumes, Arc::clone(&keeper), household, clock, snapshot::LOOK)?);
    let (asking, erasing) = (tokio::spawn(Arc::clone(&doctor).run()), tokio::spawn(Arc::clone(&eraser).run()));
    let (keeping, caring) = (tokio::spawn(Arc::clone(&keeper).run()), tokio::spawn(Arc::clone(&snapshots).run()));
    let telling = tokio::spawn(tell::run(Arc::clone(&keeper), doctor, supervisor));
    lifecycle.ready();
    let storage = Storage { installer: Arc::clone(&installer), keeper, eraser, snapshots, adopter };
    socket::serve(listener, routes().build(storage), gate, stop).await;
    lifecycle.ended();
    keeping.await?;
    asking.await?;
    erasing.await?;
    caring.await?;
    lending.0.await?;
    lending.1.await?;
    installer.ended().await;
    // What the supervisor does not hear now, it hears after the next start.
    let _ = tokio::time::timeout(LAST_WORD, telling).await;
    Ok(())
}
