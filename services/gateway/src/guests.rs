//! Strangers with a link: what of their requests goes to the worker that knows the link, and how its answers are shown to them.
//!
//! The gateway knows no link. It reads the space's number out of the token, so that a made-up one wakes no worker of a space that is not
//! there, counts what opened nothing as guesses, and passes on what was shown. Cookies of the household count for nothing here.

mod misses;
mod page;

use std::net::IpAddr;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use croft_api::{
    bulk::{Area, Method, Open, Proof, Stranger},
    wire::links::LinkPage,
};
use croft_model::{LinkToken, Problem, Projection, Secret, SpaceId};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use self::misses::Misses;
pub(crate) use self::page::policy;
use crate::{
    body::Lingering,
    bulk::{Workers, files, path},
    crowd::{Crowd, Place},
    limits,
};

/// Before the token in the address of a link's page.
const PAGE: &str = "/s/";
/// The same, as clients made for Nextcloud put it together.
const OLD_PAGE: &str = "/index.php/s/";
/// Before the token in the address of what the link opens, for programs.
const FILES: &str = "/public.php/dav/files/";
/// The same for programs that show the token as their name.
const WEBDAV: &str = "/public.php/webdav";
/// What keeps that the password was shown. Sent to this link's addresses alone, to no script, and by no page of another site that changes anything.
const COOKIE: &str = "__Secure-croft-link";
/// Seconds that a browser keeps it; the worker has the last word.
const COOKIE_SECONDS: u32 = 12 * 3600;
/// Bytes of the form with the password.
const FORM_BYTES: usize = 4096;
/// Bytes of what a worker says for a page, or of what went wrong.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Asks for a folder as one archive.
const ARCHIVE: &str = "zip";
/// Longest names and values that are looked at.
const MAX_TEXT: usize = 1024;

/// Where an address of a link leads to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To its page and what is below it; behind the token in the address.
    Page(String),
    /// To what it opens, for programs.
    Files(String),
    /// The same, where the token is shown as the name.
    Webdav,
    /// To the page, by an address of old.
    Moved(String),
}

/// Where `path` leads to; `None` when it is no address of a link.
pub(crate) fn leads(path: &str) -> Option<Leads> {
    let token = |rest: &str| rest.split('/').next().unwrap_or_default().to_owned();
    if let Some(rest) = path.strip_prefix(PAGE) {
        return Some(Leads::Page(token(rest)));
    }
    if let Some(rest) = path.strip_prefix(OLD_PAGE) {
        return Some(Leads::Moved(format!("{PAGE}{rest}")));
    }
    if let Some(rest) = path.strip_prefix(FILES) {
        return Some(Leads::Files(token(rest)));
    }
    let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below(WEBDAV).then_some(Leads::Webdav)
}

/// `path` as it may stand in the journal: without what opens a link.
pub(crate) fn masked(path: &str) -> String {
    for root in [PAGE, OLD_PAGE, FILES] {
        if path.starts_with(root) {
            return format!("{root}…");
        }
    }
    path.to_owned()
}

/// Marks an answer that is a page of ours, with a script and a style of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnPage;

/// What is kept of strangers: how many there are, and who guessed.
#[derive(Debug)]
pub(crate) struct Guests {
    crowd: Crowd,
    misses: Misses,
}

impl Default for Guests {
    fn default() -> Self {
        Self { crowd: Crowd::new(limits::GUESTS), misses: Misses::default() }
    }
}

/// A request by a link.
struct Asked<'a> {
    leads: &'a Leads,
    /// What stands before the path below what the link opens.
    prefix: String,
    token: LinkToken,
    proof: Proof,
    client: IpAddr,
    id: &'a str,
}

impl Guests {
    /// Answers a request by a link.
    pub(crate) async fn answer(
        &self,
        workers: &Workers,
        projection: &Projection,
        (client, id): (IpAddr, &str),
        (leads, request): (Leads, Request<Lingering>),
    ) -> Response {
        let by_page = matches!(leads, Leads::Page(_));
        let shows = by_page && request.method() == http::Method::GET && accepts_html(request.headers());
        let posts = by_page && request.method() == http::Method::POST;
        let retry = format!("{PAGE}{}", if let Leads::Page(token) = &leads { token.as_str() } else { "" });
        let answered = match self.enter(client) {
            Ok(place) => self.judged(workers, projection, (client, id), (leads, request)).await.map(|answer| held(answer, place)),
            Err(problem) => Err(problem),
        };
        let mut response = match answered {
            Ok(response) => response,
            Err(problem) if shows || posts => page::refused(&problem, &retry),
            Err(problem) => croft_api::problem::answer(&problem),
        };
        if by_page {
            open_to_sandbox(response.headers_mut());
        }
        response
    }

    fn enter(&self, client: IpAddr) -> Result<Place, Problem> {
        self.crowd.enter(client).ok_or_else(|| {
            Problem::new(503, "busy", "Many people are using links right now.").hint("Try again in a moment.").retry_after(5)
        })
    }

    async fn judged(
        &self,
        workers: &Workers,
        projection: &Projection,
        (client, id): (IpAddr, &str),
        (leads, request): (Leads, Request<Lingering>),
    ) -> Result<Response, Problem> {
        if let Leads::Moved(to) = &leads {
            return Ok(moved(to));
        }
        if matches!(leads, Leads::Page(_)) && request.method() == http::Method::OPTIONS {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let now = Timestamp::now().as_second();
        if let Some(seconds) = self.misses.must_wait(client, now) {
            return Err(Problem::new(429, "too-many-guesses", "There were too many tries that opened nothing.")
                .hint("Wait, then try again.")
                .retry_after(seconds));
        }
        let answered = self.passed_on(workers, projection, (client, id), (&leads, request)).await;
        if answered.as_ref().is_err_and(|problem| problem.code == Stranger::NOTHING) {
            self.misses.count(client, now);
        }
        answered
    }

    async fn passed_on(
        &self,
        workers: &Workers,
        projection: &Projection,
        (client, id): (IpAddr, &str),
        (leads, request): (&Leads, Request<Lingering>),
    ) -> Result<Response, Problem> {
        let (text, proof) = shown(leads, request.headers())?;
        let token: LinkToken = text.parse().map_err(|_| Stranger::nothing())?;
        let space = SpaceId::from_number(token.space().0);
        // A space that is not there has no worker that could be woken.
        let known = projection.spaces.as_ref().and_then(|spaces| spaces.get(&space));
        if known.is_none_or(|space| space.archived_at.is_some()) {
            return Err(Stranger::nothing());
        }
        let prefix = match leads {
            Leads::Page(_) => format!("{PAGE}{text}"),
            Leads::Files(_) => format!("{FILES}{text}"),
            _ => WEBDAV.to_owned(),
        };
        let asked = Asked { leads, prefix, token, proof, client, id };
        if matches!(leads, Leads::Page(_)) {
            asked.at_page(workers, space, request).await
        } else {
            asked.files(workers, space, request).await
        }
    }
}

impl Asked<'_> {
    /// A request below the page's address.
    async fn at_page(mut self, workers: &Workers, space: SpaceId, request: Request<Lingering>) -> Result<Response, Problem> {
        let rest = request.uri().path().strip_prefix(&self.prefix).unwrap_or_default().to_owned();
        match *request.method() {
            http::Method::POST if rest.is_empty() => {
                let password = form_password(request.into_body()).await?;
                self.proof = Proof::Password(password);
                let page = self.page(workers, space, Vec::new()).await?;
                let mut response = moved(&self.prefix);
                if let Some(pass) = page.pass {
                    let cookie = format!("{COOKIE}={pass}; Path={}; Max-Age={COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Lax", self.prefix);
                    let cookie = HeaderValue::try_from(cookie).map_err(|error| croft_api::problem::internal(&error))?;
                    response.headers_mut().insert(header::SET_COOKIE, cookie);
                }
                Ok(response)
            }
            http::Method::GET if request.uri().query() == Some(ARCHIVE) && (rest.is_empty() || rest.ends_with('/')) => {
                let open = self.open((Method::Get, Area::Archive), path::segments(&rest)?, Some(0), HeaderMap::new());
                whole(workers.ask(space, open, Body::empty()).await?).await
            }
            // A folder's address ends in a slash, as that of the link itself may.
            http::Method::GET | http::Method::HEAD if rest.is_empty() || rest.ends_with('/') => {
                let page = self.page(workers, space, path::segments(&rest)?).await?;
                Ok(page::shown(&page, &self.prefix, Timestamp::now().as_second()))
            }
            _ => {
                let folder = format!("{}{rest}/", self.prefix);
                let reads = request.method() == http::Method::GET;
                let answered = self.files(workers, space, request).await;
                match answered {
                    Err(problem) if reads && problem.code == "is-a-folder" => Ok(moved(&folder)),
                    answered => answered,
                }
            }
        }
    }

    /// What the page shows of a folder.
    async fn page(&self, workers: &Workers, space: SpaceId, segments: Vec<String>) -> Result<LinkPage, Problem> {
        let open = self.open((Method::Get, Area::Page), segments, Some(0), HeaderMap::new());
        let answer = whole(workers.ask(space, open, Body::empty()).await?).await?;
        let page = Limited::new(answer.into_body(), PAGE_BYTES).collect().await.map_err(|_| Problem::internal())?.to_bytes();
        serde_json::from_slice(&page).map_err(|error| croft_api::problem::internal(&error))
    }

    /// A request for something among what the link opens.
    async fn files(&self, workers: &Workers, space: SpaceId, request: Request<Lingering>) -> Result<Response, Problem> {
        let method = Method::of_name(request.method().as_str())
            .ok_or_else(|| Problem::new(405, "method-not-allowed", "Files do not take this method."))?;
        let rest = request.uri().path().strip_prefix(&self.prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let segments = path::segments(rest.ok_or_else(Stranger::nothing)?)?;
        let (head, body) = request.into_parts();
        let open = self.open((method, Area::Files), segments, files::length(&head.headers, &body), head.headers);
        whole(workers.ask(space, open, body).await?).await
    }

    fn open(&self, (method, area): (Method, Area), segments: Vec<String>, length: Option<u64>, headers: HeaderMap) -> Open {
        let stranger = Stranger { token: self.token.clone(), address: self.client, proof: self.proof.clone() };
        Open {
            method,
            length,
            request: self.id.to_owned(),
            capability: stranger.expose(),
            area,
            prefix: if matches!(self.leads, Leads::Page(_)) { String::new() } else { self.prefix.clone() },
            segments,
            destination: None,
            headers: files::headers(&headers),
            mounts: None,
        }
    }
}

/// The token, and what was shown beside it.
fn shown(leads: &Leads, headers: &HeaderMap) -> Result<(String, Proof), Problem> {
    let secret = |text: &str| Secret::try_from(text.to_owned()).map_err(|_| Stranger::nothing());
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
    let basic = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")).and_then(|(_, text)| {
        let text = String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok()?;
        let (name, password) = text.split_once(':')?;
        (text.len() <= MAX_TEXT).then(|| (name.to_owned(), password.to_owned()))
    });
    match leads {
        Leads::Page(token) => {
            let bearer = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, pass)| pass.trim());
            let proof = match bearer.or_else(|| cookie(headers)) {
                Some(pass) if is_pass(pass) => Proof::Pass(secret(pass)?),
                _ => Proof::None,
            };
            Ok((token.clone(), proof))
        }
        Leads::Files(token) => {
            let password = basic.map(|(_, password)| password).filter(|password| !password.is_empty());
            Ok((token.clone(), password.map_or(Ok(Proof::None), |password| secret(&password).map(Proof::Password))?))
        }
        Leads::Webdav | Leads::Moved(_) => {
            let (token, password) = basic.ok_or_else(|| {
                Problem::new(
                    401,
                    "sign-in-first",
                    "This needs the link: send what stands behind `/s/` in it as the name, and its password.",
                )
            })?;
            let proof = if password.is_empty() { Proof::None } else { Proof::Password(secret(&password)?) };
            Ok((token, proof))
        }
    }
}

/// What stands for a password has no other letters.
fn is_pass(text: &str) -> bool {
    text.len() <= MAX_TEXT && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'.')
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

async fn form_password(body: Lingering) -> Result<Secret, Problem> {
    let wrong = || Problem::new(400, "body-invalid", "The form cannot be read.");
    let read = tokio::time::timeout(limits::API_BODY_TIME, Limited::new(body, FORM_BYTES).collect()).await.map_err(|_| wrong())?;
    let body = read.map_err(|_| wrong())?.to_bytes();
    let text = std::str::from_utf8(&body).map_err(|_| wrong())?;
    let value = text.split('&').find_map(|pair| pair.strip_prefix("password=")).ok_or_else(wrong)?.replace('+', " ");
    let decoded = percent_decode_str(&value).decode_utf8().map_err(|_| wrong())?;
    Secret::try_from(decoded.into_owned()).map_err(|_| wrong())
}

/// The worker's answer, or as an error what it refused.
async fn whole(answer: Response) -> Result<Response, Problem> {
    let is_problem = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    if !is_problem || answer.status().is_success() {
        return Ok(answer);
    }
    // What is asked for by HEAD comes without its body, and with its code.
    let status = answer.status().as_u16();
    let opens_nothing = answer.headers().get(croft_api::headers::PROBLEM).is_some_and(|code| code == Stranger::NOTHING);
    let body = Limited::new(answer.into_body(), PAGE_BYTES).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let unsaid = || if opens_nothing { Stranger::nothing() } else { Problem::new(status, "refused", "This was refused.") };
    Err(serde_json::from_slice(&body).unwrap_or_else(|_| unsaid()))
}

fn moved(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// Lets the page's own script read answers. The page has no origin, so for the browser it is a foreign one; and the link is all that counts here, no
/// cookie of a script's request, so that any page may be told what it could ask for anyway.
fn open_to_sandbox(headers: &mut HeaderMap) {
    let fixed = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, PUT, DELETE, MKCOL"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, if-match, if-none-match, x-oc-mtime"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "etag"),
        (HeaderName::from_static("access-control-max-age"), "600"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"))
}

/// The same answer, which keeps its place until the end of its body.
fn held(answer: Response, place: Place) -> Response {
    answer.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held = &place;
            frame
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "7-00112233445566778899aabbccddeeff";

    #[test]
    fn each_address_of_a_link_leads_to_one_place_and_none_is_logged_whole() {
        let check = |path: &str, expected: Option<Leads>| {
            assert!(leads(path) == expected, "{path}");
            assert!(!masked(path).contains(TOKEN), "{path}");
        };
        let token = || TOKEN.to_owned();
        check(&format!("/s/{TOKEN}"), Some(Leads::Page(token())));
        check(&format!("/s/{TOKEN}/a/b"), Some(Leads::Page(token())));
        check(&format!("/index.php/s/{TOKEN}/a"), Some(Leads::Moved(format!("/s/{TOKEN}/a"))));
        check(&format!("/public.php/dav/files/{TOKEN}/a"), Some(Leads::Files(token())));
        check("/public.php/webdav/a", Some(Leads::Webdav));
        for other in ["/s", "/settings", "/public.php", "/public.php/webdavs", "/dav/files/ana", "/"] {
            check(other, None);
        }
        assert_eq!(masked("/dav/files/ana"), "/dav/files/ana");
    }

    #[test]
    fn a_household_cookie_shows_nothing_and_a_pass_only_what_it_is() {
        let check = |leads: &Leads, name: HeaderName, value: &str, expected: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            let said = match shown(leads, &headers) {
                Ok((token, Proof::None)) => format!("{token} alone"),
                Ok((token, Proof::Password(password))) => format!("{token} password {}", password.expose()),
                Ok((token, Proof::Pass(pass))) => format!("{token} pass {}", pass.expose()),
                Err(problem) => problem.code,
            };
            assert_eq!(said, expected, "{value}");
        };
        let (page, files) = (Leads::Page("t".into()), Leads::Files("t".into()));
        check(&page, header::COOKIE, "__Host-croft=5.ab", "t alone");
        check(&page, header::COOKIE, "a=b; __Secure-croft-link=5.ab", "t pass 5.ab");
        check(&page, header::COOKIE, "__Secure-croft-link=x y", "t alone");
        check(&page, header::AUTHORIZATION, "Bearer 5.ab", "t pass 5.ab");
        check(&page, header::AUTHORIZATION, "Basic dDpw", "t alone");
        check(&files, header::COOKIE, "__Secure-croft-link=5.ab", "t alone");
        check(&files, header::AUTHORIZATION, "Basic YW5vbnltb3VzOnA=", "t password p");
        check(&Leads::Webdav, header::AUTHORIZATION, "Basic dDpw", "t password p");
        check(&Leads::Webdav, header::AUTHORIZATION, "Basic dDo=", "t alone");
        check(&Leads::Webdav, header::AUTHORIZATION, "Bearer x", "sign-in-first");
    }
}
