//! The claim: pairing code, person with recovery kit, answers, owner. Each step may be repeated; only the last one changes the box.
//!
//! The order of the last step makes a crash harmless: the supervisor makes the owner (the same one however often it is asked), then one
//! transaction keeps passphrase, kit, session and the fact that the box is claimed. Until that is durable the same code claims again.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use croft_api::wire::{
    account::Session,
    claim::{ClaimPerson, RecoveryKit},
    trust::{FirstOwner, OwnerMade, Revocation},
};
use croft_model::{Actor, PersonRole, Problem, Scope, Secret, Settings};
use croft_store::Write;
use http::Method;
use jiff::Timestamp;

use crate::{
    error::IdentityError,
    identity::Identity,
    kit::Kit,
    pairing::{self, already_claimed},
    passphrases::acceptable,
    records::{CREDENTIALS, CredentialRecord, DOOR, DoorRecord, KIT, KitRecord, ONLY},
    secrets::{self, Hash, Kind},
    sessions::{self, Opened, Origin},
};

/// How long a ticket is good: long enough to print the kit.
const TICKET_LIFE: Duration = Duration::from_secs(30 * 60);
/// Claims that may be under way at once; the oldest makes room.
const MAX_TICKETS: usize = 8;

/// Claims under way. In memory only: after a restart the code is typed once more.
#[derive(Default)]
pub(crate) struct Claims {
    tickets: Mutex<HashMap<Hash, Pending>>,
    /// Held through the last step, so that two people who finish at once do not both become the owner.
    finishing: tokio::sync::Mutex<()>,
}

struct Pending {
    until: Instant,
    person: Option<PendingPerson>,
}

struct PendingPerson {
    owner: FirstOwner,
    passphrase_hash: String,
    kit: Kit,
}

impl Claims {
    fn tickets(&self) -> MutexGuard<'_, HashMap<Hash, Pending>> {
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|_, pending| pending.until > Instant::now());
        tickets
    }

    fn add(&self) -> Result<String, IdentityError> {
        let token = secrets::token()?;
        let mut tickets = self.tickets();
        if tickets.len() >= MAX_TICKETS {
            let oldest = tickets.iter().min_by_key(|(_, pending)| pending.until).map(|(hash, _)| *hash);
            oldest.map(|hash| tickets.remove(&hash));
        }
        tickets.insert(Kind::Ticket.hash(token.as_bytes()), Pending { until: Instant::now() + TICKET_LIFE, person: None });
        Ok(token)
    }
}

impl Identity {
    /// First step: the pairing code for a ticket.
    pub(crate) async fn claim_code(&self, typed: String, client: IpAddr) -> Result<String, Problem> {
        if let Some(refused) = pairing::refused(&self.door()?, Timestamp::now()) {
            return Err(refused);
        }
        self.guesses.admit_pairing(client, Instant::now())?;
        let verdict = self.records.change(move |write| pairing::guess(write, &typed, Timestamp::now())).await;
        match verdict.map_err(|error: IdentityError| Problem::from(error))? {
            Ok(()) => {
                self.guesses.was_paired(client);
                Ok(self.claims.add()?)
            }
            Err(problem) => Err(problem),
        }
    }

    /// Second step: who will own the box; makes the kit. Done again, it replaces what was said before.
    pub(crate) async fn claim_person(&self, wanted: ClaimPerson) -> Result<RecoveryKit, Problem> {
        self.must_be_unclaimed()?;
        let ticket = Kind::Ticket.hash(wanted.ticket.expose().as_bytes());
        if !self.claims.tickets().contains_key(&ticket) {
            return Err(ticket_over());
        }
        acceptable(&wanted.passphrase, "passphrase")?;
        let owner = FirstOwner { name: wanted.name, display_name: wanted.display_name, box_name: wanted.box_name };
        check_owner(&owner)?;
        let passphrase_hash = self.passphrases.hash(&wanted.passphrase).await?;
        let kit = Kit::make()?;
        let shown = kit.shown()?;
        let mut tickets = self.claims.tickets();
        let pending = tickets.get_mut(&ticket).ok_or_else(ticket_over)?;
        pending.person = Some(PendingPerson { owner, passphrase_hash, kit });
        Ok(shown)
    }

    /// Last step: the answers show that the kit was written down; the box gets its owner, who is signed in.
    pub(crate) async fn claim_finish(
        &self,
        ticket: &str,
        answers: &BTreeMap<String, String>,
        origin: Origin,
    ) -> Result<(Session, String), Problem> {
        let _one = self.claims.finishing.lock().await;
        self.must_be_unclaimed()?;
        let (owner, passphrase_hash, kit_hash) = self.answered(ticket, answers)?;
        let made: OwnerMade = self.supervisor.role().json(Method::PUT, "/internal/v1/owner", Some(&owner), None).await?;
        // Before anything is kept: sign-ins of somebody who is not among the people are removed. The claim itself is done either way.
        let _ = self.household.arrived(made.person).await;
        let now = Timestamp::now();
        let change = move |write: &mut Write| {
            let credential = CredentialRecord { passphrase: passphrase_hash, changed: now, of_owner: true };
            write.put(&CREDENTIALS, &made.person.number(), &credential)?;
            write.put(&KIT, &ONLY, &KitRecord { hash: kit_hash, made: now })?;
            write.put(&DOOR, &ONLY, &DoorRecord::Claimed { at: now })?;
            sessions::open(write, made.person, &origin, now)
        };
        let (this, who) = (self.clone(), Actor::Person { id: made.person, name: owner.name.clone() });
        let tell = move |_: &Opened| {
            this.claims.tickets().clear();
            // The gateway forgets what it was given for a ticket.
            this.revocations.push(Revocation::All(true));
            this.audit.say(who, "claim.finished", "Claimed the box and wrote down its recovery kit.");
        };
        let opened = self.records.change_and_tell::<_, IdentityError>(change, tell).await?;
        let session = Session {
            id: opened.id,
            person: made.person,
            name: owner.name,
            display_name: owner.display_name,
            role: PersonRole::Owner,
            scopes: Scope::of_session(PersonRole::Owner),
        };
        Ok((session, opened.token))
    }

    fn answered(&self, ticket: &str, answers: &BTreeMap<String, String>) -> Result<(FirstOwner, String, Hash), Problem> {
        let tickets = self.claims.tickets();
        let pending = tickets.get(&Kind::Ticket.hash(ticket.as_bytes())).ok_or_else(ticket_over)?;
        let person = pending.person.as_ref().ok_or_else(|| {
            Problem::new(409, "claim-out-of-order", "First say who owns the box.").hint("Send `/api/v1/claim/person` before.")
        })?;
        person.kit.check(answers)?;
        Ok((person.owner.clone(), person.passphrase_hash.clone(), person.kit.hash()))
    }

    /// Whether this is the ticket of a claim that is under way.
    pub(crate) fn holds_ticket(&self, ticket: &Secret) -> bool {
        let known = self.claims.tickets().contains_key(&Kind::Ticket.hash(ticket.expose().as_bytes()));
        known && self.must_be_unclaimed().is_ok()
    }

    fn must_be_unclaimed(&self) -> Result<(), Problem> {
        match self.door()? {
            DoorRecord::Unclaimed { .. } => Ok(()),
            DoorRecord::Claimed { .. } => Err(already_claimed()),
        }
    }
}

/// Judges names by the settings' own rules before anything is made, with the key of the request.
fn check_owner(owner: &FirstOwner) -> Result<(), Problem> {
    let mut settings = serde_json::json!({
        "schema": croft_model::SCHEMA,
        "box": { "name": owner.box_name, "host": "croft" },
        "people": { "p1": { "name": owner.name, "display_name": owner.display_name, "role": "owner", "space": "s1" } },
        "spaces": { "s1": { "number": 1, "name": "own", "kind": "personal", "members": { "p1": "manage" } } },
    });
    let judged: Result<(), croft_model::Invalid> =
        croft_model::parse_settings(settings.take()).and_then(|settings: Settings| croft_model::validate(&settings));
    judged.map_err(|invalid| {
        let key = if invalid.key == "box.name" { "box_name" } else { invalid.key.rsplit('.').next().unwrap_or_default() };
        let sentence = format!("The {} {}.", key.replace('_', " "), invalid.reason);
        Problem::new(422, "claim-invalid", sentence).key(key)
    })
}

fn ticket_over() -> Problem {
    Problem::new(401, "ticket-over", "This claim took too long or the box was restarted.")
        .hint("Type the pairing code again.")
        .key("ticket")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_the_settings_judge_them() {
        for (name, display_name, box_name, expected) in [
            ("ana", "Ana", "Home", None),
            ("Ana", "Ana", "Home", Some("name")),
            ("../x", "Ana", "Home", Some("name")),
            ("ana", "", "Home", Some("display_name")),
            ("ana", "Ana", "", Some("box_name")),
            ("ana", "Ana", "a\nb", Some("box_name")),
        ] {
            let owner = FirstOwner { name: name.into(), display_name: display_name.into(), box_name: box_name.into() };
            assert_eq!(check_owner(&owner).err().and_then(|problem| problem.key).as_deref(), expected, "{name} {display_name} {box_name}");
        }
    }

    #[test]
    fn claims_under_way_are_bounded() {
        let claims = Claims::default();
        let first = claims.add().unwrap();
        for _ in 0..MAX_TICKETS {
            claims.add().unwrap();
        }
        let tickets = claims.tickets();
        assert_eq!(tickets.len(), MAX_TICKETS);
        assert!(!tickets.contains_key(&Kind::Ticket.hash(first.as_bytes())));
    }
}
