//! Who asks for people's files and in which tree; the rest is the bulk path's.

use std::net::IpAddr;

use croft_model::{Problem, SpaceId};

use crate::{
    bulk::Capabilities,
    sign_in::{Shown, SignIn},
};

/// Where a tree begins, as an address names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    /// What stands before the path inside the tree: `/dav/files/ana`.
    pub(crate) prefix: String,
    /// Whose tree it is; where no name stands, the tree of the one who asks.
    pub(crate) name: Option<String>,
}

impl Root {
    /// The tree of the person whose name follows `root` in `path`.
    pub(crate) fn below(root: &str, path: &str) -> Option<Self> {
        let name = path.strip_prefix(root)?.split('/').next().filter(|name| !name.is_empty())?;
        Some(Self { prefix: format!("{root}{name}"), name: Some(name.to_owned()) })
    }
}

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
