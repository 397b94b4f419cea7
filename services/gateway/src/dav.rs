//! People's files below `/dav/files/<name>/`: who asks is settled at the door, the rest is the bulk path's.

use std::net::IpAddr;

use axum::response::Response;
use croft_model::{Problem, SpaceId};
use http::Request;

use crate::{
    body::Lingering,
    bulk::{Capabilities, Workers, files},
    household::Tree,
    sign_in::{Shown, SignIn},
};

/// What yields capabilities for the one who asks.
pub(crate) struct Pass<'a> {
    pub(crate) sign_in: &'a SignIn,
    pub(crate) shown: &'a Shown,
    pub(crate) client: IpAddr,
}

impl Capabilities for Pass<'_> {
    async fn capability_for(&self, space: SpaceId) -> Result<String, Problem> {
        Ok(self.sign_in.capability(self.shown, &format!("sync@{space}"), self.client).await?.capability.expose().to_owned())
    }
}

/// Answers a request below `/dav/files/<name>/`, which is the tree of the one who asks.
pub(crate) async fn answer(
    workers: &Workers,
    pass: &Pass<'_>,
    name: &str,
    tree: &Tree,
    id: &str,
    request: Request<Lingering>,
) -> Result<Response, Problem> {
    files::answer(workers, pass, (name, tree), id, request).await
}
