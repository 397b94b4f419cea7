//! What the gateway reads out of the settings: who a person is and what their tree is made of.

use croft_model::{PersonId, Projection, Right, SpaceId, SpaceKind};

/// The tree of a person: their own space and the shared ones that stand at its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The person's own space.
    pub own: SpaceId,
    /// Shared spaces, sorted by name.
    pub mounts: Vec<Mount>,
    /// Disks that are used as they are and that the person may read, sorted by name. They stand beside the tree.
    pub disks: Vec<Mount>,
}

impl Tree {
    /// Whether `space` is one of its own.
    pub(crate) fn has(&self, space: SpaceId) -> bool {
        self.own == space || self.mounts.iter().any(|mount| mount.space == space)
    }
}

/// A shared space at the root of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its name: as it is in the settings, or as it is shown.
    pub name: String,
    /// The space.
    pub space: SpaceId,
    /// What the person may do there.
    pub right: Right,
}

/// Whether nobody has claimed the box.
pub(crate) fn unclaimed(projection: &Projection) -> bool {
    projection.people.as_ref().is_none_or(std::collections::BTreeMap::is_empty)
}

/// The tree of `person`.
pub(crate) fn tree_of(projection: &Projection, person: PersonId) -> Option<Tree> {
    let own = projection.people.as_ref()?.get(&person)?.space;
    let of_kind = |kind| {
        let spaces = projection.spaces.iter().flatten().filter(|(_, space)| space.kind == kind);
        let mount = |(id, space): (&SpaceId, &croft_model::Space)| {
            Some(Mount { name: space.name.clone(), space: *id, right: space.right_of(person)? })
        };
        let mut mounts: Vec<Mount> = spaces.filter_map(mount).collect();
        mounts.sort_by(|a, b| a.name.cmp(&b.name));
        mounts
    };
    Some(Tree { own, mounts: of_kind(SpaceKind::Shared), disks: of_kind(SpaceKind::Disk) })
}

/// Whether `person` may read `space`.
pub(crate) fn may_read(projection: &Projection, person: PersonId, space: SpaceId) -> bool {
    projection.spaces.as_ref().and_then(|spaces| spaces.get(&space)).is_some_and(|space| space.right_of(person).is_some())
}
