//! Capabilities: judging what somebody shows, and minting for one audience and one minute.

use std::{collections::BTreeSet, net::IpAddr, time::Instant};

use croft_api::wire::trust::{Credential, IssuedCapability};
use croft_model::{Claims, MAX_CAPABILITY_SECONDS, Person, PersonId, Principal, Problem, RoleName, Scope, Secret, SessionId, SpaceId};
use croft_store::Write;
use jiff::Timestamp;

use crate::{app_passwords, error::IdentityError, identity::Identity, sessions};

/// Somebody whose credential was judged good.
#[derive(Debug)]
pub(crate) struct Caller {
    who: Principal,
    session: Option<SessionId>,
    scopes: BTreeSet<Scope>,
}

impl Caller {
    /// Somebody with the rights of the machine itself: manages the box, has no right on anybody's files.
    pub(crate) fn console() -> Self {
        Self { who: Principal::Console, session: None, scopes: [Scope::Account, Scope::Manage, Scope::Metrics].into() }
    }

    /// Whoever holds a claim ticket. It may say where the box shall live, and nothing else.
    fn claimant(client: IpAddr) -> Self {
        Self { who: Principal::Claimant { address: client.to_string() }, session: None, scopes: [Scope::Setup].into() }
    }

    fn person(id: PersonId, person: &Person, number: u64, scopes: BTreeSet<Scope>) -> Self {
        let who = Principal::Person { id, name: person.name.clone(), role: person.role };
        Self { who, session: Some(SessionId::from_number(number)), scopes }
    }
}

impl Identity {
    /// Judges a credential shown by a client at `client`.
    pub(crate) async fn judge(&self, credential: Credential, client: IpAddr) -> Result<Caller, Problem> {
        match credential {
            Credential::Cookie { value } => self.judge_cookie(&value).await,
            Credential::AppPassword { name, value } => self.judge_app_password(Some(&name), &value, client).await,
            Credential::Bearer { value } if self.holds_ticket(&value) => Ok(Caller::claimant(client)),
            Credential::Bearer { value } => self.judge_app_password(None, &value, client).await,
        }
    }

    async fn judge_cookie(&self, token: &Secret) -> Result<Caller, Problem> {
        let now = Timestamp::now();
        let found = sessions::find(&self.records.read()?, token.expose(), self.household.idle_days(), now)?;
        let (hash, session) = found.ok_or_else(signed_out)?;
        let person = self.household.person(session.person)?.ok_or_else(signed_out)?;
        if sessions::use_is_news(session.last_used, now) {
            self.note(move |write| sessions::used(write, &hash, now)).await;
        }
        Ok(Caller::person(session.person, &person, session.number, Scope::of_session(person.role)))
    }

    async fn judge_app_password(&self, name: Option<&str>, typed: &Secret, client: IpAddr) -> Result<Caller, Problem> {
        let now = Timestamp::now();
        let found = app_passwords::find(&self.records.read()?, typed.expose())?;
        let person = match &found {
            Some((_, record)) => self.household.person(record.person)?.filter(|person| name.is_none_or(|name| name == person.name)),
            None => None,
        };
        let (Some((hash, record)), Some(person)) = (found, person) else {
            self.guesses.wrong_code(client, Instant::now())?;
            return Err(wrong_app_password());
        };
        if record.last_used.is_none_or(|last| sessions::use_is_news(last, now)) {
            self.note(move |write| app_passwords::used(write, &hash, now)).await;
        }
        let scopes = record.scopes.intersection(&Scope::of_app_password(person.role)).copied().collect();
        Ok(Caller::person(record.person, &person, record.number, scopes))
    }

    /// Writes down what is good to know. Nobody who is right is refused because that fails, as on a full disk.
    pub(crate) async fn note(&self, change: impl FnOnce(&mut Write) -> Result<(), IdentityError> + Send + 'static) {
        if let Err(error) = self.records.change(change).await {
            tracing::warn!(%error, "the use of a sign-in could not be written down");
        }
    }

    /// Mints a capability of `caller` for `audience`. A worker's is good for files and nothing else.
    pub(crate) fn issue(&self, caller: Caller, audience: &str) -> Result<IssuedCapability, Problem> {
        let worker = audience_is_worker(audience)?;
        let scopes: BTreeSet<Scope> = caller.scopes.into_iter().filter(|scope| !worker || *scope == Scope::Files).collect();
        if worker && scopes.is_empty() {
            return Err(Problem::new(403, "not-allowed", "This sign-in is not good for files.").hint("Make an app password for files."));
        }
        let expires = Timestamp::now().as_second() + MAX_CAPABILITY_SECONDS;
        let person = match &caller.who {
            Principal::Person { id, .. } => Some(*id),
            Principal::Console | Principal::Claimant { .. } => None,
        };
        let claims = Claims { who: caller.who, session: caller.session, scopes, audience: audience.into(), expires };
        let capability = Secret::try_from(self.minter.mint(&claims)).map_err(|_| Problem::internal())?;
        Ok(IssuedCapability { capability, expires, session: caller.session, person })
    }
}

/// Whether `audience` is a worker (`sync@s1`) rather than a role (`supervisor`).
fn audience_is_worker(audience: &str) -> Result<bool, Problem> {
    let unknown = || Problem::new(422, "audience-unknown", "An audience is a role or, like `sync@s1`, a worker.").key("audience");
    let (role, instance) = audience.split_once('@').map_or((audience, None), |(role, instance)| (role, Some(instance)));
    role.parse::<RoleName>().map_err(|_| unknown())?;
    instance.map(str::parse::<SpaceId>).transpose().map_err(|_| unknown()).map(|space| space.is_some())
}

/// The problem of a cookie that is no longer, or never was, a session.
fn signed_out() -> Problem {
    Problem::new(401, "signed-out", "You are not signed in, or your session has ended.").hint("Sign in again.")
}

fn wrong_app_password() -> Problem {
    Problem::new(401, "app-password-wrong", "This is not an app password of this name.")
        .hint("Programs sign in with an app password, never with your passphrase. Make one in the settings under your name, or with `croft token new`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_are_roles_or_workers() {
        for (audience, expected) in [
            ("supervisor", Some(false)),
            ("sync@s1", Some(true)),
            ("sync@s0", None),
            ("sync@p1", None),
            ("sync@", None),
            ("", None),
            ("Sync", None),
            ("a b", None),
            ("sync@s1@s2", None),
        ] {
            assert_eq!(audience_is_worker(audience).ok(), expected, "{audience:?}");
        }
    }
}
