//! Which role is which crate.

use std::{collections::BTreeMap, error::Error};

use croft_api::inherit::Descriptors;
use croft_gateway::Routing;
use croft_supervisor::SupervisorError;
use croft_sync::Borrowed;

use crate::{Role, openapi, units};

/// Code of a process that ended by an error without a code of its own.
const FAILED: u8 = 1;

/// A role ended by an error.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) error: Box<dyn Error + Send + Sync>,
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let code = error.downcast_ref::<SupervisorError>().map_or(FAILED, SupervisorError::exit_code);
        Self { code, error }
    }
}

/// Runs the role to its end.
pub(crate) async fn run(role: &Role, descriptors: Descriptors, borrowed: Option<Borrowed>) -> Result<(), Failure> {
    match role {
        Role::Supervisor { home } => Ok(Box::pin(croft_supervisor::run(home, descriptors)).await?),
        Role::Gateway => Ok(Box::pin(croft_gateway::run(descriptors, routing()?)).await?),
        Role::Identity => Ok(Box::pin(croft_identity::run(descriptors)).await?),
        Role::Storage => Ok(Box::pin(croft_storage::run(descriptors)).await?),
        Role::Sync { instance } => Ok(Box::pin(croft_sync::run(descriptors, *instance)).await?),
        Role::Disk { instance } => match borrowed {
            Some(borrowed) => Ok(Box::pin(croft_sync::run_disk(descriptors, *instance, borrowed)).await?),
            None => Ok(()),
        },
        Role::Preview => Ok(Box::pin(croft_preview::run(descriptors)).await?),
        Role::Notifier => Ok(Box::pin(croft_notifier::run(descriptors)).await?),
        Role::Apps => Ok(Box::pin(croft_apps::run(descriptors)).await?),
        // They have no runtime: the main function answers them before.
        Role::Decoder { .. } | Role::Taken => Ok(()),
        Role::Openapi => Ok(openapi::print()?),
        Role::Units { folder, form } => Ok(units::write(folder, *form)?),
    }
}

/// Who answers what, as the manifests say. It lives as long as the process, of which there is one gateway.
fn routing() -> Result<Routing, Failure> {
    let mut domains = BTreeMap::new();
    for manifest in croft_supervisor::manifests()? {
        let role: &'static str = Box::leak(manifest.name.as_str().into());
        domains.extend(manifest.domains.into_iter().map(|domain| (domain, role)));
    }
    Ok(Routing { domains, openapi: Box::leak(openapi::document()?.into_boxed_str()) })
}
