//! The encrypted door: every request of a client, from its head to the one who answers it.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use croft_api::{
    bulk::Area,
    call::Role,
    capability::Verifier,
    problem,
    wire::trust::{HouseholdCertificate, IssuedCapability},
};
use croft_model::{Claims, Problem, Projection, Scope};
use croft_telemetry::{Counter, Metrics};
use http::{HeaderValue, Method, Request, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    apps::{self, Apps, AtApp, AtDoor},
    assets,
    body::Lingering,
    bulk::{Workers, files, links::Links, photos::Photos, room, search, spaces::Spaces},
    certificate::Certificate,
    crowd::{Crowd, Place},
    dav::{self, Root},
    dialect::{self, Leads},
    directions, events,
    guests::{self, Guests},
    headers::{self, Kind, protect},
    health, hosts, household, limits, links,
    listener::Answer,
    origin, photos,
    plain::hex_id,
    proxy::{self, Passed, Vouched},
    push::Push,
    shares,
    sign_in::{Shown, SignIn},
};

/// Everything that answering needs. Shared by all requests.
pub(crate) struct Front {
    /// The role of each domain of the API.
    pub(crate) domains: BTreeMap<String, Role>,
    /// The assembled description of the API.
    pub(crate) openapi: &'static str,
    pub(crate) identity: Role,
    pub(crate) supervisor: Role,
    pub(crate) sign_in: SignIn,
    pub(crate) verifier: Verifier,
    pub(crate) certificate: Certificate,
    pub(crate) projection: watch::Receiver<Option<Projection>>,
    pub(crate) workers: Arc<Workers>,
    pub(crate) push: Push,
    pub(crate) apps: Apps,
    pub(crate) calls: Calls,
    pub(crate) guests: Guests,
    pub(crate) metrics: Metrics,
    pub(crate) counts: Counts,
    pub(crate) stop: CancellationToken,
}

/// Places for calls of the API that are under way.
pub(crate) struct Calls {
    strangers: Crowd,
    people: Crowd,
}

impl Default for Calls {
    fn default() -> Self {
        Self { strangers: Crowd::new(limits::STRANGERS_CALLS), people: Crowd::new(limits::PEOPLES_CALLS) }
    }
}

impl Calls {
    fn enter(&self, client: IpAddr, capability: Option<&IssuedCapability>) -> Result<Place, Problem> {
        let crowd = if capability.is_some() { &self.people } else { &self.strangers };
        crowd.enter(client).ok_or_else(|| {
            Problem::new(503, "busy", "There are too many requests under way.").hint("Try again in a moment.").retry_after(1)
        })
    }
}

/// Who asks, and under which name of the box.
#[derive(Clone, Copy)]
struct Asker<'a> {
    client: IpAddr,
    /// The request's id.
    id: &'a str,
    /// Name and port, checked.
    host: &'a str,
}

/// Answers by the hundred of their status.
pub(crate) struct Counts(Vec<Counter>);

impl Counts {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        Self(
            classes
                .iter()
                .map(|class| metrics.counter("croft_answers_total", "Answers to clients by class of status.", &[("class", class)]))
                .collect(),
        )
    }

    fn count(&self, status: http::StatusCode) {
        if let Some(counter) = self.0.get(usize::from(status.as_u16() / 100).saturating_sub(1)) {
            counter.increment();
        }
    }
}

impl Answer for Arc<Front> {
    async fn answer(&self, client: IpAddr, request: Request<Lingering>) -> Response {
        let id = hex_id();
        let path = dialect::straight_path(request.uri());
        let span = tracing::info_span!("request", request = %id, method = %request.method(), path = guests::masked(&path), %client);
        let guest = guests::leads(&path);
        let leads = dialect::leads(&path).filter(|_| guest.is_none());
        let for_page = matches!(guest, Some(guests::Leads::Page(_)));
        let about_files = leads.is_some() || guest.is_some() || directions::is_about_files(request.method(), &path);
        let kind = if about_files { Kind::File } else { Kind::Page };
        let is_head = request.method() == Method::HEAD;
        let mut response = match self.judge(client, &id, request).instrument(span.clone()).await {
            Ok(response) => response,
            Err(refused) => problem::answer(&refused),
        };
        match response.extensions().get::<AtApp>() {
            Some(AtApp::Theirs) => {
                self.counts.count(response.status());
                return response;
            }
            Some(AtApp::Ours) => {
                protect(&mut response, Kind::Page, &id);
                self.counts.count(response.status());
                return response;
            }
            None => {}
        }
        if matches!(leads, Some(Leads::Files(_))) {
            response = dialect::told(response).await;
        }
        // A page with a link asks by itself, and a browser's own question would be about nothing that its person knows.
        if kind == Kind::File && !for_page {
            ask_for_sign_in(&mut response);
        }
        let kind = if response.extensions().get::<guests::OwnPage>().is_some() { Kind::Link } else { kind };
        protect(&mut response, kind, &id);
        self.counts.count(response.status());
        span.in_scope(|| tracing::debug!(status = response.status().as_u16(), "answered"));
        if is_head { response.map(|_| Body::empty()) } else { response }
    }
}

impl Front {
    async fn judge(&self, client: IpAddr, id: &str, request: Request<Lingering>) -> Result<Response, Problem> {
        let mut settings = self.projection.clone();
        let projection = settings.borrow_and_update().clone();
        let host = hosts::check(request.uri(), request.headers(), projection.as_ref())?;
        headers::check_size(request.uri(), request.headers())?;
        // The host alone says whose request it is: an app has every path of its own origin.
        if let Some(projection) = &projection
            && let Some((app, hosted)) = projection.app_at(&host.host().to_ascii_lowercase())
        {
            return Ok(self.apps.answer(&self.sign_in, projection, AtDoor { app, hosted, client, host: &host, settings }, request).await);
        }
        let request = dialect::straightened(request);
        let path = request.uri().path().to_owned();
        if let Some(guest) = guests::leads(&path) {
            // No cookie of the household counts there, so no page of another site can borrow one.
            let projection =
                projection.filter(|projection| !household::unclaimed(projection)).ok_or_else(|| Problem::unavailable("The box"))?;
            return Ok(self.guests.answer(&self.workers, &projection, (client, id), (guest, request)).await);
        }
        origin::check(request.method(), request.headers(), &host, &path)?;
        if path == "/healthz" {
            return Ok(health::answer(self.certificate.is_there(), projection.is_some(), &self.identity, &self.supervisor).await);
        }
        let Some(projection) = projection else { return Err(Problem::unavailable("The box")) };
        let asker = Asker { client, id, host: host.as_str() };
        let leads = dialect::leads(&path);
        let about_files = directions::is_about_files(request.method(), &path);
        let dynamic = leads.is_some() || about_files || path.starts_with("/api/") || path == "/metrics";
        if household::unclaimed(&projection) && dynamic && !is_of_claim(&path) {
            return Err(Problem::new(403, "unclaimed", "Nobody has claimed this box yet.")
                .hint("Open it in a browser and claim it with its pairing code."));
        }
        if request.method() == Method::OPTIONS && directions::above(&path).is_some() {
            return Ok(directions::options());
        }
        if let Some(leads) = leads {
            return self.dialect(asker, &projection, request, leads).await;
        }
        if path.starts_with(apps::OPEN)
            && request.method() == Method::GET
            && let Some(answer) = self.apps.open(&self.sign_in, &projection, (client, &host), &request).await?
        {
            return Ok(answer);
        }
        match path.as_str() {
            "/metrics" => self.metrics(client, &request).await,
            "/ca.crt" => Ok(self.certificate_file().await?),
            "/api/v1/openapi.json" => Ok(json(self.openapi)),
            _ if about_files => {
                let shown = Shown::in_headers(request.headers())?.ok_or_else(sign_in_first)?;
                self.files(asker, &projection, request, (Root::of(&path), &shown)).await
            }
            _ if links::is_about(&path) || photos::is_about(&path) => {
                let shown = Shown::in_headers(request.headers())?;
                self.merged(asker, &projection, request, shown).await
            }
            _ if path.starts_with("/api/") => self.api(asker, request, &path).await,
            _ if path.starts_with("/internal/") => Err(nothing_here()),
            _ => assets::serve(request.method(), &path, request.headers()),
        }
    }

    async fn api(&self, asker: Asker<'_>, request: Request<Lingering>, path: &str) -> Result<Response, Problem> {
        let client = asker.client;
        let domain = path.strip_prefix("/api/v1/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let (domain, role) = self.domains.get_key_value(domain).ok_or_else(nothing_here)?;
        let listens = domain == "events" && request.method() == Method::GET;
        // Heard from before the capability is asked for, so that no revocation falls between.
        let revocations = self.sign_in.revocations();
        let shown = Shown::in_headers(request.headers())?;
        let capability = match &shown {
            None => None,
            Some(shown) => match self.sign_in.capability(shown, role.name(), client).await {
                Ok(issued) => Some(issued),
                // A browser whose session has ended is a stranger, who may still sign in.
                Err(refused) if shown.by_cookie && refused.status == 401 => None,
                Err(refused) => return Err(refused),
            },
        };
        let place = self.calls.enter(client, capability.as_ref())?;
        let Passed { answer, generation } = call(asker, role, (capability.as_ref(), None), request).await?;
        if let Some(generation) = generation {
            self.catch_up(generation).await;
        }
        match capability.zip(shown).filter(|_| listens && answer.status().is_success()) {
            // Without its place: it lasts, and the supervisor bounds those who listen.
            Some((issued, shown)) => {
                let listener = events::Listener {
                    reader: events::reader(&self.claims(&shown, client).await?),
                    folders: self.workers.changes(),
                    projection: self.projection.clone(),
                    revocations,
                    stop: self.stop.clone(),
                };
                Ok(events::merged(answer, issued, listener))
            }
            None => Ok(answer.map(|body| held(body, place))),
        }
    }

    /// Waits until the gateway knows what the answer speaks of, so that whoever hears of a new space can write into it.
    async fn catch_up(&self, generation: u64) {
        let mut projection = self.projection.clone();
        let known = projection.wait_for(|now| now.as_ref().is_some_and(|now| now.generation >= generation));
        if tokio::time::timeout(limits::CATCH_UP_TIME, known).await.is_err() {
            tracing::warn!(generation, "settings that the supervisor answered from have not come");
        }
    }

    /// Answers at an address of the dialect. Cookies count for nothing here.
    async fn dialect(
        &self,
        asker: Asker<'_>,
        projection: &Projection,
        request: Request<Lingering>,
        leads: Leads,
    ) -> Result<Response, Problem> {
        let shown = || Shown::of_program(request.headers());
        let capability = match leads {
            Leads::Files(root) => {
                let shown = shown()?.ok_or_else(sign_in_first)?;
                return self.files(asker, projection, request, (root, &shown)).await;
            }
            Leads::Preview => {
                let shown = shown()?.ok_or_else(sign_in_first)?;
                let (root, request) = dialect::preview(request).ok_or_else(no_such_file)?;
                return self.files(asker, projection, request, (Some(root), &shown)).await;
            }
            Leads::Shares => {
                let (uri, headers) = (request.uri().clone(), request.headers().clone());
                let answered = match shown() {
                    Ok(shown) => self.merged(asker, projection, request, shown).await,
                    Err(problem) => Err(problem),
                };
                let answer = answered.unwrap_or_else(|problem| croft_api::problem::answer(&problem));
                return Ok(croft_api::ocs::enveloped(&uri, &headers, answer).await);
            }
            Leads::Alive => return Ok(http::StatusCode::NO_CONTENT.into_response()),
            Leads::Nothing => return Err(nothing_here()),
            Leads::Push => return self.push.connect(asker.client, request, self.calls.enter(asker.client, None)?),
            Leads::PushToken => {
                let shown = shown()?.ok_or_else(sign_in_first)?;
                return self.push.token(asker.client, request.method(), shown).await;
            }
            Leads::Open => None,
            Leads::SignedIn => {
                let shown = shown()?.ok_or_else(sign_in_first)?;
                Some(self.sign_in.capability(&shown, self.identity.name(), asker.client).await?)
            }
        };
        let place = self.calls.enter(asker.client, capability.as_ref())?;
        let room = self.room(asker, projection, &request).await;
        let Passed { answer, .. } = call(asker, &self.identity, (capability.as_ref(), room.as_deref()), request).await?;
        Ok(answer.map(|body| held(body, place)))
    }

    /// The room that the one who asks has, where the answer tells it.
    async fn room(&self, Asker { client, id, .. }: Asker<'_>, projection: &Projection, request: &Request<Lingering>) -> Option<String> {
        if !dialect::tells_room(request.uri().path()) {
            return None;
        }
        let shown = Shown::of_program(request.headers()).ok()??;
        let person = self.sign_in.capability(&shown, "gateway", client).await.ok()?.person?;
        let own = household::tree_of(projection, person)?.own;
        let pass = dav::Pass { sign_in: &self.sign_in, shown: &shown, client };
        let taken = room::of(&self.workers, &pass, own, id).await?;
        Some(format!("{} {}", taken.used, taken.available))
    }

    async fn files(
        &self,
        Asker { client, id, host }: Asker<'_>,
        projection: &Projection,
        request: Request<Lingering>,
        (root, shown): (Option<Root>, &Shown),
    ) -> Result<Response, Problem> {
        // The capability for one's own space tells who it is; a foreign tree is as if it were not there.
        let id_of_person = self.sign_in.capability(shown, "gateway", client).await?.person.ok_or_else(no_such_file)?;
        let person = projection.people.as_ref().and_then(|people| people.get(&id_of_person)).ok_or_else(no_such_file)?;
        let path = request.uri().path();
        let trees = if dialect::leads(path).is_some() { "/remote.php/dav/files" } else { "/dav/files" };
        let own = format!("https://{host}{trees}/{}/", person.name);
        let above = directions::above(path);
        let tree = household::tree_of(projection, id_of_person).ok_or_else(no_such_file)?;
        let pass = dav::Pass { sign_in: &self.sign_in, shown, client };
        let named_root = root.as_ref().filter(|root| root.area == Area::Files).map(|root| root.prefix.clone());
        let searched = named_root.or_else(|| above.map(|_| format!("{trees}/{}", person.name)));
        if let Some(prefix) = searched.filter(|_| search::is_one(request.method()))
            && root.as_ref().is_none_or(|root| root.is_of(&person.name))
        {
            let of = Spaces { workers: &self.workers, capabilities: &pass, tree: &tree, id };
            return search::answer(&of, &prefix, request).await;
        }
        let Some(root) = root.filter(|root| root.is_of(&person.name)) else {
            return match above {
                Some(above) => directions::answer(above, request.method(), request.headers(), &person.name, &own),
                None => Err(directions::hint(no_such_file(), &own)),
            };
        };
        files::answer(&self.workers, &pass, (root.below_it(), &tree), id, request).await
    }

    /// Answers a call about what the one who asks has in all their spaces: links, of the API or of the dialect, and photos.
    async fn merged(
        &self,
        asker: Asker<'_>,
        projection: &Projection,
        request: Request<Lingering>,
        shown: Option<Shown>,
    ) -> Result<Response, Problem> {
        let shown = shown.ok_or_else(sign_in_first)?;
        let issued = self.sign_in.capability(&shown, "gateway", asker.client).await?;
        let tree = issued.person.and_then(|person| household::tree_of(projection, person)).ok_or_else(no_such_file)?;
        let place = self.calls.enter(asker.client, Some(&issued))?;
        let (head, body) = proxy::gathered(request).await?;
        let pass = dav::Pass { sign_in: &self.sign_in, shown: &shown, client: asker.client };
        let of = Spaces { workers: &self.workers, capabilities: &pass, tree: &tree, id: asker.id };
        let answer = match head.uri.path() {
            path if photos::is_about(path) => photos::answer(&Photos(of), &head.method, &head.uri).await?,
            path if links::is_about(path) => links::answer(&Links(of), (&head.method, &head.uri), &body).await?,
            _ => shares::answer(&Links(of), asker.host, &head, &body).await?,
        };
        Ok(answer.map(|body| held(body, place)))
    }

    async fn metrics(&self, client: IpAddr, request: &Request<Lingering>) -> Result<Response, Problem> {
        let shown = Shown::in_headers(request.headers())?.ok_or_else(sign_in_first)?;
        let claims = self.claims(&shown, client).await?;
        if !claims.allows(Scope::Metrics) && !claims.allows(Scope::Manage) {
            return Err(Problem::new(403, "not-allowed", "This sign-in cannot read the metrics.")
                .hint("Make an app password with the scope `metrics`."));
        }
        Ok(typed("text/plain; version=0.0.4; charset=utf-8", self.metrics.render()))
    }

    /// What the one who asks may do, verified by the gateway itself.
    async fn claims(&self, shown: &Shown, client: IpAddr) -> Result<Claims, Problem> {
        let issued = self.sign_in.capability(shown, "gateway", client).await?;
        Ok(self.verifier.verify(issued.capability.expose(), Timestamp::now().as_second())?)
    }

    async fn certificate_file(&self) -> Result<Response, Problem> {
        let household: HouseholdCertificate = self.identity.json(Method::GET, "/internal/v1/authority", None::<&()>, None).await?;
        Ok(typed("application/x-x509-ca-cert", household.ca_pem))
    }
}

/// Passes a request on to `role`, with what the gateway vouches for.
async fn call(
    asker: Asker<'_>,
    role: &Role,
    (capability, room): (Option<&IssuedCapability>, Option<&str>),
    request: Request<Lingering>,
) -> Result<Passed, Problem> {
    let request = proxy::gathered(request).await?;
    let (address, capability) = (asker.client.to_string(), capability.map(|issued| issued.capability.expose()));
    proxy::pass_on(role, request, &Vouched { capability, client: &address, host: asker.host, request_id: asker.id, room }).await
}

/// The same body, which keeps its call's place until its end, as it keeps the connection to the role.
fn held(body: Body, place: Place) -> Body {
    Body::new(body.map_frame(move |frame| {
        let _held = &place;
        frame
    }))
}

/// What an unclaimed box answers.
fn is_of_claim(path: &str) -> bool {
    let of = |domain: &str| path.strip_prefix(domain).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    of("/api/v1/claim") || of("/api/v1/install") || path == "/api/v1/openapi.json"
}

fn nothing_here() -> Problem {
    Problem::new(404, "no-such-route", "There is nothing at this address.")
}

fn sign_in_first() -> Problem {
    Problem::new(401, "sign-in-first", "This needs a sign-in.").hint("Sign in, or send an app password.")
}

fn no_such_file() -> Problem {
    Problem::new(404, "no-such-file", "There is nothing at this address.")
}

/// Tells programs how to sign in; a browser's own question for a password would only confuse on pages.
fn ask_for_sign_in(response: &mut Response) {
    if response.status() == http::StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Croft\", charset=\"UTF-8\""));
    }
}

fn json(text: &'static str) -> Response {
    typed("application/json", text.into())
}

fn typed(kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
