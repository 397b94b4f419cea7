//! Who asks for people's files and in which tree; the rest is the bulk path's.

use std::net::IpAddr;

use croft_api::bulk::Area;
use croft_model::{Problem, SpaceId};

use crate::{
    bulk::{Capabilities, files::Below},
    sign_in::{Shown, SignIn},
};

/// What stands behind a name in the address that something is brought back by.
const RESTORE: &str = "/restore";

/// Where a tree begins, as an address names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    /// What its paths are about.
    pub(crate) area: Area,
    /// What stands before the path inside the tree: `/dav/files/ana`.
    pub(crate) prefix: String,
    /// The same for what a destination lies among: the files, or what brings something back.
    pub(crate) files: String,
    /// Whose tree it is; where no name stands, the tree of the one who asks.
    pub(crate) name: Option<String>,
}

/// The trees of the box's own addresses, with what a path in them is about.
const TREES: [(&str, Area); 8] = [
    (FILES, Area::Files),
    ("/dav/previews/", Area::Previews),
    ("/dav/trash/", Area::Trash),
    ("/dav/versions/", Area::Versions),
    ("/dav/guard/", Area::Guard),
    ("/dav/archives/", Area::Archive),
    ("/dav/times/", Area::Times),
    ("/dav/disks/", Area::Disks),
];
const FILES: &str = "/dav/files/";

impl Root {
    /// Where the path `path` below `/dav/` lies.
    pub(crate) fn of(path: &str) -> Option<Self> {
        TREES.iter().find_map(|(tree, area)| {
            let root = Self::below(tree, path)?;
            let files = match area {
                Area::Trash | Area::Versions => format!("{}{RESTORE}", root.prefix),
                _ => format!("{FILES}{}", root.name.as_deref().unwrap_or_default()),
            };
            Some(Self { area: *area, files, ..root })
        })
    }

    /// The tree of the person whose name follows `root` in `path`.
    pub(crate) fn below(root: &str, path: &str) -> Option<Self> {
        let name = path.strip_prefix(root)?.split('/').next().filter(|name| !name.is_empty())?;
        let prefix = format!("{root}{name}");
        Some(Self { area: Area::Files, files: prefix.clone(), prefix, name: Some(name.to_owned()) })
    }

    /// Whether it is the tree of the person called `name`.
    pub(crate) fn is_of(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|own| own == name)
    }

    /// The trash or the versions of that person, who has `collection` behind the name in an address, and beside it what brings something back.
    pub(crate) fn kept(self, area: Area, collection: &str, path: &str) -> Option<Self> {
        let (person, prefix) = (self.prefix.clone(), format!("{}{collection}", self.prefix));
        let below = path.strip_prefix(&prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below.then(|| Self { area, files: format!("{person}{RESTORE}"), prefix, ..self })
    }

    /// The uploads of that person, who has the files below `root`.
    pub(crate) fn uploads_to(self, root: &str) -> Self {
        let files = format!("{root}{}", self.name.as_deref().unwrap_or_default());
        Self { area: Area::Uploads, files, ..self }
    }

    /// Where the addresses of a request lie.
    pub(crate) fn below_it(&self) -> Below<'_> {
        Below { area: self.area, prefix: &self.prefix, files: &self.files }
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
