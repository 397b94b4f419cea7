//! The life of the role: start, the desk beside the server, orderly end.

use croft_api::{
    capability::Verifier,
    inherit::{Descriptors, InheritError},
    lifecycle::Lifecycle,
    projection::Supervisor,
    routes::Gate,
    socket::{self, Peers},
};

use crate::{desk::Desk, error::NotifierError, http::router, records::Records};

/// Runs the notifier until it is told to stop.
///
/// # Errors
/// It was started wrongly, or its store cannot be used.
pub async fn run(mut descriptors: Descriptors) -> Result<(), NotifierError> {
    let lifecycle = Lifecycle::start(&mut descriptors)?;
    let stop = lifecycle.stopping();
    let listener = descriptors.unix_listener("api")?;
    let gate = Gate { verifier: verifier()?, peers: Peers::from_env()? };
    let supervisor = Supervisor::new(descriptors.run_directory()?);
    let records = Records::open(&descriptors.take("state")?)?;
    let (projection, warnings) = (supervisor.follow(stop.clone()), supervisor.follow_warnings(stop.clone()));
    let desk = Desk::new(records, projection, warnings, supervisor, stop.clone())?;
    let writer = tokio::spawn(desk.clone().write_down());
    let work = tokio::spawn(desk.clone().work());
    lifecycle.ready();
    socket::serve(listener, router(desk.clone()), gate, stop).await;
    lifecycle.ended();
    work.await?;
    // Waits until everything is written down.
    desk.change(|_| ()).await;
    writer.abort();
    Ok(())
}

fn verifier() -> Result<Verifier, InheritError> {
    let key = std::env::var("CROFT_CAPABILITY_KEY").unwrap_or_default();
    Verifier::new(&key, "notifier").ok_or(InheritError::Variable("CROFT_CAPABILITY_KEY"))
}
