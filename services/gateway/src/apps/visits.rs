//! Who has come to which app: tickets that lead from the box to an app's origin, and the visits that they begin.
//!
//! Both live in memory alone. After a restart of the gateway the next page asks the box for a new ticket, which no person sees.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use croft_model::{AppId, Problem};
use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::sign_in::{Shown, cookie};

/// Name of the cookie; the prefix makes browsers refuse it from anywhere but this host, over HTTPS (RFC 6265bis).
pub(crate) const COOKIE: &str = "__Host-croft-app";
/// Name of the cookie of somebody on the way to the box and back: a ticket is good for the browser alone that it was made for, so that nobody can be
/// brought into an app as somebody else.
const WAY: &str = "__Host-croft-way";
/// What stands before the name of each cookie of the box.
pub(crate) const OURS: &str = "__Host-croft";
/// Time to get from the box to the app: a redirect of a browser.
const TICKET: Duration = Duration::from_secs(60);
/// Seconds for the whole way, with a sign-in on it.
const WAY_SECONDS: u32 = 600;
/// Time after which an unused visit is forgotten. The session behind it may end earlier.
const IDLE: Duration = Duration::from_secs(7 * 86_400);
/// Tickets under way, and visits: people × devices × apps, with room.
const TICKETS: usize = 256;
const VISITS: usize = 4096;
/// Random bytes of a ticket or cookie.
const RANDOM: usize = 32;
/// Longest place that one is led back to, in bytes.
const PLACE: usize = 4096;
/// What stays as it is in a value of a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

type Hash = [u8; 32];

#[derive(Default)]
pub(crate) struct Visits {
    tickets: Mutex<HashMap<Hash, Ticket>>,
    visits: Mutex<HashMap<Hash, Visit>>,
}

struct Ticket {
    app: AppId,
    way: Hash,
    shown: Shown,
    made: Instant,
}

struct Visit {
    app: AppId,
    shown: Shown,
    used: Instant,
}

impl Visits {
    /// A ticket for `app`, good once, for the browser on this way, for [`TICKET`].
    pub(crate) fn ticket(&self, app: &AppId, way: &Way, shown: Shown) -> Result<String, Problem> {
        let (text, hash) = drawn()?;
        let (mut tickets, now) = (lock(&self.tickets), Instant::now());
        tickets.retain(|_, ticket| now.saturating_duration_since(ticket.made) < TICKET);
        if tickets.len() >= TICKETS {
            return Err(busy());
        }
        tickets.insert(hash, Ticket { app: app.clone(), way: way.0, shown, made: now });
        Ok(text)
    }

    /// The session behind a ticket, which is used up by it.
    pub(crate) fn redeem(&self, text: &str, app: &AppId, way: Option<&Way>) -> Option<Shown> {
        let ticket = lock(&self.tickets).remove(&hashed(text))?;
        (ticket.app == *app && way.is_some_and(|way| way.0 == ticket.way) && ticket.made.elapsed() < TICKET).then_some(ticket.shown)
    }

    /// Begins a visit; gives its cookie.
    pub(crate) fn begin(&self, app: &AppId, shown: Shown) -> Result<HeaderValue, Problem> {
        let (text, hash) = drawn()?;
        let (mut visits, now) = (lock(&self.visits), Instant::now());
        if visits.len() >= VISITS {
            visits.retain(|_, visit| now.saturating_duration_since(visit.used) < IDLE);
            // Rather the oldest than nobody: whoever is forgotten comes back by a redirect.
            while visits.len() >= VISITS {
                let oldest = visits.iter().min_by_key(|(_, visit)| visit.used).map(|(hash, _)| *hash);
                oldest.and_then(|hash| visits.remove(&hash)).ok_or_else(busy)?;
            }
        }
        visits.insert(hash, Visit { app: app.clone(), shown, used: now });
        let cookie = format!("{COOKIE}={text}; Path=/; Secure; HttpOnly; SameSite=Lax");
        HeaderValue::from_str(&cookie).map_err(|error| croft_api::problem::internal(&error))
    }

    /// The session behind a visit of this app.
    pub(crate) fn known(&self, text: &str, app: &AppId) -> Option<Shown> {
        let mut visits = lock(&self.visits);
        let visit = visits.get_mut(&hashed(text)).filter(|visit| visit.app == *app && visit.used.elapsed() < IDLE)?;
        visit.used = Instant::now();
        Some(visit.shown.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// There is no place left.
pub(super) fn busy() -> Problem {
    Problem::new(503, "busy", "There are too many requests under way.").hint("Try again in a moment.").retry_after(1)
}

fn drawn() -> Result<(String, Hash), Problem> {
    let mut bytes = [0; RANDOM];
    rand::fill(&mut bytes).map_err(|error| croft_api::problem::internal(&error))?;
    let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let hash = hashed(&text);
    Ok((text, hash))
}

/// What is kept of a text: who reads the memory of one map learns no cookie, and to look one up takes the same time for all.
fn hashed(text: &str) -> Hash {
    digest(&SHA256, text.as_bytes()).as_ref().try_into().unwrap_or_default()
}

/// The cookie of a visit among those that were sent.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, COOKIE)
}

/// One way of a browser from an app to the box and back.
pub(crate) struct Way(Hash);

impl Way {
    /// A new one, with the cookie by which the browser is known when it comes back.
    pub(crate) fn begin() -> Result<(Self, HeaderValue), Problem> {
        let (text, hash) = drawn()?;
        let cookie = format!("{WAY}={text}; Path=/; Max-Age={WAY_SECONDS}; Secure; HttpOnly; SameSite=Lax");
        Ok((Self(hash), HeaderValue::from_str(&cookie).map_err(|error| croft_api::problem::internal(&error))?))
    }

    /// The one that a browser is on.
    pub(crate) fn of_cookie(headers: &HeaderMap) -> Option<Self> {
        cookie(headers, WAY).map(|text| Self(hashed(text)))
    }

    /// What the box is told of it, which does not give the cookie away.
    pub(crate) fn told(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the box was told.
    pub(crate) fn read(text: &str) -> Option<Self> {
        BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

/// A value of a query, decoded.
pub(crate) fn value(query: &str, key: &str) -> Option<String> {
    let found = query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))?;
    percent_decode_str(found).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// A place on the same origin: what is none becomes its root.
pub(crate) fn place(wanted: Option<String>) -> String {
    let is_one = |text: &String| {
        let second = text.as_bytes().get(1);
        text.starts_with('/') && second != Some(&b'/') && text.len() <= PLACE && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    wanted.filter(is_one).unwrap_or_else(|| "/".into())
}

/// A text as a value of a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    fn app(id: &str) -> AppId {
        id.parse().expect("an id")
    }

    fn shown() -> Shown {
        let headers = [(header::COOKIE, HeaderValue::from_static("__Host-croft=abc"))].into_iter().collect();
        Shown::in_headers(&headers).expect("readable").expect("there")
    }

    #[test]
    fn a_ticket_is_good_once_for_one_app_and_one_browser() {
        let visits = Visits::default();
        let (way, cookie) = Way::begin().expect("a way");
        let pair = cookie.to_str().expect("text").split(';').next().expect("a pair").to_owned();
        let headers = [(header::COOKIE, pair.parse().expect("a header"))].into_iter().collect();
        let (back, told) = (Way::of_cookie(&headers), Way::read(&way.told()).expect("readable"));
        let ticket = || visits.ticket(&app("photos"), &told, shown()).expect("a ticket");
        let once = ticket();
        assert!(visits.redeem(&once, &app("photos"), back.as_ref()).is_some());
        assert!(visits.redeem(&once, &app("photos"), back.as_ref()).is_none(), "used up");
        assert!(visits.redeem(&ticket(), &app("notes"), back.as_ref()).is_none());
        let another = Way::begin().expect("a way").0;
        assert!(visits.redeem(&ticket(), &app("photos"), Some(&another)).is_none());
        assert!(visits.redeem(&ticket(), &app("photos"), None).is_none());
        assert!(visits.redeem("guessed", &app("photos"), back.as_ref()).is_none());
        for _ in 0..TICKETS {
            let _ = visits.ticket(&app("photos"), &told, shown());
        }
        assert!(visits.ticket(&app("photos"), &told, shown()).is_err_and(|problem| problem.status == 503));
        assert!(["", "abc", "!"].iter().all(|text| Way::read(text).is_none()));
    }

    #[test]
    fn a_cookie_opens_its_own_app() {
        let visits = Visits::default();
        let cookie = visits.begin(&app("photos"), shown()).expect("a cookie");
        let text = cookie.to_str().expect("text");
        assert!(text.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{text}");
        let pair = text.split(';').next().expect("a pair").to_owned();
        let sent = |line: String| [(header::COOKIE, line.parse().expect("a header"))].into_iter().collect::<HeaderMap>();
        for line in [pair.clone(), format!("a=b; {pair}"), format!("{pair};c=d"), format!("name=Zo\u{eb}; {pair}")] {
            let headers = sent(line);
            let token = token(&headers).expect("found");
            assert!(visits.known(token, &app("photos")).is_some() && visits.known(token, &app("notes")).is_none());
        }
        assert!(token(&sent("__Host-croft=x; x__Host-croft-app=y".into())).is_none());
    }

    #[test]
    fn old_visits_make_room() {
        let visits = Visits::default();
        let first = visits.begin(&app("photos"), shown()).expect("a cookie");
        for _ in 0..VISITS {
            visits.begin(&app("photos"), shown()).expect("a cookie");
        }
        let headers = [(header::COOKIE, first)].into_iter().collect();
        assert!(visits.known(token(&headers).expect("there").split(';').next().expect("a value"), &app("photos")).is_none());
        assert_eq!(lock(&visits.visits).len(), VISITS);
    }

    #[test]
    fn nobody_is_led_to_another_origin() {
        for (wanted, place_of) in [
            ("/", "/"),
            ("/a/b?c=d", "/a/b?c=d"),
            ("//evil.example/", "/"),
            ("/\\evil.example/", "/"),
            ("https://evil.example/", "/"),
            ("/a\r\nset-cookie: x", "/"),
            ("", "/"),
            ("a", "/"),
        ] {
            assert_eq!(place(Some(wanted.into())), place_of, "{wanted:?}");
            assert_eq!(value(&format!("x=1&to={}", encoded(wanted)), "to").as_deref(), Some(wanted));
        }
        assert_eq!((place(None), place(Some(format!("/{}", "a".repeat(PLACE))))), ("/".into(), "/".into()));
    }
}
