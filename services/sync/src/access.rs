//! Who may do what here: a capability for this worker, and the right of its person among the space's members.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use croft_api::capability::Verifier;
use croft_files::Kind;
use croft_model::{Claims, PersonId, Principal, Problem, Projection, Right, Scope, SpaceId, SpaceKind};
use tokio::sync::watch;

use crate::error::not_found;

/// Verified capabilities that are remembered, so that a burst of small requests pays for one signature. Each lives a minute at most.
const MAX_VERIFIED: usize = 128;

/// Judges callers.
#[derive(Debug)]
pub struct Gatekeeper {
    verifier: Verifier,
    space: SpaceId,
    projection: watch::Receiver<Option<Projection>>,
    verified: Mutex<HashMap<String, Claims>>,
}

/// Somebody with at least the right to read.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    right: Right,
    pub(crate) kind: SpaceKind,
    /// The space's name, for display.
    pub(crate) space: String,
    /// The person's name, for records.
    pub(crate) who: String,
    pub(crate) person: PersonId,
}

impl Gatekeeper {
    /// Judges by `verifier` (for the audience `sync@SPACE`) and the members in `projection`.
    #[must_use]
    pub fn new(verifier: Verifier, space: SpaceId, projection: watch::Receiver<Option<Projection>>) -> Self {
        Self { verifier, space, projection, verified: Mutex::default() }
    }

    /// The access that `capability` gives at `now`, in Unix seconds.
    pub(crate) fn admit(&self, capability: &str, now: i64) -> Result<Access, Problem> {
        let claims = self.claims(capability, now)?;
        if !claims.allows(Scope::Files) {
            return Err(Problem::new(403, "not-allowed", "This sign-in is not good for files.").hint("Make an app password for files."));
        }
        let Principal::Person { id, name, .. } = claims.who else {
            return Err(
                Problem::new(403, "not-allowed", "The console has no right on anybody's files.").hint("Sign in as a member of the space.")
            );
        };
        let projection = self.projection.borrow();
        let Some(projection) = projection.as_ref() else { return Err(Problem::unavailable("This space")) };
        let space = projection.spaces.as_ref().and_then(|spaces| spaces.get(&self.space)).ok_or_else(not_found)?;
        // To somebody without a right the space does not exist.
        let right = space.right_of(id).ok_or_else(not_found)?;
        Ok(Access { right, kind: space.kind, space: space.name.clone(), who: name, person: id })
    }

    fn claims(&self, capability: &str, now: i64) -> Result<Claims, Problem> {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(claims) = verified.get(capability).filter(|claims| claims.expires > now) {
            return Ok(claims.clone());
        }
        let claims = self.verifier.verify(capability, now)?;
        if verified.len() >= MAX_VERIFIED {
            verified.clear();
        }
        verified.insert(capability.into(), claims.clone());
        Ok(claims)
    }
}

impl Access {
    /// Refuses those who may only read.
    pub(crate) fn writes(&self) -> Result<(), Problem> {
        if self.right >= Right::Write {
            return Ok(());
        }
        Err(Problem::new(403, "read-only", "You may read this space but not change it.")
            .hint("Ask somebody who manages the space for the right to write."))
    }

    /// Whether the person may end what others hold.
    pub(crate) fn manages(&self) -> bool {
        self.right >= Right::Manage
    }

    /// The letters of `oc:permissions` for an entry of this kind. `R` (may share) stays away while there are no links.
    pub(crate) fn letters(&self, kind: Kind, root: Root) -> String {
        let mounted = if self.kind == SpaceKind::Shared { "M" } else { "" };
        let rest = match (self.right >= Right::Write, kind, root) {
            (false, ..) => "G",
            (true, Kind::Dir, Root::Yes) => "GCK",
            (true, Kind::Dir, Root::No) => "GDNVCK",
            (true, ..) => "GDNVW",
        };
        format!("{mounted}{rest}")
    }
}

/// Whether an entry is the root of its space, which cannot be deleted or renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    Yes,
    No,
}

/// The letters of a shared space at the root of a member's tree.
pub(crate) fn mount_letters(right: Right) -> &'static str {
    if right >= Right::Write { "MGCK" } else { "MG" }
}
