//! Routes of a role. None can be added without saying what it needs, and the check runs before the handler.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::Response,
};
use croft_model::{Claims, Problem, Scope};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{
    capability::{Refused, Verifier},
    headers,
    problem::answer,
    socket::{Peer, Peers},
};

/// What a route needs before its handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A capability that is good for this scope; the handler finds its [`Claims`] as an extension.
    Scope(Scope),
    /// Nothing: anybody who reaches the box may call it. Each use is listed in the test of its role.
    Nothing,
    /// The peer on the Unix socket is this role (or `console`). Such routes are never passed on by the gateway.
    Peer(&'static str),
}

/// What the checks are made with.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Verifies capabilities for this role.
    pub verifier: Verifier,
    /// Who may connect.
    pub peers: Peers,
}

/// Routes of a role under construction.
pub struct Routes<S = ()> {
    router: OpenApiRouter<S>,
    needs: BTreeMap<String, Needs>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self { router: OpenApiRouter::new(), needs: BTreeMap::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what `utoipa_axum::routes!` made: handlers of one path, all with the same needs.
    #[must_use]
    pub fn add(mut self, needs: Needs, (schemas, paths, methods): UtoipaMethodRouter<S>) -> Self {
        for (path, item) in &paths.paths {
            let verbs = [
                ("GET", item.get.is_some()),
                ("PUT", item.put.is_some()),
                ("POST", item.post.is_some()),
                ("PATCH", item.patch.is_some()),
                ("DELETE", item.delete.is_some()),
            ];
            for (verb, _) in verbs.into_iter().filter(|(_, there)| *there) {
                self.needs.insert(format!("{verb} {path}"), needs);
            }
        }
        let checked = methods.layer(middleware::from_fn_with_state(needs, check));
        self.router = self.router.routes((schemas, paths, checked));
        self
    }

    /// What every route needs, by `METHOD /path`, for the tests that crawl them.
    #[must_use]
    pub fn needs(&self) -> &BTreeMap<String, Needs> {
        &self.needs
    }

    /// The description of the public routes; internal ones are left out.
    #[must_use]
    pub fn openapi(&self) -> OpenApi {
        let mut document = self.router.get_openapi().clone();
        document.paths.paths.retain(|path, _| path.starts_with("/api/"));
        document
    }

    /// The routes with their state, ready for [`crate::socket::serve`].
    pub fn build(self, state: S) -> Router {
        let (router, _) = self.router.split_for_parts();
        router
            .fallback(async || answer(&Problem::new(404, "no-such-route", "There is nothing at this address.")))
            .method_not_allowed_fallback(async || {
                answer(&Problem::new(405, "method-not-allowed", "This address does not take this method."))
            })
            .layer(DefaultBodyLimit::max(headers::MAX_API_BODY))
            .with_state(state)
    }
}

async fn check(State(needs): State<Needs>, mut request: Request, next: Next) -> Response {
    match admit(needs, &mut request) {
        Ok(()) => next.run(request).await,
        Err(problem) => answer(&problem),
    }
}

fn admit(needs: Needs, request: &mut Request) -> Result<(), Problem> {
    let gate = request.extensions().get::<Arc<Gate>>().cloned().ok_or_else(Problem::internal)?;
    match needs {
        Needs::Nothing => Ok(()),
        Needs::Peer(role) => {
            let known = request.extensions().get::<Peer>().is_some_and(|peer| gate.peers.is(peer.uid, role));
            if known { Ok(()) } else { Err(Problem::new(403, "peer-refused", format!("Only {role} may call this."))) }
        }
        Needs::Scope(scope) => {
            let claims = claims(&gate.verifier, request)?;
            if !claims.allows(scope) {
                return Err(forbidden(scope));
            }
            request.extensions_mut().insert(claims);
            Ok(())
        }
    }
}

fn claims(verifier: &Verifier, request: &Request) -> Result<Claims, Refused> {
    let text = request.headers().get(headers::CAPABILITY).ok_or(Refused::Missing)?;
    let text = text.to_str().map_err(|_| Refused::Malformed)?;
    verifier.verify(text, jiff::Timestamp::now().as_second())
}

fn forbidden(scope: Scope) -> Problem {
    let (what, hint) = match scope {
        Scope::Manage => ("Only an owner can do this.", "Ask an owner of this box."),
        Scope::Files => ("This sign-in is not good for files.", "Make an app password for files."),
        Scope::Account => {
            ("This sign-in cannot do this.", "Sign in with your passphrase in a browser, or make an app password with the scope `account`.")
        }
        Scope::Setup => ("This is for whoever claims the box.", "It ends with the claim; owners find the rest in the settings."),
        Scope::Metrics => ("This sign-in cannot read the metrics.", "Make an app password with the scope `metrics`."),
    };
    Problem::new(403, "not-allowed", what).hint(hint)
}
