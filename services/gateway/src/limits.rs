//! What a stranger may use up at the door. Each limit has its reason beside it.

use std::time::Duration;

use crate::crowd::Most;

/// Connections: a household's devices with room, at about 50 KiB each; of one address some browsers and sync clients behind one router.
pub(crate) const CONNECTIONS: Most = Most { in_all: 1024, of_one: 256 };
/// Calls of the API under way for strangers, each with a connection to a role. Together with those of people they leave a role a quarter of
/// its 512 connections, so that a capability can always be asked for.
pub(crate) const STRANGERS_CALLS: Most = Most { in_all: 128, of_one: 32 };
/// The same for people and programs that are signed in.
pub(crate) const PEOPLES_CALLS: Most = Most { in_all: 256, of_one: 64 };
/// Push connections of those who have signed in: their devices, each connected the whole day.
pub(crate) const PUSH: Most = Most { in_all: 256, of_one: 64 };
/// Time in which one must have signed in.
pub(crate) const PUSH_SIGN_IN: Duration = Duration::from_secs(15);
/// Time between two signs of life on one: shorter than the memory of a home's router.
pub(crate) const PUSH_PING: Duration = Duration::from_secs(30);
/// Time after which a client that gives none has gone: two of its answers are missing.
pub(crate) const PUSH_QUIET: Duration = Duration::from_secs(75);
/// Requests of strangers by links under way: a feast's guests, and never so many that the household waits.
pub(crate) const GUESTS: Most = Most { in_all: 64, of_one: 12 };
/// Requests to apps under way, WebSockets included: pages of apps ask for dozens of things at a time, and keep a connection or two for the whole day.
pub(crate) const APPS: Most = Most { in_all: 512, of_one: 128 };
/// The part of it that one app gets, whose answers may never end: a quarter, so that three others like it leave room for a fourth.
pub(crate) const OF_AN_APP: Most = Most { in_all: APPS.in_all, of_one: APPS.in_all / 4 };
/// Those of visitors who are nobody, at all apps that are open to everybody: fewer than one app gets, so that each keeps places for the household.
pub(crate) const STRANGERS_AT_APPS: Most = Most { in_all: 96, of_one: 64 };
/// Time after which a WebSocket on which neither side says anything is given up: those that are in use ping each minute or so, and other doors before
/// apps are less patient.
pub(crate) const WEB_SOCKET_QUIET: Duration = Duration::from_secs(3600);
/// Bytes of the head of an app's answer, and of what is read of it at once. The library may hold both: for all of [`APPS`] a quarter of the role's 256 MiB.
pub(crate) const APP_BUFFER: usize = 64 * 1024;
/// Time for the whole body of a call of the API. A capability that is passed on lasts longer than that ([`crate::sign_in`]).
pub(crate) const API_BODY_TIME: Duration = Duration::from_secs(10);
/// Time for which an answer waits until the gateway has the settings that it was given out of.
pub(crate) const CATCH_UP_TIME: Duration = Duration::from_secs(2);
/// Times that a client has at the door.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// For the TLS handshake.
    pub(crate) handshake: Duration,
    /// For the head of a request, the greeting of HTTP/2, and for which an idle HTTP/1.1 connection is kept.
    pub(crate) head: Duration,
}

/// The times of the real door: more is a slow-loris.
pub(crate) const TIMES: Times = Times { handshake: Duration::from_secs(10), head: Duration::from_secs(30) };
/// Length of HTTP/2's greeting (RFC 9113 section 3.4).
pub(crate) const GREETING_BYTES: usize = 24;
/// Time within which the next piece of a body must come.
pub(crate) const BODY_PAUSE: Duration = Duration::from_secs(60);
/// Time for the whole of a body that is read into memory, 64 KiB at most: a line so slow that it takes longer carries nothing else either.
pub(crate) const SMALL_BODY_TIME: Duration = Duration::from_secs(120);
/// What is still read of a body after its answer: a small file, or what a fast client has on the way when it learns that its upload is refused.
pub(crate) const LINGER_BYTES: usize = 2 * STREAM_WINDOW as usize;
/// Time for which it is read.
pub(crate) const LINGER_TIME: Duration = Duration::from_secs(5);
/// Bytes of a request's head, over both protocols.
pub(crate) const HEAD_BYTES: usize = 32 * 1024;
/// Header fields of a request.
pub(crate) const HEADERS: usize = 100;
/// HTTP/2 requests at a time on one connection.
pub(crate) const STREAMS: u32 = 128;
/// HTTP/2 streams that a client may open and reset before it is cut off (CVE-2023-44487).
pub(crate) const RESET_STREAMS: usize = 50;
/// HTTP/2 receive window of a stream: a fast upload over a home's network needs no more.
pub(crate) const STREAM_WINDOW: u32 = 1024 * 1024;
/// HTTP/2 receive window of a connection.
pub(crate) const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// Time between signs of life on a quiet HTTP/2 connection, and for their answer.
pub(crate) const PING: Duration = Duration::from_secs(20);
/// Time that open requests get at an orderly stop.
pub(crate) const DRAIN: Duration = Duration::from_secs(8);
/// Capabilities kept at a time: people × devices × roles, with room.
pub(crate) const CAPABILITIES: usize = 4096;
/// Revocations that an answer which lasts may be behind; past this it ends and is asked for anew.
pub(crate) const REVOCATIONS: usize = 64;
/// Time within which a client must take some of an answer.
pub(crate) const WRITE_PAUSE: Duration = Duration::from_secs(60);
/// Bytes of one event of the stream.
pub(crate) const EVENT_BYTES: usize = 256 * 1024;
/// Length of a credential that is looked at.
pub(crate) const CREDENTIAL_BYTES: usize = 1024;
