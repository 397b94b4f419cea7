//! The routes of identity, one file a domain.

mod account;
mod claim;
mod dialect;
mod grants;
mod internal;
mod passphrase;
mod tokens;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    Json, Router,
    extract::{FromRequestParts, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use croft_api::{
    headers, ocs,
    problem::ApiError,
    routes::{Needs, Routes},
    wire::account::Session,
};
use croft_model::{Claims, PersonId, Principal, Problem, Scope, SessionId};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use utoipa_axum::routes;

use crate::{identity::Identity, sessions};

/// The browser's cookie. The prefix makes browsers refuse it from anything but HTTPS, for one host and every path.
pub(crate) const COOKIE: &str = "__Host-croft";

/// What a handler answers with.
type Answer<T> = Result<T, ApiError>;

/// Every route with its needs. Those that need nothing are the ways in; the test lists them.
#[must_use]
pub fn routes() -> Routes<Identity> {
    let (account, files) = (Needs::Scope(Scope::Account), Needs::Scope(Scope::Files));
    Routes::new()
        .add(Needs::Nothing, routes!(claim::status))
        .add(Needs::Nothing, routes!(claim::code))
        .add(Needs::Nothing, routes!(claim::person))
        .add(Needs::Nothing, routes!(claim::finish))
        .add(Needs::Nothing, routes!(account::sign_in))
        .add(account, routes!(account::session, account::sign_out))
        .add(account, routes!(account::sessions))
        .add(account, routes!(passphrase::prove))
        .add(account, routes!(account::revoke_session))
        .add(account, routes!(tokens::list, tokens::make))
        .add(account, routes!(tokens::revoke))
        .add(account, routes!(passphrase::change))
        .add(account, routes!(grants::asked, grants::grant, grants::refuse))
        .add(Needs::Nothing, routes!(dialect::status))
        .add(Needs::Nothing, routes!(dialect::ask))
        .add(Needs::Nothing, routes!(dialect::poll))
        .add(Needs::Nothing, routes!(dialect::capabilities))
        .add(files, routes!(dialect::user))
        .add(files, routes!(dialect::named_user))
        .add(files, routes!(dialect::new_app_password))
        .add(files, routes!(dialect::leave))
        .add(files, routes!(dialect::config))
        .add(files, routes!(dialect::apps))
        .add(files, routes!(dialect::editors))
        .add(Needs::Scope(Scope::Manage), routes!(passphrase::invite))
        .add(Needs::Nothing, routes!(passphrase::join))
        .add(Needs::Nothing, routes!(passphrase::recover))
        .add(Needs::Peer("gateway"), routes!(internal::capability))
        .add(Needs::Peer("console"), routes!(internal::local_capability))
        .add(Needs::Peer("gateway"), routes!(internal::certificate))
        .add(Needs::Peer("gateway"), routes!(internal::revocations))
        .add(Needs::Peer("gateway"), routes!(internal::authority))
        .add(Needs::Peer("supervisor"), routes!(internal::door))
}

/// The routes with their state, and with the envelope that clients of the dialect want.
pub(crate) fn router(identity: Identity) -> Router {
    routes().build(identity).layer(middleware::from_fn(enveloped))
}

/// Puts answers below `/ocs/` into the envelope that clients of the dialect want.
async fn enveloped(request: Request, next: Next) -> Response {
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    ocs::enveloped(&uri, &headers, next.run(request).await).await
}

/// The client behind a request, as the gateway saw it.
struct Client {
    address: IpAddr,
    agent: String,
}

impl Client {
    fn origin(&self) -> sessions::Origin {
        sessions::Origin { agent: self.agent.clone(), address: self.address.to_string() }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let address = text(headers::CLIENT);
        // Without the header it is a process of this machine at the socket; those share one count of guesses.
        let address =
            address.parse::<SocketAddr>().map(|socket| socket.ip()).or_else(|_| address.parse()).unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        Ok(Self { address, agent: text(header::USER_AGENT.as_str()).to_owned() })
    }
}

/// The person who calls, with the session that the capability came from. The console is no person.
#[derive(Debug, Clone)]
struct Caller {
    id: PersonId,
    session: Option<SessionId>,
    claims: Claims,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let claims = claims(parts)?;
        match &claims.who {
            Principal::Person { id, .. } => Ok(Self { id: *id, session: claims.session, claims }),
            Principal::Claimant { .. } => Err(Problem::new(403, "not-a-person", "A claim ticket is no sign-in.").into()),
            Principal::Console => Err(Problem::new(403, "not-a-person", "The console has no sign-in of its own.").into()),
        }
    }
}

/// Whoever calls: a person or the console.
struct Anybody(Claims);

impl<S: Send + Sync> FromRequestParts<S> for Anybody {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        Ok(Self(claims(parts)?))
    }
}

fn claims(parts: &Parts) -> Result<Claims, Problem> {
    parts.extensions.get::<Claims>().cloned().ok_or_else(Problem::internal)
}

/// An answer that signs a browser in.
fn signed_in(status: StatusCode, (session, token): (Session, String)) -> Answer<Response> {
    let cookie = format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", sessions::ABSOLUTE_SECONDS);
    Ok((status, set_cookie(&cookie)?, Json(session)).into_response())
}

/// Makes the browser forget its cookie.
fn forget_cookie() -> Answer<HeaderMap> {
    set_cookie(&format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"))
}

fn set_cookie(cookie: &str) -> Answer<HeaderMap> {
    let value = HeaderValue::from_str(cookie).map_err(|_| Problem::internal())?;
    Ok(HeaderMap::from_iter([(header::SET_COOKIE, value)]))
}
