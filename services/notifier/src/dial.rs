//! Calling somebody: the name is resolved, each address judged, and the judged one is connected to, so that no name means another address
//! in between. Every byte that leaves is counted.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    failure::Failure,
    judge::{Way, judge},
};

/// Time for a name to be found.
const NAME: Duration = Duration::from_secs(10);
/// Time for a connection to one address.
const CONNECT: Duration = Duration::from_secs(8);
/// Addresses of a name that are tried.
const MAX_ADDRESSES: usize = 4;

/// Bytes that are read from one connection: many times what answers to mails and webhooks are, so that nobody fills the memory.
const MAX_READ: usize = 256 * 1024;

/// Counts the bytes that leave for one destination.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent(Arc<AtomicU64>);

impl Sent {
    /// The bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Connects to `host` at `port`.
///
/// # Errors
/// The name is not found, none of its addresses may be called, or none answers.
pub(crate) async fn call(host: &str, port: u16, way: Way, sent: &Sent) -> Result<Line, Failure> {
    let own = own_addresses()?;
    let mut refused = None;
    let mut judged = Vec::new();
    for address in addresses(host, port).await? {
        match judge(address.ip(), way, &own) {
            Ok(()) => judged.push(address),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    if let (true, Some(why)) = (judged.is_empty(), refused) {
        return Err(Failure::NotCalled { host: host.into(), why });
    }
    let mut failure = Failure::NameNotFound { host: host.into() };
    for address in judged.into_iter().take(MAX_ADDRESSES) {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(Line::open(Counted::new(stream, sent.clone()))),
            Ok(Err(error)) => failure = Failure::connecting(host, port, error),
            Err(_) => failure = Failure::Slow { host: host.into(), patience: CONNECT },
        }
    }
    Err(failure)
}

async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![(address, port).into()]);
    }
    match timeout(NAME, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(_)) => Err(Failure::NameNotFound { host: host.into() }),
        Err(_) => Err(Failure::Slow { host: host.into(), patience: NAME }),
    }
}

/// The addresses of this machine. Without them nobody is called.
fn own_addresses() -> Result<Vec<IpAddr>, Failure> {
    let interfaces = if_addrs::get_if_addrs().map_err(|error| Failure::Inside(format!("its own addresses are not known: {error}")))?;
    Ok(interfaces.iter().map(if_addrs::Interface::ip).collect())
}

/// Whom the box believes.
pub(crate) struct Believes {
    pub(crate) connector: TlsConnector,
    /// Why the household's authority is not among them, if it has one that cannot be used.
    pub(crate) unusable: Option<String>,
}

/// Whom the box believes: the public authorities, and one of the household's own. One that cannot be used silences nobody who needs none.
///
/// # Errors
/// The library knows no version of TLS.
pub(crate) fn believes(authority: Option<&str>) -> Result<Believes, Failure> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut unusable = None;
    if let Some(pem) = authority {
        let added = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string());
        unusable = added.and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string())).err();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::Inside(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Believes { connector: TlsConnector::from(Arc::new(config)), unusable })
}

/// Encrypts an open line; the other side must have a certificate for `host`.
///
/// # Errors
/// It has none that is believed, or does not speak TLS.
pub(crate) async fn encrypt(line: Line, host: &str, port: u16, connector: &TlsConnector) -> Result<Line, Failure> {
    let Channel::Open(stream) = line.channel else { return Err(Failure::Inside("the line is encrypted already".into())) };
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Failure::NameNotFound { host: host.into() })?;
    let stream = connector.connect(name, stream).await.map_err(|error| Failure::handshake(host, port, error))?;
    Ok(Line { first: &[], channel: Channel::Encrypted(Box::new(stream)) })
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Line {
    /// Read before what comes over it.
    first: &'static [u8],
    channel: Channel,
}

#[derive(Debug)]
enum Channel {
    Open(Counted),
    Encrypted(Box<TlsStream<Counted>>),
}

impl Line {
    fn open(stream: Counted) -> Self {
        Self { first: &[], channel: Channel::Open(stream) }
    }

    /// The same, beginning with words that were heard before already.
    pub(crate) fn beginning_with(self, first: &'static [u8]) -> Self {
        Self { first, ..self }
    }

    fn counted(&self) -> &Counted {
        match &self.channel {
            Channel::Open(stream) => stream,
            Channel::Encrypted(stream) => stream.get_ref().0,
        }
    }
}

impl lettre::transport::smtp::client::AsyncTokioStream for Line {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.counted().stream.peer_addr()
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.first.is_empty() {
            let (now, later) = this.first.split_at(this.first.len().min(buffer.remaining()));
            buffer.put_slice(now);
            this.first = later;
            return Poll::Ready(Ok(()));
        }
        match &mut this.channel {
            Channel::Open(stream) => Pin::new(stream).poll_read(cx, buffer),
            Channel::Encrypted(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().channel {
            Channel::Open(stream) => Pin::new(stream).poll_write(cx, bytes),
            Channel::Encrypted(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().channel {
            Channel::Open(stream) => Pin::new(stream).poll_flush(cx),
            Channel::Encrypted(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().channel {
            Channel::Open(stream) => Pin::new(stream).poll_shutdown(cx),
            Channel::Encrypted(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// A TCP connection that counts what leaves by it, and fails when too much comes.
#[derive(Debug)]
struct Counted<S = TcpStream> {
    stream: S,
    sent: Sent,
    /// Bytes that may still be read.
    left: usize,
}

impl<S> Counted<S> {
    fn new(stream: S, sent: Sent) -> Self {
        Self { stream, sent, left: MAX_READ }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        match this.left.checked_sub(buffer.filled().len() - before) {
            Some(left) => this.left = left,
            None => {
                this.left = 0;
                buffer.set_filled(before);
                return Poll::Ready(Err(io::Error::other("the other side says too much")));
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = written {
            this.sent.add(written);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, repeat};

    use super::*;

    #[tokio::test]
    async fn a_line_without_an_end_fills_no_memory() {
        let mut line = Counted::new(repeat(b'x'), Sent::default());
        let mut read = Vec::new();
        assert!(line.read_to_end(&mut read).await.is_err());
        assert!(read.len() <= MAX_READ, "{}", read.len());
        line.read_u8().await.unwrap_err();
    }
}
