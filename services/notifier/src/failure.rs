//! Why telling failed, in sentences for people.

use std::{error::Error, io, time::Duration};

use rustls::{CertificateError, Error as TlsError};

use crate::{judge::NotCalled, words::line};

/// Characters of what the other side said that are passed on.
const MAX_SAID: usize = 200;

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("The name {host} was not found. Look whether it is spelled right, and whether the box reaches the internet.")]
    NameNotFound { host: String },
    #[error("{host} is not called: {}.", not_called(*why))]
    NotCalled { host: String, why: NotCalled },
    #[error("{host} refused the connection at port {port}. Look whether the port is right, and whether the server runs.")]
    Refused { host: String, port: u16 },
    #[error("{host} cannot be reached: {}.", line(&source.to_string(), MAX_SAID))]
    Unreachable { host: String, source: io::Error },
    #[error("{host} did not answer within {} seconds.", patience.as_secs())]
    Slow { host: String, patience: Duration },
    #[error("The certificate of {host} is not believed: {why}.")]
    Certificate { host: String, why: String },
    #[error("{host} does not speak TLS at port {port}, so nothing was sent. Look whether the port goes with `tls` or `starttls`.")]
    NoTls { host: String, port: u16 },
    #[error("{host} does not offer STARTTLS, so nothing was sent.")]
    NoStarttls { host: String },
    #[error("The connection to {host} broke off.")]
    BrokenOff { host: String },
    #[error("{host} does not take this name and password (reply {code}).")]
    WrongPassword { host: String, code: String },
    #[error("{host} offers no way to sign in that the box knows.")]
    NoSignIn { host: String },
    #[error("{host} did not take the mail. It said: {said}")]
    MailRefused { host: String, said: String },
    #[error("{host} answered something that is not SMTP. Look whether the port is right.")]
    NotSmtp { host: String },
    #[error("The password for the mail server is not set. Set it: `croft notify mail password`.")]
    NoPassword,
    #[error("The webhook has no key yet. Make one: `croft notify webhook key NAME`.")]
    NoKey,
    #[error("{host} sends elsewhere (status {status}), which is not followed. Use the address at which it ends.")]
    Redirected { host: String, status: u16 },
    #[error("{host} answered with status {status}{}.", status_words(*status))]
    Status { host: String, status: u16 },
    #[error("{host} answered something that is not HTTP. Look whether address and port are right.")]
    NotHttp { host: String },
    #[error("The settings cannot be used: {0}.")]
    Settings(String),
    #[error("The box could not make the message: {0}.")]
    Inside(String),
}

impl Failure {
    /// What the other side said, made fit to be passed on.
    pub(crate) fn said(text: &str) -> String {
        line(text.trim(), MAX_SAID)
    }

    /// Why connecting failed.
    pub(crate) fn connecting(host: &str, port: u16, source: io::Error) -> Self {
        let host = host.to_owned();
        match source.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused { host, port },
            io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => Self::BrokenOff { host },
            _ => Self::Unreachable { host, source },
        }
    }

    /// Why a handshake failed.
    pub(crate) fn handshake(host: &str, port: u16, source: io::Error) -> Self {
        let host = host.to_owned();
        match tls_error(&source) {
            Some(TlsError::InvalidCertificate(error)) => Self::Certificate { host, why: certificate(error) },
            Some(TlsError::InvalidMessage(_)) => Self::NoTls { host, port },
            Some(error) => Self::Certificate { why: format!("the handshake failed ({})", Self::said(&error.to_string())), host },
            None => Self::connecting(&host, port, source),
        }
    }
}

fn tls_error(error: &io::Error) -> Option<&TlsError> {
    let mut source: Option<&(dyn Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(error) = source {
        if let Some(tls) = error.downcast_ref::<TlsError>() {
            return Some(tls);
        }
        source = error.source();
    }
    None
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "it is for another name".into(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet, or the clock of the box is wrong".into()
        }
        CertificateError::UnknownIssuer => {
            "nobody whom the box knows vouches for it. For a server of your own, put its authority into the settings".into()
        }
        other => Failure::said(&other.to_string()),
    }
}

fn not_called(why: NotCalled) -> &'static str {
    match why {
        NotCalled::Itself => "it is this box itself",
        NotCalled::Nobody => "its address is nobody's",
        NotCalled::Outside => "it is not at home, and http:// would show everybody on the way what is sent. Use https://",
    }
}

fn status_words(status: u16) -> &'static str {
    match status {
        401 | 403 => ", which means that it does not let the box in",
        404 | 410 => ", which means that there is nothing at this address",
        429 => ", which means that it was asked too often",
        500.. => ", which means that something is wrong there",
        _ => "",
    }
}
