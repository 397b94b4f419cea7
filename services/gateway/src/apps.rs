//! The doors of apps: each answers at an origin of its own, and the box asks who it is before the app is asked anything.
//!
//! An app is a stranger in the house. It gets a request with who asks, said by the box alone, and without the box's cookies; what it answers is passed on
//! as its own, never with the box's name. It listens nowhere: the role `apps` hands over a connection for each that is wanted.

mod heads;
mod joined;
mod pass;
mod places;
mod stay;
mod visits;

use std::net::IpAddr;

use axum::{body::Body, response::Response};
use croft_api::{inherit::RunDirectory, wire::apps::Opened};
use croft_model::{AppId, HostedApp, OpenTo, Problem, Projection};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header, uri::Authority};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    body::Lingering,
    sign_in::{Shown, SignIn},
};
use pass::Passage;
use places::Places;
use stay::{Known, Stay};
use visits::{Visits, Way};

/// Addresses on an app's origin that are the box's own.
const OWN: &str = "/.croft/";
/// Where the way to the box begins, and where one enters an app with a ticket.
const BEGIN: &str = "/.croft/begin";
const ENTER: &str = "/.croft/enter";
/// Where the box hands out tickets, on its own origin, with the app behind it.
pub(crate) const OPEN: &str = "/open/";
/// Seconds after which a page that waits for an app looks again.
const LOOK_AGAIN: u64 = 2;

/// Marks an answer at the origin of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtApp {
    /// It is the app's own, and gets none of the box's headers.
    Theirs,
    /// It is the box's, in place of the app's.
    Ours,
}

/// Everything about doors of apps.
pub(crate) struct Apps {
    passage: Passage,
    visits: Visits,
    places: Places,
}

/// A request at the door of an app.
pub(crate) struct AtDoor<'a> {
    pub(crate) app: &'a AppId,
    pub(crate) hosted: &'a HostedApp,
    pub(crate) client: IpAddr,
    /// Name and port, checked.
    pub(crate) host: &'a Authority,
    /// Tells when the settings are no longer those that this was made by.
    pub(crate) settings: watch::Receiver<Option<Projection>>,
}

impl Apps {
    /// Doors until `stop`.
    pub(crate) fn new(run: RunDirectory, stop: CancellationToken) -> Self {
        Self { passage: Passage::new(run, stop), visits: Visits::default(), places: Places::default() }
    }

    /// Answers at an app's own origin.
    pub(crate) async fn answer(
        &self,
        sign_in: &SignIn,
        projection: &Projection,
        door: AtDoor<'_>,
        request: Request<Lingering>,
    ) -> Response {
        let navigates = is_navigation(request.method(), request.headers());
        let mut response = match self.judge(sign_in, projection, &door, request).await {
            Ok(response) => response,
            Err(problem) if navigates => page(&problem, &box_origin(door.app, door.host)),
            Err(problem) => croft_api::problem::answer(&problem),
        };
        response.extensions_mut().get_or_insert(AtApp::Ours);
        response
    }

    async fn judge(
        &self,
        sign_in: &SignIn,
        projection: &Projection,
        door: &AtDoor<'_>,
        request: Request<Lingering>,
    ) -> Result<Response, Problem> {
        let path = request.uri().path();
        let query = request.uri().query().unwrap_or_default();
        if path == ENTER {
            return self.enter(door, request.headers(), query);
        }
        if path == BEGIN {
            return to_the_box(door, &visits::place(visits::value(query, "to")), false);
        }
        if path.starts_with(OWN) {
            return Err(Problem::new(404, "no-such-route", "There is nothing at this address."));
        }
        let taken = self.places.enter(door.client, door.app).ok_or_else(visits::busy)?;
        // Heard from before the right is judged, so that no revocation falls between.
        let revocations = sign_in.revocations();
        let known = match visits::token(request.headers()).and_then(|token| self.visits.known(token, door.app)) {
            Some(shown) => Known::by(sign_in, projection, (door.client, door.hosted), shown).await?,
            None => None,
        };
        if known.is_none() && door.hosted.open_to != OpenTo::Public {
            return if is_navigation(request.method(), request.headers()) {
                let to = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
                to_the_box(door, to, false)
            } else {
                Err(Problem::new(401, "sign-in-first", "This needs a sign-in.").hint("Open the app in the browser once more."))
            };
        }
        let stranger = if known.is_none() { Some(self.places.stranger(door.client).ok_or_else(visits::busy)?) } else { None };
        let (app, client, sign_in, settings) = (door.app.clone(), door.client, sign_in.clone(), door.settings.clone());
        let stay = Stay { app, client, known, sign_in, settings, revocations, held: (taken, stranger) };
        self.passage.pass(door, stay, request).await.map_err(|opened| why(opened, &door.hosted.name))
    }

    /// Lets somebody in with a ticket.
    fn enter(&self, door: &AtDoor<'_>, headers: &HeaderMap, query: &str) -> Result<Response, Problem> {
        let (ticket, to) = (visits::value(query, "ticket"), visits::place(visits::value(query, "to")));
        let Some(shown) = ticket.and_then(|ticket| self.visits.redeem(&ticket, door.app, Way::of_cookie(headers).as_ref())) else {
            // A ticket that is used up or old is asked for anew, once.
            if visits::value(query, "again").is_none() {
                return to_the_box(door, &to, true);
            }
            return Err(Problem::new(403, "app-no-cookies", "The browser did not come back with the cookie that it was given.")
                .hint("Allow cookies for this address, then open the app again."));
        };
        let cookie = self.visits.begin(door.app, shown)?;
        let mut response = see_other(&to);
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        Ok(response)
    }

    /// Sends somebody who has signed in at the box on to an app, with a ticket. The answer to anybody else is the box's own page, which asks for a sign-in.
    pub(crate) async fn open(
        &self,
        sign_in: &SignIn,
        projection: &Projection,
        (client, host): (IpAddr, &Authority),
        request: &Request<Lingering>,
    ) -> Result<Option<Response>, Problem> {
        let id = request.uri().path().strip_prefix(OPEN).unwrap_or_default();
        let hosted = id.parse::<AppId>().ok().and_then(|id| projection.apps.as_ref()?.get_key_value(&id));
        let Some((app, _)) = hosted else {
            return Err(Problem::new(404, "no-such-app", "There is no such app on this box."));
        };
        let Some(shown) = Shown::in_headers(request.headers())?.filter(|shown| shown.by_cookie) else { return Ok(None) };
        match sign_in.capability(&shown, "gateway", client).await {
            Ok(_) => {}
            Err(refused) if refused.status == 401 => return Ok(None),
            Err(refused) => return Err(refused),
        }
        let origin = app_origin(app, host, projection).ok_or_else(|| {
            Problem::new(409, "app-needs-name", "By a bare address apps are not kept apart from each other, so they open by name alone.")
                .hint("Open the box by its name instead.")
        })?;
        let query = request.uri().query().unwrap_or_default();
        let to = visits::encoded(&visits::place(visits::value(query, "to")));
        let Some(way) = visits::value(query, "way").and_then(|way| Way::read(&way)) else {
            return Ok(Some(see_other(&format!("{origin}{BEGIN}?to={to}"))));
        };
        let again = if visits::value(query, "again").is_some() { "&again=1" } else { "" };
        let ticket = self.visits.ticket(app, &way, shown)?;
        Ok(Some(see_other(&format!("{origin}{ENTER}?ticket={ticket}&to={to}{again}"))))
    }
}

/// Sends somebody to the box for a ticket, who comes back to `to`.
fn to_the_box(door: &AtDoor<'_>, to: &str, again: bool) -> Result<Response, Problem> {
    let (way, cookie) = Way::begin()?;
    let (origin, again) = (box_origin(door.app, door.host), if again { "&again=1" } else { "" });
    let mut response = see_other(&format!("{origin}{OPEN}{}?to={}&way={}{again}", door.app, visits::encoded(to), way.told()));
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Why there is no answer of the app.
fn why(opened: Opened, name: &str) -> Problem {
    match opened {
        Opened::Stopped => Problem::new(503, "app-stopped", format!("{name} is stopped.")).hint("An owner of this box can start it."),
        Opened::Starting => {
            Problem::new(503, "app-starting", format!("{name} is starting.")).hint("It will be there in a moment.").retry_after(LOOK_AGAIN)
        }
        Opened::Unknown => Problem::new(404, "app-without-page", format!("{name} has no page.")),
        Opened::Open { .. } | Opened::Refused => Problem::new(502, "app-silent", format!("{name} runs and does not answer."))
            .hint("Its log may say why.")
            .retry_after(LOOK_AGAIN),
    }
}

/// Where the box answers, seen from an app's host.
fn box_origin(app: &AppId, host: &Authority) -> String {
    let name = host.host().to_ascii_lowercase();
    let own =
        if name == app.local_host() { "localhost".to_owned() } else { name.strip_prefix(&format!("{app}-")).unwrap_or(&name).to_owned() };
    format!("https://{own}{}", port(host))
}

/// Where an app answers, seen from the name of the box that somebody uses; none by address, where cookies are everybody's.
fn app_origin(app: &AppId, host: &Authority, projection: &Projection) -> Option<String> {
    let name = host.host().to_ascii_lowercase();
    let name = if name == "localhost" {
        app.local_host()
    } else {
        let own = projection.this_box.as_ref()?;
        (name == format!("{}.local", own.host)).then(|| app.host(&own.host))?
    };
    Some(format!("https://{name}{}", port(host)))
}

fn port(host: &Authority) -> String {
    host.port_u16().map_or_else(String::new, |port| format!(":{port}"))
}

/// Whether a person goes somewhere with a browser, who can be led on.
fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    *method == Method::GET
        && text("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
        && text(header::ACCEPT.as_str()).is_some_and(|kinds| kinds.contains("text/html"))
}

fn see_other(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(place) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// A problem as a page for people, with the way back.
fn page(problem: &Problem, back: &str) -> Response {
    let again =
        problem.retry_after_seconds.map_or_else(String::new, |seconds| format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">"));
    let hint = problem.hint.as_deref().map_or_else(String::new, |hint| format!("<p>{}</p>", escaped(hint)));
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">{again}\
         <title>Croft</title><h1>{}</h1>{hint}<p><a href=\"{back}/\">Croft</a></p></html>",
        escaped(&problem.detail)
    );
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use croft_model::BoxSettings;

    use super::*;

    fn photos() -> AppId {
        "photos".parse().expect("an id")
    }

    #[test]
    fn box_and_app_find_each_other() {
        let this_box = Some(BoxSettings { host: "hollyhock".into(), ..BoxSettings::default() });
        let projection = Projection { this_box, ..Projection::default() };
        for (boxed, app) in [
            ("hollyhock.local", "photos-hollyhock.local"),
            ("hollyhock.local:8443", "photos-hollyhock.local:8443"),
            ("localhost:8443", "photos.localhost:8443"),
        ] {
            let (at_box, at_app): (Authority, Authority) = (boxed.parse().expect("a host"), app.parse().expect("a host"));
            assert_eq!(app_origin(&photos(), &at_box, &projection), Some(format!("https://{app}")));
            assert_eq!(box_origin(&photos(), &at_app), format!("https://{boxed}"));
        }
        for bare in ["192.0.2.7", "[::1]:8443", "127.0.0.1:8443", "files.home.arpa"] {
            assert_eq!(app_origin(&photos(), &bare.parse().expect("a host"), &projection), None, "{bare}");
        }
    }

    #[test]
    fn only_people_are_led_on() {
        let check = |method: Method, sent: &[(&'static str, &'static str)], expected: bool| {
            let headers = sent.iter().map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value))).collect();
            assert_eq!(is_navigation(&method, &headers), expected, "{method} {sent:?}");
        };
        check(Method::GET, &[("accept", "text/html,*/*;q=0.8"), ("sec-fetch-mode", "navigate")], true);
        check(Method::GET, &[("accept", "text/html")], true);
        check(Method::GET, &[("accept", "*/*"), ("sec-fetch-mode", "cors")], false);
        check(Method::GET, &[("accept", "text/html"), ("sec-fetch-mode", "cors")], false);
        check(Method::POST, &[("accept", "text/html"), ("sec-fetch-mode", "navigate")], false);
        check(Method::GET, &[], false);
    }

    #[test]
    fn names_of_apps_are_no_markup() {
        assert_eq!(escaped("<b title=\"x\">&"), "&lt;b title=&quot;x&quot;&gt;&amp;");
    }
}
