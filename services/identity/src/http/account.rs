//! `/api/v1/session` and `/api/v1/sessions`: signing in and out, and where one is signed in.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use croft_api::{
    body::JsonBody,
    wire::{
        account::{Session, SessionEntry, SignIn},
        trust::Revocation,
    },
};
use croft_model::{Problem, SessionId};
use croft_store::Write;
use http::StatusCode;
use jiff::Timestamp;

use super::{Answer, Caller, Client, forget_cookie, signed_in};
use crate::{app_passwords, error::IdentityError, identity::Identity, records::SessionRecord, sessions};

/// Signs in with name and passphrase.
#[utoipa::path(post, path = "/api/v1/session", operation_id = "sign_in", tag = "session", request_body = SignIn, responses(
    (status = 200, body = Session),
    (status = 401, description = "`sign-in-wrong`", body = Problem),
    (status = 429, description = "`too-many-guesses`", body = Problem),
))]
pub(super) async fn sign_in(State(identity): State<Identity>, client: Client, JsonBody(body): JsonBody<SignIn>) -> Answer<Response> {
    signed_in(StatusCode::OK, identity.sign_in(&body.name, &body.passphrase, client.address, client.origin()).await?)
}

/// Who is signed in, and what this sign-in is good for.
#[utoipa::path(get, path = "/api/v1/session", operation_id = "session", tag = "session", responses((status = 200, body = Session), (status = 401, body = Problem)))]
pub(super) async fn session(State(identity): State<Identity>, caller: Caller) -> Answer<Json<Session>> {
    let person = identity.household.person(caller.id)?.ok_or_else(Problem::internal)?;
    let id = caller.session.ok_or_else(Problem::internal)?;
    // The capability is for identity; what the session is good for elsewhere is the same.
    Ok(Json(Session {
        id,
        person: caller.id,
        name: person.name,
        display_name: person.display_name,
        role: person.role,
        scopes: caller.claims.scopes,
    }))
}

/// Signs out: this session, or this app password, ends.
#[utoipa::path(delete, path = "/api/v1/session", operation_id = "sign_out", tag = "session", responses((status = 204), (status = 401, body = Problem)))]
pub(super) async fn sign_out(State(identity): State<Identity>, caller: Caller) -> Answer<Response> {
    let id = caller.session.ok_or_else(Problem::internal)?;
    end(&identity, &caller, id).await?;
    Ok((StatusCode::NO_CONTENT, forget_cookie()?).into_response())
}

/// Where one is signed in.
#[utoipa::path(get, path = "/api/v1/sessions", operation_id = "sessions", tag = "sessions", responses((status = 200, body = Vec<SessionEntry>), (status = 401, body = Problem)))]
pub(super) async fn sessions(State(identity): State<Identity>, caller: Caller) -> Answer<Json<Vec<SessionEntry>>> {
    let idle_days = identity.household.idle_days();
    let list = sessions::list(&identity.records.read()?, caller.id, idle_days, Timestamp::now())?;
    let entry = |session: SessionRecord| SessionEntry {
        id: SessionId::from_number(session.number),
        expires: sessions::expires(&session, idle_days),
        agent: session.agent,
        address: session.address,
        created: session.created,
        last_used: session.last_used,
        current: caller.session.is_some_and(|id| id.number() == session.number),
    };
    Ok(Json(list.into_iter().map(entry).collect()))
}

/// Signs another browser out.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", operation_id = "revoke_session", tag = "sessions", params(("id" = SessionId, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub(super) async fn revoke_session(State(identity): State<Identity>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let id = id.parse().map_err(|_| no_such_session())?;
    if end(&identity, &caller, id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(no_such_session().into()) }
}

/// Ends a session or app password of the caller, tells the gateway and the audit log.
pub(super) async fn end(identity: &Identity, caller: &Caller, id: SessionId) -> Result<bool, Problem> {
    let (person, own, who, this) = (caller.id, caller.session == Some(id), caller.claims.actor(), identity.clone());
    let change = move |write: &mut Write| Ok(sessions::revoke(write, person, id)? || app_passwords::revoke(write, person, id)?.is_some());
    let tell = move |ended: &bool| {
        if *ended {
            this.revocations.push(Revocation::Session(id));
            let sentence = if own { "Signed out.".to_owned() } else { format!("Signed the browser {id} out.") };
            this.audit.say(who, "session.ended", sentence);
        }
    };
    Ok(identity.records.change_and_tell::<_, IdentityError>(change, tell).await?)
}

fn no_such_session() -> Problem {
    Problem::new(404, "no-such-session", "You have no session with this id.")
}
