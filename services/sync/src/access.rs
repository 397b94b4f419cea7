//! Who may do what here: a capability for this worker, and the right of its person among the space's members.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use croft_api::capability::Verifier;
use croft_files::{Kind, Name};
use croft_model::{Claims, LinkKind, PersonId, Principal, Problem, Projection, Right, Scope, SpaceId, SpaceKind};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;

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

/// What the space's members may, now.
#[derive(Debug, Clone)]
pub(crate) struct Sharers {
    space: SpaceId,
    projection: watch::Receiver<Option<Projection>>,
}

impl Sharers {
    /// Whether `person` may.
    pub(crate) fn may_share(&self, person: PersonId) -> Result<bool, Problem> {
        Ok(self.right_of(person)?.is_some_and(|right| right >= Right::Share))
    }

    /// Refuses `person` once they may no longer write.
    pub(crate) fn still_writes(&self, person: PersonId) -> Result<(), Problem> {
        let right = self.right_of(person)?.ok_or_else(not_found)?;
        if right >= Right::Write { Ok(()) } else { Err(read_only()) }
    }

    fn right_of(&self, person: PersonId) -> Result<Option<Right>, Problem> {
        let projection = self.projection.borrow();
        let Some(projection) = projection.as_ref() else { return Err(Problem::unavailable("This space")) };
        let space = projection.spaces.as_ref().and_then(|spaces| spaces.get(&self.space));
        Ok(space.and_then(|space| space.right_of(person)))
    }

    /// Waits until the rights may have changed; false when nothing changes any more.
    pub(crate) async fn changed(&mut self) -> bool {
        self.projection.changed().await.is_ok()
    }

    /// What people call `person`, a member of the space.
    pub(crate) fn name_of(&self, person: PersonId) -> Option<String> {
        let projection = self.projection.borrow();
        Some(projection.as_ref()?.people.as_ref()?.get(&person)?.display_name.clone())
    }
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
    /// By which link, where it is no person of the household. The one above is then who made it.
    pub(crate) guest: Option<Arc<Guest>>,
}

/// Somebody with a link that works, for one request.
#[derive(Debug)]
pub(crate) struct Guest {
    /// The link's key.
    pub(crate) key: String,
    pub(crate) kind: LinkKind,
    pub(crate) address: IpAddr,
    /// What the link opens, and where it was a moment ago.
    pub(crate) target: u64,
    pub(crate) base: Vec<Name>,
    pub(crate) folder: bool,
    /// Until when the link works.
    pub(crate) expires: Option<i64>,
    /// Downloads that the link allows.
    pub(crate) downloads: Option<u64>,
    /// Who made it, as people call them.
    pub(crate) by: String,
    /// What stands for the link's password from now on.
    pub(crate) pass: Option<String>,
    /// Ends when the link is revoked or changed.
    pub(crate) cut: CancellationToken,
    /// Held while the request lasts.
    #[expect(dead_code, reason = "held, not read")]
    pub(crate) place: OwnedSemaphorePermit,
}

impl Access {
    /// What somebody with a link may do, which `by` made, a person of the household.
    pub(crate) fn of_guest(guest: Guest, (by, name): (PersonId, &str)) -> Self {
        let right = if guest.kind == LinkKind::Read { Right::Read } else { Right::Write };
        let space = guest.base.last().map(ToString::to_string).unwrap_or_default();
        Self { right, kind: SpaceKind::Personal, space, who: format!("{name} (by a link)"), person: by, guest: Some(Arc::new(guest)) }
    }

    /// Refuses those who may not make links.
    pub(crate) fn shares(&self) -> Result<(), Problem> {
        if self.right >= Right::Share && self.guest.is_none() {
            return Ok(());
        }
        Err(Problem::new(403, "not-allowed", "You may not make links in this space.")
            .hint("Ask somebody who manages the space for the right to share."))
    }
}

impl Gatekeeper {
    /// Who may make links.
    pub(crate) fn sharers(&self) -> Sharers {
        Sharers { space: self.space, projection: self.projection.clone() }
    }

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
        Ok(Access { right, kind: space.kind, space: space.name.clone(), who: name, person: id, guest: None })
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
        Err(read_only())
    }

    /// Whether the person may end what others hold.
    pub(crate) fn manages(&self) -> bool {
        self.right >= Right::Manage && self.guest.is_none()
    }

    /// The letters of `oc:permissions` for an entry of this kind. `R` says that a link may be made to it.
    pub(crate) fn letters(&self, kind: Kind, root: Root) -> String {
        let shared = if root == Root::No && self.shares().is_ok() { "R" } else { "" };
        let mounted = if self.kind == SpaceKind::Shared { "M" } else { "" };
        let rest = match (self.right >= Right::Write, kind, root) {
            (false, ..) => "G",
            (true, Kind::Dir, Root::Yes) => "GCK",
            (true, Kind::Dir, Root::No) => "GDNVCK",
            (true, ..) => "GDNVW",
        };
        format!("{shared}{mounted}{rest}")
    }
}

fn read_only() -> Problem {
    Problem::new(403, "read-only", "You may read this space but not change it.")
        .hint("Ask somebody who manages the space for the right to write.")
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
