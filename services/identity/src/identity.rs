//! The state that every handler shares, and its start.

use std::{ops::Deref, os::fd::OwnedFd, sync::Arc};

use croft_api::{capability::Minter, projection::Supervisor};
use croft_model::{Actor, PersonId, Projection};
use jiff::Timestamp;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    audit::Audit,
    authority::Authority,
    claim::Claims,
    error::IdentityError,
    grants::Grants,
    guesses::Guesses,
    household::Household,
    pairing,
    passphrases::Passphrases,
    records::{DOOR, DoorRecord, ONLY, Records},
    revocations::Revocations,
};

/// Identity's state; clones share it.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

/// What [`Identity`] shares.
pub struct Inner {
    pub(crate) records: Records,
    pub(crate) authority: Authority,
    pub(crate) minter: Minter,
    pub(crate) passphrases: Passphrases,
    pub(crate) guesses: Guesses,
    pub(crate) household: Household,
    pub(crate) supervisor: Supervisor,
    pub(crate) claims: Claims,
    pub(crate) grants: Grants,
    pub(crate) revocations: Revocations,
    pub(crate) audit: Audit,
    pub(crate) stop: CancellationToken,
}

impl Deref for Identity {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// What identity is started with.
pub(crate) struct Parts {
    pub(crate) state: OwnedFd,
    pub(crate) minter: Minter,
    pub(crate) passphrases: Passphrases,
    pub(crate) supervisor: Supervisor,
    pub(crate) projection: watch::Receiver<Option<Projection>>,
    pub(crate) audit: Audit,
    pub(crate) stop: CancellationToken,
}

impl Identity {
    /// Opens the store and, at the first start, makes authority and pairing code in it.
    pub(crate) fn open(parts: Parts) -> Result<Self, IdentityError> {
        let records = Records::open(&parts.state)?;
        let authority = records.change_now(|write| {
            if write.get(&DOOR, &ONLY)?.is_none() {
                write.put(&DOOR, &ONLY, &pairing::new_door()?)?;
            }
            Authority::load_or_make(write, Timestamp::now())
        })?;
        Ok(Self(Arc::new(Inner {
            records,
            authority,
            minter: parts.minter,
            passphrases: parts.passphrases,
            guesses: Guesses::default(),
            household: Household::new(parts.projection),
            supervisor: parts.supervisor,
            claims: Claims::default(),
            grants: Grants::default(),
            revocations: Revocations::new(broadcast::Sender::new(REVOCATIONS)),
            audit: parts.audit,
            stop: parts.stop,
        })))
    }

    /// Whether the box has an owner, and the pairing code while it has none.
    pub(crate) fn door(&self) -> Result<DoorRecord, IdentityError> {
        match self.records.read()?.get(&DOOR, &ONLY)? {
            Some(door) => Ok(door),
            None => pairing::new_door(),
        }
    }

    /// The person as an actor in history and audit.
    pub(crate) fn actor(&self, id: PersonId) -> Actor {
        let name = self.household.person(id).ok().flatten().map_or_else(|| id.to_string(), |person| person.name);
        Actor::Person { id, name }
    }
}

/// Revocations that a slow listener may be behind; one more and it is told that everything is void.
const REVOCATIONS: usize = 256;
