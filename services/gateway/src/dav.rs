//! Who asks for people's files below `/dav/files/<name>/`; the rest is the bulk path's.

use std::net::IpAddr;

use croft_model::{Problem, SpaceId};

use crate::{
    bulk::Capabilities,
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
