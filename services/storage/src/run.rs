//! The life of the role: start, server, orderly end.

use std::sync::Arc;

use croft_api::{
    capability::Verifier,
    inherit::Descriptors,
    lifecycle::Lifecycle,
    routes::Gate,
    socket::{self, Peers},
};
use croft_boot::SystemdBoot;
use croft_disks::LinuxDisks;

use crate::{error::StorageError, http::routes, installer::Installer};

/// Runs storage until it is told to stop.
///
/// # Errors
/// It was started wrongly.
pub async fn run(mut descriptors: Descriptors) -> Result<(), StorageError> {
    let lifecycle = Lifecycle::start(&mut descriptors)?;
    let listener = descriptors.unix_listener("api")?;
    let gate = Gate { verifier: Verifier::from_env("storage")?, peers: Peers::from_env()? };
    let installer = Arc::new(Installer::new(Arc::new(LinuxDisks), Arc::new(SystemdBoot), lifecycle.stopping()));
    lifecycle.ready();
    socket::serve(listener, routes().build(Arc::clone(&installer)), gate, lifecycle.stopping()).await;
    lifecycle.ended();
    installer.ended().await;
    Ok(())
}
