//! Accepting connections, with and without TLS, within the limits.

use std::{
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{body::Body, response::Response};
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    body::Lingering,
    crowd::{Crowd, Place},
    limits::{self, Times},
    patience::Patient,
};

/// Something that answers requests of clients.
pub(crate) trait Answer: Clone + Send + Sync + 'static {
    /// The answer to a request of the client at `client`.
    fn answer(&self, client: IpAddr, request: Request<Lingering>) -> impl Future<Output = Response<Body>> + Send;
}

/// The place of a connection, carried by each of its requests: one that becomes something else than HTTP keeps it.
#[derive(Clone)]
pub(crate) struct Connection(#[expect(dead_code, reason = "held, not read")] Arc<Place>);

/// A listening socket and how it is kept.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    /// None for the plain port.
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) times: Times,
}

/// Serves `door` until `stop`, then lets open requests end.
pub(crate) async fn serve(door: Door, answer: impl Answer, stop: CancellationToken) {
    let Door { listener, tls, times } = door;
    let crowd = Crowd::new(limits::CONNECTIONS);
    let connections = TaskTracker::new();
    loop {
        // Cancel-safe: a connection that is not yet accepted stays in the listener's queue.
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let client = canonical(client);
        let Some(place) = crowd.enter(client) else {
            tracing::debug!(%client, "too many connections; one was turned away");
            continue;
        };
        let (tls, answer, stop) = (tls.clone(), answer.clone(), stop.clone());
        let place = Connection(Arc::new(place));
        drop(connections.spawn(async move {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection was gone at once");
            }
            match tls {
                None => speak(Patient::new(stream), Speech { protocol: Protocol::Http1, client, times, place }, answer, stop).await,
                Some(tls) => {
                    // Cancel-safe: a handshake that is given up gives the connection up.
                    let shaken = tokio::select! {
                        () = stop.cancelled() => None,
                        shaken = shake_hands(&tls, stream, client, times) => shaken,
                    };
                    if let Some(stream) = shaken {
                        let speech = Speech { protocol: Protocol::agreed(&stream), client, times, place };
                        speak(stream, speech, answer, stop).await;
                    }
                }
            }
        }));
    }
    connections.close();
    if tokio::time::timeout(limits::DRAIN, connections.wait()).await.is_err() {
        tracing::info!("some connections were still open at the stop");
    }
}

async fn shake_hands(tls: &TlsAcceptor, stream: TcpStream, client: IpAddr, times: Times) -> Option<Encrypted> {
    match tokio::time::timeout(times.handshake, tls.accept(Patient::new(stream))).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%client, %error, "no TLS came about");
            None
        }
        Err(_) => {
            tracing::debug!(%client, "a handshake took too long");
            None
        }
    }
}

/// Which HTTP a connection speaks. It is settled before the first byte, since the library waits without end for one that would tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    /// What was agreed on in the handshake (RFC 7301); without a word it is HTTP/1.1.
    fn agreed(stream: &Encrypted) -> Self {
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") { Self::Http2 } else { Self::Http1 }
    }
}

type Encrypted = tokio_rustls::server::TlsStream<Patient<TcpStream>>;

/// How a connection is spoken on.
struct Speech {
    protocol: Protocol,
    client: IpAddr,
    times: Times,
    place: Connection,
}

async fn speak<S>(stream: S, Speech { protocol, client, times, place }: Speech, answer: impl Answer, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        let answer = answer.clone();
        request.extensions_mut().insert(place.clone());
        async move { Ok::<_, std::convert::Infallible>(answer.answer(client, Lingering::of(request)).await) }
    });
    let ended = match protocol {
        // Not by a builder for both: one that lets connections become something else waits without end for the first byte.
        Protocol::Http1 => {
            let mut builder = http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(times.head)
                .max_headers(limits::HEADERS)
                .max_buf_size(2 * limits::HEAD_BYTES);
            let mut connection = pin!(builder.serve_connection(TokioIo::new(Patient::new(stream)), service).with_upgrades());
            // Cancel-safe: the connection is gone on with.
            tokio::select! {
                ended = &mut connection => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
        Protocol::Http2 => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .max_concurrent_streams(limits::STREAMS)
                .max_header_list_size(u32::try_from(limits::HEAD_BYTES).unwrap_or(u32::MAX))
                .max_pending_accept_reset_streams(limits::RESET_STREAMS)
                .max_local_error_reset_streams(limits::RESET_STREAMS)
                .initial_stream_window_size(limits::STREAM_WINDOW)
                .initial_connection_window_size(limits::CONNECTION_WINDOW)
                .keep_alive_interval(limits::PING)
                .keep_alive_timeout(limits::PING);
            let stream = Patient::new(stream).greeted(limits::GREETING_BYTES, times.head);
            let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
            // Cancel-safe: the connection is gone on with.
            tokio::select! {
                ended = &mut connection => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%client, %error, "a connection ended early");
    }
}

/// IPv4 clients of a dual-stack listener as what they are.
fn canonical(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}
