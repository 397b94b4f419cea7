//! Requests and answers of public routes, one module a domain. The roles serve them, `croft-client` speaks them, OpenAPI describes them.
//!
//! What is more than an envelope stands in `croft-model`.

pub mod account;
pub mod adopted;
pub mod apps;
pub mod catalogs;
pub mod claim;
pub mod household;
pub mod install;
pub mod links;
pub mod network;
pub mod notify;
pub mod photos;
pub mod power;
pub mod settings;
pub mod shares;
pub mod trust;
pub mod watch;

/// Writes a secret into the one message that carries it to the other side. Secrets have no Serialize of their own, so that each use is visible.
fn exposed<S: serde::Serializer>(secret: &croft_model::Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}
