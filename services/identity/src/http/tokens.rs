//! `/api/v1/tokens`: app passwords.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Path, State},
};
use croft_api::{
    body::{JsonBody, TypedQuery},
    wire::{
        account::{AppPassword, AppPasswordEntry, NewAppPassword, WhosePasswords},
        trust::Revocation,
    },
};
use croft_model::{Claims, Person, PersonId, Principal, Problem, Scope, Secret, SessionId};
use croft_store::Write;
use http::StatusCode;
use jiff::Timestamp;

use super::{Answer, Anybody};
use crate::{
    app_passwords::{self, Made},
    error::IdentityError,
    identity::Identity,
    records::AppPasswordRecord,
};

/// The app passwords of the caller; the console names the person.
#[utoipa::path(get, path = "/api/v1/tokens", operation_id = "app_passwords", tag = "tokens", params(WhosePasswords), responses((status = 200, body = Vec<AppPasswordEntry>), (status = 401, body = Problem)))]
pub(super) async fn list(
    State(identity): State<Identity>,
    Anybody(claims): Anybody,
    TypedQuery(query): TypedQuery<WhosePasswords>,
) -> Answer<Json<Vec<AppPasswordEntry>>> {
    let (person, _) = whose(&identity, &claims, query.person.as_deref()).await?;
    let entry = |record: AppPasswordRecord| AppPasswordEntry {
        id: SessionId::from_number(record.number),
        name: record.name,
        scopes: record.scopes,
        created: record.created,
        last_used: record.last_used,
    };
    Ok(Json(app_passwords::list(&identity.records.read()?, person)?.into_iter().map(entry).collect()))
}

/// Makes an app password and shows it this once. People make their own; the console makes them for anybody.
#[utoipa::path(post, path = "/api/v1/tokens", operation_id = "make_app_password", tag = "tokens", request_body = NewAppPassword, responses(
    (status = 201, body = AppPassword),
    (status = 403, description = "`not-allowed`", body = Problem),
    (status = 409, description = "`too-many-app-passwords`", body = Problem),
    (status = 422, description = "`name-unfit`, `scopes-unfit`", body = Problem),
))]
pub(super) async fn make(
    State(identity): State<Identity>,
    Anybody(claims): Anybody,
    JsonBody(body): JsonBody<NewAppPassword>,
) -> Answer<(StatusCode, Json<AppPassword>)> {
    let (id, person) = whose(&identity, &claims, body.person.as_deref()).await?;
    let name = app_passwords::name(&body.name)?;
    let scopes = app_passwords::scopes(body.scopes, person.role)?;
    if claims.who != Principal::Console && !within(&claims, &scopes) {
        return Err(Problem::new(403, "not-allowed", "An app password cannot make one that can do more than itself.").key("scopes").into());
    }
    let (this, who) = (identity.clone(), claims.actor());
    let sentence = format!("The app password “{name}” was made for {}.", person.display_name);
    let tell = move |made: &Result<Made, Problem>| {
        if made.is_ok() {
            this.audit.say(who, "app-password.made", sentence);
        }
    };
    let make = move |write: &mut Write| app_passwords::make(write, id, name, scopes, Timestamp::now());
    let Made { id: number, secret, name, scopes } = identity.records.change_and_tell::<_, IdentityError>(make, tell).await??;
    let secret = Secret::try_from(secret).map_err(|_| Problem::internal())?;
    Ok((StatusCode::CREATED, Json(AppPassword { id: number, name, user: person.name, secret, scopes })))
}

/// Removes an app password of the caller's; whatever used it is signed out at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", operation_id = "revoke_app_password", tag = "tokens", params(("id" = SessionId, Path), WhosePasswords), responses((status = 204), (status = 404, body = Problem)))]
pub(super) async fn revoke(
    State(identity): State<Identity>,
    Anybody(claims): Anybody,
    Path(id): Path<String>,
    TypedQuery(query): TypedQuery<WhosePasswords>,
) -> Answer<StatusCode> {
    let missing = || Problem::new(404, "no-such-app-password", "There is no app password with this id.");
    let (person, _) = whose(&identity, &claims, query.person.as_deref()).await?;
    let id: SessionId = id.parse().map_err(|_| missing())?;
    let (this, who) = (identity.clone(), claims.actor());
    let tell = move |removed: &Option<String>| {
        if let Some(name) = removed {
            this.revocations.push(Revocation::Session(id));
            this.audit.say(who, "app-password.removed", format!("The app password “{name}” was removed."));
        }
    };
    let removed = identity.records.change_and_tell::<_, IdentityError>(move |write| app_passwords::revoke(write, person, id), tell);
    removed.await?.ok_or_else(missing)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether whoever calls can do all of this already; who manages the box may also hand out reading its metrics.
fn within(claims: &Claims, scopes: &BTreeSet<Scope>) -> bool {
    scopes.iter().all(|scope| claims.allows(*scope) || (*scope == Scope::Metrics && claims.allows(Scope::Manage)))
}

/// The person meant: oneself, or for the console whomever it names.
async fn whose(identity: &Identity, claims: &Claims, named: Option<&str>) -> Result<(PersonId, Person), Problem> {
    let meant = match named {
        Some(text) => Some(identity.household.named_or_numbered(text).await?),
        None => None,
    };
    match (&claims.who, meant) {
        (Principal::Console, Some(meant)) => Ok(meant),
        (Principal::Claimant { .. }, _) => Err(Problem::new(403, "not-a-person", "A claim ticket is no sign-in.")),
        (Principal::Console, None) => Err(Problem::new(422, "person-missing", "Say whose app password it is.").key("person")),
        (Principal::Person { id, .. }, None) => identity.household.person(*id)?.map(|person| (*id, person)).ok_or_else(Problem::internal),
        (Principal::Person { id, .. }, Some((meant, person))) if *id == meant => Ok((meant, person)),
        (Principal::Person { .. }, Some(_)) => Err(Problem::new(403, "not-allowed", "App passwords are made by the person who uses them.")
            .hint("Invite the person to sign in, or use `croft token new` at the box.")
            .key("person")),
    }
}
