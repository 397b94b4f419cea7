//! Signing in with a passphrase, and the three ways to set one: change, invitation, recovery kit.

use std::{net::IpAddr, time::Instant};

use croft_api::wire::{
    account::{Prove, Proved, Session},
    trust::{AuditLine, Revocation},
};
use croft_model::{Actor, MAX_PROOF_SECONDS, MAX_PROVED, Person, PersonId, PersonRole, Problem, Proof, Scope, Secret};
use croft_store::Write;
use jiff::Timestamp;

use crate::{
    error::IdentityError,
    identity::Identity,
    invitations, kit,
    passphrases::{Verdict, acceptable},
    records::{CREDENTIALS, CredentialRecord, KIT, ONLY},
    secrets,
    sessions::{self, Opened, Origin},
};

/// What of a name is remembered for counting guesses, in bytes; names of people are shorter.
const MAX_COUNTED_NAME: usize = 64;

/// A session and its one token, for the cookie.
pub(crate) type SignedIn = (Session, String);

impl Identity {
    /// Signs in with name and passphrase.
    pub(crate) async fn sign_in(&self, name: &str, passphrase: &Secret, client: IpAddr, origin: Origin) -> Result<SignedIn, Problem> {
        let found = self.household.named(name)?;
        self.check_passphrase(name, found.as_ref().map(|(id, _)| *id), passphrase, client).await?;
        let (id, person) = found.ok_or_else(wrong)?;
        let (this, who) = (self.clone(), self.actor(id));
        let tell = move |_: &Opened| this.audit.say(who, "session.opened", "Signed in.");
        let opened = self.records.change_and_tell(move |write| sessions::open(write, id, &origin, Timestamp::now()), tell).await?;
        Ok(signed_in(id, person, opened))
    }

    /// Changes the passphrase of somebody who knows the old one. Every browser is signed out; the one that asks gets a new session.
    pub(crate) async fn change_passphrase(
        &self,
        id: PersonId,
        old: &Secret,
        new: &Secret,
        client: IpAddr,
        origin: Origin,
    ) -> Result<SignedIn, Problem> {
        let person = self.household.person(id)?.ok_or_else(wrong)?;
        acceptable(new, "new")?;
        self.check_passphrase(&person.name, Some(id), old, client)
            .await
            .map_err(|problem| if problem.status == 401 { typed_wrong("old") } else { problem })?;
        let line = AuditLine {
            who: self.actor(id),
            action: "passphrase.changed".into(),
            sentence: format!("{} changed the passphrase; every other browser was signed out.", person.display_name),
        };
        let opened = self.set_passphrase((id, &person), new, Setting { origin, line }, |_| Ok(())).await?;
        Ok(signed_in(id, person, opened))
    }

    /// A proof that somebody means what cannot be undone, for the right passphrase.
    pub(crate) async fn prove(&self, id: PersonId, wanted: Prove, client: IpAddr) -> Result<Proved, Problem> {
        let Prove { passphrase, operation, target } = wanted;
        for (key, text) in [("operation", &operation), ("target", &target)] {
            if text.is_empty() || text.len() > MAX_PROVED {
                return Err(Problem::new(422, "proof-unfit", format!("What is proved is named in 1 to {MAX_PROVED} bytes.")).key(key));
            }
        }
        let person = self.household.person(id)?.ok_or_else(wrong)?;
        self.check_passphrase(&person.name, Some(id), &passphrase, client)
            .await
            .map_err(|problem| if problem.status == 401 { typed_wrong("passphrase") } else { problem })?;
        let expires = Timestamp::now().as_second() + MAX_PROOF_SECONDS;
        let proof = self.minter.prove(&Proof { person: id, operation, target, expires });
        Ok(Proved { proof: Secret::try_from(proof).map_err(|_| Problem::internal())?, expires })
    }

    /// Sets the first passphrase, or a new one, by an invitation.
    pub(crate) async fn join(&self, code: &Secret, passphrase: &Secret, client: IpAddr, origin: Origin) -> Result<SignedIn, Problem> {
        acceptable(passphrase, "passphrase")?;
        let invited = invitations::find(&self.records.read()?, code.expose(), Timestamp::now())?;
        let person = invited.map(|id| self.household.person(id).map(|person| person.map(|person| (id, person)))).transpose()?.flatten();
        let Some((id, person)) = person else {
            self.guesses.wrong_code(client, Instant::now())?;
            return Err(no_invitation());
        };
        let (typed, role) = (code.clone(), person.role);
        let redeem = move |write: &mut Write| {
            // The person may have become an owner since the invitation was made.
            let credential = write.get(&CREDENTIALS, &id.number()).map_err(IdentityError::from)?;
            invitations::may_invite(role, credential.as_ref())?;
            invitations::redeem(write, typed.expose(), Timestamp::now())?.map(drop).ok_or_else(|| no_invitation().into())
        };
        let line = AuditLine {
            who: self.actor(id),
            action: "invitation.used".into(),
            sentence: format!("{} chose a passphrase by invitation.", person.display_name),
        };
        let opened = self.set_passphrase((id, &person), passphrase, Setting { origin, line }, redeem).await?;
        Ok(signed_in(id, person, opened))
    }

    /// Sets an owner's passphrase by the recovery kit and signs every browser of theirs out.
    pub(crate) async fn recover(
        &self,
        words: &Secret,
        name: &str,
        passphrase: &Secret,
        client: IpAddr,
        origin: Origin,
    ) -> Result<SignedIn, Problem> {
        acceptable(passphrase, "passphrase")?;
        let kept = self.records.read()?.get(&KIT, &ONLY).map_err(IdentityError::from)?;
        let typed = kit::hash_of(words.expose());
        let right = matches!((&kept, &typed), (Some(kept), Some(typed)) if secrets::same(&kept.hash, typed));
        let owner = self.household.named(name)?.filter(|(_, person)| person.role == PersonRole::Owner);
        let Some((id, person)) = owner.filter(|_| right) else {
            self.guesses.wrong_code(client, Instant::now())?;
            return Err(Problem::new(401, "recovery-kit-wrong", "These words and this owner's name do not belong to this box.")
                .hint("Check each of the 24 words, their order and the name."));
        };
        let line = AuditLine {
            who: Actor::Stranger { address: origin.address.clone() },
            action: "passphrase.recovered".into(),
            sentence: format!("The passphrase of {} was reset by the recovery kit; every browser was signed out.", person.display_name),
        };
        let opened = self.set_passphrase((id, &person), passphrase, Setting { origin, line }, |_| Ok(())).await?;
        Ok(signed_in(id, person, opened))
    }

    /// Checks a passphrase with its guess counted. Somebody unknown costs and answers the same as a wrong passphrase.
    async fn check_passphrase(&self, name: &str, id: Option<PersonId>, passphrase: &Secret, client: IpAddr) -> Result<(), Problem> {
        let counted: String = name.chars().take(MAX_COUNTED_NAME).collect();
        let guess = self.guesses.admit(&counted, client, Instant::now())?;
        let stored = match id {
            Some(id) => {
                self.records.read()?.get(&CREDENTIALS, &id.number()).map_err(IdentityError::from)?.map(|credential| credential.passphrase)
            }
            None => None,
        };
        let verdict = self.passphrases.check(stored, passphrase).await?;
        let (Verdict::Right(rehashed), Some(id)) = (verdict, id) else { return Err(wrong()) };
        self.guesses.was_right(guess, Instant::now());
        if let Some(passphrase) = rehashed {
            self.note(move |write| match write.get(&CREDENTIALS, &id.number())? {
                Some(credential) => Ok(write.put(&CREDENTIALS, &id.number(), &CredentialRecord { passphrase, ..credential })?),
                None => Ok(()),
            })
            .await;
        }
        Ok(())
    }

    /// Keeps a new passphrase, ends all sessions of the person and opens a new one, in one transaction begun by `first`.
    async fn set_passphrase(
        &self,
        (id, person): (PersonId, &Person),
        passphrase: &Secret,
        Setting { origin, line }: Setting,
        first: impl FnOnce(&mut Write) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<Opened, Problem> {
        let passphrase = self.passphrases.hash(passphrase).await?;
        let of_owner = person.role == PersonRole::Owner;
        let change = move |write: &mut Write| {
            first(write)?;
            let now = Timestamp::now();
            write.put(&CREDENTIALS, &id.number(), &CredentialRecord { passphrase, changed: now, of_owner }).map_err(IdentityError::from)?;
            invitations::revoke_all(write, id)?;
            sessions::revoke_all(write, id)?;
            Ok::<_, Refusal>(sessions::open(write, id, &origin, now)?)
        };
        let this = self.clone();
        let tell = move |_: &Opened| {
            this.revocations.push(Revocation::Person(id));
            this.audit.say(line.who, &line.action, line.sentence);
        };
        self.records.change_and_tell(change, tell).await.map_err(|Refusal(problem)| *problem)
    }
}

/// How a passphrase is set: from where, and what the audit log says of it.
struct Setting {
    origin: Origin,
    line: AuditLine,
}

/// A problem that ends a transaction.
struct Refusal(Box<Problem>);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<IdentityError> for Refusal {
    fn from(error: IdentityError) -> Self {
        Problem::from(error).into()
    }
}

fn signed_in(id: PersonId, person: Person, opened: Opened) -> SignedIn {
    let scopes = Scope::of_session(person.role);
    (Session { id: opened.id, person: id, name: person.name, display_name: person.display_name, role: person.role, scopes }, opened.token)
}

fn wrong() -> Problem {
    Problem::new(401, "sign-in-wrong", "The name or the passphrase is wrong.")
        .hint("An owner can reset a passphrase with the recovery kit; an owner can invite a member anew.")
}

fn typed_wrong(key: &str) -> Problem {
    // Not 401: the browser is signed in, only this field is wrong.
    Problem::new(403, "passphrase-wrong", "The passphrase is wrong.").key(key)
}

fn no_invitation() -> Problem {
    Problem::new(401, "invitation-wrong", "This invitation does not exist, was used, or is too old.")
        .hint("Ask an owner for a new one.")
        .key("code")
}
