//! Invitations: a code by which a person of the household chooses a passphrase, once.

use std::collections::BTreeMap;

use croft_model::{Person, PersonId, PersonRole, Problem};
use croft_store::{Order, Read, Write};
use jiff::Timestamp;

use crate::{
    error::IdentityError,
    records::{CredentialRecord, INVITATIONS, InvitationRecord},
    secrets::{self, Kind},
};

/// Symbols of the code, 5 bits each: 80 bits.
const SYMBOLS: usize = 16;
/// Seconds an invitation is good: a week.
const LIFE_SECONDS: i64 = 7 * 24 * 60 * 60;
/// Invitations that are walked over: one a person.
const MAX_WALK: usize = 4096;

/// Whether somebody else may choose a new passphrase for a person of this role: not for an owner who has one, also when another owner has
/// just made that one a member.
pub(crate) fn may_invite(role: PersonRole, credential: Option<&CredentialRecord>) -> Result<(), Problem> {
    match credential {
        Some(credential) if role == PersonRole::Owner || credential.of_owner => Err(Problem::new(
            409,
            "owner-has-passphrase",
            "An owner who has a passphrase cannot be given another one by somebody else, and neither can who was an owner with it.",
        )
        .hint("A lost passphrase of an owner is reset with the recovery kit.")),
        _ => Ok(()),
    }
}

/// Makes an invitation of `person` in place of any before; gives the code and its end.
pub(crate) fn make(write: &mut Write, person: PersonId, now: Timestamp) -> Result<(String, Timestamp), IdentityError> {
    revoke_all(write, person)?;
    let code = secrets::code(SYMBOLS)?;
    let expires = Timestamp::from_second(now.as_second() + LIFE_SECONDS).unwrap_or(now);
    write.put(&INVITATIONS, &Kind::Invitation.hash(code.as_bytes()), &InvitationRecord { person, expires })?;
    Ok((secrets::grouped(&code), expires))
}

/// Whom the invitation that was typed invites, without using it up.
pub(crate) fn find(read: &Read, typed: &str, now: Timestamp) -> Result<Option<PersonId>, IdentityError> {
    let Some(code) = secrets::read_code(typed, SYMBOLS) else { return Ok(None) };
    let found = read.get(&INVITATIONS, &Kind::Invitation.hash(code.as_bytes()))?;
    Ok(found.filter(|invitation| now < invitation.expires).map(|invitation| invitation.person))
}

/// Uses up the invitation that was typed; gives whom it invites.
pub(crate) fn redeem(write: &mut Write, typed: &str, now: Timestamp) -> Result<Option<PersonId>, IdentityError> {
    let Some(code) = secrets::read_code(typed, SYMBOLS) else { return Ok(None) };
    let hash = Kind::Invitation.hash(code.as_bytes());
    let Some(invitation) = write.get(&INVITATIONS, &hash)? else { return Ok(None) };
    write.remove(&INVITATIONS, &hash)?;
    Ok((now < invitation.expires).then_some(invitation.person))
}

/// Removes invitations of `person`.
pub(crate) fn revoke_all(write: &mut Write, person: PersonId) -> Result<(), IdentityError> {
    remove_where(write, |invitation| invitation.person == person)
}

/// Removes the invitations of everybody but `people`.
pub(crate) fn keep_only(write: &mut Write, people: &BTreeMap<PersonId, Person>) -> Result<(), IdentityError> {
    remove_where(write, |invitation| !people.contains_key(&invitation.person))
}

/// Removes invitations whose time is over.
pub(crate) fn sweep(write: &mut Write, now: Timestamp) -> Result<(), IdentityError> {
    remove_where(write, |invitation| now >= invitation.expires)
}

fn remove_where(write: &mut Write, unwanted: impl Fn(&InvitationRecord) -> bool) -> Result<(), IdentityError> {
    for (hash, invitation) in write.range(&INVITATIONS, .., Order::Ascending, MAX_WALK)? {
        if unwanted(&invitation) {
            write.remove(&INVITATIONS, &hash)?;
        }
    }
    Ok(())
}
