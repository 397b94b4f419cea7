//! The one event stream as a person sees it: the supervisor's, and what changes in the folders that the person may read.

use axum::{body::Body, response::Response};
use bytes::{Bytes, BytesMut};
use croft_api::wire::trust::{IssuedCapability, Revocation};
use croft_model::{Claims, Event, PersonId, Projection, Scope, SpaceId};
use futures_util::{Stream, StreamExt};
use tokio::sync::{broadcast, watch};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};
use tokio_util::sync::CancellationToken;

use crate::{household, limits, sign_in::revoked};

/// A folder of a space in which something changed, as a worker said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderChanged {
    /// The space.
    pub space: SpaceId,
    /// Decoded path inside it, without slashes at the ends.
    pub folder: String,
}

/// What a listener's stream is made of and ended by, beside the supervisor's answer.
pub(crate) struct Listener {
    /// Who hears of folders, if anybody.
    pub(crate) reader: Option<PersonId>,
    pub(crate) folders: broadcast::Receiver<FolderChanged>,
    pub(crate) projection: watch::Receiver<Option<Projection>>,
    pub(crate) revocations: broadcast::Receiver<Revocation>,
    pub(crate) stop: CancellationToken,
}

/// Adds changes of folders to the supervisor's answer, until either ends, the sign-in behind it is void, or the box stops.
pub(crate) fn merged(answer: Response, issued: IssuedCapability, listener: Listener) -> Response {
    let (head, body) = answer.into_parts();
    let ended = CancellationToken::new();
    let guard = ended.clone().drop_guard();
    let from_supervisor = whole_events(body.into_data_stream().map(|piece| piece.map_err(axum::BoxError::from)));
    let from_supervisor = from_supervisor.chain(futures_util::stream::once(async move {
        drop(guard);
        Ok(Bytes::new())
    }));
    let from_folders = match listener.reader {
        Some(person) => folder_events(listener.folders, person, listener.projection).map(Ok).boxed(),
        None => futures_util::stream::empty().boxed(),
    };
    let both = futures_util::stream::select(from_supervisor, from_folders.take_until(ended.cancelled_owned()));
    let stop = listener.stop.cancelled_owned();
    let over = futures_util::future::select(Box::pin(stop), Box::pin(revoked(listener.revocations, issued)));
    Response::from_parts(head, Body::from_stream(both.take_until(over)))
}

/// The person who hears of folders by a sign-in: one that is not good for files hears of none.
pub(crate) fn reader(claims: &Claims) -> Option<PersonId> {
    claims.person().filter(|_| claims.allows(Scope::Files))
}

/// The same bytes in pieces that end where an event ends, so that another event fits between any two.
fn whole_events<S>(pieces: S) -> impl Stream<Item = Result<Bytes, axum::BoxError>>
where
    S: Stream<Item = Result<Bytes, axum::BoxError>>,
{
    pieces
        .scan(BytesMut::new(), |pending, piece| {
            let whole = piece.and_then(|piece| {
                pending.extend_from_slice(&piece);
                let end = pending.windows(2).rposition(|two| two == b"\n\n").map_or(0, |at| at + 2);
                let whole = pending.split_to(end).freeze();
                if pending.len() > limits::EVENT_BYTES { Err("an event is too long".into()) } else { Ok(whole) }
            });
            std::future::ready(Some(whole))
        })
        .filter(|whole| std::future::ready(!matches!(whole, Ok(bytes) if bytes.is_empty())))
}

fn folder_events(
    folders: broadcast::Receiver<FolderChanged>,
    person: PersonId,
    projection: watch::Receiver<Option<Projection>>,
) -> impl Stream<Item = Bytes> {
    BroadcastStream::new(folders).filter_map(move |changed| {
        let event = match changed {
            Ok(changed) => {
                let readable = projection.borrow().as_ref().is_some_and(|settings| household::may_read(settings, person, changed.space));
                readable.then_some(Event::Files { space: changed.space, folder: changed.folder })
            }
            Err(BroadcastStreamRecvError::Lagged(_)) => Some(Event::Missed),
        };
        std::future::ready(event.and_then(|event| line(&event).ok()))
    })
}

fn line(event: &Event) -> Result<Bytes, serde_json::Error> {
    Ok(Bytes::from(format!("event: {}\ndata: {}\n\n", event.name(), serde_json::to_string(event)?)))
}

#[cfg(test)]
mod tests {
    use croft_model::{PersonRole, Principal};

    use super::*;

    #[test]
    fn only_sign_ins_for_files_hear_of_folders() {
        let id = PersonId::from_number(1);
        for (scopes, expected) in [(vec![Scope::Files], Some(id)), (vec![Scope::Manage, Scope::Account, Scope::Metrics], None)] {
            let who = Principal::Person { id, name: "ana".into(), role: PersonRole::Owner };
            let scopes = scopes.into_iter().collect();
            assert_eq!(reader(&Claims { who, session: None, scopes, audience: "gateway".into(), expires: 0 }), expected);
        }
    }

    async fn check(pieces: &[&str], expected: &[&str]) {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::copy_from_slice(piece.as_bytes()))).collect();
        let whole: Vec<_> = whole_events(futures_util::stream::iter(pieces)).map(|piece| piece.expect("short events")).collect().await;
        assert_eq!(whole, expected);
    }

    #[tokio::test]
    async fn events_are_never_cut_in_two() {
        check(&["data: 1\n\n", "data: 2\n\n"], &["data: 1\n\n", "data: 2\n\n"]).await;
        check(&["data: 1\n", "\ndata: 2", "\n\n"], &["data: 1\n\n", "data: 2\n\n"]).await;
        check(&[":\n\ndata: 1\n\nda", "ta: 2\n\n"], &[":\n\ndata: 1\n\n", "data: 2\n\n"]).await;
    }

    #[tokio::test]
    async fn an_endless_event_is_an_error() {
        let piece = || Ok(Bytes::from(vec![b'x'; limits::EVENT_BYTES]));
        let last = whole_events(futures_util::stream::iter([piece(), piece()])).collect::<Vec<_>>().await.pop();
        assert!(last.is_some_and(|last| last.is_err()));
    }
}
